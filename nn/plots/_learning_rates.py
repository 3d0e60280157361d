"""The picture of a search for a learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._axes import COLOURS, GREY, label_axes, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..training import LearningRateSearch


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
