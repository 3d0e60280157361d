"""DOT: write a picture as a `graphviz.Digraph` whose errors say what to install."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import Any

try:
    import graphviz
except ImportError as error:
    raise ImportError("draw_graph needs the Python package graphviz: pip install graphviz") from error

from autograd import AutogradError
from autograd.extend import replacing
from autograd.inside import TensorLike

from .layered import Direction
from .mermaid import to_mermaid
from .picture import Picture, by_frame
from .style import EDGE, GRAPH, LOOP, NODE, box_attributes, colour_of, frame_look, frame_title, plain
from .svg import to_svg

_TEXTS = {".gv": "dot", ".dot": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}
_IMAGES = ("svg", "png", "pdf")


class MissingProgramError(AutogradError, graphviz.ExecutableNotFound):  # type: ignore[misc]  # graphviz is untyped
    """A picture cannot be rendered because Graphviz's program ``dot`` is not installed."""

    def __init__(self, digraph: graphviz.Digraph) -> None:
        self.digraph = digraph
        RuntimeError.__init__(
            self,
            f"rendering needs Graphviz's program {digraph.engine!r}, which is not on the PATH. Install the system "
            f"package graphviz: apt install graphviz (Debian, Ubuntu), brew install graphviz (macOS), winget install "
            f"graphviz (Windows). Without it, SVG works, as in write('graph.svg'), and so does what needs no layout: "
            f"write('graph.gv') for any viewer of the DOT language, write('graph.mmd') for Markdown that draws Mermaid",
        )


class Digraph(graphviz.Digraph):  # type: ignore[misc]  # graphviz is untyped
    """A `graphviz.Digraph` whose SVG this package lays out, so that it needs no program.

    Attributes
    ----------
    picture, rankdir
        The picture, and the direction in which it grows.
    play
        Writes the page of `autograd.player` for the same result.
    """

    picture: Picture
    rankdir: Direction
    play: Callable[..., Path]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {len(self.body)} lines>"

    @property
    def mermaid(self) -> str:
        """The same picture in the language of Mermaid."""
        return to_mermaid(self.picture, self.rankdir)

    @property
    def svg(self) -> str:
        """The same picture as SVG, laid out by this package."""
        return to_svg(self.picture, self.rankdir)

    def render(self, *args: Any, **kwargs: Any) -> str:
        """Write the picture to a file, as `graphviz.Digraph.render` does; SVG as in `pipe`."""
        options = inspect.signature(super().render).bind(*args, **kwargs).arguments
        outfile = options.get("outfile")
        suffix = Path(outfile).suffix[1:] if outfile else ""
        if not self._is_own(options | {"format": options.get("format") or suffix}):
            try:
                return super().render(*args, **kwargs)  # type: ignore[no-any-return]
            except graphviz.ExecutableNotFound as error:
                raise MissingProgramError(self) from error
        source = Path(outfile).with_suffix(".gv") if outfile else options.get("filename")
        self.save(source, directory=options.get("directory"))
        path = Path(outfile or f"{self.filepath}.svg")
        _write(path, self.svg.encode())
        if options.get("cleanup"):
            Path(self.filepath).unlink()
        if options.get("view"):
            graphviz.view(path)
        return str(path)

    def pipe(self, *args: Any, **kwargs: Any) -> Any:
        """Return the picture as bytes or text, as `graphviz.Digraph.pipe` does; notebooks call this.

        SVG is laid out by this package, unless an `engine` is given; other formats are laid out by Graphviz.
        """
        options = inspect.signature(super().pipe).bind(*args, **kwargs).arguments
        if self._is_own(options):
            return self.svg if options.get("encoding") else self.svg.encode()
        try:
            return super().pipe(*args, **kwargs)
        except graphviz.ExecutableNotFound as error:
            raise MissingProgramError(self) from error

    def _is_own(self, options: dict[str, Any]) -> bool:
        """Tell whether this package draws what is asked for."""
        return (options.get("format") or self.format) == "svg" and not options.get("engine")

    def to_html(self, path: str | PathLike[str], *, gradient: TensorLike | None = None) -> Path:
        """Write an HTML page that plays the forward and backward pass of the result.

        The page is that of `autograd.player`, with the same result, names and `depth`. It is recorded by this call: the
        graph of a result, which this picture keeps alive, must not have been freed by `backward` before, and a function
        is called again. Only for a function does the page show all values.

        Parameters
        ----------
        path
            The file to write.
        gradient
            The gradient of the result; may be left out if the result has one element.

        Raises
        ------
        GraphError
            If the graph was freed: write the page before `backward`, or pass ``retain_graph=True`` to it.

        Examples
        --------
        >>> import os, tempfile
        >>> from autograd import Value, draw_graph
        >>> a = Value(2.0)
        >>> draw_graph((a * a).tanh(), {"a": a}).to_html(os.path.join(tempfile.mkdtemp(), "page.html")).name
        'page.html'
        """
        return self.play(path, gradient=gradient)

    def copy(self) -> Digraph:
        """Return a copy, as `graphviz.Digraph.copy` does."""
        other: Digraph = super().copy()
        other.picture, other.rankdir, other.play = self.picture, self.rankdir, self.play
        return other

    def write(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file, in the format that its suffix names.

        Parameters
        ----------
        path
            A path that ends in .svg, .gv or .dot for the DOT language, .mmd or .mermaid for Mermaid, .html for the page
            of `to_html`; or in .png or .pdf, which need the program ``dot``.

        Raises
        ------
        ValueError
            If the suffix is none of these.
        MissingProgramError
            If the program ``dot`` is needed and not installed.
        OSError
            If the file cannot be written; an existing file then stays as it was.
        """
        path = Path(fspath(path))
        suffix = path.suffix.lower()
        if suffix in _TEXTS:
            _write(path, (self.source if _TEXTS[suffix] == "dot" else self.mermaid).encode())
        elif suffix[1:] in _IMAGES:
            _write(path, self.pipe(format=suffix[1:]))
        elif suffix == ".html":
            self.to_html(path)
        else:
            known = ", ".join([f".{name}" for name in _IMAGES] + [*_TEXTS, ".html"])
            raise ValueError(f"a picture's file ends in one of {known}, which says its format; not in {suffix!r}")


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as partial:
        partial.write_bytes(content)


def to_digraph(picture: Picture, rankdir: Direction, file_format: str) -> Digraph:
    """Return `picture` in the DOT language; boxes are numbered in their order, so equal pictures give equal text."""
    remarks = {"label": _legend(picture)} if picture.remarks or picture.legend else {}
    graph = Digraph(
        format=file_format, graph_attr={"rankdir": rankdir, **GRAPH, **remarks}, node_attr=NODE, edge_attr=EDGE
    )
    graph.picture, graph.rankdir = picture, rankdir
    for indent, what, index in by_frame(picture):
        if what == "box":
            box = picture.boxes[index]
            tooltip = {"tooltip": _escaped(box.where)} if box.where else {}
            graph.node(f"n{index}", **box_attributes(box), **tooltip)
        elif what == "open":
            frame = picture.frames[index]
            title = _escaped(frame_title(frame, picture.frames))
            graph.body.append(f"\tsubgraph cluster_{index} {{\n")
            graph.attr(label=title, tooltip=title, **frame_look(frame, indent))
        else:
            graph.body.append("\t}\n")
    for source, target in picture.edges:
        # Edges between operations are drawn straight.
        straight = {} if picture.boxes[source].satellite else {"weight": "8"}
        graph.edge(f"n{source}", f"n{target}", **straight)
    for source, target in picture.loops:
        graph.edge(f"n{source}", f"n{target}", **LOOP)
    return graph


def _legend(picture: Picture) -> str:
    """Return what stands below the picture: remarks, and the colours of numbers in the markup of ``dot``."""
    remark = _escaped("; ".join(picture.remarks))
    if not picture.legend:
        return remark
    cells = "".join(f'<td bgcolor="{colour_of(mark)}">{mark.text}</td>' for mark in picture.legend)
    row = f'<tr><td colspan="{len(picture.legend)}">{escape(plain("; ".join(picture.remarks)))}</td></tr>'
    return f'<<table border="0" cellborder="0"><tr>{cells}</tr>{row if picture.remarks else ""}</table>>'


def _escaped(text: str) -> str:
    """Escape `text` for a quoted string of ``dot``, which also reads HTML entities."""
    return graphviz.escape(plain(text).replace("&", "&amp;"))  # type: ignore[no-any-return]  # a str that the package knows to be no markup
