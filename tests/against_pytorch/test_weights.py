"""Weights go from PyTorch to here and back in safetensors files, and the models then compute the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
exchange: Any = pytest.importorskip("safetensors.torch", reason="reads and writes its format: pip install safetensors")

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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_checkpoints_of_other_precision_are_loaded_into_float32(dtype: str, suffix: str, tmp_path: Path) -> None:
    theirs, ours, shape = convolutional()
    state, kind = theirs.state_dict(), getattr(torch, dtype)
    narrow = {name: v.to(kind) if v.is_floating_point() else v for name, v in state.items()}
    if suffix == ".safetensors":
        exchange.save_file(narrow, tmp_path / "m.safetensors")
    else:  # NumPy has no bfloat16
        arrays = {name: (v.float() if v.dtype == torch.bfloat16 else v).numpy() for name, v in narrow.items()}
        nn.save(arrays, tmp_path / "m.npz")
    ours.load_state_dict(nn.load(tmp_path / f"m{suffix}"))
    theirs.load_state_dict(narrow)  # which rounds the float32 model alike
    assert {value.dtype.kind + str(value.itemsize) for value in ours.state_dict().values()} == {"f4", "i8"}
    for name, value in theirs.state_dict().items():
        assert np.array_equal(ours.state_dict()[name], value.numpy()), name
    found, expected = outputs(theirs, ours, shape)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)


def in_parts(theirs: Any, folder: Path, parts: int) -> Path:
    """Write a model of PyTorch to several files with an index, as Hugging Face's transformers do."""
    state = theirs.state_dict()
    files = {name: f"model-{i % parts + 1:05}-of-{parts:05}.safetensors" for i, name in enumerate(state)}
    for file in set(files.values()):
        exchange.save_file({name: v for name, v in state.items() if files[name] == file}, folder / file)
    index = {"metadata": {"total_size": sum(v.nbytes for v in state.values())}, "weight_map": files}
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps(index))
    return path


@pytest.mark.parametrize("parts", [1, 3])
def test_a_checkpoint_in_parts(parts: int, tmp_path: Path) -> None:
    theirs, ours, shape = transformer()
    state = nn.load(in_parts(theirs, tmp_path, parts))
    assert list(state) == list(theirs.state_dict())
    ours.load_state_dict(state)
    found, expected = outputs(theirs, ours, shape)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_checkpoint_whose_parts_do_not_fit(tmp_path: Path) -> None:
    path = in_parts(transformer()[0], tmp_path, 2)
    index = json.loads(path.read_text())
    index["weight_map"]["more.weight"] = "model-00001-of-00002.safetensors"
    path.write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"00001-of-00002.safetensors holds 'more.weight', but it does not \(1 of 13"):
        nn.load(path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"names 2 files, but there is no model-00002-of-00002.safetensors"):
        nn.load(path)
    for content in ("", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 3}}'):
        path.write_text(content)
        with pytest.raises(ValueError, match="is damaged"):
            nn.load(path)
    path.write_text('{"weight_map": {"a": "../elsewhere.safetensors"}}')
    with pytest.raises(ValueError, match="beside their index"):
        nn.load(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        nn.load(tmp_path / "other.safetensors.index.json")
