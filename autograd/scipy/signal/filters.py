"""Filters along one axis: recursive ones, and smoothing by polynomials."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from scipy import signal

from autograd import ShapeError, Tensor, UnsupportedError, general
from autograd.inside import TensorLike, unbroadcast

from ..common import float_operand, is_plain, stacked

# Recursive filters


def _lags(g: Any, y: Any, count: int) -> Any:
    """Return the sums of the products of `g` with `y` delayed by 0, 1, ... steps, along the last axis."""
    n = g.shape[-1]
    return np.stack([(g[..., k:] * y[..., : max(n - k, 0)]).sum(-1) for k in range(count)], -1)


# y = b / a * x, as series of delays: of b, x / a delayed, of a, -y / a delayed, of x, the filter in the other direction
_lfilter: Any = general(
    lambda b, a, x: stacked(signal.lfilter, (b, a, x), (1, 1, 1), native=2),
    lambda g, a, x, b_shape: unbroadcast(_lags(g, _lfilter(np.ones(1), a, x), b_shape[-1]), b_shape),
    lambda g, out, a, a_shape: unbroadcast(-_lags(g, _lfilter(np.ones(1), a, out), a_shape[-1]), a_shape),
    lambda g, b, a, x_shape: unbroadcast(_lfilter(b, a, g[..., ::-1])[..., ::-1], x_shape),
    name="lfilter",
)


def _single_at_least(x: TensorLike) -> Any:
    found = float_operand(x)
    return found.astype(np.float32) if found.dtype == np.float16 else found


@overload
def lfilter(b: TensorLike, a: TensorLike, x: TensorLike, axis: int = -1, zi: None = None) -> Tensor: ...
@overload
def lfilter(
    b: TensorLike, a: TensorLike, x: TensorLike, axis: int = -1, *, zi: TensorLike
) -> tuple[Tensor, Tensor]: ...
def lfilter(
    b: TensorLike, a: TensorLike, x: TensorLike, axis: int = -1, zi: TensorLike | None = None
) -> Tensor | tuple[Tensor, Tensor]:
    """Filter a signal by a difference equation, with `b` of what comes in and `a` of what went out.

    It is ``a[0] y[n] == b[0] x[n] + b[1] x[n-1] + ... - a[1] y[n-1] - ...``, as in `scipy.signal.lfilter`.

    Parameters
    ----------
    b, a
        The coefficients, two vectors; ``a[0]`` is not 0. They have gradients as the signal has.
    x
        The signal.
    axis
        The axis along which to filter.
    zi
        The state at the beginning: of the shape of `x`, but max(len(a), len(b)) - 1 along `axis`.

    Returns
    -------
    Tensor
        The filtered signal, of the shape of `x`; and with `zi` also the state at the end.

    Raises
    ------
    ShapeError
        If coefficients are not vectors, or the state does not have its shape.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import signal
    >>> grad(lambda a: signal.lfilter([1.0], a, [1.0, 0.0, 0.0])[2])(np.array([1.0, -0.5]))
    array([-0.75, -1.  ])
    """
    if is_plain(b, a, x, zi):
        return signal.lfilter(b, a, x, axis, zi)
    steps, inputs, feedback = (_single_at_least(part) for part in (x, b, a))
    inputs, feedback = np.atleast_1d(inputs), np.atleast_1d(feedback)
    if inputs.ndim != 1 or feedback.ndim != 1 or not inputs.size or not feedback.size or not steps.ndim:
        raise ShapeError(
            f"lfilter takes vectors of coefficients and a signal, not shapes {inputs.shape}, {feedback.shape} and "
            f"{steps.shape}"
        )
    inputs, feedback = inputs / feedback[0], feedback / feedback[0]
    steps = np.moveaxis(steps, axis, -1)
    y: Any = _lfilter(inputs, feedback, steps)
    if zi is None:
        return np.moveaxis(y, -1, axis)
    n, count = steps.shape[-1], max(len(feedback), len(inputs)) - 1
    state: Any = np.moveaxis(float_operand(zi), axis, -1)
    if state.shape != (*steps.shape[:-1], count):
        raise ShapeError(
            f"lfilter takes a state of {count} values along the axis, {(*steps.shape[:-1], count)} if that is the "
            f"last, not {state.shape}"
        )
    y = y + _lfilter(np.ones(1), feedback, _extended(state, n)[..., :n])
    left = _extended(state, n + count)[..., n : n + count]
    end: Any = _tail(inputs, steps, count) - _tail(feedback, y, count) + left
    return np.moveaxis(y, -1, axis), np.moveaxis(end, -1, axis)


def _extended(x: Any, n: int) -> Any:
    """Return `x` with zeros behind it, at least `n` elements along the last axis."""
    return np.concatenate([x, np.zeros((*x.shape[:-1], max(n - x.shape[-1], 0)), x.dtype)], -1)


def _tail(b: Any, x: Any, count: int) -> Any:
    """Return what coefficients would still make of a signal after its end."""
    n = x.shape[-1]
    followed = _lfilter(b, np.ones(1), np.concatenate([x, np.zeros((*x.shape[:-1], count), x.dtype)], -1))
    return followed[..., n:]


# Smoothing


_PADS: dict[str, Any] = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


def savgol_filter(
    x: TensorLike,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: Literal["interp", "mirror", "constant", "nearest", "wrap"] = "interp",
    cval: float = 0.0,
) -> Tensor:
    """Smooth a signal by polynomials fitted to windows (Savitzky-Golay), or take derivatives of them.

    Parameters
    ----------
    x
        The signal, of any shape.
    window_length, polyorder, deriv, delta, axis, mode, cval
        As in `scipy.signal.savgol_filter`; they are constants.

    Raises
    ------
    UnsupportedError
        If the window has an even length and `x` is a tensor.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import signal
    >>> grad(lambda x: signal.savgol_filter(x, 3, 1)[1])(np.array([1.0, 5.0, 3.0, 4.0])).round(3)
    array([0.333, 0.333, 0.333, 0.   ])
    """
    if is_plain(x):
        return signal.savgol_filter(x, window_length, polyorder, deriv, delta, axis, mode, cval)
    if mode not in ("interp", *_PADS):
        raise ValueError(f"savgol_filter takes the modes 'interp', {', '.join(map(repr, _PADS))}, not {mode!r}")
    if not window_length % 2:
        raise UnsupportedError(f"savgol_filter of a tensor takes a window of odd length, not {window_length}")
    moved: Any = np.moveaxis(float_operand(x), axis, -1)
    if mode == "interp" and window_length > moved.shape[-1]:
        raise ShapeError(
            f"savgol_filter(mode='interp') takes a window no longer than x, {moved.shape[-1]}: use another mode"
        )
    # What it makes of one window: of the first ones from its beginning, of the middle one, of the last ones to its end.
    fit = signal.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, delta, 0, "interp")
    fit, half = fit.astype(moved.dtype), window_length // 2
    if mode != "interp":
        given: dict[str, Any] = {"constant_values": cval} if mode == "constant" else {}
        moved = np.pad(moved, [(0, 0)] * (moved.ndim - 1) + [(half, half)], _PADS[mode], **given)
    y: Any = np.lib.stride_tricks.sliding_window_view(moved, window_length, -1) @ fit[half]
    if mode == "interp":
        first, last = moved[..., :window_length] @ fit[:half].T, moved[..., -window_length:] @ fit[half + 1 :].T
        y = np.concatenate([first, y, last], -1)
    return np.moveaxis(y, -1, axis)
