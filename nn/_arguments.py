"""Argument checks of constructors, by their annotations, with errors that name the class and the argument.

Parameters annotated with one of `_KINDS`, with or without ``| None``, are checked before the constructor runs; so a new
layer, optimizer or scheduler only has to annotate its parameters.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from autograd import Tensor
from autograd.extend import borrow, missing

from ._warnings import message

F = TypeVar("F", bound=Callable[..., Any])

# Functions of tensors also take ndarrays and nested lists of numbers. Given no tensor, a function of `nn.functional`
# returns an ndarray, which has the methods of the tensor in its signature.
TensorLike: TypeAlias = ArrayLike | Tensor
Array: TypeAlias = np.ndarray[Any, Any]
Size: TypeAlias = int  # 1 or more
Share: TypeAlias = float  # from 0 to 1
Spatial: TypeAlias = int | Sequence[int | None]  # an integer, or one for each spatial axis; None may leave one open
Scale: TypeAlias = float | Sequence[float]  # a number, or one for each spatial axis
Weights: TypeAlias = TensorLike  # numbers

_ANYWHERE = Tensor(0.0)
_PARAMETERS = "\n\nParameters\n----------\n"
_SECTION = r"(?=\n\n[A-Z]\w+\n-{4,}\n)"  # where one of a docstring begins


def is_number(value: object) -> bool:
    """Tell whether a value is one real number; a 0-d array is one too."""
    value = borrow(value)
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool | np.bool_ | np.ndarray | Tensor)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool | np.bool_) or (_is_integer(value) and value in (0, 1))


def _are(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return a check that a value is a sequence of any length whose items all pass `check`."""

    def checked(values: Any) -> bool:
        if isinstance(values, str | Mapping) or not isinstance(values, Sized) or not isinstance(values, Iterable):
            return False
        return all(map(check, values))

    return checked


def _is_a(kind: str) -> Callable[[Any], bool]:
    """Return a check for instances of a class by name, because that class imports this module."""
    return lambda value: any(base.__name__ == kind for base in type(value).__mro__)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_lengths(value: Any) -> bool:
    """Tell whether a value is a length or several; None is a length left open."""
    given = [value] if _is_integer(value) else value
    return _are(lambda n: n is None or (_is_integer(n) and operator.index(n) >= 0))(given)


def _is_numeric(value: Any) -> bool:
    try:
        return np.asarray(borrow(value)).dtype.kind in "biuf"
    except (TypeError, ValueError):  # NumPy cannot make an array of it
        return False


def _is_floating(value: Any) -> bool:
    try:
        return np.dtype(value).kind in "fc"
    except TypeError:  # NumPy has no dtype for it
        return False


class _Kind(NamedTuple):
    """A checked type: a test, its name in messages, and the least and largest or the only values allowed."""

    is_one: Callable[[Any], bool]
    called: str
    least: int | None = None
    largest: float = math.inf
    among: tuple[str, ...] = ()


# The checked types, as they are written in constructors.
_KINDS = {
    "int": _Kind(_is_integer, "an integer"),
    "Size": _Kind(_is_integer, "an integer of 1 or more", least=1),
    "Spatial": _Kind(_are_lengths, "an integer of 0 or more, or one for each axis"),
    "Shape": _Kind(_are_lengths, "an integer of 0 or more, or a sequence of them"),
    "float": _Kind(is_number, "a number"),
    "Share": _Kind(is_number, "a number from 0 to 1", least=0, largest=1),
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
    """Return the check of an annotation, or None if it is not checked."""
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
    """Wrap the constructor of a class of this package in argument checks; with a `dtype` it also takes a `device`.

    By position, the device stands before the dtype, as in PyTorch.
    """
    if "__init__" not in vars(kind) or not kind.__module__.startswith(f"{__package__}."):
        return
    construct: Callable[..., None] = kind.__init__  # type: ignore[misc]  # it is called as a function

    @functools.wraps(construct)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        owner = type(self).__name__
        signature, checks = _checks(construct)
        last = _place_of_device(signature)
        if "device" in kwargs and "dtype" in signature.parameters:  # layers with parameters, as in PyTorch
            check_device(kwargs.pop("device"))
        elif last >= 0 and (len(args) == last + 2 or is_device(*args[last : last + 1])):
            check_device(args[last])
            args = args[:last] + args[last + 1 :]
        idle = {"params": "foreach", "num_embeddings": "sparse"}  # by the first argument of optimizers and embeddings
        kwargs.pop(idle.get([*signature.parameters, ""][1], ""), None)
        unknown = kwargs.keys() - signature.parameters.keys()
        if unknown and not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            missing.refuse_keywords(f"{owner}: it", kwargs, missing.LAYER_KEYWORDS, [*signature.parameters][1:])
        try:
            for name, value in signature.bind(self, *args, **kwargs).arguments.items():
                if name in checks:
                    _check(name, value, *checks[name])
            construct(self, *args, **kwargs)
        except (TypeError, ValueError) as error:
            if type(error) in (TypeError, ValueError) and owner not in str(error):
                error.args = (f"{owner}: {error}",)
            remedy = f"A layer or loss is made first, and then called: nn.{owner}()(...)"
            if hasattr(self, "forward") and any(getattr(x, "ndim", 0) for x in args) and remedy not in str(error):
                error.args = (f"{error}. {remedy}",)
            raise

    kind.__init__ = checked  # type: ignore[misc]


def document(
    cls: type, function: Callable[..., object] | None = None, others: ModuleType | None = None, example: str = ""
) -> None:
    """Complete the docstring of a class of this package, when somebody reads it.

    Added are an example, if one is given, and what the base class or a function says of parameters of the constructor.
    Where a function refers to another one, as in "As for `mse_loss`.", `others` is the module that has it.
    """
    if cls.__doc__ and cls.__module__.startswith(f"{__package__}."):
        cls.__doc__ = _Document(cls.__doc__, function, others, example)  # type: ignore[assignment]


def example(*lines: str, like: Callable[..., object] | None = None) -> Callable[[F], F]:
    """Give a function or a class an example, at the end of its docstring: code, after its imports, and the result.

    Of a function that is `like` another, the parameters that both have are those of the other one.
    """
    *code, result = lines
    modules = {"np": "numpy as np", "nn": "nn", "F": "nn.functional as F"}
    imports = [f"import {module}" for name, module in modules.items() if re.search(rf"\b{name}\.", "\n".join(code))]
    text = "\n".join([*(f">>> {line}" for line in [*imports, *code]), result])

    def documented(what: F) -> F:
        own = vars(what).get("__doc__")
        if isinstance(own, _Document):
            own.example = text
        elif isinstance(what, type):
            document(what, example=text)
        elif what.__doc__:
            begun = inspect.cleandoc(what.__doc__)
            if like is not None:
                both, known = inspect.signature(like).parameters, _described(begun, None)
                names = [name for name in inspect.signature(what).parameters if name in both and name not in known]
                begun = _with_parameters(begun, f"{', '.join(names)}\n    As for `{like.__name__}`.", first=True)
            what.__doc__ = f"{begun}\n\nExamples\n--------\n{text}"
        return what

    return documented


class _Document:
    """What stands for the docstring of a class until it is read: that takes too long for all classes at once."""

    def __init__(
        self, text: str, function: Callable[..., object] | None, others: ModuleType | None, example: str
    ) -> None:
        self.text, self.function, self.others, self.example = text, function, others, example

    def __get__(self, instance: object, cls: type) -> str:
        own = inspect.cleandoc(self.text) + (f"\n\nExamples\n--------\n{self.example}" if self.example else "")
        known = _described(cls.__mro__[1].__doc__, None)
        if self.function is not None:
            known |= _described(self.function.__doc__, self.others)
        names = list(inspect.signature(cls.__init__).parameters)[1:]  # type: ignore[misc]  # of this very class
        added = [name for name in names if name in known.keys() - _described(own, None)]
        if added:
            entries = [f"{', '.join(alike)}\n{text}" for text, alike in itertools.groupby(added, known.get)]
            own = _with_parameters(own, "\n".join(entries))
        cls.__doc__ = own
        return own


def _with_parameters(document: str, entries: str, first: bool = False) -> str:
    """Return a docstring with more entries in its section of parameters, the last or the first."""
    before, start, section = document.partition(_PARAMETERS)
    section, *rest = re.split(_SECTION, section if start else before, maxsplit=1)
    if not start:
        return "".join([section, _PARAMETERS, entries, *rest])
    return "".join([before, _PARAMETERS, "\n".join([entries, section] if first else [section, entries]), *rest])


def _described(document: str | None, others: ModuleType | None) -> dict[str, str]:
    """Return what a docstring says of each parameter."""
    found = {}
    _, _, section = inspect.cleandoc(document or "").partition(_PARAMETERS)
    for names, text in re.findall(r"^(\w[\w, ]*)\n((?: {4}.*(?:\n|$))+)", section.partition("\n\n")[0], re.MULTILINE):
        other = re.fullmatch(r" +As for `(\w+)`\.\n?", text)
        text = text.rstrip().replace("As for `", "As for `functional.") if others else text.rstrip()
        elsewhere = _described(getattr(others, other[1]).__doc__, others) if other and others else {}
        found.update({name: elsewhere.get(name, text) for name in names.split(", ")})
    return found


def explained(usage: str) -> Callable[[F], F]:
    """Let a call with arguments that the function does not have, or without those that it needs, say how it is called.

    Parameters
    ----------
    usage
        A kind of message: see `message`.
    """

    def decorated(function: F) -> F:
        known = inspect.signature(function).parameters

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError as error:
                if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised within it
                    raise
                if len(args) <= len(known):
                    missing.refuse_keywords(f"{function.__name__}()", kwargs, missing.LAYER_KEYWORDS, known)
                error.args = (f"{error}. {message(usage)}",)
                raise

        return cast(F, called)

    return decorated


def checked(function: F) -> F:
    """Wrap a function in checks of its arguments by their annotations, with errors that name function and argument.

    For functions that are called once, such as to make weights or data: layers are called too often for the cost.
    """

    @functools.wraps(function)
    def check(*args: Any, **kwargs: Any) -> Any:
        signature, checks = _checks(function)
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            if name in checks:
                _check(f"{function.__name__}: {name}", value, *checks[name])
        return function(*args, **kwargs)

    return cast(F, check)


@functools.cache  # made at the first call: for all classes at once it would take a tenth of the import
def _checks(function: Callable[..., object]) -> tuple[inspect.Signature, dict[str, tuple[_Kind, bool]]]:
    """Return the signature, the check of each checked parameter by name, and whether None is allowed."""
    signature = inspect.signature(function)
    return signature, {
        name: (found, optional)
        for name, parameter in signature.parameters.items()
        for declared, optional in [_declared(parameter)]
        if (found := _kind_of(declared)) is not None
    }


def _place_of_device(signature: inspect.Signature) -> int:
    """Return where among the arguments after self a device stands by position, before the dtype; -1 for nowhere."""
    names = [name for name, each in signature.parameters.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    return names.index("dtype") - 1 if names[-1] == "dtype" else -1


def _declared(parameter: inspect.Parameter) -> tuple[str, bool]:
    """Return the annotation of a parameter, and whether None is allowed."""
    written = str(parameter.annotation)
    return written.removesuffix(" | None"), written.endswith(" | None") or parameter.default is None


def _check(name: str, value: Any, kind: _Kind, optional: bool) -> None:
    if value is None and (optional or name == "bias"):  # which means False in PyTorch
        return
    what = f"{name} should be {kind.called}{' or None' if optional else ''}"
    if not kind.is_one(value):
        shown = isinstance(value, str | int | float | tuple | list | None)
        raise TypeError(f"{what}, not {value!r}" if shown else f"{what}, not {type(value).__name__}")
    inside = kind.least is None or kind.least <= value <= kind.largest
    if not inside or (kind.among and value not in kind.among):
        raise ValueError(f"{what}, not {value!r}")


def is_device(value: object = None) -> bool:
    """Tell whether something is a device, by name such as "cuda:0" or as PyTorch's object."""
    return str(value).partition(":")[0] in ("cpu", "cuda", "meta", "mps", "xpu")


def check_device(device: Any) -> None:
    """Raise if `device` is not the CPU, where all arrays are."""
    if device is not None:
        _ANYWHERE.to(device)
