"""Pictures of what a classifier of images learned, each a file that is written whole or not at all."""

from __future__ import annotations

import math
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import draw_graph
from examples.files import replacing
from examples.training import Epoch, Training

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "draw_step", "image_shape", "percent", "pictures_possible", "save_pictures"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

BLUE, RED, INK, MUTED, GREY = "#3b6fb5", "#c8503c", "#1f2937", "#6b7280", "#e5e7eb"
PICTURES = ("curves.png", "confusion.png", "mistakes.png", "weights.png")
GRAPHS = ("graph.svg", "graph.gv")
GRAPH_ROWS = 128
MISTAKES, MISTAKES_ACROSS = 24, 6


def pictures_possible() -> bool:
    """Tell whether matplotlib is there; where it is not, print how to get it."""
    if find_spec("matplotlib") is not None:
        return True
    print("no pictures will be drawn: that takes matplotlib, pip install 'plaingrad[plot]'", file=sys.stderr)
    return False


def save_pictures(folder: Path, training: Training, logits: Floats) -> list[str]:
    """Draw what was learned; `logits` are those of the test images. Return the names of the files."""
    data = training.data
    probabilities = np.asarray(nn.functional.softmax(logits))
    first_weights = next(iter(training.result.parameters())).data
    figures = (
        draw_curves(training.history, training.averaged_from),
        draw_confusion(data.test_labels, probabilities.argmax(axis=1), data.classes),
        draw_mistakes(data.test_images, data.test_labels, probabilities),
        draw_weights(first_weights),
    )
    for name, figure in zip(PICTURES, figures, strict=True):
        with replacing(folder / name) as stream:
            figure.savefig(stream, format="png", dpi=150)
    return list(PICTURES)


def draw_curves(
    history: list[Epoch],
    averaged_from: float | None = None,
    names: tuple[str, str] = ("training images", "test images"),
) -> Figure:
    """Draw the loss, and the accuracy on both sets, over the epochs; mark where the averaging of weights began."""
    from matplotlib.ticker import LogLocator

    figure = _new_figure(9.0, 3.8)
    left, right = figure.subplots(1, 2)
    _plot(left, history, [entry.loss for entry in history], RED, names[0])
    left.set_yscale("log")
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter("")
    _label(left, "Loss", "epoch", "cross-entropy, logarithmic")
    _plot(right, history, [100 * entry.accuracy for entry in history], RED, names[0])
    _plot(right, history, [100 * entry.test_accuracy for entry in history], BLUE, names[1])
    _label(right, "Accuracy", "epoch", "right guesses, %")
    bottom = _lowest_of_interest(history)
    if bottom is not None:
        right.set_ylim(bottom, 100 + 0.02 * (100 - bottom))
    if averaged_from is not None:
        right.axvline(averaged_from, color=MUTED, linestyle=":", linewidth=1.2, label="weights averaged from here on")
    left.set_xlim(left=0)
    right.set_xlim(left=0)
    left.legend(frameon=False, loc="upper right")
    right.legend(loc="best", framealpha=1, edgecolor="white")
    return figure


def draw_confusion(labels: Integers, guesses: Integers, classes: int) -> Figure:
    """Draw how often each class was taken for each other one."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, guesses), 1)
    wrong = np.ma.array(counts, mask=np.eye(classes, dtype=bool))
    figure = _new_figure(6.4, 6.2)
    axes = figure.subplots()
    axes.set_facecolor(GREY)
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, 1.3 * counts[~wrong.mask].max(initial=0)))
    right = int(np.trace(counts))
    _label(axes, f"Test images: {right} of {len(labels)} right ({right / len(labels):.2%})", "guess", "label")
    axes.spines[:].set_visible(False)
    if classes <= 25:
        axes.set_xticks(range(classes))
        axes.set_yticks(range(classes))
        _write_counts(axes, counts)
    return figure


def draw_mistakes(images: Floats, labels: Integers, probabilities: Floats) -> Figure:
    """Draw the wrong guesses that the network was most certain of, the worst first."""
    guesses, certainty = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    worst = wrong[np.argsort(-certainty[wrong], kind="stable")][:MISTAKES]
    down = max(1, math.ceil(len(worst) / MISTAKES_ACROSS))
    figure = _new_figure(8.4, 1.5 * down + 0.4)
    title = f"The most certain of {len(wrong)} mistakes: label → guess, certainty" if len(wrong) else "No mistakes"
    figure.suptitle(title, color=INK, fontsize=12)
    grid = figure.subplots(down, MISTAKES_ACROSS, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, row in zip(grid, worst, strict=False):
        axes.imshow(images[row].reshape(image_shape(images.shape[1])), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(f"{labels[row]} → {guesses[row]}, {percent(certainty[row])}", fontsize=10, color=INK)
    return figure


def draw_weights(weights: Floats) -> Figure:
    """Draw the weights of each unit of the first layer, shape (units, pixels), as an image."""
    units, pixels = weights.shape
    across = math.ceil(math.sqrt(2 * units))
    limit = float(np.quantile(np.abs(weights), 0.995)) or 1.0
    sheet = _sheet(weights.reshape(units, *image_shape(pixels)), across)
    figure = _new_figure(11.0, 9.9 * sheet.shape[0] / sheet.shape[1] + 0.4)
    axes = figure.subplots()
    picture = axes.imshow(sheet, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.axis("off")
    axes.set_title(f"The {units} units of the first layer: ink speaks for (blue) or against (red)", color=INK)
    figure.colorbar(picture, ax=axes, label="weight", shrink=0.8, pad=0.01, extend="both")
    return figure


def draw_step(folder: Path, training: Training) -> str:
    """Draw the graph of one step; where ``dot`` is missing, write its text and print what to install.

    Returns
    -------
    str
        The name of the file.
    """
    rows = slice(training.plan.batch_size or GRAPH_ROWS)
    logits = training.model(training.data.train_images[rows])
    loss = training.loss_function(logits, training.data.train_labels[rows])
    drawing = draw_graph(loss, params=dict(training.model.named_parameters()))
    try:
        name, content = "graph.svg", drawing.pipe(format="svg")
    except (RuntimeError, CalledProcessError) as error:  # no dot; a dot that fails, or that Ctrl-C ended too
        print(error, file=sys.stderr)
        name, content = "graph.gv", drawing.source.encode()
    with replacing(folder / name) as stream:
        stream.write(content)
    return name


def image_shape(pixels: int) -> tuple[int, int]:
    """Return height and width of an image of so many pixels: square, or as close to it as there is.

    Examples
    --------
    >>> image_shape(784), image_shape(12)
    ((28, 28), (3, 4))
    """
    height = next(height for height in range(math.isqrt(pixels), 0, -1) if pixels % height == 0)
    return height, pixels // height


def percent(share: float) -> str:
    """Write a probability, without rounding one that is not quite certain up to 100%.

    Examples
    --------
    >>> percent(0.5), percent(0.99997)
    ('50.0%', '>99.9%')
    """
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"


def _new_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure  # without pyplot there is no global state and no window

    return Figure(figsize=(width, height), layout="constrained")


def _plot(axes: Axes, history: list[Epoch], values: list[float], colour: str, label: str) -> None:
    marker = "o" if len(history) <= 30 else ""
    axes.plot([entry.epoch for entry in history], values, color=colour, marker=marker, markersize=3.5, label=label)


def _lowest_of_interest(history: list[Epoch]) -> float | None:
    """Return the accuracy in % with six times as many mistakes as at the end, but 95, if the training began below."""
    worst = 100 * min(history[-1].accuracy, history[-1].test_accuracy)
    bottom = min(95, 100 - 6 * (100 - worst))
    return bottom if bottom > 100 * history[0].accuracy else None


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(title, color=INK)
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _write_counts(axes: Axes, counts: NDArray[Any]) -> None:
    for (label, guess), count in np.ndenumerate(counts):
        if count:
            colour, weight = (MUTED, "normal") if label == guess else (INK, "bold")
            axes.text(guess, label, str(count), ha="center", va="center", color=colour, weight=weight, fontsize=9)


def _sheet(images: Floats, across: int) -> Floats:
    """Lay images, shape (n, height, width), in rows, with white gaps of one pixel."""
    count, height, width = images.shape
    down = math.ceil(count / across)
    cells = np.full((down * across, height + 1, width + 1), np.nan, np.float32)
    cells[:count, :height, :width] = images
    rows = cells.reshape(down, across, height + 1, width + 1).swapaxes(1, 2)
    return rows.reshape(down * (height + 1), across * (width + 1))
