"""What distributions and transforms declare by a formula, in one line: properties, functions of a value, samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

from .constraints import Constraint


def formula(function: Callable[[Any], Any], description: str | None = None) -> Tensor:
    """Declare numbers that follow from others: ``mean = formula(lambda self: 1 / self.rate, "Inverse of `rate`.")``.

    What has no description takes that of the base class.
    """
    return _declared(function, description, Tensor)


def dependent(function: Callable[[Any], Constraint], description: str | None = None) -> Constraint:
    """Declare a constraint that depends on parameters, as `formula` does for numbers."""
    return _declared(function, description, Constraint)


def of_value(function: Callable[[Any, Any], Any]) -> Any:
    """Declare a method of one argument: ``_cdf = of_value(lambda self, value: -np.expm1(-self.rate * value))``."""
    return function


def of_chance(function: Callable[[Any, Any], Any]) -> Any:
    """Declare a quantile as `of_value` does a function; at the ends of the chance it is infinite without a warning."""
    return np.errstate(divide="ignore")(function)


def drawn(kind: str, function: Callable[[Any, Any], Any]) -> Any:
    """Declare samples by what they are of noise: ``_draw = drawn("standard_normal", lambda self, noise: ...)``."""
    return lambda self, shape, generator: function(self, self._noise(kind, shape, generator))


def sampled(function: Callable[[Any, tuple[int, ...], Any], Any]) -> Any:
    """Declare samples of a shape, with that of the batch and the event: ``lambda self, shape, generator: ...``."""
    return function


def _declared(function: Callable[[Any], Any], description: str | None, kind: type) -> Any:
    function.__doc__, function.__annotations__ = description, {"return": kind}
    return _Formula(function)


class _Formula(property):
    def __set_name__(self, owner: type, name: str) -> None:
        inherited = [vars(base).get(name) for base in owner.__mro__[1:]]
        own = getattr(self.fget, "__doc__", None)
        self.__doc__ = own or next((each.__doc__ for each in inherited if isinstance(each, property)), None)
