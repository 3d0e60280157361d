"""LSTMs in programs with fused loops: what lies between matrix products and tanh is one loop over new arrays.

In `_rnn` each NumPy call writes over memory, which saves time where it is a call. A loop keeps what is between in the
processor's registers. NumPy's tanh is left to NumPy, which computes it in half the time: it writes to views, and those
are no results of a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._aligned_memory import aligned_empty, aligned_like
from ._kernels.rnn_products import ParameterGradients, by_gate, rows, starting_with

Array = np.ndarray[Any, Any]


def run_lstm(x: Array, states: list[Array], added: Iterator[Array], recurrent: Array) -> tuple[Array, Array, Any]:
    """Return the hidden states before and after all steps, the last cells, and what `pull_lstm` needs of each step.

    `added` yields the terms of the inputs in the gates o, i, f, g, the first three of them halved.
    """
    h, c = states
    product, kept = aligned_empty((4, *h.shape), x.dtype), []
    gates, tanh_cells = aligned_empty((len(x), 4, *h.shape), x.dtype), aligned_empty((len(x), *h.shape), x.dtype)
    hidden, n = starting_with(h, len(x)), len(h)
    of_steps = rows(hidden)
    for t, (a, step, tanh_c) in enumerate(zip(added, gates, tanh_cells, strict=True)):
        np.matmul(hidden[t], recurrent, product)
        np.add(a, product, a)
        np.tanh(a, step)
        parts = o, i, f, g = tuple(step)
        kept.append((parts, c, tanh_c))
        c = _sigmoid(f) * c + _sigmoid(i) * g
        np.tanh(c, tanh_c)
        of_steps[(t + 1) * n : (t + 2) * n] = _sigmoid(o) * tanh_c
    return hidden, c, kept


def _sigmoid(tanh: Array) -> Array:
    """Return sigmoid(a) from tanh(0.5 a)."""
    return tanh * 0.5 + 0.5


def pull_lstm(kept: Any, needs_x: bool, g: Array, last_h: Array, last_c: Array) -> list[Any]:
    """Return the gradients of the inputs, from those of the results."""
    x, hidden, steps, parameters = kept
    weight, products = aligned_like(by_gate(parameters[1], 4)), aligned_empty((4, *last_h.shape), x.dtype)
    found, d_h, d_c = ParameterGradients(x, hidden, parameters, needs_x), last_h, last_c
    terms = tuple(products)
    for part, memory in found.parts(4):
        for t in range(part.stop - 1, part.start - 1, -1):
            ((*sigmoids, cell), c, tanh_c), of_step = steps[t], memory[t - part.start].swapaxes(0, 1)
            o, i, f = map(_sigmoid, sigmoids)
            d_h = d_h + g[t]
            d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
            d_o = d_h * tanh_c * o * (1 - o)
            d_i, d_f = d_c * cell * i * (1 - i), d_c * c * f * (1 - f)
            d_g = d_c * i * (1 - cell * cell)
            d_c = d_c * f
            for k, d in enumerate((d_i, d_f, d_g, d_o)):  # the order of the parameters
                of_step[k] = d
            np.matmul(of_step, weight, products)
            d_h = terms[0] + terms[1] + terms[2] + terms[3]
        found.add(part, rows(memory), rows(memory))
    return [found.x, d_h, d_c, *found.parameters]
