"""Shape manipulation: reshape, transpose, broadcast and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..arrays.batched import in_order
from ..arrays.door import ARRAY_TYPES
from ..errors import ShapeError, UnsupportedError
from ..primitives.accurate_sum import accurate_sum
from ..primitives.declare import add_methods, composed, linear, not_differentiable
from ..source.call_site import users_line
from ..tensors.dispatch import fronts
from ..tensors.tensor import Array, Tensor, TensorLike, plain_array, unwrap
from ..tensors.types import ArrayOrTensor, Order, Shape


def along(axis: int, ndim: int, part: slice | int | Array) -> tuple[Any, ...]:
    """Return the index that selects `part` of one axis and all of the others.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return (*(slice(None),) * (axis % ndim), part)


def length(x: ArrayOrTensor, axis: int) -> int:
    """Return the length of one axis.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    """
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim)
    return int(x.shape[axis])


def operand(x: TensorLike) -> ArrayOrTensor:
    """Return `x` itself if it is a tensor, else as an array."""
    if type(x) in ARRAY_TYPES or isinstance(x, Tensor):
        return x  # type: ignore[return-value]  # one of these types
    if type(x) in fronts:
        raise UnsupportedError(
            f"a {type(x).__name__} takes part in no function of arrays: pass its number, as in value.data, or use a "
            f"Tensor"
        )
    return plain_array(x)


def unbroadcast(g: ArrayOrTensor, shape: Shape) -> Any:
    """Sum `g` to `shape`: elements that broadcasting repeated sum their gradients."""
    extra = g.ndim - len(shape)
    if extra:
        g = accurate_sum(g, tuple(range(extra)))
    axes = tuple([i for i, n in enumerate(shape) if n == 1 != g.shape[i]])
    return accurate_sum(g, axes, keepdims=True) if axes else g


def unshared(result: ArrayOrTensor, x: ArrayOrTensor) -> Any:
    """Return `result` in its own memory, since NumPy returns a copy even where a view of `x` would do."""
    # An empty view of a broadcast array shares nothing, but is read-only.
    return result.copy() if not result.size or np.may_share_memory(unwrap(result), unwrap(x)) else result


# Shapes: the gradient takes the shape that the input had.


def _reshape(x: Any, shape: Any, order: str = "C") -> Any:
    return x.reshape(shape) if order == "C" else x.reshape(shape, order=order)


_reshaped = linear(
    _reshape,
    lambda g, x_shape, order: g.reshape(x_shape) if order == "C" else g.reshape(x_shape, order="F"),
    name="reshape",
)


@composed(np.reshape, method=False)
def reshape(
    x: ArrayOrTensor, shape: int | Sequence[int], order: Literal["C", "F", "A"] = "C", *, copy: bool | None = None
) -> ArrayOrTensor:
    """Return the elements in another shape, read and laid out in C or Fortran order.

    Orders that depend on the memory layout are resolved here, since the gradient has its own layout.
    """
    if order == "A":
        order = in_order(unwrap(x))
    if copy is not None:
        np.reshape(unwrap(x), shape, order, copy=copy)  # raises if it needs to copy but must not
    return _reshaped(x.copy() if copy else x, shape, order)


expand_dims = linear(
    np.expand_dims, lambda g, x_shape: g.reshape(x_shape), forward=lambda x, axis: np.expand_dims(x, axis)
)
squeeze = linear(np.squeeze, lambda g, x_shape: g.reshape(x_shape), forward=lambda x, axis=None: x.squeeze(axis))
broadcast_to = linear(
    np.broadcast_to,
    lambda g, x_shape: unbroadcast(g, x_shape),
    forward=lambda x, shape, subok=False: np.broadcast_to(x, shape, subok),
)
copy = linear(np.copy, lambda g: g, forward=lambda x, order="K", subok=False: x.copy(order))


@composed(np.ravel)
def ravel(x: ArrayOrTensor, order: Order = "C") -> ArrayOrTensor:
    """Flatten the elements to one axis."""
    if order == "K":
        strides = np.abs(unwrap(x).strides)
        if x.size > 1 and any(stride == 0 and n > 1 for stride, n in zip(strides, x.shape, strict=True)):
            raise UnsupportedError("ravel(order='K') of elements that share memory: give 'C' or 'F'")
        return reshape(transpose(x, tuple(np.argsort(-strides, kind="stable").tolist())), -1)
    return reshape(x, -1, order)


@composed(np.broadcast_arrays, method=False)
def broadcast_arrays(*arrays: ArrayOrTensor, subok: bool = False) -> tuple[Any, ...]:
    """Return the arrays, each broadcast to their common shape."""
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    odd = [not isinstance(x, Tensor) and plain_array(x).dtype.kind in "OSU" for x in arrays]  # as matplotlib's options
    return tuple(
        [(np.broadcast_to if no else broadcast_to)(x, shape, subok) for x, no in zip(arrays, odd, strict=True)]
    )


def _each(arrays: tuple[Any, ...], reach: Any) -> Any:
    reached = tuple([reach(operand(array)) for array in arrays])
    return reached[0] if len(reached) == 1 else reached


@composed(np.atleast_1d, method=False)
def atleast_1d(*arrays: TensorLike) -> Any:
    """Return the arrays with at least one axis."""
    return _each(arrays, lambda x: x if x.ndim else x.reshape(1))


@composed(np.atleast_2d, method=False)
def atleast_2d(*arrays: TensorLike) -> Any:
    """Return the arrays with at least two axes; new ones come first."""
    return _each(arrays, lambda x: x if x.ndim > 1 else x.reshape(1, -1))


@composed(np.atleast_3d, method=False)
def atleast_3d(*arrays: TensorLike) -> Any:
    """Return the arrays with at least three axes: a vector takes the middle one, a matrix the first two."""
    return _each(arrays, lambda x: x if x.ndim > 2 else x.reshape((*x.shape, 1) if x.ndim == 2 else (1, -1, 1)))


# Orders of the axes: the gradient goes back by the inverse order.


def _inverse(g: Any, axes: tuple[int, ...] | None) -> Any:
    if axes is None:
        return g.transpose()
    places = [axis % g.ndim for axis in axes]
    return g.transpose(sorted(range(g.ndim), key=places.__getitem__))


transpose = linear(np.transpose, _inverse, forward=lambda x, axes=None: x.transpose(axes))
swapaxes = linear(
    np.swapaxes,
    lambda g, axis1, axis2: g.swapaxes(axis1, axis2),
    forward=lambda x, axis1, axis2: x.swapaxes(axis1, axis2),
)
moveaxis = linear(
    np.moveaxis,
    lambda g, source, destination: np.moveaxis(g, destination, source),
    forward=lambda x, source, destination: np.moveaxis(x, source, destination),
)


@composed(np.linalg.matrix_transpose, method=False)
@composed(np.matrix_transpose, method=False)
def matrix_transpose(x: ArrayOrTensor, /) -> Any:
    """Return `x` with its last two axes swapped."""
    if x.ndim < 2:
        raise ValueError(f"a transposed matrix needs two axes at least, but the shape is {x.shape}")
    return swapaxes(x, -1, -2)


# Orders along an axis

flip = linear(np.flip, lambda g, axis: np.flip(g, axis), forward=lambda x, axis=None: np.flip(x, axis))
roll = linear(
    np.roll,
    lambda g, shift, axis: np.roll(g, np.negative(shift).tolist(), axis),
    forward=lambda x, shift, axis=None: np.roll(x, shift, axis),
)


composed(np.fliplr, method=False)(lambda x: flip(x, 1))
composed(np.flipud, method=False)(lambda x: flip(x, 0))


# The methods whose arguments differ from those of the functions


def _method_reshape(x: Tensor, *shape: Any, order: Literal["C", "F", "A"] = "C", copy: bool | None = None) -> Any:
    new = shape[0] if len(shape) == 1 else shape
    return _reshaped(x, new, order) if order != "A" and copy is None else reshape(x, new, order, copy=copy)


def _method_transpose(x: Tensor, *axes: Any) -> Any:
    if len(axes) == 1 and not isinstance(axes[0], int):
        return transpose(x, axes[0])
    if len(axes) == 2 and (x.ndim > 2 or (axes[0] % 2, axes[1] % 2) == (0, 1)):
        raise ShapeError(
            f"t.transpose{axes} of an array of shape {x.shape}, at {users_line()}: as in NumPy, transpose takes the "
            f"new order of all axes; t.swapaxes{axes} exchanges two, as PyTorch's does"
        )
    return transpose(x, axes or None)


def _method_flatten(x: Tensor, order: Order = "C") -> Any:
    if isinstance(order, int):
        kept = f"*t.shape[:{order}], " if order else ""
        raise TypeError(
            f"flatten() takes no axis, at {users_line()}: t.reshape({kept}-1) flattens the axes from {order} on"
        )
    return copy(ravel(x, order))


_attributes: dict[str, Any] = {
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "flatten": _method_flatten,
    "T": property(lambda x: transpose(x, None)),
    "mT": property(matrix_transpose),
}
add_methods(_attributes)

not_differentiable(
    np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like, np.result_type, np.isclose,
    np.allclose, np.array_equal, np.array_equiv, np.array2string, np.array_repr, np.array_str, np.may_share_memory,
    np.shares_memory, np.iscomplexobj, np.isrealobj, np.isreal, np.iscomplex, np.can_cast, np.common_type,
    np.min_scalar_type,
)  # fmt: skip
