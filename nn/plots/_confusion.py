"""Confusion matrices, and the images that a classifier is most wrong about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError

from .._arguments import TensorLike
from ._axes import GREY, INK, Array, class_names, label_axes, read_array, read_labels, take_axes
from ._images import read_images

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WRITTEN_UP_TO = 25  # classes
_ACROSS = 6  # mistakes in a row


def confusion_matrix(
    labels: TensorLike, guesses: TensorLike, names: Sequence[object] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a confusion matrix: how often each class was mistaken for each other class.

    Only mistakes are coloured, frequent ones darker, so that a few among many right guesses show.

    Parameters
    ----------
    labels
        The class of each of n rows, shape ``(n,)``.
    guesses
        The guessed classes, shape ``(n,)``, or scores of the classes, shape ``(n, classes)``, the largest of which is
        the guess.
    names
        A name for each class; None stands for the numbers.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its image holds the counts, a row for each label, a column for each guess; the diagonal is masked.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If labels or guesses are not classes, or do not fit together.

    Examples
    --------
    >>> import nn
    >>> ax = nn.plots.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], names=["cat", "dog"])
    >>> ax.images[0].get_array().data
    array([[1, 1],
           [0, 2]])
    """
    guessed, known = _read_guesses(guesses, names)
    actual = read_labels(labels, len(guessed), "confusion_matrix")
    classes = known or 1 + int(max(actual.max(initial=0), guessed.max(initial=0)))
    _check_range(np.concatenate([actual, guessed]), classes, "confusion_matrix")
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (actual, guessed), 1)
    size = min(8.0, 2.4 + 0.4 * classes)
    ax = take_axes(ax, size, size)
    wrong = np.ma.array(counts, mask=np.eye(classes, dtype=bool))
    ax.set_facecolor(GREY)
    most = max(1, int(wrong.filled(0).max()))
    picture = ax.imshow(wrong, cmap="Blues", vmin=0, vmax=most)
    right, rows = int(np.trace(counts)), len(actual)
    label_axes(ax, f"{right:,} of {rows:,} right ({right / max(rows, 1):.2%})", "guess", "label")
    ax.spines[:].set_visible(False)
    if classes <= _WRITTEN_UP_TO:
        texts = class_names(names, classes, "confusion_matrix")
        ax.set_xticks(range(classes), texts, rotation=90 if max(map(len, texts)) > 3 else 0)
        ax.set_yticks(range(classes), texts)
        _write_counts(ax, counts, most)
    else:
        ax.figure.colorbar(picture, ax=ax, label="mistakes", shrink=0.8)
    return ax


def mistakes(
    images: TensorLike,
    labels: TensorLike,
    scores: TensorLike,
    names: Sequence[object] | None = None,
    count: int = 24,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the images that a classifier is most wrong about, each with its label, the guess and its probability.

    The worst mistakes give their labels the smallest probabilities, and so have the largest losses. Of these, the one
    whose guess has the largest probability comes first.

    Parameters
    ----------
    images
        Shape ``(n, height, width)``, ``(n, 1 or 3, height, width)``, or ``(n, pixels)`` of square images.
    labels
        The class of each, shape ``(n,)``.
    scores
        Shape ``(n, classes)``: the output of the model, logits or log-probabilities; or probabilities, which are
        recognized by rows that sum to 1.
    names
        A name for each class; None stands for the numbers.
    count
        The largest number of mistakes to draw.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its images are the mistakes; its texts are label, guess and the probability of the guess.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If images, labels and scores do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> images, scores = np.zeros((3, 8, 8)), np.array([[2.0, 0.0], [0.0, 5.0], [1.0, 0.0]])
    >>> ax = nn.plots.mistakes(images, [0, 0, 1], scores, names=["cat", "dog"])
    >>> [text.get_text() for text in ax.texts]
    ['cat → dog\n99.3%', 'dog → cat\n73.1%']
    """
    if count < 1:
        raise ValueError(f"mistakes() draws count={count} images: it should be 1 or more")
    pixels = read_images(images, "mistakes")
    probabilities = read_scores(scores, "mistakes")
    if len(pixels) != len(probabilities):
        raise ShapeError(f"mistakes() has {len(pixels)} images, but scores of shape {probabilities.shape}")
    actual = read_labels(labels, len(pixels), "mistakes")
    classes = probabilities.shape[1]
    _check_range(actual, classes, "mistakes")
    texts = class_names(names, classes, "mistakes")
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != actual)
    worst = wrong[np.argsort(probabilities[wrong, actual[wrong]], kind="stable")][:count]
    worst = worst[np.argsort(-probabilities[worst, guesses[worst]], kind="stable")]
    down = max(1, math.ceil(len(worst) / _ACROSS))
    ax = take_axes(ax, 7.2, 1.55 * down + 0.4)
    limits = (float(pixels.min(initial=0)), float(pixels.max(initial=1)))
    for index, row in enumerate(worst):
        words = f"{texts[actual[row]]} → {texts[guesses[row]]}\n{_percent(probabilities[row, guesses[row]])}"
        _draw_image(ax, pixels[row], index, words, limits)
    ax.set(xlim=(-0.08, _ACROSS), ylim=(1.35 * down, -0.42), aspect="equal")
    ax.axis("off")
    shown = f"The {len(worst)} worst of " if len(worst) < len(wrong) else ""
    title = f"{shown}{len(wrong):,} mistakes: label → guess, and its probability" if len(wrong) else "No mistakes"
    ax.set_title(title, color=INK, fontsize="medium")
    return ax


def read_scores(scores: TensorLike, function: str) -> Array:
    """Return the probabilities of classes, shape ``(n, classes)``, given any scores."""
    array = read_array(scores, function, "scores").astype(float)
    if array.ndim != 2 or array.shape[1] < 2:
        raise ShapeError(
            f"{function}() takes scores of shape (n, classes) for 2 or more classes, not {array.shape}: for one "
            f"probability p a row use np.stack([1 - p, p], axis=1)"
        )
    if np.isnan(array).any() or (array == np.inf).any():
        raise ValueError(f"{function}(): {np.count_nonzero(~np.isfinite(array))} of the scores are nan or infinite")
    if (array >= 0).all() and np.allclose(array.sum(axis=1), 1, atol=1e-4):
        return array
    powers = np.exp(array - array.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _read_guesses(guesses: Any, names: Sequence[object] | None) -> tuple[Array, int | None]:
    """Return the guessed classes, and the number of classes if it is known."""
    array = read_array(guesses, "confusion_matrix", "guesses")
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1), array.shape[1]
    if array.ndim != 1 or array.dtype.kind not in "biu":
        raise ShapeError(
            f"confusion_matrix() takes guesses of shape (n,) that are integers, or scores of shape (n, classes), not "
            f"{array.dtype} of shape {array.shape}: use guesses.astype(int).ravel()"
        )
    return read_labels(array, len(array), "confusion_matrix"), None if names is None else len(names)


def _check_range(classes_of_rows: Array, classes: int, function: str) -> None:
    largest = int(classes_of_rows.max(initial=0))
    if largest >= classes:
        raise ValueError(f"{function}() has {classes} classes, 0 to {classes - 1}, but there is a class {largest}")


def _write_counts(ax: Axes, counts: Array, most: int) -> None:
    for (label, guess), count in np.ndenumerate(counts):
        if count:
            dark = label != guess and count > 0.55 * most
            ax.text(
                guess, label, f"{count}", ha="center", va="center", color="white" if dark else INK, fontsize="small"
            )


def _draw_image(ax: Axes, image: Array, index: int, words: str, limits: tuple[float, float]) -> None:
    """Draw an image in a cell of width 1, and text above it."""
    x, y = index % _ACROSS, 1.35 * (index // _ACROSS)
    height, width = image.shape[:2]
    scale = 0.9 / max(height, width)
    extent = (x, x + scale * width, y + scale * height, y)
    ax.imshow(image, cmap="gray", vmin=limits[0], vmax=limits[1], extent=extent, interpolation="nearest")
    ax.text(x, y - 0.03, words, color=INK, fontsize="small", va="bottom", linespacing=1.1)


def _percent(share: float) -> str:
    """Format a probability, without rounding values below 1 up to 100%."""
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"
