"""Train/test splits and minibatches of arrays with matching rows."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import ArgumentError


def train_test_split(
    *arrays: ArrayLike, test_size: float = 0.2, seed: int | np.random.Generator | None = 0
) -> tuple[NDArray[Any], ...]:
    """Split arrays at random into training and test rows; rows at the same position stay together.

    Parameters
    ----------
    *arrays
        Arrays of n rows each, such as samples (n, features) and labels (n,).
    test_size
        The fraction of the rows that become test rows, above 0 and below 1; ``n * test_size`` is rounded.
    seed
        An int for the same split each time, a Generator to draw from, or None for a new split each time.

    Returns
    -------
    arrays
        Two for each array given, in the order ``X_train, X_test, y_train, y_test``; all are copies.

    Raises
    ------
    ArgumentError
        The arrays differ in their number of rows, or one of the parts would be empty.

    Examples
    --------
    >>> X, y = np.arange(20).reshape(10, 2), np.arange(10)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3)
    >>> X_train.shape, X_test.shape
    ((7, 2), (3, 2))
    >>> bool((X_test[:, 0] == 2 * y_test).all())
    True
    """
    aligned = _aligned(arrays)
    rows = len(aligned[0])
    test_rows = round(rows * test_size) if 0 < test_size < 1 else 0
    if not 0 < test_rows < rows:
        raise ArgumentError(
            f"train_test_split: test_size={test_size} of {rows} rows leaves a part empty. "
            "Give a fraction above 0 and below 1, large enough for one row on each side."
        )
    order = np.random.default_rng(seed).permutation(rows)
    train, test = order[test_rows:], order[:test_rows]
    return tuple(array.take(part, axis=0) for array in aligned for part in (train, test))


class batches:  # noqa: N801 - lower case, as zip, range and enumerate are
    """Iterate over arrays in minibatches of rows; rows at the same position stay together.

    Each iteration goes once through all rows, in a new order if they are shuffled. ``len()`` is the
    number of minibatches. Every minibatch is a fresh copy, so changing one changes neither the data nor
    another minibatch.

    Parameters
    ----------
    *arrays
        Arrays of n rows each, such as samples (n, features) and labels (n,).
    batch_size
        The rows of a minibatch, at least 1.
    shuffle
        Draw a new order for each iteration; False keeps the order of the rows.
    seed
        An int for the same sequence of orders each time, a Generator to draw them from, or None for new
        orders each time. If you call `batches` anew in each epoch, pass a Generator: an int would start
        the same sequence again.
    drop_last
        Leave out the last minibatch if it has fewer than `batch_size` rows.

    Yields
    ------
    minibatch
        A tuple with `batch_size` rows of each array. It is a tuple for one array too:
        ``for (x,) in batches(X, batch_size=32)``.

    Raises
    ------
    ArgumentError
        The arrays differ in their number of rows, or `batch_size` is below 1.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> epoch = batches(X, y, batch_size=2, seed=0)
    >>> len(epoch)
    3
    >>> for samples, labels in epoch:
    ...     print(samples.shape, bool((samples[:, 0] == 2 * labels).all()))
    (2, 2) True
    (2, 2) True
    (1, 2) True
    """

    def __init__(
        self,
        *arrays: ArrayLike,
        batch_size: int,
        shuffle: bool = True,
        seed: int | np.random.Generator | None = None,
        drop_last: bool = False,
    ) -> None:
        # for an array that is not C-contiguous, ndarray.take would copy all of it for each minibatch
        self._arrays = [np.ascontiguousarray(array) for array in _aligned(arrays)]
        self._batch_size = operator.index(batch_size)
        if self._batch_size < 1:
            raise ArgumentError(f"batches: batch_size={batch_size}. A minibatch has at least 1 row.")
        self._generator = np.random.default_rng(seed) if shuffle else None
        rows = len(self._arrays[0])
        self._end = rows - rows % self._batch_size if drop_last else rows

    def __len__(self) -> int:
        return -(-self._end // self._batch_size)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        rows = len(self._arrays[0])
        # drawn here, not at the first minibatch: only the order of the iter() calls decides which order each gets
        order = np.arange(rows) if self._generator is None else self._generator.permutation(rows)
        starts = range(0, self._end, self._batch_size)
        picks = (order[start : start + self._batch_size] for start in starts)
        return (tuple(array.take(pick, axis=0) for array in self._arrays) for pick in picks)


def _aligned(arrays: tuple[ArrayLike, ...]) -> list[NDArray[Any]]:
    if not arrays:
        raise ArgumentError("no arrays were given. Pass at least one, such as samples and labels.")
    aligned = [np.asarray(array) for array in arrays]
    for position, (given, array) in enumerate(zip(arrays, aligned, strict=True), 1):
        if isinstance(given, np.ndarray) and hasattr(given, "mask"):
            raise ArgumentError(
                f"array {position} of {len(aligned)} is masked, but its mask would be lost: fill it, as in "
                "array.filled(0), or select by array.mask"
            )
        if array.ndim == 0:
            raise ArgumentError(
                f"array {position} of {len(aligned)} is the single value {array}, which has no rows. "
                "Options such as batch_size and test_size are passed by name."
            )
    if len({len(array) for array in aligned}) > 1:
        shapes = ", ".join(str(array.shape) for array in aligned)
        raise ArgumentError(f"arrays of shapes {shapes} differ in their number of rows. Pass one row per sample.")
    return aligned
