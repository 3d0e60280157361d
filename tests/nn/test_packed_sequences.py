"""Packed sequences: each is what it is on its own, and what does not fit is refused. PyTorch is compared elsewhere."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Tensor
from nn.utils import rnn

rng = np.random.default_rng(0)
LENGTHS = [3, 1, 6, 2, 6]
SEQUENCES = [rng.standard_normal((length, 3)).astype(np.float32) for length in LENGTHS]


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_each_sequence_gives_what_it_gives_alone(name: str) -> None:
    model = getattr(nn, name)(3, 4, num_layers=2, bidirectional=True)
    output, last = model(rnn.pack_sequence(SEQUENCES, enforce_sorted=False))
    padded, lengths = rnn.pad_packed_sequence(output)
    assert lengths.tolist() == LENGTHS
    for place, sequence in enumerate(SEQUENCES):
        alone, its_last = model(sequence)
        np.testing.assert_allclose(padded[: len(sequence), place].data, alone.data, rtol=1e-5, atol=1e-6)
        assert not padded[len(sequence) :, place].data.any()
        for all_states, state in zip(*((last, its_last) if name == "LSTM" else ([last], [its_last])), strict=True):
            np.testing.assert_allclose(all_states[:, place].data, state.data, rtol=1e-5, atol=1e-6)


def test_integers_and_arrays_stay_what_they_are() -> None:
    packed = rnn.pack_sequence([np.array([1, 2]), np.array([3])])
    assert isinstance(packed.data, np.ndarray)
    padded, _ = rnn.pad_packed_sequence(packed, padding_value=-1)
    assert padded.tolist() == [[1, 3], [2, -1]]
    assert isinstance(rnn.pad_sequence([[1.0, 2.0], nn.Parameter([3.0])]), Tensor)


X: Any = np.zeros((2, 3))
GOOD = rnn.pack_sequence(SEQUENCES[:1])


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda: rnn.pad_sequence(X), TypeError, "takes a list of sequences, not a ndarray"),
    (lambda: rnn.pad_sequence([]), ShapeError, "shapes none"),
    (lambda: rnn.pad_sequence([np.zeros((2, 3)), np.zeros((2, 4))]), ShapeError, "first axis only"),
    (lambda: rnn.pad_sequence([1.0]), ShapeError, r"shapes \(\)"),
    (lambda: rnn.pad_sequence([[1]], padding_side="top"), ValueError, "padding_side"),  # type: ignore[arg-type]
    (lambda: rnn.pack_padded_sequence(np.zeros(3), [3]), ShapeError, r"shape \(3,\)"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [1, 2]), ValueError, "1 comes before 2. Pass enforce_sorted"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3, 0]), ShapeError, "from 0 to 3"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [4, 1]), ShapeError, "from 1 to 4"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3]), ShapeError, "give 2 whole numbers"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 2)), [3.0, 1.0]), ShapeError, "give 2 whole numbers"),
    (lambda: rnn.pack_padded_sequence(np.zeros((3, 0)), []), ShapeError, "whole numbers"),
    (lambda: rnn.pad_packed_sequence(GOOD, total_length=2), ValueError, "the longest sequence has 3 steps"),
    (lambda: rnn.pad_packed_sequence((1, 2)), TypeError, "takes a PackedSequence, as pack_sequence"),  # type: ignore[arg-type]
    (lambda: rnn.pad_packed_sequence(GOOD._replace(batch_sizes=np.array([1, 2]))), ShapeError, "never grow"),
    (lambda: nn.GRU(3, 4)(GOOD._replace(batch_sizes=np.array([2]))), ShapeError, "GRU has a PackedSequence of 3 steps"),
    (lambda: nn.GRU(2, 4)(GOOD), ShapeError, r"takes \(total of all steps, 2\)"),
    (lambda: nn.GRU(3, 4)(GOOD, np.zeros((1, 2, 4))), ShapeError, "h_0 of shape"),
])  # fmt: skip
def test_what_does_not_fit(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
