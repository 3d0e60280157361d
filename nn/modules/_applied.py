"""Base classes of layers, which are told in their class statements what sets them apart from each other."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from operator import attrgetter
from typing import Any, ClassVar

from autograd import Tensor
from autograd.extend import overwrite

from .._arguments import TensorLike
from ..module import Module


class Applied(Module):
    """A layer that applies a function, which its class statement names: ``class ELU(Applied, function=elu)``.

    The function is given the input, and then the attributes that `_arguments` names; by default those that `repr`
    shows. A class that takes what its base class takes has the same parameters in its docstring, too.
    """

    _arguments: ClassVar[tuple[str, ...] | None] = None
    forward: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, function: Callable[..., Any] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if function is not None:
            names = cls._shown_options if cls._arguments is None else cls._arguments
            forward = cls._applying(function, names)
            forward.__qualname__ = f"{cls.__qualname__}.forward"
            del forward.__annotations__["self"]  # which a method in a class does without
            inputs = forward.__code__.co_varnames[1 : forward.__code__.co_argcount]
            forward.__doc__ = f"Return ``functional.{function.__name__}({', '.join(inputs + names)})``."
            cls.forward = forward
            document_parameters(cls)

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


def document_parameters(cls: type[Module]) -> None:
    """Give a class that takes what its base class takes the same parameters in its docstring."""
    own, inherited = (cleandoc(of.__doc__ or "") for of in cls.__mro__[:2])
    parameters = inherited.partition("\n\nParameters\n")[2].partition("\n\n")[0]
    if own and parameters and "__init__" not in vars(cls) and "\nParameters\n" not in own:
        text, examples, rest = own.partition("\n\nExamples\n")
        cls.__doc__ = f"{text}\n\nParameters\n{parameters}{examples}{rest}"


class ForAxes(Module):
    """A layer for the number of spatial axes that its class statement says: ``class Conv1d(Convolution, axes=1)``."""

    axes: ClassVar[int]

    def __init_subclass__(cls, axes: int | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if axes is not None:
            cls.axes = axes
            document_parameters(cls)


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
