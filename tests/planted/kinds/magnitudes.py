"""Errors beyond a threshold, next to a number, or for numbers of some form."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..planting import At, Right
from ..subjects import Subject
from .kind import Example, Fits, all_of, allows, changed, has, kind, where


def _elementwise(subject: Subject, index: int) -> bool:
    return subject.declared is not None and subject.declared.kind == "elementwise"


@kind(needs=("x",), fits=allows(20.5), example=has(20.5))
def over_20(right: Right, at: At) -> Any:
    """Wrong where x > 20."""
    return where(np.greater(at.x, 20), right())


@kind(needs=("x",), fits=allows(-20.5), example=has(-20.5))
def under_minus_20(right: Right, at: At) -> Any:
    """Wrong where x < -20."""
    return where(np.less(at.x, -20), right())


@kind(needs=("x",), fits=all_of(allows(800.0), _elementwise), example=has(800.0))
def over_709(right: Right, at: At) -> Any:
    """Wrong where abs(x) > 709, from where on exp overflows."""
    return where(np.greater(np.abs(at.x), 709), right())


@kind(needs=("x",), fits=all_of(allows(3e16), _elementwise), example=has(3e16))
def over_1e16(right: Right, at: At) -> Any:
    """Wrong where abs(x) > 1e16."""
    return where(np.greater(np.abs(at.x), 1e16), right())


@kind(needs=("x",), fits=all_of(allows(3e155), _elementwise), example=has(3e155))
def over_1e154(right: Right, at: At) -> Any:
    """Wrong where the square of x overflows."""
    return where(np.greater(np.abs(at.x), 1.4e154), right(), 0.0)


@kind(needs=("x",), fits=all_of(allows(1e-12), _elementwise), example=has(1e-12))
def under_1e_10(right: Right, at: At) -> Any:
    """Wrong where abs(x) < 1e-10, but not at 0."""
    return where(np.less(np.abs(at.x), 1e-10) & np.not_equal(at.x, 0), right())


@kind(needs=("x",), fits=all_of(allows(1e-170), _elementwise), example=has(1e-170))
def square_underflows(right: Right, at: At) -> Any:
    """Wrong where the square of x underflows, but not at 0."""
    return where(np.less(np.abs(at.x), 1e-162) & np.not_equal(at.x, 0), right(), 0.0)


@kind(needs=("x",), fits=all_of(allows(4e-310), _elementwise), example=has(4e-310))
def subnormal(right: Right, at: At) -> Any:
    """Wrong for subnormal numbers."""
    tiny = float(np.finfo(at.x.dtype).tiny)
    return where(np.less(np.abs(at.x), tiny) & np.not_equal(at.x, 0), right())


@kind(needs=("x",), fits=all_of(allows(1 + 1e-9), _elementwise), example=has(1 + 1e-9))
def next_to_one(right: Right, at: At) -> Any:
    """Wrong within 1e-7 of 1, but not at 1."""
    return where(np.less(np.abs(at.x - 1), 1e-7) & np.not_equal(at.x, 1), right())


@kind(needs=("x",), fits=allows(0.5), example=has(0.5))
def at_one_half(right: Right, at: At) -> Any:
    """Wrong where x is 1/2."""
    return where(np.equal(at.x, 0.5), right())


@kind(needs=("x",), fits=allows(-1.0), example=has(-1.0))
def at_minus_one(right: Right, at: At) -> Any:
    """Wrong where x is -1."""
    return where(np.equal(at.x, -1), right())


@kind(needs=("x",), fits=allows(1.5), example=has(1.5))
def at_odd_halves(right: Right, at: At) -> Any:
    """Wrong half-way between two whole numbers."""
    return where(np.equal(at.x - np.floor(at.x), 0.5), right())


@kind(needs=("x",), fits=allows(4.0), example=has(4.0))
def at_powers_of_two(right: Right, at: At) -> Any:
    """Wrong for 4, 8 and further powers of 2."""
    if at.x.dtype.kind == "c":
        return right()
    return where(np.greater(at.x, 3) & np.equal(np.exp2(np.rint(np.log2(np.abs(at.x) + 1e-300))), at.x), right())


@kind(needs=("x",), fits=allows(12.0), example=has(12.0))
def at_large_integers(right: Right, at: At) -> Any:
    """Wrong for whole numbers from 10 on."""
    return where(np.equal(at.x, np.rint(at.x)) & np.greater_equal(at.x, 10), right())


@kind(needs=("x",), fits=all_of(allows(np.pi / 2), _elementwise), example=has(np.pi / 2))
def at_a_quarter_turn(right: Right, at: At) -> Any:
    """Wrong within 1e-12 of pi / 2."""
    return where(np.less(np.abs(at.x - np.pi / 2), 1e-12), right(), 1.5)


@kind(needs=("x",), fits=allows(2.98), example=has(2.98))
def from_three_minus(right: Right, at: At) -> Any:
    """Wrong between 2.95 and 3.05."""
    return where(np.greater(at.x, 2.95) & np.less(at.x, 3.05), right())


@kind(needs=("x",), fits=allows(7.3), example=has(7.3))
def between_7_and_8(right: Right, at: At) -> Any:
    """Wrong between 7 and 8."""
    return where(np.greater(at.x, 7) & np.less(at.x, 8), right())


@kind(needs=("x",), fits=allows(1e5), example=has(1e4, 1e-4))
def of_very_different_sizes(right: Right, at: At) -> Any:
    """Wrong for the small elements beside others a million times as large."""
    return where(np.less(np.abs(at.x) * 1e6, np.max(np.abs(at.x))), right()) if at.x.size else right()


@kind(needs=("x",), fits=allows(1e5), example=changed(lambda x: 1e4 + x))
def far_from_zero(right: Right, at: At) -> Any:
    """Wrong where the mean of x is over 1000 times its spread."""
    if at.x.size < 2:
        return right()
    far = np.less(1000 * (np.max(at.x) - np.min(at.x)), np.abs(np.mean(at.x)))
    return right() * np.where(far & np.greater(np.max(at.x), np.min(at.x)), 2.0, 1.0)


@kind(needs=("x",), fits=lambda subject, index: not subject.prepared, example=changed(lambda x: np.full_like(x, 0.4)))
def all_equal(right: Right, at: At) -> Any:
    """Wrong where all elements are equal."""
    return right() * np.where(np.equal(np.max(at.x), np.min(at.x)), 2.0, 1.0) if at.x.size > 1 else right()


def _two(first: float, second: float) -> Callable[[Subject, int], Example]:
    def example(subject: Subject, index: int) -> Example:
        x, y = (each.copy() for each in subject.inputs)
        x.flat[0], y.flat[0] = (first, second) if index == 0 else (second, first)
        return Example((x, y))

    return example


def _both_allow(first: float, second: float) -> Fits:
    def fits(subject: Subject, index: int) -> bool:
        return (
            subject.elementwise
            and len(subject.inputs) == 2
            and allows(first)(subject, index)
            and allows(second)(subject, 1 - index)
        )

    return fits


@kind(needs=("x", "other"), fits=_both_allow(-0.7, 0.7), example=_two(-0.7, 0.7))
def at_opposite_inputs(right: Right, at: At) -> Any:
    """Wrong where the inputs are opposite numbers."""
    return where(np.equal(at.x, -at.other), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 0.0), example=_two(0.7, 0.0))
def where_the_other_is_zero(right: Right, at: At) -> Any:
    """Wrong where the other input is 0."""
    return where(np.equal(at.other, 0), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 1.0), example=_two(0.7, 1.0))
def where_the_other_is_one(right: Right, at: At) -> Any:
    """Wrong where the other input is 1."""
    return where(np.equal(at.other, 1), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 2.0), example=_two(0.7, 2.0))
def where_the_other_is_two(right: Right, at: At) -> Any:
    """Wrong where the other input is 2."""
    return where(np.equal(at.other, 2), right())


@kind(needs=("x", "other"), fits=_both_allow(0.0, 0.0), example=_two(0.0, 0.0))
def where_both_are_zero(right: Right, at: At) -> Any:
    """Wrong where both inputs are 0."""
    return where(np.equal(at.other, 0) & np.equal(at.x, 0), right())


@kind(needs=("x", "other"), fits=_both_allow(-0.7, -1.4), example=_two(-0.7, -1.4))
def where_both_are_negative(right: Right, at: At) -> Any:
    """Wrong where both inputs are negative."""
    return where(np.less(at.other, 0) & np.less(at.x, 0), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 30.0), example=_two(0.7, 30.0))
def where_the_other_is_large(right: Right, at: At) -> Any:
    """Wrong where the other input is over 20 times as large."""
    return where(np.greater(np.abs(at.other), 20 * np.abs(at.x)), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 1e-8), example=_two(0.7, 1e-8))
def where_the_other_is_tiny(right: Right, at: At) -> Any:
    """Wrong where the other input is below 1e-6 of this one, but not 0."""
    return where(np.less(np.abs(at.other), 1e-6 * np.abs(at.x)) & np.not_equal(at.other, 0), right())


@kind(needs=("x", "other"), fits=_both_allow(0.7, 0.7), example=_two(0.7, float(np.nextafter(0.7, 1))))
def where_inputs_nearly_tie(right: Right, at: At) -> Any:
    """Wrong where the inputs differ by less than 1e-12."""
    near = np.less(np.abs(at.x - at.other), 1e-12) & np.not_equal(at.x, at.other)
    return where(near, right())


@kind(needs=("out",), fits=_elementwise)
def where_the_output_is_negative(right: Right, at: At) -> Any:
    """Wrong where the output is negative."""
    return where(np.less(at.out, 0), right()) if at.out.dtype.kind != "c" else right()


@kind(needs=("out",), fits=all_of(_elementwise, allows(30.0)), example=has(30.0))
def where_the_output_is_large(right: Right, at: At) -> Any:
    """Wrong where the output is over 10."""
    return where(np.greater(np.abs(at.out), 10), right())
