"""`numpy.emath`: the functions of `numpy`, with complex results where there are no real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.door import anywhere
from ..primitives.declare import composed
from ..tensors.tensor import TensorLike, unwrap
from .shape import operand

_NARROW = (np.float32, np.complex64, np.int8, np.int16, np.uint8, np.uint16)


def _negative(values: Any) -> Any:
    return values < 0


def _widened(x: Any, outside: Callable[[Any], Any]) -> Any:
    """Make `x` complex if one of its real elements is outside the domain with real results."""
    x = operand(x)
    values = unwrap(x)
    if not anywhere(np.isreal(values) & outside(values)):
        return x
    return x.astype(np.complex64 if x.dtype in _NARROW else np.complex128)


def _declare(ours: Callable[..., Any], numpys: Callable[..., Any], outside: Callable[[Any], Any]) -> None:
    composed(ours, method=False)(lambda x: numpys(_widened(x, outside)))


for _name in ("sqrt", "log", "log10", "log2"):
    _declare(getattr(np.emath, _name), getattr(np, _name), _negative)
for _name in ("arcsin", "arccos", "arctanh"):
    _declare(getattr(np.emath, _name), getattr(np, _name), lambda values: np.abs(values) > 1)


@composed(np.emath.logn, method=False)
def logn(n: TensorLike, x: TensorLike) -> Any:
    """Return the logarithm of `x` to the base `n`, complex where one of them is negative."""
    return np.log(_widened(x, _negative)) / np.log(_widened(n, _negative))


@composed(np.emath.power, method=False)
def power(x: TensorLike, p: TensorLike) -> Any:
    """Return `x` to the power `p`, complex where `x` is negative."""
    p = operand(p)
    whole_negative = p.dtype.kind in "iu" and anywhere(unwrap(p) < 0)
    return np.power(_widened(x, _negative), p * 1.0 if whole_negative else p)
