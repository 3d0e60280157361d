"""Pictures of graphs: `picture` reads a graph into plain data, `style` says how that looks, `dot` writes it down.

The Python package graphviz is loaded when `draw_graph` is first called; its system program ``dot`` is needed only to
turn the result into an image.
"""

from .draw import draw_graph
from .watching import watch_calls

__all__ = ["draw_graph", "watch_calls"]
