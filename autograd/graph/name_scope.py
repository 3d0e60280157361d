"""Name scopes: the calls of objects, such as the modules of a network, within which a node was recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ..errors import check_callable
from .node import Node

__all__ = ["describe_calls", "describe_objects", "described_calls", "note_scope", "within"]

Describe = Callable[[list[Any]], str]

_described: dict[CodeType, Describe] = {}


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
