"""Ready parametrizations: weight normalization, spectral normalization and orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from autograd import BatchError, Tensor, no_grad
from autograd.extend import anywhere, as_array, borrow

from .._arguments import TensorLike
from ..module import Module
from ..modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..random import default_generator
from .parametrize import register_parametrization

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

Kind = TypeVar("Kind", bound=Module)
Array = np.ndarray[Any, Any]


class _WeightNorm(Module):
    """Direction and length of a weight as two tensors."""

    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def _norm(self, v: Any) -> Any:
        if self.dim is None or self.dim == -1:
            return np.sqrt((v * v).sum())
        kept = self.dim % v.ndim
        return np.sqrt((v * v).sum(axis=tuple(i for i in range(v.ndim) if i != kept), keepdims=True))

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        """Compute the weight of length `g` and direction `v`."""
        out: Tensor = v * (g / self._norm(v))
        return out

    def right_inverse(self, weight: TensorLike) -> tuple[Any, TensorLike]:
        """Return the length and the direction of a weight."""
        return self._norm(weight), weight


def weight_norm(module: Kind, name: str = "weight", dim: int | None = 0) -> Kind:
    """Parametrize a weight by its length and its direction: ``g * v / norm(v)``, for each output on its own.

    The parameters are ``module.parametrizations.weight.original0``, g, and ``original1``, v. The weight has the values
    that it had.

    Parameters
    ----------
    module
        The module.
    name
        The name of its parameter.
    dim
        The axis of the outputs, whose entries have a length each; None, or -1 as in PyTorch, for one length of all.

    Returns
    -------
    Module
        `module`.

    References
    ----------
    Salimans and Kingma, "Weight normalization", NeurIPS 2016.

    Examples
    --------
    >>> import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> {name: p.shape for name, p in layer.parametrizations.named_parameters()}
    {'weight.original0': (2, 1), 'weight.original1': (2, 3)}
    """
    ndim = _tensor(module, name).ndim
    if dim is not None and not -ndim <= dim < ndim:
        raise ValueError(f"weight_norm: dim should be from {-ndim} to {ndim - 1} or None, not {dim}")
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """A weight divided by an estimate of its largest singular value, from vectors that a power iteration improves."""

    _u: Any
    _v: Any

    def __init__(self, weight: Array, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps
        if weight.ndim > 1:
            matrix = self._matrix(weight)
            for name, length in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = default_generator().standard_normal(length).astype(weight.dtype)
                self.register_buffer(name, drawn / _length(drawn, eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Any) -> Any:
        return np.moveaxis(weight, self.dim, 0).reshape(weight.shape[self.dim], -1)

    def _iterate(self, matrix: Any, count: int) -> None:
        try:
            with no_grad():
                for _ in range(count):
                    for vector, product in ((self._u, matrix), (self._v, matrix.T)):
                        other = self._v if vector is self._u else self._u
                        towards = product @ as_array(borrow(other))
                        np.copyto(vector, towards / _length(towards, self.eps))
        except BatchError as error:
            raise BatchError(
                "spectral_norm improves its vectors, which all elements of the batch of vmap share, for the weight of "
                "each element: use evaluation mode, or give each element vectors of its own, as nn.functional_call "
                "does with those of nn.stack_parameters"
            ) from error

    def forward(self, weight: Tensor) -> Tensor:
        """Divide a weight by its largest singular value, and a vector by its length."""
        if weight.ndim == 1:
            of_vector: Tensor = weight / _length(weight, self.eps)
            return of_vector
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(as_array(borrow(matrix)), self.n_power_iterations)
        u, v = (as_array(borrow(vector)).copy() for vector in (self._u, self._v))  # the next iteration writes to them
        out: Tensor = weight / (u @ (matrix @ v))
        return out

    def right_inverse(self, value: TensorLike) -> TensorLike:
        """Return the weight itself."""
        return value


def spectral_norm(
    module: Kind, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Kind:
    """Divide a weight by its largest singular value, so that the layer is Lipschitz with constant 1.

    The value is estimated by power iteration, one step each time that the weight is computed in training mode. Its
    vectors are the buffers ``module.parametrizations.weight[0]._u`` and ``_v``, and constants for gradients. A weight
    of more axes is a matrix with a row for each output; a vector is divided by its length. A `checkpoint`, which
    computes the weight twice, needs evaluation mode.

    Parameters
    ----------
    module
        The module.
    name
        The name of its parameter.
    n_power_iterations
        The number of steps each time.
    eps
        The least length that a vector is divided by.
    dim
        The axis of the outputs; by default 1 for transposed convolutions, and otherwise 0.

    Returns
    -------
    Module
        `module`.

    References
    ----------
    Miyato et al., "Spectral normalization for generative adversarial networks", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(20, 10), n_power_iterations=20)
    >>> bool(abs(np.linalg.norm(layer.weight.data, 2) - 1) < 0.1)
    True
    """
    weight = _tensor(module, name)
    if dim is None:
        dim = 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0
    if not -weight.ndim <= dim < weight.ndim:
        raise ValueError(f"spectral_norm: dim should be from {-weight.ndim} to {weight.ndim - 1}, not {dim}")
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations should be 1 or more, not {n_power_iterations}")
    made = _SpectralNorm(weight, n_power_iterations, dim % weight.ndim, eps)
    return register_parametrization(module, name, made)


def _length(vector: Any, eps: float) -> Any:
    return np.maximum(np.sqrt((vector * vector).sum()), eps)


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows if it is wide: a map of a free matrix, after a fixed rotation."""

    base: Any

    def __init__(self, shape: tuple[int, ...], orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape, self.orthogonal_map, self.use_trivialization = shape, orthogonal_map, use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the orthogonal matrix of a free one."""
        wide = x.shape[-2] < x.shape[-1]
        x = x.mT if wide else x
        rows, columns = x.shape[-2:]
        if self.orthogonal_map == "householder":
            out = _reflected(x)
        else:
            lower = np.tril(x)
            if rows != columns:
                lower = np.concatenate((lower, np.zeros((*x.shape[:-1], rows - columns), x.dtype)), axis=-1)
            skew = lower - lower.mT
            out = (_exponential if self.orthogonal_map == "matrix_exp" else _cayley)(skew)[..., :columns]
        if self.use_trivialization and self.base is not None:
            out = as_array(borrow(self.base)) @ out
        found: Tensor = out.mT if wide else out
        return found

    def right_inverse(self, value: TensorLike) -> Array:
        """Return the free matrix for an orthogonal one; another is made orthogonal."""
        q = np.asarray(borrow(value))
        if q.shape != self.shape:
            raise ValueError(f"orthogonal: a tensor of shape {self.shape} cannot get values of shape {q.shape}")
        wide = q.shape[-2] < q.shape[-1]
        tall = q.swapaxes(-2, -1) if wide else q
        if not self.use_trivialization:
            free = self._without_base(tall)
            return free.swapaxes(-2, -1) if wide else free
        base = _completed(tall)
        if self.base is None:
            self.base = base
        else:
            np.copyto(self.base, base)
        return np.broadcast_to(-np.eye(*q.shape[-2:], dtype=q.dtype), q.shape)

    def _without_base(self, tall: Array) -> Array:
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f'orthogonal: with "{self.orthogonal_map}" and use_trivialization=False, a weight cannot be assigned'
            )
        found = [np.linalg.qr(matrix, mode="raw") for matrix in tall.reshape(-1, *tall.shape[-2:])]
        free = np.stack([h.T for h, _ in found]).reshape(tall.shape)
        tau = np.stack([t for _, t in found]).reshape(*tall.shape[:-2], -1)
        sign = np.sign(np.diagonal(free, axis1=-2, axis2=-1)) * np.where(tau == 0, -1, 1)
        place = np.arange(tall.shape[-1])
        free[..., place, place] = sign  # where tau is 0, LAPACK did not reflect; here each column is
        return free


def _reflected(x: Any) -> Any:
    """Return the product of the Householder reflections along the columns of a tall matrix, below its diagonal of ±1.

    Schreiber and Van Loan, "A storage-efficient WY representation for products of Householder transformations", 1989:
    the product is I - V T V', where the inverse of T has the products of columns of V above its diagonal.
    """
    eye = np.eye(*x.shape[-2:], dtype=x.dtype)
    v = np.tril(x, -1) + eye
    products = v.mT @ v
    inverse = np.triu(products) - products * (eye[: x.shape[-1]] / 2)
    signs = np.where(np.diagonal(as_array(borrow(x)), axis1=-2, axis2=-1) < 0, -1, 1).astype(x.dtype)
    return (eye - v @ np.linalg.solve(inverse, v[..., : x.shape[-1], :].mT)) * signs[..., None, :]


def _cayley(skew: Any) -> Any:
    """Return ``(1 + skew / 2) / (1 - skew / 2)``."""
    eye = np.eye(skew.shape[-1], dtype=skew.dtype)
    return np.linalg.solve(eye - skew / 2, eye + skew / 2)


_ORDER = 7
_COEFFICIENTS = [math.comb(_ORDER, j) / math.perm(2 * _ORDER, j) for j in range(_ORDER + 1)]


def _exponential(skew: Any) -> Any:
    """Return the matrix exponential, by a diagonal Padé approximant and squarings.

    That of a skew-symmetric matrix is orthogonal whatever the order. Higham, "The scaling and squaring method for the
    matrix exponential revisited", 2005, has the bound of the norm, 0.95 in double precision.
    """
    norm = np.abs(as_array(borrow(skew))).sum(axis=-2).max(axis=-1)
    squarings = 0
    while squarings < 64 and anywhere(norm > 0.95 * 2**squarings):
        squarings += 1
    x = skew / 2**squarings
    square, eye = x @ x, np.eye(skew.shape[-1], dtype=skew.dtype)
    even = odd = 0.0
    power: Any = eye
    for j in range(0, _ORDER, 2):
        even, odd = even + power * _COEFFICIENTS[j], odd + power * _COEFFICIENTS[j + 1]
        power = square @ power if j else square
    odd = x @ odd
    out = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        out = out @ out
    return out


def _completed(tall: Array) -> Array:
    """Return a square orthogonal matrix whose first columns are those of a tall one, made orthonormal."""
    rows, columns = tall.shape[-2:]
    if rows == columns:
        close = 10 * rows * np.finfo(tall.dtype).eps
        if np.allclose(tall.swapaxes(-2, -1) @ tall, np.eye(rows), atol=close):
            return tall.copy()
    drawn = default_generator().standard_normal((*tall.shape[:-1], rows - columns)).astype(tall.dtype)
    q, r = np.linalg.qr(np.concatenate((tall, drawn), axis=-1))
    orthonormal: Array = q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1, 1).astype(q.dtype)[..., None, :]
    return orthonormal


def orthogonal(
    module: Kind, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Kind:
    """Parametrize a weight so that its columns are orthonormal, or its rows if it has more columns than rows.

    A weight with more than two axes is a stack of matrices. At first it has the values that it had if these are
    orthogonal, and those of their QR decomposition otherwise.

    Parameters
    ----------
    module
        The module.
    name
        The name of its parameter, of shape ``(..., m, n)``.
    orthogonal_map
        How an orthogonal matrix is computed from a free one: ``"matrix_exp"`` and ``"cayley"``, the exponential and the
        Cayley map of a skew-symmetric matrix, or ``"householder"``, a product of reflections. By default
        ``"matrix_exp"`` for square matrices, and otherwise ``"householder"``.
    use_trivialization
        Whether the map is followed by a fixed rotation, the buffer ``module.parametrizations.weight[0].base``, from
        which it starts near the identity.

    Returns
    -------
    Module
        `module`.

    References
    ----------
    Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> w = nn.utils.parametrizations.orthogonal(nn.Linear(4, 3)).weight.data
    >>> bool(np.allclose(w @ w.T, np.eye(3), atol=1e-5))
    True
    """
    weight = _tensor(module, name)
    if weight.ndim < 2:
        raise ValueError(f"orthogonal: {name!r} should be a matrix or a stack of them, not of shape {weight.shape}")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal: orthogonal_map should be "matrix_exp", "cayley" or "householder", not {orthogonal_map!r}'
        )
    made = _Orthogonal(weight.shape, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


def _tensor(module: Module, name: str) -> Array:
    """Return the values of a parameter or buffer of a module."""
    held = getattr(module, name, None)
    if held is None:
        raise ValueError(f"{type(module).__name__} has no parameter or buffer {name!r}")
    return np.asarray(borrow(held))
