"""Creation functions: arrays from nothing, from numbers, or with the shape of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike, contents

from ._arrays import as_array, check_device, constant, wrapped
from .data_types import cast

numpy: Any = np  # NumPy's annotations accept only literal devices


class _SupportsDLPack(Protocol):
    def __dlpack__(self, /, *, stream: None = None) -> Any: ...


def asarray(
    obj: TensorLike, /, *, dtype: DTypeLike | None = None, device: str | None = None, copy: bool | None = None
) -> Tensor:
    """Make an array from numbers, nested lists of numbers, or other arrays; tensors stay in their graph.

    Raises
    ------
    ValueError
        If `copy` is False and a copy cannot be avoided.
    """
    check_device(device)
    if isinstance(obj, list | tuple) and any(isinstance(part, Tensor) for part in contents([obj])):
        if copy is False:
            raise ValueError("a list of arrays does not become one array without a copy")
        obj = np.stack([asarray(part) for part in obj])
    if not isinstance(obj, Tensor):
        return Tensor(np.array(obj, dtype, copy=copy))
    if copy is False and dtype is not None and dtype != obj.dtype:
        raise ValueError(f"an array of {obj.dtype} cannot become one of {np.dtype(dtype)} without a copy")
    return cast(obj, obj.dtype if dtype is None else dtype, copy=bool(copy))


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: DTypeLike | None = None,
    device: str | None = None,
) -> Tensor:
    """Count from `start` to `stop`, exclusive; with one argument, from 0 to that."""
    check_device(device)
    first, last = (0, start) if stop is None else (start, stop)
    return Tensor(np.arange(first, last, step, dtype=dtype))


def empty(shape: int | Sequence[int], *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array with uninitialized elements."""
    check_device(device)
    return Tensor(np.empty(shape, np.float64 if dtype is None else dtype))


def empty_like(x: ArrayOrTensor, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array of the shape and dtype of `x` with uninitialized elements."""
    check_device(device)
    return Tensor(np.empty_like(constant(x), dtype))


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DTypeLike | None = None, device: str | None = None
) -> Tensor:
    """Make a matrix with ones on its `k`-th diagonal and zeros elsewhere."""
    check_device(device)
    return Tensor(np.eye(n_rows, n_cols, k, np.float64 if dtype is None else dtype))


def from_dlpack(x: _SupportsDLPack, /, *, device: str | None = None, copy: bool | None = None) -> Tensor:
    """Make an array from an object that supports DLPack, sharing its memory unless `copy` is true."""
    check_device(device)
    return Tensor(numpy.from_dlpack(x, device=device, copy=copy))


def full(
    shape: int | Sequence[int], fill_value: TensorLike, *, dtype: DTypeLike | None = None, device: str | None = None
) -> Tensor:
    """Make an array filled with one value, which determines the dtype unless that is given."""
    check_device(device)
    return asarray(np.broadcast_to(asarray(fill_value, dtype=dtype), shape), copy=True)


def full_like(
    x: ArrayOrTensor, /, fill_value: TensorLike, *, dtype: DTypeLike | None = None, device: str | None = None
) -> Tensor:
    """Make an array of the shape and dtype of `x` filled with one value."""
    return full(np.shape(x), fill_value, dtype=as_array(x).dtype if dtype is None else dtype, device=device)


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: DTypeLike | None = None,
    device: str | None = None,
    endpoint: bool = True,
) -> Tensor:
    """Make `num` evenly spaced numbers from `start` to `stop`."""
    check_device(device)
    return wrapped(np.linspace(start, stop, num, endpoint=endpoint, dtype=dtype))


def meshgrid(*arrays: ArrayOrTensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Make coordinate arrays of a grid from the coordinates along each axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is 'xy' or 'ij', not {indexing!r}")
    ndim = len(arrays)
    places = list(range(ndim))
    if indexing == "xy" and ndim > 1:
        places[:2] = 1, 0
    axes = [
        np.reshape(as_array(x), [-1 if axis == place else 1 for axis in range(ndim)])
        for place, x in zip(places, arrays, strict=True)
    ]
    return tuple([wrapped(np.copy(grid)) for grid in np.broadcast_arrays(*axes)]) if axes else ()


def ones(shape: int | Sequence[int], *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array of ones."""
    check_device(device)
    return Tensor(np.ones(shape, np.float64 if dtype is None else dtype))


def ones_like(x: ArrayOrTensor, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array of ones of the shape and dtype of `x`."""
    check_device(device)
    return Tensor(np.ones_like(constant(x), dtype))


def tril(x: ArrayOrTensor, /, *, k: int = 0) -> Tensor:
    """Return the lower triangles: the matrices with zeros above the `k`-th diagonal."""
    return wrapped(np.tril(_matrices(x), k))


def triu(x: ArrayOrTensor, /, *, k: int = 0) -> Tensor:
    """Return the upper triangles: the matrices with zeros below the `k`-th diagonal."""
    return wrapped(np.triu(_matrices(x), k))


def zeros(shape: int | Sequence[int], *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array of zeros."""
    check_device(device)
    return Tensor(np.zeros(shape, np.float64 if dtype is None else dtype))


def zeros_like(x: ArrayOrTensor, /, *, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Make an array of zeros of the shape and dtype of `x`."""
    check_device(device)
    return Tensor(np.zeros_like(constant(x), dtype))


def _matrices(x: ArrayOrTensor) -> Any:
    x = as_array(x)
    if x.ndim < 2:
        raise ValueError(f"a triangle is part of a matrix, but the shape is {x.shape}")
    return x
