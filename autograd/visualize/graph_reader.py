"""Graph reader: turn a whole graph into a picture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd import GraphError, Tensor, Value
from autograd.inside import LEAF, Bundle, Node, Output, Primitive, ancestors, line_of, operation_of

from .collapse import with_calls_as_boxes
from .failure import Failure, node_of
from .foreign import ForeignNode
from .given_arrays import Given, Memory, given_of, memory_of
from .given_numbers import GivenNumbers
from .input_names import InputNames, name_among
from .module_frames import Framing, modules_called, settle
from .node_info import kept_bytes, kept_values, named_in, named_nodes, root_of, title_of, type_of
from .number_format import Summary, readable_bytes, short, summarize, time_lines
from .picture import Box, Kind, Picture
from .rule_source import formulas_of
from .steps import Run, Step, Steps, steps_of, walk_tensors
from .watching import note_of

DETAILS = ("values", "gradients", "kept", "times", "rules")


class GraphReader:
    """The state of reading the graph of `output`, with the leaves in `params` and the calls of `modules` named.

    Inputs have the names that `params`, the outermost modules called, or `function`, which computed it, have for them;
    what `data` has numbers for has marks. `nodes` are those of the graph, if it is another library's.
    """

    def __init__(
        self,
        output: Tensor | Value | ForeignNode | Failure,
        params: Mapping[str, Any],
        modules: Mapping[str, Any] | None = None,
        show: Collection[str] = (),
        function: Callable[[], Tensor | Value] | None = None,
        data: Mapping[Any, Any] | None = None,
        nodes: Collection[Any] = (),
    ) -> None:
        self.failure, self.show = output if isinstance(output, Failure) else None, show
        root = self.root = _end(output)
        self.order = [*self.failure.nodes] if self.failure is not None else [*(nodes or ancestors([root]))]
        several = root is not None and isinstance(operation_of(root), Output)
        self.ends = {root, root.x if several else root}
        called = modules_called(self.order) if not any(isinstance(node, ForeignNode) for node in self.order) else []
        params = {**params, **{name: x for name, x in named_in(called, "parameters").items() if name not in params}}
        self.numbers = GivenNumbers(data or {}, params, named_in(called, "modules") | {**(modules or {})})
        named = named_nodes(params)
        self.names = {node: name for node, (name, _) in named.items()}
        self.tensors: dict[Any, Any] = {self.root: output} | {node: param for node, (_, param) in named.items()}
        self.inputs = InputNames(params, self.order, function)
        functions = "rules" not in show  # which are those of single operations
        self.framing = Framing(modules or {}, functions, self.numbers)
        self.picture = Picture(frames=self.framing.frames)
        self.indices: dict[Any, int] = {}
        self.arrays: dict[int, list[tuple[Memory, int]]] = {}  # the boxes of arrays, by the owner of their memory
        self.parts: dict[int, dict[Any, str]] = {}  # of the array of a box, the shape of each part that was given
        self.seen: set[int] = set()
        self.arrived: Steps | None = None  # those that a gradient reaches
        if isinstance(output, Tensor | ForeignNode) and {"gradients", "times"} & {*show}:
            self.arrived = _arrived(output, self.root, self.order)
        if isinstance(output, Tensor) and "values" in show and all(note_of(node) is None for node in self.order):
            raise GraphError(
                "the graph alone does not tell what the results were: give draw_graph a function that computes "
                "them, or compute them within watch_calls()"
            )

    def read(self) -> Picture:
        """Return the picture."""
        picture, indices = self.picture, self.indices
        for node in self.order:
            if isinstance(node, Bundle):
                continue
            op = operation_of(node)
            if isinstance(op, Output):
                indices[node] = indices[node.x]  # the operation's box has all of its results
                continue
            sources = [self._source(node, index, x) for index, x in enumerate(op.inputs(node))]
            sources += [index for index in self._further(node) if index not in sources]
            indices[node] = index = picture.add(replace(self._box(node), mark=self.numbers.of(node)))
            picture.edges += [(source, index) for source in sources if source is not None]
        if self.failure is not None:
            self._add_failure(self.failure)
        picture = with_calls_as_boxes(picture)
        settle(picture)
        picture.legend = self.numbers.legend()
        picture.remarks += self.numbers.remarks()
        return picture

    def _add_failure(self, failure: Failure) -> None:
        """Add the box of what failed, after the inputs that are known."""
        sources: dict[int, None] = {}
        for x in failure.given:
            node = node_of(x)
            if node is not None:
                sources[self.indices[node]] = None
                continue
            given = given_of(x._array if isinstance(x, Tensor) else x)
            found = self.inputs.of_array(given.memory)
            if found is not None:
                sources[self._array(given, None)] = None  # type: ignore[index]  # it has a name, and so a box
        index = self.picture.add(failure.box(self.framing.frame_of_calls(failure.calls)))
        self.picture.edges += [(source, index) for source in sources]

    def _source(self, node: Any, index: int, x: Any) -> int | None:
        """Return the index of the box of one input; None for what is not drawn."""
        if x is not None:
            return self.indices[x]
        note = note_of(node)
        given = note.given[index] if note is not None and index < len(note.given) else None
        if given is None:
            given = given_of(value) if (value := _constant_of(node, index)) is not None else Given("constant")
        return None if given.option else self._array(given, node)

    def _further(self, node: Any) -> Iterator[int]:
        """Yield the boxes of arrays that an operation was given in another way, such as an index or labels."""
        note = note_of(node)
        if note is None:
            return
        own = [given.memory for given in note.given]
        for given in note.others:
            if any(given.memory.is_same(memory) for memory in own if given.memory and memory):
                continue  # an input again
            index = self._array(given, node, only_named=True)
            if index is not None:
                yield index
        for call in note.calls:
            for named in call.arguments if call.function and self.framing.functions else ():
                if not named.live and named.memory and self.inputs.of_array(named.memory):
                    index = self._array(Given(named.name, named.form, named.memory), node)
                    if index is not None:
                        yield index

    def _array(self, given: Given, node: Any, only_named: bool = False) -> int | None:
        """Return the index of the box of an array, one for each array; or of a number, a new one."""
        note, frame = note_of(node), None if node is None else self.framing.frame_of(node)
        calls = () if note is None else note.calls
        inside = next((call for call in calls if call.function), None) if self.framing.functions else None
        found = self.inputs.of_array(given.memory)
        memory = given.memory if found is None else found.memory
        if found is not None:
            box = Box("input", found.name, (found.form,), form=found.form, alarm=not given.finite)
        else:
            name = name_among(given.memory, calls[1:] if inside is None else [*calls[1:], inside])
            if name is None and (only_named or inside is not None):
                return None  # made within a call that is drawn as one box
            if inside is not None and frame is not None:
                frame = self.framing.frames[frame].parent
            title = name if name and given.form else given.text
            lines = (given.form,) if given.form else ()
            box = Box("constant", title, lines, form=given.form, alarm=not given.finite, frame=frame)
        box = replace(box, mark=self.numbers.of_array(memory))
        if memory is None or not box.form:
            return self.picture.add(box)
        known = self.arrays.setdefault(id(memory.owner), [])
        index = next((index for other, index in known if other.is_same(memory)), None)
        if index is None:
            index = self.picture.add(box)
            known.append((memory, index))
        if found is not None and given.memory is not None:
            self._tell_part(index, found.form, given.form or "1 element", given.memory)
        return index

    def _tell_part(self, index: int, whole: str, form: str, memory: Memory) -> None:
        """Label an input with the shape of what was given: of one part of it, or with the number of parts."""
        forms = self.parts.setdefault(index, {})
        forms[memory[1:]] = form
        if len(forms) > 1:
            form, line = whole, f"{whole} in {len(forms)} parts"
        else:
            line = form if form == whole else f"{form} of {whole.rpartition(' ')[0]}"
        self.picture.boxes[index] = replace(self.picture.boxes[index], lines=(line,), form=form)

    def _box(self, node: Any) -> Box:
        name, is_leaf = self.names.get(node), node.op is LEAF
        is_root = node in self.ends
        kind: Kind = "leaf" if is_leaf else "result" if is_root else "operation"
        kind = "parameter" if name else kind
        title = name or (self._name_of_leaf(node) if is_leaf else title_of(node.op))
        if isinstance(node, Value):
            dead = self.root is not None and bool(self.root.grad) and not node.grad
            lines = (f"data {short(node.data)}", f"grad {short(float(node.grad))}")
            alarm = not (np.isfinite(node.data) and np.isfinite(float(node.grad)))
            return Box(kind, title, lines, alarm=alarm, dead=dead)
        forms = type_of(node)
        note, arrived = note_of(node), self.arrived.get(node) if self.arrived is not None else None
        values, gradients = self._values(node), self._gradients(node, arrived)
        kept = kept_bytes(node, self.seen) if "kept" in self.show and not is_leaf else 0
        forward = note.seconds if note is not None and "times" in self.show else None
        backward = arrived.backward if arrived is not None and "times" in self.show and not is_leaf else None
        lines = (
            *forms,
            *(f"data {value.text}" for value in values),
            *(f"grad {gradient.text}" for gradient in gradients),
            *([f"keeps {readable_bytes(kept)}"] if kept else []),
            *time_lines(forward, backward),
            *(formulas_of(operation_of(node)) if "rules" in self.show else ()),
        )
        return Box(
            kind,
            title,
            lines,
            form=" and ".join(forms),
            where=line_of(node) if hasattr(node, "code") else "",
            alarm=not all(summary.finite for summary in (*values, *gradients, *(() if note is None else note.values))),
            dead=self.arrived is not None and (arrived is None or all(each.zero for each in arrived.gradient)),
            frame=self.framing.frame_of(node),
            kept=kept,
            forward=forward,
            backward=backward,
        )

    def _name_of_leaf(self, node: Any) -> str:
        if isinstance(node, Value):
            return self.inputs.of_value(node)
        owner = node.owner()
        return (self.inputs.of_leaf(memory_of(owner._array)) if owner is not None else "") or "leaf"

    def _values(self, node: Node) -> tuple[Summary, ...]:
        """Return summaries of the result; single numbers are always shown if available."""
        tensor, note = self.tensors.get(node), note_of(node)
        if tensor is None and hasattr(node, "owner"):
            tensor = node.owner() if "values" in self.show else None
        if tensor is not None and (tensor.size == 1 or "values" in self.show):
            return (summarize(tensor._array),)
        return note.values if note is not None and "values" in self.show else ()

    def _gradients(self, node: Node, arrived: Step | None) -> tuple[Summary, ...]:
        if arrived is not None and "gradients" in self.show:
            found: tuple[Summary, ...] = arrived.gradient
            return found
        owner = node.owner() if hasattr(node, "owner") else None
        gradient = None if owner is None else owner.grad
        if gradient is None or (gradient.size > 1 and "gradients" not in self.show):
            return ()
        return (summarize(gradient._array),)


def _end(output: Tensor | Value | ForeignNode | Failure) -> Any:
    """Return the node of a result; a failure has none."""
    return None if isinstance(output, Failure) else root_of(output, "draw_graph", "draw")


def _arrived(output: Tensor | ForeignNode, root: Any, order: list[Any]) -> Steps:
    """Return the steps that a gradient reaches, with summaries of their gradients.

    As in `backward`, zero gradients stay zero when multiplied by nan or inf. Hooks are not called, because a drawing
    must not trigger their side effects.
    """
    for careful in (False, True):
        steps = steps_of(order, Run(output), {})
        if isinstance(output, Tensor):
            walk_tensors(root, steps, output._seed(None), careful, False, _summaries)
        else:
            for step in steps.values():
                step.gradient = None if step.gradient is None else _summaries(step.gradient)
        found = {node: step for node, step in steps.items() if step.gradient is not None}
        if all(summary.finite for step in found.values() for summary in step.gradient):
            break
    return found


def _summaries(gradient: Any) -> tuple[Summary, ...]:
    parts = gradient if isinstance(gradient, list | tuple) else (gradient,)
    with np.errstate(all="ignore"):
        return tuple(summarize(part) for part in parts if part is not None)


def _constant_of(node: Any, index: int) -> Any:
    """Return the constant input of an operation if the node has kept it for the rule of another input."""
    if isinstance(node, Value):
        return node.dy if index else node.dx
    op = node.op
    if isinstance(op, Primitive) and op.rules and not op.variadic:
        others = (other for other, x in enumerate(op.inputs(node)) if x is not None)
        kept = (each for other in others for each in kept_values(node, op, other))
        return next((value for position, _, value in kept if position == index), None)
    return None
