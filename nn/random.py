"""Random numbers: the one generator that initialization and dropout draw from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd import BatchError, extend
from autograd.extend import levels, restore_in_checkpoints

__all__ = ["chosen_generator", "default_generator", "draw", "manual_seed"]

Array = np.ndarray[Any, Any]

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


def draw(
    sample: Callable[[np.random.Generator, tuple[int, ...]], Array],
    shape: tuple[int, ...],
    generator: np.random.Generator | None = None,
) -> Any:
    """Draw random numbers; within `vmap`, for each element of the batch its own, or the same for all.

    Which of the two, the argument `randomness` of `vmap` says. NumPy's generators know of no batch: numbers that they
    draw within `vmap` are the same for all elements.

    Parameters
    ----------
    sample
        Draws numbers with a generator, in a shape.
    shape
        The shape to draw.
    generator
        The generator; by default the one that `manual_seed` seeds.

    Raises
    ------
    BatchError
        Within `vmap`, unless it was told which of the two.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> from autograd import vmap
    >>> def noisy(x):
    ...     return x + nn.random.draw(lambda generator, shape: generator.normal(size=shape), x.shape)
    >>> x = vmap(noisy, randomness="different")(np.zeros((4, 3)))
    >>> x = vmap(noisy, randomness="same")(np.zeros((4, 3)))
    >>> bool((x[0] == x[1]).all())
    True
    """
    running = levels()
    source = default_generator if generator is None else partial(_chosen, generator)
    if not running:
        return extend.drawn(sample, source, shape)
    batches = [level for level in running if _randomness(level) == "different"]
    drawn: Any = extend.drawn(sample, source, (*[level.size for level in batches], *shape))
    for level in batches:
        drawn = extend.enter_batch(drawn, level)
    return drawn


def _randomness(level: Any) -> str:
    kind: str = level.randomness
    if kind == "error":
        raise BatchError(
            "random numbers are drawn within vmap, which was not told whether they are different for each element of "
            "the batch: use vmap(f, randomness='different'), or 'same'"
        )
    return kind


def chosen_generator(generator: np.random.Generator | None) -> np.random.Generator:
    """Return `generator`, or the generator of `nn` for None, to draw numbers that a batch of `vmap` shares.

    Raises
    ------
    BatchError
        Within `vmap`, unless its random numbers are to be the same for all elements of the batch; see `draw`.
    """
    if any(_randomness(level) == "different" for level in levels()):
        raise BatchError(
            "a parameter is drawn within vmap for all elements of the batch, but random numbers are to be different "
            "for each: make modules before, and stack them with nn.stack_parameters"
        )
    return _chosen(generator)


def _chosen(generator: np.random.Generator | None) -> np.random.Generator:
    if generator is None:
        return _generator
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator should be a NumPy generator, such as numpy.random.default_rng(0), not "
            f"{type(generator).__name__}"
        )
    return generator


restore_in_checkpoints(default_generator)
