"""Parameter memory: reading it untracked, values in an optimizer's flat array, and gradient buffers."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import numpy as np

from ..errors import GraphError, ShapeError
from ..graph.buffer_reuse import COUNTED, Portion, references
from ..graph.node import GradientBuffer, Leaf
from .tensor import Array, Tensor, unmasked

T = TypeVar("T")
Kind = TypeVar("Kind", bound=Tensor)
ndarray = np.ndarray


@overload
def borrow(x: Tensor) -> Array: ...
@overload
def borrow(x: T) -> T: ...
def borrow(x: Any) -> Any:
    """Return the ndarray of a tensor, for callers that only read it or call `mark_written` after writing to it.

    Anything else is returned as it is.

    ``x.data`` is the same array, but the engine compares its values, before and after, when a graph needs them.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.extend import borrow
    >>> borrow(tensor([1.0, 2.0])).sum()
    np.float64(3.0)
    """
    return x._array if isinstance(x, Tensor) else unmasked(x)


def lend(x: Tensor, array: Array) -> None:
    """Have a leaf hold its values in `array`; call `mark_written` after writing to that, as optimizers do.

    Parameters
    ----------
    x
        A leaf that requires a gradient.
    array
        Of the same shape and dtype; it holds the values from now on, and is not compared: see `borrow`.

    Raises
    ------
    GraphError
        If the tensor is not a leaf that requires a gradient.
    ShapeError
        If the array has another shape or dtype.
    """
    node = x._node if isinstance(x, Tensor) else None
    if type(node) is not Leaf:
        raise GraphError("only a leaf that requires a gradient can be lent memory for its values")
    if not isinstance(array, ndarray):
        raise TypeError(f"lend() takes an ndarray for the values, not {type(array).__name__}")
    unmasked(array)
    if array.shape != node.shape or array.dtype != node.dtype:
        raise ShapeError(
            f"an array of shape {array.shape} and dtype {array.dtype} for a leaf of shape {node.shape} and dtype "
            f"{node.dtype}"
        )
    x._array, node.shared = array, False


def same_tensor(x: Any, kind: type[Kind]) -> Kind:
    """Return a tensor of a subclass with the memory of a tensor or an array, and its place in the graph.

    Examples
    --------
    >>> from autograd import Tensor, tensor
    >>> from autograd.extend import same_tensor
    >>> class Weight(Tensor):
    ...     pass
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> same_tensor(x, Weight).sum().backward()
    >>> x.grad
    Tensor([1., 1.])
    """
    given = x if isinstance(x, Tensor) else Tensor(x)
    same = object.__new__(kind)
    same._array, same._node, same._cut = given._array, given._node, getattr(given, "_cut", None)
    return same


def is_sole_owner(x: Tensor) -> bool:
    """Tell whether a leaf is the only owner of its memory: no view, no ndarray that went in or out, no graph has it.

    Then the leaf can be lent other memory without leaving anybody behind. For a view of a larger array the answer is
    False, unless that is one of `portions`. Where references are not counted exactly, as in Python without the global
    interpreter lock, the answer is True only for memory that was never shared, not even by a view.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.extend import is_sole_owner
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> is_sole_owner(x)
    True
    >>> first = x[:1]
    >>> is_sole_owner(x)
    False
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"is_sole_owner() takes a tensor, not {type(x).__name__}")
    if not COUNTED:
        members = [member() for member in getattr(x, "_aliases", ())]
        aliased = any(member is not None and member is not x for member in members)
        return type(x._node) is Leaf and not x._node.shared and not aliased
    base = x._array.base
    return (base is None or isinstance(base, Portion)) and _references_to_memory(x) == _SOLE


def set_gradient_buffer(parameter: Tensor, buffer: GradientBuffer | None) -> None:
    """Have the gradient of a leaf written to `buffer`, which an optimizer, for example, has set aside.

    Parameters
    ----------
    parameter
        A leaf that requires a gradient.
    buffer
        Its ``array`` has the parameter's shape and dtype and is a part of ``whole``, an array of one axis.
        ``claim(known=0)`` returns ``array``, or None while somebody still holds its previous gradient, not counting
        `known` references of the caller's own. A derivative rule that names ``into`` is given the array.

    Raises
    ------
    GraphError
        If the tensor is not a leaf that requires a gradient.
    ShapeError
        If the buffer has another shape or dtype.
    """
    node = parameter._node if isinstance(parameter, Tensor) else None
    if type(node) is not Leaf:
        raise GraphError("only a leaf that requires a gradient can have a gradient buffer")
    if buffer is not None and not isinstance(getattr(buffer, "array", None), ndarray):
        raise TypeError(f"a gradient buffer has an ndarray as its array, but {type(buffer).__name__} has none")
    unmasked(getattr(buffer, "array", None))
    if buffer is not None and (buffer.array.shape, buffer.array.dtype) != (node.shape, node.dtype):
        raise ShapeError(
            f"a buffer of shape {buffer.array.shape} and dtype {buffer.array.dtype} "
            f"for a gradient of shape {node.shape} and dtype {node.dtype}"
        )
    node.buffer = buffer


def _references_to_memory(x: Tensor) -> int:
    array = x._array
    return references(array)


_SOLE = _references_to_memory(Tensor(np.empty(1)))
