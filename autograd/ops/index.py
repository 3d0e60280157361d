"""Indexing: NumPy's basic and advanced indices, and the functions that are made of them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..declare import linear
from ..tensor import Tensor, unwrap

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def _is_basic(index: Any) -> bool:
    """Tell whether `index` selects each element at most once by its form alone: integers and slices."""
    parts = index if type(index) is tuple else (index,)
    return all([isinstance(part, _BASIC) and not isinstance(part, bool) for part in parts])


def _scatter(x: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` to which `x` is added at `key`."""
    out = np.zeros(shape, x.dtype)
    if _is_basic(key):
        out[key] = x
    else:
        np.add.at(out, key, x)
    return out


# Each is the transpose of the other, so that both can be differentiated as often as one likes.
getitem = linear(
    operator.getitem,
    lambda g, key, x_shape: scatter(g, key, x_shape),
    forward=lambda x, key: x[key],
    name="getitem",
)
scatter = linear(_scatter, lambda g, key: g[key], name="scatter")


def _method_getitem(x: Tensor, index: Any) -> Any:
    kind = type(index)
    if kind is tuple or kind is list:
        index = kind([unwrap(part) for part in index])
    return getitem(x, index)


for _name, _method in {"__getitem__": _method_getitem}.items():
    setattr(Tensor, _name, _method)
