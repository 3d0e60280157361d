"""Piecewise polynomials: evaluated, differentiated and integrated with respect to coefficients, breakpoints, points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from scipy import interpolate

from autograd import DomainError, ShapeError, Tensor
from autograd.extend import anywhere
from autograd.inside import ArrayOrTensor, TensorLike, selected, unwrap

from ..common import double, is_plain
from .common import beyond, column, intervals_of, knots_and_values, placed, require_increasing

Extrapolation: TypeAlias = bool | Literal["periodic"] | None


def horner(c: np.ndarray[Any, Any] | Tensor, t: np.ndarray[Any, Any] | Tensor) -> Any:
    """Return polynomials at `t`, of coefficients of which those of the highest power are the first."""
    y = c[0] + 0 * t
    for coefficients in c[1:]:
        y = y * t + coefficients
    return y


class PPoly:
    """A piecewise polynomial: between ``x[i]`` and ``x[i + 1]``, the sum of ``c[m, i] * (t - x[i]) ** (k - m)``.

    Parameters
    ----------
    c
        The coefficients of k + 1 powers, of shape (k + 1, n, ...).
    x
        The n + 1 breakpoints, in increasing order. Coefficients, breakpoints and the points of evaluation have
        gradients; on a breakpoint that is the one on its right.
    extrapolate
        Whether to continue the first and last polynomials beyond the breakpoints (the default), to return nan there, or
        to repeat all ("periodic").
    axis
        The axis of the coefficients in the results.

    Attributes
    ----------
    c, x, axis, extrapolate
        The same, the axes of powers and intervals first.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> square = interpolate.PPoly(np.array([[1.0], [0.0], [0.0]]), np.array([0.0, 1.0]))
    >>> float(grad(square)(0.5)), round(float(square.integrate(0, 1)), 6)
    (1.0, 0.333333)
    """

    def __init__(self, c: TensorLike, x: TensorLike, extrapolate: Extrapolation = None, axis: int = 0) -> None:
        if is_plain(c, x):
            self._take(interpolate.PPoly(c, x, extrapolate, axis))
            return
        given, breaks = double(c), double(x)
        self.axis = range(max(given.ndim - 1, 1))[axis]
        moved: Any = np.moveaxis(given, (self.axis, self.axis + 1), (0, 1)) if given.ndim > 1 else given
        if given.ndim < 2 or breaks.ndim != 1 or moved.shape[1] != len(breaks) - 1 or not moved.shape[0]:
            raise ShapeError(
                f"PPoly takes coefficients (k + 1, n, ...) and n + 1 breakpoints, not shapes {given.shape} and "
                f"{breaks.shape}"
            )
        require_increasing("PPoly", breaks)
        self._set(moved, breaks, True if extrapolate is None else extrapolate)

    def _set(self, c: Any, x: Any, extrapolate: Extrapolation) -> None:
        self.c, self.x = c, x
        self.extrapolate = extrapolate if extrapolate == "periodic" else bool(extrapolate)

    def _take(self, made: Any) -> None:
        """Be what SciPy made of arrays."""
        self.axis = made.axis
        self._set(made.c, made.x, made.extrapolate)

    def _through(
        self, x: Any, y: Any, axis: int, slopes: Callable[[Any, Any], Any], extrapolate: Extrapolation
    ) -> None:
        """Be the cubic polynomials through values, with the slopes that a function of knots and values returns."""
        name = type(self).__name__
        knots, values, self.axis = knots_and_values(name, x, y, axis)
        require_increasing(name, knots, values)
        found = slopes(knots, values)
        if found.shape != values.shape:
            raise ShapeError(f"{name} takes as many slopes as values, not shapes {values.shape} and {found.shape}")
        require_increasing(name, knots, found)
        self._set(hermite_coefficients(knots, values, found), knots, extrapolate)

    def _like(self, c: Any, extrapolate: Extrapolation) -> PPoly:
        return PPoly.construct_fast(c, self.x, extrapolate, self.axis)

    def _scipys(self, c: Any, x: Any) -> Any:
        return interpolate.PPoly.construct_fast(np.ascontiguousarray(c), x, self.extrapolate, self.axis)

    @classmethod
    def construct_fast(cls, c: TensorLike, x: TensorLike, extrapolate: Extrapolation = None, axis: int = 0) -> Self:
        """Make an object without checks, of coefficients whose axes of powers and intervals are the first."""
        made = object.__new__(cls)
        made.axis = axis
        made._set(c, x, True if extrapolate is None else extrapolate)
        return made

    @classmethod
    def from_spline(cls, tck: Any, extrapolate: Extrapolation = None) -> Self:
        """Make the polynomials of a spline of arrays: of a BSpline, or of knots, coefficients and the degree."""
        made = interpolate.PPoly.from_spline(tck, extrapolate)
        return cls.construct_fast(made.c, made.x, made.extrapolate, made.axis)

    def __call__(self, x: TensorLike, nu: int = 0, extrapolate: Extrapolation = None) -> Tensor:
        """Evaluate the polynomials, or their derivative of order `nu`.

        Parameters
        ----------
        x
            Points, of any shape; it stands in the place of the axis of the coefficients.
        nu
            The order of the derivative.
        extrapolate
            What to do beyond the breakpoints, if not what the object was made with.
        """
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        if is_plain(x, self.c, self.x):
            return self._scipys(self.c, self.x)(x, nu, extrapolate)
        if nu < 0:
            raise ValueError(f"the order of a derivative is not negative, as {nu} is: call antiderivative({-nu})")
        if nu:
            return self.derivative(nu)(x, 0, extrapolate)
        points, knots, ndim = double(x), self.x, self.c.ndim - 2
        if extrapolate == "periodic":
            points = knots[0] + np.remainder(points - knots[0], knots[-1] - knots[0])
        i = intervals_of(knots, points)
        t = column(points - selected(knots, i), ndim)
        y = horner(selected(self.c, (slice(None), i)), t)
        if not extrapolate:
            below, above = beyond(points, knots)
            y = np.where(column(below | above, ndim), np.nan, y)
        return placed(y, points.ndim, self.axis)

    def derivative(self, nu: int = 1) -> PPoly:
        """Return the derivative of order `nu`, or if it is negative, the antiderivative."""
        if nu < 0:
            return self.antiderivative(-nu)
        k = len(self.c) - 1
        if nu > k:
            return self._like(self.c[:1] * 0, self.extrapolate)
        factors = np.array([math.perm(power, nu) for power in range(k, nu - 1, -1)], float)
        return self._like(self.c[: k + 1 - nu] * column(factors, self.c.ndim - 1), self.extrapolate)

    def antiderivative(self, nu: int = 1) -> PPoly:
        """Return the antiderivative of order `nu`, which is continuous, and 0 at the first breakpoint."""
        if nu <= 0:
            return self.derivative(-nu)
        k = len(self.c) - 1
        c = self.c / column(np.arange(k + 1.0, 0, -1), self.c.ndim - 1)
        width = column(self.x[1:] - self.x[:-1], self.c.ndim - 2)
        before = np.cumsum(horner(c, width) * width, 0)
        constants = np.concatenate([before[:1] * 0, before[:-1]], 0)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self._like(np.concatenate([c, constants[None]], 0), extrapolate).antiderivative(nu - 1)

    def integrate(self, a: TensorLike, b: TensorLike, extrapolate: Extrapolation = None) -> Tensor:
        """Return the integral from `a` to `b`, two numbers, which have gradients as well."""
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        a, b = double(a), double(b)
        whole = self.antiderivative()
        if extrapolate != "periodic":
            return whole(b, 0, extrapolate) - whole(a, 0, extrapolate)
        start, period = self.x[0], self.x[-1] - self.x[0]
        once = whole(self.x[-1], 0, True)

        def up_to(t: Any) -> Any:
            periods = np.floor((unwrap(t) - unwrap(start)) / unwrap(period))
            return once * periods + whole(t - periods * period, 0, True)

        return up_to(b) - up_to(a)

    def extend(self, c: TensorLike, x: TensorLike) -> None:
        """Add polynomials before the first breakpoint or behind the last.

        Parameters
        ----------
        c
            Coefficients of shape (k + 1, m, ...); there may be more or fewer powers than there are.
        x
            m breakpoints in increasing order, all on one side of those that are there.
        """
        more, breaks = double(c), double(x)
        if more.ndim != self.c.ndim or more.shape[1:] != (*breaks.shape, *self.c.shape[2:]):
            raise ShapeError(
                f"extend takes coefficients (k + 1, m, ...) and m breakpoints, not shapes {more.shape} and "
                f"{breaks.shape}, beside coefficients of shape {self.c.shape}"
            )
        if not more.size:
            return
        behind = not anywhere(np.less(unwrap(breaks)[0], unwrap(self.x)[-1]))
        (low, high), knots = ((self.c, more), (self.x, breaks)) if behind else ((more, self.c), (breaks, self.x))
        x = np.concatenate(knots)
        require_increasing("PPoly.extend", x)
        k = max(len(low), len(high))
        raised = [np.concatenate([np.zeros((k - len(part), *part.shape[1:])), part]) for part in (low, high)]
        self.c, self.x = np.concatenate(raised, 1), x

    def roots(self, discontinuity: bool = True, extrapolate: Extrapolation = None) -> Tensor:
        """Return the points at which the polynomials are 0. Arguments and errors are those of `solve`."""
        return self.solve(0.0, discontinuity, extrapolate)

    def solve(self, y: TensorLike = 0.0, discontinuity: bool = True, extrapolate: Extrapolation = None) -> Tensor:
        """Return the points at which the polynomials are `y`, in increasing order.

        Parameters
        ----------
        y
            A number.
        discontinuity
            Whether to return breakpoints at which the polynomials jump over `y`.
        extrapolate
            Whether to return points beyond the breakpoints, if not what the object was made with.

        Raises
        ------
        DomainError
            If a point has no derivative, of tensors alone: the slope there is 0, or the polynomials jump over `y`.
        """
        if is_plain(y, self.c, self.x):
            return self._scipys(self.c, self.x).solve(y, discontinuity, extrapolate)
        if self.c.ndim > 2:
            raise ShapeError(f"solve takes the polynomials of one curve, not coefficients of shape {self.c.shape}")
        x = unwrap(self.x)
        points: Any = self._scipys(unwrap(self.c), x).solve(unwrap(y), discontinuity, extrapolate)
        found = points
        with np.errstate(divide="ignore", invalid="ignore"):
            for _ in range(2):  # steps of Newton's method stay where they are, and have the points' first derivatives
                found = found - (self(found, 0, True) - y) / self(found, 1, True)
        stays = np.less_equal(np.abs(unwrap(found) - points), 1e-6 * (x[-1] - x[0]))
        if anywhere(~stays):
            raise DomainError(
                f"the point {points[~stays][0]:.6g}, at which the polynomials are {unwrap(y):.6g}, has no derivative: "
                f"their slope there is 0, or they jump, which discontinuity=False leaves out"
            )
        return found


def hermite_coefficients(x: ArrayOrTensor, y: ArrayOrTensor, slopes: ArrayOrTensor) -> Any:
    """Return the coefficients of the cubic polynomials with these values and slopes at both ends of each interval."""
    dx = column(x[1:] - x[:-1], y.ndim - 1)
    slope = (y[1:] - y[:-1]) / dx
    t = (slopes[:-1] + slopes[1:] - 2 * slope) / dx
    return np.stack([t / dx, (slope - slopes[:-1]) / dx - t, slopes[:-1], y[:-1]])


class CubicHermiteSpline(PPoly):
    """Cubic polynomials between knots, with given values and slopes there.

    Parameters
    ----------
    x
        n knots, in increasing order.
    y, dydx
        The values and slopes, arrays of one shape with n along `axis`.
    axis
        The axis of the knots.
    extrapolate
        As in `PPoly`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import interpolate
    >>> x, y = np.array([0.0, 1.0]), np.array([0.0, 0.0])
    >>> grad(lambda slopes: interpolate.CubicHermiteSpline(x, y, slopes)(0.5))(np.array([1.0, 0.0]))
    array([ 0.125, -0.125])
    """

    def __init__(
        self, x: TensorLike, y: TensorLike, dydx: TensorLike, axis: int = 0, extrapolate: Extrapolation = None
    ) -> None:
        if is_plain(x, y, dydx):
            self._take(interpolate.CubicHermiteSpline(x, y, dydx, axis, extrapolate))
            return
        extrapolate = True if extrapolate is None else extrapolate
        self._through(x, y, axis, lambda knots, values: np.moveaxis(double(dydx), self.axis, 0), extrapolate)
