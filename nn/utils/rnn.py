"""Sequences of different lengths: padded to one array, or packed without padding for recurrent layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import ShapeError, Tensor, as_tensor
from autograd.extend import borrow, missing

from .._arguments import TensorLike

__all__ = ["PackedSequence", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence"]

Integers: TypeAlias = NDArray[np.int64]


class PackedSequence(NamedTuple):
    """Sequences of different lengths without padding: first the first step of all, then the second of all, and so on.

    The sequences are sorted, the longest first, so that those which have a step are the first of a batch.
    `pack_padded_sequence` and `pack_sequence` make it, and recurrent layers take it and return another.

    Attributes
    ----------
    data
        The steps, shape ``(total, ...)``.
    batch_sizes
        How many sequences have a first step, a second, and so on.
    sorted_indices
        The sequences in the order of their lengths, or None where they were given in that order.
    unsorted_indices
        The place of each sequence in that order, or None.
    """

    data: Tensor
    batch_sizes: Integers
    sorted_indices: Integers | None = None
    unsorted_indices: Integers | None = None

    def segments(self) -> Iterator[tuple[int, int, int]]:
        """Go through the steps with one number of sequences: the first row in `data`, and the numbers of both."""
        start = 0
        for batch, same in itertools.groupby(self.batch_sizes.tolist()):
            steps = len(list(same))
            yield start, steps, batch
            start += steps * batch


def pad_sequence(
    sequences: Sequence[TensorLike],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: Literal["left", "right"] = "right",
) -> Tensor:
    """Pad sequences to the length of the longest, and stack them.

    Parameters
    ----------
    sequences
        Arrays or tensors of shapes ``(length, ...)``, which differ in their lengths only.
    batch_first
        Whether the result has shape ``(batch, time, ...)`` instead of ``(time, batch, ...)``.
    padding_value
        What is put behind the end of the shorter ones.
    padding_side
        ``"left"`` to put it before their beginning.

    Returns
    -------
    Tensor
        An array, where all sequences are.

    Raises
    ------
    ShapeError
        If the sequences differ in other axes, or there are none.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.utils.rnn import pad_sequence
    >>> pad_sequence([np.array([1, 2, 3]), np.array([4])], batch_first=True)
    array([[1, 2, 3],
           [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise ValueError(f'padding_side should be "left" or "right", not {padding_side!r}')
    arrays = _arrays("pad_sequence", sequences)
    longest, padded = max(len(array) for array in arrays), []
    for array in arrays:
        missing = longest - len(array)
        if missing:
            padding = np.full((missing, *array.shape[1:]), padding_value).astype(array.dtype, copy=False)
            array = np.concatenate([array, padding] if padding_side == "right" else [padding, array])
        padded.append(array)
    stacked: Tensor = np.stack(padded, axis=0 if batch_first else 1)  # type: ignore[assignment]
    return stacked


def pack_sequence(sequences: Sequence[TensorLike], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths.

    Parameters
    ----------
    sequences
        Arrays or tensors of shapes ``(length, ...)``, which differ in their lengths only.
    enforce_sorted
        Whether the longest has to come first, and so on; False sorts them, and remembers their order.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.utils.rnn import pack_sequence
    >>> packed = pack_sequence([np.array([1, 2, 3]), np.array([4, 5]), np.array([6])])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 4, 6, 2, 5, 3], [3, 2, 1])
    """
    lengths = [len(array) for array in _arrays("pack_sequence", sequences)]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def pack_padded_sequence(
    input: TensorLike, lengths: ArrayLike | Tensor, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences: leave out what is behind their ends.

    Parameters
    ----------
    input
        Shape ``(time, batch, ...)``.
    lengths
        The length of each sequence, at least 1.
    batch_first
        Whether `input` has shape ``(batch, time, ...)``.
    enforce_sorted
        Whether the longest has to come first, and so on; False sorts them, and remembers their order.

    Raises
    ------
    ShapeError
        If the lengths do not fit the input.
    ValueError
        If they are not sorted, and have to be.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
    >>> padded = np.array([[1, 2, 0], [3, 4, 5]])
    >>> packed = pack_padded_sequence(padded, [2, 3], batch_first=True, enforce_sorted=False)
    >>> packed.data.tolist()
    [3, 1, 4, 2, 5]
    >>> again, lengths = pad_packed_sequence(packed, batch_first=True)
    >>> again.tolist(), lengths.tolist()
    ([[1, 2, 0], [3, 4, 5]], [2, 3])
    """
    x: Any = input if isinstance(input, Tensor) else borrow(as_tensor(input))
    if x.ndim < 2:
        raise ShapeError(f"pack_padded_sequence has an input of shape {x.shape}: it takes (time, batch, ...)")
    if batch_first:
        x = x.swapaxes(0, 1)
    counted = _lengths(lengths, *x.shape[:2])
    order = places = None
    if enforce_sorted:
        rising = np.flatnonzero(np.diff(counted) > 0)
        if len(rising):
            raise ValueError(
                f"the lengths are not sorted: {counted[rising[0]]} comes before {counted[rising[0] + 1]}. Pass "
                f"enforce_sorted=False, or the longest sequence first"
            )
    else:
        order = np.argsort(-counted, kind="stable")
        places = np.argsort(order)
        counted, x = counted[order], x[:, order]
    sizes = np.bincount(counted)[::-1].cumsum()[::-1][1:].astype(np.int64)
    parts, step = [], 0
    for batch, same in itertools.groupby(sizes.tolist()):
        steps = len(list(same))
        parts.append(x[step : step + steps, :batch].reshape(steps * batch, *x.shape[2:]))
        step += steps
    data: Any = np.concatenate(parts) if len(parts) > 1 else parts[0]
    return PackedSequence(data, sizes, order, places)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Integers]:
    """Pad packed sequences: the inverse of `pack_padded_sequence`.

    Parameters
    ----------
    sequence
        As a recurrent layer returns it.
    batch_first
        Whether the result has shape ``(batch, time, ...)`` instead of ``(time, batch, ...)``.
    padding_value
        What is put behind the ends.
    total_length
        The number of steps of the result; that of the longest sequence by default.

    Returns
    -------
    padded, lengths
        The sequences in the order in which they were packed, and the length of each.

    Raises
    ------
    ValueError
        If a sequence is longer than `total_length`.
    """
    check_packed("pad_packed_sequence", sequence)
    data: Any = sequence.data
    sizes = sequence.batch_sizes
    batch, longest = int(sizes[0]), len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(f"total_length={total_length}, but the longest sequence has {longest} steps")

    def padding(steps: int, missing: int) -> Any:
        return np.full((steps, missing, *data.shape[1:]), padding_value).astype(data.dtype, copy=False)

    parts = []
    for start, steps, present in sequence.segments():
        part = data[start : start + steps * present].reshape(steps, present, *data.shape[1:])
        if present < batch:
            part = np.concatenate([part, padding(steps, batch - present)], axis=1)
        parts.append(part)
    if total_length is not None and total_length > longest:
        parts.append(padding(total_length - longest, batch))
    padded: Any = np.concatenate(parts) if len(parts) > 1 else parts[0]
    lengths = (sizes[:, None] > np.arange(batch)).sum(axis=0)
    if sequence.unsorted_indices is not None:
        padded, lengths = padded[:, sequence.unsorted_indices], lengths[sequence.unsorted_indices]
    return padded.swapaxes(0, 1) if batch_first else padded, lengths


def check_packed(function: str, sequence: object) -> None:
    """Raise unless something is a packed sequence whose sizes fit its data."""
    if not isinstance(sequence, PackedSequence):
        raise TypeError(
            f"{function} takes a PackedSequence, as pack_sequence makes it, not a {type(sequence).__name__}"
        )
    sizes = sequence.batch_sizes
    if not len(sizes) or sizes[-1] < 1 or (np.diff(sizes) > 0).any() or sizes.sum() != len(sequence.data):
        raise ShapeError(
            f"{function} has a PackedSequence of {len(sequence.data)} steps with batch sizes {sizes.tolist()}: these "
            f"should add up to that, and never grow. Make it with pack_sequence or pack_padded_sequence"
        )


def _arrays(function: str, sequences: Sequence[TensorLike]) -> list[Any]:
    if isinstance(sequences, Tensor | np.ndarray) or not isinstance(sequences, Sequence):
        raise TypeError(f"{function} takes a list of sequences, not a {type(sequences).__name__}")
    arrays: list[Any] = [each if isinstance(each, Tensor) else borrow(as_tensor(each)) for each in sequences]
    shapes = {array.shape[1:] for array in arrays}
    if not arrays or not all(array.ndim for array in arrays) or len(shapes) > 1:
        raise ShapeError(
            f"{function} has sequences of shapes {', '.join(str(array.shape) for array in arrays) or 'none'}: give at "
            f"least one, and let them differ along the first axis only"
        )
    return arrays


def _lengths(lengths: ArrayLike | Tensor, time: int, batch: int) -> Integers:
    counted = np.asarray(borrow(lengths) if isinstance(lengths, Tensor) else lengths)
    if counted.shape != (batch,) or counted.dtype.kind not in "iu":
        raise ShapeError(
            f"the lengths are {counted.dtype} of shape {counted.shape}: give {batch} whole numbers, one a sequence"
        )
    if batch == 0 or counted.min() < 1 or counted.max() > time:
        raise ShapeError(
            f"the lengths are from {counted.min(initial=time)} to {counted.max(initial=0)}: sequences of "
            f"this input have 1 to {time} steps"
        )
    return counted.astype(np.int64)


if not TYPE_CHECKING:  # with it, type checkers would take any name for one that there is
    __getattr__ = missing.lookup(__name__)
