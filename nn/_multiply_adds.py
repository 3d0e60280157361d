"""How many multiplications there are in an operation: for each element of the result as many as are summed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import TracedOperation

__all__ = ["multiply_adds"]


def _summed(parameter: str, axes: slice) -> Callable[[dict[str, Any], int], int]:
    """Return what counts an operation each element of whose result is a sum over some axes of a parameter."""
    return lambda arguments, size: size * int(math.prod(np.shape(arguments[parameter])[axes]))


def _einsum(arguments: dict[str, Any], size: int) -> int:
    lengths = dict(zip(arguments["in_x"], np.shape(arguments["x"]), strict=True))
    lengths |= dict(zip(arguments["in_y"], np.shape(arguments["y"]), strict=True))
    return math.prod(lengths.values())


def _of_each_input(arguments: dict[str, Any], size: int) -> int:
    """Count a transposed convolution: each element of the input is multiplied with all its weights."""
    weights: tuple[int, ...] = np.shape(arguments["weight"])
    return int(np.size(arguments["y"])) * math.prod(weights[1:])


def _attention(arguments: dict[str, Any], size: int) -> int:
    """Count the products of queries with keys, and of weights with values."""
    keys: int = np.shape(arguments["key"])[-2]
    return keys * (int(np.size(arguments["query"])) + size)


def _recurrent(arguments: dict[str, Any], size: int) -> int:
    """Count all weights for each step of each sequence; they are the matrices but the states, and x has three axes."""
    _, x, *others = arguments.values()
    steps, batch, _ = np.shape(x)
    weights = [array for array in others if np.ndim(array) == 2][-2:]
    return int(steps * batch * sum(array.size for array in weights))


_COUNTS: dict[str, Callable[[dict[str, Any], int], int]] = {
    "matmul": _summed("x", slice(-1, None)),
    "matvec": _summed("x", slice(-1, None)),
    "vecmat": _summed("x", slice(-1, None)),
    "vecdot": _summed("x", slice(-1, None)),
    "linear": _summed("weight", slice(1, None)),
    "einsum": _einsum,
    "convolution": _summed("weight", slice(1, None)),
    "transposed_convolution": _of_each_input,
    "attention": _attention,
    **dict.fromkeys(("_GRU", "_LSTM", "_ReLURNN", "_TanhRNN"), _recurrent),
}


def multiply_adds(operation: TracedOperation) -> int:
    """Return how many products of two numbers an operation adds up; 0 for those that do not count."""
    count = _COUNTS.get(operation.name)
    return 0 if count is None else count(operation.arguments, sum(out.size for out in operation.outputs))
