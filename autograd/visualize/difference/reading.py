"""Reading a run: the values, gradients, bytes and times of a result's graph, or of a function while it computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays.door import walks
from ...errors import GraphError
from ...graph.grad_mode import enable_grad
from ...graph.mutation import kept_arrays, owner_of, refuse_overwritten
from ...graph.node import LEAF, Bundle, FreedOperation, MultiNode, Node, ancestors
from ...graph.saved_tensors import operation_of
from ...primitives.multi_output import Output
from ...primitives.primitive import Primitive
from ...scalar.value import Value
from ...source.source_info import HasLine, line_of, source_of, text_at
from ...tensors.tensor import Tensor
from ..call_recorder import note_of
from ..gradient_values import carried_back, outside
from ..node_info import RESULT, Model, is_packed, kept_values, named_nodes, names_of, root_of
from .run import Entry, RecordedRun, Result
from .watching import Watched, constant, copied

if TYPE_CHECKING:
    from ...tensors.tensor import TensorLike

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
    watched = Watched()
    output: Any = run
    if not isinstance(run, Tensor | Value) and callable(run):
        with watched.watching(), enable_grad():
            output = run()
        named = {**watched.parameters(), **named} if params is None else named
    root = root_of(output, "record_run", "record")
    reader = _Reader(root, named, watched)
    if isinstance(output, Value):
        reader.read_values(gradient)
    else:
        reader.read_tensors(output, gradient)
    return RecordedRun(list(reader.entries.values()), reader.remarks)


class _Reader:
    """The state of reading one graph."""

    def __init__(self, root: Any, named: Mapping[str, Any], watched: Watched) -> None:
        self.root, self.watched = root, watched
        self.order: list[Any] = [node for node in ancestors([root]) if not isinstance(node, Bundle)]
        self.remarks: list[str] = []
        names = {node: name for node, (name, _) in named_nodes(named).items()}
        places = {node: place for place, node in enumerate(self.order)}
        lines = _Lines()
        self.entries: dict[Any, Entry] = {}
        for node in self.order:
            entry = Entry(
                "leaf" if node.op is LEAF else operation_of(node).name,
                node.number,
                tuple([None if x is None else places[x] for x in operation_of(node).inputs(node)]),
                *_forms(node),
                names.get(node, ""),
            )
            entry.module = str(getattr(node, "scope", ""))
            entry.where, entry.line = lines.of(node if hasattr(node, "code") else watched.lines.get(node), entry)
            self.entries[node] = entry

    # Values

    def read_values(self, gradient: TensorLike | None) -> None:
        """Read numbers, and multiply their slopes as `Value.backward` does."""
        gradients = dict.fromkeys(self.order, 0.0)
        gradients[self.root] = 1.0 if gradient is None else float(gradient)  # type: ignore[arg-type]  # a number
        for node in reversed(self.order):
            entry, g = self.entries[node], gradients[node]
            entry.value, entry.gradient = np.asarray(node.data), np.asarray(g)
            for name, x, slope in zip("xy", node.op.inputs(node), (node.dx, node.dy), strict=False):
                if x is None:
                    entry.arguments[name] = slope  # in the place of a slope there is the constant itself
                else:
                    gradients[x] += g * slope if g else 0.0

    # Tensors

    def read_tensors(self, result: Tensor, gradient: TensorLike | None) -> None:
        """Read arrays: those seen while a function ran, else those that nodes kept; and the gradients."""
        for node, entry in self.entries.items():
            entry.freed = isinstance(node.op, FreedOperation)
        freed = sum(entry.freed for entry in self.entries.values())
        if not freed:
            self._refuse_overwritten()
        for node, entry in self.entries.items():
            self._find(node, entry)
        _tell(self.entries[self.root], result._array)
        seen: set[int] = set()
        for node, entry in self.entries.items():
            entry.kept = _kept_bytes(node, seen)
        self._find_gradients(result, gradient, freed)
        self._find_missing()

    def _find_missing(self) -> None:
        """Note what would be known if a function had been watched."""
        entries = self.entries.values()
        unknown = sum(entry.value is None for entry in entries)
        unplaced = sum(not entry.line and not entry.is_leaf for entry in entries)
        untimed = {entry.forward is None for entry in entries if not entry.is_leaf} == {True}
        missing = [f"values that the graph does not keep, of {unknown:,} of {len(entries):,} nodes"] if unknown else []
        missing += ["forward times"] if untimed else []
        missing += [f"the lines of {unplaced:,} operations"] if unplaced and not self.watched.seen else []
        if missing:
            self.remarks.append(f"{'; '.join(missing)}: {_REMEDY}")

    def _refuse_overwritten(self) -> None:
        try:
            refuse_overwritten(self.order)
        except GraphError as error:
            raise GraphError(
                f"{error}. To compare a model with itself later, use record_run() before it changes"
            ) from error

    def _find(self, node: Any, entry: Entry) -> None:
        op, seen = operation_of(node), self.watched.seen.get(node)
        if node.op is LEAF:
            owner = node.owner()
            if owner is not None:
                _tell(entry, owner._array)
        elif seen is not None:
            entry.value, arguments, entry.forward = seen
            entry.arguments |= arguments
        elif isinstance(op, Output):
            together = self.entries[node.x].value
            if isinstance(together, tuple):
                entry.value = together[op.index]
        elif isinstance(op, Primitive) and not is_packed(node):
            for index, x in enumerate(op.inputs(node)):
                if x is not None and op.rules:
                    self._find_kept(node, entry, op, index)
        note = note_of(node)
        if note is not None and entry.forward is None:
            entry.forward = note.seconds

    def _find_kept(self, node: Any, entry: Entry, op: Primitive, index: int) -> None:
        """Note what a node kept for the rule of one input: the result, inputs, constants and arguments."""
        inputs = op.inputs(node)
        for place, name, value in kept_values(node, op, index):
            if place == RESULT:
                _tell(entry, value)
            else:
                self._tell_input(entry, name, None if place is None else inputs[place], value)

    def _tell_input(self, entry: Entry, name: str, x: Any, value: Any) -> None:
        if x is None:
            entry.arguments[name] = constant(value)
        elif x in self.entries:
            _tell(self.entries[x], value)

    def _find_gradients(self, result: Tensor, gradient: TensorLike | None, freed: int) -> None:
        if freed:
            self.remarks.append(
                f"gradients, bytes and backward times of operations, which an earlier backward() freed: compare before "
                f"it, pass retain_graph=True to it, or {_REMEDY}. The gradients of leaves are those that they hold"
            )
            for node, entry in self.entries.items():
                owner = node.owner() if node.op is LEAF else None
                if owner is not None and owner.grad is not None:
                    entry.gradient = copied(owner.grad._array)
        elif gradient is None and (result.size != 1 or result.dtype.kind == "c"):
            self.remarks.append(
                f"gradients, as the result has shape {result.shape} and dtype {result.dtype}: pass gradient= of that "
                f"shape"
            )
        elif not self._walk(result, gradient, careful=False):
            self._walk(result, gradient, careful=True)

    @walks
    def _walk_back(self, seed: Any, careful: bool) -> None:
        for node, g, _, seconds in carried_back(self.order, self.root, seed, careful=careful, hooks=False):
            entry = self.entries[node]
            entry.gradient = copied(outside(g))
            entry.backward = None if node.op is LEAF else seconds

    def _walk(self, result: Tensor, gradient: TensorLike | None, careful: bool) -> bool:
        """Walk back, and tell whether all gradients are finite; only then need zeros not be looked after."""
        with np.errstate(all="ignore"):
            self._walk_back(result._seed(gradient), careful)
        return all(_is_finite(entry.gradient) for entry in self.entries.values())


class _Lines:
    """The lines of nodes as texts. Many nodes have the same one, and some have none but follow one that has."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], tuple[str, str]] = {}
        self.last = ""

    def of(self, noted: HasLine | None, entry: Entry) -> tuple[str, str]:
        """Return place and text of a noted line; without one, the line before it in the program."""
        if noted is None:
            return (f"after {self.last}" if self.last and not entry.is_leaf else ""), ""
        key = id(noted.code), noted.instruction
        if key not in self.known:
            file, line = source_of(noted)
            self.known[key] = line_of(noted), text_at(file, line)
        self.last = self.known[key][0]
        return self.known[key]


class _Names(dict[np.dtype[Any], str]):
    """The names of dtypes, which NumPy puts together anew each time."""

    def __missing__(self, dtype: np.dtype[Any]) -> str:
        self[dtype] = str(dtype)
        return self[dtype]


_NAMES = _Names()


def _forms(node: Any) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    """Return shapes and dtypes of the results of a node."""
    if isinstance(node, Value):
        return ((),), ("float",)
    if isinstance(node, MultiNode):
        return tuple(map(tuple, node.shapes)), tuple(map(_NAMES.__getitem__, node.dtypes))
    return (tuple(node.shape),), (_NAMES[node.dtype],)


def _kept_bytes(node: Node, seen: set[int]) -> int:
    """Return the bytes that a node keeps and none before it."""
    count = 0
    for array in () if node.op is LEAF or isinstance(node.op, FreedOperation) else kept_arrays(node):
        owner = owner_of(array)
        count += 0 if id(owner) in seen else owner.nbytes
        seen.add(id(owner))
    return count


def _tell(entry: Entry, value: Any) -> None:
    """Note a result if it has the shape that the node says."""
    if entry.value is None:
        found = copied(value)
        parts = found if isinstance(found, tuple) else (found,)
        if tuple([getattr(part, "shape", None) for part in parts]) == entry.shapes:
            entry.value = found


def _is_finite(gradient: Result) -> bool:
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    return all(part is None or bool(np.isfinite(part).all()) for part in parts)
