"""Wrapped functions: what all that `compile` returns has, whatever the function computes with."""

from __future__ import annotations

import functools
from collections.abc import Callable
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
        return getattr(self.__dict__["__wrapped__"], name)

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

    def __repr__(self) -> str:
        return f"compile({self.__wrapped__!r})"

    def source(self) -> str:
        """Return the text of all programs."""
        return "\n\n".join(program.source for program in self.programs)
