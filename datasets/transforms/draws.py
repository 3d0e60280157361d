"""Random numbers from a seed for each image: those of all images of a batch at once.

The numbers are those of SplitMix64. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
OOPSLA 2014.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Seeds: TypeAlias = NDArray[np.uint64]

_STEP = 0x9E3779B97F4A7C15
_GOLDEN = np.uint64(_STEP)


def derived(seeds: Seeds, number: int) -> Seeds:
    """Return other seeds, one for each seed: those of a purpose that has this number."""
    return _mixed(seeds + np.uint64(_STEP * (number + 1) % 2**64))


def seeds_of(seed: int, epoch: int, rows: NDArray[np.intp]) -> Seeds:
    """Return the seeds of rows of a dataset in an epoch."""
    of_epoch = derived(derived(np.array([seed % 2**64], np.uint64), seed >> 64), epoch)
    return _mixed(_mixed(rows.astype(np.uint64) * _GOLDEN + of_epoch) + of_epoch)


def uniforms(seeds: Seeds, count: int, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """Return numbers from `low` to below `high`, shape ``(n, count)``."""
    places = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
    numbers = (_mixed(seeds[:, None] + places) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers * (high - low) + low


def _mixed(words: Seeds) -> Seeds:
    with np.errstate(over="ignore"):
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return words ^ (words >> np.uint64(31))
