"""Distances of vectors: cosine similarity, and norms of differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import anywhere, borrow

from .._arguments import TensorLike, example
from ._kernels.loss_operands import check_positive
from ._kernels.operands import as_real, in_single


@example(
    "F.cosine_similarity(np.array([[3.0, 4.0]]), np.array([[6.0, 8.0], [-3.0, 4.0]])).round(4)", "array([1.  , 0.28])"
)
@in_single
def cosine_similarity(x1: TensorLike, x2: TensorLike, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return the cosine of the angle between vectors: their dot product divided by their norms.

    Parameters
    ----------
    x1, x2
        Arrays of vectors along an axis. Other axes broadcast.
    dim
        The axis, in the shape that both broadcast to. A scalar has the axis 0: it counts as a vector of one element.
    eps
        The smallest norm to divide by.

    Raises
    ------
    ShapeError
        If the vectors have different lengths, or the other axes do not fit.
    """
    check_positive("cosine_similarity", "eps", eps, zero=True)
    x1 = as_real("cosine_similarity", "x1", x1)
    x2 = as_real("cosine_similarity", "x2", x2, x1.dtype)
    shape = _together("cosine_similarity", x1, x2)
    if not shape and dim in (0, -1):
        x1, x2, shape = x1.reshape(1), x2.reshape(1), (1,)
    if not -len(shape) <= dim < len(shape):
        raise ShapeError(f"cosine_similarity has dim={dim}, but x1 of shape {x1.shape} and x2 of shape {x2.shape}")
    axis = dim % len(shape) - len(shape)
    _check_lengths("cosine_similarity", x1, x2, axis)
    return (divided_by_length(x1, 2, axis, eps) * divided_by_length(x2, 2, axis, eps)).sum(axis=axis)


@example("F.pairwise_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).round(4)", "array([5.])")
@in_single
def pairwise_distance(
    x1: TensorLike, x2: TensorLike, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Return the norm of ``x1 - x2 + eps`` along the last axis.

    Parameters
    ----------
    x1, x2
        Vectors, of shape ``(n, d)`` or ``(d,)``. Leading axes broadcast.
    p
        The order of the norm: ``(sum |d|**p) ** (1/p)``, the largest ``|d|`` for ``inf``.
    eps
        Added to each difference, so that the gradient for equal vectors is not that of a norm of 0.
    keepdim
        Whether the last axis stays, with length 1.

    Raises
    ------
    ShapeError
        If the vectors have different lengths, or the leading axes do not fit.
    """
    x1 = as_real("pairwise_distance", "x1", x1)
    x2 = as_real("pairwise_distance", "x2", x2, x1.dtype)
    if not _together("pairwise_distance", x1, x2):
        raise ShapeError("pairwise_distance has x1 and x2 of shape (), but needs vectors along the last axis")
    _check_lengths("pairwise_distance", x1, x2, -1)
    return np.linalg.norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdim)


def _together(name: str, x1: Any, x2: Any) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(x1.shape, x2.shape)
    except ValueError:
        raise ShapeError(f"{name} has x1 of shape {x1.shape} and x2 of shape {x2.shape}, which do not fit") from None


def _check_lengths(name: str, x1: Any, x2: Any, axis: int) -> None:
    """Raise unless the vectors of both lie along the axis, and have the same length."""
    lengths = [x.shape[axis] if x.ndim >= -axis else None for x in (x1, x2)]
    if lengths[0] != lengths[1]:
        raise ShapeError(
            f"{name} has x1 of shape {x1.shape} and x2 of shape {x2.shape}: vectors lie along the axis {axis}, and "
            f"should have the same length in both"
        )


def shrunk(x: Tensor, axis: int | tuple[int, ...]) -> Any:
    """Divide vectors by the greatest of their elements, unless that is infinite, or small."""
    greatest = np.max(np.abs(borrow(x)), axis=axis, keepdims=True, initial=0)
    return x / np.where((greatest > 1) & np.isfinite(greatest), greatest, 1)


def divided_by_length(x: Tensor, p: float, axis: int | tuple[int, ...], eps: float) -> Any:
    """Divide vectors by their p-norms, or by eps where that is larger; zeros stay zeros, with a finite gradient."""
    norm: Any = np.linalg.norm if isinstance(axis, int) else np.linalg.vector_norm
    length = norm(x, axis=axis, keepdims=True, ord=p)
    if anywhere(np.isinf(borrow(length))):
        x = shrunk(x, axis)
        length = norm(x, axis=axis, keepdims=True, ord=p)
    return x / np.maximum(length, eps)
