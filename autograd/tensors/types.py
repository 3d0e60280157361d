"""Types of arguments, for type checkers: arrays that may be tensors, and the words that NumPy's functions take."""

from __future__ import annotations

from types import EllipsisType
from typing import Literal, SupportsIndex, TypeAlias

from numpy.typing import ArrayLike

from ..arrays.batched import Batched
from .tensor import Array, Tensor

# Rules and compositions compute with arrays, those of all elements of a batch included, and record with tensors.
ArrayOrTensor: TypeAlias = Array | Tensor | Batched
Out: TypeAlias = ArrayOrTensor | None  # where NumPy's functions write their result
Key: TypeAlias = SupportsIndex | slice | EllipsisType | ArrayLike | Tensor | None
Index: TypeAlias = Key | tuple[Key, ...]
Order: TypeAlias = Literal["C", "F", "A", "K"]
Casting: TypeAlias = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
Mode: TypeAlias = Literal["raise", "wrap", "clip"]
NormOrder: TypeAlias = float | Literal["fro", "nuc"] | None
SortKind: TypeAlias = Literal["quicksort", "mergesort", "heapsort", "stable"]
