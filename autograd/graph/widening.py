"""Widening: where float32 met float64 in a backward pass, so that all that followed was computed in float64.

NumPy promotes without a word, and such a program takes twice the time. Optimizers of float32 parameters ask for the
first such line and warn of it; a backward pass comes by here only where a gradient has another dtype than its input.
"""

from __future__ import annotations

from .node import MultiNode, Node, recorded


class Widened:
    """The first operation that made float64 of float32 while somebody watched.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import tensor
    >>> from autograd.extend import Widened
    >>> x = tensor(np.ones(2, np.float32), requires_grad=True)
    >>> Widened.told = False  # once a process
    >>> Widened.watch()
    >>> (x * np.ones(2)).sum().backward()
    >>> Widened.take().partition(",")[0]
    "'multiply'"
    """

    watching = told = False
    found = ""

    @classmethod
    def watch(cls) -> None:
        """Look for one from now on, unless one was taken before."""
        cls.watching, cls.found = not cls.told, ""

    @classmethod
    def take(cls) -> str:
        """Return the operation that was found, and its line; no other is looked for."""
        cls.told = True
        return cls.found

    @classmethod
    def note(cls, name: str, node: Node, x: Node) -> None:
        """Note the operation of `node`, if it widened its input `x`."""
        if widens(node, x):
            cls.watching, cls.found = False, f"{name!r}{recorded(node)}"


def widens(node: Node, x: Node) -> bool:
    """Tell whether a node made float64, and more than a number, of its input `x` of float32."""
    made = node.dtypes if isinstance(node, MultiNode) else (node.dtype,) if node.shape else ()
    return not isinstance(x, MultiNode) and x.dtype.char == "f" and any(dtype.char == "d" for dtype in made)
