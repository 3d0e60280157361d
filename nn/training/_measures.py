"""The sizes of gradients, weights and updates in one step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import borrow

__all__ = ["Look", "Sizes", "total"]

Array = np.ndarray[Any, Any]


class Sizes(NamedTuple):
    """Of one parameter in one step: the norms of its gradient (None without one), of its values and their change."""

    gradient: float | None
    weight: float
    update: float


class Look:
    """A step that is looked at: made before it, finished after it. Most are not, for it costs several passes."""

    def __init__(self, named: Sequence[tuple[str, Any]]) -> None:
        self._named = named
        self._gradients = [None if p.grad is None else _norm(borrow(p.grad)) for _, p in named]
        self._before = [np.array(borrow(p)) for _, p in named]  # in the order of memory that they have

    def finish(self) -> dict[str, Sizes]:
        """Return the sizes by the path of each parameter."""
        return {
            name: Sizes(
                gradient, _norm(before), _norm(np.subtract(borrow(parameter), before, out=np.empty_like(before)))
            )
            for (name, parameter), gradient, before in zip(self._named, self._gradients, self._before, strict=True)
        }


def total(norms: Sequence[float]) -> float:
    """Return the norm of all parts together."""
    return math.sqrt(sum(norm * norm for norm in norms))


def _norm(array: Array) -> float:
    flat = array.ravel("K")
    return math.sqrt(flat.dot(flat))
