"""Initial values: exact ones are PyTorch's, and random ones have its distribution, for drawn shapes and options."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from nn import init

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
stats: Any = pytest.importorskip("scipy.stats", reason="compares distributions: pip install scipy")

some = st.sampled_from
LINEARITIES = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
               "sigmoid", "tanh", "relu", "leaky_relu", "selu"]  # fmt: skip
SHAPES = [(40, 60), (60, 40), (20, 40, 5), (12, 10, 9, 3), (300, 8)]


@pytest.mark.parametrize("name", LINEARITIES)
def test_gains(name: Any) -> None:
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


@given(slope=some([0, 0.01, 0.5, 2, -1.0]))
def test_the_gain_of_a_slope(slope: float) -> None:
    assert init.calculate_gain("leaky_relu", slope) == torch.nn.init.calculate_gain("leaky_relu", slope)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("constant_", (0.3,), (2, 3)),
        ("ones_", (), (3,)),
        ("zeros_", (), (2, 2)),
        ("eye_", (), (2, 4)),
        ("eye_", (), (4, 2)),
        ("dirac_", (), (4, 3, 3)),
        ("dirac_", (2,), (4, 3, 2, 3)),
        ("dirac_", (3,), (6, 1, 1, 2, 4)),
    ],
)
def test_values_that_are_not_drawn(name: str, arguments: Any, shape: Any) -> None:
    ours, theirs = nn.Parameter(np.full(shape, 7.0)), torch.nn.Parameter(torch.full(shape, 7.0))
    assert getattr(init, name)(ours, *arguments) is ours
    getattr(torch.nn.init, name)(theirs, *arguments)
    np.testing.assert_array_equal(ours.data, theirs.detach().numpy())


modes = {"mode": some(["fan_in", "fan_out"]), "nonlinearity": some(["relu", "leaky_relu", "tanh"]), "a": some([0, 0.5])}
DRAWN: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "uniform_": {"a": some([-1.0, 0.0]), "b": some([0.5, 2.0])},
    "normal_": {"mean": some([-1.0, 0.0]), "std": some([0.02, 2.0])},
    "trunc_normal_": {
        "mean": some([0.0, 0.5]),
        "std": some([0.5, 2.0]),
        "a": some([-1.0, -4.0]),
        "b": some([0.7, 4.0]),
    },
    "xavier_uniform_": {"gain": some([1.0, 0.5])},
    "xavier_normal_": {"gain": some([1.0, 0.5])},
    "kaiming_uniform_": modes,
    "kaiming_normal_": modes,
}


@pytest.mark.parametrize("name", DRAWN)
@draws(12)
@given(data=st.data())
def test_distributions(name: str, data: st.DataObject) -> None:
    """A test of two samples tells whether they are of one distribution; scales that differ by a tenth fail it."""
    shape = data.draw(some(SHAPES))
    options = {option: data.draw(values) for option, values in DRAWN[name].items()}
    ours, theirs = nn.Parameter(np.zeros(shape), dtype=float), torch.zeros(shape, dtype=torch.float64)
    getattr(init, name)(ours, **options, generator=np.random.default_rng(0))
    getattr(torch.nn.init, name)(theirs, **options, generator=torch.Generator().manual_seed(0))
    found, expected = ours.data.ravel(), theirs.numpy().ravel()
    assert stats.ks_2samp(found, expected).pvalue > 1e-6
    assert found.std() == pytest.approx(expected.std(), rel=0.12)
    if "uniform_" in name:  # then there are bounds, which both come near to
        assert abs(found).max() == pytest.approx(abs(expected).max(), rel=0.05)


@given(shape=some([(5, 3), (3, 5), (4, 2, 3), (6, 2, 2)]), gain=some([1.0, 1.5]))
def test_orthogonal(shape: tuple[int, ...], gain: float) -> None:
    ours, theirs = nn.Parameter(np.zeros(shape), dtype=float), torch.zeros(shape, dtype=torch.float64)
    init.orthogonal_(ours, gain)
    torch.nn.init.orthogonal_(theirs, gain)
    for values in (ours.data, theirs.numpy()):
        rows = values.reshape(shape[0], -1)
        product = rows @ rows.T if shape[0] <= rows.shape[1] else rows.T @ rows
        np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-12)


@given(rows=st.integers(0, 7), columns=st.integers(1, 5), sparsity=some([0.0, 0.1, 0.5, 1.0]))
def test_sparse(rows: int, columns: int, sparsity: float) -> None:
    ours, theirs = nn.Parameter(np.ones((rows, columns))), torch.ones((rows, columns))
    init.sparse_(ours, sparsity, std=2.0)
    torch.nn.init.sparse_(theirs, sparsity, std=2.0)
    np.testing.assert_array_equal((ours.data == 0).sum(axis=0), (theirs.numpy() == 0).sum(axis=0))


def test_sparse_draws_from_the_normal_distribution() -> None:
    matrix = nn.Parameter(np.zeros((300, 40)))
    init.sparse_(matrix, 0.25, std=2.0, generator=np.random.default_rng(0))
    assert stats.kstest(matrix.data[matrix.data != 0] / 2, "norm").pvalue > 1e-6
    assert (matrix.data[:30] == 0).sum() == pytest.approx(300, rel=0.2)  # rows are zero alike


def test_what_cannot_be_drawn() -> None:
    """Fans need two axes, and a distribution some width: errors here as there."""
    vector, peer = nn.Parameter(np.zeros(3)), torch.zeros(3)
    for name in (
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "orthogonal_",
        "eye_",
        "dirac_",
    ):
        with pytest.raises(ValueError):  # of PyTorch, whose words are its own
            getattr(torch.nn.init, name)(peer)
        with pytest.raises(ValueError, match=r"\(3,\)"):
            getattr(init, name)(vector)
    assert math.isfinite(float(vector.data.sum()))


# What layers begin with: a sample of each parameter, from layers that are large enough to tell.
LAYERS: dict[str, tuple[Any, ...]] = {
    "Linear": (60, 50), "Bilinear": (20, 10, 30), "Conv1d": (16, 12, 5), "Conv2d": (16, 12, 3), "Conv3d": (8, 6, 2),
    "ConvTranspose1d": (16, 12, 5), "ConvTranspose2d": (16, 12, 3), "ConvTranspose3d": (8, 6, 2), "Embedding": (60, 40),
    "RNN": (20, 30, 2), "LSTM": (20, 30), "GRU": (20, 30), "RNNCell": (20, 30), "LSTMCell": (20, 30),
    "GRUCell": (20, 30), "MultiheadAttention": (24, 2, 0.0, True, True), "TransformerEncoderLayer": (24, 2, 40),
    "TransformerDecoderLayer": (24, 2, 40), "Transformer": (24, 2, 1, 1, 40), "PReLU": (7,), "BatchNorm1d": (7,),
    "BatchNorm2d": (7,), "LayerNorm": (7,), "RMSNorm": (7,), "GroupNorm": (1, 7),
    "InstanceNorm1d": (7, 1e-5, 0.1, True), "InstanceNorm2d": (7, 1e-5, 0.1, True),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_layers_begin_alike(name: str) -> None:
    nn.manual_seed(1)
    torch.manual_seed(1)
    ours, theirs = getattr(nn, name)(*LAYERS[name]), getattr(torch.nn, name)(*LAYERS[name])
    for key, value in theirs.state_dict().items():
        found, expected = ours.state_dict()[key].ravel(), value.numpy().ravel()
        assert found.dtype == expected.dtype
        if np.ptp(expected) == 0:
            np.testing.assert_array_equal(found, expected)
        else:
            assert stats.ks_2samp(found, expected).pvalue > 1e-5, key
