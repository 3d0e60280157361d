"""Changes of shape: the same elements in another arrangement."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed, linear, not_differentiable
from ..tensor import Tensor

Shape = tuple[int, ...]


def unbroadcast(g: Any, shape: Shape) -> Any:
    """Sum `g` to `shape`: what was repeated by broadcasting gathers its gradients."""
    extra = g.ndim - len(shape)
    if extra:
        g = g.sum(axis=tuple(range(extra)))
    axes = tuple([i for i, n in enumerate(shape) if n == 1 != g.shape[i]])
    return g.sum(axis=axes, keepdims=True) if axes else g


def _inverse(g: Any, axes: tuple[int, ...] | None) -> Any:
    """Undo the permutation `axes`."""
    if axes is None:
        return g.transpose()
    places = [axis % g.ndim for axis in axes]
    return g.transpose(sorted(range(g.ndim), key=places.__getitem__))


# One operation, whatever the function is called: the gradient takes the shape that the input had.

reshape = linear(
    np.reshape,
    lambda g, x_shape, order: g.reshape(x_shape) if order == "C" else g.reshape(x_shape, order=order),
    forward=lambda x, shape, order="C": x.reshape(shape) if order == "C" else x.reshape(shape, order=order),
)
transpose = linear(np.transpose, _inverse, forward=lambda x, axes=None: x.transpose(axes))
swapaxes = linear(
    np.swapaxes,
    lambda g, axis1, axis2: g.swapaxes(axis1, axis2),
    forward=lambda x, axis1, axis2: x.swapaxes(axis1, axis2),
)
expand_dims = linear(
    np.expand_dims, lambda g, x_shape: g.reshape(x_shape), forward=lambda x, axis: np.expand_dims(x, axis)
)
squeeze = linear(np.squeeze, lambda g, x_shape: g.reshape(x_shape), forward=lambda x, axis=None: x.squeeze(axis))
broadcast_to = linear(
    np.broadcast_to, lambda g, x_shape: unbroadcast(g, x_shape), forward=lambda x, shape: np.broadcast_to(x, shape)
)


def _piece(g: Any, arrays_shape: tuple[Shape, ...], axis: int | None, index: int) -> Any:
    """Cut from `g` what belongs to one of the arrays that were joined."""
    if axis is None:
        sizes = [int(np.prod(shape)) for shape in arrays_shape[: index + 1]]
        return g[sum(sizes[:-1]) : sum(sizes)].reshape(arrays_shape[index])
    axis %= g.ndim
    start = sum([shape[axis] for shape in arrays_shape[:index]])
    return g[(slice(None),) * axis + (slice(start, start + arrays_shape[index][axis]),)]


concatenate = linear(
    np.concatenate,
    _piece,
    forward=lambda arrays, axis=0: np.concatenate(arrays, axis),
    variadic=True,
)
stack = linear(
    np.stack,
    lambda g, axis, index: g[(*(slice(None),) * (axis % g.ndim), index, ...)],
    forward=lambda arrays, axis=0: np.stack(arrays, axis),
    variadic=True,
)


def _method_reshape(x: Tensor, *shape: Any, order: str = "C") -> Any:
    return reshape(x, shape[0] if len(shape) == 1 else shape, order)


def _method_transpose(x: Tensor, *axes: Any) -> Any:
    if len(axes) == 1 and not isinstance(axes[0], int):
        return transpose(x, axes[0])
    return transpose(x, axes or None)


for _name, _attribute in {
    "reshape": _method_reshape,
    "transpose": _method_transpose,
    "T": property(lambda x: transpose(x, None)),
    "mT": property(lambda x: swapaxes(x, -1, -2)),
}.items():
    setattr(Tensor, _name, _attribute)

not_differentiable(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.full_like, np.empty_like)
