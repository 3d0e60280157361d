"""Leaving a module as it is: its parameters, gradients, buffers and mode, and the random generators."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from autograd import Tensor
from autograd.inside import RandomStates, note_written, random_states, set_random_states

from .subject import Array, array_of


class ModuleLike(Protocol):
    """What a check asks of a module: its tensors, and to be called."""

    @property
    def training(self) -> bool: ...
    def __call__(self, *inputs: Any) -> Any: ...
    def named_parameters(self) -> Iterable[tuple[str, Any]]: ...
    def named_buffers(self) -> Iterable[tuple[str, Any]]: ...
    def parameters(self) -> Iterable[Any]: ...
    def buffers(self) -> Iterable[Any]: ...
    def modules(self) -> Iterable[Any]: ...
    def train(self, mode: bool = True) -> Any: ...


def draw_some(states: RandomStates) -> None:
    """Move the generators on from states that `random_states` returned."""
    set_random_states(states)
    for generator, _ in states:
        (np.random if generator is None else generator()).random(9)


def differ(a: ArrayLike, b: ArrayLike) -> bool:
    """Tell whether two arrays differ in shape or in any element, nan being equal to nan."""
    return not np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc")


class Snapshot:
    """The state of parameters, of the module that they belong to if there is one, and of the random generators."""

    def __init__(self, parameters: Mapping[str, Tensor], module: Any = None) -> None:
        modules = [] if module is None else list(module.modules())
        self.attributes = [(part, dict(vars(part))) for part in modules]
        self.parameters = [(name, p, np.array(p._array), p.grad) for name, p in parameters.items()]
        buffers = [] if module is None else list(module.named_buffers())
        self.buffers = [(name, value, np.array(array_of(value))) for name, value in buffers]
        self.random, torch = random_states(), sys.modules.get("torch")
        self.restore_torch = None if torch is None else partial(torch.set_rng_state, torch.get_rng_state())

    def changes(self) -> list[str]:
        """Return the names of the parameters and buffers that have changed."""
        changed = [name for name, p, values, _ in self.parameters if differ(p._array, values)]
        return changed + [name for name, value, values in self.buffers if differ(array_of(value), values)]

    def restore(self, gradients: bool = True) -> None:
        """Put everything back as it was; the gradients only if `gradients`."""
        for part, held in self.attributes:
            vars(part).clear()
            vars(part).update(held)
        for _, p, values, grad in self.parameters:
            _write(p._array, values)
            if gradients:
                p.grad = grad
        for _, value, values in self.buffers:
            _write(array_of(value), values)
        set_random_states(self.random)
        if self.restore_torch is not None:
            self.restore_torch()


def _write(array: Any, values: Array) -> None:
    if isinstance(array, np.ndarray) and differ(array, values):
        array[...] = values
        note_written(array)
