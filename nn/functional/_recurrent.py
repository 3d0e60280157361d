"""Recurrent networks: a whole sequence as one operation.

Each is two loops of NumPy calls, forward and backward, that write to memory made beforehand. Where a derivative is
itself recorded, the composition of `_recurrent_steps` takes the place of the loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd import Function, Tensor, vjp

from ._recurrent_steps import Step, composed, gru_step, lstm_step, rnn_relu_step, rnn_tanh_step

__all__ = ["gru", "lstm", "rnn_relu", "rnn_tanh"]

Array = np.ndarray[Any, Any]

# A product of so many rows is about as fast as one of more, and its result is still near when it is used.
ROWS = 32


class _Sequence(Function):
    """A sequence as one operation of ``(reverse, x, states..., weight_ih, weight_hh, bias_ih, bias_hh)``.

    The biases may be left out. It returns the hidden states after all steps, and the last state or states.

    Attributes
    ----------
    step
        What is computed, as a composition.
    states
        How many states there are.
    run
        Takes the inputs as arrays in the order of the steps; returns the results, and what `pull` needs.
    pull
        Takes that, whether `x` needs a gradient, and the gradients of the results; returns those of the inputs.
    """

    step: Step
    states: int
    run: Callable[[Array, list[Array], list[Array]], tuple[tuple[Array, ...], Any]]
    pull: Callable[..., list[Any]]

    @classmethod
    def forward(cls, ctx: Any, reverse: bool, *inputs: Array) -> tuple[Array, ...]:
        dtype = np.result_type(*inputs)
        x, *others = (np.asarray(array, dtype) for array in inputs)
        results, ctx.kept = cls.run(x[::-1] if reverse else x, others[: cls.states], others[cls.states :])
        out = results[0][::-1] if reverse else results[0]
        ctx.reverse, ctx.inputs = reverse, inputs
        ctx.save_for_backward(*inputs, out)  # the result as well, so that writing to it is noticed
        return (out, *results[1:])

    @classmethod
    def backward(cls, ctx: Any, *g: Any) -> tuple[Any, ...]:
        *inputs, _ = ctx.saved_tensors
        recorded = any(isinstance(part, Tensor) for part in g)
        if recorded or any(given is not kept for given, kept in zip(inputs, ctx.inputs, strict=True)):
            # a derivative is recorded, or finite numbers stand in for others
            return (None, *cls._pull_composed(ctx.reverse, inputs, g))
        out = g[0][::-1] if ctx.reverse else g[0]
        found = cls.pull(ctx.kept, ctx.needs_input_grad[1], out, *g[1:])
        if ctx.reverse and found[0] is not None:
            found[0] = found[0][::-1]
        return (None, *found)

    @classmethod
    def _pull_composed(cls, reverse: bool, inputs: Sequence[Any], g: tuple[Any, ...]) -> tuple[Any, ...]:
        def sequence(x: Any, *others: Any) -> Any:
            return composed(cls.step, reverse, x, others[: cls.states], others[cls.states :])

        _, pull = vjp(sequence, *inputs)
        gradients: tuple[Any, ...] = pull(g)
        return gradients


# Long short-term memory. The gates of a step lie in memory as o, i, f, g, so that sigmoids are side by side; tanh(c)
# follows. Until it is known, c of the step before stands there: then i * g and f * c are one product of two rows.


def _run_lstm(x: Array, states: list[Array], parameters: list[Array]) -> tuple[tuple[Array, ...], Any]:
    h, c = states[0], states[1].copy()
    half = np.asarray(0.5, x.dtype)
    scale = np.array([0.5, 0.5, 0.5, 1], x.dtype)[:, None, None]  # sigmoid(a) = 0.5 tanh(0.5 a) + 0.5
    weight_ih, weight_hh = (np.roll(_by_gate(weight, 4), 1, axis=0) * scale for weight in parameters[:2])
    bias = np.roll(_by_gate(sum(parameters[2:], np.zeros(len(parameters[0]), x.dtype)), 4), 1, axis=0) * scale
    recurrent, product = _columns(weight_hh), np.empty((4, *h.shape), x.dtype)
    gates, terms = (np.empty((len(x), count, *h.shape), x.dtype) for count in (5, 2))
    hidden = _starting_with(h, len(x))
    steps = zip(_preactivations(x, _columns(weight_ih), bias), gates, terms, hidden[:-1], hidden[1:], strict=True)
    for a, step, term, h, h_next in steps:
        sigmoids, last = step[:3], step[4]
        np.matmul(h, recurrent, product)
        np.add(a, product, a)
        np.tanh(a, step[:4])
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        last[...] = c
        np.multiply(step[1:3], step[3:], term)
        np.add(term[0], term[1], c)
        np.tanh(c, last)
        np.multiply(step[0], last, h_next)
    return (hidden[1:], hidden[-1].copy(), c), (x, hidden, gates, terms, parameters)


def _pull_lstm(kept: Any, needs_x: bool, g: Array, last_h: Array, last_c: Array) -> list[Any]:
    x, hidden, gates, terms, parameters = kept
    weight = np.roll(_by_gate(parameters[1], 4), 1, axis=0)
    d_h, d_c, one = last_h.copy(), last_c.copy(), np.ones((), x.dtype)
    d, parts, w = np.empty((4, *d_h.shape), x.dtype), np.empty((4, *d_h.shape), x.dtype), np.empty_like(d_h)
    d_o, d_sigmoids, d_i_f, d_cell, d_i_f_g = d[0], d[:3], d[1:3], d[3], d[1:]
    found = np.empty((*g.shape[:2], 4, g.shape[2]), x.dtype)  # with the gates in the order of the parameters
    steps = zip(g[::-1], gates[::-1], terms[::-1], hidden[:0:-1], found.swapaxes(1, 2)[::-1], strict=True)
    for g_h, step, term, h, of_step in steps:
        o, i, f, cell, tanh_c = step
        np.add(d_h, g_h, d_h)
        np.multiply(h, tanh_c, w)  # d_c += d_h * o * (1 - tanh(c)**2)
        np.subtract(o, w, w)
        np.multiply(w, d_h, w)
        np.add(d_c, w, d_c)
        np.subtract(one, step[:3], d_sigmoids)  # d_o = d_h * h * (1 - o), d_i = d_c * ig * (1 - i), and so d_f
        np.multiply(d_o, h, d_o)
        np.multiply(d_i_f, term, d_i_f)
        np.multiply(term[0], cell, d_cell)  # d_g = d_c * (i - ig * g)
        np.subtract(i, d_cell, d_cell)
        np.multiply(d_i_f_g, d_c, d_i_f_g)
        np.multiply(d_o, d_h, d_o)
        np.multiply(d_c, f, d_c)
        of_step[:3] = d_i_f_g
        of_step[3] = d_o
        np.matmul(d, weight, parts)
        np.add.reduce(parts, 0, out=d_h)
    rows = _rows(found)
    d_x, *others = _parameter_gradients(rows, rows, x, hidden, parameters, needs_x)
    return [d_x, d_h, d_c, *others]


# Gated recurrent unit. The gates of a step are r, z, n and m, where m is what the state adds to n. Going back they lie
# as m, r, z, n, so that the first three are those of the state and the last three those of the input.


def _run_gru(x: Array, states: list[Array], parameters: list[Array]) -> tuple[tuple[Array, ...], Any]:
    (h,) = states
    half = np.asarray(0.5, x.dtype)
    scale = np.array([0.5, 0.5, 1], x.dtype)[:, None, None]
    weight_ih, weight_hh = (_by_gate(weight, 3) * scale for weight in parameters[:2])
    biases = parameters[2:] or [np.zeros(len(parameters[0]), x.dtype)] * 2
    bias, bias_hh = (_by_gate(each, 3) * scale for each in biases)
    bias[:2] += bias_hh[:2]
    recurrent, product = _columns(weight_hh), np.empty((3, *h.shape), x.dtype)
    gates, hidden = np.empty((len(x), 4, *h.shape), x.dtype), _starting_with(h, len(x))
    steps = zip(_preactivations(x, _columns(weight_ih), bias), gates, hidden[:-1], hidden[1:], strict=True)
    for a, step, h, h_next in steps:
        sigmoids, n, m = step[:2], step[2], step[3]
        np.matmul(h, recurrent, product)
        np.add(a[:2], product[:2], sigmoids)
        np.tanh(sigmoids, sigmoids)
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        np.add(product[2], bias_hh[2], m)
        np.multiply(m, sigmoids[0], n)
        np.add(n, a[2], n)
        np.tanh(n, n)
        np.subtract(h, n, h_next)
        np.multiply(h_next, sigmoids[1], h_next)
        np.add(h_next, n, h_next)
    return (hidden[1:], hidden[-1].copy()), (x, hidden, gates, parameters)


def _pull_gru(kept: Any, needs_x: bool, g: Array, last_h: Array) -> list[Any]:
    x, hidden, gates, parameters = kept
    weight, d_h, one = np.roll(_by_gate(parameters[1], 3), 1, axis=0), last_h.copy(), np.ones((), x.dtype)
    d, parts, w = np.empty((4, *d_h.shape), x.dtype), np.empty((3, *d_h.shape), x.dtype), np.empty_like(d_h)
    d_m, d_r, d_z, d_n = d
    found = np.empty((*g.shape[:2], 4, g.shape[2]), x.dtype)
    steps = zip(g[::-1], gates[::-1], hidden[-2::-1], found.swapaxes(1, 2)[::-1], strict=True)
    for g_h, (r, z, n, m), h, of_step in steps:
        np.add(d_h, g_h, d_h)
        np.subtract(one, z, w)
        np.multiply(w, d_h, w)  # d_h * (1 - z)
        np.multiply(n, n, d_n)  # d_n = d_h * (1 - z) * (1 - n**2)
        np.subtract(one, d_n, d_n)
        np.multiply(d_n, w, d_n)
        np.multiply(w, z, w)  # d_z = d_h * (1 - z) * z * (h - n)
        np.subtract(h, n, d_z)
        np.multiply(d_z, w, d_z)
        np.multiply(d_n, r, d_m)  # d_m = d_n * r
        np.subtract(one, r, d_r)  # d_r = d_n * m * r * (1 - r)
        np.multiply(d_r, m, d_r)
        np.multiply(d_r, d_m, d_r)
        np.multiply(d_h, z, d_h)
        of_step[...] = d
        np.matmul(d[:3], weight, parts)
        np.add(d_h, np.add.reduce(parts, 0, out=w), d_h)
    rows, width = _rows(found), g.shape[2]
    d_x, *others = _parameter_gradients(rows[:, width:], rows[:, : 3 * width], x, hidden, parameters, needs_x)
    others[1::2] = (np.roll(gradient, -width, axis=0) for gradient in others[1::2])
    return [d_x, d_h, *others]


# The plain recurrent network


def _run_rnn(
    activate: Callable[[Array, Array], object], x: Array, states: list[Array], parameters: list[Array]
) -> tuple[tuple[Array, ...], Any]:
    (h,) = states
    weight_ih, weight_hh = (_by_gate(weight, 1) for weight in parameters[:2])
    bias = _by_gate(sum(parameters[2:], np.zeros(len(parameters[0]), x.dtype)), 1)
    recurrent, product, hidden = _columns(weight_hh)[0], np.empty_like(h), _starting_with(h, len(x))
    steps = zip(_preactivations(x, _columns(weight_ih), bias), hidden[:-1], hidden[1:], strict=True)
    for (a,), h, h_next in steps:
        np.matmul(h, recurrent, product)
        np.add(a, product, a)
        activate(a, h_next)
    return (hidden[1:], hidden[-1].copy()), (x, hidden, parameters)


def _pull_rnn(local: Callable[[Array, Array], object], kept: Any, needs_x: bool, g: Array, last_h: Array) -> list[Any]:
    x, hidden, parameters = kept
    d_h, found = last_h.copy(), np.empty(g.shape, x.dtype)
    for g_h, h, d in zip(g[::-1], hidden[:0:-1], found[::-1], strict=True):
        np.add(d_h, g_h, d_h)
        local(h, d)
        np.multiply(d, d_h, d)
        np.matmul(d, parameters[1], d_h)
    rows = _rows(found)
    d_x, *others = _parameter_gradients(rows, rows, x, hidden, parameters, needs_x)
    return [d_x, d_h, *others]


def _tanh_local(h: Array, out: Array) -> None:
    np.multiply(h, h, out)
    np.subtract(1, out, out)


def _relu(a: Array, out: Array) -> None:
    np.maximum(a, 0, out=out)


def _relu_local(h: Array, out: Array) -> None:
    np.greater(h, 0, out=out, casting="unsafe")


# What they share


def _by_gate(parameter: Array, gates: int) -> Array:
    """Return a weight as shape (gates, hidden, columns), or a bias as shape (gates, 1, hidden)."""
    if parameter.ndim == 1:
        return parameter.reshape(gates, 1, -1)
    return parameter.reshape(gates, len(parameter) // gates, -1)


def _columns(weight: Array) -> Array:
    """Return the weight of each gate, transposed also in memory: a fifth faster, over all steps of a sequence."""
    return np.ascontiguousarray(weight.swapaxes(1, 2))


def _starting_with(h: Array, steps: int) -> Array:
    """Return memory for the states before and after all steps, the first of which is `h`."""
    hidden = np.empty((steps + 1, *h.shape), h.dtype)
    hidden[0] = h
    return hidden


def _preactivations(x: Array, columns: Array, bias: Array) -> Iterator[Array]:
    """Yield for each step what the input adds to the gates, shape (gates, batch, hidden), to be written to.

    Small batches are multiplied several steps at a time.
    """
    time, batch, features = x.shape
    steps = max(1, ROWS // max(batch, 1))
    for start in range(0, time, steps):
        part = x[start : start + steps]
        block = np.matmul(part.reshape(len(part) * batch, features), columns)
        np.add(block, bias, block)
        yield from block.reshape(len(block), len(part), batch, block.shape[2]).swapaxes(0, 1)


def _rows(array: Array) -> Array:
    """Return an array of shape (time, batch, ...) with a row for each step of each sequence."""
    return array.reshape(array.shape[0] * array.shape[1], math.prod(array.shape[2:]))


def _parameter_gradients(
    of_input: Array, of_state: Array, x: Array, hidden: Array, parameters: list[Array], needs_x: bool
) -> list[Any]:
    """Return the gradients of `x` and the parameters from those of what the input and the state add to the gates."""
    d_x = of_input.dot(parameters[0]).reshape(x.shape) if needs_x else None
    weights = [of_input.T.dot(_rows(x)), of_state.T.dot(_rows(hidden[:-1]))]
    if len(parameters) == 2:
        return [d_x, *weights]
    ones = np.ones(len(of_input), x.dtype)  # BLAS multiplies faster than NumPy sums
    d_bias = ones.dot(of_input)
    return [d_x, *weights, d_bias, d_bias.copy() if of_state is of_input else ones.dot(of_state)]


class _LSTM(_Sequence):
    step, run, pull, states = staticmethod(lstm_step), staticmethod(_run_lstm), staticmethod(_pull_lstm), 2


class _GRU(_Sequence):
    step, run, pull, states = staticmethod(gru_step), staticmethod(_run_gru), staticmethod(_pull_gru), 1


class _TanhRNN(_Sequence):
    step, states = staticmethod(rnn_tanh_step), 1
    run, pull = staticmethod(partial(_run_rnn, np.tanh)), staticmethod(partial(_pull_rnn, _tanh_local))


class _ReLURNN(_Sequence):
    step, states = staticmethod(rnn_relu_step), 1
    run, pull = staticmethod(partial(_run_rnn, _relu)), staticmethod(partial(_pull_rnn, _relu_local))


# Each takes (reverse, x, states..., weight_ih, weight_hh, bias_ih, bias_hh), the biases or none, with x of shape
# (time, batch, features) and states of shape (batch, hidden); and returns (hidden states, last states...).
lstm, gru, rnn_tanh, rnn_relu = _LSTM.apply, _GRU.apply, _TanhRNN.apply, _ReLURNN.apply
