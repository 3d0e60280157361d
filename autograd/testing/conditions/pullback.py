"""The gradients of a function at a point, and how far those of other calls may be from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autograd import GradientCheckError

from ..points.layouts import read_only
from ..subjects.refusals import failing
from ..subjects.subject import Array, Subject, array_of, is_recorded, normal, precision_of, quiet, widened

NARROW = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


class RoundingError(GradientCheckError):
    """A gradient that is off by more than roundings of its operation; between several, digits may have cancelled.

    `arrays` are the inputs, in the dtypes in which that was found.
    """

    def __init__(self, message: str, arrays: Sequence[Array], pair: tuple[Any, Any] | None = None) -> None:
        super().__init__(message, pair=pair)
        self.arrays = arrays


ROUNDING = 64.0  # how many roundings, relative to the largest gradient, results may differ by


class Pullback:
    """The gradients of a function at a point, for cotangents that are drawn once, and how sensitive they are.

    Where the outputs have the same shapes as those of another point, `like`, its cotangents are taken instead.
    """

    def __init__(self, subject: Subject, arrays: Sequence[Array], seed: int = 1, like: Pullback | None = None) -> None:
        self.subject, self.arrays = subject, list(arrays)
        self.random = np.random.default_rng(seed)
        self.inputs = subject.inputs(self.arrays)
        with quiet():
            self.outputs = subject.apply(self.inputs)
        self.values = [np.asarray(array_of(y)) for y in self.outputs]
        self.cotangents: list[Array]
        if like is not None and [w.shape for w in like.cotangents] == [y.shape for y in self.values]:
            self.cotangents = [np.asarray(w, y.dtype) for w, y in zip(like.cotangents, self.values, strict=True)]
        else:
            self.cotangents = [drawn(self.random, y) for y in self.values]
        with failing("computing the gradient"):
            self.found = self.pulled(self.cotangents)

    @property
    def is_recorded(self) -> bool:
        """Whether a graph leads from an output to an input."""
        return any(map(is_recorded, self.outputs))

    def pulled(self, cotangents: Sequence[Array]) -> list[Array]:
        """Return the gradients for these cotangents."""
        with quiet():
            return self.subject.pulled(self.inputs, self.outputs, cotangents)

    def anew(self, arrays: Sequence[Array], cotangents: Sequence[Array] | None = None) -> list[Array]:
        """Return the gradients at other arrays, or for the same in another layout."""
        inputs = [self.subject.laid_out(x, a) for x, a in zip(self.inputs, arrays, strict=True)]
        given = self.cotangents if cotangents is None else cotangents
        with quiet():
            return self.subject.pulled(inputs, self.subject.apply(inputs), given)

    def name(self, i: int) -> str:
        """Return what the input is called, as the beginning of a sentence about its gradient."""
        return f"the gradient of {self.subject.names[i]}"

    @cached_property
    def epsilon(self) -> float:
        """The precision of the least precise array that takes part."""
        return precision_of(*self.arrays, *self.cotangents)

    def _nearby(self, arrays: Sequence[Array], cotangents: Sequence[Array]) -> list[Array]:
        """Return the gradients at arrays that differ by roundings; infinity, if the function refuses these."""
        try:
            return self.anew(arrays, cotangents)
        except (ArithmeticError, ValueError):
            return [np.full(x.shape, np.inf) for x in self.arrays]

    @cached_property
    def limits(self) -> list[Array]:
        """How far each gradient may be off, in the precision of the arrays."""
        return self.allowance(self.epsilon)

    def allowance(self, epsilon: float, by_size: bool = True) -> list[Array]:
        """Return how far each gradient may be off, if it is computed with this precision.

        That is what changes of the inputs by some roundings make of it, and the rounding of a sum of terms as large as
        the largest gradient. Elements change by roundings of their own, equal ones alike; without `by_size` by those of
        the largest one, as matrices do in a decomposition.
        """
        changes = [np.zeros(g.shape) for g in self.found]
        for _ in range(2):
            moved = perturbed(self.arrays, 4 * epsilon, self.random)
            if not by_size:
                signs = [self.random.choice([-1.0, 1.0], x.shape) for x in moved]
                moved = [np.asarray(x + epsilon * largest(x) * s, x.dtype) for x, s in zip(moved, signs, strict=True)]
            given = perturbed(self.cotangents, 4 * epsilon, self.random)
            for change, g, h in zip(changes, self.found, self._nearby(moved, given), strict=True):
                with np.errstate(all="ignore"):
                    np.fmax(change, np.abs(np.subtract(g, h)), out=change)
        return [30 * change + limit for change, limit in zip(changes, self.rounding(epsilon), strict=True)]

    def rounding(self, epsilon: float) -> list[Array]:
        """Return what the rounding of a sum of terms makes of each gradient."""
        most = largest(*(w * y for w, y in zip(self.cotangents, self.values, strict=True)))
        limits = []
        for x, g in zip(self.arrays, self.found, strict=True):
            with np.errstate(all="ignore"):
                floor = np.fmin(most / np.abs(x), largest(*self.cotangents))
                limits.append(ROUNDING * epsilon * (largest(g) + np.nan_to_num(floor)))
        return limits


def largest(*arrays: Array) -> float:
    """Return the size of the largest of all finite numbers; 0 if there is none."""
    return max((float(np.max(np.abs(a), initial=0.0, where=np.isfinite(a))) for a in arrays), default=0.0)


def drawn(random: np.random.Generator, like: Array) -> Array:
    """Return a cotangent of random numbers, which cannot be written to."""
    return read_only(np.asarray(normal(random, like), like.dtype))


def perturbed(arrays: Sequence[Array], amount: float, random: np.random.Generator) -> list[Array]:
    """Return copies changed by a relative `amount`, upwards or downwards; equal elements change alike."""
    numbers = np.concatenate([widened(x).reshape(-1) for x in arrays]) if arrays else np.zeros(0)
    distinct, where = np.unique(numbers, return_inverse=True)
    factors = (1 + amount * random.choice([-1.0, 1.0], distinct.size))[where]
    pieces = np.split(numbers * factors, np.cumsum([x.size for x in arrays])[:-1]) if arrays else []
    return [np.asarray(p.reshape(x.shape), x.dtype) for p, x in zip(pieces, arrays, strict=True)]


def differs(a: Array, b: Array, allowed: Array | float) -> bool:
    """Tell whether two gradients differ by more than is allowed; nan and infinity are equal to themselves."""
    same = np.equal(a, b)
    if same.all():  # as most are
        return False
    with np.errstate(all="ignore"):
        same = same | (np.isnan(a) & np.isnan(b)) | (np.abs(np.subtract(a, b)) <= allowed)
    return not bool(np.all(same))


def refuse_others(pullback: Pullback, found: Sequence[Array], say: Callable[[str, str, str], str]) -> None:
    """Raise if gradients are others than those of the point, by more than these may be off.

    `say` returns the message, for what the first such gradient is called, the one found and that of the point.
    """
    for i, (g, h) in enumerate(zip(pullback.found, found, strict=True)):
        if differs(g, h, 0.0) and differs(g, h, pullback.limits[i]):
            raise RoundingError(say(pullback.name(i), shown(h, g), shown(g, h)), pullback.arrays)


def shown(array: Array, beside: Array | None = None) -> str:
    """Return an array in a line, with all digits if it would else look like the one beside it."""

    def line(array: Array, precision: int) -> str:
        text = np.array2string(array, precision=precision, threshold=8, edgeitems=3, separator=", ")
        return text.replace("\n", "")

    text = line(array, 8)
    return line(array, 17) if beside is not None and text == line(beside, 8) else text
