"""One step of each recurrent network, and sequences of them, as compositions of operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

from ._activation import relu, sigmoid, tanh
from ._linear import linear

# Takes an input of shape (..., features), the state or states, and the parameters; returns the next state or states.
Step = Callable[..., tuple[Any, ...]]


def rnn_tanh_step(x: Tensor, h: Tensor, *parameters: Tensor) -> tuple[Any]:
    """Return tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    from_input, from_state = _maps(x, h, *parameters)
    return (tanh(from_input + from_state),)


def rnn_relu_step(x: Tensor, h: Tensor, *parameters: Tensor) -> tuple[Any]:
    """Return relu(W_ih x + b_ih + W_hh h + b_hh)."""
    from_input, from_state = _maps(x, h, *parameters)
    return (relu(from_input + from_state),)


def lstm_step(x: Tensor, h: Tensor, c: Tensor, *parameters: Tensor) -> tuple[Any, Any]:
    """Return the next hidden and cell state of `nn.LSTM`."""
    from_input, from_state = _maps(x, h, *parameters)
    i, f, g, o = np.split(from_input + from_state, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return sigmoid(o) * tanh(c), c


def projected_lstm_step(x: Tensor, h: Tensor, c: Tensor, *parameters: Tensor) -> tuple[Any, Any]:
    """Return the states of `lstm_step`, with the hidden state projected by the last of the parameters."""
    h, c = lstm_step(x, h, c, *parameters[:-1])
    return linear(h, parameters[-1]), c


def gru_step(x: Tensor, h: Tensor, *parameters: Tensor) -> tuple[Any]:
    """Return the next state of `nn.GRU`."""
    from_input, from_state = (np.split(part, 3, axis=-1) for part in _maps(x, h, *parameters))
    r, z = sigmoid(from_input[0] + from_state[0]), sigmoid(from_input[1] + from_state[1])
    n = tanh(from_input[2] + r * from_state[2])
    return (n + z * (h - n),)


def _maps(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any = None, bias_hh: Any = None) -> tuple[Any, Any]:
    return linear(x, weight_ih, bias_ih), linear(h, weight_hh, bias_hh)


def composed(step: Step, reverse: bool, x: Tensor, states: tuple[Tensor, ...], parameters: tuple[Tensor, ...]) -> Any:
    """Apply `step` along the first axis of `x`, from its end if `reverse`.

    Returns
    -------
    tuple
        The hidden states after all steps, shape ``(time, batch, hidden)``, in the order of `x`; and the last states.
    """
    outputs = []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        states = step(x[t], *states, *parameters)
        outputs.append(states[0])
    return (np.stack(outputs[::-1] if reverse else outputs), *states)
