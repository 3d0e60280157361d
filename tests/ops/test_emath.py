"""What is special to `numpy.emath`: when a result becomes complex, of which type, and on which side of a cut."""

from typing import Any

import numpy as np
import pytest

from autograd import grad, tensor

from .agreement import Function, assert_numpys, name

UNARY = [
    np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.arcsin, np.emath.arccos, np.emath.arctanh,
]  # fmt: skip
INSIDE, OUTSIDE = np.array([0.25, 0.5]), np.array([-2.0, 0.5, 3.0])
TYPES: list[Any] = [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128]


@pytest.mark.parametrize("function", UNARY, ids=name)
@pytest.mark.parametrize("dtype", TYPES)
def test_results_are_complex_where_numpys_are(function: Function, dtype: Any) -> None:
    for x in (INSIDE, OUTSIDE, INSIDE[:0], np.array(-2.0)):
        assert_numpys(function, x.astype(dtype))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
def test_whole_numbers_are_as_in_numpy(dtype: Any) -> None:
    negative = np.array([-2, 3]) if dtype is not np.uint16 else np.array([2, 3])
    assert_numpys(np.emath.sqrt, negative.astype(dtype))
    assert_numpys(np.emath.power, negative.astype(dtype), np.array([2, 1]))
    assert_numpys(np.emath.power, np.array([2, 3]), np.array([-1, 2]))


def test_functions_of_two_numbers_are_numpys() -> None:
    for x in (INSIDE, OUTSIDE[:2], OUTSIDE[:2].astype(np.float32)):
        for y in (INSIDE, np.array(3.0), 2, -2.0):
            assert_numpys(np.emath.power, x, y)
            assert_numpys(np.emath.logn, y, x)


def test_the_root_of_a_negative_number_is_imaginary() -> None:
    """That of -4 is 2i; its size, sqrt(4), falls by 1/4 a unit as the number grows."""
    np.testing.assert_allclose(grad(lambda x: np.emath.sqrt(x).imag)(-4.0), -0.25)
    np.testing.assert_allclose(grad(lambda x: np.emath.sqrt(x).real)(-4.0), 0)
    assert not np.iscomplexobj(np.emath.sqrt(tensor(4.0)).data)


@pytest.mark.parametrize("x", [complex(2, 0.0), complex(2, -0.0), complex(-2, 0.0), complex(-2, -0.0)], ids=str)
def test_on_a_cut_the_derivative_is_that_of_the_side(x: complex) -> None:
    """The side is told by the sign of an imaginary part of 0; along the real axis it stays the same."""
    for function in (np.arcsin, np.arccos):
        nearby = [function(complex(x.real + step, x.imag)) for step in (1e-6, -1e-6)]
        z = tensor(x, requires_grad=True)
        y: Any = function(z)
        y.backward(gradient=np.array(1.0 + 0j))
        np.testing.assert_allclose(np.conjugate(z.grad.data), (nearby[0] - nearby[1]) / 2e-6, rtol=1e-8, atol=1e-8)
