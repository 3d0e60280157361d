"""Functions without a derivative, called on tensors: they compute with the arrays, and write to an ``out`` tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GraphError
from ..graph.grad_mode import recording
from ..primitives.operands import on_arrays
from ..source.call_site import users_line
from ..tensors import dispatch
from ..tensors.dispatch import handing_on
from ..tensors.tensor import Tensor, any_live, refuse_values, unwrap
from .setitem import is_recorded, write, write_result

_MAKERS = (np.zeros_like, np.ones_like, np.empty_like)
_SUBOK = 3  # the position of their parameter


def call_undifferentiated(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function whose result carries no gradient; an ``out`` tensor is written to like any tensor.

    An array like a tensor is a tensor, which what depends on others can be written to.
    """
    if function in _MAKERS:
        made = on_arrays(function, *args, **kwargs)
        return Tensor(made) if kwargs.get("subok", True) and (len(args) <= _SUBOK or args[_SUBOK]) else made
    if function in handing_on:
        refuse_values(*args, *kwargs.values())
    position, out = len(args), kwargs.get("out")
    if "out" not in kwargs and any(isinstance(arg, Tensor) for arg in args[1:]):
        position = min(dispatch.out_and_after(function)[0], position)
        out = args[position] if position < len(args) else None
    if not isinstance(out, Tensor):
        return on_arrays(function, *args, **kwargs)
    given, options = unwrap(args[:position]), unwrap({name: value for name, value in kwargs.items() if name != "out"})
    if is_recorded(out):
        return write_result(out, function(*given, **options))
    write(out, lambda data: _filled(data, function(*given, **options, out=data)))
    return out


def _filled(out: Any, result: Any) -> Any:
    """Return `out`, written to where NumPy forgot to: some of its Fourier transforms do."""
    if type(result) is np.ndarray and result is not out:
        np.copyto(out, result)
    return out


def call_into(
    function: Callable[..., Any], operation: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call a function that has a derivative, and write the result to its argument ``out``."""
    args, options, out = dispatch.without_out(function, args, kwargs)
    if out is None:
        return operation(*args, **options)
    if not (recording() and any_live((args, options, out))):
        result = call_undifferentiated(function, args, {**options, "out": out})
        return result if isinstance(out, Tensor) else _filled(out, result)
    if not isinstance(out, Tensor):
        raise GraphError(
            f"numpy.{function.__name__}(..., out=), at {users_line()}, would write a result that requires a gradient "
            f"to memory outside the graph: leave out= away, or compute within no_grad()"
        )
    is_recorded(out)  # raises for leaves
    return write_result(out, operation(*args, **options))


dispatch.call_undifferentiated, dispatch.call_into = call_undifferentiated, call_into
