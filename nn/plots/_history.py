"""Learning curves, from the history that `nn.fit` returns, and the picture of a search for a learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._axes import COLOURS, GREY, Array, constant, integer_ticks, label_axes, logarithmic, plain, take_axes

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

    from ..training import LearningRateSearch

_LOGARITHMIC_FROM = 10  # the ratio of the largest to the smallest value at which an axis becomes logarithmic
_MARKED_UP_TO = 30  # epochs
_CONSTANT = 1e-9  # the relative range up to which values are one and the same


def loss(history: pandas.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the loss over the epochs, and the validation loss if there is one.

    If the values differ by a factor of 10 or more, the axis is logarithmic.

    Parameters
    ----------
    history
        The DataFrame that `nn.fit` returns, or one read from the file of `nn.training.CSVLogger`.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its lines hold the columns of the history.

    Raises
    ------
    TypeError
        If `history` is not a DataFrame.
    ValueError
        If it has no such column, or no rows.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import nn
    >>> history = pd.DataFrame({"loss": [0.9, 0.4], "val_loss": [1.0, 0.6]}, index=[1, 2])
    >>> ax = nn.plots.loss(history)
    >>> [line.get_label() for line in ax.lines], ax.lines[1].get_ydata().tolist()
    (['training', 'validation'], [1.0, 0.6])
    """
    return metric(history, "loss", ax)


def accuracy(history: pandas.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the accuracy over the epochs, in percent, and the validation accuracy if there is one.

    Parameters, result and errors are those of `loss`; `nn.fit` has to be called with ``metrics="accuracy"``.
    """
    ax = metric(history, "accuracy", ax)
    ax.set_ylabel("accuracy, %")
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}")
    return ax


def metric(history: pandas.DataFrame, name: str, ax: Axes | None = None) -> Axes:
    """Draw a metric over the epochs, and its validation values, ``val_{name}``, if there are any.

    Parameters
    ----------
    history, ax
        As for `loss`, like the result and the errors.
    name
        The column: a metric that `nn.fit` measured, such as ``"mae"``.
    """
    ax = _draw(history, {name: "training", f"val_{name}": "validation"}, ax, plain(name.replace("_", " ")))
    if len(ax.get_lines()) > 1:
        ax.legend(frameon=False)
    return ax


def learning_rate(history: pandas.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the learning rate over the epochs, taken at the last step of each.

    Parameters, result and errors are those of `loss`.
    """
    return _draw(history, {"lr": "learning rate"}, ax, "learning rate")


def gradient_norm(history: pandas.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the total norm of the gradients over the epochs, before clipping.

    Parameters, result and errors are those of `loss`.
    """
    return _draw(history, {"gradient_norm": "gradient norm"}, ax, "gradient norm")


def update_ratio(history: pandas.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the relative size of the updates over the epochs: the norm of an update over that of the parameters.

    Parameters, result and errors are those of `loss`.
    """
    return _draw(history, {"update_ratio": "update ratio"}, ax, "update ratio", "‖update‖ / ‖parameters‖")


def epochs_of(history: pandas.DataFrame) -> Array:
    """Return the number of each epoch."""
    return history.get("epoch", history.index).to_numpy()


def learning_rate_search(search: LearningRateSearch, ax: Axes | None = None) -> Axes:
    """Draw the loss over the learning rate, and mark the suggested one.

    Parameters
    ----------
    search
        What `nn.training.find_learning_rate` returned.
    ax
        Axes to draw into; None makes new ones.

    Raises
    ------
    TypeError
        If `search` is no such thing.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import nn
    >>> search = nn.training.LearningRateSearch([1e-3, 1e-2, 1e-1], [0.9, 0.4, 2.0], 1e-3)
    >>> ax = nn.plots.learning_rate_search(search)
    >>> ax.get_xscale(), ax.lines[0].get_ydata().tolist()
    ('log', [0.9, 0.4, 2.0])
    """
    if not hasattr(search, "suggestion"):
        raise TypeError(
            f"learning_rate_search draws what nn.training.find_learning_rate returns, not a {type(search).__name__}"
        )
    ax = take_axes(ax)
    ax.plot(search.rates, search.losses, color=COLOURS[0], linewidth=1.6)
    ax.set_xscale("log")
    label_axes(ax, "Search for a learning rate", "learning rate (log)", "loss, smoothed")
    if np.isfinite(search.suggestion):
        ax.axvline(search.suggestion, color=COLOURS[1], linestyle="--", label=f"{search.suggestion:.2g} is suggested")
        ax.legend(frameon=False)
    start = search.losses[0] if search.losses else 1.0
    ax.set_ylim(top=max(start, min(search.losses, default=start)) + abs(start))  # what diverges hides the rest
    ax.grid(color=GREY)
    return ax


def _check(history: pandas.DataFrame, column: str) -> None:
    """Raise unless `history` is a table with rows and this column."""
    if not hasattr(history, "columns"):
        raise TypeError(f"history should be the DataFrame that nn.fit returns, not a {type(history).__name__}")
    if column not in history:
        measured = column not in ("loss", "lr", "gradient_norm", "update_ratio")
        remedy = f": pass metrics={column!r} to nn.fit" if measured else ""
        raise ValueError(f"the history has no column {column!r}, but {list(history.columns)}{remedy}")
    if not len(history):
        raise ValueError("the history has no rows: not one epoch was trained")
    if history[column].dtype.kind == "O":
        raise ValueError(f"the column {column!r} holds no numbers but {type(history[column].iloc[0]).__name__}")


def _draw(
    history: pandas.DataFrame, lines: dict[str, str], ax: Axes | None, title: str, unit: str | None = None
) -> Axes:
    """Draw the first column, and the others that exist, each with its own line style, marker and colour."""
    _check(history, next(iter(lines)))
    ax = take_axes(ax)
    epochs = epochs_of(history)
    drawn = {name: history[name].to_numpy() for name in lines if name in history}
    marked = len(history) <= _MARKED_UP_TO
    for (name, values), style, mark, colour in zip(drawn.items(), ("-", "--"), ("o", "s"), COLOURS, strict=False):
        mark = mark if marked else ""
        ax.plot(epochs, values, style, color=colour, marker=mark, markersize=4, linewidth=1.6, label=lines[name])
    label_axes(ax, title[0].upper() + title[1:], "epoch", unit or title)
    integer_ticks(ax.xaxis)
    values = np.concatenate(list(drawn.values())).astype(float)
    values = values[np.isfinite(values)]
    if values.size and np.ptp(values) <= _CONSTANT * np.abs(values).max():
        constant(ax, float(values[0]))
    elif values.size and values.min() > 0 and values.max() >= _LOGARITHMIC_FROM * values.min():
        logarithmic(ax, values)
        ax.set_ylabel(f"{unit or title} (log)")
    return ax
