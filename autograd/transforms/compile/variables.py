"""Variables: the arrays that a function reads from closures, attributes and containers, traced while it is recorded.

Other threads may read the same variables meanwhile. To them a traced array is the array itself: its operators, methods
and functions of NumPy compute with the real one, then and ever after.
"""

from __future__ import annotations

import dataclasses
import operator
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np

from ...arrays.traced import Traced, Variable, plain
from ...tensors.tensor import Tensor
from .creation import noted
from .environment import Environment, Read
from .environment.reads import missing, value_in
from .floats import Fetch, TracedItem
from .memory import owner_of
from .types import Array

_VARIABLES = ("cell", "global", "attribute")


class TracedVariables:
    """The variables that a function reads, with traced arrays in them.

    Parameters
    ----------
    environment
        What the function reads.
    held, number
        Return what is traced for an array, and for a number that may be another each time.
    """

    def __init__(
        self, environment: Environment, held: Callable[[Any], Traced], number: Callable[[float, Fetch], Any]
    ) -> None:
        self._environment, self._held = environment, held
        self._known: dict[int, Traced] = {}
        # Of each slot: the kind of its holder, the holder, the name there, what was there, and what is put there.
        self._slots: list[tuple[str, Any, Any, Any, Any]] = []
        for *slot, moving in _slots_of(environment.reads):
            if moving:
                self._slots.append((*slot, number(slot[-1], _reading(*slot[:-1]))))
            elif slot[1] is not np and (traced := self._traced(slot[-1])) is not slot[-1]:
                self._slots.append((*slot, traced))

    @property
    def installed(self) -> set[int]:
        """The identities of the traced arrays."""
        return {id(x) for x in self._known.values()}

    @property
    def taken(self) -> set[int]:
        """The identities of the arrays in the place of which they are."""
        return {*self._known}

    def names_of(self, array: Array) -> list[str]:
        """Return the names of the variables that have the memory of an array."""
        arrays = self._environment.arrays.items()
        return [name for name, each in arrays if owner_of(each) is owner_of(array)]

    def take(self) -> None:
        """Put traced arrays in, unless the function has put others there."""
        for kind, holder, key, before, traced in self._slots:
            if value_in(kind, holder, key) is before:
                _put(kind, holder, key, traced)

    def settle(self) -> None:
        """Put the arrays back, and real ones where the function has put others."""
        for kind, holder, key, before, traced in self._slots:
            if (now := value_in(kind, holder, key)) is not missing:  # else the function has removed it
                _put(kind, holder, key, before if now is traced else real(now))

    def clean(self) -> None:
        """Put real arrays where the function has put traced ones, in places that it did not read."""
        if not self._environment.unchanged():
            for kind, holder, key, value, _ in list(_slots_of(self._environment.read_again())):
                if (found := real(value)) is not value:
                    _put(kind, holder, key, found)

    def _traced(self, x: Any) -> Any:
        """Return an array as a traced one, a tuple with traced arrays in it, and anything else as it is.

        A function of NumPy that makes arrays is what notes what it makes: `creation.noted_creation` changes those that
        the module has, and the program may have its own in a variable.
        """
        if type(x) is np.ndarray and not x.dtype.hasobject:
            if id(x) not in self._known:
                self._known[id(x)] = self._held(x)
            return self._known[id(x)]
        if callable(x) and getattr(x, "__module__", "") == "numpy" and isinstance(x, Hashable):  # ``zeros`` by itself
            return noted(x)
        return _tuple_of(self._traced, x)


def real(x: Any) -> Any:
    """Return a traced array as the ndarray, a tuple with ndarrays in it, and anything else as it is."""
    if isinstance(x, Tensor):
        x._array = plain(x._array)
    if isinstance(x, TracedItem):
        return x.value
    if isinstance(x, Variable):
        return x.alone()  # of a float, the value: each sets another one
    return _tuple_of(real, x)


def _tuple_of(function: Callable[[Any], Any], x: Any) -> Any:
    """Return a tuple with a function applied to its items, or itself if that changes none; and what is no tuple."""
    if not isinstance(x, tuple):
        return x
    parts = list(map(function, x))
    if not any(map(operator.is_not, parts, x)):
        return x
    return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)


def _reading(kind: str, holder: Any, key: Any) -> Fetch:
    """Return a function of the leaves of the arguments that returns what is in a place of a variable now."""
    return lambda leaves: value_in(kind, holder, key)


def _slots_of(reads: list[Read]) -> Iterator[tuple[str, Any, Any, Any, bool]]:
    """Yield where values are: the kind of the holder, the holder, the name or position there, and the value.

    At last, whether it is a number that may be another each time.
    """
    for read in reads:
        if read.kind in _VARIABLES:
            yield read.kind, read.holder, read.key, read.value, 0 in read.moving
        elif read.kind == "contents" and isinstance(read.holder, list | deque):
            yield from (("item", read.holder, i, value, i in read.moving) for i, value in enumerate(read.holder))
        elif read.kind == "contents" and isinstance(read.holder, dict):
            size = len(read.holder)
            for i, (key, value) in enumerate(read.holder.items()):
                yield "item", read.holder, key, value, size + i in read.moving


def _put(kind: str, holder: Any, key: Any, value: Any) -> None:
    if kind == "cell":
        holder.cell_contents = value
    elif kind != "attribute":
        holder[key] = value
    elif dataclasses.is_dataclass(holder) and not isinstance(holder, type):
        object.__setattr__(holder, key, value)  # a frozen one too
    else:
        setattr(holder, key, value)
