"""Compares what a compiled function gives with what the function itself gives, bit by bit."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd import compile as compiled

__all__ = ["assert_same", "compiled", "differs"]


def differs(expected: Any, found: Any) -> str:
    """Say in what two results differ; nothing if they are of the same types and bit by bit the same."""
    if type(expected) is not type(found):
        return f"{type(found).__name__} in place of {type(expected).__name__}"
    if isinstance(expected, dict):
        if list(expected) != list(found):
            return f"keys {list(found)} in place of {list(expected)}"
        expected, found = list(expected.values()), list(found.values())
    elif dataclasses.is_dataclass(expected):
        return differs(vars(expected), vars(found))
    if isinstance(expected, list | tuple):
        if len(expected) != len(found):
            return f"{len(found)} parts in place of {len(expected)}"
        parts = (
            f"[{i}]: {said}" for i, pair in enumerate(zip(expected, found, strict=True)) if (said := differs(*pair))
        )
        return next(parts, "")
    if isinstance(expected, Tensor):
        if expected.requires_grad != found.requires_grad:
            return f"requires_grad={found.requires_grad}"
        expected, found = expected.data, found.data
    x, y = np.asarray(expected), np.asarray(found)
    if (x.shape, x.dtype) != (y.shape, y.dtype):
        return f"shape {y.shape} and dtype {y.dtype} in place of {x.shape} and {x.dtype}"
    return "" if x.tobytes() == y.tobytes() else f"{found} in place of {expected}"


def assert_same(function: Callable[..., Any], *values: tuple[Any, ...], programs: int = 1, replays: bool = True) -> Any:
    """Compare a compiled function with the function itself: at its first values recorded, at the others replayed.

    The results are compared once more at the end: what was returned must not change in later calls.
    """
    recorded = compiled(function)
    found, expected = [], []
    for args in values:
        found.append(recorded(*args))
        expected.append(function(*args))
        said = differs(expected[-1], found[-1])
        assert not said, f"call {len(found)}: {said}\n\n{recorded.source() if recorded.programs[0]._printed else ''}"
    assert len(recorded.programs) == programs
    assert not replays or not any(program.diverged for program in recorded.programs)
    for pair in zip(expected, found, strict=True):
        assert not differs(*pair)
    return recorded
