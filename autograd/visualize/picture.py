"""Reading a graph into plain data: boxes with a kind, a title and lines of text, and the edges between them.

Nothing here knows what the picture will look like, or Graphviz.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..errors import GraphError
from ..graph import LEAF, Bundle, Node, ancestors
from ..primitive import Primitive
from ..tensor import Tensor
from ..value import Value

__all__ = ["Box", "Kind", "Picture", "read_graph"]

Kind = Literal["parameter", "leaf", "constant", "operation", "result"]


@dataclass(frozen=True, slots=True)
class Box:
    """One thing to draw."""

    kind: Kind
    title: str
    lines: tuple[str, ...]


@dataclass(slots=True)
class Picture:
    """Boxes, each after those that it depends on, and edges between their places in that list."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)

    def add(self, box: Box) -> int:
        """Add a box and return its place."""
        self.boxes.append(box)
        return len(self.boxes) - 1


def read_graph(output: Tensor | Value, params: Mapping[str, Any]) -> Picture:
    """Return the picture of the graph of `output`, with the leaves in `params` named.

    Raises
    ------
    TypeError
        If `output`, or something in `params`, is neither a tensor nor a value.
    GraphError
        If `output` has no graph.
    """
    root = _node_of(output, "draw_graph takes")
    if root is None:
        raise GraphError(
            "nothing to draw: no input of this tensor requires a gradient, or it was computed within no_grad() or "
            "detached. Set requires_grad=True on an input and compute it again"
        )
    names: dict[Any, str] = {}
    tensors: dict[Any, Any] = {root: output}
    for name, param in params.items():
        node = _node_of(param, f"params[{name!r}] has to be")
        if node is not None:
            names[node], tensors[node] = name, param
    picture = Picture()
    places: dict[Any, int] = {}
    for node in ancestors([root]):
        if isinstance(node, Bundle):
            continue
        sources = [_source(node, index, x, places, picture) for index, x in enumerate(node.op.inputs(node))]
        places[node] = place = picture.add(_box(node, names.get(node), tensors.get(node), node is root))
        picture.edges += [(source, place) for source in sources]
    return picture


def _node_of(x: Any, what: str) -> Any:
    if not isinstance(x, Tensor | Value):
        raise TypeError(f"{what} a Tensor or a Value, not {type(x).__name__}")
    return x._node if isinstance(x, Tensor) else x


def _source(node: Node, index: int, x: Any, places: dict[Any, int], picture: Picture) -> int:
    """Return the place of the box of one input, which for a constant is a new box."""
    return places[x] if x is not None else picture.add(_constant(_constant_of(node, index)))


def _box(node: Any, name: str | None, tensor: Any, is_root: bool) -> Box:
    is_leaf = node.op is LEAF
    kind: Kind = "parameter" if name else "result" if is_root and not is_leaf else "leaf" if is_leaf else "operation"
    lines = tuple(_value_lines(node) if isinstance(node, Value) else _tensor_lines(node, tensor))
    return Box(kind, name or ("" if is_leaf and isinstance(node, Value) else node.op.name), lines)


def _value_lines(value: Value) -> Iterator[str]:
    yield f"data {_short(value.data)}"
    yield f"grad {_short(float(value.grad))}"


def _tensor_lines(node: Node, tensor: Tensor | None) -> Iterator[str]:
    """Describe a result; its data and gradient, if it is one number and they are at hand."""
    if isinstance(node.dtype, tuple):  # of an operation of several outputs
        yield from (f"{shape} {dtype}" for shape, dtype in zip(node.shape, node.dtype, strict=True))
    else:
        yield f"{node.shape} {node.dtype}"
    if tensor is not None and tensor.size == 1:
        yield f"data {_short(tensor.item())}"
    owner = node.owner() if hasattr(node, "owner") else None
    gradient = None if owner is None else owner.grad
    if gradient is not None and gradient.size == 1:
        yield f"grad {_short(gradient.item())}"


def _constant(value: Any) -> Box:
    if value is None:
        return Box("constant", "constant", ())
    array = np.asarray(value)
    if array.size == 1:
        return Box("constant", f"{array.item():.4g}", ())
    return Box("constant", "constant", (f"{array.shape} {array.dtype}",))


def _constant_of(node: Any, index: int) -> Any:
    """Return the constant input of an operation if the node has kept it for the rule of another input."""
    if isinstance(node, Value):
        return node.dy if index else node.dx
    op = node.op
    if isinstance(op, Primitive) and op.rules and not op.variadic:
        for other, x in enumerate(op.inputs(node)):
            if x is not None and op.parameters[index] in op.needs[other]:
                return op.kept(node, other)[op.needs[other].index(op.parameters[index])]
    return None


def _short(number: Any) -> str:
    """Write a number with four decimals, or four digits where that would hide it."""
    if isinstance(number, float) and (number == 0 or 1e-3 <= abs(number) < 1e5):
        return f"{number:.4f}"
    return f"{number:.4g}"
