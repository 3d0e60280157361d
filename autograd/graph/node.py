"""Nodes: the graph of recorded operations, and its topological order.

Nothing here knows tensors or NumPy functions. The operation of a node knows how to `pull` a gradient back to the node's
inputs; `Tensor` and `Value` share the order and differ in what a node keeps.
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
from ..source.source_info import SourceLine, line_of

Gradients = dict["Node | None", Any]

counter = itertools.count()  # `next(counter)` numbers nodes and writes in the order of the program
by_number = attrgetter("number")
absent: Any = object()  # the entry in `gradients` of a node whose gradient is not wanted


class Gradient(Protocol):
    """What a backward pass carries: an array, a tensor or a number. The graph only knows that gradients are added."""

    def __add__(self, other: Any, /) -> Any:
        """Return the sum with another contribution."""


class Operation(Protocol):
    """The operation of a node, as a backward pass uses it."""

    name: str

    @property
    def freed(self) -> Operation:
        """The operation that replaces this one when a backward pass has freed the values that a node kept."""

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Add the contributions of `g`, the gradient of `node`, to the gradients of the node's inputs."""

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do as `pull` does; with `lift`, record it; with `absorb`, let zeros in `g` stay zero against nan and inf."""

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the node of each differentiable input, None for one that needs no gradient."""


class Lift(Protocol):
    """A front end's conversion of kept arrays into objects that record operations."""

    def wrap(self, array: Any, node: Node) -> Any:
        """Return `array` as the result of `node`."""

    def unwrap(self, gradient: Gradient) -> Any:
        """Return the array within `gradient`."""


class Node:
    """A result in the graph: its operation, the nodes of its live inputs, and the values saved for its rules.

    Attributes
    ----------
    op
        The operation that made the result.
    x, y
        The nodes of the inputs that need a gradient, or None; a `Bundle` stands for the second input and all after it.
    kept, kept_y
        The values that the derivative rules of the first and second input named, and nothing else.
    shape, dtype
        Of the result; a gradient of this node has the same.
    number
        Greater than that of every node it depends on.
    guard
        Snapshots of the kept arrays that others can write to: see `mutation`. None if there are none.
    code, instruction
        Where the user's program recorded it; unset on elementwise operations outside `detect_anomaly`.
    scope
        The modules within which it was recorded; unset outside `detect_anomaly` and the like: see `name_scope`.
    owner
        For a leaf, or a result that retains its gradient, a weak reference to the tensor; else unset. The gradient is
        an attribute of the tensor, not of the node: a gradient that can be differentiated again refers to the node,
        which would then never be freed.
    """

    __slots__ = (
        "code", "dtype", "guard", "instruction", "kept", "kept_y", "number", "op", "owner", "scope", "shape", "x", "y",
    )  # fmt: skip

    shared: bool = False  # whether other code may hold the ndarray with its values, and write to it: see `Leaf`

    # No constructor: calling a class without one is the cheapest way to make an object.
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


class Share(View):
    """The node by which an operation on batched arrays uses a tensor that all elements share; see `Level.shared`."""

    __slots__ = ()


class Exposed(Node):
    """A result whose ndarray was handed out: nodes that keep it later take a snapshot, as for a shared leaf."""

    __slots__ = ()

    shared = True


class Leaf(Node):
    """A node without inputs, at which a gradient accumulates.

    Attributes
    ----------
    buffer
        Memory set aside for the gradient, by an optimizer for example, or None.
    hooks
        Called with a gradient when it arrives, and when it has been added to `grad`; or None.
    finished
        For a leaf that a transform such as `vjp` made, the next number when its function had been evaluated: from then
        on, only the transform can ask for a derivative with respect to the leaf. Otherwise infinity.
    shared
        Whether other code may hold the ndarray with its values, and write to it.
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


def bundled(inputs: list[Node]) -> Node | None:
    """Return what a node has as its second edge, of all its inputs: None, the second one, or a bundle of the rest."""
    if len(inputs) < 3:
        return inputs[1] if len(inputs) == 2 else None
    y = inputs[-1]
    for x in inputs[-2:0:-1]:  # a loop, because there may be thousands
        bundle = Bundle()
        bundle.op, bundle.x, bundle.y, bundle.number = _BUNDLE, x, y, next(counter)
        bundle.kept = bundle.kept_y = bundle.guard = None
        y = bundle
    return y


class MultiNode(Node):
    """An operation with several outputs; each output has its own node, whose input is this node.

    Its gradient is a list with one entry for each output, None if no gradient has arrived.

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
        """Return the array to write to, or None while somebody still holds its previous gradient.

        `known` is the number of references to the array that the caller holds.
        """


class LeafHooks(Protocol):
    """The hooks of a leaf."""

    def arrived(self, g: Gradient) -> Any:
        """Return the gradient `g` of one backward pass after the hooks."""

    def accumulated(self) -> None:
        """Call the hooks that run when a gradient has been added to that of the leaf."""


Hook = Callable[[Any, "Lift | None"], Any]


class Hooked:
    """Wraps the operation of a node with hooks, which see its gradient and may replace it before it is pulled back.

    Attributes
    ----------
    operation
        The operation that it wraps.
    hooks
        Each takes the gradient and returns the gradient to continue with.
    retain
        Called with the gradient after all hooks; or None.
    """

    exist = False  # until the first one is made: backward passes need not look for them before

    def __init__(self, operation: Operation) -> None:
        self.operation, self.name, self.inputs = operation, operation.name, operation.inputs
        self.hooks: dict[int, Hook] = {}
        self.retain: Callable[[Node, Any], None] | None = None
        Hooked.exist = True

    @property
    def freed(self) -> Operation:
        """The operation of the freed node: hooks are freed with what it kept."""
        return self.operation.freed

    def seen(self, node: Node, g: Gradient, lift: Lift | None) -> Any:
        """Return `g`, the gradient of `node`, after the hooks."""
        for hook in list(self.hooks.values()):
            g = hook(g, lift)
        if self.retain is not None:
            self.retain(node, g)
        return g

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Call the hooks, and pull back the gradient that they return."""
        self.operation.pull(node, self.seen(node, g, None), gradients)

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do the same as `pull`."""
        self.operation.pull_carefully(node, self.seen(node, g, lift), gradients, lift, absorb)


class Uncomputed:
    """An operation that computes nothing: there is nothing to record, and no nan to absorb."""

    __slots__ = ()

    pull: Callable[[Any, Any, Gradients], None]

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do the same as `pull`."""
        self.pull(node, g, gradients)


class _LeafOperation(Uncomputed):
    """The operation of leaves: the backward pass ends there, and the gradient stays where it is."""

    name = "leaf"

    @property
    def freed(self) -> _LeafOperation:
        return self

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        gradients[node] = g

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        return ()


class _BundleOperation(_LeafOperation):
    """The operation of bundles: gradients reach the bundled inputs directly, so there is nothing to pull."""

    name = "bundle"

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        pass


class FreedOperation(Uncomputed):
    """Replaces a node's operation when a backward pass has freed the values that the node kept."""

    __slots__ = ("name", "operation")

    def __init__(self, operation: Operation) -> None:
        self.operation, self.name = operation, operation.name

    @property
    def freed(self) -> FreedOperation:
        return self

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the inputs of the operation that was freed."""
        return self.operation.inputs(node)

    def refuse(self, node: Node) -> NoReturn:
        """Raise the error that says what was freed, and where."""
        freed_by = f" at {line_of(node.kept)}" if isinstance(node.kept, SourceLine) else ""
        message = (
            f"an earlier backward(){freed_by} freed the graph of this result: '{self.name}'{recorded(node)} no longer "
            f"has what its derivative needs. Pass retain_graph=True to that backward(), or compute the result anew"
        )
        raise GraphError(message)

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Raise: what the rules need is freed."""
        self.refuse(node)


LEAF = _LeafOperation()
_BUNDLE = _BundleOperation()
_shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
LARGE = 2048  # elements; below, a new array costs no more than writing to an old one


class LargeShape(tuple[int, ...]):
    """The shape of more than `LARGE` elements: on the hot path its type tells, without asking the array its size."""

    __slots__ = ()


def intern_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the same tuple for all equal shapes, so that the hot path can compare shapes with ``is``."""
    known = _shapes.get(shape)
    if known is None:
        if len(_shapes) > 10_000:
            _shapes.clear()  # equal shapes that are not identical merely take the slower path
        known = _shapes[shape] = LargeShape(shape) if math.prod(shape) > LARGE else tuple(shape)
    return known


def recorded(node: Node) -> str:
    """Return where the user's program recorded `node`, as a part of a sentence.

    That is its own line, or the nearest line noted before it; an empty string if no line was noted.
    """
    for candidate in sorted(ancestors([node]), key=by_number, reverse=True):
        if hasattr(candidate, "code"):
            how = "recorded at" if candidate is node else "recorded after"
            return f", {how} {line_of(candidate)},"
    return ""


def ancestors(roots: Iterable[Node], ends: Collection[Node] = ()) -> list[Node]:
    """Return every node that `roots` depend on, including themselves, each before all that depend on it.

    The walk does not go on to `ends`, of which each counts for itself although it may depend on another.
    """
    found: list[Any] = [node for node in dict.fromkeys(roots) if node not in ends]
    known = {None, *found, *ends}
    add, append = known.add, found.append
    for node in found:  # grows while it is iterated over
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
    """Return the nodes of `order` that a gradient passes through to reach `targets`."""
    leads: set[Node | None] = set(targets)
    leads.discard(None)
    for node in order:
        if node.x in leads or node.y in leads:
            leads.add(node)
    return [node for node in order if node in leads]
