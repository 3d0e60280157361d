"""The argument `out` of every NumPy function that has one: it is written to, or an error says why not."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, no_grad, tensor

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # not every function is defined for all of X
numpy: Any = np  # tensors are no arrays to its annotations
Function = Callable[..., Any]
X = np.array([[2.0, 0.5], [0.25, 0.75]])
INTEGERS = np.array([[2, 1], [3, 4]])
# What functions are called with; by default as many arrays as they take.
CALLS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "choose": lambda x: (np.array([0, 1]), [x[0], x[1]]),
    "clip": lambda x: (x, 0.3, 0.6),
    "compress": lambda x: ([True, False], x, 0),
    "cumulative_prod": lambda x: (x[0],),
    "cumulative_sum": lambda x: (x[0],),
    "dot": lambda x: (x, x),
    "einsum": lambda x: ("ij,jk->ik", x, x),
    "ldexp": lambda x: (x, [1, 2]),
    "matvec": lambda x: (x, x[0]),
    "multi_dot": lambda x: ([x, x, x],),
    "outer": lambda x: (x, x),
    "take": lambda x: (x, [0], 0),
    "vecmat": lambda x: (x[0], x),
    **dict.fromkeys(["concat", "concatenate", "hstack", "stack", "vstack"], lambda x: ([x, x],)),
    **dict.fromkeys(["nanpercentile", "nanquantile", "percentile", "quantile"], lambda x: (x, 0.5)),
}
OF_DATES = {"busday_count", "busday_offset", "is_busday", "isnat"}
SEVERAL = {"divmod", "frexp", "modf"}  # their results are written to tensors only where nothing is recorded


def has_out(function: Any) -> bool:
    if isinstance(function, np.ufunc):
        return True
    try:
        return "out" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


FUNCTIONS: dict[str, Function] = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (np, np.linalg, np.fft)
    for name in sorted(module.__all__)
    if has_out(getattr(module, name)) and name not in OF_DATES
}


def plain(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else list(map(plain, value)) if isinstance(value, list) else value


def arguments(name: str, x: Any) -> tuple[Any, ...]:
    function = FUNCTIONS[name]
    short = name.rpartition(".")[2]
    return CALLS[short](x) if short in CALLS else (x,) * getattr(function, "nin", 1)


def expected_of(name: str) -> tuple[Any, tuple[Any, ...]]:
    """Return the array to call a function with, and its results."""
    try:
        x: Any = X
        results = FUNCTIONS[name](*arguments(name, x))
    except TypeError:
        x = INTEGERS
        results = FUNCTIONS[name](*arguments(name, x))
    return x, results if isinstance(results, tuple) else (results,)


def first_of(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


def one_or_all(values: Any) -> Any:
    return tuple(values) if len(values) > 1 else values[0]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_needs_no_gradient_is_written_to_tensors_and_arrays(name: str) -> None:
    x, expected = expected_of(name)
    for make in (tensor, np.array):
        out: list[Any] = [make(np.zeros_like(value)) for value in expected]
        result = FUNCTIONS[name](*arguments(name, tensor(x)), out=one_or_all(out))
        assert result is out[0] or all(map(lambda a, b: a is b, result, out))
        for written, value in zip(out, expected, strict=True):
            np.testing.assert_array_equal(plain(written), value)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_needs_a_gradient_is_written_to_tensors_with_it(name: str) -> None:
    x, expected = expected_of(name)
    if x is INTEGERS or expected[0].dtype.kind not in "fc" or name.rpartition(".")[2] in SEVERAL:
        return
    function, t, again = FUNCTIONS[name], tensor(x, requires_grad=True), tensor(x, requires_grad=True)
    out = tensor(np.zeros_like(expected[0]))
    assert function(*arguments(name, t), out=out) is out
    np.testing.assert_allclose(plain(out), expected[0], rtol=1e-15, atol=1e-15)
    alone = function(*arguments(name, again))
    if alone.requires_grad:
        np.abs(out).sum().backward()
        np.abs(alone).sum().backward()
        np.testing.assert_array_equal(t.grad.data, again.grad.data)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_needs_a_gradient_is_not_written_to_arrays(name: str) -> None:
    x, expected = expected_of(name)
    if x is INTEGERS:
        return
    function, t = FUNCTIONS[name], tensor(x, requires_grad=True)
    out = [np.zeros_like(value) for value in expected]
    if isinstance(one := first_of(function(*arguments(name, t))), Tensor) and one.requires_grad:
        with pytest.raises(GraphError, match=rf"{function.__name__}\(\.\.\., out=\), at .*leave out= away"):
            function(*arguments(name, t), out=one_or_all(out))
    with no_grad():
        function(*arguments(name, t), out=one_or_all(out))
    for written, value in zip(out, expected, strict=True):
        np.testing.assert_array_equal(written, value)


def test_out_is_taken_by_place_too() -> None:
    t, out = tensor(X, requires_grad=True), tensor(np.zeros((2, 2)))
    assert numpy.clip(t, 0.3, 0.6, out) is out
    out.sum().backward()
    np.testing.assert_array_equal(t.grad.data, [[0, 1], [0, 0]])
    total: Any = tensor(np.zeros((1, 2)))
    assert numpy.max(t, 0, total, True) is total
    assert total.requires_grad
    assert numpy.sum(t, 0, None, None).shape == (2,)


def test_clip_writes_to_what_it_reads() -> None:
    t = tensor(X)
    assert numpy.clip(t, 0.3, 0.6, out=t) is t  # as scikit-learn's hinge_loss calls it
    np.testing.assert_array_equal(t.data, X.clip(0.3, 0.6))
    leaf = tensor(X, requires_grad=True)
    with pytest.raises(GraphError, match="leaf"):
        numpy.clip(leaf, 0.3, 0.6, out=leaf)
    live = leaf * 2
    numpy.clip(live, 0.3, 0.6, out=live)
    live.sum().backward()
    np.testing.assert_array_equal(leaf.grad.data, [[0, 0], [2, 0]])


def test_a_constant_written_to_a_result_leaves_no_graph_behind() -> None:
    writes: list[Function] = [
        lambda out: numpy.round(tensor(X), 0, out),
        lambda out: numpy.sum(tensor([X, X]), 0, out=out),
    ]
    for write in writes:
        out = tensor(X, requires_grad=True) * 2
        write(out)
        assert not out.requires_grad


METHODS = [
    name
    for name in dir(np.ndarray)
    if "out=None" in str(getattr(np.ndarray, name).__doc__).partition("\n\n")[0] and hasattr(Tensor, name)
]
GIVEN: dict[str, tuple[Any, ...]] = {"clip": (0.3, 0.6), "compress": ([True, False], 0), "dot": (X,), "take": ([0], 0)}


@pytest.mark.parametrize("name", METHODS)
def test_methods_write_or_name_the_function_that_does(name: str) -> None:
    args = GIVEN.get(name, ())
    expected = getattr(X, name)(*args)
    out = tensor(np.zeros_like(expected))
    try:
        result = getattr(tensor(X), name)(*args, out=out)
    except GraphError as error:
        named = f"numpy.{name}(x, ..., out=)" in str(error)
        assert named
    else:
        assert result is out
        np.testing.assert_array_equal(out.data, expected)
