"""Helpers for special functions: declaring those with parameters such as an order, and a quotient with 0 / 0 = 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import UnsupportedError
from ...primitives.declare import elementwise
from ...primitives.primitive import Function, Rule, argument_names
from ...source.call_site import users_line
from ...tensors.dispatch import operations
from ...tensors.tensor import Tensor, any_live
from ...tensors.types import ArrayOrTensor

# By number of parameters: reorder a function's arguments so that its variable, which is differentiated, comes first.
_VARIABLE_FIRST: dict[int, Callable[[Function], Function]] = {
    1: lambda function: lambda x, a: function(a, x),
    2: lambda function: lambda x, a, b: function(a, b, x),
    3: lambda function: lambda x, a, b, c: function(a, b, c, x),
}


def where_defined(out: ArrayOrTensor, gx: ArrayOrTensor) -> Any:
    """Return a gradient, and nan outside of the domain, where the function is nan, whatever its formula gives there."""
    return np.where(np.isnan(out), np.nan, gx)


def in_double(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of real numbers: it computes in double precision, and returns that of the values.

    Where large terms cancel, as in an exponent, single precision would leave few digits.
    """

    def computed(*values: Any) -> Any:
        dtypes = {value.dtype for value in values if hasattr(value, "dtype")}
        if dtypes == {np.dtype(np.float64)}:
            return function(*values)
        wide = [value.astype(np.float64) if hasattr(value, "dtype") else value for value in values]
        return function(*wide).astype(np.result_type(*dtypes))

    return computed


def distribution(function: np.ufunc, complement: np.ufunc, *slopes: Callable[..., ArrayOrTensor]) -> None:
    """Declare a distribution function and its complement, by the derivatives of the former in all arguments."""

    def declare(of: Any, sign: int) -> None:
        def rule(slope: Callable[..., Any]) -> Rule:
            if of.nin == 2:
                return lambda g, x, y, out: where_defined(out, sign * g * slope(x, y))
            return lambda g, a, b, x, out: where_defined(out, sign * g * slope(a, b, x))

        elementwise(of, *map(rule, slopes), forward=of if of.nin == 2 else lambda a, b, x: of(a, b, x))

    declare(function, 1)
    declare(complement, -1)


def at_quantile(inverse: np.ufunc, function: Callable[..., Any], out: ArrayOrTensor, *values: ArrayOrTensor) -> Any:
    """Return a function of parameters and a quantile, `out`, as the inverse of a distribution function gives it.

    A density changes over a small part of a large quantile: in single precision too few digits of it are known, so that
    it is computed again. The last of the values is the probability.
    """
    *parameters, _ = values
    if out.dtype == np.float64:
        return where_defined(out, function(*parameters, out))
    return where_defined(out, in_double(lambda *wide: function(*wide[:-1], inverse(*wide)))(*values))


def _defined(rule: Rule, g: Any, **values: Any) -> Any:
    return where_defined(values["out"], rule(g, *[values[name] for name in argument_names(rule)[1:]]))


# By number of parameters: a rule with the names that `of_last` gives them.
_DEFINED: dict[int, Callable[[Rule], Rule]] = {
    1: lambda rule: lambda g, x, a, out: _defined(rule, g, x=x, a=a, out=out),
    2: lambda rule: lambda g, x, a, b, out: _defined(rule, g, x=x, a=a, b=b, out=out),
    3: lambda rule: lambda g, x, a, b, c, out: _defined(rule, g, x=x, a=a, b=b, c=c, out=out),
}


def of_last(function: np.ufunc, rule: Rule, forward: Function | None = None) -> None:
    """Declare a ufunc that is differentiable in its last argument, ``x``; the parameters before it are ``a, b, c``.

    `forward` computes it, if the ufunc itself does not. Where it is not defined, its derivative is not either.
    """
    name = function.__name__.lstrip("_")
    count = function.nin - 1
    operation = elementwise(_VARIABLE_FIRST[count](forward or function), _DEFINED[count](rule), name=name)

    def apply(*arguments: Any) -> Any:
        *parameters, x = arguments
        if any_live(parameters):
            raise UnsupportedError(
                f"scipy.special.{name}, at {users_line()}, has a derivative here in its last argument "
                f"alone: the others have to be constants, as t.detach() is"
            )
        result = operation(x, *parameters)
        return result if isinstance(result, Tensor) else Tensor(result)

    operations[function] = apply


def split(x: ArrayOrTensor) -> tuple[Any, Any]:
    """Return two numbers that add up to x² to the last digits, which rounding x² would lose; beyond 64, to 64².

    The first is an exact square: that of x rounded to so few digits. exp(±x²/2) is 0 or inf beyond 64.
    """
    x = np.clip(x, -_FAR, _FAR)
    rounds = x.dtype.type(1.5 * 2.0 ** (np.finfo(x.dtype).nmant - _DIGITS))  # a sum with it has no other digits
    head = x + rounds
    head -= rounds
    rest = x - head
    x += head
    rest *= x
    head *= head
    return head, rest


_FAR, _DIGITS = 64.0, 5  # the square of the head has at most 22 binary digits


def plain_exp_of_square(x: ArrayOrTensor, factor: float) -> Any:
    """Return exp(factor x²) to the last digits; of complex numbers, up to rounding x²."""
    if x.dtype.kind == "c":
        return np.exp(factor * x * x)
    head, rest = split(x)
    head *= factor
    rest *= factor
    result = np.exp(head)
    result *= np.exp(rest)
    return result


exp_of_square = elementwise(
    plain_exp_of_square, lambda g, out, x, factor: g * (x * out * (2 * factor)), name="exp_of_square"
)


def over(x: ArrayOrTensor, y: ArrayOrTensor) -> Any:
    """Return x / y, and 0 where both are 0; there the derivative in `x` is huge, but not infinite."""
    both = np.equal(x, 0) & np.equal(y, 0)
    return x / np.where(both, np.finfo(getattr(y, "dtype", float)).tiny, y)
