"""Implicit differentiation: derivatives of the solution of an equation, without those of the way it was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import ConvergenceError, ShapeError
from .expected import check_callable, check_number
from .function import Function
from .modes import enable_grad, no_grad
from .tensor import Tensor, conjugated, unwrap
from .transforms import vjp

__all__ = ["fixed_point"]

Array = np.ndarray[Any, Any]


def fixed_point(
    function: Callable[..., Any], start: Any, *args: Any, tolerance: float = 1e-12, max_iterations: int = 10_000
) -> Any:
    """Return the x for which ``x == function(x, *args)``, found by applying the function again and again.

    The derivatives with respect to `args` are those of the solution, by the implicit function theorem: with J the
    derivative of the function by x, a gradient g becomes the w for which ``w == g + J' w``, which is a fixed point too,
    and is then pulled back through one application of the function. Nothing is kept of the iterations. Derivatives of
    any order, and forward ones, follow.

    Parameters
    ----------
    function
        Takes x and `args`, and returns an array of the shape of x. It must contract: that is, bring any two x near the
        solution closer together.
    start
        Where to begin; the solution does not depend on it.
    *args
        What the function depends on and what there are derivatives with respect to. Tensors that it knows otherwise
        are constants here.
    tolerance
        How far the last step may change x, relative to 1 + the largest absolute value of x; never less than a few
        units in the last place of its dtype.
    max_iterations
        After how many steps to give up.

    Raises
    ------
    ConvergenceError
        If it has not converged by then, in this or, for its derivative, in the backward pass.

    References
    ----------
    Christianson, "Reverse accumulation and attractive fixed points", Optimization Methods and Software 3 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import fixed_point, grad
    >>> def root(a):
    ...     return fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)
    >>> round(float(root(2.0)), 6), round(float(grad(root)(2.0) - 0.5 / np.sqrt(2)), 6)
    (1.414214, 0.0)
    """
    check_callable("function", function)
    check_number("tolerance", tolerance)
    if not isinstance(max_iterations, int) or max_iterations < 1:
        raise ValueError(f"max_iterations should be an integer above 0, not {max_iterations!r}")
    options: dict[str, Any] = {"tolerance": tolerance, "max_iterations": max_iterations}
    with no_grad():
        solution = _iterate(function, np.asarray(unwrap(start)), tuple(map(unwrap, args)), **options)
    if not any(isinstance(a, Tensor) for a in args):
        return solution[()]
    return _FixedPoint.apply(function, solution, options, *args)


class _FixedPoint(Function):
    """A solution that was found, and its derivatives with respect to what the function depends on."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        ctx.function, solution, ctx.options, *args = given
        ctx.save_for_backward(solution, *args)
        return solution

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        function, (x, *args) = ctx.function, ctx.saved_tensors

        def step(w: Any, g: Any, x: Any, *args: Any) -> Any:
            with enable_grad():
                _, pull = vjp(lambda x: function(x, *args), x)
            return g + _plainly(pull, w)[0]

        w = fixed_point(step, g[0], g[0], x, *args, **ctx.options)
        live = [i for i, needed in enumerate(ctx.needs_input_grad[3:]) if needed]

        def of_live(*values: Any) -> Any:
            full = list(args)
            for i, value in zip(live, values, strict=True):
                full[i] = value
            return function(x, *full)

        _, pull = vjp(of_live, *(args[i] for i in live))
        found = dict(zip(live, _plainly(pull, w), strict=True))
        return (None, None, None, *(found.get(i) for i in range(len(args))))


def _plainly(pull: Callable[..., Any], w: Any) -> tuple[Any, ...]:
    """Pull back as rules do, which do not conjugate; `vjp` does where it begins and where it ends."""
    return tuple(conjugated(gx) for gx in pull(conjugated(w)))


def _iterate(
    function: Callable[..., Any], x: Array, args: tuple[Any, ...], tolerance: float, max_iterations: int
) -> Array:
    for _ in range(max_iterations):
        new = np.asarray(unwrap(function(x, *args)))
        if new.shape != x.shape:
            raise ShapeError(f"fixed_point() has x of shape {x.shape}, of which the function makes shape {new.shape}")
        change, size = (float(np.max(np.abs(a), initial=0)) for a in (new - x, new))
        x = new
        if change <= max(tolerance, 8 * float(np.finfo(new.dtype).eps)) * (1 + size):
            return x
    raise ConvergenceError(
        f"fixed_point() has not converged after {max_iterations} iterations (shape {x.shape}): the last changed x by "
        f"{change:.3g}. Raise max_iterations or tolerance, or damp the function, as in 0.5 * (x + function(x))"
    )
