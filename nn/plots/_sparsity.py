"""Where a sparse Jacobian or Hessian has entries, and which of them are computed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd import DtypeError

from ._axes import COLOURS, GREY, Array, integer_ticks, label_axes, require, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CELLS = 400  # along each side of the picture, at most


def sparsity(pattern: Any, ax: Axes | None = None) -> Axes:
    """Draw the sparsity pattern of a matrix: where its entries are, in the colors that share a product.

    Parameters
    ----------
    pattern
        What ``jacobian(f, sparse=True).prepare(x)`` or ``hessian(...)`` returns, whose columns, or rows, of one color
        are computed by one product; or a `scipy.sparse` array, such as what `autograd.sparsity` finds. Of a matrix of
        more than 400 rows or columns the picture shows how many of the entries of a cell there are, in shades.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its image has a cell for each entry, or, of a large matrix, for each part of it.

    Raises
    ------
    DtypeError
        If `pattern` is neither.

    Examples
    --------
    >>> import numpy as np, nn
    >>> from autograd import sparsity
    >>> pattern = sparsity(lambda x: np.diff(x))(np.zeros(5))
    >>> nn.plots.sparsity(pattern).get_title()
    '4 x 5, 8 entries (40 %)'
    """
    entries = getattr(pattern, "pattern", pattern)
    if not hasattr(entries, "tocoo"):
        raise DtypeError(
            f"sparsity() draws sparse matrices, not {type(pattern).__name__}: pass what jacobian(f, sparse=True)"
            f".prepare(x) returns, or scipy.sparse.csr_array(x)"
        )
    found = entries.tocoo()
    (rows, columns), count = found.shape, found.nnz
    ax = take_axes(ax, 5.0, 5.0)
    step = max(1, -(-max(rows, columns) // _CELLS))
    shape = max(1, -(-rows // step)), max(1, -(-columns // step))  # matplotlib draws no empty image
    cells = np.full((*shape, 3), 1.0)
    colors = getattr(pattern, "colors", None)
    title = f"{rows:,} x {columns:,}, {count:,} entries ({100 * count / max(rows * columns, 1):.2g} %)"
    if step == 1:
        cells[found.row, found.col] = _of_entries(found, colors, getattr(pattern, "direction", "forward"))
    else:
        filled = np.zeros(shape)
        np.add.at(filled, (found.row // step, found.col // step), 1)
        cells = require("matplotlib").colormaps["Blues"](np.sqrt(filled / max(filled.max(), 1)))
        cells[filled == 0] = 1.0
    aspect: Literal["auto", "equal"] = "auto" if max(rows, columns) > 4 * min(rows, columns) else "equal"
    extent = (-0.5, max(columns, 1) - 0.5, max(rows, 1) - 0.5, -0.5)
    ax.imshow(cells, extent=extent, interpolation="nearest", aspect=aspect)
    if colors is not None:
        title += f", {len(np.unique(colors))} colors"
    label_axes(ax, title, "input", "output")
    ax.spines[:].set_visible(True)
    ax.spines[:].set_color(GREY)
    integer_ticks(ax.xaxis)
    integer_ticks(ax.yaxis)
    return ax


def _of_entries(found: Any, colors: Array | None, direction: str) -> Array:
    """Return red, green and blue for each entry: those of the color of its column, or of its row in reverse mode."""
    palette = np.array([require("matplotlib.colors").to_rgb(color) for color in COLOURS])
    if colors is None:
        return np.broadcast_to(palette[0], (found.nnz, 3))
    of = np.asarray(colors)[found.row if direction == "reverse" else found.col]
    chosen: Array = palette[of % len(palette)]
    return chosen
