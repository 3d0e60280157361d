"""Decision boundaries of models with two inputs, and scatter plots of embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError

from .._arguments import TensorLike
from ..module import Module
from ..training import predict
from ._axes import COLOURS, INK, MARKERS, Array, class_names, label_axes, read_array, read_labels, require, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def decision_boundary(
    model: Module | Callable[[Array], Any],
    X: TensorLike,
    labels: TensorLike,
    names: Sequence[object] | None = None,
    threshold: float = 0.0,
    resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw the decision boundary of a classifier of two inputs, with data points.

    Parameters
    ----------
    model
        A module, or a function of points, shape ``(n, 2)``: it returns scores of shape ``(n, classes)``, the largest of
        which is the guess, or one score per point, shape ``(n,)`` or ``(n, 1)``.
    X
        The points, shape ``(n, 2)``.
    labels
        The class index of each, shape ``(n,)``.
    names
        A name for each class; None stands for the numbers.
    threshold
        With one score per point, the score above which the guess is class 1: 0 for logits, 0.5 for probabilities.
    resolution
        The number of grid points to evaluate along each axis.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        A background of the guesses, the lines between them, and a collection of points for each class.

    Raises
    ------
    ShapeError
        If the points do not have two coordinates, or labels or scores do not fit.

    Examples
    --------
    >>> import nn
    >>> from datasets import make_moons
    >>> X, y = make_moons(100, seed=0)
    >>> ax = nn.plots.decision_boundary(nn.MLP([2, 8, 2]), X, y, resolution=50)
    >>> ax.get_xlabel(), ax.get_legend_handles_labels()[1]
    ('input 0', ['0', '1'])
    """
    points = _points(X, "decision_boundary", "points of two inputs")
    actual = read_labels(labels, len(points), "decision_boundary")
    if not len(points):
        raise ShapeError("decision_boundary() has no points, so it cannot know which part of the plane to draw")
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    xs, ys = (np.linspace(low[i] - margin[i], high[i] + margin[i], resolution) for i in (0, 1))
    scores = _scores(model, np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2), threshold)
    classes = max(scores.shape[1], 1 + int(actual.max(initial=0)))
    ax = take_axes(ax, 5.6, 4.6)
    _draw_regions(ax, xs, ys, scores)
    _scatter(ax, points, actual, class_names(names, classes, "decision_boundary"))
    label_axes(ax, "Decision boundary", "input 0", "input 1")
    ax.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]))
    ax.legend(title="label", framealpha=0.9)
    return ax


def embedding(
    points: TensorLike, labels: TensorLike | None = None, names: Sequence[object] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw an embedding: a scatter plot of points in the plane, coloured by label.

    Parameters
    ----------
    points
        Shape ``(n, 2)``.
    labels
        The class index of each, shape ``(n,)``; floating-point numbers get a colour scale; None gives one colour.
    names
        A name for each class, written at the median of its points; None stands for the numbers.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        A collection of points for each class, or one for all.

    Raises
    ------
    ShapeError
        If the points do not have two dimensions, or the labels do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> ax = nn.plots.embedding(np.eye(4, 2), [0, 1, 1, 1], names=["cat", "dog"])
    >>> [len(collection.get_offsets()) for collection in ax.collections]
    [1, 3]
    """
    array = _points(points, "embedding", "points of a plane")
    ax = take_axes(ax, 5.6, 5.0)
    values = None if labels is None else read_array(labels, "embedding", "labels")
    if values is None:
        ax.scatter(array[:, 0], array[:, 1], s=12, color=COLOURS[0], linewidths=0)
    elif values.dtype.kind == "f" and values.shape == (len(array),):
        drawn = ax.scatter(array[:, 0], array[:, 1], s=12, c=values, cmap="viridis", linewidths=0)
        ax.figure.colorbar(drawn, ax=ax, label="label", shrink=0.8)
    else:
        actual = read_labels(values, len(array), "embedding")
        classes = 1 + int(actual.max(initial=-1)) if names is None else len(names)
        _scatter(ax, array, actual, class_names(names, max(classes, 1 + int(actual.max(initial=-1))), "embedding"))
        _write_names(ax)
    label_axes(ax, "Embedding", "dimension 0", "dimension 1")
    return ax


def _points(values: Any, function: str, what: str) -> Array:
    array = read_array(values, function, "points")
    if array.ndim != 2 or array.shape[1] != 2:
        remedy = ""
        if array.ndim == 2 and array.shape[1] > 2:
            remedy = (
                ": choose two columns, or project them to their principal axes: x -= x.mean(axis=0); "
                "x @ np.linalg.svd(x, full_matrices=False)[2][:2].T"
            )
        raise ShapeError(f"{function}() takes {what}, shape (n, 2), not {array.shape}{remedy}")
    return array.astype(float)


def _scores(model: Any, points: Array, threshold: float) -> Array:
    """Return the scores of classes, shape ``(n, classes)``; one score becomes two, equal at the threshold."""
    found = predict(model, points) if isinstance(model, Module) else model(points)
    scores = read_array(found, "decision_boundary", "the result of the model").astype(float)
    if scores.shape in ((len(points),), (len(points), 1)):
        distance = scores.reshape(-1, 1) - threshold
        return np.concatenate([-distance, distance], axis=1)
    if scores.ndim != 2 or len(scores) != len(points):
        raise ShapeError(
            f"decision_boundary(): for points of shape {points.shape} the model returned {scores.shape}: it should "
            f"return scores of shape (n, classes), (n, 1) or (n,)"
        )
    return scores


def _draw_regions(ax: Axes, xs: Array, ys: Array, scores: Array) -> None:
    """Colour the plane by the guess, and draw the boundary of each class."""
    colors = require("matplotlib.colors")
    classes = scores.shape[1]
    guesses = scores.argmax(axis=1).reshape(len(ys), len(xs))
    tints = [colors.to_rgba(COLOURS[i % len(COLOURS)], 0.22) for i in range(classes)]
    ax.pcolormesh(
        xs, ys, guesses, cmap=colors.ListedColormap(tints), vmin=-0.5, vmax=classes - 0.5, rasterized=True, zorder=0
    )
    for label in range(classes if classes > 2 else 1):
        others = np.delete(scores, label, axis=1).max(axis=1)
        lead = (scores[:, label] - others).reshape(len(ys), len(xs))
        if lead.min() < 0 < lead.max():
            ax.contour(xs, ys, lead, levels=[0], colors=INK, linewidths=1.2)


def _scatter(ax: Axes, points: Array, labels: Array, names: Sequence[str]) -> None:
    """Draw the points of each class with their own colour and marker."""
    size = 26 if len(points) <= 500 else 10
    for label in range(len(names)):
        chosen = points[labels == label]
        ax.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=size,
            color=COLOURS[label % len(COLOURS)],
            marker=MARKERS[label % len(MARKERS)],
            edgecolors="white",
            linewidths=0.4,
            label=names[label],
        )


def _write_names(ax: Axes) -> None:
    """Write the name of each class at the median of its points."""
    effects = require("matplotlib.patheffects")
    for collection in list(ax.collections):
        offsets = np.asarray(collection.get_offsets())
        if len(offsets):
            x, y = np.median(offsets, axis=0)
            text = ax.text(x, y, str(collection.get_label()), ha="center", va="center", weight="bold", color=INK)
            text.set_path_effects([effects.withStroke(linewidth=3, foreground="white")])
