"""Reads: values that a function reads, how two are compared, and a check of them all that takes nanoseconds each."""

from __future__ import annotations

import math
import operator
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from ..quoting import identifier, literal

NUMBERS = (int, float)  # that may become inputs: of these very types
SLOTS = ("cell", "global", "attribute", "contents")  # the kinds of reads where they are
missing: Any = type("missing", (), {"__repr__": lambda self: "missing"})()
PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), np.generic, np.dtype, slice, range)


class Read(NamedTuple):
    """A value that a function reads.

    Attributes
    ----------
    name
        How the program would write it, such as ``"config.scales[0]"``.
    where
        The file and line that first names it, as text.
    kind
        ``"cell"``, ``"global"``, ``"builtin"``, ``"attribute"``, ``"descriptor"`` (such as a property of a class),
        ``"attributes"`` (how many there are), ``"inside"`` (an attribute that a library's method reads), ``"type"``,
        ``"bases"`` (of a class, in the order in which it asks them), ``"context"`` (of a context variable),
        ``"cache"`` (how often a cached function was called), ``"contents"``, ``"array"``, ``"layout"`` (of an array) or
        ``"bytes"``.
    holder, key
        The cell, dictionary of globals, object or container that holds it, and its name there.
    value
        The value, or a copy of the contents.
    moving
        The places, in the contents, of numbers that may be others each time; of a value, 0 if it is such a number.
    """

    name: str
    where: str
    kind: str
    holder: Any
    key: str
    value: Any
    moving: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return f"{self.name} (read at {self.where})" if self.where else self.name

    def is_there(self, other: Read) -> bool:
        """Tell whether another value is found in the same way."""
        return (self.kind, self.key, self.name) == (other.kind, other.key, other.name)

    def corresponds(self, new: Read) -> bool:
        """Tell whether a value that is read now can stand for this one.

        What containers hold and functions read is compared by itself, so only their types matter here.
        """
        if not self.is_there(new):
            return False
        if self.kind == "cache":
            return bool(new.value >= self.value)
        if self.moving:
            return self.holder is new.holder and self.others(new) == set()
        return self.kind == "attributes" or _stands_for(self.value, new.value)

    @property
    def parts(self) -> list[Any]:
        """The contents, or the value by itself."""
        return self.value if self.kind == "contents" else [self.value]

    def others(self, new: Read) -> set[int] | None:
        """Return the places of numbers that are others of the same type now; None if something else is another."""
        pairs = list(enumerate(zip(self.parts, new.parts, strict=False)))
        found = {i for i, (x, y) in pairs if not _stands_for(x, y) and i not in self.moving}
        numbers = all(
            type(x) is type(y) and type(x) in NUMBERS for i, (x, y) in pairs if i in found or i in self.moving
        )
        return found if numbers and len(self.parts) == len(new.parts) else None

    def now(self) -> Read:
        """Return what is there now, of a holder that is the same."""
        if self.kind != "contents":
            value = value_in(self.kind, self.holder, self.key)
        else:
            value = [*self.holder, *self.holder.values()] if isinstance(self.holder, dict) else list(self.holder)
        return self._replace(value=value, moving=frozenset())


def same_bits(x: Any, y: Any) -> bool:
    """Tell whether two plain values, or containers of such, are of the same types and bit by bit the same."""
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if isinstance(x, tuple | list | deque):
        return len(x) == len(y) and all(map(same_bits, x, y))
    if isinstance(x, dict):
        return same_bits(list(x), list(y)) and same_bits(list(x.values()), list(y.values()))
    if isinstance(x, np.ndarray):
        return x.dtype == y.dtype and x.shape == y.shape and bool(bits_of(x) == bits_of(y))
    return isinstance(x, PLAIN) and repr(x) == repr(y)


def _stands_for(x: Any, y: Any) -> bool:
    if x is y:
        return True
    if type(x) is not type(y) or isinstance(x, np.ndarray):
        return False  # an equal array is another one: what is written to it later is not written to the first
    if isinstance(x, FunctionType):
        return bool(x.__code__ is y.__code__)
    if isinstance(x, list | tuple | deque):
        return len(x) == len(y) and all(map(_stands_for, x, y))
    return isinstance(x, dict | set) or same_bits(x, y)


def printed_check(reads: list[Read]) -> Callable[[], bool]:
    """Return a function that checks all `reads`: one line of Python for each, which costs some nanoseconds."""
    scope: dict[str, Any] = {
        "same": _same, "missing": missing, "moved": _moved, "value_in": value_in, "cleared": _cleared, "bits": bits_of,
        "differ": operator.ne,
    }  # fmt: skip
    lines = ["def unchanged():", " try:"]
    classes = [read for read in reads if read.kind == "attributes" and isinstance(read.holder, type)]
    scope |= {"classes": [vars(read.holder) for read in classes], "counts": [read.value for read in classes]}
    lines += ["  if [*map(len, classes)] != counts: return False"] if classes else []
    for i, read in enumerate(sorted(reads, key=lambda read: read.kind != "cache")):  # these have to be asked each time
        scope[f"h{i}"], scope[f"v{i}"] = read.holder, read.value
        lines += [f"  if {condition}: return False" for condition in _conditions(read, f"h{i}", f"v{i}", scope)]
    lines += ["  return True", " except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):"]
    lines += ["  return False  # it is gone, or of a type that compares in another way"]
    exec("\n".join(lines), scope)  # the text is the one above
    function: Callable[[], bool] = scope["unchanged"]
    return function


# What tells that a value is another one, of its holder, its name there and the value that it was.
_CONDITIONS = {
    "builtin": "{key} in {h}", "descriptor": "vars({h}).get({key}) is not {v}", "type": "{h}.__class__ is not {v}",
    "bases": "{h}.__mro__ is not {v}", "cache": "cleared({h}, {v})", "context": "value_in('context', {h}) is not {v}",
    "bytes": "bytes({h}) != {v}",
}  # fmt: skip


def _conditions(read: Read, holder: str, value: str, scope: dict[str, Any]) -> Iterator[str]:
    kind, key = read.kind, literal(read.key)
    if read.moving and kind == "contents":
        scope[f"{value}r"] = read
        yield f"moved({value}r)"
    elif kind == "cell" and read.value is missing:
        yield f"value_in('cell', {holder}) is not missing"
    elif kind in ("cell", "global", "attribute", "inside"):
        named = identifier(read.key, "")  # the parts of a sequence of layers are numbered
        text = f"{holder}.{named}" if named else f"getattr({holder}, {key})"
        text = {"cell": f"{holder}.cell_contents", "global": f"{holder}[{key}]"}.get(kind, text)
        yield f"type({text}) is not {type(read.value).__name__}" if read.moving else f"{text} is not {value}"
    elif kind in _CONDITIONS:
        yield _CONDITIONS[kind].format(h=holder, key=key, v=value)
    elif kind == "attributes":  # those of all classes are compared together
        if not isinstance(read.holder, type):
            yield f"len({holder}.__dict__) != {read.value}"
    elif kind == "layout":
        dtype, strides, length = read.value
        scope[f"{value}d"], scope[f"{value}s"] = dtype, strides  # which with the length tell the shape
        yield f"{holder}.dtype is not {value}d or {holder}.strides != {value}s"
        yield f"len({holder}) != {length[0]}" if length else "False"
    elif kind == "array":
        yield f"{'not same' if type(read.value) is list else 'differ'}(bits({holder}), {value})"
    elif not read.value:
        yield holder  # it was empty
    elif isinstance(read.holder, dict):
        yield f"not same([*{holder}, *{holder}.values()], {value})"
    elif type(read.holder) is list and all(vars(object)["__eq__"] is type(x).__eq__ for x in read.value):
        yield f"{holder} != {value}"  # ten times faster
    else:
        yield f"not same(list({holder}), {value})"


def _moved(read: Read) -> bool:
    """Tell whether something else than numbers that move is another object now, or is of another type."""
    then, now = read.parts, read.now().parts
    pairs = enumerate(zip(then, now, strict=False))
    return len(then) != len(now) or any(
        type(x) is not type(y) if i in read.moving else x is not y for i, (x, y) in pairs
    )


def _cleared(function: Any, misses: list[float]) -> bool:
    """Tell whether the cache of a function was cleared since it was asked first."""
    now = function.cache_info().misses
    misses[0] = now if now >= misses[0] else math.inf  # which stays: what it gave before is not what it gives
    return misses[0] == math.inf


def _same(now: list[Any], then: list[Any]) -> bool:
    return len(now) == len(then) and all(map(operator.is_, now, then))


def value_in(kind: str, holder: Any, key: Any = "") -> Any:
    """Return what a cell, a context variable, an attribute or an item of a container holds; `missing` if nothing."""
    try:
        if kind == "cell":
            return holder.cell_contents
        if kind == "context":
            return holder.get()
        return getattr(holder, key) if kind == "attribute" else holder[key]
    except (AttributeError, LookupError, ValueError):
        return missing


def bits_of(array: np.ndarray[Any, Any]) -> Any:
    """Return the contents of an array; of one of objects, these."""
    return list(array.flat) if array.dtype == object else array.tobytes()
