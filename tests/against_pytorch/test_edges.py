"""Shapes at the edge, and what PyTorch refuses: empty batches, inputs without one, wrong labels and options."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

Make = Callable[[Any], Any]


def double(where: Any) -> dict[str, Any]:
    return {"dtype": np.float64 if where is nn else torch.float64}


# Layers of three features or channels, each with shapes of inputs: without a batch, of one row, and of none.
LAYERS: dict[str, tuple[Make, list[tuple[int, ...]]]] = {
    "Linear": (lambda w: w.Linear(3, 2, **double(w)), [(3,), (1, 3), (0, 3), (2, 0, 3), (2, 4, 3)]),
    "Bilinear": (lambda w: w.Bilinear(3, 3, 2, **double(w)), [(3,), (1, 3), (0, 3), (2, 4, 3)]),
    "Conv1d": (lambda w: w.Conv1d(3, 2, 2, **double(w)), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "Conv2d": (lambda w: w.Conv2d(3, 2, 2, **double(w)), [(3, 5, 4), (1, 3, 5, 4), (0, 3, 5, 4)]),
    "Conv3d": (lambda w: w.Conv3d(3, 2, 2, **double(w)), [(3, 2, 3, 4), (1, 3, 2, 3, 4), (0, 3, 2, 3, 4)]),
    "ConvTranspose1d": (lambda w: w.ConvTranspose1d(3, 2, 2, **double(w)), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "ConvTranspose2d": (lambda w: w.ConvTranspose2d(3, 2, 2, **double(w)), [(3, 5, 4), (1, 3, 1, 1), (0, 3, 5, 4)]),
    "MaxPool1d": (lambda w: w.MaxPool1d(2), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "MaxPool2d": (lambda w: w.MaxPool2d(2), [(3, 5, 4), (1, 3, 5, 4), (0, 3, 5, 4)]),
    "AvgPool1d": (lambda w: w.AvgPool1d(2), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "AvgPool2d": (lambda w: w.AvgPool2d(2), [(3, 5, 4), (1, 3, 5, 4), (0, 3, 5, 4)]),
    "AdaptiveAvgPool1d": (lambda w: w.AdaptiveAvgPool1d(3), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "AdaptiveAvgPool2d": (lambda w: w.AdaptiveAvgPool2d((3, None)), [(3, 5, 4), (1, 3, 5, 4), (0, 3, 5, 4)]),
    "AdaptiveMaxPool1d": (lambda w: w.AdaptiveMaxPool1d(3), [(3, 5), (1, 3, 5), (0, 3, 5)]),
    "AdaptiveMaxPool2d": (lambda w: w.AdaptiveMaxPool2d((3, None)), [(3, 5, 4), (1, 3, 5, 4), (0, 3, 5, 4)]),
    "BatchNorm1d": (lambda w: w.BatchNorm1d(3, **double(w)), [(2, 3), (0, 3), (1, 3, 4), (2, 3, 0)]),
    "BatchNorm1d in evaluation": (lambda w: w.BatchNorm1d(3, **double(w)).eval(), [(1, 3), (0, 3), (1, 3, 1)]),
    "BatchNorm2d": (lambda w: w.BatchNorm2d(3, **double(w)), [(1, 3, 2, 2), (0, 3, 2, 2)]),
    "InstanceNorm1d": (lambda w: w.InstanceNorm1d(3, affine=True, **double(w)), [(3, 5), (1, 3, 5)]),
    "InstanceNorm2d": (lambda w: w.InstanceNorm2d(3, affine=True, **double(w)), [(3, 5, 4), (1, 3, 5, 4)]),
    "LayerNorm": (lambda w: w.LayerNorm(3, **double(w)), [(3,), (1, 3), (0, 3), (2, 0, 3)]),
    "RMSNorm": (lambda w: w.RMSNorm(3, **double(w)), [(3,), (1, 3), (0, 3), (2, 0, 3)]),
    "GroupNorm": (lambda w: w.GroupNorm(1, 3, **double(w)), [(1, 3), (2, 3), (2, 3, 2)]),
    "RNN": (lambda w: w.RNN(3, 4, **double(w)), [(5, 3), (5, 1, 3), (1, 1, 3), (5, 0, 3)]),
    "LSTM": (lambda w: w.LSTM(3, 4, bidirectional=True, **double(w)), [(5, 3), (5, 1, 3), (5, 0, 3)]),
    "GRU": (lambda w: w.GRU(3, 4, 2, batch_first=True, **double(w)), [(5, 3), (1, 5, 3), (0, 5, 3)]),
    "RNNCell": (lambda w: w.RNNCell(3, 4, **double(w)), [(3,), (1, 3), (0, 3)]),
    "LSTMCell": (lambda w: w.LSTMCell(3, 4, **double(w)), [(3,), (1, 3), (0, 3)]),
    "GRUCell": (lambda w: w.GRUCell(3, 4, **double(w)), [(3,), (1, 3), (0, 3)]),
    "TransformerEncoderLayer": (lambda w: w.TransformerEncoderLayer(3, 1, 4, 0.0, **double(w)), [(5, 3), (5, 1, 3)]),
    "Softmax": (lambda w: w.Softmax(dim=0), [(), (3,), (0,), (0, 3), (3, 0)]),
    "LogSoftmax": (lambda w: w.LogSoftmax(dim=-1), [(), (3,), (0,), (0, 3), (3, 0)]),
    "Flatten": (lambda w: w.Flatten(), [(2, 3), (1, 3, 2), (0, 3, 2), (2, 0, 3)]),
    "Flatten all": (lambda w: w.Flatten(0), [(), (3,), (0, 3), (2, 3)]),
    "Dropout without training": (lambda w: w.Dropout(0.5).eval(), [(), (3,), (0, 3)]),
    "Upsample": (lambda w: w.Upsample(scale_factor=2), [(0, 3, 4), (1, 3, 1)]),
    "PixelShuffle": (lambda w: w.PixelShuffle(1), [(3, 2, 2), (1, 3, 1, 1)]),
    "Unfold": (lambda w: w.Unfold(2), [(3, 4, 4), (0, 3, 4, 4)]),
    "Fold": (lambda w: w.Fold(3, 2), [(12, 4), (0, 12, 4)]),
}


def parts(result: Any) -> list[Any]:
    return [part for each in result for part in parts(each)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", LAYERS)
def test_batches_of_none_of_one_and_without(name: str) -> None:
    make, shapes = LAYERS[name]
    ours, theirs = make(nn), make(torch.nn)
    for shape in shapes:
        ours.load_state_dict({key: value.numpy() for key, value in theirs.state_dict().items()})
        count = 2 if name == "Bilinear" else 1
        arrays = [np.random.default_rng(i).standard_normal(shape) for i in range(count)]
        live = [tensor(x, requires_grad=True) for x in arrays]
        others = [torch.tensor(x, requires_grad=True) for x in arrays]
        ours.zero_grad(), theirs.zero_grad()
        found, expected = parts(ours(*live)), parts(theirs(*others))
        for one, other in zip(found, expected, strict=True):
            assert one.shape == tuple(other.shape), shape
            np.testing.assert_allclose(one.data, other.detach().numpy(), 1e-10, 1e-12)
        g = np.asarray(np.random.default_rng(9).standard_normal(found[0].shape))
        found[0].backward(g)
        expected[0].backward(torch.tensor(g))
        pairs = zip([*live, *ours.parameters()], [*others, *theirs.parameters()], strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one.grad.data, other.grad.numpy(), 1e-9, 1e-11)
        state = ours.state_dict()
        for key, value in theirs.state_dict().items():
            np.testing.assert_allclose(state[key], value.numpy(), 1e-10, 1e-12)


axes = st.integers(-3, 3)


@given(shape=st.lists(st.integers(0, 3), max_size=4).map(tuple), start=axes, end=axes)
def test_flatten(shape: tuple[int, ...], start: int, end: int) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    try:
        expected = torch.nn.Flatten(start, end)(torch.tensor(x))
    except (RuntimeError, IndexError):
        with pytest.raises(ValueError, match="cannot flatten"):
            nn.Flatten(start, end)(x)
        return
    np.testing.assert_array_equal(nn.Flatten(start, end)(x), expected.numpy())


@given(
    shape=st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
    dim=st.integers(-3, 2),
    size=st.lists(st.sampled_from([-1, 1, 2, 3]), min_size=1, max_size=3).map(tuple),
)
def test_unflatten(shape: tuple[int, ...], dim: int, size: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    try:
        expected = torch.nn.Unflatten(dim, size)(torch.tensor(x))
    except (RuntimeError, IndexError):
        with pytest.raises(ValueError, match="cannot make these axes"):
            nn.Unflatten(dim, size)(x)
        return
    np.testing.assert_array_equal(nn.Unflatten(dim, size)(x), expected.numpy())


def f(where: Any) -> Any:
    return where.functional


def array(where: Any, values: Any) -> Any:
    return np.array(values) if where is nn else torch.tensor(values)


def ones(where: Any, *shape: int) -> Any:
    return np.ones(shape) if where is nn else torch.ones(shape, dtype=torch.float64)


# What both refuse; PyTorch's words are its own, and ours name what is wrong.
REFUSED: dict[str, tuple[Make, str]] = {
    "a label below 0": (lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [-1, 0])), "label -1 in row 0"),
    "a label too large": (lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [0, 3])), "label 3 in row 1"),
    "more labels than rows": (lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [0, 1, 2])), r"shape \(3,\)"),
    "labels in a column": (lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [[0], [1]])), r"target.squeeze\(-1\)"),
    "labels as floats": (lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [0.0, 1.0])), r"astype\(int\)"),
    "a label to ignore beside probabilities": (
        lambda w: f(w).cross_entropy(ones(w, 2, 3), ones(w, 2, 3) / 3, ignore_index=1), "ignore_index=1 is a label"),
    "too much smoothing": (
        lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [0, 1]), label_smoothing=1.5), "from 0 to 1, not 1.5"),
    "weights of other classes": (
        lambda w: f(w).cross_entropy(ones(w, 2, 3), array(w, [0, 1]), ones(w, 2)), "there are 3 classes"),
    "no reduction": (lambda w: f(w).mse_loss(ones(w, 2), ones(w, 2), reduction="avg"), "not 'avg'"),
    "no probability": (lambda w: f(w).binary_cross_entropy(ones(w, 2) * 2, ones(w, 2)), "probabilities from 0 to 1"),
    "a target beside": (lambda w: f(w).binary_cross_entropy(ones(w, 2, 1), ones(w, 2)), "broadcast"),
    "a negative beta": (lambda w: f(w).smooth_l1_loss(ones(w, 2), ones(w, 2), beta=-1.0), "beta"),
    "a delta of 0": (lambda w: f(w).huber_loss(ones(w, 2), ones(w, 2), delta=0.0), "delta"),
    "a negative variance": (lambda w: f(w).gaussian_nll_loss(ones(w, 2), ones(w, 2), -ones(w, 2)), "variances"),
    "a power of 3": (lambda w: f(w).multi_margin_loss(ones(w, 1, 2), array(w, [0]), p=3), "p=1 or p=2"),
    "a negative margin": (
        lambda w: f(w).triplet_margin_loss(*[ones(w, 2, 2)] * 3, margin=-1.0), "margin above 0"),
    "a large blank": (lambda w: f(w).ctc_loss(ones(w, 4, 1, 3), array(w, [[1]]), (4,), (1,), blank=3), "blank=3"),
    "lengths beyond the end": (lambda w: f(w).ctc_loss(ones(w, 4, 1, 3), array(w, [[1]]), (5,), (1,)), "from 1 to 4"),
    "an input of other features": (lambda w: w.Linear(3, 2, **double(w))(ones(w, 2, 4)), "an input of shape"),
    "a weight of linear with three axes": (lambda w: f(w).linear(ones(w, 2, 3), ones(w, 2, 4, 3)), "out_features"),
    "other channels": (lambda w: w.Conv1d(3, 2, 2, **double(w))(ones(w, 1, 4, 5)), "channels"),
    "groups that do not divide": (lambda w: w.Conv1d(3, 2, 2, groups=2), "groups"),
    "a kernel beyond the input": (lambda w: w.Conv1d(1, 1, 5, **double(w))(ones(w, 1, 1, 4)), "window"),
    "padding of half a window": (lambda w: w.MaxPool1d(2, padding=2)(ones(w, 1, 1, 4)), "at most half"),
    "reflection of everything": (
        lambda w: w.Conv1d(1, 1, 2, padding=4, padding_mode="reflect", **double(w))(ones(w, 1, 1, 4)), "length - 1"),
    "same with a stride": (lambda w: w.Conv1d(1, 1, 3, padding="same", stride=2), "stride 1"),
    "output_padding of a stride": (
        lambda w: w.ConvTranspose1d(1, 1, 3, 2, output_padding=2, **double(w))(ones(w, 1, 1, 4)), "output_padding"),
    "one value for each channel": (lambda w: w.BatchNorm1d(3, **double(w))(ones(w, 1, 3)), "more than one value"),
    "one pixel for each channel": (lambda w: w.InstanceNorm2d(3)(ones(w, 2, 3, 1, 1)), "more than one value"),
    "one value for each group": (lambda w: w.GroupNorm(3, 3, **double(w))(ones(w, 1, 3)), "more than one value"),
    "groups of channels that do not divide": (lambda w: w.GroupNorm(2, 3), "evenly"),
    "other normalized axes": (lambda w: w.LayerNorm((2, 3), **double(w))(ones(w, 5, 3, 2)), r"\(..., 2, 3\)"),
    "an index beyond the rows": (lambda w: w.Embedding(3, 2)(array(w, [3])), "index 3"),
    "a negative index": (lambda w: w.Embedding(3, 2)(array(w, [-1])), "index -1"),
    "an index that is a float": (lambda w: w.Embedding(3, 2)(array(w, [1.0])), "integers"),
    "padding_idx beyond the rows": (lambda w: w.Embedding(3, 2, padding_idx=3), "padding_idx"),
    "heads that do not divide": (lambda w: w.MultiheadAttention(6, 4), "num_heads=4"),
    "two masks": (
        lambda w: f(w).scaled_dot_product_attention(*[ones(w, 2, 3)] * 3, ones(w, 2, 2), is_causal=True), "is_causal"),
    "heads that are shared unevenly": (
        lambda w: f(w).scaled_dot_product_attention(ones(w, 1, 3, 2, 2), *[ones(w, 1, 2, 2, 2)] * 2, enable_gqa=True),
        "enable_gqa=True"),
    "no step": (lambda w: w.LSTM(3, 2, **double(w))(ones(w, 0, 2, 3)), "without any step"),
    "a state of another batch": (lambda w: w.GRU(3, 2, **double(w))(ones(w, 4, 2, 3), ones(w, 1, 3, 2)), "h_0"),
    "a state that is no pair": (lambda w: w.LSTM(3, 2, **double(w))(ones(w, 4, 2, 3), ones(w, 1, 2, 2)), "pair"),
    "a projection that is no smaller": (lambda w: w.LSTM(3, 2, proj_size=2), "proj_size"),
    "another nonlinearity": (lambda w: w.RNN(3, 2, nonlinearity="sin"), "nonlinearity"),
    "another activation": (lambda w: w.TransformerEncoderLayer(4, 2, activation="sin"), "activation"),
    "a probability above 1": (lambda w: w.Dropout(1.1), "from 0 to 1, not 1.1"),
    "dropped channels of one axis": (lambda w: f(w).dropout1d(ones(w, 4)), "dropout1d"),
    "an odd number of gates": (lambda w: f(w).glu(ones(w, 2, 3)), "even number"),
    "channels that make no square": (lambda w: w.PixelShuffle(2)(ones(w, 1, 3, 2, 2)), "divide"),
    "size and scale": (lambda w: w.Upsample(size=3, scale_factor=2)(ones(w, 1, 1, 2)), "either"),
    "corners of the nearest": (lambda w: w.Upsample(size=3, align_corners=True)(ones(w, 1, 1, 2)), "align_corners"),
    "an axis that there is not": (lambda w: f(w).softmax(ones(w, 2), dim=1), "out of bounds"),
    "slopes of other channels": (lambda w: f(w).prelu(ones(w, 5, 2), ones(w, 3)), "prelu"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_both_refuse(name: str) -> None:
    call, message = REFUSED[name]
    with pytest.raises((RuntimeError, ValueError, IndexError, AssertionError, TypeError)):
        call(torch.nn)
    with pytest.raises((ValueError, TypeError, IndexError), match=message):
        call(nn)


# What PyTorch computes, and is refused here: each would be a silent mistake more often than not.
STRICTER: dict[str, tuple[Make, str]] = {
    "a bias that is broadcast": (lambda w: f(w).linear(ones(w, 2, 3), ones(w, 4, 3), ones(w, 1)), "out_features"),
    "a weight that is a vector": (lambda w: f(w).linear(ones(w, 2, 3), ones(w, 3)), "out_features"),
    "the blank as a label": (lambda w: f(w).ctc_loss(ones(w, 4, 1, 3), array(w, [[0]]), (4,), (1,)), "blank"),
    "negative counts": (lambda w: f(w).poisson_nll_loss(ones(w, 2), -ones(w, 2)), "counts"),
    "negative probabilities": (lambda w: f(w).kl_div(ones(w, 2), -ones(w, 2), reduction="sum"), "probabilities"),
}


@pytest.mark.parametrize("name", STRICTER)
def test_what_is_refused_here_alone(name: str) -> None:
    call, message = STRICTER[name]
    call(torch.nn)
    with pytest.raises((ValueError, IndexError), match=message):
        call(nn)


def test_cosines_have_the_gradient_of_their_values_where_eps_is_larger_than_the_norms() -> None:
    """PyTorch's value is of the norms limited to eps, but its gradient is of the norms themselves."""
    x, y = np.array([[3.0, 4.0]]), np.array([[1.0, 2.0]])
    ours, theirs = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    nn.functional.cosine_similarity(ours, y, eps=10.0).sum().backward()
    torch.nn.functional.cosine_similarity(theirs, torch.tensor(y), eps=10.0).sum().backward()
    step = np.array([[1e-6, 0.0]])
    values = [
        torch.nn.functional.cosine_similarity(torch.tensor(x + s), torch.tensor(y), eps=10.0) for s in (step, -step)
    ]
    slope = float((values[0] - values[1]) / 2e-6)
    assert ours.grad is not None
    assert ours.grad.data[0, 0] == pytest.approx(slope, rel=1e-6)
    assert abs(float(theirs.grad[0, 0]) - slope) > 1e-3


def states(change: str) -> dict[str, Any]:
    state = {"0.weight": np.ones((2, 3)), "0.bias": np.ones(2), "1.weight": np.ones(2), "1.bias": np.ones(2),
             "1.running_mean": np.ones(2), "1.running_var": np.ones(2),
             "1.num_batches_tracked": np.array(4)}  # fmt: skip
    if change == "missing":
        del state["0.bias"], state["1.running_var"]
    elif change == "unexpected":
        state |= {"2.weight": np.ones(3), "0.scale": np.ones(2)}
    elif change == "shape":
        state |= {"0.weight": np.ones((3, 2)), "1.running_mean": np.ones(3)}
    return state


NAMES = {"missing": ["0.bias", "1.running_var"], "unexpected": ["2.weight", "0.scale"],
         "shape": ["0.weight", "1.running_mean"]}  # fmt: skip


@pytest.mark.parametrize("change", NAMES)
@pytest.mark.parametrize("strict", [True, False])
def test_states_that_do_not_fit_are_refused_by_name(change: str, strict: bool) -> None:
    ours, theirs = (w.Sequential(w.Linear(3, 2), w.BatchNorm1d(2)) for w in (nn, torch.nn))
    before, given_state = ours.state_dict(), states(change)
    for_torch = {name: torch.tensor(value) for name, value in given_state.items()}
    if strict or change == "shape":
        for model, state in ((theirs, for_torch), (ours, given_state)):
            with pytest.raises(RuntimeError) as caught:
                model.load_state_dict(state, strict=strict)
            assert all(name in str(caught.value) for name in NAMES[change])
        assert all(np.array_equal(value, before[name]) for name, value in ours.state_dict().items())
    else:
        assert ours.load_state_dict(given_state, strict=False) == tuple(theirs.load_state_dict(for_torch, strict=False))
