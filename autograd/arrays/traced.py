"""Traced arrays: what `compile` hands to a function, ndarrays that write down what is computed with them.

A `Traced` array holds the ndarray that stands there while a program is recorded, and speaks NumPy's two protocols, so
whatever is written in NumPy computes as ever and is noted call by call: forwards, derivative rules, compositions, and
the user's own lines. Whoever notes the calls is the `Recorder`; see `transforms.compile`. This module is what the rest
of the engine has to know of traced arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from .door import ARRAY_TYPES, TRACED_TYPES, ArrayLike, Recorder
from .standin import StandIn, of_value

ndarray = np.ndarray
_array, _asarray = np.array, np.asarray  # which are others while a program is recorded


class Variable:
    """What stands for a value in a program while it is recorded: an array, or a number among the arguments.

    Attributes
    ----------
    value
        The value that stands there while the program is recorded.
    records
        The recorder that notes its uses.
    memory
        What the recorder knows of the memory that it lies in.
    """

    __slots__ = ("__weakref__", "memory", "records", "value")

    def __init__(self, value: Any, records: Recorder, memory: Any) -> None:
        self.value, self.records, self.memory = value, records, memory

    def alone(self) -> Any:
        """Return the value for a function of shapes and numbers, whose result is a constant of the program."""
        return self.value

    # NumPy's protocols. Where an operand is a tensor, it comes first: it records the operation, on traced arrays.

    __array_priority__ = 800

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in (*inputs, *(kwargs.get("out") or ()), kwargs.get("where")):
            if type(x) is not ndarray and not isinstance(x, Variable) and hasattr(type(x), "__array_ufunc__"):
                if isinstance(x, ndarray | np.generic):
                    continue
                return NotImplemented
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        out = kwargs.get("out")
        if type(out) is tuple and len(out) == 1:
            kwargs["out"] = out[0]
        return self.records.call(function, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for kind in types:
            if not issubclass(kind, Variable) and kind is not ndarray and not issubclass(kind, ndarray):
                return NotImplemented
        return self.records.call(function, args, kwargs)


def plain(x: Any) -> Any:
    """Return the ndarray within a traced array, the value of another variable, and anything else as it is."""
    return x.value if isinstance(x, Variable) else x


def _of_layout(name: str) -> Any:
    """Return a property that is the attribute of this name of `value`, which a program cannot change."""

    def change(x: Traced, value: Any) -> None:
        x.records.refuse(f"a change of the {name} of an array", "use reshape() or view()")
        setattr(x.value, name, value)

    return of_value(name).setter(change)


class Traced(StandIn, Variable):
    """An array whose uses are noted.

    Attributes
    ----------
    value
        The ndarray or NumPy scalar that stands there while the program is recorded.
    records
        The recorder that notes them.
    memory
        What the recorder knows of the memory that the array lies in.
    """

    __slots__ = ()

    def __new__(cls, value: Any, records: Recorder, memory: Any) -> Traced:
        """Make an array, or for a NumPy scalar a `TracedNumber`."""
        return object.__new__(Traced if isinstance(value, ndarray) else TracedNumber)

    # A program that asks whether it was given an ndarray takes the same way as without `compile`.
    @property  # type: ignore[misc]  # a class attribute of object
    def __class__(self) -> Any:
        return type(self.value)

    ndim, size, nbytes, device = map(of_value, ("ndim", "size", "nbytes", "device"))
    shape, strides, dtype = map(_of_layout, ("shape", "strides", "dtype"))

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its axes in reverse order."""
        return self.records.call(_attribute("T"), (self,))

    @property
    def mT(self) -> Any:  # noqa: N802 - NumPy's name
        """The array with its last two axes swapped."""
        return self.records.call(_attribute("mT"), (self,))

    @property
    def real(self) -> Any:
        """The real part."""
        return self.records.call(_attribute("real"), (self,))

    @real.setter
    def real(self, value: ArrayLike) -> None:
        self.real[...] = value

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return self.records.call(_attribute("imag"), (self,))

    @imag.setter
    def imag(self, value: ArrayLike) -> None:
        self.imag[...] = value

    @property
    def flat(self) -> Any:
        """The elements along one axis."""
        return TracedFlat(self)

    @flat.setter
    def flat(self, value: ArrayLike) -> None:
        self.flat[...] = value

    def __getattr__(self, name: str) -> Any:
        if not self.records.records():
            return getattr(self.value, name)
        if name.startswith("__") or not hasattr(ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute '{name}'")
        self.records.refuse(f"{name} of an array", "use it outside the compiled function")
        return getattr(self.value, name)

    def array(self) -> Traced:
        if isinstance(self.value, ndarray):
            return self
        made: Traced = self.records.call(_asarray, (self,))
        return made

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return repr(self.records.text(self))

    def __str__(self) -> str:
        return str(self.records.text(self))

    def __format__(self, spec: str) -> str:
        return format(self.records.text(self), spec)

    # What Python asks of the value

    def asked(self, what: str) -> Any:
        return self.records.answer(self, what)

    def item(self, *args: int) -> Any:
        """Return an element as a Python number, or of an array of one element what stands for it in a result."""
        return super().item(*args) if args or self.value.size != 1 else self.records.item(self)

    def __bool__(self) -> bool:
        return bool(self.asked("bool()"))

    def tobytes(self, order: Literal["C", "F", "A"] = "C") -> bytes:
        """Return the bytes of the elements."""
        taken: bytes = self.asked("tobytes()").tobytes(order)
        return taken

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return _array(self.asked("an ndarray"), dtype, copy=copy)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return self.value.__array_namespace__(api_version=api_version)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if not self.records.records():
            return self.value.__reduce_ex__(protocol)
        self.asked("a pickle")
        raise TypeError("an array cannot be pickled while the program that computes it is recorded")

    # Elements

    def __getitem__(self, key: Any) -> Any:
        return self.records.call(operator.getitem, (self, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.records.call(operator.setitem, (self, key, value))


class TracedFlat:
    """The elements of a traced array along one axis, as `numpy.ndarray.flat`: what is taken out is a copy."""

    __slots__ = ("base",)

    def __init__(self, base: Traced) -> None:
        self.base = base

    def __len__(self) -> int:
        return len(self.base.value.flat)

    def __getitem__(self, key: Any) -> Any:
        return self.base.records.call(_flat_getitem, (self.base, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.base.records.call(flat_setitem, (self.base, key, value))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.base.flatten().__array__(dtype, copy)

    def copy(self) -> Any:
        """Return the elements."""
        return self.base.flatten()


def _flat_getitem(x: Any, key: Any) -> Any:
    """Take elements of an array along one axis."""
    return x.flat[key]


def flat_setitem(x: np.ndarray[Any, Any], key: Any, value: Any) -> None:
    """Write to elements of an array along one axis."""
    x.flat[key] = value


class TracedNumber(Traced):
    """A NumPy scalar whose uses are noted: it does not take the way of an ndarray, as no scalar does."""

    __slots__ = ()


class _attribute:  # noqa: N801 - read as a function: `_attribute("T")`
    """A function that reads an attribute of an array, the same one for the same name."""

    known: dict[str, _attribute] = {}  # noqa: RUF012 - one for all

    def __new__(cls, name: str) -> _attribute:
        found = cls.known.get(name)
        if found is None:
            found = cls.known[name] = super().__new__(cls)
        return found

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = name

    def __call__(self, x: Any) -> Any:
        return getattr(x, self.name)


ARRAY_TYPES.add(Traced)  # a traced array takes the same way through the engine
TRACED_TYPES.update((Traced, TracedNumber))
