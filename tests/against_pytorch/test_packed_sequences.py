"""Sequences of different lengths against PyTorch: padding, packing, and recurrent layers of packed sequences."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import tensor
from nn.utils import rnn

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
theirs = torch.nn.utils.rnn

rng = np.random.default_rng(0)
LENGTHS = [[3, 1, 5, 2, 4], [5, 5, 5], [1], [4, 4, 2, 2, 1], [6, 1, 1]]


def equal(ours: Any, other: Any) -> None:
    array = np.asarray(getattr(ours, "data", ours))
    expected = other.detach().numpy()
    assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-10)


def sequences(lengths: list[int], *shape: int) -> list[Any]:
    return [rng.standard_normal((length, *shape)) for length in lengths]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_padding_and_packing(lengths: list[int], batch_first: bool, shape: tuple[int, ...]) -> None:
    arrays = sequences(lengths, *shape)
    for side in ("left", "right"):
        options: Any = {"batch_first": batch_first, "padding_value": -1.5, "padding_side": side}
        equal(rnn.pad_sequence(arrays, **options), theirs.pad_sequence(list(map(torch.tensor, arrays)), **options))
    padded = rng.standard_normal((len(lengths), max(lengths), *shape))
    padded = padded if batch_first else padded.swapaxes(0, 1)
    leaf, other = tensor(padded, requires_grad=True), torch.tensor(padded, requires_grad=True)
    kept = {"batch_first": batch_first, "enforce_sorted": False}
    packed = rnn.pack_padded_sequence(leaf, lengths, **kept)
    expected = theirs.pack_padded_sequence(other, lengths, **kept)
    equal(packed.data, expected.data)
    equal(packed.batch_sizes, expected.batch_sizes)
    for total in (None, 8):
        options = {"batch_first": batch_first, "padding_value": 2.5, "total_length": total}
        again, counted = rnn.pad_packed_sequence(packed, **options)
        same, their_counted = theirs.pad_packed_sequence(expected, **options)
        equal(again, same)
        equal(counted, their_counted)
        assert counted.tolist() == lengths
        weights = rng.standard_normal(again.shape)
        leaf.grad = other.grad = None
        (again * weights).sum().backward(retain_graph=True)
        (same * torch.tensor(weights)).sum().backward(retain_graph=True)
        equal(leaf.grad, other.grad)
    by_sequence = rnn.pack_sequence(arrays, enforce_sorted=False)
    equal(by_sequence.data, theirs.pack_sequence(list(map(torch.tensor, arrays)), enforce_sorted=False).data)
    if sorted(lengths, reverse=True) == lengths:
        ordered = rnn.pack_sequence(arrays)
        assert ordered.sorted_indices is None
        equal(ordered.data, theirs.pack_sequence(list(map(torch.tensor, arrays))).data)


SHARED: list[dict[str, Any]] = [
    {}, {"num_layers": 2, "bidirectional": True}, {"bidirectional": True, "bias": False}, {"batch_first": True},
]  # fmt: skip
OPTIONS = [(name, options) for name in ("RNN", "GRU", "LSTM") for options in SHARED]
OPTIONS += [("LSTM", {"proj_size": 2, "num_layers": 2}), ("RNN", {"nonlinearity": "relu"})]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # PyTorch about its speed
def test_recurrent_layers(name: str, lengths: list[int], options: dict[str, Any], with_states: bool) -> None:
    ours = getattr(nn, name)(3, 4, **options, dtype=np.float64)
    other = getattr(torch.nn, name)(3, 4, **options, dtype=torch.float64)
    ours.load_state_dict({key: value.numpy() for key, value in other.state_dict().items()})
    arrays = sequences(lengths, 3)
    leaves = [tensor(array, requires_grad=True) for array in arrays]
    their_leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    states: list[Any] = []
    if with_states:
        count = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
        sizes = [options.get("proj_size", 4), 4] if name == "LSTM" else [4]
        states = [rng.standard_normal((count, len(lengths), size)) for size in sizes]
    mine, same = [tensor(s, requires_grad=True) for s in states], [torch.tensor(s, requires_grad=True) for s in states]

    def given(found: list[Any]) -> list[Any]:
        return [tuple(found) if name == "LSTM" else found[0]] if found else []

    output, last = ours(rnn.pack_sequence(leaves, enforce_sorted=False), *given(mine))
    expected, their_last = other(theirs.pack_sequence(their_leaves, enforce_sorted=False), *given(same))
    assert isinstance(output, rnn.PackedSequence)
    results = [output.data, *(last if name == "LSTM" else [last])]
    their_results = [expected.data, *(their_last if name == "LSTM" else [their_last])]
    total, their_total = tensor(0.0), torch.tensor(0.0)
    for one, two in zip(results, their_results, strict=True):
        equal(one, two)
        weights = rng.standard_normal(one.shape)
        total, their_total = total + (one * weights).sum(), their_total + (two * torch.tensor(weights)).sum()
    total.backward()
    their_total.backward()
    pairs = zip((*leaves, *mine, *ours.parameters()), (*their_leaves, *same, *other.parameters()), strict=True)
    for one, two in pairs:
        equal(one.grad, two.grad)
