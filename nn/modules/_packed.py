"""Packed sequences in recurrent layers: runs of steps in which the same sequences take part, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..utils.rnn import Integers, PackedSequence


def run_packed(run: Callable[..., Any], packed: PackedSequence, count: int) -> Callable[..., Any]:
    """Return a function that does with packed sequences what `run`, with `count` states, does with those of one length.

    Where the batch becomes smaller, the states of the sequences that end are kept; backwards, where it becomes larger,
    sequences begin with their first states.
    """
    segments = list(packed.segments())

    def part_of(x: Any, start: int, steps: int, batch: int) -> Any:
        return x[start : start + steps * batch].reshape(steps, batch, x.shape[1])

    def forwards(x: Any, states: list[Any], parameters: Any) -> tuple[Any, ...]:
        outputs, ended = [], []
        for start, steps, batch in segments:
            if batch < len(states[0]):
                ended.append([state[batch:] for state in states])
                states = [state[:batch] for state in states]
            output, *states = run(False, part_of(x, start, steps, batch), *states, *parameters)
            outputs.append(output.reshape(steps * batch, output.shape[2]))
        last = [_joined(parts) for parts in zip(states, *reversed(ended), strict=True)]
        return (_joined(outputs), *last)

    def backwards(x: Any, first: list[Any], parameters: Any) -> tuple[Any, ...]:
        outputs: list[Any] = []
        states = [state[:0] for state in first]
        for start, steps, batch in reversed(segments):
            begun = len(states[0])
            states = [
                _joined([state, new[begun:batch]]) if begun else new[:batch]
                for state, new in zip(states, first, strict=True)
            ]
            output, *states = run(True, part_of(x, start, steps, batch), *states, *parameters)
            outputs.append(output.reshape(steps * batch, output.shape[2]))
        return (_joined(outputs[::-1]), *states)

    def run_all(reverse: bool, x: Any, *others: Any) -> tuple[Any, ...]:
        return (backwards if reverse else forwards)(x, list(others[:count]), others[count:])

    return run_all


def sorted_states(state: Any, order: Integers | None) -> Any:
    """Return a state of shape ``(layers, batch, features)`` with its sequences in another order."""
    return state if order is None else state[:, order]


def _joined(parts: Any) -> Any:
    parts = list(parts)
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
