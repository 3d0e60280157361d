"""`minimize`: SciPy's methods with our gradients, Hessians and products, and minima that can be differentiated."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from scipy import optimize

from autograd import Tensor, grad, hessian, hvp, no_grad, value_and_grad
from autograd.inside import TensorLike, check_callable, flatten, unwrap

from .._batches import each_element
from .._slopes import sparse_slopes
from .._watched import split
from ..common import refuse_live
from ._constraints import Limit, conditions, for_scipy, limits_of, sparsely
from ._implicit import as_args, depends, implicit, plain
from ._roots import as_floats

Function = Callable[..., Any]
Start = TypeVar("Start")
# Of SciPy's methods: those that take no gradient, a Hessian, and a product with one.
_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}
_HESSIAN = {"dogleg", "trust-exact"}
_SPARSE = {"newton-cg", "trust-constr"}  # takes a sparse one
_PRODUCT = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}


def minimize(
    fun: Callable[..., TensorLike],
    x0: Start,
    args: tuple[TensorLike, ...] | TensorLike = (),
    method: str | None = None,
    jac: Callable[..., TensorLike] | bool | str | None = None,
    hess: Callable[..., TensorLike] | str | None = None,
    hessp: Callable[..., TensorLike] | None = None,
    bounds: Sequence[tuple[float | None, float | None]] | optimize.Bounds | None = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., None] | None = None,
    options: dict[str, Any] | None = None,
    *,
    sparse: bool | None = None,
) -> optimize.OptimizeResult:
    """Return a minimum of a function, as SciPy's `minimize` finds it.

    The minimum ``x`` of the result is differentiated by the implicit function theorem, applied to the gradient, with
    respect to `args` and to whatever tensors `fun` closes over; so is ``fun``, the value there. It does not depend on
    `x0`. Where a bound holds x, x is constant; under constraints, the theorem is that of the equations of Karush, Kuhn
    and Tucker, with those constraints that hold the minimum, which may depend on tensors too.

    Parameters
    ----------
    fun
        A function of x, built like `x0`, and of `args`; it returns one number.
    x0
        Where to start: an array of any shape, or a dict, list or tuple of arrays. ``x`` of the result is built like it;
        ``jac``, ``hess`` and ``hess_inv`` are of the vector of all its elements, in order.
    args
        Further arguments of `fun`.
    method, tol, options
        As in SciPy.
    constraints
        As in SciPy, of the vector of all elements. Their functions may close over tensors.
    jac
        The gradient, as in SciPy: a function that returns an array, or a container like `x0`; or True if `fun` returns
        it beside the value. By default methods that use it are given that of `fun` by its graph; False or ``"2-point"``
        has SciPy take differences, for a function that cannot be differentiated here.
    hess, hessp
        The Hessian, or its product with a vector, of the vector of all elements. By default methods that use one are
        given that of `fun` by its graph.
    bounds
        As in SciPy, for the vector of all elements.
    callback
        Called with x, built like `x0`, after each iteration.
    sparse
        Whether methods ``"Newton-CG"`` and ``"trust-constr"`` are given the Hessian as a sparse matrix, instead of its
        product with a vector, and ``"trust-constr"`` so the derivatives of nonlinear constraints without a Jacobian of
        their own, instead of differences: True, False, or None for where that pays. ``derivatives`` of the result says
        what was done.

    Raises
    ------
    DerivativeError
        If a derivative of the minimum is wanted, and the Hessian is singular there, or a constraint or a bound touches
        it without holding it, with the multiplier 0, so that it has another derivative to each side; it is named.
    UnsupportedError
        If a derivative of a minimum under constraints is wanted within `vmap`.
    GraphError
        If a bound requires a gradient.

    References
    ----------
    The implicit function theorem: dx = -H⁻¹ (∂g/∂a) da, with the gradient g and its Jacobian H, the Hessian; with
    constraints, A. V. Fiacco, "Introduction to Sensitivity and Stability Analysis in Nonlinear Programming" (1983). See
    `scipy.optimize.minimize` for the methods.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.optimize import minimize
    >>> x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    >>> def loss(p):
    ...     return np.sum((p["slope"] * x + p["offset"] - y) ** 2)
    >>> found = minimize(loss, {"slope": np.array(0.0), "offset": np.array(0.0)})
    >>> {name: round(float(value), 4) for name, value in found.x.items()}
    {'slope': 2.0, 'offset': 1.0}

    The derivative of a minimum:

    >>> def best(a):
    ...     return minimize(lambda x: np.sum(np.cosh(x - a**2)), np.zeros(1)).x[0]
    >>> round(float(grad(best)(1.5)), 4)
    3.0
    """
    check_callable("fun", fun)
    refuse_live("minimize()", "a bound that holds x is constant; pass t.detach()", bounds=_bounds_of(bounds))
    given, tree = as_args(args), _Vector(unwrap(x0))
    value = tree.of_vector((lambda x, *a: fun(x, *a)[0]) if jac is True else fun)  # type: ignore[index]  # a pair
    slopes = tree.gradient(jac) if callable(jac) else jac
    name = method.lower() if isinstance(method, str) else ""  # of which SciPy chooses one that uses a gradient

    ways: list[str] = []
    if hess is None and hessp is None and name in _SPARSE:
        hess, way = sparse_slopes(hessian, value, sparse, tree.start, *unwrap(given))
        ways.append("products of the Hessian with vectors" if hess is None else way)
    functions = (value, *_called(value, tree, fun, slopes, name), *_curves(name, value, hess, hessp))

    limits = limits_of(constraints)
    solved_under = for_scipy(constraints) if limits else ()
    if name == "trust-constr":
        ways += sparsely(solved_under, limits, sparse, tree.start)

    def solve(functions: Any, start: Any, given: Any) -> optimize.OptimizeResult:
        _, call, slopes, *curves = functions
        return optimize.minimize(
            plain(call, pair=slopes is True), start, given, method, *map(plain, (slopes, *curves)),
            bounds, solved_under, tol, tree.callback(callback), options,
        )  # fmt: skip

    with no_grad():
        result = each_element(solve, functions, tree.start, unwrap(given), tree.start)
    if ways:
        result.derivatives = "; ".join(ways)
    x = result.x
    if depends(_all_of(value, limits), x, given):
        equations: Function = grad(value)
        found, held = x, _held_at(x, bounds)
        if limits or (bounds is not None and type(x) is np.ndarray):
            equations, found, held = conditions(value, limits, _bounds_of(bounds) or None, x, given)
        x = implicit("minimize()", equations, found, given, held)[: x.size]
        result.fun = value(x, *given)
    result.x = tree.rebuild(x)
    return result


def _all_of(value: Function, limits: list[Limit]) -> Function:
    """Return a function of all that a minimum under constraints depends on."""
    if not limits:
        return value
    return lambda x, *args: np.concatenate(
        [np.reshape(value(x, *args), (1,)), *[limit.function(x) for limit in limits]]
    )


def _held_at(x: Any, bounds: Any) -> Any:
    """Return -1 where x is at its lower bound, 1 at the upper one, else 0; None where there are no bounds."""
    if bounds is None:
        return None
    low, high = _bounds_of(bounds)
    return 1.0 * (x >= high) - 1.0 * (x <= low)


def _bounds_of(bounds: Any) -> Any:
    """Return lower and upper bounds."""
    if bounds is None:
        return ()
    if isinstance(bounds, optimize.Bounds):
        return bounds.lb, bounds.ub
    low, high = zip(*bounds, strict=True)
    if any(isinstance(each, Tensor) for each in (*low, *high)):
        return low, high
    return (
        np.array([-np.inf if each is None else each for each in low], float),
        np.array([np.inf if each is None else each for each in high], float),
    )


def _called(value: Any, tree: Any, fun: Any, slopes: Any, name: str) -> tuple[Any, Any]:
    """Return the function that SciPy is given, and the gradient, or True where the first returns both."""
    if slopes is True:

        def both(*args: Any) -> Any:
            found, gradient = tree.of_vector(fun)(*args)
            return found, tree.vector(gradient)

        return both, True
    if slopes is not None or name in _WITHOUT_GRADIENT:
        return value, slopes
    differentiated = value_and_grad(value)

    def call(*args: Any) -> Any:
        try:
            return differentiated(*args)
        except Exception as error:
            error.add_note("to have SciPy take differences instead of the gradient by the graph, pass jac='2-point'")
            raise

    return call, True


def _curves(name: str, value: Any, hess: Any, hessp: Any) -> tuple[Any, Any]:
    """Return the Hessian and its product that a method is given."""
    if hess is None and hessp is None:
        if name in _HESSIAN:
            hess = hessian(value)
        elif name in _PRODUCT:
            hessp = lambda x, p, *args: hvp(lambda z: value(z, *args), x, p)  # noqa: E731
    return hess, hessp


class _Vector:
    """Containers as vectors: what SciPy computes with."""

    def __init__(self, x0: Any) -> None:
        if isinstance(x0, list | tuple) and all(np.ndim(x) == 0 for x in x0):
            x0 = np.asarray(x0, float)  # a vector, as in SciPy
        leaves, self._rebuild = flatten(x0)
        self._leaves = list(map(as_floats, leaves))
        self._as_it_is = leaves[0] is x0 and np.ndim(x0) == 1
        self.start = self.vector(x0)

    def vector(self, tree: Any) -> Any:
        """Return all elements of a container, in order."""
        leaves = list(map(as_floats, flatten(tree)[0]))
        if len(leaves) == 1:
            return leaves[0].reshape(-1)
        return np.concatenate([x.reshape(-1) for x in leaves])

    def rebuild(self, vector: Any) -> Any:
        """Return a container like `x0` with the elements of a vector."""
        if self._as_it_is:
            return vector
        return self._rebuild([part[()] for part in split(vector, self._leaves)])

    def of_vector(self, function: Any) -> Any:
        """Return a function of a vector for one of containers."""
        return functools.wraps(function)(lambda x, *args: function(self.rebuild(x), *args))

    def gradient(self, function: Any) -> Any:
        """Return a function of a vector that returns a vector, for one of containers that returns one of them."""
        return lambda x, *args: self.vector(function(self.rebuild(x), *args))

    def callback(self, callback: Any) -> Any:
        """Return a function that SciPy calls with a vector."""
        if callback is None or self._as_it_is:
            return callback
        return lambda x, *rest: callback(self.rebuild(x), *rest)
