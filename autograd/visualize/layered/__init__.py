"""Layered graph layout without any program: boxes, frames and edges, each box below all that it depends on.

`frames` divides a graph into levels, one for the inside of each frame; `level` lays out one level: `points` assigns the
rows, `order` the order within each row, and `across` the horizontal positions.
"""

from .frames import INSET, Direction, Layout, lay_out
from .points import Edges, Point

__all__ = ["INSET", "Direction", "Edges", "Layout", "Point", "lay_out"]
