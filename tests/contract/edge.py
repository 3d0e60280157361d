"""What an entry of the numerical contract is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Contract", "Edge"]


@dataclass(frozen=True)
class Edge:
    """A point at which a gradient had to be decided, or is easily got wrong.

    Attributes
    ----------
    call
        A Python expression of ``x``, then ``y`` and ``z``, in which ``np`` is NumPy, ``F`` is `nn.functional`,
        ``special`` is `scipy.special` and ``ag`` is this package.
    at
        The values of its variables.
    gradient
        The gradient of the sum of its results with respect to each of them.
    why
        The reason, in words.
    second
        The gradient of the sum of these gradients, where it is promised too: for an elementwise function of one
        variable, the second derivative.
    """

    call: str
    at: tuple[Any, ...]
    gradient: tuple[Any, ...]
    why: str
    second: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Contract:
    """What holds for some operations.

    Attributes
    ----------
    operations
        Their names, from the module on.
    domain
        Where they have a derivative, and what it is where the choice is not obvious.
    edges
        The points that are promised, and tested.
    """

    operations: tuple[str, ...]
    domain: str
    edges: tuple[Edge, ...] = ()
