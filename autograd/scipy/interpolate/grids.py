"""`RegularGridInterpolator`: interpolation of several variables between the points of a grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from scipy import interpolate

from autograd import DomainError, ShapeError, Tensor
from autograd.extend import anywhere
from autograd.inside import TensorLike, selected, unwrap

from ..common import double, float_operand, is_plain
from .common import beyond, column, intervals_of
from .lines import spline
from .piecewise import horner
from .splines import PchipInterpolator

Method = Literal["linear", "nearest", "slinear", "cubic", "quintic", "pchip"]
_ORDERS = {"slinear": 1, "cubic": 3, "quintic": 5}


class RegularGridInterpolator:
    """Interpolate values on a grid, whose lines may have any distances.

    Parameters
    ----------
    points
        For each of d axes, its m knots, all increasing or all decreasing.
    values
        The values, of shape (m1, ..., md, ...). Values, points and, but for splines, knots have gradients.
    method
        "linear" or "nearest"; "slinear", "cubic" and "quintic" for splines, or "pchip", along one axis after the other.
    bounds_error
        Raise for points outside of the grid.
    fill_value
        The value outside of the grid if `bounds_error` is False; None to extrapolate.
    solver, solver_args
        What is given to SciPy, for splines of arrays.

    Raises
    ------
    DomainError
        If knots are not in order, or a point of evaluation is outside of the grid.
    UnsupportedError
        If the knots of splines require a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x, y = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    >>> plane = interpolate.RegularGridInterpolator((x, y), np.array([[0.0, 4.0], [1.0, 5.0]]))
    >>> grad(lambda p: plane(p)[0])(np.array([0.5, 0.5]))
    array([1., 2.])
    """

    def __init__(
        self,
        points: Sequence[TensorLike],
        values: TensorLike,
        method: Method = "linear",
        bounds_error: bool = True,
        fill_value: TensorLike | None = math.nan,
        *,
        solver: Any = None,
        solver_args: dict[str, Any] | None = None,
    ) -> None:
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value
        self._scipys: Any = None
        if is_plain(list(points), values, fill_value):
            further = {} if solver is None else {"solver": solver, "solver_args": solver_args}
            self._scipys = interpolate.RegularGridInterpolator(
                points, values, method, bounds_error, fill_value, **further
            )
        grid: list[Any] = [double(knots) for knots in points]
        filled: Any = float_operand(values)
        if len(grid) > filled.ndim or any(
            knots.ndim != 1 or len(knots) != n for knots, n in zip(grid, filled.shape, strict=False)
        ):
            raise ShapeError(
                f"RegularGridInterpolator takes a vector of knots for each of the first axes of the values, not shapes "
                f"{[knots.shape for knots in grid]} and {filled.shape}"
            )
        for axis, knots in enumerate(grid):
            steps = np.diff(unwrap(knots))
            if not anywhere(steps >= 0):
                grid[axis], filled = knots[::-1], np.flip(filled, axis)
            elif anywhere(steps <= 0):
                raise DomainError(
                    f"RegularGridInterpolator takes knots in strict order, which those of axis {axis} are not"
                )
        self.grid: tuple[Any, ...] = tuple(grid)
        self.values: Any = filled

    def __call__(
        self,
        xi: TensorLike | tuple[TensorLike, ...],
        method: Method | None = None,
        *,
        nu: Sequence[int] | None = None,
    ) -> Tensor:
        """Evaluate at points.

        Parameters
        ----------
        xi
            Points of shape (..., d), or a tuple of d arrays that broadcast.
        method
            Another method than that of the object.
        nu
            The order of the derivative along each axis, of splines.
        """
        if self._scipys is not None and is_plain(xi):
            return self._scipys(xi, method, nu=nu)
        method = method or self.method
        if method not in (*_ORDERS, "pchip", "linear", "nearest"):
            raise ValueError(f"RegularGridInterpolator has no method {method!r}")
        if nu is not None and method not in _ORDERS:
            raise ValueError(f"nu={nu} is for methods of splines: differentiate {method!r} by autograd.jacobian")
        points: Any = double(xi) if not isinstance(xi, tuple) else np.stack(np.broadcast_arrays(*map(double, xi)), -1)
        d = len(self.grid)
        points = points[:, None] if d == 1 and points.ndim == 1 else points
        if not points.ndim or points.shape[-1] != d:
            raise ShapeError(
                f"RegularGridInterpolator of {d} axes takes points of shape (..., {d}), not {points.shape}"
            )
        points = points[None] if points.ndim == 1 else points
        ndim = self.values.ndim - d
        outside: Any = False
        for axis, knots in enumerate(self.grid):
            below, above = beyond(points[..., axis], knots)
            if self.bounds_error and anywhere(below | above):
                raise DomainError(
                    f"RegularGridInterpolator: a point is outside of the grid along axis {axis}: give "
                    f"bounds_error=False, and fill_value=None to extrapolate"
                )
            outside = outside | below | above
        along = method in ("linear", "nearest")
        found = self._between(points, method, ndim) if along else self._by_axes(points, method, nu or (0,) * d)
        if not self.bounds_error and self.fill_value is not None:
            return np.where(column(outside, ndim), double(self.fill_value), found)
        return found

    def _by_axes(self, points: Any, method: str, nu: Sequence[int]) -> Any:
        """Return values between curves along the last axis, between curves through these along the one before, ..."""
        flat = points.reshape(-1, len(self.grid))
        place = np.arange(len(flat))
        found: Any = self.values
        for axis in reversed(range(len(self.grid))):
            knots, x = self.grid[axis], flat[:, axis]
            # the axis of the knots first, behind it that of the points, which the first curves have alike
            found = (
                np.moveaxis(found, axis, 0)[:, None] if axis == len(self.grid) - 1 else np.moveaxis(found, axis + 1, 0)
            )
            k = _ORDERS.get(method)
            pieces = (PchipInterpolator(knots, found) if k is None else spline(knots, found, k)).derivative(nu[axis])
            i, ndim = intervals_of(pieces.x, x), found.ndim - 2
            c = selected(pieces.c, (slice(None), i, place if pieces.c.shape[2] > 1 else 0 * i))
            found = horner(c, column(x - selected(pieces.x, i), ndim))
        return found.reshape(points.shape[:-1] + found.shape[1:])

    def _between(self, points: Any, method: str, ndim: int) -> Any:
        places, weights = [], []
        for axis, knots in enumerate(self.grid):
            x = points[..., axis]
            if len(knots) == 1:
                i, t = np.zeros(x.shape, int), 0 * x
                places.append((i, i))
            else:
                i = intervals_of(knots, x)
                low = selected(knots, i)
                t = (x - low) / (selected(knots, i + 1) - low)
                places.append((i, i + 1))
            weights.append((1 - t, t))
        if method == "nearest":
            key = tuple(
                np.where(np.less_equal(unwrap(t), 0.5), i, j) for (i, j), (_, t) in zip(places, weights, strict=True)
            )
            return selected(self.values, key) + column(0 * points.sum(-1), ndim)
        total: Any = 0
        for corner in itertools.product((0, 1), repeat=len(places)):
            key = tuple(pair[side] for pair, side in zip(places, corner, strict=True))
            weight = math.prod([pair[side] for pair, side in zip(weights, corner, strict=True)], start=np.float64(1))
            total = total + selected(self.values, key) * column(weight, ndim)
        return total
