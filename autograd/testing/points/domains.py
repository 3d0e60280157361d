"""Domains: where a function takes its inputs from, found out by asking it.

A function is tried on plain arrays. A domain is the widest of some intervals on which it returns finite real numbers;
for a function of one input that computes elementwise, the intervals between the numbers that it takes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..subjects.refusals import REFUSALS
from ..subjects.subject import Array, listed, quiet

Interval = tuple[float, float]

WIDEST = 1e12
# From wide to narrow, those of both signs first: what overflows for large numbers takes negative ones too. The limits
# themselves are left out, apart from 0 where both sides of it are in.
CANDIDATES: tuple[Interval, ...] = (
    (-WIDEST, WIDEST), (-700.0, 700.0), (-20.0, 20.0), (0.0, WIDEST), (1.0, WIDEST), (-3.0, 3.0), (0.0, 20.0),
    (-1.0, 1.0), (1.0, 20.0), (0.0, 1.0), (-WIDEST, 0.0), (-20.0, 0.0),
)  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """Intervals of numbers, none of which overlap."""

    intervals: tuple[Interval, ...]

    def contains(self, x: Array) -> Array:
        """Tell which numbers lie within, limits excluded; beyond `WIDEST` there is none."""
        inside: Array = np.any(
            [((low < x) | (low <= -WIDEST)) & ((x < high) | (high >= WIDEST)) for low, high in self.intervals], axis=0
        )
        return inside

    def within(self, low: float, high: float) -> Domain:
        """Return the part between two limits; all of it, if nothing is there."""
        cut = ((max(a, low), min(b, high)) for a, b in self.intervals)
        kept = tuple((a, b) for a, b in cut if a < b)
        return Domain(kept) if kept else self

    def lattice(self, count: int) -> Array:
        """Return evenly spaced numbers of the intervals, in each about as many as its length deserves."""
        lengths = [min(high, 1e15) - max(low, -1e15) for low, high in self.intervals]
        shares = [max(1, round(count * length / sum(lengths))) for length in lengths]
        return np.concatenate(
            [
                low + (np.arange(n) + 0.5) * (length / n)
                for (low, _), n, length in zip(self.intervals, shares, lengths, strict=True)
            ]
        )


def accepted(function: Callable[..., object], arrays: Sequence[Array], most: float = np.inf) -> bool:
    """Tell whether the function takes these arrays and returns finite numbers, real ones for real inputs.

    A function of sequences may return nothing, or the integer 0, where there are no elements. `most` is how many
    elements it may return.
    """
    real = all(x.dtype.kind == "f" for x in arrays)
    outputs = outputs_of(function, arrays) or ()
    return (
        sum(y.size for y in outputs) <= most
        and any(y.dtype.kind in "fc" for y in outputs)
        and all(
            y.dtype.kind in "fciub" and np.all(np.isfinite(y)) and not (real and y.dtype.kind == "c") for y in outputs
        )
    )


def outputs_of(function: Callable[..., object], arrays: Sequence[Array]) -> list[Array] | None:
    """Return what the function returns for plain arrays, or None if it refuses them."""
    try:
        with quiet():
            return [np.asarray(y) for y in listed(function(*(np.array(x) for x in arrays)))]
    except REFUSALS:
        return None


def domains_of(
    function: Callable[..., object], shapes: Sequence[Sequence[tuple[int, ...]]], count: int
) -> list[Domain] | None:
    """Return the widest domains, one for each input, on which the function is finite and real, if there are any."""
    if count == 1:
        found = _by_element(function)
        if found is not None:
            return [found]
    random = np.random.default_rng(0)
    for intervals in _combinations(count):
        domains = [Domain((interval,)) for interval in intervals]
        tries = (
            accepted(function, [_anywhere(d, shape, random) for d, shape in zip(domains, each, strict=True)])
            for each in itertools.islice(itertools.cycle(shapes), 12)
        )
        if all(tries):
            return domains
    return None


def _combinations(count: int) -> Iterator[tuple[Interval, ...]]:
    """Yield a candidate for each input, the widest first, for all inputs alike before one differs from another."""
    if count > 3:
        yield from ((one,) * count for one in CANDIDATES)
        return
    ranked = sorted(itertools.product(range(len(CANDIDATES)), repeat=count), key=lambda each: (sum(each), max(each)))
    for each in ranked[:400]:
        yield tuple(CANDIDATES[i] for i in each)


def _anywhere(domain: Domain, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Return numbers of all sizes."""
    low, high = domain.intervals[0]
    numbers = 10.0 ** random.uniform(-6, np.log10(max(abs(low), abs(high))), shape) * random.choice([-1.0, 1.0], shape)
    even = random.uniform(low, high, shape)
    mixed = np.where((low < numbers) & (numbers < high) & random.choice([False, True], shape), numbers, even)
    return np.asarray(mixed)


def _probes() -> Array:
    beyond = 10.0 ** np.concatenate([np.arange(-300, -12, 16), np.arange(16, 309, 4)])
    sizes = np.concatenate([beyond, 10.0 ** np.arange(-12, 13), 10.0 ** np.linspace(-3, 3, 37)])
    near_one = 1 + np.concatenate([10.0 ** np.arange(-12, 0), -(10.0 ** np.arange(-12, 0))])
    positive = np.concatenate([sizes, near_one, np.arange(1, 96) / 16 + 1 / 64, [88.0, 88.8, 300.0, 700.0, 709.7]])
    return np.unique(np.concatenate([positive, -positive, [0.0]]))


def _by_element(function: Callable[..., object]) -> Domain | None:
    """Return where an elementwise function of one input is finite; None if it is not elementwise, or nowhere finite."""
    probes = _probes()
    together, backwards = outputs_of(function, [probes]), outputs_of(function, [probes[::-1]])
    if together is None or backwards is None or any(y.shape != probes.shape for y in (*together, *backwards)):
        return None
    if not all(np.array_equal(y, z[::-1], equal_nan=True) for y, z in zip(together, backwards, strict=True)):
        return None
    if any(y.dtype.kind not in "fiub" for y in together):
        return None
    fine = np.all([np.isfinite(y) for y in together], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], fine, [False]]).astype(int)))
    runs = [(probes[start], probes[stop - 1]) for start, stop in edges.reshape(-1, 2) if stop - start > 2]
    if not runs:
        return None
    # Poles lie between two probes: what is one interval may be several, but no number of it is refused.
    return Domain(tuple((float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf))) for low, high in runs))
