"""Saved-tensor hooks: arrays that nodes keep are packed when recorded, and unpacked when a derivative needs them."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import numpy as np

from ..arrays.door import BATCH_TYPES, batched_at, batches, whole
from ..errors import GraphError, check_callable
from .grad_mode import PACKING, Watch
from .node import Gradient, Gradients, Hooked, Lift, Node, Operation

Pack = Callable[[np.ndarray[Any, Any]], Any]
Unpack = Callable[[Any], Any]

_hooks: ContextVar[tuple[Pack, Unpack] | None] = ContextVar("saved_tensors_hooks", default=None)


class saved_tensors_hooks(Watch):  # noqa: N801 - named as in PyTorch
    """Pass every array that the graph keeps for `backward` to `pack`, and keep its return value instead.

    When a derivative needs the array, `unpack` has to return it. So arrays can be stored elsewhere, in fewer bits, or
    not at all. The innermost of nested blocks applies.

    Parameters
    ----------
    pack
        Takes an ndarray, which it must not write to, and returns anything.
    unpack
        Takes the return value of `pack`, and returns an array of the same shape and dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import saved_tensors_hooks, tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> with saved_tensors_hooks(lambda array: array.astype(np.float16), lambda half: half.astype(np.float64)):
    ...     y = np.exp(x).sum()
    >>> y.backward()
    >>> x.grad
    Tensor([2.71875 , 7.390625])
    """

    def __init__(self, pack: Pack, unpack: Unpack) -> None:
        check_callable("pack", pack)
        check_callable("unpack", unpack)
        super().__init__(PACKING)
        self._pair = (pack, unpack)
        self._before: list[tuple[Pack, Unpack] | None] = []

    def fresh(self) -> saved_tensors_hooks:
        return saved_tensors_hooks(*self._pair)

    def __enter__(self) -> None:
        self._before.append(_hooks.get())
        try:
            _hooks.set(self._pair)
            super().__enter__()
        except BaseException:  # Ctrl-C, of a block that was not entered and will not be left
            _hooks.set(self._before.pop())
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        _hooks.set(self._before.pop())


class _Parcel:
    """A packed array: the return value of `pack`, and the shape, dtype and batches of the array."""

    def __init__(self, content: Any, shape: tuple[int, ...], dtype: np.dtype[Any], levels: tuple[Any, ...]) -> None:
        self.content, self.shape, self.dtype, self.levels = content, shape, dtype, levels


class Packed:
    """Wraps the operation of a node whose kept arrays are packed."""

    def __init__(self, operation: Operation, unpack: Unpack) -> None:
        self.operation, self.unpack = operation, unpack
        self.name, self.inputs = operation.name, operation.inputs

    @property
    def freed(self) -> Operation:
        """The operation of the freed node."""
        return self.operation.freed

    def pull(self, node: Node, g: Gradient, gradients: Gradients) -> None:
        """Pull through a copy of the node that keeps the unpacked arrays, which are freed afterwards."""
        from copy import copy  # few programs pack arrays

        whole = copy(node)
        whole.op, whole.kept, whole.kept_y = self.operation, self.opened(node.kept), self.opened(node.kept_y)
        self.operation.pull(whole, g, gradients)

    def pull_carefully(self, node: Node, g: Gradient, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
        """Do the same as `pull`, but leave the arrays unpacked, for derivatives that record themselves."""
        unpacked(node)
        self.operation.pull_carefully(node, g, gradients, lift, absorb)

    def restore(self, node: Node) -> None:
        """Have `node` keep the unpacked arrays from now on."""
        kept, kept_y = self.opened(node.kept), self.opened(node.kept_y)
        node.kept, node.kept_y = kept, kept_y

    def opened(self, value: Any) -> Any:
        """Return what a node kept, with all packed arrays in it unpacked."""
        if type(value) is _Parcel:
            array = np.asarray(self.unpack(value.content))
            if (array.shape, array.dtype) != (value.shape, value.dtype):
                raise GraphError(
                    f"unpack returned an array of shape {array.shape} and dtype {array.dtype} for what was packed with "
                    f"shape {value.shape} and dtype {value.dtype}"
                )
            return batched_at(array, value.levels)
        return type(value)(map(self.opened, value)) if type(value) in (tuple, list) else value


def pack(node: Node) -> None:
    """Pass the arrays that a new node keeps to the active hooks."""
    hooks = _hooks.get()
    assert hooks is not None  # the mode says so
    node.kept, node.kept_y = (_close(kept, hooks[0]) for kept in (node.kept, node.kept_y))
    node.op = Packed(node.op, hooks[1])
    node.guard = None  # it would keep the arrays that the hooks freed; the hooks look after what they return


def _close(value: Any, pack: Pack) -> Any:
    if type(value) is np.ndarray or type(value) in BATCH_TYPES:
        array = whole(value)  # of all elements: what packs arrays need not know of batches
        return _Parcel(pack(array), array.shape, array.dtype, batches(value))
    return type(value)(_close(item, pack) for item in value) if type(value) in (tuple, list) else value


def operation_of(node: Node) -> Any:
    """Return the operation of `node`, without hooks and packing around it."""
    op: Any = node.op
    while isinstance(op, Hooked | Packed):
        op = op.operation
    return op


def unpacked(node: Node) -> Operation:
    """Unpack what `node` keeps, for good, and return its operation without hooks and packing around it."""
    op = node.op
    if isinstance(op, Packed):
        op.restore(node)
        node.op = op = op.operation
    while isinstance(op, Hooked):
        if isinstance(op.operation, Packed):
            op.operation.restore(node)
            op.operation = op.operation.operation
        op = op.operation
    return op
