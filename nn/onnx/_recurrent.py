"""ONNX translation of recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._graph import Emit, Step


def _sequence(kind: str, gates: list[int], states: int, **attributes: Any) -> Emit:
    """Return a translation of a recurrent layer; `gates` lists our index of each gate in ONNX's order.

    The arguments of the operation are ``(reverse, x, states..., weight_ih, weight_hh)``, and two biases if it has them.
    """

    def emit(s: Step) -> tuple[str, ...]:
        names = list(s.traced[0].arguments)
        reverse, x, given, parameters = names[0], names[1], names[2 : 2 + states], names[2 + states :]
        weights = [_reordered(s, name, gates) for name in parameters]
        inputs = [s.value(x, s.dtype), *map(s.graph.constant, (w[None] for w in weights[:2]))]
        inputs += [s.graph.constant(np.concatenate(weights[2:])[None]) if weights[2:] else "", ""]
        first = s.graph.integers([0])
        inputs += [s.add("Unsqueeze", s.value(name, s.dtype), first) for name in given]
        direction = "reverse" if s.static(reverse) else "forward"
        hidden = len(weights[1]) // len(gates)
        found = s.graph.add_several(kind, 1 + states, *inputs, hidden_size=hidden, direction=direction, **attributes)
        squeezed = [s.add("Squeeze", last, first) for last in found[1:]]
        return (s.add("Squeeze", found[0], s.graph.integers([1])), *squeezed)

    return emit


def _reordered(s: Step, name: str, gates: list[int]) -> Any:
    """Return a constant weight or bias with its gates in ONNX's order."""
    if s.graph.name_of(s.given(name)) is not None:
        raise s.refuse("the weights of a recurrent layer have to be constants")
    weight = np.asarray(s.static(name), s.dtype)
    return weight.reshape(len(gates), -1, *weight.shape[1:])[gates].reshape(weight.shape)


RECURRENT: dict[str, Emit] = {
    "_GRU": _sequence("GRU", [1, 0, 2], 1, linear_before_reset=1),
    "_LSTM": _sequence("LSTM", [0, 3, 1, 2], 2),
    "_ReLURNN": _sequence("RNN", [0], 1, activations=["Relu"]),
    "_TanhRNN": _sequence("RNN", [0], 1, activations=["Tanh"]),
}
