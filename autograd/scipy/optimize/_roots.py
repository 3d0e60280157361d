"""Roots of equations: `root`, `fsolve`, `root_scalar` and `brentq`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize
from scipy.sparse import linalg

from autograd import Tensor, grad, jacobian, no_grad
from autograd.extend import as_array
from autograd.inside import TensorLike, check_callable, unwrap

from .._batches import each_element
from .._slopes import sparse_slopes
from ._implicit import as_args, plain, solved

Function = Callable[..., "TensorLike"]
_WITH_JACOBIAN = ("hybr", "lm")


def root(
    fun: Function,
    x0: TensorLike,
    args: tuple[TensorLike, ...] | TensorLike = (),
    method: str = "hybr",
    jac: Function | bool | None = None,
    tol: float | None = None,
    callback: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], None] | None = None,
    options: dict[str, Any] | None = None,
    *,
    sparse: bool | None = None,
) -> optimize.OptimizeResult:
    """Return a root of a function of several variables, as SciPy's `root` finds it.

    The solution ``x`` of the result is differentiated by the implicit function theorem, with respect to `args` and to
    whatever tensors `fun` closes over. It does not depend on `x0`.

    Parameters
    ----------
    fun
        A function of x, of any shape, and of `args`; it returns as many values as x has.
    x0
        Where to start.
    args
        Further arguments of `fun`.
    method, tol, callback, options
        As in SciPy.
    jac
        The Jacobian, as in SciPy. By default, methods ``"hybr"`` and ``"lm"`` are given that of `fun` by its graph;
        False has SciPy estimate it by differences, for a function that cannot be differentiated here.
    sparse
        Whether the Jacobian is computed as a sparse one, by a few products: True, False, or None for where that pays.
        ``derivatives`` of the result says what was done. `root`'s methods factor it as a dense one; its derivatives
        and ``method="krylov"``, which then has its factors as ``inner_M``, do not.

    Raises
    ------
    DerivativeError
        If the Jacobian is singular at the solution, while a derivative of the solution is wanted.

    References
    ----------
    The implicit function theorem: dx = -(∂f/∂x)⁻¹ (∂f/∂a) da. See `scipy.optimize.root` for the methods.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.optimize import root
    >>> def solution(a):
    ...     return root(lambda x, a: x**2 - a, np.array([1.0]), args=(a,)).x[0]
    >>> round(float(solution(4.0)), 6), round(float(grad(solution)(4.0)), 6)
    (2.0, 0.25)
    """
    check_callable("fun", fun)
    given = as_args(args)
    equations = (lambda x, *a: fun(x, *a)[0]) if jac is True else fun  # type: ignore[index]  # a pair

    def solve(functions: Any, x0: Any, given: Any) -> optimize.OptimizeResult:
        _, fun, jac = functions
        return optimize.root(plain(fun, pair=jac is True), x0, given, method, plain(jac), tol, callback, options)

    start, way = numbers(x0), None
    if jac is None and (method in _WITH_JACOBIAN or (method == "krylov" and sparse)):
        found, way = sparse_slopes(jacobian, _vector_of(fun), sparse, start, *unwrap(given))
        if method in _WITH_JACOBIAN:
            jac = jacobian_of(fun, "jac=False") if found is None else lambda x, *args: found(x, *args).toarray()
        elif found is not None:
            options = _preconditioned(options or {}, found(start, *unwrap(given)))
    with no_grad():
        result = each_element(solve, (equations, fun, jac), start, unwrap(given), start)
    if way is not None:
        result.derivatives = way
    result.x = solved("root()", equations, result.x, given)
    return result


def _vector_of(fun: Function) -> Any:
    """Return a function whose values are a vector."""
    return lambda x, *args: np.reshape(as_floats(fun(x, *args)), (-1,))


def _preconditioned(options: dict[str, Any], slopes: Any) -> dict[str, Any]:
    """Return options of SciPy's Krylov method with the inverse of a Jacobian near the solution as preconditioner."""
    inverse = linalg.LinearOperator(slopes.shape, linalg.splu(slopes.tocsc()).solve)
    return {**options, "jac_options": {"inner_M": inverse, **options.get("jac_options", {})}}


def jacobian_of(fun: Function, remedy: str) -> Any:
    """Return the Jacobian of a function, as a matrix."""

    def slopes(x: Any, *args: Any) -> Any:
        try:
            found = jacobian(_vector_of(fun))(x, *args)
        except Exception as error:
            error.add_note(f"to have SciPy estimate the Jacobian by differences instead, pass {remedy}")
            raise
        return np.reshape(unwrap(found), (-1, np.size(x)))

    return slopes


def as_floats(values: Any) -> Any:
    """Return numbers, or lists of them and of arrays and tensors, as an array or a tensor."""
    if isinstance(values, list | tuple):
        return np.stack([as_floats(value) for value in values])
    return values if hasattr(values, "shape") else np.asarray(values, float)


def numbers(x: TensorLike) -> Any:
    """Return an array of floating-point numbers: integers cannot be differentiated, nor iterated upon."""
    found = as_array(unwrap(x))
    return found if found.dtype.kind in "fc" else found.astype(float)


def fsolve(
    func: Function,
    x0: TensorLike,
    args: tuple[TensorLike, ...] | TensorLike = (),
    fprime: Function | None = None,
    **options: float,
) -> Tensor:
    """Return a root of a function of several variables, as SciPy's `fsolve` finds it; see `root`.

    Parameters
    ----------
    func, x0, args, fprime
        The function, where to start, its further arguments and its Jacobian, which by default is that of its graph.
    **options
        SciPy's ``xtol``, ``maxfev``, ``band``, ``epsfcn``, ``factor`` and ``diag``; ``full_output`` and ``col_deriv``
        are refused: `root` returns all of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.scipy.optimize import fsolve
    >>> fsolve(lambda x: x**3 - 8, np.array([1.0])).round(6)
    array([2.])
    """
    if refused := options.keys() & {"full_output", "col_deriv"}:
        raise TypeError(f"fsolve() here has no {', '.join(sorted(refused))}: root() returns all of the result")

    def solve(functions: Any, x0: Any, given: Any) -> optimize.OptimizeResult:
        fun, jac = functions
        return optimize.OptimizeResult(
            x=optimize.fsolve(plain(fun), x0, given, plain(jac), **options), success=True, message=""
        )

    given = as_args(args)
    with no_grad():
        start = np.atleast_1d(numbers(x0))
        slopes = jacobian_of(func, "root(..., jac=False)") if fprime is None else fprime
        x: Any = each_element(solve, (func, slopes), start, unwrap(given), start).x
    return solved("fsolve()", func, x, given)


def root_scalar(
    f: Function,
    args: tuple[TensorLike, ...] | TensorLike = (),
    method: str | None = None,
    bracket: tuple[float, float] | list[float] | None = None,
    fprime: Function | bool | None = None,
    fprime2: Function | bool | None = None,
    x0: float | None = None,
    x1: float | None = None,
    **options: Any,
) -> optimize.RootResults:
    """Return a root of a function of one variable, as SciPy's `root_scalar` finds it.

    The ``root`` of the result is differentiated by the implicit function theorem, with respect to `args` and to what
    `f` closes over; it does not depend on the bracket or on where the search begins.

    Parameters
    ----------
    f
        A function of a number and of `args`; it returns a number.
    args
        Further arguments of `f`.
    method, bracket, x0, x1
        As in SciPy.
    fprime, fprime2
        The derivatives, as in SciPy. Methods ``"newton"`` and ``"halley"`` are given those of `f` by its graph.
    **options
        SciPy's ``xtol``, ``rtol``, ``maxiter`` and ``options``.

    Raises
    ------
    DerivativeError
        If `f` has slope 0 at the root, while a derivative of the root is wanted.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.optimize import root_scalar
    >>> round(float(grad(lambda a: root_scalar(lambda x: np.exp(x) - a, bracket=(0, 3)).root)(4.0)), 6)
    0.25
    """
    check_callable("f", f)
    given = as_args(args)
    value = (lambda x, *a: f(x, *a)[0]) if fprime is True or fprime2 is True else f  # type: ignore[index]
    places = unwrap({"bracket": bracket, "x0": x0, "x1": x1})

    def solve(functions: Any, places: Any, given: Any) -> optimize.OptimizeResult:
        _, fun, first, second = functions
        call = _number(fun, value is not f)
        found = optimize.root_scalar(
            call, given, method, fprime=plain(first), fprime2=plain(second), **places, **options
        )
        return optimize.OptimizeResult(x=np.asarray(found.root), success=found.converged, message=found.flag, all=found)

    if method in ("newton", "halley") and fprime is None:
        fprime = grad(_value_of(f))
    if method == "halley" and fprime2 is None:
        fprime2 = grad(grad(_value_of(f)))
    start = numbers(x0 if x0 is not None else bracket[0] if bracket is not None else 1.0)
    with no_grad():
        found = each_element(solve, (value, f, fprime, fprime2), places, unwrap(given), start)
    result: Any = found.get("all") or optimize.RootResults(found.x, None, None, found.success, method)
    root = solved("root_scalar()", value, found.x, given)
    if isinstance(root, Tensor):
        result.root = root
    return result


def _value_of(fun: Any) -> Any:
    """Return a function of one number that returns one number, where `fun` may return an array of one."""
    return lambda x, *args: np.reshape(as_floats(fun(x, *args)), ())


def _number(fun: Any, pair: bool) -> Any:
    """Return a function for SciPy, which compares its values."""
    call = plain(fun, pair)

    def value(*args: Any) -> Any:
        found = call(*args)
        return found if pair else float(np.reshape(found, ()))

    return value


def brentq(
    f: Function,
    a: float,
    b: float,
    args: tuple[TensorLike, ...] | TensorLike = (),
    xtol: float = 2e-12,
    rtol: float = 4 * float(np.finfo(float).eps),
    maxiter: int = 100,
    disp: bool = True,
) -> Tensor:
    """Return a root of a function of one variable between `a` and `b`, by Brent's method; see `root_scalar`.

    Parameters
    ----------
    f, args
        The function and its further arguments.
    a, b
        Between which its sign changes.
    xtol, rtol, maxiter
        As in SciPy.
    disp
        Whether to raise an error if it has not converged. SciPy's ``full_output`` is what `root_scalar` returns.

    Examples
    --------
    >>> from autograd import grad
    >>> from autograd.scipy.optimize import brentq
    >>> round(float(grad(lambda c: brentq(lambda x, c: x * x - c, 0, 5, args=(c,)))(4.0)), 6)
    0.25
    """
    found = root_scalar(f, args, "brentq", (a, b), xtol=xtol, rtol=rtol, maxiter=maxiter)
    if disp and not found.converged:
        raise RuntimeError(f"brentq() has not converged after {maxiter} iterations: {found.flag}")
    return found.root
