"""Train a network on the MNIST digits, and write a folder about what it learned.

The network has 784-128-64-10 units with rectifiers between them. Softmax-cross-entropy is its loss, and Adam with a
learning rate of 0.001 takes the steps. The folder that it writes holds::

    model.npz        the trained parameters, for python -m examples.predict
    metrics.json     what was reached, in which time, with which options and versions
    curves.png       loss and accuracy over the epochs
    confusion.png    which digits it takes for which
    mistakes.png     the test images on which it is most certain and wrong
    weights.png      what the units of the first layer look for
    graph.svg        the graph of one step (graph.gv where Graphviz is not installed)

Run it with ``python -m examples.mnist``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import __version__
from datasets import DataError, load_idx, load_mnist, read_csv, train_test_split
from examples.files import UsageError, check_writable, replacing, save_model
from examples.interruption import EXIT_CODE, Interruption
from examples.report import GRAPHS, PICTURES, draw_step, pictures_possible, save_pictures
from examples.training import LEARNING_RATE, Data, Labels, Plan, Training, evaluate, logits_of

HIDDEN = [128, 64]
BATCH_SIZE = 64
EPOCHS, QUICK_EPOCHS = 16, 4
FULL_BATCH_EPOCHS, QUICK_FULL_BATCH_EPOCHS = 400, 40
QUICK_TRAIN, QUICK_TEST = 6000, 1000
CSV_TEST_SIZE = 1 / 7  # MNIST's own proportion

EPILOG = """\
examples:
  python -m examples.mnist                      the digits, in about ten seconds
  python -m examples.mnist --full-batch         all images in every step, as in the simplest of all training loops
  python -m examples.mnist --data fashion-mnist a folder with the four files of Fashion-MNIST, zipped or not
  python -m examples.mnist --csv digits.csv     a table with a column 'label' and one for each pixel, 0 to 255
  python -m examples.predict runs/mnist/model.npz test:17

Minibatches make the weights jitter around their goal. In the second half of the epochs their mean over all steps is
taken, and that is what is evaluated and saved; with --full-batch it is the weights of the last step.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 130 after Ctrl-C."""
    options = parse(arguments)
    try:
        return run(options)
    except (DataError, UsageError, OSError) as error:
        print(f"examples.mnist: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("examples.mnist: stopped", file=sys.stderr)
        return EXIT_CODE


def run(options: argparse.Namespace) -> int:
    """Load, train, evaluate and save."""
    check_writable(options.out)
    pictures = pictures_possible()
    data, plan = load(options), make_plan(options)
    nn.manual_seed(options.seed)
    model = nn.MLP([data.pixels, *HIDDEN, data.classes])
    training = Training(model, data, plan, options.seed)
    describe(data, plan, model)
    with Interruption() as interruption:
        wall, cpu = time.perf_counter(), time.process_time()
        training.run(interruption)
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        save(training, options, seconds, interruption, pictures)
    return EXIT_CODE if interruption.requested else 0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.mnist",
        description=(__doc__ or "").partition("\n")[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    portions, source = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    parser.add_argument(
        "--epochs", type=positive, help=f"how often to go through the data ({EPOCHS}; {FULL_BATCH_EPOCHS} full batches)"
    )
    portions.add_argument("--batch-size", type=positive, default=BATCH_SIZE, help=f"images in a step ({BATCH_SIZE})")
    portions.add_argument("--full-batch", action="store_true", help="take the whole training set in every step")
    source.add_argument("--csv", type=Path, metavar="PATH", help="train on a CSV file; a seventh becomes the test set")
    source.add_argument("--data", type=Path, metavar="FOLDER", help="train on a folder of IDX files, as MNIST's are")
    parser.add_argument("--seed", type=natural, default=0, help="of the first weights and the order of images (0)")
    parser.add_argument("--out", type=Path, default=Path("runs/mnist"), help="folder to write (runs/mnist)")
    parser.add_argument(
        "--quick", action="store_true", help=f"at most {QUICK_TRAIN} images and few epochs, to see that it works"
    )
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return number


def natural(text: str) -> int:
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def make_plan(options: argparse.Namespace) -> Plan:
    """Settle the epochs, where the options leave them open, and in which of them weights are averaged."""
    if options.full_batch:
        return Plan(options.epochs or (QUICK_FULL_BATCH_EPOCHS if options.quick else FULL_BATCH_EPOCHS), None, 0)
    epochs = options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS)
    return Plan(epochs, options.batch_size, averaged=(epochs + 1) // 2)


def load(options: argparse.Namespace) -> Data:
    """Return the data that the options name."""
    if options.csv:
        images, labels = read_csv(options.csv, scale=1 / 255)
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
    for name in (*PICTURES, *GRAPHS):  # of an earlier run, which must not stand beside the figures of this one
        (folder / name).unlink(missing_ok=True)
    save_model(training.result, folder / "model.npz")
    metrics = measure(training, options, seconds, interruption)
    with replacing(folder / "metrics.json") as stream:
        stream.write(json.dumps(metrics, indent=2).encode() + b"\n")
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
    wrong = np.flatnonzero(guesses != data.test_labels)[:2]
    rows = sorted({*range(min(8, len(guesses))), *wrong.tolist()})
    for title, values in (("test image", rows), ("label", data.test_labels[rows]), ("guess", guesses[rows])):
        print(f"{title:>10}  " + " ".join(f"{value:>5}" for value in values))
    print(f"{'':>10}  " + " ".join(f"{'wrong' if row in wrong else '':>5}" for row in rows).rstrip())


if __name__ == "__main__":
    sys.exit(main())
