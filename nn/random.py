"""Random numbers: the one generator that initialization and dropout draw from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from copy import deepcopy
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from autograd import BatchError, extend
from autograd.extend import borrow, innermost, levels, restore_in_checkpoints

from ._warnings import TrainingWarning, message, warn

__all__ = [
    "RowShare", "chosen_generator", "default_generator", "draw", "draw_given", "drawing_for_rows", "drawing_from",
    "manual_seed", "redrawing", "seed_of", "uniform",
]  # fmt: skip

Array = np.ndarray[Any, Any]

_generator: np.random.Generator | None = None  # made when it is first asked for
# Returns what one thread, or another context of Python, draws from in its place.
_own: ContextVar[Callable[[], np.random.Generator] | None] = ContextVar("own generator", default=None)
_seeded = False  # whether `manual_seed` was called, or it was said that it should be


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
    global _generator, _seeded
    _seeded, made = True, np.random.default_rng(seed)
    if _own.get() is None:
        _generator = made
    else:
        _own.set(lambda: made)
    return made


def seed_of(seed: int | None, rng: int | np.random.Generator | None) -> int | None:
    """Return the seed that `rng`, as SciPy spells it (SPEC 7), or else `seed` stands for."""
    if rng is None:
        return seed
    if seed is not None:
        raise ValueError(f"both seed={seed} and rng={rng} are given, two names of one thing: leave one out")
    return int(np.random.default_rng(rng).integers(2**32))


def default_generator() -> np.random.Generator:
    """Return the current generator of `nn`, as `manual_seed` last seeded it."""
    global _generator
    if (own := _own.get()) is not None:
        return own()
    if _generator is None:
        _generator = np.random.default_rng()
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
    if levels():
        return draw_given(sample, shape, (), generator)
    source = default_generator if generator is None else partial(_chosen, generator)
    return extend.drawn(sample if _share is None else partial(_for_share, sample), source, shape)


def draw_given(
    sample: Callable[..., Array],
    shape: tuple[int, ...],
    parameters: Sequence[Any],
    generator: np.random.Generator | None = None,
) -> Any:
    """Draw random numbers whose distribution depends on parameters; within `vmap` as `draw` does.

    Numbers that are the same for all elements of a batch begin with the same seed for each: elements with the same
    parameters are given the same numbers.

    Parameters
    ----------
    sample
        Draws numbers with a generator, in a shape, given arrays of the parameters in that shape.
    shape
        The shape to draw.
    parameters
        Arrays that broadcast to `shape`.
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
    >>> def counts(generator, shape, rate):
    ...     return generator.poisson(rate, shape)
    >>> nn.random.draw_given(counts, (3,), [np.array([0.0, 1e4, 0.0])]).shape
    (3,)
    """
    given = [np.broadcast_to(borrow(parameter), shape) for parameter in parameters]
    entered = [level for level in levels() if _randomness(level) == "different"]
    for level in reversed(entered):
        given = [extend.leave_batch(array, level) for array in given]
    kinds = sample if _share is None or not given else partial(_of_process, sample)
    while (shared := innermost(*given)) is not None:
        given = [extend.leave_batch(array, shared) for array in given]
        entered.insert(0, shared)
        kinds = partial(_with_one_seed, kinds)
    whole_shape = (*[level.size for level in entered], *shape)
    source = default_generator if generator is None else partial(_chosen, generator)
    drawn: Any = extend.drawn(kinds, source, whole_shape, *given)
    for level in entered:
        drawn = extend.enter_batch(drawn, level)
    return drawn


def _with_one_seed(
    sample: Callable[..., Array], generator: np.random.Generator, shape: tuple[int, ...], *given: Array
) -> Array:
    """Draw for each element along the first axis, from the same seed."""
    seed = int(generator.integers(2**63))
    rows = [sample(np.random.default_rng(seed), shape[1:], *row) for row in zip(*given, strict=True)]
    return np.stack(rows) if rows else sample(generator, shape, *given)


def _of_process(
    sample: Callable[..., Array], generator: np.random.Generator, shape: tuple[int, ...], *given: Array
) -> Array:
    """Draw from a generator of this process, for other processes have other parameters."""
    number = 0 if _share is None else _share.number
    return sample(np.random.default_rng((int(generator.integers(2**63)), number)), shape, *given)


class RowShare(NamedTuple):
    """The rows of a batch that this process has: how many come before them, how many they are, and all of them.

    Attributes
    ----------
    number
        The number of this process among those that share the batch.
    """

    before: int
    own: int
    total: int
    number: int


_share: RowShare | None = None


@contextmanager
def drawing_for_rows(share: RowShare) -> Iterator[None]:
    """Draw for own rows what they would be given if one process drew for the whole batch.

    This is so for arrays whose first axis is that of the rows. Others are drawn from a generator of this process. The
    generator of `nn` is left in the same state by all processes.
    """
    global _share
    previous, _share = _share, share
    try:
        yield
    finally:
        _share = previous


@contextmanager
def drawing_from(seeds: Sequence[int]) -> Iterator[None]:
    """Draw from a new generator of these seeds, in this thread alone; others draw from that of `nn` meanwhile."""
    before = _own.set(cache(lambda: np.random.default_rng(seeds)))
    try:
        yield
    finally:
        _own.reset(before)


def redrawing() -> Callable[[], AbstractContextManager[Any]]:
    """Return what makes blocks, each of which draws, in this thread alone, what `nn` draws next.

    The generator of `nn` stays as it is, for other threads may draw from it. A block is given its own bit generator.
    """
    begun = deepcopy(default_generator())

    @contextmanager
    def again() -> Iterator[Any]:
        made = deepcopy(begun)
        before = _own.set(lambda: made)
        try:
            yield made.bit_generator
        finally:
            _own.reset(before)

    return again


def _for_share(
    sample: Callable[[np.random.Generator, tuple[int, ...]], Array], generator: np.random.Generator, shape: Any
) -> Array:
    share = _share
    if share is None:  # of a program of `compile` that runs again
        return sample(generator, shape)
    if not shape or shape[0] != share.own:
        return sample(np.random.default_rng((int(generator.integers(2**63)), share.number)), shape)
    width = math.prod(shape[1:])
    if sample is not uniform or not isinstance(generator.bit_generator, np.random.PCG64):
        return sample(generator, (share.total, *shape[1:]))[share.before : share.before + share.own]
    _skip(generator, share.before * width)
    drawn = sample(generator, shape)
    _skip(generator, (share.total - share.before - share.own) * width)
    return drawn


def uniform(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw float32 numbers from 0 to 1."""
    return generator.random(shape, np.float32)


def _skip(generator: np.random.Generator, count: int) -> None:
    """Leave the generator as if `count` numbers of `uniform` had been drawn: two of them take one of its steps."""
    bits: Any = generator.bit_generator
    if count and bits.state["has_uint32"]:
        generator.random(dtype=np.float32)
        count -= 1
    if count > 1:
        bits.advance(count // 2)
    if count % 2:
        generator.random(dtype=np.float32)


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
        _check_seed()
        return default_generator()
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator should be a NumPy generator, such as numpy.random.default_rng(0), not "
            f"{type(generator).__name__}"
        )
    return generator


def _check_seed() -> None:
    """Warn once if NumPy's own generator was seeded, by ``np.random.seed``, and this one was not."""
    global _seeded
    if _seeded:
        return
    bits: Any = np.random.__dict__["get_bit_generator"]()  # which the types of NumPy leave out
    if bits.seed_seq is None:  # which only a generator has that was not seeded so
        _seeded = True
        warn(message("seed"), TrainingWarning)


restore_in_checkpoints(default_generator, _own)
