"""Writing a picture in the DOT language, as a `graphviz.Digraph` whose errors say what to install."""

from __future__ import annotations

from typing import Any

try:
    import graphviz
except ImportError as error:
    raise ImportError("draw_graph needs the Python package graphviz: pip install graphviz") from error

from ..errors import AutogradError
from .picture import Picture
from .style import EDGE, GRAPH, NODE, box_attributes, edge_attributes

__all__ = ["Digraph", "MissingProgramError", "to_digraph"]


class MissingProgramError(AutogradError, graphviz.ExecutableNotFound):  # type: ignore[misc]  # graphviz is untyped
    """A picture cannot be rendered because Graphviz's program ``dot`` is not installed."""

    def __init__(self, digraph: graphviz.Digraph) -> None:
        self.digraph = digraph
        RuntimeError.__init__(
            self,
            f"rendering needs Graphviz's program {digraph.engine!r}, which is not on the PATH. Install the system "
            f"package graphviz: apt install graphviz (Debian, Ubuntu), brew install graphviz (macOS), winget install "
            f"graphviz (Windows). Without it, the picture's .source can be pasted into any viewer of the DOT language",
        )


class Digraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A graph of the package graphviz; rendering it without the system program says what to install."""

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Write the picture to a file, as `graphviz.Digraph.render` does."""
        try:
            return super().render(*args, **kwargs)  # type: ignore[no-any-return]
        except graphviz.ExecutableNotFound as error:
            raise MissingProgramError(self) from error

    def pipe(self, *args: Any, **kwargs: Any) -> Any:
        """Return the picture as bytes or text, as `graphviz.Digraph.pipe` does; notebooks call this."""
        try:
            return super().pipe(*args, **kwargs)
        except graphviz.ExecutableNotFound as error:
            raise MissingProgramError(self) from error


def to_digraph(picture: Picture, rankdir: str, file_format: str) -> Digraph:
    """Return `picture` in the DOT language; boxes are numbered in their order, so equal pictures give equal text."""
    graph = Digraph(format=file_format, graph_attr={"rankdir": rankdir, **GRAPH}, node_attr=NODE, edge_attr=EDGE)
    for place, box in enumerate(picture.boxes):
        graph.node(f"n{place}", **box_attributes(box))
    for source, target in picture.edges:
        graph.edge(f"n{source}", f"n{target}", **edge_attributes(picture.boxes[source]))
    return graph
