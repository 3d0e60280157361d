"""Histograms of activations and gradients over the steps of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from ._axes import Array, integer_ticks, label_axes, plain, require, take_axes
from ._histogram_recorder import Histogram, HistogramRecorder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_QUANTILES = {0.05: ":", 0.5: "-", 0.95: ":"}
_CUT_OFF = 0.005  # of the values at each end


def histograms(
    recorder: HistogramRecorder,
    layer: str,
    kind: Literal["activations", "gradients"] = "activations",
    ax: Axes | None = None,
) -> Axes:
    """Draw histograms of the outputs of a layer, or of their gradients, over the steps of a training run.

    Each column is one histogram; the lines are the median and the 5 % and 95 % quantiles. The outermost 0.5 % of the
    values on either side are left out.

    Parameters
    ----------
    recorder
        The recorder that was given to `nn.fit` as a callback.
    layer
        The path of the layer.
    kind
        ``"activations"`` or ``"gradients"``.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its mesh holds the share of the values in each bin, in %; its lines are quantiles.

    Raises
    ------
    ValueError
        If there is no such layer or kind, or nothing was recorded of it.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model, recorder = nn.MLP([3, 4, 1]), nn.plots.HistogramRecorder(every=1)
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> data = np.ones((8, 3)), np.ones((8, 1))
    >>> _ = nn.fit(model, data, nn.MSELoss(), optimizer, epochs=5, callbacks=[recorder], verbose=False)
    >>> ax = nn.plots.histograms(recorder, "2", "gradients")
    >>> ax.get_title(), ax.lines[1].get_xdata().tolist()
    ('Gradients of 2: median, 5 to 95 %', [0, 1, 2, 3, 4])
    """
    records = _records(recorder, layer, kind)
    edges = _common_edges(records)
    shares = np.stack([_shares(record, edges) for record in records], axis=1)
    steps = np.array([record.step for record in records])
    ax = take_axes(ax, 6.0, 3.4)
    mesh = ax.pcolormesh(
        _step_edges(steps),
        edges,
        np.ma.masked_equal(shares, 0),
        cmap="viridis",
        norm=require("matplotlib.colors").LogNorm(0.05, 100),
        rasterized=True,
    )
    for quantile, style in _QUANTILES.items():
        values = [_quantile(record, quantile) for record in records]
        ax.plot(steps, values, style, color="white", linewidth=1.4, label=f"{quantile:.0%}")
    ax.set_facecolor("#440154")  # viridis begins with it
    label_axes(ax, f"{kind.capitalize()} of {plain(layer) or 'the model'}: median, 5 to 95 %", "step", "value")
    integer_ticks(ax.xaxis)
    ax.set_ylim(edges[0], edges[-1])
    bar = ax.figure.colorbar(mesh, ax=ax, label="share of the values, %", extend="min")
    bar.ax.yaxis.set_major_formatter("{x:g}")
    return ax


def _records(recorder: HistogramRecorder, layer: str, kind: str) -> list[Histogram]:
    if kind not in ("activations", "gradients"):
        raise ValueError(f'kind should be "activations" or "gradients", not {kind!r}')
    if not isinstance(recorder, HistogramRecorder):
        raise TypeError(f"histograms() takes an nn.plots.HistogramRecorder, not a {type(recorder).__name__}")
    found: dict[str, list[Histogram]] = getattr(recorder, kind)
    if layer not in found:
        remedy = f"there are {list(found)}" if found else "pass it to nn.fit first, callbacks=[recorder]"
        raise ValueError(f"nothing was recorded of a layer {layer!r}: {remedy}")
    records = [record for record in found[layer] if record.counts.any()]
    if not records:
        raise ValueError(
            f"no {kind} of layer {layer!r} were recorded: it was not called in a recorded step, or they need no "
            f"gradient, or none of the values was finite"
        )
    return records


def _quantile(record: Histogram, quantile: float) -> float:
    """Return a quantile of the values, as exact as the bins allow."""
    below = np.concatenate([[0], np.cumsum(record.counts)]) / record.counts.sum()
    last = max(int(np.searchsorted(below, quantile)), 1)
    share = (quantile - below[last - 1]) / (below[last] - below[last - 1])
    return float(record.edges[last - 1] + share * (record.edges[last] - record.edges[last - 1]))


def _common_edges(records: list[Histogram]) -> Array:
    low = min(_quantile(record, _CUT_OFF) for record in records)
    high = max(_quantile(record, 1 - _CUT_OFF) for record in records)
    return np.linspace(low, high, len(records[0].edges))


def _shares(record: Histogram, edges: Array) -> Array:
    """Return the share of the values in other bins, in %, assuming that each bin holds its values evenly."""
    below = np.concatenate([[0], np.cumsum(record.counts)])
    return np.asarray(100 * np.diff(np.interp(edges, record.edges, below)) / below[-1])


def _step_edges(steps: Array) -> Array:
    """Return the edges of columns that are centred on the steps."""
    if len(steps) == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middles = (steps[1:] + steps[:-1]) / 2
    return np.concatenate([[2 * steps[0] - middles[0]], middles, [2 * steps[-1] - middles[-1]]])
