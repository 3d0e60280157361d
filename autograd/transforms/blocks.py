"""Jacobians in blocks, one for each pair of an output and an input: by rows in reverse mode, by columns in forward."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..arrays.door import everywhere
from ..errors import DerivativeError
from ..graph.grad_mode import enable_grad
from ..graph.node import Node, ancestors, leading_to
from ..tensors.tensor import Tensor, conjugated, seen_at, unwrap
from ..tensors.types import ArrayOrTensor, Shape
from .conventions import follows_hips
from .grad import aux_of, choose, without_aux
from .recording import Function, Recording, track
from .units import along_units

Argnums = int | tuple[int, ...]
Dtype = np.dtype[Any]


def all_derivatives(
    function: Function, argnums: Argnums, blocks: Callable[[Recording], list[list[Any]]], has_aux: bool = False
) -> Function:
    """Return the function that computes the blocks of all pairs of an output and an input."""

    @wraps(function)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        aux: list[Any] = []
        of_chosen, primals = choose(without_aux(function, aux) if has_aux else function, argnums, args, kwargs)
        with enable_grad():  # what depends on somebody else's tensor stays recorded, as in `grad`
            record = Recording(of_chosen, *track(primals))
            found = blocks(record)
        within = [record.rebuild_inputs(row) for row in found]
        matrices = record.rebuild_outputs([x[0] if isinstance(argnums, int) else x for x in within])
        return (matrices, aux_of(aux, record)) if has_aux else matrices

    return derivatives


def cheaper(record: Recording) -> list[list[Any]]:
    """Return columns or rows, whichever are fewer."""
    return columns_or_rows(record) if _takes_fewer_forward(record) else rows(record)


def columns_or_rows(record: Recording) -> list[list[Any]]:
    """Return columns, or rows if there is an operation of a user's without a forward rule, which rows do without."""
    try:
        return columns(record)
    except DerivativeError:
        return rows(record)


def _takes_fewer_forward(record: Recording) -> bool:
    """Tell whether the inputs have fewer elements than the outputs; users' rules are walked back for each input."""
    inputs: int = sum([math.prod(node.shape) for node in record.input_nodes])
    outputs: int = sum([math.prod(shape) for shape, _ in record.output_types])
    if inputs >= outputs:
        return False
    of_users: list[Any] = [node for node in record.order if not getattr(node.op, "trusted", True)]
    back = [x for x in of_users if x.op.kind == "general" and getattr(x.op, "push", None) is None]
    walks = [2 * len(node.op.inputs(node)) for node in back]
    return inputs * max(walks, default=1) < outputs


def rows(record: Recording) -> list[list[Any]]:
    """Return the Jacobian of each output with respect to each input, walking back from each element."""
    outputs = zip(record.output_nodes, record.output_types, strict=True)
    return [_rows_of(record, node, shape, dtype) for node, (shape, dtype) in outputs]


def _rows_of(record: Recording, node: Node | None, shape: Shape, dtype: Dtype) -> list[Any]:
    is_complex = dtype.kind == "c"
    along_1 = _pulled(record, node, shape, dtype, 1)
    along_i = _pulled(record, node, shape, dtype, -1j) if is_complex else None  # the conjugate, as walks take it
    row = []
    for i, x in enumerate(record.input_nodes):
        block = _block(along_1[i], shape, x)
        if along_i is not None:
            other = _block(along_i[i], shape, x)
            block = np.conjugate(holomorphic(block, other)) if x.dtype.kind == "c" else block + 1j * other
        row.append(conformed(block, is_complex, x.dtype))
    return row


def _pulled(record: Recording, node: Node | None, shape: Shape, dtype: Dtype, value: complex) -> list[Any]:
    """Return what each element of one output gives each input, with `value` for its cotangent; None for zeros."""
    inputs = record.input_nodes
    if node is None:
        return [None] * len(inputs)
    order = leading_to(inputs, ancestors([node])) if len(record.outputs) > 1 else None

    def walk(seed: Any) -> list[Any]:
        found = record.pull_back({node: seed}, order)
        return [seen_at(x, found[x]) if x in found else np.zeros(x.shape, x.dtype) for x in inputs]

    return along_units(record, walk, shape, dtype, value) or [None] * len(inputs)


def columns(record: Recording) -> list[list[Any]]:
    """Return what `rows` does, walking forward from each element of each input."""
    columns = [_columns_of(record, x) for x in record.input_nodes]
    return [[column[i] for column in columns] for i in range(len(record.outputs))]


def _columns_of(record: Recording, x: Node) -> list[Any]:
    def walk(seed: Any) -> list[Any]:
        return record.push_forward({x: seed})

    nothing = [None] * len(record.outputs)
    along_1 = along_units(record, walk, x.shape, x.dtype, 1) or nothing
    along_i = along_units(record, walk, x.shape, x.dtype, 1j) or nothing if x.dtype.kind == "c" else nothing
    column = []
    for i, (shape, dtype) in enumerate(record.output_types):
        is_complex = dtype.kind == "c"
        block = _block(along_1[i], shape, x, -1)
        if x.dtype.kind == "c":
            other = _block(along_i[i], shape, x, -1)
            block = holomorphic(block, other) if is_complex else block + 1j * other
        column.append(conformed(block, is_complex, x.dtype))
    return column


def _block(parts: Any, shape: Shape, x: Node, axis: int = 0) -> Any:
    """Return rows, or columns, which lie along the first axis of `parts`, as one Jacobian of an output and an input."""
    if parts is None:
        return np.zeros(shape + x.shape, x.dtype)
    return (np.moveaxis(parts, 0, axis) if axis else parts).reshape(shape + x.shape)


def holomorphic(along_1: ArrayOrTensor, along_i: ArrayOrTensor) -> Any:
    """Return the derivative in the direction 1, or raise unless that in the direction i is i times as much."""
    here, there = unwrap(along_1) * 1j, unwrap(along_i)
    if not everywhere(np.isclose(here, there, 1e-3, 1e-4 * np.max(np.abs(here), initial=0), True)):
        raise DerivativeError(
            f"a complex function of complex numbers that is not holomorphic has no Jacobian (shape {here.shape}): "
            f"differentiate its real and its imaginary part, or with respect to them"
        )
    return along_1


def conformed(block: Any, is_complex: bool, dtype: Dtype) -> Any:
    """Give a Jacobian the dtype of its input, complex where the output is."""
    dtype = np.result_type(dtype, np.complex64) if is_complex else dtype
    if follows_hips() and not is_complex:
        block = conjugated(block)
    block = block if block.dtype == dtype else block.astype(dtype)
    return block if isinstance(block, Tensor) else block[()]
