"""Playbacks: the steps and edges of a graph, with values and gradients, in the order in which the page plays them.

Gradients come from the engine's rules, applied to one edge after another, so that the contribution of each edge is
known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Tensor, Value
from autograd.inside import LEAF, TensorLike, operation_of, refuse_overwritten

from ..failure import Failure, node_of
from ..given_arrays import Memory, memory_of
from ..input_names import InputNames
from ..node_info import root_of
from ..steps import Run, Share, Step, Steps, find_values, outside, steps_of, walk_tensors, walk_values
from ..watching import note_of

if TYPE_CHECKING:
    from ..pytorch import TorchRun


@dataclass(slots=True, eq=False)
class Edge:
    """The edge from a result to one input of an operation that uses it."""

    source: int  # index into `Playback.steps`
    target: int  # that of the operation
    index: int  # among the inputs of the target
    contribution: Any  # of the target to the gradient of the source


@dataclass(slots=True)
class Playback:
    """Steps, each after those that it depends on, and edges in the order in which gradients pass them."""

    steps: list[Step]
    edges: list[Edge]
    # From inputs that need no gradient to what uses them: the steps, and the index among the inputs of the operation,
    # or -1 if it was given in another way, such as an index.
    feeds: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def failure(self) -> Failure | None:
        """What failed, if the run did: then there is no way back, and all edges are feeds."""
        return self.steps[-1].failure


def playback(ran: Run, names: Mapping[str, Any], gradient: TensorLike | None = None) -> Playback:
    """Backpropagate a gradient through the graph of a result, and return its steps and edges."""
    result = ran.result
    root = root_of(result, "player", "play")
    steps = steps_of([root], ran, names)
    for x in ran.inputs:
        if isinstance(x, Tensor | Value) and (node := x._node if isinstance(x, Tensor) else x) in steps:
            steps[node].given = True
    edges: list[Share] = []
    if isinstance(root, Value):
        edges = walk_values(root, steps, gradient)
    else:
        refuse_overwritten([*steps])
        walk_tensors(root, steps, result._seed(gradient), True, True, outside, edges)
        find_values(steps, ran)
    found, feeds = _inputs(steps, InputNames(names, steps, ran.function))
    indices = {node: index for index, node in enumerate(steps, len(found))}
    return Playback(
        [*found, *steps.values()],
        [Edge(indices[x], indices[node], i, outside(g)) for x, node, i, g in edges],
        [(source, indices[node], i) for source, node, i in feeds],
    )


def failed_playback(ran: Run, names: Mapping[str, Any], failure: Failure) -> Playback:
    """Return what a run computed before it failed, and the failure as the last step, after what it was given."""
    steps = steps_of(failure.nodes, ran, names)
    for node, step in steps.items():
        if isinstance(node, Value):
            step.value, step.known = node.data, "recorded"
    if not any(isinstance(node, Value) for node in steps):
        find_values(steps, ran)
    own = InputNames(names, steps, ran.function)
    found, feeds = _inputs(steps, own)
    places = {id(step.value): index for index, step in enumerate(found)}
    given: list[Any] = []  # of each input of what failed the node, or the array outside of the graph that it is part of
    for x in failure.given:
        named = own.of_array(memory_of(x._array if isinstance(x, Tensor) else x)) if node_of(x) is None else None
        array = named.array() if named is not None and named.array is not None else None
        if named is not None and array is not None and id(array) not in places:
            places[id(array)] = len(found)
            found.append(Step(None, named.name, True, array, "now"))
        given.append(node_of(x) if named is None else id(array))
    places |= {node: index for index, node in enumerate(steps, len(found))}
    last = len(found) + len(steps)
    every = [(source, places[node], i) for source, node, i in feeds]
    every += [
        (places[x], places[node], i)
        for node in steps
        for i, x in enumerate(operation_of(node).inputs(node))
        if x is not None
    ]
    every += [(places[x], last, i) for i, x in enumerate(given) if x in places]
    return Playback([*found, *steps.values(), Step(None, failure.title, failure=failure)], [], every)


def foreign_playback(ran: TorchRun) -> Playback:
    """Return the steps and edges of a run of another library, which has backpropagated."""
    steps = steps_of(ran.nodes, Run(None), ran.names)
    found, feeds = _inputs(steps, InputNames(ran.names, steps, None))
    indices = {node: index for index, node in enumerate(steps, len(found))}
    edges, dead = [], []
    for node in reversed(ran.nodes):
        for i, x in enumerate(node.op.inputs(node)):
            passed = ran.contributions.get((node, i))
            if x is not None and passed is not None:
                edges.append(Edge(indices[x], indices[node], i, passed))
            elif x is not None:
                dead.append((indices[x], indices[node], i))
    return Playback(
        [*found, *steps.values()], edges, [*((source, indices[node], i) for source, node, i in feeds), *dead]
    )


def _inputs(steps: Steps, names: InputNames) -> tuple[list[Step], list[tuple[int, Any, int]]]:
    """Return a step for each array with a name that operations were given, and what was given which of them."""
    found: dict[int, tuple[int, Step]] = {}
    feeds: dict[tuple[int, Any, int], None] = {}
    parts: dict[int, dict[Any, Any]] = {}  # of each of these, what operations were given
    for node, step in steps.items():
        if node.op is LEAF and not step.name and isinstance(step.value, np.ndarray):
            step.name = names.of_leaf(memory_of(step.value))
        for index, memory in _memories(node, step):
            named = names.of_array(memory)
            if named is not None and named.array is not None and (array := named.array()) is not None:
                given = Step(None, named.name, True, array, "now")
                source, _ = found.setdefault(id(named), (len(found), given))
                feeds[source, node, index] = None
                parts.setdefault(source, {})[memory[1:]] = _given(memory, step)  # type: ignore[index]  # it has a name
    for source, step in found.values():
        part, *others = parts[source].values()
        if not others and part is not None:  # one part of it
            step.value = part
    return [step for _, step in found.values()], [*feeds]


def _given(memory: Memory | None, step: Step) -> Any:
    """Return the array with these elements that an operation was given; None if it is not at hand."""
    values = [part for x in step.arguments.values() for part in (x if isinstance(x, tuple | list) else (x,))]
    for x in (*step.constants.values(), *values):
        own = memory_of(x)
        if own is not None and memory is not None and own.is_same(memory):
            return x
    return None


def _memories(node: Any, step: Step) -> Iterator[tuple[int, Memory | None]]:
    """Yield where the arrays are that an operation was given: the index of each input, or -1."""
    note = note_of(node)
    if note is not None:
        inputs = operation_of(node).inputs(node)
        yield from ((i, note.given[i].memory) for i, x in enumerate(inputs) if x is None and i < len(note.given))
        yield from ((-1, given.memory) for given in note.others)
    else:
        yield from ((i, memory_of(value)) for i, value in step.constants.items())


# A graph that is too large for a page: its beginning becomes one step.


def folded(played: Playback, most: int) -> Playback:
    """Return a played whose last `most` operations are single steps, and all before them one step.

    Leaves that these last operations use stay visible. The contributions that pass between such a leaf and the
    operations within the folded step are added up.
    """
    steps = played.steps
    operations = [index for index, step in enumerate(steps) if not _is_given(step)]
    if len(operations) <= most:
        return played
    shown = set(operations[-most:])
    shown |= {edge.source for edge in played.edges if edge.target in shown and _is_given(steps[edge.source])}
    shown |= {source for source, target, _ in played.feeds if target in shown}
    hidden = [index for index in range(len(steps)) if index not in shown]
    leaves = [index for index in sorted(shown) if _is_given(steps[index])]
    rest = [index for index in sorted(shown) if not _is_given(steps[index])]
    # An operation before the fold uses no result after it, so this is again a topological order.
    indices = {index: new for new, index in enumerate(leaves)}
    indices |= {index: new for new, index in enumerate(rest, len(leaves) + 1)}
    fold = len(leaves)
    count = sum(not _is_given(steps[index]) for index in hidden)
    one = Step(steps[hidden[-1]].node, f"first {count:,} operations", folded=count)
    kept = [*(steps[index] for index in leaves), one, *(steps[index] for index in rest)]
    feeds = {
        (indices[source], indices.get(target, fold), index if target in indices else -1)
        for source, target, index in played.feeds
        if source in indices
    }
    return Playback(kept, _rerouted(played.edges, indices, fold), sorted(feeds))


def _is_given(step: Step) -> bool:
    """Tell whether nothing computed it: a leaf, or an input without a gradient."""
    return step.node is None or step.node.op is LEAF


def _rerouted(edges: list[Edge], indices: dict[int, int], fold: int) -> list[Edge]:
    sums: dict[int, Edge] = {}
    result = []
    for edge in edges:
        source, target = indices.get(edge.source, fold), indices.get(edge.target, fold)
        if target != fold:
            result.append(Edge(source, target, edge.index, edge.contribution))
        elif source != fold:
            into = sums.get(source)
            if into is None:
                into = sums[source] = Edge(source, fold, 0, edge.contribution)
                result.append(into)
            else:
                into.contribution = into.contribution + edge.contribution
    # Gradients that leave the fold come after all that enter it.
    return [edge for edge in result if edge.target != fold] + list(sums.values())
