"""Recurrent networks: a whole sequence as one operation.

Each is two loops of NumPy calls, forward and backward, that write to preallocated memory. Where a derivative is itself
recorded, the composition in `_rnn_steps` replaces the loops. In a batch of `vmap`, sequences with shared weights are
more sequences of one network; with weights or gradients of weights of their own, they are composed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograd import Function, extend, vjp
from autograd.extend import ARRAY_TYPES, innermost, is_copy

from .._aligned_memory import aligned_empty, aligned_like
from .._arguments import Array
from . import _rnn_scans
from ._kernels.rnn_products import ParameterGradients, by_gate, columns, preactivations, rows, starting_with
from ._rnn_scans import Scanned
from ._rnn_steps import Step, composed, gru_step, lstm_step, rnn_relu_step, rnn_tanh_step


class _Sequence(Function):
    """A sequence as one operation of ``(reverse, x, states..., weight_ih, weight_hh, bias_ih, bias_hh)``.

    The biases may be omitted. It returns the hidden states after all steps, and the last state or states.

    Attributes
    ----------
    step
        One step, as a composition of operations.
    states
        The number of states.
    run
        The forward pass: takes the inputs as arrays in the order of the steps; returns the results, and the values
        that `pull` needs.
    pull
        The vjp: takes these values, whether `x` needs a gradient, and the gradients of the results; returns those of
        the inputs.
    scanned
        Both as loops of a program, where that pays.
    """

    step: Step
    states: int
    run: Callable[[Array, list[Array], list[Array]], tuple[tuple[Array, ...], Any]]
    pull: Callable[..., list[Any]]
    scanned: Scanned

    @classmethod
    def forward(cls, ctx: Any, reverse: bool, *inputs: Array) -> tuple[Array, ...]:
        dtype = np.result_type(*inputs)
        ctx.batches, batched = [], inputs
        while any(type(array) not in ARRAY_TYPES for array in batched):
            ctx.batches.append(innermost(batched))
            batched = (*_together(batched[: cls.states + 1], ctx.batches[-1]), *batched[cls.states + 1 :])
        x, *others = (np.asarray(array, dtype) for array in batched)
        given = x[::-1] if reverse else x, others[: cls.states], others[cls.states :]
        if way := cls.scanned.way(*given):
            ctx.pull, (results, ctx.kept) = cls.scanned.pull, cls.scanned.run(*given, way, any(ctx.needs_input_grad))
        else:
            ctx.pull, (results, ctx.kept) = cls.pull, cls.run(*given)
        out, *last = _apart(
            (results[0][::-1] if reverse else results[0], *results[1:]), ctx.batches, inputs[0].shape[1]
        )
        ctx.reverse, ctx.inputs = reverse, inputs
        ctx.save_for_backward(*inputs, out)  # the result as well, so that in-place writes to it are noticed
        return (out, *last)

    @classmethod
    def backward(cls, ctx: Any, *g: Any) -> tuple[Any, ...]:
        *inputs, _ = ctx.saved_tensors
        count, batches = cls.states + 1, ctx.batches
        ended = [level for level in batches if not level.active]
        own = len(ended) < len(batches) and any(ctx.needs_input_grad[1 + count :])
        batches = ended if own else batches  # each element of the others has gradients of its own by the weights
        for level in batches:
            g = _together(g, level)
        recorded = not all(type(part) in ARRAY_TYPES for part in g)
        if recorded or own or not all(map(is_copy, inputs, ctx.inputs)):
            # a derivative is recorded, or finite numbers replace others
            for level in batches:
                inputs[:count] = _together(inputs[:count], level)
            found = cls._pull_composed(ctx.reverse, inputs, g)
        else:
            found = ctx.pull(ctx.kept, ctx.needs_input_grad[1], g[0][::-1] if ctx.reverse else g[0], *g[1:])
            if ctx.reverse and found[0] is not None:
                found[0] = found[0][::-1]
        return (None, *_apart(found[:count], batches, ctx.inputs[0].shape[1]), *found[count:])

    @classmethod
    def _pull_composed(cls, reverse: bool, inputs: Sequence[Any], g: tuple[Any, ...]) -> list[Any]:
        def sequence(x: Any, *others: Any) -> Any:
            return composed(cls.step, reverse, x, others[: cls.states], others[cls.states :])

        _, pull = vjp(sequence, *inputs)
        return list(pull(g))


def _together(arrays: Sequence[Any], level: Any) -> tuple[Any, ...]:
    """Return a sequence and states with the sequences of all elements of a batch side by side."""
    x, *states = (extend.leave_batch(array, level) for array in arrays)
    x = np.moveaxis(x, 0, 1)
    return (
        x.reshape(len(x), level.size * x.shape[2], x.shape[3]),
        *[state.reshape(level.size * state.shape[1], state.shape[2]) for state in states],
    )


def _apart(arrays: Sequence[Any], batches: Sequence[Any], n: int) -> list[Any]:
    """Return the sequence and states of each element, of n sequences, again; the sequence may be None."""
    x, *states = arrays
    for place, level in reversed(list(enumerate(batches))):
        count = n * math.prod(inner.size for inner in batches[:place])
        if x is not None:
            x = np.moveaxis(x.reshape(len(x), level.size, count, x.shape[2]), 1, 0)
            x = extend.enter_batch(x, level)
        states = [extend.enter_batch(state.reshape(level.size, count, state.shape[1]), level) for state in states]
    return [x, *states]


# Long short-term memory. The gates of a step lie in memory as o, i, f, g, so that sigmoids are side by side. Little is
# kept, and tanh(c), for example, is computed twice: at these sizes memory is slower than arithmetic.


def _lstm_order(parameter: Array, out: Array) -> Array:
    """Write the parts of each gate, in the order of the parameters, to `out` in that of the steps.

    Those of sigmoids are halved: sigmoid(a) = 0.5 tanh(0.5 a) + 0.5.
    """
    np.multiply(parameter[3], 0.5, out[0])
    np.multiply(parameter[:2], 0.5, out[1:3])
    out[3] = parameter[2]
    return out


def _run_lstm(x: Array, states: list[Array], parameters: list[Array]) -> tuple[tuple[Array, ...], Any]:
    h, half = states[0], np.asarray(0.5, x.dtype)
    weights = [by_gate(weight, 4).swapaxes(1, 2) for weight in parameters[:2]]
    from_input, recurrent = (_lstm_order(weight, aligned_empty(weight.shape, x.dtype)) for weight in weights)
    bias = by_gate(sum(parameters[2:], np.zeros(len(parameters[0]), x.dtype)), 4)
    bias = _lstm_order(bias, aligned_empty(bias.shape, x.dtype))
    product, w = aligned_empty((4, *h.shape), x.dtype), aligned_empty(h.shape, x.dtype)
    gates = aligned_empty((len(x), 4, *h.shape), x.dtype)
    hidden, cells = (starting_with(state, len(x)) for state in states)
    added = preactivations(x, from_input, bias)
    steps = zip(added, gates, hidden[:-1], hidden[1:], cells[:-1], cells[1:], strict=True)
    for a, step, h, h_next, c, c_next in steps:
        sigmoids = step[:3]
        np.matmul(h, recurrent, product)
        np.add(a, product, a)
        np.tanh(a, step)
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        o, i, f, cell = step
        np.multiply(i, cell, w)
        np.multiply(f, c, c_next)
        np.add(c_next, w, c_next)
        np.tanh(c_next, w)
        np.multiply(o, w, h_next)
    return (hidden[1:], hidden[-1].copy(), cells[-1].copy()), (x, hidden, cells, gates, parameters)


def _pull_lstm(kept: Any, needs_x: bool, g: Array, last_h: Array, last_c: Array) -> list[Any]:
    x, hidden, cells, gates, parameters = kept
    weight = aligned_like(by_gate(parameters[1], 4))
    d_h, d_c, one = aligned_like(last_h), aligned_like(last_c), np.ones((), x.dtype)
    d, products = (aligned_empty((4, *d_h.shape), x.dtype) for _ in range(2))
    w, d_sigmoids, d_i_f_g, (d_o, d_i, d_f, d_g) = aligned_empty(d_h.shape, x.dtype), d[:3], d[1:], d
    found = ParameterGradients(x, hidden, parameters, needs_x)
    for part, memory in found.parts(4):
        of_steps, before, after = memory.swapaxes(1, 2)[::-1], cells[:-1][part][::-1], cells[1:][part][::-1]
        steps = zip(g[part][::-1], gates[part][::-1], hidden[1:][part][::-1], before, after, of_steps, strict=True)
        for g_h, step, h, c, c_next, of_step in steps:
            o, i, f, cell = step
            np.add(d_h, g_h, d_h)
            np.tanh(c_next, w)  # d_c += d_h * o * (1 - tanh(c)**2)
            np.multiply(h, w, w)
            np.subtract(o, w, w)
            np.multiply(w, d_h, w)
            np.add(d_c, w, d_c)
            np.subtract(one, step[:3], d_sigmoids)  # d_o = d_h * h * (1 - o)
            np.multiply(d_o, h, d_o)
            np.multiply(d_o, d_h, of_step[3])  # the order of the parameters
            np.multiply(i, cell, w)  # d_i = d_c * i * g * (1 - i)
            np.multiply(d_i, w, d_i)
            np.multiply(w, cell, d_g)  # d_g = d_c * (i - i * g * g)
            np.subtract(i, d_g, d_g)
            np.multiply(f, c, w)  # d_f = d_c * f * c * (1 - f), with c of the step before
            np.multiply(d_f, w, d_f)
            np.multiply(d_i_f_g, d_c, of_step[:3])
            np.multiply(d_c, f, d_c)
            np.matmul(of_step, weight, products)
            np.add.reduce(products, 0, out=d_h)
        terms = rows(memory)
        found.add(part, terms, terms)
    return [found.x, d_h, d_c, *found.parameters]


# Gated recurrent unit. The gates of a step are r, z, n and m, where m is the term of the state in n. In the backward
# pass they lie as m, r, z, n, so that the first three are those of the state and the last three those of the input.


def _run_gru(x: Array, states: list[Array], parameters: list[Array]) -> tuple[tuple[Array, ...], Any]:
    (h,) = states
    half = np.asarray(0.5, x.dtype)
    scale = np.array([0.5, 0.5, 1], x.dtype)[:, None, None]
    weight_ih, weight_hh = (by_gate(weight, 3) * scale for weight in parameters[:2])
    biases = parameters[2:] or [np.zeros(len(parameters[0]), x.dtype)] * 2
    bias, bias_hh = (by_gate(each, 3) * scale for each in biases)
    bias[:2] += bias_hh[:2]
    recurrent, product = columns(weight_hh), aligned_empty((3, *h.shape), x.dtype)
    gates, hidden = aligned_empty((len(x), 4, *h.shape), x.dtype), starting_with(h, len(x))
    steps = zip(preactivations(x, columns(weight_ih), bias), gates, hidden[:-1], hidden[1:], strict=True)
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
    weight, one = aligned_like(np.roll(by_gate(parameters[1], 3), 1, axis=0)), np.ones((), x.dtype)
    d, products = (aligned_empty((count, *last_h.shape), x.dtype) for count in (4, 3))
    d_h, w, (d_m, d_r, d_z, d_n) = aligned_like(last_h), aligned_empty(last_h.shape, x.dtype), d
    found, width = ParameterGradients(x, hidden, parameters, needs_x), g.shape[2]
    for part, memory in found.parts(4):
        of_steps = memory.swapaxes(1, 2)[::-1]
        steps = zip(g[part][::-1], gates[part][::-1], hidden[:-1][part][::-1], of_steps, strict=True)
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
            np.matmul(d[:3], weight, products)
            np.add(d_h, np.add.reduce(products, 0, out=w), d_h)
        of_both = rows(memory)
        found.add(part, of_both[:, width:], of_both[:, : 3 * width])
    of_input, of_state = found.parameters[::2], found.parameters[1::2]
    others = [(a, np.roll(b, -width, axis=0)) for a, b in zip(of_input, of_state, strict=True)]  # m replaces n
    return [found.x, d_h, *itertools.chain(*others)]


# The plain recurrent network


def _run_rnn(
    activate: Callable[[Array, Array], object], x: Array, states: list[Array], parameters: list[Array]
) -> tuple[tuple[Array, ...], Any]:
    (h,) = states
    weight_ih, weight_hh = (by_gate(weight, 1) for weight in parameters[:2])
    bias = by_gate(sum(parameters[2:], np.zeros(len(parameters[0]), x.dtype)), 1)
    recurrent, product, hidden = columns(weight_hh)[0], aligned_empty(h.shape, h.dtype), starting_with(h, len(x))
    steps = zip(preactivations(x, columns(weight_ih), bias), hidden[:-1], hidden[1:], strict=True)
    for (a,), h, h_next in steps:
        np.matmul(h, recurrent, product)
        np.add(a, product, a)
        activate(a, h_next)
    return (hidden[1:], hidden[-1].copy()), (x, hidden, parameters)


def _pull_rnn(local: Callable[[Array, Array], object], kept: Any, needs_x: bool, g: Array, last_h: Array) -> list[Any]:
    x, hidden, parameters = kept
    weight, d_h = aligned_like(parameters[1]), aligned_like(last_h)
    found = ParameterGradients(x, hidden, parameters, needs_x)
    for part, memory in found.parts(1):
        for g_h, h, d in zip(g[part][::-1], hidden[1:][part][::-1], memory[::-1, :, 0], strict=True):
            np.add(d_h, g_h, d_h)
            local(h, d)
            np.multiply(d, d_h, d)
            np.matmul(d, weight, d_h)
        terms = rows(memory)
        found.add(part, terms, terms)
    return [found.x, d_h, *found.parameters]


class _LSTM(_Sequence):
    scanned = _rnn_scans.lstm
    step, run, pull, states = staticmethod(lstm_step), staticmethod(_run_lstm), staticmethod(_pull_lstm), 2


class _GRU(_Sequence):
    scanned = _rnn_scans.gru
    step, run, pull, states = staticmethod(gru_step), staticmethod(_run_gru), staticmethod(_pull_gru), 1


class _TanhRNN(_Sequence):
    scanned = _rnn_scans.rnn_tanh
    step, states = staticmethod(rnn_tanh_step), 1
    run = staticmethod(partial(_run_rnn, np.tanh))
    pull = staticmethod(partial(_pull_rnn, lambda h, out: np.subtract(1, np.multiply(h, h, out), out)))


class _ReLURNN(_Sequence):
    scanned = _rnn_scans.rnn_relu
    step, states = staticmethod(rnn_relu_step), 1
    run = staticmethod(partial(_run_rnn, lambda a, out: np.maximum(a, 0, out=out)))
    pull = staticmethod(partial(_pull_rnn, lambda h, out: np.greater(h, 0, out=out, casting="unsafe")))


def _of_arrays_or_batches(kind: type[_Sequence]) -> Callable[..., Any]:
    """Return the function that runs a sequence, as a composition where each element of a batch has its own weights."""

    def run(reverse: bool, x: Any, *others: Any) -> Any:
        if innermost(others[kind.states :]) is None:
            return kind.apply(reverse, x, *others)
        return composed(kind.step, reverse, x, others[: kind.states], others[kind.states :])

    return run


# Each takes (reverse, x, states..., weight_ih, weight_hh, bias_ih, bias_hh), with or without biases, where x has shape
# (time, batch, features) and states have shape (batch, hidden); and returns (hidden states, last states...).
lstm, gru, rnn_tanh, rnn_relu = map(_of_arrays_or_batches, (_LSTM, _GRU, _TanhRNN, _ReLURNN))
