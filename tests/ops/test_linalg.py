"""What is special to determinants, inverses, systems of equations and products of many matrices."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, gradcheck, gradgradcheck, jvp, tensor

RANDOM = np.random.default_rng(0)
Array = np.ndarray[Any, Any]
DTYPES = [np.float32, np.float64, np.complex64, np.complex128, np.int64]
LinAlgError = np.linalg.LinAlgError
HALVES: Any = 0.5
OF_NUMPY: Any = None  # the precision that NumPy chooses


def drawn(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    x = RANDOM.normal(size=shape) * (4 if dtype is np.int64 else 1)
    return np.asarray(x + 1j * RANDOM.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def live(x: Any) -> Any:
    return tensor(x, requires_grad=True)


def assert_same(found: Any, expected: Any) -> None:
    """Compare results that may be tuples, with their types."""
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        assert getattr(found, "_fields", None) == getattr(expected, "_fields", None)
        for part, same in zip(found, expected, strict=True):
            assert_same(part, same)
        return
    expected = np.asarray(expected)
    assert isinstance(found, Tensor)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    precision = 64 * np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
    np.testing.assert_allclose(found.data, expected, rtol=precision, atol=precision)


# Each with shapes of its arguments; further arguments stand in the function.
CALLS: list[tuple[Callable[..., Any], list[tuple[int, ...]]]] = [
    (np.linalg.det, [(3, 3), (2, 3, 3), (0, 0), (2, 0, 0), (0, 3, 3), (1, 1)]),
    (np.linalg.slogdet, [(3, 3), (2, 3, 3), (0, 0), (0, 3, 3)]),
    (np.linalg.inv, [(3, 3), (2, 3, 3), (0, 0), (2, 0, 0)]),
    (np.linalg.pinv, [(3, 3), (2, 3, 2), (3, 0), (2, 0, 3), (0, 3, 3)]),
    (lambda a: np.linalg.pinv(a, rtol=OF_NUMPY), [(3, 3), (2, 3, 2)]),
    (lambda a: np.linalg.pinv(a, 0.5), [(3, 3), (2, 3, 2)]),
    (lambda a: np.linalg.pinv(a, np.array([0.5, 0.1])), [(2, 3, 2)]),
    (lambda a: np.linalg.pinv(a, hermitian=True), [(3, 3), (2, 3, 3)]),
    *((lambda a, n=n: np.linalg.matrix_power(a, n), [(3, 3), (2, 3, 3), (0, 0)]) for n in (0, 1, 2, 3, 4, 7, 10)),
    (lambda a: np.linalg.tensorinv(a), [(2, 3, 6), (2, 2, 4), (1, 1, 1)]),
    (lambda a: np.linalg.tensorinv(a, 1), [(6, 2, 3), (4, 4)]),
    *(
        (lambda x, p=p: np.linalg.cond(x, p), [(3, 3), (2, 3, 3), (1, 1)])
        for p in (None, 1, -1, 2, -2, np.inf, -np.inf, "fro", "nuc")
    ),
    (lambda x: np.linalg.cond(x, -2), [(3, 2), (2, 2, 3)]),
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "shape"), [(f, shape) for f, shapes in CALLS for shape in shapes])
def test_values_are_numpys(function: Callable[..., Any], shape: tuple[int, ...], dtype: Any) -> None:
    x = drawn(shape, dtype)
    try:
        expected = function(x)
    except ValueError:  # NumPy asks for the precision of integers, or they are singular
        assert dtype is np.int64
        return
    assert_same(function(tensor(x)), expected)
    if x.dtype.kind != "i":
        assert_same(function(live(x)), expected)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("b_shape", [(3,), (3, 2), (2, 3, 1), (2, 3, 3), (4, 1, 3, 2), (3, 0)], ids=str)
@pytest.mark.parametrize("a_shape", [(3, 3), (2, 3, 3), (1, 3, 3)], ids=str)
def test_solve_broadcasts_as_in_numpy(a_shape: tuple[int, ...], b_shape: tuple[int, ...], dtype: Any) -> None:
    a, b = drawn(a_shape, dtype) + 9 * np.eye(3, dtype=dtype), drawn(b_shape, dtype)
    expected = np.linalg.solve(a, b)
    calls: list[Any] = [
        np.linalg.solve(tensor(a), b),
        np.linalg.solve(a, tensor(b)),
        np.linalg.solve(a=tensor(a), b=tensor(b)),
        np.linalg.solve(tensor(a), b.tolist()) if b.size else np.linalg.solve(tensor(a), b),
    ]
    for found in calls[:3]:
        assert_same(found, expected)
    np.testing.assert_allclose(calls[3].data, expected, rtol=1e-4, atol=1e-4)


def test_solve_takes_lists_on_both_sides() -> None:
    a, b = [[2.0, 1.0], [0.0, 4.0]], [1.0, 2.0]
    for found in (np.linalg.solve(live(a), b), np.linalg.solve(a, live(b))):
        assert_same(found, np.linalg.solve(a, b))
        found.sum().backward()


@pytest.mark.parametrize("function", [np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(2))])
def test_singular_matrices_raise_numpys_error(function: Callable[..., Any]) -> None:
    for a in (np.ones((2, 2)), np.stack([np.eye(2), np.zeros((2, 2))])):
        with pytest.raises(LinAlgError, match="Singular matrix"):
            function(live(a))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.linalg.det(x), lambda x: np.linalg.inv(x), lambda x: np.linalg.slogdet(x),
        lambda x: np.linalg.matrix_power(x, 2), lambda x: np.linalg.solve(x, x), lambda x: np.linalg.cond(x, 1),
        lambda x: np.linalg.tensorinv(x), lambda x: np.linalg.tensorsolve(x, x[0]),
        lambda x: np.linalg.multi_dot([x[0], x.T, x, x[:, 0]]), lambda x: np.linalg.multi_dot([x]),
        lambda x: np.linalg.tensorinv(x, 0), lambda x: np.linalg.cond(x[:0]), lambda x: np.linalg.lstsq(x, x.T),
        lambda x: np.linalg.cond(x[0]), lambda x: np.linalg.pinv(x, 0.1, rtol=0.1),
        lambda x: np.linalg.multi_dot([x, x, x[None]]),
    ],
)  # fmt: skip
def test_what_numpy_refuses_is_refused(call: Callable[[Any], Any]) -> None:
    x = drawn((2, 3))
    for values in (x, live(x)):
        with pytest.raises(ValueError):
            call(values)


def test_powers_are_integers() -> None:
    with pytest.raises(TypeError, match=r"integer as its exponent, not 0\.5"):
        np.linalg.matrix_power(live(np.eye(2)), HALVES)
    x = live([[np.nan, 1.0], [0.0, 1.0]])
    one = np.linalg.matrix_power(x, 0)
    one.sum().backward()
    np.testing.assert_array_equal(one.data, np.eye(2))
    np.testing.assert_array_equal(x.grad.data, np.zeros((2, 2)))


# Determinants of singular matrices


def minors(a: Array) -> Array:
    """Return the cofactors by their definition: determinants of what is left without a row and a column."""
    n = a.shape[-1]
    found = np.empty_like(a)
    for i in range(n):
        for j in range(n):
            rest = np.delete(np.delete(a, i, 0), j, 1)
            found[i, j] = (-1) ** (i + j) * np.linalg.det(rest)
    return found


def of_rank(n: int, rank: int, dtype: Any = np.float64) -> Array:
    return drawn((n, rank), dtype) @ drawn((rank, n), dtype)


SINGULAR = [
    *(of_rank(n, rank, dtype) for n in (1, 2, 3, 4) for rank in range(n) for dtype in (np.float64, np.complex128)),
    np.array([[1.0, 2.0], [2.0, 4.0]]),
    np.ones((3, 3)),
    np.diag([1.0, 0.0, 3.0]),
    np.diag([1e-9, 1.0, 1e-11, 2.0]),
    of_rank(4, 4) * np.logspace(0, -18, 4),
]


@pytest.mark.parametrize("a", SINGULAR, ids=lambda a: f"{a.shape[0]}-{a.dtype}")
def test_gradient_of_a_determinant_is_that_of_a_polynomial(a: Array) -> None:
    found = grad(lambda a: np.linalg.det(a).real)(a)
    expected = np.conj(minors(a))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14 * float(np.linalg.norm(a)) ** (len(a) - 1))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("a", SINGULAR, ids=lambda a: f"{a.shape[0]}-{a.dtype}")
def test_higher_derivatives_of_a_determinant_at_singular_matrices(a: Array) -> None:
    assert gradcheck(np.linalg.det, a, fast_mode=True)
    assert gradgradcheck(np.linalg.det, a, fast_mode=True)
    if a.dtype.kind == "f" and len(a) > 1:  # of one element it is constant, and differences enlarge its rounding
        along = drawn(a.shape)
        assert gradgradcheck(lambda a: jvp(np.linalg.det, a, along)[1], a, fast_mode=True)


def test_determinants_of_a_batch_with_all_ranks() -> None:
    a = np.stack([of_rank(4, rank) for rank in (4, 2, 3, 0, 4, 3, 1)]).reshape(7, 1, 4, 4)
    found = grad(lambda a: np.linalg.det(a).sum())(a)
    np.testing.assert_allclose(found[:, 0], [minors(x) for x in a[:, 0]], atol=1e-12)
    assert gradgradcheck(np.linalg.det, a, fast_mode=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy warns
def test_nan_in_one_matrix_is_kept_to_it() -> None:
    a = np.stack([np.full((2, 2), np.nan), np.ones((2, 2)), np.eye(2)])
    found = grad(lambda a: np.linalg.det(a).sum())(a)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1:], [minors(x) for x in a[1:]])


def test_determinant_of_a_large_matrix_of_deficient_rank() -> None:
    n = 30
    a = of_rank(n, n - 1) / 5
    u, s, vh = np.linalg.svd(a)
    expected = np.linalg.det(u) * np.linalg.det(vh) * np.prod(s[:-1]) * np.outer(u[:, -1], vh[-1])
    np.testing.assert_allclose(grad(np.linalg.det)(a), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_cofactors_of_matrices_whose_singular_values_differ_by_any_factor() -> None:
    s = np.logspace(0, -40, 9)
    u, v = (np.linalg.qr(drawn((9, 9)))[0] for _ in range(2))
    cofactors = np.array([np.prod(np.delete(s, i)) for i in range(9)])
    np.testing.assert_allclose(grad(np.linalg.det)(np.diag(s)), np.diag(cofactors), atol=1e-10 * cofactors.max())
    s = np.logspace(0, -12, 9)
    a = (u * s) @ v
    cofactors = np.array([np.prod(np.delete(s, i)) for i in range(9)])
    expected = (u * cofactors) @ v * np.linalg.det(u) * np.linalg.det(v)
    for derivative in (grad(np.linalg.det), grad(lambda a: jvp(np.linalg.det, a, a)[1] / 9)):
        np.testing.assert_allclose(derivative(a), expected, atol=1e-3 * cofactors.max())


def test_determinant_in_single_precision() -> None:
    a = of_rank(3, 2).astype(np.float32)
    found = grad(np.linalg.det)(a)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, minors(a.astype(float)), rtol=1e-4, atol=1e-5)


def test_logarithms_of_determinants_do_not_overflow() -> None:
    a = live(np.eye(400) * 1e-3)
    sign, logarithm = np.linalg.slogdet(a)
    logarithm.backward()
    assert np.linalg.det(a.data) == 0
    assert sign.item() == 1
    np.testing.assert_allclose(a.grad.data, np.eye(400) * 1e3)


def test_logarithm_of_a_determinant_that_is_zero() -> None:
    """It has no gradient, but where it is not used its gradient is 0."""
    a = np.stack([np.ones((2, 2)), np.eye(2) * 2])

    def masked(a: Any) -> Any:
        sign, logarithm = np.linalg.slogdet(a)
        return np.where(sign.data > 0, logarithm, 0).sum()

    np.testing.assert_array_equal(grad(masked)(a), [np.zeros((2, 2)), np.eye(2) / 2])
    with pytest.warns(RuntimeWarning, match="has nan"):
        found = grad(lambda a: np.linalg.slogdet(a)[1].sum())(a)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], np.eye(2) / 2)


# Least squares


@pytest.mark.one_in(4)
@pytest.mark.parametrize("dtype", DTYPES[:4])
@pytest.mark.parametrize("b_shape", [(), (1,), (3,), (0,)], ids=str)
@pytest.mark.parametrize("shape", [(4, 2), (3, 3), (2, 4), (1, 1), (0, 2)], ids=str)
def test_lstsq_is_numpys(shape: tuple[int, int], b_shape: tuple[int, ...], dtype: Any) -> None:
    a, b = drawn(shape, dtype), drawn((shape[0], *b_shape), dtype)
    for rcond in (None, -1, 0.5):
        expected = np.linalg.lstsq(a, b, rcond)
        for x, y in ((tensor(a), tensor(b)), (live(a), b), (a, live(b))):
            found: Any = np.linalg.lstsq(x, y, rcond)
            for part, same in zip(found, expected, strict=True):
                assert_same(part, np.asarray(same))
        assert not found[2].requires_grad


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (3, 3)], ids=str)
def test_lstsq_of_deficient_rank_is_the_pseudo_inverse(shape: tuple[int, int], rank: int) -> None:
    """The rank is held: the least solution changes as that of matrices of that rank does."""
    a = drawn((shape[0], rank)) @ drawn((rank, shape[1]))
    b = drawn((shape[0], 2))
    weights = drawn((shape[1], 2))
    found = grad(lambda a, b: np.sum(weights * np.linalg.lstsq(a, b)[0]), (0, 1))(a, b)
    expected = grad(lambda a, b: np.sum(weights * (np.linalg.pinv(a, 1e-10) @ b)), (0, 1))(a, b)
    for gradient, same in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, same, rtol=1e-8, atol=1e-10)


def test_residuals_and_singular_values_of_lstsq() -> None:
    a, b = drawn((5, 2)), drawn((5, 3))
    for place in (0, 1):
        found = grad(lambda a, b: np.linalg.lstsq(a, b)[1].sum(), place)(a, b)
        expected = grad(lambda a, b: ((b - a @ (np.linalg.pinv(a) @ b)) ** 2).sum(), place)(a, b)
        np.testing.assert_allclose(found, expected, atol=1e-12)
    found = grad(lambda a: (np.linalg.lstsq(a, b)[3] ** 2).sum())(a)
    np.testing.assert_allclose(found, 2 * a, atol=1e-12)


def test_gradient_of_a_pseudo_inverse_of_a_hermitian_matrix_is_hermitian() -> None:
    a = drawn((3, 3), np.complex128)
    a = a + a.conj().T
    weights = drawn((3, 3), np.complex128)
    found = grad(lambda a: np.sum(weights * np.linalg.pinv(a, hermitian=True)).real)(a)
    np.testing.assert_allclose(found, found.conj().T, atol=1e-12)
    whole = grad(lambda a: np.sum(weights * np.linalg.inv(a)).real)(a)
    np.testing.assert_allclose(found, (whole + whole.conj().T) / 2, atol=1e-12)


# Products of many


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4)], [(3,), (3, 4)], [(3,), (3,)], [(2, 3), (3, 4), (4, 5)], [(10, 2), (2, 20), (20, 3)],
        [(3,), (3, 4), (4,)], [(3,), (3, 4), (4, 2)], [(2, 3), (3, 4), (4, 2), (2,)],
        [(5, 40), (40, 3), (3, 50), (50, 2), (2, 30)], [(2, 0), (0, 3), (3, 2)],
    ],
    ids=str,
)  # fmt: skip
def test_multi_dot_is_numpys(shapes: list[tuple[int, ...]]) -> None:
    factors = [drawn(shape) for shape in shapes]
    expected = np.linalg.multi_dot(factors)
    assert_same(np.linalg.multi_dot([tensor(x) for x in factors]), expected)
    found = np.linalg.multi_dot([live(factors[0]), *factors[1:-1], factors[-1].tolist() or factors[-1]])
    assert_same(found, expected)
    with pytest.raises(GraphError, match="out="):
        np.linalg.multi_dot([live(x) for x in factors], out=np.empty(np.shape(expected)))


@pytest.mark.parametrize("axes", [None, (0,), (0, 1), (1, 0)])
def test_tensorsolve_is_numpys(axes: Any) -> None:
    a = drawn((4, 2, 4, 2)) if axes else drawn((2, 4, 4, 2))
    b = drawn((4, 2, 4, 2)[len(axes) :][: a.ndim // 2] if axes else (2, 4))
    try:
        expected = np.linalg.tensorsolve(a, b, axes)
    except ValueError:
        with pytest.raises(ValueError, match=""):
            np.linalg.tensorsolve(live(a), b, axes)
        return
    assert_same(np.linalg.tensorsolve(live(a), b, axes), expected)
    assert_same(np.linalg.tensorsolve(a, live(b), axes=axes), expected)


# Condition numbers and ranks


@pytest.mark.parametrize("p", [None, 1, -1, 2, -2, np.inf, -np.inf, "fro"])
def test_condition_of_singular_matrices(p: Any) -> None:
    a = np.stack([np.ones((2, 2)), np.diag([1.0, 2.0]), np.zeros((2, 2)), np.diag([1.0, 0.0])])
    expected = np.linalg.cond(a, p)
    constant: Any = np.linalg.cond(tensor(a), p)
    np.testing.assert_allclose(constant.data, expected)
    x = live(a)
    found = np.linalg.cond(x, p)
    np.testing.assert_allclose(found.data, expected)
    found[1].backward()
    assert np.isfinite(x.grad.data[1]).all()
    np.testing.assert_array_equal(x.grad.data[[0, 2, 3]], 0)


def test_the_rank_has_no_gradient() -> None:
    a = live(np.stack([np.eye(3), np.ones((3, 3))]))
    assert np.array_equal(np.linalg.matrix_rank(a), [3, 1])
    assert not isinstance(np.linalg.matrix_rank(a), Tensor)


def test_all_pairs_of_outputs_and_inputs_of_slogdet_are_real_for_complex_matrices() -> None:
    a = drawn((3, 3), np.complex128)
    for weights in combinations((1.0, 0.5, -2.0), 2):
        assert gradcheck(
            lambda a, w=weights: w[0] * np.linalg.slogdet(a)[1] + w[1] * np.linalg.slogdet(a)[0].imag, a, fast_mode=True
        )


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 3, 3)])
def test_the_pseudoinverse_of_small_numbers_in_single_precision(shape: tuple[int, ...]) -> None:
    """Terms that are zero at full rank are left out: they would overflow, or leave the rounding of large ones."""
    a = drawn(shape) * 1e-13
    found = grad(lambda x: np.sum(np.linalg.pinv(x) * np.arange(1.0, 4.0, dtype=x.dtype)[:, None][: x.shape[-1]]))
    if shape[-1] == 4:
        found = grad(lambda x: np.sum(np.linalg.pinv(x) * np.arange(1.0, 5.0, dtype=x.dtype)[:, None]))
    exact = found(a.astype(np.float32).astype(np.float64))
    assert np.all(np.abs(found(a.astype(np.float32)) - exact) <= 1e-3 * np.max(np.abs(exact)))


def test_the_pseudoinverse_of_a_stack_in_which_ranks_differ() -> None:
    full, poor = drawn((3, 3)), drawn((3, 1)) @ drawn((1, 3))
    weights = drawn((3, 3))
    of_stack = grad(lambda x: np.sum(np.linalg.pinv(x, rcond=1e-10) * weights))(np.stack([full, poor]))
    assert np.allclose(of_stack[0], grad(lambda x: np.sum(np.linalg.inv(x) * weights))(full), rtol=1e-9)
    assert np.allclose(of_stack[1], grad(lambda x: np.sum(np.linalg.pinv(x, rcond=1e-10) * weights))(poor), rtol=1e-9)
