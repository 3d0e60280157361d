"""Recurrent operators: LSTM, GRU and RNN, with all options of the standard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd.extend import borrow

from ...functional._rnn import gru, lstm, rnn_relu, rnn_tanh
from .._program import Node
from .common import Array, Operator
from .elementwise import ELEMENTWISE

Activation = Callable[[Any], Any]
_DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
_ORDERS = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}  # our index of each gate in PyTorch's order
_FUSED = {
    ("LSTM", ("Sigmoid", "Tanh", "Tanh")): lstm,
    ("GRU", ("Sigmoid", "Tanh")): gru,
    ("RNN", ("Tanh",)): rnn_tanh,
    ("RNN", ("Relu",)): rnn_relu,
}


# What computes each activation, from its parameters and an array, and the parameters where the node has none
_ACTIVATIONS: dict[str, tuple[Any, ...]] = {
    **{kind.lower(): (ELEMENTWISE[kind],) for kind in ("Relu", "Tanh", "Sigmoid", "Softsign", "Softplus")},
    "affine": (lambda n, x: n["alpha"] * x + n["beta"], 1.0, 0.0),
    "elu": (ELEMENTWISE["Elu"], 1.0),
    "hardsigmoid": (ELEMENTWISE["HardSigmoid"], 0.2, 0.5),
    "leakyrelu": (ELEMENTWISE["LeakyRelu"], 0.01),
    "scaledtanh": (lambda n, x: n["alpha"] * np.tanh(n["beta"] * x), 1.0, 1.0),
    "thresholdedrelu": (ELEMENTWISE["ThresholdedRelu"], 1.0),
}


def _activations(n: Node, direction: int) -> list[Activation]:
    """Return the activations of a direction; those with parameters take the next ones of the node's lists."""
    given = {"alpha": list(n["activation_alpha"] or ()), "beta": list(n["activation_beta"] or ())}
    found: list[Activation] = []
    for name in n["activations"] or _DEFAULTS[n.kind] * 2:
        compute, *defaults = _ACTIVATIONS[name.lower()]
        settings = {
            of: given[of].pop(0) if given[of] else default for of, default in zip(given, defaults, strict=False)
        }
        found.append(partial(compute, settings))
    count = len(_DEFAULTS[n.kind])
    return found[direction * count : (direction + 1) * count]


def _fused(n: Node, direction: int, lengths: Array | None, peepholes: Any, x: Any) -> Callable[..., Any] | None:
    """Return the recurrent function of `nn` that computes a direction, unless an option needs the steps one by one."""
    count = len(_DEFAULTS[n.kind])
    names = (n["activations"] or _DEFAULTS[n.kind] * 2)[direction * count : (direction + 1) * count]
    plain = lengths is None and peepholes is None and not n["clip"] and not n["input_forget"] and len(x)
    plain = plain and (n.kind != "GRU" or n["linear_before_reset"])
    return _FUSED.get((n.kind, tuple(names))) if plain else None


def _recurrent(
    n: Node, x: Any, w: Any, r: Any, b: Any = None, lengths: Any = None, h: Any = None, c: Any = None, p: Any = None
) -> tuple[Any, ...]:
    """Run each direction over the sequences, of shape ``(time, batch, features)``, or batch first with ``layout=1``."""
    hidden, directions, by_batch = r.shape[-1], len(w), n["layout"] == 1
    if by_batch:
        x, h, c = (None if array is None else np.swapaxes(array, 0, 1) for array in (x, h, c))
    given = None if lengths is None else np.asarray(borrow(lengths))
    if given is not None and (given == len(x)).all():
        given = None
    zeros = np.zeros((directions, x.shape[1], hidden), x.dtype)
    h, c = zeros if h is None else h, zeros if c is None else c
    outs, last = [], []
    for i in range(directions):
        reverse = n["direction"] == "reverse" or i == 1
        states = [h[i], c[i]] if n.kind == "LSTM" else [h[i]]
        biases = [] if b is None else np.split(b[i], 2)
        function = _fused(n, i, given, p, x)
        if function is not None:
            parameters = [_reordered(parameter, n.kind) for parameter in (w[i], r[i], *biases)]
            out, *states = function(reverse, x, *states, *parameters)
        else:
            peepholes = None if p is None else np.split(p[i], 3)
            step = _step(n, _activations(n, i), w[i], r[i], biases, peepholes)
            out, states = _stepwise(step, x, states, given, reverse)
        outs.append(out)
        last.append(states)
    y = np.stack(outs, 1)
    finals = [np.stack(states) for states in zip(*last, strict=True)]
    if by_batch:
        y, finals = y.transpose(2, 0, 1, 3), [np.swapaxes(state, 0, 1) for state in finals]
    return (y, *finals)


def _reordered(parameter: Any, kind: str) -> Any:
    """Return a weight or bias with its gates in PyTorch's order."""
    order = _ORDERS[kind]
    if order == (0,):
        return parameter
    gates = parameter.reshape(len(order), -1, *parameter.shape[1:])
    return gates[list(order)].reshape(parameter.shape)


def _stepwise(
    step: Callable[..., list[Any]], x: Any, states: list[Any], lengths: Array | None, reverse: bool
) -> tuple[Any, list[Any]]:
    """Run the steps one by one; beyond the length of a sequence its states stay, and its outputs are 0."""
    outs: list[Any] = [None] * len(x)
    for t in range(len(x) - 1, -1, -1) if reverse else range(len(x)):
        new = step(x[t], *states)
        if lengths is None:
            states, outs[t] = new, new[0]
        else:
            running = (t < lengths)[:, None]
            states = [np.where(running, one, old) for one, old in zip(new, states, strict=True)]
            outs[t] = np.where(running, new[0], 0)
    return np.stack(outs), states


def _step(
    n: Node, activations: list[Activation], w: Any, r: Any, biases: list[Any], peepholes: list[Any] | None
) -> Callable[..., list[Any]]:
    """Return one step of a recurrent operator, from the input and the states to the new states."""
    limit, gates = n["clip"], len(_ORDERS[n.kind])
    b_w, b_r = biases or (0, 0)

    def clipped(a: Any) -> Any:
        return np.clip(a, -limit, limit) if limit else a

    if n.kind == "RNN":
        return lambda x, h: [activations[0](clipped(x @ w.T + h @ r.T + b_w + b_r))]
    if n.kind == "GRU":
        f, g = activations
        r_parts = np.split(r, gates)
        b_parts: Any = np.split(b_r, gates) if biases else (0, 0, 0)

        def gru_step(x: Any, h: Any) -> list[Any]:
            of_z, of_r, of_n = np.split(x @ w.T + b_w, gates, -1)
            z = f(clipped(of_z + h @ r_parts[0].T + b_parts[0]))
            reset = f(clipped(of_r + h @ r_parts[1].T + b_parts[1]))
            if n["linear_before_reset"]:
                new = g(clipped(of_n + reset * (h @ r_parts[2].T + b_parts[2])))
            else:
                new = g(clipped(of_n + (reset * h) @ r_parts[2].T + b_parts[2]))
            return [(1 - z) * new + z * h]

        return gru_step
    f, g, out = activations
    p_i, p_o, p_f = peepholes or (0, 0, 0)

    def lstm_step(x: Any, h: Any, c: Any) -> list[Any]:
        of_i, of_o, of_f, of_c = np.split(x @ w.T + h @ r.T + b_w + b_r, gates, -1)
        i = f(clipped(of_i + p_i * c))
        forget = 1 - i if n["input_forget"] else f(clipped(of_f + p_f * c))
        cell = forget * c + i * g(clipped(of_c))
        return [f(clipped(of_o + p_o * cell)) * out(cell), cell]

    return lstm_step


RECURRENT: dict[str, Operator] = dict.fromkeys(("GRU", "LSTM", "RNN"), _recurrent)
