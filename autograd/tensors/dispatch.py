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
# Calls a function whose results carry no gradient; filled in by `ops`, which knows how tensors are written to.
call_undifferentiated: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
_declared: set[str] = set()


def operation_of(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the operation that replaces a function of NumPy, or None."""
    if function not in operations and function not in plain and function not in writers:
        declare_further_functions()
    return operations.get(function)


def declare_further_functions() -> None:
    """Declare the functions of NumPy that are not declared when this package is imported; see `ops.further`."""
    _declare("autograd.ops.further")


def _declare(module: str) -> None:
    """Import a module of declarations, or wait for the thread that does."""
    if module not in _declared:
        known = dict(operations)
        import_module(module)
        operations.update(known)  # what a program has declared itself stays
        _declared.add(module)


def _declare_ufunc_methods(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _declare("autograd.ops.ufunc_methods")
    return ufunc_fallback(ufunc, method, inputs, kwargs)


# Calls a ufunc with keywords, or one of its methods such as `reduce`; `ops.ufunc_methods` puts its own function here.
ufunc_fallback: Callable[[np.ufunc, str, tuple[Any, ...], dict[str, Any]], Any] = _declare_ufunc_methods


def declare_special_functions() -> None:
    """Declare SciPy's special functions if SciPy is loaded; called for an unknown ufunc, which may be one of them."""
    if "scipy.special" in sys.modules:
        import_module("autograd.ops.special")
