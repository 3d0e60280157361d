"""Leaving a module as it is: its parameters, gradients, buffers and mode, and the random generators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from ..transforms.checkpoint import generators_in_use

__all__ = ["array_of", "differ", "draw_some", "kept_as_it_is", "random_states", "set_random_states"]


def draw_some(states: Any) -> None:
    """Move the generators on from states that `random_states` returned."""
    set_random_states(states)
    for generator, _ in states[0]:
        generator.random(9)
    np.random.random(9)


def array_of(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value


def differ(a: Any, b: Any) -> bool:
    return not np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc")


@contextmanager
def kept_as_it_is(module: Any) -> Iterator[Callable[[], list[str]]]:
    """Put a module and the random generators back as they were; yield a function that names what has changed."""
    attributes = [(part, dict(vars(part))) for part in module.modules()]
    tensors = [(name, p, p._array, p._array.copy(), p.grad) for name, p in module.named_parameters()]
    buffers = [(name, value, np.array(array_of(value))) for name, value in module.named_buffers()]
    before = random_states()

    def changes() -> list[str]:
        changed = [name for name, p, array, values, _ in tensors if p._array is not array or differ(array, values)]
        changed += [name for name, value, values in buffers if differ(array_of(value), values)]
        return [f"a copy.deepcopy() of it is not independent: calls of the copy changed {name}" for name in changed]

    try:
        yield changes
    finally:
        for part, held in attributes:
            vars(part).clear()
            vars(part).update(held)
        for _, p, array, values, grad in tensors:
            if differ(array, values):
                array[...] = values
            p.grad = grad
        for _, value, values in buffers:
            if isinstance(array_of(value), np.ndarray) and differ(array_of(value), values):
                array_of(value)[...] = values
        set_random_states(before)


def random_states() -> Any:
    """Return the states of the generators that a model may draw from: those of packages, and NumPy's global one."""
    return [(generator, generator.bit_generator.state) for generator in generators_in_use()], np.random.get_state()


def set_random_states(states: Any) -> None:
    """Set the generators to states that `random_states` returned."""
    for generator, state in states[0]:
        generator.bit_generator.state = state
    np.random.set_state(states[1])
