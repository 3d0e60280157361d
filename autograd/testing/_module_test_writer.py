"""The writer of tests of modules: it finds out what a class is made with and what its instances take."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._check_module import METHODS

SIDE = 4  # of what is tried: heads, groups and channels divide it
SHAPES = ((5, SIDE), (5, 3, SIDE), (5,), (2, SIDE, 8, 8), (2, SIDE, 8), (2, SIDE, 6, 6, 6))
VALUES: tuple[Any, ...] = (SIDE, [SIDE, SIDE], 0.5, 2, True)  # of arguments without a default


def is_module(found: object) -> bool:
    """Tell whether it is a class whose instances are modules."""
    return isinstance(found, type) and all(hasattr(found, name) for name in METHODS)


def call_of_module(cls: Callable[..., Any], name: str) -> list[str]:
    """Return the lines of a test: of an instance of the class, and its inputs."""
    required = _required(cls)
    made = 0
    for values in itertools.product(VALUES, repeat=len(required)) if len(required) < 4 else [(SIDE,) * len(required)]:
        module = _called(cls, values)
        if module is None:
            continue
        made += 1
        for code, inputs in _inputs(len(_required(module.forward))):
            if _called(module, inputs) is not None:
                arguments = ", ".join(map(repr, values))
                return [f"module = {name}({arguments})", f"check_module(module, {code})"]
    what = (
        "its instances take none of the arrays that were tried" if made else "no arguments were found to make it with"
    )
    raise TypeError(f"{name} is a module, but {what}: write the test by hand, check_module({name}(...), x)")


def _required(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments without a default; of those that any number may be given of, one."""
    parameters = inspect.signature(function).parameters.values()
    named = [
        p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return named or [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]


def _inputs(count: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield inputs to try, as text and as arrays: numbers first, then labels."""
    for shape in SHAPES:
        random = np.random.default_rng(0)
        code = ", ".join([f"random.normal(size={shape})"] * count)
        yield code, [random.normal(size=shape) for _ in range(count)]
    for shape in SHAPES[1:3]:
        random = np.random.default_rng(0)
        code = ", ".join([f"random.integers(0, {SIDE}, {shape})"] * count)
        yield code, [random.integers(0, SIDE, shape) for _ in range(count)]


def _called(function: Callable[..., Any], values: Any) -> Any:
    """Return what a call gives; None if it refuses the values."""
    with contextlib.suppress(Exception):  # whatever is wrong with them: other values are tried
        return function(*values)
    return None
