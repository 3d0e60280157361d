"""Wrapped functions: what all that `compile` returns has, whatever the function computes with."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import Any

__all__ = ["MOST", "WrappedFunction"]

MOST = 8  # programs of one function


class WrappedFunction:
    """A function that is recorded; its other attributes are those of the function, such as a model's `parameters`.

    Attributes
    ----------
    programs
        What was recorded: each has its `source`.
    """

    _OWN: frozenset[str] = frozenset()  # the names of attributes that are not the function's
    __wrapped__: Callable[..., Any]

    def __getattr__(self, name: str) -> Any:
        if "__wrapped__" not in self.__dict__:  # of a copy that is being made
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            super().__setattr__(name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        raise NotImplementedError

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def _options(self) -> dict[str, Any]:
        """Return what `__init__` takes besides the function."""
        raise NotImplementedError

    # A copy has a copy of the function, whose programs it records itself: these hold memory and belong to one object.

    def __copy__(self) -> Any:
        return type(self)(self.__wrapped__, **self._options())  # type: ignore[call-arg]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = memo[id(self)] = _blank(type(self))  # before the function, which may lead here again
        made.__setstate__((copy.deepcopy(self.__wrapped__, memo), self._options()))
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle by name what a decorator put in the place of the function, as functions are; else the function."""
        function = self.__wrapped__
        name = getattr(function, "__qualname__", "")
        try:
            if attrgetter(name)(sys.modules[function.__module__]) is self:
                return name
        except (AttributeError, KeyError, TypeError):  # no function, or one that has no place in a module
            pass
        return _blank, (type(self),), (function, self._options())

    def __setstate__(self, state: tuple[Callable[..., Any], dict[str, Any]]) -> None:
        function, options = state
        self.__init__(function, **options)  # type: ignore[misc]  # of the class of each

    def __repr__(self) -> str:
        return f"compile({self.__wrapped__!r})"

    def source(self) -> str:
        """Return the text of all programs."""
        return "\n\n".join(program.source for program in self.programs)


def _blank(kind: type[WrappedFunction]) -> Any:
    """Return an object without a function, which it is given when what leads to both is there."""
    return kind.__new__(kind)
