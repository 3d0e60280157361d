"""Calls of a copy of a module, whose results can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import DtypeError, Tensor, gradients
from autograd.inside import Leaf, ancestors, described, flatten

from ..points.layouts import LAYOUTS
from .module_state import ModuleLike, differ
from .subject import Array, array_of

State = dict[str, Array]


class Call:
    """One call of a copy of a module: what it returned, and the parameters and inputs that it computed with."""

    def __init__(
        self, module: Any, inputs: Any, loss: Callable[[Any], Any] | None, arrays: Mapping[str, Array]
    ) -> None:
        self.module, self.parameters = module, dict(module.named_parameters())
        leaves, rebuild = flatten(inputs)
        given = list(leaves)
        self.inputs: dict[str, Tensor] = {}
        for (name, i), array in _floating(inputs).items():
            given[i] = self.inputs[name] = Tensor(np.array(arrays.get(name, array)), requires_grad=True)
        for name, p in self.parameters.items():
            if name in arrays:
                p._array[...] = arrays[name]
        result = module(*rebuild(given))
        self.result = result if loss is None else loss(result)
        floating = filter(_is_floating, flatten(self.result)[0])
        self.outputs = [y if isinstance(y, Tensor) else Tensor(np.asarray(y)) for y in floating]
        if not self.outputs:
            who = type(module).__name__ if loss is None else "the loss"
            raise DtypeError(f"{who} returned no floating-point numbers, only {described(self.result)}")

    @property
    def leaves(self) -> dict[str, Tensor]:
        """The parameters that are trained, and the inputs."""
        return {**{name: p for name, p in self.parameters.items() if p.requires_grad}, **self.inputs}

    @property
    def strangers(self) -> list[Tensor]:
        """The tensors that the outputs depend on, which require a gradient, but are neither parameters nor inputs."""
        nodes = ancestors(y._node for y in self.outputs if y._node is not None)
        owners = [node.owner() for node in nodes if isinstance(node, Leaf)]
        known = {id(x) for x in (*self.parameters.values(), *self.inputs.values())}
        return [x for x in owners if isinstance(x, Tensor) and x.requires_grad and id(x) not in known]

    @property
    def numbers(self) -> Array:
        """All elements of the outputs."""
        return np.concatenate([np.asarray(y._array, np.float64).reshape(-1) for y in self.outputs])

    def gradients(self, weights: Array) -> dict[str, Array | None]:
        """Return the gradients of the weighted sum of all numbers; None for a leaf that no graph leads to."""
        leaves, start, cotangents, live = self.leaves, 0, [], []
        for number, y in enumerate(self.outputs):
            piece = weights[start : start + y.size].reshape(y.shape)
            start += y.size
            if y.requires_grad:
                live.append(y)
                cotangents.append((LAYOUTS["a slice"] if number % 2 == 0 else np.asarray)(piece).astype(y.dtype))
        if not live:
            return dict.fromkeys(leaves)
        found = gradients(live, list(leaves.values()), cotangents, retain_graph=True, allow_unused=True)
        return {name: None if g is None else np.asarray(g._array) for name, g in zip(leaves, found, strict=True)}


def _floating(inputs: Any) -> dict[tuple[str, int], Array]:
    """Return the inputs of floating-point numbers by name and by position among all leaves."""
    found: dict[tuple[str, int], Array] = {}
    position = 0
    for i, given in enumerate(inputs):
        leaves = flatten(given)[0]
        for j, x in enumerate(leaves):
            if _is_floating(x):
                name = f"input {i}" if len(leaves) == 1 else f"input {i}.{j}"
                found[name, position + j] = np.array(array_of(x))
        position += len(leaves)
    return found


def _is_floating(x: Any) -> bool:
    return isinstance(getattr(x, "dtype", None), np.dtype) and x.dtype.kind in "f"


def cast(inputs: Any, dtype: np.dtype[Any]) -> Any:
    """Return the inputs with all floating-point numbers in a dtype."""
    leaves, rebuild = flatten(inputs)
    return rebuild([np.asarray(array_of(x), dtype) if _is_floating(x) else x for x in leaves])


def parameters_of(module: ModuleLike) -> State:
    """Return the arrays of the parameters by name."""
    return {name: p._array for name, p in module.named_parameters()}


def buffers_of(module: ModuleLike) -> State:
    """Return copies of the buffers by name."""
    return {name: np.array(array_of(value)) for name, value in module.named_buffers()}


def tensors_of(module: ModuleLike) -> list[Array]:
    """Return the arrays of all parameters and buffers."""
    arrays = map(array_of, (*module.parameters(), *module.buffers()))
    return [array for array in arrays if isinstance(array, np.ndarray)]


def changed(before: State, after: State) -> list[str]:
    """Return the names of what differs, or is in one of the two only."""
    odd = before.keys() ^ after.keys()
    return sorted(odd | {name for name in before.keys() & after.keys() if differ(before[name], after[name])})


def differ_in_outputs(one: Call, other: Call) -> bool:
    """Tell whether two calls returned different numbers."""
    return one.numbers.size != other.numbers.size or differ(one.numbers, other.numbers)
