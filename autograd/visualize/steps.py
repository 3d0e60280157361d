"""Steps: what is known of each node of a graph, its value and its gradient among it, for the player and differences.

The graph and the gradients of its leaves stay as they are.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, Value, enable_grad
from autograd.extend import whole
from autograd.inside import (
    LEAF,
    Bundle,
    Hooked,
    MultiNode,
    Node,
    Output,
    Primitive,
    SourceLine,
    absent,
    ancestors,
    described_calls,
    observed,
    operation_of,
    walks,
)

from .failure import Failure, failure_of
from .foreign import ForeignNode
from .node_info import RESULT, is_packed, kept_values, named_nodes
from .watching import lines_of_values, watch_calls


class Seen(NamedTuple):
    """What an operation was given, and computed, while a function ran."""

    value: Any
    inputs: tuple[Any, ...]
    arguments: dict[str, Any]  # besides the inputs
    seconds: float


@dataclass(slots=True)
class Run:
    """A run of a function, or a result alone."""

    result: Any
    inputs: tuple[Any, ...] = ()
    function: Callable[..., Any] | None = None
    seen: dict[Any, Seen] = field(default_factory=dict)  # by node
    lines: dict[Any, SourceLine] = field(default_factory=dict)  # of each `Value`; nodes of tensors have their lines
    models: dict[int, Any] = field(default_factory=dict)  # the outermost modules that were called, by identity
    failure: Failure | None = None


def run(
    function: Callable[..., Tensor | Value],
    inputs: tuple[Any, ...] = (),
    copies: bool = False,
    watch: watch_calls | None = None,
) -> Run:
    """Call a function, and note what each recorded operation computes, and the modules called around it.

    With `copies`, results and constants are as they were even if later steps write to the arrays. With `watch`, an
    error is the failure of the run, if anything had been computed before.
    """
    ran, noted = Run(None, inputs, function), copied if copies else lambda value: value
    since = time.perf_counter()

    def note(node: Node, values: tuple[Any, ...], z: Any) -> None:
        nonlocal since
        seconds = time.perf_counter() - since
        op: Any = operation_of(node)
        inputs = op.inputs(node)
        variadic = getattr(op, "variadic", False)
        given, rest = (values[0], 1) if variadic else (values, len(inputs))
        ran.seen[node] = Seen(
            noted(z),
            tuple([noted(value) if x is None else value for x, value in zip(inputs, given, strict=False)]),
            dict(zip(getattr(op, "parameters", ())[rest:], map(noted, values[rest:]), strict=False)),
            seconds,
        )
        calls = described_calls()
        if calls:
            ran.models[id(calls[0][1])] = calls[0][1]
        since = time.perf_counter()

    try:
        with watch or nullcontext(), observed(note), lines_of_values(ran.lines), enable_grad():
            ran.result = function(*inputs)
    except Exception as error:
        ran.failure = None if watch is None else failure_of(error, [*ran.seen, *ran.lines], watch.failed)
        if ran.failure is None:
            raise
    return ran


def copied(value: Any) -> Any:
    """Return a value with copies of the arrays in it, which have the axes of all batches."""
    value = whole(value)
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, tuple | list):
        return (list if isinstance(value, list) else tuple)(map(copied, value))
    return value


@dataclass(slots=True, eq=False)
class Step:
    """One leaf or one operation, which is one step forward and one step back; or an input without a gradient."""

    node: Any  # None for an input that is in no graph
    name: str = ""  # that in `params`, or as an argument of the function that was run
    given: bool = False  # whether it is an input of the function that was run
    value: Any = None  # the result, a tuple of several; None if it is not known
    known: str = ""  # the source of the value: "recorded" in a run, "kept" for a rule, or "now", of a leaf
    line: Any = None  # the line that computed it, for `line_of`; None if that was not noted
    gradient: Any = None  # of the result, a tuple of several; None if none reached it
    hooked: bool = False  # whether hooks were called, which may have replaced the sum of the contributions
    constants: dict[int, Any] = field(default_factory=dict)  # the inputs that need no gradient; None if not known
    arguments: dict[str, Any] = field(default_factory=dict)  # besides the inputs, from a run
    kept_arguments: dict[str, Any] = field(default_factory=dict)  # besides the inputs, as a rule needs them
    backward: float | None = None  # the seconds that its rule took
    folded: int = 0  # the number of steps that this one stands for, if it stands for several
    failure: Failure | None = None  # what failed, if this is where the run ended


Steps = dict[Any, Step]  # by node, each after those that it depends on


def steps_of(nodes: Iterable[Any], ran: Run, names: Mapping[str, Any]) -> Steps:
    """Return the steps of nodes and of all that they depend on, without values and gradients."""
    order: list[Any] = [node for node in ancestors(nodes) if not isinstance(node, Bundle)]
    steps = {node: Step(node, line=node if hasattr(node, "code") else ran.lines.get(node)) for node in order}
    for step in steps.values():
        if isinstance(step.node, ForeignNode):
            step.value, step.known, step.gradient = step.node.value, "recorded", step.node.gradient
    for node, (name, _) in named_nodes(names).items():
        if node in steps:
            steps[node].name = name
    return steps


# What passes the edges of a graph that stays as it is, and its sum at each node.


class Share(NamedTuple):
    """The contribution of an operation to the gradient of one of its inputs."""

    source: Any  # the node of the input
    target: Any  # that of the operation
    position: int  # among the inputs
    gradient: Any


def outside(g: Any) -> Any:
    """Return an internal gradient as users see it: the conjugate, if it is complex."""
    if isinstance(g, list | tuple):
        return tuple(None if part is None else np.conjugate(whole(part)) for part in g)
    return np.conjugate(whole(g)) if np.iscomplexobj(whole(g)) else whole(g)


class _Apart(dict[Any, Any]):
    """A stand-in for the gradients of a walk that lists the contributions of a rule without adding them up."""

    def __init__(self) -> None:
        self.noted: list[tuple[Any, Any]] = []

    def __missing__(self, node: Any) -> Any:
        return absent if node is None else None

    def __setitem__(self, node: Any, gradient: Any) -> None:
        self.noted.append((node, gradient))


def shares_of(node: Node, g: Any, careful: bool) -> list[Share]:
    """Return what the rules of an operation pass to its inputs for its gradient."""
    own = copy.copy(node)  # unpacked tensors are stored on the copy only
    if isinstance(own.op, Hooked):
        own.op = own.op.operation
    apart = _Apart()
    with np.errstate(all="ignore"):  # not around a yield, where it would affect the caller
        if careful:
            own.op.pull_carefully(own, g, apart, None, True)
        else:
            own.op.pull(own, g, apart)
    indices: dict[Any, list[int]] = {}
    for index, x in enumerate(operation_of(node).inputs(node)):
        indices.setdefault(x, []).append(index)
    return [Share(x, node, indices[x].pop(0), passed) for x, passed in apart.noted]


def sum_of(parts: list[Any], node: Node) -> Any:
    """Add up the contributions to a node; for an operation with several outputs, output by output."""
    if not isinstance(node, MultiNode):
        return _total(parts)
    given = ([part[index] for part in parts if part[index] is not None] for index in range(len(node.dtypes)))
    return [_total(each) if each else None for each in given]


def _total(parts: list[Any]) -> Any:
    total = parts[0]
    with np.errstate(all="ignore"):
        for part in parts[1:]:
            total = total + part
    return total


# Values


def walk_values(root: Value, steps: Steps, gradient: Any) -> list[Share]:
    """Multiply by the local derivatives, as `Value.backward` does, and return what passes each edge."""
    found: list[Share] = []
    gradients = dict.fromkeys(steps, 0.0)
    gradients[root] = 1.0 if gradient is None else float(gradient)
    for node, step in reversed(steps.items()):
        g = gradients[node]
        step.value, step.known, step.gradient = node.data, "recorded", g
        for index, (x, slope) in enumerate(zip(node.op.inputs(node), (node.dx, node.dy), strict=False)):
            if x is None:
                step.constants[index] = slope  # instead of a slope there is the constant itself
            else:
                passed = g * slope if g else 0.0  # a gradient of 0 stays 0, even times inf
                gradients[x] += passed
                found.append(Share(x, node, index, passed))
    return found


# Tensors


@walks
def walk_tensors(
    root: Node,
    steps: Steps,
    seed: Any,
    careful: bool,
    hooks: bool = False,
    note: Callable[[Any], Any] = outside,
    found: list[Share] | None = None,
) -> None:
    """Backpropagate `seed` from `root`, and add what passes each edge to `found`, if that is given.

    The `grad` of leaves and the nodes stay as they are, and nothing is retained. Gradients are internal ones: for
    complex numbers the conjugate of what users see, and for an operation with several outputs a list. A step has what
    `note` makes of its own.

    Parameters
    ----------
    careful
        Whether a zero gradient stays zero when multiplied by nan or inf. This takes longer.
    hooks
        Whether hooks are called, which may replace the gradient.
    """
    arrived: dict[Any, list[Any]] = {node: [] for node in steps}
    arrived[root].append(seed)
    for node, step in reversed(steps.items()):
        parts = arrived.pop(node)
        if not parts:
            continue
        g = sum_of(parts, node)
        if hooks and isinstance(node.op, Hooked):
            step.hooked = bool(node.op.hooks)
            for hook in list(node.op.hooks.values()):
                g = hook(g, None)
        step.gradient = note(g)
        if node.op is not LEAF:
            start = time.perf_counter()
            shares = shares_of(node, g, careful)
            step.backward = time.perf_counter() - start
            for share in shares:
                arrived[share.source].append(share.gradient)
            if found is not None:
                found += shares


def find_values(steps: Steps, ran: Run) -> None:
    """Find the values of results: those of a run, then those that nodes kept, and the present values of leaves."""
    for node, step in steps.items():
        op = operation_of(node)
        if node.op is LEAF:
            owner = node.owner()
            if owner is not None:
                step.value, step.known = owner._array, "now"
        elif node in ran.seen:
            seen = ran.seen[node]
            step.value = tuple(map(whole, seen.value)) if isinstance(node, MultiNode) else whole(seen.value)
            step.known, step.arguments = "recorded", seen.arguments
            for index, (x, value) in enumerate(zip(op.inputs(node), seen.inputs, strict=False)):
                _note_input(steps, step, index, x, value, "recorded")
        elif isinstance(op, Output):
            together = steps[node.x]
            if together.value is not None:
                _note(step, together.value[op.index], together.known)
        elif isinstance(op, Primitive) and not is_packed(node):
            for index, x in enumerate(op.inputs(node)):
                if x is None:
                    step.constants.setdefault(index, None)
                elif op.rules:
                    _find_kept(steps, step, op, index)
    if ran.result is not None:
        _note(steps[ran.result._node], ran.result._array, "kept")


def _find_kept(steps: Steps, step: Step, op: Primitive, index: int) -> None:
    """Note the values that a node kept for the rule of one input: the result, inputs, and arguments."""
    inputs = op.inputs(step.node)
    for position, name, value in kept_values(step.node, op, index):
        if position == RESULT:
            _note(step, value, "kept")
        elif position is not None:
            _note_input(steps, step, position, inputs[position], value, "kept")
        else:
            step.kept_arguments[name] = value


def _note_input(steps: Steps, step: Step, index: int, x: Any, value: Any, known: str) -> None:
    if x is None:
        step.constants[index] = whole(value)
    elif x in steps:
        _note(steps[x], value, known)


def _note(step: Step, value: Any, known: str) -> None:
    """Note a value if its shape is that of the node."""
    if step.value is not None:
        return
    node = step.node
    several = isinstance(node, MultiNode)
    if tuple(map(_shape, value)) == node.shapes if several else _shape(value) == node.shape:
        step.value, step.known = tuple(map(whole, value)) if several else whole(value), known


def _shape(value: Any) -> Any:
    return value.shape if hasattr(value, "shape") else np.shape(value)
