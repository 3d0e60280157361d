"""The one public function: a tensor or a value in, a picture of how it was computed out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..tensor import Tensor
from ..value import Value

if TYPE_CHECKING:
    import graphviz

__all__ = ["draw_graph"]

_DIRECTIONS = ("LR", "RL", "TB", "BT")


def draw_graph(
    output: Tensor | Value,
    params: Mapping[str, Any] | None = None,
    *,
    rankdir: str = "TB",
    format: str = "svg",
) -> graphviz.Digraph:
    """Draw how a tensor or a value was computed, from its leaves to itself.

    There is a box for each leaf and each recorded operation, with the shape and dtype of its result and, for single
    numbers that are at hand, data and gradient. It can be drawn before `backward` or after; after it, graphs of
    tensors have let go of their constants, which are then drawn without a shape. The same graph gives the same
    picture, byte for byte.

    =========  ==================================================
    colour     meaning
    =========  ==================================================
    green      a parameter: a leaf that `params` names
    blue       any other leaf
    white      an operation and its result
    amber      the result that was asked for
    no box     a constant: a number or an array without a gradient
    =========  ==================================================

    Parameters
    ----------
    output
        What to draw.
    params
        The tensors or values to label, by name, such as ``dict(model.named_parameters())``.
    rankdir
        Where the picture grows: ``"TB"`` down the page, ``"LR"`` to the right, ``"BT"`` or ``"RL"``.
    format
        What `render` and `pipe` of the result produce, such as ``"svg"``, ``"png"`` or ``"pdf"``.

    Returns
    -------
    graphviz.Digraph
        Its `source` is the text in the DOT language, which needs no system program; a notebook shows the picture.

    Raises
    ------
    TypeError
        If `output`, or something in `params`, is neither a tensor nor a value.
    GraphError
        If nothing was recorded, because no input required a gradient or the output was detached.
    ValueError
        If `rankdir` or `format` is unknown.
    MissingProgramError
        When the result is rendered, if the program ``dot`` is not installed; it says which package has it.

    Examples
    --------
    >>> from autograd import Value, draw_graph
    >>> x = Value(3.0)
    >>> picture = draw_graph((x * x).tanh(), {"x": x})
    >>> [line.strip() for line in picture.source.splitlines() if "->" in line]
    ['n0 -> n1', 'n0 -> n1', 'n1 -> n2 [weight=8]']
    """
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir is one of {', '.join(_DIRECTIONS)}, not {rankdir!r}")
    # Loaded here because few programs draw, and graphviz takes as long to load as the engine.
    from .dot import to_digraph
    from .picture import read_graph

    return to_digraph(read_graph(output, params or {}), rankdir, format)
