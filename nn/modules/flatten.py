"""Flatten and unflatten: layers that only change the shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autograd import ShapeError, Tensor

from .._arguments import TensorLike, example
from ..functional._kernels.operands import as_operand
from ..module import Module


@example("nn.Flatten()(np.zeros((5, 28, 28))).shape", "(5, 784)")
class Flatten(Module):
    """Flatten several axes into one.

    Parameters
    ----------
    start_dim, end_dim
        The first and the last of these axes; by default all but the first, which is the batch.
    """

    _shown_options = ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: TensorLike) -> Tensor:
        """Return `x` in its new shape."""
        x = as_operand("Flatten", "input", x)
        shape = x.shape or (1,)  # a number becomes one element
        first, last = (axis + len(shape) if axis < 0 else axis for axis in (self.start_dim, self.end_dim))
        if not 0 <= first <= last < len(shape):
            raise ValueError(f"Flatten({self.start_dim}, {self.end_dim}) cannot flatten an input of shape {x.shape}")
        # not -1, which NumPy cannot infer for an empty array
        return x.reshape((*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@example("nn.Unflatten(1, (1, 28, 28))(np.zeros((5, 784))).shape", "(5, 1, 28, 28)")
class Unflatten(Module):
    """Split one axis into several.

    Parameters
    ----------
    dim
        The axis.
    unflattened_size
        The lengths of the axes that replace it; one of them may be -1, which is inferred.
    """

    _shown_options = ("dim", "unflattened_size")

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: TensorLike) -> Tensor:
        """Return `x` in its new shape."""
        x = as_operand("Unflatten", "input", x)
        shape, size = x.shape, self.unflattened_size
        if not -len(shape) <= self.dim < len(shape) or not _fits(shape[self.dim], size):
            raise ShapeError(f"Unflatten({self.dim}, {size}) cannot make these axes of an input of shape {shape}")
        axis = self.dim % len(shape)
        if -1 in size:  # which NumPy cannot infer for an empty array
            rest = shape[axis] // -math.prod(size)
            size = tuple(rest if n == -1 else n for n in size)
        return x.reshape((*shape[:axis], *size, *shape[axis + 1 :]))


def _fits(length: int, size: tuple[int, ...]) -> bool:
    """Tell whether an axis of length `length` can be split into these lengths."""
    known = math.prod([n for n in size if n != -1])
    if size.count(-1) == 1:
        return known > 0 and length % known == 0
    return -1 not in size and known == length
