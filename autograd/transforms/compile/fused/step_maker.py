"""Making steps: memory for the arrays of a body, and the steps that write to it.

Each array lies in a buffer. Elementwise operations on arrays of one shape become one nest, whose values stay in
registers. What depends on nothing that changes is computed once, before the first iteration.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, DTypeLike

from ..loops.loop import Loop, Unsuitable
from ..loops.parts import all_positions
from ..program import Call, Traced, traced_in
from ..types import Array
from .nest_steps import Buffer, Gather, Nest, Reduction, Scatter, Step, View, axes_in_order, in_order
from .reductions import start_of
from .values import Values, dtype_of, shape_of

LARGEST = 100_000  # elements of an array: with more, NumPy's own calls are as fast
Ids = list[Array]
CUT, PARTS = 64, 16  # elements from which arrays are computed in parts, and how many parts at most
FEW_PARTS, MOST_PARTS = 8, 64  # copied by slices, of one array and of several
_APART = 1 << 40  # between the offsets of different arrays, where elements are moved


def itself(values: Values, ids: Ids) -> Any:
    """Return the only operand, as what an elementwise operation computes that copies."""
    return ids[0]


class StepMaker:
    """The steps of a body, and the memory that they use.

    Attributes
    ----------
    buffers
        All memory, in order.
    before, steps
        What is computed before the first iteration, and in each.
    line
        The line of the user's program that the next steps are of.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop, self.fills, self.cuts, self.line = loop, loop.fills, _cuts_in(loop.calls), ""
        self.buffers: list[Buffer] = []
        self.before: list[Step] = []
        self.steps: list[Step] = []
        self.filled: dict[int, list[tuple[View, Any]]] = {}  # of each buffer, the parts that hold one number

    # Memory

    def buffer(
        self, size: int, dtype: DTypeLike, role: tuple[object, ...] = ("scratch",), *, fixed: bool = False
    ) -> Buffer:
        """Return new memory for so many elements."""
        if role == ("scratch",) and size > LARGEST and not self.fills:
            raise Unsuitable(f"it has an array of {size:,} numbers, where NumPy is as fast")
        self.buffers.append(Buffer(np.empty(size, dtype), role, fixed))
        return self.buffers[-1]

    def made(self, shape: tuple[int, ...], dtype: DTypeLike, like: Array | None = None, *, fixed: bool = False) -> View:
        """Return a new array: of the layout of another, if it is dense."""
        buffer = self.buffer(math.prod(shape), dtype, fixed=fixed)
        if like is None or like.flags.c_contiguous or not buffer.array.size:
            buffer.whole = buffer.array.reshape(shape)
            return View(buffer, buffer.whole)
        order = [a for a, n in enumerate(shape) if n == 1] + axes_in_order(shape, like.strides)[::-1]
        array = buffer.array.reshape([shape[a] for a in order])
        return View(buffer, array.transpose(np.argsort(order)))

    def constant(self, x: Array) -> View:
        """Return an array that is always the same."""
        if x.size > LARGEST:
            raise Unsuitable(f"it has an array of {x.size:,} numbers, where NumPy is as fast")
        buffer = self.buffer(x.size, x.dtype, ("constant", np.ascontiguousarray(x)), fixed=True)
        return View(buffer, buffer.array.reshape(x.shape))

    # Steps

    def step(self, step: Step, fixed: bool) -> None:
        """Add a step."""
        step.line = self.line
        (self.before if fixed else self.steps).append(step)
        for view in step.writes:
            self._overwrite(view)

    def map(self, target: View, operands: Sequence[Any], compute: Callable[[Values, Ids], Any]) -> None:
        """Compute each element of an array from those of others, and from numbers."""
        if not target.array.size:
            return
        shape = target.array.shape
        operands = [x.over(shape) if isinstance(x, View) else x for x in operands]
        if any(isinstance(x, View) and x.meets(target) and x.place() != target.place() for x in operands):
            between = self.made(shape, target.array.dtype)
            self.map(between, operands, compute)
            self.map(target, [between], itself)
        elif parts := self._parts(target):
            for part in parts:
                self._map_part(target[part], [x[part] if isinstance(x, View) else x for x in operands], compute)
        else:
            self._map_part(target, operands, compute)

    def each(self, operation: str, target: View, *operands: Any) -> None:
        """Compute an operation in the dtype of the array that has the results."""
        self.map(target, operands, lambda values, ids: values.each(operation, target.array.dtype, *ids))

    def _parts(self, target: View) -> list[Any]:
        """Return the parts in which an array is computed, as indices: those that are written alone elsewhere."""
        whole = target.buffer.whole
        cuts = self.cuts.get(whole.shape) if whole is not None else None
        box = target.box() if cuts else None
        if not cuts or box is None:
            return []
        parts: list[Any] = [()]
        for (low, high), places in zip(box, cuts, strict=True):
            ends = [0, *(place - low for place in places if low < place < high), high - low]
            parts = [(*part, slice(*pair)) for part in parts for pair in pairwise(ends)]
        return parts

    def _map_part(self, target: View, operands: Sequence[Any], compute: Callable[[Values, Ids], Any]) -> None:
        operands = [self._number_in(x) if isinstance(x, View) else x for x in operands]
        reads, fixed = [x for x in operands if isinstance(x, View)], target.buffer.fixed
        nest = self._nest(self.before if fixed else self.steps, reads, target)
        values = nest.values
        ids = [
            np.asarray(nest.load(x) if isinstance(x, View) else values.number(x, dtype_of(x)), np.int64)
            for x in operands
        ]
        made = int(values.cast(np.asarray(compute(values, ids)), target.array.dtype)[()])
        nest.store(target, made)
        self._overwrite(target)
        if values.constant(made) is not None:
            number = target.array.dtype.type(values.constant(made))
            self.filled.setdefault(id(target.buffer), []).append((target, number))

    def _overwrite(self, target: View) -> None:
        known = self.filled.get(id(target.buffer))
        if known:
            known[:] = [(view, number) for view, number in known if not view.meets(target)]

    def _number_in(self, x: View) -> Any:
        """Return the number that each element of an array is, if that is known, else the array."""
        for view, number in self.filled.get(id(x.buffer), ()):
            if view.place() == x.place() and view.array.shape == x.array.shape:
                return number
        return x

    def _nest(self, steps: list[Step], reads: list[View], target: View) -> Nest:
        """Return the nest that an operation becomes part of: the last that it can be moved to, or a new one."""
        for step in reversed(steps):
            if isinstance(step, Nest) and step.shape == target.array.shape and step.takes(reads, target):
                return step
            if step.is_before(reads, target):
                break
        made = Nest(target.array.shape)
        made.line = self.line
        steps.append(made)
        return made

    def copied(self, x: View, *, once: bool = True) -> View:
        """Return a copy, in order."""
        target = self.made(x.array.shape, x.array.dtype, fixed=once and x.buffer.fixed)
        self.map(target, [x], itself)
        return target

    def cast(self, x: View, dtype: DTypeLike) -> View:
        """Return an array as one of a dtype, with its elements in the same order."""
        target = self.made(x.array.shape, dtype, x.array, fixed=x.buffer.fixed)
        self.map(target, [x], itself)
        return target

    def reshaped(self, x: View, shape: tuple[int, ...]) -> View:
        """Return an array in another shape."""
        made = x.array.reshape(shape)
        if np.may_share_memory(made, x.buffer.array) or not made.size:
            return View(x.buffer, made)
        copy = self.copied(x)
        return View(copy.buffer, copy.array.reshape(shape))

    def fold(self, target: View, x: View, axes: tuple[int, ...], operation: str) -> None:
        """Add up the elements of an array along axes, or the like, in the dtype of the target."""
        source, dtype = x.array, target.array.dtype
        start = start_of(operation, dtype)
        if not source.size:
            self.map(target, [start], itself)
            return
        _, apart, _ = in_order(
            source.shape, [0 if a in axes else 1 << (source.ndim - a) for a in range(source.ndim)], source.strides
        )
        rows = next((k for k, stride in enumerate(reversed(apart)) if stride), len(apart))
        if source.dtype != dtype or x.buffer is target.buffer or rows > 1:  # NumPy, too, adds up a copy
            x = self.cast(x, dtype)
        self.step(Reduction(operation, target, x, axes, start.item()), target.buffer.fixed)

    # Places that are known

    def offsets(self, x: View) -> Array:
        """Return where each element of an array is in its buffer, in bytes, in the same order of memory."""
        if x.array.size > LARGEST:
            raise Unsuitable(f"it has an array of {x.array.size:,} numbers, where NumPy is as fast")
        found = np.empty_like(x.array, np.int64)
        found[...] = all_positions(x.offset, x.array.shape, x.array.strides)
        return found

    def scatter(self, target: View, at: ArrayLike, given: Any, ufunc: np.ufunc | None = None) -> None:
        """Write to elements at known offsets, or what a ufunc makes of them."""
        dtype, places = target.array.dtype, np.asarray(at)
        if not places.size:
            return
        given = without_axes(given, places.ndim)
        if not isinstance(given, View) or given.array.dtype != dtype or given.buffer is target.buffer:
            values = self.made(given.array.shape if isinstance(given, View) else (), dtype, fixed=target.buffer.fixed)
            self.map(values, [given], itself)
            given = values
        self.step(Scatter(target, places, given, ufunc), target.buffer.fixed)

    def tables(self, tree: Any, sources: list[Any], operand: Callable[[Any], Any]) -> Any:
        """Return arrays with the offset of each element in its buffer, those of each operand far from all others.

        `sources` is given what `operand` makes of the arrays and numbers of the tree.
        """
        if type(tree) in (list, tuple):
            return [self.tables(part, sources, operand) for part in tree]
        x = operand(tree)
        base = len(sources) * _APART
        sources.append(x)
        if isinstance(x, View):
            return self.offsets(x) + base
        dtype_of(x)  # or it is no number
        return np.asarray(base)

    def fetch(self, target: View, table: Array, sources: list[Any], depth: int = 0) -> None:
        """Copy elements from where a table says: by slices where there are few, else one by one."""
        owners, offsets = np.divmod(table, _APART)
        owner, strides = sources[int(owners.flat[0])], _strides_of(offsets)
        alone = (owners == owners.flat[0]).all()
        if alone and not isinstance(owner, View):
            self.map(target, [as_weak(owner, target.array.dtype)], itself)
        elif alone and strides is not None:
            whole = owner.buffer.array
            start = whole.view(np.uint8)[int(offsets.flat[0]) :][: whole.itemsize].view(whole.dtype)
            self.map(target, [View(owner.buffer, as_strided(start, table.shape, strides))], itself)
        elif (cut := _cut_in(owners, offsets)) is not None and depth < 2 * table.ndim + 2:
            axis, places = cut
            ends = [0, *places, table.shape[axis]]
            for low, high in pairwise(ends):
                part = (slice(None),) * axis + (slice(low, high),)
                self.fetch(target[part], table[part], sources, depth + 1)
        elif alone and owner.array.dtype == target.array.dtype:
            self.step(Gather(target, owner.buffer, offsets), target.buffer.fixed)
        else:
            self._fetch_joined(target, owners, offsets, sources)

    def _fetch_joined(self, target: View, owners: Array, offsets: Array, sources: list[Any]) -> None:
        """Copy elements of several arrays from one that has them all."""
        dtype, size = target.array.dtype, 0
        several = [View(x.buffer, x.buffer.array) if isinstance(x, View) else as_weak(x, dtype) for x in sources]
        sizes = [x.array.size if isinstance(x, View) else 1 for x in several]
        joined = self.made((sum(sizes),), dtype, fixed=target.buffer.fixed)
        places = np.zeros_like(offsets)
        for k, (x, n) in enumerate(zip(several, sizes, strict=True)):
            self.map(joined[size : size + n], [x], itself)
            within = offsets[owners == k] // (x.array.itemsize if isinstance(x, View) else 1)
            places[owners == k] = (size + within) * dtype.itemsize
            size += n
        self.step(Gather(target, joined.buffer, places), target.buffer.fixed)


def without_axes(x: Any, ndim: int) -> Any:
    """Return an array without such first axes as NumPy drops where it writes it to one of fewer axes."""
    more = x.array.ndim - ndim if isinstance(x, View) else 0
    return View(x.buffer, x.array.reshape(x.array.shape[more:])) if more > 0 else x


def as_weak(x: complex | np.generic, dtype: np.dtype[Any]) -> Any:
    """Return a number of Python as one of a dtype, which is that of the arrays it meets."""
    with np.errstate(over="ignore"):
        return dtype.type(x) if type(x) in (int, float, bool) else x


def _cuts_in(calls: Sequence[Call]) -> dict[tuple[int, ...], list[list[int]]]:
    """Return for shapes of arrays the places along each axis where parts of them begin or end that are written alone.

    Arrays of such a shape are computed part by part, so that what is read is known to be zero, or is in a register.
    """
    found: dict[tuple[int, ...], list[set[int]]] = {}
    for call in calls:
        for shape, axis, place in _ends(call):
            if 0 < place < shape[axis]:
                found.setdefault(shape, [set() for _ in shape])[axis].add(place)
    return {
        shape: [sorted(places) for places in cuts]
        for shape, cuts in found.items()
        if math.prod(shape) >= CUT and math.prod(len(places) + 1 for places in cuts) <= PARTS
    }


def _ends(call: Call) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Yield where the parts end that a call writes to: the shape of the array, the axis, and the place."""
    function, args = call.function, call.args
    if function is operator.setitem:
        shape = shape_of(args[0])
        key = args[1] if type(args[1]) is tuple else (args[1],)
        if Ellipsis in [part for part in key if part is Ellipsis]:
            return
        for axis, part in enumerate(key):
            if type(part) is slice and part.step in (None, 1) and not traced_in(part):
                low, high, _ = part.indices(shape[axis])
                yield shape, axis, low
                yield shape, axis, high
            elif type(part) is int:
                yield shape, axis, part % shape[axis]
                yield shape, axis, part % shape[axis] + 1
            else:
                return
    elif function is np.roll and len(args) > 1 and type(args[1]) is int:
        shape, along = shape_of(args[0]), args[2] if len(args) > 2 else call.kwargs.get("axis")
        along = 0 if along is None and len(shape) == 1 else along
        if type(along) is int and shape:
            yield shape, along % len(shape), args[1] % max(shape[along], 1)
    elif function is np.concatenate and isinstance(call.result, Traced) and all(isinstance(x, Traced) for x in args[0]):
        axis = args[1] if len(args) > 1 else call.kwargs.get("axis", 0)
        shape, place = shape_of(call.result), 0
        for x in args[0] if type(axis) is int else ():
            place += shape_of(x)[axis]
            yield shape, axis % len(shape), place


def _strides_of(offsets: Array) -> tuple[int, ...] | None:
    """Return the strides by which offsets advance along each axis, or None if they do so unevenly."""
    strides = []
    for axis, n in enumerate(offsets.shape):
        steps: Array = np.diff(offsets, axis=axis)
        if n > 1 and steps.size and (steps != steps.flat[0]).any():
            return None
        strides.append(int(steps.flat[0]) if steps.size else 0)
    return tuple(strides)


def _cut_in(owners: Array, offsets: Array) -> tuple[int, list[int]] | None:
    """Return an axis, and the places along it where elements come from another array, or no longer advance evenly."""
    for x, most in ((owners, MOST_PARTS), (offsets, FEW_PARTS)):
        for axis in (axis for axis, n in enumerate(x.shape) if n > 1):
            steps = np.moveaxis(np.diff(x, axis=axis), axis, 0).reshape(x.shape[axis] - 1, -1)
            # in each line along the axis, the step of most places
            usual = 0 if x is owners else np.sort(steps, axis=0)[len(steps) // 2]
            places = (np.flatnonzero((steps != usual).any(axis=1)) + 1).tolist()
            if 0 < len(places) <= most:
                return axis, places
    return None
