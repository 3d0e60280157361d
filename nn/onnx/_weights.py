"""Arrays that the nodes of an ONNX file hold: they are taken out, so that they train as its initializers do."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from ._functions import graphs_of
from ._operators import WEIGHTS, constant
from ._program import DOMAIN, Names, dense, of_sparse, read_nodes

Array = np.ndarray[Any, Any]


class Taken:
    """The arrays of a graph, of its nodes, and of the graphs inside these, by names that are given once.

    The graph has none afterwards: its nodes take them as inputs.
    """

    def __init__(self, graph: Any) -> None:
        self.arrays = _initializers(graph)
        computed = (name for node in graph.node for name in node.output)
        self._fresh = Names([*self.arrays, *(value.name for value in graph.input), *computed]).fresh
        self._take(graph, {}, outermost=True)

    def _take(self, graph: Any, names: MutableMapping[str, str], outermost: bool = False) -> None:
        """Take the arrays of nodes; `names` are those of values that were renamed."""
        kept = []
        for node in graph.node:
            array = _constant(node)
            if array is None:
                kept.append(node)
                self._take_from(node, names)
            elif outermost:
                self.arrays[node.output[0]] = array
            else:
                names[node.output[0]] = self._add(node.output[0], array)
        for value in graph.output:
            value.name = names.get(value.name, value.name)
        rest = type(graph)(node=kept)
        graph.node.clear()
        graph.node.extend(rest.node)

    def _take_from(self, node: Any, names: Mapping[str, str]) -> None:
        """Take the arrays of a node that are weights, and those of the graphs inside it."""
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)
        held = {a.name: a for a in node.attribute}
        for name in WEIGHTS.get((node.domain, node.op_type), ()):
            array = np.array(held[name].floats, np.float32) if name in held else np.zeros(0, np.float32)
            node.input.append(self._add(f"{node.name or node.output[0]}.{name}", array) if array.size else "")
        for a in node.attribute:
            for inner in graphs_of(a):
                own = ChainMap[str, str]({}, names)  # type: ignore[arg-type]
                given = {value.name for value in inner.input}
                own |= {name: self._add(name, x) for name, x in _initializers(inner).items() if name not in given}
                self._take(inner, own)

    def _add(self, name: str, array: Array) -> str:
        name = self._fresh(name)
        self.arrays[name] = array
        return name


def _initializers(graph: Any) -> dict[str, Array]:
    """Return the arrays that a graph begins with, and remove them from it."""
    from onnx import numpy_helper

    found = {t.name: dense(numpy_helper.to_array(t)) for t in graph.initializer}
    found |= {t.values.name: of_sparse(t) for t in graph.sparse_initializer}
    graph.initializer.clear()
    graph.sparse_initializer.clear()
    return found


def _constant(node: Any) -> Array | None:
    """Return the numbers that a node is; None if it computes, or holds text."""
    if node.op_type != "Constant" or node.domain not in ("", DOMAIN):
        return None
    found = constant(*read_nodes([node], {}))
    return found if found.dtype.kind in "fiub" else None
