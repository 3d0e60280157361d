"""Checks of constructors' arguments by the types that they declare, with errors that name class and argument.

Whatever is declared as one of `_KINDS`, with ``| None`` or without, is checked before the constructor runs; so a new
layer, optimizer or scheduler only has to say what it takes.
"""

from __future__ import annotations

import ast
import functools
import inspect
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from numbers import Real
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from autograd import Tensor
from autograd.extend import borrow

__all__ = [
    "Scale",
    "Size",
    "Spatial",
    "TensorLike",
    "Weights",
    "check_constructor",
    "check_device",
    "checked",
    "is_number",
]

F = TypeVar("F", bound=Callable[..., Any])

# What takes tensors takes ndarrays too, and nested lists of numbers. Given no tensor a function of `nn.functional`
# returns an ndarray, which has the methods of the tensor that its signature promises.
TensorLike: TypeAlias = ArrayLike | Tensor
Size: TypeAlias = int  # 1 or more
Spatial: TypeAlias = int | Sequence[int | None]  # an integer, or one for each spatial axis; None may leave one open
Scale: TypeAlias = float | Sequence[float]  # a number, or one for each spatial axis
Weights: TypeAlias = TensorLike  # numbers

_ANYWHERE = Tensor(0.0)


def is_number(value: Any) -> bool:
    """Tell whether a value is one real number, as an array without axes is too."""
    value = borrow(value)
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool | np.bool_ | np.ndarray | Tensor)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (_is_integer(value) and value in (0, 1))


def _are(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether a value is a sequence of things that are all right; how many they are is for others to check."""

    def checked(values: Any) -> bool:
        if isinstance(values, str | Mapping) or not isinstance(values, Sized) or not isinstance(values, Iterable):
            return False
        return all(map(check, values))

    return checked


def _is_a(kind: str) -> Callable[[Any], bool]:
    """Return whether a value is of a class of that name, which is defined in terms of this module."""
    return lambda value: any(base.__name__ == kind for base in type(value).__mro__)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_lengths(value: Any) -> bool:
    """Tell whether a value is a length or several; None is one that is left open."""
    given = [value] if _is_integer(value) else value
    return _are(lambda n: n is None or (_is_integer(n) and operator.index(n) >= 0))(given)


def _is_numeric(value: Any) -> bool:
    try:
        return np.asarray(borrow(value)).dtype.kind in "biuf"
    except (TypeError, ValueError):  # what NumPy makes no array of
        return False


def _is_floating(value: Any) -> bool:
    try:
        return np.dtype(value).kind in "fc"
    except TypeError:  # what NumPy knows no dtype for
        return False


class _Kind(NamedTuple):
    """A type that is checked: what is one, how it is called, and the least or the only values that there are."""

    is_one: Callable[[Any], bool]
    called: str
    least: int | None = None
    among: tuple[str, ...] = ()


# The types that are checked, as constructors write them.
_KINDS = {
    "int": _Kind(_is_integer, "an integer"),
    "Size": _Kind(_is_integer, "an integer of 1 or more", least=1),
    "Spatial": _Kind(_are_lengths, "an integer of 0 or more, or one for each axis"),
    "Shape": _Kind(_are_lengths, "an integer of 0 or more, or a sequence of them"),
    "float": _Kind(is_number, "a number"),
    "Scale": _Kind(lambda value: is_number(value) or _are(is_number)(value), "a number, or one for each axis"),
    "float | list[float]": _Kind(lambda value: is_number(value) or _are(is_number)(value), "a number, or a list"),
    "tuple[float, float]": _Kind(_are(is_number), "two numbers"),
    "tuple[float, float, float]": _Kind(_are(is_number), "three numbers"),
    "Weights": _Kind(_is_numeric, "numbers"),
    "bool": _Kind(_is_truth, "True or False"),
    "str": _Kind(_is_text, "a string"),
    "str | os.PathLike[str]": _Kind(lambda value: isinstance(value, str | os.PathLike), "a path"),
    "DTypeLike": _Kind(_is_floating, "a floating-point dtype"),
    "Reduction": _Kind(_is_text, '"mean", "sum" or "none"', among=("mean", "sum", "none")),
    "Sequence[int]": _Kind(_are(_is_integer), "a sequence of integers"),
    "Sequence[LRScheduler]": _Kind(_are(lambda value: True), "a sequence of schedulers"),
    "Iterable[int]": _Kind(lambda value: _are(_is_integer)(value) or isinstance(value, Iterator), "integers"),
    "Activation": _Kind(lambda value: _is_text(value) or callable(value), "a function or the name of one"),
    "Functions": _Kind(lambda value: callable(value) or _are(callable)(value), "a function, or one for each group"),
    "Module": _Kind(_is_a("Module"), "a module"),
    "Optimizer": _Kind(_is_a("Optimizer"), "an optimizer"),
}


def _kind_of(declared: str) -> _Kind | None:
    """Return what is checked of a type as it is written, if something is."""
    if declared in _KINDS:
        return _KINDS[declared]
    if declared.startswith("Literal["):
        among = ast.literal_eval(declared.removeprefix("Literal"))
        return _Kind(_is_text, " or ".join(f'"{value}"' for value in among), among=tuple(among))
    if declared.startswith("Callable[") or declared == "MultiAverage":
        return _Kind(callable, "a function or a class")
    if declared.startswith(("Iterable[", "Mapping[")):
        return _Kind(lambda value: isinstance(value, Iterable) and not isinstance(value, str), "a collection")
    return None


def check_constructor(kind: type) -> None:
    """Have the constructor of a class of this package check what it is given; with a dtype it takes a `device` too."""
    if "__init__" not in vars(kind) or not kind.__module__.startswith(f"{__package__}."):
        return
    construct: Callable[..., None] = kind.__init__  # type: ignore[misc]  # it is called as a function
    signature = inspect.signature(construct)
    checks = _checks(signature)

    @functools.wraps(construct)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = type(self).__name__
        if "device" in kwargs and "dtype" in signature.parameters:  # what has parameters, as in PyTorch
            check_device(kwargs.pop("device"))
        try:
            for name, value in signature.bind(self, *args, **kwargs).arguments.items():
                if name in checks:
                    _check(name, value, *checks[name])
            construct(self, *args, **kwargs)
        except (TypeError, ValueError) as error:
            if type(error) in (TypeError, ValueError) and owner not in str(error):
                error.args = (f"{owner}: {error}",)
            raise

    kind.__init__ = checked  # type: ignore[misc]


def checked(function: F) -> F:
    """Have a function check what it is given by the types that it declares, with errors that name it and the argument.

    It is for functions that are called once, as to make weights or data: a layer calls its own too often for it.
    """
    signature = inspect.signature(function)
    checks = _checks(signature)

    @functools.wraps(function)
    def check(*args: Any, **kwargs: Any) -> Any:
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in checks:
                _check(f"{function.__name__}: {name}", value, *checks[name])
        return function(*args, **kwargs)

    return cast(F, check)


def _checks(signature: inspect.Signature) -> dict[str, tuple[_Kind, bool]]:
    """Return by name what is checked of the parameters, and whether None is one."""
    return {
        name: (found, optional)
        for name, parameter in signature.parameters.items()
        for declared, optional in [_declared(parameter)]
        if (found := _kind_of(declared)) is not None
    }


def _declared(parameter: inspect.Parameter) -> tuple[str, bool]:
    """Return the type of a parameter as it is written, and whether None is one too."""
    written = str(parameter.annotation)
    return written.removesuffix(" | None"), written.endswith(" | None") or parameter.default is None


def _check(name: str, value: Any, kind: _Kind, optional: bool) -> None:
    if optional and value is None:
        return
    what = f"{name} should be {kind.called}{' or None' if optional else ''}"
    if not kind.is_one(value):
        shown = isinstance(value, str | int | float | tuple | list | None)
        raise TypeError(f"{what}, not {value!r}" if shown else f"{what}, not {type(value).__name__}")
    if (kind.least is not None and operator.index(value) < kind.least) or (kind.among and value not in kind.among):
        raise ValueError(f"{what}, not {value!r}")


def check_device(device: Any) -> None:
    """Raise if something else is named than where all arrays are."""
    if device is not None:
        _ANYWHERE.to(device)
