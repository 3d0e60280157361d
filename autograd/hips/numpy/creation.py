"""Arrays made of Python's lists, in which some numbers are being differentiated."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import AutogradError, Tensor, UnsupportedError

from ..boxes import getval

__all__ = [
    "array", "asanyarray", "asarray", "c_", "full", "full_like", "int8", "int16", "int32", "int64", "make_diagonal",
    "r_", "stack", "where",
]  # fmt: skip


def holds_tensors(x: Any) -> bool:
    """Tell whether a value is a tensor, or a list or tuple with one in it, however deep."""
    return isinstance(x, Tensor) or (isinstance(x, list | tuple) and any(map(holds_tensors, x)))


def _stacked(x: Any) -> Any:
    """Return a nested list of numbers, arrays and tensors as one tensor."""
    if not isinstance(x, list | tuple):
        return x if isinstance(x, Tensor) else np.asarray(x)
    return np.stack(list(map(_stacked, x))) if holds_tensors(x) else np.asarray(x)


def with_arrays(x: Any) -> Any:
    """Return a list of tensors as one tensor, and anything else as it is."""
    return _stacked(x) if isinstance(x, list | tuple) and holds_tensors(x) else x


def accepting_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of NumPy that also takes lists of tensors in the place of arrays."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (AutogradError, TypeError, ValueError):
            positional, named = tuple(map(with_arrays, args)), {name: with_arrays(x) for name, x in kwargs.items()}
            if all(x is y for x, y in zip((*args, *kwargs.values()), (*positional, *named.values()), strict=True)):
                raise
        return function(*positional, **named)

    return call


def taken(module: ModuleType, names: Iterable[str]) -> dict[str, Any]:
    """Return what a module of NumPy has under some names, with functions that accept lists."""
    found = {name: getattr(module, name) for name in names}
    functions = {name: x for name, x in found.items() if callable(x) and not isinstance(x, type | np.ufunc)}
    return found | {name: accepting_lists(x) for name, x in functions.items()}


def array(
    object: Any, dtype: DTypeLike | None = None, *, copy: bool | None = True, ndmin: int = 0, **options: Any
) -> Any:  # NumPy's name
    """Return an array, or a tensor where something that it is made of is being differentiated.

    Examples
    --------
    >>> import autograd.numpy as np
    >>> from autograd import grad
    >>> grad(lambda x: np.sum(np.array([[x, 2.0], [3.0, x**2]])))(3.0)
    np.float64(7.0)
    """
    if not holds_tensors(object):
        return np.array(object, dtype, copy=copy, ndmin=ndmin, **options)
    made = _stacked(object)
    if isinstance(object, Tensor) and copy:
        made = made.copy()
    made = made if dtype is None else made.astype(dtype)
    return made.reshape((1,) * (ndmin - made.ndim) + made.shape) if made.ndim < ndmin else made


def asarray(a: Any, dtype: DTypeLike | None = None, **options: Any) -> Any:
    """Return an array, or a tensor as it is."""
    return array(a, dtype, copy=False) if holds_tensors(a) else np.asarray(a, dtype, **options)


def asanyarray(a: Any, dtype: DTypeLike | None = None, **options: Any) -> Any:
    """Return an array, a subclass of it, or a tensor as it is."""
    return array(a, dtype, copy=False) if holds_tensors(a) else np.asanyarray(a, dtype, **options)


def full(shape: Any, fill_value: Any, dtype: DTypeLike | None = None, **options: Any) -> Any:
    """Return an array of a shape, with one value in all places that may be being differentiated."""
    if not holds_tensors(fill_value):
        return np.full(shape, fill_value, dtype, **options)
    filled = np.broadcast_to(_stacked(fill_value), shape).copy()
    return filled if dtype is None else filled.astype(dtype)


def full_like(a: Any, fill_value: Any, dtype: DTypeLike | None = None, **options: Any) -> Any:
    """Return an array of the shape and dtype of another one, with one value in all places."""
    if not holds_tensors(fill_value):
        return np.full_like(a, fill_value, dtype, **options)
    return full(np.shape(a), fill_value, a.dtype if dtype is None else dtype)


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return elements of one array or the other, or the positions where a condition holds: see `numpy.where`."""
    return np.where(condition) if x is None and y is None else np.where(condition, with_arrays(x), with_arrays(y))


def stack(arrays: Any, axis: int = 0, out: Any = None) -> Any:
    """Return arrays joined along a new axis; they may be given one after the other by an iterator."""
    return np.stack([with_arrays(x) for x in arrays], axis, out)


def make_diagonal(D: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:  # its name there
    """Return matrices with the rows of an array in their diagonals, in the last two axes."""
    if offset or {axis1, axis2} != {-1, -2}:
        raise UnsupportedError("make_diagonal() makes matrices of the last two axes: offset=0, axis1=-1, axis2=-2")
    return D[..., None] * np.eye(np.shape(D)[-1])


def of_value(dtype: type[Any]) -> type[Any]:
    """Return an integer type that converts what is being differentiated too; that has no derivative."""

    class Integer(dtype):  # type: ignore[misc]  # NumPy's type of one width
        def __new__(cls, x: Any = 0) -> Any:
            return dtype(getval(x))

    Integer.__name__ = Integer.__qualname__ = dtype.__name__
    return Integer


int8, int16, int32, int64 = map(of_value, (np.int8, np.int16, np.int32, np.int64))


class Concatenator:
    """What ``r_[...]`` and ``c_[...]`` make arrays with: see `numpy.r_` and `numpy.c_`."""

    def __init__(self, numpy_own: Any, columns: bool) -> None:
        self._numpy_own, self._columns = numpy_own, columns

    def __getitem__(self, key: Any) -> Any:
        """Return the pieces one after the other."""
        pieces = key if isinstance(key, tuple) else (key,)
        if not any(map(holds_tensors, pieces)):
            return self._numpy_own[key]
        if any(isinstance(piece, str) for piece in pieces):
            raise UnsupportedError("r_ with a directive in a string takes no tensors: use concatenate, which has axis=")
        arrays = [self._numpy_own[piece] if isinstance(piece, slice) else _stacked(piece) for piece in pieces]
        if not self._columns:
            return np.concatenate([x.reshape(1) if x.ndim == 0 else x for x in arrays])
        arrays = [x.reshape(-1, 1) if x.ndim < 2 else x for x in arrays]
        return np.concatenate(arrays, axis=-1)


r_ = Concatenator(np.r_, columns=False)
c_ = Concatenator(np.c_, columns=True)
