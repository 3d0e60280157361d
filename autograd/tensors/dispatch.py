"""Dispatch: which operation differentiates which NumPy function.

`operations` maps a function to the operation that replaces it when an argument is a tensor; `plain` holds the functions
whose results carry no gradient (comparisons, index searches, predicates): on tensors they return NumPy's results.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

__all__ = [
    "call_undifferentiated", "declare_further_functions", "declare_special_functions", "fronts", "handing_on",
    "operation_of", "operations", "plain", "ufunc_fallback", "writers",
]  # fmt: skip

operations: dict[Callable[..., Any], Callable[..., Any]] = {}
plain: set[Callable[..., Any]] = set()
# Functions of `plain` whose results hold values of their arguments: they raise in a function being differentiated.
handing_on: set[Callable[..., Any]] = set()
# The replacements of functions that write to their argument.
writers: dict[Callable[..., Any], Callable[..., Any]] = {}
# Node types other than Tensor, and how an elementwise operation applies to them.
fronts: dict[type, Callable[..., Any]] = {}
# Two functions that `ops` fills in, since it knows how tensors are written to. The first takes (ufunc, method, inputs,
# kwargs) and serves ufuncs called with keywords or by a method such as `reduce`; the second takes (function, args,
# kwargs) and serves functions whose results carry no gradient.
ufunc_fallback: Callable[[np.ufunc, str, tuple[Any, ...], dict[str, Any]], Any]
call_undifferentiated: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def operation_of(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the operation that replaces a function of NumPy, or None."""
    if function not in operations and function not in plain and function not in writers:
        declare_further_functions()
    return operations.get(function)


def declare_further_functions() -> None:
    """Declare the functions of NumPy that are not declared when this package is imported; see `ops.further`."""
    if "autograd.ops.further" not in sys.modules:
        known = dict(operations)
        import_module("autograd.ops.further")
        operations.update(known)  # what a program has declared itself stays


def declare_special_functions() -> None:
    """Declare SciPy's special functions if SciPy is loaded; called for an unknown ufunc, which may be one of them."""
    if "scipy.special" in sys.modules:
        import_module("autograd.ops.special")
