"""Recording: a function, evaluated and recorded at one point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import DtypeError, ShapeError, check_numeric, described
from ..graph.buffer_reuse import held_once
from ..graph.grad_mode import moment
from ..graph.node import Leaf, Node, ancestors, counter
from ..graph.source_info import defined
from ..tensors.tensor import Tensor, in_own_memory, plain_array, seen_at
from .pytree import flatten

__all__ = [
    "apart",
    "check_outputs",
    "cotangent_of",
    "finish",
    "floating",
    "given_back",
    "is_others",
    "nodes",
    "own",
    "reaches_others",
    "track",
    "value_of",
]

Function = Callable[..., Any]


def track(primals: tuple[Any, ...]) -> tuple[list[Tensor], Callable[[Sequence[Any]], Any]]:
    """Return a tensor for each array in `primals`, whose node marks where differentiation ends."""
    contents, rebuild = flatten(primals)
    inputs = []
    for x in contents:
        if isinstance(x, Tensor) and x.requires_grad:
            inputs.append(+x)  # a node of our own on top of somebody else's
            continue
        try:
            inputs.append(Tensor(x, requires_grad=True))
        except DtypeError as error:
            raise DtypeError(f"cannot differentiate with respect to {x!r}: {error}") from None
    return inputs, rebuild


def check_outputs(function: Function, outputs: Sequence[Any]) -> None:
    """Raise unless a function that is to be differentiated returned floating-point numbers.

    Integers and bools may stand beside them, as the edges of bins do beside what is in them.
    """
    dtypes = [y.dtype if isinstance(y, Tensor) else np.asarray(y).dtype for y in outputs]
    differentiable = any(dtype.kind in "fc" for dtype in dtypes)
    for y, dtype in zip(outputs, dtypes, strict=True):
        if dtype.kind in "fc" or (differentiable and dtype.kind in "biu"):
            continue
        what = described(y) if dtype.kind not in "biu" or isinstance(y, int) else f"{dtype} values"
        remedy = ": is a return missing?" if y is None else ": write 1.0 for 1" if dtype.kind in "iu" else ""
        raise DtypeError(
            f"{defined(function)} returned {what}, but only floating-point numbers have derivatives{remedy}"
        )


def reaches_others(order: list[Node], cuts: Sequence[Node | None]) -> bool:
    """Tell whether the graph depends on a leaf that somebody else may differentiate with respect to."""
    own = set(cuts)
    return any(type(node) is Leaf and node not in own and not _is_finished(node) for node in order)


def _is_finished(leaf: Leaf) -> bool:
    """Tell whether the transform that made a leaf had evaluated its function, at the moment that counts."""
    now = moment()
    return leaf.finished < (now if leaf.number < now else math.inf)


def is_others(y: Any) -> bool:
    """Tell whether somebody else may differentiate what was returned beside a number."""
    return isinstance(y, Tensor) and y._node is not None and reaches_others(ancestors([y._node]), ())


def nodes(contents: Sequence[Any]) -> list[Node | None]:
    """Return where arrays stand in a graph now: a tensor that is written to later stands elsewhere."""
    return [x._node if isinstance(x, Tensor) else None for x in contents]


def finish(cuts: list[Node | None]) -> None:
    """Note at the nodes of tracked inputs that the function has been evaluated."""
    for node in cuts:
        if type(node) is Leaf:
            node.finished = next(counter)


def cotangent_of(g: Any, y: Any, what: str = "cotangent") -> Any:
    """Return a cotangent, or a tangent, with the dtype of `y`, or raise where it does not fit."""
    shape, dtype = np.shape(y), floating(y)
    if not isinstance(g, Tensor):
        g = plain_array(g)
    if g.shape != shape:
        raise ShapeError(f"a {what} of shape {g.shape} for a value of shape {shape}")
    check_numeric(f"a {what}", g.dtype)
    if g.dtype.kind == "c" and dtype.kind == "f":
        g = g.real
    return g if g.dtype == dtype else g.astype(dtype)


def floating(y: Any) -> np.dtype[Any]:
    """Return the dtype of tangents of `y`: its own, but double precision for integers."""
    dtype = y.dtype if isinstance(y, Tensor) else np.asarray(y).dtype
    return dtype if dtype.kind in "fc" else np.dtype(float)


def value_of(y: Any, lifted: bool) -> Any:
    """Return what a function returned as the caller knows arrays, in memory that the graph does not need."""
    return y if lifted or not isinstance(y, Tensor) else _plain(np.array(y._array))


def apart(tangent: Any) -> Any:
    """Return a tangent that shares no memory with another one, such as that which was given and handed on."""
    return in_own_memory(tangent) if isinstance(tangent, Tensor) else _plain(np.array(tangent))


def _plain(array: Any) -> Any:
    return array[()] if type(array) is np.ndarray else array


def own(node: Node, found: dict[Node, Any]) -> Tensor:
    """Return the gradient found for `node` as a tensor whose memory nobody else can see."""
    if node.dtype.kind == "c" or (type(node) is Leaf and node.hooks is not None):
        found = {node: seen_at(node, found[node])}
    if isinstance(found[node], Tensor):
        return in_own_memory(found[node])
    return Tensor(found[node] if held_once(found, node) else np.array(found[node]))


def given_back(node: Any, found: dict[Node, Any]) -> Any:
    """Return the gradient of a tracked input as the caller knows arrays, zero where nothing depends on it."""
    if node not in found:
        return _plain(np.zeros(node.shape, node.dtype))
    owned = own(node, found)
    return owned if isinstance(found[node], Tensor) else _plain(owned._array)
