"""Which operation differentiates which NumPy function.

`operations` maps a function to what runs in its place when an argument is a tensor; `plain` holds the functions whose
results carry no gradient (comparisons, index searches, predicates): on tensors they give what NumPy gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["fronts", "operations", "plain"]

operations: dict[Callable[..., Any], Callable[..., Any]] = {}
plain: set[Callable[..., Any]] = set()
# Node types other than Tensor, and how an elementwise operation applies to them.
fronts: dict[type, Callable[..., Any]] = {}
