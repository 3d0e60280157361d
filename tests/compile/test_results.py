"""Results of compiled functions that require gradients: one node, whose derivative is a program too."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import GraphError, Tensor, compile, grad, hessian, jvp, tensor, vmap

from ..thorough import draws

rng = np.random.default_rng(0)
FUNCTIONS: dict[str, Any] = {
    "product": lambda a, b: (a * b).sum(),
    "two results": lambda a, b: (a * b, np.tanh(a) + b),
    "one without a gradient": lambda a, b: [np.exp(a) @ b, a.shape, np.ones(3)],
    "the same twice": lambda a, b: (lambda y: (y, y))(np.sin(a) * b),
    "an argument itself": lambda a, b: {"a": a, "b": b * 2},
    "a view": lambda a, b: (a[1:], b.reshape(1, 3)),
}


def leaves(result: Any) -> list[Tensor]:
    parts = result.values() if isinstance(result, dict) else result if isinstance(result, tuple | list) else [result]
    return [part for part in parts if isinstance(part, Tensor) and part.requires_grad]


@pytest.mark.parametrize("inner", [False, True], ids=["leaves", "results"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_backward_outside(name: str, inner: bool) -> None:
    function = FUNCTIONS[name]
    compiled = compile(np.errstate(all="ignore")(function))
    for _ in range(3):
        values = rng.normal(size=(2, 3))
        found = []
        for f in (function, compiled):
            a, b = tensor(values[0], requires_grad=True), tensor(values[1], requires_grad=True)
            given = (a * 2, b + 1) if inner else (a, b)
            with np.errstate(all="ignore"):
                outputs = leaves(f(*given))
            total: Any = sum((y * y).sum() for y in outputs)
            total.backward()
            found.append([*(y.data for y in outputs), a.grad.data, b.grad.data])
        assert len(found[0]) == len(found[1])
        assert all(map(np.array_equal, *found))
    assert len(compiled.programs) == 1


def test_a_model_is_compiled_in_one_line() -> None:
    x, y = rng.normal(size=(16, 4)).astype(np.float32), rng.integers(0, 3, 16)
    found = []
    for wrap in (lambda module: module, compile):
        nn.manual_seed(0)
        model = wrap(nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3)))
        criterion, optimizer = wrap(nn.CrossEntropyLoss()), nn.optim.Adam(model.parameters(), lr=0.1)
        losses = []
        for _ in range(6):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        found.append([losses, model(x).data.tolist()])
    assert found[0] == found[1]


@draws(25)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_several_calls_keep_what_each_needs(seed: int, backwards: bool) -> None:
    values = np.random.default_rng(seed).normal(size=(4, 3))
    compiled = compile(lambda x: (np.exp(x) * x).sum())
    inputs = [tensor(row, requires_grad=True) for row in values]
    results = [compiled(x) for x in inputs]
    for y in reversed(results) if backwards else results:
        y.backward()
    for x, row in zip(inputs, values, strict=True):
        assert np.array_equal(x.grad.data, grad(lambda x: (np.exp(x) * x).sum())(row))


def test_derivatives_of_the_derivative_evaluate_the_function() -> None:
    compiled = compile(lambda x: np.sum(x**3))
    for _ in range(2):
        x = tensor([1.0, 2.0], requires_grad=True)
        compiled(x).backward(create_graph=True)
        first: Tensor = x.grad
        x.zero_grad()
        first.sum().backward()
        assert first.data.tolist() == [3, 12]
        second: Tensor = x.grad
        assert second.data.tolist() == [6, 12]


def test_transforms_of_a_compiled_function() -> None:
    function = lambda x: np.sum(np.sin(x) * x)  # noqa: E731
    compiled = compile(function)
    x = rng.normal(size=3)
    compiled(x)
    assert np.array_equal(grad(compiled)(x), grad(function)(x))
    assert np.array_equal(hessian(compiled)(x), hessian(function)(x))
    assert np.array_equal(jvp(compiled, (x,), (x,))[1], jvp(function, (x,), (x,))[1])
    assert np.array_equal(vmap(compiled)(np.stack([x, x + 1])), vmap(function)(np.stack([x, x + 1])))


@pytest.mark.parametrize("make", [lambda array: array, tensor], ids=["an array", "a tensor"])
def test_what_a_call_was_given_may_change_before_backward(make: Any) -> None:
    """Such as the array that the next batch is written to: the derivative needs what was there."""
    weight, compiled = tensor([1.0, 2.0, 3.0], requires_grad=True), compile(lambda w, x: (w * x).sum())
    for k in range(3):
        given = make(np.arange(3.0) + k)
        loss = compiled(weight, given)
        (given.data if isinstance(given, Tensor) else given)[...] = 100.0
        weight.grad = None
        loss.backward()
        assert weight.grad is not None
        assert weight.grad.data.tolist() == (np.arange(3.0) + k).tolist()


def test_a_part_of_an_argument_may_change_before_backward() -> None:
    compiled = compile(lambda x: (x[1:] ** 3).sum())
    for k in range(3):
        x = tensor(np.arange(3.0) + k, requires_grad=True)
        total = compiled(x)
        x.data[...] = 100.0
        total.backward()
        assert x.grad is not None
        assert x.grad.data.tolist() == [0, 3 * (k + 1) ** 2, 3 * (k + 2) ** 2]


def test_a_weight_that_changes_before_backward_is_refused() -> None:
    model = compile(nn.Linear(3, 2))
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        x = tensor(np.ones((1, 3), np.float32), requires_grad=True)
        y = model(x).sum()
        z = model(x).sum()
        y.backward()
        optimizer.step()
        with pytest.raises(GraphError, match=r"written|overwritten|changed"):
            z.backward()


def test_backward_within_the_function_through_an_argument_is_refused() -> None:
    def step(h: Tensor) -> None:
        (h * h).sum().backward()

    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="backward\\(\\) through an argument"):
        compile(step)(x * 2)


@pytest.mark.parametrize("draw", [lambda: np.random.normal(size=3), lambda: np.random.default_rng(0).random(3)])
def test_a_function_in_c_that_makes_an_array_is_not_given_a_traced_one(draw: Any) -> None:
    compiled = compile(lambda x: x + draw())  # NumPy's generators call numpy.empty without a frame of their own
    with pytest.raises(TypeError, match="cannot be recorded"):
        compiled(np.ones(3))
