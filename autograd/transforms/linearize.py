"""Linearization: the derivative of a function at one point, applied to any number of tangents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import check_callable
from ..graph.grad_mode import enable_grad
from .recording import Recording, owned_tangent, track


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``function(*primals)`` and a function that multiplies its Jacobian there by tangents.

    It is like `jvp`, but evaluates the function once for any number of tangents.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    *primals
        The point at which to differentiate.

    Returns
    -------
    value, push
        ``push(*tangents)``, with a tangent of the shape of each primal, returns the change of the value.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import linearize
    >>> value, push = linearize(lambda x: x**2, np.array([1.0, 3.0]))
    >>> value, push(np.array([1.0, 0.0])), push(np.array([0.0, 1.0]))
    (array([1., 9.]), array([2., 0.]), array([0., 6.]))
    """
    check_callable("function", function)
    with enable_grad():
        record = Recording(function, *track(primals))

    def push(*tangents: Any) -> Any:
        with enable_grad():
            return record.rebuild_outputs(list(map(owned_tangent, record.jvp(tangents))))

    return record.value(), push
