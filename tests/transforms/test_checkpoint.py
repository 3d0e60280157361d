"""Computing again in the backward pass."""

import copy
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    GraphError,
    Tensor,
    checkpoint,
    grad,
    gradients,
    no_grad,
    saved_tensors_hooks,
    tensor,
    value_and_grad,
)
from autograd.testing import check_operation

X = np.array([[0.5, -1.0], [2.0, 0.25]])


def deep(x: Any) -> Any:
    for _ in range(5):
        x = np.sin(x) * np.exp(0.1 * x) + x
    return x


def test_derivatives_are_those_of_the_function() -> None:
    check_operation(lambda x: checkpoint(deep, x), X)
    check_operation(lambda x: checkpoint(lambda y: (np.exp(y), y @ y), x), X)
    check_operation(lambda x: checkpoint(lambda y: checkpoint(deep, checkpoint(deep, y)) * y, x), X)


def test_parameters_that_the_function_knows_get_their_gradients() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model(X).sum().backward()
    expected = [p.grad.data.copy() for p in model.parameters()]
    model.zero_grad()
    checkpoint(model, X).sum().backward()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        assert np.array_equal(parameter.grad.data, gradient)


def test_random_numbers_are_drawn_again() -> None:
    generator = np.random.default_rng(0)

    def noisy(x: Any, generator: np.random.Generator) -> Any:
        x = nn.functional.dropout(x, 0.5) * np.random.random(2)
        return np.exp(x * generator.standard_normal(2))

    x = tensor(X, requires_grad=True)
    y = checkpoint(noisy, x, generator)
    later = generator.bit_generator.state
    y.backward(np.ones((2, 2)))
    # y = exp(c x), and so its derivative is c y, with the same c
    assert np.allclose(x.grad.data, np.log(y.data) / X * y.data)
    assert generator.bit_generator.state == later


def test_nothing_is_kept_but_the_arguments() -> None:
    inside: list[weakref.ref[Any]] = []

    def function(x: Any) -> Any:
        y = np.exp(x)
        inside.append(weakref.ref(y.data))
        return np.sin(y * y)

    gc.disable()
    try:
        x = tensor(X, requires_grad=True)
        y = checkpoint(function, x)
        assert inside[0]() is None
        y.sum().backward()
        assert len(inside) == 2
        del y
        assert inside[1]() is None
    finally:
        gc.enable()


def test_it_is_computed_again_once_for_each_walk() -> None:
    calls: list[int] = []

    def function(x: Any) -> Any:
        calls.append(1)
        return deep(x)

    x = tensor(X, requires_grad=True)
    y = checkpoint(function, x).sum()
    y.backward(retain_graph=True)
    assert len(calls) == 2
    y.backward()
    assert len(calls) == 3
    with pytest.raises(GraphError, match="an earlier backward"):
        y.backward()
    with no_grad():
        checkpoint(function, x)
    assert len(calls) == 4


def test_a_function_that_does_something_else_is_noticed() -> None:
    lengths = iter([1, 2])

    def fickle(x: Any) -> Any:
        for _ in range(next(lengths)):
            x = np.sin(x)
        return x

    x = tensor(X, requires_grad=True)
    with pytest.raises(GraphError, match=r"checkpoint\(fickle, ...\) did something else .* kept 2 .* first kept 1"):
        checkpoint(fickle, x).sum().backward()


def test_second_derivatives_through_a_checkpoint() -> None:
    x = tensor(X, requires_grad=True)
    (first,) = gradients(checkpoint(lambda x: x**3, x).sum(), x, create_graph=True)
    (second,) = gradients(first.sum(), x)
    assert np.allclose(second.data, 6 * X)


def test_saved_arrays_pass_through_the_hooks() -> None:
    store: dict[int, np.ndarray[Any, Any]] = {}

    def pack(array: np.ndarray[Any, Any]) -> int:
        store[len(store)] = array.copy()
        return len(store) - 1

    def function(x: Any) -> Any:
        with saved_tensors_hooks(pack, store.__getitem__):
            y = np.linalg.norm(np.exp(x) @ np.concatenate([x, x * x], 1), axis=1)
            return y.cumsum() / (y + 1)

    check_operation(function, X)
    assert store


def test_hooks_at_results_and_packed_arrays_go_together() -> None:
    seen: list[Any] = []

    def function(x: Any) -> Any:
        with saved_tensors_hooks(lambda array: array.copy(), lambda array: array):
            y = np.exp(x)
        if isinstance(y, Tensor) and y.requires_grad:
            y.register_hook(lambda g: seen.append(g))
        return y * y

    check_operation(function, X)
    seen.clear()
    x = tensor(X, requires_grad=True)
    gradients(function(x).sum(), x, create_graph=True)
    assert len(seen) == 1


def test_the_innermost_hooks_count() -> None:
    seen: list[str] = []

    def noting(name: str) -> saved_tensors_hooks:
        def pack(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            seen.append(name)
            return array

        return saved_tensors_hooks(pack, lambda array: array)

    x = tensor(X, requires_grad=True)
    with noting("outer"):
        y = np.sin(x)
        with noting("inner"):
            y = np.sin(y)
        y = np.sin(y)
    y = np.sin(y)
    assert seen == ["outer", "inner", "outer"]


def test_hooks_for_saved_arrays_decorate_functions() -> None:
    packed: list[int] = []

    def pack(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        packed.append(array.size)
        return array

    @saved_tensors_hooks(pack, lambda array: array)
    def function(x: Any) -> Any:
        return np.exp(x)

    x = tensor(X, requires_grad=True)
    function(function(x)).sum().backward()
    assert packed == [4, 4]
    assert np.allclose(x.grad.data, np.exp(np.exp(X) + X))


def test_what_is_unpacked_has_to_be_of_the_same_form() -> None:
    x = tensor(X, requires_grad=True)
    with saved_tensors_hooks(lambda array: array, lambda array: array[:1]):
        y = np.sin(x).sum()
    with pytest.raises(GraphError, match=r"unpack returned an array of shape \(1, 2\)"):
        y.backward()


def test_checkpoints_of_plain_arrays_compute() -> None:
    assert isinstance(checkpoint(deep, X), np.ndarray)
    assert not isinstance(checkpoint(deep, X), Tensor)


@pytest.fixture(params=["alone", "beside a thread"])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Programs with another thread, such as that of a progress bar, which draws nothing."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    if request.param != "alone":
        thread.start()
    yield
    ended.set()
    if request.param != "alone":
        thread.join()


def test_generators_go_on_from_where_they_were(threads: None) -> None:
    generator = np.random.default_rng(0)
    x = tensor(X, requires_grad=True)

    def noisy(x: Any, generator: np.random.Generator) -> Any:
        return np.exp(x * generator.standard_normal(2) * np.random.standard_normal(2))

    y = checkpoint(noisy, x, generator).sum()
    generator.standard_normal(5)
    np.random.standard_normal(5)
    before = generator.bit_generator.state, np.random.get_state()
    y.backward()
    assert generator.bit_generator.state == before[0]
    assert str(np.random.get_state()) == str(before[1])
    assert np.isfinite(x.grad.data).all()


def test_a_generator_that_is_global_starts_as_it_did(threads: None) -> None:
    x = tensor(np.ones(3), requires_grad=True)
    np.random.seed(3)
    y = checkpoint(lambda x: x * np.random.standard_normal(3) * x, x).sum()
    np.random.seed(3)
    y.backward()
    assert np.allclose(x.grad.data, 2 * np.random.standard_normal(3))


def test_numpys_global_generator_is_repeated(threads: None) -> None:
    """Beside threads it is not known whether this one drew: what draws is computed once more."""
    x = np.ones(50)
    value, slope = value_and_grad(lambda x: checkpoint(lambda x: np.sum(x * np.random.normal(size=50)), x))(x)
    np.testing.assert_allclose(slope @ x, value, rtol=1e-12)


def test_other_shapes_of_as_many_arrays_are_noticed() -> None:
    sizes = iter([2, 3])

    def function(x: Any) -> Any:
        return np.exp(x[: next(sizes)]).sum()

    x = tensor(np.zeros(3), requires_grad=True)
    y = checkpoint(function, x)
    with pytest.raises(GraphError, match="something else when it was computed again"):
        y.backward()


def test_writes_that_no_sum_shows_are_noticed() -> None:
    x, w, constant = (tensor([1.0, 2.0, 3.0], requires_grad=True) for _ in range(3))
    array = np.ones(3)
    of_array = checkpoint(lambda x, a: np.exp(x + a), x, array).sum()
    of_leaf = checkpoint(lambda x: np.exp(x + w), x).sum()
    of_data = checkpoint(lambda x: np.exp(x + constant), x).sum()
    array[0] += 1e-14
    with no_grad():
        w += 1e-14
    constant.data[0] += 1e-14
    for y in (of_array, of_leaf, of_data):
        with pytest.raises(GraphError, match="other values when it was computed again"):
            y.backward()


def test_it_is_computed_again_within_no_grad_too() -> None:
    x = tensor(X, requires_grad=True)
    y = checkpoint(deep, x).sum()
    with no_grad():
        y.backward()
    expected = tensor(X, requires_grad=True)
    deep(expected).sum().backward()
    assert np.allclose(x.grad.data, expected.grad.data)


def test_operations_of_several_outputs() -> None:
    x, expected = tensor(X, requires_grad=True), tensor(X, requires_grad=True)
    checkpoint(lambda x: np.linalg.eigh(x + x.T)[0][0] * x, x).sum().backward()
    (np.linalg.eigh(expected + expected.T)[0][0] * expected).sum().backward()
    assert np.allclose(x.grad.data, expected.grad.data)


def test_backward_within_a_checkpoint_does_not_add_twice() -> None:
    weight = tensor([1.0, 2.0], requires_grad=True)

    def outside(x: Any) -> Any:
        (weight * 3).sum().backward()
        return np.exp(x)

    def inside(x: Any) -> Any:
        own = tensor([1.0, 2.0], requires_grad=True)
        (own**2).sum().backward()
        return np.exp(x) * own.grad

    x = tensor([0.5, 1.0], requires_grad=True)
    y = checkpoint(outside, x).sum()
    with pytest.raises(GraphError, match=r"a second time: use grad\(\) or gradients\(\) there"):
        y.backward()
    assert weight.grad.tolist() == [3.0, 3.0]
    checkpoint(inside, x).sum().backward()
    assert np.allclose(x.grad.data, np.exp([0.5, 1.0]) * [2, 4])


def test_derivatives_within_a_checkpoint_on_the_tape() -> None:
    def slope(x: Any) -> Any:
        (first,) = gradients(np.sum(np.exp(x) * x), x, create_graph=True)
        return first * x

    x = tensor([0.5, 1.0], requires_grad=True)
    found = gradients(checkpoint(slope, x).sum(), x, create_graph=True)[0]
    expected = gradients(slope(x).sum(), x, create_graph=True)[0]
    assert np.allclose(found.data, expected.data)
    (second,), (expected,) = gradients(found.sum(), x), gradients(expected.sum(), x)
    assert np.allclose(second.data, expected.data)


def test_lists_and_dicts_among_its_arguments_may_be_changed_afterwards() -> None:
    rows, options, nested = [0, 2], {"power": 3}, ([1], {"shift": 1.0})

    def chosen(x: Tensor, options: Any, nested: Any, *, rows: list[int]) -> Any:
        return (np.sin(x)[rows] + nested[1]["shift"]) ** options["power"] * x[nested[0]]

    def gradient(change: bool) -> Any:
        x, given = tensor([0.5, 1.0, 2.0], requires_grad=True), copy.deepcopy((rows, options, nested))
        y = checkpoint(chosen, x, given[1], given[2], rows=given[0]).sum()
        if change:
            given[0][:], given[1]["power"], given[2][0][0], given[2][1]["shift"] = [1, 1], 5, 0, 3.0
        y.backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(gradient(True), gradient(False))


def test_jaxs_form_returns_a_function() -> None:
    @checkpoint  # type: ignore[call-arg]  # as JAX is called
    def product(w: Any, x: Any, scale: float = 2.0) -> Any:
        return scale * np.sin(w @ x)

    w, x = np.array([[1.0, 2.0]]), np.array([0.5, -0.5])
    found = grad(lambda w: np.sum(product(w, x)))(w)
    np.testing.assert_array_equal(found, grad(lambda w: np.sum(2 * np.sin(w @ x)))(w))
    assert checkpoint(lambda: np.sin(x)) is not None, "that of a function without arguments is its result"
    assert checkpoint(product, w, x).shape == (1,)
