"""`interp1d`: interpolation of one variable by steps, lines and splines."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import interpolate

from autograd import DomainError, ShapeError, Tensor, UnsupportedError
from autograd.extend import anywhere
from autograd.inside import TensorLike, selected, unwrap

from ..common import double, is_plain
from ..sparse import linalg, matmul
from .common import beyond, column, knots_and_values, placed, require_increasing
from .piecewise import PPoly

Kind: TypeAlias = (
    Literal["linear", "nearest", "nearest-up", "zero", "slinear", "quadratic", "cubic", "previous", "next"] | int
)
Fill: TypeAlias = "TensorLike | tuple[TensorLike, TensorLike] | Literal['extrapolate']"

_ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


def spline(x: np.ndarray[Any, Any] | Tensor, y: np.ndarray[Any, Any] | Tensor, k: int) -> PPoly:
    """Return the spline of order k through values, which SciPy has as coefficients of B-splines, by its polynomials.

    The coefficients solve a system of equations. Their differences are those of the derivatives, which at the
    breakpoints are the coefficients of the polynomials.
    """
    if isinstance(x, Tensor) and x.requires_grad:
        raise UnsupportedError(
            "interp1d has no derivative here with respect to the knots of a spline: detach() them, or use CubicSpline"
        )
    knots = np.asarray(unwrap(x))
    t = interpolate.make_interp_spline(knots, np.zeros(len(knots)), k).t
    trailing, y = y.shape[1:], y.reshape(len(knots), -1)
    c = linalg.spsolve(interpolate.BSpline.design_matrix(knots, t, k).tocsc(), y).reshape(y.shape) if k else y
    breaks = np.unique(t[k : len(t) - k])
    parts = []
    for order in range(k, -1, -1):
        at = interpolate.BSpline.design_matrix(breaks[:-1], t, order)
        parts.append(matmul(at, c) / math.factorial(k - order))
        if order:
            widths = t[order + 1 : -1] - t[1 : -order - 1]
            c, t = order * (c[1:] - c[:-1]) / widths[:, None], t[1:-1]
    c = np.stack(parts[::-1])
    return PPoly(c.reshape(c.shape[:2] + trailing), breaks)


class interp1d:  # noqa: N801 - SciPy's name
    """Interpolate values at knots by steps, lines or splines, as `scipy.interpolate.interp1d` does.

    Parameters
    ----------
    x
        n knots.
    y
        The values, of any shape with n along `axis`. Values, points of evaluation and, but for splines, knots have
        gradients.
    kind
        "linear"; "nearest", "nearest-up", "previous" and "next" for steps; "zero", "slinear", "quadratic", "cubic" or
        an integer for splines of that order.
    axis
        The axis of the knots.
    copy
        What is given to SciPy.
    bounds_error
        Raise for points beyond the knots: by default, unless `fill_value` is "extrapolate".
    fill_value
        The value beyond the knots, or a tuple of one below and one above them, or "extrapolate".
    assume_sorted
        Whether the knots are in increasing order; if not, they are sorted.

    Raises
    ------
    DomainError
        If a point of evaluation is beyond the knots.
    UnsupportedError
        If the knots of a spline require a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])
    >>> grad(lambda y: interpolate.interp1d(x, y)(1.25))(y)
    array([0.  , 0.75, 0.25])
    """

    def __init__(
        self,
        x: TensorLike,
        y: TensorLike,
        kind: Kind = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: bool | None = None,
        fill_value: Fill = math.nan,
        assume_sorted: bool = False,
    ) -> None:
        if not isinstance(kind, int) and kind not in ("linear", "nearest", "nearest-up", "previous", "next", *_ORDERS):
            raise NotImplementedError(f"interp1d has no kind {kind!r}")
        extrapolates = isinstance(fill_value, str) and fill_value == "extrapolate"
        if extrapolates and bounds_error:
            raise ValueError("interp1d cannot extrapolate and raise beyond the knots: omit one of the two")
        self._scipys: Any = None
        if is_plain(x, y, fill_value):
            self._scipys = interpolate.interp1d(x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted)
        self.bounds_error = not extrapolates if bounds_error is None else bounds_error
        self.fill_value = fill_value
        order = _ORDERS.get(kind) if isinstance(kind, str) else kind
        knots, values, self.axis = knots_and_values("interp1d", x, y, axis, 1 if order is None else order + 1)
        if not assume_sorted:
            places = np.argsort(unwrap(knots), kind="stable")
            knots, values = selected(knots, places), selected(values, places)
        self.x, self.y, self._kind = knots, values, kind
        self._pieces: PPoly | None = None
        if order is not None:
            require_increasing("interp1d", knots, values)
            self._pieces = spline(knots, values, order)

    def __call__(self, x: TensorLike) -> Tensor:
        """Evaluate at points of any shape, which stands in the place of the axis of the knots."""
        if self._scipys is not None and is_plain(x):
            return self._scipys(x)
        points, ndim = double(x), self.y.ndim - 1
        below, above = beyond(points, self.x)
        if self.bounds_error and anywhere(below | above):
            raise DomainError(
                f"interp1d: points beyond the knots, from {unwrap(self.x)[0]} to {unwrap(self.x)[-1]}: give a "
                f"fill_value and bounds_error=False, or fill_value='extrapolate'"
            )
        y = self._evaluated(points)
        if isinstance(self.fill_value, str):
            if self._kind in ("previous", "next"):
                y = np.where(column(below if self._kind == "previous" else above, ndim), np.nan, y)
        else:
            pair = self.fill_value if isinstance(self.fill_value, tuple) else (self.fill_value, self.fill_value)
            if len(pair) != 2:
                raise ShapeError(f"interp1d takes one fill_value or a tuple of two, not {len(pair)}")
            y = np.where(column(below, ndim), double(pair[0]), np.where(column(above, ndim), double(pair[1]), y))
        return placed(y, points.ndim, self.axis)

    def _evaluated(self, points: Any) -> Any:
        if self._pieces is not None:
            found: Any = self._pieces(points)
            if len(self._pieces.c) > 1:
                return found
            ends = np.greater_equal(unwrap(points), unwrap(self.x)[-1])  # a step at the last knot
            return np.where(column(ends, self.y.ndim - 1), self.y[-1], found)
        knots, values, last = unwrap(self.x), unwrap(points), len(self.x) - 1
        if self._kind == "linear":
            i = np.clip(np.searchsorted(knots, values), 1, last)
            low, high = selected(self.x, i - 1), selected(self.x, i)
            before, after, ndim = selected(self.y, i - 1), selected(self.y, i), self.y.ndim - 1
            return before + (after - before) / column(high - low, ndim) * column(points - low, ndim)
        if self._kind in ("nearest", "nearest-up"):
            middles = knots[1:] / 2 + knots[:-1] / 2
            i = np.searchsorted(middles, values, "left" if self._kind == "nearest" else "right")
        elif self._kind == "previous":
            i = np.searchsorted(knots, values, "right") - 1
        else:
            i = np.searchsorted(knots, values, "left")
        found = selected(self.y, np.clip(i, 0, last))
        return np.where(column(np.isnan(values), self.y.ndim - 1), np.nan, found + column(0 * points, self.y.ndim - 1))
