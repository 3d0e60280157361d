"""Fixed points, differentiated by the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import fixed_point as _fixed_point

__all__ = ["fixed_point"]


def fixed_point(
    f: Callable[[Any], Callable[[Any], Any]], a: Any, x0: Any, distance: Callable[[Any, Any], Any], tol: float
) -> Any:
    """Return the x for which ``x == f(a)(x)``, to 12 digits: see `autograd.fixed_point`.

    Parameters
    ----------
    f
        Takes the parameters, and returns the function that is applied again and again.
    a
        The parameters, an array or a container of them, with respect to which the solution can be differentiated.
    x0
        Where to start.
    distance, tol
        How far two steps are from each other, and from which distance on they count as one, if that is less than 1e-12
        of the solution.

    Examples
    --------
    >>> from autograd import grad
    >>> from autograd.misc.fixed_points import fixed_point
    >>> root = lambda a: fixed_point(lambda a: lambda x: (x + a / x) / 2, a, 1.0, lambda x, y: abs(x - y), 1e-6)
    >>> round(float(grad(root)(4.0)), 6)
    0.25
    """
    return _fixed_point(lambda x, a: f(a)(x), x0, a, tolerance=min(1e-12, tol))
