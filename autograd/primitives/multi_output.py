"""Operations with several outputs, such as eigenvalues and eigenvectors.

One node represents the operation, and one more each output. The gradient of the operation is a list, into which each
output puts its own; when the backward pass reaches the operation, the list is complete.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays.door import as_array
from ..errors import DtypeError, described
from ..graph.grad_mode import Cut, cut_of, recording
from ..graph.mutation import keep_arguments, keep_inputs
from ..graph.nan_safety import absorb_by_comparison
from ..graph.node import Gradient, Gradients, Lift, MultiNode, Node, Uncomputed, absent, counter, intern_shape
from ..tensors.tensor import Tensor
from .nary import readers, record, several_inputs
from .operands import settled
from .primitive import Function, ManyInputs


class Output(Uncomputed):
    """The operation of the node of one output; it keeps nothing, so there is nothing to free."""

    kind = "output"

    def __init__(self, index: int) -> None:
        self.index, self.name = index, f"output_{index}"

    @property
    def freed(self) -> Output:
        """The same: a second backward pass fails when it reaches the operation."""
        return self

    def inputs(self, node: Node) -> tuple[Node | None, ...]:
        """Return the node of the operation."""
        return (node.x,)

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Put `g` into the gradient of the operation."""
        x: Any = node.x
        parts = gradients[x]
        if parts is absent:
            return
        if parts is None:
            parts = gradients[x] = [None] * len(x.shapes)
        parts[self.index] = g if parts[self.index] is None else parts[self.index] + g


class ManyOutputs(ManyInputs):
    """An operation whose function returns a tuple; ``g`` and ``out`` are tuples in its rules."""

    def complete(self, node: MultiNode, g: list[Any]) -> tuple[Any, ...]:
        """Return the gradients of all outputs: zeros for unused ones, None for those that are not floating-point."""
        return tuple(
            (np.zeros(shape, dtype) if dtype.kind in "fc" else None) if part is None else part
            for part, shape, dtype in zip(g, node.shapes, node.dtypes, strict=True)
        )

    def pull_carefully(self, node: Any, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Pull the gradients of the outputs back; see `graph.Operation`."""
        super().pull_carefully(node, self.complete(node, g), gradients, lift, absorb)

    def _lifted_out(self, value: Any, node: Node, lift: Lift) -> Any:
        parts = [
            lift.wrap(part, output_node(node, i, part)) if part.dtype.kind in "fc" else part
            for i, part in enumerate(value)
        ]
        return rebuilt(value, parts)

    def _absorb(self, gx: Any, node: Node, index: int, g: Any, lift: Lift | None) -> Any:
        unwrap = as_array if lift is None else lift.unwrap
        given = g if isinstance(g, tuple) else (g,)
        parts = np.concatenate([np.ravel(unwrap(part)) for part in given if part is not None])
        return absorb_by_comparison(gx, parts, unwrap, lambda replace: self.derivative(node, index, g, lift, replace))


_output = lru_cache(maxsize=None)(Output)  # one for each position, shared by all operations


def output_node(parent: Node, index: int, array: Any) -> Node:
    """Return a node for one output of the operation at `parent`."""
    node = Node()
    node.op = _output(index)
    node.x = parent
    node.y = node.kept = node.kept_y = node.guard = None
    node.shape = intern_shape(array.shape)
    node.dtype = array.dtype
    node.number = next(counter)
    return node


def rebuilt(like: Any, parts: list[Any]) -> Any:
    """Return `parts` as a tuple of the type of `like`, which may be a named tuple."""
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


def several_outputs(op: ManyOutputs) -> Function:
    """Build the function that applies an operation of several outputs, and its `pull`."""
    getters = [op.getter(i) for i in range(len(op.rules))]
    read_by, noted = readers(op), op.arguments_kept(len(op.rules))

    def results(z: Any, inputs: list[Node | None], values: list[Any], given: tuple[Any, ...]) -> Any:
        if not isinstance(z, tuple | list):
            raise DtypeError(f"'{op.name}' returned {described(z)}, not several results: is a return missing?")
        parts, inputs = settled(z, inputs, values)
        arrays = rebuilt(z, parts)
        live = [x for x in inputs if x is not None]
        mode = recording()
        if not live or not mode:
            return rebuilt(z, [_result(part, cut_of(op, given, mode)) for part in arrays])
        whole = tuple(values)
        owned, guards = keep_arguments(values, noted, keep_inputs(values, inputs, read_by))
        pool = op.pool(tuple(owned), arrays)
        kept = [None if x is None else get(pool) for x, get in zip(inputs, getters, strict=True)]
        node = record(op, live, kept, (inputs, None), guards, whole, tuple(arrays), mode)
        return rebuilt(z, [_result(part, None, node, i) for i, part in enumerate(arrays)])

    apply = several_inputs(op, results)
    op.pull = lambda node, g, gradients: op.pull_carefully(node, g, gradients, None, False)
    return apply


def _result(array: Any, cut: Cut | None, parent: Node | None = None, index: int = 0) -> Tensor:
    result = Tensor(array)
    result._cut = cut
    if parent is not None and array.dtype.kind in "fc":
        result._node = output_node(parent, index, array)
    return result
