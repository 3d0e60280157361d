"""Given arrays: what a note tells of the inputs of an operation, without keeping arrays alive, and their names."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor, Value
from autograd.inside import owner_of

_MOST = 64  # elements of a list that are looked at

Operand = np.ndarray[Any, Any] | np.generic | complex | str | None


class Memory(NamedTuple):
    """The elements that an array has: the owner of the memory, the bytes from low to high, and how they lie there."""

    owner: weakref.ref[Any]
    low: int
    high: int
    form: tuple[Any, ...]

    def is_same(self, other: Memory) -> bool:
        """Tell whether two arrays have the same elements; of a living array there is only one reference."""
        return self.owner is other.owner and self[1:] == other[1:]

    def contains(self, other: Memory) -> bool:
        """Tell whether another array is a part of this one: whether it begins with one of its elements."""
        if self.owner is not other.owner or not self.low <= other.low <= other.high <= self.high:
            return False
        shape, strides, dtype = self.form
        offset = other.low - self.low
        for stride, length in sorted(zip(map(abs, strides), shape, strict=True), reverse=True):
            offset -= stride * min(offset // stride, length - 1) if stride else 0
        return bool(offset < np.dtype(dtype).itemsize)


class Given(NamedTuple):
    """An input of an operation."""

    text: str  # a number, or a word for an array
    form: str = ""  # shape and dtype of an array
    memory: Memory | None = None  # where its elements are, if it is an array
    finite: bool = True  # whether it holds neither nan nor inf
    option: bool = False  # whether it is no number, but says what to do


class Named(NamedTuple):
    """An array or a value with the name that a program has for it; `live` if it is a part of the graph."""

    name: str
    memory: Memory | None
    form: str = ""
    live: bool = False
    value: Value | None = None
    array: weakref.ref[Any] | None = None


def memory_of(array: Operand) -> Memory | None:
    """Return where the elements of an array are; None for anything else."""
    if not isinstance(array, np.ndarray):
        return None
    low = high = array.__array_interface__["data"][0]
    if array.size:
        for length, stride in zip(array.shape, array.strides, strict=True):
            low, high = low + min(0, (length - 1) * stride), high + max(0, (length - 1) * stride)
    return Memory(weakref.ref(owner_of(array)), low, high, (array.shape, array.strides, array.dtype.str))


def given_of(value: Operand) -> Given:
    """Return what is known of an input."""
    if not isinstance(value, np.ndarray | np.generic | bool | int | float | complex):
        return Given("constant", option=value is None or isinstance(value, str))
    array = np.asarray(value)
    finite = array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
    if array.size == 1:
        text = f"{array.item():.4g}" if array.dtype.kind in "iufc" else str(array.item())
        return Given(text, "", memory_of(value), finite, isinstance(value, bool))
    word = "zeros" if array.size and array.dtype.kind in "biufc" and not array.any() else "constant"
    return Given(word, f"{array.shape} {array.dtype}", memory_of(value), finite)


def given_arrays(values: Iterable[Operand | Sequence[Operand]]) -> Iterator[Given]:
    """Yield what is known of the arrays among other arguments, and in tuples and lists of those."""
    for value in values:
        for part in value[:_MOST] if isinstance(value, tuple | list) else (value,):
            if isinstance(part, np.ndarray) and part.size > 1:
                yield given_of(part)


def named_in(frame: FrameType) -> Iterator[Named]:
    """Yield the arrays among the arguments of a call that is being executed."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return named_arrays({name: values[name] for name in code.co_varnames[:count] if name in values})


def named_around(function: Callable[..., object]) -> Iterator[Named]:
    """Yield the arrays that a function takes from around it, by the names that it has for them."""
    if not inspect.isfunction(function):
        return iter(())
    found = inspect.getclosurevars(function)
    return named_arrays({**found.globals, **found.nonlocals})


def named_arrays(values: Mapping[str, object]) -> Iterator[Named]:
    """Yield the arrays, tensors and values of a mapping, and those in its tuples, lists and dicts."""
    for name, value in values.items():
        if isinstance(value, tuple | list):
            parts: Iterable[tuple[str, object]] = ((f"{name}[{i}]", part) for i, part in enumerate(value[:_MOST]))
        elif isinstance(value, dict):
            parts = ((f"{name}[{key!r}]", part) for key, part in [*value.items()][:_MOST])
        else:
            parts = ((name, value),)
        for words, part in parts:
            if isinstance(part, Value):
                yield Named(words, None, live=True, value=part)
            elif isinstance(part, Tensor | np.ndarray):
                array = part._array if isinstance(part, Tensor) else part
                live, memory = isinstance(part, Tensor) and part._node is not None, memory_of(array)
                if memory is not None:  # not an array of a batch, or one that is traced
                    yield Named(words, memory, f"{array.shape} {array.dtype}", live, None, weakref.ref(array))
