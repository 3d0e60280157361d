"""What a kind of error is, and how kinds are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..planting import Planted
from ..subjects import Array, Function, Subject

__all__ = ["KINDS", "Example", "Kind", "all_of", "allows", "changed", "forward_kind", "has", "kind", "typical", "where"]

Fits = Callable[[Subject, int], bool]


@dataclass(frozen=True)
class Example:
    """A place at which an error shows: inputs, keywords, and how the gradient of the output is made and lies in memory.

    `cotangent` takes ordinary numbers in C order.
    """

    inputs: tuple[Array, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    cotangent: Callable[[Array], Array] = lambda array: array

    def with_input(self, index: int, array: Array) -> Example:
        return replace(self, inputs=tuple(array if i == index else x for i, x in enumerate(self.inputs)))


@dataclass(frozen=True)
class Kind:
    """A kind of error.

    Attributes
    ----------
    name, group, summary
        What it is called, what it is about, and what it does.
    error
        The error that is planted.
    fits
        Whether it can be planted at an input of an operation.
    example
        A place at which it may show there.
    probe
        What is looked at to see it; see `showing`.
    """

    name: str
    group: str
    summary: str
    error: Planted
    fits: Fits
    example: Callable[[Subject, int], Example]
    probe: str


KINDS: dict[str, Kind] = {}


def typical(subject: Subject, index: int) -> Example:
    return Example(subject.inputs)


def changed(change: Callable[[Array], Array]) -> Callable[[Subject, int], Example]:
    """Return an example with the input changed that the rule is for."""
    return lambda subject, index: Example(subject.inputs).with_input(index, change(subject.inputs[index]))


def allows(*values: float) -> Fits:
    """Tell whether the input may have these values, none of them at a kink, and is given as it is."""

    def fits(subject: Subject, index: int) -> bool:
        low, high = subject.domain[index]
        return all(low < v < high and v not in subject.kinks for v in values) and not subject.prepared

    return fits


def has(*values: float) -> Callable[[Subject, int], Example]:
    """Return an example in which the first elements have these values."""

    def change(x: Array) -> Array:
        x = x.copy()
        x.flat[: len(values)] = values
        return x

    return changed(change)


def all_of(*conditions: Fits) -> Fits:
    return lambda subject, index: all(condition(subject, index) for condition in conditions)


def _anywhere(subject: Subject, index: int) -> bool:
    return True


def kind(
    *,
    needs: tuple[str, ...] = (),
    fits: Fits = _anywhere,
    example: Callable[[Subject, int], Example] = typical,
    probe: str = "gradient",
    **details: Any,
) -> Callable[[Function], Function]:
    """Decorate a wrong rule, a function of the right rule and what it was called with; its docstring says what it does.

    The name of the function is that of the kind, and its module that of the group.
    """

    def register(rule: Function) -> Function:
        takes_inputs = "x" in needs or "other" in needs

        def may(subject: Subject, index: int) -> bool:
            if takes_inputs and subject.variadic:
                return False
            if "other" in needs and (
                subject.declared is None or [len(subject.declared.rules), len(subject.inputs)] != [2, 2]
            ):
                return False
            return fits(subject, index)

        _add(rule, Planted(rule=rule, needs=needs, **details), may, example, probe)
        return rule

    return register


def forward_kind(
    *,
    fits: Fits = _anywhere,
    example: Callable[[Subject, int], Example] = typical,
    probe: str = "value",
) -> Callable[[Function], Function]:
    """Decorate a wrong function of the right one, its arguments and what the error remembers."""

    def register(forward: Function) -> Function:
        def may(subject: Subject, index: int) -> bool:
            return subject.declared is not None and index == 0 and fits(subject, index)

        _add(forward, Planted(forward=forward), may, example, probe)
        return forward

    return register


def _add(function: Function, error: Planted, fits: Fits, example: Any, probe: str) -> None:
    name, group = function.__name__, function.__module__.rpartition(".")[2]
    assert name not in KINDS, name
    KINDS[name] = Kind(name, group, str(function.__doc__), error, fits, example, probe)


def add(name: str, group: str, summary: str, error: Planted, fits: Fits, probe: str) -> None:
    """Add a kind that is no wrong function."""
    assert name not in KINDS, name
    KINDS[name] = Kind(name, group, summary, error, fits, typical, probe)


def where(mask: Any, gx: Any, factor: float = 2.0) -> Any:
    """Return a gradient that is wrong by a factor where `mask` holds."""
    return np.where(mask, gx * factor, gx)
