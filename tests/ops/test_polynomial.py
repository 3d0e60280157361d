"""What is special to polynomials: lengths, leading zeros, multiple roots and eigenvalues, fits, NumPy's classes."""

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, gradcheck, gradgradcheck, tensor

from .agreement import Function, assert_numpys, name

Array = np.ndarray[Any, Any]

random = np.random.default_rng(17)
P, Q, X = random.standard_normal(4), random.standard_normal(2), random.standard_normal((2, 3))
SEVERAL = [P, Q, P[:1], P.astype(np.float32), P + 1j * P[::-1], np.array([0.0, 0.0, 2.0, 1.0]), np.zeros(3)]


def coefficients(result: Any) -> Array:
    return np.asarray(result.data if isinstance(result, Tensor) else result)


# Values and arithmetic


def test_powers_are_numpys() -> None:
    for x in (P, P.astype(np.float32), P + 1j, P[:0], np.arange(3)):
        for columns in (None, 0, 1, 3):
            assert_numpys(np.vander, x, columns, rtol=1e-14)
            assert_numpys(np.vander, x, N=columns, increasing=True, rtol=1e-14)
    with pytest.raises(ValueError, match=r"of a sequence, but the shape is \(2, 3\)"):
        np.vander(tensor(X))


def test_powers_of_zero_have_their_derivatives() -> None:
    found = grad(lambda x: (np.vander(x, 3, increasing=True) * [1.0, 10.0, 100.0]).sum())(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(found, [10, 210])


def test_values_are_numpys() -> None:
    for p in SEVERAL:
        for x in (X, X.astype(np.float32), np.array(0.5), 3, X + 1j):
            assert_numpys(np.polyval, p, x)
    assert_numpys(np.polyval, [1, 2, 3], X.astype(np.float32))
    assert_numpys(np.polyval, np.poly1d([1, 2, 3]), X)


def test_a_polynomial_of_a_polynomial() -> None:
    inner = np.poly1d([2.0, -1.0])
    expected: Any = np.polyval(np.poly1d(P), inner)
    np.testing.assert_allclose(coefficients(np.polyval(tensor(P), inner)), expected.coeffs, rtol=1e-14)
    assert gradcheck(lambda p: np.polyval(p, inner), P, fast_mode=True)


@pytest.mark.parametrize("function", [np.polyadd, np.polysub, np.polymul], ids=name)
def test_arithmetic_is_numpys(function: Function) -> None:
    for p in SEVERAL:
        for q in (*SEVERAL, np.array(2.0)):
            assert_numpys(function, p, q)
        assert_numpys(function, p, [1, 2, 3])
        assert_numpys(function, 2.0, p)


def test_a_leading_zero_has_a_gradient_though_no_place_in_the_product() -> None:
    """(a x + 1) (2 x + 3) has the coefficient 3 a + 2 of x, also at a = 0, where that of x^2 is left away."""
    product = np.polymul(tensor([0.0, 1.0]), [2.0, 3.0])
    np.testing.assert_array_equal(product.data, [2, 3])
    found = grad(lambda p: np.polymul(p, [2.0, 3.0])[0])(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(found, [3, 2])


def test_division_is_numpys() -> None:
    for u in SEVERAL:
        for v in (Q, P[:3], np.array([2.0]), np.array(3.0), Q.astype(np.float32) * 1j):
            assert_numpys(np.polydiv, u, v)
    assert_numpys(np.polydiv, np.array([1.0, 3.0, 2.0]), np.array([1.0, 1.0]))
    assert_numpys(np.polydiv, [1, 2, 3], Q)


def test_division_is_differentiated_with_complex_numbers() -> None:
    u, v = P + 1j * P[::-1], np.array([1 + 1j, 0.5])
    assert gradcheck(lambda u, v: np.polydiv(u, v)[0], (u, v), fast_mode=True)
    assert gradgradcheck(lambda u, v: np.polyval(np.polydiv(u, v)[1], 0.5), (u, v), fast_mode=True)


@pytest.mark.parametrize("m", range(6))
def test_derivatives_and_integrals_are_numpys(m: int) -> None:
    for p in SEVERAL:
        assert_numpys(np.polyder, p, m)
        assert_numpys(np.polyint, p, m)
        assert_numpys(np.polyint, p, m=m, k=np.array(2.0))
        assert_numpys(np.polyint, p, m, P[:1].repeat(6))


def test_wrong_orders_are_refused() -> None:
    p = tensor(P, requires_grad=True)
    for function in (np.polyder, np.polyint):
        with pytest.raises(ValueError, match="0 times or more, not -1"):
            function(p, -1)
    with pytest.raises(ValueError, match="3 integrations need one constant, or one each, not 2"):
        np.polyint(p, 3, [1.0, 2.0])


# Roots


def test_roots_are_numpys() -> None:
    for p in (*SEVERAL, np.array([1.0, -3.0, 2.0, 0.0, 0.0]), np.array([1.0, 0.0, 1.0])):
        assert_numpys(np.roots, p)


def test_a_root_moves_as_it_should() -> None:
    """The roots of x^2 - s x + p at s = 3, p = 2 are 2 and 1, with derivatives root / (2 root - s) by s."""
    found = [grad(lambda s, k=k: np.roots([1.0, -s, 2.0])[k])(3.0) for k in (0, 1)]
    np.testing.assert_allclose(found, [2, -1], rtol=1e-13)
    second = grad(grad(lambda s: np.roots([1.0, -s, 2.0])[0]))(3.0)
    np.testing.assert_allclose(second, -4.0, rtol=1e-12)


def test_some_of_the_numbers_in_a_list_may_be_tensors() -> None:
    x: Any = tensor(3.0, requires_grad=True)
    p: Any = np.poly([x, 2.0])
    np.testing.assert_array_equal(p.data, [1, -5, 6])
    p[2].backward()
    assert x.grad.data == 2


def test_leading_zeros_and_roots_at_zero() -> None:
    """A leading coefficient of 0 has no root, but moves the others; (x - 2) x has the roots 2 and 0."""
    found = grad(lambda p: np.roots(p)[0])(np.array([0.0, 1.0, -2.0]))
    np.testing.assert_allclose(found, [-4, -2, -1])
    found = grad(lambda p: np.roots(p)[1])(np.array([1.0, -2.0, 0.0]))
    np.testing.assert_allclose(found, [0, 0, 0.5])


def test_complex_roots_of_real_and_of_complex_polynomials() -> None:
    for p in (np.array([1.0, 0.5, 2.0]), np.array([1.0, 2j, -0.5, 1 + 1j])):
        assert gradcheck(np.roots, p, fast_mode=True)
        assert gradgradcheck(np.roots, p, fast_mode=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_multiple_root_has_no_derivative() -> None:
    assert not np.any(np.isfinite(grad(lambda p: np.roots(p)[0])(np.array([1.0, 0.0, 0.0]))))


def test_polynomials_with_given_roots_are_numpys() -> None:
    for roots in (P, P.astype(np.float32), P.astype(np.float16), P[:1], np.arange(3)):
        assert_numpys(np.poly, roots)
    pair = np.array([1 + 2j, 1 - 2j])
    for among in (pair, pair + 1j, pair.astype(np.complex64)):
        assert_numpys(np.poly, among)
    assert gradcheck(np.poly, pair + 1j, fast_mode=True)
    assert np.poly(tensor(P[:0])) == 1.0
    with pytest.raises(ValueError, match=r"but the shape is \(2, 3\)"):
        np.poly(tensor(X))


def test_characteristic_polynomials_are_numpys() -> None:
    square = random.standard_normal((4, 4))
    for a in (square, square + 1j, square.astype(np.float32), square[:1, :1]):
        assert_numpys(np.poly, a)


def test_multiple_eigenvalues_do_no_harm_to_the_characteristic_polynomial() -> None:
    """That of a 2 x 2 matrix is x^2 - trace x + determinant."""
    of_trace, of_determinant = (grad(lambda a, k=k: np.poly(a)[k])(np.array([[2.0, 1.0], [0.0, 2.0]])) for k in (1, 2))
    np.testing.assert_allclose(of_trace, -np.eye(2))
    np.testing.assert_allclose(of_determinant, [[2, 0], [-1, 2]], atol=1e-15)
    for a in (np.eye(3), np.zeros((3, 3)), np.diag([1.0, 1.0, 2.0])):
        assert gradcheck(lambda a: np.poly(a) * [0.0, 1.0, 2.0, 3.0], a, atol=1e-4, fast_mode=True)
    assert gradgradcheck(
        lambda a: np.poly(a), random.standard_normal((3, 3)) + 1j * random.standard_normal((3, 3)), fast_mode=True
    )


# Fits

DATA_X = np.array([-1.0, -0.4, 0.3, 1.1, 1.6, 2.5])
DATA_Y = random.standard_normal((6, 2))
WEIGHTS = random.uniform(0.5, 2, 6)


@pytest.mark.parametrize("degree", [0, 1, 2, np.int64(3)])
def test_fits_are_numpys(degree: Any) -> None:
    for x in (DATA_X, DATA_X.astype(np.float32)):
        for y in (DATA_Y[:, 0], DATA_Y, DATA_Y[:, 0] + 1j):
            assert_numpys(np.polyfit, x, y, degree, rtol=1e-5 if x.dtype == np.float32 else 1e-12)
            assert_numpys(np.polyfit, x, y, degree, w=WEIGHTS, full=True, rtol=1e-5)
            assert_numpys(np.polyfit, x, y, degree, cov=True, rtol=1e-5)
            assert_numpys(np.polyfit, x, y, deg=degree, cov="unscaled", w=WEIGHTS, rtol=1e-5)
    assert_numpys(np.polyfit, [0, 1, 2, 3], DATA_Y[:4], 1, rtol=1e-12)


def test_a_line_through_points_moves_with_them() -> None:
    """Its slope is the covariance of the data over the variance of x."""
    found = grad(lambda y: np.polyfit(DATA_X, y, 1)[0])(DATA_Y[:, 0])
    deviation = DATA_X - DATA_X.mean()
    np.testing.assert_allclose(found, deviation / (deviation**2).sum(), rtol=1e-12)


def test_a_fit_to_many_points_needs_no_matrix_between_all_of_them() -> None:
    x, y = tensor(np.linspace(-1, 1, 4000), requires_grad=True), tensor(np.ones(4000), requires_grad=True)
    tracemalloc.start()
    np.polyfit(x, y, 2)[0].backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * x.nbytes


def test_a_fit_that_is_not_determined_warns() -> None:
    x = np.array([1.0, 1.0, 1.0])
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(tensor(x, requires_grad=True), np.arange(3.0), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rank = np.polyfit(tensor(x), np.arange(3.0), 1, full=True)[2]
    assert int(coefficients(rank)) == 1


def test_wrong_data_are_refused() -> None:
    x = tensor(DATA_X, requires_grad=True)
    with pytest.raises(ValueError, match="0 or more, not -1"):
        np.polyfit(x, DATA_Y, -1)
    for given in ((x, DATA_Y[:5]), (tensor(X), DATA_Y), (tensor(P[:0]), P[:0]), (x, np.ones((6, 1, 1)))):
        with pytest.raises(TypeError, match="a fit takes a sequence"):
            np.polyfit(*given, 1)
    with pytest.raises(TypeError, match=r"6 points has one weight, but the shape of the weights is \(5,\)"):
        np.polyfit(x, DATA_Y, 1, w=WEIGHTS[:5])
    with pytest.raises(ValueError, match="3 points do not tell the covariance of 3 coefficients"):
        np.polyfit(tensor(DATA_X[:3]), DATA_Y[:3], 2, cov=True)


# NumPy's classes and other bases


def test_poly1d_holds_live_coefficients() -> None:
    def area(p: Any) -> Any:
        whole: Any = np.poly1d(p).integ()
        return whole(2.0) - whole(1.0)

    np.testing.assert_allclose(grad(area)(np.array([1.0, 1.0])), [1.5, 1], rtol=1e-15)
    slope = grad(lambda p: (np.poly1d(p) * np.poly1d([1.0, 0.0])).deriv()(3.0))(np.array([1.0, 1.0]))
    np.testing.assert_allclose(slope, [6, 1], rtol=1e-15)


@pytest.mark.parametrize(
    "function",
    [
        np.polynomial.polynomial.polyval, np.polynomial.chebyshev.chebval, np.polynomial.legendre.legval,
        np.polynomial.hermite.hermval, np.polynomial.hermite_e.hermeval, np.polynomial.laguerre.lagval,
    ],
    ids=name,
)  # fmt: skip
def test_other_bases_are_differentiated_by_the_argument(function: Function) -> None:
    np.testing.assert_array_equal(function(tensor(X), P).data, function(X, P))
    assert gradcheck(lambda x: function(x, P), X, fast_mode=True)
    assert gradgradcheck(lambda x: function(x, P), X, fast_mode=True)
    with pytest.raises(GraphError, match="cut it from its graph"):
        function(X, tensor(P, requires_grad=True))
