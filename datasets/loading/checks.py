"""Checks of arguments: seeds, whole numbers, and what a loader is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from datasets.errors import ArgumentError
from datasets.loading.dataset import MapStyle
from datasets.randomness import Seed

F = TypeVar("F", bound=Callable[..., Any])


def drawn_seed(seed: Seed) -> int:
    """Return a seed: the number itself, one that a Generator draws, or another each time."""
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        if seed < 0:
            raise ArgumentError(f"a seed of {seed}. It is a whole number of at least 0.")
        return int(seed)
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    raise ArgumentError(f"a seed is a whole number, a numpy.random.Generator or None, not {seed!r}")


def explained(usage: str) -> Callable[[F], F]:
    """Let a call whose arguments do not fit the parameters say how the function is called."""

    def decorated(function: F) -> F:
        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except TypeError as error:
                if error.__traceback__ is not None and error.__traceback__.tb_next is None:  # raised by the call itself
                    error.args = (f"{error}. {usage}",)
                raise

        return cast(F, called)

    return decorated


def whole(owner: str, **given: int) -> int:
    """Return a number, or raise unless it is a whole one of at least 1."""
    ((name, number),) = given.items()
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        if isinstance(number, np.ndarray | list):
            raise ArgumentError(
                f"{owner}: {name} is a {type(number).__name__}. Arrays are one dataset: TensorDataset(X, y)."
            )
        raise ArgumentError(f"{owner}: {name}={number!r}. It has to be a whole number of at least 1.")
    return int(number)


def check_dataset(dataset: object) -> None:
    """Raise unless something has rows by index."""
    if isinstance(dataset, tuple) and any(isinstance(part, np.ndarray) for part in dataset):
        raise ArgumentError("DataLoader: the dataset is a tuple of arrays. Pass TensorDataset(X, y).")
    if not isinstance(dataset, MapStyle) or isinstance(dataset, str | bytes | Mapping):
        raise ArgumentError(
            f"DataLoader: a {type(dataset).__name__} has no rows by index. Pass a Dataset, with __len__ and "
            "__getitem__; what can be iterated only needs no loader: fit takes any iterable of batches."
        )


def check_exclusive(
    batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """Raise if arguments of a loader about the order and the batches exclude each other."""
    for name, value in {"shuffle": shuffle, "drop_last": drop_last}.items():
        if value not in (None, True, False):
            raise ArgumentError(f"DataLoader: {name}={value!r}. It is True or False.")
    if sampler is not None and shuffle:
        raise ArgumentError("DataLoader: a sampler and shuffle=True are given, but the sampler decides the order.")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ArgumentError(
            "DataLoader: batch_sampler decides what batch_size, shuffle, sampler and drop_last do. Leave these out."
        )
    for name, given in {"sampler": sampler, "batch_sampler": batch_sampler}.items():
        if given is not None and not isinstance(given, Iterable):
            raise ArgumentError(f"DataLoader: {name}={given!r} cannot be iterated.")
        if isinstance(given, Iterator):
            raise ArgumentError(f"DataLoader: the {name} can be iterated once, not in each epoch. Pass a list.")
    if batch_size is None and drop_last:
        raise ArgumentError("DataLoader: with batch_size=None there is no last batch to drop.")
    if batch_size is not None:
        whole("DataLoader", batch_size=batch_size)


def check_workers(
    num_workers: int, timeout: float, context: Any, prefetch_factor: int | None, persistent: bool
) -> None:
    """Raise if arguments of a loader about its workers are out of range, or there are no workers."""
    if isinstance(num_workers, bool) or not isinstance(num_workers, int | np.integer) or num_workers < 0:
        raise ArgumentError(f"DataLoader: num_workers={num_workers!r}. It is a whole number of at least 0.")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float | np.number) or not timeout >= 0:
        raise ArgumentError(f"DataLoader: timeout={timeout!r}. It is a number of seconds, or 0 for none.")
    if prefetch_factor is not None:
        whole("DataLoader", prefetch_factor=prefetch_factor)
    if isinstance(context, str) and context not in ("spawn", "forkserver", "fork"):
        raise ArgumentError(f'DataLoader: multiprocessing_context={context!r}. It is "spawn", "forkserver" or "fork".')
    if num_workers == 0:
        options = {"timeout": timeout, "prefetch_factor": prefetch_factor, "persistent_workers": persistent}
        given = [name for name, value in {**options, "multiprocessing_context": context}.items() if value]
        if given:
            raise ArgumentError(f"DataLoader: {' and '.join(given)} is about workers. Pass num_workers= as well.")
