"""Train a small convolutional network on the MNIST digits, on images that are bent in a new way in every epoch.

    python -m examples.convnet               the digits, in a minute and a half on an idle core
    python -m examples.convnet --quick       a twentieth of them, to see that it works
    python -m examples.convnet --held-out    how good a recipe is, without a look at the test set

Two convolutions of 16 and 32 channels, each with pooling and batch normalization, and two linear layers. AdamW takes
the steps, with a learning rate that rises and falls once, and a moving average of the weights is what is evaluated and
saved.

The distortion was chosen with --held-out: by the accuracy on the last 10,000 training images after training on the
first 50,000. 99.5 % of them were right after 7 epochs of the first recipe, which was then given 5, as they take less
time. The test set had no part in it.

Writes runs/convnet: model.npz, metrics.json, history.csv (a row for each epoch), report.html (curves, confusion matrix,
worst mistakes) and filters.png (the kernels of the first layer, and what they make of a digit).
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from datasets import load_mnist
from datasets.distortions import DistortedBatches, Distortion
from examples import command

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

SHAPE, BATCH_SIZE, LEARNING_RATE = (1, 28, 28), 64, 0.005
DISTORTION = {"turn": 0.08, "shift": 1.0, "warp": 0.5}
HELD_OUT = 10_000


def load(options: argparse.Namespace) -> tuple[Data, Data]:
    """Return training and test digits; with ``--held-out``, the last training digits are the test digits."""
    (X, y), (X_test, y_test) = load_mnist()
    if options.held_out:
        X, X_test, y, y_test = X[:-HELD_OUT], X[-HELD_OUT:], y[:-HELD_OUT], y[-HELD_OUT:]
    if options.quick:
        X, X_test, y, y_test = X[:3000], X_test[:1000], y[:3000], y_test[:1000]
    return (X, y), (X_test.reshape(-1, *SHAPE), y_test)


class ConvolutionalNetwork(nn.Sequential):
    """A network that maps images, shape (n, 1, 28, 28), to logits, shape (n, 10).

    Max pooling comes before normalization and rectifier, which then have a quarter of the work.
    """

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 64), nn.ReLU(), nn.Linear(64, 10),
        )  # fmt: skip


def main(options: argparse.Namespace) -> None:
    """Train, evaluate, and write the folder."""
    train, test = load(options)
    epochs = options.epochs or (2 if options.quick else 5)
    kind = "held-out" if options.held_out else "test"
    print(f"{len(train[1])} training images, {len(test[1])} {kind} images", flush=True)

    nn.manual_seed(options.seed)
    model = ConvolutionalNetwork()
    rng = np.random.default_rng(options.seed)
    batches = DistortedBatches(*train, BATCH_SIZE, Distortion(**DISTORTION), SHAPE, rng)
    loss = nn.CrossEntropyLoss()
    optimizer = nn.optim.AdamW(model.parameters(), lr=LEARNING_RATE)

    with command.Run(options) as run:
        history = nn.fit(
            model, batches, loss, optimizer, epochs=epochs, validation=test, metrics="accuracy",
            scheduler=nn.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs * len(batches)),
            scheduler_every="step",
            callbacks=[nn.training.WeightAveraging(decay=0.999, warmup=True)],
        )  # fmt: skip
        result = nn.evaluate(model, test, loss, "accuracy")
        print(f"{kind} accuracy {result['accuracy']:.2%}, loss {result['loss']:.4f}")
        metrics = {
            "train_images": len(train[1]), f"{kind}_images": len(test[1]),
            "parameters": sum(parameter.size for parameter in model.parameters()),
            "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE, "distortion": DISTORTION,
            **{f"{kind}_{name}": value for name, value in result.items()},
        }  # fmt: skip
        files = {
            "history.csv": lambda path: history.to_csv(path),
            "report.html": lambda path: nn.plots.report(path, history, model, test, title="Convolutional network"),
            "filters.png": lambda path: draw_filters(model[0], test[0][0]).savefig(path, dpi=150),
        }
        run.write(model, metrics, files, history)


def draw_filters(layer: nn.Module, image: np.ndarray[Any, Any]) -> Figure:
    """Draw each kernel of a layer, and below it its output for an image, shape (1, height, width)."""
    from matplotlib.figure import Figure

    kernels, answers = layer.weight.data[:, 0], nn.predict(layer, image[None])[0]
    across, blocks = 8, -(-len(kernels) // 8)
    figure = Figure(figsize=(9.6, 2.5 * blocks + 0.5), layout="constrained")
    figure.suptitle(
        "The kernels of the first layer, and their answers to a digit below: positive is blue, negative is red"
    )
    grid = figure.subplots(2 * blocks, across, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for number, pair in enumerate(zip(kernels, answers, strict=True)):
        for below, values in enumerate(pair):
            limit = float(np.abs(values).max()) or 1.0
            axes = grid[2 * (number // across) + below, number % across]
            axes.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    return figure


if __name__ == "__main__":
    parser = command.parser("convnet", __doc__, epochs="5", quick="a twentieth of the digits and two epochs")
    parser.add_argument("--held-out", action="store_true", help="test with the last sixth of the training set instead")
    sys.exit(command.run(parser, main))
