"""Differences, numerical gradients, the trapezoidal rule, evenly spaced numbers, and filled arrays."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays.door import batches, everywhere
from ..errors import DtypeError
from ..primitives.declare import composed, general
from ..tensors.tensor import Tensor, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, DTypeLike, Order, Shape
from .join import concatenate
from .reduce import ABSENT
from .shape import along, length, operand, unbroadcast

# Differences


def _neighbour(value: Any, x: Any, axis: int) -> Any:
    """Return the values to put before or after `x`: an array, or a number broadcast to a slice of length 1."""
    value = operand(value)
    return (
        value if value.ndim else np.broadcast_to(value, (*x.shape[: axis % x.ndim], 1, *x.shape[axis % x.ndim :][1:]))
    )


@composed(np.diff, method=False)
def diff(a: TensorLike, n: int = 1, axis: int = -1, prepend: TensorLike = ABSENT, append: TensorLike = ABSENT) -> Any:
    """Return the differences of neighbours along `axis`, taken `n` times."""
    if n < 0:
        raise ValueError(f"differences are taken n=0 times or more, not {n}")
    if n == 0:
        return a
    x = operand(a)
    length(x, axis)
    if prepend is not ABSENT or append is not ABSENT:
        before = [] if prepend is ABSENT else [_neighbour(prepend, x, axis)]
        after = [] if append is ABSENT else [_neighbour(append, x, axis)]
        x = concatenate([*before, x, *after], axis)
    later, earlier = along(axis, x.ndim, slice(1, None)), along(axis, x.ndim, slice(-1))
    subtract = np.not_equal if x.dtype == bool else np.subtract
    for _ in range(n):
        x = subtract(x[later], x[earlier])
    return x


@composed(np.ediff1d, method=False)
def ediff1d(ary: TensorLike, to_end: TensorLike | None = None, to_begin: TensorLike | None = None) -> Any:
    """Return the differences of neighbours of the flattened array, between `to_begin` and `to_end`."""
    x = operand(ary).reshape(-1)
    parts = []
    for name, part in (("to_begin", to_begin), ("", x[1:] - x[:-1]), ("to_end", to_end)):
        if part is not None:
            part = operand(part)
            if not np.can_cast(part.dtype, x.dtype, "same_kind"):
                raise TypeError(f"{name} is {part.dtype}, which does not become {x.dtype}, as the differences are")
            parts.append(part.reshape(-1).astype(x.dtype))
    return parts[0] if len(parts) == 1 else concatenate(parts)


# Slopes

# The slope of the parabola through three points, `h` and `k` apart, at each of them: the weights of their values.
_SLOPES = [
    lambda h, k: (-(2 * h + k) / (h * (h + k)), (h + k) / (h * k), -h / (k * (h + k))),
    lambda h, k: (-k / (h * (h + k)), (k - h) / (h * k), h / (k * (h + k))),
    lambda h, k: (k / (h * (h + k)), -(h + k) / (h * k), (h + 2 * k) / (k * (h + k))),
]


def _spacing(spacing: Any, f: Any, axis: int) -> Any:
    """Return the step along `axis`, or the steps between the given coordinates."""
    if np.ndim(spacing) == 0:
        return spacing
    x = operand(spacing)
    if x.ndim != 1 or x.size != f.shape[axis]:
        raise ValueError(
            f"the coordinates along axis {axis} of shape {f.shape} are a sequence of {f.shape[axis]} numbers, "
            f"but their shape is {x.shape}"
        )
    steps = diff(x.astype(np.float64) if x.dtype.kind in "iu" else x)
    even = not (isinstance(x, Tensor) and x.requires_grad) and everywhere(unwrap(steps) == unwrap(steps)[:1])
    return steps[0] if even and steps.size else steps


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Return the derivatives of `f` along `axis`."""

    def at(part: Any) -> Any:
        return f[along(axis, f.ndim, part)]

    if np.ndim(spacing) == 0:
        first = last = spacing
        inner = (at(slice(2, None)) - at(slice(-2))) / (2.0 * spacing)
    else:
        first, last = spacing[0], spacing[-1]
        steps = spacing.reshape((-1,) + (1,) * (f.ndim - axis - 1))
        a, b, c = _SLOPES[1](steps[:-1], steps[1:])
        inner = a * at(slice(-2)) + b * at(slice(1, -1)) + c * at(slice(2, None))
    if edge_order == 1:
        begin = (at(slice(1, 2)) - at(slice(1))) / first
        end = (at(slice(-1, None)) - at(slice(-2, -1))) / last
    else:
        second, last_but_one = (spacing, spacing) if np.ndim(spacing) == 0 else (spacing[1], spacing[-2])
        a, b, c = _SLOPES[0](first, second)
        begin = a * at(slice(1)) + b * at(slice(1, 2)) + c * at(slice(2, 3))
        a, b, c = _SLOPES[2](last_but_one, last)
        end = a * at(slice(-3, -2)) + b * at(slice(-2, -1)) + c * at(slice(-1, None))
    return concatenate([begin, inner, end], axis)


@composed(np.gradient, method=False)
def gradient(f: TensorLike, *varargs: TensorLike, axis: int | Sequence[int] | None = None, edge_order: int = 1) -> Any:
    """Return the slope at each sample: by central differences inside, by one-sided differences at the edges.

    Return one array for one axis, else a tuple of arrays. The spacing is a step, or the coordinates along each axis.
    """
    f = operand(f)
    chosen: Any = range(f.ndim) if axis is None else (axis,) if np.ndim(axis) == 0 else axis
    axes = [normalize_axis_index(a, f.ndim) for a in chosen]
    if len(set(axes)) < len(axes):
        raise ValueError(f"an axis is given twice in axis={axis!r}")
    if not varargs:
        spacings: list[Any] = [1.0] * len(axes)
    elif len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        spacings = [varargs[0]] * len(axes)
    elif len(varargs) == len(axes):
        spacings = [_spacing(given, f, a) for given, a in zip(varargs, axes, strict=True)]
    else:
        raise TypeError(f"gradient() takes one step, or one spacing for each of {len(axes)} axes, not {len(varargs)}")
    if edge_order not in (1, 2):
        raise ValueError(f"edge_order is 1 or 2, not {edge_order}")
    if any(f.shape[a] <= edge_order for a in axes):
        raise ValueError(f"slopes need {edge_order + 1} samples along each axis, but the shape is {f.shape}")
    if f.dtype.kind == "b":
        raise DtypeError("gradient() takes differences, which bools do not have: use astype(float)")
    if f.dtype.kind in "iu":
        f = f.astype(np.float64)
    slopes = [_slope(f, spacing, a, edge_order) for spacing, a in zip(spacings, axes, strict=True)]
    slopes = [slope if slope.dtype == f.dtype else slope.astype(f.dtype) for slope in slopes]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


@composed(np.trapezoid, method=False)
def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: float | ArrayOrTensor = 1.0, axis: int = -1) -> Any:
    """Integrate the samples `y` along `axis` by the trapezoidal rule, at coordinates `x` or `dx` apart."""
    y = operand(y)
    if x is not None:
        x = operand(x)
        dx = diff(x, axis=axis) if x.ndim != 1 else diff(x).reshape((-1,) + (1,) * (y.ndim - axis % y.ndim - 1))
    pairs: ArrayOrTensor = y[along(axis, y.ndim, slice(1, None))] + y[along(axis, y.ndim, slice(-1))]
    return (dx * pairs / 2.0).sum(axis)


# Evenly spaced numbers


def _weighted_sum(g: Any, to_stop: bool, num: int, endpoint: bool, axis: int, shape: Shape) -> Any:
    """Sum `g` over the samples, weighted by the share of one end in each, to the `shape` of that end."""
    progress = np.arange(num) / max(num - endpoint, 1)
    weights = (progress if to_stop else 1 - progress).astype(g.real.dtype)
    return unbroadcast((g * weights.reshape((-1,) + (1,) * (g.ndim - axis % g.ndim - 1))).sum(axis), shape)


_linspace = general(
    lambda start, stop, num, endpoint, dtype, axis: np.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis),
    lambda g, num, endpoint, axis, start_shape: _weighted_sum(g, False, num, endpoint, axis, start_shape),
    lambda g, num, endpoint, axis, stop_shape: _weighted_sum(g, True, num, endpoint, axis, stop_shape),
    name="linspace",
)
# Each sample is start**(1 - t) stop**t.
geomspace = general(
    np.geomspace,
    lambda g, out, start, num, endpoint, axis, start_shape: (
        _weighted_sum(g * out, False, num, endpoint, axis, start_shape) / start
    ),
    lambda g, out, stop, num, endpoint, axis, stop_shape: (
        _weighted_sum(g * out, True, num, endpoint, axis, stop_shape) / stop
    ),
    forward=lambda start, stop, num=50, endpoint=True, dtype=None, axis=0: np.geomspace(
        start, stop, num, endpoint, dtype, axis
    ),
)


@composed(np.linspace, method=False)
def linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
    *,
    device: str | None = None,
) -> Any:
    """Return `num` evenly spaced numbers from `start` to `stop`, and the step if `retstep` is set."""
    _refuse_device(device)
    numbers = _linspace(start, stop, num, endpoint, dtype, axis)
    if not retstep:
        return numbers
    steps = num - bool(endpoint)
    return numbers, (operand(stop) - start) / steps if steps > 0 else np.nan


@composed(np.logspace, method=False)
def logspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    base: TensorLike = 10.0,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    """Return `num` powers of `base`, from base**start to base**stop, evenly spaced on a log scale."""
    if np.ndim(base):
        ndim = max(map(np.ndim, (start, stop, base)))
        start, stop, base = (x.reshape((1,) * (ndim - x.ndim) + x.shape) for x in map(operand, (start, stop, base)))
        base = np.expand_dims(base, axis)
    powers = np.power(base, linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else powers.astype(dtype)


def _refuse_device(device: Any) -> None:
    if device not in (None, "cpu"):
        raise ValueError(f"NumPy computes on device='cpu' alone, not {device!r}")


# Constant sequences


@composed(np.full, method=False)
def full(
    shape: SupportsIndex | list[int] | tuple[int, ...],
    fill_value: TensorLike,
    dtype: DTypeLike | None = None,
    order: Order = "C",
    *,
    device: str | None = None,
) -> Any:
    """Return an array filled with `fill_value`; NumPy dispatches to a tensor that is given as ``like=``."""
    _refuse_device(device)
    value, shape = operand(fill_value), unwrap(shape)
    if not isinstance(shape, list | tuple | np.ndarray):
        if isinstance(shape, bool):
            raise TypeError("a shape is an integer or a sequence of them, not a bool")
        shape = operator.index(shape)
    return np.copy(np.broadcast_to(value if dtype is None else value.astype(dtype), shape), order)


@composed(np.full_like, method=False)
def full_like(
    a: ArrayOrTensor,
    fill_value: TensorLike,
    dtype: DTypeLike | None = None,
    order: Order = "K",
    subok: bool = True,
    shape: SupportsIndex | list[int] | tuple[int, ...] | None = None,
    *,
    device: str | None = None,
) -> Any:
    """Return an array of the shape and dtype of `a`, filled with `fill_value`."""
    if not isinstance(fill_value, Tensor) and not batches(fill_value):
        filled = np.full_like(unwrap(a), fill_value, dtype, order, subok, shape)
        return Tensor(filled) if subok and isinstance(a, Tensor) else filled
    _refuse_device(device)
    return full(
        a.shape if shape is None else shape,
        fill_value,
        a.dtype if dtype is None else dtype,
        "F" if order == "F" else "C",
    )
