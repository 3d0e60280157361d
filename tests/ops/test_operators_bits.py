"""Python's operators on tensors equal those of ndarrays to the bit: every operator, dtype and kind of operand."""

import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, compile, grad, no_grad, tensor, vmap

Array = np.ndarray[Any, Any]
DTYPES = "?bBqQefdgFDG"
FLOATS = "efdgFDG"
BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, divmod, operator.pow,
    operator.matmul, operator.lshift, operator.rshift, operator.and_, operator.or_, operator.xor, operator.lt,
    operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
]  # fmt: skip
IN_PLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod, operator.ipow,
    operator.imatmul, operator.ilshift, operator.irshift, operator.iand, operator.ior, operator.ixor,
]  # fmt: skip
UNARY = [operator.neg, operator.pos, operator.invert, abs]
NUMBERS = [
    2, -1, 0, 1, 3, -2, 300, 0.5, 2.0, 0.0, 1.0, -1.0, -0.5, True, 2j, 0.5 + 0j, np.int64(2), np.int8(-1),
    np.float64(2), np.float64(0.5), np.float32(0.5), np.float16(-1), np.longdouble(2), np.complex64(2), np.bool_(True),
    np.array(2), np.array(0.5, np.float32),
]  # fmt: skip


def values(dtype: str, shift: int = 0) -> Array:
    kind = np.dtype(dtype).kind
    numbers = {
        "b": [0, 1, 1, 0, 1, 0],
        "i": [0, -1, 2, 3, 7, 100],
        "u": [0, 1, 2, 3, 7, 100],
        "f": [0.0, -0.0, 1.5, -2.25, 7.0, np.inf],
        "c": [0.0, complex(-0.0, 1), 1.5 - 2.5j, -2.25 + 0.3j, 7.0, 1e-3 + 5j],
    }
    return np.roll(np.array(numbers[kind]), shift).astype(dtype)


def fingerprint(result: Any) -> tuple[Any, ...]:
    """Return dtype, shape and bytes; of long doubles without the bytes that hold nothing."""
    x = np.ascontiguousarray(result.data if isinstance(result, Tensor) else result)
    parts = x.view(x.real.dtype) if x.dtype.kind == "c" and x.ndim else x.reshape(-1).view(x.real.dtype)
    data = parts.astype(str).tolist() if x.dtype.char in "gG" else parts.tobytes()
    return x.dtype.char, np.shape(result), data, np.signbit(parts).tolist() if x.dtype.char in "gG" else None


def outcome(function: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
    """Return what a call gives, or that it raises, and what it warns of: without the name of NumPy's function."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args)
        except (TypeError, ValueError, OverflowError):
            return ("raises",)
    warned = sorted({str(w.message).partition(" encountered")[0] for w in caught})
    return (*map(fingerprint, result if isinstance(result, tuple) else (result,)), warned)


def arrays_of(dtype: str) -> Iterator[Array]:
    x = values(dtype)
    yield x.reshape(2, 3)
    yield np.array(x[2])


def name(function: Any) -> str:
    return str(function.__name__)


@pytest.mark.parametrize("op", UNARY, ids=name)
def test_unary_operators_are_numpys(op: Callable[[Any], Any]) -> None:
    for dtype in DTYPES:
        for x in arrays_of(dtype):
            for live in {False, dtype in FLOATS}:
                assert outcome(op, tensor(x, requires_grad=live)) == outcome(op, x), (dtype, x)


@pytest.mark.parametrize("digits", [(), (0,), (1,), (-1,)])
def test_round_is_numpys(digits: tuple[int, ...]) -> None:
    for dtype in DTYPES:
        for x in arrays_of(dtype):
            assert outcome(round, tensor(x), *digits) == outcome(np.round, x, *digits), (dtype, x)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("op", BINARY, ids=name)
def test_operators_with_numbers_are_numpys_from_both_sides(op: Callable[[Any, Any], Any]) -> None:
    for dtype in DTYPES:
        for x in arrays_of(dtype):
            t, live = tensor(x), tensor(x, requires_grad=dtype in FLOATS)
            for number in NUMBERS:
                assert outcome(op, t, number) == outcome(op, live, number) == outcome(op, x, number), (dtype, number)
                assert outcome(op, number, t) == outcome(op, number, x), (dtype, number)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("op", BINARY, ids=name)
def test_operators_of_two_arrays_are_numpys(op: Callable[[Any, Any], Any]) -> None:
    for first in DTYPES:
        for second in DTYPES:
            x, y = values(first).reshape(2, 3), values(second, 1)
            for b in (y.reshape(3, 2), y[:3]):
                expected = outcome(op, x, b)
                for pair in ((tensor(x), tensor(b)), (tensor(x), b), (x, tensor(b))):
                    assert outcome(op, *pair) == expected, (first, second, pair)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("op", IN_PLACE, ids=name)
def test_operators_in_place_are_numpys(op: Callable[[Any, Any], Any]) -> None:
    others = [*NUMBERS, *map(values, "bBqefdgFD"), np.eye(3), np.eye(3, dtype=int)]
    for dtype in DTYPES:
        for x in arrays_of(dtype):
            for other in others:
                expected = outcome(op, x.copy(), other)
                assert outcome(op, tensor(x), other) == expected, (dtype, other)
                if dtype in "fD":
                    result = tensor(x, requires_grad=True) + np.zeros((), dtype)
                    copy = x + np.zeros((), dtype)
                    assert outcome(op, result, other) == outcome(op, np.asarray(copy), other), (dtype, other)
                    with no_grad():
                        assert outcome(op, tensor(x, requires_grad=True), other) == expected, (dtype, other)


def raised_in_place(x: Any, y: Any) -> Any:
    x = x * 1
    x **= y
    return x


@pytest.mark.parametrize("dtype", "efdFD")
@pytest.mark.parametrize("exponent", [2, -1, 0.5, 3, 2.0], ids=str)
def test_powers_are_numpys_in_vmap_and_compiled(dtype: str, exponent: float) -> None:
    x = values(dtype)[2:]
    if dtype in "efd":
        x = abs(x)
    for function in (lambda x: x**exponent, lambda x: raised_in_place(x, exponent)):
        expected = outcome(function, x.reshape(2, 2))
        assert outcome(vmap(function), x.reshape(2, 2)) == expected
        assert outcome(vmap(vmap(lambda x, f=function: f(x[None])[0])), x.reshape(2, 2)) == expected
        compiled = compile(function)
        for _ in range(3):
            assert outcome(compiled, x.reshape(2, 2)) == expected
            assert outcome(lambda x, f=compiled: f(tensor(x)), x.reshape(2, 2)) == expected


@pytest.mark.parametrize(("exponent", "coefficients"), [(2, (2, 2)), (-1, (-1, 2)), (0.5, (0.5, -0.25))], ids=str)
def test_powers_of_complex_numbers_have_their_derivatives(exponent: float, coefficients: tuple[float, float]) -> None:
    """By hand: c z**(e - 1), c' z**(e - 2); gradients of real parts are the conjugates."""
    z = np.array([1.5 - 2.5j, -2.25 + 0.3j, 7.0, -1 + 1e-3j])

    def first(z: Any) -> Any:
        return grad(lambda z: (z**exponent).real.sum())(z)

    np.testing.assert_allclose(first(z), np.conj(coefficients[0] * z ** (exponent - 1.0)), rtol=1e-13)
    second = grad(lambda z: first(z).real.sum())(z)
    np.testing.assert_allclose(second, np.conj(coefficients[1] * z ** (exponent - 2.0)), rtol=1e-13)


def test_the_square_has_its_derivatives_at_zero() -> None:
    for zero in (0.0, -0.0, 0j):
        z = np.array([zero])
        np.testing.assert_array_equal(grad(lambda z: (z**2).real.sum())(z), [0])
        np.testing.assert_array_equal(grad(lambda z: grad(lambda z: (z**2).real.sum())(z).real.sum())(z), [2])


def test_product_in_place_takes_a_matrix_as_numpys_does() -> None:
    x = np.array([1.0, 2.0])
    for t in (tensor(x), tensor(x, requires_grad=True) + 0):
        with pytest.raises(ValueError, match="the second is a matrix"):
            t @= x
    with pytest.raises(ValueError, match="inplace matrix multiplication"):
        x @= x
