"""Functions of a user within `vmap`: what SciPy has to call element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from autograd import Tensor
from autograd.extend import enter_batch, innermost, leave_batch, levels
from autograd.inside import ArrayOrTensor, Level, TensorLike, batches, flatten, unwrap

from .common import array_of

Function = Callable[..., "TensorLike"]


def each_element(
    solve: Callable[..., OptimizeResult],
    functions: tuple[Function | bool | None, ...],
    places: Any,
    args: tuple[TensorLike, ...],
    start: ArrayOrTensor,
) -> OptimizeResult:
    """Return what ``solve(functions, places, args)`` finds; within `vmap` for each element, one after another.

    Parameters
    ----------
    solve
        Returns a result with x.
    functions
        What a user gave, the first of which tells by its value at `start` whether it closes over a batch; what is not
        callable is handed on.
    places
        Where to look for a solution, which may be of a batch.
    args
        Further arguments of the functions.
    """
    first: Any = functions[0]
    level = innermost(places, args, first(start, *args)) if levels() else None
    if level is None:
        return solve(functions, places, args)
    results = []
    for i in range(level.size):
        own = tuple(of_element(each, level, i) if callable(each) else each for each in functions)
        at: Any = (element(part, level, i) for part in (places, args, start))
        results.append(each_element(solve, own, *at))
    result = OptimizeResult(x=joined([each.x for each in results], level, np.shape(start)))
    if all("active_mask" in each for each in results) and results:
        result.active_mask = joined([each.active_mask for each in results], level)
    result.success = all(each.success for each in results)
    result.message = next((each.message for each in results if not each.success), "each element of the batch succeeded")
    return result


def element(tree: Any, level: Level, i: int) -> Any:
    """Return the arrays of one element of a batch."""
    leaves, rebuild = flatten(tree)
    return rebuild([_of(x, level)[i] if level in batches(array_of(x)) else x for x in leaves])


def _of(x: Any, level: Level) -> Any:
    return leave_batch(x, level) if isinstance(x, Tensor) else unwrap(leave_batch(x, level))


def of_element(function: Function, level: Level, i: int) -> Function:
    """Return a function that computes with what it closes over of one element of a batch."""
    return lambda *args: element(function(*args), level, i)


def joined(parts: list[ArrayOrTensor], level: Level, shape: tuple[int, ...] = ()) -> Any:
    """Return the arrays of all elements as a batched one; `shape` is that of an element of an empty batch."""
    whole = np.stack(parts) if parts else np.zeros((0, *shape))
    return enter_batch(whole, level) if isinstance(whole, Tensor) else level.batched(whole)
