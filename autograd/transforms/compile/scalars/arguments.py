"""Arguments: what a function is recorded with, and the lines that check whether another call is of the same kind."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from autograd import Value

from ..quoting import is_literal, literal
from .expressions import Names
from .recorder import RecordedValue, ValueRecorder

PLAIN = (int, str, bytes, bool, type(None), complex, np.integer, np.bool_)


class Arguments:
    """The arguments of the recorded call, and the lines that check whether others are of the same kind.

    Attributes
    ----------
    objects
        Arguments that are neither numbers nor containers of them: they are compared by identity.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], held: set[int]) -> None:
        self.names = Names(inf=math.inf, nan=math.nan)
        self.lines: list[str] = []
        self.objects: list[Any] = []
        self._args, self._kwargs, self._held = args, kwargs, held
        self._first: dict[int, str] = {}
        self._copies: list[tuple[Any, list[Any]]] = []
        self._variables, self._inputs = itertools.count(), itertools.count()

    def recorded(self, recorder: ValueRecorder) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments to record the function with."""
        args = self._container(recorder, "args", self._args)
        kwargs = self._container(recorder, "kwargs", self._kwargs)
        return args, kwargs

    def _container(self, recorder: ValueRecorder, name: str, value: Any) -> Any:
        kind = type(value).__name__
        parts = list(value.values()) if isinstance(value, dict) else list(value)
        keys = ""
        if isinstance(value, dict) and value:
            keys = f" or [*{name}] != {self.names.name(list(value), 'keys')}"
        self._unless(f"type({name}) is not {kind} or len({name}) != {len(value)}{keys}")
        variables = [f"a{next(self._variables)}" for _ in parts]
        if parts:
            self.lines.append(f"{', '.join(variables)}, = {name}{'.values()' if isinstance(value, dict) else ''}")
        made = [self._part(recorder, *each) for each in zip(variables, parts, strict=True)]
        copy = dict(zip(value, made, strict=True)) if isinstance(value, dict) else type(value)(made)
        self._copies.append((copy, _contents(copy)))
        return copy

    def changed(self) -> str | None:
        """Return the type of an argument that the function changed, or None."""
        for copy, contents in self._copies:
            now = _contents(copy)
            if len(now) != len(contents) or not all(map(operator.is_, now, contents)):
                return type(copy).__name__
        return None

    def _part(self, recorder: ValueRecorder, name: str, value: Any) -> Any:
        kind = type(value)
        if kind in (Value, RecordedValue):
            return self._value(recorder, name, value)
        if kind in (list, tuple, dict):
            return self._container(recorder, name, value)
        if kind is float or isinstance(value, np.floating):
            self._unless(f"type({name}) is not {self.names.name(kind, kind.__name__)}")
            self.lines.append(f"x{next(self._inputs)} = {name}")
            return recorder.argument(value)
        if isinstance(value, Value | np.ndarray):
            what = "an array" if isinstance(value, np.ndarray) else f"a value of the subclass {kind.__name__}"
            recorder.refuse(f"the function was given {what}", "give it floats or values, such as array.tolist()")
        if isinstance(value, PLAIN):
            same = literal(value) if is_literal(value) else self.names.name(value, "given")
            self._unless(f"type({name}) is not {self.names.name(kind, kind.__name__)} or {name} != {same}")
            return value
        self.objects.append(value)
        self._unless(f"{name} is not {self.names.name(value, 'given')}")
        return value

    def _value(self, recorder: ValueRecorder, name: str, value: Value) -> Value:
        if id(value) in self._held:  # the function reads it anyway: gradients of both meet
            self._unless(f"{name} is not {self.names.name(value, 'held')}")
            return value
        if id(value) in self._first:
            self._unless(f"{name} is not {self._first[id(value)]}")
            return value
        self._unless(f"type({name}) is not Value")
        number = next(self._inputs)
        self._first[id(value)] = f"i{number}"
        self.lines.append(f"i{number} = {name}")
        returned: Value = recorder.argument(value)
        return returned

    @property
    def values(self) -> list[str]:
        """The names of the values among the inputs."""
        return list(self._first.values())

    def _unless(self, condition: str) -> None:
        self.lines.append(f"if {condition}: return miss")


def _contents(container: Any) -> list[Any]:
    return [*container, *container.values()] if isinstance(container, dict) else list(container)
