"""Models that PyTorch exports to ONNX compute here what onnxruntime computes, with PyTorch's gradients, and train."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn

from ..thorough import THOROUGH

torch: Any = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")
pytest.importorskip("onnx", reason="reads its files: pip install onnx")
runtime: Any = pytest.importorskip("onnxruntime", reason="computes models: pip install onnxruntime")

Array = np.ndarray[Any, Any]
LENGTH = 5


def perceptron() -> tuple[Any, Any]:
    layers = [torch.nn.Linear(4, 8), torch.nn.GELU(), torch.nn.LayerNorm(8), torch.nn.Dropout(0.1)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(8, 3)), torch.randn(6, 4)


class Block(torch.nn.Module):  # type: ignore[misc]  # a class of a package without types here
    """A block of a residual network."""

    def __init__(self, channels: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(channels, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.shortcut = torch.nn.Conv2d(channels, outputs, 1, stride, bias=False)

    def forward(self, x: Any) -> Any:
        """Return an array with `outputs` channels."""
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(inner + self.shortcut(x))


class Residual(torch.nn.Module):  # type: ignore[misc]  # a class of a package without types here
    """A small residual network, whose layers are those of ResNet-18."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 7, 2, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(3, 2, 1))
        self.blocks = torch.nn.Sequential(Block(4, 6, 1), Block(6, 8, 2))
        self.pool, self.fc = torch.nn.AdaptiveAvgPool2d((1, 1)), torch.nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        """Return scores of shape ``(n, 3)``."""
        return self.fc(torch.flatten(self.pool(self.blocks(self.stem(x))), 1))


def residual() -> tuple[Any, Any]:
    model = Residual()
    for _ in range(2):
        model(torch.randn(4, 3, 20, 20) + 1)  # so that running statistics are no longer 0 and 1
    return model, torch.randn(6, 3, 20, 20)


class Recurrent(torch.nn.Module):  # type: ignore[misc]  # a class of a package without types here
    """The last state of a recurrent network as scores."""

    def __init__(self, kind: Any, **options: Any) -> None:
        super().__init__()
        self.rnn = kind(3, 4, batch_first=True, **options)
        self.head = torch.nn.Linear(4 * (1 + self.rnn.bidirectional), 3)

    def forward(self, x: Any) -> Any:
        """Return scores of shape ``(n, 3)``."""
        return self.head(self.rnn(x)[0][:, -1])


class Tokens(torch.nn.Module):  # type: ignore[misc]  # a class of a package without types here
    """A transformer's encoder on embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = torch.nn.Embedding(11, 8)
        layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = torch.nn.Linear(8, 11)

    def forward(self, x: Any) -> Any:
        """Return scores of shape ``(n, length, 11)``."""
        return self.head(self.encoder(self.tokens(x)))


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "perceptron": perceptron,
    "residual": residual,
    "GRU": lambda: (Recurrent(torch.nn.GRU), torch.randn(6, LENGTH, 3)),
    "LSTM": lambda: (Recurrent(torch.nn.LSTM, bidirectional=True), torch.randn(6, LENGTH, 3)),
    "transformer": lambda: (Tokens(), torch.randint(0, 11, (6, LENGTH))),
}


def exported(model: Any, x: Any, path: Path, by_tracing: bool = True, **options: Any) -> nn.Module:
    """Export a model, by one of PyTorch's two exporters, with any number of rows, and load it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if by_tracing:
            axes = {"x": {0: "batch"}}
            torch.onnx.export(model, (x,), str(path), input_names=["x"], dynamic_axes=axes, dynamo=False, **options)
        else:
            shapes = ({0: torch.export.Dim("batch")},)
            torch.onnx.export(model, (x,), str(path), input_names=["x"], dynamic_shapes=shapes, verbose=False)
    return nn.onnx.load(path)


def of_runtime(path: Path, x: Array) -> Array:
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found: list[Array] = session.run(None, {session.get_inputs()[0].name: x})
    return found[0]


def gradients(model: Any, out: Any) -> dict[str, Array]:
    (out * out).mean().backward()
    return {name: np.asarray(p.grad) for name, p in model.named_parameters() if p.grad is not None}


def as_trained(model: Any) -> Any:
    """Return a model whose parameters all differ: equal ones are written once, and are then one parameter."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return model.eval()


# The other exporter takes seconds for each model
CASES = [(name, "tracing") for name in MODELS] + [(name, "torch.export") for name in (MODELS if THOROUGH else ["GRU"])]


@pytest.mark.parametrize(("name", "exporter"), CASES)
def test_models_compute_the_same_and_train(name: str, exporter: str, tmp_path: Path) -> None:
    if exporter == "torch.export":
        pytest.importorskip("onnxscript", reason="PyTorch exports with it: pip install onnxscript")
    torch.manual_seed(0)
    theirs, x = MODELS[name]()
    as_trained(theirs)
    path = tmp_path / "model.onnx"
    ours = exported(theirs, x, path, exporter == "tracing")
    for rows in (x.numpy(), x.numpy()[:1]):
        expected = of_runtime(path, rows)
        found = ours(rows).data
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-5 * max(1, np.abs(expected).max()))
    own, other = gradients(ours, ours(x.numpy())), gradients(theirs, theirs(x))
    state = {key: value.numpy() for key, value in theirs.state_dict().items()}
    shared = [key for key, value in ours.state_dict().items() if key in state and np.array_equal(value, state[key])]
    assert shared  # others are transposed, or joined with the normalization behind them
    for key in set(shared) & set(own):
        scale = max(1e-3, np.abs(other[key]).max())
        assert np.allclose(own[key], other[key], rtol=1e-3, atol=1e-4 * scale), key
    losses = losses_of_training(ours, x.numpy())
    assert losses[-1] < losses[0]


def losses_of_training(model: nn.Module, x: Array) -> list[float]:
    optimizer = nn.optim.Adam(model.parameters(), lr=1e-3)
    target = np.random.default_rng(0).standard_normal(model(x).shape).astype(np.float32)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_file_for_training_trains_as_in_pytorch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs, x = residual()
    mode = torch.onnx.TrainingMode.TRAINING
    ours = exported(theirs, x, tmp_path / "model.onnx", training=mode, do_constant_folding=False)
    theirs.train()
    assert ours.training
    state = {name: value.numpy() for name, value in theirs.state_dict().items() if "num_batches" not in name}
    assert set(ours.state_dict()) == set(state)
    for name, value in ours.state_dict().items():
        assert np.array_equal(value, state[name]), name
    own, other = nn.optim.SGD(ours.parameters(), lr=0.1), torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(3):
        for model, optimizer, rows in ((ours, own, x.numpy()), (theirs, other, x)):
            optimizer.zero_grad()
            (model(rows) ** 2).mean().backward()
            optimizer.step()
    for name, value in theirs.state_dict().items():
        if "num_batches" not in name:
            assert np.allclose(ours.state_dict()[name], value.numpy(), rtol=1e-3, atol=1e-4), name
    ours.eval()
    theirs.eval()
    assert np.allclose(ours(x.numpy()).data, theirs(x).detach().numpy(), atol=1e-3)
