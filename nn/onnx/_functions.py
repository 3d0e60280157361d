"""Functions of an ONNX file: calls of them become the nodes that they stand for."""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from ._program import DOMAIN, Names

MOST = 5_000  # nodes that calls may stand for, which take a third of a second; a line each makes them double
_COUNTED = 10**15  # up to which they are counted: in a hostile file, the number may have thousands of digits

Key: TypeAlias = tuple[str, str, str]
Renamed: TypeAlias = (
    MutableMapping[str, str] | None
)  # what values of a function are called in the graph; None: the same


def inlined(proto: Any) -> list[Any]:
    """Return the nodes of the graph of a model, with those of its functions in the place of calls.

    The package's own inliner takes the square of their number in time, and cannot be interrupted.
    """
    return _Inlining(_functions(proto), _names(proto)).expanded(proto.graph.node, None, {})


def _functions(proto: Any) -> dict[Key, Any]:
    return {_key(function.domain, function.name, function): function for function in proto.functions}


def _key(domain: str, name: str, item: Any) -> Key:
    return ("" if domain == DOMAIN else domain, name, getattr(item, "overload", ""))  # which onnx has since 1.16


def _key_of(node: Any) -> Key:
    return _key(node.domain, node.op_type, node)


def _nested(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yield nodes, with those of the graphs inside them."""
    stack = [iter(nodes)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        stack += [iter(graph.node) for graph in _graphs(node)]


def _graphs(node: Any) -> list[Any]:
    return [graph for a in node.attribute for graph in graphs_of(a)]


def graphs_of(attribute: Any) -> Any:
    """Return the graphs that are the value of an attribute."""
    return [attribute.g] if attribute.HasField("g") else attribute.graphs


def check_size(proto: Any, where: str) -> None:
    """Raise if functions call each other in a circle, or stand for too many nodes."""
    functions = _functions(proto)
    calls = {key: Counter(map(_key_of, _nested(function.node))) for key, function in functions.items()}
    inner = {key: [called for called in calls[key] if called in functions] for key in functions}
    sizes: dict[Key, int] = {}

    def size(called: Counter[Key]) -> int:
        return min(_COUNTED, sum(times * sizes.get(key, 1) for key, times in called.items()))

    try:
        for key in TopologicalSorter(inner).static_order():
            sizes[key] = size(calls[key])
    except CycleError as error:
        names = " -> ".join(repr(name) for _, name, _ in error.args[1])
        raise ValueError(f"{where} has functions that call each other in a circle: {names}") from error
    called = Counter(map(_key_of, _nested(proto.graph.node)))
    total = sum(times * sizes[key] for key, times in called.items() if key in sizes)
    if total > MOST:
        largest = max(sizes, key=lambda key: sizes[key])
        raise ValueError(
            f"{where} has calls of functions that stand for {total:,}{' or more' * (total >= _COUNTED)} nodes, and "
            f"load() expands {MOST:,} at most; {largest[1]!r} alone stands for {sizes[largest]:,}: export it without "
            f"functions, or expand them with onnx.inliner.inline_local_functions"
        )


def _names(proto: Any) -> set[str]:
    """Return the names of all values of the graph and of the graphs inside it."""
    graphs = [proto.graph, *(graph for node in _nested(proto.graph.node) for graph in _graphs(node))]
    found = {value.name for graph in graphs for value in (*graph.input, *graph.output, *graph.initializer)}
    found |= {sparse.values.name for graph in graphs for sparse in graph.sparse_initializer}
    return found.union(*([*node.input, *node.output] for node in _nested(proto.graph.node)))


class _Inlining:
    """Expansion of calls, in a time that is proportional to the number of nodes that result."""

    def __init__(self, functions: Mapping[Key, Any], used: set[str]) -> None:
        self.functions, self.unique = functions, Names(used).fresh

    def expanded(self, nodes: Any, names: Renamed, attributes: Mapping[str, Any]) -> list[Any]:
        """Return nodes without calls."""
        found, stack = [], [(iter(nodes), names, attributes)]
        while stack:
            rest, names, attributes = stack[-1]
            node = next(rest, None)
            if node is None:
                stack.pop()
                continue
            function = self.functions.get(_key_of(node))
            if function is None:
                found.append(self.renamed(node, names, attributes))
                continue
            inputs, outputs = self.values(node, names)
            own: dict[str, str] = {"": ""} | dict.fromkeys(function.input, "")
            own |= zip(function.input, inputs, strict=False)
            own |= {name: actual for name, actual in zip(function.output, outputs, strict=False) if actual}
            given = {a.name: a for a in (*function.attribute_proto, *self.attributes(node, names, attributes))}
            stack.append((iter(function.node), own, given))
        return found

    def values(self, node: Any, names: Renamed) -> tuple[list[str], list[str]]:
        """Return the names in the graph of the inputs and outputs of a node."""
        if names is None:
            return node.input, node.output
        for name in node.output:
            if name not in names:
                names[name] = self.unique(name)
        return [names[name] for name in node.input], [names[name] for name in node.output]

    def attributes(self, node: Any, names: Renamed, given: Mapping[str, Any]) -> list[Any]:
        """Return the attributes of a node, with those that the call of its function gives, and without calls."""
        found = []
        for a in node.attribute:
            actual = given.get(a.ref_attr_name) if a.ref_attr_name else a
            if actual is not None:
                found.append(type(a)())
                found[-1].CopyFrom(actual)
                found[-1].name = a.name
        for graph in (graph for a in found for graph in graphs_of(a)):
            self.graph(graph, names, given)
        return found

    def renamed(self, node: Any, names: Renamed, attributes: Mapping[str, Any]) -> Any:
        """Return a node with the names and attributes that it has in one call of its function."""
        inputs, outputs = self.values(node, names)
        return type(node)(
            op_type=node.op_type, domain=node.domain, name=node.name, input=inputs, output=outputs,
            attribute=self.attributes(node, names, attributes),
        )  # fmt: skip

    def graph(self, graph: Any, names: Renamed, attributes: Mapping[str, Any]) -> None:
        """Expand the calls in a graph inside a node, which sees the values around it."""
        inner: Renamed = None if names is None else ChainMap({}, names)
        if inner is not None:
            for value in (*graph.input, *graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
                inner[value.name] = self.unique(value.name)
                value.name = inner[value.name]
        nodes = self.expanded(graph.node, inner, attributes)
        del graph.node[:]
        graph.node.extend(nodes)
        if inner is not None:
            for value in graph.output:
                value.name = inner[value.name]
