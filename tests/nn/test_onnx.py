"""Exported models compute in onnxruntime, and loaded again, what they compute here, for each length of an axis."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Function, UnsupportedError, tensor
from nn import functional
from nn.onnx._program import Names

from ..lists import assert_listed

onnx: Any = pytest.importorskip("onnx", reason="writes its files: pip install onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="computes exported models: pip install onnxruntime")

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    return RNG.standard_normal(shape).astype(np.float32)


def integers(high: int, *shape: int) -> Array:
    return RNG.integers(0, high, shape)


class Function1(nn.Module):
    """A function of one input as a module."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Any) -> Any:
        """Return its result."""
        return self.function(x)


def exported(model: nn.Module, path: Path, *args: Array, **options: Any) -> Any:
    nn.onnx.export(model, args, path / "model.onnx", **options)
    return onnx.load(path / "model.onnx")


def computed(path: Path, *args: Array) -> list[Array]:
    session = runtime.InferenceSession(path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    found: list[Array] = session.run(None, dict(zip(names, args, strict=True)))
    return found


def flat(output: Any) -> list[Array]:
    if isinstance(output, tuple | list | dict):
        return [a for part in (output.values() if isinstance(output, dict) else output) for a in flat(part)]
    return [] if output is None else [np.asarray(getattr(output, "data", output))]


def compare(model: nn.Module, path: Path, *args: Array) -> None:
    modes = [(module, module.training) for module in model.modules()]
    expected = flat(model.eval()(*args))
    for module, training in modes:
        module.training = training
    found = computed(path, *args)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert np.allclose(one, other, rtol=1e-5, atol=1e-5 * max(1, np.abs(other).max(initial=0)))
    again = flat(nn.onnx.load(path / "model.onnx")(*args))
    for one, other in zip(again, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert np.allclose(one, other, rtol=1e-6, atol=1e-6 * max(1, np.abs(other).max(initial=0)))


def check(model: nn.Module, path: Path, *args: Array, batch: bool = True) -> Any:
    """Export a model, with a dynamic first axis of each input, and compare for batches of several sizes."""
    if not batch:
        file = exported(model, path, *args)
        compare(model, path, *args)
        return file
    names = [f"x{i}" for i in range(len(args))]
    file = exported(model, path, *args, input_names=names, dynamic_axes={name: {0: "batch"} for name in names})
    for n in (len(args[0]), 1, 7):
        compare(model, path, *(np.concatenate([x] * n)[:n] for x in args))
    return file


class Residual(nn.Module):
    """A block of a residual network."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding="same"),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.relu(x + self.inner(x))


class Tokens(nn.Module):
    """A small model of text: embeddings, places, a transformer, and the embedding once more for the scores."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(11, 8, padding_idx=0)
        self.places = nn.Parameter(0.1 * normal(5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)

    def forward(self, x: Any) -> Any:
        """Return scores of shape ``(n, 5, 11)``."""
        mask = np.triu(np.ones((5, 5), bool), 1)
        return functional.linear(self.encoder(self.tokens(x) + self.places, mask=mask), self.tokens.weight)


def trained(model: nn.Module, *shape: int) -> nn.Module:
    """Give the running statistics of a model some values."""
    for _ in range(3):
        model(2 * normal(*shape) + 1)
    return model


def padding(axes: int) -> nn.Module:
    kinds = ("ConstantPad", "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad")
    options = {"ConstantPad": (1, 2.0), "ReflectionPad": (2,)}
    return nn.Sequential(*(getattr(nn, f"{kind}{axes}d")(*options.get(kind, (1,))) for kind in kinds))


MODELS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "Linear": lambda: (nn.Linear(4, 3), normal(2, 4)),
    "Linear without bias": lambda: (nn.Linear(4, 3, bias=False), normal(2, 4)),
    "Linear of sequences": lambda: (nn.Linear(4, 3), normal(2, 5, 4)),
    "MLP": lambda: (nn.MLP([6, 5, 4, 3], nn.Tanh), normal(2, 6)),
    "float64": lambda: (nn.MLP([6, 5, 3], dtype=np.float64), normal(2, 6).astype(float)),
    "Flatten": lambda: (nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), normal(2, 3, 2)),
    "Unflatten": lambda: (nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (2, 3))), normal(2, 4)),
    "Bilinear": lambda: (nn.Bilinear(3, 4, 2), normal(2, 3), normal(2, 4)),
    "Dropout": lambda: (nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)), normal(2, 3)),
    "Conv1d": lambda: (nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), normal(2, 4, 9)),
    "Conv2d": lambda: (nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)), normal(2, 3, 8, 7)),
    "Conv2d same": lambda: (nn.Conv2d(2, 4, (4, 3), padding="same"), normal(2, 2, 6, 5)),
    "Conv2d of parts": lambda: (nn.Conv2d(3, 4, 2, stride=3, bias=False), normal(2, 3, 7, 9)),
    "Conv3d": lambda: (nn.Conv3d(2, 3, 2), normal(2, 2, 4, 5, 3)),
    "ConvTranspose1d": lambda: (nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, groups=2), normal(2, 4, 5)),
    "ConvTranspose2d": lambda: (
        nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1, dilation=2),
        normal(2, 3, 4, 5),
    ),
    "ConvTranspose3d": lambda: (nn.ConvTranspose3d(2, 3, 2, bias=False), normal(2, 2, 2, 3, 2)),
    "MaxPool1d": lambda: (nn.MaxPool1d(3, 2, padding=1), normal(2, 3, 8)),
    "MaxPool2d": lambda: (nn.MaxPool2d(2), normal(2, 3, 7, 6)),
    "MaxPool2d ceil": lambda: (nn.MaxPool2d(3, 2, padding=1, dilation=2, ceil_mode=True), normal(2, 3, 8, 9)),
    "MaxPool3d": lambda: (nn.MaxPool3d(2), normal(2, 3, 4, 5, 6)),
    "AvgPool3d": lambda: (nn.AvgPool3d(2, padding=1), normal(2, 3, 4, 5, 6)),
    "adaptive pools of volumes": lambda: (
        nn.Sequential(nn.AdaptiveAvgPool3d((4, 2, 3)), nn.AdaptiveMaxPool3d(2)),
        normal(2, 3, 4, 4, 6),
    ),
    "volumes": lambda: (
        nn.Sequential(nn.BatchNorm3d(3), nn.InstanceNorm3d(3), nn.Dropout3d(), nn.LPPool3d(2, 2)).eval(),
        normal(2, 3, 4, 4, 4),
    ),
    "LPPool1d": lambda: (nn.LPPool1d(2, 3, 2), normal(2, 3, 8)),
    "LPPool2d": lambda: (nn.LPPool2d(2, 2), normal(2, 3, 4, 5)),
    "padding of sequences": lambda: (padding(1), normal(2, 3, 4)),
    "padding of images": lambda: (padding(2), normal(2, 3, 4, 5)),
    "padding of volumes": lambda: (padding(3), normal(2, 3, 4, 5, 6)),
    "AvgPool1d": lambda: (nn.AvgPool1d(3, 2, padding=1), normal(2, 3, 8)),
    "AvgPool2d": lambda: (nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), normal(2, 3, 8, 7)),
    "AvgPool2d ceil": lambda: (nn.AvgPool2d(3, 2, padding=1, ceil_mode=True), normal(2, 3, 8, 9)),
    "AdaptiveAvgPool1d": lambda: (nn.AdaptiveAvgPool1d(3), normal(2, 3, 9)),
    "AdaptiveAvgPool2d": lambda: (nn.AdaptiveAvgPool2d((3, 2)), normal(2, 3, 8, 7)),
    "AdaptiveAvgPool2d of all": lambda: (nn.AdaptiveAvgPool2d(1), normal(2, 3, 8, 7)),
    "AdaptiveMaxPool1d": lambda: (nn.AdaptiveMaxPool1d(3), normal(2, 3, 8)),
    "AdaptiveMaxPool2d": lambda: (nn.AdaptiveMaxPool2d((3, 2)), normal(2, 3, 8, 7)),
    "AdaptiveMaxPool2d of equal parts": lambda: (nn.AdaptiveMaxPool2d(2), normal(2, 3, 8, 6)),
    "Upsample": lambda: (nn.Upsample(scale_factor=2), normal(2, 3, 4, 5)),
    "Upsample bicubic": lambda: (nn.Upsample(size=(7, 3), mode="bicubic"), normal(2, 3, 4, 5)),
    "Upsample area": lambda: (nn.Upsample(size=(3, 2), mode="area"), normal(2, 3, 4, 5)),
    "Upsample of a volume by area": lambda: (nn.Upsample(size=2, mode="area"), normal(2, 3, 4, 4, 6)),
    "Upsample nearest-exact": lambda: (nn.Upsample(scale_factor=1.5, mode="nearest-exact"), normal(2, 3, 4, 5)),
    "Upsample bilinear": lambda: (nn.Upsample(size=(7, 3), mode="bilinear"), normal(2, 3, 4, 5)),
    "Upsampling": lambda: (
        nn.Sequential(nn.UpsamplingNearest2d(scale_factor=2), nn.UpsamplingBilinear2d((7, 3))),
        normal(2, 3, 4, 5),
    ),
    "ChannelShuffle": lambda: (nn.ChannelShuffle(2), normal(2, 6, 3)),
    "PixelShuffle": lambda: (nn.PixelShuffle(2), normal(2, 8, 3, 2)),
    "PixelUnshuffle": lambda: (nn.PixelUnshuffle(2), normal(2, 3, 4, 6)),
    "Unfold": lambda: (nn.Unfold((2, 3), padding=1, stride=2), normal(2, 3, 5, 6)),
    "Fold": lambda: (nn.Fold((4, 5), (2, 3), padding=1), normal(2, 18, 25)),
    "BatchNorm1d": lambda: (trained(nn.BatchNorm1d(3), 5, 3), normal(2, 3)),
    "BatchNorm2d": lambda: (trained(nn.BatchNorm2d(3), 5, 3, 2, 2), normal(2, 3, 4, 5)),
    "BatchNorm2d without weights": lambda: (trained(nn.BatchNorm2d(3, affine=False), 5, 3, 2, 2), normal(2, 3, 4, 5)),
    "InstanceNorm1d": lambda: (nn.InstanceNorm1d(3, affine=True), normal(2, 3, 6)),
    "InstanceNorm2d": lambda: (nn.InstanceNorm2d(3), normal(2, 3, 4, 5)),
    "LayerNorm": lambda: (nn.LayerNorm(6), normal(2, 3, 6)),
    "LayerNorm of two axes": lambda: (nn.LayerNorm((3, 6), elementwise_affine=False), normal(2, 3, 6)),
    "RMSNorm": lambda: (nn.RMSNorm(6), normal(2, 3, 6)),
    "LocalResponseNorm": lambda: (nn.LocalResponseNorm(3, 0.5), normal(2, 4, 3, 2)),
    "GroupNorm": lambda: (nn.GroupNorm(2, 4), normal(2, 4, 3, 2)),
    "PReLU": lambda: (nn.PReLU(), normal(2, 3)),
    "PReLU of channels": lambda: (nn.PReLU(3), normal(2, 3, 4)),
    "GLU": lambda: (nn.GLU(), normal(2, 6)),
    "Softmax": lambda: (nn.Softmax(dim=1), normal(2, 3, 4)),
    "Softmin": lambda: (nn.Softmin(dim=1), normal(2, 3, 4)),
    "LogSoftmax": lambda: (nn.LogSoftmax(dim=-1), normal(2, 3, 4)),
    "CosineSimilarity": lambda: (nn.CosineSimilarity(), normal(2, 5), normal(2, 5)),
    "PairwiseDistance": lambda: (nn.PairwiseDistance(), normal(2, 5), normal(2, 5)),
    "Embedding": lambda: (nn.Embedding(9, 4), integers(9, 2, 5)),
    "MultiheadAttention": lambda: (nn.MultiheadAttention(8, 2, batch_first=True), *[normal(2, 5, 8) for _ in range(3)]),
    "TransformerEncoderLayer": lambda: (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), normal(2, 5, 8)),
    "TransformerDecoderLayer": lambda: (
        nn.TransformerDecoderLayer(8, 2, 16, batch_first=True, activation="gelu", norm_first=True),
        normal(2, 5, 8),
        normal(2, 3, 8),
    ),
    "RNN": lambda: (nn.RNN(3, 4, batch_first=True), normal(2, 5, 3)),
    "RNN of rectifiers": lambda: (nn.RNN(3, 4, nonlinearity="relu", bias=False, batch_first=True), normal(2, 5, 3)),
    "LSTM": lambda: (nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True), normal(2, 5, 3)),
    "GRU": lambda: (nn.GRU(3, 4, 2, batch_first=True, bidirectional=True), normal(2, 5, 3)),
    "RNNCell": lambda: (nn.RNNCell(3, 4), normal(2, 3), normal(2, 4)),
    "LSTMCell": lambda: (nn.LSTMCell(3, 4), normal(2, 3)),
    "GRUCell": lambda: (nn.GRUCell(3, 4), normal(2, 3), normal(2, 4)),
    "Transformer": lambda: (
        nn.Transformer(8, 2, 1, 1, 16, batch_first=True), normal(2, 5, 8), normal(2, 3, 8),
    ),
    "EmbeddingBag": lambda: (nn.EmbeddingBag(7, 3), integers(7, 2, 4)),
    "EmbeddingBag of maxima": lambda: (nn.EmbeddingBag(7, 3, mode="max"), integers(7, 2, 4)),
    "dropouts": lambda: (
        nn.Sequential(nn.Dropout1d(), nn.AlphaDropout(), nn.FeatureAlphaDropout(), nn.Conv1d(3, 2, 2)),
        normal(2, 3, 4),
    ),
    "Dropout2d": lambda: (nn.Sequential(nn.Dropout2d(), nn.Softmax2d(), nn.Identity()), normal(2, 3, 4, 5)),
    "a convolutional network": lambda: (
        trained(
            nn.Sequential(
                nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), Residual(4),
                nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(4 * 2 * 2, 5),
            ), 4, 1, 8, 8,
        ),
        normal(2, 1, 8, 8),
    ),
    "a language model": lambda: (Tokens(), integers(11, 2, 5)),
}  # fmt: skip


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", MODELS)
def test_models_compute_the_same(name: str, tmp_path: Path) -> None:
    model, *args = MODELS[name]()
    check(model, tmp_path, *args)


ACTIVATIONS = [
    nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.1), nn.RReLU(), nn.ELU(), nn.ELU(0.5), nn.CELU(0.5), nn.SELU(), nn.GELU(),
    nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Sigmoid(), nn.LogSigmoid(), nn.Tanh(), nn.Tanhshrink(), nn.Softplus(),
    nn.Softplus(2.0, 3.0), nn.Softsign(), nn.Softshrink(), nn.Hardtanh(-0.5, 2), nn.Hardsigmoid(), nn.Hardswish(),
    nn.Hardshrink(), nn.Hardshrink(-1.0), nn.Threshold(0.5, 7.0),
]  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("layer", ACTIVATIONS, ids=repr)
def test_activations_compute_the_same(layer: nn.Module, tmp_path: Path) -> None:
    check(layer, tmp_path, np.concatenate([5 * normal(3, 40), 0.01 * normal(3, 40)], 1))


def test_every_layer_is_exported_here() -> None:
    used = {type(module) for make in MODELS.values() for module in make()[0].modules()} | {type(a) for a in ACTIVATIONS}
    layers = {getattr(nn, name) for name in nn.__all__ if isinstance(getattr(nn, name), type)}
    others: set[type] = {nn.Module, nn.ModuleDict, nn.ModuleList, nn.ParameterDict, nn.ParameterList}  # compute nothing
    others |= {nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d}  # put elements where inputs say: see below
    names = {
        layer.__name__
        for layer in layers
        if issubclass(layer, nn.Module) and not layer.__name__.endswith("Loss")
        if not layer.__name__.startswith("Lazy")  # which are some of the others after one call
    }
    assert_listed(names, {layer.__name__ for layer in used | others}, "MODELS in tests/nn/test_onnx.py")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_memory_may_have_any_order_of_axes(order: tuple[int, ...], tmp_path: Path) -> None:
    """As that of convolutions has, by channels last; `gelu` writes to what it has made."""
    check(Function1(lambda x: functional.gelu(x.transpose(order) * 2)), tmp_path, normal(2, 3, 4), batch=False)


def test_unpooling_at_places_of_an_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"'a write by.* cannot be exported to ONNX: choose with numpy.where"):
        check(nn.MaxUnpool1d(2), tmp_path, normal(2, 3, 4), np.tile(np.arange(4) * 2, (2, 3, 1)))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (-x * 2 + x / (np.abs(x) + 1) - 0.5) ** 2,
    "mixed dtypes": lambda x: x * np.arange(6) + np.float32(2),
    "widened": lambda x: x * np.arange(6.0),
    "astype": lambda x: x.astype(np.float64) * 2,
    "exponentials": lambda x: np.exp(x) + np.exp2(x) - np.expm1(x) + np.expm1(x * 1e-4),
    "logarithms": lambda x: np.log(np.abs(x) + 1) + np.log2(x * x + 1) + np.log10(np.square(x) + 2),
    "log1p": lambda x: np.log1p(np.abs(x)) + np.log1p(x * 1e-4),
    "logaddexp": lambda x: np.logaddexp(x, 30 * x) + np.logaddexp(x, -40),
    "trigonometry": lambda x: np.sin(x) * np.cos(x) + np.tan(x / 3) + np.arctan(x) + np.arcsin(np.tanh(x)),
    "more trigonometry": lambda x: np.sinh(x) + np.cosh(x) + np.arcsinh(x) + np.arccosh(2 + x * x),
    "inverses": lambda x: np.arccos(np.tanh(x)) + np.arctanh(np.tanh(x) / 2) + np.reciprocal(2 + np.abs(x)),
    "roots": lambda x: np.sqrt(np.fabs(x)) + np.hypot(x, 2) + np.positive(x),
    "remainder": lambda x: np.remainder(x, 0.7),
    "steps": lambda x: np.floor(x) + np.ceil(2 * x) - np.rint(3 * x) * np.sign(x) + np.round(4 * x),
    "extremes": lambda x: np.maximum(x, 0.1) - np.minimum(x, x[:, ::-1]),
    "clip": lambda x: np.clip(x, -0.5, 0.5) + np.clip(x, 0, None) + np.clip(x, None, 0.2),
    "where": lambda x: np.where(np.arange(6) > 2, x, -1),
    "sums": lambda x: x.sum(1) + x.mean(axis=-1) + x.sum() + np.sum(x, (0, 1), keepdims=True)[0],
    "reductions": lambda x: x.max(1, keepdims=True) * x.min() + np.prod(x, 1, keepdims=True) + np.var(x, 1)[:, None],
    "deviations": lambda x: np.std(x, 1, ddof=1) + np.var(x),
    "norms": lambda x: (
        np.linalg.norm(x, axis=1) + np.linalg.norm(x, 1, 1) + np.linalg.norm(x, np.inf, 1) + np.linalg.norm(x, 3, 1)
    ),
    "cumsum": lambda x: np.cumsum(x, 1),
    "shapes": lambda x: x.reshape(x.shape[0], 2, 3).transpose(2, 0, 1).swapaxes(0, 1)[:, :, None].squeeze(2),
    "more shapes": lambda x: np.expand_dims(np.moveaxis(x.reshape(-1, 3, 2), 1, 2), 0),
    "rows": lambda x: x.reshape(x.shape[0] * 2, 3).sum(0),
    "broadcast_to": lambda x: np.broadcast_to(x[None], (2, *x.shape)) * 1,
    "joined": lambda x: np.concatenate([x, np.zeros((len(x), 2), np.float32), x * 2], 1),
    "stacked": lambda x: np.stack([x, 2 * x], 1) + np.stack([x, x], -1).transpose(0, 2, 1),
    "flattened": lambda x: np.concatenate([x, x], None).sum(),
    "flipped": lambda x: np.flip(x, 1) + np.flip(x) + x[::-1, ::-2][:, [0, 1, 2, 2, 1, 0]],
    "rolled": lambda x: np.roll(x, 1, 1) + np.roll(x, -2, 1) + np.roll(x, (1, 2), (0, 1)),
    "padded": lambda x: np.pad(x, ((0, 0), (1, 2)), constant_values=3),
    "slices": lambda x: x[:, 1:5:2] + x[..., -4:-2] + x[:, 2:4] * x[:, 3::-2],
    "elements": lambda x: x[0] + x[-1] + x[:, -2][:1] + x[0, 1] + x[..., 2, None].sum(),
    "places": lambda x: x[:, np.array([[0, 5], [1, -1]])].sum(1) + x[:, [True, False] * 3][:, :2],
    "pairs": lambda x: x.T[np.array([0, 2]), np.array([0, -1 % 1])],
    "last half": lambda x: x[x.shape[0] // x.shape[0] - 1 :] + x[: x.shape[0]],
    "product": lambda x: x @ np.ones((6, 2), np.float32) + (x[:, None] @ x[:, :, None])[..., 0] + (x @ x.T).sum(),
    "vectors": lambda x: np.vecdot(x, x) + x @ np.arange(6, dtype=np.float32),
    "einsum": lambda x: np.einsum("ni,nj->nij", x, x).sum(2) + np.einsum("ni,i->n", x, np.arange(6.0))[:, None],
    "softmax": lambda x: functional.softmax(x, 0) + functional.log_softmax(x),
    "glued": lambda x: functional.normalize(x) + functional.gelu(x),
    "several results": lambda x: (x, {"double": 2 * x, "rows": [x.sum(1), x.mean(1)]}),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_compute_the_same(name: str, tmp_path: Path) -> None:
    check(Function1(FUNCTIONS[name]), tmp_path, normal(2, 6))


def sizes(value: Any) -> list[Any]:
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


def test_names_shapes_and_parameters_of_the_file(tmp_path: Path) -> None:
    model = nn.MLP([4, 3, 2])
    file = exported(model, tmp_path, normal(5, 4), dynamic_axes={"x": {0: "batch"}})
    (given,), (result,) = file.graph.input, file.graph.output
    assert (given.name, sizes(given)) == ("x", ["batch", 4])
    assert (result.name, sizes(result)) == ("output", ["batch", 2])
    assert sorted(array.name for array in file.graph.initializer) == sorted(model.state_dict())
    for array in file.graph.initializer:
        assert np.array_equal(onnx.numpy_helper.to_array(array), model.state_dict()[array.name])
    assert [node.op_type for node in file.graph.node] == ["Gemm", "Relu", "Gemm", "Identity"]
    file = exported(model, tmp_path, normal(5, 4), input_names=["features"], output_names=["scores"])
    (given,), (result,) = file.graph.input, file.graph.output
    assert (given.name, sizes(given), result.name, sizes(result)) == ("features", [5, 4], "scores", [5, 2])


def test_outputs_are_named_by_place_and_key(tmp_path: Path) -> None:
    file = exported(Function1(FUNCTIONS["several results"]), tmp_path, normal(2, 6))
    assert [value.name for value in file.graph.output] == ["output_0", "double", "rows_0", "rows_1"]


def test_several_dynamic_axes(tmp_path: Path) -> None:
    class Sequences(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

        def forward(self, x: Any, scale: Any) -> Any:
            return self.layer(x).reshape(x.shape[0], -1).sum(1) * scale, self.layer(x).mean(1)

    model = Sequences()
    axes = {"x": {0: "batch", 1: "time"}, "scale": {0: "batch"}}
    exported(model, tmp_path, normal(2, 3, 4), normal(2), dynamic_axes=axes)
    for n, time in (2, 3), (1, 1), (5, 7):
        compare(model, tmp_path, normal(n, time, 4), normal(n))


def test_sequences_of_any_length(tmp_path: Path) -> None:
    model = nn.LSTM(3, 4, bidirectional=True)
    exported(model, tmp_path, normal(5, 2, 3), input_names=["x"], dynamic_axes={"x": {0: "time", 1: "batch"}})
    for time, n in (5, 2), (1, 1), (9, 3):
        compare(model, tmp_path, normal(time, n, 3))


def test_the_model_stays_as_it_was(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout()).requires_grad_(False)
    model[2].eval()
    state = model.state_dict()
    exported(model, tmp_path, normal(2, 3))
    compare(model, tmp_path, normal(2, 3))
    assert [module.training for module in model.modules()] == [True, True, True, False]
    assert not any(p.requires_grad for p in model.parameters())
    assert all(np.array_equal(array, state[name]) for name, array in model.state_dict().items())


def test_constants_are_computed_before(tmp_path: Path) -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(normal(4, 3))

        def forward(self, x: Any) -> Any:
            return x @ (self.weight / np.linalg.norm(self.weight, axis=0))

    file = check(Scaled(), tmp_path, normal(2, 4))
    assert [node.op_type for node in file.graph.node] == ["MatMul", "Identity"]


def masked_attention(mask: Any) -> nn.Module:
    return Function1(lambda x: functional.scaled_dot_product_attention(x, x, 2 * x, attn_mask=mask))


def test_masks_of_attention(tmp_path: Path) -> None:
    whole_rows = np.tri(4, dtype=bool)[::-1] & (np.arange(4) > 0)[:, None]
    for mask in [np.tri(4, dtype=bool), whole_rows, normal(4, 4), np.where(whole_rows, 0, -np.inf).astype(np.float32)]:
        check(masked_attention(mask), tmp_path, normal(2, 4, 3))


def test_what_no_output_needs_is_left_out(tmp_path: Path) -> None:
    def wasteful(x: Any) -> Any:
        np.linalg.inv(np.eye(2) + x[:, :, None] * x[:, None] ** 2)
        return np.exp(x)

    file = check(Function1(wasteful), tmp_path, normal(2, 2))
    assert [node.op_type for node in file.graph.node] == ["Exp", "Identity"]


def test_tied_parameters_are_written_once(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    file = check(model, tmp_path, normal(2, 3))
    assert [array.name for array in file.graph.initializer] == ["0.weight"]


def test_tensors_as_inputs(tmp_path: Path) -> None:
    x = tensor(normal(2, 4), requires_grad=True)
    model = nn.Linear(4, 3)
    nn.onnx.export(model, x, tmp_path / "model.onnx")
    compare(model, tmp_path, x.data)
    assert x.grad is None


# What would be wrong


def by_value(x: Any) -> Any:
    return x if x.sum() > 0 else 2 * x


def drawn(x: Any) -> Any:
    return x + np.random.default_rng().random()


def elsewhere(x: Any) -> Any:
    return x + sum(float(number) for number in x.data[0])


def selected(x: Any) -> Any:
    return x[x > 0].sum() * x


def in_a_list(x: Any) -> Any:
    return [1.0, 2.0, 3.0, 4.0, 5.0, 6.0][np.argmax(x[0])] * x


def written(x: Any) -> Any:
    mask = x > 0
    mask[:, 0] = True
    return x * mask


def written_by_a_view(x: Any) -> Any:
    mask = x > 0
    row = mask[0]
    row |= True
    return x * mask


def as_many(x: Any) -> Any:
    for _ in range(int(10 * abs(x.data[0, 0])) + 1):
        x = np.tanh(x)
    return x


UNSEEN: dict[Callable[[Any], Any], str] = {
    by_value: r"bool\(\) of an array .* that depends on the inputs, at .*test_onnx.py:\d+, .* numpy.where",
    as_many: r"int\(\) of an array .* that depends on the inputs, at .*test_onnx.py:\d+",
    elsewhere: r"float\(\) of an array .* that depends on the inputs, at .*test_onnx.py:\d+",
    in_a_list: r"an index or a length of an array .* attribute of the module",
    drawn: "differs between two inputs",
    selected: "a mask as an index selects a number of elements that depends on the inputs",
    written: r"'a write by setitem' at .*test_onnx.py:\d+ cannot be exported to ONNX: choose with numpy.where",
    written_by_a_view: r"'a write by bitwise_or' at .*test_onnx.py:\d+",
}


@pytest.mark.parametrize("function", UNSEEN)
def test_what_depends_on_inputs_unseen_is_an_error(function: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=UNSEEN[function]):
        exported(Function1(function), tmp_path, normal(3, 6))
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_operation_line_and_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"'inv' at .*test_onnx.py:\d+.* add, .*zeros_like$"):
        exported(Function1(lambda x: np.linalg.inv(x)), tmp_path, normal(3, 3))
    with pytest.raises(UnsupportedError, match=r"'add' at .*test_onnx.py:\d+ in .*1.*y differs between two inputs"):
        exported(nn.Sequential(nn.Identity(), Function1(drawn)), tmp_path, normal(3, 3))


def test_an_output_that_depends_on_no_input(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="'output_1' is not computed"):
        exported(Function1(lambda x: (x, np.ones(3))), tmp_path, normal(3, 6))


class Cube(Function):
    """A function with a derivative of its own."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """Return the third power."""
        return args[0] ** 3

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        """Return no gradient."""
        return (None,)


@pytest.mark.parametrize(
    "function",
    [
        Cube.apply,
        lambda x: np.reshape(x, -1, order="F"),
        lambda x: np.pad(x, 1, constant_values=((1, 2), (3, 4))),
        lambda x: x.sum(1, where=np.arange(6) > 2),
        lambda x: x.max(1, initial=3.0),
        lambda x: x[0, None, np.array([1, 2])],
        lambda x: np.linalg.norm(x, "nuc"),
        lambda x: np.linalg.norm(x, 0, axis=1),
        lambda x: np.roll(x, 1),
    ],
)
def test_forms_that_onnx_lacks(function: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="cannot be exported to ONNX"):
        exported(Function1(function), tmp_path, normal(3, 6))


def test_lengths_that_are_not_known_how(tmp_path: Path) -> None:
    model = Function1(lambda x: np.broadcast_to(x.sum(0)[None], (x.shape[0] ** 2, 6)) * 1)
    with pytest.raises(UnsupportedError, match="a length is 9 or 36 where the dynamic axes batch is 3 or 6"):
        exported(model, tmp_path, normal(3, 6), dynamic_axes={"x": {0: "batch"}})


def test_lengths_that_are_multiples_of_a_dynamic_axis(tmp_path: Path) -> None:
    model = Function1(lambda x: np.broadcast_to(x.sum(0), (2 * x.shape[0], 1, x.shape[0], 6)) * 1)
    check(model, tmp_path, normal(3, 6))


VARYING: list[Callable[[Any], Any]] = [
    lambda x: np.var(x, 0, ddof=1),
    lambda x: x[:, :: 1 + len(x) % 2],
    lambda x: x[: None if len(x) % 2 else 2],
    lambda x: x[-(len(x) // 2) :],
    lambda x: np.roll(x, len(x) // 2, 0),
]


@pytest.mark.parametrize("function", VARYING)
def test_what_depends_on_a_dynamic_length_otherwise(function: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="cannot be exported to ONNX"):
        exported(Function1(function), tmp_path, normal(3, 6), input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    exported(Function1(function), tmp_path, normal(3, 6))
    compare(Function1(function), tmp_path, normal(3, 6))


def test_layer_norm_is_one_node_where_it_can_be(tmp_path: Path) -> None:
    file = check(nn.LayerNorm(6), tmp_path, normal(2, 3, 6))
    assert [node.op_type for node in file.graph.node] == ["LayerNormalization", "Identity"]
    file = check(nn.GroupNorm(2, 4), tmp_path, normal(2, 4, 3))
    assert "LayerNormalization" not in [node.op_type for node in file.graph.node]


def test_constants_of_a_dynamic_length(tmp_path: Path) -> None:
    places = Function1(lambda x: x * np.linspace(0, 1, x.shape[1], dtype=np.float32))
    with pytest.raises(UnsupportedError, match=r"y has the shape \(6,\) or \(9,\), depending on the length"):
        exported(places, tmp_path, normal(3, 6), input_names=["x"], dynamic_axes={"x": {1: "time"}})
    exported(places, tmp_path, normal(3, 6), input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    compare(places, tmp_path, normal(1, 6))
    causal = Function1(lambda x: np.where(np.tri(x.shape[1], dtype=bool), x[..., None] + np.arange(x.shape[1]), -1))
    exported(causal, tmp_path, normal(3, 6), input_names=["x"], dynamic_axes={"x": {1: "time"}})
    for length in 1, 4, 9:
        compare(causal, tmp_path, normal(3, length))


def test_options_that_do_not_fit(tmp_path: Path) -> None:
    model = nn.Linear(4, 3)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"input_names": ["a", "b"]}, "1 inputs need as many different names"),
        ({"output_names": ["a", "b"]}, "1 outputs need as many different names"),
        ({"output_names": ["x"]}, "'x' names an input and an output"),
        ({"dynamic_axes": {"y": {0: "batch"}}}, "dynamic_axes names 'y', but the inputs are x"),
        ({"dynamic_axes": {"x": {2: "batch"}}}, "has axis 2"),
        ({"dynamic_axes": {"x": {0: "n", 1: "n"}}}, "the axes 'n' have the lengths 2 and 4"),
    ]
    for options, message in cases:
        with pytest.raises(ValueError, match=message):
            exported(model, tmp_path, normal(2, 4), **options)
    with pytest.raises(ValueError, match="'input' holds zeros alone"):
        exported(nn.Embedding(4, 2), tmp_path, np.zeros(3, int))
    wrong: Any = np.tanh
    with pytest.raises(TypeError, match="takes a module, not ufunc"):
        nn.onnx.export(wrong, normal(2, 4), tmp_path / "model.onnx")
    with pytest.raises(TypeError, match="arrays of numbers, not str"):
        nn.onnx.export(model, "text", tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        nn.onnx.export(model, normal(2, 4), tmp_path / "missing" / "model.onnx")


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install onnx"):
        nn.onnx.export(nn.Linear(2, 2), normal(2, 2), tmp_path / "model.onnx")


def test_unused_names_are_found_without_trying_those_before() -> None:
    names = Names(["add", "add_2"])
    found = [names.fresh("add") for _ in range(1000)]
    assert len({*found, "add", "add_2"}) == 1002
    assert names.fresh("mul") == "mul"
    assert names._counts["add"] == 1001  # each number once, and that of the name that was there
