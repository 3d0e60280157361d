"""Splits of arrays and datasets at random, with the classes in proportion where that is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import ArgumentError
from datasets.loading.dataset import MapStyle, Subset, aligned
from datasets.randomness import Rng, Seed, drawn_with

Generator: TypeAlias = "np.random.Generator | np.random.RandomState"
Row = TypeVar("Row", covariant=True)
Rows: TypeAlias = NDArray[np.intp]


def train_test_split(
    *arrays: ArrayLike,
    test_size: float | None = None,
    train_size: float | None = None,
    seed: Seed = 0,
    rng: Rng = None,
    random_state: int | np.random.RandomState | None = None,
    shuffle: bool = True,
    stratify: ArrayLike | None = None,
) -> tuple[NDArray[Any], ...]:
    """Split arrays at random into training and test rows; rows at the same position stay together.

    Parameters
    ----------
    *arrays
        Arrays of n rows each, such as samples (n, features) and labels (n,).
    test_size
        The fraction of the rows that become test rows, above 0 and below 1, 0.2 by default; or their number. A
        fraction of n rows is rounded.
    train_size
        The same of the training rows; by default these are all others.
    seed
        An int for the same split each time, a Generator to draw from, or None for a new split each time.
    rng
        In place of `seed`: whatever ``numpy.random.default_rng`` takes.
    random_state
        In place of `seed`: with the same number, `test_size` and `stratify`, which rows are test rows is what
        ``sklearn.model_selection.train_test_split`` says. The number of test rows is rounded up, as there.
    shuffle
        Whether to draw the rows at random; otherwise the last are test rows.
    stratify
        The class of each row, of which both parts get the same shares.

    Returns
    -------
    arrays
        Two for each array given, in the order ``X_train, X_test, y_train, y_test``; all are copies.

    Raises
    ------
    ArgumentError
        The arrays differ in their number of rows, one of the parts would be empty, or a class has too few rows.

    Examples
    --------
    >>> X, y = np.arange(20).reshape(10, 2), np.arange(10)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3)
    >>> X_train.shape, X_test.shape
    ((7, 2), (3, 2))
    >>> bool((X_test[:, 0] == 2 * y_test).all())
    True
    >>> labels = np.repeat([0, 1], [90, 10])
    >>> _, _, _, few = train_test_split(np.arange(100), labels, test_size=0.2, stratify=labels)
    >>> np.bincount(few)
    array([18,  2])
    """
    given = aligned(arrays)
    rows = len(given[0])
    round_up = random_state is not None
    train_rows, test_rows = _sizes(rows, test_size, train_size, round_up)
    if not shuffle:
        if stratify is not None:
            raise ArgumentError("train_test_split: rows are stratified at random. Leave shuffle=False out.")
        train, test = np.arange(train_rows), np.arange(train_rows, train_rows + test_rows)
    else:
        generator = _generator(seed, rng, random_state)
        if stratify is None:
            order = generator.permutation(rows)
            test, train = order[:test_rows], order[test_rows : test_rows + train_rows]
        else:
            train, test = _stratified(_classes(stratify, rows), train_rows, test_rows, generator)
    return tuple(array.take(part, axis=0) for array in given for part in (train, test))


def _generator(seed: Seed, rng: Rng, random_state: int | np.random.RandomState | None) -> Generator:
    if random_state is None:
        return drawn_with(seed, rng)
    if rng is not None:
        raise ArgumentError("train_test_split: both rng= and random_state= are given. Leave one out.")
    if isinstance(random_state, np.random.RandomState):
        return random_state
    return np.random.RandomState(random_state)


def _sizes(rows: int, test_size: float | None, train_size: float | None, round_up: bool) -> tuple[int, int]:
    """Return the numbers of training and of test rows."""
    test_given = 0.2 if test_size is None and train_size is None else test_size
    test = None if test_given is None else _count(test_given, rows, round_up)
    train = None if train_size is None else _count(train_size, rows, False, down=round_up)
    if test is None:
        assert train is not None
        test = rows - train if train else 0
    train = rows - test if train is None else train
    if not (test > 0 and train > 0 and test + train <= rows):
        shown = f"test_size={test_given}" if train_size is None else f"test_size={test_size}, train_size={train_size}"
        raise ArgumentError(
            f"train_test_split: {shown} of {rows} rows leaves a part empty. "
            "Give a fraction above 0 and below 1, large enough for one row on each side."
        )
    return train, test


def _count(size: float, rows: int, up: bool, down: bool = False) -> int:
    """Return a number of rows, or 0 if it is none."""
    if isinstance(size, int | np.integer) and not isinstance(size, bool):
        return int(size) if 0 < size < rows else 0
    if not 0 < size < 1:
        return 0
    return math.ceil(rows * size) if up else math.floor(rows * size) if down else round(rows * size)


def _classes(stratify: ArrayLike, rows: int) -> Rows:
    """Return the number of the class of each row."""
    labels = np.asarray(stratify)
    if labels.ndim == 0 or len(labels) != rows:
        raise ArgumentError(
            f"train_test_split: stratify has shape {labels.shape}, but there are {rows} rows. Give the class of each."
        )
    numbered: Rows = np.unique(labels, axis=0, return_inverse=True)[1]
    return numbered.reshape(-1)


def _stratified(classes: Rows, train_rows: int, test_rows: int, rng: Generator) -> tuple[Rows, Rows]:
    """Return training and test rows, by the algorithm of ``sklearn.model_selection.StratifiedShuffleSplit``."""
    counts = np.bincount(classes)
    if counts.min() < 2:
        raise ArgumentError(
            f"train_test_split: class {counts.argmin()} of stratify has 1 row, which cannot be in both parts. Leave "
            "it out, or join it with another class."
        )
    if min(train_rows, test_rows) < len(counts):
        raise ArgumentError(
            f"train_test_split: {train_rows} training and {test_rows} test rows for {len(counts)} classes: a part has "
            "no row of some class. Make the smaller part larger."
        )
    members = np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1])
    of_train = _shares(counts, train_rows, rng)
    of_test = _shares(counts - of_train, test_rows, rng)
    train: list[Rows] = []
    test: list[Rows] = []
    for rows, first, second in zip(members, of_train.tolist(), of_test.tolist(), strict=True):
        shuffled = rows.take(rng.permutation(len(rows)))
        train.append(shuffled[:first])
        test.append(shuffled[first : first + second])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def _shares(counts: NDArray[Any], total: int, rng: Generator) -> Rows:
    """Divide a number of rows among classes in proportion; what is left over goes to the largest remainders."""
    exact = counts / counts.sum() * total
    shares = np.floor(exact)
    missing, remainders = int(total - shares.sum()), exact - shares
    for value in np.unique(remainders)[::-1]:
        if missing <= 0:
            break
        places = np.flatnonzero(remainders == value)
        chosen = rng.choice(places, size=min(len(places), missing), replace=False)
        shares[chosen] += 1
        missing -= len(chosen)
    found: Rows = shares.astype(np.intp)
    return found


def random_split(
    dataset: MapStyle[Row], lengths: Sequence[int | float], generator: int | np.random.Generator | None = 0
) -> list[Subset[Row]]:
    """Split a dataset at random into parts that share no row.

    Parameters
    ----------
    dataset
        The dataset.
    lengths
        The number of rows of each part, which add up to all; or fractions that add up to 1, of which each part gets
        the whole number of rows below, and what is left over is given to the first parts, one row each.
    generator
        An int for the same split each time, a Generator to draw from, or None for a new split each time.

    Returns
    -------
    list of Subset
        The parts.

    Raises
    ------
    ArgumentError
        The lengths do not add up.

    Examples
    --------
    >>> from datasets import TensorDataset
    >>> parts = random_split(TensorDataset(np.arange(10)), [0.7, 0.3])
    >>> [len(part) for part in parts]
    [7, 3]
    """
    rows = len(dataset)
    if any(not isinstance(length, int | float | np.integer | np.floating) or not length >= 0 for length in lengths):
        raise ArgumentError(f"random_split: lengths={list(lengths)}. Give numbers of rows, or fractions.")
    counts = list(_counts(lengths, rows))
    if sum(counts) != rows:
        raise ArgumentError(
            f"random_split: lengths={list(lengths)} add up to {sum(counts)}, but the dataset has {rows} rows. "
            "Give numbers that add up to that, or fractions that add up to 1."
        )
    order = np.random.default_rng(generator).permutation(rows)
    ends = np.cumsum(counts).tolist()
    return [Subset(dataset, order[end - count : end]) for count, end in zip(counts, ends, strict=True)]


def _counts(lengths: Sequence[int | float], rows: int) -> Iterator[int]:
    if not math.isclose(sum(lengths), 1) or (sum(lengths) == rows == 1 and max(lengths) == 1):
        if any(length != int(length) for length in lengths):
            raise ArgumentError(f"random_split: fractions {list(lengths)} add up to {sum(lengths)}, not to 1.")
        yield from map(int, lengths)
        return
    whole = [math.floor(rows * length) for length in lengths]
    left = rows - sum(whole)
    for place, count in enumerate(whole):
        yield count + (left // len(whole)) + (place < left % len(whole))
