"""Modules of PyTorch as modules of this library: what a check asks of a module, of arrays that share their memory."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from autograd import Function, Tensor
from autograd.inside import flatten

from .subject import Array, listed


def is_torch(x: object, kind: str = "Tensor") -> bool:
    """Tell whether something is a tensor of PyTorch, or a module if `kind` is "Module"."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.nn.Module if kind == "Module" else torch.Tensor)


def as_arrays(value: object) -> Any:
    """Return a container with the arrays of PyTorch's tensors in their place; they share the memory."""
    leaves, rebuild = flatten(value)
    return rebuild([x.detach().numpy() if is_torch(x) else x for x in leaves])


class _Pulled(Function):
    """Outputs that PyTorch computed, as a function of the leaves that it can differentiate by."""

    @staticmethod
    def forward(ctx: Any, graph: tuple[list[Any], list[Any]], *leaves: Array) -> Any:
        ctx.outputs, ctx.leaves = graph
        return tuple(np.array(y.detach().numpy()) for y in ctx.outputs)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        import torch

        pairs = [(y, torch.from_numpy(np.array(w))) for y, w in zip(ctx.outputs, g, strict=True) if w is not None]
        outputs, cotangents = zip(*pairs, strict=True)
        found = torch.autograd.grad(outputs, ctx.leaves, cotangents, retain_graph=True)
        return (None, *(x.detach().numpy() for x in found))


class TorchModule:
    """A module of PyTorch, with its loss if there is one: parameters are tensors that share the memory of its own.

    It draws its random numbers from a seed that NumPy draws, and PyTorch's generator stays as it is.
    """

    def __init__(self, inner: Any, loss: Callable[[Any], Any] | None = None) -> None:
        self.inner, self.loss = inner, loss
        self.made: dict[int, tuple[Any, Tensor]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> TorchModule:
        return TorchModule(copy.deepcopy(self.inner, memo), self.loss)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)  # the mode, and the modules within

    def double(self) -> TorchModule:
        """Make all floating-point numbers double."""
        self.inner.double()
        self.made.clear()
        return self

    def _tensor(self, p: Any) -> Tensor:
        if id(p) not in self.made:
            self.made[id(p)] = p, Tensor(p.detach().numpy(), requires_grad=p.requires_grad)
        return self.made[id(p)][1]

    def named_parameters(self, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Yield the name of each parameter, and a tensor of its memory."""
        for name, p in self.inner.named_parameters(remove_duplicate=remove_duplicate):
            yield name, self._tensor(p)

    def parameters(self) -> Iterator[Tensor]:
        """Yield tensors of the memory of the parameters."""
        return (p for _, p in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        """Yield the name of each buffer, and an array of its memory."""
        return ((name, x.numpy()) for name, x in self.inner.named_buffers())

    def buffers(self) -> Iterator[Array]:
        """Yield arrays of the memory of the buffers."""
        return (x for _, x in self.named_buffers())

    def state_dict(self) -> dict[str, Any]:
        """Return copies: in PyTorch the state has the memory of the module."""
        return {name: np.array(x.detach().numpy()) for name, x in self.inner.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        import torch

        self.inner.load_state_dict({name: torch.from_numpy(np.array(x)) for name, x in state.items()})

    def __call__(self, *inputs: Any) -> Any:
        """Return what the module returns, or its loss, as tensors of this library."""
        import torch

        leaves, rebuild = flatten(inputs)
        given = [_given(x) for x in leaves]
        generator, state = torch.default_generator, torch.get_rng_state()
        generator.manual_seed(int(np.random.randint(2**31)))
        try:
            result = self.inner(*rebuild(given))
            outputs, rebuilt = flatten(result if self.loss is None else self.loss(result))
        finally:
            generator.set_state(state)
        live = [y for y in outputs if is_torch(y) and y.requires_grad and y.is_floating_point()]
        known = {id(z): x for x, z in zip(leaves, given, strict=True) if isinstance(x, Tensor)}
        reached = _leaves_of(live)
        tensors = [known[id(z)] if id(z) in known else self._tensor(z) for z in reached]
        pulled = listed(_Pulled.apply((live, reached), *tensors)) if reached else live
        found = dict(zip(map(id, live), pulled, strict=True))
        return rebuilt([found.get(id(y), y.detach().numpy() if is_torch(y) else y) for y in outputs])


def _given(x: Any) -> Any:
    import torch

    if isinstance(x, Tensor):
        return torch.from_numpy(np.array(x._array)).requires_grad_(x.requires_grad)
    return torch.from_numpy(np.array(x)) if isinstance(x, np.ndarray) else x


def _leaves_of(outputs: list[Any]) -> list[Any]:
    """Return the leaves that PyTorch's graph leads to from the outputs, parameters and others."""
    seen, found, waiting = set(), [], [y.grad_fn for y in outputs if y.grad_fn is not None]
    found += [y for y in outputs if y.is_leaf]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting += [following for following, _ in node.next_functions if following is not None]
    return found


class TorchParameter:
    """A parameter of PyTorch in a training step: its array, and its gradient with an array of its own."""

    def __init__(self, inner: Any) -> None:
        self.inner, self._array = inner, inner.detach().numpy()

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the array."""
        return self._array.dtype  # type: ignore[no-any-return]

    @property
    def requires_grad(self) -> bool:
        """Whether it is trained."""
        return bool(self.inner.requires_grad)

    @property
    def grad(self) -> TorchParameter | None:
        """The gradient, if it has one."""
        return None if self.inner.grad is None else TorchParameter(self.inner.grad.clone())  # PyTorch adds in place

    @grad.setter
    def grad(self, value: TorchParameter | None) -> None:
        self.inner.grad = None if value is None else value.inner.clone()
