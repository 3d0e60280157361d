"""Initial value problems: `solve_ivp` and `odeint`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import integrate
from scipy.optimize import OptimizeResult

from autograd import BatchError, ConvergenceError, Tensor, UnsupportedError, jacobian
from autograd.extend import as_array
from autograd.inside import TensorLike, any_live, check_callable, unwrap, users_line

from .._slopes import sparse_slopes
from .._watched import Packing, Watched, returned
from ..common import is_plain, refuse_live
from ._flow import Settings, attached

Function = Callable[..., "TensorLike | Sequence[TensorLike]"]
_STIFF = ("BDF", "Radau", "LSODA")  # the methods that solve with a Jacobian


def solve_ivp(
    fun: Function,
    t_span: Sequence[TensorLike] | TensorLike,
    y0: TensorLike,
    method: str | type[integrate.OdeSolver] = "RK45",
    t_eval: TensorLike | None = None,
    dense_output: bool = False,
    events: Callable[..., TensorLike] | list[Callable[..., TensorLike]] | None = None,
    vectorized: bool = False,
    args: tuple[TensorLike, ...] | TensorLike | None = None,
    sparse: bool | None = None,
    **options: Any,
) -> OptimizeResult:
    """Return the solution of an initial value problem, ``dy/dt = fun(t, y, *args)``, as SciPy's `solve_ivp` finds it.

    ``y`` of the result, of shape (n, times), is differentiated with respect to `y0`, `args`, whatever tensors `fun`
    closes over, both ends of `t_span`, and `t_eval`. First derivatives are found by the adjoint equation, solved
    backward along the solution with the same method and tolerances; derivatives of these, and forward mode, by forward
    sensitivities, whose cost grows with the number of parameters. Their errors are those of the tolerances: pass lower
    ones where that matters.

    Without `t_eval` the times are the steps of the solver; between the ends these count as constant. Within `vmap` all
    elements of a batch are solved as one system, with tolerances for each.

    Parameters
    ----------
    fun, t_span, y0, method, vectorized
        As in SciPy; what `fun` returns may be a list of tensors.
    t_eval
        The times of the values, in order.
    dense_output, events
        As in SciPy, without derivatives: a solution that is differentiated refuses them.
    args
        Further arguments of `fun` (and, in SciPy, of `events`).
    sparse
        Whether the methods ``"BDF"``, ``"Radau"`` and ``"LSODA"`` are given the Jacobian of `fun` as a sparse one, the
        last as one of bands: True, False, or None for where that pays. Without, or with a Jacobian in `options`, they
        are SciPy's own. ``derivatives`` of the result says what was done.
    **options
        SciPy's ``rtol``, ``atol``, ``max_step``, ``first_step``, ``jac`` and others.

    Raises
    ------
    UnsupportedError
        If a solution that is differentiated has `events` or `dense_output`, or is complex.
    ConvergenceError
        If the equations of the derivatives could not be solved.

    References
    ----------
    Cao, Li, Petzold & Serban, "Adjoint sensitivity analysis for differential-algebraic equations: the adjoint DAE
    system and its numerical solution", SIAM Journal on Scientific Computing 24 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy.integrate import solve_ivp
    >>> def left(rate):
    ...     return solve_ivp(lambda t, y: -rate * y, (0, 2), [1.0], rtol=1e-8, atol=1e-8).y[0, -1]
    >>> round(float(left(0.5)), 5), round(float(grad(left)(0.5)), 5)  # exp(-2 rate), and its derivative
    (0.36788, -0.73576)
    """
    check_callable("fun", fun)
    given = () if args is None else args if isinstance(args, tuple | list) else (args,)
    refuse_live("solve_ivp()", "they count as constants; pass t.detach()", options=options)
    start = _vector(y0)
    ends: Any = t_span
    first, last = ends
    begin, end = unwrap(first), unwrap(last)
    watched = Watched(_of_vector(fun, vectorized), tuple(given))
    packing = Packing(unwrap(start), watched(begin, unwrap(start)))
    root = np.sqrt(packing.count)
    tolerances = {"rtol": options.pop("rtol", 1e-3), "atol": options.pop("atol", 1e-6)}
    spread = {key: np.divide(value, root) if packing.count > 1 else value for key, value in tolerances.items()}
    if packing.count > 1 and np.ndim(spread["atol"]):
        spread["atol"] = np.tile(spread["atol"], packing.count)
    n = start.shape[-1]
    if packing.batched and (events is not None or dense_output):
        raise BatchError(
            f"solve_ivp(), at {users_line()}, within vmap solves all elements as one system, which has no events and "
            f"no dense output of its own: pass t_eval=..., or call it outside of vmap for each element"
        )
    jac = options.pop("jac", None)
    if jac is not None and not packing.batched:  # of all elements of a batch as one system there is none
        options["jac"] = (lambda t, y: unwrap(jac(t, y, *unwrap(tuple(given))))) if callable(jac) else jac
    way = None
    if not options.keys() & {"jac", "jac_sparsity", "lband", "uband"} and not packing.batched and method in _STIFF:
        slopes, way = sparse_slopes(
            jacobian, lambda y, t: watched.function(t, y, *unwrap(tuple(given))), sparse, unwrap(start), float(begin)
        )
        if slopes is not None:
            options |= _banded(slopes) if method == "LSODA" else {"jac": lambda t, y: slopes(y, t)}
    found = integrate.solve_ivp(
        lambda t, y: packing.pack(watched(t, packing.unpack(y, n))), (begin, end), packing.pack(unwrap(start)),
        method, unwrap(t_eval), dense_output, _plain(events, tuple(given)), **spread, **options,
    )  # fmt: skip
    if way is not None:
        found.derivatives = way if slopes is not None else f"{way}, by differences"
    live = watched.known or any(map(any_live, (start, first, last, t_eval)))
    ys = packing.unpack(found.y.T, n)
    if live:
        if events is not None or dense_output:
            what = "events" if events is not None else "dense_output=True"
            raise UnsupportedError(
                f"solve_ivp(), at {users_line()}, with {what} has no derivatives: pass t_eval=... for the values at "
                f"times of your own, or t.detach() for what fun depends on"
            )
        _refuse_complex(found.y)
        if not found.success:
            raise ConvergenceError(
                f"solve_ivp() did not come to the end of t_span, so that there are no derivatives: {found.message}"
            )
        settings = Settings(method, **tolerances, max_step=options.get("max_step", np.inf))
        found.t = _times(found.t, first, last, t_eval)
        ys = attached(ys, watched, settings, packing, first, found.t, start)
    elif any(isinstance(x, Tensor) for x in (start, *given)):
        ys = Tensor(ys)
    found.y = ys.T
    return found


def _banded(slopes: Any) -> dict[str, Any]:
    """Return LSODA's options for a Jacobian: its bands, or all of it where they are too wide."""
    pattern = slopes.prepared.pattern
    rows, columns = pattern.nonzero()
    lower, upper = int(np.max(rows - columns, initial=0)), int(np.max(columns - rows, initial=0))

    def bands(t: Any, y: Any) -> Any:
        found = slopes(y, t).tocoo()
        packed = np.zeros((lower + upper + 1, found.shape[1]))
        packed[upper + found.row - found.col, found.col] = found.data
        return packed

    if 2 * (lower + upper) > pattern.shape[0]:
        return {"jac": lambda t, y: slopes(y, t).toarray()}
    return {"jac": bands, "lband": lower, "uband": upper}


def odeint(
    func: Function,
    y0: TensorLike,
    t: TensorLike,
    args: tuple[TensorLike, ...] | TensorLike = (),
    tfirst: bool = False,
    rtol: float | None = None,
    atol: float | np.ndarray[Any, Any] | None = None,
    **options: Any,
) -> Tensor:
    """Return the solution of ``dy/dt = func(y, t, *args)`` at times, as SciPy's `odeint` finds it: (times, n).

    It is differentiated as that of `solve_ivp` is, with respect to `y0`, `t`, `args` and what `func` closes over.

    Parameters
    ----------
    func
        A function of y and t, or with `tfirst` of t and y, and of `args`.
    y0
        The values at the first of the times.
    t
        The times.
    args
        Further arguments of `func`: arrays of any shape.
    tfirst, rtol, atol
        As in SciPy.
    **options
        SciPy's ``tcrit``, ``h0``, ``hmax``, ``mxstep`` and others; ``full_output`` and ``Dfun`` are refused.

    Raises
    ------
    UnsupportedError
        If the values are complex.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> from autograd.scipy.integrate import odeint
    >>> jacobian(lambda y0: odeint(lambda y, t: -y, y0, np.array([0.0, 1.0]))[-1])(np.array([2.0])).round(5)
    array([[0.36788]])
    """
    check_callable("func", func)
    if refused := options.keys() & {"full_output", "Dfun", "col_deriv"}:
        raise TypeError(f"odeint() here has no {', '.join(sorted(refused))}: use solve_ivp(method='LSODA')")
    refuse_live("odeint()", "they count as constants; pass t.detach()", rtol=rtol, atol=atol, **options)
    given = args if isinstance(args, tuple) else (args,)
    start, times = _vector(y0), np.asarray(unwrap(t), float)
    ordered = func if tfirst else functools.wraps(func)(lambda t, y, *args: func(y, t, *args))
    watched = Watched(_of_vector(ordered, False), given)
    packing = Packing(unwrap(start), watched(times[0], unwrap(start)))
    n, root = start.shape[-1], np.sqrt(packing.count)
    tolerances = {"rtol": 1.49012e-8 if rtol is None else rtol, "atol": 1.49012e-8 if atol is None else atol}
    if packing.count > 1:
        options |= {key: np.divide(value, root) for key, value in tolerances.items()}
    else:
        options |= {"rtol": rtol, "atol": atol}
    found = integrate.odeint(
        lambda t, y: packing.pack(watched(t, packing.unpack(y, n))), packing.pack(unwrap(start)), times, tfirst=True,
        **options,
    )  # fmt: skip
    ys = packing.unpack(found, n)
    if watched.known or any(map(any_live, (start, t))):
        _refuse_complex(found)
        settings = Settings("LSODA", **tolerances)
        begin, ends = (t[0], t) if isinstance(t, Tensor) else (times[0], times)
        return attached(ys, watched, settings, packing, begin, ends, start)
    return Tensor(ys) if any(isinstance(x, Tensor) for x in (y0, t, *given)) else ys


def _vector(y0: Any) -> Any:
    """Return where a solution begins as a vector; a list may hold tensors."""
    if isinstance(y0, list | tuple):
        y0 = np.asarray(y0) if is_plain(y0) else np.stack([_vector(y)[0] for y in y0])
    y0 = y0 if isinstance(y0, Tensor) else as_array(y0)
    y0 = y0 if y0.dtype.kind in "fc" else y0.astype(float)
    return np.reshape(y0, (1,)) if y0.ndim == 0 else y0


def _times(found: Any, first: Any, last: Any, t_eval: Any) -> Any:
    """Return the times of values as a tensor if these are differentiated with respect to them."""
    if t_eval is not None:
        return t_eval if isinstance(t_eval, Tensor) else found
    if not (isinstance(first, Tensor) or isinstance(last, Tensor)):
        return found
    return np.concatenate([np.reshape(first, (1,)), found[1:-1], np.reshape(last, (1,))])


def _of_vector(fun: Any, vectorized: bool) -> Any:
    if vectorized:
        return lambda t, y, *args: np.reshape(returned(fun, fun(t, y[:, None], *args)), (-1,))
    return lambda t, y, *args: _vector(returned(fun, fun(t, y, *args)))


def _plain(events: Any, args: tuple[Any, ...]) -> Any:
    """Return events for SciPy, without derivatives."""
    if events is None or isinstance(events, list | tuple):
        return events if events is None else [_plain(event, args) for event in events]

    def event(t: Any, y: Any) -> Any:
        return unwrap(events(t, y, *unwrap(args)))

    event.__dict__.update(getattr(events, "__dict__", {}))
    return event


def _refuse_complex(found: Any) -> None:
    if found.dtype.kind == "c":
        raise UnsupportedError(
            f"a complex solution of an initial value problem, at {users_line()}, has no derivatives here: write it as "
            f"one of twice as many real unknowns"
        )
