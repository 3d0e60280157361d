"""Applying operations of several inputs that have arguments beside them, or a place to write a gradient to.

The layers of networks are such operations: a product with weights, say, and the sum with a bias.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .apply import examine, explain, note_line
from .arguments import binder, static
from .graph import Bundle, Gradients, Leaf, Node, absent, intern_shape, sum_gradients, take_number
from .modes import ANOMALY, recording
from .primitive import Function, Primitive
from .tensor import Tensor

__all__ = ["several_inputs"]

new = object.__new__
ndarray = np.ndarray
asarray = np.asarray


def several_inputs(op: Primitive) -> Function:
    """Build the function that applies an operation of a fixed number of inputs, and the one that pulls back."""
    forward, count, total = op.forward, len(op.rules), len(op.parameters)
    bind, linear = binder(op, 0), op.kind == "linear"
    getters = [op.getter(index) for index in range(count)]
    plan = [(rule, bool(given)) for rule, given in zip(op.rules, op.at_call, strict=True)]

    def apply(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != total:
            args = bind(args, kwargs)
        values: list[Any] = []
        inputs: list[Node | None] = []
        live: list[Node] = []
        constant = True
        for value in args[:count]:
            node = None
            if isinstance(value, Tensor):
                constant = False
                node = value._node
                value = value._data
                if node is not None:
                    live.append(node)
            values.append(value)
            inputs.append(node)
        for value in args[count:]:
            values.append(static(op, value) if isinstance(value, Tensor) else value)
        try:
            z = forward(*values)
        except ValueError as error:
            raise explain(op, error, *values[:count]) from error
        if constant:
            return z
        if type(z) is not ndarray:
            z = asarray(z)
        out = new(Tensor)
        out._data = z
        out._node = None
        if not live:
            return out
        mode = recording()
        dtype = z.dtype
        if not mode or dtype.kind not in "fc":
            return out
        out._node = node = Node()
        node.op = op
        node.x = live[0]
        rest = len(live) - 1
        node.y = None if not rest else live[1] if rest == 1 else Bundle(tuple(live[1:]))
        pool = op.pool(tuple(values), z)
        kept: list[Any] = []
        for x, get in zip(inputs, getters):  # noqa: B905 - hot, and both are as long as the rules
            kept.append(None if x is None else get(pool))
        node.kept = kept
        node.kept_y = (inputs, tuple(values[count:]) if linear else None)
        node.shape = intern_shape(z.shape)
        node.dtype = dtype
        node.number = take_number()
        if mode == ANOMALY:
            examine(node, z)
        else:
            note_line(node)
        return out

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        for x, kept, (rule, writes) in zip(node.kept_y[0], node.kept, plan):  # noqa: B905 - as above
            held = gradients[x]
            if held is absent:
                continue
            if writes:
                buffer = x.buffer if held is None and type(x) is Leaf else None
                gx = rule(g, *kept, into=None if buffer is None else buffer.claim())
            else:
                gx = rule(g, *kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else sum_gradients(held, gx)

    op.pull = op.aligned.pull = pull
    return apply
