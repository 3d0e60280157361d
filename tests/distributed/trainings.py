"""Trainings that ranks take part in, for tests: ``mpiexec -n 2 python -m tests.distributed.trainings FOLDER``.

Each is saved as FOLDER/NAME-RANKS.npz by rank 0: the weights and the history. With ``resume``, it is one training that
goes on from its checkpoint, and is saved as FOLDER/resumed.npz at its end.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import nn
from nn import distributed

ROWS, CLASSES, EPOCHS = 202, 4, 15


class Encoder(nn.Module):
    """A transformer over rows of a few vectors, with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.2, batch_first=True)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Any) -> Any:
        """Return scores of shape (n, classes)."""
        return self.head(self.layer(x).mean(axis=1))


def model_of(kind: str) -> nn.Module:
    """Return a model with weights that differ between ranks until `fit` makes them the same."""
    nn.manual_seed(7 + distributed.rank())
    if kind == "mlp":
        return nn.MLP([24, 16, CLASSES])
    if kind == "conv":
        layers = nn.Sequential(
            nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(24, CLASSES)
        )
        return distributed.convert_sync_batchnorm(layers)
    return Encoder()


def data_of(kind: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return rows in the shape that the model takes, and labels."""
    random = np.random.default_rng(3)
    shapes = {"mlp": (24,), "conv": (1, 4, 6), "transformer": (3, 8)}
    return random.standard_normal((ROWS, *shapes[kind])).astype(np.float32), random.integers(0, CLASSES, ROWS)


def train(kind: str, reproducible: bool, epochs: int = 2, **options: Any) -> tuple[nn.Module, Any]:
    """Train a model; batches of 100 rows leave a last one of 2, of which some ranks have none."""
    model, data = model_of(kind), data_of(kind)
    weights: dict[str, Any] = {}
    if kind == "mlp":
        weights = {"class_weight": "balanced", "sample_weight": np.linspace(0.5, 1.5, ROWS)}
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    accumulate = 2 if kind == "transformer" else 1
    metrics: list[Any] = ["accuracy", nn.training.F1(average="macro"), nn.training.AUC()]
    history = nn.fit(
        model, data, nn.CrossEntropyLoss(), optimizer, epochs=epochs, batch_size=100, metrics=metrics, validation=data,
        accumulate=accumulate, reproducible=reproducible, sentinels=False, verbose=False, **weights, **options,
    )  # fmt: skip
    return model, history


def save(path: Path, model: nn.Module, history: Any) -> None:
    """Save the weights, and the figures that do not depend on time."""
    if distributed.rank() == 0:
        figures = history.drop(columns=["seconds"]).to_numpy()
        np.savez(path, history=figures, **model.state_dict())  # type: ignore[arg-type]  # names are those of weights


class Slow(nn.training.Callback):
    """Leaves a test the time to kill a rank: says which processes there are once steps are taken, and waits in each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_step(self, training: nn.training.Training) -> None:
        """Write the number of the process."""
        (self.folder / f"process-{distributed.rank()}").write_text(str(os.getpid()))
        time.sleep(0.03)


def resume(folder: Path) -> None:
    """Begin a training or go on with it, and save it at its end."""
    saving = nn.training.Checkpoint(folder / "checkpoint.npz", every=1, resume=True)
    model, history = train("transformer", True, epochs=EPOCHS, callbacks=[saving, Slow(folder)])
    if history.attrs["stopped"] is None:
        save(folder / "resumed.npz", model, history)


def main(folder: Path) -> None:
    """Train all models in both ways."""
    for kind in ("mlp", "conv", "transformer"):
        for reproducible in (False, True):
            name = kind + "-reproducible" * reproducible
            save(folder / f"{name}-{distributed.world_size()}.npz", *train(kind, reproducible))


if __name__ == "__main__":
    (resume if "resume" in sys.argv else main)(Path(sys.argv[1]))
