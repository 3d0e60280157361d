"""Upsampling: interpolation, and pixel shuffles between channels and positions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autograd import ShapeError, Tensor, linear
from autograd.extend import cached_arrays

from .._arguments import Array, Spatial, TensorLike, example
from ._adaptive_pooling import adaptive_mean
from ._kernels.operands import as_floating, as_operand
from ._kernels.sliding_windows import Function, per_axis

Sizes = tuple[int, ...]
Scale = tuple[int, float]  # the quotient of the two is the distance of new positions along the old axis
_MODES = {
    "nearest-exact": (1, 2, 3), "area": (1, 2, 3), "bicubic": (2,), "nearest": (1, 2, 3), "linear": (1,),
    "bilinear": (2,), "trilinear": (3,),
}  # fmt: skip
_UNALIGNED = ("nearest", "nearest-exact", "area")  # the modes without align_corners
_CURVE = -0.75  # the slope at distance 1 of the cubic through four positions


class Plan(NamedTuple):
    """The positions of a new axis as weighted sums of a few positions of an old one.

    Attributes
    ----------
    size
        The length of the old axis.
    places
        For each term of the sums, the old positions that it is taken from, in ascending order.
    weights
        For each term of the sums, the weights; None where all are 1.
    """

    size: int
    places: tuple[Array, ...]
    weights: tuple[Array | None, ...]


def _aligned(values: Any, ndim: int, axis: int) -> Any:
    """Reshape `values`, one for each position along an axis, so that they broadcast over the other axes."""
    return values.reshape((-1,) + (1,) * (ndim - axis - 1))


def _sample(x: Any, plan: Plan, axis: int) -> Any:
    """Return the weighted sums along an axis."""
    total: Any = None
    for places, weights in zip(plan.places, plan.weights, strict=True):
        part = x.take(places, axis)
        if weights is not None:
            part *= _aligned(weights.astype(part.real.dtype), x.ndim, axis)
        total = part if total is None else np.add(total, part, total)
    return total


def _scatter(g: Any, plan: Plan, axis: int) -> Any:
    """Add each element of the new axis to the positions that it was computed from: the transpose of `_sample`."""
    out = np.zeros((*g.shape[:axis], plan.size, *g.shape[axis + 1 :]), g.dtype, like=g)
    for places, weights in zip(plan.places, plan.weights, strict=True):
        part = g if weights is None else g * _aligned(weights.astype(g.real.dtype), g.ndim, axis)
        first = np.flatnonzero(np.diff(places, prepend=-1))  # of each run of equal positions
        out[(slice(None),) * axis + (places[first],)] += np.add.reduceat(part, first, axis)
    return out


resample: Function = linear(_sample, lambda g, plan, axis: _resample_back(g, plan, axis), name="resample")
_resample_back: Function = linear(_scatter, lambda g, plan, axis: resample(g, plan, axis), name="resample_back")


@cached_arrays(256)
def _plan(mode: str, size: int, new: int, scale: Scale, align_corners: bool) -> Plan:
    """Return where the positions of a new axis come from, in one of the modes, without earlier rounding."""
    if mode.startswith("nearest"):  # that at floor(i * scale), or, exactly, that around the centre of the new one
        places = (2 * np.arange(new) + (mode == "nearest-exact")) * scale[0] // (2 * scale[1])
        return Plan(size, (np.minimum(places.astype(np.intp), size - 1),), (None,))
    if align_corners:
        at = np.arange(new) * ((size - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = (np.arange(new) + 0.5) * (scale[0] / scale[1]) - 0.5
    if mode == "bicubic":  # the four around it, weighted by the cubic of Keys; edges repeat beyond the axis
        floor, steps = np.floor(at), (-1, 0, 1, 2)
        around = (np.clip(floor + step, 0, size - 1).astype(np.intp) for step in steps)
        return Plan(size, tuple(around), tuple(_keys(np.abs(at - floor - step)) for step in steps))
    at = np.maximum(at, 0)  # the two next to it, each weighted by one minus its distance
    below = np.minimum(at.astype(np.intp), size - 1)
    fraction = np.clip(at - below, 0, 1)
    return Plan(size, (below, np.minimum(below + 1, size - 1)), (1 - fraction, fraction))


def _keys(distance: Array) -> Array:
    """Return the weight of a position at a distance of up to 2."""
    d, a = distance, _CURVE
    return np.where(d <= 1, ((a + 2) * d - (a + 3)) * d * d + 1, (((d - 5) * d + 8) * d - 4) * a)


def interpolate(
    input: TensorLike,
    size: Spatial | None = None,
    scale_factor: TensorLike | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Change the resolution of an array along its spatial axes.

    Parameters
    ----------
    input
        Shape ``(n, channels, *spatial)`` with one to three spatial axes.
    size
        The new spatial shape: an integer, or one for each spatial axis.
    scale_factor
        Instead of `size`, the factor for the lengths, which are rounded down: a number, or one for each axis.
    mode
        ``"nearest"`` takes the old position ``floor(i / scale)`` for the new position i, ``"nearest-exact"`` the one
        that contains its centre, ``floor((i + 1/2) / scale)``. ``"linear"``, ``"bilinear"`` and ``"trilinear"``, for
        one, two and three spatial axes, interpolate between the two nearest along each axis; ``"bicubic"``, for two,
        between the four nearest by a cubic. ``"area"`` takes the means of parts, as `adaptive_avg_pool2d` does.
    align_corners
        For the linear and cubic modes: whether to align the centres of the outermost elements, so that position i
        lies at ``i * (length - 1) / (new - 1)``, rather than their outer edges, where it lies at
        ``(i + 1/2) / scale - 1/2``.
    recompute_scale_factor
        Whether to use the ratio of the lengths as the scale even if a `scale_factor` was given.

    Returns
    -------
    Tensor
        Shape ``(n, channels, *size)``.

    Raises
    ------
    ShapeError
        If the shape of the input does not fit the mode, or the result would be empty.
    ValueError, TypeError
        If not exactly one of `size` and `scale_factor` is given, or an option is invalid.

    References
    ----------
    R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", IEEE Transactions on Acoustics, Speech, and
    Signal Processing 29(6), 1981.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.interpolate(np.array([[[1.0, 3.0]]]), scale_factor=2)
    array([[[1., 1., 3., 3.]]])
    >>> F.interpolate(np.array([[[1.0, 3.0]]]), size=3, mode="linear", align_corners=True)
    array([[[1., 2., 3.]]])
    """
    x = as_operand("interpolate", "input", input)
    axes = x.ndim - 2
    if mode not in _MODES:
        raise ValueError(f"interpolate: mode should be one of {', '.join(_MODES)}, not {mode!r}")
    if axes not in _MODES[mode] or 0 in x.shape[1:]:
        wanted = " or ".join(map(str, _MODES[mode]))
        raise ShapeError(
            f'interpolate: mode="{mode}" needs an input of shape (n, channels, *spatial) with {wanted} spatial axes, '
            f"where n alone may be 0, not {x.shape}"
        )
    if mode in _UNALIGNED and align_corners is not None:
        raise ValueError(
            f'interpolate: align_corners is for linear modes and "bicubic"; leave it out with mode="{mode}"'
        )
    if not mode.startswith("nearest"):
        x = as_floating("interpolate", "input", x)
    old = x.shape[2:]
    new, scales = _new_size(old, size, scale_factor, bool(recompute_scale_factor))
    if mode == "area":
        return adaptive_mean("interpolate", axes, x, new)
    for axis, (n, m, scale) in enumerate(zip(old, new, scales, strict=True), 2):
        if n != m or not mode.endswith("linear"):  # else nothing changes, whatever the scale before rounding
            x = resample(x, _plan(mode, n, m, scale, bool(align_corners)), axis)
    return x


def _new_size(old: Sizes, size: Any, scale_factor: Any, recompute: bool) -> tuple[Sizes, tuple[Scale, ...]]:
    """Return the new lengths, and for each the distance of its positions along the old axis."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor is for a scale_factor, not for a size")
        new = per_axis(size, len(old), "size", "interpolate", 1)
        return new, tuple(zip(old, new, strict=True))
    factors = tuple(scale_factor) if isinstance(scale_factor, list | tuple) else (scale_factor,) * len(old)
    if len(factors) != len(old) or not all(f > 0 and math.isfinite(f) for f in factors):
        raise ValueError(
            f"interpolate: scale_factor should be a positive number or {len(old)} of them, not {scale_factor!r}"
        )
    new = tuple(math.floor(n * f) for n, f in zip(old, factors, strict=True))
    if min(new) < 1:
        raise ShapeError(f"interpolate: scale_factor={scale_factor!r} leaves nothing of the spatial shape {old}")
    if recompute:
        return new, tuple(zip(old, new, strict=True))
    return new, tuple((1, f) for f in factors)


@example("F.pixel_shuffle(np.arange(4.0).reshape(4, 1, 1), 2)", "array([[[0., 1.],\n        [2., 3.]]])")
def pixel_shuffle(input: TensorLike, upscale_factor: int) -> Tensor:
    """Rearrange channels into pixels: ``(..., c * r * r, h, w)`` becomes ``(..., c, h * r, w * r)``.

    Each group of r * r channels becomes the squares of r by r pixels, row by row.

    References
    ----------
    Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network", CVPR 2016.
    """
    x, r = _shuffled("pixel_shuffle", input, upscale_factor)
    *leading, channels, height, width = x.shape
    if channels % (r * r):
        raise ShapeError(
            f"pixel_shuffle: an input of shape {x.shape} has {channels} channels, which {r} * {r} does not divide"
        )
    n = len(leading)
    x = x.reshape(*leading, channels // (r * r), r, r, height, width)
    x = x.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return x.reshape(*leading, channels // (r * r), height * r, width * r)


@example("F.pixel_unshuffle(np.array([[[0.0, 1.0], [2.0, 3.0]]]), 2).ravel()", "array([0., 1., 2., 3.])")
def pixel_unshuffle(input: TensorLike, downscale_factor: int) -> Tensor:
    """Rearrange pixels into channels: ``(..., c, h * r, w * r)`` becomes ``(..., c * r * r, h, w)``.

    The inverse of `pixel_shuffle`.
    """
    x, r = _shuffled("pixel_unshuffle", input, downscale_factor)
    *leading, channels, height, width = x.shape
    if height % r or width % r:
        raise ShapeError(f"pixel_unshuffle: {r} does not divide the height and width of an input of shape {x.shape}")
    n = len(leading)
    x = x.reshape(*leading, channels, height // r, r, width // r, r)
    x = x.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return x.reshape(*leading, channels * r * r, height // r, width // r)


@example("F.channel_shuffle(np.arange(6.0).reshape(1, 6, 1), 2).ravel()", "array([0., 3., 1., 4., 2., 5.])")
def channel_shuffle(input: TensorLike, groups: int) -> Tensor:
    """Shuffle channels: those of several groups, one group after the other, become one of each group in turn.

    Parameters
    ----------
    input
        Shape ``(n, channels, *spatial)``, with at least one spatial axis.
    groups
        The number of groups, which divides that of the channels.

    References
    ----------
    Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", CVPR 2018.
    """
    x = as_operand("channel_shuffle", "input", input)
    (groups,) = per_axis(groups, 1, "groups", "channel_shuffle", 1)
    if x.ndim < 3:
        raise ShapeError(f"channel_shuffle: the input should have the shape (n, channels, *spatial), not {x.shape}")
    n, channels, *spatial = x.shape
    if channels % groups:
        raise ShapeError(
            f"channel_shuffle: an input of shape {x.shape} has {channels} channels, which {groups} groups do not divide"
        )
    return x.reshape((n, groups, channels // groups, *spatial)).swapaxes(1, 2).reshape((n, channels, *spatial))


def _shuffled(owner: str, x: Any, factor: int) -> tuple[Any, int]:
    """Return the input and the factor after checking them."""
    x = as_operand(owner, "input", x)
    if x.ndim < 3:
        raise ShapeError(f"{owner}: the input should have the shape (..., channels, height, width), not {x.shape}")
    (r,) = per_axis(factor, 1, "the factor", owner, 1)
    return x, r
