"""Dispatch: which operation differentiates which NumPy function.

`operations` maps a function to the operation that replaces it when an argument is a tensor; `plain` holds the functions
whose results carry no gradient (comparisons, index searches, predicates): on tensors they return NumPy's results. Most
are declared when a program first calls one of their family: ask `operation_of(np.log2)`, not ``np.log2 in operations``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from ..later import load

operations: dict[Callable[..., Any], Callable[..., Any]] = {}
plain: set[Callable[..., Any]] = set()
# Functions of `plain` whose results hold values of their arguments: they raise in a function being differentiated.
handing_on: set[Callable[..., Any]] = set()
# The replacements of functions that write to their argument.
writers: dict[Callable[..., Any], Callable[..., Any]] = {}
# Node types other than Tensor, and how an elementwise operation applies to them.
fronts: dict[type, Callable[..., Any]] = {}
# The families that are loaded for a function which no other one declares, in the order in which they are tried: `ops`.
further: list[str] = []
_OF_UFUNCS = ("product", "further_elementwise")
_declared: set[str] = set()


def operation_of(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the operation that replaces a function of NumPy, or None."""
    if not _is_declared(function):
        for family in _OF_UFUNCS if isinstance(function, np.ufunc) else further:
            _declare(family)
            if _is_declared(function):
                break
    return operations.get(function)


def is_plain(function: Callable[..., Any]) -> bool:
    """Tell whether a function of NumPy is one whose results carry no gradient."""
    return operation_of(function) is None and function in plain


def _is_declared(function: Callable[..., Any]) -> bool:
    return function in operations or function in plain or function in writers


class DeclaredLater:
    """A method of tensors that is installed when it is first asked for, by a module that is loaded then."""

    def __init__(self, name: str, family: str) -> None:
        self._name, self._family = name, family

    def __get__(self, owner: Any, kind: type) -> Any:
        _declare(self._family)
        return getattr(kind if owner is None else owner, self._name)

    def __set__(self, owner: Any, value: Any) -> None:
        _declare(self._family)
        setattr(owner, self._name, value)


def declare_further_functions() -> None:
    """Declare all functions of NumPy, also those that no program has called yet."""
    for family in further:
        _declare(family)


def _declare(family: str) -> None:
    """Import a module of declarations, or wait for the thread that does."""
    if family not in _declared:
        known = dict(operations)
        load(family)
        operations.update(known)  # what a program has declared itself stays
        _declared.add(family)


def _replaced(name: str, family: str) -> Callable[..., Any]:
    """Return what stands for a function here until it is called: then the module that has it puts it here."""

    def call(*given: Any) -> Any:
        _declare(family)
        return globals()[name](*given)

    return call


# Calls a function whose results carry no gradient.
call_undifferentiated = _replaced("call_undifferentiated", "functions without derivatives")
# Calls an operation with an array to write its result to.
call_into = _replaced("call_into", "functions without derivatives")
# Calls a ufunc with keywords, or one of its methods such as `reduce`.
ufunc_fallback = _replaced("ufunc_fallback", "ufunc_methods")


@cache
def out_and_after(function: Callable[..., Any], names: tuple[str, ...] | None = None) -> tuple[int, tuple[str, ...]]:
    """Return the position of a function's parameter `out`, beyond all others if it has none, and the names after it."""
    if names is None:  # those that may be given by position, where a function in C does not tell them
        try:
            parameters = signature(function).parameters.values()
        except (TypeError, ValueError):
            return sys.maxsize, ()
        names = tuple([p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])
    return (names.index("out"), names[names.index("out") + 1 :]) if "out" in names else (sys.maxsize, ())


def without_out(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """Return the arguments of a call without the array to write its result to, and that array, or None."""
    (position, after), named = out_and_after(function), dict(kwargs)
    if len(args) > position:  # what stands behind it has to be named once it is taken out
        named = {"out": args[position], **dict(zip(after, args[position + 1 :], strict=False)), **kwargs}
        args = args[:position]
    return args, named, named.pop("out", None)


def declare_special_functions() -> None:
    """Declare SciPy's special functions if SciPy is loaded; called for an unknown ufunc, which may be one of them."""
    if "scipy.special" in sys.modules:
        load("special functions")
