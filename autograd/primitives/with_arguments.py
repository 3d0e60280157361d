"""Operations of one input with further arguments, such as an axis, a shape or an index.

They are as frequent as unary and binary operations, and so have their own path as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import BATCH_TYPES, FAILURES, innermost
from ..errors import AutogradError, is_of_values
from ..graph.buffer_reuse import sum_gradients
from ..graph.grad_mode import ON, cut_of, recording
from ..graph.instrumentation import examine
from ..graph.mutation import guard, keep_arguments
from ..graph.node import Gradients, Node, View, absent, counter, intern_shape
from ..source.source_info import note_line
from ..tensors.tensor import Tensor, link
from .operands import (
    IMMUTABLE,
    LOOP,
    NUMBERS,
    binder,
    computed,
    kind_of,
    loop,
    numbers,
    recovered,
    refuse_objects,
    settled,
    static,
)
from .primitive import Function, Primitive

new = object.__new__
ndarray = np.ndarray
asarray = np.asarray
may_share_memory = np.may_share_memory


def one_input(op: Primitive) -> Function:
    """Build the function that applies an operation of one input with arguments, and its `pull`."""
    forward, rule = op.computed, op.applied[0]
    needs, linear, bind, count = op.getter(0), op.kind == "linear", binder(op, 1), len(op.parameters) - 1
    common_pool, names = set(op.shaped) <= {0}, op.parameters[1:]
    guarded = op.parameters[0] in op.needs[0]
    noted = [position - 1 for position in op.arguments_kept(1)]

    def apply(x: Any, *args: Any, **kwargs: Any) -> Any:
        plain = not kwargs
        for value in args:
            kind = type(value)
            if kind not in IMMUTABLE:
                plain = False
                if kind is not ndarray:
                    if len(args) > count:
                        bind(args, kwargs)  # raises: there are too many
                    args = tuple([static(op, v, name) for v, name in zip(args, names)])  # noqa: B905 - hot
                    break
        if kwargs:
            kwargs = {name: static(op, v, name) for name, v in kwargs.items()}
            args = bind(args, kwargs)
        elif len(args) != count:
            args = bind(args, kwargs)
        if not isinstance(x, Tensor):
            z = computed(op, x if type(x) is ndarray or type(x) in NUMBERS else numbers(op, x), *args)
            if type(z) is ndarray and z.dtype.kind == "O":
                refuse_objects(op.name)
            return z
        a = x._array
        try:
            z = forward(a, *args)
        except FAILURES as error:
            z = recovered(op, a, *args)
            if z is None:
                _refuse(op, error, a)
                raise
            if z is LOOP:
                return loop(op, x, *args)
        if type(z) is not ndarray:
            z = asarray(z) if type(z) in NUMBERS else settled((z,))[0][0]
        out = new(Tensor)
        out._array = z
        base = z.base
        shares = z is a or (base is not None and (base is a or base is a.base or may_share_memory(a, z)))
        t, x = x, x._node
        dtype = z.dtype
        if x is None:
            if dtype.kind == "O":
                refuse_objects(op.name, a, *args)
            out._node = None
            out._cut = t._cut
            if shares:
                link(t, out)
            return out
        mode = recording()
        if not mode or dtype.kind not in "fc":
            if dtype.kind == "O":
                refuse_objects(op.name, a, *args)
            out._node = None
            out._cut = cut_of(op, (t,), mode)
            if shares:
                link(t, out)
            return out
        out._node = node = View() if shares and type(x) is not Node else Node()
        if type(z) in BATCH_TYPES and innermost(args) is not None:
            x = z.shared(x, a)
        node.op = op
        node.x = x
        node.y = node.guard = None
        if not plain and noted:
            own, node.guard = keep_arguments(args, noted)
            statics = tuple(own)
        else:
            statics = args
        node.kept = needs((a, *statics, z, x.shape) if common_pool else op.pool((a, *statics), z))
        node.kept_y = statics if linear else None
        if guarded and type(x) is not Node:
            node.guard = guard(x, a, node.guard)
        node.shape = intern_shape(z.shape)
        node.dtype = dtype
        node.number = next(counter)
        if mode > ON:
            examine(node, (a, *args), z)
        else:
            note_line(node)
        if shares:
            link(t, out)  # last, since other threads look at all that share the memory
        return out

    def pull(node: Node, g: Any, gradients: Gradients) -> None:
        x: Any = node.x
        held = gradients[x]
        if held is not absent:
            gx = rule(g, *node.kept)
            if gx.shape != x.shape or gx.dtype is not x.dtype:
                gx = op.conform(gx, x, node)
            gradients[x] = gx if held is None else held + gx if type(x.shape) is tuple else sum_gradients(held, gx)

    op.pull = pull
    return apply


def _refuse(op: Primitive, error: Exception, a: Any) -> None:
    """Raise an error that says of which array, unless its own message says what is wrong."""
    what = f"'{op.name}' of a tensor of shape {a.shape} and dtype {a.dtype}: {error}"
    if isinstance(error, ValueError) and is_of_values(error):
        raise kind_of(error)(what) from error
    if isinstance(error, TypeError) and op.ours and not isinstance(error, AutogradError) and is_of_values(error):
        raise TypeError(what) from error
