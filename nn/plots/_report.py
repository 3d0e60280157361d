"""Report: one HTML page about a training run."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError
from autograd.extend import html_page, replacing

from .._summary import Summary, summary
from ..module import Module
from ..modules.conv import Conv2d
from ..modules.linear import Linear
from ..training import predict
from ..training._data import inputs_of
from ..training._evaluation import dtype_of, trained_columns
from . import _history
from ._axes import Array, read_array
from ._confusion import confusion_matrix, mistakes
from ._decision_boundary import decision_boundary
from ._distributions import histograms
from ._histogram_recorder import HistogramRecorder
from ._html import STYLE, curve, picture, section, table
from ._images import weights

if TYPE_CHECKING:
    import pandas

_OWN_CURVES = ("loss", "accuracy")
_LATER_CURVES = ("lr", "gradient_norm", "update_ratio")
_OTHER_COLUMNS = {"epoch", "steps", "seconds", *_LATER_CURVES}
_SUMMARY_ROWS = 32
_MISTAKES = 24


def report(
    path: str | os.PathLike[str],
    history: pandas.DataFrame,
    model: Module | None = None,
    data: tuple[Any, ...] | None = None,
    *,
    recorder: HistogramRecorder | None = None,
    names: Sequence[object] | None = None,
    image_shape: tuple[int, int] | None = None,
    title: str = "Training",
) -> Path:
    """Write an HTML report of a training run: learning curves, figures, the model, and its predictions for data.

    The file is self-contained: it loads nothing, runs no script, and follows the reader's light or dark mode.

    Parameters
    ----------
    path
        The file, in a folder that exists.
    history
        The DataFrame that `nn.fit` returned.
    model
        The model, for a table of its layers: with their outputs and costs if there are `data`.
    data
        Rows that it was not trained on, ``(X, y)``. If `y` holds classes, and the model returns a score for each class,
        the page has the confusion matrix; if `X` also holds images, the worst mistakes, and if it has two columns, the
        decision boundary.
    recorder
        The callback that was given to `nn.fit`, for histograms of activations and gradients.
    names
        A name for each class.
    image_shape
        Height and width of images whose pixels are the columns of `X`.
    title
        The heading.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    TypeError, ValueError, ShapeError
        If history, model or data are not as described.
    FileNotFoundError
        If there is no folder for the file.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import nn
    >>> from datasets import make_moons, train_test_split
    >>> X, X_test, y, y_test = train_test_split(*make_moons(100, noise=0.1, seed=0))
    >>> model = nn.MLP([2, 8, 2])
    >>> optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    >>> history = nn.fit(model, (X, y), nn.CrossEntropyLoss(), optimizer, epochs=3, verbose=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = nn.plots.report(os.path.join(folder, "report.html"), history, model, (X_test, y_test))
    ...     page.name, page.read_text(encoding="utf-8")[:15]
    ('report.html', '<!doctype html>')
    """
    path = Path(path)
    if data is not None and model is None:
        raise ValueError("report() was given data but no model: pass both, or neither")
    if model is not None and not isinstance(model, Module):
        raise TypeError(f"report() takes an nn.Module, not a {type(model).__name__}")
    arrays, target = ([], None) if model is None else _read_data(model, data)
    if hasattr(history, "columns"):  # a confusion matrix of each epoch, as of nn.training, is not drawn
        history = history.drop(columns=[name for name in history if history[name].dtype.kind == "O"])
    curves = [curve(draw, words, number) for number, (words, draw) in enumerate(_curves(history))]  # checks the history
    sections = [table(_facts(history), "facts"), section("Curves", curves, "pictures")]
    if model is not None:
        if target is not None:
            found = list(_pictures(model, arrays, target, names, image_shape))
            sections.append(section(f"What the model makes of {len(target):,} rows", found, "sheets"))
        sections.append(section("Model", [_describe(model, arrays)], "wide"))
    if recorder is not None:
        sections.append(section("Distributions", list(_distributions(recorder)), "sheets"))
    sections.append(section("Figures", [_figures(history)], "wide"))
    body = f"<main><h1>{html.escape(title)}</h1>\n{''.join(sections)}</main>"
    with replacing(path) as partial_path:
        partial_path.write_text(html_page(title, body, STYLE), encoding="utf-8")
    return path


def _curves(history: pandas.DataFrame) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield a description of each plot of the history, and the function that draws it."""
    yield "loss over the epochs", partial(_history.loss, history)
    if "accuracy" in history:
        yield "accuracy over the epochs", partial(_history.accuracy, history)
    for column in map(str, history.columns):
        if column not in _OTHER_COLUMNS and column not in _OWN_CURVES and not column.startswith("val_"):
            yield f"{column} over the epochs", partial(_history.metric, history, column)
    drawn = {"lr": _history.learning_rate, "gradient_norm": _history.gradient_norm}
    for column, draw in {**drawn, "update_ratio": _history.update_ratio}.items():
        if column in history and history[column].notna().any():
            yield f"{column.replace('_', ' ')} over the epochs", partial(draw, history)


def _best(history: pandas.DataFrame) -> tuple[str, int]:
    """Return the column that decides the best epoch, and the position of that epoch."""
    column = "val_loss" if "val_loss" in history else "loss"
    values = history[column].to_numpy(dtype=float)
    return column, int(np.argmin(np.where(np.isnan(values), np.inf, values)))


def _facts(history: pandas.DataFrame) -> list[tuple[str, str]]:
    column, index = _best(history)
    last = {str(name): history[name].iloc[-1] for name in history}
    facts = [
        ("epochs", f"{len(history):,}"),
        (
            "last epoch",
            ", ".join(f"{name} {_number(value)}" for name, value in last.items() if name not in _OTHER_COLUMNS),
        ),
        (f"smallest {column}", f"{_number(history[column].iloc[index])} in epoch {_history.epochs_of(history)[index]}"),
    ]
    if "steps" in history:
        facts.append(("steps", f"{int(last['steps']):,}"))
    if "seconds" in history:
        facts.append(("time", f"{history['seconds'].sum():,.1f} s"))
    if history.attrs.get("stopped"):
        facts.append(("ended early", str(history.attrs["stopped"])))
    return facts


def _figures(history: pandas.DataFrame) -> str:
    columns = [name for name in history if name != "epoch"]
    rows = [
        [str(epoch), *(_number(history[name].iloc[index]) for name in columns)]
        for index, epoch in enumerate(_history.epochs_of(history))
    ]
    return table(rows, "figures", ["epoch", *map(str, columns)], _best(history)[1])


def _number(value: Any) -> str:
    if isinstance(value, str) or value != value:  # nan
        return value if isinstance(value, str) else "–"
    return f"{value:,}" if isinstance(value, int | np.integer) else f"{value:.4g}"


def _read_data(model: Module, data: tuple[Any, ...] | None) -> tuple[list[Array], Array | None]:
    """Return the arrays that the model is called with, in the dtype of its parameters, and the targets."""
    if data is None:
        return [], None
    if not isinstance(data, tuple) or len(data) < 2:
        raise TypeError(f"data should be a tuple (X, y) of arrays, not a {type(data).__name__}")
    arrays = inputs_of(data[0] if len(data) == 2 else data[:-1], dtype_of(model), trained_columns(model))
    target = read_array(data[-1], "report", "y")
    if target.shape[:1] != (len(arrays[0]),):
        raise ShapeError(f"report(): X has {len(arrays[0])} rows, but y has shape {target.shape}")
    if not len(target):
        raise ShapeError("report() was given data of 0 rows: leave data out")
    return list(arrays), target


def _pictures(
    model: Module,
    arrays: Sequence[Array],
    target: Array,
    names: Sequence[object] | None,
    image_shape: tuple[int, int] | None,
) -> Iterator[str]:
    """Yield plots of a classifier's predictions, and of its first weights if these are images."""
    scores = predict(model, tuple(arrays))
    x, images = arrays[0], _images_of(arrays, image_shape)
    if _are_classes(scores, target):
        size = min(8.0, 2.4 + 0.4 * scores.shape[1])
        yield picture(partial(confusion_matrix, target, scores, names), "confusion matrix", size, size)
        if images is not None:
            wrong = min(_MISTAKES, max(1, int(np.count_nonzero(scores.argmax(axis=1) != target))))
            draw = partial(mistakes, images, target, scores, names, _MISTAKES)
            yield picture(draw, "the worst mistakes", 7.2, 1.55 * -(-wrong // 6) + 0.4)
        if len(arrays) == 1 and x.ndim == 2 and x.shape[1] == 2:
            yield picture(partial(decision_boundary, model, x, target, names), "decision boundary", 5.6, 4.6)
    first = next((layer for layer in model.modules() if isinstance(layer, Conv2d | Linear)), None)
    if images is not None and isinstance(first, Conv2d):
        yield picture(partial(weights, first, None, 16), "filters of the first layer", 5.6, 5.6)
    elif image_shape is not None and first is not None and first.weight.shape[1] == x.shape[1]:
        yield picture(partial(weights, first, image_shape, 36), "weights of the first layer", 5.6, 5.2)


def _are_classes(scores: Any, target: Array) -> bool:
    """Tell whether these are scores of several classes and class indices; one score per row is ambiguous."""
    several = isinstance(scores, np.ndarray) and scores.ndim == 2 and scores.shape[1] > 1
    return several and target.ndim == 1 and target.dtype.kind in "biu"


def _images_of(arrays: Sequence[Array], image_shape: tuple[int, int] | None) -> Array | None:
    """Return the inputs as images, or None if they are not images."""
    x = arrays[0]
    if image_shape is not None:
        if x.ndim != 2 or x.shape[1] != image_shape[0] * image_shape[1]:
            raise ShapeError(
                f"report(): X of shape {x.shape} are no rows of images of shape {tuple(image_shape)}: leave "
                f"image_shape out unless pixels are the columns of X"
            )
        return x.reshape(-1, *image_shape)
    return x if len(arrays) == 1 and x.ndim == 4 and x.shape[1] in (1, 3) else None


def _describe(model: Module, arrays: Sequence[Array]) -> str:
    """Return a table of the layers; without data, the `repr` of the model."""
    if not arrays:
        count = sum(parameter.size for parameter in model.parameters())
        return f"<p>{count:,} parameters</p><pre>{html.escape(repr(model))}</pre>"
    found: Summary = summary(model, *(array[:_SUMMARY_ROWS] for array in arrays))
    return f'<div class="model">{found._repr_html_()}</div>'


def _distributions(recorder: HistogramRecorder) -> Iterator[str]:
    """Yield a plot for each layer and kind with recorded histograms."""
    for layer in recorder.activations:
        for kind in ("activations", "gradients"):
            if any(record.counts.any() for record in getattr(recorder, kind)[layer]):
                yield picture(partial(histograms, recorder, layer, kind), f"{kind} of {layer}", 5.2, 3.0)
