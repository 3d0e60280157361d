"""Random trainings: a model, a loss, an optimizer and data, all from one seed."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import Tensor

from ..nn.optimizer_programs import OPTIONS

Array = np.ndarray[Any, Any]

_ACTIVATIONS = (nn.Tanh, nn.ReLU, nn.GELU, nn.SiLU, nn.Softplus, nn.ELU, nn.Sigmoid, nn.PReLU, nn.LeakyReLU, nn.Mish)
_LOSSES: dict[str, Callable[[], nn.Module]] = {
    "classes": nn.CrossEntropyLoss,
    "squares": nn.MSELoss,
    "distances": nn.L1Loss,
    "huber": nn.HuberLoss,
    "margins": nn.MultiMarginLoss,
}


class Skip(nn.Module):
    """The sum of what a layer is given and what it makes of it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return x + self.layer(x)


class Tied(nn.Module):
    """A layer and its transpose, with one weight for both."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(features, 3)

    def forward(self, x: Any) -> Any:
        return self.layer(x) @ self.layer.weight


class Part(nn.Module):
    """One of the results of a recurrent or an attention layer."""

    def __init__(self, layer: nn.Module, count: int) -> None:
        super().__init__()
        self.layer, self.count = layer, count

    def forward(self, x: Any) -> Any:
        return self.layer(*[x] * self.count)[0]


class Mean(nn.Module):
    """The mean over time."""

    def forward(self, x: Any) -> Any:
        return x.mean(1)


def _of_rows(draw: random.Random, features: int) -> tuple[nn.Module, int]:
    kind = draw.choice(["linear", "linear", "norm", "activation", "skip", "tied", "dropout"])
    if kind == "linear":
        to = draw.choice([1, 2, 3, 5, 8, 17, 64])
        return nn.Linear(features, to, bias=draw.random() < 0.8), to
    if kind == "norm":
        norms = (nn.BatchNorm1d, nn.LayerNorm, nn.RMSNorm, lambda n: nn.GroupNorm(1, n))
        return draw.choice(norms)(features), features
    if kind == "skip":
        return Skip(nn.Sequential(nn.Linear(features, features), draw.choice(_ACTIVATIONS)())), features
    if kind == "tied":
        return Tied(features), features
    return nn.Dropout(0.3) if kind == "dropout" else draw.choice(_ACTIVATIONS)(), features


def _of_images(draw: random.Random, axes: int) -> tuple[list[nn.Module], tuple[int, ...]]:
    channels, to, size = draw.choice([1, 2, 3]), draw.choice([1, 2, 4, 6]), draw.choice([6, 8])
    conv, across, norm = (getattr(nn, f"{name}{axes}d") for name in ("Conv", "ConvTranspose", "BatchNorm"))
    pools = [getattr(nn, f"{name}Pool{axes}d") for name in ("Max", "Avg")]
    layers = [draw.choice([conv, across])(channels, to, 3, padding=draw.choice([0, 1]), bias=draw.random() < 0.7)]
    layers += [norm(to)] if draw.random() < 0.6 else []
    layers += [draw.choice(_ACTIVATIONS)()] if draw.random() < 0.7 else []
    layers += [draw.choice(pools)(2)] if draw.random() < 0.6 else []
    return [*layers, nn.Flatten()], (channels, *[size] * axes)


def _of_sequences(draw: random.Random) -> tuple[list[nn.Module], tuple[int, ...]]:
    features, time, hidden = 4, draw.choice([1, 3, 5]), draw.choice([2, 3, 8])
    recurrent = draw.choice([nn.RNN, nn.LSTM, nn.GRU, None, None])
    if recurrent is not None:
        both = draw.random() < 0.3
        return [Part(recurrent(features, hidden, batch_first=True, bidirectional=both), 1), Mean()], (time, features)
    if draw.random() < 0.5:
        return [Part(nn.MultiheadAttention(features, 2, batch_first=True), 3), nn.Flatten()], (time, features)
    return [nn.TransformerEncoderLayer(features, 2, hidden, batch_first=True), Mean()], (time, features)


def _model(draw: random.Random, features: int, first: list[nn.Module], outputs: int) -> tuple[nn.Module, nn.Module]:
    layers = list(first)
    for _ in range(draw.randint(0, 4)):
        layer, features = _of_rows(draw, features)
        layers.append(layer)
    return nn.Sequential(*layers), nn.Linear(features, outputs)


class RandomTraining:
    """A training that a seed draws: two of the same seed are equal.

    Attributes
    ----------
    model, loss_of, optimizer
        Its parts.
    batches
        The data of each step.
    """

    def __init__(self, seed: int, steps: int) -> None:
        draw, numbers = random.Random(seed), np.random.default_rng(seed)
        nn.manual_seed(seed)
        self.dtype = draw.choice([np.float32, np.float64])
        rows, outputs = draw.choice([2, 5, 16, 33, 64]), draw.choice([2, 3, 7])  # of one row, BatchNorm makes nothing
        kind = draw.choice(["rows", "rows", "1", "2", "sequences"])
        shape: tuple[int, ...] = (draw.choice([1, 3, 4, 12, 48, 300]),)
        first: list[nn.Module] = []
        if kind == "sequences":
            first, shape = _of_sequences(draw)
        elif kind != "rows":
            first, shape = _of_images(draw, int(kind))
        features = nn.Sequential(*first)(np.zeros((2, *shape), np.float32)).shape[-1] if first else shape[0]
        inner, last = _model(draw, features, first, outputs)
        self.model = nn.Sequential(inner, last).to(self.dtype)
        for parameter in self.model.parameters():
            if draw.random() < 0.15:
                parameter.requires_grad = False
            elif draw.random() < 0.15:
                parameter.data = np.ascontiguousarray(parameter.data)  # of layers, some have the other order
        last.requires_grad_()
        loss = draw.choice(list(_LOSSES))
        self.loss_of = _LOSSES[loss]()
        name = draw.choice(list(OPTIONS))
        trained = [p for p in self.model.parameters() if p.requires_grad and (name != "Muon" or p.ndim == 2)]
        self.optimizer = getattr(nn.optim, name)(trained, **draw.choice(OPTIONS[name]))
        self.walks, self.clip = draw.choice([1, 1, 1, 2]), draw.choice([None, None, 0.5])
        if self.dtype == np.float64:  # OpenBLAS's oldest kernel, Prescott, rounds its norm by where memory starts
            self.clip = None
        self.name = f"{seed}: {self.dtype.__name__}, {loss}, {name}, {rows} rows of {shape}, {self.model}"
        labelled = loss in ("classes", "margins")
        self.batches = [
            (
                numbers.standard_normal((rows, *shape)).astype(self.dtype),
                numbers.integers(0, outputs, rows)
                if labelled
                else numbers.standard_normal((rows, outputs)).astype(self.dtype),
            )
            for _ in range(steps)
        ]

    def state(self) -> dict[str, Array]:
        """Return all that a step may change."""
        found = dict(self.model.state_dict())
        for name, p in self.model.named_parameters():
            if p.grad is not None:
                found[f"gradient of {name}"] = p.grad.data
        return found

    def run(self, model: Callable[..., Tensor], loss_of: Callable[..., Tensor], wrap: Callable[..., Any]) -> list[Any]:
        """Take all steps with the model and the loss given, each step wrapped; return all numbers of each."""

        def step(x: Array, y: Array) -> Any:
            self.optimizer.zero_grad()
            for _ in range(self.walks):
                output = model(x)
                loss = loss_of(output, y)
                loss.backward()
            if self.clip is not None:
                nn.utils.clip_grad_norm_(self.optimizer.param_groups[0]["params"], self.clip)
            self.optimizer.step()
            return loss.detach(), output.detach()

        taken, found = wrap(step), []
        for x, y in self.batches:
            loss, output = taken(x, y)
            found.append({"loss": np.array(loss.data), "output": np.array(output.data), **self.copies()})
        return found

    def copies(self) -> dict[str, Array]:
        return {name: value.copy("K") for name, value in self.state().items()}
