"""A point: the inputs at which derivatives are compared, the values and tolerances there, and directions from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from ..subjects.subject import Array, Subject, array_of, numbers_of, parts, precision_of, quiet, widened
from .slopes import FIRST_STEPS, RELATIVE, SAFETY, Line, Slope, central_slope, slope

TERM_ROUNDING = 1e-16  # what the rounding of terms leaves nothing of, as in x - tanh(x), relative to them
LEAST = 1e-90  # derivatives below it count as 0: rules take limits at 1e-100

Index = tuple[int, ...]
Moves = Sequence[Array | None]  # by how much each input moves


@dataclass(frozen=True)
class Mismatch:
    """One element of a Jacobian, by the graph and by differences.

    With complex numbers it is the derivative of one part, real or imaginary, with respect to one part.

    Attributes
    ----------
    input, index
        The input, and the index of its element; None if only a random direction was checked. In `gradgradcheck` the
        inputs are followed by one cotangent for each output.
    output, output_index
        The output, and the index of its element, or None. In `gradgradcheck` the outputs are gradients of the inputs.
    analytic, numeric
        The derivative of that element of the output with respect to that element of the input, by the graph and by
        differences. At a kink, `numeric` is the nearer of the slopes of its two sides.
    error, tolerance
        The distance between the two, and the largest one allowed.
    where
        The inputs and outputs in words.
    """

    input: int
    index: Index | None
    output: int
    output_index: Index | None
    analytic: float
    numeric: float
    error: float
    tolerance: float
    where: str

    def __str__(self) -> str:
        return (
            f"the derivative of {self.where} is {self.analytic:.8g} by the graph but {self.numeric:.8g} by "
            f"differences (error {self.error:.2g}, tolerance {self.tolerance:.2g})"
        )


class Measure(NamedTuple):
    """How differences are taken, and how far the graph's derivatives may be from them; None: as the numbers tell."""

    eps: float | None = None
    atol: float | None = None
    rtol: float | None = None

    def tolerance(self, numeric: Array, error: Array, unit: float = 1.0) -> Any:
        """Return the largest allowed distance from `numeric`, which may itself be off by `error`.

        `unit` is what a derivative of 1 would be, where it is multiplied by a step.
        """
        rtol = RELATIVE if self.rtol is None else self.rtol
        return (self.atol or 0.0) + rtol * np.abs(numeric) + SAFETY * error + LEAST * unit


class Point:
    """A point at which the derivatives of a function are compared, with what it returns there."""

    def __init__(self, subject: Subject, arrays: Sequence[Array] | None = None) -> None:
        self.subject = subject
        self.arrays = [widened(x) for x in (subject.arrays if arrays is None else arrays)]
        self.inputs = subject.inputs(self.arrays)
        with quiet():
            self.outputs = subject.apply(self.inputs)
        self.values = [np.asarray(array_of(y)) for y in self.outputs]
        self.here = numbers_of(self.values)
        self.precision = precision_of(*self.values)

    @cached_property
    def sizes(self) -> list[Array]:
        """The step for each part of each input: the power of two next below its size, or below its neighbours'."""
        return [_size(x.reshape(-1).view(x.real.dtype) if x.size else parts(x)) for x in self.arrays]

    @property
    def lost(self) -> float:
        """What may be lost of a number that is returned as 0: terms of a gradient are as large as the cotangent."""
        return TERM_ROUNDING if self.subject.output_name == "gradient" else 0.0

    def moved(self, moves: Moves, times: float = 1.0) -> list[Array]:
        """Return the inputs, each moved by so many times so much."""
        return [x if v is None else np.asarray(x + times * v) for x, v in zip(self.arrays, moves, strict=True)]

    def line(self, moves: Moves) -> Line:
        """Return the function along the line on which each input moves by so much."""
        limits = [0.02 * np.abs(0 if v is None else v) for v in moves]  # large numbers may stay where they are

        def along(t: float) -> Array:
            moved = []
            for x, v, limit in zip(self.arrays, moves, limits, strict=True):
                if v is None:
                    moved.append(x)
                    continue
                step = t * v
                moved.append(np.asarray(x + step))
                if not (np.abs((moved[-1] - x) - step) <= abs(t) * limit).all():
                    return np.full(self.here.shape, np.nan)
            try:
                return self.subject.numbers(moved)
            except (ArithmeticError, ValueError):  # at a singular matrix, for example
                return np.full(self.here.shape, np.nan)

        return along

    def slope(self, moves: Moves, measure: Measure, steps: Sequence[int] = FIRST_STEPS) -> Slope:
        """Return the derivative of all numbers along that line."""
        line = self.line(moves)
        if measure.eps is not None:
            return central_slope(line, self.here, measure.eps, self.precision)
        return slope(line, self.here, self.precision, steps)

    def split(self, numbers: Array) -> list[Array]:
        """Return `numbers`, one for each part of the outputs, as arrays like the outputs."""
        return [_joined(numbers[span], y) for span, y in zip(ranges(self.values), self.values, strict=True)]

    def pulled(self, weights: Array) -> list[Array]:
        """Return the gradients of the inputs for a weight of each part of the outputs."""
        cotangents = [np.asarray(w, y.dtype) for w, y in zip(self.split(weights), self.values, strict=True)]
        return self.subject.pulled(self.inputs, self.outputs, cotangents)

    def label(self, number: int) -> tuple[int, Index]:
        """Return the output and the index of its element that a number belongs to."""
        spans = ranges(self.values)
        k = next(k for k, span in enumerate(spans) if number < span.stop)
        y = self.values[k]
        return k, tuple(map(int, np.unravel_index((number - spans[k].start) // parts_each(y), y.shape)))


def parts_each(array: Array) -> int:
    """Return how many real numbers an element counts as."""
    return 2 if array.dtype.kind == "c" else 1


def ranges(arrays: Sequence[Array]) -> list[slice]:
    """Return where the parts of each array are among those of all."""
    ends = list(accumulate(x.size * parts_each(x) for x in arrays))
    return [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]


def _joined(numbers: Array, like: Array) -> Array:
    """Return an array like another one of its parts, which are in one line."""
    return (numbers[0::2] + 1j * numbers[1::2] if parts_each(like) == 2 else numbers).reshape(like.shape)


def _size(numbers: Array) -> Array:
    """Return the power of two next below each number; for 0, that of the others, or 1."""
    finite = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
    _, exponent = np.frexp(np.where(finite > 0, finite, typical(finite)))
    sizes: Array = np.ldexp(1.0, np.clip(exponent - 1, -900, 900))
    return sizes


def typical(sizes: Array) -> float:
    """Return the middle one of the numbers above 0, to put in the place of others; 1 if there are no others."""
    above = sizes > 0
    return float(np.median(sizes[above])) if np.any(above) and not np.all(above) else 1.0


# Directions in which all inputs of a point move together, and sums along them


def weighted(weights: Array, numbers: Array) -> float:
    """Return the sum of the products, without those of weight 0."""
    return float(np.sum(weights[weights != 0] * numbers[weights != 0]))


def at_random(point: Point, random: np.random.Generator, choices: Sequence[float] | Array = (-1.0, 1.0)) -> list[Array]:
    """Return a sign for each part of each input."""
    return [random.choice(choices, length.shape) for length in point.sizes]


def by_value(point: Point, random: np.random.Generator, choices: Sequence[float] = (-1.0, 1.0)) -> list[Array]:
    """Return a sign for each part of each input, the same for equal ones, opposite for opposite ones, 0 for zeros."""
    numbers = np.concatenate([parts(x) for x in point.arrays])
    distinct, where = np.unique(np.abs(numbers), return_inverse=True)
    signs = random.choice(choices, distinct.size)[where] * np.nan_to_num(np.sign(numbers))
    return np.split(signs, np.cumsum([length.size for length in point.sizes])[:-1])


def signed(point: Point, lengths: Sequence[Array], signs: Sequence[Array]) -> list[Array | None]:
    """Return a direction: of each input, the products of lengths and signs of its parts."""
    return [_joined(length * sign, x) for x, length, sign in zip(point.arrays, lengths, signs, strict=True)]


def product(gradient: Array, move: Array | None) -> float:
    """Return the inner product of a gradient and a direction."""
    return float(np.sum(products(gradient, move)))


def products(gradient: Array, move: Array | None) -> Array:
    """Return the product of each gradient and how its element moves; where nothing moves, it may be infinite."""
    if move is None:
        return np.zeros(gradient.shape)
    with np.errstate(all="ignore"):
        return np.asarray((np.conjugate(np.where(move == 0, 0.0, gradient)) * move).real)
