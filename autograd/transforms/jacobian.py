"""Whole Jacobians and Hessians, and their products with vectors: derivatives made of the products in `transforms`.

A function is evaluated and recorded once; its Jacobian is then read from the graph a row at a time by walking back, or
a column at a time by walking forward, whichever takes fewer walks. Containers nest as in JAX: in the place of each
array that the function returns stands what it was differentiated with respect to, and in that, in the place of each
array, a Jacobian of shape ``output.shape + input.shape``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ..errors import check_argnums, check_callable
from ..graph.grad_mode import enable_grad
from .grad import choose, grad
from .linearize import Linearization
from .vjp_jvp import jvp

__all__ = ["ggnvp", "hessian", "hvp", "jacobian"]

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def jacobian(function: Function, argnums: Argnums = 0, mode: str | None = None) -> Function:
    """Return the function that computes all first derivatives of `function`.

    Parameters
    ----------
    function
        Takes and returns arrays, or containers of them.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of Jacobians.
    mode
        ``"reverse"`` takes a walk for each element of the output, ``"forward"`` one for each element of the input. By
        default forward where the inputs have fewer elements than the outputs, else reverse.

    Returns
    -------
    callable
        Takes what `function` takes. For one array from another it returns the array of shape
        ``output.shape + input.shape`` and of the input's dtype whose element ``[i, j]`` is the derivative of
        ``output[i]`` with respect to ``input[j]``; ``i`` and ``j`` may be several indices or none. Containers of
        inputs stand within containers of outputs: see the example.

    Raises
    ------
    ValueError
        If `mode` is none of these, or, when called, if `argnums` names an argument twice.
    IndexError
        When called, if there is no argument that `argnums` names.

    DerivativeError
        When called, if a complex output is no holomorphic function of a complex input.

    Notes
    -----
    Of a real output with respect to a complex input ``x + iy`` it gives what `grad` gives, the derivative with respect
    to ``x`` and ``i`` times that with respect to ``y``. Of a complex output with respect to a complex input it gives
    the complex derivative. Complex numbers take two walks each.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> jacobian(lambda x: x**2 + x[0])(np.array([1.0, 2.0]))
    array([[3., 0.],
           [1., 4.]])
    >>> jacobian(lambda x, y: {"sum": x + y, "product": x * y}, argnums=(0, 1))(3.0, 4.0)
    {'sum': (np.float64(1.0), np.float64(1.0)), 'product': (np.float64(4.0), np.float64(3.0))}
    """
    check_callable("function", function)
    check_argnums(argnums)
    if mode is not None and not (isinstance(mode, str) and mode in ("forward", "reverse")):
        raise ValueError(f"mode={mode!r}: it is 'forward', 'reverse', or None for the cheaper of the two")

    @wraps(function)
    def all_derivatives(*args: Any, **kwargs: Any) -> Any:
        with enable_grad():  # what depends on somebody else's tensor stays recorded, as in `grad`
            record = Linearization(*choose(function, argnums, args, kwargs))
            ahead = mode == "forward" if mode else _count(record.inputs) < _count(record.outputs)
            blocks = record.columns() if ahead else record.rows()
        within = [record.rebuild_inputs(row) for row in blocks]
        return record.rebuild_outputs([x[0] if isinstance(argnums, int) else x for x in within])

    return all_derivatives


def hessian(function: Function, argnums: Argnums = 0) -> Function:
    """Return the function that computes all second derivatives of `function`: the Jacobian of its Jacobian.

    The gradient is computed in reverse and differentiated forward, one walk for each element of the input. For the
    product of a Hessian with a vector, `hvp` is as cheap as a gradient.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns a number as a rule; it may return arrays and containers too.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of tuples.

    Returns
    -------
    callable
        Takes what `function` takes and returns an array of shape ``output.shape + input.shape + input.shape``, nested
        as by `jacobian` where there are containers.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    >>> hessian(lambda p: p["a"] * p["b"] ** 2)({"a": 2.0, "b": 3.0})
    {'a': {'a': np.float64(0.0), 'b': np.float64(6.0)}, 'b': {'a': np.float64(6.0), 'b': np.float64(4.0)}}
    """
    return jacobian(jacobian(function, argnums), argnums, "forward")


def hvp(function: Function, primals: Any, tangents: Any) -> Any:
    """Return the product of the Hessian of `function`, which returns one number, with `tangents`.

    It is the derivative of the gradient in one direction: forward over reverse, at the cost of a few gradients and
    without the Hessian.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`, and returns a single number.
    primals
        A tuple of the arguments; anything else is the only argument.
    tangents
        What to multiply with, built like `primals`.

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
    gradient = grad(function, tuple(range(len(primals))) if several else 0)
    return jvp(gradient, primals if several else (primals,), tangents if several else (tangents,))[1]


def ggnvp(function: Function, primals: Any, tangents: Any, loss: Function | None = None) -> Any:
    """Return the product of the generalised Gauss-Newton matrix of ``loss(function(...))`` with `tangents`.

    That matrix is ``J' H J`` with the Jacobian ``J`` of `function` and the Hessian ``H`` of `loss` at what `function`
    returns: the Hessian of the whole without the curvature of `function`. It is positive semidefinite where `loss` is
    convex, and for a likelihood of an exponential family it is the Fisher information. None of the three is built.

    Parameters
    ----------
    function
        Takes as many arrays, or containers of them, as there are `primals`; returns arrays or containers of them.
    primals
        A tuple of the arguments; anything else is the only argument.
    tangents
        What to multiply with, built like `primals`.
    loss
        Takes what `function` returns, as its only argument, and returns a single number; by default half the sum of
        the squares, of which the matrix is ``J' J``.

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
    several = isinstance(primals, tuple)
    with enable_grad():
        record = Linearization(function, primals if several else (primals,))
        directions = record.rebuild_outputs(record.push(tangents if several else (tangents,)))
        if loss is not None:
            (directions,) = hvp(loss, (record.value,), (directions,))
        product = record.pull(directions)
    return product if several else product[0]


def _count(contents: Sequence[Any]) -> int:
    """Return how many elements some arrays have together."""
    return sum(int(np.size(x)) for x in contents)
