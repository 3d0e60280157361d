"""Train a network on the MNIST digits, and write a folder about what it learned.

    python -m examples.mnist                       the digits, in about fifteen seconds
    mpiexec -n 2 python -m examples.mnist          the same by two processes, which share each batch
    python -m examples.mnist --full-batch          all images in every step, as in the simplest of all training loops
    python -m examples.mnist --data fashion-mnist  a folder with the four files of Fashion-MNIST, gzipped or not
    python -m examples.mnist --csv digits.csv      a table with a column 'label' and one for each pixel, 0 to 255
    python -m examples.predict runs/mnist/model.npz test:17

The network has 784-128-64-10 units with rectifiers between them. Minibatches make its weights jitter around their goal.
In the second half of the epochs their mean over all steps is taken, and that is what is evaluated and saved; with
--full-batch it is the weights of the last step. Matrix products take one processor core; a full batch is faster with
more of them: set OPENBLAS_NUM_THREADS=4, for example.

Writes runs/mnist: model.npz, metrics.json (what was reached, in which time, with which options and versions),
report.html (curves, confusion matrix, worst mistakes, weights) and graph.svg (the graph of one step).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import draw_graph
from datasets import batches, load_idx, load_mnist, read_csv, train_test_split
from datasets.handwriting import image_shape
from examples import command

BATCH_SIZE, LEARNING_RATE, HIDDEN = 32, 0.001, (128, 64)

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def load(options: argparse.Namespace) -> tuple[Data, Data]:
    """Return training and test sets: images as rows of pixels from 0 to 1, and labels."""
    if options.label is not None and not options.csv:
        raise command.UsageError("--label names a column of the file that --csv gives")
    if options.csv:
        column = "label" if options.label is None else options.label
        images, labels = read_csv(options.csv, int(column) if column.isdigit() else column, scale=1 / 255)
        X, X_test, y, y_test = train_test_split(images, labels, test_size=1 / 7)  # MNIST's own proportion
    else:
        (X, y), (X_test, y_test) = load_idx(options.data) if options.data else load_mnist()
    for labels in (y, y_test):
        if labels.size == 0 or labels.min() < 0 or labels.max() > 999:
            found = f"from {labels.min()} to {labels.max()}" if labels.size else "missing"
            raise command.UsageError(
                f"the labels are {found}; they should be the numbers of the classes, from 0 to at most 999"
            )
    if X.shape[1] != X_test.shape[1]:
        raise command.UsageError(
            f"{options.data}: training images have {X.shape[1]} pixels, test images {X_test.shape[1]}; take all four "
            f"files from the same download"
        )
    return ((X[:6000], y[:6000]), (X_test[:1000], y_test[:1000])) if options.quick else ((X, y), (X_test, y_test))


def main(options: argparse.Namespace) -> None:
    """Train, evaluate, and write the folder."""
    train, test = load(options)
    sizes = [train[0].shape[1], *HIDDEN, 1 + int(max(train[1].max(), test[1].max()))]
    whole, quick = (420, 40) if options.full_batch else (12, 4)
    epochs = options.epochs or (quick if options.quick else whole)
    print(
        f"{len(train[1])} training images, {len(test[1])} test images; {'-'.join(map(str, sizes))} network", flush=True
    )

    nn.manual_seed(options.seed)
    model = nn.MLP(sizes)
    loss = nn.CrossEntropyLoss()
    optimizer = nn.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    steps: Any = batches(*train, batch_size=options.batch_size, seed=options.seed)
    averaging = [nn.training.WeightAveraging(decay=None, start=epochs // 2 + 1)]
    if options.full_batch:
        steps, averaging = [train], []

    with command.Run(options) as run:
        history = nn.fit(
            model, steps, loss, optimizer, epochs=epochs, metrics="accuracy", validation=test, callbacks=averaging
        )
        metrics = {"data": str(options.csv or options.data or "MNIST"), "sizes": sizes, "learning_rate": LEARNING_RATE}
        for name, data in (("train", train), ("test", test)):
            result = nn.evaluate(model, data, loss, "accuracy")
            print(f"{name} set: accuracy {result['accuracy']:.3%}, loss {result['loss']:.4f}")
            metrics |= {f"{name}_images": len(data[1]), **{f"{name}_{key}": value for key, value in result.items()}}
        show_guesses(nn.predict(model, test[0]).argmax(axis=1), test[1])

        def report(path: Path) -> None:
            nn.plots.report(path, history, model, test, image_shape=image_shape(sizes[0]), title="Digits")

        def draw_step(path: Path) -> None:
            images, labels = (part[:128] for part in next(iter(steps)))
            graph = draw_graph(loss(model(images), labels), params=dict(model.named_parameters()))
            path.write_text(graph.svg, encoding="utf-8")

        run.write(model, metrics, {"report.html": report, "graph.svg": draw_step}, history)


def show_guesses(guesses: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
    """Print the network's guesses for the first test images, and for the first two that it gets wrong."""
    wrong = guesses != labels
    rows = sorted({*range(min(8, len(guesses))), *np.flatnonzero(wrong)[:2].tolist()})
    for title, values in (("test image", rows), ("label", labels[rows]), ("guess", guesses[rows])):
        print(f"{title:>10}  " + " ".join(f"{value:>5}" for value in values))
    print(" " * 12 + " ".join(f"{'wrong' if wrong[row] else '':>5}" for row in rows).rstrip())


if __name__ == "__main__":
    parser = command.parser(
        "mnist", __doc__, epochs="12, or 420 with --full-batch", quick="a tenth of the digits and few epochs"
    )
    steps, source = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    steps.add_argument(
        "--batch-size", type=command.positive, metavar="N", default=BATCH_SIZE, help=f"images in a step ({BATCH_SIZE})"
    )
    steps.add_argument("--full-batch", action="store_true", help="take the whole training set in every step")
    source.add_argument("--csv", type=Path, metavar="PATH", help="train on a CSV file; a seventh becomes the test set")
    source.add_argument("--data", type=Path, metavar="FOLDER", help="train on a folder of IDX files, as MNIST's are")
    parser.add_argument("--label", metavar="COLUMN", help="the column of --csv with the classes: its name or index")
    sys.exit(command.run(parser, main))
