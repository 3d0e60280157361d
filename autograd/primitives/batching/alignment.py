"""Alignment: the arrays within batched operands, so that they broadcast with the batch as their first axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import Level, contents, mapped


def is_at(level: Level, x: object) -> bool:
    """Tell whether `x` is batched, and the batch is that of `level`."""
    return type(x) is Batched and x.level is level


def widened(x: Batched, ndim: int) -> Any:
    """Return what is within `x`, with axes of length 1 behind the batch where an element has fewer than `ndim`."""
    value = x.value
    missing = ndim - value.ndim + 1
    return value.reshape((value.shape[0],) + (1,) * missing + value.shape[1:]) if missing > 0 else value


def aligned(level: Level, operands: Iterable[Any]) -> list[Any]:
    """Return what is within the operands of a function of each element.

    An array of fewer axes gets axes of length 1 behind the batch, so that it broadcasts as one element would. An
    operand without a batch stays as it is.
    """
    most, fewest = 0, 1 << 20
    for x in operands:
        if type(x) is Batched and x.level is level:
            n = x.value.ndim - 1
            if n < fewest:
                fewest = n
        else:
            n = getattr(x, "ndim", 0)
            if type(n) is not int:
                if type(x) is not list and type(x) is not tuple:
                    continue  # a dtype's class, a string
                n = np.ndim(x)
            elif type(x) is list or type(x) is tuple:
                n = np.ndim(x)
        if n > most:
            most = n
    if fewest == most:  # nothing to align
        return [x.value if type(x) is Batched and x.level is level else x for x in operands]
    return [widened(x, most) if type(x) is Batched and x.level is level else x for x in operands]


def stacked(level: Level, operands: Sequence[Any], cores: Sequence[int]) -> list[Any]:
    """Return what is within the operands of a function of the last axes; `cores` says how many each has."""
    loops = [np.ndim(x) - core for x, core in zip(operands, cores, strict=True)]
    most = max(loops)
    return [widened(x, most + core) if is_at(level, x) else x for x, core in zip(operands, cores, strict=True)]


def repeated(level: Level, x: Any) -> Any:
    """Return `x` with the batch as its first axis: one that has none is repeated, without a copy."""
    if is_at(level, x):
        return x.value
    if not hasattr(x, "shape"):
        x = np.asarray(x)
    return np.broadcast_to(x, (level.size, *x.shape))


def wrapped(level: Level, result: Any) -> Any:
    """Return the arrays of a result, which may be a tuple, as batched ones."""
    if type(result) is np.ndarray:
        return Batched(result, level)
    return mapped(lambda part: Batched(part, level) if hasattr(part, "shape") else part, result)


def batched_among(*given: Any) -> Any:
    """Return the first of the batched arrays in values, for a message."""
    return next(x for x in contents(list(given)) if type(x) is Batched)


def refuse_plain(level: Level, name: str, a: Any, *given: Any) -> None:
    """Raise if an array to which a function would write what is batched among `given` is not batched."""
    if not is_at(level, a):
        batched_among(a, *given).refuse(
            f"writing to a plain array, with numpy.{name}, the value or index",
            "A plain array has room for one element: begin with numpy.zeros_like(x) of a batched x, or "
            "numpy.zeros(shape, like=x)",
        )
