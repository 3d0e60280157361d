"""Arrays as images: weights, filters and contact sheets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError

from .._arguments import TensorLike
from ..module import Module
from ._axes import INK, Array, read_array, take_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def weights(
    layer: Module | TensorLike, image_shape: tuple[int, int] | None = None, count: int = 64, ax: Axes | None = None
) -> Axes:
    """Draw the weights of the first units of a layer as images; light is positive, dark negative.

    For a layer whose inputs are rows of pixels, such as the first `nn.Linear`, each unit is one image. For a
    convolution, each kernel is one image; with several input channels, a row shows the kernels of one unit.

    Parameters
    ----------
    layer
        A module with a ``weight``, or an array: shape ``(units, pixels)`` or ``(units, channels, height, width)``.
    image_shape
        Height and width, for weights of shape ``(units, pixels)``; None for square images.
    count
        The largest number of units to draw.
    ax
        Axes to draw into; None makes new ones.

    Returns
    -------
    matplotlib.axes.Axes
        Its image is the sheet of all images, with nan between them. The colour scale ends at the 99.5 % quantile of the
        absolute values.

    Raises
    ------
    ShapeError
        If the weights cannot be images.
    TypeError
        If the module has no weight.
    ValueError
        If `count` is below 1.

    Examples
    --------
    >>> import nn
    >>> ax = nn.plots.weights(nn.Conv2d(1, 8, 5))
    >>> ax.get_title(), ax.images[0].get_array().shape
    ('Weights of 8 units', (17, 17))
    """
    if count < 1:
        raise ValueError(f"weights() draws count={count} units: it should be 1 or more")
    kernels = _kernels(layer, image_shape)
    units, channels, height, width = kernels.shape
    shown = kernels[:count]
    across = channels if channels > 1 else math.ceil(math.sqrt(len(shown)))
    sheet = _sheet(shown.reshape(-1, height, width).astype(float), across)
    limit = float(np.quantile(np.abs(shown), 0.995)) or 1.0
    ax = take_axes(ax, 5.6, max(2.0, min(9.0, 4.6 * sheet.shape[0] / sheet.shape[1] + 0.6)))
    picture = ax.imshow(sheet, cmap="viridis", vmin=-limit, vmax=limit, interpolation="nearest")
    ax.axis("off")
    of = f" of {units}" if units > len(shown) else ""
    rows = f", in rows over {channels} channels" if channels > 1 else ""
    ax.set_title(f"Weights of {len(shown)}{of} units{rows}", color=INK, fontsize="medium")
    ax.figure.colorbar(picture, ax=ax, label="weight", shrink=0.8, pad=0.02, extend="both")
    return ax


def read_images(images: TensorLike, function: str) -> Array:
    """Return images in matplotlib's layout: grey ones of shape ``(n, height, width)``, others with 3 channels last."""
    array = read_array(images, function, "images")
    if array.ndim == 2 and math.isqrt(array.shape[1]) ** 2 == array.shape[1] > 0:
        side = math.isqrt(array.shape[1])
        return array.reshape(-1, side, side)
    if array.ndim == 4 and array.shape[1] in (1, 3):
        array = np.moveaxis(array, 1, -1)
    if array.ndim == 4 and array.shape[-1] in (1, 3):
        return array[..., 0] if array.shape[-1] == 1 else _unit_range(array)
    if array.ndim != 3:
        raise ShapeError(
            f"{function}() takes images of shape (n, height, width), (n, 1 or 3, height, width), (n, height, width, "
            f"1 or 3), or (n, pixels) of square ones, not {array.shape}: use images.reshape(n, height, width)"
        )
    return array


def _unit_range(array: Array) -> Array:
    """Scale colour images to values from 0 to 1."""
    if array.dtype == np.uint8 or not array.size:
        return array
    low, high = float(array.min()), float(array.max())
    if low >= 0 and high <= 1:
        return array
    return np.asarray((array - low) / ((high - low) or 1.0))


def _kernels(layer: Any, image_shape: tuple[int, int] | None) -> Array:
    """Return the weights of a layer, shape ``(units, channels, height, width)``."""
    weight = getattr(layer, "weight", None) if isinstance(layer, Module) else layer
    if weight is None:
        raise TypeError(f"weights() takes a module with a weight, or an array, but {type(layer).__name__} has none")
    array = read_array(weight, "weights", "weight")
    if array.ndim == 2 and array.size:
        units, pixels = array.shape
        height, width = image_shape or (math.isqrt(pixels),) * 2
        if height * width != pixels:
            remedy = f"pass image_shape=(height, width) whose product is {pixels}"
            raise ShapeError(f"weights() of shape {array.shape} are no images of shape {(height, width)}: {remedy}")
        return array.reshape(units, 1, height, width)
    if array.ndim != 4 or not array.size:
        raise ShapeError(
            f"weights() takes shape (units, pixels) or (units, channels, height, width), not {array.shape}: use "
            f"weight.reshape(units, -1, height, width)"
        )
    return array


def _sheet(images: Array, across: int) -> Array:
    """Lay images, shape ``(n, height, width)``, in rows, with gaps of nan between them."""
    count, height, width = images.shape
    down = math.ceil(count / across)
    cells = np.full((down * across, height + 1, width + 1), np.nan)
    cells[:count, :height, :width] = images
    rows = cells.reshape(down, across, height + 1, width + 1).swapaxes(1, 2)
    return rows.reshape(down * (height + 1), across * (width + 1))[:-1, :-1]
