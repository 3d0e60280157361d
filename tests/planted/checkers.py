"""The checkers that are measured: each is called as a user would call it for an operation of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import autograd
from autograd.testing import arrays, broadcastable_arrays, check_operation

from .subjects import Function, Subject

__all__ = ["CHECKERS", "Counter"]


@dataclass
class Counter:
    """Counts the examples that a checker has looked at."""

    examples: int = 0

    def count(self) -> None:
        self.examples += 1


Checker = Callable[[Function, Subject, Counter], None]


def gradcheck(function: Function, subject: Subject, counter: Counter) -> None:
    """Check gradients at one typical place."""
    counter.count()
    autograd.gradcheck(function, list(subject.inputs))


def gradgradcheck(function: Function, subject: Subject, counter: Counter) -> None:
    """Check gradients and second derivatives at one typical place."""
    gradcheck(function, subject, counter)
    autograd.gradgradcheck(function, list(subject.inputs))


def check_operation_at_drawn_places(function: Function, subject: Subject, counter: Counter) -> None:
    """Check with the five lines of ``docs/howto/gradcheck.md``: Hypothesis draws float64 arrays of any shape."""

    @settings(
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(_inputs(subject))
    def test(inputs: tuple[Any, ...]) -> None:
        assume(_accepts(function, inputs))
        counter.count()
        check_operation(function, *inputs)

    test()


def _inputs(subject: Subject) -> st.SearchStrategy[tuple[Any, ...]]:
    limits = [subject.limits(i) for i in range(len(subject.inputs))]
    if subject.signature is None and len(limits) > 1 and not subject.same_shapes:
        return broadcastable_arrays(*limits)
    return _of_signature(subject) if subject.signature else _of_one_shape(subject)


@st.composite
def _of_one_shape(draw: st.DrawFn, subject: Subject) -> tuple[Any, ...]:
    first = draw(arrays(between=subject.limits(0), distinct=not subject.elementwise, offset=0.25))
    rest = [draw(arrays(first.shape, between=subject.limits(i))) for i in range(1, len(subject.inputs))]
    return (first, *rest)


@st.composite
def _of_signature(draw: st.DrawFn, subject: Subject) -> tuple[Any, ...]:
    names = sorted({axis for axes in subject.core for axis in axes})
    side = st.integers(1, 3 if len(subject.core[0]) < 4 else 2)
    sizes = {name: int(name) if name.isdigit() else draw(side) for name in names}
    shapes = [tuple(sizes[axis] for axis in axes) for axes in subject.core]
    return tuple(
        draw(arrays(shape, between=subject.limits(i), distinct=math.prod(shape) <= 64, offset=0.3 + i / 7))
        for i, shape in enumerate(shapes)
    )


def _accepts(function: Function, inputs: tuple[Any, ...]) -> bool:
    """Tell whether the operation is defined there."""
    try:
        return bool(np.all(np.isfinite(function(*inputs))))
    except (ValueError, TypeError, IndexError):
        return False


def check(function: Function, subject: Subject, counter: Counter) -> None:
    """Check with the three lines of ``autograd.testing.check``."""
    from autograd.testing import check as check_everything

    bounded = any(np.isfinite(limit) for interval in subject.domain for limit in interval)
    check_everything(
        function,
        like=subject.inputs,
        signature=subject.signature,
        domain=subject.domain if bounded else None,
        keywords={name: list(values) for name, values in subject.keywords.items()},
        seed=0,
        profile="default",
    )


CHECKERS: dict[str, Checker] = {
    "gradcheck": gradcheck,
    "gradgradcheck": gradgradcheck,
    "check_operation": check_operation_at_drawn_places,
    "check": check,
}
