"""Cubic interpolations that find their slopes themselves: the spline, and what is monotone where the data is."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import interpolate

from autograd import DomainError, ShapeError
from autograd.extend import anywhere
from autograd.inside import TensorLike, unwrap

from ..common import double, is_plain
from ..linalg import solve, solve_banded
from .common import column, flat
from .piecewise import Extrapolation, PPoly

Akima: TypeAlias = Literal["akima", "makima"]
End: TypeAlias = "Literal['not-a-knot', 'clamped', 'natural'] | tuple[Literal[1, 2], TensorLike]"


def _ends(bc_type: Any, y: Any, axis: int) -> list[Any]:
    """Return what holds at both ends: "not-a-knot", "periodic", or the order and the value of a derivative."""
    if isinstance(bc_type, str):
        if bc_type == "periodic" and anywhere(~np.isclose(unwrap(y[0]), unwrap(y[-1]), rtol=1e-15, atol=1e-15)):
            raise DomainError(f"bc_type='periodic' takes the same value at both ends of axis {axis}")
        bc_type = (bc_type, bc_type)
    elif len(bc_type) != 2 or any(isinstance(end, str) and end == "periodic" for end in bc_type):
        raise ValueError("bc_type takes one condition for both ends, or two, neither of which is 'periodic'")
    found: list[Any] = []
    for end in bc_type:
        if isinstance(end, str):
            if end not in ("not-a-knot", "periodic", "clamped", "natural"):
                raise ValueError(f"bc_type takes 'not-a-knot', 'periodic', 'clamped' and 'natural', not {end!r}")
            order = {"clamped": 1, "natural": 2}.get(end)
            found.append(end if order is None else (order, np.zeros(y.shape[1:])))
            continue
        order, value = end
        value = double(value)
        if order not in (1, 2) or value.shape != y.shape[1:]:
            raise ShapeError(
                f"bc_type takes the order of a derivative, 1 or 2, and its value of shape {y.shape[1:]}, not order "
                f"{order} and shape {value.shape}"
            )
        found.append((int(order), value))
    return found


def _solved(bands: Any, sides: Any) -> Any:
    n = len(sides)
    return solve_banded((1, 1), bands, sides.reshape(n, -1), check_finite=False).reshape(sides.shape)


def _start(end: Any, dx: Any, dxr: Any, y: Any, slope: Any) -> tuple[Any, Any, Any]:
    """Return the equation at the first knot: the factors of the first two slopes, and the right-hand side."""
    if isinstance(end, str):
        d = dx[0] + dx[1]
        side = ((dxr[0] + 2 * d) * dxr[1] * slope[0] + dxr[0] ** 2 * slope[1]) / d
        return dx[1], d, side
    order, value = end
    if order == 1:
        return np.ones(1), np.zeros(1), value
    return 2 * dx[0], dx[0], -0.5 * value * dx[0] ** 2 + 3 * (y[1] - y[0])


def _slopes(x: Any, y: Any, ends: list[Any]) -> Any:
    """Return the slopes of the spline at the knots, as SciPy finds them."""
    n, ndim = len(x), y.ndim - 1
    dx = x[1:] - x[:-1]
    dxr = column(dx, ndim)
    slope = (y[1:] - y[:-1]) / dxr
    if n == 2:
        ends = [(1, slope[0]) if isinstance(end, str) else end for end in ends]
    if n == 3 and ends[0] == ends[1] == "periodic":
        mean = (slope / dxr).sum(0) / (1 / dxr).sum(0)
        return np.broadcast_to(mean, y.shape)
    if n == 3 and all(isinstance(end, str) for end in ends):
        one, none = np.ones(1), np.zeros(1)
        rows = [flat([one, one, none]), flat([dx[1], 2 * (dx[0] + dx[1]), dx[0]]), flat([none, one, one])]
        sides = np.stack([2 * slope[0], 3 * (dxr[0] * slope[1] + dxr[1] * slope[0]), 2 * slope[1]])
        return solve(np.stack(rows), sides.reshape(3, -1), check_finite=False).reshape(y.shape)
    inner = 3 * (dxr[1:] * slope[:-1] + dxr[:-1] * slope[1:])
    diagonal = 2 * (dx[:-1] + dx[1:])
    if isinstance(ends[0], str) and ends[0] == "periodic":
        return _periodic_slopes(dx, slope, inner, diagonal)
    first, second, side = _start(ends[0], dx, dxr, y, slope)
    # The last equation is the first one of the knots in the opposite order, whose slopes have the same signs.
    mirrored = ends[1] if isinstance(ends[1], str) or ends[1][0] == 1 else (2, -ends[1][1])
    last, before, other = _start(mirrored, dx[::-1], dxr[::-1], -y[::-1], slope[::-1])
    corner = np.zeros(1)
    bands = np.stack([
        flat([corner, second, dx[:-1]]), flat([first, diagonal, last]), flat([dx[1:], before, corner])
    ])  # fmt: skip
    sides = np.concatenate([side[None] + 0 * y[:1], inner, other[None] + 0 * y[:1]], 0)
    return _solved(bands, sides)


def _periodic_slopes(dx: Any, slope: Any, inner: Any, diagonal: Any) -> Any:
    """Solve for all slopes but the last two, which a cyclic system leaves, and then for these."""
    dxr = column(dx, slope.ndim - 1)
    first = 3 * (dxr[0] * slope[-1] + dxr[-1] * slope[0])
    last = 3 * (dxr[-1] * slope[-2] + dxr[-2] * slope[-1])
    corner = np.zeros(1)
    bands = np.stack([
        flat([corner, dx[-1], dx[:-3]]), flat([2 * (dx[-1] + dx[0]), diagonal[:-1]]), flat([dx[1:-1], corner])
    ])  # fmt: skip
    sides = np.concatenate([first[None], inner[:-1]], 0)
    zeros = 0 * sides[1:-1]
    further = np.concatenate([(0 * first - dx[0])[None], zeros, (0 * first - dx[-3])[None]], 0)
    s1, s2 = _solved(bands, sides), _solved(bands, further)
    end = (last - dx[-2] * s1[0] - dx[-1] * s1[-1]) / (2 * (dx[-1] + dx[-2]) + dx[-2] * s2[0] + dx[-1] * s2[-1])
    found = s1 + end * s2
    return np.concatenate([found, end[None], found[:1]], 0)


class CubicSpline(PPoly):
    """The cubic spline through values at knots: its second derivative is continuous.

    Parameters
    ----------
    x
        n knots, in increasing order. They have a gradient, as the values and the points of evaluation have.
    y
        The values, of any shape with n along `axis`.
    axis
        The axis of the knots.
    bc_type
        What holds at the ends: "not-a-knot", "periodic", "clamped" (slope 0), "natural" (second derivative 0), or for
        each end one of these or the order and the value of a derivative, which may be a tensor.
    extrapolate
        As in `PPoly`; by default "periodic" for a periodic spline.

    Raises
    ------
    DomainError
        If knots do not increase, or something is not finite.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> grad(lambda y: interpolate.CubicSpline(x, y)(1.5))(x**3)
    array([-0.0625,  0.5625,  0.5625, -0.0625])
    >>> round(float(grad(interpolate.CubicSpline(x, x**3))(1.5)), 6)
    6.75
    """

    def __init__(
        self,
        x: TensorLike,
        y: TensorLike,
        axis: int = 0,
        bc_type: Literal["not-a-knot", "periodic", "clamped", "natural"] | tuple[End, End] = "not-a-knot",
        extrapolate: Extrapolation = None,
    ) -> None:
        if is_plain(x, y, bc_type):
            self._take(interpolate.CubicSpline(x, y, axis, bc_type, extrapolate))
            return
        if extrapolate is None:
            extrapolate = "periodic" if isinstance(bc_type, str) and bc_type == "periodic" else True
        self._through(x, y, axis, lambda x, y: _slopes(x, y, _ends(bc_type, y, self.axis)), extrapolate)


def _edge(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """Return the slope at an end: of a parabola, but none against the data, and not too steep."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    against = np.sign(unwrap(d)) != np.sign(unwrap(m0))
    steep = (np.sign(unwrap(m0)) != np.sign(unwrap(m1))) & (np.abs(unwrap(d)) > 3 * np.abs(unwrap(m0)))
    return np.where(against, 0, np.where(steep, 3 * m0, d))


def _differences(name: str, x: Any, y: Any) -> tuple[Any, Any]:
    if y.dtype.kind == "c":
        raise DomainError(f"{name} takes real values: interpolate real and imaginary parts")
    h = column(x[1:] - x[:-1], y.ndim - 1)
    return h, (y[1:] - y[:-1]) / h


def _monotone_slopes(x: Any, y: Any) -> Any:
    h, m = _differences("PchipInterpolator", x, y)
    if len(x) == 2:
        return np.concatenate([m, m], 0)
    signs = np.sign(unwrap(m))
    turns = (signs[1:] != signs[:-1]) | np.equal(signs[1:], 0) | np.equal(signs[:-1], 0)
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    before, after = np.where(turns, 1, m[:-1]), np.where(turns, 1, m[1:])
    inner = np.where(turns, 0, (w1 + w2) / (w1 / before + w2 / after))
    first, last = _edge(h[0], h[1], m[0], m[1]), _edge(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]], 0)


class PchipInterpolator(PPoly):
    """Cubic polynomials through values at knots which rise and fall where the values do (Fritsch & Butland 1984).

    Parameters
    ----------
    x, y, axis, extrapolate
        As in `CubicSpline`. Where neighbouring differences of values are 0 or change their sign, the slope is 0, and
        stays so: its derivatives are 0 there.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> grad(lambda y: interpolate.PchipInterpolator(x, y)(0.5))(np.array([0.0, 1.0, 1.0]))
    array([ 0.3125,  0.75  , -0.0625])
    """

    def __init__(self, x: TensorLike, y: TensorLike, axis: int = 0, extrapolate: Extrapolation = None) -> None:
        if is_plain(x, y):
            self._take(interpolate.PchipInterpolator(x, y, axis, extrapolate))
            return
        self._through(x, y, axis, _monotone_slopes, True if extrapolate is None else extrapolate)


def _local_slopes(x: Any, y: Any, method: str) -> Any:
    _, m = _differences("Akima1DInterpolator", x, y)
    if len(x) == 2:
        return np.concatenate([m, m], 0)
    before, after = [3 * m[0] - 2 * m[1], 2 * m[0] - m[1]], [2 * m[-1] - m[-2], 3 * m[-1] - 2 * m[-2]]
    m = np.concatenate([np.stack(before), m, np.stack(after)], 0)
    apart, turns = np.abs(m[1:] - m[:-1]), np.abs(m[1:] + m[:-1]) / 2 * (method == "makima")
    left, right = apart[:-2] + turns[:-2], apart[2:] + turns[2:]
    known = np.greater(unwrap(left + right), 1e-9 * unwrap(left + right).max(initial=0))
    weighted = m[1:-2] + left / np.where(known, left + right, 1) * (m[2:-1] - m[1:-2])
    return np.where(known, weighted, (m[3:] + m[:-3]) / 2)


class Akima1DInterpolator(PPoly):
    """Cubic polynomials through values at knots, with slopes of the differences beside each (Akima 1970).

    Parameters
    ----------
    x, y, axis, extrapolate
        As in `CubicSpline`, but that beyond the knots the values are nan by default.
    method
        "akima", or "makima", which overshoots less where values are constant.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> grad(lambda y: interpolate.Akima1DInterpolator(x, y)(0.5))(np.array([0.0, 1.0, 4.0]))
    array([ 0.375,  0.75 , -0.125])
    """

    def __init__(
        self, x: TensorLike, y: TensorLike, axis: int = 0, *, method: Akima = "akima", extrapolate: Extrapolation = None
    ) -> None:
        if is_plain(x, y) or method not in ("akima", "makima"):
            self._take(interpolate.Akima1DInterpolator(x, y, axis, method=method, extrapolate=extrapolate))
            return
        self._through(x, y, axis, lambda knots, values: _local_slopes(knots, values, method), extrapolate)
