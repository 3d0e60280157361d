"""Solutions of equations: how they are found by SciPy, and differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import linalg

from autograd import ConvergenceError, DerivativeError, ShapeError, Tensor, enable_grad, general, jacobian, no_grad
from autograd.extend import as_array, everywhere, whole
from autograd.inside import (
    TensorLike,
    concrete,
    cut_of,
    defined,
    differentiated,
    differentiated_at,
    flatten,
    recording,
    unwrap,
)

from .._slopes import sparse_slopes
from .._watched import listed, returned
from ..common import stacked

Function = Callable[..., "TensorLike"]
CONDITION = 1 / float(np.finfo(float).eps)  # of a matrix, from which on it is singular
NEAR = 1e-3  # how far from a solution, relative to 1 + x, one may be that is differentiated as if it were exact


def as_args(args: tuple[TensorLike, ...] | TensorLike) -> tuple[Any, ...]:
    """Return the further arguments of a function as a tuple; SciPy accepts one that is not in a tuple."""
    return args if isinstance(args, tuple) else (args,)


def plain(function: Any, pair: bool = False) -> Any:
    """Return a function for SciPy, which is given arrays, and returns the arrays of what it computes, or of a pair.

    What is no function, such as the name of a method of differences, is returned as it is.
    """
    if not callable(function):
        return function

    def call(*args: Any) -> Any:
        with no_grad():
            found: Any = function(*args)
            return tuple(map(unwrap, found)) if pair else unwrap(returned(function, found))

    return call


def depends(function: Function, x: TensorLike, args: tuple[TensorLike, ...]) -> bool:
    """Tell whether a value of a function depends on a tensor that requires a gradient, in `args` or closed over."""
    if not recording():
        return False
    given = [a._node for a in flatten(args)[0] if isinstance(a, Tensor) and a._node is not None]
    with enable_grad(), differentiated(given):
        value = returned(function, function(x, *args))
    return any(isinstance(y, Tensor) and y._node is not None for y in flatten(value)[0])


def solved(name: str, function: Function, x: TensorLike, args: tuple[TensorLike, ...]) -> Any:
    """Return a solution with its derivatives if it has any; as a tensor too if one is among the arguments."""
    if depends(function, x, args):
        return implicit(name, function, x, args)
    if not any(isinstance(a, Tensor) for a in flatten(args)[0]):
        return x
    constant = Tensor(as_array(x))
    constant._cut = cut_of(name, args, recording())
    return constant


def implicit(
    name: str, function: Function, x: TensorLike, args: tuple[TensorLike, ...], held: TensorLike | None = None
) -> Any:
    """Return the solution x of ``function(x, *args) == 0`` with its derivatives.

    With the Jacobian J at the solution, ``x - J⁻¹ function(x, *args)`` does not depend on x to first order, so that
    the iterations of `fixed_point`, which has the same theorem, for its derivatives end after a step or two.

    Parameters
    ----------
    name
        What found the solution.
    function
        The function; of x and `args`, of the shape of x.
    x
        The solution, an array.
    held
        Of the shape of x: -1 where x is held at a lower bound, 1 at an upper one, so that it does not change with
        `args`, and else 0.
    """
    values: Any = as_array(x, float)
    shape, size = values.shape, values.size

    def flat(z: Any, *args: Any) -> Any:
        found = listed(function(np.reshape(z, shape), *args))
        if np.size(found) != size:
            raise ShapeError(
                f"{defined(function)} returns {np.size(found)} values of {size} unknowns, so {name} cannot "
                f"differentiate its solution: there has to be an equation for each"
            )
        found = np.reshape(found, (size,))
        return found if held is None else np.where(np.reshape(held, (size,)) == 0, found, z - point)

    point: Any = np.reshape(values, (size,))
    with no_grad():
        solve = _inverse_of(flat, point, unwrap(args))
        if solve is None:
            raise DerivativeError(
                f"{name}: the Jacobian of {defined(function)} is singular at the solution, so that the solution is not "
                f"differentiable there: it may be one of many, or a double one"
            )
        step = np.abs(unwrap(solve(flat(point, *unwrap(args)))))
        inward = held is not None and not everywhere(held * unwrap(listed(function(values, *unwrap(args)))) <= NEAR)
        if inward or not everywhere(step <= NEAR * (1 + np.abs(point))):
            raise ConvergenceError(
                f"{name} did not come to a solution, so that there is no derivative of one: "
                + ("within the bounds there are lower values. " if inward else "by a step of Newton's method it is ")
                + ("" if inward else f"{np.max(whole(step)):.3g} away. ")
                + "Lower its tolerance, raise the number of iterations, or start elsewhere"
            )

    def newton(z: Any, *args: Any) -> Any:
        return z - solve(flat(z, *args))

    return np.reshape(differentiated_at(newton, point, args, name), shape)


def _inverse_of(function: Function, point: Any, args: tuple[Any, ...]) -> Callable[[Any], Any] | None:
    """Return what solves a system with the Jacobian of a function, or None if that is singular."""
    found, _ = sparse_slopes(jacobian, function, None, point, *args)
    if found is None:
        slopes: Any = unwrap(jacobian(function)(point, *args))
        known = np.asarray(concrete(slopes))
        if known.size and not np.all(np.linalg.cond(known) < CONDITION):
            return None
        inverse = np.linalg.inv(slopes)
        return lambda b: inverse @ b
    matrix = found(point, *args).tocsc()
    try:
        factors = linalg.splu(matrix)
    except RuntimeError:  # says SuperLU of a singular one
        return None
    inverse_norm = linalg.onenormest(
        linalg.LinearOperator(matrix.shape, factors.solve, rmatvec=partial(factors.solve, trans="T"))
    )
    return partial(_solve, factors=factors) if inverse_norm * linalg.norm(matrix, 1) < CONDITION else None


_solve: Any = general(
    lambda b, factors, trans="N": stacked(lambda b: factors.solve(b, trans), (b,), (1,)),
    lambda g, factors, trans: _solve(g, factors, "T" if trans == "N" else "N"),
    name="sparse_solve",
)
