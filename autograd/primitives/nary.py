"""N-ary operations: of several inputs with further arguments, or of a sequence of inputs that share one rule.

The layers of networks are such operations: for example a product with weights plus a bias.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.door import FAILURES, Used, constant
from ..graph.buffer_reuse import sum_gradients
from ..graph.grad_mode import ON, cut_of, recording
from ..graph.instrumentation import examine
from ..graph.mutation import Guard, guard, keep_arguments, keep_constant, keep_inputs
from ..graph.node import Gradients, Leaf, MultiNode, Node, Operation, absent, bundled, counter, intern_shape
from ..source.source_info import note_line
from ..tensors.tensor import Tensor
from .operands import LOOP, NUMBERS, as_operand, binder, loop, recovered_or_refused, refuse_objects, settled, static
from .primitive import Function, Primitive

new = object.__new__
ndarray = np.ndarray


def record(
    op: Operation, live: list[Node], kept: Any, kept_y: Any, guard: Guard | None, values: Any, out: Any, mode: int
) -> Node:
    """Return a new node for `out`, the result of `op` or its tuple of results.

    `live` holds the nodes of the inputs that need a gradient, at least one; `values` holds the values of all
    parameters. The rest is as in `Node`.
    """
    node: Node
    if type(out) is tuple:
        node = MultiNode()
        node.shapes, node.dtypes = tuple([z.shape for z in out]), tuple([z.dtype for z in out])
    else:
        node = Node()
        node.shape, node.dtype = intern_shape(out.shape), out.dtype
    node.op, node.kept, node.kept_y, node.guard = op, kept, kept_y, guard
    node.x = live[0]
    node.y = bundled(live)
    node.number = next(counter)
    if mode > ON:
        examine(node, values, out)
    else:
        note_line(node, 3)
    return node


def several_inputs(op: Primitive, results: Callable[..., object] | None = None) -> Function:
    """Build the function that applies an operation of a fixed number of inputs, and its `pull`.

    `results` makes the tensors of an operation of several outputs, from these, the input nodes, values and arguments.
    """
    op.pull = _pull(op)
    forward, count, total = op.computed, len(op.rules), len(op.parameters)
    bind, linear, shaped = binder(op, 0), op.kind == "linear", op.shaped
    getters = [op.getter(index) for index in range(count)]
    read_by, noted, names = readers(op), op.arguments_kept(count), op.parameters[count:]
    ops = (op,) * (total - count)

    def apply(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != total:
            args = bind(args, kwargs)
        values: list[Any] = []
        inputs: list[Any] = []
        constant = True
        for value in args[:count]:
            if isinstance(value, Tensor):
                constant = False
                values.append(value._array)
                inputs.append(value._node)
            else:
                values.append(value if type(value) is ndarray or type(value) in NUMBERS else as_operand(value))
                inputs.append(None)
        if names:
            values += map(static, ops, args[count:], names)
        try:
            z = forward(*values)
        except FAILURES as error:
            z = recovered_or_refused(op, error, values[:count], values)
            if z is LOOP:
                return loop(op, *args)
        if constant:
            return z
        if results is not None:
            return results(z, inputs, values, args)
        if type(z) is not ndarray:
            (z,), inputs = settled((z,), inputs, values)
        out = new(Tensor)
        out._array = z
        mode = recording()
        if not mode or z.dtype.kind not in "fc" or not any(inputs):
            if z.dtype.kind == "O":
                refuse_objects(op.name, *values)
            out._node = None
            out._cut = cut_of(op, args, mode)
            return out
        given = tuple(values)
        guards = keep_inputs(values, inputs, read_by)
        if noted:
            values, guards = keep_arguments(values, noted, guards)
        statics = tuple(values[count:]) if linear else None
        values.append(z)
        for index in shaped:
            values.append(np.shape(given[index]))
        kept: list[Any] = []
        live: list[Node] = []
        for x, get in zip(inputs, getters):  # noqa: B905 - hot, and both are as long as the rules
            if x is None:
                kept.append(None)
            else:
                kept.append(get(values))
                live.append(x)
        out._node = record(op, live, kept, (inputs, statics), guards, given, z, mode)
        return out

    return apply


def _pull(op: Primitive) -> Callable[[Node, Any, Gradients], None]:
    plan = list(zip(op.applied, op.at_call, strict=True))

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        shared: dict[Any, Any] = {}
        for x, kept, (rule, given) in zip(node.kept_y[0], node.kept, plan):  # noqa: B905 - as above
            held = gradients[x]
            if held is absent:
                continue
            if given == ("shared",):
                gx = rule(g, *kept, shared)
            elif given:
                buffer = x.buffer if held is None and type(x) is Leaf and g.dtype is x.dtype else None
                into = buffer.claim() if buffer is not None and _are_of(x.dtype, kept) else None
                if Used.compile and into is not None:
                    into = constant(into)
                gx = rule(g, *kept, into)
                if gx is into:
                    gradients[x] = gx
                    continue
            else:
                gx = rule(g, *kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)

    return pull


def _are_of(dtype: Any, kept: Any) -> bool:
    """Tell whether everything that a rule keeps has the dtype of the buffer that it may write to.

    With mixed dtypes, such as float64 data and float32 weights, NumPy computes in a wider dtype and cannot write the
    result there: that gradient is cast to the dtype of the leaf like any other.
    """
    for value in kept:  # noqa: SIM110 - hot, and a generator takes as long again
        if getattr(value, "dtype", dtype) is not dtype:
            return False
    return True


def readers(op: Primitive) -> list[tuple[int, list[int]]]:
    """Return the positions of the inputs whose values rules need, and for each those of the inputs with these rules."""
    inputs = range(len(op.rules))
    read_by = [(i, [reader for reader in inputs if i in op.positions(reader)]) for i in inputs]
    return [(i, positions) for i, positions in read_by if positions]


def many(op: Primitive) -> Function:
    """Build the same pair of functions for an operation on a sequence of inputs, which share one rule."""
    forward, rule, total = op.computed, op.applied[0], len(op.parameters)
    bind, needs, names = binder(op, 0), op.getter(0), op.parameters[1:]
    (at_call,) = op.at_call
    guarded, noted = op.parameters[0] in op.needs[0], op.arguments_kept(1)

    def apply(*args: Any, **kwargs: Any) -> Any:
        values = args if len(args) == total and not kwargs else bind(args, kwargs)
        given = tuple(values[0])
        if guarded:
            given = tuple([v if isinstance(v, Tensor) or type(v) in NUMBERS else as_operand(v) for v in given])
        arrays = tuple([v._array if isinstance(v, Tensor) else v for v in given])
        statics = tuple([static(op, v, name) for v, name in zip(values[1:], names)])  # noqa: B905 - hot
        values = (arrays, *statics)
        try:
            z = forward(*values)
        except FAILURES as error:
            z = recovered_or_refused(op, error, arrays, values)
            if z is LOOP:
                return loop(op, given, *statics)
        inputs: Any = [v._node if isinstance(v, Tensor) else None for v in given]
        if not any(inputs) and not any(isinstance(v, Tensor) for v in given):
            return z
        if type(z) is not ndarray:
            (z,), inputs = settled((z,), inputs, arrays)
        live = [x for x in inputs if x is not None]
        out = new(Tensor)
        out._array = z
        out._node = None
        mode = recording()
        if not live or not mode or z.dtype.kind not in "fc":
            if z.dtype.kind == "O":
                refuse_objects(op.name, *arrays)
            out._cut = cut_of(op, given, mode)
            return out
        kept, guards = keep_arguments(values, noted)
        if guarded:
            parts = list(arrays)
            for i, x in enumerate(inputs):
                if x is None:
                    parts[i], guards = keep_constant(parts[i], guards)
                elif type(x) is not Node:
                    guards = guard(x, parts[i], guards)
            kept[0] = tuple(parts)
        kept_y: Any = inputs, None
        if op.kind == "linear":  # and the shapes of what has no node
            kept_y = inputs, (*statics, [np.shape(v) for v, x in zip(arrays, inputs) if x is None])  # noqa: B905 - hot
        out._node = record(op, live, (needs(op.pool(tuple(kept), z)),), kept_y, guards, values, z, mode)
        return out

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        (kept,) = node.kept
        for index, x in enumerate(node.kept_y[0]):
            held = gradients[x]
            if x is None or held is absent:
                continue
            gx = op.derivative(node, index, g) if at_call else rule(g, *kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)

    op.pull = pull
    return apply
