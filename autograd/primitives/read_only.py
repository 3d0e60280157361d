"""Read-only arguments: functions and rules declared by users cannot write to their arguments.

Those of this package are called as they are; its tests make sure that they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.standin import StandIn
from ..errors import DerivativeError
from ..graph.buffer_reuse import read_only
from ..source.source_info import beginning
from ..tensors.tensor import Tensor

Array = np.ndarray[Any, Any]
ARRAYS = (np.ndarray, np.generic, Tensor, StandIn)  # what rules may return


def array_returned(returned: Any) -> Any:
    """Return what a rule or a function of a user's gave as an array: a column of a table is added by its index."""
    returned = of_constant(returned)
    return returned if isinstance(returned, ARRAYS) else np.asarray(returned)


def of_constant(returned: Any) -> Any:
    """Return the array of a tensor that a rule made of constants of its own, and anything else as it is."""
    return returned._array if isinstance(returned, Tensor) and returned._node is None else returned


def guarded_forward(forward: Callable[..., Any], views: bool) -> Callable[..., Any]:
    """Wrap a function that a user declared so that it cannot write to its arguments.

    A result that shares memory with an argument is copied, because the engine would treat that memory as its own; with
    `views`, for one input, it is not, because there the engine recognizes views.
    """

    def computed(*args: Any) -> Any:
        result = forward(*map(read_only, args))
        if isinstance(result, tuple):
            parts = [_apart(part, args, views) for part in result]
            return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
        return _apart(result, args, views)

    return computed


def _apart(result: Any, args: tuple[Any, ...], views: bool) -> Any:
    result = of_constant(result)
    if type(result) is not np.ndarray or result.base is None:
        return result
    for arg in args:
        for x in arg if type(arg) is tuple else (arg,):
            if isinstance(x, np.ndarray) and np.may_share_memory(result, x):
                if not views:
                    return result.copy()
                if 0 not in result.strides:  # as if the argument had not been a read-only view
                    result.flags.writeable = x.flags.writeable
    return result


def guarded_rule(name: str, rule: Callable[..., Any], kept: int) -> Callable[..., Any]:
    """Wrap a rule that a user declared for the operation `name`, and check that it returns a gradient.

    It cannot write to the gradient that it is given, or to the first `kept` of the other values, because others use
    them too: the gradient of a sum, for example, is one array for all its terms.
    """

    def applied(g: Any, *given: Any, **at_call: Any) -> Any:
        gx = rule(read_only(g), *map(read_only, given[:kept]), *given[kept:], **at_call)
        return array_returned(gx) if isinstance(gx, ARRAYS) else _as_array(gx, name, rule)

    return applied


def _as_array(gx: Any, name: str, rule: Callable[..., Any]) -> Array:
    """Convert what a rule returned to an array: numbers, or columns of a table, which would be added by their index."""
    if isinstance(gx, int | float | complex | list | tuple) or hasattr(gx, "__array__"):
        return np.asarray(gx)
    remedy = "is a return missing?" if gx is None else "return an array of the shape of its input"
    raise DerivativeError(
        f"the derivative rule of '{name}' at {beginning(rule.__code__)} returned {type(gx).__name__}, which is no "
        f"gradient: {remedy}"
    )
