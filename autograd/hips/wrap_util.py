"""Operators that take a function of one argument, made to take functions of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from autograd.inside import check_argnums, check_callable, choose

__all__ = ["unary_to_nary"]

Function = Callable[..., Any]


def unary_to_nary(operator: Function) -> Function:
    """Return an operator with a parameter `argnum`, from one that takes a function of one argument and that argument.

    Parameters
    ----------
    operator
        Called with a function of one argument, its argument, and further arguments of its own. For several `argnum`,
        the argument is a tuple.

    Examples
    --------
    >>> from autograd.wrap_util import unary_to_nary
    >>> @unary_to_nary
    ... def slope(f, x, step=1e-6):
    ...     return (f(x + step) - f(x - step)) / (2 * step)
    >>> round(slope(lambda x, y: x * y**2, argnum=1)(3.0, 2.0), 4)
    12.0
    """

    @wraps(operator)
    def nary(fun: Function, argnum: Any = 0, *operator_args: Any, **operator_kwargs: Any) -> Function:
        check_callable("fun", fun)
        check_argnums(argnum)
        several = not isinstance(argnum, int)
        positions = tuple(argnum) if several else argnum

        @wraps(fun)
        def applied(*args: Any, **kwargs: Any) -> Any:
            of_chosen, chosen = choose(fun, positions, args, kwargs)
            of_one = (lambda x: of_chosen(*x)) if several else of_chosen
            of_one.__name__ = getattr(fun, "__name__", "a function")
            return operator(of_one, chosen if several else chosen[0], *operator_args, **operator_kwargs)

        return applied

    return nary
