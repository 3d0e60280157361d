"""Graph of an ONNX file as Python objects: its nodes in order, with the graphs inside them, and how they run."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from autograd import Tensor

if TYPE_CHECKING:
    import onnx

Array = np.ndarray[Any, Any]
Value: TypeAlias = Array | Tensor  # what a graph computes with
DOMAIN = "ai.onnx"  # which files also write as ""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: ``node["axis"]`` is an attribute, the standard's default where the file has none, or else None."""

    kind: str  # its operator, as in ``("Conv", "", 20)``
    domain: str
    version: int
    name: str  # its name in the file, or of its first output
    inputs: tuple[str, ...]  # names of values; empty for one that is left out
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]  # by name; graphs are a `Program`
    content: bytes = field(repr=False)  # the node as it is in the file, for operators that `onnx.reference` computes
    finished: tuple[str, ...] = ()  # the values that no later node needs

    def __getitem__(self, name: str) -> Any:
        return self.attributes.get(name)

    def with_inner(self) -> list[Node]:
        """Return the node, and those of the graphs inside it."""
        return [self, *(node for program in _inner(self) for node in program.all_nodes())]

    def __str__(self) -> str:
        domain = f"{self.domain}." if self.domain else ""
        return f"node {self.name!r} ({domain}{self.kind}, opset {self.version})"


@dataclass(frozen=True, slots=True)
class Run:
    """What a node may ask of the call that it runs in."""

    training: bool  # whether the module is in training mode
    own: Container[str]  # the names of the values that are parameters and buffers of the module
    values: MutableMapping[str, Any]  # all values by name, for the graphs inside a node
    execute: Callable[[Program, Run], None]  # runs the nodes of such a graph, which add their outputs to the values


@dataclass(frozen=True, slots=True)
class Program:
    """Nodes in the order in which they run. Nothing of it changes, so that `compile` need not look at it again."""

    stays: ClassVar[bool] = True

    inputs: tuple[str, ...]  # names of values
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]  # in their order
    # where in the module the arrays are, of the outermost graph
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def free(self) -> set[str]:
        """Return the names of the values that the graph takes from the one around it."""
        own, found = {*self.inputs}, set()
        for node in self.nodes:
            found |= _uses(node) - own
            own.update(node.outputs)
        return (found | {*self.outputs} - own) - {""}

    def all_nodes(self) -> list[Node]:
        """Return the nodes, with those of the graphs inside them."""
        return [node for outer in self.nodes for node in outer.with_inner()]


class Names:
    """Names that are in use."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used, self._counts = {*used}, Counter[str]()

    def fresh(self, name: str) -> str:
        """Return a name like this that is not, and use it."""
        found = name
        while found in self._used:
            self._counts[name] += 1
            found = f"{name}_{self._counts[name]}"
        self._used.add(found)
        return found


def _inner(node: Node) -> list[Program]:
    return [value for value in node.attributes.values() if isinstance(value, Program)]


def _uses(node: Node) -> set[str]:
    return {*node.inputs}.union(*(program.free() for program in _inner(node)))


def read_program(graph: onnx.GraphProto, opsets: Mapping[str, int]) -> Program:
    """Return the graph of a file, whose arrays are elsewhere."""
    inputs = tuple(value.name for value in graph.input)
    outputs = tuple(value.name for value in graph.output)
    nodes = _finishing(read_nodes(graph.node, opsets), {*outputs})
    return Program(inputs, outputs, tuple(nodes))


def read_nodes(nodes: Iterable[onnx.NodeProto], opsets: Mapping[str, int]) -> list[Node]:
    """Return nodes of a file."""
    return [_read_node(proto, opsets) for proto in nodes]


def _finishing(nodes: list[Node], needed: set[str]) -> list[Node]:
    """Give each node the names of the values that it is the last to use; add the names of all to `needed`."""
    found = []
    for node in reversed(nodes):
        uses = (_uses(node) | {*node.outputs}) - {""}
        found.append(replace(node, finished=tuple(sorted(uses - needed))))
        needed |= uses
    return found[::-1]


def _read_node(proto: Any, opsets: Mapping[str, int]) -> Node:
    domain = "" if proto.domain == DOMAIN else proto.domain
    version = opsets.get(domain, 0)
    attributes = {**_defaults(proto.op_type, version, domain)}
    attributes |= {a.name: _value(a, opsets) for a in proto.attribute}
    return Node(
        proto.op_type, domain, version, proto.name or next(filter(None, proto.output), proto.op_type),
        tuple(proto.input), tuple(proto.output), attributes, proto.SerializeToString(),
    )  # fmt: skip


@functools.cache
def _defaults(kind: str, version: int, domain: str) -> dict[str, Any]:
    """Return the attributes of an operator that the standard gives a default."""
    from onnx import defs

    try:
        schema = defs.get_schema(kind, version, domain)
    except defs.SchemaError:  # none of the standard's: whoever looks for it reports it
        return {}
    return {
        name: _value(a.default_value, {})
        for name, a in schema.attributes.items()
        if a.default_value.ByteSize() and a.default_value.type
    }


def _value(attribute: Any, opsets: Mapping[str, int]) -> Any:
    """Return the value of an attribute: numbers, strings, arrays, tuples of them, or a graph."""
    from onnx import AttributeProto, helper, numpy_helper

    kinds = AttributeProto
    if attribute.type == kinds.GRAPH:
        return read_program(attribute.g, opsets)
    if attribute.type == kinds.TENSOR:
        return dense(numpy_helper.to_array(attribute.t))
    if attribute.type == kinds.SPARSE_TENSOR:
        return of_sparse(attribute.sparse_tensor)
    if attribute.type in (kinds.TYPE_PROTO, kinds.TYPE_PROTOS):
        return None
    value = helper.get_attribute_value(attribute)
    if attribute.type == kinds.FLOAT:
        return float(np.float32(value))
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, int | float):
        return value
    return tuple(item.decode() if isinstance(item, bytes) else item for item in value)


def native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of NumPy's own that takes the place of one of fewer bits, or of bfloat16: float32, or 8 bits."""
    if dtype.isbuiltin == 1 or dtype.kind in "OUS":
        return dtype
    return np.dtype(
        np.uint8 if dtype.name.startswith("uint") else np.int8 if dtype.name.startswith("int") else np.float32
    )


def dense(array: Array) -> Array:
    """Return an array in a dtype of NumPy's own."""
    return array.astype(native(array.dtype), copy=False)


def of_sparse(tensor: onnx.SparseTensorProto) -> Array:
    """Return a sparse tensor of a file as an array."""
    from onnx import numpy_helper

    values, places = numpy_helper.to_array(tensor.values), numpy_helper.to_array(tensor.indices)
    values = dense(values)
    out = np.zeros(tuple(tensor.dims), values.dtype)
    if places.ndim == 1:
        out.reshape(-1)[places] = values
    else:
        out[tuple(places.T)] = values
    return out
