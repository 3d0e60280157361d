"""Graph reader: turn a whole graph into a picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import GraphError
from ..graph.batched import whole
from ..graph.mutation import kept_arrays, owner_of
from ..graph.node import LEAF, Bundle, FreedOperation, Node, ancestors
from ..graph.saved_tensors import operation_of
from ..graph.source_info import line_of
from ..primitives.primitive import Primitive
from ..scalar.value import Value
from ..tensors.tensor import Tensor
from .call_recorder import note_of
from .gradient_values import Arrived, arrived_gradients
from .module_frames import Framing, name_within, settled
from .node_info import named_nodes, root_of, type_of
from .number_format import Summary, readable_bytes, readable_seconds, short, summarize
from .picture import Box, Kind, Picture
from .rule_source import formulas_of

__all__ = ["DETAILS", "read_graph"]

DETAILS = ("values", "gradients", "kept", "times", "rules")


def read_graph(
    output: Tensor | Value,
    params: Mapping[str, Any],
    modules: Mapping[str, Any] | None = None,
    show: Collection[str] = (),
) -> Picture:
    """Return the picture of the graph of `output`, with the leaves in `params` and the calls of `modules` named.

    Raises
    ------
    TypeError
        If `output`, or something in `params`, is neither a tensor nor a value.
    GraphError
        If `output` has no graph, or a detail in `show` needs a graph that was not freed.
    """
    root = root_of(output, "draw_graph", "draw")
    names: dict[Any, str] = {}
    tensors: dict[Any, Any] = {root: output}
    for node, (name, param) in named_nodes(params).items():
        names[node], tensors[node] = name, param
    return _Reader(output, root, names, tensors, modules or {}, show).read()


class _Reader:
    """The state of reading one graph."""

    def __init__(
        self,
        output: Tensor | Value,
        root: Any,
        names: dict[Any, str],
        tensors: dict[Any, Any],
        modules: Mapping[str, Any],
        show: Collection[str],
    ) -> None:
        self.root, self.names, self.tensors, self.show = root, names, tensors, show
        self.framing = Framing(modules)
        self.order = ancestors([root])
        self.picture = Picture(frames=self.framing.frames)
        self.places: dict[Any, int] = {}
        self.seen: set[int] = set()
        self.arrived: dict[Any, Arrived] | None = None
        if isinstance(output, Tensor):
            if {"gradients", "times"} & set(show):
                self.arrived = arrived_gradients(self.order, root, output._seed(None))
            if "values" in show and all(note_of(node) is None for node in self.order):
                raise GraphError(
                    "the graph alone does not tell what the results were: give draw_graph a function that computes "
                    "them, or compute them within watch_calls()"
                )

    def read(self) -> Picture:
        picture, places = self.picture, self.places
        for node in self.order:
            if isinstance(node, Bundle):
                continue
            sources = [self._source(node, index, x) for index, x in enumerate(node.op.inputs(node))]
            places[node] = place = picture.add(self._box(node))
            picture.edges += [(source, place) for source in sources]
        _settle_parameters(picture)
        return picture

    def _source(self, node: Any, index: int, x: Any) -> int:
        """Return the index of the box of one input; a constant gets a new box."""
        if x is not None:
            return self.places[x]
        note = note_of(node)
        given = note.given[index] if note is not None and index < len(note.given) else None
        value = given if given is not None else _constant_of(node, index)
        return self.picture.add(_constant(value, self.framing.place(node)))

    def _box(self, node: Any) -> Box:
        name, is_leaf = self.names.get(node), node.op is LEAF
        kind: Kind = "leaf" if is_leaf else "result" if node is self.root else "operation"
        kind = "parameter" if name else kind
        title = name or ("" if is_leaf and isinstance(node, Value) else node.op.name)
        if isinstance(node, Value):
            dead = bool(self.root.grad) and not node.grad
            lines = (f"data {short(node.data)}", f"grad {short(float(node.grad))}")
            alarm = not (np.isfinite(node.data) and np.isfinite(float(node.grad)))
            return Box(kind, title, lines, alarm=alarm, dead=dead)
        forms = type_of(node)
        note, arrived = note_of(node), self.arrived.get(node) if self.arrived is not None else None
        values, gradients = self._values(node), self._gradients(node, arrived)
        kept = self._kept(node) if "kept" in self.show and not is_leaf else 0
        forward = note.seconds if note is not None and "times" in self.show else None
        backward = arrived.seconds if arrived is not None and "times" in self.show and not is_leaf else None
        lines = (
            *forms,
            *(f"data {value.text}" for value in values),
            *(f"grad {gradient.text}" for gradient in gradients),
            *([f"keeps {readable_bytes(kept)}"] if kept else []),
            *_time_lines(forward, backward),
            *(formulas_of(operation_of(node)) if "rules" in self.show else ()),
        )
        return Box(
            kind,
            title,
            lines,
            form=" and ".join(forms),
            where=line_of(node) if hasattr(node, "code") else "",
            alarm=not all(summary.finite for summary in (*values, *gradients, *(() if note is None else note.values))),
            dead=self.arrived is not None and (arrived is None or all(each.zero for each in arrived.gradients)),
            frame=self.framing.place(node),
            kept=kept,
            forward=forward,
            backward=backward,
        )

    def _values(self, node: Node) -> tuple[Summary, ...]:
        """Return summaries of the result; single numbers are always shown if available."""
        tensor, note = self.tensors.get(node), note_of(node)
        if tensor is None and hasattr(node, "owner"):
            tensor = node.owner() if "values" in self.show else None
        if tensor is not None and (tensor.size == 1 or "values" in self.show):
            return (summarize(tensor._array),)
        return note.values if note is not None and "values" in self.show else ()

    def _gradients(self, node: Node, arrived: Arrived | None) -> tuple[Summary, ...]:
        if arrived is not None and "gradients" in self.show:
            return arrived.gradients
        owner = node.owner() if hasattr(node, "owner") else None
        gradient = None if owner is None else owner.grad
        if gradient is None or (gradient.size > 1 and "gradients" not in self.show):
            return ()
        return (summarize(gradient._array),)

    def _kept(self, node: Node) -> int:
        """Return the bytes kept by this node and not already by an earlier one."""
        if isinstance(node.op, FreedOperation):
            return 0
        count = 0
        for array in kept_arrays(node):
            owner = owner_of(array)
            count += 0 if id(owner) in self.seen else owner.nbytes
            self.seen.add(id(owner))
        return count


def _time_lines(forward: float | None, backward: float | None) -> list[str]:
    known = (("forward", forward), ("backward", backward))
    told = [f"{name} {readable_seconds(seconds)}" for name, seconds in known if seconds is not None]
    return [", ".join(told)] if told else []


def _constant(value: Any, frame: int | None) -> Box:
    """Return the box of a constant: a number, an array, or shape and dtype of one; None if it is not known."""
    if value is None:
        return Box("constant", "constant", (), frame=frame)
    if isinstance(value, tuple):
        form = "{} {}".format(*value)
        return Box("constant", "constant", (form,), form=form, frame=frame)
    array = np.asarray(whole(value))
    alarm = array.dtype.kind in "fc" and not np.isfinite(array).all()
    if array.size == 1:
        return Box("constant", f"{array.item():.4g}", (), alarm=alarm, frame=frame)
    form = f"{array.shape} {array.dtype}"
    return Box("constant", "constant", (form,), form=form, alarm=alarm, frame=frame)


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


def _settle_parameters(picture: Picture) -> None:
    """Put each parameter into the innermost frame that contains all of its users, named relative to that module."""
    if not picture.frames:
        return
    parameters = [place for place, box in enumerate(picture.boxes) if box.kind == "parameter"]
    within = [box.frame for box in picture.boxes]
    for place, frame in settled(parameters, picture.edges, within, picture.frames).items():
        box = picture.boxes[place]
        title = name_within(box.title, frame, picture.frames)
        picture.boxes[place] = replace(box, frame=frame, title=title, where=box.title)
