"""Keyword arguments of ufuncs: `where`, `dtype`, `casting`, `signature`, `order`, and the axes of generalized ufuncs.

NumPy leaves the elements that `where` leaves out undefined, unless `out` is given. Here they are 0 with gradient 0; the
function is applied only to the selected elements, so that the others can neither warn nor be nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import as_array, numpy
from ..tensors.dispatch import operations, plain
from ..tensors.tensor import Tensor, TensorLike, plain_array, unwrap
from ..tensors.types import Casting, DTypeLike
from .index import scatter
from .shape import operand

_WEAK = (int, float, complex)


def call(
    ufunc: np.ufunc,
    *inputs: TensorLike,
    where: TensorLike = True,
    dtype: DTypeLike | None = None,
    casting: Casting = "same_kind",
    signature: str | tuple[DTypeLike | None, ...] | None = None,
    order: str = "K",
    subok: bool = True,
    **axes: Any,
) -> Any:
    """Apply `ufunc` with keyword arguments; `subok` makes no difference to tensors."""
    if ufunc in plain:
        inputs = unwrap(inputs)
    if dtype is not None or signature is not None or casting != "same_kind":
        inputs = _cast(ufunc, inputs, dtype, casting, signature)
    if ufunc.signature is not None:
        result = _along(ufunc, inputs, **axes)
    elif where is True:
        result = ufunc(*inputs, **axes)  # NumPy rejects any other keywords
    else:
        result = _selected(ufunc, inputs, as_array(unwrap(where), bool))
    if order == "K":
        return result
    return (
        tuple([_ordered(r, order, inputs) for r in result])
        if isinstance(result, tuple)
        else _ordered(result, order, inputs)
    )


def _cast(ufunc: np.ufunc, inputs: tuple[Any, ...], dtype: Any, casting: Any, signature: Any) -> tuple[Any, ...]:
    """Cast the inputs to the dtypes that NumPy computes with."""
    if signature is None:
        signature = (None,) * ufunc.nin + (dtype,) * ufunc.nout
    elif isinstance(signature, str):
        signature = signature.replace("->", "")
    fixed = tuple([None if kind is None else np.dtype(kind) for kind in signature])
    given = [x.__class__ if x.__class__ in _WEAK else operand(x).dtype for x in inputs]
    wanted = ufunc.resolve_dtypes((*given, *(None,) * ufunc.nout), signature=fixed, casting=casting)
    pairs = zip(inputs, wanted[: ufunc.nin], strict=True)
    return tuple(
        [x.astype(kind) if isinstance(x, Tensor) else plain_array(x).astype(kind, copy=False) for x, kind in pairs]
    )


def _selected(ufunc: np.ufunc, inputs: tuple[Any, ...], where: Any) -> Any:
    """Apply `ufunc` where `where` holds, and put 0 elsewhere."""
    shape = np.broadcast_shapes(where.shape, *map(np.shape, inputs))
    mask = np.broadcast_to(where, shape)
    chosen = [x if x.__class__ in _WEAK else np.broadcast_to(operand(x), shape)[mask] for x in inputs]
    result = ufunc(*chosen)
    return (
        tuple([scatter(r, mask, shape) for r in result]) if isinstance(result, tuple) else scatter(result, mask, shape)
    )


def _ordered(result: Any, order: Any, inputs: tuple[Any, ...]) -> Any:
    """Lay the elements out in memory as `order` says."""
    if order == "A":
        order = "F" if all(np.asfortranarray(unwrap(x)) is unwrap(x) for x in inputs) else "C"
    flags = unwrap(result).flags
    return result if (flags.f_contiguous if order == "F" else flags.c_contiguous) else np.copy(result, order)


# Generalized ufuncs: each input and output has core axes, its last ones unless `axes` or `axis` says otherwise.


def _along(ufunc: np.ufunc, inputs: tuple[Any, ...], axes: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    operation = operations[ufunc]
    if axes is None and axis is None and not keepdims:
        return operation(*inputs)
    # NumPy checks the axes and gives the shape.
    options = {"axes": axes, "axis": axis, "keepdims": keepdims or None}
    expected = ufunc(*unwrap(inputs), **{name: value for name, value in options.items() if value is not None})
    if axes is None:
        axes = [(-1 if axis is None else axis,)] * ufunc.nin
    chosen = [a if isinstance(a, tuple | list) else (a,) for a in axes]
    moved = [numpy.moveaxis(operand(x), a, range(-len(a), 0)) for x, a in zip(inputs, chosen, strict=False)]
    result = operation(*moved)
    if keepdims:
        return result.reshape(expected.shape)
    if len(chosen) > ufunc.nin and chosen[ufunc.nin]:
        result = numpy.moveaxis(result, range(-len(chosen[ufunc.nin]), 0), chosen[ufunc.nin])
    return result
