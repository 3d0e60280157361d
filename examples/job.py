"""The job of ``examples.mnist``, from the files to the folder: load, train, evaluate, save and print."""

from __future__ import annotations

import argparse
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import __version__
from datasets import load_idx, load_mnist, read_csv, train_test_split
from examples.files import UsageError, check_writable, save_json
from examples.report import GRAPH, PICTURES, draw_step, pictures_possible, save_pictures
from examples.training import LEARNING_RATE, Data, Labels, Plan, Training, evaluate, logits_of
from nn.training import Interruption

__all__ = ["run"]

HIDDEN = [128, 64]
QUICK_TRAIN, QUICK_TEST = 6000, 1000
CSV_TEST_SIZE = 1 / 7  # MNIST's own proportion


def run(options: argparse.Namespace) -> bool:
    """Do the job that the options of `examples.mnist` ask for; tell whether Ctrl-C was pressed."""
    check_writable(options.out)
    pictures = pictures_possible()
    return learn(load(options), options, pictures)


def learn(data: Data, options: argparse.Namespace, pictures: bool) -> bool:
    """Train, evaluate and save; tell whether Ctrl-C was pressed."""
    nn.manual_seed(options.seed)
    model = nn.MLP([data.pixels, *HIDDEN, data.classes])
    averaged = 0 if options.full_batch else (options.epochs + 1) // 2
    plan = Plan(options.epochs, None if options.full_batch else options.batch_size, averaged)
    training = Training(model, data, plan, options.seed)
    describe(data, plan, model)
    with Interruption() as interruption:
        wall, cpu = time.perf_counter(), time.process_time()
        training.run(interruption)
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        save(training, options, seconds, interruption, pictures)
    return interruption.requested


def load(options: argparse.Namespace) -> Data:
    """Return the data that the options name."""
    if options.csv:
        column = "label" if options.label is None else options.label
        images, labels = read_csv(options.csv, int(column) if column.isdigit() else column, scale=1 / 255)
        train_images, test_images, train_labels, test_labels = train_test_split(images, labels, test_size=CSV_TEST_SIZE)
    else:
        loaded = load_idx(options.data) if options.data else load_mnist()
        (train_images, train_labels), (test_images, test_labels) = loaded
    check_labels(train_labels)
    check_labels(test_labels)
    if train_images.shape[1] != test_images.shape[1]:
        raise UsageError(
            f"{options.data}: training images have {train_images.shape[1]} pixels, test images {test_images.shape[1]}; "
            f"take all four files from the same download"
        )
    train, test = slice(QUICK_TRAIN if options.quick else None), slice(QUICK_TEST if options.quick else None)
    name = str(options.csv or options.data or "MNIST")
    return Data(name, train_images[train], train_labels[train], test_images[test], test_labels[test])


def check_labels(labels: Labels) -> None:
    """Raise unless the labels can number the outputs of a network."""
    if labels.size == 0 or labels.min() < 0 or labels.max() > 999:
        found = f"from {labels.min()} to {labels.max()}" if labels.size else "missing"
        raise UsageError(f"the labels are {found}; they should be the numbers of the classes, from 0 to at most 999")


def describe(data: Data, plan: Plan, model: nn.Module) -> None:
    """Print what is going to happen."""
    sizes = "-".join(map(str, [data.pixels, *HIDDEN, data.classes]))
    count = sum(parameter.size for parameter in model.parameters())
    portions = f"batches of {plan.batch_size}" if plan.batch_size else "all images in every step"
    print(f"{data.name}: {len(data.train_labels)} training images, {len(data.test_labels)} test images")
    print(f"{sizes} network, {count} parameters; Adam, learning rate {LEARNING_RATE}, {portions}", flush=True)


def save(
    training: Training,
    options: argparse.Namespace,
    seconds: dict[str, float],
    interruption: Interruption,
    pictures: bool,
) -> None:
    """Write the folder, what matters most first, and print what was reached."""
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*PICTURES, GRAPH):  # of an earlier run, which must not stand beside the figures of this one
        (folder / name).unlink(missing_ok=True)
    nn.save(training.result, folder / "model.npz")
    metrics = measure(training, options, seconds, interruption)
    save_json(metrics, folder / "metrics.json")
    logits = logits_of(training.result, training.data.test_images)
    show(metrics, training.data, logits)
    written = ["model.npz", "metrics.json", draw_step(folder, training)]
    if pictures:
        written += save_pictures(folder, training, logits)
    print(f"{folder} holds {', '.join(written)}")


def measure(
    training: Training, options: argparse.Namespace, seconds: dict[str, float], interruption: Interruption
) -> dict[str, Any]:
    """Return what was reached, and how."""
    data, model = training.data, training.result
    train_loss, train_accuracy = evaluate(model, data.train_images, data.train_labels)
    test_loss, test_accuracy = evaluate(model, data.test_images, data.test_labels)
    return {
        "data": data.name,
        "train_images": len(data.train_labels),
        "test_images": len(data.test_labels),
        "sizes": [data.pixels, *HIDDEN, data.classes],
        "seed": options.seed,
        "batch_size": training.plan.batch_size or len(data.train_labels),
        "full_batch": options.full_batch,
        "learning_rate": LEARNING_RATE,
        "epochs": training.completed,
        "steps": training.steps,
        "averaged_steps": training.averages,
        "interrupted": interruption.requested,
        **{name: round(value, 3) for name, value in seconds.items()},
        "threads": blas_threads(),
        "train_accuracy": train_accuracy,
        "train_loss": train_loss,
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
        "machine": platform.machine(),
        "history": [asdict(epoch) for epoch in training.history],
    }


def blas_threads() -> int:
    """Return how many threads NumPy's matrix products may use, as OpenBLAS settles it."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        if os.environ.get(variable, "").isdecimal():
            return int(os.environ[variable])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def show(metrics: dict[str, Any], data: Data, logits: np.ndarray[Any, Any]) -> None:
    """Print the figures, and the first test images' labels beside what the network guesses."""
    print(
        f"{metrics['epochs']} epochs, {metrics['steps']} steps in {metrics['seconds']:.1f} s\n"
        f"training set: accuracy {metrics['train_accuracy']:.3%}, loss {metrics['train_loss']:.4f}\n"
        f"test set:     accuracy {metrics['test_accuracy']:.3%}, loss {metrics['test_loss']:.4f}"
    )
    guesses = logits.argmax(axis=1)
    wrong = guesses != data.test_labels
    rows = sorted({*range(min(8, len(guesses))), *np.flatnonzero(wrong)[:2].tolist()})
    for title, values in (("test image", rows), ("label", data.test_labels[rows]), ("guess", guesses[rows])):
        print(f"{title:>10}  " + " ".join(f"{value:>5}" for value in values))
    print(" " * 12 + " ".join(f"{'wrong' if wrong[row] else '':>5}" for row in rows).rstrip())
