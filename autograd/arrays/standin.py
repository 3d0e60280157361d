"""What batched and traced arrays have in common: they stand for the ndarray that they hold, and answer as it would."""

from __future__ import annotations

import operator
from operator import attrgetter
from typing import Any

import numpy as np


def of_value(name: str) -> Any:
    """Return a property that is the attribute of this name of `value`."""
    return property(attrgetter(f"value.{name}"))


class StandIn:
    """An object that stands for an ndarray, and to which NumPy's functions apply by NumPy's two protocols.

    Attributes
    ----------
    value
        The array that it stands for, or in a batch those of all elements.
    """

    __slots__ = ()

    value: Any
    astype: Any
    copy: Any

    dtype, itemsize, flags, base = map(of_value, ("dtype", "itemsize", "flags", "base"))
    __hash__ = None  # type: ignore[assignment]  # as ndarrays have none

    def array(self) -> Any:
        """Return the object itself, or for a scalar a 0-d array."""
        return self

    def detached(self) -> Any:
        """Return what a tensor of this object has for its data once it is detached."""
        return self

    def shared(self, node: Any, array: Any) -> Any:
        """Return the node by which the operation that gave this uses a tensor, whose node and array are given."""
        return node

    # What Python asks of the value

    def asked(self, what: str) -> Any:
        """Return the value, which Python asks for by `what`, or raise."""

    def __float__(self) -> float:
        return float(self.asked("float()"))

    def __complex__(self) -> complex:
        return complex(self.asked("complex()"))

    def __int__(self) -> int:
        return int(self.asked("int()"))

    def __index__(self) -> int:
        return operator.index(self.asked("an index or a length"))

    def item(self, *args: int) -> Any:
        """Return an element as a Python number."""
        return self.asked("item()").item(*args)

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return self.asked("tolist()").tolist()

    # What NumPy's functions do

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __round__(self, digits: int = 0) -> Any:
        return np.round(self, digits)  # type: ignore[call-overload]  # an array to NumPy

    def __copy__(self) -> Any:
        return self.copy("K")  # in the order of memory, as an ndarray is copied

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")
