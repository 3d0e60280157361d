"""Products of vectors with the Jacobians of functions, `vjp`, `jvp` and `linearize`, and with Hessians, `hvp`, `ggnvp`.

A function may take and return arrays, numbers, and dicts, lists and tuples of them. Where it also depends on a tensor
that requires a gradient, the derivative is a tensor too, recorded so that it can be differentiated with respect to
that tensor: this is what makes derivatives of derivatives right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DerivativeError, ShapeError, check_callable
from ..graph.grad_mode import enable_grad
from ..tensors.tensor import unwrap
from .grad import grad
from .pytree import flatten, without_none
from .recording import Function, Recording, any_live, matched, owned_tangent, track

if TYPE_CHECKING:
    from .types import NumberFunction, Tree


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


def hvp(function: NumberFunction, primals: Tree, tangents: Any) -> Tree:
    """Return the product of the Hessian of `function`, which returns one number, and `tangents`.

    This is the derivative of the gradient in one direction, by forward mode over reverse mode. It costs a few gradients
    and never builds the Hessian.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`, and returns a single number.
    primals
        The arguments: a tuple of them, or else the only one.
    tangents
        The vector, built like `primals`.

    Returns
    -------
    array or container
        Built like `primals`: a tuple for a tuple.

    Raises
    ------
    GraphError
        If `function` returns more than one number.
    ShapeError
        If the tangents do not have the shapes of the primals.

    Notes
    -----
    For many directions at one point, as in conjugate gradients, ``product = vjp(grad(function), x)[1]`` records the
    gradient once; since a Hessian is symmetric, ``product(v)`` is ``(hvp(function, x, v),)``.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import hvp
    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    several = isinstance(primals, tuple)
    points: Any = primals if several else (primals,)
    along = tangents if several else (tangents,)
    gradient = grad(function, tuple(range(len(points))) if several else 0)
    product: Any
    try:
        product = jvp(gradient, points, along)[1]
    except DerivativeError:  # an operation of a user's without a forward rule, which a symmetric matrix does without
        if any(np.iscomplexobj(unwrap(x)) for x in flatten(points)[0]):
            raise
        product = vjp(gradient, *points)[1](tangents)
        product = product if several else product[0]
    return product  # type: ignore[no-any-return]


def ggnvp(function: Function, primals: Tree, tangents: Any, loss: NumberFunction | None = None) -> Tree:
    """Return the product of the generalised Gauss-Newton matrix of ``loss(function(...))`` and `tangents`.

    The matrix is ``J' H J``, with the Jacobian ``J`` of `function` and the Hessian ``H`` of `loss` at what `function`
    returns: the Hessian of the whole without the curvature of `function`. It is positive semidefinite where `loss` is
    convex, and for a likelihood of an exponential family it is the Fisher information. None of the three is built.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`; returns arrays or containers of them.
    primals
        The arguments: a tuple of them, or else the only one.
    tangents
        The vector, built like `primals`.
    loss
        Takes what `function` returns, as its only argument, and returns a single number. The default is half the sum
        of the squares, for which the matrix is ``J' J``.

    Returns
    -------
    array or container
        Built like `primals`: a tuple for a tuple.

    Raises
    ------
    GraphError
        If `loss` returns more than one number.
    ShapeError
        If the tangents do not have the shapes of the primals.

    References
    ----------
    N. N. Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent", Neural Computation 14
    (2002).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import ggnvp
    >>> ggnvp(lambda x: x**2, np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    array([ 4., 36.])
    >>> ggnvp(np.sin, 0.0, 1.0, loss=np.exp)
    np.float64(1.0)
    """
    check_callable("function", function)
    points: Any = primals
    several = isinstance(primals, tuple)
    with enable_grad():
        record = Recording(function, *track(points if several else (points,)))
        directions = record.rebuild_outputs(record.jvp(tangents if several else (tangents,)))
        if loss is not None:
            (directions,) = hvp(loss, (record.value(),), (directions,))
        product: Any = record.vjp(directions)
    result: Tree = product if several else product[0]
    return result
