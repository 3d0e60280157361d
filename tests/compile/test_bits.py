"""Compiled models, losses and steps beside the same as they are: the same bits, in the same order of memory.

Products round otherwise where a factor or the result is transposed, and sums of many numbers in another order of
memory: so whatever the engine asks of an array has to have the same answer while a program is recorded.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, compile, grad, jacobian
from autograd.transforms.pytree import flatten

from ..nn.dtype_calls import Call
from ..thorough import THOROUGH
from .random_trainings import RandomTraining, Tied
from .test_training_layers import LAYERS, varied, weighted

COUNT = int(os.environ.get("PLAINGRAD_PROGRAMS", "18" if THOROUGH else "9"))
STEPS = 3
Wrap = Callable[[Any], Any]


def as_it_is(function: Any) -> Any:
    return function


# What is compiled: the model, the loss, and the step.
WAYS: dict[str, tuple[Wrap, Wrap, Wrap]] = {
    "model": (compile, as_it_is, as_it_is),
    "model and loss": (compile, compile, as_it_is),
    "step": (as_it_is, as_it_is, compile),
}


def bits(x: Any) -> Any:
    """Return the numbers of an array and how they lie in memory, as far as that can be told."""
    array = np.asarray(x.data if isinstance(x, Tensor) else x)
    return array.tobytes(), array.dtype, array.flags.c_contiguous, array.flags.f_contiguous


@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(COUNT))
def test_random_trainings(seed: int) -> None:
    training = RandomTraining(seed, STEPS)
    expected = training.run(training.model, training.loss_of, as_it_is)
    model, loss_of, step = list(WAYS.values())[seed % 3]
    training = RandomTraining(seed, STEPS)
    found = training.run(model(training.model), loss_of(training.loss_of), step)
    for i, (x, y) in enumerate(zip(expected, found, strict=True)):
        assert x.keys() == y.keys()
        other = [name for name in x if bits(x[name]) != bits(y[name])]
        assert not other, f"step {i} of {training.name}: {other}"


def gradients_of(call: Call, dtype: Any, wrap: Wrap) -> list[Any]:
    """Return the results and gradients of a layer for several inputs, the backward pass outside of what is wrapped."""
    nn.manual_seed(0)
    layer = call.make().to(dtype)
    function, first = wrap(layer), call.data[0] if call.data else None
    found = []
    for i in range(STEPS):
        args = [x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in call.args]
        args = [varied(x, i) for x in args]
        if first is not None:
            args[first] = Tensor(args[first].astype(dtype), requires_grad=True)
        layer.zero_grad()
        result = function(*args, **call.options)
        total = weighted(result)
        if isinstance(total, Tensor) and total.requires_grad:
            total.backward()
        tensors = [*layer.parameters(), *(x for x in args if isinstance(x, Tensor))]
        found += [bits(y) for y in flatten(result)[0] if y is not None]
        found += [bits(x.grad) for x in tensors if x.grad is not None]
        found += [bits(buffer) for buffer in layer.buffers()]
    return found


DTYPES = [np.float32, np.float64]


@pytest.mark.one_in(16)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_with_the_backward_pass_outside(name: str, dtype: Any) -> None:
    assert gradients_of(LAYERS[name], dtype, as_it_is) == gradients_of(LAYERS[name], dtype, compile)


# Where the engine takes another way for large arrays, or for those that it may write to


_rng = np.random.default_rng(0)
_REPEATED = np.array([0, 1, 1, 2, 2, 2, 0, 5] * 8)
_MATRIX = _rng.standard_normal((60, 4))
_ROWS = _rng.standard_normal((2000, 3))


def _by_rows(w: Any) -> Any:
    return ((_ROWS @ w[:3, :7] + w[3, :7]) ** 2).sum() + (np.tanh(_ROWS.T[0, :600, None, None] + w[0, :4]) ** 2).sum()


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "parts that repeat": lambda w: (
        (w**2).sum() + (w[_REPEATED] * np.arange(64.0)[:, None]).sum() + np.exp(w[_REPEATED[::-1]] / 8).sum()
    ),
    "parts": lambda w: (w[3:] ** 2).sum() + (w[:, 2:] ** 3).sum() + (w[5] * 2).sum(),
    "orders of memory": lambda w: ((w.T @ _MATRIX) ** 2).sum() + (w * w.sum(0)).sum() + (w.T * w.T.sum(0)).sum(),
    "many rows": _by_rows,
    "a row for all": lambda w: (np.sin(_ROWS[:, None, 0:1] * w[:2, 0]) * _ROWS[:, None, 1:2]).sum(),
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_sums_of_large_gradients(name: str, dtype: Any, order: Any) -> None:
    slope = grad(FUNCTIONS[name])
    compiled = compile(slope)
    for i in range(STEPS):
        w = np.asarray(np.random.default_rng(i).standard_normal((60, 50)) + i, dtype, order=order)
        assert bits(slope(w)) == bits(compiled(w))


# Operators that write their result over a large temporary


_C = np.random.default_rng(1).standard_normal((300, 200))
_F = np.asfortranarray(np.random.default_rng(2).standard_normal((300, 200)))


def _in_a_list(x: Any) -> Any:
    held = [np.cos(x)]
    y = _C * held[0]
    return y.sum(1), held[0].sum(1)


def _named(x: Any) -> Any:
    t = np.cos(x)
    y = _C * t + t * _C
    return y.sum(1), t.sum(1), (t / _C).sum(0)


def _seen(x: Any) -> Any:
    t = np.cos(x)
    part = t[1:]
    del t
    return (_C[1:] * part).sum(1), part.sum(0)


def _passed(x: Any) -> Any:
    def both(t: Any) -> Any:
        return t, _C * t

    t, y = both(np.cos(x))
    return y.sum(1), t.sum(1)


TEMPORARIES: dict[str, Callable[[Any], Any]] = {
    "right": lambda x: (_C * np.cos(x)).sum(1),
    "left": lambda x: (np.cos(x) * _C).sum(1),
    "divided": lambda x: (np.cos(x) / _C).sum(1),
    "subtracted": lambda x: (_C - np.cos(x)).sum(1),
    "chain": lambda x: (_C * (np.cos(x) * _C + np.sin(x))).sum(1),
    "in a list": _in_a_list,
    "named": _named,
    "a part of it is seen": _seen,
    "passed": _passed,
    "derivative": lambda x: grad(lambda w: np.sum(np.sin(x * w)))(0.3),
}


@pytest.mark.parametrize("name", TEMPORARIES)
def test_large_temporaries_in_another_order_of_memory(name: str) -> None:
    function = TEMPORARIES[name]
    compiled = compile(function)
    # From Python 3.14 on a program cannot tell a temporary from a variable, and makes a new array.
    same = np.array_equal if sys.version_info < (3, 14) else np.allclose
    for i in range(STEPS):
        expected, found = function(_F + i), compiled(_F + i)
        for x, y in zip(*(r if isinstance(r, tuple) else (r,) for r in (expected, found)), strict=True):
            assert same(x, y)


def test_derivatives_along_units_have_zeros_of_the_same_sign() -> None:
    matrix = np.where(np.arange(36).reshape(6, 6) % 5, -0.0, 1.5)
    for function in (lambda x: matrix @ x, lambda x: x @ matrix):
        rows, compiled = jacobian(function), compile(jacobian(function))
        for x in np.eye(6)[:STEPS]:
            assert bits(rows(x)) == bits(compiled(x))


# What a gradient rounds to does not depend on where it is written


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_same_bits_with_and_without_memory_set_aside(dtype: Any, order: Any) -> None:
    for rows, inputs, outputs in [(16, 4, 8), (5, 7, 3), (33, 17, 9), (1, 5, 4), (64, 1, 3), (100, 30, 1)]:
        nn.manual_seed(0)
        layer = nn.Linear(inputs, outputs).to(dtype)
        layer.weight.data = np.asarray(layer.weight.data, order=order)
        x = _ROWS.reshape(-1)[: rows * inputs].reshape(rows, inputs).astype(dtype)
        found = []
        for step in range(3):
            if step == 1:
                optimizer = nn.optim.SGD(layer.parameters(), lr=0.1)
            layer.zero_grad()
            (layer(x) ** 2).sum().backward()
            found.append(layer.weight.grad)  # of the second step, so that the third is not written to the same memory
        assert len({gradient.data.tobytes() for gradient in found}) == 1, (rows, inputs, outputs)
        del optimizer


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_that_are_not_written_in_place_have_the_order_of_their_memory(order: Any) -> None:
    found = []
    for wrap in (as_it_is, compile):
        nn.manual_seed(0)
        model = Tied(4)
        model.layer.weight.data = np.asarray(model.layer.weight.data, order=order)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)

        def step(x: Any, model: Any = model, optimizer: Any = optimizer) -> None:
            optimizer.zero_grad()
            for _ in range(2):
                (model(x) ** 2).sum().backward()
            optimizer.step()

        taken = wrap(step)
        for _ in range(STEPS):
            taken(_MATRIX.astype(np.float32))
            found.append([bits(parameter.grad) for parameter in model.parameters()])
    assert found[:STEPS] == found[STEPS:]
