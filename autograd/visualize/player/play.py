"""`player`: write a page that plays the backpropagation of a result or a function."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np

from autograd import GraphError, Tensor, Value
from autograd.inside import Array, TensorLike

from ..collapse import check_depth
from ..given_numbers import GivenNumbers
from ..node_info import Model, is_torch_module, named_in, names_of
from ..page import write_page
from ..steps import Run, run
from ..watching import watch_calls
from .page import page_of
from .playback import Playback, failed_playback, folded, foreign_playback, playback

_MOST = 2500  # operations that are shown one by one


def player(
    result: Tensor | Value | Callable[..., Tensor | Value],
    path: str | os.PathLike[str],
    *inputs: Any,
    params: Mapping[str, Tensor | Value | Array] | Model | None = None,
    gradient: TensorLike | None = None,
    depth: int | None = None,
    data: Mapping[Any, SupportsFloat] | None = None,
) -> Path:
    """Write an HTML page that plays the forward and backward pass of a result, step by step.

    The page is one file that needs no network. It goes through the operations in the order of the engine: forward,
    values appear; backward, each operation passes its inputs their shares, which add up to their gradients. A click
    shows the details of an operation: value, gradient, shape, dtype, the derivative rule, the line that recorded it,
    and the contribution of each of its users. ``?`` in the page lists its keys.

    A graph keeps only the values that its rules need, so the page of a result shows only these. For a function, which
    is called with `inputs`, it shows all values, and the modules that the function calls, each of which can be
    collapsed to one box and expanded; source lines of a `Value` are known only for a function.
    ``draw_graph(result).to_html(path)`` writes the page too.

    Gradients come from the rules of the engine. The graph and the ``.grad`` of leaves stay as they are; hooks of
    results are called. If there are more than 2,500 operations, the first are shown as one step.

    Parameters
    ----------
    result
        A tensor or a value, or a function that returns one. Or a module of PyTorch: then the gradients are PyTorch's
        own, of the sum of the result if it has several elements and `gradient` is not given.
    path
        The file to write.
    *inputs
        The arguments to call the function with.
    params
        The tensors, values and arrays to label, by name; or the model, which has ``named_parameters()`` and
        ``named_modules()``. By default, a function's parameters are those of the modules that it calls. Inputs are
        named after the arguments of the function, or of the model's ``forward``.
    gradient
        The gradient of the result; may be left out if the result has one element.
    depth
        How many levels of modules are open at first; deeper modules are one box each. By default, as many as can be
        read at once.
    data
        Numbers of your own to label and colour, by parameter or other tensor, by module, or by the name of one.

    Returns
    -------
    pathlib.Path
        The file. A notebook plays it in the cell.

    Raises
    ------
    TypeError
        If the result, or something in `params`, is neither a tensor nor a value; if a result is given `inputs`.
    ValueError
        If `depth` is negative, or nothing has a name that is a key of `data`.
    GraphError
        If nothing was recorded, or an earlier `backward` freed the graph: call `player` before it, or give
        ``retain_graph=True``. If the result has several elements and `gradient` is not given.
    Exception
        What the function raises. The page is written before: it shows what was computed until then, where it failed,
        and the text of the error. A notebook shows it in the cell.

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
    if is_torch_module(result):
        return _played_torch(result, path, inputs, gradient, depth, data)
    labelled: Any = result if params is None and hasattr(result, "named_parameters") else params
    names, modules = names_of(labelled)
    if isinstance(result, Tensor | Value):
        if inputs:
            raise TypeError("player() takes inputs for a function, but was given a result: leave the inputs out")
        ran, title = Run(result), "Backpropagation"
    elif callable(result):
        names = {**_named_inputs(result, inputs), **names}
        ran = run(result, inputs, watch=watch_calls())
        names = names if labelled is not None else {**named_in(ran.models.values(), "parameters"), **names}
        name = getattr(result, "__name__", type(result).__name__)
        title = "Backpropagation" if name == "<lambda>" else f"Backpropagation of {name}"
    else:
        raise TypeError(f"player takes a Tensor, a Value or a function, not {type(result).__name__}")
    failure = ran.failure
    if failure is None and gradient is None and isinstance(ran.result, Tensor) and ran.result.size != 1:
        raise GraphError(
            f"player() needs one element to go back from, but the result has shape {ran.result.shape}: give the loss, "
            f"as in player(lambda: loss(model(X), y), path, params=model), or gradient= of that shape"
        )
    called = named_in(ran.models.values(), "modules") | {**modules}
    numbers = GivenNumbers(data or {}, names, called)
    played = playback(ran, names, gradient) if failure is None else failed_playback(ran, names, failure)
    return _written(path, played, title, modules, depth, numbers)


def _played_torch(
    module: Any,
    path: str | os.PathLike[str],
    inputs: tuple[Any, ...],
    gradient: Any,
    depth: int | None,
    data: Mapping[Any, SupportsFloat] | None,
) -> Path:
    from ..pytorch import torch_run

    ran = torch_run(module, inputs, gradient)
    numbers = GivenNumbers(ran.own(data), ran.names, ran.modules)
    failed = ran.failure
    played = foreign_playback(ran) if failed is None else failed_playback(Run(None), ran.names, failed)
    title = f"Backpropagation of {type(module).__name__}"
    return _written(path, played, title, ran.modules, depth, numbers, ran.remarks)


def _written(path: str | os.PathLike[str], played: Playback, *options: Any) -> Path:
    """Write a page, for which `page_of` has the options; if it shows a failure, raise the error."""
    with np.errstate(all="ignore"):  # values that are not finite are shown as nan or inf
        written = write_page(path, page_of(folded(played, _MOST), *options))
    failure = played.failure
    if failure is not None:
        failure.tell(written, f"{written} shows what was computed before, and where it failed")
        raise failure.error
    return written


def _named_inputs(function: Callable[..., Any], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Return the tensors, values and arrays among the inputs by the names of the parameters of the function."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a function written in C may have no signature
        return {}
    single = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return {name: x for name, x in zip(single, inputs, strict=False) if isinstance(x, Tensor | Value | np.ndarray)}
