"""Nodes: the graph of recorded operations, and the order in which it is walked.

Nothing here knows tensors or NumPy functions. The operation of a node knows how to `pull` a gradient back to the node's
inputs; `Tensor` and `Value` share the order of the walk and differ in what a node keeps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable
from operator import attrgetter
from types import CodeType
from typing import Any, NoReturn, Protocol

import numpy as np

from ..errors import GraphError
from .source_info import SourceLine, line_of

__all__ = [
    "LARGE",
    "LEAF",
    "Bundle",
    "Exposed",
    "GradientBuffer",
    "Gradients",
    "Hook",
    "Hooked",
    "LargeShape",
    "Leaf",
    "Lift",
    "MultiNode",
    "Node",
    "Operation",
    "View",
    "absent",
    "ancestors",
    "by_number",
    "counter",
    "intern_shape",
    "leading_to",
    "recorded",
]

Gradients = dict["Node | None", Any]

counter = itertools.count()  # `next(counter)` numbers nodes and writes in the order of the program
by_number = attrgetter("number")
absent: Any = object()  # the entry in `gradients` of a node whose gradient is not wanted


class Operation(Protocol):
    """What walks need of the operation of a node."""

    name: str

    @property
    def freed(self) -> Operation:
        """The operation that replaces this one when a walk has freed what a node kept."""

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
    guard
        Snapshots of what it keeps and others can write to: see `mutation`. None if there is nothing of that kind.
    code, instruction
        Where the user's program recorded it; unset on elementwise operations outside `detect_anomaly`.
    scope
        The modules within which that was; unset outside `detect_anomaly` and the like: see `name_scope`.
    owner
        For a leaf, or a result that retains its gradient, a weak reference to the tensor; else unset. The gradient is
        an attribute of the tensor, not of the node: a gradient that can be differentiated again refers to the node,
        which would then never be freed.
    """

    __slots__ = (
        "code", "dtype", "guard", "instruction", "kept", "kept_y", "number", "op", "owner", "scope", "shape", "x", "y",
    )  # fmt: skip

    # No constructor: calling a class that has none is the cheapest way to make an object.
    op: Operation
    x: Node | None
    y: Node | None
    kept: Any
    kept_y: Any
    guard: Any
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    number: int
    code: CodeType
    instruction: int
    scope: str
    owner: Callable[[], Any]


class View(Node):
    """A node whose result is a view of a leaf's memory, which others may write to."""

    __slots__ = ()


class Exposed(Node):
    """A result whose ndarray was handed out: nodes that keep it from then on take a snapshot, as of a shared leaf."""

    __slots__ = ()

    shared = True


class Leaf(Node):
    """A node without inputs, at which a gradient accumulates.

    Attributes
    ----------
    buffer
        Memory set aside for the gradient, by an optimizer for example, or None.
    hooks
        Called with a gradient that arrives, and when it has been added to `grad`; or None.
    finished
        For a leaf that a transform such as `vjp` made, the next number when it had evaluated its function: from then on
        only the transform can ask for a derivative with respect to the leaf. Else infinity.
    shared
        Whether somebody else may hold the ndarray with its values, and write to it.
    """

    __slots__ = ("buffer", "finished", "hooks", "shared")

    buffer: GradientBuffer | None
    hooks: LeafHooks | None
    finished: float
    shared: bool

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], owner: Callable[[], Any]) -> None:
        self.op, self.owner = LEAF, owner
        self.x = self.y = self.kept = self.kept_y = self.guard = self.buffer = self.hooks = None
        self.shape, self.dtype, self.number = intern_shape(shape), dtype, next(counter)
        self.finished, self.shared = math.inf, True


class Bundle(Node):
    """Replaces the second input where there are more than two, so that every node has two edges."""

    __slots__ = ()

    def __init__(self, inputs: tuple[Node | None, ...]) -> None:
        rest = inputs[-1]
        for x in inputs[-2:0:-1]:  # a loop, for there may be thousands
            inner: Bundle = object.__new__(Bundle)
            inner._join(x, rest)
            rest = inner
        self._join(inputs[0], rest)

    def _join(self, x: Node | None, y: Node | None) -> None:
        self.op, self.x, self.y, self.number = _BUNDLE, x, y, next(counter)
        self.kept = self.kept_y = self.guard = None


class MultiNode(Node):
    """An operation with several outputs; each output has a node of its own, which has this one as its input.

    Its gradient is a list with one entry for each output, None where none has arrived.

    Attributes
    ----------
    shapes, dtypes
        Of each output; `shape` and `dtype` are unset.
    """

    __slots__ = ("dtypes", "shapes")

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]


class GradientBuffer(Protocol):
    """Memory set aside for the gradient of a leaf.

    Attributes
    ----------
    array
        The memory, of the leaf's shape and dtype.
    whole
        An array of one axis that `array` is a part of, as are the buffers of other leaves.
    """

    array: np.ndarray[Any, Any]
    whole: np.ndarray[Any, Any]

    def claim(self, known: int = 0) -> np.ndarray[Any, Any] | None:
        """Return the array to write to, or None while somebody still holds the gradient that it had before.

        `known` references to the array are the caller's.
        """


class LeafHooks(Protocol):
    """The hooks of a leaf."""

    def arrived(self, g: Any) -> Any:
        """Return what the hooks make of `g`, the gradient of one walk."""

    def accumulated(self) -> None:
        """Call the hooks that run when the gradient has been added to that of the leaf."""


Hook = Callable[[Any, "Lift | None"], Any]


class Hooked:
    """Wraps the operation of a node whose gradient hooks see, and may replace, before it is pulled on.

    Attributes
    ----------
    operation
        The operation that it wraps.
    hooks
        Each takes the gradient and returns the one to go on with.
    retain
        Called with the gradient after all hooks; or None.
    """

    exist = False  # until the first one is made: walks need not look for them before

    def __init__(self, operation: Operation) -> None:
        self.operation, self.name, self.inputs = operation, operation.name, operation.inputs
        self.hooks: dict[int, Hook] = {}
        self.retain: Callable[[Node, Any], None] | None = None
        Hooked.exist = True

    @property
    def freed(self) -> Operation:
        """The operation of the freed node: hooks are freed with what it kept."""
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
    """Replaces a node's operation when a walk has freed what the node kept."""

    def __init__(self, operation: Operation) -> None:
        self.name = operation.name
        self.inputs = operation.inputs

    @property
    def freed(self) -> FreedOperation:
        return self

    def refuse(self, node: Node) -> NoReturn:
        """Raise the error that says what was freed and when."""
        freed_by = f" at {line_of(node.kept)}" if isinstance(node.kept, SourceLine) else ""
        message = (
            f"an earlier backward(){freed_by} freed the graph of this result: '{self.name}'{recorded(node)} no longer "
            f"has what its derivative needs. Pass retain_graph=True to that backward(), or compute the result anew"
        )
        raise GraphError(message)

    def pull(self, node: Node, g: Any, gradients: Gradients) -> None:
        self.refuse(node)

    def pull_carefully(self, node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        self.refuse(node)


LEAF = _LeafOperation()
_BUNDLE = _BundleOperation()
_shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
LARGE = 2048  # elements; below, a new array costs no more than writing to an old one


class LargeShape(tuple[int, ...]):
    """The shape of more than `LARGE` elements: the hot path tells by the type, and need not ask an array its size."""

    __slots__ = ()


def intern_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return one tuple for all that equal `shape`, so that the hot path can compare shapes with ``is``."""
    known = _shapes.get(shape)
    if known is None:
        if len(_shapes) > 10_000:
            _shapes.clear()  # equal shapes that are not identical only take the slower path
        known = _shapes[shape] = LargeShape(shape) if math.prod(shape) > LARGE else tuple(shape)
    return known


def recorded(node: Node) -> str:
    """Return where the user's program recorded `node`, as a part of a sentence.

    That is its own line, or the nearest one noted before it; nothing if no line was noted.
    """
    for candidate in sorted(ancestors([node]), key=by_number, reverse=True):
        if hasattr(candidate, "code"):
            how = "recorded at" if candidate is node else "recorded after"
            return f", {how} {line_of(candidate)},"
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
