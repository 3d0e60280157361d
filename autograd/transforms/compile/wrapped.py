"""Wrapped functions: what all that `compile` returns has, whatever the function computes with."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...errors import CompileError
from ...source.source_info import defined, warn

MOST = 8  # programs of one function


@dataclass
class FellBack:
    """A reason why a compiled function ran as it is.

    Attributes
    ----------
    reason
        What stood in the way.
    line
        The line of the user's program that it is about, where there is one.
    count
        How many calls, of the function or of its derivative, ran so.
    """

    reason: str
    line: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.reason}{f', at {self.line}' if self.line else ''} ({self.count} calls)"


class WrappedFunction:
    """A function that is recorded; its other attributes are those of the function, such as a model's `parameters`.

    Attributes
    ----------
    programs
        What was recorded: each has its `source`.
    fallbacks
        Why the function itself ran instead, if it did: for each reason its `reason`, `line` and `count` of calls.
    """

    # The names of attributes that are not the function's.
    _OWN: frozenset[str] = frozenset(("__wrapped__", "_because", "_eager", "_fallback", "_fell_back"))
    _fallback: Any
    _because: tuple[str, str]  # the reason why it runs as it is from now on

    def __init__(self, function: Callable[..., Any], fallback: str) -> None:
        self.__wrapped__, self._fallback, self._eager = function, fallback, False
        self._fell_back: dict[tuple[str, str], FellBack] = {}

    @property
    def fallbacks(self) -> list[FellBack]:
        """Why the function itself ran, instead of what was recorded."""
        return list(self._fell_back.values())

    def _falls_back(self, reason: str, line: str = "", *, quietly: bool = True) -> None:
        """Note that the function itself runs; warn the first time, of a line or if `fallback` says so."""
        key = reason, line
        if key not in self._fell_back:
            self._fell_back[key] = FellBack(reason, line)
            if not quietly and self._fallback != "eager" and (line or self._fallback == "warn"):
                where = f", at {line}" if line else ""
                warn(f"compile: {reason}{where}: {defined(self.__wrapped__)} ran as it is", RuntimeWarning)
        self._fell_back[key].count += 1

    def _gives_up(self, reason: str, line: str = "") -> None:
        """Note that the function itself runs from now on."""
        self._eager, self._because = True, (reason, line)
        self._falls_back(reason, line)

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
        return {"fallback": self._fallback}

    # A copy has a copy of the function, whose programs it records itself: these hold memory and belong to one object.

    def __copy__(self) -> Any:
        return type(self)(self.__wrapped__, **self._options())

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = memo[id(self)] = _blank(type(self))  # before the function, which may lead here again
        made.__setstate__((copy.deepcopy(self.__wrapped__, memo), self._options()))
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle by name what a decorator put in the place of the function, as functions are; else the function."""
        name = getattr(self.__wrapped__, "__qualname__", "")
        if _found(getattr(self.__wrapped__, "__module__", None), name) is self:
            return name
        return _blank, (type(self),), (self.__wrapped__, self._options())

    def __setstate__(self, state: tuple[Callable[..., Any], dict[str, Any]]) -> None:
        function, options = state
        self.__init__(function, **options)  # type: ignore[misc]  # of the class of each

    def __repr__(self) -> str:
        return f"compile({self.__wrapped__!r})"

    def source(self) -> str:
        """Return the text of all programs."""
        return "\n\n".join(program.source for program in self.programs)


def too_deep(what: str) -> CompileError:
    """Return the error for what is nested more deeply than Python's calls may be."""
    return CompileError(
        f"compile: {what} goes deeper than the {sys.getrecursionlimit()} calls that Python allows: nest less, use a "
        f"loop, or allow more with sys.setrecursionlimit"
    )


def _found(module: Any, name: str) -> Any:
    """Return what a module has under a name with dots, None if it has nothing there."""
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _blank(kind: type[WrappedFunction]) -> Any:
    """Return an object without a function, which it is given when what leads to both is there."""
    return kind.__new__(kind)
