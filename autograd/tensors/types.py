"""Types of arguments: arrays that may be tensors, and the words that NumPy's functions take.

Their values are for type checkers: what they are made of is not loaded for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from ..arrays.door import ArrayLike as ArrayLike
from ..arrays.door import DTypeLike as DTypeLike

if TYPE_CHECKING:
    from types import EllipsisType
    from typing import SupportsIndex

    from ..arrays.batched import Batched
    from .tensor import Array, Tensor

# Rules and compositions compute with arrays, those of all elements of a batch included, and record with tensors.
ArrayOrTensor: TypeAlias = "Array | Tensor | Batched"
Shape: TypeAlias = tuple[int, ...]
Out: TypeAlias = "ArrayOrTensor | None"  # where NumPy's functions write their result
Key: TypeAlias = "SupportsIndex | slice | EllipsisType | ArrayLike | Tensor | None"
Index: TypeAlias = "Key | tuple[Key, ...]"
Order: TypeAlias = Literal["C", "F", "A", "K"]
Casting: TypeAlias = Literal["no", "equiv", "safe", "same_kind", "unsafe"]
Mode: TypeAlias = Literal["raise", "wrap", "clip"]
NormOrder: TypeAlias = "float | Literal['fro', 'nuc'] | None"
SortKind: TypeAlias = Literal["quicksort", "mergesort", "heapsort", "stable"]
