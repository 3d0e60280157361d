"""Name scopes: the calls of objects, such as the modules of a network, within which a node was recorded."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

from ..errors import check_callable
from .node import Node

Describe = Callable[[list[Any]], str]

_described: dict[CodeType, Describe] = {}
_named: dict[CodeType, str] = {}


class RunningCall(NamedTuple):
    """A call that is being executed: its frame, that with its arguments, its object, and the name of a function."""

    frame: FrameType
    arguments: FrameType
    item: Any
    name: str


def describe_calls(method: Callable[..., object], describe: Describe) -> None:
    """Have messages and drawings say within which calls of a method an operation ran.

    Parameters
    ----------
    method
        A method such as ``Module.__call__``, whose calls may be nested.
    describe
        Takes the objects whose method is being called, outermost first, and returns their path as text.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import detect_anomaly, tensor
    >>> from autograd.extend import describe_calls
    >>> class Step:
    ...     def __init__(self, name):
    ...         self.name = name
    ...
    ...     def __call__(self, x):
    ...         return np.log(x)
    >>> describe_calls(Step.__call__, lambda steps: " in ".join(step.name for step in steps))
    >>> with detect_anomaly(), np.errstate(divide="ignore"):
    ...     Step("first")(tensor([0.0, 1.0], requires_grad=True))
    Traceback (most recent call last):
        ...
    autograd.AnomalyError: 'log' gave inf in 1 of 2 elements (shape (2,), dtype float64) in first, at...
    """
    check_callable("describe", describe)
    code = getattr(method, "__code__", None)
    if not isinstance(code, CodeType):
        raise TypeError(f"describe_calls() needs a method written in Python, not {type(method).__name__}")
    _described[code] = describe


def name_calls(*functions: Callable[..., object]) -> None:
    """Have drawings show each call of these functions as one box with the name of the function.

    Ufuncs and declared operations are ignored: they have a box anyway.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import draw_graph, tensor
    >>> from autograd.extend import name_calls
    >>> def length(x):
    ...     return np.sqrt((x * x).sum())
    >>> name_calls(length)
    >>> x = tensor([3.0, 4.0], requires_grad=True)
    >>> [box.title for box in draw_graph(lambda: length(x)).picture.boxes]
    ['x', 'length']
    """
    for function in functions:
        check_callable("function", function)
        own = inspect.unwrap(function)
        code = getattr(own, "__code__", None)
        if isinstance(code, CodeType) and code.co_name == getattr(own, "__name__", ""):  # a declared operation is not
            _named[code] = code.co_name


def running_calls(frame: FrameType | None = None) -> list[RunningCall]:
    """Return the calls of described methods and of named functions around a frame, or around here, outermost first."""
    calls = []
    first: dict[int, FrameType] = {}  # the outermost frame so far of a method of each object
    frame = frame or sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code in _described:
            item = frame.f_locals[code.co_varnames[0]]
            calls.append(RunningCall(frame, first.get(id(item), frame), item, ""))
        elif code in _named:
            calls.append(RunningCall(frame, frame, None, _named[code]))
        elif code.co_argcount and code.co_varnames[0] == "self":
            first[id(frame.f_locals.get("self"))] = frame
        frame = frame.f_back
    return calls[::-1]


def note_scope(node: Node) -> None:
    """Note in `node` the described calls within which it is being recorded, if any."""
    calls = described_calls()
    if calls:
        node.scope = describe_objects(calls)


def described_calls() -> list[tuple[FrameType, Any]]:
    """Return the described calls that are being executed, outermost first: their frames and objects."""
    calls = []
    frame = sys._getframe(1) if _described else None
    while frame is not None:
        if frame.f_code in _described:
            calls.append((frame, frame.f_locals[frame.f_code.co_varnames[0]]))
        frame = frame.f_back
    return calls[::-1]


def describe_objects(calls: list[tuple[FrameType, Any]]) -> str:
    """Return the path of nested calls, outermost first, as text."""
    return _described[calls[0][0].f_code]([item for _, item in calls])


def within(node: Node) -> str:
    """Return the scope of `node` as a part of a sentence, or nothing if it was not noted."""
    scope = getattr(node, "scope", None)
    return f" in {scope}" if scope else ""
