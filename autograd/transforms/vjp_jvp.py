"""Vector-Jacobian products and Jacobian-vector products of functions: `vjp`, `jvp` and `linearize`.

A function may take and return arrays, numbers, and dicts, lists and tuples of them. Where it also depends on a tensor
that requires a gradient, the derivative is a tensor too, recorded so that it can be differentiated with respect to
that tensor: this is what makes derivatives of derivatives right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ShapeError, check_callable
from ..graph.grad_mode import enable_grad
from .pytree import flatten, without_none
from .recording import Function, Recording, any_live, matched, owned_tangent, track


def vjp(function: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return ``function(*primals)`` and a function that multiplies a cotangent by its Jacobian.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    *primals
        The point at which to differentiate.

    Returns
    -------
    value, pull
        ``pull(cotangent)``, with a cotangent of the shape of the value, returns a tuple with a gradient for each
        primal. It may be called any number of times.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import vjp
    >>> value, pull = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> value, pull(np.array([1.0, 10.0]))
    (array([3., 6.]), (array([ 3., 30.]), np.float64(21.0)))
    """
    check_callable("function", function)
    with enable_grad():
        record = Recording(function, *track(primals))

    def pull(cotangent: Any) -> tuple[Any, ...]:
        with enable_grad():
            result: tuple[Any, ...] = record.vjp(cotangent)
        return result

    return record.value(), pull


def jvp(function: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``function(*primals)`` and the product of its Jacobian and `tangents`: the directional derivative.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    primals
        The arguments: a tuple of them, or else the only one.
    tangents
        The direction, built like `primals`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jvp
    >>> jvp(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 0.5]))
    (array([1., 9.]), array([2., 3.]))
    """
    check_callable("function", function)
    primals, tangents = (p if isinstance(p, tuple) else (p,) for p in (primals, tangents))
    with enable_grad():
        inputs, rebuild_inputs = track(primals)
        directions, _ = without_none(*flatten(tangents))
        if len(directions) != len(inputs):
            raise ShapeError(f"{len(directions)} tangents for {len(inputs)} primals")
        directions = [matched("a tangent", t, x.shape, x.dtype) for t, x in zip(directions, inputs, strict=True)]
        record = Recording(function, inputs, rebuild_inputs)
        record.create_graph = record.create_graph or any_live(directions)
        pushed = record.push_forward(dict(zip(record.input_nodes, directions, strict=True)))
        return record.value(), record.rebuild_outputs(list(map(owned_tangent, pushed)))


def linearize(function: Function, *primals: Any) -> tuple[Any, Function]:
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
