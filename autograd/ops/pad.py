"""Padding: what surrounds an array is made of constants, or of its own elements in one of NumPy's ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed, general
from ..errors import UnsupportedError
from ..modes import recording
from ..tensor import Tensor, unwrap
from .join import concatenate
from .reduce import max as maximum
from .reduce import min as minimum
from .shape import along, broadcast_to, moveaxis

Shape = tuple[int, ...]
Options = dict[str, Any]

_CONSTANT = ("constant", "empty")


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
        if mode not in _CONSTANT and any(widths):
            outside = [g[along(axis, ndim, slice(front))], g[along(axis, ndim, slice(front + n, None))]]
            weights = _border(n, widths, mode, options, axis, ndim).astype(g.dtype)
            rows = moveaxis(concatenate(outside, axis), axis, -1)
            inside = inside + moveaxis(rows @ weights, -1, axis)
        g = inside
    return g


_pad = general(
    lambda array, pad_width, mode, options: np.pad(array, pad_width, mode, **options),
    _pad_rule,
    name="pad",
)


# The other modes choose among the elements.


def _median(x: Any, axis: int, keepdims: bool) -> Any:
    return np.median(x, axis=axis, keepdims=keepdims)


_STATISTICS = {"maximum": maximum, "minimum": minimum, "median": _median}


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
    pad_width, options = _widths(pad_width, array.ndim), unwrap(kwargs)
    if not (array.requires_grad and recording()):
        return Tensor(np.pad(array.data, pad_width, mode, **options))
    if callable(mode):
        raise UnsupportedError(
            "numpy.pad(mode=<a function>) writes into the array that it pads, which has no derivative: "
            "join what the function computes to the array with numpy.concatenate"
        )
    if mode in _STATISTICS and array.size:
        np.pad(np.empty((0,) * array.ndim), 0, mode, **options)  # refuses what the mode does not know
        return _with_statistics(array, pad_width, mode, options.get("stat_length"))
    return _pad(array, pad_width, mode, options)
