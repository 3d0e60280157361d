"""Vector-Jacobian and Jacobian-vector products of functions: `vjp` and `jvp`.

A function may take and return arrays, numbers, and dicts, lists and tuples of them. Where it also depends on a tensor
that requires a gradient, the derivative is a tensor too, recorded so that it can be differentiated with respect to
that tensor: this is what makes derivatives of derivatives right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError, check_callable
from ..graph.backward import pull_back
from ..graph.grad_mode import enable_grad
from ..graph.node import Node, ancestors, leading_to
from ..tensors.conversions import differentiated
from ..tensors.tensor import LIFT, Tensor, conjugated
from .forward_mode import push_forward
from .pytree import flatten
from .recording import (
    apart,
    check_outputs,
    cotangent_of,
    finish,
    floating,
    given_back,
    nodes,
    reaches_others,
    track,
    value_of,
)

__all__ = ["jvp", "vjp"]

Function = Callable[..., Any]


def vjp(function: Function, *primals: Any) -> tuple[Any, Function]:
    """Return ``function(*primals)`` and the function that multiplies a cotangent with its Jacobian.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    *primals
        Where to differentiate.

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
        inputs, rebuild_inputs = track(primals)
        cuts = nodes(inputs)
        with differentiated(cuts):
            outputs, rebuild_outputs = flatten(function(*rebuild_inputs(inputs)))
    finish(cuts)
    check_outputs(function, outputs)
    places = nodes(outputs)
    order = ancestors([node for node in places if node is not None])
    lifted = reaches_others(order, cuts)
    order = leading_to([cut for cut in cuts if cut is not None], order)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        contents, _ = flatten(cotangent)
        if len(contents) != len(outputs):
            raise ShapeError(f"a cotangent of {len(contents)} arrays for a function that returned {len(outputs)}")
        seeds: dict[Node, Any] = {}
        for y, node, g in zip(outputs, places, contents, strict=True):
            seed = conjugated(cotangent_of(g, y))
            if node is not None:
                seeds[node] = seeds[node] + seed if node in seeds else seed
        lift = LIFT if lifted or any(isinstance(g, Tensor) and g.requires_grad for g in contents) else None
        if lift is not None:
            seeds = {node: g if isinstance(g, Tensor) else Tensor(g) for node, g in seeds.items()}
        with enable_grad():
            found = pull_back(seeds, order, cuts, partial=True, lift=lift)  # type: ignore[arg-type]  # inputs are live
        del seeds, seed, contents, cotangent
        result: tuple[Any, ...] = rebuild_inputs([given_back(node, found) for node in cuts])
        return result

    return rebuild_outputs([value_of(y, lifted) for y in outputs]), pull


def jvp(function: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """Return ``function(*primals)`` and the product of its Jacobian with `tangents`: the directional derivative.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`.
    primals
        A tuple of the arguments; anything else is the only argument.
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
        directions, _ = flatten(tangents)
        if len(directions) != len(inputs):
            raise ShapeError(f"{len(directions)} tangents for {len(inputs)} primals")
        directions = [cotangent_of(t, x, "tangent") for t, x in zip(directions, inputs, strict=True)]
        cuts: list[Any] = nodes(inputs)
        with differentiated(cuts):
            outputs, rebuild_outputs = flatten(function(*rebuild_inputs(inputs)))
        finish(cuts)
        check_outputs(function, outputs)
        order = ancestors([node for node in nodes(outputs) if node is not None])
        lifted = reaches_others(order, cuts) or any(isinstance(t, Tensor) and t.requires_grad for t in directions)
        if lifted:
            directions = [t if isinstance(t, Tensor) else Tensor(t) for t in directions]
        pushed = push_forward(dict(zip(cuts, directions, strict=True)), order, LIFT if lifted else None)
    results = []
    for y in outputs:
        tangent = pushed.get(y._node) if isinstance(y, Tensor) and y._node is not None else None
        results.append(apart(np.zeros(np.shape(y), floating(y)) if tangent is None else tangent))
    return rebuild_outputs([value_of(y, lifted) for y in outputs]), rebuild_outputs(results)
