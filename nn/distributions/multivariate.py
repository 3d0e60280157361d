"""Normal distributions of vectors: with any covariance, and with a diagonal one to which a few directions are added."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import TensorLike
from . import constraints
from ._formulas import formula
from .constraints import Constraints
from .distribution import Generator
from .real import Located

__all__ = ["LowRankMultivariateNormal", "MultivariateNormal", "half_log_det", "whitened"]

LOG_2PI = math.log(2 * math.pi)


def half_log_det(tril: Tensor) -> Any:
    """Return half of the logarithm of the determinant of a covariance, given its Cholesky factor."""
    return np.sum(np.log(np.diagonal(tril, axis1=-2, axis2=-1)), axis=-1)


def whitened(tril: Tensor, difference: Tensor) -> Any:
    """Return the solution of ``tril @ x = difference`` for vectors along the last axis."""
    if tril.ndim > 2:
        return np.linalg.solve(tril, difference[..., None])[..., 0]
    rows = difference.reshape(-1, difference.shape[-1])  # of one matrix, which is factored once
    return np.linalg.solve(tril, rows.T).T.reshape(difference.shape)


class MultivariateNormal(Located):
    """The normal distribution of vectors of ``n`` numbers.

    Parameters
    ----------
    loc
        Shape ``(..., n)``: the mean.
    covariance_matrix, precision_matrix, scale_tril
        Shape ``(..., n, n)``; one of the three is given: the covariance, its inverse, or its lower Cholesky factor,
        with which the others are computed.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import MultivariateNormal
    >>> p = MultivariateNormal(np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> p.scale_tril.round(4)
    array([[1.4142, 0.    ],
           [0.7071, 1.2247]])
    >>> round(float(p.log_prob(np.array([1.0, 1.0]))), 4)
    -2.7205
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    scale_tril: Any

    def __init__(
        self,
        loc: TensorLike,
        covariance_matrix: TensorLike | None = None,
        precision_matrix: TensorLike | None = None,
        scale_tril: TensorLike | None = None,
        validate_args: bool | None = None,
    ) -> None:
        matrices: dict[str, Any] = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(
                f"MultivariateNormal takes one of covariance_matrix, precision_matrix and scale_tril, but was given "
                f"{' and '.join(given) or 'none'}"
            )
        ((name, matrix),) = given.items()
        shape = np.shape(matrix)
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise ShapeError(f"MultivariateNormal: {name} should be a square matrix, not of shape {shape}")
        self._set(validate_args, loc=loc, **given)
        matrix, n = self.__dict__.pop(name), self.loc.shape[-1]
        if matrix.shape[-1] != n:
            raise ShapeError(
                f"MultivariateNormal: loc of shape {self.loc.shape} has vectors of {n} numbers, for which {name} "
                f"should be of shape (..., {n}, {n}), not {matrix.shape}"
            )
        self._names, self._event_shape = ("loc", "scale_tril"), (n,)
        if name == "scale_tril":
            self.scale_tril = np.tril(matrix)  # what is above the diagonal has no gradient
        elif name == "precision_matrix":  # the factor of the inverse, from that of rows and columns in reverse order
            upper = np.linalg.cholesky(matrix[..., ::-1, ::-1])[..., ::-1, ::-1]
            eye = np.eye(matrix.shape[-1], dtype=matrix.dtype)
            self.scale_tril = np.tril(np.linalg.solve(np.swapaxes(upper, -1, -2), eye))
        else:
            self.scale_tril = np.linalg.cholesky(matrix)

    covariance_matrix = formula(lambda self: self.scale_tril @ np.swapaxes(self.scale_tril, -1, -2), "The covariance.")
    precision_matrix = formula(lambda self: np.linalg.inv(self.covariance_matrix), "The inverse of the covariance.")
    variance = formula(lambda self: np.sum(self.scale_tril * self.scale_tril, axis=-1), "The variance of each number.")
    _entropy = formula(lambda self: half_log_det(self.scale_tril) + 0.5 * (1 + LOG_2PI) * self.event_shape[0])

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_normal", shape, generator)
        return self.loc + (self.scale_tril @ noise[..., None])[..., 0]

    def _log_prob(self, value: Any) -> Any:
        white = whitened(self.scale_tril, value - self.loc)
        return -0.5 * (np.sum(white * white, axis=-1) + LOG_2PI * self.event_shape[0]) - half_log_det(self.scale_tril)


class LowRankMultivariateNormal(Located):
    """The normal distribution of vectors whose covariance is ``cov_factor @ cov_factor.T + diag(cov_diag)``.

    Densities take solutions with matrices of the rank alone, by the Woodbury identity.

    Parameters
    ----------
    loc
        Shape ``(..., n)``: the mean.
    cov_factor
        Shape ``(..., n, rank)``.
    cov_diag
        Shape ``(..., n)``, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import LowRankMultivariateNormal
    >>> p = LowRankMultivariateNormal(np.zeros(2), np.ones((2, 1)), np.ones(2))
    >>> p.covariance_matrix
    array([[2., 1.],
           [1., 2.]])
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    cov_factor: Any
    cov_diag: Any

    def __init__(
        self, loc: TensorLike, cov_factor: TensorLike, cov_diag: TensorLike, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, loc=loc, cov_factor=cov_factor, cov_diag=cov_diag)
        self._event_shape = self.loc.shape[-1:]
        (n,) = self._event_shape
        if self.cov_factor.shape[-2] != n or self.cov_diag.shape[-1] != n:
            raise ShapeError(
                f"LowRankMultivariateNormal: loc of shape {self.loc.shape} has vectors of {n} numbers, for which "
                f"cov_factor should be of shape (..., {n}, rank) and cov_diag (..., {n}), not {self.cov_factor.shape} "
                f"and {self.cov_diag.shape}"
            )

    variance = formula(
        lambda self: np.sum(self.cov_factor * self.cov_factor, axis=-1) + self.cov_diag, "The variance of each number."
    )

    @property
    def covariance_matrix(self) -> Tensor:
        """The covariance."""
        eye = np.eye(self.event_shape[0], dtype=self._dtype)
        return self.cov_factor @ np.swapaxes(self.cov_factor, -1, -2) + self.cov_diag[..., None] * eye

    scale_tril = formula(
        lambda self: np.linalg.cholesky(self.covariance_matrix), "The lower Cholesky factor of the covariance."
    )
    precision_matrix = formula(lambda self: np.linalg.inv(self.covariance_matrix), "The inverse of the covariance.")

    @property
    def _capacitance(self) -> Any:
        """The Cholesky factor of 1 + W' D^-1 W, of the rank."""
        scaled = np.swapaxes(self.cov_factor, -1, -2) / self.cov_diag[..., None, :]
        rank = self.cov_factor.shape[-1]
        return np.linalg.cholesky(scaled @ self.cov_factor + np.eye(rank, dtype=self._dtype))

    half_log_det = formula(
        lambda self: half_log_det(self._capacitance) + 0.5 * np.sum(np.log(self.cov_diag), axis=-1),
        "Half of the logarithm of the determinant of the covariance.",
    )
    _entropy = formula(lambda self: self.half_log_det + 0.5 * (1 + LOG_2PI) * self.event_shape[0])

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        rows = self._noise("standard_normal", shape[:-1] + self.cov_factor.shape[-1:], generator)
        noise = self._noise("standard_normal", shape, generator)
        return self.loc + (self.cov_factor @ rows[..., None])[..., 0] + np.sqrt(self.cov_diag) * noise

    def _log_prob(self, value: Any) -> Any:
        difference = value - self.loc
        scaled = difference / self.cov_diag
        inner = (np.swapaxes(self.cov_factor, -1, -2) @ scaled[..., None])[..., 0]
        white = whitened(self._capacitance, inner)
        distance = np.sum(difference * scaled, axis=-1) - np.sum(white * white, axis=-1)
        return -0.5 * (distance + LOG_2PI * self.event_shape[0]) - self.half_log_det
