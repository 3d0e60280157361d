"""Padding: with constants, or with an array's own elements in one of NumPy's modes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays.door import batches, numpy
from ..errors import UnsupportedError
from ..graph.grad_mode import recording
from ..primitives.declare import composed, general
from ..tensors.tensor import Tensor, TensorLike, unwrap
from .index import take
from .join import concatenate, stack
from .shape import along, broadcast_to, copy, operand

Shape = tuple[int, ...]
Options = dict[str, Any]


def _pairs(value: Any, ndim: int) -> list[list[Any]]:
    """Return, for each axis, the values for the front and for the back."""
    return np.broadcast_to(np.asarray(value), (ndim, 2)).tolist()  # type: ignore[no-any-return]  # of numbers


def _widths(pad_width: Any, ndim: int) -> Any:
    """Return the widths in a form that every version of NumPy accepts; some do not accept a dict."""
    if not isinstance(pad_width, dict):
        return unwrap(pad_width)
    each: list[Any] = [(0, 0)] * ndim
    for axis, width in pad_width.items():
        each[axis] = np.broadcast_to(width, 2).tolist()
    return each


def _array(value: Any) -> Any:
    """Return numbers and tensors in nested lists as one array."""
    return stack([_array(item) for item in value]) if type(value) in (list, tuple) else operand(value)


# Constants


def _inside(shape: Shape, pad_width: Any) -> tuple[slice, ...]:
    return tuple(
        [slice(before, before + n) for n, (before, _) in zip(shape, _pairs(pad_width, len(shape)), strict=True)]
    )


def _fill_rule(g: Any, array_shape: Shape, fill_shape: Shape, pad_width: Any) -> Any:
    unit = np.eye(math.prod(fill_shape), dtype=g.dtype).reshape(-1, *fill_shape)
    zeros: Any = np.zeros(array_shape, g.dtype)
    places = [np.pad(zeros, pad_width, constant_values=fill) for fill in unit]
    shares = g * (np.stack(places) if places else np.zeros((0, *g.shape), g.dtype))
    return shares.sum(tuple(range(1, shares.ndim))).reshape(fill_shape)


def _padded(array: Any, fill: Any, pad_width: Any) -> Any:
    if not batches(fill):
        return np.pad(array, pad_width, constant_values=fill)
    numbers = np.arange(1, fill.size + 1).reshape(fill.shape)
    places = np.pad(np.zeros(array.shape, int), pad_width, constant_values=numbers)  # which one is where; 0 for none
    return np.where(places == 0, np.pad(array, pad_width), fill.reshape(-1)[places - 1]).astype(array.dtype)


_with_constants = general(
    _padded,
    lambda g, array_shape, pad_width: g[_inside(array_shape, pad_width)],
    _fill_rule,
    name="pad",
)


# All other modes pad one axis after another, with values computed from the elements along it.


def _with_copies(x: Any, axis: int, front: int, back: int, mode: Any) -> Any:
    """Pad with the elements at the positions that NumPy pads an array of positions with."""
    n = x.shape[axis]
    places = np.delete(np.pad(np.arange(n), (front, back), mode), slice(front, front + n))
    copies = take(x, places, axis)
    before, after = (copies[along(axis, x.ndim, part)] for part in (slice(front), slice(front, None)))
    return concatenate([before, x, after], axis)


def _with_opposites(x: Any, axis: int, front: int, back: int, mode: str) -> Any:
    """Pad with elements mirrored at the edge element, in position and value, repeatedly if one pass is too short."""
    skipped, period = (1, x.shape[axis] - 1) if mode == "reflect" else (0, x.shape[axis])
    first, last = (along(axis, x.ndim, part) for part in (slice(1), slice(-1, None)))
    while front or back:
        n = x.shape[axis]
        reach = (n - skipped) // period * period
        before, after = min(front, reach), min(back, reach)
        places = np.arange(n)
        mirrored = [
            take(x, places[skipped : skipped + before][::-1], axis),
            take(x, places[::-1][skipped : skipped + after], axis),
        ]
        x = concatenate([2 * x[first] - mirrored[0], x, 2 * x[last] - mirrored[1]], axis)
        front, back = front - before, back - after
    return x


def _with_ramps(x: Any, axis: int, front: int, back: int, ends: Any) -> Any:
    """Pad with numbers evenly spaced from the edge element to the end values."""
    first, last = (x[(*along(axis, x.ndim, place), ...)] for place in (0, -1))
    up, down = (
        np.linspace(end, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
        for end, edge, width in ((ends[0], first, front), (ends[1], last, back))
    )
    return concatenate([up, x, np.flip(down, axis)], axis)


_STATISTICS: dict[str, Any] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def _with_statistics(x: Any, axis: int, front: int, back: int, mode: str, lengths: Sequence[int | None]) -> Any:
    """Pad with a statistic of the first elements, and with that of the last ones."""
    n = x.shape[axis]
    counts = [n if length is None else min(length, n) for length in lengths]
    parts = [slice(counts[0]), slice(n - counts[1], n)]
    before, after = (_STATISTICS[mode](x[along(axis, x.ndim, part)], axis=axis, keepdims=True) for part in parts)
    sides = [
        broadcast_to(side, (*x.shape[:axis], width, *x.shape[axis + 1 :]))
        for side, width in ((before, front), (after, back))
    ]
    return concatenate([sides[0], x, sides[1]], axis)


def _padded_along(x: Any, axis: int, front: int, back: int, mode: str, ndim: int, options: Options) -> Any:
    if mode == "linear_ramp":
        ends = broadcast_to(_array(options.get("end_values", 0)), (ndim, 2))
        return _with_ramps(x, axis, front, back, ends[axis])
    if mode in _STATISTICS:
        lengths = options.get("stat_length")
        each = [None, None] if lengths is None else _pairs(unwrap(lengths), ndim)[axis]
        return _with_statistics(x, axis, front, back, mode, each)
    if options.get("reflect_type") == "odd" and x.shape[axis] > 1:
        return _with_opposites(x, axis, front, back, mode)
    return _with_copies(x, axis, front, back, mode)


def _check(array: Any, pad_width: Any, mode: Any, options: Options) -> None:
    """Let NumPy raise for arguments that it refuses for any array, or for extending an empty one."""
    nothing: Any = np.empty((0,) * array.ndim)
    np.pad(nothing, pad_width, "empty")
    np.pad(nothing if array.size else array.data, 0 if array.size else pad_width, mode, **options)


@composed(np.pad, method=False)
def pad(
    array: Tensor,
    pad_width: TensorLike | dict[int, TensorLike],
    mode: str | Callable[..., object] = "constant",
    **kwargs: TensorLike | str,
) -> Any:
    """Pad `array` with constants, with ramps to constants, with its own elements, or with statistics of them."""
    widths = _widths(pad_width, array.ndim)
    if callable(mode) and array.requires_grad and recording():
        raise UnsupportedError(
            "numpy.pad(mode=<a function>) writes into the array that it pads, which has no derivative: "
            "join what the function computes to the array with numpy.concatenate"
        )
    if callable(mode) or array.dtype.kind not in "fc":
        return Tensor(numpy.pad(array.data, widths, mode, **unwrap(kwargs)))
    if mode != "constant" or kwargs.keys() - {"constant_values"}:
        _check(array, widths, mode, unwrap(kwargs))
    if mode in ("constant", "empty") or not array.size:
        fill = broadcast_to(_array(kwargs.get("constant_values", 0)), (array.ndim, 2))
        return _with_constants(array, fill, widths)
    padded = array
    for axis, (front, back) in enumerate(_pairs(widths, array.ndim)):
        if front or back:
            padded = _padded_along(padded, axis, front, back, mode, array.ndim, kwargs)
    return copy(array) if padded is array else padded
