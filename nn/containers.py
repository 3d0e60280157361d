"""Models made of layers in a row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

from numpy.typing import DTypeLike

from .activation import ReLU
from .linear import Linear
from .module import Module

__all__ = ["MLP", "Flatten", "Sequential"]


class Sequential(Module):
    """Modules in a row: each is given the output of the one before.

    Parameters
    ----------
    *modules
        The modules, named ``0``, ``1``, ...; or one dict of names and modules.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> len(model), model[1], [name for name, _ in model[2:].named_parameters()]
    (3, Tanh(), ['2.weight', '2.bias'])
    """

    def __init__(self, *modules: Module | dict[str, Module]) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            named = modules[0]
        else:
            named = {str(i): module for i, module in enumerate(modules)}  # type: ignore[misc]  # checked below
        for name, module in named.items():
            if not isinstance(module, Module):
                raise TypeError(f"a Sequential holds modules, but {name} is a {type(module).__name__}: {module!r}")
            self._check_name(name)
            setattr(self, name, module)

    def _layers(self) -> dict[str, Module]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, Module)}

    def forward(self, x: Any) -> Any:
        """Pass `x` through all modules in order."""
        for layer in self.__dict__.values():
            if isinstance(layer, Module):
                x = layer(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return iter([value for value in self.__dict__.values() if isinstance(value, Module)])

    def __len__(self) -> int:
        return len(self._layers())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module | Sequential:
        layers = self._layers()
        if isinstance(index, slice):
            return Sequential(dict(list(layers.items())[index]))
        return list(layers.values())[index]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._layers())[index], module)


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation between each two.

    Parameters
    ----------
    sizes
        The number of inputs, of the units of each hidden layer, and of outputs.
    activation
        Makes the module between two layers.
    dtype
        Of the parameters; float32 by default.

    Examples
    --------
    >>> import nn
    >>> nn.MLP([784, 128, 10])
    MLP(
      (0): Linear(in_features=784, out_features=128, bias=True)
      (1): ReLU()
      (2): Linear(in_features=128, out_features=10, bias=True)
    )
    """

    def __init__(
        self, sizes: Sequence[int], activation: Callable[[], Module] = ReLU, dtype: DTypeLike | None = None
    ) -> None:
        if len(sizes) < 2:
            raise ValueError(f"an MLP needs at least the numbers of inputs and outputs, not sizes={list(sizes)}")
        layers = [Linear(*pair, dtype=dtype) for pair in itertools.pairwise(sizes)]
        between: list[Module] = [module for layer in layers for module in (layer, activation())]
        super().__init__(*between[:-1])


class Flatten(Module):
    """Make one axis of several.

    Parameters
    ----------
    start_dim, end_dim
        The first and the last of them; all but the first, the batch, by default.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Flatten()(np.zeros((5, 28, 28))).shape
    (5, 784)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        """Return `x` in its new shape."""
        shape = x.shape
        first, last = (axis + len(shape) if axis < 0 else axis for axis in (self.start_dim, self.end_dim))
        if not 0 <= first <= last < len(shape):
            raise ValueError(f"Flatten({self.start_dim}, {self.end_dim}) cannot flatten an input of shape {shape}")
        return x.reshape((*shape[:first], -1, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
