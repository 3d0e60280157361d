"""Recordings: the steps and edges of a graph, with values, and gradients from a backward pass through it.

Gradients come from the engine's rules, applied to one edge after another, so that the contribution of each edge is
known. The graph and the gradients of its leaves stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays.door import walks, whole
from ...graph.grad_mode import enable_grad
from ...graph.instrumentation import observed
from ...graph.mutation import refuse_overwritten
from ...graph.node import LEAF, Bundle, Hooked, MultiNode, Node, ancestors
from ...graph.saved_tensors import operation_of
from ...primitives.multi_output import Output
from ...primitives.primitive import Primitive
from ...scalar.value import Value
from ...source.source_info import SourceLine
from ...tensors.tensor import Tensor
from ..call_recorder import lines_of_values, note_of, watch_calls
from ..given_arrays import Memory, memory_of
from ..gradient_values import carried_back, outside
from ..input_names import InputNames
from ..node_info import RESULT, is_packed, kept_values, named_nodes, root_of

if TYPE_CHECKING:
    from ...tensors.tensor import TensorLike


@dataclass(slots=True, eq=False)
class Step:
    """One leaf or one operation, which is one step forward and one step back; or an input without a gradient.

    Attributes
    ----------
    node
        Its node in the graph; None for an input that is in no graph.
    name
        Its name in `params`, or as an argument of the function that was run.
    given
        Whether it is an input of the function that was run.
    value, known
        The result, and its source: ``"recorded"`` while the function ran, ``"kept"`` for a rule, or ``"now"``, the
        present value of a leaf; None and ``""`` if it is not known. Several results are a tuple.
    place
        The line that computed it, for `line_of`; None if that was not noted.
    gradient
        The gradient of the result; None if none reached it. Several are a tuple.
    hooked
        Whether hooks were called, which may have replaced the sum of the contributions.
    constants
        The inputs that need no gradient, by position; None for an unknown input.
    arguments
        The arguments besides the inputs, by name, if the function was run.
    folded
        The number of steps that this one stands for, if it stands for several.
    """

    node: Any
    name: str = ""
    given: bool = False
    value: Any = None
    known: str = ""
    place: Any = None
    gradient: Any = None
    hooked: bool = False
    constants: dict[int, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    folded: int = 0


@dataclass(slots=True, eq=False)
class Edge:
    """The edge from a result to one input of an operation that uses it, as indices into `Recording.steps`.

    Attributes
    ----------
    source, target
        The result, and the operation that uses it.
    index
        The position among the inputs of the target.
    contribution
        The contribution of the target to the gradient of the source.
    """

    source: int
    target: int
    index: int
    contribution: Any


@dataclass(slots=True)
class Recording:
    """Steps, each after those that it depends on, and edges in the order in which gradients pass them.

    `feeds` lead from inputs that need no gradient to what uses them: their steps, and the position among the inputs of
    the operation, or -1 if it was given in another way, such as an index.
    """

    steps: list[Step]
    edges: list[Edge]
    feeds: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """A run of a function: its result, and for each node the values of its parameters and of its result.

    Attributes
    ----------
    inputs, function
        The arguments of the function, and the function.
    lines
        The line of the user's program that computed each `Value`; for tensors, the nodes have it.
    """

    result: Any
    seen: dict[Any, tuple[tuple[Any, ...], Any]] = field(default_factory=dict)
    lines: dict[Any, SourceLine] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ()
    function: Callable[..., Any] | None = None


def run(function: Callable[..., Tensor | Value], inputs: tuple[Any, ...]) -> Run:
    """Call a function, and note the inputs and outputs of every recorded operation, and the module calls around it."""
    ran = Run(None, inputs=inputs, function=function)

    def note(node: Node, values: tuple[Any, ...], z: Any) -> None:
        ran.seen[node] = values, z

    with watch_calls(), observed(note), lines_of_values(ran.lines), enable_grad():
        ran.result = function(*inputs)
    return ran


def record(ran: Run, names: Mapping[str, Any], gradient: TensorLike | None = None) -> Recording:
    """Backpropagate a gradient through the graph of a result, and return its steps and edges.

    Raises
    ------
    TypeError
        If the result, or something in `names`, is neither a tensor nor a value.
    GraphError
        If the result has no graph, or it was freed.
    """
    result = ran.result
    root = root_of(result, "player", "play")
    order: list[Any] = [node for node in ancestors([root]) if not isinstance(node, Bundle)]
    steps = {node: Step(node, place=node if hasattr(node, "code") else ran.lines.get(node)) for node in order}
    for node, (name, _) in named_nodes(names).items():
        if node in steps:
            steps[node].name = name
    for x in ran.inputs:
        if isinstance(x, Tensor | Value) and (node := x._node if isinstance(x, Tensor) else x) in steps:
            steps[node].given = True
    if isinstance(root, Value):
        edges = _walk_values(root, order, steps, gradient)
    else:
        refuse_overwritten(order)
        edges = _walk_tensors(root, order, steps, result._seed(gradient))
        _find_values(steps, ran, result)
    found, feeds = _inputs(steps, InputNames(names, order, ran.function))
    places = {node: place for place, node in enumerate(order, len(found))}
    return Recording(
        [*found, *steps.values()],
        [Edge(places[x], places[node], i, g) for x, node, i, g in edges],
        [(source, places[node], index) for source, node, index in feeds],
    )


def _inputs(steps: dict[Any, Step], names: InputNames) -> tuple[list[Step], list[tuple[int, Any, int]]]:
    """Return a step for each array with a name that operations were given, and what was given which of them."""
    found: dict[int, tuple[int, Step]] = {}
    feeds: dict[tuple[int, Any, int], None] = {}
    for node, step in steps.items():
        if node.op is LEAF and not step.name and isinstance(step.value, np.ndarray):
            step.name = names.of_leaf(memory_of(step.value))
        for index, memory in _memories(node, step):
            named = names.of_array(memory)
            if named is not None and named.array is not None and (array := named.array()) is not None:
                given = Step(None, named.name, True, array, "now")
                place, _ = found.setdefault(id(named), (len(found), given))
                feeds[place, node, index] = None
    return [step for _, step in found.values()], [*feeds]


def _memories(node: Any, step: Step) -> Iterator[tuple[int, Memory | None]]:
    """Yield where the arrays are that an operation was given: the position of each input, or -1."""
    note = note_of(node)
    if note is not None:
        inputs = operation_of(node).inputs(node)
        yield from ((i, note.given[i].memory) for i, x in enumerate(inputs) if x is None and i < len(note.given))
        yield from ((-1, given.memory) for given in note.others)
    else:
        yield from ((i, memory_of(value)) for i, value in step.constants.items())


Passed = list[tuple[Any, Any, int, Any]]  # source node, target node, input position, and the gradient passed back


# Values


def _walk_values(root: Value, order: list[Value], steps: dict[Any, Step], gradient: Any) -> Passed:
    """Multiply by the local derivatives that the values hold, as `Value.backward` does."""
    gradients = dict.fromkeys(order, 0.0)
    gradients[root] = 1.0 if gradient is None else float(gradient)
    edges: Passed = []
    for node in reversed(order):
        step, g = steps[node], gradients[node]
        step.value, step.known, step.gradient = node.data, "recorded", g
        slopes = (node.dx, node.dy)
        for index, x in enumerate(node.op.inputs(node)):  # type: ignore[arg-type]  # it has the attributes of a node
            if x is None:
                step.constants[index] = slopes[index]
            else:
                passed = g * slopes[index] if g else 0.0  # a gradient of 0 stays 0, even times inf
                gradients[x] += passed  # type: ignore[index]
                edges.append((x, node, index, passed))
    return edges


# Tensors


@walks
def _walk_tensors(root: Node, order: list[Node], steps: dict[Any, Step], seed: Any) -> Passed:
    """Backpropagate `seed`, and note the gradient that passes each edge.

    A zero gradient stays zero when multiplied by nan or inf. Hooks are called, as in any walk, except
    those that retain a gradient.
    """
    edges: Passed = []
    for node, g, shares, _ in carried_back(order, root, seed, careful=True, hooks=True):
        step = steps[node]
        step.gradient, step.hooked = outside(g), isinstance(node.op, Hooked) and bool(node.op.hooks)
        edges += [(share.source, node, share.place, outside(share.gradient)) for share in shares]
    return edges


def _find_values(steps: dict[Any, Step], ran: Run, result: Tensor) -> None:
    """Find the values of results: those recorded, then those that nodes kept, and the present values of leaves."""
    for node, step in steps.items():
        op = operation_of(node)
        if node.op is LEAF:
            owner = node.owner()
            if owner is not None:
                step.value, step.known = owner._array, "now"
        elif node in ran.seen:
            values, out = ran.seen[node]
            _tell(step, out, "recorded")
            _find_arguments(steps, step, op, values)
        elif isinstance(op, Output):
            together = steps[node.x]
            if together.value is not None:
                _tell(step, together.value[op.index], together.known)
        elif isinstance(op, Primitive) and not is_packed(node):
            for index, x in enumerate(op.inputs(node)):
                if x is None:
                    step.constants.setdefault(index, None)
                elif op.rules:
                    _find_kept(steps, step, op, index)
    root = steps[result._node]
    _tell(root, result._array, "kept")


def _tell(step: Step, value: Any, known: str) -> None:
    """Note a value if its shape is that of the node."""
    if step.value is not None:
        return
    node = step.node
    several = isinstance(node, MultiNode)
    if tuple(map(_shape, value)) == node.shapes if several else _shape(value) == node.shape:
        step.value, step.known = tuple(map(whole, value)) if several else whole(value), known


def _shape(value: Any) -> Any:
    return value.shape if hasattr(value, "shape") else np.shape(value)


def _find_kept(steps: dict[Any, Step], step: Step, op: Primitive, index: int) -> None:
    """Note the values that a node kept for the rule of one input: the result, and inputs."""
    inputs = op.inputs(step.node)
    for place, _, value in kept_values(step.node, op, index):
        if place == RESULT:
            _tell(step, value, "kept")
        elif place is not None:
            _tell_input(steps, step, place, inputs[place], value, "kept")


def _tell_input(steps: dict[Any, Step], step: Step, index: int, x: Any, value: Any, known: str) -> None:
    if x is None:
        step.constants[index] = whole(value)
    elif x in steps:
        _tell(steps[x], value, known)


def _find_arguments(steps: dict[Any, Step], step: Step, op: Any, values: tuple[Any, ...]) -> None:
    """Note the inputs and further arguments of an operation that was recorded in a run."""
    variadic = getattr(op, "variadic", False)
    inputs = op.inputs(step.node)
    given = values[0] if variadic else values
    for index, x in enumerate(inputs):
        _tell_input(steps, step, index, x, given[index], "recorded")
    rest = 1 if variadic else len(inputs)
    step.arguments = dict(zip(getattr(op, "parameters", ())[rest:], values[rest:], strict=False))
