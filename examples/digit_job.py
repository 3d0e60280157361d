"""The job of ``examples.convnet`` and ``examples.augmented``: load, train, evaluate, save and print."""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from autograd import __version__
from datasets import load_mnist
from examples.digit_pictures import PICTURES, save_pictures
from examples.digit_recipes import RECIPES, Recipe
from examples.distortion import DistortedBatches
from examples.files import check_writable, save_json
from examples.job import blas_threads
from examples.report import pictures_possible
from examples.training import Data
from nn.training import Interruption

if TYPE_CHECKING:
    import pandas

__all__ = ["MovingAverage", "load", "run"]

HELD_OUT = 10_000
QUICK_TRAIN, QUICK_TEST, QUICK_EPOCHS = 3000, 1000, 2
DECAY = 0.999
LOSS = nn.CrossEntropyLoss()


class MovingAverage(nn.training.Callback):
    """Keeps a moving average of the weights in the course of a training, and tells how good it is after each epoch.

    Of the first steps it is nearly the plain mean, so that what it begins with is soon forgotten.

    Parameters
    ----------
    model
        The model that is trained.
    data
        Images and labels to evaluate the average on: the history gets a column ``average_accuracy``.

    Attributes
    ----------
    model
        The average.
    """

    def __init__(self, model: nn.Module, data: tuple[Any, Any]) -> None:
        self._average = nn.optim.swa_utils.AveragedModel(model, multi_avg_fn=_move, use_buffers=True)
        self._data = data

    @property
    def model(self) -> nn.Module:
        """A model whose weights and running statistics are the averages."""
        model: nn.Module = self._average.module
        return model

    def on_step(self, training: nn.training.Training) -> None:
        """Take the present weights into the average."""
        self._average.update_parameters(training.model)

    def on_epoch(self, training: nn.training.Training) -> None:
        """Evaluate the average."""
        training.history[-1]["average_accuracy"] = nn.evaluate(self.model, self._data, LOSS, "accuracy")["accuracy"]


def _move(averages: list[Any], values: list[Any], count: int) -> None:
    decay = min(DECAY, count / (count + 10))
    nn.optim.swa_utils.get_ema_multi_avg_fn(decay)(averages, values, count)


def run(name: str, options: argparse.Namespace) -> bool:
    """Train by the recipe of this name as the options say; tell whether Ctrl-C was pressed."""
    check_writable(options.out)
    pictures = pictures_possible()
    return learn(RECIPES[name], load(RECIPES[name], options), options, pictures)


def load(recipe: Recipe, options: argparse.Namespace) -> Data:
    """Return the digits: what to learn, and what to evaluate on, which with ``--held-out`` are training images too."""
    (images, labels), (test_images, test_labels) = load_mnist()
    if options.held_out:
        test_images, test_labels = images[-HELD_OUT:], labels[-HELD_OUT:]
        images, labels = images[:-HELD_OUT], labels[:-HELD_OUT]
    train, test = slice(QUICK_TRAIN if options.quick else None), slice(QUICK_TEST if options.quick else None)
    kind = "held-out" if options.held_out else "test"
    return Data(kind, images[train], labels[train], test_images[test].reshape(-1, *recipe.shape), test_labels[test])


def learn(recipe: Recipe, data: Data, options: argparse.Namespace, pictures: bool) -> bool:
    """Train, evaluate and save; tell whether Ctrl-C was pressed."""
    nn.manual_seed(options.seed)
    model = recipe.build()
    epochs = options.epochs or (QUICK_EPOCHS if options.quick else recipe.epochs)
    rng = np.random.default_rng(options.seed)
    batches = DistortedBatches(
        data.train_images, data.train_labels, recipe.batch_size, recipe.distortion, recipe.shape, rng
    )
    optimizer = nn.optim.AdamW(model.parameters(), lr=recipe.learning_rate)
    schedule = nn.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, epochs * len(batches))
    average = MovingAverage(model, (data.test_images, data.test_labels))
    describe(recipe, data, model)
    with Interruption() as interruption:
        wall, cpu = time.perf_counter(), time.process_time()
        history = nn.fit(
            model,
            batches,
            LOSS,
            optimizer,
            epochs=epochs,
            metrics="accuracy",
            scheduler=schedule,
            scheduler_every="step",
            callbacks=[average],
        )
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        metrics = measure(recipe, average.model, data, history, options, seconds)
        save(average.model, data, history, metrics, options.out, pictures)
    return interruption.requested


def describe(recipe: Recipe, data: Data, model: nn.Module) -> None:
    """Print what is going to happen."""
    print(f"MNIST: {len(data.train_labels)} training images, {len(data.test_labels)} {data.name} images")
    print(
        f"{recipe.layers} network, {count(model)} parameters; AdamW, learning rate up to {recipe.learning_rate}, "
        f"batches of {recipe.batch_size} distorted images",
        flush=True,
    )


def count(model: nn.Module) -> int:
    """Return the number of trained numbers."""
    return sum(parameter.size for parameter in model.parameters())


def measure(
    recipe: Recipe,
    model: nn.Module,
    data: Data,
    history: pandas.DataFrame,
    options: argparse.Namespace,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Return what was reached, and how."""
    distortion = recipe.distortion
    result = nn.evaluate(model, (data.test_images, data.test_labels), LOSS, "accuracy")
    return {
        "train_images": len(data.train_labels),
        f"{data.name}_images": len(data.test_labels),
        "parameters": count(model),
        "seed": options.seed,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "distortion": {"turn": distortion.turn, "shift": distortion.shift, "warp": distortion.warp},
        "epochs": len(history),
        "steps": int(history["steps"].iloc[-1]),
        "interrupted": history.attrs["stopped"] is not None,
        **{name: round(value, 3) for name, value in seconds.items()},
        "threads": blas_threads(),
        f"{data.name}_accuracy": result["accuracy"],
        f"{data.name}_loss": result["loss"],
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
        "machine": platform.machine(),
    }


def save(
    model: nn.Module,
    data: Data,
    history: pandas.DataFrame,
    metrics: dict[str, Any],
    folder: Path,
    pictures: bool,
) -> None:
    """Write the folder, what matters most first, and print what was reached."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:  # of an earlier run, which must not stand beside the figures of this one
        (folder / name).unlink(missing_ok=True)
    nn.save(model, folder / "model.npz")
    save_json(metrics, folder / "metrics.json")
    with nn.utils.replacing(folder / "history.csv") as partial:
        history.to_csv(partial)
    print(
        f"{metrics['epochs']} epochs, {metrics['steps']} steps in {metrics['seconds']:.1f} s: "
        f"{data.name} accuracy {metrics[f'{data.name}_accuracy']:.2%}, loss {metrics[f'{data.name}_loss']:.4f}"
    )
    written = ["model.npz", "metrics.json", "history.csv"]
    if pictures:
        written += save_pictures(folder, model, data, history)
    print(f"{folder} holds {', '.join(written)}")
