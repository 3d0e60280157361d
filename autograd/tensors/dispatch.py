"""Dispatch: which operation differentiates which NumPy function.

`operations` maps a function to the operation that replaces it when an argument is a tensor; `plain` holds the functions
whose results carry no gradient (comparisons, index searches, predicates): on tensors they give what NumPy gives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

__all__ = [
    "call_undifferentiated", "declare_special_functions", "fronts", "handing_on", "operations", "plain",
    "ufunc_fallback", "writers",
]  # fmt: skip

operations: dict[Callable[..., Any], Callable[..., Any]] = {}
plain: set[Callable[..., Any]] = set()
# Those of `plain` whose results hold values of their arguments: within a function that is differentiated they raise.
handing_on: set[Callable[..., Any]] = set()
# What replaces functions that write to their argument.
writers: dict[Callable[..., Any], Callable[..., Any]] = {}
# Node types other than Tensor, and how an elementwise operation applies to them.
fronts: dict[type, Callable[..., Any]] = {}
# Two functions that `ops` fills in, which knows how tensors are written to. The first takes (ufunc, method, inputs,
# kwargs), where a ufunc is called with keywords or by a method such as `reduce`; the second takes (function, args,
# kwargs), where the result of a function carries no gradient.
ufunc_fallback: Callable[[np.ufunc, str, tuple[Any, ...], dict[str, Any]], Any]
call_undifferentiated: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def declare_special_functions() -> None:
    """Declare SciPy's special functions if SciPy is loaded; called where a ufunc is not known, which may be one."""
    if "scipy.special" in sys.modules:
        import_module("autograd.ops.special")
