"""What is special to decompositions: which triangle is read, equal values, deficient ranks, wide and tall matrices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    DerivativeError,
    Tensor,
    UnsupportedError,
    as_tensor,
    grad,
    gradcheck,
    gradgradcheck,
    sparsity,
    tensor,
    vmap,
)
from autograd.ops import decompositions

RANDOM = np.random.default_rng(0)
Array = np.ndarray[Any, Any]
DTYPES = [np.float32, np.float64, np.complex64, np.complex128]
LinAlgError = np.linalg.LinAlgError
NOT_KNOWN: Any = "X"


def drawn(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    x = RANDOM.normal(size=shape)
    return np.asarray(x + 1j * RANDOM.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def adjoint(x: Any) -> Any:
    return np.conjugate(x.mT)


def hermitian(x: Any) -> Any:
    return (x + adjoint(x)) / 2


def positive(shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
    x = drawn(shape, dtype)
    return np.asarray(x @ adjoint(x) + np.eye(shape[-1], dtype=dtype))


def with_values(values: Any, dtype: Any = np.float64) -> Array:
    """Return a Hermitian matrix with these eigenvalues."""
    v = np.linalg.qr(drawn((len(values), len(values)), dtype))[0]
    return np.asarray((v * values) @ adjoint(v))


def live(x: Any) -> Any:
    return tensor(x, requires_grad=True)


SQUARE = [(3, 3), (2, 3, 3), (0, 0), (2, 0, 0), (0, 3, 3), (1, 1), (2, 1, 2, 2)]
ANY = [*SQUARE, (4, 2), (2, 4), (2, 3, 1), (3, 0), (0, 3), (2, 3, 2)]
CALLS: list[tuple[Callable[..., Any], Any, list[tuple[int, ...]]]] = [
    (np.linalg.cholesky, positive, SQUARE),
    (lambda a: np.linalg.cholesky(a, upper=True), positive, SQUARE),
    (np.linalg.eigh, drawn, SQUARE),
    (lambda a: np.linalg.eigh(a, "U"), drawn, SQUARE),
    (lambda a: np.linalg.eigh(a, UPLO="u"), drawn, SQUARE),
    (np.linalg.eigvalsh, drawn, SQUARE),
    (lambda a: np.linalg.eigvalsh(a, UPLO="U"), drawn, SQUARE),
    (np.linalg.eig, drawn, SQUARE),
    (np.linalg.eig, positive, SQUARE),
    (np.linalg.eigvals, drawn, SQUARE),
    (np.linalg.eigvals, positive, SQUARE),
    (np.linalg.svd, drawn, ANY),
    (lambda a: np.linalg.svd(a, False), drawn, ANY),
    (lambda a: np.linalg.svd(a, compute_uv=False), drawn, ANY),
    (lambda a: np.linalg.svd(a, hermitian=True), drawn, SQUARE),
    (lambda a: np.linalg.svd(a, False, False, True), drawn, SQUARE),
    (np.linalg.svdvals, drawn, ANY),
    (np.linalg.qr, drawn, ANY),
    (lambda a: np.linalg.qr(a, "complete"), drawn, ANY),
    (lambda a: np.linalg.qr(a, mode="r"), drawn, ANY),
]


@pytest.mark.one_in(6)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "draw", "shape"), [(f, d, shape) for f, d, shapes in CALLS for shape in shapes])
def test_values_are_numpys(function: Callable[..., Any], draw: Any, shape: tuple[int, ...], dtype: Any) -> None:
    x = draw(shape, dtype)
    expected = function(x)
    for found in (function(tensor(x)), function(live(x))):
        assert isinstance(found, tuple) == isinstance(expected, tuple)
        assert getattr(found, "_fields", None) == getattr(expected, "_fields", None)
        pairs = zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]
        for part, same in pairs:
            assert isinstance(part, Tensor)
            np.testing.assert_array_equal(part.data, same, strict=True)


def test_arguments_are_taken_by_name() -> None:
    w, v = map(as_tensor, np.linalg.eigh(a=live([[2.0, 1.0], [1.0, 2.0]]), UPLO="L"))
    np.testing.assert_allclose(w.data, [1, 3])
    assert v.requires_grad


# Hermitian matrices


FUNCTIONS_OF_HERMITIAN: list[Callable[[Any], Any]] = [
    lambda a: np.linalg.cholesky(a),
    lambda a: np.linalg.cholesky(a, upper=True),
    lambda a: np.linalg.eigvalsh(a),
    lambda a: np.linalg.eigvalsh(a, "U"),
    lambda a: np.absolute(np.linalg.eigh(a)[1]),
    lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True),
]


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("function", FUNCTIONS_OF_HERMITIAN)
def test_the_gradient_is_hermitian_and_that_of_the_hermitian_part(function: Callable[[Any], Any], dtype: Any) -> None:
    a = positive((3, 3), dtype)
    weights = drawn(np.shape(function(a)), dtype)
    found = grad(lambda a: np.sum(weights * function(a)).real)(a)
    np.testing.assert_allclose(found, adjoint(found), atol=1e-12)
    assert gradcheck(lambda a: function(hermitian(a)), a, fast_mode=True)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_one_triangle_is_read(dtype: Any) -> None:
    a = positive((3, 3), dtype)
    cases: list[Any] = [
        (True, np.linalg.cholesky), (False, lambda a: np.linalg.cholesky(a, upper=True)),
        (True, np.linalg.eigvalsh), (False, lambda a: np.linalg.eigvalsh(a, "U")),
    ]  # fmt: skip
    for lower, function in cases:
        one = np.where(np.tri(3, k=0 if lower else -1, dtype=bool) == lower, a, 77)
        np.testing.assert_array_equal(function(live(one)).data, function(a))


def test_what_is_not_positive_definite_raises_numpys_error() -> None:
    with pytest.raises(LinAlgError, match="not positive definite"):
        np.linalg.cholesky(live(-np.eye(2)))
    for function in (np.linalg.eigh, np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals, np.linalg.cholesky):
        with pytest.raises(LinAlgError, match="square"):
            function(live(np.ones((2, 3))))
    with pytest.raises(ValueError, match="UPLO"):
        np.linalg.eigh(live(np.eye(2)), NOT_KNOWN)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("upper", [False, True])
def test_the_gradient_by_triangular_systems_is_that_by_an_inverse(
    upper: bool, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both orders, for single matrices, stacks and batches; the first is taken for large matrices."""
    for shape in ((5, 5), (2, 3, 4, 4), (0, 3, 3), (1, 1), (0, 0)):
        a, weights = positive(shape, dtype), drawn(shape, dtype)

        def slope(a: Any, weights: Any = weights) -> Any:
            def total(a: Any) -> Any:
                return np.sum(weights * np.sin(np.linalg.cholesky(a, upper=upper))).real

            return grad(total)(a)

        found = {}
        for large in (1, 1000):
            monkeypatch.setattr(decompositions, "_LARGE", large)
            second = grad(lambda a: np.sum(np.abs(slope(a)) ** 2))
            found[large] = [slope(a), second(a)]
            if len(shape) > 2:
                found[large].append(vmap(slope)(a, weights))
        eps = np.finfo(dtype).eps
        for x, y in zip(found[1], found[1000], strict=True):
            assert x.dtype == y.dtype == dtype
            np.testing.assert_allclose(x, y, rtol=0, atol=200 * eps * np.abs(y).max(initial=0))


def test_large_matrices_take_triangular_systems_where_scipy_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    systems: Any = decompositions._triangular_systems()
    calls: list[int] = []
    congruence = systems.congruence

    def counted(factor: Any, product: Any) -> Any:
        calls.append(len(factor))
        return congruence(factor, product)

    monkeypatch.setattr(systems, "congruence", counted)
    slope = grad(lambda a: np.sum(np.linalg.cholesky(a)))
    slope(positive((8, 8)))
    assert not calls
    found = slope(a := positive((64, 64)))
    assert calls == [64]
    sparsity(grad(lambda x: np.sum(np.linalg.cholesky(np.diag(x)))))(np.arange(1.0, 65.0))  # would warn of SciPy's
    assert calls == [64]
    monkeypatch.setattr(decompositions, "_triangular_systems", lambda: None)
    np.testing.assert_allclose(found, slope(a), rtol=0, atol=1e-12 * np.abs(found).max())


# Equal values

TIED = [np.eye(3), 0 * np.eye(3), np.diag([2.0, 2.0, 5.0]), with_values([1.0, 1.0, 4.0, 4.0]), np.ones((3, 3)),
        with_values([3.0, 3.0, -1.0], np.complex128), np.eye(3) + 1e-13 * np.diag([0.0, 1.0, 2.0])]  # fmt: skip


@pytest.mark.parametrize("a", TIED, ids=str)
@pytest.mark.parametrize("values", [np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[0], lambda a: np.linalg.eig(a)[0],
                                    np.linalg.eigvals])  # fmt: skip
def test_symmetric_functions_of_equal_eigenvalues(values: Callable[..., Any], a: Array) -> None:
    """The sum of the cubes of the eigenvalues is the trace of the cube."""
    found = grad(lambda a: np.sum(values(a) ** 3).real)(a)
    np.testing.assert_allclose(found, 3 * adjoint(a @ a), atol=1e-9)


@pytest.mark.parametrize("a", TIED, ids=str)
def test_symmetric_functions_of_equal_singular_values(a: Array) -> None:
    for values in (np.linalg.svdvals, lambda a: np.linalg.svd(a)[1], lambda a: np.linalg.svd(a, hermitian=True)[1]):
        found = grad(lambda a, values=values: np.sum(values(a) ** 2))(a)
        np.testing.assert_allclose(found, 2 * a, atol=1e-9)
        found = grad(lambda a, values=values: np.sum(values(a) ** 4))(a)
        np.testing.assert_allclose(found, 4 * a @ adjoint(a) @ a, atol=1e-9)


@pytest.mark.parametrize("a", [np.eye(3), np.diag([2.0, 2.0, 5.0]), np.ones((3, 3))], ids=str)
def test_functions_of_equal_values_and_their_vectors_warn(a: Array) -> None:
    """What an element of the square root adds up to at the identity cannot be seen from values and vectors."""
    weights = drawn((3, 3))

    def root(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum(weights * ((v * np.sqrt(w + 1)) @ v.mT))

    def again(a: Any) -> Any:
        u, s, vh = np.linalg.svd(a)
        return np.sum(weights * ((u * s) @ vh))

    for function in (root, again):
        with pytest.warns(RuntimeWarning, match=r"are equal.*lacks a part.*diag\(arange\(n\)\)"):
            grad(function)(a)
    apart = np.diag(np.arange(3) * 1e-6)
    np.testing.assert_allclose(grad(again)(a + apart), weights, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_gradients_of_one_of_several_equal_values_are_shared(dtype: Any) -> None:
    a = with_values([5.0, 2.0, 5.0, 1.0], dtype)
    v = np.linalg.eigh(a)[1][:, 2:]
    expected = v @ adjoint(v) / 2
    for values in (
        np.linalg.eigvalsh,
        lambda a: np.linalg.eigh(a)[0],
        np.linalg.svdvals,
        lambda a: np.linalg.svd(a)[1],
    ):
        found = grad(lambda a, values=values: np.max(values(a)))(a)
        np.testing.assert_allclose(found, expected, atol=1e-12)
    found = grad(lambda a: np.max(np.linalg.eigvals(a).real))(a)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def tied_projection(v: Any) -> Any:
    return v[..., :2] @ adjoint(v[..., :2])


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_projections_on_tied_vectors(dtype: Any) -> None:
    """They are differentiable, though each vector by itself is not."""
    a = with_values([2.0, 2.0, 5.0, 7.0], dtype)
    assert gradcheck(lambda a: tied_projection(np.linalg.eigh(hermitian(a))[1]), a, fast_mode=True)
    assert gradcheck(lambda a: tied_projection(np.linalg.svd(a, hermitian=False)[0][..., 2:]), a, fast_mode=True)

    def of_eig(a: Any) -> Any:
        w, v = np.linalg.eig(a)
        chosen = (abs(w.data if isinstance(w, Tensor) else w) < 3).astype(float)
        return ((v * chosen) @ np.linalg.inv(v)).real

    assert gradcheck(of_eig, a, atol=1e-4, fast_mode=True)


@pytest.mark.parametrize("a", [*TIED[2:4], TIED[5], np.eye(3), 2 * np.eye(3, 2), np.eye(2, 3), -np.eye(3)], ids=str)
def test_the_polar_factor_of_equal_singular_values(a: Array) -> None:
    def polar(a: Any) -> Any:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return u @ vh

    assert gradcheck(polar, a, fast_mode=True)


def test_second_derivatives_of_a_value_apart_from_equal_others() -> None:
    a = with_values([1.0, 1.0, 1.0, 4.0])
    assert gradgradcheck(lambda a: np.linalg.eigvalsh(hermitian(a))[-1], a, fast_mode=True)
    assert gradgradcheck(lambda a: np.linalg.svdvals(a)[0], a, fast_mode=True)
    assert gradgradcheck(lambda a: np.linalg.norm(a, 2), a, fast_mode=True)


@pytest.mark.parametrize("a", [np.eye(3), np.zeros((3, 3)), np.ones((3, 3))], ids=str)
def test_gradients_are_finite_where_values_are_equal(a: Array) -> None:
    for function in (
        lambda a: np.linalg.eigh(a)[1], lambda a: np.linalg.svd(a)[0], lambda a: np.linalg.svd(a)[2],
        lambda a: np.linalg.svd(a[:2], False)[2], lambda a: np.linalg.svd(a[:, :2])[0], lambda a: np.linalg.eig(a)[1],
    ):  # fmt: skip
        assert np.isfinite(grad(lambda a, f=function: np.sum(f(a) ** 2 * a[0, 0]).real)(a)).all()


# General matrices


def test_eigenvalues_of_a_rotation_are_complex_and_its_gradient_real() -> None:
    a = np.array([[0.6, -0.8], [0.8, 0.6]])
    w = np.linalg.eigvals(live(a))
    assert w.dtype == np.complex128
    np.testing.assert_allclose(np.sort(w.data), [0.6 - 0.8j, 0.6 + 0.8j])
    found = grad(lambda a: np.sum(np.linalg.eigvals(a) ** 3).real)(a)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 3 * (a @ a).T)
    np.testing.assert_allclose(grad(lambda a: abs(np.linalg.eigvals(a)[0]))(a), np.linalg.inv(a).T / 2)  # root of det


def test_eigenvectors_keep_their_length() -> None:
    for a in (drawn((4, 4)), drawn((4, 4), np.complex128)):
        found = grad(lambda a: np.sum(np.absolute(np.linalg.eig(a)[1]) ** 2))(a)
        np.testing.assert_allclose(found, np.zeros((4, 4)), atol=1e-10)


@pytest.mark.parametrize(
    "a",
    [
        np.array([[0.5, -0.7], [0.8, 0.6]]),
        np.array([[0.0, -1.0, 0.3], [1.0, 0.0, 0.1], [0.2, 0.0, 3.0]]),
        drawn((4, 4), np.complex128),
    ],
    ids=str,
)
def test_complex_eigenvectors_as_they_are(a: Array) -> None:
    """The greatest component of each is real, so that there is nothing arbitrary."""
    assert gradcheck(lambda a: np.linalg.eig(a)[1], a, fast_mode=True)
    assert gradgradcheck(lambda a: np.linalg.eig(a)[1], a, fast_mode=True)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.linalg.eigh(hermitian(a))[1][1, 1].real,
        lambda a: np.linalg.svd(a)[0][1, 1].imag,
        lambda a: np.sum(np.linalg.svd(a, False)[2] ** 2).real,
    ],
)
def test_what_depends_on_arbitrary_phases_has_no_derivative(function: Any) -> None:
    with pytest.warns(RuntimeWarning, match="depends on the phases of complex vectors, which are arbitrary"):
        function(live(drawn((3, 3), np.complex128))).backward()


def test_trace_of_a_matrix_without_a_basis_of_eigenvectors() -> None:
    a = np.array([[1.0, 1.0], [0.0, 1.0]])
    np.testing.assert_allclose(grad(lambda a: np.sum(np.linalg.eigvals(a)).real)(a), np.eye(2), atol=1e-7)


def test_dependent_eigenvectors_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """LAPACK finds such of some matrices; of which, depends on its version."""
    w = np.linalg.eigvals(live(np.ones((2, 2))))
    monkeypatch.setattr(np.linalg, "eig", lambda a: (w, np.ones((2, 2))))
    with pytest.raises(DerivativeError, match=r"'eigvals', recorded at .*not independent.*eigh"):
        w[0].real.backward()


# Singular vectors


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_the_orthogonal_complement_is_the_rest_of_the_identity(shape: tuple[int, int], dtype: Any) -> None:
    """Full bases: what the further vectors project on changes as what is left by the first ones."""
    a = drawn(shape, dtype)
    k = min(shape)
    for place, side in ((0, shape[0]), (2, shape[1])):
        weights = hermitian(drawn((side, side), dtype))

        def further(a: Any, place: int = place, weights: Any = weights) -> Any:
            vectors = np.linalg.svd(a)[place]
            vectors = vectors if place == 0 else adjoint(vectors)
            return np.sum(weights * (vectors[:, k:] @ adjoint(vectors[:, k:]))).real

        def rest(a: Any, place: int = place, weights: Any = weights, side: int = side) -> Any:
            vectors = np.linalg.svd(a, full_matrices=False)[place]
            vectors = vectors if place == 0 else adjoint(vectors)
            return np.sum(weights * (np.eye(side) - vectors @ adjoint(vectors))).real

        np.testing.assert_allclose(grad(further)(a), grad(rest)(a), atol=1e-10)


def test_reconstruction_is_the_identity() -> None:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 3)):
        for dtype in (np.float64, np.complex128):
            a, weights = drawn(shape, dtype), drawn(shape, dtype)
            for full in (False, True):

                def again(a: Any, full: bool = full, weights: Any = weights) -> Any:
                    u, s, vh = np.linalg.svd(a, full)
                    k = s.shape[-1]
                    return np.sum(weights * ((u[..., :k] * s[..., None, :]) @ vh[..., :k, :])).real

                np.testing.assert_allclose(grad(again)(a), np.conj(weights), atol=1e-10)


# Orthogonal and triangular


@pytest.mark.parametrize("mode", ["reduced", "complete"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 3), (3, 1)], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_q_times_r_is_the_identity(shape: tuple[int, ...], dtype: Any, mode: Any) -> None:
    a, weights = drawn(shape, dtype), drawn(shape, dtype)

    def again(a: Any) -> Any:
        q, r = np.linalg.qr(a, mode)
        return np.sum(weights * (q @ r)).real

    np.testing.assert_allclose(grad(again)(a), np.conj(weights), atol=1e-10)


def test_r_is_a_factor_of_cholesky() -> None:
    a = drawn((4, 3))

    def by_cholesky(a: Any) -> Any:
        return np.linalg.cholesky(a.mT @ a, upper=True)

    signs = np.sign(np.diag(np.linalg.qr(a)[1]))[:, None]
    weights = drawn((3, 3))
    found = grad(lambda a: np.sum(weights * signs * np.linalg.qr(a, mode="r")))(a)
    np.testing.assert_allclose(found, grad(lambda a: np.sum(weights * by_cholesky(a)))(a), atol=1e-10)


def test_reflections_have_no_derivative() -> None:
    a = drawn((3, 2))
    with pytest.raises(UnsupportedError, match=r"qr\(mode='raw'\).*'reduced'"):
        np.linalg.qr(live(a), "raw")
    for part, same in zip(np.linalg.qr(tensor(a), "raw"), np.linalg.qr(a, "raw"), strict=True):
        assert isinstance(part, Tensor)
        np.testing.assert_array_equal(part.data, same)
    for values in (a, tensor(a), live(a)):
        with pytest.raises(ValueError, match="mode"):
            np.linalg.qr(values, NOT_KNOWN)


def test_dependent_columns_have_no_derivative() -> None:
    """It is nan, but of what is not used it is 0."""
    a = np.stack([np.ones((3, 2)), drawn((3, 2)) * [1, 1e-30]])
    with pytest.warns(RuntimeWarning, match="has nan"):
        found = grad(lambda a: np.sum(np.linalg.qr(a)[0] ** 3))(a)
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[1]).all()
    found = grad(lambda a: np.sum(np.linalg.qr(a)[0][1] ** 3))(a)
    assert np.array_equal(found[0], np.zeros((3, 2)))
    assert found[1].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_of_r_have_no_gradient_to_pass_on(dtype: Any) -> None:
    """What a large matrix would multiply there cancels only up to rounding."""
    a, weights = 1e6 * drawn((4, 3), dtype), 1e-6 * drawn((3, 3), dtype)

    def loss(below: float) -> Callable[[Any], Any]:
        return lambda x: np.sum(np.real(np.linalg.qr(x)[1] * (np.triu(weights) + np.tril(np.full((3, 3), below), -1))))

    assert np.array_equal(grad(loss(0.0))(a), grad(loss(3.0))(a))
