"""Errors that show only for some values of the inputs."""

from typing import Any

import numpy as np

from ..planting import At, Right
from ..subjects import Array, Subject
from .kind import Example, all_of, allows, changed, has, kind, where


@kind(needs=("x",), fits=allows(0.0), example=has(0.0))
def at_zero(right: Right, at: At) -> Any:
    """Wrong where x is 0."""
    return where(np.equal(at.x, 0), right())


@kind(needs=("x",), fits=allows(0.0), example=has(-0.0))
def at_negative_zero(right: Right, at: At) -> Any:
    """Wrong where x is -0.0."""
    return where(np.equal(at.x, 0) & np.signbit(at.x), right())


@kind(needs=("x",), fits=allows(1.0), example=has(1.0))
def at_one(right: Right, at: At) -> Any:
    """Wrong where x is 1."""
    return where(np.equal(at.x, 1), right())


@kind(needs=("x",), fits=allows(2.0), example=has(2.0))
def at_integers(right: Right, at: At) -> Any:
    """Wrong where x is a whole number other than 0."""
    return where(np.equal(at.x, np.rint(at.x)) & np.not_equal(at.x, 0), right())


def _tied(x: Array) -> Array:
    x = x.copy()
    x[..., 1] = x[..., 0] = x.max() + 0.1  # so that a maximum is tied
    return x


@kind(needs=("x",), fits=lambda subject, index: not subject.prepared, example=changed(_tied))
def at_ties(right: Right, at: At) -> Any:
    """Wrong where neighbours in a row are equal."""
    if not at.x.ndim or at.x.shape[-1] < 2:
        return right()
    return where(np.equal(at.x, np.roll(at.x, 1, axis=-1)), right())


def _equal_inputs(subject: Subject, index: int) -> Example:
    x = subject.inputs[1]
    return Example((x.copy(), x.copy()))


@kind(needs=("x", "other"), fits=lambda subject, index: subject.elementwise, example=_equal_inputs)
def at_equal_inputs(right: Right, at: At) -> Any:
    """Wrong where both inputs are equal."""
    return where(np.equal(at.x, at.other), right())


@kind(needs=("x",), fits=allows(-0.5), example=has(-0.6))
def where_negative(right: Right, at: At) -> Any:
    """Wrong where x < 0."""
    return where(np.less(at.x, 0), right())


@kind(needs=("x",), fits=allows(150.0), example=has(150.0))
def over_100(right: Right, at: At) -> Any:
    """Wrong where abs(x) > 100."""
    return where(np.greater(np.abs(at.x), 100), right())


@kind(needs=("x",), fits=allows(3e6), example=has(3e6))
def over_1e6(right: Right, at: At) -> Any:
    """Wrong where abs(x) > 1e6."""
    return where(np.greater(np.abs(at.x), 1e6), right())


@kind(needs=("x",), fits=allows(1e-6), example=has(1e-6))
def under_1e_4(right: Right, at: At) -> Any:
    """Wrong where abs(x) < 1e-4, but not at 0."""
    return where(np.less(np.abs(at.x), 1e-4) & np.not_equal(at.x, 0), right())


@kind(needs=("x",), fits=allows(1e-40), example=has(1e-40))
def under_1e_30(right: Right, at: At) -> Any:
    """Wrong where abs(x) < 1e-30, but not at 0."""
    return where(np.less(np.abs(at.x), 1e-30) & np.not_equal(at.x, 0), right())


@kind(needs=("x",), fits=allows(0.52), example=has(0.52))
def in_a_narrow_interval(right: Right, at: At) -> Any:
    """Wrong where 0.5 < x < 0.55."""
    return where(np.greater(at.x, 0.5) & np.less(at.x, 0.55), right())


@kind(needs=("x",))
def at_the_largest(right: Right, at: At) -> Any:
    """Wrong at the largest element of each array."""
    return where(np.equal(at.x, at.x.max()), right()) if at.x.size > 1 else right()


def _edge(subject: Subject, index: int) -> float | None:
    low, high = subject.domain[index]
    return low + 5e-4 if np.isfinite(low) else high - 5e-4 if np.isfinite(high) else None


def _at_edge(subject: Subject, index: int) -> Example:
    edge = _edge(subject, index)
    assert edge is not None
    return has(edge)(subject, index)


@kind(
    needs=("x",),
    fits=lambda subject, index: _edge(subject, index) is not None and np.isinf(subject.domain[index][1]),
    example=_at_edge,
)
def near_the_lower_edge(right: Right, at: At) -> Any:
    """Wrong within 1e-3 of the lower limit of the domain, -1, 0 or 1."""
    return where(
        np.less(np.abs(at.x - np.clip(np.rint(at.x), -1, 1)), 1e-3) & np.not_equal(at.x, np.rint(at.x)), right()
    )


def _opposite(subject: Subject, index: int) -> Example:
    x, y = (np.abs(each) for each in subject.inputs)
    return Example((-x, y) if index == 0 else (x, -y))


@kind(
    needs=("x", "other"),
    fits=lambda subject, index: subject.elementwise and subject.domain[index][0] < 0,
    example=_opposite,
)
def opposite_signs(right: Right, at: At) -> Any:
    """Wrong where the inputs have opposite signs."""
    return where(np.less(at.x, 0) & np.greater(at.other, 0), right())


def _elementwise(subject: Subject, index: int) -> bool:
    """Tell whether an element that is not finite leaves the others as they are."""
    return subject.declared is not None and subject.declared.kind == "elementwise"


@kind(needs=("x",), fits=all_of(allows(1e300), _elementwise), example=has(np.inf))
def next_to_infinity(right: Right, at: At) -> Any:
    """An infinite input makes the gradients of its neighbours nan."""
    return right() + 0 * at.x.sum()


@kind(needs=("x",), fits=_elementwise, example=has(np.nan))
def next_to_nan(right: Right, at: At) -> Any:
    """An input that is nan makes the gradients of its neighbours 0."""
    return where(np.isnan(at.x).any(), right(), 0.0)
