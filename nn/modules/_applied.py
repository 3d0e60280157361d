"""Base classes of layers, which are told in their class statements what sets them apart from each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import cleandoc, unwrap
from itertools import groupby
from operator import attrgetter
from typing import Any, ClassVar

from autograd import Tensor
from autograd.extend import overwrite

from .. import functional
from .._arguments import TensorLike
from ..module import Module

_PARAMETERS = "\n\nParameters\n----------\n"


class Applied(Module):
    """A layer that applies a function, which its class statement names: ``class ELU(Applied, function=elu)``.

    The function is given the input, and then the attributes that `_arguments` names; by default those that `repr`
    shows, which are by default the arguments of the constructor, but for those by keyword and `inplace`. A class that
    defines `forward` itself says only what that computes. A docstring without parameters gets those of the base class,
    or, of a constructor, the words that the function has for them.
    """

    _arguments: ClassVar[tuple[str, ...] | None] = None
    forward: ClassVar[Callable[..., Tensor]]

    def __init_subclass__(cls, function: Callable[..., Any] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if function is not None:
            if "__init__" in vars(cls) and not vars(cls).keys() & {"_shown_options", "_arguments"}:
                taken = unwrap(cls.__init__).__code__
                names = taken.co_varnames[1 : taken.co_argcount]
                cls._shown_options = tuple([name for name in names if name != "inplace"])
            if "forward" not in vars(cls):
                cls.forward = cls._forward(function)
            document_parameters(cls, function)

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


def document_parameters(cls: type[Module], function: Callable[..., Any] | None = None) -> None:
    """Give a class the parameters in its docstring that it has in common with its base class, or with a function."""
    own, inherited = (cleandoc(of.__doc__ or "") for of in cls.__mro__[:2])
    if not own or _PARAMETERS in own:
        return
    parameters = inherited.partition(_PARAMETERS)[2].partition("\n\n")[0]
    if function is not None and ("__init__" in vars(cls) or not parameters):
        known = _described(inherited) | _described(function.__doc__ or "")
        taken = unwrap(cls.__init__).__code__
        names = [name for name in taken.co_varnames[1 : taken.co_argcount + taken.co_kwonlyargcount] if name in known]
        parameters = "\n".join(f"{', '.join(alike)}\n{text}" for text, alike in groupby(names, known.get))
    if parameters:
        text, examples, rest = own.partition("\n\nExamples\n")
        cls.__doc__ = f"{text}{_PARAMETERS}{parameters}{examples}{rest}"


def _described(document: str) -> dict[str, str]:
    """Return what a docstring says of each parameter; where it refers to another function, what that says."""
    found = {}
    section = cleandoc(document).partition(_PARAMETERS)[2].partition("\n\n")[0]
    for names, text in re.findall(r"^(\w[\w, ]*)\n((?: {4}.*(?:\n|$))+)", section, re.MULTILINE):
        other = re.fullmatch(r" +As for `(\w+)`\.\n?", text)
        text = text.rstrip().replace("As for `", "As for `functional.")
        elsewhere = _described(getattr(functional, other[1]).__doc__) if other else {}
        found.update({name: elsewhere.get(name, text) for name in names.split(", ")})
    return found


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
