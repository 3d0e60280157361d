"""NumPy's functions, as `autograd.numpy` has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.extend import lazy_names, missing

from .creation import array, of_value, stack, with_arrays

__all__ = [
    "_astype", "array", "array_from_args", "concatenate_args", "stack", "vstack", "wrap_intdtype", "wrap_namespace",
]  # fmt: skip

wrap_intdtype = of_value


def _astype(
    A: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """Return an array with another dtype."""
    return A.astype(dtype)


def array_from_args(array_args: Any, array_kwargs: Any, *args: Any) -> Any:
    """Return an array of the arguments, along a new first axis."""
    return array(list(args), *array_args, **array_kwargs)


def concatenate_args(axis: int, *args: Any) -> Any:
    """Return the arguments one after the other."""
    return np.concatenate(list(map(with_arrays, args)), axis)


def vstack(tup: Sequence[Any]) -> Any:
    """Return arrays one below the other."""
    return np.vstack([with_arrays(x) for x in tup])


def wrap_namespace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Put NumPy's functions, types and numbers into another namespace, where they take tensors as they do here."""
    new.update({name: x for name, x in old.items() if callable(x) or isinstance(x, int | float | None)})


lazy_names(globals(), otherwise=missing.lookup(__name__))
