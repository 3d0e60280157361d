"""Plant an error into the rules of an operation, and take it back.

An operation is declared anew, with wrong rules or a wrong function, and what its declaration made is put into the
function that users call, wherever that is known by: NumPy's functions, methods and compositions meet the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.primitives.declare import _form
from autograd.primitives.primitive import Primitive, Rule, argument_names
from autograd.primitives.unary_binary import unary

from .subjects import Function, Subject

__all__ = ["At", "Planted", "Right", "plant"]

Right = Callable[..., Any]


@dataclass(frozen=True)
class At:
    """What a wrong rule or function is called with.

    Attributes
    ----------
    g
        The gradient of the output.
    x, other, out
        The input that the rule is for, the other one and the output, where the kind of error asks for them.
    names
        What the rule calls the inputs and the output.
    kept
        All that the rule named, by name.
    operation
        The declaration.
    state
        What this planted error remembers.
    """

    g: Any
    x: Any
    other: Any
    out: Any
    names: dict[str, str]
    kept: dict[str, Any]
    operation: Primitive
    state: dict[Any, Any]


@dataclass(frozen=True)
class Planted:
    """An error of one kind.

    Attributes
    ----------
    rule
        The wrong gradient, from a function that gives the right one and what the rule is called with.
    forward
        The wrong result, from a function that gives the right one, its arguments and what the error remembers.
    needs
        Which of ``x``, ``other`` and ``out`` the wrong rule needs; `drops` names those of the right one that it
        does not keep.
    declared
        The kind of operation that it is wrongly declared as.
    form
        Makes a wrong class of operation from the right one.
    """

    rule: Callable[[Right, At], Any] | None = None
    forward: Callable[[Right, tuple[Any, ...], dict[Any, Any]], Any] | None = None
    needs: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    declared: str | None = None
    form: Callable[[type[Primitive]], type[Primitive]] | None = None
    state: Callable[[], dict[Any, Any]] = field(default=dict)


@contextmanager
def plant(subject: Subject, error: Planted, index: int = 0) -> Iterator[Function]:
    """Plant `error` into the rule of input `index`; the function that users call is returned."""
    if subject.declared is None:
        yield _tapped(subject.function, error, index)
        return
    right: Any = subject.declared.apply
    wrong: Any = _declared_anew(subject.declared, error, index)
    assert right.__code__ is wrong.__code__
    cells = list(zip(right.__closure__, wrong.__closure__, strict=True))
    held = [(cell, cell.cell_contents) for cell, _ in cells]
    for cell, replacement in cells:
        cell.cell_contents = replacement.cell_contents
    right.operation = wrong.operation
    try:
        yield subject.function
    finally:
        for cell, contents in held:
            cell.cell_contents = contents
        right.operation = subject.declared


def _declared_anew(operation: Primitive, error: Planted, index: int) -> Function:
    """Declare an operation with an error; nothing is registered."""
    state = error.state()
    rules = list(operation.rules)
    if error.rule is not None:
        position = 0 if operation.variadic else index
        rules[position] = _wrong_rule(operation, position, error, state)
    forward = operation.forward if error.forward is None else _wrong_forward(operation, error, state)
    form, build = _form(operation.kind, operation.forward, operation.rules, operation.variadic, False)
    if error.form is not None:
        form = error.form(form)
    wrong = form(
        error.declared or operation.kind,
        operation.function,
        tuple(rules),
        forward=forward,
        name=operation.name,
        variadic=operation.variadic,
    )
    apply: Any = build(wrong)
    apply.operation = wrong
    wrong.apply = apply
    for name, method in getattr(operation, "__dict__", {}).items():  # what a declaration was given afterwards
        if name not in vars(wrong):
            setattr(wrong, name, method)
    return apply  # type: ignore[no-any-return]


def _wrong_rule(operation: Primitive, index: int, error: Planted, state: dict[Any, Any]) -> Rule:
    rule, wrong = operation.rules[index], error.rule
    assert wrong is not None
    own = argument_names(rule)
    roles = _roles(operation, index)
    dropped = [roles[role] for role in error.drops]
    kept = [name for name in own[1:] if name not in operation.passed.union(dropped)]
    kept += [name for role in error.needs if (name := roles[role]) not in kept]
    at_call = [name for name in own if name in operation.passed]
    names = ["g", *kept, *at_call]

    def body(*values: Any) -> Any:
        given = dict(zip(names, values, strict=True))
        given["into"] = None  # what is written there would not be returned

        def right(**changed: Any) -> Any:
            known = {**given, **{roles.get(name, name): value for name, value in changed.items()}}
            return rule(*(known[name] for name in own))

        named = {role: given.get(name) for role, name in roles.items()}
        at = At(given["g"], named.get("x"), named.get("other"), named.get("out"), roles, given, operation, state)
        return wrong(right, at)

    return _with_parameters(names, body, like=rule)


def _roles(operation: Primitive, index: int) -> dict[str, str]:
    if operation.variadic:
        return {"out": "out"}
    inputs = operation.parameters[: len(operation.rules)]
    other = inputs[1 - index] if len(inputs) == 2 else None
    return {"x": inputs[index], "out": "out", **({} if other is None else {"other": other})}


def _wrong_forward(operation: Primitive, error: Planted, state: dict[Any, Any]) -> Function:
    forward, wrong = operation.forward, error.forward
    assert wrong is not None
    made = _with_parameters(
        list(operation.parameters), lambda *args: wrong(forward, args, state), like=operation.rules[0]
    )
    made.__defaults__ = operation.defaults or None
    return made


def _with_parameters(names: list[str], body: Function, like: Rule) -> Function:
    """Return `body` as a function with parameters of these names, which says that it is from the module of `like`."""
    signature = ", ".join(names)
    made: Any = eval(f"lambda {signature}: body({signature})", {"body": body})
    made.__module__ = like.__module__
    return made  # type: ignore[no-any-return]


def _tapped(function: Function, error: Planted, index: int) -> Function:
    """Return a composition whose input has a wrong gradient."""
    tap = Primitive("elementwise", np.positive, (_from_the_library(lambda g: g),), name="tap")
    wrong = _declared_anew(_applied(tap), error, 0)

    def tapped(*inputs: Any, **keywords: Any) -> Any:
        return function(*(wrong(x) if i == index else x for i, x in enumerate(inputs)), **keywords)

    tapped.__name__ = getattr(function, "__name__", "tapped")
    return tapped


def _applied(operation: Primitive) -> Primitive:
    operation.apply = unary(operation)
    return operation


def _from_the_library(rule: Rule) -> Rule:
    rule.__module__ = Primitive.__module__
    return rule
