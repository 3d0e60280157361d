"""Reading a run: the values, gradients, bytes and times of a result's graph, or of a function while it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import GraphError, Tensor, Value
from autograd.extend import whole
from autograd.inside import (
    LEAF,
    FreedOperation,
    HasLine,
    MultiNode,
    TensorLike,
    line_of,
    operation_of,
    refuse_overwritten,
    source_of,
    text_at,
)

from .. import steps
from ..node_info import Model, kept_bytes, named_in, names_of, root_of
from ..steps import Run, Step
from ..watching import note_of
from .recorded_run import Entry, RecordedRun, Result

_REMEDY = "pass a function that computes the result, or what record_run(function) returns"


def record_run(
    run: Tensor | Value | Callable[[], Tensor | Value],
    params: Mapping[str, Tensor | Value] | Model | None = None,
    *,
    gradient: TensorLike | None = None,
) -> RecordedRun:
    """Record a run of a model for `diff_graphs`: values, gradients, bytes and times of each operation, as copies.

    Record a model before it is changed, and compare it afterwards. A recording can be pickled, so the other version of
    a model may run in another process, or on another day. For a function it has all values, and the times of one call;
    for a result only what its graph holds. The backward pass leaves the graph and every `grad` as they are; hooks are
    not called.

    Parameters
    ----------
    run
        A function without arguments that computes the result, or a result whose graph was recorded.
    params
        The tensors or values to name; or the model, which has ``named_parameters()``. By default, the parameters of the
        modules that a function calls.
    gradient
        The gradient of the result; may be left out if the result has one element.

    Raises
    ------
    TypeError
        If the result, or something in `params`, is neither a tensor nor a value.
    GraphError
        If nothing was recorded, or an array that the graph keeps was written to since.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import diff_graphs, record_run, tensor
    >>> w = tensor([1.0, 2.0], requires_grad=True)
    >>> before = record_run(lambda: np.exp(w).sum(), {"w": w})
    >>> w.data[1] = 2.5
    >>> diff_graphs(before, lambda: np.exp(w).sum(), {"w": w}).first_difference.a.name
    'w'
    """
    named = names_of(params)[0]
    if isinstance(run, Tensor | Value) or not callable(run):
        ran = Run(run)
    else:
        ran = steps.run(run, copies=True)
        named = {**named_in(ran.models.values(), "parameters"), **named} if params is None else named
    return _Reader(ran, named).read(gradient)


class _Reader:
    """The state of reading one graph."""

    def __init__(self, ran: Run, named: Mapping[str, Any]) -> None:
        self.ran, self.result = ran, ran.result
        self.root = root_of(ran.result, "record_run", "record")
        self.steps = steps.steps_of([self.root], ran, named)
        self.remarks: list[str] = []

    def read(self, gradient: TensorLike | None) -> RecordedRun:
        """Return what is known of the graph, as copies."""
        if isinstance(self.root, Value):
            steps.walk_values(self.root, self.steps, gradient)
        else:
            self._read_tensors(gradient)
        indices = {node: index for index, node in enumerate(self.steps)}
        lines = _Lines()
        seen: set[int] = set()
        entries = [self._entry(step, indices, lines, seen) for step in self.steps.values()]
        if not isinstance(self.root, Value):
            self._find_missing(entries)
        return RecordedRun(entries, self.remarks)

    def _entry(self, step: Step, indices: dict[Any, int], lines: _Lines, seen: set[int]) -> Entry:
        node, note = step.node, note_of(step.node)
        watched, leaf, number = self.ran.seen.get(node), node.op is LEAF, isinstance(node, Value)
        where, line = lines.of(step.line, leaf)
        return Entry(
            "leaf" if leaf else operation_of(node).name,
            node.number,
            tuple([None if x is None else indices[x] for x in operation_of(node).inputs(node)]),
            *_forms(node),
            step.name,
            arguments=_arguments(step, complete=number or watched is not None),
            value=step.value if step.known == "recorded" and not number else _copied(step.value),
            gradient=_copied(step.gradient),
            kept=0 if number or leaf else kept_bytes(node, seen),
            forward=watched.seconds if watched else None if note is None else note.seconds,
            backward=step.backward,
            where=where,
            line=line,
            module=str(getattr(node, "scope", "")),
            freed=isinstance(node.op, FreedOperation),
        )

    def _read_tensors(self, gradient: TensorLike | None) -> None:
        """Find values and gradients, and note what is not known."""
        result, freed = self.result, sum(isinstance(node.op, FreedOperation) for node in self.steps)
        if not freed:
            self._refuse_overwritten()
        steps.find_values(self.steps, self.ran)
        if freed:
            self.remarks.append(
                f"gradients, bytes and backward times of operations, which an earlier backward() freed: compare before "
                f"it, pass retain_graph=True to it, or {_REMEDY}. The gradients of leaves are those that they hold"
            )
            for node, step in self.steps.items():
                owner = node.owner() if node.op is LEAF else None
                if owner is not None and owner.grad is not None:
                    step.gradient = owner.grad._array
        elif gradient is None and (result.size != 1 or result.dtype.kind == "c"):
            self.remarks.append(
                f"gradients, as the result has shape {result.shape} and dtype {result.dtype}: pass gradient= of that "
                f"shape"
            )
        else:
            with np.errstate(all="ignore"):
                seed = result._seed(gradient)
                steps.walk_tensors(self.root, self.steps, seed, False)
                if not all(_is_finite(step.gradient) for step in self.steps.values()):  # zeros have to be looked after
                    steps.walk_tensors(self.root, self.steps, seed, True)

    def _find_missing(self, entries: list[Entry]) -> None:
        """Note what would be known if a function had been watched."""
        unknown = sum(entry.value is None for entry in entries)
        unplaced = sum(not entry.line and not entry.is_leaf for entry in entries)
        untimed = {entry.forward is None for entry in entries if not entry.is_leaf} == {True}
        missing = [f"values that the graph does not keep, of {unknown:,} of {len(entries):,} nodes"] if unknown else []
        missing += ["forward times"] if untimed else []
        missing += [f"the lines of {unplaced:,} operations"] if unplaced and not self.ran.seen else []
        if missing:
            self.remarks.append(f"{'; '.join(missing)}: {_REMEDY}")

    def _refuse_overwritten(self) -> None:
        try:
            refuse_overwritten([*self.steps])
        except GraphError as error:
            raise GraphError(
                f"{error}. To compare a model with itself later, use record_run() before it changes"
            ) from error


def _arguments(step: Step, complete: bool) -> dict[str, object]:
    """Return the inputs that need no gradient and the further arguments, by parameter name."""
    op: Any = operation_of(step.node)
    names: Sequence[str] = "xy" if isinstance(step.node, Value) else getattr(op, "parameters", ())
    found = {}
    for index, value in sorted(step.constants.items()):
        if complete or value is not None:  # else it is not known
            name = f"{names[0]}[{index}]" if getattr(op, "variadic", False) else str(names[index] if names else index)
            found[name] = _constant(value)
    return found | {name: _constant(value) for name, value in (step.arguments | step.kept_arguments).items()}


def _copied(value: Any) -> Result:
    """Return a result or a gradient as arrays that later writes do not change."""
    if isinstance(value, tuple):
        return tuple([None if part is None else np.array(part) for part in value])
    return None if value is None else np.array(value)


def _constant(value: Any) -> object:
    """Return a constant as plain data that later writes do not change, and that can be pickled."""
    value = whole(value)
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, tuple | list):
        return tuple(map(_constant, value))
    if value is None or isinstance(value, bool | int | float | complex | str | slice | np.generic):
        return value
    if isinstance(value, type(...)):
        return "..."
    name: str = getattr(value, "__name__", "")
    return name or (repr(value) if isinstance(value, np.dtype) else type(value).__name__)


class _Lines:
    """The lines of nodes as texts. Many nodes have the same one, and some have none but follow one that has."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], tuple[str, str]] = {}
        self.last = ""

    def of(self, noted: HasLine | None, leaf: bool) -> tuple[str, str]:
        """Return file and number, and the text, of a noted line; without one, the line before it in the program."""
        if noted is None:
            return (f"after {self.last}" if self.last and not leaf else ""), ""
        key = id(noted.code), noted.instruction
        if key not in self.known:
            file, line = source_of(noted)
            self.known[key] = line_of(noted), text_at(file, line)
        self.last = self.known[key][0]
        return self.known[key]


def _forms(node: Any) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Return shapes and dtypes of the results of a node."""
    if isinstance(node, Value):
        return ((),), ("float",)
    if isinstance(node, MultiNode):
        return tuple(map(tuple, node.shapes)), tuple(map(str, node.dtypes))
    return (tuple(node.shape),), (str(node.dtype),)


def _is_finite(gradient: Result) -> bool:
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    return all(part is None or bool(np.isfinite(part).all()) for part in parts)
