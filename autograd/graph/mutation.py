"""Mutation: arrays that a graph keeps and that NumPy alone can write to, without notice.

The memory of a result is the engine's own. A constant, such as an array that a user passed in, is copied when a node
keeps it. An array with the values of a leaf, or one that a user got from ``t.data``, is not: the node takes a snapshot
of it, and a backward pass raises if the array was written to since.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType
from typing import Any
from weakref import ref

import numpy as np

from ..arrays.door import BATCH_TYPES, TRACED_TYPES, Array, cached_arrays, concrete
from ..errors import GraphError
from ..source.source_info import here, line_of, note_line
from .buffer_reuse import Portion, references
from .node import LEAF, Exposed, FreedOperation, Leaf, Node, View, counter, recorded

Guard = tuple[Array, Any, "Guard | None"]  # an array, its snapshot, and the guards of others

WHOLE = 1 << 18  # bytes; larger arrays are not copied: their snapshot is sums, which take less time and memory
_WIDTH, _SUMMED = 128, "fdFD"  # how many elements each sum is of, and of which dtypes


def guard(x: Node, array: Array, others: Guard | None = None) -> Guard | None:
    """Return the guard of the value of `x`, which a node keeps, if others can write to it."""
    if not root(x).shared:
        return others
    array = concrete(array)
    return array, snapshot(array), others


def root(x: Node) -> Any:
    """Return the node, often a leaf, that owns the memory of the value of `x`, which may be a view."""
    while isinstance(x, View):
        x = x.x  # type: ignore[assignment]  # a view has an input
    return x


def keep_constant(value: Any, guards: Guard | None = None) -> tuple[Any, Guard | None]:
    """Return a constant as a node keeps it, and the guards with its own, if it needs one.

    An array is copied, so that it may be written to afterwards; so is a list or a dict. An array above 256 kB is kept
    with a guard, unless its snapshot would be a copy too.
    """
    kind: Any = type(value)
    if kind in BATCH_TYPES:
        kept, guards = keep_constant(value.value, guards)
        return value.over(kept), guards
    if not isinstance(value, np.ndarray):
        return _copied(value) if kind is list or kind is dict else value, guards
    if value.nbytes <= WHOLE or kind in TRACED_TYPES or value.dtype.char not in _SUMMED:
        return value.copy("K"), guards
    if _is_fixed(value):
        return value, guards
    sums = _finite_sums(value)
    return (value.copy("K"), guards) if sums is None else (value, (value, sums, guards))


def _copied(value: list[Any] | dict[Any, Any]) -> Any:
    from copy import deepcopy  # few programs need it, and its import takes as long as that of a family of operations

    return deepcopy(value)


def keep_inputs(
    values: list[Any], inputs: Sequence[Node | None], readers: Iterable[tuple[int, Sequence[int]]]
) -> Guard | None:
    """Replace values of inputs that are constants by what a node keeps of them, and return the guards of all.

    `readers` holds the position of each input whose value is needed, and those of the inputs whose rules need it.
    """
    guards = None
    for i, positions in readers:
        source = inputs[i]
        if type(source) is Node or (type(source) is Leaf and not source.shared):
            continue
        for reader in positions:
            if inputs[reader] is not None:
                if source is not None:
                    guards = guard(source, values[i], guards)
                elif type(values[i]) is np.ndarray and values[i].nbytes <= WHOLE:
                    values[i] = values[i].copy("K")
                else:
                    values[i], guards = keep_constant(values[i], guards)
                break
    return guards


def keep_arguments(
    values: Sequence[Any], positions: Iterable[int], guards: Guard | None = None
) -> tuple[list[Any], Guard | None]:
    """Return arguments as a node keeps them, and the guards; those at `positions` are constants, such as indices."""
    kept = list(values)
    for i in positions:
        if type(kept[i]) is tuple:
            parts, guards = keep_arguments(kept[i], range(len(kept[i])), guards)
            kept[i] = tuple(parts)
        else:
            kept[i], guards = keep_constant(kept[i], guards)
    return kept, guards


def snapshot(array: Array) -> Any:
    """Return a snapshot of an array; `changed` compares it with the values of the array later.

    It is a copy of all bytes. Above 256 kB it is one weighted sum for each 128 elements, so that their order counts:
    only changes that rounding hides in such a sum can go unnoticed. An array that nobody can write to needs no
    snapshot.
    """
    if array.nbytes <= WHOLE or array.dtype.char not in _SUMMED:
        return array.tobytes()
    if _is_fixed(array):
        return None
    sums = _finite_sums(array)
    return array.tobytes() if sums is None else sums


def _is_fixed(array: Array) -> bool:
    """Tell whether nobody can write to an array."""
    return array.base is None and not array.flags.writeable


def _finite_sums(array: Array) -> tuple[Array, bytes] | None:
    """Return the weighted sums of an array and the bytes of what is left over; None if the sums are not finite."""
    sums, rest = weighted_sums(array)
    return (sums, rest.tobytes()) if np.isfinite(sums).all() else None


def weighted_sums(array: Array) -> tuple[Array, Array]:
    """Return weighted sums of 128 elements each of an array of floating-point numbers, and the elements left over."""
    flat = array.ravel("K")
    if flat.dtype.kind == "c":
        flat = flat.view(flat.real.dtype)
    rows = flat.size // _WIDTH
    with np.errstate(all="ignore"):
        sums = flat[: rows * _WIDTH].reshape(rows, _WIDTH).dot(concrete(_weights(flat.dtype)))
    return sums, flat[rows * _WIDTH :]


@cached_arrays(2)
def _weights(dtype: Any) -> Array:
    return np.linspace(1, 2, _WIDTH, dtype=dtype)


def changed(array: Array, before: bytes | tuple[Array, bytes] | None) -> bool:
    """Tell whether the values of an array have changed since its snapshot `before`."""
    if type(before) is bytes:
        return bool(array.tobytes() != before)
    if before is None:
        return False
    return not _agree(snapshot(array), before)


def _agree(one: Any, other: Any) -> bool:
    """Tell whether two snapshots of an array are of the same values."""
    if type(one) is not tuple or type(other) is not tuple:
        return type(one) is type(other) and bool(one == other)
    return bool(one[1] == other[1]) and np.array_equal(one[0], other[0])


class Exposure:
    """Memory whose ndarray was handed out: its snapshot, and when and where that happened.

    Nodes that keep memory of a leaf later have their own guards; nodes that keep memory of a result do not.
    """

    def __init__(self, owner: ref[Array], of_leaf: bool, held: Any) -> None:
        self.owner, self.of_leaf, self.held = owner, of_leaf, held
        self.number, self.line = next(counter), here()


_exposures: dict[int, Exposure] = {}


def owner_of(array: Array) -> Array:
    """Return the array at the end of the chain of bases of `array`."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def owners_of(array: Array) -> Iterator[Array]:
    """Yield the owner of the memory of an array, and the owners of the larger arrays that it is a portion of."""
    owner = owner_of(array)
    yield owner
    while isinstance(owner.base, Portion):
        owner = owner_of(owner.base.array)
        yield owner


def kept_arrays(node: Node) -> Iterator[Array]:
    """Yield every array that a node kept, once."""
    seen: set[int] = set()
    pending: list[Any] = [getattr(node, "kept_y", None), getattr(node, "kept", None)]
    while pending:
        value = concrete(pending.pop())
        if isinstance(value, tuple | list):
            pending.extend(reversed(value))
        elif isinstance(value, np.ndarray) and id(value) not in seen:
            seen.add(id(value))
            yield value


def expose(node: Node, array: Array) -> bool:
    """Note that the ndarray of the tensor at `node` was given to code that may write to it; tell if that matters."""
    leaf = root(node)
    of_leaf = type(leaf) is Leaf
    if of_leaf:
        leaf.shared = True
    elif type(leaf) is Node:
        leaf.__class__ = Exposed
    if isinstance(node.op, FreedOperation) or (leaf is node and of_leaf and _unused(leaf)):
        return False
    owner = owner_of(concrete(array))
    key = id(owner)
    if key not in _exposures:
        gone = ref(owner, lambda _: forget(key))
        _exposures[key] = Exposure(gone, of_leaf, snapshot(owner))
    return True


def forget(key: int) -> None:
    """Forget that the memory whose owner has this id was handed out."""
    _exposures.pop(key, None)


def forget_within(owner: Array) -> None:
    """Forget that the memory that an array owns, or a portion of it, was handed out."""
    for key in list(_exposures) if _exposures else ():  # a list of pairs may collect garbage, whose exposures go
        exposure = _exposures.get(key)
        held = None if exposure is None else exposure.owner()
        if held is not None and any(whole is owner for whole in owners_of(held)):
            forget(key)


def exposed_changes() -> list[Exposure]:
    """Return the exposures whose memory has changed since."""
    if not _exposures:
        return []
    found = []
    for exposure in list(_exposures.values()):
        owner = exposure.owner()
        if owner is not None and changed(owner, exposure.held):
            found.append(exposure)
    return found


def _unused(leaf: Any) -> bool:
    """Tell whether no graph leads to a leaf; see `_IDLE`."""
    return references(leaf) <= _IDLE


def _idle_count() -> int:
    """Return how many references to a leaf `_unused`, called by `expose`, finds if only its tensor holds it."""

    class _Tensor:
        node = Leaf((), np.dtype(float), lambda: None)

    def as_expose(node: Node) -> int:
        leaf = root(node)
        return _count(leaf)

    def _count(leaf: Leaf) -> int:
        return sys.getrefcount(leaf)

    return as_expose(_Tensor.node)


_IDLE = _idle_count()


class _Mark:
    """A write: its time, as a number in the order of nodes, and its line."""

    __slots__ = ("code", "instruction", "number")

    code: CodeType
    instruction: int

    def __init__(self) -> None:
        self.number = next(counter)


# Memory written to in place, by the id of its owner: the owner, and the last write to it.
_written: dict[int, tuple[ref[np.ndarray[Any, Any]], _Mark]] = {}


_NOWHERE: Any = (lambda: None), None


_latest = -1
_many = 1000  # marks, from which on those of arrays that are gone are dropped: twice as many as stayed the last time


def note_written(*arrays: np.ndarray[Any, Any]) -> None:
    """Note that the memory of arrays was written to in place: `backward` raises if a graph kept it before."""
    global _latest, _many
    if len(_written) > _many:
        for key, (reference, _) in _written.copy().items():  # other threads write too
            if reference() is None:
                _written.pop(key, None)
        _many = max(1000, 2 * len(_written))
    mark = _Mark()
    note_line(mark)
    for array in arrays:
        owner = owner_of(concrete(array))
        _written[id(owner)] = ref(owner), mark
        forget_within(owner)
    _latest = mark.number


def _last_write(array: np.ndarray[Any, Any]) -> _Mark | None:
    """Return the last write to the memory of an array, or of a larger one that it is a portion of; or None."""
    last = None
    for owner in owners_of(array):
        reference, mark = _written.get(id(owner), _NOWHERE)
        if reference() is owner and (last is None or mark.number > last.number):
            last = mark
    return last


def written_since(number: int, arrays: list[np.ndarray[Any, Any]]) -> bool:
    """Tell whether the memory of any of `arrays` was written to in place after `number` was taken.

    That includes writes that were noted, and writes through an ndarray that was handed out since.
    """
    owners = [exposure.owner() for exposure in exposed_changes() if exposure.number > number]
    if _latest > number:
        owners += [owner() for owner, mark in list(_written.values()) if mark.number > number]
    return any(whole is owner for array in arrays for whole in owners_of(array) for owner in owners)


def refuse_overwritten(order: list[Node]) -> None:
    """Raise if an array that a node kept was written to since the node was recorded."""
    if order and _latest >= order[0].number:
        for node, array in _kept_by(order, _latest):
            mark = _last_write(array)
            if mark is not None and mark.number > node.number:
                raise _overwritten(node, array, f"at {line_of(mark)}")
    for exposure in exposed_changes():
        owner = exposure.owner()
        for node, array in _kept_by(order, exposure.number if exposure.of_leaf else math.inf):
            if owner_of(array) is owner:
                where = line_of(exposure.line)
                raise _overwritten(node, array, f"by NumPy alone, through the ndarray handed out at {where}")
    compared: dict[int, Any] = {}  # the last snapshot of each array; many nodes keep the same constant
    for node in order:
        guard = node.guard
        while guard is not None:
            array, before, guard = guard
            if id(array) in compared and _agree(compared[id(array)], before):
                continue
            if changed(array, before):
                raise _overwritten(
                    node, array, "by NumPy alone, after that line" if hasattr(node, "code") else "by NumPy alone"
                )
            compared[id(array)] = before


def _kept_by(order: list[Node], last: float) -> Iterator[tuple[Node, Array]]:
    """Yield the nodes of operations up to a number, each with every array that it kept."""
    for node in order:
        if node.op is not LEAF and node.number <= last:
            for array in kept_arrays(node):
                yield node, array


def _overwritten(node: Node, array: np.ndarray[Any, Any], how: str) -> GraphError:
    return GraphError(
        f"the derivative of '{node.op.name}'{recorded(node)} needs an array (shape {array.shape}, dtype "
        f"{array.dtype}) that was written to in place afterwards, {how}: write to a copy, or call backward() "
        f"before. A state that comes from an earlier step of a training goes on as state.detach()"
    )
