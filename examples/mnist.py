"""Train a network on the MNIST digits, and write a folder about what it learned.

The network has 784-128-64-10 units with rectifiers between them. Softmax-cross-entropy is its loss, and Adam takes the
steps. The folder that it writes holds::

    model.npz        the trained parameters, for python -m examples.predict
    metrics.json     what was reached, in which time, with which options and versions
    report.html      loss and accuracy over the epochs, which digits it takes for which, its worst mistakes, its weights
    graph.svg        the graph of one step

Run it with ``python -m examples.mnist``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is.
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
from examples import command

EPOCHS, QUICK_EPOCHS = 12, 4
FULL_BATCH_EPOCHS, QUICK_FULL_BATCH_EPOCHS = 420, 40
QUICK_TRAIN, QUICK_TEST = 6000, 1000
BATCH_SIZE, LEARNING_RATE, HIDDEN = 32, 0.001, (128, 64)

EPILOG = """\
examples:
  python -m examples.mnist                      the digits, in about fifteen seconds
  python -m examples.mnist --full-batch         all images in every step, as in the simplest of all training loops
  python -m examples.mnist --data fashion-mnist a folder with the four files of Fashion-MNIST, gzipped or not
  python -m examples.mnist --csv digits.csv     a table with a column 'label' and one for each pixel, 0 to 255
  python -m examples.predict runs/mnist/model.npz test:17

Minibatches make the weights jitter around their goal. In the second half of the epochs their mean over all steps is
taken, and that is what is evaluated and saved; with --full-batch it is the weights of the last step. Matrix products
take one processor core; a full batch is faster with more of them: set OPENBLAS_NUM_THREADS=4, for example.
"""

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def main(options: argparse.Namespace) -> None:
    """Train, evaluate, and write the folder."""
    train, test = load(options)
    sizes = [train[0].shape[1], *HIDDEN, 1 + int(max(train[1].max(), test[1].max()))]
    whole, quick = (FULL_BATCH_EPOCHS, QUICK_FULL_BATCH_EPOCHS) if options.full_batch else (EPOCHS, QUICK_EPOCHS)
    epochs = options.epochs or (quick if options.quick else whole)

    nn.manual_seed(options.seed)
    model = nn.MLP(sizes)
    loss = nn.CrossEntropyLoss()
    optimizer = nn.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    steps: Any = batches(*train, batch_size=options.batch_size, seed=options.seed)
    averaging = [nn.training.WeightAveraging(decay=None, start=epochs // 2 + 1)]
    if options.full_batch:
        steps, averaging = [train], []
    print(
        f"{len(train[1])} training images, {len(test[1])} test images; {'-'.join(map(str, sizes))} network", flush=True
    )

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

        shape, (images, labels) = command.image_shape(sizes[0]), next(iter(steps))

        def draw_step(path: Path) -> None:
            step = loss(model(images[:128]), labels[:128])
            command.save_text(draw_graph(step, params=dict(model.named_parameters())).svg, path)

        def report(path: Path) -> None:
            nn.plots.report(path, history, model, test, image_shape=shape, title="Digits")

        run.write(model, metrics, {"report.html": report, "graph.svg": draw_step}, history)


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
    train, test = (QUICK_TRAIN, QUICK_TEST) if options.quick else (None, None)
    return (X[:train], y[:train]), (X_test[:test], y_test[:test])


def show_guesses(guesses: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> None:
    """Print the network's guesses for the first test images, and for the first two that it gets wrong."""
    wrong = guesses != labels
    rows = sorted({*range(min(8, len(guesses))), *np.flatnonzero(wrong)[:2].tolist()})
    for title, values in (("test image", rows), ("label", labels[rows]), ("guess", guesses[rows])):
        print(f"{title:>10}  " + " ".join(f"{value:>5}" for value in values))
    print(" " * 12 + " ".join(f"{'wrong' if wrong[row] else '':>5}" for row in rows).rstrip())


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    default = f"{EPOCHS}, or {FULL_BATCH_EPOCHS} with --full-batch"
    found = command.parser(
        "mnist", __doc__, epochs=default, quick="a tenth of the digits and few epochs", epilog=EPILOG
    )
    portions, source = found.add_mutually_exclusive_group(), found.add_mutually_exclusive_group()
    portions.add_argument(
        "--batch-size", type=command.positive, metavar="N", default=BATCH_SIZE, help=f"images in a step ({BATCH_SIZE})"
    )
    portions.add_argument("--full-batch", action="store_true", help="take the whole training set in every step")
    source.add_argument("--csv", type=Path, metavar="PATH", help="train on a CSV file; a seventh becomes the test set")
    source.add_argument("--data", type=Path, metavar="FOLDER", help="train on a folder of IDX files, as MNIST's are")
    found.add_argument("--label", metavar="COLUMN", help="the column of --csv with the classes: its name or index")
    return found


if __name__ == "__main__":
    sys.exit(command.run(parser(), main))
