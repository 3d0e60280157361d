"""What goes wrong in other libraries, and has to go right here.

Each test names the library in which it fails: HIPS autograd, MyGrad, micrograd, PyTorch, JAX, tinygrad or Chainer.
"""

import copy
import gc
import pickle
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import DtypeError, GraphError, Tensor, UnsupportedError, Value, gradients, no_grad, tensor
from nn.functional import relu

Array = np.ndarray[Any, Any]


def gradient(fn: Callable[..., Any], *inputs: Any, order: int = 1) -> list[Any]:
    """Return the gradient of the sum of ``fn(*inputs)`` by each input, or the gradient of the sum of that."""
    leaves = [tensor(np.array(x, float), requires_grad=True) for x in inputs]
    total = np.sum(fn(*leaves))
    for _ in range(order - 1):
        found = gradients(total, leaves, create_graph=True, allow_unused=True)
        total = sum((g.sum() for g in found if g is not None), Tensor(0.0))
    if not total.requires_grad:
        return [np.zeros(x.shape) for x in leaves]
    results = gradients(total, leaves, allow_unused=True)
    return [np.zeros(x.shape) if g is None else g.data for g, x in zip(results, leaves, strict=True)]


# Kinks, ties and edges

KINKS: dict[str, tuple[Callable[..., Any], list[Any], list[Any]]] = {
    "relu at 0 has slope 0": (relu, [[-1.0, 0.0, 2.0]], [[0, 0, 1]]),
    "abs at 0 has slope 0 (JAX: 1)": (np.absolute, [[-2.0, 0.0, 2.0]], [[-1, 0, 1]]),
    "a tie of maximum is shared (MyGrad: lost)": (np.maximum, [[1.0, 0.0], [1.0, 2.0]], [[0.5, 0], [0.5, 1]]),
    "a tie of minimum is shared (MyGrad: lost)": (np.minimum, [[1.0, 0.0], [1.0, 2.0]], [[0.5, 1], [0.5, 0]]),
    "a tie with a constant is shared": (lambda x: np.maximum(x, 0), [[-1.0, 0.0, 2.0]], [[0, 0.5, 1]]),
    "ties of max share (MyGrad: the first takes all)": (np.max, [[1.0, 3.0, 3.0]], [[0, 0.5, 0.5]]),
    "ties of min share": (np.min, [[2.0, 2.0, 2.0, 3.0]], [[1 / 3, 1 / 3, 1 / 3, 0]]),
    "ties of max share along an axis": (lambda x: np.max(x, 0), [[[1.0, 0], [1, 2]]], [[[0.5, 0], [0.5, 1]]]),
    "clip is 1 at its edges (HIPS, MyGrad: 0; JAX: 1/2)": (
        lambda x: np.clip(x, -1, 1), [[-2.0, -1.0, 0.0, 1.0, 2.0]], [[0, 1, 1, 1, 0]],
    ),
    "norm at 0 has slope 0 (HIPS, MyGrad, JAX: nan)": (np.linalg.norm, [[0.0, 0.0]], [[0, 0]]),
    "hypot at 0 has slope 0": (np.hypot, [0.0, 0.0], [0, 0]),
    "std of constants has gradient 0 (four peers: nan)": (np.std, [[3.1, 3.1, 3.1]], [[0, 0, 0]]),
    "prod with a zero (HIPS: nan)": (np.prod, [[2.0, 0.0, 3.0]], [[0, 6, 0]]),
    "prod with two zeros": (np.prod, [[2.0, 0.0, 0.0]], [[0, 0, 0]]),
    "cumprod with a zero (HIPS: none)": (np.cumprod, [[2.0, 0.0, 3.0]], [[1, 8, 0]]),
    "x**0. at 0 is flat (JAX: nan)": (lambda x: x**0.0, [[0.0, 1.0]], [[0, 0]]),
    "x**2. at 0": (lambda x: x**2.0, [[0.0, 1.0]], [[0, 2]]),
    "x**y at x = 0, by y": (np.power, [[0.0], [2.0]], [[0], [0]]),
    "logaddexp of two -inf": (np.logaddexp, [-np.inf, 0.0], [0, 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks(name: str) -> None:
    fn, inputs, expected = KINKS[name]
    for found, wanted in zip(gradient(fn, *inputs), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", KINKS)
def test_second_derivatives_are_finite_at_kinks(name: str) -> None:
    fn, inputs, _ = KINKS[name]
    for found in gradient(fn, *inputs, order=2):
        assert np.isfinite(found).all()


def test_second_derivatives_of_prod_with_a_zero() -> None:
    x = tensor([2.0, 0.0, 3.0], requires_grad=True)
    (first,) = gradients(x.prod(), x, create_graph=True)
    assert first is not None
    rows = [found.data for i in range(3) for found in gradients(first[i], x, retain_graph=True) if found is not None]
    np.testing.assert_array_equal(rows, [[0, 3, 0], [3, 0, 2], [0, 2, 0]])


# A branch that was not chosen contributes nothing: nan in every peer

BRANCHES: dict[str, tuple[Callable[..., Any], float, float]] = {
    "sqrt": (lambda x: np.where(x > 0, np.sqrt(x), 0), 0.25, -0.25 / 0.25**1.5),
    "log": (lambda x: np.where(x > 0, np.log(x), 0), 1.0, -1 / 0.25**2),
    "x sqrt": (lambda x: np.where(x > 0, x * np.sqrt(x), 0), 0.75, 0.75 / 0.25**0.5),
    "division": (lambda x: np.where(x > 0, 1 / x, 0), 1.0, 2 / 0.25**3),
    "division by a difference": (lambda x: np.where(x > 0, 1 / (x - 0.0), 0), 1.0, 2 / 0.25**3),
    "power": (lambda x: np.where(x > 0, x**1.5, 0), 1.0, 0.75 / 0.25**0.5),
    "scaled": (lambda x: np.where(x > 0, np.sqrt(3 * x), 0), 1.0, 3**0.5 * -0.25 / 0.25**1.5),
    "sum of the branch": (lambda x: np.where(x > 0, np.sqrt(x) + np.log(x), 0), 1.0, -2 - 16),
    "matrix product of the branch": (lambda x: np.where(x > 0, np.sqrt(x), 0) @ np.eye(3), 1.0, -2.0),
}


@pytest.mark.parametrize("name", BRANCHES)
@pytest.mark.filterwarnings("ignore:invalid value|divide by zero:RuntimeWarning")
@pytest.mark.parametrize("place", [-1.0, 0.0])
def test_unchosen_branch(name: str, place: float) -> None:
    fn, _, second = BRANCHES[name]
    (found,) = gradient(fn, [place, 0.25, place])
    assert found[0] == found[2] == 0
    assert np.isfinite(found[1])
    assert found[1] != 0
    (found,) = gradient(fn, [place, 0.25, place], order=2)
    np.testing.assert_allclose(found, [0, second, 0], rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_sqrt_at_zero_is_steep_and_no_error() -> None:
    """HIPS raises ZeroDivisionError on a Python float."""
    assert gradient(np.sqrt, 0.0)[0] == np.inf
    assert ag.grad(np.sqrt)(0.0) == np.inf


# Types

SCALARS = [2, 2.0, np.float32(2)]


@pytest.mark.parametrize("other", SCALARS, ids=repr)
def test_float32_stays_float32(other: Any) -> None:
    """MyGrad makes it float64 under NumPy 2."""
    x = tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    for y in (x * other, other * x, x + other, x / other, other - x, x**other, np.maximum(x, other), other**x):
        assert y.dtype == np.float32
        (found,) = gradients(y.sum(), x)
        assert found is not None
        assert found.dtype == np.float32


def test_gradient_of_a_leaf_has_its_dtype_in_a_mixed_graph() -> None:
    """HIPS gives float64."""
    x = tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    y = tensor([3.0, 4.0], requires_grad=True)
    z = x * y
    assert z.dtype == np.float64
    z.sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("data", [1, [1, 2], [True], np.arange(3)], ids=repr)
def test_only_floats_require_a_gradient(data: Any) -> None:
    with pytest.raises(DtypeError, match="floating-point"):
        tensor(data, requires_grad=True)


def test_numpy_functions_give_tensors() -> None:
    """tinygrad gives an array of objects without a word, PyTorch an error."""
    x = tensor([0.0, 1.0], requires_grad=True)
    for y in (np.sin(x), np.ones(2) * x, np.float64(2) * x, np.ones((3, 2)) @ x, np.ones(2) / (x + 1), x - np.ones(2)):
        assert type(y) is Tensor
        assert y.dtype == np.float64
        assert y.requires_grad


@pytest.mark.parametrize("fn", [np.frompyfunc(abs, 1, 1), np.frompyfunc(lambda x: x, 1, 1)])
def test_function_without_a_derivative_raises(fn: Any) -> None:
    """HIPS and tinygrad give constants or arrays of objects."""
    x = tensor(np.eye(2), requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"has no derivative here.*declare it"):
        fn(x)


@pytest.mark.parametrize("shape", [(), (1,), (3, 1)])
def test_scalar_branch_of_where_is_summed(shape: tuple[int, ...]) -> None:
    condition = np.array([[True, False, True]] * 3)
    chosen, other = gradient(lambda x, y: np.where(condition, x, y), np.ones(shape), np.ones((3, 3)))
    assert chosen.shape == shape
    assert chosen.sum() == 6
    np.testing.assert_array_equal(other, ~condition)


# The graph


def test_second_backward_raises() -> None:
    """MyGrad does nothing without a word, micrograd gives 72 for 36."""
    x = tensor(3.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        y.backward()
    assert x.grad is not None
    assert x.grad.item() == 6


def test_reusing_a_freed_intermediate_raises() -> None:
    """MyGrad takes it for a constant, so that the leaf's gradient is stale."""
    x = tensor(3.0, requires_grad=True)
    y = x * x
    (y * 2).backward()
    with pytest.raises(GraphError, match="Compute the result anew"):
        (y * 3).backward()


def test_second_backward_of_a_value() -> None:
    """micrograd counts inner gradients twice: 36 becomes 72, though the leaf was set to zero."""
    x = Value(3.0)
    y = x * x
    z = y * y * 0.5 + y
    z.backward()
    first = x.grad
    assert first == 2 * 27 + 6
    x.grad = 0.0
    z.backward()
    assert x.grad == first


@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: tensor(1.0, requires_grad=True)], ids=["Value", "Tensor"])
def test_deep_graph_needs_no_recursion(make: Callable[[], Any]) -> None:
    """micrograd, torchviz and MyGrad's drawing recurse."""
    x = make()
    y = x
    for _ in range(100_000):
        y = y + 0.5
    y.backward()
    assert float(x.grad if isinstance(x, Value) else x.grad.item()) == 1
    del y


@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: tensor(1.0, requires_grad=True)], ids=["Value", "Tensor"])
def test_shared_results_are_walked_once(make: Callable[[], Any]) -> None:
    """MyGrad's drawing walks 2**60 paths."""
    start = time.perf_counter()
    x = make()
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert float(x.grad if isinstance(x, Value) else x.grad.item()) == 2.0**60
    assert time.perf_counter() - start < 1


def test_graph_is_freed_by_reference_counting() -> None:
    """micrograd's closures are cycles, which wait for the collector."""
    gc.collect()
    gc.disable()
    try:
        x = tensor(np.ones(3), requires_grad=True)
        y = np.exp(x * 2)
        array, node = weakref.ref(y.data), weakref.ref(y)
        loss = np.sum(y * y)
        loss.backward(retain_graph=True)
        del y, loss
        assert array() is None
        assert node() is None
    finally:
        gc.enable()


def test_a_chain_keeps_few_arrays() -> None:
    x = tensor(np.zeros(100_000), requires_grad=True)
    tracemalloc.start()
    try:
        y = x + 1
        for _ in range(100):
            y = y + 1
        assert tracemalloc.get_traced_memory()[1] < 4 * x.nbytes
        y.backward(np.ones(100_000))
        assert tracemalloc.get_traced_memory()[1] < 6 * x.nbytes
    finally:
        tracemalloc.stop()


def test_perturbations_are_not_confused() -> None:
    """Functional tracers without levels give 5 or raise."""
    assert ag.grad(lambda x: x * ag.grad(lambda y: x * y)(2.0))(3.0) == 6
    assert ag.grad(lambda x: x * ag.grad(lambda y: x + y)(1.0))(1.0) == 1


# Gradients belong to their leaf


def test_gradients_share_no_memory() -> None:
    x, y = (tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    seed = np.array([1.0, 1.0])
    (x + y).backward(seed)
    assert x.grad is not None
    assert y.grad is not None
    assert not np.shares_memory(x.grad.data, y.grad.data)
    assert not np.shares_memory(x.grad.data, seed)
    x.grad.data[...] = 7
    assert np.array_equal(y.grad.data, [1, 1])
    assert np.array_equal(seed, [1, 1])


@pytest.mark.parametrize("fn", [np.positive, np.ravel, np.transpose, lambda x: x[:], lambda x: x.reshape(2), np.copy])
def test_gradient_is_never_the_seed(fn: Callable[..., Any]) -> None:
    x, seed = tensor([1.0, 2.0], requires_grad=True), np.ones(2)
    fn(x).backward(seed)
    assert x.grad is not None
    assert not np.shares_memory(x.grad.data, seed)
    (found,) = gradients(fn(x), x, seed)
    assert found is not None
    assert not np.shares_memory(found.data, seed)


def test_reading_a_gradient_does_not_change_it() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    first, again = x.grad, x.grad
    assert first is not None
    assert again is not None
    assert np.array_equal(first.data, again.data)
    (x * x).sum().backward()
    assert x.grad is not None
    assert np.array_equal(x.grad.data, [4, 8])


def test_gradients_accumulate_over_graphs() -> None:
    """MyGrad forgets the first when the leaf is used again."""
    x = tensor(2.0, requires_grad=True)
    (x * x).backward()
    y = x * 3
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 7


# Copies


def test_deepcopy_of_a_result_is_detached() -> None:
    """PyTorch raises; micrograd's copy goes back without effect."""
    x = tensor([1.0, 2.0], requires_grad=True)
    y = copy.deepcopy(x * 2)
    assert np.array_equal(y.data, [2, 4])
    assert y.is_leaf
    assert not y.requires_grad


def test_pickle_of_a_result_is_detached() -> None:
    """MyGrad cannot pickle weak references, micrograd cannot pickle closures."""
    x = tensor([1.0, 2.0], requires_grad=True)
    y = pickle.loads(pickle.dumps(x * 2))
    assert np.array_equal(y.data, [2, 4])
    assert not y.requires_grad
    assert pickle.loads(pickle.dumps(x)).requires_grad


# Modes


class StopError(Exception):
    pass


def test_exceptions_leave_no_state_behind() -> None:
    """HIPS's trace level grows with every exception in a traced function."""

    def fails(x: Any) -> Any:
        raise StopError

    for _ in range(3):
        with pytest.raises(StopError):
            ag.grad(fails)(1.0)
        with pytest.raises(StopError), no_grad():
            raise StopError
    assert ag.is_grad_enabled()
    assert ag.grad(ag.grad(np.sin))(0.5) == -np.sin(0.5)


def test_modes_belong_to_their_thread() -> None:
    """MyGrad's switch is one for the whole process."""
    inside, done = threading.Event(), threading.Event()

    def elsewhere() -> None:
        with no_grad():
            inside.set()
            done.wait(5)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert inside.wait(5)
    recorded = (tensor(1.0, requires_grad=True) * 2).requires_grad
    done.set()
    thread.join()
    assert recorded


def test_threads_have_graphs_of_their_own() -> None:
    """HIPS shares a stack of traces between threads, MyGrad its switches."""
    results: dict[int, float] = {}

    def work(n: int) -> None:
        for _ in range(50):
            results[n] = float(ag.grad(lambda x: ag.grad(lambda y: x * y**3)(2.0) * x)(float(n)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: 24.0 * n for n in range(1, 5)}
