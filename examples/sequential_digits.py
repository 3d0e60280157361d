"""LSTM: read a digit row by row, as a sequence of 28 steps, and classify it.

    python -m examples.sequential_digits           98 % of the test digits, in about 50 seconds
    python -m examples.sequential_digits --quick   3000 digits and two epochs, to see that it works

It sees one row of 28 pixels at a time, from the top, and has a state of 128 numbers.

Writes runs/sequential_digits: model.npz, metrics.json, report.html (curves, confusion matrix, worst mistakes) and
reading.png (how certain the network becomes as it reads some digits).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import nn
from datasets import batches, load_mnist
from examples import command

SIDE, HIDDEN, BATCH_SIZE = 28, 128, 64


class Reader(nn.Module):
    """An LSTM that maps images, shape (n, 784), to the logits of the ten digits, shape (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(SIDE, HIDDEN, batch_first=True)
        self.classify = nn.Linear(HIDDEN, 10)

    def forward(self, images: Any) -> Any:
        """Return the logits after the last row."""
        _, (h, _) = self.lstm(images.reshape(-1, SIDE, SIDE))
        return self.classify(h[0])

    def after_each_row(self, images: Any) -> Any:
        """Return the logits after each row, shape (n, 28, 10)."""
        states, _ = self.lstm(images.reshape(-1, SIDE, SIDE))
        return self.classify(states)


def main(options: argparse.Namespace) -> None:
    """Train, evaluate, and write the results."""
    train, test = load_mnist()
    if options.quick:
        train, test = (train[0][:3000], train[1][:3000]), (test[0][:500], test[1][:500])
    epochs = options.epochs or (2 if options.quick else 4)
    print(f"{len(train[1])} training images, {len(test[1])} test images, read row by row", flush=True)
    nn.manual_seed(options.seed)

    model = Reader()
    loss = nn.CrossEntropyLoss()
    optimizer = nn.optim.Adam(model.parameters(), lr=0.001)
    # Minibatches make the weights jitter around their optimum: average them from the middle of the training on.
    average = nn.training.WeightAveraging(decay=None, start=epochs // 2 + 1)

    with command.Run(options) as run:
        history = nn.fit(
            model, batches(*train, batch_size=BATCH_SIZE, seed=options.seed), loss, optimizer,
            epochs=epochs, validation=test, metrics="accuracy", callbacks=[average],
        )  # fmt: skip
        result = nn.evaluate(model, test, loss, "accuracy")
        print(f"test digits: accuracy {result['accuracy']:.2%}, loss {result['loss']:.4f}")
        files = {
            "report.html": lambda path: nn.plots.report(path, history, model, test, image_shape=(SIDE, SIDE)),
            "reading.png": lambda path: draw(model, *test, path),
        }
        metrics = {"batch_size": BATCH_SIZE, "test_accuracy": result["accuracy"], "test_loss": result["loss"]}
        run.write(model, metrics, files, history)


def draw(model: Reader, images: Any, labels: Any, path: Path) -> None:
    """Draw the first image of each digit, and next to it the probabilities after each row, from the top down."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.6), layout="constrained")
    figure.suptitle("How certain it becomes: probability of the digits after each row, from the top down")
    grid = figure.subplots(2, 10, sharey=True).ravel()
    shown = [int((labels == digit).argmax()) for digit in range(10) if (labels == digit).any()]
    for i, row in enumerate(shown):
        left, right = grid[2 * i : 2 * i + 2]
        left.imshow(images[row].reshape(SIDE, SIDE), cmap="gray_r", extent=(0, SIDE, SIDE, 0), aspect="auto")
        left.axis("off")
        p = nn.functional.softmax(model.after_each_row(images[row : row + 1]), axis=-1).data[0]
        wrong = [digit for digit in p.max(axis=0).argsort()[::-1] if digit != labels[row]]
        for digit, colour in ((wrong[1], "#8c8c8c"), (wrong[0], "#e69f00"), (labels[row], "#0072b2")):
            right.plot(p[:, digit], range(1, SIDE + 1), color=colour, label=str(digit))
        right.set(xlim=(-0.03, 1.03), xticks=[0, 1], ylim=(SIDE, 0), yticks=[])
        right.spines[["top", "right", "left"]].set_visible(False)
        right.legend(frameon=False, fontsize=8, handlelength=0.8, loc="upper right", reverse=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    arguments = command.parser("sequential_digits", __doc__, epochs="4, or 2 with --quick", quick="3000 digits")
    sys.exit(command.run(arguments, main))
