"""Minima under constraints: which of them hold, and the equations of Karush, Kuhn and Tucker."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

from autograd import DerivativeError, UnsupportedError, grad, hessian, jacobian, no_grad
from autograd.inside import TensorLike, unwrap

from .._slopes import sparse_slopes
from .._watched import listed
from ._implicit import NEAR, plain

Function = Callable[..., "TensorLike"]
WEAK = 1e-6  # how far, relative to 1 + x, x would go beyond a constraint that does not hold it


class Limit(NamedTuple):
    """A constraint: a vector that has to lie between limits."""

    name: str
    function: Callable[[Any], Any]
    low: Any
    high: Any


def _all_of(constraints: Any) -> list[Any]:
    return list(constraints) if isinstance(constraints, list | tuple) else [constraints]


def limits_of(constraints: Any) -> list[Limit]:
    """Return SciPy's constraints, of whichever kind, as vectors between limits."""
    found = []
    for i, each in enumerate(_all_of(constraints)):
        low, high = (0.0, np.inf) if isinstance(each, dict) else (each.lb, each.ub)
        high = low if isinstance(each, dict) and each["type"].lower() == "eq" else high
        found.append(Limit(f"constraints[{i}]", _vector_of(each), low, high))
    return found


def _vector_of(constraint: Any) -> Callable[[Any], Any]:
    """Return the function of a constraint, whose result is a vector."""
    if isinstance(constraint, optimize.LinearConstraint):
        matrix = constraint.A.toarray() if hasattr(constraint.A, "toarray") else constraint.A
        return lambda x: matrix @ x
    of, args = (constraint["fun"], constraint.get("args", ())) if isinstance(constraint, dict) else (constraint.fun, ())
    return lambda x: np.reshape(listed(of(x, *args)), (-1,))


def for_scipy(constraints: Any) -> Any:
    """Return constraints whose functions return arrays, which SciPy needs."""
    found = []
    for each in _all_of(constraints):
        each = copy.copy(each)
        if isinstance(each, dict):
            each.update({key: plain(each[key]) for key in ("fun", "jac") if key in each})
        elif isinstance(each, optimize.NonlinearConstraint):
            each.fun, each.jac = plain(each.fun), plain(each.jac)
        found.append(each)
    return found


def sparsely(constraints: Any, limits: list[Limit], sparse: bool | None, x: np.ndarray[Any, Any]) -> list[str]:
    """Give nonlinear constraints without derivatives of their own sparse ones, where these pay, and say which did."""
    ways = []
    for each, limit in zip(constraints, limits, strict=True):
        if not isinstance(each, optimize.NonlinearConstraint) or callable(each.jac):
            continue
        slopes, way = sparse_slopes(jacobian, limit.function, sparse, x)
        if slopes is not None:
            each.jac = slopes
            if isinstance(each.hess, optimize.BFGS):  # SciPy's default
                weighed = lambda x, v, of=limit.function: np.sum(v * of(x))  # noqa: E731
                each.hess, _ = sparse_slopes(hessian, weighed, True, x, np.ones(slopes.prepared.pattern.shape[0]))
        ways.append(f"{limit.name}: {way if slopes is not None else 'differences'}")
    return ways


class _Touched(NamedTuple):
    """A constraint or a bound that the minimum is at, or nearly: ``sign * (its value - end) >= 0``, or 0.

    Its `number` is that of the limit, -1 for a bound, `at` the element, `slope` the gradient of what is at least 0.
    """

    name: str
    number: int
    at: int
    sign: int
    end: float
    equation: bool
    gap: float
    slope: Any


def _touched(limits: list[Limit], bounds: tuple[Any, Any] | None, x: Any) -> list[_Touched]:
    found = []

    def look(name: str, number: int, values: Any, slopes: Any, low: Any, high: Any) -> None:
        lows, highs = (np.broadcast_to(np.asarray(end, float), values.shape) for end in (low, high))
        for i, v in enumerate(values):
            for sign, end in ((1, float(lows[i])), (-1, float(highs[i]))):
                gap, equation = sign * (v - end), bool(lows[i] == highs[i])
                if (sign == 1 or not equation) and (equation or gap <= NEAR * (1 + abs(v))):
                    side = "" if equation or number >= 0 else ("lower " if sign == 1 else "upper ")
                    found.append(_Touched(f"{side}{name}[{i}]", number, i, sign, end, equation, gap, sign * slopes[i]))

    for number, limit in enumerate(limits):
        slopes = np.reshape(unwrap(jacobian(limit.function)(x)), (-1, x.size))
        look(limit.name, number, unwrap(limit.function(x)), slopes, limit.low, limit.high)
    if bounds is not None:
        look("bound of x", -1, x, np.eye(x.size), *bounds)
    return found


def conditions(
    value: Function, limits: list[Limit], bounds: tuple[Any, Any] | None, x: Any, args: tuple[Any, ...]
) -> tuple[Function, Any, Any]:
    """Return the equations that a minimum solves, of it and the multipliers of what holds it, and their solution.

    Parameters
    ----------
    value
        The function that is least, of a vector and `args`.
    limits, bounds
        The constraints, and the lower and upper bounds of the vector.
    x
        The minimum, a vector.

    Returns
    -------
    function, solution, held
        The equations, of the vector and the multipliers; both as SciPy found them; and -1 for what a lower bound
        holds, 1 for what an upper one does, else 0.

    Raises
    ------
    DerivativeError
        If what holds the minimum is not independent, or a constraint touches it without holding it: to one side of
        there the solution has another derivative.
    """
    if type(x) is not np.ndarray:
        raise UnsupportedError(
            "minimize() under constraints has no derivatives within vmap: which of them hold differs among the "
            "elements. Solve for each element, and stack what is found"
        )

    def lagrangian(x: Any, forces: Any, of: list[_Touched], args: Any) -> Any:
        values = {each.number: limits[each.number].function(x) for each in of}
        return value(x, *args) - sum(
            force * each.sign * (values[each.number][each.at] - each.end)
            for force, each in zip(forces, of, strict=True)
        )

    with no_grad():
        given = unwrap(args)
        holding = _holding(value, lagrangian, limits, bounds, x, given)
    of = [each for each, _ in holding if each.number >= 0]
    held = np.zeros(x.size + len(of))
    for each, force in holding:
        if each.number < 0:
            held[each.at] = -each.sign if force >= 0 else each.sign

    def equations(z: Any, *args: Any) -> Any:
        point, forces = z[: x.size], z[x.size :]
        slopes = grad(lambda x: lagrangian(x, forces, of, args))(point)
        values = {each.number: limits[each.number].function(point) for each in of}
        return np.concatenate([slopes, *[np.reshape(values[each.number][each.at] - each.end, (1,)) for each in of]])

    return equations, np.concatenate([x, [force for each, force in holding if each.number >= 0]]), held


def _holding(value: Any, lagrangian: Any, limits: Any, bounds: Any, x: Any, args: Any) -> list[tuple[_Touched, float]]:
    """Return the constraints and bounds that hold the minimum, with their multipliers."""
    touched, slope = _touched(limits, bounds, x), unwrap(grad(value)(x, *args))
    if all(each.number < 0 for each in touched):  # of bounds there may be very many
        forces = np.array([each.sign * slope[each.at] for each in touched])
    else:
        lowest = [-np.inf if each.equation else 0.0 for each in touched]
        slopes = np.stack([each.slope for each in touched], 1)
        forces = optimize.lsq_linear(slopes, slope, (lowest, np.inf), tol=1e-14).x
    pairs = list(zip(touched, forces, strict=True))
    curved = [(each, force) for each, force in pairs if each.number >= 0]
    curvature = unwrap(hessian(lambda x: lagrangian(x, [f for _, f in curved], [each for each, _ in curved], args))(x))
    stiffness = float(np.linalg.norm(curvature) + 1e-9 * np.linalg.norm(slope))
    least = WEAK * (1 + np.abs(x).max(initial=0))
    holding = []
    for each, force in pairs:
        length = float(np.linalg.norm(each.slope))
        push = force * length / max(stiffness, 1e-300)  # how far x would go beyond, if it were not held
        away = abs(each.gap) / max(length, 1e-300)
        if each.equation or push > max(least, 10 * away):
            holding.append((each, force))
        elif away <= max(least, 10 * push):
            raise DerivativeError(
                f"minimize(): {each.name} touches the minimum without holding it: its multiplier is {force:.2g}, so "
                f"that the minimum has one derivative where it holds, and another where it does not (or with a lower "
                f"tolerance SciPy comes closer, and tells)"
            )
    if holding and np.linalg.matrix_rank(np.stack([each.slope for each, _ in holding])) < len(holding):
        raise DerivativeError(
            f"minimize(): {', '.join(each.name for each, _ in holding)} are not independent at the minimum, so that it "
            f"is not known how it moves with them: leave out those that follow from the others"
        )
    return holding
