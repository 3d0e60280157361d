"""Where boxes, frames and edges of a graph go, without any program: in layers, each below all that it depends on.

`frames` takes a graph apart into levels, one for the inside of each frame; `level` lays out one level, for which
`points` says in which row what stands, `order` in which order, and `across` how far to the right.
"""

from .frames import INSET, Direction, Layout, lay_out
from .points import Edges, Point

__all__ = ["INSET", "Direction", "Edges", "Layout", "Point", "lay_out"]
