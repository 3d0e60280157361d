"""Matrix products of recurrent networks over many steps at once: inputs going forward, gradients going back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..._aligned_memory import aligned_empty, aligned_like, aligned_zeros
from ..._arguments import Array

# A product with this many rows is about as fast as a larger one, and its result is still in the caches when it is used.
_ROWS = 32
# In the backward pass, summing over the parts costs time too, the more the larger the weights are.
_ROWS_BACK = 640
# A bias that is repeated for each row is added in half the time, if it stays in the caches.
_REPEATED = 1 << 18


def by_gate(parameter: Array, gates: int) -> Array:
    """Return a weight as shape (gates, hidden, columns), or a bias as shape (gates, 1, hidden)."""
    if parameter.ndim == 1:
        return parameter.reshape(gates, 1, -1)
    return parameter.reshape(gates, len(parameter) // gates, -1)


def columns(weight: Array) -> Array:
    """Return the weight of each gate, transposed in memory too, which makes products faster by a third."""
    return aligned_like(weight.swapaxes(1, 2))


def starting_with(state: Array, steps: int) -> Array:
    """Return memory for the states before and after all steps, the first of which is `state`."""
    states = aligned_empty((steps + 1, *state.shape), state.dtype)
    states[0] = state
    return states


def preactivations(x: Array, weight: Array, bias: Array) -> Iterator[Array]:
    """Yield for each step the term of the input in the gates, shape (gates, batch, hidden); it may be overwritten.

    Small batches are multiplied several steps at a time. `weight` is as returned by `columns`.
    """
    time, batch, features = x.shape
    steps = max(1, min(_ROWS // max(batch, 1), time))
    memory = aligned_empty((len(weight), steps * batch, weight.shape[2]), x.dtype)
    if memory.nbytes <= _REPEATED:
        bias = aligned_like(np.broadcast_to(bias, memory.shape))
    for start in range(0, time, steps):
        part = x[start : start + steps]
        block = memory[:, : len(part) * batch]
        np.matmul(part.reshape(len(part) * batch, features), weight, block)
        np.add(block, bias[:, : block.shape[1]], block)
        yield from block.reshape(len(block), len(part), batch, block.shape[2]).swapaxes(0, 1)


def rows(array: Array) -> Array:
    """Reshape an array of shape (time, batch, ...) to one row for each step of each sequence."""
    return array.reshape(array.shape[0] * array.shape[1], math.prod(array.shape[2:]))


class ParameterGradients:
    """The gradients of the input and the parameters, summed over parts of the sequence from its end.

    The gradients of the gates in one part are still in the processor's caches when they are multiplied, and not kept.

    Attributes
    ----------
    x
        The gradient of the input, or None if it is not needed.
    parameters
        The gradients of the parameters.
    """

    def __init__(self, x: Array, hidden: Array, parameters: list[Array], needs_x: bool) -> None:
        self.x = aligned_empty(x.shape, x.dtype) if needs_x else None
        self._input, self._hidden, self._weight = x, hidden, parameters[0]
        make = aligned_empty if len(x) else aligned_zeros
        self.parameters = [make(parameter.shape, x.dtype) for parameter in parameters]
        self._products = [aligned_empty(parameter.shape, x.dtype) for parameter in parameters]

    def parts(self, gates: int) -> Iterator[tuple[slice, Array]]:
        """Yield the parts from the end, with memory for the gates' gradients: (steps, batch, gates, hidden)."""
        time, batch, _ = self._input.shape
        width = self._hidden.shape[2]
        steps = max(1, min(max(_ROWS_BACK, 2 * width) // max(batch, 1), time))
        steps = math.ceil(time / max(1, math.ceil(time / steps)))  # parts of about one length
        memory = aligned_empty((steps, batch, gates, width), self._input.dtype)
        for stop in range(time, 0, -steps):
            part = slice(max(stop - steps, 0), stop)
            yield part, memory[: part.stop - part.start]

    def add(self, part: slice, of_input: Array, of_state: Array) -> None:
        """Add the sums of a part, from the gradients of its input's and its states' terms in the gates, as rows."""
        if self.x is not None:
            np.matmul(of_input, self._weight, rows(self.x[part]))
        ones = np.ones(len(of_input), of_input.dtype)  # BLAS multiplies faster than NumPy sums
        factors = [
            (of_input.T, rows(self._input[part])),
            (of_state.T, rows(self._hidden[part])),
            (ones, of_input),
            (ones, of_state),
        ]
        if of_input is of_state and len(self.parameters) == len(factors):
            factors.pop()
        # the biases may be omitted
        for (a, b), product, total in zip(factors, self._products, self.parameters, strict=False):
            if part.stop == len(self._input):  # the first
                np.matmul(a, b, total)
            else:
                np.add(total, np.matmul(a, b, product), total)
        if len(factors) < len(self.parameters):
            np.copyto(self.parameters[-1], self.parameters[-2])
