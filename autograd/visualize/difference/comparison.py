"""Comparison of two aligned runs, node by node: structure, values, and gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np

from ..number_format import short
from .alignment import Alignment
from .recorded_run import Array, Entry, Result

Kind = Literal["inserted", "removed", "operation", "inputs", "argument", "shape", "dtype", "value", "gradient"]
_SMALL = 1 << 16  # bytes; whether smaller arrays are equal is seen fastest in their bytes


class Tolerance(NamedTuple):
    """Numbers are equal up to ``atol + rtol * abs(b)``, as in `numpy.allclose`; nan equals nan."""

    rtol: float
    atol: float


@dataclass(frozen=True)
class Deviation:
    """By how much two arrays deviate."""

    largest: float  # the largest absolute deviation; nan if only one of two elements is nan
    count: int  # of the elements that deviate by more than the tolerance
    size: int  # the number of all elements
    index: tuple[int, ...]  # of the largest deviation; of several results, the first number is that of the result
    a: complex  # the two numbers there
    b: complex

    def __str__(self) -> str:
        at = f" at {list(self.index)}" if self.index else ""
        much = "" if self.size == 1 else f", in {self.count:,} of {self.size:,} elements"
        return f"a {_exact(self.a)}, b {_exact(self.b)}{at}; largest deviation {short(self.largest)}{much}"


@dataclass(slots=True, eq=False)
class ComparedNode:
    """A node of run a and its partner in run b, or a node that only one of them has; the other one is None."""

    a: Entry | None
    b: Entry | None
    kinds: list[Kind] = field(default_factory=list)  # in what they differ, in the order of `Kind`
    # Whether each difference may be a consequence of those before it: of inputs that differ or, for a gradient, of
    # operations that use the result.
    follows: bool = False
    value: Deviation | None = None  # by how much the values deviate, if beyond the tolerance
    gradient: Deviation | None = None
    arguments: list[str] = field(default_factory=list)  # those that differ, each with both values, as text
    computed: bool = False  # whether these are arrays, which may have been computed from what differs before
    sources: tuple[set[int], set[int]] = field(default_factory=lambda: (set(), set()))  # its inputs in each, as nodes

    @property
    def only(self) -> Entry:
        """The one of run b; that of run a if b has none."""
        entry = self.b or self.a
        assert entry is not None  # no node is made of nothing
        return entry

    @property
    def inputs(self) -> list[int]:
        """The nodes that it uses in either run."""
        return sorted(self.sources[0] | self.sources[1])

    @property
    def title(self) -> str:
        """What to call it: the name or the operation, or both operations if they differ."""
        if self.a is None or self.b is None or self.a.title == self.b.title:
            return self.only.title
        return f"{self.a.title} → {self.b.title}"

    def __str__(self) -> str:
        where = f" in {self.only.module}" if self.only.module else ""
        lines = [f"{self.title}{where}: {', '.join(self.kinds) or 'no difference'}"]
        lines += [f"  {text}" for text in self.details()]
        for letter, entry in (("a", self.a), ("b", self.b)):
            if entry is not None and entry.where:
                lines.append(f"  {letter}: {entry.where}" + (f"   {entry.line}" if entry.line else ""))
        return "\n".join(lines)

    def details(self) -> Iterator[str]:
        """Yield a line for each difference that has details."""
        if self.a is not None and self.b is not None:
            if "shape" in self.kinds:
                yield f"shape: a {_listed(self.a.shapes)}, b {_listed(self.b.shapes)}"
            if "dtype" in self.kinds:
                yield f"dtype: a {_listed(self.a.dtypes)}, b {_listed(self.b.dtypes)}"
            if "inputs" in self.kinds:
                yield "inputs: other results, or the same ones in another order"
        yield from (f"argument {text}" for text in self.arguments)
        if self.value is not None:
            yield f"value: {self.value}"
        if self.gradient is not None:
            yield f"gradient: {self.gradient}"


def compared(a: Sequence[Entry], b: Sequence[Entry], tolerance: Tolerance) -> list[ComparedNode]:
    """Return the nodes of two runs in pairs, each after those that it depends on."""
    if any(entry.freed for entry in (*a, *b)):  # which no longer says where its constants were
        a, b = ([replace(x, inputs=tuple([y for y in x.inputs if y is not None])) for x in run] for run in (a, b))
    alignment = Alignment(a, b)
    alignment.run()
    of_a, of_b = alignment.of_a, alignment.of_b
    rows = list(_in_order(of_a, of_b))
    nodes = [ComparedNode(None if i is None else a[i], None if j is None else b[j]) for i, j in rows]
    row_of_a = {i: row for row, (i, _) in enumerate(rows) if i is not None}
    row_of_b = {j: row for row, (_, j) in enumerate(rows) if j is not None}
    for node in nodes:
        node.sources = (
            {row_of_a[x] for x in (node.a.inputs if node.a else ()) if x is not None},
            {row_of_b[x] for x in (node.b.inputs if node.b else ()) if x is not None},
        )
    wiring = [_wiring(node, a, b, of_a, of_b) for node in nodes]
    for node, wired in zip(nodes, wiring, strict=True):
        _compare(node, wired != "same", tolerance)
    touched = _judge_forward(nodes, wiring)
    _judge_back(nodes, touched)
    return nodes


def _in_order(of_a: list[int | None], of_b: list[int | None]) -> Iterator[tuple[int | None, int | None]]:
    """Yield pairs of indices in the order of `b`; what only `a` has comes before what follows it there."""
    done = 0
    for j, i in enumerate(of_b):
        if i is not None:
            for alone in range(done, i):
                if of_a[alone] is None:
                    yield alone, None
            done = max(done, i + 1)
        yield i, j
    for alone in range(done, len(of_a)):
        if of_a[alone] is None:
            yield alone, None


Wiring = Literal["same", "follows", "differs"]


def _wiring(
    node: ComparedNode, a: Sequence[Entry], b: Sequence[Entry], of_a: list[int | None], of_b: list[int | None]
) -> Wiring:
    """Tell whether both use the same inputs in the same order, or differ only by operations inserted or removed."""
    if node.a is None or node.b is None:
        return "same"
    ours, theirs = node.a.inputs, node.b.inputs
    if len(ours) != len(theirs):
        return "differs"
    found: Wiring = "same"
    for x, y in zip(ours, theirs, strict=True):
        if (None if y is None else of_b[y]) == x and (x is None) == (y is None):
            continue
        gone = x is not None and of_a[x] is None and not a[x].is_leaf
        if gone or (y is not None and of_b[y] is None and not b[y].is_leaf):
            found = "follows"
        else:
            return "differs"
    return found


def _compare(node: ComparedNode, rewired: bool, tolerance: Tolerance) -> None:
    """Note in what a pair differs."""
    a, b, kinds = node.a, node.b, node.kinds
    if a is None or b is None:
        kinds.append("inserted" if a is None else "removed")
        return
    if a.operation != b.operation:
        kinds.append("operation")
    if rewired:
        kinds.append("inputs")
    if a.operation == b.operation:
        _compare_arguments(node, a, b, tolerance)
    kinds += ["shape"] if a.shapes != b.shapes else []
    kinds += ["dtype"] if a.dtypes != b.dtypes else []
    node.value = _deviation(a.value, b.value, tolerance)
    kinds += ["value"] if node.value is not None else []
    node.gradient = _deviation(a.gradient, b.gradient, tolerance)
    kinds += ["gradient"] if node.gradient is not None else []


# Numbers


def _deviation(a: Result, b: Result, tolerance: Tolerance) -> Deviation | None:
    """Return by how much two results deviate; None if they agree, or cannot be compared."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        parts = [_of_arrays(x, y, tolerance, (i,)) for i, (x, y) in enumerate(zip(a, b, strict=False))]
        found = [part for part in parts if part is not None]
        return max(found, key=lambda part: part.largest, default=None)
    return None if isinstance(a, tuple) or isinstance(b, tuple) else _of_arrays(a, b, tolerance, ())


def _of_arrays(a: Array | None, b: Array | None, tolerance: Tolerance, before: tuple[int, ...]) -> Deviation | None:
    if a is None or b is None or a.shape != b.shape or _are_equal(a, b):
        return None
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return None
    with np.errstate(all="ignore"):
        apart = np.abs(np.subtract(a, b, dtype=_wide(a.dtype, b.dtype)))
        off = ~((apart <= tolerance.atol + tolerance.rtol * np.abs(b)) & (apart < np.inf))  # also where either is nan
        if off.any():
            off &= ~((a == b) | ((a != a) & (b != b)))  # equal infinities, and nan in both
        count = int(np.count_nonzero(off))
        if not count:
            return None
        flat = int(np.argmax(np.where(off, apart, -1)))  # the first nan, if there is one
    index = tuple([int(i) for i in np.unravel_index(flat, a.shape)])
    return Deviation(float(apart[index]), count, a.size, before + index, a[index].item(), b[index].item())


@cache
def _wide(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which arrays are subtracted: of floating-point numbers, in single precision or more."""
    return np.result_type(a, b, np.float32)


def _are_equal(a: Array, b: Array) -> bool:
    """Tell whether two arrays of one shape are equal, which is decided faster than by how much they deviate."""
    if a.nbytes <= _SMALL and a.dtype == b.dtype:
        return a.tobytes() == b.tobytes()
    return bool((a == b).all())


def _compare_arguments(node: ComparedNode, a: Entry, b: Entry, tolerance: Tolerance) -> None:
    """Note the arguments that differ, of those known of both."""
    node.computed = True
    for name, x in a.arguments.items():
        text = _difference_of(x, b.arguments[name], tolerance) if name in b.arguments else ""
        if text:
            node.arguments.append(f"{name}: {text}")
            node.computed &= _holds_array(x)
    if node.arguments:
        node.kinds.append("argument")


def _difference_of(x: object, y: object, tolerance: Tolerance) -> str:
    """Return in words how two arguments differ; nothing if they do not."""
    if _is_numeric(x) and _is_numeric(y):
        one, other = np.asarray(x), np.asarray(y)
        if one.shape != other.shape:
            return f"shape {one.shape} in a, {other.shape} in b"
        deviation = _of_arrays(one, other, tolerance, ())
        return "" if deviation is None else str(deviation)
    if isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
        return next(filter(None, (_difference_of(*each, tolerance) for each in zip(x, y, strict=True))), "")
    return "" if repr(x) == repr(y) else f"a {_brief(x)}, b {_brief(y)}"


def _holds_array(x: object) -> bool:
    return isinstance(x, np.ndarray) or (isinstance(x, tuple) and any(map(_holds_array, x)))


def _is_numeric(x: object) -> bool:
    return isinstance(x, np.ndarray | np.generic | float | complex | int) and not isinstance(x, bool)


def _brief(x: object) -> str:
    text = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else repr(x)
    return text if len(text) <= 60 else text[:57] + "..."


def _exact(number: complex) -> str:
    """Write a number with as many digits as tell two floats of single precision apart."""
    return f"{number:.9g}" if isinstance(number, float | complex) else str(number)


def _listed(parts: Sequence[object]) -> str:
    return " and ".join(map(str, parts))


# What follows from what


def _judge_forward(nodes: list[ComparedNode], wiring: list[Wiring]) -> list[bool]:
    """Note which forward differences may be consequences of earlier ones; return which results may differ."""
    touched = [False] * len(nodes)
    for row, node in enumerate(nodes):
        before = [source for source in node.inputs if source < row]
        reached = len(before) < len(node.inputs) or any(touched[source] for source in before)
        alone = node.a is None or node.b is None
        value_known = not alone and node.a.value is not None and node.b.value is not None  # type: ignore[union-attr]
        differs = alone or any(kind in node.kinds for kind in ("shape", "dtype", "value"))
        touched[row] = differs or (not value_known and (reached or bool(node.kinds)))
        if alone:
            users_tell = node.only.is_leaf and row < len(nodes) - 1  # a new leaf is new because of what uses it
            node.follows = users_tell or any(
                (nodes[source].a is None) == (node.a is None) and not nodes[source].only.is_leaf
                for source in before
                if nodes[source].a is None or nodes[source].b is None
            )
        elif node.kinds:
            own = "operation" in node.kinds or wiring[row] == "differs"
            own = own or ("argument" in node.kinds and not node.computed)
            node.follows = not own and (reached or wiring[row] == "follows" or node.kinds == ["gradient"])
    return touched


def _judge_back(nodes: list[ComparedNode], touched: list[bool]) -> None:
    """Note which differences of gradients alone are no consequences: their users, and the users' inputs, agree."""
    reached = [False] * len(nodes)  # by a difference on the way back
    for row in range(len(nodes) - 1, -1, -1):
        node = nodes[row]
        if node.kinds == ["gradient"]:
            node.follows = reached[row]
        known = node.a is not None and node.b is not None
        known = known and node.a.gradient is not None and node.b.gradient is not None  # type: ignore[union-attr]
        passes = bool(node.kinds) or touched[row] or (not known and reached[row])
        passes = passes or any(touched[source] for source in node.inputs)
        if passes:
            for source in node.inputs:
                reached[source] = True
