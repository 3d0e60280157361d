"""Base classes of layers, which are told in their class statements what sets them apart from each other."""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from operator import attrgetter
from typing import Any, ClassVar

from autograd import Tensor
from autograd.extend import overwrite

from .. import functional
from .._arguments import TensorLike, document
from ..functional._kernels.siblings import axes_of, shown
from ..module import Module


class Applied(Module):
    """A layer that applies a function, which its class statement names: ``class ELU(Applied, function=elu)``.

    The function is given the input, and then the attributes that `_arguments` names; by default those that `repr`
    shows, which are by default the arguments of the constructor, but for those by keyword and `inplace`. A class that
    defines `forward` itself says only what that computes. A docstring without parameters gets those of the base class,
    or, of a constructor, the words that the function has for them; and an example, of arguments that halve each axis.
    """

    _arguments: ClassVar[tuple[str, ...] | None] = None
    forward: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, function: Callable[..., Any] | None = None, example: str = "", **options: Any) -> None:
        super().__init_subclass__(**options)
        if function is not None:
            if "__init__" in vars(cls) and not vars(cls).keys() & {"_shown_options", "_arguments"}:
                taken = unwrap(cls.__init__).__code__
                names = taken.co_varnames[1 : taken.co_argcount]
                cls._shown_options = tuple([name for name in names if name != "inplace"])
            if "forward" not in vars(cls):
                cls.forward = cls._forward(function)
            shape = _example(cls, example, axes_of(function.__name__), 2) if example else ""
            document(cls, function, functional, shape)

    @classmethod
    def _forward(cls, function: Callable[..., Any]) -> Any:
        names = cls._shown_options if cls._arguments is None else cls._arguments
        forward = cls._applying(function, names)
        forward.__qualname__ = f"{cls.__qualname__}.forward"
        del forward.__annotations__["self"]  # which a method in a class does without
        inputs = forward.__code__.co_varnames[1 : forward.__code__.co_argcount]
        forward.__doc__ = f"Return ``functional.{function.__name__}({', '.join(inputs + names)})``."
        return forward

    @staticmethod
    def _applying(function: Callable[..., Any], names: tuple[str, ...]) -> Any:
        """Return the method `forward`: for the attributes of these names, without a search for them at each call."""
        if names:
            options = attributes(*names)

            def forward(self: Module, x: TensorLike) -> Tensor:
                return function(x, *options(self))

        else:

            def forward(self: Module, x: TensorLike) -> Tensor:
                return function(x)

        return forward


def attributes(*names: str) -> Callable[[Module], tuple[Any, ...]]:
    """Return a function from a module to the values of these attributes, as a tuple even of one."""
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda module: (get(module),)


def _example(cls: type[Module], arguments: str, axes: int, length: int) -> str:
    """Return an example for a docstring: the shape of a result, whose axes have this length."""
    return shown("nn", f"nn.{cls.__name__}({arguments})({{0}})", axes, length)


class ForAxes(Module):
    """A layer for the number of spatial axes that its class statement says: ``class Conv1d(Convolution, axes=1)``.

    It may say the arguments of an example, and to which length that brings axes of 4 places.
    """

    axes: ClassVar[int]

    def __init_subclass__(cls, axes: int | None = None, example: tuple[str, int] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if axes is not None:
            cls.axes = axes
            document(cls, example="" if example is None else _example(cls, example[0], axes, example[1]))


class Elementwise(Applied):
    """A layer whose results have the shape of its input.

    Parameters
    ----------
    inplace
        Make the tensor `input` the result, too, for all that reads it later. An ndarray stays as it is.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    @staticmethod
    def _applying(function: Callable[..., Any], names: tuple[str, ...]) -> Any:
        options = attributes(*names) if names else None

        def forward(self: Module, x: TensorLike) -> Tensor:
            out = function(x, *options(self)) if options else function(x)
            return overwrite(x, out) if self.inplace else out

        return forward
