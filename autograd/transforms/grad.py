"""Gradients of functions: `grad` and `value_and_grad`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..errors import GraphError, check_argnums, check_callable
from ..tensors.tensor import Tensor, plain_array
from .pytree import flatten
from .recording import check_outputs, is_others, value_of
from .vjp_jvp import vjp

__all__ = ["choose", "elementwise_grad", "grad", "value_and_grad"]

Function = Callable[..., Any]


def grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """Return the function that computes the gradient of `function`, which returns one number.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns a single number.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of gradients.
    has_aux
        `function` returns a pair, the number and anything else, which is handed through beside the gradient.

    Returns
    -------
    callable
        Takes what `function` takes and returns the gradient, of the shape of that argument; with `has_aux` a pair.

    Raises
    ------
    GraphError
        When called, if `function` returns more than one number.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> float(grad(grad(np.sin))(0.5) + np.sin(0.5))
    0.0
    """
    both = value_and_grad(function, argnums, has_aux)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(function: Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Function:
    """Return the function that computes both `function` and its gradient; see `grad`.

    With `has_aux` the value is the pair that `function` returns.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import value_and_grad
    >>> value, gradient = value_and_grad(lambda w: np.sum(w["a"] * w["b"]))({"a": 2.0, "b": np.array([1.0, 3.0])})
    >>> float(value), gradient
    (8.0, {'a': np.float64(4.0), 'b': array([2., 2.])})
    """
    check_callable("function", function)
    check_argnums(argnums)

    @wraps(function)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        of_chosen, primals = choose(function, argnums, args, kwargs)
        beside: list[Any] = []

        @wraps(function)
        def differentiated(*chosen: Any) -> Any:
            result = of_chosen(*chosen)
            if has_aux:
                result, aux = _pair(result)
                beside.append(aux)
            return result

        value, pull = vjp(differentiated, *primals)
        if np.size(value) != 1 or isinstance(value, dict | list | tuple):
            what = type(value).__name__ if isinstance(value, dict | list | tuple) else f"shape {np.shape(value)}"
            raise GraphError(f"grad() needs a function that returns one number, not {what}: sum it, or use vjp()")
        data = value._array if isinstance(value, Tensor) else plain_array(value)
        if data.dtype.kind == "c":
            raise GraphError(
                "grad() needs a function that returns a real number, but this one returned a complex one: take its "
                "real part or its absolute value, or use vjp()"
            )
        gradient = pull(np.ones(data.shape, data.dtype if data.dtype.kind == "f" else float))
        if has_aux:
            contents, rebuild = flatten(beside[0])
            value = value, rebuild([value_of(y, isinstance(value, Tensor) or is_others(y)) for y in contents])
        return value, gradient[0] if isinstance(argnums, int) else gradient

    return both


def elementwise_grad(function: Function, argnums: int = 0) -> Function:
    """Return the function that computes the derivative of each element of the result by the same element of the input.

    Strictly it sums the derivatives of all elements of the result, which is the same for a function that acts on each
    element by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import elementwise_grad
    >>> elementwise_grad(np.tanh)(np.array([0.0, 1.0])).round(4)
    array([1.  , 0.42])
    """
    check_callable("function", function)

    @wraps(function)
    def summed(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        check_outputs(function, [result])
        return np.sum(result)

    return grad(summed, argnums)


def choose(
    function: Function, argnums: int | tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Function, tuple[Any, ...]]:
    """Return the function of the chosen arguments alone, and their values."""
    places = (argnums,) if isinstance(argnums, int) else argnums
    if not all(-len(args) <= place < len(args) for place in places):
        raise IndexError(f"argnums={argnums}, but the function was called with {len(args)} arguments")
    if len({place % len(args) for place in places}) < len(places):
        raise ValueError(f"argnums={argnums} names one of the {len(args)} arguments twice")

    @wraps(function)
    def of_chosen(*chosen: Any) -> Any:
        full = list(args)
        for place, value in zip(places, chosen, strict=True):
            full[place] = value
        return function(*full, **kwargs)

    return of_chosen, tuple(args[place] for place in places)


def _pair(result: Any) -> Any:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(f"with has_aux=True the function returns a number and something beside it, not {result!r}")
    return result
