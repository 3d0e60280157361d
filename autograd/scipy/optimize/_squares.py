"""`least_squares`: SciPy's methods with our Jacobian, and solutions that can be differentiated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from autograd import UnsupportedError, grad, jacobian, no_grad
from autograd.inside import TensorLike, check_callable, unwrap, users_line

from .._batches import each_element
from .._slopes import sparse_slopes
from .._watched import listed
from ..common import refuse_live
from ._implicit import as_args, depends, implicit, plain
from ._roots import jacobian_of, numbers

_ITERATED = 1000  # unknowns, from which on a system with a sparse matrix is solved by iterations
# Of z, the square of a residual: what is added up in its place.
_LOSSES: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1.0, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def least_squares(
    fun: Callable[..., TensorLike],
    x0: TensorLike,
    jac: Callable[..., TensorLike] | str | None = None,
    bounds: tuple[TensorLike, TensorLike] | optimize.Bounds = (-np.inf, np.inf),
    method: str = "trf",
    loss: str | Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]] = "linear",
    f_scale: float = 1.0,
    args: tuple[TensorLike, ...] | TensorLike = (),
    kwargs: dict[str, TensorLike] | None = None,
    sparse: bool | None = None,
    **options: Any,
) -> optimize.OptimizeResult:
    """Return the x with the least sum of squares of residuals, as SciPy's `least_squares` finds it.

    The solution ``x`` of the result is differentiated by the implicit function theorem, applied to the gradient of the
    cost, with respect to `args` and to whatever tensors `fun` closes over; so are ``fun``, the residuals, and ``cost``.
    It does not depend on `x0`. Where a bound holds x, x is constant.

    Parameters
    ----------
    fun
        A function of x, a vector, and of `args` and `kwargs`; it returns the residuals, a vector.
    x0
        Where to start, a vector or a number.
    jac
        The Jacobian, as in SciPy. By default it is that of `fun` by its graph; ``"2-point"`` has SciPy take
        differences, for a function that cannot be differentiated here.
    bounds, method, loss, f_scale
        As in SciPy; with a derivative, `loss` is one of SciPy's names.
    args, kwargs
        Further arguments of `fun`.
    sparse
        Whether the Jacobian is a sparse one, computed by a few products: True, False, or None for where that pays;
        never with ``method="lm"``. SciPy solves with a sparse one by iterations (LSMR), which are many where residuals
        differ much in size; so below 1,000 unknowns, None solves as with a dense one. ``derivatives`` of the result
        says what was done.
    **options
        SciPy's others, such as ``ftol``, ``xtol``, ``gtol``, ``x_scale`` and ``max_nfev``.

    Raises
    ------
    DerivativeError
        If the Hessian of the cost is singular at the solution, while a derivative of the solution is wanted.
    GraphError
        If a bound or `f_scale` requires a gradient.

    References
    ----------
    As for `minimize`, with the Hessian of the cost, not the Gauss-Newton matrix. See `scipy.optimize.least_squares`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> from autograd.scipy.optimize import least_squares
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> def rate(y):
    ...     return least_squares(lambda x: np.exp(-x[0] * t) - y, np.array([0.1])).x[0]
    >>> y = np.exp(-0.5 * t)
    >>> round(float(rate(y)), 6), jacobian(rate)(y).round(4)
    (0.5, array([-0.    , -0.6671, -0.8092]))
    """
    check_callable("fun", fun)
    edges = (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds
    refuse_live("least_squares()", "it counts as constant; pass t.detach()", bounds=tuple(edges), f_scale=f_scale)
    named = kwargs or {}
    given = (*as_args(args), named)

    def residuals(x: Any, *given: Any) -> Any:
        *positional, by_name = given
        return listed(fun(x, *positional, **by_name))

    slopes: Any = (lambda x, *given: jac(x, *given[:-1], **given[-1])) if callable(jac) else jac
    way, first = None, np.atleast_1d(numbers(x0))
    if slopes is None:
        found, way = sparse_slopes(jacobian, residuals, False if method == "lm" else sparse, first, *unwrap(given))
        slopes = jacobian_of(residuals, "jac='2-point'") if found is None else found
        if found is not None and sparse is None and first.size < _ITERATED:
            slopes, way = lambda x, *given: found(x, *given).toarray(), f"{way}, solved as a dense one"

    def solve(functions: Any, start: Any, given: Any) -> optimize.OptimizeResult:
        residuals, slopes = functions
        return optimize.least_squares(
            plain(residuals), start, plain(slopes), bounds, method, loss=loss, f_scale=f_scale, args=given, **options
        )

    with no_grad():
        result = each_element(solve, (residuals, slopes), first, unwrap(given), first)
    if way is not None:
        result.derivatives = way
    if depends(residuals, result.x, given):
        if not isinstance(loss, str):
            raise UnsupportedError(
                f"least_squares(), at {users_line()}, has no derivative for a loss of your own: name one of "
                f"{', '.join(_LOSSES)}, or write the whole as a function for minimize()"
            )

        def cost(x: Any, *given: Any) -> Any:
            return 0.5 * f_scale**2 * np.sum(_LOSSES[loss]((residuals(x, *given) / f_scale) ** 2))

        result.x = implicit("least_squares()", grad(cost), result.x, given, result.active_mask)
        result.fun, result.cost = residuals(result.x, *given), cost(result.x, *given)
    return result
