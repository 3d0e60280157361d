"""Operators that take elements between positions: Resize, Upsample, GridSample, RoiAlign, DeformConv."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from ... import functional
from ...functional._upsampling import Plan, resample
from .._program import Node
from .common import Array, Operator, floats, integers

_MODES = {"linear": "bilinear", "cubic": "bicubic"}  # names since opset 20, as PyTorch has them
Weights = Callable[[Array], Array]  # of positions by their distance


def _triangle(distance: Any) -> Any:
    return np.maximum(1 - np.abs(distance), 0)


def _keys(a: float) -> Weights:
    """Return the cubic of Keys with the slope `a` at distance 1."""

    def weights(distance: Array) -> Array:
        d = np.abs(distance)
        near, far = ((a + 2) * d - (a + 3)) * d * d + 1, (((d - 5) * d + 8) * d - 4) * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0))

    return weights


def _coordinates(mode: str, size: int, new: int, scale: float, region: tuple[float, float]) -> Array:
    """Return where each new position lies on the old axis."""
    at, length = np.arange(new, dtype=float), scale * size
    if mode == "align_corners":
        return at * ((size - 1) / (length - 1)) if length != 1 else at * 0
    if mode == "asymmetric":
        return at / scale
    if mode == "tf_crop_and_resize":
        start, end = region
        if length == 1:
            return np.full(new, (start + end) * (size - 1) / 2)
        return start * (size - 1) + at * (end - start) * (size - 1) / (length - 1)
    if mode == "pytorch_half_pixel" and new <= 1:
        return np.zeros(new)
    centres = (at + 0.5) / scale - 0.5
    return centres + (size / 2) * (1 - new / length) if mode == "half_pixel_symmetric" else centres


def _round(at: Array, mode: str) -> Array:
    if mode == "floor":
        return np.floor(at)
    if mode == "ceil":
        return np.ceil(at)
    return np.ceil(at - 0.5) if mode == "round_prefer_floor" else np.floor(at + 0.5)


def _plan(n: Node, size: int, at: Array, scale: float) -> Plan:
    """Return how the elements at the coordinates `at` are made of those of the old axis."""
    mode = n["mode"] or "nearest"
    if mode == "nearest":
        places = np.clip(_round(at, n["nearest_mode"] or "floor"), 0, size - 1)
        return Plan(size, (places.astype(np.intp),), (None,))
    function, reach = (_keys(n["cubic_coeff_a"]), 2) if mode == "cubic" else (_triangle, 1)
    stretch = min(scale, 1.0) if n["antialias"] else 1.0
    wide = math.ceil(reach / stretch)
    first = np.floor(at) - wide + 1
    places = first[:, None] + np.arange(2 * wide)
    weights = function((places - at[:, None]) * stretch)
    if n["exclude_outside"]:
        weights = np.where((places >= 0) & (places < size), weights, 0)
    if n["exclude_outside"] or n["antialias"]:
        weights = weights / weights.sum(1, keepdims=True)
    columns = np.clip(places, 0, size - 1).astype(np.intp).T
    used = [i for i in range(2 * wide) if weights[:, i].any()] or [0]
    return Plan(size, tuple(columns[i] for i in used), tuple(weights[:, i] for i in used))


def _resize(n: Node, x: Any, *inputs: Any) -> Any:
    """Resize along some axes, one after another."""
    roi, scales, sizes = (*inputs, None, None, None)[:3]
    if n.kind == "Upsample" or n.version < 11:
        scales = inputs[0] if inputs else n["scales"] or (1, 1, n["height_scale"], n["width_scale"])
        roi = sizes = None
    sizes = () if sizes is None else integers(sizes)
    roi = () if roi is None else floats(roi)
    axes = [axis % x.ndim for axis in n["axes"]] if n["axes"] else list(range(x.ndim))
    if sizes:
        ratios = [size / x.shape[axis] for size, axis in zip(sizes, axes, strict=True)]
        policy = n["keep_aspect_ratio_policy"]
        if policy in ("not_larger", "not_smaller"):
            ratio = (min if policy == "not_larger" else max)(ratios)
            ratios = [ratio] * len(axes)
            sizes = tuple(math.floor(ratio * x.shape[axis] + 0.5) for axis in axes)
    else:
        ratios = list(floats(scales))
        sizes = tuple(math.floor(ratio * x.shape[axis]) for ratio, axis in zip(ratios, axes, strict=True))
    mode = n["coordinate_transformation_mode"] or (
        "asymmetric" if n.kind == "Upsample" or n.version < 11 else "half_pixel"
    )
    regions = [(roi[i], roi[len(axes) + i]) if roi else (0.0, 1.0) for i in range(len(axes))]
    for axis, new, ratio, region in zip(axes, sizes, ratios, regions, strict=True):
        cropped = mode == "tf_crop_and_resize"
        if new == x.shape[axis] and ratio == 1 and (not cropped or region == (0.0, 1.0)):
            continue
        size = x.shape[axis]
        at = _coordinates(mode, size, new, ratio, region)
        x = resample(x, _plan(n, size, at, ratio), axis)
        if cropped:
            outside = ((at < 0) | (at > size - 1)).reshape((-1,) + (1,) * (x.ndim - axis - 1))
            x = np.where(outside, n["extrapolation_value"], x).astype(x.dtype)
    return x


# Elements at coordinates that are themselves inputs


def _between(x: Any, coordinates: list[Any]) -> Any:
    """Return the elements of `x` at coordinates, interpolated between the nearest; beyond its ends are zeros.

    `x` has the shape ``(n, c, *size)``, each coordinate the shape ``(n, *out)``.
    """
    size = x.shape[2:]
    lowest = [np.floor(as_array(borrow(at))).astype(np.int64) for at in coordinates]
    images = np.arange(len(x)).reshape((-1,) + (1,) * (lowest[0].ndim - 1))
    channels_last = np.moveaxis(x, 1, -1)
    total: Any = 0
    for steps in itertools.product(range(2), repeat=len(size)):
        index, weight, inside = [], 1, np.ones((), bool)
        for low, step, at, length in zip(lowest, steps, coordinates, size, strict=True):
            place = low + step
            index.append(np.clip(place, 0, length - 1))
            inside = inside & (place >= 0) & (place < length)
            weight = weight * _triangle(at - place.astype(at.dtype))
        total = total + channels_last[images, *index] * np.where(inside, weight, 0)[..., None]
    return np.moveaxis(total, -1, 1)


def _affine_grid(n: Node, theta: Any, shape: Any) -> Any:
    size = integers(shape)[2:]
    axes = []
    for length in size:
        edge = 1.0 if n["align_corners"] else 1 - 1 / length
        axes.append(np.linspace(-edge, edge, length) if length > 1 else np.zeros(1) - (n["align_corners"] or 0))
    places = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(size)], -1).astype(theta.dtype)
    return (places.reshape(-1, len(size) + 1) @ np.swapaxes(theta, 1, 2)).reshape(len(theta), *size, len(size))


def _roi_align(n: Node, x: Any, regions: Any, images: Any) -> Any:
    """Return means, or maxima, of elements at a regular grid within each part of each region."""
    rows, columns, ratio = n["output_height"], n["output_width"], n["sampling_ratio"]
    shifted = n["coordinate_transformation_mode"] == "half_pixel" and n.version >= 16
    out = []
    for image, corners in zip(as_array(borrow(images)), regions, strict=True):
        left, top, right, bottom = (corners[i] * n["spatial_scale"] - (0.5 if shifted else 0.0) for i in range(4))
        axes = []
        for low, high, parts, size in ((top, bottom, rows, x.shape[2]), (left, right, columns, x.shape[3])):
            length = high - low if shifted else np.maximum(high - low, 1.0)
            each = ratio or max(math.ceil(float(as_array(borrow(length))) / parts), 1)
            at = low + (np.arange(parts * each, dtype=x.dtype) + 0.5) * (length / (parts * each))
            counts = (at >= -1.0) & (at <= size)
            axes.append((np.clip(at, 0, size - 1), as_array(borrow(counts)), each))
        out.append(_of_region(n, x[int(image)], axes[0], axes[1]))
    return np.stack(out)


def _of_region(n: Node, image: Any, vertical: Any, horizontal: Any) -> Any:
    (y, y_counts, y_each), (x, x_counts, x_each) = vertical, horizontal
    counts = y_counts[:, None] & x_counts
    parts = []
    for y_place, y_weight in _neighbours(y, image.shape[1]):
        for x_place, x_weight in _neighbours(x, image.shape[2]):
            weight = np.where(counts, y_weight[:, None] * x_weight, 0)
            parts.append(image[:, y_place[:, None], x_place] * weight)
    shape = (len(image), len(y) // y_each, y_each, len(x) // x_each, x_each)
    if n["mode"] == "max":  # of the products with the weights, not of their sums
        return np.max(np.stack([part.reshape(shape) for part in parts]), (0, 3, 5))
    return np.mean(sum(parts[1:], parts[0]).reshape(shape), (2, 4))


def _neighbours(at: Any, size: int) -> list[tuple[Array, Any]]:
    low = np.floor(as_array(borrow(at))).astype(np.int64)
    fraction = at - low.astype(at.dtype)
    return [(low, 1 - fraction), (np.minimum(low + 1, size - 1), fraction)]


def _deform_conv(n: Node, x: Any, weight: Any, offset: Any, bias: Any = None, mask: Any = None) -> Any:
    """Convolve with windows whose positions are moved by offsets."""
    (batch, channels), kernel, out = x.shape[:2], weight.shape[2:], offset.shape[2:]
    axes, places = len(kernel), math.prod(weight.shape[2:])
    groups, moved = n["group"] or 1, n["offset_group"] or 1
    stride, dilation = n["strides"] or (1,) * axes, n["dilations"] or (1,) * axes
    pads = n["pads"] or (0,) * (2 * axes)
    offsets = offset.reshape(batch * moved, places, axes, *out)
    at_window = np.indices(out)
    in_window = np.indices(kernel).reshape(axes, places)
    coordinates = []
    for axis in range(axes):
        base = at_window[axis] * stride[axis] - pads[axis]
        steps = (in_window[axis] * dilation[axis]).reshape((places,) + (1,) * axes)
        coordinates.append(offsets[:, :, axis] + (base + steps).astype(x.dtype))
    parted = x.reshape(batch * moved, channels // moved, *x.shape[2:])
    taken = _between(parted, coordinates)  # (batch * moved, channels / moved, places, *out)
    if mask is not None:
        taken = taken * mask.reshape(batch * moved, 1, places, *out)
    columns = taken.reshape(batch, groups, channels // groups * places, math.prod(out))
    kernels = weight.reshape(groups, len(weight) // groups, -1)
    result = (kernels @ columns).reshape(batch, len(weight), *out)
    return result if bias is None else result + bias.reshape((-1,) + (1,) * axes)


RESAMPLING: dict[str, Operator] = {
    "AffineGrid": _affine_grid,
    "DeformConv": _deform_conv,
    "GridSample": lambda n, x, grid: functional.grid_sample(
        x, grid, _MODES.get(n["mode"], n["mode"]), n["padding_mode"], bool(n["align_corners"])
    ),
    "Resize": _resize,
    "RoiAlign": _roi_align,
    "Upsample": _resize,
}
