"""Distributions of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special
from scipy.linalg import eigh

from autograd import Tensor, general
from autograd.extend import innermost
from autograd.inside import TensorLike, unwrap

from ..common import in_double, is_plain, refuse_live
from ._distribution import Named, of_scipy

Array = np.ndarray[Any, Any]

_SMALL = 1e6 * float(np.finfo(float).eps)  # eigenvalues, relative to the largest, that SciPy takes for 0


class _OfVectors(Named):
    """A distribution of vectors of SciPy."""

    def _in_scipy(self, method: str, *args: Any, **options: Any) -> Any:
        """Return what SciPy returns for the values, and its errors; None within vmap, where it cannot be asked."""
        if innermost(args) is not None:
            return None
        return getattr(of_scipy(self.name), method)(*map(unwrap, args), **options)


class _MultivariateNormal(_OfVectors):
    """The normal distribution of vectors, with a covariance matrix that may be singular.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.stats import multivariate_normal
    >>> grad(multivariate_normal.logpdf)(np.array([1.0, 2.0]), cov=np.diag([1.0, 4.0]))
    array([-1. , -0.5])
    """

    name = "multivariate_normal"

    def pdf(
        self, x: TensorLike, mean: TensorLike | None = None, cov: TensorLike = 1, allow_singular: bool = False
    ) -> Tensor:
        """Return the density at `x`, of shape (..., dimension); the parameters are those of `logpdf`."""
        return np.exp(self.logpdf(x, mean, cov, allow_singular))  # type: ignore[return-value]

    def logpdf(
        self, x: TensorLike, mean: TensorLike | None = None, cov: TensorLike = 1, allow_singular: bool = False
    ) -> Tensor:
        """Return the logarithm of the density at `x`.

        Parameters
        ----------
        x
            Points, of shape (..., dimension).
        mean
            Of shape (dimension,); by default 0.
        cov
            The covariance matrix, its diagonal, or a number. The gradient is a symmetric matrix.
        allow_singular
            Whether the matrix may be singular. Its rank then counts as constant, and where x is outside of the
            subspace that the distribution is in, the result is -inf, with gradient 0.

        Raises
        ------
        ValueError, LinAlgError
            SciPy's, if shapes do not fit or if the matrix is not positive definite.
        """
        plain = is_plain(x, mean, cov)
        if plain and (allow_singular or np.asarray(cov).dtype == object):  # SciPy's own kinds of matrices
            return of_scipy(self.name).logpdf(x, mean, cov, allow_singular)
        center, matrix = _mean_and_matrix(mean, cov)
        if not allow_singular and np.ndim(unwrap(mean)) < 2 and _fit(in_double(x), center, matrix):
            if plain:
                return _density_of_arrays(in_double(x), center, matrix)
            return np.squeeze(_log_density(in_double(x), center, matrix, False))
        if plain:
            return of_scipy(self.name).logpdf(x, mean, cov, allow_singular)
        values = self._in_scipy("logpdf", x, mean, cov, allow_singular=allow_singular)
        found = _log_density(in_double(x), center, matrix, allow_singular)
        if values is None:
            return found
        return np.where(values > -np.inf, np.reshape(found, np.shape(values)), -np.inf)  # type: ignore[return-value]

    def entropy(self, mean: TensorLike | None = None, cov: TensorLike = 1) -> Tensor:
        """Return the differential entropy, which does not depend on the mean."""
        if is_plain(mean, cov):
            return of_scipy(self.name).entropy(mean, cov)
        self._in_scipy("entropy", mean, cov)
        center, matrix = _mean_and_matrix(mean, cov)
        _, log_determinant, rank = _inverted(matrix, False)
        return 0.5 * (rank * (1 + math.log(2 * math.pi)) + log_determinant) + 0 * np.sum(center)


def _mean_and_matrix(mean: Any, cov: Any) -> tuple[Any, Any]:
    """Return the mean, and the covariance matrix where it is given by its diagonal or a number."""
    cov = in_double(cov)
    dimension = cov.shape[-1] if cov.ndim else 1 if mean is None else in_double(mean).size
    mean = np.zeros(dimension) if mean is None else np.reshape(in_double(mean), (-1,))
    if cov.ndim < 2:
        cov = cov[..., None] * np.eye(dimension)
    return mean, cov


# Its gradient is the inverse, which a density needs anyway.
_log_determinant = general(
    lambda matrix, inverse: np.linalg.slogdet(matrix)[1],
    lambda g, inverse: g[..., None, None] * inverse.mT,
    lambda g, inverse: np.zeros_like(inverse),
    name="log_determinant",
)


def _fit(points: Any, center: Any, matrix: Any) -> bool:
    """Tell whether the shapes fit, and the matrix is positive definite by far: SciPy would have nothing to object to.

    It takes the eigenvalues for that, which is dearer than all that is computed here.
    """
    if innermost((points, center, matrix)) is not None or matrix.ndim != 2 or not np.all(np.isfinite(unwrap(matrix))):
        return False
    size = matrix.shape[-1]
    if matrix.shape != (size, size) or center.shape != (size,):
        return False
    if points.shape[-1:] != (size,) and (size > 1 or points.ndim > 1):  # with one dimension, each number is a point
        return False
    try:
        pivots = np.diagonal(np.linalg.cholesky(unwrap(matrix))) ** 2
    except np.linalg.LinAlgError:
        return False
    return bool(size and pivots.min() > 1e-6 * pivots.max())


def _density_of_arrays(points: Array, center: Array, matrix: Array) -> Any:
    """Return the logarithm of the density with SciPy's roundings, but without the second to import `scipy.stats`."""
    values, vectors = eigh(matrix, check_finite=False)
    if matrix.shape[-1] == 1 and points.ndim < 2:
        points = points[..., None]
    square = np.sum(np.square((points - center) @ (vectors * np.sqrt(1 / values))), axis=-1)
    return np.squeeze(-0.5 * (len(values) * math.log(2 * math.pi) + np.sum(np.log(values)) + square))[()]


def _log_density(points: Any, center: Any, matrix: Any, singular: bool) -> Any:
    inverse, log_determinant, rank = _inverted(matrix, singular)
    if matrix.shape[-1] == 1 and points.ndim < 2:
        points = points[..., None]
    deviation = points - center
    square = np.sum(deviation @ inverse * deviation, axis=-1)
    return -0.5 * (rank * math.log(2 * math.pi) + log_determinant + square)


def _inverted(matrix: Any, singular: bool) -> tuple[Any, Any, Any]:
    """Return the inverse, the logarithm of the determinant and the rank, all on the range of a symmetric matrix."""
    matrix = 0.5 * (matrix + matrix.mT)
    if not singular:
        inverse = np.linalg.inv(matrix)
        return inverse, _log_determinant(matrix, inverse), matrix.shape[-1]
    inverse = np.linalg.pinv(matrix, rcond=_SMALL, hermitian=True)
    rank = np.linalg.matrix_rank(unwrap(matrix), rtol=_SMALL, hermitian=True)
    # Beside the range the matrix is filled up with 1, which changes neither the product of the others nor derivatives.
    rest = np.eye(matrix.shape[-1]) - matrix @ inverse
    return inverse, np.linalg.slogdet(matrix + 0.5 * (rest + rest.mT))[1], rank


class _Dirichlet(_OfVectors):
    """The Dirichlet distribution of vectors of parts of 1.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.stats import dirichlet
    >>> grad(dirichlet.logpdf, 1)(np.array([0.25, 0.75]), np.array([1.0, 1.0])).round(4)
    array([-0.3863,  0.7123])
    """

    name = "dirichlet"

    def pdf(self, x: TensorLike, alpha: TensorLike) -> Tensor:
        """Return the density at `x`; the parameters are those of `logpdf`."""
        return np.exp(self.logpdf(x, alpha))  # type: ignore[return-value]

    def logpdf(self, x: TensorLike, alpha: TensorLike) -> Tensor:
        """Return the logarithm of the density.

        Parameters
        ----------
        x
            Parts of 1 along the first axis, (parts, ...); the last may be left out.
        alpha
            The concentrations, of shape (parts,).

        Raises
        ------
        ValueError
            SciPy's, if the parts do not add up to 1 or if a concentration is not positive.
        """
        if is_plain(x, alpha):
            return of_scipy(self.name).logpdf(x, alpha)
        values = self._in_scipy("logpdf", x, alpha)
        parts, powers = in_double(x), in_double(alpha)
        if parts.shape[0] == powers.shape[0] - 1:
            parts = np.concatenate([parts, 1 - np.sum(parts, axis=0, keepdims=True)])
        scale = special.gammaln(np.sum(powers)) - np.sum(special.gammaln(powers))
        column = np.reshape(powers - 1, (-1,) + (1,) * (parts.ndim - 1))
        found: Tensor = scale + np.sum(special.xlogy(column, parts), axis=0)
        return found if values is None else np.reshape(found, np.shape(values))  # type: ignore[return-value]


class _Multinomial(_OfVectors):
    """The distribution of counts of the outcomes of ``n`` trials, with probabilities ``p``.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.stats import multinomial
    >>> grad(multinomial.logpmf, 2)([1, 2], 3, np.array([0.25, 0.75])).round(4)
    array([4.    , 2.6667])
    """

    name = "multinomial"

    def pmf(self, x: TensorLike, n: TensorLike, p: TensorLike) -> Tensor:
        """Return the probability of `x`; the parameters are those of `logpmf`."""
        return np.exp(self.logpmf(x, n, p))  # type: ignore[return-value]

    def logpmf(self, x: TensorLike, n: TensorLike, p: TensorLike) -> Tensor:
        """Return the logarithm of the probability of counts.

        Parameters
        ----------
        x
            Counts, of shape (..., outcomes); they add up to `n`, else the result is -inf, with gradient 0.
        n
            The number of trials.
        p
            The probabilities, of shape (..., outcomes). Each counts as a variable of its own, which is right for those
            that some parametrization makes add up to 1; where they do not, SciPy takes the last for what is left.

        Raises
        ------
        GraphError
            If `x` or `n`, which are integers, require a gradient.
        """
        refuse_live("multinomial.logpmf", "it is an integer; pass t.detach()", x=x, n=n)
        if is_plain(x, n, p):
            return of_scipy(self.name).logpmf(x, n, p)
        self._in_scipy("logpmf", x, n, p)
        with np.errstate(all="ignore"):
            return _multinomial_logpmf(unwrap(in_double(x)), unwrap(in_double(n)), in_double(p))


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    total, head = unwrap(p).sum(axis=-1, keepdims=True), p[..., :-1]
    left = 1 - np.sum(head, axis=-1, keepdims=True)
    exact = np.abs(1 - total) <= 10 * float(np.finfo(float).eps)
    p = np.concatenate([head, np.where(exact, p[..., -1:], left)], axis=-1)
    fits = np.all((x >= 0) & (x == np.floor(x)), axis=-1) & (x.sum(axis=-1) == n)
    valid = np.all((unwrap(p) >= 0) & (unwrap(p) <= 1), axis=-1) & (n >= 0)
    terms = special.xlogy(x, p) - special.gammaln(x + 1)
    found = special.gammaln(n + 1) + np.sum(terms, axis=-1)
    return np.where(valid, np.where(fits & (unwrap(found) != -np.inf), found, -np.inf), np.nan)


multivariate_normal, dirichlet, multinomial = _MultivariateNormal(), _Dirichlet(), _Multinomial()
