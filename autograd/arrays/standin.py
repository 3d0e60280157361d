"""What stands for an ndarray that it holds, and answers as that would: batched, dependent and traced arrays."""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..source.call_site import leaves_operator, stores, users_frame

_REMEDIES = {
    "float()": "Keep it an array: without float(), or x[()]; math.sin(x) is numpy.sin(x)",
    "complex()": "Keep it an array, as in x + 0j",
    "int()": "Keep it an array, as in x.astype(int)",
}
# NumPy's functions that are methods of `OfLevel`, where its classes have no other ones.
_METHODS = frozenset((
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum", "diagonal",
    "dot", "max", "mean", "min", "nonzero", "prod", "put", "ravel", "repeat", "round", "searchsorted", "squeeze",
    "std", "sum", "swapaxes", "take", "trace", "var",
))  # fmt: skip
MAKERS = frozenset((np.zeros, np.empty, np.ones))  # which are told of such arrays by their argument `like` alone


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


class OfLevel(StandIn, NDArrayOperatorsMixin):
    """An array of one call of `vmap` or `sparsity`, its `level`: NumPy's functions are its methods and operators."""

    __slots__ = ()
    _named: str  # what messages call it
    _no_ndarray: str  # what to do where an ndarray is wanted
    level: Any
    ndim: Any

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its axes in reverse order."""
        return self.transpose()

    @property
    def mT(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its last two axes swapped."""
        return self.swapaxes(-1, -2)

    @property
    def flat(self) -> Any:
        """The numbers of the array, along one axis."""
        return self.reshape(-1)

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))

    def __pow__(self, other: Any) -> Any:
        ufunc, args = power_call(self, other)
        return ufunc(*args)

    def __getattr__(self, name: str) -> Any:
        """Return a method that is NumPy's function of that name."""
        if name not in _METHODS:
            raise AttributeError(f"{self._named} has no {name!r}: use NumPy's functions on it")
        function = getattr(np, name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    def copy(self, order: str = "K") -> Any:
        """Return a copy."""
        return self.over(self.value.copy(order))

    def flatten(self, order: str = "C") -> Any:
        """Return a copy of the array along one axis."""
        return self.ravel(order).copy()

    def fill(self, value: complex) -> None:
        """Write one number to all places."""
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None) -> None:
        """Sort in place along an axis."""
        self[...] = np.sort(self, axis, kind)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """Return the slices along `axis` where `condition` holds."""
        return np.compress(condition, self, axis)

    def conj(self) -> Any:
        """Return the complex conjugate; the array itself if it is real."""
        return np.conjugate(self) if self.dtype.kind == "c" else self

    conjugate = conj

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if not leaves_operator(sys._getframe(1)):
            self.refuse("an ndarray", self._no_ndarray)
        return np.array(None, dtype=object)

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise for what is asked of the array, which it does not have; `remedy` says what to write instead."""
        raise NotImplementedError

    def refuse_number(self, what: str, later: str, begin: str) -> NoReturn:
        """Raise for a number that Python asks for by `what`; `later` it is there, or one may `begin` otherwise."""
        remedy = _REMEDIES.get(what, f"Return the array itself, and take the numbers {later}")
        if what in _REMEDIES and stores(users_frame(sys._getframe(1))):
            what = "storing in an item of a plain array the value"
            remedy = f"{begin} with numpy.zeros_like(x) or numpy.zeros(shape, like=x)"
        self.refuse(what, remedy)


# What NumPy's operator ``**`` computes: for some exponents a square, a root or a reciprocal, not a power.


class _Asked(np.ndarray[Any, Any]):
    """An array that answers to an operator with the ufunc that computes it, and what that is given."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc, inputs


def power_call(x: Any, y: Any) -> tuple[np.ufunc, tuple[Any, ...]]:
    """Return the ufunc that computes ``x ** y`` for an array, and what it is given.

    NumPy itself is asked, since which exponents have functions of their own changes with its version. Other digits come
    from them: the square of a complex number is not its power of 2.
    """
    if type(y) is not int and type(y) is not float:
        return np.power, (x, y)
    ufunc, inputs = _Asked(1, x.dtype) ** y
    return ufunc, (x, *inputs[1:])
