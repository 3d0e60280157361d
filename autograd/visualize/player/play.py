"""`player`: a result or a function in, a page that plays backpropagation out."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...files import replacing
from ...scalar.value import Value
from ...tensors.tensor import Tensor
from ..collapse import check_depth
from ..module_frames import parameters_called
from ..node_info import names_of
from .fold import folded
from .page import page_of
from .record import Run, record, run

__all__ = ["player"]

_MOST = 2500  # operations that are shown one by one


def player(
    result: Tensor | Value | Callable[..., Tensor | Value],
    path: str | os.PathLike[str],
    *inputs: Any,
    params: Any = None,
    gradient: Any = None,
    depth: int | None = None,
) -> Path:
    """Write a page that plays how a result was computed, and how its gradient was carried back.

    The page is one file that needs no network. It goes through the operations in the order in which the engine does:
    forward, values appear; backward, each operation gives its inputs their shares, which add up to their gradients.
    A click shows all that is known of an operation: value, gradient, shape, dtype, the derivative rule, the line that
    recorded it, and what each of its users contributed. ``?`` in the page tells its keys.

    A graph keeps only those values that its rules need, so the page of a result shows only these. Of a function, which
    is called with `inputs`, it shows all of them, and the modules that it calls, each of which can be collapsed to one
    box and expanded; the lines of a `Value` are known of a function alone. ``draw_graph(result).to_html(path)`` writes
    the page too.

    Gradients come from the rules of the engine. The graph stays as it is, ``.grad`` of leaves too; hooks of results
    are called. Of more than 2,500 operations, the first are shown as one step.

    Parameters
    ----------
    result
        A tensor or a value, or a function that returns one.
    path
        The file to write.
    *inputs
        What the function is called with.
    params
        The tensors or values to label, by name; or the model, which has ``named_parameters()`` and
        ``named_modules()``. Left out, a function's parameters are those of the modules that it calls. Inputs have the
        names of the function's parameters.
    gradient
        That of the result; may be left out if it has one element.
    depth
        How many levels of modules are open at first; those within are one box each. Left out: as many as can be read
        at once.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError
        If the result, or something in `params`, is neither a tensor nor a value; if a result is given `inputs`.
    ValueError
        If `depth` is negative.
    GraphError
        If nothing was recorded, or an earlier `backward` freed the graph: call `player` before it, or give
        ``retain_graph=True``. If the result has several elements, and no `gradient`.

    Examples
    --------
    >>> import os, tempfile
    >>> from autograd import Value, player
    >>> a, b = Value(2.0), Value(-3.0)
    >>> page = player((a * b + a).tanh(), os.path.join(tempfile.mkdtemp(), "page.html"), params={"a": a, "b": b})
    >>> page.name, a.grad
    ('page.html', 0.0)
    """
    check_depth(depth)
    params = result if params is None and hasattr(result, "named_parameters") else params
    names, modules = names_of(params)
    if isinstance(result, Tensor | Value):
        if inputs:
            raise TypeError("player() takes inputs for a function, but was given a result: leave the inputs out")
        ran, title = Run(result), "Backpropagation"
    elif callable(result):
        names = {**_named_inputs(result, inputs), **names}
        ran = run(result, inputs)
        names = names if params is not None else {**parameters_called(ran.seen), **names}
        name = getattr(result, "__name__", type(result).__name__)
        title = "Backpropagation" if name == "<lambda>" else f"Backpropagation of {name}"
    else:
        raise TypeError(f"player takes a Tensor, a Value or a function, not {type(result).__name__}")
    recording = folded(record(ran, names, gradient), _MOST)
    with np.errstate(all="ignore"):  # what is not finite is shown as that
        page = page_of(recording, title, modules, depth)
    file = Path(path)
    with replacing(file) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")
    return file


def _named_inputs(function: Callable[..., Any], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Return the inputs that can have a gradient, by the names of the parameters of the function."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a function of C may have none
        return {}
    single = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return {name: x for name, x in zip(single, inputs, strict=False) if isinstance(x, Tensor | Value)}
