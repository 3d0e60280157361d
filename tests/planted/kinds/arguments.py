"""Errors of one input among several, and of keyword arguments."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..planting import At, Right
from ..subjects import Subject
from .kind import Example, Fits, kind


def _second(subject: Subject, index: int) -> bool:
    return index == 1 and len(subject.inputs) > 1


@kind(fits=_second)
def second_sign(right: Right, at: At) -> Any:
    """The sign of the gradient of the second input is wrong."""
    return -right()


@kind(fits=_second)
def second_lost(right: Right, at: At) -> Any:
    """The second input has no gradient."""
    return right() * 0.0


@kind(fits=_second)
def second_off_by_1e_3(right: Right, at: At) -> Any:
    """The gradient of the second input is off by one part in a thousand."""
    return right() * 1.001


@kind(fits=lambda subject, index: index == 2)
def third_twice(right: Right, at: At) -> Any:
    """The gradient of the third input is twice too large."""
    return right() * 2.0


def _names(name: str) -> Fits:
    def fits(subject: Subject, index: int) -> bool:
        return (
            subject.declared is not None
            and name in subject.keywords
            and name in subject.declared.needs[0]
            and index == 0
        )

    return fits


def _with(side: int = 3, **keywords: Any) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(subject.draw([(side, side) for _ in subject.inputs]), keywords)


@kind(fits=_names("axis"), example=_with(axis=0))
def first_axis_taken_as_last(right: Right, at: At) -> Any:
    """The rule takes axis 0 to be the last one."""
    first = at.kept["axis"] in (0, (0,)) and at.kept["axis"] is not False
    return right(axis=-1) if first and at.g.ndim else right()


@kind(fits=_names("axis"), example=_with(axis=-1))
def negative_axis(right: Right, at: At) -> Any:
    """Wrong where the axis is counted from the end."""
    axis = at.kept["axis"]
    negative = isinstance(axis, int) and axis < 0
    return right() * 2.0 if negative else right()


@kind(fits=_names("axis"), example=_with(axis=None))
def all_axes(right: Right, at: At) -> Any:
    """Wrong where the axis is None."""
    return right() * 2.0 if at.kept["axis"] is None else right()


@kind(
    needs=("x",),
    fits=lambda subject, index: "keepdims" in subject.keywords and subject.declared is not None,
    example=_with(axis=-1, keepdims=True),
)
def keepdims_wrong(right: Right, at: At) -> Any:
    """Wrong where axes are kept with length 1."""
    return right() * 2.0 if at.g.ndim == at.x.ndim > 0 else right()


@kind(fits=_names("ddof"), example=_with(ddof=1))
def ddof_ignored(right: Right, at: At) -> Any:
    """The rule ignores ddof."""
    return right(ddof=0)


@kind(fits=_names("ord"), example=_with(ord=3))
def ord_ignored(right: Right, at: At) -> Any:
    """The rule takes each norm to be the Euclidean one."""
    return right(ord=2)


def _other_keyword(subject: Subject, index: int) -> Example:
    name, values = next(iter(subject.keywords.items()))
    return replace(_with()(subject, index), keywords={name: values[-1]})


@kind(fits=lambda subject, index: _names(next(iter(subject.keywords), ""))(subject, index), example=_other_keyword)
def keyword_not_default(right: Right, at: At) -> Any:
    """Wrong by 1 percent where the last axis is named."""
    axis = at.kept.get("axis")
    last = isinstance(axis, int | np.integer) and axis in (-1, at.g.ndim)
    return right() * 1.01 if last else right()


@kind(fits=_names("axis"), example=_with(axis=(0, 1)))
def several_axes(right: Right, at: At) -> Any:
    """Wrong where several axes are named."""
    axis = at.kept["axis"]
    return right() * 2.0 if isinstance(axis, tuple) and len(axis) > 1 else right()


@kind(fits=_names("axis"), example=_with(axis=1))
def second_axis(right: Right, at: At) -> Any:
    """Wrong where axis 1 is named."""
    axis = at.kept["axis"]
    return right() * 2.0 if axis is not False and axis in (1, (1,)) else right()


@kind(fits=_names("axis"), example=lambda subject, index: Example(subject.draw([(2, 3, 4)]), {"axis": 0}))
def first_of_three_axes(right: Right, at: At) -> Any:
    """Wrong for the first axis of three."""
    axis = at.kept["axis"]
    return right() * 2.0 if at.g.ndim >= 2 and axis is not False and axis in (0, (0,)) else right()
