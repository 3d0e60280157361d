"""Pictures of what `examples.convnet` and `examples.augmented` learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import nn
from examples.files import save_figure
from examples.report import INK, draw_curves, draw_mistakes, draw_weights, new_figure
from examples.training import Data, Epoch

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "draw_filters", "save_pictures"]

PICTURES = ("curves.png", "mistakes.png", "filters.png", "weights.png")


def save_pictures(folder: Path, model: nn.Module, data: Data, history: pandas.DataFrame) -> list[str]:
    """Draw how the training went and what became of it; return the names of the files."""
    epochs = [
        Epoch(number, row["loss"], row["accuracy"], row["average_accuracy"])
        for number, (_, row) in enumerate(history.iterrows(), 1)
    ]
    first = next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
    figures = {
        "curves.png": draw_curves(epochs, names=("distorted training images", f"{data.name} images, average weights")),
        "mistakes.png": draw_mistakes(data.test_images, data.test_labels, nn.predict(model, data.test_images)),
    }
    if isinstance(first, nn.Conv2d):
        figures["filters.png"] = draw_filters(first, data.test_images[0])
    else:
        figures["weights.png"] = draw_weights(first)
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    return list(figures)


def draw_filters(layer: nn.Conv2d, image: np.ndarray[Any, Any]) -> Figure:
    """Draw each kernel of the first layer, and below it what it makes of an image, shape (1, height, width)."""
    kernels, answers = layer.weight.data[:, 0], nn.predict(layer, image[None])[0]
    across = 8
    blocks = -(-len(kernels) // across)
    figure = new_figure(9.6, 2.5 * blocks + 0.5)
    title = "The kernels of the first layer, and their answers to a digit below: positive is blue, negative is red"
    figure.suptitle(title, color=INK, fontsize=12)
    grid = figure.subplots(2 * blocks, across, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for number, (kernel, answer) in enumerate(zip(kernels, answers, strict=True)):
        row, column = 2 * (number // across), number % across
        for axes, values in ((grid[row, column], kernel), (grid[row + 1, column], answer)):
            limit = float(np.abs(values).max()) or 1.0
            axes.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    return figure
