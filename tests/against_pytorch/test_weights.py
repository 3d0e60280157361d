"""Weights go from PyTorch to here and back in safetensors files, and the models then compute the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
exchange: Any = pytest.importorskip(
    "safetensors.torch", reason="reads and writes its format: pip install 'plaingrad[safetensors]'"
)

Pair = Callable[[], tuple[Any, nn.Module, tuple[int, ...]]]


def perceptron() -> tuple[Any, nn.Module, tuple[int, ...]]:
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3, bias=False))
    ours = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3, bias=False))
    return theirs, ours, (4, 5)


def convolutional() -> tuple[Any, nn.Module, tuple[int, ...]]:
    def model(m: Any) -> Any:
        return m.Sequential(
            m.Conv2d(2, 4, 3, padding=1, bias=False), m.BatchNorm2d(4), m.ReLU(), m.MaxPool2d(2),
            m.ConvTranspose2d(4, 3, 2, stride=2), m.GroupNorm(3, 3), m.PReLU(), m.Flatten(), m.Linear(3 * 8 * 8, 5),
        )  # fmt: skip

    theirs, ours = model(torch.nn), model(nn)
    x = np.random.default_rng(1).standard_normal((6, 2, 8, 8), np.float32)
    for _ in range(2):
        theirs(torch.from_numpy(2 * x + 1))
        ours(3 * x - 1)
    return theirs, ours, (3, 2, 8, 8)


class Last(nn.Module):
    """The output of a recurrent layer without its states."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        """Return the output."""
        return self.layer(x)[0]


def recurrent(kind: str) -> Pair:
    def pair() -> tuple[Any, nn.Module, tuple[int, ...]]:
        options = {"num_layers": 2, "bidirectional": True, "batch_first": True}
        theirs = torch.nn.ModuleDict({"layer": getattr(torch.nn, kind)(3, 4, **options)})
        theirs.forward = lambda x: theirs["layer"](x)[0]
        return theirs, Last(getattr(nn, kind)(3, 4, **options)), (2, 5, 3)

    return pair


def transformer() -> tuple[Any, nn.Module, tuple[int, ...]]:
    options = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True, "activation": "gelu"}
    theirs, ours = (m.TransformerEncoderLayer(**options) for m in (torch.nn, nn))
    return theirs, ours, (2, 5, 8)


PAIRS: list[Pair] = [perceptron, convolutional, *map(recurrent, ("RNN", "LSTM", "GRU")), transformer]
NAMES = ["perceptron", "convolutional", "RNN", "LSTM", "GRU", "transformer"]


def outputs(theirs: Any, ours: nn.Module, shape: tuple[int, ...]) -> tuple[Any, Any]:
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    with torch.no_grad():
        expected = theirs.eval()(torch.from_numpy(x)).numpy()
    return ours.eval()(x).data, expected


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_a_checkpoint_of_pytorch_is_loaded_by_name(pair: Pair, tmp_path: Path) -> None:
    theirs, ours, shape = pair()
    exchange.save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    ours.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    found, expected = outputs(theirs, ours, shape)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pair", PAIRS, ids=NAMES)
def test_pytorch_loads_what_is_saved_here(pair: Pair, tmp_path: Path) -> None:
    theirs, ours, shape = pair()
    nn.save(ours, tmp_path / "model.safetensors")
    theirs.load_state_dict(exchange.load_file(tmp_path / "model.safetensors"))
    found, expected = outputs(theirs, ours, shape)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)
    exchange.load_model(theirs, tmp_path / "model.safetensors")  # what checks the names again


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16", "int64", "int8", "uint8", "bool"])
def test_numbers_of_every_dtype(dtype: str, tmp_path: Path) -> None:
    numbers = (torch.randn(4, 3, generator=torch.Generator().manual_seed(0)) * 3).to(getattr(torch, dtype))
    exchange.save_file({"a": numbers}, tmp_path / "a.safetensors")
    found = nn.load(tmp_path / "a.safetensors")["a"]
    assert found.dtype == (np.float32 if dtype == "bfloat16" else np.dtype(dtype))
    assert np.array_equal(found, (numbers.float() if dtype == "bfloat16" else numbers).numpy())
    nn.save({"a": found}, tmp_path / "a.safetensors")
    assert torch.equal(exchange.load_file(tmp_path / "a.safetensors")["a"].to(numbers.dtype), numbers)


class Tied(nn.Module):
    """An encoder and a decoder with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(3, 3), nn.Linear(3, 3)
        self.decoder.weight = self.encoder.weight


def their_tied() -> Any:
    theirs = torch.nn.ModuleDict({"encoder": torch.nn.Linear(3, 3), "decoder": torch.nn.Linear(3, 3)})
    theirs["decoder"].weight = theirs["encoder"].weight
    return theirs


def test_tied_weights_of_pytorch(tmp_path: Path) -> None:
    theirs, ours = their_tied(), Tied()
    exchange.save_model(theirs, tmp_path / "model.safetensors")
    assert len(exchange.load_file(tmp_path / "model.safetensors")) == 3
    ours.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    assert ours.decoder.weight is ours.encoder.weight
    assert np.array_equal(ours.decoder.weight.data, theirs["decoder"].weight.detach().numpy())


def test_tied_weights_for_pytorch(tmp_path: Path) -> None:
    ours = Tied()
    nn.save(ours, tmp_path / "model.safetensors")
    theirs = their_tied()
    exchange.load_model(theirs, tmp_path / "model.safetensors")
    assert np.array_equal(theirs["decoder"].weight.detach().numpy(), ours.encoder.weight.data)
    nn.save(ours.state_dict(), tmp_path / "all.safetensors")
    theirs = their_tied()
    theirs.load_state_dict(exchange.load_file(tmp_path / "all.safetensors"))
    assert np.array_equal(theirs["decoder"].weight.detach().numpy(), ours.encoder.weight.data)
