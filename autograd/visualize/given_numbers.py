"""Given numbers: those that a user has for tensors and modules, as labels and places on a scale of colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from autograd import Tensor, Value

from .foreign import ForeignNode
from .given_arrays import Memory, memory_of
from .picture import Mark

_PALEST = 0.15  # of the colour that stands for the largest number has the smallest, which is not white


class GivenNumbers:
    """The numbers of `data`, by tensor, value, module, or name of what is in `params` or `modules`."""

    def __init__(self, data: Mapping[Any, Any], params: Mapping[str, Any], modules: Mapping[str, Any]) -> None:
        self._numbers: list[float] = []
        self._words: list[str] = []  # what each number is of
        self._of: dict[Any, int] = {}  # the number of each node, and of each module by its identity
        self._arrays: list[tuple[Memory, int]] = []
        self._used: set[int] = set()
        for key, value in data.items():
            item = _named(key, params, modules) if isinstance(key, str) else key
            words = repr(key) if isinstance(key, str) else f"a {type(key).__name__}"
            self._add(item, words, _number(value, words))
        finite = [number for number in self._numbers if np.isfinite(number)]
        self.low, self.high = min(finite, default=0.0), max(finite, default=0.0)

    def _add(self, item: Any, words: str, number: float) -> None:
        index = len(self._numbers)
        if isinstance(item, Tensor) and item._node is None:
            memory = memory_of(item._array)
            self._arrays += [] if memory is None else [(memory, index)]
        elif isinstance(item, Tensor | Value | ForeignNode):
            self._of[item._node if isinstance(item, Tensor) else item] = index
        elif hasattr(item, "named_modules"):
            self._of[id(item)] = index
        else:
            raise TypeError(
                f"the keys of data are tensors, modules, or names of parameters or modules, not {type(item).__name__}"
            )
        self._numbers.append(number)
        self._words.append(words)

    def of(self, key: Any) -> Mark | None:
        """Return the mark of a node, or of a module by its identity; None if there is no number for it."""
        return self._mark(self._of.get(key))

    def of_array(self, memory: Memory | None) -> Mark | None:
        """Return the mark of a tensor without a gradient by its memory; None if there is no number for it."""
        found = (index for known, index in self._arrays if memory is not None and known.is_same(memory))
        return self._mark(next(found, None))

    def _mark(self, index: int | None) -> Mark | None:
        if index is None:
            return None
        self._used.add(index)
        return self._at(self._numbers[index])

    def _at(self, number: float) -> Mark:
        """Return a number with its place on the scale: around 0 if there are both signs, else from low to high."""
        if not np.isfinite(number):
            return Mark(str(number), None)
        if self.low < 0 < self.high:
            return Mark(f"{number:.4g}", number / max(-self.low, self.high))
        part = (number - self.low) / (self.high - self.low) if self.high > self.low else 1.0
        return Mark(f"{number:.4g}", _PALEST + (1 - _PALEST) * part)

    def legend(self) -> tuple[Mark, ...]:
        """Return five numbers of the scale, or one if all are equal; none if none is finite."""
        if not any(np.isfinite(self._numbers)):
            return ()
        most = max(-self.low, self.high)
        low, high = (-most, most) if self.low < 0 < self.high else (self.low, self.high)
        return tuple(self._at(float(number)) for number in (np.linspace(low, high, 5) if high > low else [high]))

    def remarks(self) -> Iterator[str]:
        """Yield what is not in the picture."""
        missing = [words for index, words in enumerate(self._words) if index not in self._used]
        if missing:
            few = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
            yield f"Not in this graph, though data has a number: {few}"


def _named(name: str, params: Mapping[str, Any], modules: Mapping[str, Any]) -> Any:
    for among in (params, modules):
        if name in among:
            return among[name]
    known = [*params, *filter(None, modules)]
    close = get_close_matches(name, known, 1)
    words = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known[:8]) or 'none'}"
    raise ValueError(f"data has a number for {name!r}, but no parameter and no module has that name: {words}")


def _number(value: Any, words: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"data has numbers, but for {words} {type(value).__name__}: {error}") from error
