"""Buffer reuse: gradients are added in place where nothing but the backward pass can see their memory.

The reference count tells exactly: an array that a rule passed on, a node keeps or the caller knows has another
reference, and a view has a base. The count that means "nobody else" is measured, because it differs between versions of
Python and depends on the depth of the calls.
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Literal

import numpy as np

from ..arrays.door import BATCH_TYPES, Array
from .node import LARGE, Node


def keep_freed_memory() -> None:
    """Let the process keep up to 64 MB of freed memory, instead of returning it to the system after each walk.

    The GNU C library returns blocks larger than any freed before, and the system clears their pages when they are
    requested again: this takes as long as all computations of a convolutional network on them. The library adapts
    when a larger block is freed, so this function frees one, which was never written to and hence costs nothing. It
    has no effect with other libraries, or if ``MALLOC_TRIM_THRESHOLD_`` or ``MALLOC_MMAP_THRESHOLD_`` is set.
    """
    np.empty((1 << 25) - (1 << 14), np.uint8)  # the largest block that the library adapts to


keep_freed_memory()

# Without the global interpreter lock a count may leave out the references of other threads; other Pythons do not count.
COUNTED = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

# Counts the references to an object; where they are unknown, every object counts as shared.
references: Callable[[Any], int] = sys.getrefcount if COUNTED else lambda held: sys.maxsize


_Bytes: Any = ctypes.c_byte * (sys.maxsize // 2)  # of which NumPy makes arrays in a tenth of the time of other objects


class Portion(_Bytes):  # type: ignore[misc]  # whose length is checked nowhere
    """The memory of a larger array, as an object that is not an ndarray: see `portions`."""

    array: Array


def portions(whole: Array, shapes: Sequence[tuple[int, ...]], orders: Sequence[Literal["C", "F"]]) -> list[Array]:
    """Return arrays of these shapes in the memory of a larger one, each of which is the base of its own views.

    NumPy sets the base of a view to the array at the end of the chain of bases. Here that is each of the results, so
    that its reference count alone tells whether anybody holds it or a view of it; see `is_sole_owner`. A write to one
    does not count as a write to the others, but `mark_written` of the larger array applies to all of them. The caller
    has to make sure that nobody else has the larger array.

    Parameters
    ----------
    whole
        An array of one axis, without gaps, that may be written to.
    shapes
        The shape of each part; they come one after another.
    orders
        The memory order of each.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import portions
    >>> whole = np.zeros(4)
    >>> row, number = portions(whole, [(3,), ()], ["C", "C"])
    >>> row[:1].base is row
    True
    >>> row[0] = 1
    >>> whole
    array([1., 0., 0., 0.])
    """
    if not isinstance(whole, np.ndarray):
        raise TypeError(f"portions() takes an ndarray, not {type(whole).__name__}")
    if whole.ndim != 1 or not (whole.flags.c_contiguous and whole.flags.writeable):
        raise ValueError("portions() takes an array of one axis, without gaps, that may be written to")
    starts = [0, *accumulate(map(math.prod, shapes))]
    if starts[-1] > whole.size:
        raise ValueError(f"portions() of an array of {whole.size} elements cannot have {starts[-1]}")
    memory = Portion.from_address(whole.ctypes.data)
    memory.array = whole
    make, dtype, size = np.ndarray, whole.dtype, whole.itemsize
    places = zip(shapes, orders, starts[:-1], strict=True)
    return [make(shape, dtype, memory, start * size, None, order) for shape, order, start in places]


def _count_parameter(held: Any, _: Any) -> int:
    return references(held)


def _calibrate() -> int:
    """Count the references to an array that only `gradients` holds, as `sum_gradients` finds them."""
    gradients = {0: np.empty(1)}
    held = gradients[0]
    return _count_parameter(held, held is None)


_HELD_ONCE = _calibrate() if COUNTED else 0
_portion = Portion.from_address(0)
_portion.array = np.empty(1)
_HELD_BY_ANOTHER = references(_portion.array) if COUNTED else 0  # by the attribute of one other object


def read_only(value: Any) -> Any:
    """Return a read-only view of an ndarray, or of each ndarray in a tuple; return anything else as it is."""
    if type(value) is np.ndarray:
        view = value.view()
        view.flags.writeable = False
        return view
    if type(value) in BATCH_TYPES:
        return value.over(read_only(value.value))
    if isinstance(value, tuple):
        items = map(read_only, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def writeable(value: Any) -> Any:
    """Return an array that may be written to: a copy of a read-only ndarray, and anything else as it is."""
    return value.copy() if type(value) is np.ndarray and not value.flags.writeable else value


def sum_gradients(held: Any, g: Any) -> Any:
    """Return ``held + g``, in place where nothing but the backward pass can see the memory of `held`."""
    if held.size > LARGE and references(held) <= _HELD_ONCE and _are_whole(held, g):
        # else the sum has another order of memory than `held`
        in_order = held.flags.c_contiguous or held.strides == g.strides
        return np.add(held, g, held) if in_order else held + g
    return held + g


def may_add_to(held: Any, g: Any) -> bool:
    """Tell whether `g`, the gradient of a part, may be added to `held` in place: see `sum_gradients`."""
    return held.size > LARGE and references(held) <= _HELD_ONCE and _are_whole(held, g)


def _are_whole(held: Any, g: Any) -> bool:
    """Tell whether both are ndarrays and `held` is not a view; the caller counts its references."""
    return type(held) is np.ndarray and type(g) is np.ndarray and held.base is None


def held_once(found: dict[Node, Any], node: Node) -> bool:
    """Tell whether the gradient of `node` in `found` is an array that nobody else can see."""
    held = found[node]
    if type(held) is np.ndarray:
        return _count_parameter(held, None) <= _HELD_ONCE and (held.base is None or _has_base_alone(held))
    if type(held) not in BATCH_TYPES or type(held.value) is not np.ndarray or _count_parameter(held, None) > _HELD_ONCE:
        return False
    return references(held.value) <= _HELD_BY_ANOTHER and (held.value.base is None or _has_base_alone(held.value))


def _has_base_alone(view: Array) -> bool:
    """Tell whether a view, as of a product that was reshaped, covers an array that nothing else refers to."""
    other: Any = view  # whose base is an ndarray, or an object that exposes its memory
    if type(other.base) is not np.ndarray or references(other.base) > _HELD_BY_ANOTHER:
        return False
    flags = view.flags
    return flags.writeable and flags.forc and other.base.base is None and other.base.nbytes == view.nbytes
