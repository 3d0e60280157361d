"""Products of matrices and vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, wrapped


def matmul(x1: TensorLike, x2: TensorLike, /) -> Tensor:
    """Return the products of matrices, or of matrices and a vector."""
    return wrapped(np.matmul(x1, x2))


def matrix_transpose(x: ArrayOrTensor, /) -> Tensor:
    """Transpose the matrices in the last two axes."""
    return wrapped(np.matrix_transpose(as_array(x)))


def tensordot(
    x1: ArrayOrTensor, x2: ArrayOrTensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Tensor:
    """Sum the products of elements over axes of both: the last and the first `axes`, or those that it lists."""
    return wrapped(np.tensordot(as_array(x1), as_array(x2), axes))


def vecdot(x1: ArrayOrTensor, x2: ArrayOrTensor, /, *, axis: int = -1) -> Tensor:
    """Return the dot products of the vectors along `axis`, conjugating the first."""
    # The operation takes the last axis.
    return wrapped(np.vecdot(*[np.moveaxis(as_array(x), axis, -1) for x in (x1, x2)]))
