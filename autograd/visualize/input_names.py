"""Input names: which of the arrays that a program has a name for an operation was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import Value
from autograd.inside import Node

from .given_arrays import Memory, Named, named_around, named_arrays
from .watching import Call, note_of


class InputNames:
    """The arrays with a name: those in `params`, the arguments of the outermost calls, and what a function uses.

    Of several names for one array, the first in this order counts.
    """

    def __init__(self, params: Mapping[str, Any], nodes: Iterable[Node], function: Callable[..., Any] | None) -> None:
        notes = (note for node in nodes if (note := note_of(node)) is not None)
        outermost = dict.fromkeys(note.calls[0] for note in notes if note.calls and not note.calls[0].function)
        named = [*named_arrays(params), *(each for call in outermost for each in call.arguments)]
        named += named_around(function) if function is not None else ()
        self._by_owner: dict[int, list[Named]] = {}
        self._values: dict[int, str] = {id(each.value): each.name for each in reversed(named) if each.value is not None}
        for each in named:
            if each.memory is not None:
                self._by_owner.setdefault(id(each.memory.owner), []).append(each)

    def of_array(self, memory: Memory | None) -> Named | None:
        """Return the array outside of the graph that has these elements, or that they are a part of."""
        among = [each for each in self._among(memory) if not each.live]
        exact = _exact(memory, among)
        return exact or next((each for each in among if each.memory and memory and each.memory.contains(memory)), None)

    def of_leaf(self, memory: Memory | None) -> str:
        """Return the name of a tensor in the graph; empty if it has none."""
        found = _exact(memory, [each for each in self._among(memory) if each.live])
        return found.name if found else ""

    def of_value(self, value: Value) -> str:
        """Return the name of a value; empty if it has none."""
        return self._values.get(id(value), "")

    def _among(self, memory: Memory | None) -> list[Named]:
        return [] if memory is None else self._by_owner.get(id(memory.owner), [])


def name_among(memory: Memory | None, calls: Iterable[Call]) -> str | None:
    """Return the name that the innermost of `calls` has for an array among its arguments; None if none has one.

    It is empty for the first argument of a function, whose name, such as input, says nothing.
    """
    for call in reversed([*calls]):
        found = _exact(memory, call.arguments)
        if found:
            return "" if call.function and found is call.arguments[0] else found.name
    return None


def _exact(memory: Memory | None, among: Iterable[Named]) -> Named | None:
    return next((each for each in among if memory and each.memory and each.memory.is_same(memory)), None)
