"""Traces that programs make by hand: a node to begin at, what depends on it, and the derivatives back to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self
from weakref import ref

import numpy as np

from autograd import GraphError, Tensor, gradients
from autograd.inside import BOXES, LIFT, Leaf, ancestors, conjugated, flatten, follows_hips
from autograd.inside import Node as GraphNode

from .boxes import Box, getval, isbox

__all__ = [
    "JVPNode", "Node", "SparseObject", "TraceStack", "VJPNode", "backward_pass", "find_top_boxed_args", "new_box",
    "trace_stack",
]  # fmt: skip


class Node:
    """What stands for a result while a program is traced: the base of classes of a program, which define both methods.

    The constructor is called for each operation, with its result, the operation, its arguments and keywords, the
    positions of the arguments that depend on what is traced, and the nodes of those.
    """

    __slots__ = ()

    def __init__(
        self,
        value: Any,
        fun: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        parent_argnums: tuple[int, ...],
        parents: tuple[Any, ...],
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} defines no __init__(value, fun, args, kwargs, ...)")

    def initialize_root(self, *args: Any, **kwargs: Any) -> None:
        """Initialize the node at which a trace begins."""
        raise NotImplementedError(f"{type(self).__name__} defines no initialize_root()")

    @classmethod
    def new_root(cls, *args: Any, **kwargs: Any) -> Self:
        """Return a node at which a trace begins."""
        root = cls.__new__(cls)
        root.initialize_root(*args, **kwargs)
        return root


class VJPNode(Node):
    """The node at which a trace for reverse mode begins: see `new_box`."""

    __slots__ = ("rebuild", "starts")

    def initialize_root(self, *args: Any) -> None:
        """Initialize the node: nothing begins at it yet."""
        self.starts: list[GraphNode] = []
        self.rebuild: Callable[[list[Any]], Any] = list


class JVPNode(VJPNode):
    """The node at which a trace for forward mode begins, as `register_notrace` asks for one."""

    __slots__ = ()


class TraceStack:
    """The numbers of traces: a trace within another one has a greater number."""

    def __init__(self) -> None:
        self.top = -1

    @contextmanager
    def new_trace(self) -> Iterator[int]:
        """Begin a trace, and return its number."""
        self.top += 1
        try:
            yield self.top
        finally:
            self.top -= 1


trace_stack = TraceStack()


class _Start(ref[Tensor]):
    """What a leaf has as its owner where `new_box` made it."""

    __slots__ = ("root", "trace")

    root: VJPNode
    trace: int


def new_box(value: Any, trace: int, node: VJPNode) -> Any:
    """Return what stands for a value in a trace that begins at a node: a tensor, or a container of tensors.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.core import VJPNode, backward_pass
    >>> from autograd.tracer import new_box
    >>> end = np.tanh(new_box(np.array([0.0, 1.0]), 0, VJPNode.new_root()))
    >>> backward_pass(np.ones(2), end._node).round(4)
    array([1.  , 0.42])
    """
    if not isinstance(node, VJPNode):
        raise GraphError("new_box() begins at a VJPNode: trace() is for nodes of a program's own")
    contents, node.rebuild = flatten(value)
    boxes = []
    for x in contents:
        if type(x) in BOXES:
            BOXES[type(x)](x)  # which may refuse it
        box: Any = Tensor(x if np.iscomplexobj(x) else np.asarray(x, np.result_type(x, np.float16)), requires_grad=True)
        start = _Start(box)
        start.root, start.trace, box._node.owner = node, trace, start
        node.starts.append(box._node)
        boxes.append(box)
    made = node.rebuild(boxes)
    if type(made) not in (dict, list, tuple):
        return made
    kind: Any = type(made)  # a class like it, whose objects have attributes
    return type(kind.__name__, (kind,), {"_trace": trace, "_node": node})(made)


def _starts(node: GraphNode | None) -> list[_Start]:
    """Return what `new_box` made that a result depends on."""
    owners = [getattr(each, "owner", None) for each in ancestors([node])] if node is not None else []
    return [owner for owner in owners if isinstance(owner, _Start)]


def _trace_of(x: Tensor) -> int:
    """Return the number of the innermost trace that a tensor belongs to; -1 if a program began none."""
    return max([start.trace for start in _starts(x._node)], default=-1)


Box._trace = property(_trace_of)  # where programs look


def find_top_boxed_args(args: Sequence[Any]) -> tuple[list[tuple[int, Any]], int, type[Node] | None]:
    """Return the positions and values of the arguments that are of the innermost trace, its number, and VJPNode."""
    boxes = [(i, x) for i, x in enumerate(args) if isbox(x)]
    top = max([x._trace for _, x in boxes], default=-1)
    return [(i, x) for i, x in boxes if x._trace == top], top, VJPNode if boxes else None


def backward_pass(g: Any, end_node: Any) -> Any:
    """Return the gradient with respect to what `new_box` made, from that of a result, whose node is given.

    Where the gradient is a tensor, so is what is returned, and can be differentiated.
    """
    if isinstance(end_node, VJPNode):
        return g
    starts = _starts(end_node)
    if not starts:
        raise GraphError("backward_pass() goes back to what new_box() made, and this result depends on nothing of it")
    root = max(starts, key=lambda start: start.trace).root
    zeros = [np.zeros(node.shape, node.dtype) for node in root.starts]
    end, *inputs = map(LIFT.wrap, [np.zeros(end_node.shape, end_node.dtype), *zeros], [end_node, *root.starts])
    others = any(isinstance(each, Leaf) and each not in root.starts for each in ancestors([end_node]))
    recorded = isbox(g) or others
    g = conjugated(g if isbox(g) else np.asarray(g)) if follows_hips() else g  # which gradients() does once more
    found: Any = gradients(end, inputs, g, True, recorded, allow_unused=True)
    results = [x if each is None else each for x, each in zip(zeros, found, strict=True)]
    return root.rebuild(results if recorded else list(map(getval, results)))


def SparseObject(vs: Any, mut_add: Callable[[Any], Any]) -> Any:  # noqa: N802  # a class there
    """Return the gradient that a rule describes by what it adds to an array: here, the array."""
    return mut_add(vs.zeros())
