"""Gradients of functions that return one number: `grad`, `value_and_grad` and `elementwise_grad`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ..errors import DtypeError, GraphError, check_argnums, check_callable
from ..foreign.missing import GRAD_KEYWORDS, keywords_from
from ..graph.grad_mode import enable_grad
from ..graph.node import ancestors
from ..tensors.tensor import Tensor
from .pytree import flatten
from .recording import Function, Recording, check_outputs, reaches_others, track, value_of

if TYPE_CHECKING:
    from .types import Aux, Gradient, NumberAndAux, NumberFunction, ValueAndGradient


@overload
def grad(function: NumberFunction, argnums: Literal[0] = 0, has_aux: Literal[False] = False) -> Gradient: ...
@overload
def grad(function: NumberFunction, argnums: int, has_aux: Literal[False] = False) -> Callable[..., Any]: ...
@overload
def grad(
    function: NumberFunction, argnums: tuple[int, ...], has_aux: Literal[False] = False
) -> Callable[..., tuple[Any, ...]]: ...
@overload
def grad(
    function: NumberAndAux[Aux], argnums: int | tuple[int, ...] = 0, *, has_aux: Literal[True]
) -> Callable[..., tuple[Any, Aux]]: ...
@overload
def grad(function: NumberFunction, *, has_aux: bool = False, argnum: int | Sequence[int]) -> Callable[..., Any]: ...
@keywords_from(GRAD_KEYWORDS)
def grad(
    function: Function,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    argnum: int | Sequence[int] | None = None,
) -> Function:
    """Return a function that computes the gradient of `function`, which returns one number.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns a single number.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of gradients.
    has_aux
        Whether `function` returns a pair: the number, and anything else, which is returned beside the gradient.
    argnum
        The same as `argnums`, under the name that it has in HIPS autograd.

    Returns
    -------
    callable
        Takes the arguments of `function` and returns the gradient, of the shape of the chosen argument; with `has_aux`
        a pair.

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
    both: Function = value_and_grad(function, argnums, has_aux, argnum=argnum)  # type: ignore[call-overload]  # any of the four

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


@overload
def value_and_grad(
    function: NumberFunction, argnums: Literal[0] = 0, has_aux: Literal[False] = False
) -> ValueAndGradient: ...
@overload
def value_and_grad(
    function: NumberFunction, argnums: int, has_aux: Literal[False] = False
) -> Callable[..., tuple[Any, Any]]: ...
@overload
def value_and_grad(
    function: NumberFunction, argnums: tuple[int, ...], has_aux: Literal[False] = False
) -> Callable[..., tuple[Any, tuple[Any, ...]]]: ...
@overload
def value_and_grad(
    function: NumberAndAux[Aux], argnums: int | tuple[int, ...] = 0, *, has_aux: Literal[True]
) -> Callable[..., tuple[tuple[Any, Aux], Any]]: ...
@overload
def value_and_grad(
    function: NumberFunction, *, has_aux: bool = False, argnum: int | Sequence[int]
) -> Callable[..., tuple[Any, Any]]: ...
@keywords_from(GRAD_KEYWORDS)
def value_and_grad(
    function: Function,
    argnums: int | tuple[int, ...] = 0,
    has_aux: bool = False,
    *,
    argnum: int | Sequence[int] | None = None,
) -> Function:
    """Return a function that computes both `function` and its gradient; see `grad`.

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
    argnums = check_argnums(argnums, argnum)

    @wraps(function)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        aux: list[Any] = []
        of_chosen, primals = choose(without_aux(function, aux) if has_aux else function, argnums, args, kwargs)
        with enable_grad():
            record = Recording(of_chosen, *track(primals))
            value = record.value()
            cotangent = _one(value, record)
            found = record.pull_back({node: cotangent for node in record.output_nodes if node is not None})
            del cotangent
            gradient = record.gradients(found)
        if has_aux:
            value = value, aux_of(aux, record)
        return value, gradient[0] if isinstance(argnums, int) else gradient

    return both


def _one(value: Any, record: Recording) -> Any:
    """Return the cotangent of a real number that a function returned, or raise if it is something else."""
    types = record.output_types
    if len(types) != 1 or isinstance(value, dict | list | tuple):
        what = type(value).__name__
    else:
        ((shape, dtype),) = types
        what = "" if math.prod(shape) == 1 else f"shape {shape}"
    if what:
        remedy = "with has_aux=True, other results come second" if isinstance(value, tuple) else "sum it, or use vjp()"
        raise GraphError(f"grad() needs a function that returns one number, not {what}: {remedy}")
    if dtype.kind != "f":
        raise DtypeError(
            "grad() needs a function that returns a real number, but this one returned a complex one: take its real "
            "part or its absolute value, or use vjp()"
            if dtype.kind == "c"
            else f"grad() needs a function that returns a real number, but this one returned {dtype}"
        )
    return np.ones(shape, dtype)


def elementwise_grad(function: NumberFunction, argnums: int = 0, *, argnum: int | None = None) -> Function:
    """Return a function that computes the derivative of each element of the result by the same element of the input.

    This is the gradient of the sum of the result, which is the same for a function of each element by itself.

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

    gradient: Function = grad(summed, check_argnums(argnums, argnum))
    return gradient


def choose(
    function: Function, argnums: int | tuple[int, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Function, tuple[Any, ...]]:
    """Return the function of the arguments that `argnums` chooses, and these arguments."""
    positions = (argnums,) if isinstance(argnums, int) else argnums
    count = len(args)
    for position in positions:
        if not -count <= position < count:
            raise IndexError(f"argnums={argnums}, but the function was called with {count} arguments")
    if len({position % count for position in positions}) < len(positions):
        raise ValueError(f"argnums={argnums} names one of the {count} arguments twice")

    def of_chosen(*chosen: Any) -> Any:
        full = list(args)
        for position, value in zip(positions, chosen, strict=True):
            full[position] = value
        return function(*full, **kwargs)

    of_chosen.__wrapped__ = function  # type: ignore[attr-defined]  # it is the function that messages name
    return of_chosen, tuple(map(args.__getitem__, positions))


def without_aux(function: Function, aux: list[Any]) -> Function:
    """Return a function that returns the result alone, and appends to `aux` what `function` returns beside it."""

    @wraps(function)
    def alone(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(f"with has_aux=True the function returns a result and something beside it, not {result!r}")
        aux.append(result[1])
        return result[0]

    return alone


def aux_of(aux: list[Any], record: Recording) -> Any:
    """Return what a function returned beside its result, with arrays in place of the tensors of its record."""
    contents, rebuild = flatten(aux[0])
    return rebuild([value_of(y, record.create_graph or _is_others(y)) for y in contents])


def _is_others(y: Any) -> bool:
    """Tell whether somebody else may differentiate what was returned beside a number."""
    return isinstance(y, Tensor) and y._node is not None and reaches_others(ancestors([y._node]), ())
