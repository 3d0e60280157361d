"""Train an LSTM that reads a digit row by row, as a sequence of 28 steps, and says which it is.

It sees one row of 28 pixels at a time, from the top, and keeps what it needs in a state of 128 numbers. The folder that
it writes holds::

    model.npz        the trained parameters
    metrics.json     what was reached, in which time, with which options
    reading.png      accuracy over the epochs, and how certain the network becomes as it reads some digits

Run it with ``python -m examples.sequential_digits``; ``--help`` lists the options. Ctrl-C ends the training and saves
what there is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.program import natural, positive, start, use_one_thread

if TYPE_CHECKING:
    import numpy as np

    from examples.training import Training

EPOCHS, QUICK_EPOCHS = 4, 2
BATCH_SIZE, HIDDEN, SIDE = 64, 128, 28
QUICK_TRAIN, QUICK_TEST = 3000, 500
FILES = ("model.npz", "metrics.json", "reading.png")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    options = parse(arguments)
    use_one_thread()
    return start("sequential_digits", lambda: run, options)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.sequential_digits", description=(__doc__ or "").partition("\n")[0]
    )
    add, folder = parser.add_argument, Path("runs/sequential_digits")
    add("--epochs", type=positive, metavar="N", help=f"how often to go through the training set ({EPOCHS})")
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights and the order of images (0)")
    add("--out", type=Path, metavar="FOLDER", default=folder, help=f"folder to write ({folder})")
    add("--quick", action="store_true", help=f"{QUICK_TRAIN} digits and few epochs, to see that it works")
    options = parser.parse_args(arguments)
    options.epochs = options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS)
    return options


def run(options: argparse.Namespace) -> bool:
    """Train, evaluate and save; tell whether Ctrl-C was pressed."""
    import nn
    from datasets import load_mnist
    from examples.files import check_writable
    from examples.report import pictures_possible
    from examples.training import Data, Plan, Training

    check_writable(options.out)
    pictures = pictures_possible()
    train, test = (slice(QUICK_TRAIN), slice(QUICK_TEST)) if options.quick else (slice(None), slice(None))
    (train_images, train_labels), (test_images, test_labels) = load_mnist()
    data = Data("MNIST", train_images[train], train_labels[train], test_images[test], test_labels[test])
    nn.manual_seed(options.seed)
    model = reader()
    plan = Plan(options.epochs, BATCH_SIZE, averaged=(options.epochs + 1) // 2)
    training = Training(model, data, plan, options.seed)
    count = sum(parameter.size for parameter in model.parameters())
    print(f"{len(data.train_labels)} training images, {len(data.test_labels)} test images, read row by row")
    print(f"LSTM with a state of {HIDDEN}, {count} parameters", flush=True)
    with nn.training.Interruption() as interruption:
        started = time.perf_counter()
        training.run(interruption)
        save(training, options, time.perf_counter() - started, interruption.requested, pictures)
    return interruption.requested


def reader() -> Any:
    """Return the network: an LSTM, and a linear layer that tells the digit from its state."""
    import nn

    class Reader(nn.Module):
        """Maps images, shape (n, 784), to the logits of the ten digits, shape (n, 10)."""

        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(SIDE, HIDDEN, batch_first=True)
            self.classify = nn.Linear(HIDDEN, 10)

        def forward(self, images: Any) -> Any:
            _, (h, _) = self.lstm(images.reshape(-1, SIDE, SIDE))
            return self.classify(h[0])

        def after_each_row(self, images: Any) -> Any:
            """Return the logits after each row, shape (n, 28, 10)."""
            states, _ = self.lstm(images.reshape(-1, SIDE, SIDE))
            return self.classify(states)

    return Reader()


def save(training: Training, options: argparse.Namespace, seconds: float, interrupted: bool, pictures: bool) -> None:
    """Write the folder, and print what was reached."""
    import nn
    from examples.files import save_figure, save_json
    from examples.training import evaluate

    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reading.png").unlink(missing_ok=True)  # of an earlier run
    loss, accuracy = evaluate(training.result, training.data.test_images, training.data.test_labels)
    nn.save(training.result, folder / "model.npz")
    metrics = {
        "seed": options.seed,
        "batch_size": BATCH_SIZE,
        "epochs": training.completed,
        "steps": training.steps,
        "interrupted": interrupted,
        "seconds": round(seconds, 3),
        "test_accuracy": accuracy,
        "test_loss": loss,
        "history": [asdict(epoch) for epoch in training.history],
    }
    save_json(metrics, folder / "metrics.json")
    if pictures:
        save_figure(draw(training), folder / "reading.png")
    print(f"test accuracy {accuracy:.2%}, loss {loss:.4f}, after {training.steps} steps in {seconds:.1f} s")
    print(f"{folder} holds {', '.join(FILES if pictures else FILES[:2])}")


def draw(training: Training) -> Any:
    """Draw the accuracy over the epochs, and the probability of each digit as some test images are read."""
    from matplotlib.ticker import MaxNLocator

    from autograd import no_grad
    from examples.report import new_figure
    from nn.functional import softmax

    images, labels = training.data.test_images, training.data.test_labels
    shown = first_of_each(labels)
    with no_grad():
        probabilities = softmax(training.result.after_each_row(images[shown]), axis=-1).data
    figure = new_figure(11, 8)
    panels: Any = figure.subfigures(2, 1, height_ratios=[1, 2.4])
    top, bottom = panels
    curve = top.subplots()
    epochs = [epoch.epoch for epoch in training.history]
    for values, colour, name in (
        ([100 * epoch.accuracy for epoch in training.history], "#c8503c", "training images, while training"),
        ([100 * epoch.test_accuracy for epoch in training.history], "#3b6fb5", "test images"),
    ):
        curve.plot(epochs, values, "o-", color=colour, markersize=4, label=name)
    curve.set(title="Accuracy", xlabel="epoch", ylabel="right guesses, %")
    curve.xaxis.set_major_locator(MaxNLocator(integer=True))
    curve.legend(frameon=False)
    bottom.suptitle("How certain it becomes: probability of the digits after each row, from the top down")
    grid = bottom.subplots(2, 10, width_ratios=[1, 1] * 5, sharey=True).ravel()
    for place, row in enumerate(shown):
        draw_reading(grid[2 * place], grid[2 * place + 1], images[row], int(labels[row]), probabilities[place])
    return figure


def draw_reading(left: Any, right: Any, image: np.ndarray[Any, Any], label: int, probabilities: Any) -> None:
    """Draw an image, and beside it the probabilities after each of its rows, shape (28, 10)."""
    left.imshow(image.reshape(SIDE, SIDE), cmap="gray_r", extent=(0, SIDE, SIDE, 0), aspect="auto")
    left.axis("off")
    rows = [row + 1 for row in range(SIDE)]
    wrong = [digit for digit in probabilities.max(axis=0).argsort()[::-1] if digit != label][:2]
    for digit, colour in [(wrong[1], "#b0b7c3"), (wrong[0], "#e0a458"), (label, "#3b6fb5")]:
        right.plot(probabilities[:, digit], rows, color=colour, label=str(digit), linewidth=1.8)
    right.set(xlim=(-0.03, 1.03), xticks=[0, 1], ylim=(SIDE, 0), yticks=[])
    right.spines[["top", "right", "left"]].set_visible(False)
    right.legend(frameon=False, fontsize=8, handlelength=0.8, loc="upper right", reverse=True)


def first_of_each(labels: np.ndarray[Any, Any]) -> list[int]:
    """Return the first row of each digit, of those that occur."""
    return [int((labels == digit).argmax()) for digit in range(10) if (labels == digit).any()]


if __name__ == "__main__":
    sys.exit(main())
