"""SciPy's linear algebra: values are SciPy's, derivatives those of differences, alone, in stacks and within `vmap`."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import scipy.linalg

from autograd import (
    DerivativeError,
    ShapeError,
    Tensor,
    UnsupportedError,
    grad,
    gradcheck,
    gradgradcheck,
    jvp,
    tensor,
    vmap,
)
from autograd.scipy import linalg
from autograd.testing import check_operation

from .helpers import Draw, check_batches, check_complex_step, parts_of

Array = np.ndarray[Any, Any]
drawn = Draw()
LinAlgError = np.linalg.LinAlgError


def regular(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    return np.asarray(drawn(shape, dtype) + 3 * np.eye(shape[-1], dtype=dtype))


def positive(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    x = drawn(shape, dtype)
    return np.asarray(x @ np.conj(x.mT) + np.eye(shape[-1], dtype=dtype))


def hermitian(x: Any) -> Any:
    return (x + np.conj(x.mT)) / 2


def symmetric(x: Any) -> Any:
    return (x + x.mT) / 2


def triangle(x: Any) -> Any:
    return np.triu(x)


def by_factors(a: Any, b: Any, trans: Literal[0, 1] = 0) -> Any:
    return linalg.lu_solve(linalg.lu_factor(a), b, trans)


# For each function: as it is called, what a matrix is made of so that all its elements are free, inputs.
CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "solve": (linalg.solve, (regular((3, 3)), drawn((3, 2)))),
    "solve of a vector": (linalg.solve, (regular((3, 3)), drawn((3,)))),
    "solve of stacks": (linalg.solve, (regular((2, 1, 2, 2)), drawn((3, 2, 1)))),
    "solve transposed": (lambda a, b: linalg.solve(a, b, transposed=True), (regular((3, 3)), drawn((3,)))),
    "solve symmetric": (lambda a, b: linalg.solve(symmetric(a), b, assume_a="sym"), (regular((3, 3)), drawn((3,)))),
    "solve hermitian": (
        lambda a, b: linalg.solve(hermitian(a), b, assume_a="her", lower=True),
        (regular((3, 3)), drawn((3, 2))),
    ),
    "solve positive": (
        lambda a, b: linalg.solve(hermitian(a), b, assume_a="positive definite"),
        (positive((3, 3)), drawn((3, 2))),
    ),
    "solve upper": (
        lambda a, b: linalg.solve(a, b, assume_a="upper triangular"), (regular((3, 3)), drawn((3,))),
    ),
    "solve lower transposed": (
        lambda a, b: linalg.solve(a, b, assume_a="lower triangular", transposed=True), (regular((3, 3)), drawn((3,))),
    ),
    "solve_triangular": (linalg.solve_triangular, (regular((3, 3)), drawn((3,)))),
    "solve_triangular unit": (
        lambda a, b: linalg.solve_triangular(a, b, "T", lower=True, unit_diagonal=True),
        (drawn((3, 3)), drawn((3, 2))),
    ),
    "solve_triangular of stacks": (linalg.solve_triangular, (regular((2, 2, 2)), drawn((2, 2, 1)))),
    "solve_banded": (lambda ab, b: linalg.solve_banded((1, 2), ab, b), (drawn((4, 5)) + 2, drawn((5,)))),
    "solve_banded of columns": (lambda ab, b: linalg.solve_banded((1, 0), ab, b), (drawn((2, 3)) + 3, drawn((3, 2)))),
    "cholesky": (lambda a: linalg.cholesky(hermitian(a)), (positive((3, 3)),)),
    "cholesky lower": (lambda a: linalg.cholesky(hermitian(a), lower=True), (positive((2, 3, 3)),)),
    "cho_factor": (lambda a: linalg.cho_factor(hermitian(a))[0], (positive((3, 3)),)),
    "cho_solve": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(hermitian(a)), b), (positive((3, 3)), drawn((3, 2))),
    ),
    "cho_solve lower": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(hermitian(a), True), b), (positive((3, 3)), drawn((3,))),
    ),
    "lu": (lambda a: linalg.lu(a)[1:], (drawn((3, 3)),)),
    "lu tall": (lambda a: linalg.lu(a, permute_l=True), (drawn((4, 2)),)),
    "lu wide": (lambda a: linalg.lu(a, p_indices=True)[1:], (drawn((2, 4)),)),
    "lu of stacks": (lambda a: linalg.lu(a, permute_l=True), (drawn((2, 3, 3)),)),
    "lu_factor": (lambda a: linalg.lu_factor(a)[0], (drawn((3, 3)),)),
    "lu_factor tall": (lambda a: linalg.lu_factor(a)[0], (drawn((3, 2)),)),
    "lu_solve": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), (drawn((3, 3)), drawn((3, 2)))),
    "lu_solve of stacks": (by_factors, (drawn((4, 3, 3)), drawn((2, 1, 3, 2)))),
    "lu_solve of one for stacks": (by_factors, (drawn((3, 3)), drawn((2, 3, 1)))),
    "lu_solve of stacks for one": (functools.partial(by_factors, trans=1), (drawn((2, 3, 3)), drawn((3,)))),
    "lu_solve transposed": (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, 1), (drawn((3, 3)), drawn((3,)))),
    "det": (linalg.det, (drawn((3, 3)),)),
    "det of stacks": (linalg.det, (drawn((2, 3, 3)),)),
    "inv": (linalg.inv, (regular((2, 3, 3)),)),
    "expm": (linalg.expm, (drawn((3, 3)),)),
    "expm of stacks": (linalg.expm, (drawn((2, 2, 2)),)),
    "logm": (linalg.logm, (positive((3, 3)) + np.triu(drawn((3, 3)), 1) / 4,)),
    "sqrtm": (linalg.sqrtm, (positive((3, 3)),)),
    "solve_sylvester": (linalg.solve_sylvester, (regular((3, 3)), regular((2, 2)), drawn((3, 2)))),
    "solve_continuous_lyapunov": (linalg.solve_continuous_lyapunov, (regular((3, 3)), drawn((3, 3)))),
    "solve_discrete_lyapunov": (linalg.solve_discrete_lyapunov, (drawn((2, 2)) / 4, drawn((2, 2)))),
    "solve_discrete_lyapunov bilinear": (
        lambda a, q: linalg.solve_discrete_lyapunov(a, q, "bilinear"), (drawn((2, 2)) / 4, drawn((2, 2))),
    ),
    "eigvalsh": (lambda a: linalg.eigvalsh(hermitian(a)), (drawn((3, 3)),)),
    "eigh": (lambda a: absolute(linalg.eigh(hermitian(a), lower=False)), (drawn((3, 3)),)),
    "eigh of a pair": (
        lambda a, b: absolute(linalg.eigh(hermitian(a), hermitian(b))), (drawn((3, 3)), positive((3, 3))),
    ),
    "eigh of type 2": (
        lambda a, b: absolute(linalg.eigh(hermitian(a), hermitian(b), type=2, lower=False)),
        (drawn((3, 3)), positive((3, 3))),
    ),
    "eigh of type 3": (
        lambda a, b: absolute(linalg.eigh(hermitian(a), hermitian(b), type=3)), (drawn((3, 3)), positive((3, 3))),
    ),
    "eigh of some by index": (
        lambda a: absolute(linalg.eigh(hermitian(a), subset_by_index=(1, 2))), (drawn((3, 3)),),
    ),
    "eigvalsh of some": (
        lambda a: linalg.eigvalsh(hermitian(a), subset_by_value=(-0.5, 99.0)), (drawn((3, 3)),),
    ),
    "svd": (lambda a: absolute(linalg.svd(a, False)), (drawn((3, 2)),)),
    "svdvals": (linalg.svdvals, (drawn((2, 3)),)),
    "norm": (linalg.norm, (drawn((3, 2)),)),
    "norm along an axis": (lambda a: linalg.norm(a, 1, axis=0, keepdims=True), (drawn((3, 2)),)),
    "block_diag": (linalg.block_diag, (drawn((2, 2)), drawn((3,)), drawn((1, 2)))),
    "block_diag of stacks": (linalg.block_diag, (drawn((2, 1, 2)), drawn((2, 2)))),
    "toeplitz": (linalg.toeplitz, (drawn((3,)), drawn((4,)))),
    "toeplitz symmetric": (linalg.toeplitz, (drawn((3,)),)),
}  # fmt: skip


KNOWS_STRUCTURES = "assume_a" in inspect.signature(scipy.linalg.inv).parameters  # SciPy 1.17 does
for name in () if KNOWS_STRUCTURES else ("solve upper", "solve lower transposed"):
    del CASES[name]


def absolute(parts: Any) -> Any:
    """Return the absolute values of vectors, whose signs are arbitrary."""
    return tuple(np.abs(part) if part.ndim > 1 else part for part in parts)


# Whose second derivatives are those of operations that others have: they need not be compared again.
FIRST = {
    "solve transposed", "solve lower transposed", "cholesky lower", "cho_solve lower", "lu of stacks", "lu_factor tall",
    "lu_solve transposed", "det of stacks", "expm of stacks", "solve_continuous_lyapunov", "eigh of type 2",
    "eigh of type 3", "eigh of some by index", "eigvalsh of some",
}  # fmt: skip


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", CASES)
def test_derivatives(name: str) -> None:
    function, inputs = CASES[name]
    check_operation(function, *inputs, order=1 if name in FIRST else 2)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", CASES)
def test_values_in_transforms_are_scipys_and_batches_those_of_each_element(name: str) -> None:
    function, inputs = CASES[name]
    expected = parts_of(function(*inputs))  # on arrays, SciPy computes
    for found, same in zip(parts_of(function(*map(tensor, inputs))), expected, strict=True):
        assert isinstance(found, Tensor)
        np.testing.assert_allclose(found.data, same, rtol=1e-9, atol=1e-12)
    if "of some" not in name or "index" in name:  # how many there are depends on the values
        check_batches(function, *inputs)


COMPLEX = [
    (linalg.solve, (regular((3, 3), complex), drawn((3,), complex))),
    (lambda a, b: linalg.solve(hermitian(a), b, assume_a="pos"), (positive((3, 3), complex), drawn((3,), complex))),
    (lambda a, b: linalg.solve(symmetric(a), b, assume_a="sym"), (regular((3, 3), complex), drawn((3,), complex))),
    (lambda a, b: linalg.solve_triangular(a, b, 2), (regular((3, 3), complex), drawn((3,), complex))),
    (lambda a: linalg.cholesky(hermitian(a)), (positive((3, 3), complex),)),
    (lambda a, b: linalg.cho_solve(linalg.cho_factor(hermitian(a)), b), (positive((2, 2), complex), drawn((2,)))),
    (lambda a: linalg.lu(a, permute_l=True), (drawn((3, 3), complex),)),
    (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b, 2), (drawn((3, 3), complex), drawn((3,), complex))),
    (linalg.det, (drawn((3, 3), complex),)),
    (linalg.inv, (regular((3, 3), complex),)),
    (linalg.expm, (drawn((3, 3), complex),)),
    (linalg.logm, (positive((3, 3), complex) + 0.1j * drawn((3, 3)),)),
    (linalg.sqrtm, (positive((3, 3), complex) + 0.1j * drawn((3, 3)),)),
    (linalg.solve_sylvester, (regular((2, 2), complex), regular((3, 3), complex), drawn((2, 3), complex))),
    (linalg.solve_continuous_lyapunov, (regular((2, 2), complex), drawn((2, 2), complex))),
    (lambda ab, b: linalg.solve_banded((1, 1), ab, b), (drawn((3, 4), complex) + 2, drawn((4,), complex))),
    (lambda a, b: absolute(linalg.eigh(hermitian(a), hermitian(b))), (drawn((2, 2), complex), positive((2, 2)))),
    (linalg.toeplitz, (drawn((3,), complex),)),
]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("case", COMPLEX, ids=range(len(COMPLEX)))
def test_derivatives_of_complex_matrices(case: tuple[Callable[..., Any], tuple[Array, ...]]) -> None:
    function, inputs = case
    assert gradcheck(function, inputs, fast_mode=True)
    if function in (linalg.solve, linalg.inv, linalg.sqrtm, linalg.solve_sylvester):
        assert gradgradcheck(function, inputs, fast_mode=True)


@pytest.mark.parametrize(
    "name",
    ["solve", "solve symmetric", "solve_triangular unit", "solve_banded", "lu", "lu_factor tall",
     "lu wide", "lu_solve", "det", "inv", "toeplitz", "block_diag"],
)  # fmt: skip
def test_slopes_have_all_digits(name: str) -> None:
    function, inputs = CASES[name]
    check_complex_step(function, *inputs)


def test_slopes_of_functions_of_matrices_are_those_of_their_eigenvalues() -> None:
    """Along a matrix that commutes with it, f has the slope f', which has closed forms (N. J. Higham 2008)."""
    a = positive((4, 4))
    w, v = np.linalg.eigh(a)
    for function, slopes in (
        (linalg.expm, np.exp(w)), (linalg.logm, 1 / w), (linalg.sqrtm, 0.5 / np.sqrt(w)), (linalg.inv, -1 / w**2),
    ):  # fmt: skip
        _, found = jvp(function, (a,), (a @ a,))
        np.testing.assert_allclose(found, (v * (slopes * w**2)) @ v.T, rtol=1e-10, atol=1e-10 * np.abs(found).max())


@pytest.mark.parametrize("n", [0, 1] if KNOWS_STRUCTURES else [1])  # earlier versions refuse empty matrices
def test_the_smallest_matrices(n: int) -> None:
    a, b = 2 * np.eye(n), np.ones((n, 2))
    cases: list[tuple[Callable[..., Any], tuple[Array, ...]]] = [
        (linalg.solve, (a, b)), (linalg.solve_triangular, (a, b)), (linalg.cholesky, (a,)), (linalg.det, (a,)),
        (linalg.inv, (a,)), (linalg.expm, (a,)), (linalg.lu, (a,)), (linalg.eigvalsh, (a,)),
        (lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b), (a, b)), (linalg.sqrtm, (a,)), (linalg.norm, (a,)),
        (lambda a, b: linalg.lu_solve(linalg.lu_factor(a), b), (a, b)), (linalg.solve_sylvester, (a, a, a)),
    ]  # fmt: skip
    for function, inputs in cases:
        found = function(*[tensor(x, requires_grad=True) for x in inputs])
        for part, same in zip(parts_of(found), parts_of(function(*inputs)), strict=True):
            np.testing.assert_allclose(part.data, same)
        gradients = grad(lambda *xs, f=function: sum(np.sum(part) for part in parts_of(f(*xs))), 0)(*inputs)
        assert gradients.shape == (n, n)
        assert np.isfinite(gradients).all()


def test_blocks_of_lists_of_tensors() -> None:
    t = tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(linalg.block_diag([[t[0], t[1]]], 3.0).data, [[1, 2, 0], [0, 0, 3]])


def test_stacks_without_matrices() -> None:
    a = tensor(np.zeros((0, 3, 3)), requires_grad=True)
    for found in (linalg.inv(a), linalg.expm(a), linalg.solve(a, np.ones((3, 2))), linalg.cholesky(a)):
        assert found.shape[0] == 0
        found.sum().backward()
    assert a.grad is not None
    assert a.grad.shape == (0, 3, 3)


def test_singular_matrices_raise_scipys_error() -> None:
    a = tensor(np.ones((2, 2)), requires_grad=True)
    for function in (linalg.inv, lambda a: linalg.solve(a, np.ones(2)), lambda a: linalg.cholesky(-a)):
        with pytest.raises(LinAlgError):
            function(a)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
        root = linalg.sqrtm(tensor(np.diag([1.0, 0.0]), requires_grad=True))
    with pytest.raises(DerivativeError, match="the square root of a singular matrix has no derivative"):
        root.sum().backward()
    solvers: tuple[Callable[..., Any], ...] = (
        linalg.solve_continuous_lyapunov, lambda a, q: linalg.solve_sylvester(a, -a, q),
    )  # fmt: skip
    for solve in solvers:
        with warnings.catch_warnings(action="ignore"):
            found = solve(tensor(np.diag([0.0, 1.0]), requires_grad=True), np.ones((2, 2)))
        with pytest.raises(DerivativeError, match="has no single solution"):
            found.sum().backward()
    with warnings.catch_warnings(action="ignore"):
        singular = linalg.logm(tensor(np.diag([1.0, 0.0]), requires_grad=True))
    with pytest.raises(DerivativeError, match="the logarithm of a singular matrix has no derivative"):
        singular.sum().backward()
    with pytest.raises(DerivativeError, match="singular"):
        linalg.lu(a, permute_l=True)[0].sum().backward()
    np.testing.assert_array_equal(grad(linalg.det)(np.ones((2, 2))), [[1, -1], [-1, 1]])


def test_one_triangle_is_read_and_its_gradient_is_symmetric() -> None:
    a, b, weights = positive((3, 3)), drawn((3,)), drawn((3,))
    upper, lower = np.triu(a) + np.tril(99 * np.ones((3, 3)), -1), np.tril(a) + np.triu(99 * np.ones((3, 3)), 1)
    expected = grad(lambda a: weights @ linalg.solve(hermitian(a), b))(a)
    for structure in ("pos", "her", "sym"):
        for matrix, is_lower in ((upper, False), (lower, True)):
            found = grad(lambda a, s=structure, low=is_lower: weights @ linalg.solve(a, b, lower=low, assume_a=s))(
                matrix
            )
            np.testing.assert_allclose(found, expected, atol=1e-12)
            found = grad(lambda a, low=is_lower: weights @ linalg.cho_solve(linalg.cho_factor(a, low), b))(matrix)
            np.testing.assert_allclose(hermitian(found), found, atol=1e-12)
            np.testing.assert_allclose(found, expected, atol=1e-12)
    pair = grad(lambda b: np.sum(linalg.eigh(a, b, eigvals_only=True)))
    np.testing.assert_allclose(pair(lower), pair(a), atol=1e-12)


@pytest.mark.skipif(not KNOWS_STRUCTURES, reason="needs SciPy 1.17")
def test_a_structure_bounds_its_gradient() -> None:
    a = np.diag([1.0, 2.0, 3.0])
    assert (np.tril(grad(lambda a: linalg.inv(a, assume_a="upper triangular").sum())(np.triu(a)), -1) == 0).all()
    found = grad(lambda a: linalg.solve(a, np.ones(3), assume_a="diagonal").sum())(a)
    np.testing.assert_allclose(found, np.diag(-1 / np.diag(a) ** 2))
    found = grad(lambda a: linalg.solve(a, np.ones(3), assume_a="tridiagonal").sum())(a)
    assert found[0, 2] == found[2, 0] == 0 != found[0, 1]


def test_what_stands_in_the_corners_of_bands_counts_for_nothing() -> None:
    ab = drawn((3, 4)) + 2
    found = grad(lambda ab: linalg.solve_banded((1, 1), ab, np.ones(4)).sum())(ab)
    assert found[0, 0] == found[2, -1] == 0
    assert (found[1] != 0).all()


def test_square_roots_of_matrices_with_negative_eigenvalues_are_complex() -> None:
    a = symmetric(np.diag([1.0, -2.0, 3.0]) + drawn((3, 3)) / 9)
    assert linalg.sqrtm(tensor(a)).dtype == np.complex128
    found = grad(lambda a: np.sum(np.abs(linalg.sqrtm(a)) ** 2))(a)
    assert found.dtype == np.float64
    assert gradcheck(linalg.sqrtm, (a,), fast_mode=True)
    with pytest.raises(UnsupportedError, match="negative eigenvalues"):
        linalg.logm(tensor(a, requires_grad=True)).real.sum().backward()


def test_large_and_tiny_gradients_of_the_exponential_are_as_accurate() -> None:
    a = drawn((3, 3))
    one = grad(lambda a: np.sum(linalg.expm(a)))(a)
    for scale in (1e-200, 1e200):
        np.testing.assert_allclose(grad(lambda a, s=scale: s * np.sum(linalg.expm(a)))(a) / scale, one, rtol=1e-12)
    _, slope = jvp(linalg.expm, (a,), (1e9 * np.eye(3),))
    np.testing.assert_allclose(slope, 1e9 * scipy.linalg.expm(a), rtol=1e-12)


def test_wrong_shapes_and_keywords_raise_errors_that_say_what_to_do() -> None:
    a = tensor(regular((3, 3)), requires_grad=True)
    for call, message in (
        (lambda: linalg.solve(a, np.ones(2)), r"a right-hand side of shape \(2,\) does not fit .* \(3,\)"),
        (lambda: linalg.solve(a[:2], np.ones(2)), "takes a square matrix"),
        (lambda: linalg.expm(a[0]), "takes a square matrix"),
        (lambda: linalg.solve_banded((1, 1), a[:2], np.ones(3)), r"takes l \+ u \+ 1 = 3 diagonals"),
        (lambda: linalg.lu(a[0]), "takes a matrix"),
        (lambda: linalg.toeplitz(np.stack([a[0], a[0]]), a[0]), "a column and a row for each matrix"),
    ):
        with pytest.raises(ShapeError, match=message):
            call()
    unknown: Any = "none"
    for call in (
        lambda: linalg.solve(a, np.ones(3), assume_a=unknown),
        lambda: linalg.solve_triangular(a, np.ones(3), trans=unknown),
        lambda: linalg.solve_discrete_lyapunov(a, a, method=unknown),
        lambda: linalg.eigh(a, subset_by_index=(2, 5)),
        lambda: linalg.solve(np.nan * a, np.ones(3)),
        lambda: linalg.norm(np.nan * a),
    ):
        with pytest.raises(ValueError, match=r"none|position|NaN"):
            call()
    with pytest.raises(UnsupportedError, match="omit it"):
        linalg.sqrtm(a, disp=False)


def test_vmap_of_a_gradient_with_what_all_elements_share() -> None:
    matrices, b = regular((4, 3, 3)), drawn((3,))
    of_one = grad(lambda a, b: np.sum(linalg.solve(a, b) ** 2), 1)
    found = vmap(of_one, in_axes=(0, None))(matrices, b)
    np.testing.assert_allclose(found, [of_one(a, b) for a in matrices])
