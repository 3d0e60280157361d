"""Functions of one or three spatial axes, made from the one of two."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast, get_overloads, overload

from .operands import in_single

F = TypeVar("F", bound=Callable[..., Any])


def sibling(function: F, name: str, arguments: str | None = None, length: int = 2) -> F:
    """Return `function`, such as ``max_pool2d``, under another name, for another number of axes.

    It has the parameters, overloads and code of `function`, in which its own name stands for that of `function`. What
    is computed depends on that name alone: see `axes_of`. Its docstring begins like that of `function`, and has an
    example with these further arguments, of which axes of 4 places get another length; ``{0}`` is the first argument.
    """
    original: Any = inspect.unwrap(function)
    for form in get_overloads(original):
        overload(_renamed(form, name))
    made: Any = _renamed(original, name)
    kind, axes = {1: ("sequences", "one spatial axis"), 3: ("volumes", "three spatial axes")}[axes_of(name)]
    start, _, rest = (function.__doc__ or "").partition("images")
    made.__doc__ = f"{start}{kind}{re.split('[.,:]', rest)[0]}: `{function.__name__}` with {axes}."
    if arguments is not None:
        example = shown("nn.functional as F", f"F.{name}({{0}}, {arguments})", axes_of(name), length)
        made.__doc__ += f"\n\nExamples\n--------\n{example}"
    return cast(F, made if original is function else in_single(made))


def shown(package: str, call: str, axes: int, length: int) -> str:
    """Return an example for a docstring: a call with two channels of 4 places along each axis, and its shape."""
    call, shape = call.format(f"np.ones({(1, 2, *[4] * axes)})"), (1, 2, *[length] * axes)
    return f">>> import numpy as np\n>>> import {package}\n>>> {call}.shape\n{shape}"


def axes_of(name: str) -> int:
    """Return the number of spatial axes of a function, which its name ends with, as in ``max_pool2d``."""
    return int(name[-2])


def _renamed(function: Any, name: str) -> Any:
    """Return a copy of a function under the name of another, also where the function gives its own name."""
    old, code = function.__name__, function.__code__
    constants = tuple(name if constant == old else constant for constant in code.co_consts)
    code = code.replace(co_name=name, co_qualname=name, co_consts=constants)
    copy = FunctionType(code, function.__globals__, name, function.__defaults__, function.__closure__)
    copy.__kwdefaults__, copy.__annotations__ = function.__kwdefaults__, function.__annotations__
    return copy
