"""The two spellings of what draws at random: ``seed=``, and ``rng=`` as SciPy and scikit-image have it (SPEC 7)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from datasets.errors import ArgumentError

# Texts: numpy.random takes longer to load than this package.
Seed: TypeAlias = "int | np.random.Generator | None"
Rng: TypeAlias = "int | np.random.Generator | np.random.BitGenerator | np.random.SeedSequence | None"


def drawn_with(seed: Seed, rng: Rng) -> np.random.Generator:
    """Return the generator that `rng`, or else `seed`, stands for."""
    if rng is None:
        return np.random.default_rng(seed)
    if seed not in (None, 0):  # the defaults
        raise ArgumentError(f"Both seed={seed} and rng={rng} are given, two names of one thing: leave one out.")
    return np.random.default_rng(rng)
