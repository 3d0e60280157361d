"""`draw_graph`: draw the computation graph of a tensor or a value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, SupportsFloat

from autograd import Tensor, Value
from autograd.inside import observed

from .collapse import check_depth, collapsed, cut, levels
from .node_info import Model, is_torch_module, names_of
from .repeats import folded

if TYPE_CHECKING:
    from autograd.inside import Array, CompiledProgram

    from .dot import Digraph
    from .failure import Failure
    from .layered import Direction
    from .picture import Picture

_DIRECTIONS: dict[str, Direction] = {"LR": "LR", "RL": "RL", "TB": "TB", "BT": "BT"}
_SMALL = 40  # boxes that are drawn without folding


def draw_graph(
    output: Tensor | Value | Callable[[], Tensor | Value] | CompiledProgram,
    params: Mapping[str, Tensor | Value | Array] | Model | None = None,
    *,
    depth: int | None = None,
    fold: bool | None = None,
    max_nodes: int | None = 400,
    show: Collection[str] = (),
    data: Mapping[Any, SupportsFloat] | None = None,
    rankdir: str = "TB",
    format: str = "svg",
) -> Digraph:
    """Draw the computation graph of a tensor or a value, from its leaves to the result.

    Each leaf and each recorded operation is a box with the shape and dtype of its result and, for single numbers that
    are available, data and gradient. Operations recorded within `watch_calls`, or by a function passed instead of a
    result, are drawn in one frame per module call, and a call of a function of `nn.functional` is one box. Each input
    stands once, outside of all frames, with the name that `params`, the ``forward`` of the model or the function has
    for it. The same graph gives the same picture, byte for byte.

    ================  ==================  ==========================================================
    shape             colour              meaning
    ================  ==================  ==========================================================
    cylinder          green               a parameter: a leaf that `params` names
    parallelogram     teal                an input: an array that a function was given
    ellipse           blue                any other leaf
    rounded box       white               an operation and its result
    double box        amber               the result passed to `draw_graph`
    solid block       violet              a module, with all its operations
    no box            none                a constant: a number or an array without a gradient
    octagon, ✗        red                 where the function raised an error
    thick border      red                 nan or inf in its values or its gradient
    dashed, thin      grey                no gradient reaches it, or only zeros
    dashed frame      violet, "× 12"      a repeated part; a dashed arrow leads to the next repetition
    ================  ==================  ==========================================================

    Parameters
    ----------
    output
        The result to draw, or a function without arguments that computes it, such as
        ``lambda: loss(model(x), y)``. Or a module of PyTorch; then `params` is its input, or a tuple of several. Or a
        program of a compiled function, ``compiled.programs[0]``: then each NumPy call is a box.
    params
        The tensors, values and arrays to label, by name; or the model, which has ``named_parameters()`` and
        ``named_modules()``. Parameters of modules that are called have names anyway. Arrays are recognised in what a
        function, or `watch_calls`, recorded.
    depth
        How many levels of modules to draw in detail; deeper modules are one box each. With 0, so are the outermost.
    fold
        Whether to draw repeated parts, such as equal layers or the steps of a loop, once with their count. Data and
        gradients shown are those of the first repetition; nan in any of them is marked. By default, pictures of more
        than 40 boxes without `data` are folded.
    max_nodes
        The largest number of boxes. If there are more, inner modules become one box each, and then the boxes farthest
        from the result are left out; the picture says so. None draws all.
    show
        Details to add to each box: ``"values"`` and ``"gradients"``, in full for single numbers and as mean ± standard
        deviation and range for arrays; ``"kept"``, the bytes that the backward pass needs; ``"times"``, forward and
        backward; ``"rules"``, the derivatives as declared. Gradients and times come from one backward pass, which
        leaves the graph and every `grad` as they are.
    data
        Numbers of your own, as labels and colours with a legend: by tensor, such as a parameter, by module, or by the
        name of a parameter or a module, such as ``{"0.weight": 0.3}``. Around 0 if there are both signs.
    rankdir
        The direction in which the picture grows: ``"TB"`` down the page, ``"LR"`` to the right, ``"BT"`` or ``"RL"``.
    format
        The format that `render` and `pipe` of the result produce, such as ``"svg"``, ``"png"`` or ``"pdf"``.

    Returns
    -------
    graphviz.Digraph
        A notebook shows the picture. ``write("graph.svg")`` writes a file, also .png, .pdf, .gv and .mmd. `source` is
        the text in the DOT language, `mermaid` the text in Mermaid's. SVG is laid out by this package, the other
        formats by Graphviz's program ``dot``.
        ``to_html("graph.html")`` writes the page of `player`; until then the picture holds on to its arguments, and so
        to the graph of a result.

    Raises
    ------
    TypeError
        If `output` is neither a tensor nor a value, or something in `params` neither of these nor an array.
    GraphError
        If nothing was recorded, because no input required a gradient or the output was detached; or if `show` asks for
        details that no longer exist.
    ValueError
        If an option is unknown or out of range, or nothing has a name that is a key of `data`.
    Exception
        What a function raises. What it had recorded before is drawn, with the text of the error where it failed: a
        notebook shows it, and elsewhere it is the attribute ``picture`` of the error.
    MissingProgramError
        When the result is rendered as PNG or PDF without the program ``dot``; the message names the package to install.

    Examples
    --------
    >>> from autograd import Value, draw_graph
    >>> x = Value(3.0)
    >>> picture = draw_graph((x * x).tanh(), {"x": x})
    >>> [line.strip() for line in picture.source.splitlines() if "->" in line]
    ['n0 -> n1', 'n0 -> n1', 'n1 -> n2 [weight=8]']
    """
    # Loaded here because few programs draw, and graphviz takes as long to load as the engine.
    from .dot import to_digraph
    from .failure import Failure, failure_of
    from .graph_reader import DETAILS, GraphReader
    from .player import player
    from .watching import lines_of_values, watch_calls

    _check(rankdir, depth, max_nodes, show, DETAILS)
    fold = False if data and fold is None else fold  # what is folded shows only the numbers of the first repetition

    def drawn_as(picture: Picture) -> Digraph:
        return to_digraph(_fitted(picture, depth, fold, max_nodes), _DIRECTIONS[rankdir], format)

    if is_torch_module(output):
        return _drawn_torch(output, params, show, data, depth, drawn_as)
    if hasattr(output, "named_parameters"):
        raise TypeError(
            "draw_graph() takes a result, such as draw_graph(model(X), model), not a model: it has no graph"
        )
    named, modules = names_of(params)
    program = getattr(output, "program", None)
    if program is not None and not isinstance(output, Tensor | Value):
        if data:
            raise ValueError("data has numbers for a graph, but a compiled program has none")
        from .program_reader import ProgramReader

        return drawn_as(ProgramReader(program, {id(x): name for name, x in named.items()}).read())
    drawn: Any = output
    function: Any = None
    if not isinstance(output, Tensor | Value) and callable(output):
        function, nodes, watch = output, [], watch_calls()
        values: dict[Any, Any] = {}
        try:
            with watch, observed(lambda node, values, z: nodes.append(node)), lines_of_values(values):
                drawn = function()
        except Exception as error:
            drawn = failure_of(error, [*nodes, *values], watch.failed)
            if drawn is None:
                raise
    graph = drawn_as(GraphReader(drawn, named, modules, show, function, data).read())
    result: Any = output
    graph.play = partial(player, result, params=params, depth=depth, data=data)
    return _finished(graph, drawn if isinstance(drawn, Failure) else None)


def _drawn_torch(
    module: Any, given: Any, show: Collection[str], data: Any, depth: int | None, drawn_as: Callable[[Picture], Digraph]
) -> Digraph:
    """Draw a module of PyTorch."""
    from .graph_reader import GraphReader
    from .player import player
    from .pytorch import torch_run

    if {"kept", "rules"} & {*show}:
        raise ValueError("of PyTorch's modules, show has values, gradients and times: the rest is not known")
    inputs = given if isinstance(given, tuple) else (given,)
    ran = torch_run(module, inputs)
    drawn: Any = ran.failure or ran.roots[-1]
    picture = GraphReader(drawn, ran.names, ran.modules, show, None, ran.own(data), ran.nodes).read()
    picture.remarks += ran.remarks if "gradients" in show else ()
    graph = drawn_as(picture)
    graph.play = lambda path, **options: player(module, path, *inputs, depth=depth, data=data, **options)
    return _finished(graph, ran.failure)


def _finished(graph: Digraph, failure: Failure | None) -> Digraph:
    """Return the picture; if it shows a failure, raise the error with it."""
    if failure is None:
        return graph
    failure.error.picture = graph  # type: ignore[attr-defined]
    failure.tell(
        graph,
        "draw_graph drew what there was before: `except Exception as error: error.picture.write('graph.svg')`, "
        "or sys.last_exc.picture at a prompt",
    )
    raise failure.error


def _check(
    rankdir: str, depth: int | None, max_nodes: int | None, show: Collection[str], details: Collection[str]
) -> None:
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"rankdir is one of {', '.join(_DIRECTIONS)}, not {rankdir!r}")
    check_depth(depth)
    if max_nodes is not None and max_nodes < 2:
        raise ValueError(f"max_nodes is 2 or more, or None for all; not {max_nodes}")
    unknown = [show] if isinstance(show, str) else [what for what in show if what not in details]
    if unknown:
        raise ValueError(f"show is a list of some of {', '.join(details)}; not {unknown[0]!r}")


def _fitted(picture: Picture, depth: int | None, fold: bool | None, most: int | None) -> Picture:
    """Return the picture collapsed to `depth` and folded, and collapsed further if it has too many boxes."""

    def reduced(depth: int | None) -> Picture:
        smaller = picture if depth is None else collapsed(picture, depth)
        return folded(smaller) if (len(smaller.boxes) > _SMALL if fold is None else fold) else smaller

    drawn = reduced(depth)
    if most is None or len(drawn.boxes) <= most:
        return drawn
    deepest = max(levels(picture.frames), default=-1)
    for level in range(deepest if depth is None else min(depth - 1, deepest), -1, -1):
        drawn = reduced(level)
        drawn.remarks.append(
            f"modules within {level} others are drawn as one box each" if level else "modules are drawn as one box each"
        )
        if len(drawn.boxes) <= most:
            return drawn
    return cut(drawn, most)
