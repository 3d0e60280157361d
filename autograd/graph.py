"""The graph: what a node is, in which order nodes are walked, and the walk that carries gradients back.

Nothing here knows tensors or NumPy functions. A node belongs to an operation, which knows how to `pull` a gradient
back to the node's inputs; `Tensor` and `Value` stand on the same order and differ in what a node keeps.
"""

from __future__ import annotations

import itertools
import math
import sys
import warnings
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from types import CodeType
from typing import Any, Protocol
from weakref import ref

import numpy as np

from .errors import AnomalyError, AutogradError, DerivativeError, GraphError
from .modes import ANOMALY, watching

__all__ = [
    "LARGE",
    "LEAF",
    "Bundle",
    "GradientBuffer",
    "Gradients",
    "Hook",
    "Hooked",
    "Leaf",
    "Lift",
    "Node",
    "Operation",
    "absent",
    "ancestors",
    "by_number",
    "held_once",
    "intern_shape",
    "leading_to",
    "may_add_to",
    "note_written",
    "owner_of",
    "pull_back",
    "recorded",
    "sum_gradients",
    "take_number",
]

Gradients = dict["Node | None", Any]

take_number = itertools.count().__next__
by_number = attrgetter("number")
absent: Any = object()  # stands in `gradients` for a node whose gradient nobody wants


class Operation(Protocol):
    """What the walks ask of the operation of a node."""

    name: str

    @property
    def freed(self) -> Operation:
        """What takes the operation's place when a walk has freed what a node kept."""

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        """Add to `gradients` what `g`, the gradient of `node`, contributes to those of the node's inputs."""

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do as `pull`; with `lift`, record it, and with `absorb`, let zeros in `g` stay zero against nan and inf."""

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the node of each differentiable input, None for one that needs no gradient."""


class Lift(Protocol):
    """How a front end turns what a node kept into something that records."""

    def wrap(self, array: Any, node: Node) -> Any:
        """Return `array` as the result of `node`."""

    def unwrap(self, gradient: Any) -> Any:
        """Return the array within `gradient`."""


class Node:
    """One result in the graph: its operation, the nodes of its live inputs, and what the rules asked to keep.

    Attributes
    ----------
    op
        The operation that made the result.
    x, y
        The nodes of the inputs that need a gradient, or None; `Bundle` stands for a second input and those after it.
    kept, kept_y
        What the derivative rules of the first and second input named, and nothing else.
    shape, dtype
        Of the result; a gradient of this node has the same.
    number
        Greater than that of every node it depends on.
    code, instruction
        Where the user's program recorded it; unset on elementwise operations outside `detect_anomaly`.
    owner
        A weak reference to the tensor whose gradient is to be kept, of a leaf or one that was asked to retain it; else
        unset. The gradient is an attribute of the tensor: one that can be differentiated again leads back to the node,
        which would so never be freed.
    """

    __slots__ = ("code", "dtype", "instruction", "kept", "kept_y", "number", "op", "owner", "shape", "x", "y")

    # No constructor: calling a class that has none is the cheapest way to make an object.
    op: Operation
    x: Node | None
    y: Node | None
    kept: Any
    kept_y: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    number: int
    code: CodeType
    instruction: int
    owner: Callable[[], Any]


class Leaf(Node):
    """A node without inputs, at which a gradient accumulates.

    Attributes
    ----------
    buffer
        A place set apart for the gradient, by an optimizer for example, or None.
    hooks
        What is to be called with a gradient that arrives, and when it has been added to `grad`; or None.
    finished
        Whether it was made by a transform, such as `vjp`, that has evaluated its function: nobody can ask any more for
        a derivative with respect to it but the transform.
    """

    __slots__ = ("buffer", "finished", "hooks")

    buffer: GradientBuffer | None
    hooks: LeafHooks | None
    finished: bool

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], owner: Callable[[], Any]) -> None:
        self.op, self.owner = LEAF, owner
        self.x = self.y = self.kept = self.kept_y = self.buffer = self.hooks = None
        self.shape, self.dtype, self.number = intern_shape(shape), dtype, take_number()
        self.finished = False


class Bundle(Node):
    """Stands in place of a second input for all inputs from the second on, so that every node has two edges."""

    __slots__ = ()

    def __init__(self, inputs: tuple[Node | None, ...]) -> None:
        rest = inputs[-1]
        for x in inputs[-2:0:-1]:  # a loop, for there may be thousands
            inner: Bundle = object.__new__(Bundle)
            inner._join(x, rest)
            rest = inner
        self._join(inputs[0], rest)

    def _join(self, x: Node | None, y: Node | None) -> None:
        self.op, self.x, self.y, self.kept, self.kept_y, self.number = _BUNDLE, x, y, None, None, take_number()


class GradientBuffer(Protocol):
    """A place set apart for the gradient of a leaf.

    Attributes
    ----------
    array
        The place itself, of the leaf's shape and dtype.
    whole
        An array of one axis that `array` is a part of, beside the places of other leaves.
    """

    array: np.ndarray[Any, Any]
    whole: np.ndarray[Any, Any]

    def claim(self, known: int = 0) -> np.ndarray[Any, Any] | None:
        """Return the array to write to, or None while somebody still holds the gradient that it had before.

        `known` references to the array are the caller's.
        """


class LeafHooks(Protocol):
    """What is to be called at a leaf."""

    def arrived(self, g: Any) -> Any:
        """Return the gradient to take in place of `g`, that of one walk."""

    def accumulated(self) -> None:
        """Tell that the gradient has been added to that of the leaf."""


Hook = Callable[[Any, "Lift | None"], Any]


class Hooked:
    """Takes the place of the operation of a node whose gradient is to be seen, or replaced, before it is pulled on.

    Attributes
    ----------
    operation
        What was there before.
    hooks
        Each takes the gradient and returns the one to go on with.
    retain
        Is given what has become of the gradient in the end, or None.
    """

    exist = False  # until the first: so that walks need not look for them where there are none

    def __init__(self, operation: Operation) -> None:
        self.operation, self.name, self.inputs = operation, operation.name, operation.inputs
        self.hooks: dict[int, Hook] = {}
        self.retain: Callable[[Node, Any], None] | None = None
        Hooked.exist = True

    @property
    def freed(self) -> Operation:
        """What stands there when the node is freed: hooks go with what it kept."""
        return self.operation.freed

    def seen(self, node: Node, g: Any, lift: Lift | None) -> Any:
        """Return what the hooks make of `g`, the gradient of `node`."""
        for hook in list(self.hooks.values()):
            g = hook(g, lift)
        if self.retain is not None:
            self.retain(node, g)
        return g

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        """Call the hooks, and pull on what they return."""
        self.operation.pull(node, self.seen(node, g, None), gradients)

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do as `pull`."""
        self.operation.pull_carefully(node, self.seen(node, g, lift), gradients, lift, absorb)


class _LeafOperation:
    """The walk ends at a leaf, whose gradient stays where it is."""

    name = "leaf"

    @property
    def freed(self) -> _LeafOperation:
        return self

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        gradients[node] = g

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        gradients[node] = g

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        return ()


class _BundleOperation(_LeafOperation):
    """The gradients of bundled inputs reach them directly: there is nothing to pull through a bundle."""

    name = "bundle"

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        pass

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        pass


class FreedOperation:
    """Takes the place of a node's operation when a walk has freed what the node kept."""

    def __init__(self, operation: Operation) -> None:
        self.name = operation.name
        self.inputs = operation.inputs

    @property
    def freed(self) -> FreedOperation:
        return self

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        message = (
            f"an earlier backward() freed the graph of this result: '{self.name}'{recorded(node)} no longer has what "
            f"its derivative needs. Pass retain_graph=True to the earlier backward(), or compute the result anew"
        )
        raise GraphError(message)

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        self.pull(node, g, gradients)


LEAF = _LeafOperation()
_BUNDLE = _BundleOperation()
_shapes: dict[tuple[int, ...], tuple[int, ...]] = {}


def intern_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return one tuple for all that equal `shape`, so that the hot path can compare shapes with ``is``."""
    if len(_shapes) > 10_000:
        _shapes.clear()  # equal shapes that are not identical only take the slower path
    return _shapes.setdefault(shape, shape)


def recorded(node: Node) -> str:
    """Return where the user's program recorded `node`, as a part of a sentence.

    That is its own line, or the nearest one noted before it; nothing if no line was noted.
    """
    for candidate in sorted(ancestors([node]), key=by_number, reverse=True):
        if hasattr(candidate, "code"):
            how = "recorded at" if candidate is node else "recorded after"
            return f", {how} {_line(candidate.code, candidate.instruction)},"
    return ""


def ancestors(roots: Iterable[Node]) -> list[Node]:
    """Return every node that `roots` depend on, themselves included, each before all that depend on it."""
    found: list[Any] = list(dict.fromkeys(roots))
    known = {None, *found}
    add, append = known.add, found.append
    for node in found:  # grows while it is read
        x = node.x
        if x not in known:
            add(x)
            append(x)
        x = node.y
        if x not in known:
            add(x)
            append(x)
    found.sort(key=by_number)
    return found


def leading_to(targets: Collection[Node], order: list[Node]) -> list[Node]:
    """Return the part of `order` through which a gradient has to pass to reach `targets`."""
    leads: set[Node | None] = set(targets)
    leads.discard(None)
    for node in order:
        if node.x in leads or node.y in leads:
            leads.add(node)
    return [node for node in order if node in leads]


def pull_back(
    seeds: dict[Node, Any],
    order: list[Node],
    targets: Collection[Node] | None = None,
    *,
    partial: bool = False,
    lift: Lift | None = None,
    free: bool = False,
) -> dict[Node, Any]:
    """Carry the gradients `seeds` back through `order` and return those of the `targets` that they reach.

    Without `targets`, those of all leaves are returned. `partial` says that `order` leaves out some ancestors of the
    seeds. With `lift` the rules record themselves. `free` lets go of what the nodes kept.

    The walk is optimistic: a rule such as ``g / (2 * out)`` gives nan where ``g`` is 0 and ``out`` is 0 or nan, as in
    the branch that a `where` did not select. Only if a nan arrives is the walk repeated with zeros that absorb. NumPy's
    warnings about single elements of the way would mislead; a gradient that is not finite in the end is reported once.
    """
    if _latest > order[0].number if order else False:
        _refuse_overwritten(order)
    found = _settle(seeds, order, targets, partial, lift)
    if free:
        for node in order:
            if node.op is not LEAF:
                node.op = node.op.freed
                node.kept = node.kept_y = None
    return found


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a decorator takes half the time of a block
def _settle(
    seeds: dict[Node, Any],
    order: list[Node],
    targets: Collection[Node] | None,
    partial: bool,
    lift: Lift | None,
) -> dict[Node, Any]:
    """Walk optimistically, and once more with care if that gave a nan; see `pull_back`."""
    # A walk that calls hooks is not repeated, for they may count their calls.
    careful = Hooked.exist and any(isinstance(node.op, Hooked) and node.op.hooks for node in order)
    found = _walk(seeds, order, targets, partial, lift, absorb=careful)
    total = _total(found, lift)
    if total != total and not careful:
        found = _walk(seeds, order, targets, partial, lift, absorb=True)
        total = _total(found, lift)
    if not math.isfinite(total):
        _warn(found, lift)
    return found


class _Wanted(dict["Node | None", Any]):
    """The gradients of a walk through part of a graph: a node outside that part is absent."""

    def __missing__(self, node: Node | None) -> Any:
        return absent


def _walk(
    seeds: dict[Node, Any],
    order: list[Node],
    targets: Collection[Node] | None,
    partial: bool,
    lift: Lift | None,
    absorb: bool,
) -> dict[Node, Any]:
    gradients: Gradients = dict.fromkeys(order)
    if partial:
        gradients = _Wanted(gradients)
    for seed, g in seeds.items():
        if seed in gradients:
            gradients[seed] = g
    gradients[None] = absent
    inner = {node for node in targets if node.op is not LEAF} if targets else ()
    careful = absorb or lift is not None
    anomaly = bool(watching() & ANOMALY)
    pop = gradients.pop
    node = None
    try:
        if not (careful or inner or anomaly):
            for node in reversed(order):
                if node.op is not LEAF:
                    node.op.pull(node, pop(node), gradients)
        else:
            for node in reversed(order):
                if node.op is LEAF:
                    continue
                g, op = pop(node), node.op
                if isinstance(op, Hooked):
                    g, op = op.seen(node, g, lift), op.operation
                if careful:
                    op.pull_carefully(node, g, gradients, lift, absorb)
                else:
                    op.pull(node, g, gradients)
                if node in inner:
                    gradients[node] = g
                if anomaly:
                    _check_gradients(node, g, gradients, lift)
    except AutogradError:
        raise
    except Exception as error:
        if node is None:
            raise
        what = f"the derivative of '{node.op.name}'{recorded(node)} failed"
        raise DerivativeError(f"{what}: {type(error).__name__}: {error}") from error
    del gradients[None]
    if targets is None:
        return {node: g for node, g in gradients.items() if g is not None}  # type: ignore[misc]  # None is deleted
    return {node: gradients[node] for node in targets if gradients.get(node) is not None}


def _check_gradients(node: Node, g: Any, gradients: Gradients, lift: Lift | None) -> None:
    """Raise if pulling `g` through `node` made a gradient that is not finite."""
    for x in node.op.inputs(node):
        gx = gradients.get(x)
        if x is None or gx is None or gx is absent:
            continue
        parts = [part for part in gx if part is not None] if isinstance(gx, list) else [gx]
        if not all(np.isfinite(part if lift is None else lift.unwrap(part)).all() for part in parts):
            message = (
                f"the derivative of '{node.op.name}'{recorded(node)} gave a gradient with nan or inf "
                f"(shape {x.shape}, dtype {x.dtype})"
            )
            raise AnomalyError(message)


def _total(found: dict[Node, Any], lift: Lift | None) -> float:
    """Return a number that is nan if one of the gradients has a nan, and not finite if one has an inf."""
    total: Any = 0
    whole = None if lift is not None else _shared_whole(found)
    if whole is not None:
        total = np.dot(whole, whole)
        if math.isfinite(total):
            return float(total)
        total = 0  # it may be what `whole` has beside the gradients
    for g in found.values():
        if lift is not None:
            g = lift.unwrap(g)
        if g.ndim != 1:
            g = g.ravel("K")  # a view also of a matrix laid out by columns
        total += np.dot(g, g)  # one pass without a temporary; squares cannot cancel
    return float(abs(total))


def _shared_whole(found: dict[Node, Any]) -> Any:
    """Return the array that all the gradients were written to parts of, if there is one."""
    whole = None
    for node, g in found.items():
        buffer = node.buffer if type(node) is Leaf else None
        if buffer is None or g is not buffer.array or (whole is not None and whole is not buffer.whole):
            return None
        whole = buffer.whole
    return whole


def _warn(found: dict[Node, Any], lift: Lift | None) -> None:
    """Warn of gradients that are not finite; see `_total`, which also overflows for some that are."""
    for node, gradient in found.items():
        g = gradient if lift is None else lift.unwrap(gradient)
        bad = np.size(g) - np.count_nonzero(np.isfinite(g))
        if bad:
            kind = "nan" if np.isnan(g).any() else "inf"
            message = (
                f"the gradient of a tensor of shape {node.shape} has {kind} in {bad} of {np.size(g)} elements: "
                f"compute and walk within detect_anomaly() to see where it arises"
            )
            warnings.warn(message, RuntimeWarning, stacklevel=6)


# What has been written to in place: the owner of the memory by its id, with a number like those of nodes and the line.
_written: dict[int, _Mark] = {}
_latest = -1


class _Mark:
    """A write: to which memory, when, and where."""

    __slots__ = ("code", "instruction", "number", "owner")

    code: CodeType
    instruction: int

    def __init__(self, owner: Any) -> None:
        self.owner, self.number = ref(owner), take_number()


def note_written(array: np.ndarray[Any, Any], note_line: Callable[[Any], None]) -> None:
    """Note that the memory of `array` has been written to in place: a graph that kept it before is not walked."""
    global _latest
    if len(_written) > 1000:
        for key in [key for key, mark in _written.items() if mark.owner() is None]:
            del _written[key]
    owner = owner_of(array)
    mark = _written[id(owner)] = _Mark(owner)
    note_line(mark)
    _latest = mark.number


def owner_of(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array at the end of the chain of those that `array` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _refuse_overwritten(order: list[Node]) -> None:
    """Raise if something that a node kept has been written to since it was recorded."""
    for node in order:
        if node.op is LEAF or node.number > _latest:
            continue
        pending: list[Any] = [getattr(node, "kept", None), getattr(node, "kept_y", None)]
        while pending:
            value = pending.pop()
            if type(value) in (tuple, list):
                pending.extend(value)
            elif isinstance(value, np.ndarray):
                owner = owner_of(value)
                mark = _written.get(id(owner))
                if mark is not None and mark.number > node.number and mark.owner() is owner:
                    message = (
                        f"the derivative of '{node.op.name}'{recorded(node)} needs an array (shape {value.shape}, "
                        f"dtype {value.dtype}) that was written to in place afterwards, at "
                        f"{_line(mark.code, mark.instruction)}: write to a copy, or call backward() before"
                    )
                    raise GraphError(message)


def _line(code: CodeType, instruction: int) -> str:
    line = next((number for start, end, number in code.co_lines() if start <= instruction < end), None)
    return f"{code.co_filename}:{line}"


def _reference_counter() -> Callable[[Any], int]:
    """Return what counts the references to an object; where that is unknown, every object counts as shared.

    Without the global interpreter lock a count may leave out the references of other threads.
    """
    exact = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
    return sys.getrefcount if exact else lambda held: sys.maxsize


_references = _reference_counter()


def _count_parameter(held: Any, _: Any) -> int:
    return _references(held)


def _calibrate() -> int:
    """Count the references of an array that only `gradients` holds, in the way that `sum_gradients` meets it."""
    gradients = {0: np.empty(1)}
    held = gradients[0]
    return _count_parameter(held, held is None)


_HELD_ONCE = _calibrate()
LARGE = 2048  # elements; below, a new array costs no more than writing to an old one


def sum_gradients(held: Any, g: Any) -> Any:
    """Return ``held + g``, in place where nobody but the walk can see the memory of `held`.

    The reference count answers that exactly: an array handed on by a rule, kept by a node or known to the caller has
    another reference, and a view has a base.
    """
    if (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and _references(held) <= _HELD_ONCE
        and held.base is None
    ):
        return np.add(held, g, held)
    return held + g


def may_add_to(held: Any, g: Any) -> bool:
    """Tell whether `g`, the gradient of a part, may be added to `held` in place: see `sum_gradients`."""
    return (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and _references(held) <= _HELD_ONCE
        and held.base is None
    )


def held_once(found: dict[Node, Any], node: Node) -> bool:
    """Tell whether the gradient of `node` in `found` is an array that nobody else can see."""
    held = found[node]
    return type(held) is np.ndarray and held.base is None and _count_parameter(held, None) <= _HELD_ONCE
