"""Memory that is provably ours: gradients that nobody but the walk can see, and so may be written to.

The reference count answers that exactly: an array handed on by a rule, kept by a node or known to the caller has
another reference, and a view has a base. The count that means "ours" is measured, for it differs between versions of
Python.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DerivativeError
from .node import LARGE, Node

__all__ = [
    "COUNTED", "Portion", "guarded_forward", "guarded_rule", "held_once", "may_add_to", "portion", "read_only",
    "references", "sum_gradients",
]  # fmt: skip

Array = np.ndarray[Any, Any]


# Without the global interpreter lock a count may leave out the references of other threads; other Pythons do not count.
COUNTED = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

# What counts the references to an object; where that is unknown, every object counts as shared.
references: Callable[[Any], int] = sys.getrefcount if COUNTED else lambda held: sys.maxsize


class Portion:
    """The memory of a part of a larger array, as something that is no array itself: see `portion`."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = array.__array_interface__


def portion(array: Array) -> Array:
    """Return an array with the memory of a part of a larger one, whose views are its own and not the larger one's.

    NumPy takes for the base of a view the array at the end of the chain of bases. Here that is the result, so that its
    count of references alone tells whether anybody holds it or a view of it; see `is_sole_owner`. A write to it is no
    write to other parts, but what `mark_written` says of the larger array is said of all of them. Who asks for it sees
    to it that nobody else has the larger one.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import portion
    >>> whole = np.zeros(4)
    >>> part = portion(whole[:2])
    >>> part[:1].base is part
    True
    >>> part[0] = 1
    >>> whole
    array([1., 0., 0., 0.])
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"portion() takes an ndarray, not {type(array).__name__}")
    return np.asarray(Portion(array))


def _count_parameter(held: Any, _: Any) -> int:
    return references(held)


def _calibrate() -> int:
    """Count the references of an array that only `gradients` holds, in the way that `sum_gradients` meets it."""
    gradients = {0: np.empty(1)}
    held = gradients[0]
    return _count_parameter(held, held is None)


_HELD_ONCE = _calibrate() if COUNTED else 0


def read_only(value: Any) -> Any:
    """Return views that cannot be written to in place of an ndarray, or of those in a tuple; anything else as it is."""
    if type(value) is np.ndarray:
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, tuple):
        items = map(read_only, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def guarded_rule(name: str, rule: Callable[..., Any], kept: int) -> Callable[..., Any]:
    """Return what calls a rule that a user declared for the operation `name`, and sees to it that it gives a gradient.

    It cannot write to the gradient that it is given, or to what was `kept`.

    Others go on with them: a gradient that is handed to two inputs, for example, is one array.
    """

    def applied(g: Any, *given: Any, **at_call: Any) -> Any:
        gx = rule(read_only(g), *map(read_only, given[:kept]), *given[kept:], **at_call)
        return gx if hasattr(gx, "dtype") else _as_array(gx, name, rule)

    return applied


def _as_array(gx: Any, name: str, rule: Callable[..., Any]) -> Array:
    """Return numbers that a rule gave in the place of an array as one."""
    if isinstance(gx, int | float | complex | list | tuple):
        return np.asarray(gx)
    code = rule.__code__
    remedy = "is a return missing?" if gx is None else "return an array of the shape of its input"
    raise DerivativeError(
        f"the derivative rule of '{name}' at {code.co_filename}:{code.co_firstlineno} returned {type(gx).__name__}, "
        f"which is no gradient: {remedy}"
    )


def guarded_forward(forward: Callable[..., Any], views: bool) -> Callable[..., Any]:
    """Return what calls a function that a user declared so that it cannot write to its arguments.

    Nor does a result share memory with one of them, which the engine would take for its own; unless there is only one
    input, so that `views` are known for what they are.
    """

    def computed(*args: Any) -> Any:
        result = forward(*map(read_only, args))
        if isinstance(result, tuple):
            parts = [_apart(part, args, views) for part in result]
            return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
        return _apart(result, args, views)

    return computed


def _apart(result: Any, args: tuple[Any, ...], views: bool) -> Any:
    if type(result) is not np.ndarray or result.base is None:
        return result
    for arg in args:
        for x in arg if type(arg) is tuple else (arg,):
            if isinstance(x, np.ndarray) and np.may_share_memory(result, x):
                if not views:
                    return result.copy()
                if 0 not in result.strides:  # as it would be, had the argument not been a view
                    result.flags.writeable = x.flags.writeable
    return result


def sum_gradients(held: Any, g: Any) -> Any:
    """Return ``held + g``, in place where nobody but the walk can see the memory of `held`.

    The reference count answers that exactly: an array handed on by a rule, kept by a node or known to the caller has
    another reference, and a view has a base.
    """
    if (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and references(held) <= _HELD_ONCE
        and held.base is None
    ):
        return np.add(held, g, held)
    return held + g


def may_add_to(held: Any, g: Any) -> bool:
    """Tell whether `g`, the gradient of a part, may be added to `held` in place: see `sum_gradients`."""
    return (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and references(held) <= _HELD_ONCE
        and held.base is None
    )


def held_once(found: dict[Node, Any], node: Node) -> bool:
    """Tell whether the gradient of `node` in `found` is an array that nobody else can see."""
    held = found[node]
    return type(held) is np.ndarray and held.base is None and _count_parameter(held, None) <= _HELD_ONCE
