"""Saved tensors: the arrays that a graph keeps for its backward pass, and their memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph.mutation import kept_arrays, owner_of
from ..graph.node import ancestors
from ..graph.saved_tensors import Packed, operation_of
from ..tensors.tensor import Tensor
from .nodes import place_of, root_of


@dataclass(frozen=True)
class SavedArray:
    """One array that a node keeps.

    Attributes
    ----------
    operation, where
        The operation that keeps it, and the line that recorded that operation, or one before it.
    shape, dtype
        The shape and dtype of the array.
    nbytes
        The bytes of memory kept because of it; for a view, those of its whole base array; 0 if an array above in the
        list keeps the same memory.
    """

    operation: str
    where: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    nbytes: int


@dataclass(frozen=True)
class Saved:
    """All arrays that a graph keeps, in the order in which they were recorded; `str` shows a table."""

    arrays: tuple[SavedArray, ...]
    packed: int

    @property
    def nbytes(self) -> int:
        """The total bytes of memory that they take."""
        return sum(array.nbytes for array in self.arrays)

    def __str__(self) -> str:
        lines = [f"{'bytes':>12}  {'operation':16} {'shape':16} {'dtype':10} recorded"]
        for a in self.arrays:
            size = f"{a.nbytes:,}" if a.nbytes else "as above"
            lines.append(f"{size:>12}  {a.operation:16} {a.shape!s:16} {a.dtype!s:10} {a.where}")
        lines.append(f"{self.nbytes:>12,}  in all" + (f"; {self.packed} operations are packed" if self.packed else ""))
        return "\n".join(line.rstrip() for line in lines)


def saved(result: Tensor) -> Saved:
    """List the arrays that the graph of `result` keeps for its backward pass.

    Parameters count too, though the model holds them anyway.

    Parameters
    ----------
    result
        A recorded tensor, such as a loss.

    Returns
    -------
    Saved
        The `arrays`, their total `nbytes`, and in `packed` how many operations have packed theirs.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import saved, tensor
    >>> x = tensor(np.ones((10, 10)), requires_grad=True)
    >>> kept = saved(np.exp(np.sin(x)).sum())
    >>> [(array.operation, array.shape) for array in kept.arrays], kept.nbytes
    ([('sin', (10, 10)), ('exp', (10, 10))], 1600)
    """
    arrays: list[SavedArray] = []
    seen: set[int] = set()
    packed = 0
    for node in ancestors([root_of(result, "saved")]):
        if isinstance(node.op, Packed):
            packed += 1
            continue
        for array in kept_arrays(node):
            owner = owner_of(array)
            nbytes = 0 if id(owner) in seen else owner.nbytes
            seen.add(id(owner))
            arrays.append(SavedArray(operation_of(node).name, place_of(node), array.shape, array.dtype, nbytes))
    return Saved(tuple(arrays), packed)
