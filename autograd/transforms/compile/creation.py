"""Creation: NumPy's functions that make arrays from numbers, and so are not told of traced arrays, while one records.

Zeros that a function makes and fills, or a range that it computes with, belong to its program like any other array.
"""

from __future__ import annotations

import builtins
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from threading import RLock
from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import recorder
from ...arrays.traced import Traced, plain
from ...source.call_site import called_by, leaves_operator, of_library
from ...source.source_info import within_engine
from ...tensors.tensor import Tensor
from .program import mapped, traced_in

_FROM_ARRAYS = ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray")
_FROM_NUMBERS = (
    "arange", "bartlett", "blackman", "diag", "diag_indices", "diagflat", "empty", "eye", "full", "geomspace",
    "hamming", "hanning", "identity", "indices", "ix_", "kaiser", "linspace", "logspace", "mask_indices", "ones", "tri",
    "tril_indices", "triu_indices", "zeros",
)  # fmt: skip
_SHAPES_OF_VALUES = ("arange", "empty", "eye", "identity", "indices", "ones", "tri", "zeros")
_OF_MEMORY = ("nditer",)  # written in C, and not told of other arrays

RECORDING = RLock()  # one function is recorded at a time: tensors that others use hold traced arrays meanwhile
_print, _warn = builtins.print, warnings.warn
_installed: dict[str, Callable[..., Any]] = {}


@contextmanager
def noted_creation() -> Iterator[None]:
    """While a program is recorded: NumPy's functions that make arrays note what the recording thread makes."""
    if _installed:  # what the function does with real arrays is compiled, too
        yield
        return
    try:  # around all of it, as Ctrl-C may come at any call
        for name, made in _NOTED.items():
            _installed[name] = getattr(np, name)
            setattr(np, name, made(_installed[name]))
        builtins.print, warnings.warn = _refused_print, _refused_warning
        yield
    finally:
        try:
            _restore()
        finally:  # where Ctrl-C came
            _restore()


def _restore() -> None:
    _put(_installed)
    builtins.print, warnings.warn = _print, _warn
    _installed.clear()


def _put(functions: dict[str, Callable[..., Any]]) -> None:
    for name, function in functions.items():
        setattr(np, name, function)


@contextmanager
def original_creation() -> Iterator[bool]:
    """While this thread records a program: give NumPy its own functions back, for what is compiled meanwhile.

    What it yields is false, and nothing is changed, if another thread records, which needs the others.
    """
    if not RECORDING.acquire(blocking=False):
        yield False
        return
    try:
        noted = {name: getattr(np, name) for name in _installed}
        try:
            _put(_installed)
            yield True
        finally:
            _put(noted)
    finally:
        RECORDING.release()


def _records(make: Callable[..., Any]) -> Any:
    """Return the recorder of this thread, where the caller of `make` is the user's program, the engine or the layers.

    A function written in C, such as `numpy.random.normal`, may call it too, leaves no frame, and would take what is no
    ndarray for one. So the call is looked up in the frame.
    """
    records: Any = recorder.get()
    if records is None or not records.records():
        return None
    frame = sys._getframe(2)
    if of_library(frame.f_code.co_filename) or called_by(frame).function is not make:
        return None
    return records


def _refused_print(*values: Any, **options: Any) -> None:
    """Print, which a program does not do: refuse it where the user's program is recorded."""
    records = _records(builtins.print)
    if records is not None:
        records.refuse("print()", "print what the compiled function returns, outside of it")
        values = tuple(map(plain, values))
    _print(*values, **options)


def _refused_warning(*args: Any, **options: Any) -> None:
    """Warn, which a program does not do: refuse it where the user's program is recorded."""
    records = _records(warnings.warn)
    if records is not None and not within_engine(sys._getframe(1).f_code):
        records.refuse("warnings.warn()", "warn outside the compiled function")
    _warn(*args, **{**options, "stacklevel": options.get("stacklevel", 1) + 1})


def _from_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    asks = function.__name__ in _SHAPES_OF_VALUES

    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        records = _records(make)
        if records is None or any(isinstance(x, Tensor | Batched) for x in (*args, *kwargs.values())):
            return function(*args, **kwargs)  # of tensors it is an operation, whose own calls are noted
        kwargs.pop("like", None)
        for x in traced_in((args, kwargs)) if asks else ():  # an array among the arguments decides the shape
            records.answer(x, "a shape")
        return records.call(function, args, kwargs)

    return make


def _from_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def make(data: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, Tensor) and leaves_operator(sys._getframe(1)):
            return function(None, dtype=object)
        records = _records(make)
        if records is None:
            return function(data, *args, **kwargs)
        if isinstance(data, Traced) and function.__name__ in ("asarray", "asanyarray") and data.ndim:
            dtype = args[0] if args else kwargs.get("dtype")
            if (dtype is None or data.dtype == dtype) and kwargs.keys() <= {"dtype", "like"} and len(args) < 2:
                return data
        if not _is_noted(data):
            return function(data, *args, **kwargs)
        kwargs.pop("like", None)
        return records.call(function, (data, *args), kwargs)

    return make


def _of_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function, updated=())
    def make(*args: Any, **kwargs: Any) -> Any:
        for x in traced_in((args, kwargs)):
            x.records.refuse(f"numpy.{function.__name__}", "compute with whole arrays")
        return function(*mapped(plain, args), **mapped(plain, kwargs))

    return make


_NOTED = {
    **dict.fromkeys(_FROM_ARRAYS, _from_arrays), **dict.fromkeys(_FROM_NUMBERS, _from_numbers),
    **dict.fromkeys(_OF_MEMORY, _of_memory),
}  # fmt: skip
_OWN = {getattr(np, name): name for name in _NOTED}


@cache
def noted(function: Any) -> Any:
    """Return what notes the arrays that a function of NumPy makes; for any other function, itself."""
    name = _OWN.get(function)
    return function if name is None else _NOTED[name](function)


def _is_noted(data: Any) -> bool:
    """Tell whether something consists of numbers and arrays alone, not of tensors or another library's tables."""
    if isinstance(data, (Traced, int | float | complex | np.ndarray | np.generic)):
        return not hasattr(data, "mask")
    return type(data) in (list, tuple) and not isinstance(data, Tensor) and all(map(_is_noted, data))
