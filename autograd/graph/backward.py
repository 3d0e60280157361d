"""The backward pass: a walk that carries gradients back through a graph."""

from __future__ import annotations

import math
from collections.abc import Collection
from operator import attrgetter
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, TRACED_TYPES, Used, concrete, constant, everywhere, walks, whole
from ..errors import AnomalyError, AutogradError, BatchError, DerivativeError, is_of_values
from ..source.source_info import here, warn
from .grad_mode import ANOMALY, watching
from .instrumentation import ranges
from .mutation import kept_arrays, refuse_overwritten
from .name_scope import within
from .node import LEAF, Gradients, Hooked, Leaf, Lift, Node, absent, recorded
from .saved_tensors import Packed


def pull_back(
    seeds: dict[Node, Any],
    order: list[Node],
    targets: Collection[Node] | None = None,
    *,
    partial: bool = False,
    lift: Lift | None = None,
    free: bool = False,
) -> dict[Node, Any]:
    """Carry the gradients `seeds` back through `order` and return the gradients of the `targets` that they reach.

    Without `targets`, the gradients of all leaves are returned. `partial` says that `order` leaves out some ancestors
    of the seeds; the walk ends at targets outside it. With `lift` the rules record themselves. `free` frees the values
    that the nodes kept, but for those of targets at which the walk ends.

    The walk is optimistic: a rule such as ``g / (2 * out)`` gives nan where ``g`` is 0 and ``out`` is 0 or nan, as in
    the branch that a `where` did not select. The walk is repeated, with zeros that absorb nan, only if a nan arrives.
    NumPy's warnings on the way would mislead; a gradient that is not finite in the end is reported once.
    """
    refuse_overwritten(order)
    found = _settle(seeds, order, targets, partial, lift)
    if free:
        line, reached = here(), set(order) if targets else ()
        for node in order:
            op = node.op
            kept, kept_y = node.kept, node.kept_y
            if (kept is None or kept is NOTHING) and (kept_y is None or kept_y is NOTHING):
                continue  # it keeps nothing, and can be walked again
            if op is not LEAF and (targets is None or node not in targets or node.x in reached or node.y in reached):
                node.op = op.freed
                node.kept = line  # for the error that a second walk raises
                node.kept_y = node.guard = None
    return found


NOTHING = ()  # which is one object

# How many walks in a row needed care, by kind of graph.
_repeated: dict[int, int] = {}
# From how many on care comes first, after how many it is tried without, and of how many kinds that is known.
ALWAYS, AGAIN, KINDS = 3, 16, 64
_operation = attrgetter("op")


@walks
@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a decorator takes half the time of a block
def _settle(
    seeds: dict[Node, Any], order: list[Node], targets: Collection[Node] | None, partial: bool, lift: Lift | None
) -> dict[Node, Any]:
    """Walk optimistically, and again carefully if that gave a nan; see `pull_back`.

    A graph like one that needed care the last times is walked carefully at once, but for some of the times.
    """
    repeated = _repeated.get(_kind(order), 0) if _repeated else 0
    # A walk that calls hooks is not repeated, because they may count their calls.
    careful = Hooked.exist and any(isinstance(node.op, Hooked) and node.op.hooks for node in order)
    needed = repeated >= ALWAYS and repeated % AGAIN != 0
    careful = careful or needed
    try:
        found = _walk(seeds, order, targets, partial, lift, absorb=careful)
    except (BatchError, DerivativeError):
        if careful or not Used.vmap:
            raise
        careful = True  # a rule that knows no batches: with care, it is computed in a loop
        found = _walk(seeds, order, targets, partial, lift, absorb=careful)
    total = _total(found, lift)
    if total != total and not careful:
        found, needed = _walk(seeds, order, targets, partial, lift, absorb=True), True
        total = _total(found, lift)
    if needed:
        if len(_repeated) >= KINDS:
            _repeated.clear()
        _repeated[_kind(order)] = repeated + 1
    elif repeated:
        _repeated.pop(_kind(order), None)  # by now another thread may have taken it out
    if not math.isfinite(total):
        _warn(found, lift)
    return found


def _kind(order: list[Node]) -> int:
    """Return a number that graphs of the same operations in the same order share."""
    return hash(tuple(map(id, map(_operation, order))))


class Wanted(dict["Node | None", Any]):
    """The gradients of a walk through part of a graph: for a node outside that part, `absent`."""

    def __missing__(self, node: Node | None) -> Any:
        return absent


def _walk(
    seeds: dict[Node, Any],
    order: list[Node],
    targets: Collection[Node] | None,
    partial: bool,
    lift: Lift | None,
    absorb: bool,
) -> dict[Node, Any]:
    """Walk once; with `lift` the rules record themselves, with `absorb` zero times nan or inf is zero."""
    gradients: Gradients = dict.fromkeys(order)
    if partial:
        gradients = Wanted(gradients)
        gradients.update((node, None) for node in targets or () if node not in gradients)
    for seed, g in seeds.items():
        if seed in gradients:
            gradients[seed] = g
    gradients[None] = absent
    inner = {node for node in targets if node.op is not LEAF} if targets else ()
    if absorb or lift is not None or inner or watching() & ANOMALY:
        _walk_carefully(order, gradients, inner, lift, absorb)
    else:
        _walk_fast(order, gradients)
    del gradients[None]
    if targets is None:
        return {node: g for node, g in gradients.items() if g is not None}  # type: ignore[misc]  # None is deleted
    return {node: gradients[node] for node in targets if gradients.get(node) is not None}


def _walk_fast(order: list[Node], gradients: Gradients) -> None:
    """Pull the gradients through all nodes, the last one first; those of leaves are left at the end."""
    pop = gradients.pop
    node = None
    try:
        for node in reversed(order):
            op = node.op
            if op is not LEAF:
                pull = op.pull  # `op.pull(...)` would be called as a method, which is slower
                pull(node, pop(node), gradients)
    except Exception as error:
        _blame_rule(node, error)
        raise


def _walk_carefully(
    order: list[Node], gradients: Gradients, inner: Collection[Node], lift: Lift | None, absorb: bool
) -> None:
    """Do the same as `_walk_fast`, and keep the gradients of the nodes `inner`; `lift` and `absorb` are as in `_walk`.

    In anomaly mode each gradient is checked.
    """
    anomaly = bool(watching() & ANOMALY)
    node = None
    try:
        for node in reversed(order):
            if node.op is LEAF:
                continue
            g, op = gradients.pop(node), node.op
            if isinstance(op, Hooked):
                g, op = op.seen(node, g, lift), op.operation
            if absorb or lift is not None:
                op.pull_carefully(node, g, gradients, lift, absorb)
            else:
                op.pull(node, g, gradients)
            if node in inner:
                gradients[node] = g
            if anomaly:
                _check_gradients(node, g, gradients, lift)
    except Exception as error:
        _blame_rule(node, error)
        raise


def _blame_rule(node: Node | None, error: Exception) -> None:
    """Raise an error that names the operation of `node` if `error` arose in its rule; otherwise return."""
    if isinstance(error, AutogradError) or node is None or not is_of_values(error) or _is_of_hook(error):
        return
    what = f"the derivative of '{node.op.name}'{recorded(node)} failed"
    raise DerivativeError(f"{what}: {type(error).__name__}: {error}") from error


def _is_of_hook(error: BaseException) -> bool:
    """Tell whether an error arose in a hook rather than in a rule."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in _CALLS_OF_HOOKS:
            return True
        trace = trace.tb_next
    return False


_CALLS_OF_HOOKS = (Hooked.seen.__code__, Packed.opened.__code__)


def _check_gradients(node: Node, g: Any, gradients: Gradients, lift: Lift | None) -> None:
    """Raise if pulling `g` through `node` gave a gradient that is not finite."""
    for x in node.op.inputs(node):
        gx = gradients.get(x)
        if x is None or gx is None or gx is absent:
            continue
        for array in _arrays(gx, lift):
            if not everywhere(np.isfinite(array)):
                given = (*_arrays(g, lift), *kept_arrays(node))
                message = (
                    f"the derivative of '{node.op.name}'{within(node)}{recorded(node)} gave a gradient with nan or inf "
                    f"(shape {array.shape}, dtype {array.dtype}); it was given {ranges(given)}"
                )
                raise AnomalyError(message)


def _arrays(g: Any, lift: Lift | None) -> list[Any]:
    """Return the arrays in the gradient of a node, one for each output that has a gradient."""
    parts = g if isinstance(g, list | tuple) else (g,)
    return [part if lift is None else lift.unwrap(part) for part in parts if part is not None]


def _total(found: dict[Node, Any], lift: Lift | None) -> float:
    """Return a number that is nan if one of the gradients has a nan, and not finite if one has an inf."""
    total: Any = 0
    flat = None if lift is not None else _shared_whole(found)
    if flat is not None and flat.dtype.kind == "f":
        flat = constant(flat)
        total = _number(np.dot(flat, flat))
        if math.isfinite(total):
            return float(total)
        total = 0  # the nan or inf may be outside the gradients
    for g in found.values():
        if lift is not None:
            g = lift.unwrap(g)
        if type(g) not in ARRAY_TYPES:
            g = whole(g)
        if g.ndim != 1:
            g = g.ravel("K")  # a view, also for a matrix in column-major order
        total += np.dot(g, g)  # one pass without a temporary; squares cannot cancel
    return float(abs(_number(total)))


def _number(total: Any) -> Any:
    """Return a total; while a program is recorded, note that it is finite, or that the program does not fit."""
    return total.records.finite(total) if type(total) in TRACED_TYPES else total


def _shared_whole(found: dict[Node, Any]) -> Any:
    """Return the array that all the gradients are parts of, if there is one."""
    flat = None
    for node, g in found.items():
        buffer = node.buffer if type(node) is Leaf else None
        if buffer is None or concrete(g) is not buffer.array or (flat is not None and flat is not buffer.whole):
            return None
        flat = buffer.whole
    return flat


def _warn(found: dict[Node, Any], lift: Lift | None) -> None:
    """Warn of gradients that are not finite; see `_total`, which also overflows for some that are."""
    for node, gradient in found.items():
        g = whole(gradient if lift is None else lift.unwrap(gradient))
        bad = np.size(g) - np.count_nonzero(np.isfinite(g))
        if bad:
            kind = "nan" if np.isnan(g).any() else "inf"
            message = (
                f"the gradient of a tensor of shape {node.shape} has {kind} in {bad} of {np.size(g)} elements: "
                f"compute and walk within detect_anomaly() to see where it arises"
            )
            warn(message, RuntimeWarning)
