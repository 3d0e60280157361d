"""Pictures of graphs: `picture` reads a graph into plain data, `style` sets how it looks, `dot` writes it in DOT.

The Python package graphviz is loaded when `draw_graph` is first called. Where its system program ``dot`` is missing,
`layered` lays the picture out and `svg` draws it.
"""

from .draw import draw_graph
from .watching import watch_calls

__all__ = ["draw_graph", "watch_calls"]
