"""Padding: what surrounds an array is made of constants, or of its own elements in one of NumPy's ways."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..declare import composed, general
from ..errors import UnsupportedError
from ..modes import recording
from ..tensor import Tensor, unwrap
from .join import concatenate, stack
from .shape import along, broadcast_to, moveaxis, operand

Shape = tuple[int, ...]
Options = dict[str, Any]

# What the constants are called that some modes pad with, or in ramps down to.
_FILLS = {"constant": "constant_values", "linear_ramp": "end_values"}


def _pairs(value: Any, ndim: int) -> list[list[Any]]:
    """Return, for each axis, what is meant for the front and for the back."""
    return np.broadcast_to(np.asarray(value), (ndim, 2)).tolist()  # type: ignore[no-any-return]  # of numbers


def _widths(pad_width: Any, ndim: int) -> Any:
    """Return the widths in a form that every version of NumPy knows; some don't know a dict."""
    if not isinstance(pad_width, dict):
        return unwrap(pad_width)
    each: list[Any] = [(0, 0)] * ndim
    for axis, width in pad_width.items():
        each[axis] = np.broadcast_to(width, 2).tolist()
    return each


def _array(value: Any) -> Any:
    """Return numbers and tensors in nested lists as one array."""
    return stack([_array(item) for item in value]) if type(value) in (list, tuple) else operand(value)


# Most modes are linear along each axis but for a constant. What NumPy makes of the unit vectors is the matrix of it.


def _border(n: int, widths: list[int], mode: Any, options: Options, axis: int, ndim: int) -> Any:
    """Return the weights with which `n` elements in a row make up those in front of them and behind."""
    own = {name: value for name, value in options.items() if name == "reflect_type"}
    if options.get("stat_length") is not None:
        own["stat_length"] = [_pairs(options["stat_length"], ndim)[axis], [1, 1]]
    padded = np.pad(np.eye(n), [widths, [0, 0]], mode, **own)
    return np.delete(padded, slice(widths[0], widths[0] + n), axis=0)


def _pad_rule(g: Any, array_shape: Shape, pad_width: Any, mode: str, options: Options) -> Any:
    ndim = len(array_shape)
    for axis, widths in enumerate(_pairs(pad_width, ndim)):
        front, n = widths[0], array_shape[axis]
        inside = g[along(axis, ndim, slice(front, front + n))]
        if mode not in ("constant", "empty") and any(widths):
            outside = [g[along(axis, ndim, slice(front))], g[along(axis, ndim, slice(front + n, None))]]
            weights = _border(n, widths, mode, options, axis, ndim).astype(g.dtype)
            rows = moveaxis(concatenate(outside, axis), axis, -1)
            inside = inside + moveaxis(rows @ weights, -1, axis)
        g = inside
    return g


def _pad_fill_rule(g: Any, array_shape: Shape, fill_shape: Shape, pad_width: Any, mode: Any) -> Any:
    unit = np.eye(math.prod(fill_shape), dtype=g.dtype).reshape(-1, *fill_shape)
    zeros: Any = np.zeros(array_shape, g.dtype)
    weights = [np.pad(zeros, pad_width, mode, **{_FILLS[mode]: fill}) for fill in unit]
    shares = g * np.reshape(weights, (len(unit), *g.shape))
    return shares.sum(tuple(range(1, shares.ndim))).reshape(fill_shape)


def _padded(array: Any, fill: Any, pad_width: Any, mode: Any, options: Options) -> Any:
    return np.pad(array, pad_width, mode, **options, **({_FILLS[mode]: fill} if mode in _FILLS else {}))


_pad = general(_padded, _pad_rule, _pad_fill_rule, name="pad")


# The other modes choose among the elements.


_STATISTICS: dict[str, Any] = {"maximum": np.max, "minimum": np.min, "median": np.median}


def _with_statistics(x: Any, pad_width: Any, mode: str, stat_length: Any) -> Any:
    statistic, ndim = _STATISTICS[mode], x.ndim
    lengths = [[None, None]] * ndim if stat_length is None else _pairs(stat_length, ndim)
    for axis, ((before, after), (first, last)) in enumerate(zip(_pairs(pad_width, ndim), lengths, strict=True)):
        if not before and not after:
            continue
        n = x.shape[axis]
        parts = [slice(first), slice(None if last is None else max(n - last, 0), None)]
        front, back = (statistic(x[along(axis, ndim, part)], axis=axis, keepdims=True) for part in parts)
        sides = [
            broadcast_to(side, (*side.shape[:axis], width, *side.shape[axis + 1 :]))
            for side, width in ((front, before), (back, after))
        ]
        x = concatenate([sides[0], x, sides[1]], axis)
    return x


@composed(np.pad, method=False)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """Surround `array` with constants or ramps to them, with its own elements, or with what they have in common."""
    pad_width = _widths(pad_width, array.ndim)
    if callable(mode):
        if array.requires_grad and recording():
            raise UnsupportedError(
                "numpy.pad(mode=<a function>) writes into the array that it pads, which has no derivative: "
                "join what the function computes to the array with numpy.concatenate"
            )
        return Tensor(np.pad(array.data, pad_width, mode, **unwrap(kwargs)))
    if mode in _STATISTICS and array.size:
        # NumPy refuses widths that are none, and what the mode does not know.
        np.pad(np.empty((0,) * array.ndim), pad_width, "empty")
        np.pad(np.empty((0,) * array.ndim), 0, mode, **unwrap(kwargs))
        return _with_statistics(array, pad_width, mode, unwrap(kwargs.get("stat_length")))
    fill = kwargs.pop(_FILLS.get(mode, ""), 0)
    return _pad(array, broadcast_to(_array(fill), (array.ndim, 2)), pad_width, mode, unwrap(kwargs))
