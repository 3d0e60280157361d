"""Pictures of what a classifier of images learned, each a file that is written whole or not at all."""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import draw_graph
from examples.files import save_figure
from examples.training import Epoch, Training

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "draw_step", "image_shape", "percent", "pictures_possible", "save_pictures"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

BLUE, RED, INK, MUTED = "#3b6fb5", "#c8503c", "#1f2937", "#6b7280"
PICTURES = ("curves.png", "confusion.png", "mistakes.png", "weights.png")
GRAPH = "graph.svg"
GRAPH_ROWS = 128


def new_figure(width: float, height: float) -> Figure:
    """Return a figure of a size in inches, without the global state of pyplot and without a window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def pictures_possible() -> bool:
    """Tell whether matplotlib is there; where it is not, print how to get it."""
    if find_spec("matplotlib") is not None:
        return True
    print("no pictures will be drawn: that takes matplotlib, pip install matplotlib", file=sys.stderr)
    return False


def save_pictures(folder: Path, training: Training, logits: Floats) -> list[str]:
    """Draw what was learned; `logits` are those of the test images. Return the names of the files."""
    data, shape = training.data, image_shape(training.data.pixels)
    figures = (
        draw_curves(training.history, training.averaged_from),
        draw_confusion(data.test_labels, logits),
        draw_mistakes(data.test_images.reshape(-1, *shape), data.test_labels, logits),
        draw_weights(next(iter(training.result.parameters())), shape),
    )
    for name, figure in zip(PICTURES, figures, strict=True):
        save_figure(figure, folder / name)
    return list(PICTURES)


def draw_curves(
    history: list[Epoch],
    averaged_from: float | None = None,
    names: tuple[str, str] = ("training images", "test images"),
) -> Figure:
    """Draw the loss, and the accuracy on both sets, over the epochs; mark where the averaging of weights began."""
    import pandas

    table = pandas.DataFrame([asdict(entry) for entry in history]).rename(columns={"test_accuracy": "val_accuracy"})
    figure = new_figure(9.0, 3.8)
    left, right = figure.subplots(1, 2)
    nn.plots.loss(table, left)
    nn.plots.accuracy(table, right)
    for line, name in zip(right.lines, names, strict=True):
        line.set_label(name)
    if averaged_from is not None:
        right.axvline(averaged_from, color=MUTED, linestyle=":", linewidth=1.2, label="weights averaged from here on")
    right.legend(loc="lower right", framealpha=1, edgecolor="white")
    return figure


def draw_confusion(labels: Integers, logits: Floats) -> Figure:
    """Draw how often each class was taken for each other one."""
    figure = new_figure(6.4, 6.2)
    nn.plots.confusion_matrix(labels, logits, ax=figure.subplots())
    return figure


def draw_mistakes(images: Floats, labels: Integers, logits: Floats) -> Figure:
    """Draw the images, shape (n, height, width), that the network is most wrong about, the worst first."""
    figure = new_figure(8.4, 7.2)
    nn.plots.mistakes(images, labels, logits, ax=figure.subplots())
    return figure


def draw_weights(layer: Any, shape: tuple[int, int] | None = None) -> Figure:
    """Draw the weights of each unit of the first layer as an image of this shape, which is square if not given."""
    figure = new_figure(10.0, 9.0)
    nn.plots.weights(layer, shape, count=10_000, ax=figure.subplots())
    return figure


def draw_step(folder: Path, training: Training) -> str:
    """Draw the graph of one step, and return the name of the file."""
    rows = slice(training.plan.batch_size or GRAPH_ROWS)
    logits = training.model(training.data.train_images[rows])
    loss = training.loss_function(logits, training.data.train_labels[rows])
    drawing = draw_graph(loss, params=dict(training.model.named_parameters()))
    try:
        content = drawing.pipe(format="svg")
    except CalledProcessError:  # Ctrl-C ended Graphviz's program too
        content = drawing.svg.encode()
    with nn.utils.replacing(folder / GRAPH) as partial:
        partial.write_bytes(content)
    return GRAPH


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
