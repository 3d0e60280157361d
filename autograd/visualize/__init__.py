"""Pictures of graphs: `picture` reads a graph into plain data, `style` sets how it looks, `dot` writes it in DOT.

The Python package graphviz is loaded when `draw_graph` is first called. Where its system program ``dot`` is missing,
`layered` lays the picture out and `svg` draws it.
"""

from .call_recorder import watch_calls
from .draw import draw_graph

__all__ = ["draw_graph", "watch_calls"]
