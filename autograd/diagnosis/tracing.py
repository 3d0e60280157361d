"""Tracing: list every operation that is recorded, with its inputs and outputs."""

from __future__ import annotations

from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from ..graph.grad_mode import TRACING, Watch
from ..graph.instrumentation import Observer, observer
from ..graph.name_scope import within
from ..graph.node import Node
from ..source.source_info import line_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class TracedOperation:
    """One operation that was recorded.

    Attributes
    ----------
    name
        The name of the operation, as in drawings and messages.
    arguments
        Its arguments by parameter name, with defaults: the arrays of tensors, a tuple of arrays for a sequence of
        inputs, and other arguments as they were given. The array of a tensor is the same object wherever the tensor is
        used, so ``is`` tells which operation used which result.
    outputs
        The arrays of the results, one for most operations.
    where
        The file and line of the user's program that recorded it, and the modules around it.
    """

    name: str
    arguments: dict[str, Any]
    outputs: tuple[np.ndarray[Any, Any], ...]
    where: str


class trace_operations(Watch):  # noqa: N801 - named as a verb, like the other blocks
    """List the operations that are recorded within a ``with`` block, in order.

    An operation is recorded if one of its inputs requires a gradient, unless `no_grad` or the like forbids it.
    Operations on constants alone are not listed, nor those without a derivative, such as comparisons.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import tensor
    >>> from autograd.extend import trace_operations
    >>> x = tensor([[1.0, 2.0]], requires_grad=True)
    >>> with trace_operations() as operations:
    ...     y = np.tanh(x @ np.ones((2, 3))).sum(axis=1)
    >>> [(operation.name, operation.outputs[0].shape) for operation in operations]
    [('matmul', (1, 3)), ('tanh', (1, 3)), ('sum', (1,))]
    >>> operations[1].arguments["x"] is operations[0].outputs[0], operations[2].arguments["axis"]
    (True, 1)
    """

    def __init__(self) -> None:
        super().__init__(TRACING)
        self._before: list[Token[Observer]] = []

    def fresh(self) -> trace_operations:
        return trace_operations()

    def __enter__(self) -> list[TracedOperation]:  # type: ignore[override]  # the other blocks return None
        super().__enter__()
        operations: list[TracedOperation] = []
        around = observer.get(None)

        def note(node: Node, values: tuple[Any, ...], z: Any) -> None:
            operations.append(traced(node, values, z))
            if around is not None:
                around(node, values, z)

        self._before.append(observer.set(note))
        return operations

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        observer.reset(self._before.pop())
        super().__exit__(kind, error, trace)


def traced(node: Node, values: tuple[Array, ...], z: Array | tuple[Array, ...]) -> TracedOperation:
    """Return what a node, its arguments and its result say of an operation."""
    op: Any = node.op
    names = getattr(op, "parameters", None) or [str(i) for i in range(len(values))]  # a Function has no names
    outputs = z if isinstance(z, tuple) else (z,)
    return TracedOperation(op.name, dict(zip(names, values, strict=True)), outputs, line_of(node) + within(node))
