"""The random numbers of `nn`: one generator, which initialisation and dropout draw from."""

from __future__ import annotations

import numpy as np

from autograd import restore_in_checkpoints

__all__ = ["default_generator", "manual_seed"]

_generator = np.random.default_rng()


def manual_seed(seed: int | None) -> np.random.Generator:
    """Start the generator of `nn` anew, so that what is drawn from it repeats.

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
    """Return the generator that `manual_seed` started last."""
    return _generator


restore_in_checkpoints(default_generator)
