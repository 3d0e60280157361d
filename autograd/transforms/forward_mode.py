"""Forward mode: carry tangents from inputs to outputs, through the same graph and by the same rules.

The kind of an operation says how. An elementwise rule multiplies by the local derivative, and serves tangents as it
serves gradients; a linear function is applied to the tangent; a product takes the tangent in place of one factor. Any
other rule is linear in ``g``, and its transpose is the forward derivative: that is the rule itself, recorded and walked
back. An operation that says its forward derivative itself has `push`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import as_array, copied_for, everywhere, is_finite, walks, whole
from ..errors import DerivativeError, GraphError
from ..graph.backward import pull_back
from ..graph.mutation import refuse_overwritten
from ..graph.nan_safety import absorb_by_position
from ..graph.node import Lift, MultiNode, Node, Share, ancestors, leading_to, recorded
from ..graph.saved_tensors import unpacked
from ..primitives.multi_output import Output
from ..primitives.primitive import Primitive
from ..primitives.read_only import array_returned
from ..tensors.tensor import LIFT, Tensor


@walks
def push_forward(tangents: dict[Node, Any], order: list[Node], lift: Lift | None) -> dict[Node, Any]:
    """Carry `tangents` forward through `order` and return the tangents of all nodes that they reach.

    With `lift`, tangents are tensors and the derivatives record themselves.
    """
    refuse_overwritten(order)
    pushed = dict(tangents)
    for node in order:
        if node in pushed:
            continue
        op: Any = unpacked(node)  # hooks see gradients, not tangents
        if isinstance(op, Output):
            if node.x in pushed:
                pushed[node] = pushed[node.x][op.index]
            continue
        push = getattr(op, "push", None)
        if push is not None:
            given = [None if x is None else pushed.get(x) for x in op.inputs(node)]
            if any(tangent is not None for tangent in given):
                pushed[node] = push(node, given, lift)
            continue
        total, inputs = None, op.inputs(node)
        if getattr(op, "variadic", False) and op.kind == "linear":
            if any(x in pushed for x in inputs):
                pushed[node] = _push_together(op, node, inputs, pushed)
            continue
        for index, x in enumerate(inputs):
            if x is None or x not in pushed:
                continue
            if isinstance(node, MultiNode):
                total = _added(total, _transpose(op, node, index, pushed[x], lift))
                continue
            tangent = _spread(_push(op, node, index, pushed[x], lift), node)
            total = tangent if total is None else total + tangent
        if total is not None:
            pushed[node] = total
    return pushed


def _added(total: tuple[Any, ...] | None, tangents: tuple[Any, ...]) -> tuple[Any, ...]:
    return tangents if total is None else tuple(a + b for a, b in zip(total, tangents, strict=True))


def _push_together(op: Primitive, node: Node, inputs: tuple[Node | None, ...], pushed: dict[Node, Any]) -> Any:
    """Apply a linear function of many inputs to all tangents at once, each of which is but a part of the result."""
    *statics, others = op.statics(node) or ()
    shapes = iter(others)  # of inputs that are no tensors
    parts = [next(shapes) if x is None else pushed.get(x, x.shape) for x in inputs]
    parts = [np.zeros(part, node.dtype) if isinstance(part, tuple) else part for part in parts]
    return _spread(array_returned(op.apply(parts, *statics)), node)


def _push(op: Any, node: Node, index: int, tangent: Any, lift: Lift | None) -> Any:
    operation: Primitive = op
    if type(node) is Share:
        return tangent  # whatever uses it shares it, unless it is batched
    if operation.kind == "elementwise":
        unwrap = as_array if lift is None else lift.unwrap
        derivative, is_finite = _without_warning(operation, node, index, tangent, lift)
        if is_finite or everywhere(np.isfinite(unwrap(derivative))):
            return derivative
        derivative = operation.derivative(node, index, tangent, lift)
        return absorb_by_position(derivative, unwrap(tangent), unwrap)
    statics = operation.statics(node)
    if statics is not None:
        return array_returned(operation.apply(tangent, *statics))
    if operation.kind == "multilinear" and len(operation.parameters) == len(operation.rules) == 2:
        other, needs = operation.parameters[1 - index], operation.needs[index]
        if other in needs:
            kept = operation.kept(node, index) if lift is None else operation.lifted(node, index, lift)
            factor = kept[needs.index(other)]
            return array_returned(operation.apply(*((factor, tangent) if index else (tangent, factor))))
    return _transpose(operation, node, index, tangent, lift)


@np.errstate(over="ignore")  # a decorator takes half the time of a block
def _without_warning(operation: Primitive, node: Node, index: int, tangent: Any, lift: Lift | None) -> tuple[Any, bool]:
    """Return the derivative in silence: a rule may divide by what overflows, and give a number all the same.

    The second result tells whether the sum of its squares is finite, which takes one pass and no temporary.
    """
    derivative = operation.derivative(node, index, tangent, lift)
    flat = whole(derivative if lift is None else lift.unwrap(derivative)).ravel("K")
    return derivative, is_finite(np.dot(flat, flat))


def _transpose(operation: Primitive, node: Node, index: int, tangent: Any, lift: Lift | None) -> Any:
    """Apply to `tangent` the transpose of the rule, which is linear in ``g``: a gradient, or those of all outputs."""
    several = isinstance(node, MultiNode)
    kinds = zip(node.shapes, node.dtypes, strict=True) if isinstance(node, MultiNode) else [(node.shape, node.dtype)]
    # With each batch of what a probe meets, or its gradient would be summed over that.
    meets = operation.kept(node, index), getattr(tangent, "_array", tangent)
    zeros = [copied_for(np.zeros(shape, dtype), *meets) for shape, dtype in kinds]
    probes = [Tensor(zero, requires_grad=True) if zero.dtype.kind in "fc" else None for zero in zeros]
    found = _pulled(operation, node, index, tuple(probes) if several else probes[0], tangent, lift)
    parts = [zero if p is None else found.get(p._node, zero) for p, zero in zip(probes, zeros, strict=True)]
    return tuple(parts) if several else parts[0]


def _pulled(operation: Primitive, node: Node, index: int, probe: Any, tangent: Any, lift: Lift | None) -> Any:
    """Walk the rule of one input, applied to `probe`, back from `tangent` and return the gradients found."""
    x = operation.inputs(node)[index]
    assert x is not None  # a tangent arrives only where an input is live
    try:
        pulled = operation.derivative(node, index, probe, lift)
    except (TypeError, ValueError, GraphError):
        if lift is not None:
            raise
        pulled = operation.derivative(node, index, probe, LIFT)  # what it writes to is then no ndarray
    pulled = operation.conform(pulled, x, node)
    probes = [part._node for part in _parts(probe) if part is not None]
    found = pulled._node if isinstance(pulled, Tensor) else None
    order = [] if found is None else leading_to(probes, ancestors([found]))  # not through what it was computed with
    if found is None or not order:
        _refuse_cut(operation, node, index, probe)
        return {}
    return pull_back({found: tangent}, order, probes, partial=True, lift=lift)


def _refuse_cut(operation: Primitive, node: Node, index: int, probe: Any) -> None:
    """Raise if a rule depends on the gradient although it recorded nothing: it is not NumPy code."""
    ones: Any = [None if part is None else np.ones(part.shape, part.dtype) for part in _parts(probe)]
    with np.errstate(all="ignore"):
        found = operation.derivative(node, index, tuple(ones) if isinstance(probe, tuple) else ones[0])
    if np.any(whole(as_array(found)) != 0):
        raise DerivativeError(
            f"forward mode takes the transpose of the derivative rule of '{operation.name}'{recorded(node)} but "
            f"that is not NumPy code: it converts g to something else. Declare its forward rule too, with jvp= in "
            f"general(), jvp() in a Function, or defjvp"
        )


def _parts(probe: Any) -> tuple[Any, ...]:
    return probe if isinstance(probe, tuple) else (probe,)


def _spread(tangent: Any, node: Node) -> Any:
    """Give a tangent the shape and dtype of the node, which broadcasting and promotion may have changed."""
    if tangent.shape != node.shape:
        tangent = np.broadcast_to(tangent, node.shape)
    if tangent.dtype.kind == "c" and node.dtype.kind == "f":
        tangent = tangent.real  # of z -> f(z) with a real f, what a real part of the rule is to gradients
    return tangent if tangent.dtype == node.dtype else tangent.astype(node.dtype)
