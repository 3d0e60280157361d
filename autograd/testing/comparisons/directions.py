"""Directions in which all inputs of a point move together, and sums along them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..subjects.subject import Array, parts
from .point import Point, parts_each


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
    moves: list[Array | None] = []
    for x, length, sign in zip(point.arrays, lengths, signs, strict=True):
        numbers = length * sign
        moves.append((numbers[0::2] + 1j * numbers[1::2] if parts_each(x) == 2 else numbers).reshape(x.shape))
    return moves


def product(gradient: Array, move: Array | None) -> float:
    """Return the inner product of a gradient and a direction."""
    return float(np.sum(products(gradient, move)))


def products(gradient: Array, move: Array | None) -> Array:
    """Return the product of each gradient and how its element moves; where nothing moves, it may be infinite."""
    if move is None:
        return np.zeros(gradient.shape)
    with np.errstate(all="ignore"):
        return np.asarray((np.conjugate(np.where(move == 0, 0.0, gradient)) * move).real)
