"""Random numbers: the one generator that initialization and dropout draw from."""

from __future__ import annotations

import numpy as np

from autograd.extend import restore_in_checkpoints

__all__ = ["chosen_generator", "default_generator", "manual_seed"]

_generator = np.random.default_rng()


def manual_seed(seed: int | None) -> np.random.Generator:
    """Seed the random generator of `nn`, for reproducible draws.

    Parameters
    ----------
    seed
        Any non-negative number; None draws a seed from the operating system, as at import.

    Returns
    -------
    numpy.random.Generator
        The new generator.

    Examples
    --------
    >>> import nn
    >>> _ = nn.manual_seed(0)
    >>> first = nn.Linear(3, 2).weight.data
    >>> _ = nn.manual_seed(0)
    >>> bool((first == nn.Linear(3, 2).weight.data).all())
    True
    """
    global _generator
    _generator = np.random.default_rng(seed)
    return _generator


def default_generator() -> np.random.Generator:
    """Return the current generator of `nn`, as `manual_seed` last seeded it."""
    return _generator


def chosen_generator(generator: np.random.Generator | None) -> np.random.Generator:
    """Return `generator`, or the generator of `nn` for None."""
    if generator is None:
        return _generator
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator should be a NumPy generator, such as numpy.random.default_rng(0), not "
            f"{type(generator).__name__}"
        )
    return generator


restore_in_checkpoints(default_generator)
