"""Hooks at modules: functions that see, and may replace, what goes in and comes out, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd import Context, Function, Handle, Tensor, borrow

if TYPE_CHECKING:
    from .module import Module

__all__ = ["ModuleHooks"]


class ModuleHooks:
    """The hooks of one module, each kind in the order in which they were registered."""

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}

    def add(self, kind: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> Handle:
        """Add a hook to one kind, and return what removes it."""
        return Handle(kind, hook)

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute the output of the module with all hooks."""
        for hook in list(self.before.values()):
            replaced = hook(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
        if not self.backward:
            return self._after(module, args, module.forward(*args, **kwargs))
        crossing = _Crossing(module, self.backward)
        args = crossing.into(args)
        output = module.forward(*args, **kwargs)
        return self._after(module, args, crossing.out_of(output))

    def _after(self, module: Module, args: tuple[Any, ...], output: Any) -> Any:
        for hook in list(self.after.values()):
            replaced = hook(module, args, output)
            if replaced is not None:
                output = replaced
        return output


class _Crossing:
    """One call of a module: the gradients of its outputs arrive, and later those of its inputs."""

    def __init__(self, module: Module, hooks: dict[int, Callable[..., Any]]) -> None:
        self._module, self._hooks = module, hooks
        self._places: list[int] = []
        self._count = 0
        self._of_outputs: tuple[Any, ...] = ()

    def into(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments, those that require a gradient passed through an operation that calls the hooks."""
        self._count = len(args)
        self._places = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        if not self._places:
            return args
        passed = dict(
            zip(self._places, _Pass.apply(self._arrived_at_inputs, *(args[i] for i in self._places)), strict=True)
        )
        return tuple(passed.get(i, x) for i, x in enumerate(args))

    def out_of(self, output: Any) -> Any:
        """Return the output, passed through an operation that notes the gradients."""
        several = isinstance(output, tuple | list)
        outputs = list(output) if several else [output]
        live = [i for i, y in enumerate(outputs) if isinstance(y, Tensor) and y.requires_grad]
        if live:
            passed = _Pass.apply(self._arrived_at_outputs, *(outputs[i] for i in live))
            for i, y in zip(live, passed, strict=True):
                outputs[i] = y
        return type(output)(outputs) if several else outputs[0]

    def _arrived_at_outputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        self._of_outputs = tuple(map(_constant, gradients))
        if not self._places:  # no gradients of inputs will come
            self._call((None,) * self._count)
        return gradients

    def _arrived_at_inputs(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        given = dict(zip(self._places, map(_constant, gradients), strict=True))
        found = self._call(tuple(given.get(i) for i in range(self._count)))
        return tuple(found[i] for i in self._places)

    def _call(self, of_inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in list(self._hooks.values()):
            replaced = hook(self._module, of_inputs, self._of_outputs)
            if replaced is not None:
                of_inputs = replaced if isinstance(replaced, tuple) else (replaced,)
                if len(of_inputs) != self._count:
                    raise ValueError(
                        f"a backward hook of {type(self._module).__name__} returned {len(of_inputs)} gradients for "
                        f"{self._count} inputs"
                    )
        return of_inputs


def _constant(g: Any) -> Any:
    return g if isinstance(g, Tensor) else Tensor(g)


class _Pass(Function):
    """Hand tensors on as they are, and in the backward pass hand their gradients to somebody together."""

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        ctx.arrived = args[0]  # type: ignore[attr-defined]  # any attribute may be set
        return args[1:]

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        recorded = any(isinstance(part, Tensor) for part in g)
        passed = ctx.arrived(g)
        return (None, *(borrow(part) if isinstance(part, Tensor) and not recorded else part for part in passed))
