"""Axes, colours and markers of all plots, and checks of their arguments."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import DtypeError, ShapeError
from autograd.extend import borrow

from .._arguments import TensorLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Array = np.ndarray[Any, Any]

# Okabe and Ito's colours, distinct for all kinds of colour vision, without yellow, which hardly shows on white
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c8c8c")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
INK, GREY = "#1f2937", "#e5e7eb"


def require(module: str) -> Any:
    """Import a module of matplotlib."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError("nn.plots draws with matplotlib: pip install matplotlib") from error


def take_axes(ax: Axes | None, width: float = 6.0, height: float = 3.6) -> Axes:
    """Return `ax`, or the axes of a new pyplot figure, which notebooks show; sizes are in inches."""
    axes_type: type[Axes] = require("matplotlib.axes").Axes
    if ax is None:
        _, ax = require("matplotlib.pyplot").subplots(figsize=(width, height), layout="constrained")
    if not isinstance(ax, axes_type):
        remedy = f"pass one of its {ax.size} axes" if isinstance(ax, np.ndarray) else "such as plt.gca()"
        raise TypeError(f"ax should be one matplotlib Axes, not {type(ax).__name__}: {remedy}")
    return ax


def label_axes(ax: Axes, title: str, x: str, y: str) -> None:
    """Set the title and the axis labels; hide the top and right spines."""
    ax.set_title(title, color=INK, fontsize="medium")
    ax.set_xlabel(x, color=INK)
    ax.set_ylabel(y, color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["bottom", "left"]].set_color(INK)
    ax.tick_params(colors=INK, which="both")


def integer_ticks(axis: Axis) -> None:
    """Label an axis with integers only."""
    axis.set_major_locator(require("matplotlib.ticker").MaxNLocator(integer=True))


def constant(ax: Axes, value: float) -> None:
    """Label the y axis with one value, in its middle: matplotlib would enlarge a range of rounding errors."""
    around = abs(value) or 1.0
    ax.set_ylim(value - around, value + around)
    ax.set_yticks([value])
    ax.yaxis.set_major_formatter("{x:g}")


def logarithmic(ax: Axes, values: Array) -> None:
    """Make the y axis logarithmic, for positive `values`, with plain numbers as labels."""
    ticker = require("matplotlib.ticker")
    ax.set_yscale("log")
    if values.max() < 1000 * values.min():  # otherwise each power of ten has a label
        ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")


def read_array(values: TensorLike, function: str, name: str) -> Array:
    """Return `values` as an array of numbers."""
    array = np.asarray(borrow(values))
    if array.dtype.kind not in "biuf":
        raise DtypeError(f"{function}() draws numbers, but {name} has dtype {array.dtype} and shape {array.shape}")
    return array


def read_labels(labels: TensorLike, rows: int, function: str) -> Array:
    """Return class indices as an array of shape ``(rows,)``."""
    array = read_array(labels, function, "labels")
    if array.shape != (rows,):
        one_hot = array.ndim == 2 and array.shape[0] == rows and array.shape[1] > 1
        remedy = "use labels.argmax(axis=1) of one-hot rows" if one_hot else f"they should have shape ({rows},)"
        raise ShapeError(f"{function}() has {rows} rows, but labels of shape {array.shape}: {remedy}")
    if array.dtype.kind not in "biu":
        raise DtypeError(
            f"{function}(): labels are class indices, but have dtype {array.dtype}: use labels.astype(int)"
        )
    if array.size and int(array.min()) < 0:
        raise ValueError(f"{function}(): the label {array.min()} is below 0: leave such rows out, labels[labels >= 0]")
    return array.astype(np.intp)


def class_names(names: Sequence[object] | None, classes: int, function: str) -> list[str]:
    """Return a name for each class: those given, or the numbers."""
    if names is None:
        return [str(number) for number in range(classes)]
    if len(names) != classes:
        raise ValueError(f"{function}() has {classes} classes, but {len(names)} names: {list(names)}")
    return [plain(str(name)) for name in names]


def plain(name: str) -> str:
    """Escape dollar signs in a name, because matplotlib reads text between two of them as a formula."""
    return name.replace("$", r"\$")
