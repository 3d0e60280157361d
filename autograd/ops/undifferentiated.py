"""Functions without a derivative, called on tensors: they compute with the arrays, and write to an ``out`` tensor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from ..primitives.operands import on_arrays
from ..tensors import dispatch
from ..tensors.dispatch import handing_on
from ..tensors.tensor import Tensor, refuse_values, unwrap
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
        position = _position_of_out(function) or position
        out = args[position] if position < len(args) else None
    if not isinstance(out, Tensor):
        return on_arrays(function, *args, **kwargs)
    given, options = unwrap(args[:position]), unwrap({name: value for name, value in kwargs.items() if name != "out"})
    if is_recorded(out):
        return write_result(out, function(*given, **options))
    write(out, lambda data: function(*given, **options, out=data))
    return out


@cache
def _position_of_out(function: Callable[..., Any]) -> int | None:
    try:
        names = list(signature(function).parameters)
    except ValueError:  # compiled ones show none before NumPy 2.4; none of those here takes `out` by place
        return None
    return names.index("out") if "out" in names else None


dispatch.call_undifferentiated = call_undifferentiated
