"""Recurrent networks in programs with machine code: steps forward and back, each a loop of `scan` if that is faster.

In `_rnn` each NumPy call writes over memory, which saves time where it is a call. Machine code keeps what is between in
the processor's registers, so that a step here makes new arrays. The products of all steps at once are still NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import scan
from autograd.extend import fusing, rolling

from ._kernels.rnn_products import ParameterGradients, rows

Array = np.ndarray[Any, Any]
States = tuple[Array, ...]
# Takes the states, and the terms of the input and of the state in all gates; returns the next states, and what the step
# back takes, of which the first is the next hidden state.
Forward = Callable[[States, Array, Array], tuple[States, States]]
# Takes the gradients of the next states, the weight of the state, and what the step kept; returns the gradients of the
# states, and those of the terms of the input and of the state, once if they are the same.
Back = Callable[..., tuple[States, States]]


class Scanned:
    """A network by a step forward and one back: `run` and `pull` are as those of `_rnn`.

    Parameters
    ----------
    calls
        How many calls a step has, at the least.
    most
        Numbers in the terms of a step: with more, NumPy's calls are as fast.
    forward, back
        The steps.
    """

    def __init__(self, calls: int, most: int, forward: Forward, back: Back) -> None:
        self.calls, self.most, self.forward, self.back = calls, most, forward, back

    def way(self, x: Array, states: list[Array], parameters: list[Array]) -> Callable[..., Any] | None:
        """Return what goes through the steps in the program that is recorded; None if the calls of `_rnn` are best."""
        fits = 0 < len(states[0]) * len(parameters[1]) <= self.most
        if fits and x.dtype.char in "fd" and rolling(len(x) * self.calls):
            return scan
        return _unrolled if fusing() and len(x) else None

    def run(
        self, x: Array, states: list[Array], parameters: list[Array], way: Callable[..., Any], keeps: bool
    ) -> tuple[tuple[Array, ...], Any]:
        """Do as `run` of `_rnn`, but keep nothing for `pull` unless it `keeps`."""
        weight_ih, weight_hh, *biases = parameters
        bias_ih, bias_hh = biases or [np.zeros((), x.dtype)] * 2
        terms = (rows(x) @ weight_ih.T).reshape(*x.shape[:2], len(weight_ih))
        weight = np.ascontiguousarray(weight_hh.T)

        def step(states: States, a: Array) -> tuple[States, States]:
            b = states[0] @ weight
            after, kept = self.forward(states, a + bias_ih, b + bias_hh)
            return after, kept if keeps else kept[:1]

        last, kept = way(step, tuple(states), terms)
        return (kept[0], *last), (x, states[0], kept, parameters, way)

    def pull(self, kept: Any, needs_x: bool, g: Array, *last: Array) -> list[Any]:
        """Do as `pull` of `_rnn`."""
        x, first, of_steps, parameters, way = kept

        def step(d: States, row: Any) -> tuple[States, States]:
            return self.back((d[0] + row[0], *d[1:]), parameters[1], *row[1])

        states, terms = way(step, last, (g, of_steps), reverse=True)
        hidden = np.concatenate([first[None], of_steps[0][:-1]])
        found = ParameterGradients(x, hidden, parameters, needs_x)
        of_input, *of_state = map(rows, terms)
        found.add(slice(0, len(x)), of_input, *(of_state or [of_input]))
        return [found.x, *states, *found.parameters]


def _unrolled(step: Callable[..., Any], state: States, xs: Any, reverse: bool = False) -> Any:
    """Do as `scan`, step by step: elementwise calls between products become loops, whatever the sizes."""
    table, collected = isinstance(xs, tuple), []
    steps = range(len(xs[0] if table else xs))
    for t in reversed(steps) if reverse else steps:
        state, y = step(state, (xs[0][t], tuple(of_step[t] for of_step in xs[1])) if table else xs[t])
        collected.append(y)
    return state, tuple(np.stack(parts[:: -1 if reverse else 1]) for parts in zip(*collected, strict=True))


def _gates(terms: Array, count: int) -> list[Array]:
    width = terms.shape[1] // count
    return [terms[:, k * width : (k + 1) * width] for k in range(count)]


def _sigmoid(a: Array) -> Array:
    return np.tanh(a * 0.5) * 0.5 + 0.5


def _lstm(states: States, a: Array, b: Array) -> tuple[States, States]:
    i, f, g, o = _gates(a + b, 4)
    i, f, g, o, c = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o), states[1]
    c_next = f * c + i * g
    tanh_c = np.tanh(c_next)
    h = o * tanh_c
    return (h, c_next), (h, i, f, g, o, c, tanh_c)


def _lstm_back(
    d: States, weight: Array, h: Array, i: Array, f: Array, g: Array, o: Array, c: Array, tanh_c: Array
) -> tuple[States, States]:
    d_h, d_c = d
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    gates = [d_c * g * i * (1 - i), d_c * c * f * (1 - f), d_c * i * (1 - g * g), d_h * h * (1 - o)]
    terms = np.concatenate(gates, axis=1)
    return (terms @ weight, d_c * f), (terms,)


def _gru(states: States, a: Array, b: Array) -> tuple[States, States]:
    (h,), (a_r, a_z, a_n), (b_r, b_z, m) = states, _gates(a, 3), _gates(b, 3)
    r, z = _sigmoid(a_r + b_r), _sigmoid(a_z + b_z)
    n = np.tanh(a_n + r * m)
    after = (h - n) * z + n
    return (after,), (after, r, z, n, m, h)


def _gru_back(
    d: States, weight: Array, after: Array, r: Array, z: Array, n: Array, m: Array, h: Array
) -> tuple[States, States]:
    (d_h,) = d
    of_new = d_h * (1 - z)
    d_n, d_z = of_new * (1 - n * n), of_new * z * (h - n)
    d_m = d_n * r
    d_r = d_m * m * (1 - r)
    of_input, of_state = (np.concatenate([d_r, d_z, last], axis=1) for last in (d_n, d_m))
    return (of_state @ weight + d_h * z,), (of_input, of_state)


def _plain(activate: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Scanned:
    """Return the plain network with an activation, whose slope is told by its result."""

    def forward(states: States, a: Array, b: Array) -> tuple[States, States]:
        h = activate(a + b)
        return (h,), (h,)

    def back(d: States, weight: Array, h: Array) -> tuple[States, States]:
        terms = d[0] * slope(h)
        return (terms @ weight,), (terms,)

    return Scanned(4, 1 << 13, forward, back)


lstm, gru = Scanned(20, 1 << 17, _lstm, _lstm_back), Scanned(18, 1 << 17, _gru, _gru_back)
rnn_tanh, rnn_relu = _plain(np.tanh, lambda h: 1 - h * h), _plain(lambda a: np.maximum(a, 0), lambda h: h > 0)
