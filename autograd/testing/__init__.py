"""Testing operations: Hypothesis strategies for arrays, and one call that checks values and derivatives.

Needs Hypothesis (``pip install hypothesis``), which ``import autograd`` does not load; `gradcheck` does not need it.
"""

from __future__ import annotations

import importlib
import typing

from ..primitives.naming import set_module

if typing.TYPE_CHECKING:
    from ._strategies import (
        Layout,
        arrays,
        broadcastable_arrays,
        check_operation,
        layouts,
        shapes,
        special_values,
        tensors,
    )

__all__ = [
    "LAYOUTS",
    "arrays",
    "broadcastable_arrays",
    "check_operation",
    "layouts",
    "shapes",
    "special_values",
    "tensors",
]

#: Functions that copy an array into another memory layout, with the same values.
LAYOUTS: dict[str, Layout]


def __getattr__(name: str) -> typing.Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module("._strategies", __name__), name)
    set_module(__name__, value)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
