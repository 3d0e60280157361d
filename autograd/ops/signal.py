"""Signal processing: convolution, interpolation, phase unwrapping, nan_to_num."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from ..arrays.door import anywhere, as_array, batches
from ..errors import DtypeError, GraphError
from ..primitives.declare import composed, general, multilinear
from ..tensors.tensor import Array, Tensor, TensorLike, unwrap
from ..tensors.types import Shape
from .index import scatter, selected
from .shape import atleast_1d, operand

# Convolution

_MODES = {0: "valid", 1: "same", 2: "full"}


def _other_factor(g: Any, factor: Any, size: int, mode: str) -> Any:
    """Return the gradient of a factor of length `size`, given the other one.

    In full mode it is the sum of products with the reversed other factor wherever that lies within the result; in the
    other modes `g` is a part of the full result. In valid mode the zeros around it need not be multiplied.
    """
    factor = operand(factor)[::-1]
    if mode == "valid":
        return np.convolve(g, factor) if size >= factor.size else np.convolve(factor, g, "valid")
    if mode == "same":
        start = (min(size, factor.size) - 1) // 2
        g = scatter(g, slice(start, start + g.size), (size + factor.size - 1,))
    return np.convolve(g, factor, "valid")


_convolve = multilinear(
    lambda a, v, mode: np.convolve(a, v, mode),
    lambda g, v, mode, a_shape: _other_factor(g, v, a_shape[0], mode),
    lambda g, a, mode, v_shape: _other_factor(g, a, v_shape[0], mode),
    name="convolve",
)


@composed(np.convolve, method=False)
def convolve(a: TensorLike, v: TensorLike, mode: Literal["valid", "same", "full"] = "full") -> Any:
    """Convolve two sequences: multiply them as the coefficients of polynomials."""
    is_number = isinstance(mode, int | np.integer) and not isinstance(mode, bool)  # neither True nor 1.0 is mode 1
    named = _MODES.get(int(mode), mode) if is_number else mode
    return _convolve(atleast_1d(a), atleast_1d(v), named)


@composed(np.correlate, method=False)
def correlate(a: TensorLike, v: TensorLike, mode: Literal["valid", "same", "full"] = "valid") -> Any:
    """Correlate two sequences: sum the products of `a` and the conjugate of `v` at every displacement."""
    a, v = operand(a), operand(v)
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(
            f"correlate takes two sequences that are not empty, but the shapes are {a.shape} and {v.shape}"
        )
    if v.dtype.kind == "c":
        v = np.conjugate(v)
    # NumPy slides the shorter one along the longer, which decides the middle of an even number of positions.
    if a.size < v.size:
        return convolve(v, a[::-1], mode)[::-1]
    return convolve(a, v[::-1], mode)


# Interpolation


def intervals(x: Array, xp: Array) -> tuple[Any, Any]:
    """Return the indices of the intervals that begin and that end at each `x`; outside the knots, the nearest ones."""
    last = max(len(xp) - 2, 0)
    begins = np.searchsorted(xp, x, "right") - 1
    on_knot = np.equal(selected(xp, np.maximum(begins, 0)), x)
    ends = np.where(on_knot, np.searchsorted(xp, x, "left") - 1, begins) if anywhere(on_knot) else begins
    return np.clip(begins, 0, last), np.clip(ends, 0, last)


def _slope(x: Any, xp: Any, fp: Any, begins: Any, ends: Any) -> Any:
    """Return the slope at each `x`: at an inner knot the mean of both sides, at the outer ones the one inside."""
    if len(xp) == 1:
        return np.zeros(np.shape(x))
    widths = xp[1:] - xp[:-1]
    slopes = (fp[1:] - fp[:-1]) / np.where(np.equal(widths, 0), 1, widths)
    mean = (selected(slopes, begins) + selected(slopes, ends)) * 0.5
    return np.where(np.greater_equal(x, unwrap(xp)[0]) & np.less_equal(x, unwrap(xp)[-1]), mean, 0)


def _to_knots(g: Any, x: Any, xp: Any, begins: Any) -> Any:
    """Distribute `g` over the knots by the weights with which each `x` mixes their values: transpose the function."""
    after, weight = _mix(x, xp, begins)
    late = g * weight
    return scatter(g - late, begins, xp.shape) + scatter(late, after, xp.shape)


def _mix(x: Any, xp: Any, begins: Any) -> tuple[Any, Any]:
    """Return the index of the knot after each `x`, and the weight of its value."""
    after = np.minimum(begins + 1, len(xp) - 1)
    before = selected(xp, begins)
    width = selected(xp, after) - before
    return after, np.clip((x - before) / np.where(np.equal(width, 0), 1, width), 0, 1)


def _interpolated(x: Any, xp: Any, fp: Any, begins: Any, ends: Any) -> Any:
    if not any(batches(a) for a in (x, xp, fp)):
        return np.interp(x, xp, fp)
    after, weight = _mix(x, xp, begins)
    fp = fp.astype(np.result_type(fp, np.float64))
    early, late = selected(fp, begins), selected(fp, after)
    return np.where(weight == 0, early, np.where(weight == 1, late, early + (late - early) * weight))


_interp = general(
    _interpolated,
    lambda g, x, xp, fp, begins, ends: g * _slope(x, xp, fp, begins, ends),
    lambda g, x, xp, fp, begins, ends: -_to_knots(g * _slope(x, xp, fp, begins, ends), x, xp, begins),
    lambda g, x, xp, begins: _to_knots(g, x, xp, begins),
    name="interp",
)


def _beyond(y: Any, beyond: Any, value: Any) -> Any:
    """Replace `y` by `value` beyond the knots, unless it is None."""
    if value is None:
        return y
    if np.ndim(value):
        raise TypeError(f"beyond the knots an interpolation takes one number, not an array of shape {np.shape(value)}")
    return np.where(beyond, value, y)


@composed(np.interp, method=False)
def interp(
    x: TensorLike,
    xp: TensorLike,
    fp: TensorLike,
    left: TensorLike | None = None,
    right: TensorLike | None = None,
    period: TensorLike | None = None,
) -> Any:
    """Interpolate linearly between the knots (xp, fp); beyond them use `left` and `right`, or continue by `period`.

    At a knot the derivative is the mean of the slopes on both sides; at the first and last, the slope inside.
    """
    x, xp, fp = operand(x), operand(xp), operand(fp)
    fp = fp.astype(float) if fp.dtype.kind == "b" else fp  # bools have no differences
    for name, value in (("left", left), ("right", right)):
        kinds = "biufc" if fp.dtype.kind == "c" else "biuf"
        if value is not None and (np.ndim(value) or as_array(unwrap(value)).dtype.kind not in kinds):
            raise DtypeError(f"interp takes {name} as a number like those of fp (dtype {fp.dtype}), not {value!r}")
    if period is None:
        y = _interp(x, xp, fp, *intervals(unwrap(x), unwrap(xp)))
        y = _beyond(y, np.less(x, unwrap(xp)[0]), left)
        return _beyond(y, np.greater(x, unwrap(xp)[-1]), right)
    if anywhere(unwrap(period) == 0):
        raise ValueError("the period of an interpolation must not be 0")
    if xp.ndim != 1 or xp.shape != fp.shape:
        raise ValueError(f"knots are two sequences of one length, but the shapes are {xp.shape} and {fp.shape}")
    period = np.abs(period)
    x, xp = np.remainder(x.astype(np.float64), period), np.remainder(xp.astype(np.float64), period)
    order = np.argsort(unwrap(xp))
    knots, values = selected(xp, order), selected(fp, order)
    knots = np.concatenate([knots[-1:] - period, knots, knots[:1] + period])
    values = np.concatenate([values[-1:], values, values[:1]])
    return _interp(x, knots, values, *intervals(unwrap(x), unwrap(knots)))


def _period_rule(g: Any, out: Any, p: Any, period: Any, period_shape: Shape) -> Any:
    """Return the gradient of the period: how many periods were added, which changes only in jumps."""
    periods = np.rint((unwrap(out) - unwrap(p)) / unwrap(period))
    return (g * periods).sum().reshape(period_shape)


_unwrap = general(
    lambda p, period, discont, axis: np.unwrap(p, discont, axis, period=period),
    lambda g: g,
    _period_rule,
    name="unwrap",
)


@composed(np.unwrap, method=False)
def unwrap_phase(
    p: TensorLike, discont: TensorLike | None = None, axis: int = -1, *, period: TensorLike = 2 * math.pi
) -> Any:
    """Add multiples of the period to `p`, so that neighbours along `axis` differ by at most half of it."""
    if np.ndim(period):
        raise TypeError(f"a period is a number, not an array of shape {np.shape(period)}")
    return _unwrap(p, period, unwrap(discont), axis)


# Nan and infinity


def _finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    values, limits = unwrap(x), np.finfo(x.dtype)
    for places, value in (
        (np.isnan(values), nan),
        (np.isposinf(values), float(limits.max) if posinf is None else posinf),
        (np.isneginf(values), float(limits.min) if neginf is None else neginf),
    ):
        x = np.where(places, value, x)
    return x if x.dtype == values.dtype else x.astype(values.dtype)


@composed(np.nan_to_num, method=False)
def nan_to_num(
    x: TensorLike,
    copy: bool = True,
    nan: TensorLike = 0.0,
    posinf: TensorLike | None = None,
    neginf: TensorLike | None = None,
) -> Any:
    """Replace nan and infinite elements; there the gradient is 0, and goes to the replacement."""
    x = operand(x)
    if not copy:
        if isinstance(x, Tensor) and x.requires_grad:
            raise GraphError("nan_to_num(copy=False) would write to a tensor that requires a gradient: omit it")
        np.nan_to_num(unwrap(x), False, unwrap(nan), unwrap(posinf), unwrap(neginf))
        return x
    if x.dtype.kind == "c":
        return _finite(x.real, nan, posinf, neginf) + 1j * _finite(x.imag, nan, posinf, neginf)
    return _finite(x, nan, posinf, neginf) if x.dtype.kind == "f" else x.copy()
