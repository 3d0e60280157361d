"""Hooks: functions that see gradients as they arrive at tensors, and may replace them."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..arrays.door import as_array
from ..errors import GraphError, ShapeError, check_callable, check_numeric
from ..graph.buffer_reuse import read_only
from ..graph.node import Hooked, Leaf, Lift, Node
from .tensor import Tensor, conjugated, plain_array

_take_key = itertools.count().__next__


class Handle:
    """A handle that removes a hook: by `remove`, or at the end of a ``with`` block.

    Examples
    --------
    >>> from autograd import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> handle = x.register_hook(lambda gradient: gradient * 10)
    >>> x.sum().backward()
    >>> handle.remove()
    >>> x.sum().backward()
    >>> x.grad
    Tensor([11., 11.])
    """

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks, self._key = hooks, _take_key()
        hooks[self._key] = hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *reason: object) -> None:
        self.remove()


class _AtLeaf:
    """The hooks of one leaf."""

    def __init__(self, tensor: Callable[[], Tensor | None]) -> None:
        self._tensor = tensor
        self.before: dict[int, Callable[[Tensor], Any]] = {}
        self.after: dict[int, Callable[[Tensor], object]] = {}

    def arrived(self, g: Any) -> Any:
        for hook in list(self.before.values()):
            g = _replaced(hook, g, "a leaf")
        return g

    def accumulated(self) -> None:
        """Call the hooks for gradients that were accumulated."""
        tensor = self._tensor()
        if tensor is not None:
            for hook in list(self.after.values()):
                hook(tensor)


def register_hook(x: Tensor, hook: Callable[[Tensor], Any]) -> Handle:
    """Call `hook` with each gradient that reaches this tensor; its result, unless None, replaces the gradient.

    For the result of an operation, that is the gradient summed over all its uses, before it flows further back; for a
    leaf, the gradient of one backward pass, before it is added to `grad`.

    Parameters
    ----------
    hook
        Takes the gradient, a tensor that it must not write to, and returns None or a gradient of the same shape.

    Returns
    -------
    Handle
        Its ``remove()`` takes the hook away.

    Raises
    ------
    GraphError
        If the tensor does not require a gradient.
    """
    check_callable("hook", hook)
    node = x._node
    if node is None:
        raise GraphError("a tensor that does not require a gradient never gets one that a hook could see")
    if type(node) is Leaf:
        return Handle(_at_leaf(node).before, hook)
    hooked = _hooked(node)

    def replaced(g: Any, lift: Lift | None) -> Any:
        return conjugated(_replaced(hook, conjugated(g), f"'{hooked.name}'"))

    return Handle(hooked.hooks, replaced)


def register_post_accumulate_grad_hook(x: Tensor, hook: Callable[[Tensor], object]) -> Handle:
    """Call `hook` with this leaf each time a gradient was added to its `grad`: to clip it, or to take a step.

    Returns
    -------
    Handle
        Its ``remove()`` takes the hook away.

    Raises
    ------
    GraphError
        If the tensor is not a leaf that requires a gradient.
    """
    check_callable("hook", hook)
    if type(x._node) is not Leaf:
        raise GraphError("only a leaf that requires a gradient accumulates one: use register_hook() for a result")
    return Handle(_at_leaf(x._node).after, hook)


def retain_grad(x: Tensor) -> None:
    """Have each `backward` store the gradient of this tensor, the result of an operation, in its `grad`.

    Examples
    --------
    >>> from autograd import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> y = x * x
    >>> y.retain_grad()
    >>> (2 * y).backward()
    >>> y.grad
    Tensor(2.)
    """
    node = x._node
    if node is None:
        raise GraphError("a tensor that does not require a gradient has none to retain")
    if type(node) is Leaf or retains_grad(x):
        return
    x._grad = None
    node.owner = weakref.ref(x)
    _hooked(node).retain = _retain


def _retain(node: Node, g: Any) -> None:
    tensor = node.owner()
    if tensor is not None:
        g = conjugated(g)
        tensor._grad = g if isinstance(g, Tensor) else Tensor(as_array(g).copy())


def retains_grad(x: Tensor) -> bool:
    """Whether `retain_grad` was called for this result of an operation."""
    return x._node is not None and isinstance(x._node.op, Hooked) and x._node.op.retain is not None


def _hooked(node: Node) -> Hooked:
    if type(node.op) is not Hooked:
        node.op = Hooked(node.op)
    return node.op


def _at_leaf(node: Leaf) -> _AtLeaf:
    if node.hooks is None:
        node.hooks = _AtLeaf(node.owner)
    hooks: Any = node.hooks
    return hooks  # type: ignore[no-any-return]  # made nowhere else


def _replaced(hook: Callable[[Tensor], Any], g: Any, where: str) -> Any:
    """Return the gradient after `hook`, which cannot write to `g`."""
    given = g if isinstance(g, Tensor) else Tensor(read_only(as_array(g)))
    result = hook(given)
    if result is None:
        return g
    array = result._array if isinstance(result, Tensor) else plain_array(result)
    if array.shape != given.shape:
        raise ShapeError(
            f"a hook at {where} returned a gradient of shape {array.shape} instead of one of shape {given.shape}"
        )
    check_numeric(f"the gradient that a hook at {where} returned", array.dtype)
    if isinstance(g, Tensor):
        result = result if isinstance(result, Tensor) else Tensor(array)
        return result if array.dtype == given.dtype else result.astype(given.dtype)
    return array if array.dtype == given.dtype else array.astype(given.dtype)


for _name, _attribute in {
    "register_hook": register_hook,
    "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
    "retain_grad": retain_grad,
    "retains_grad": property(retains_grad),
}.items():
    setattr(Tensor, _name, _attribute)
