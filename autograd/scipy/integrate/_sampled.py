"""Integrals of samples: `trapezoid`, `simpson` and their cumulative forms."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate

from autograd import ShapeError, Tensor
from autograd.extend import anywhere
from autograd.inside import TensorLike, unwrap

from ..common import double, is_plain


def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: TensorLike = 1.0, axis: int = -1) -> Tensor:
    """Return the integral of samples along an axis by the trapezoidal rule, differentiated by `y`, `x` and `dx`.

    Parameters
    ----------
    y
        Samples.
    x
        Where they are: of the shape of y, or a vector along `axis`.
    dx
        How far apart they are, without x.
    axis
        The axis to integrate along.

    Examples
    --------
    >>> from autograd.scipy.integrate import trapezoid
    >>> trapezoid([1.0, 2.0, 4.0], dx=0.5)
    np.float64(2.25)
    """
    if is_plain(y, x, dx):
        return integrate.trapezoid(y, x, dx, axis)
    samples, widths = _samples(y, x, dx, axis)
    return _rounded(np.sum(0.5 * widths * (samples[..., 1:] + samples[..., :-1]), axis=-1), y, x, dx)


def cumulative_trapezoid(
    y: TensorLike, x: TensorLike | None = None, dx: TensorLike = 1.0, axis: int = -1, initial: float | None = None
) -> Tensor:
    """Return the integrals of samples up to each, by the trapezoidal rule, differentiated by `y`, `x` and `dx`.

    Parameters
    ----------
    y, x, dx, axis
        As for `trapezoid`.
    initial
        None, or 0 for a result that begins with 0 and so has the shape of y.

    Examples
    --------
    >>> from autograd.scipy.integrate import cumulative_trapezoid
    >>> cumulative_trapezoid([1.0, 2.0, 4.0], initial=0)
    array([0. , 1.5, 4.5])
    """
    if is_plain(y, x, dx, initial):
        return integrate.cumulative_trapezoid(y, x, dx, axis, initial)
    if initial not in (None, 0):
        raise ValueError(f"cumulative_trapezoid() takes initial=None or 0, not {initial!r}")
    samples, widths = _samples(y, x, dx, axis)
    found = np.cumsum(0.5 * widths * (samples[..., 1:] + samples[..., :-1]), axis=-1)
    return np.moveaxis(_rounded(_begun(found, initial), y, x, dx), -1, axis)


def simpson(y: TensorLike, x: TensorLike | None = None, *, dx: TensorLike = 1.0, axis: int = -1) -> Tensor:
    """Return the integral of samples along an axis by Simpson's rule, differentiated by `y`, `x` and `dx`.

    For an even number of samples the last interval is integrated under the parabola through the last three samples.

    Parameters
    ----------
    y, x, dx, axis
        As for `trapezoid`.

    References
    ----------
    Cartwright, "Simpson's rule cumulative integration with MS Excel and irregularly-spaced data", Journal of
    Mathematical Sciences and Mathematics Education 12 (2017).

    Examples
    --------
    >>> from autograd.scipy.integrate import simpson
    >>> round(float(simpson([0.0, 1.0, 4.0, 9.0])), 6)
    9.0
    """
    if is_plain(y, x, dx):
        return integrate.simpson(y, x=x, dx=dx, axis=axis)
    samples, widths = _samples(y, x, dx, axis)
    count = samples.shape[-1]
    if count < 3:
        return trapezoid(y, x, dx, axis)
    _require_intervals(widths)
    odd = count if count % 2 else count - 1
    left, right = widths[..., 0 : odd - 1 : 2], widths[..., 1 : odd - 1 : 2]
    parts = [samples[..., i : odd - 2 + i : 2] for i in range(3)]
    found = np.sum(_parabola(parts, left, right), axis=-1)
    if odd < count:  # the last interval of a parabola is the first one of it backward
        last = [samples[..., -1], samples[..., -2], samples[..., -3]]
        found = found + _first_part(last, widths[..., -1], widths[..., -2])
    return _rounded(found, y, x, dx)


def cumulative_simpson(
    y: TensorLike,
    *,
    x: TensorLike | None = None,
    dx: TensorLike = 1.0,
    axis: int = -1,
    initial: TensorLike | None = None,
) -> Tensor:
    """Return the integrals of samples up to each, by Simpson's rule, differentiated by `y`, `x`, `dx` and `initial`.

    Each interval is integrated under the parabola through its ends and the next sample; every second one, and the
    last, with the sample before.

    Parameters
    ----------
    y, x, dx, axis
        As for `trapezoid`.
    initial
        None, or what the result begins with and what is added to all of it.

    References
    ----------
    As for `simpson`.

    Examples
    --------
    >>> from autograd.scipy.integrate import cumulative_simpson
    >>> cumulative_simpson([0.0, 1.0, 4.0, 9.0], initial=0).round(4)
    array([0.    , 0.3333, 2.6667, 9.    ])
    """
    if is_plain(y, x, dx, initial):
        return integrate.cumulative_simpson(y, x=x, dx=dx, axis=axis, initial=initial)
    samples, widths = _samples(y, x, dx, axis)
    count = samples.shape[-1]
    if count < 3:
        found: Any = np.cumsum(0.5 * widths * (samples[..., 1:] + samples[..., :-1]), axis=-1)
    else:
        _require_intervals(widths)
        triples = [samples[..., i : count - 2 + i] for i in range(3)]
        before, after = widths[..., :-1], widths[..., 1:]
        forward = _first_part(triples, before, after)  # of intervals 0, 1, ..., with the next sample
        backward = _first_part(triples[::-1], after, before)  # of intervals 1, 2, ..., with the sample before
        none = np.zeros((*forward.shape[:-1], 1))
        even = np.arange(count - 1) % 2 == 0
        even[-1] = False
        forward, backward = np.concatenate([forward, none], axis=-1), np.concatenate([none, backward], axis=-1)
        found = np.cumsum(np.where(even, forward, backward), axis=-1)
    if initial is not None:
        begin = np.moveaxis(double(initial), axis, -1) if np.ndim(initial) else double(initial)
        found = _begun(found, 0) + begin
    return np.moveaxis(found, -1, axis)


def _parabola(y: list[Any], left: Any, right: Any) -> Any:
    """Return the integral over two intervals of the parabola through three samples."""
    total, ratio = left + right, left / right
    return total / 6 * (y[0] * (2 - 1 / ratio) + y[1] * total * total / (left * right) + y[2] * (2 - ratio))


def _first_part(y: list[Any], first: Any, second: Any) -> Any:
    """Return the integral over the first of two intervals of the parabola through three samples."""
    part = first / (first + second)
    far = part * first / second
    return first / 6 * (y[0] * (3 - part) + y[1] * (3 + far + part) - y[2] * far)


def _samples(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """Return samples with the axis last, and the widths of the intervals between them."""
    samples = np.moveaxis(double(y), axis, -1)
    if x is None:
        widths = double(dx)
        if widths.ndim > 0 and widths.ndim == samples.ndim:
            widths = np.moveaxis(widths, axis, -1)
        return samples, widths * np.ones(samples.shape[-1] - 1)
    places = double(x)
    if places.ndim == samples.ndim:
        places = np.moveaxis(places, axis, -1)
    if places.shape[-1] != samples.shape[-1]:
        raise ShapeError(f"x has {places.shape[-1]} places for the {samples.shape[-1]} samples along axis {axis} of y")
    return samples, places[..., 1:] - places[..., :-1]


def _require_intervals(widths: Any) -> None:
    """Raise if the samples that a parabola goes through are not at three places."""
    if anywhere(unwrap(widths) == 0):
        raise ValueError("x has a place twice: no interval may have the length 0")


def _rounded(found: Any, *given: Any) -> Any:
    """Return an integral in the precision of what it is of, as SciPy does."""
    kinds = [v if isinstance(v, int | float) else getattr(v, "dtype", np.dtype(float)) for v in given if v is not None]
    dtype = np.result_type(*kinds)
    return found.astype(dtype) if dtype.kind in "fc" and dtype != found.dtype else found


def _begun(found: Any, initial: Any) -> Any:
    """Return cumulative integrals that begin with 0, if asked for."""
    return found if initial is None else np.concatenate([np.zeros((*found.shape[:-1], 1)), found], axis=-1)
