"""Sampling of images and volumes at any places, and the places of affine maps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import ARRAY_TYPES, borrow

from .._arguments import TensorLike, example
from ._embedding import rows_at
from ._kernels.operands import as_floating, as_real, in_single
from ._kernels.sliding_windows import Sizes, per_axis
from ._upsampling import _keys

_MODES = ("bilinear", "nearest", "bicubic")
_PADDING = ("zeros", "border", "reflection")
_ZEROS = (3, 4)  # around the input: as far as elements with a weight reach from places that are just outside


@example(
    "moved = np.array([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]])",
    "F.affine_grid(moved, (1, 1, 1, 2))",
    "array([[[[0., 0.],\n         [1., 0.]]]])",
)
@in_single
def affine_grid(theta: TensorLike, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Return for each place of an output the place of the input that an affine map takes it to.

    With it `grid_sample` turns, scales and moves images. The map of each image takes the coordinates of an output,
    x to the right and y down, each from -1 to 1, to those of the input.

    Parameters
    ----------
    theta
        Matrices of shape ``(n, 2, 3)`` for images, or ``(n, 3, 4)`` for volumes; the last column moves.
    size
        The shape of the output, ``(n, channels, height, width)`` or ``(n, channels, depth, height, width)``.
    align_corners
        Whether -1 and 1 are the centres of the outermost elements, rather than their outer edges, the default.

    Returns
    -------
    Tensor
        Shape ``(n, height, width, 2)`` or ``(n, depth, height, width, 3)``; the coordinates x, y and z.

    Raises
    ------
    ShapeError
        If `theta` has another shape than `size` asks for.

    References
    ----------
    Jaderberg et al., "Spatial Transformer Networks", NeurIPS 2015.
    """
    maps: Any = as_floating("affine_grid", "theta", theta)
    lengths = per_axis(size, len(size), "size", "affine_grid", 1) if isinstance(size, list | tuple) and size else ()
    axes = len(lengths) - 2
    if axes not in (2, 3):
        raise ValueError(
            f"affine_grid: size should be (n, channels, height, width) or (n, channels, depth, height, width), "
            f"not {size!r}"
        )
    if maps.shape != (lengths[0], axes, axes + 1):
        raise ShapeError(
            f"affine_grid: theta should have the shape {(lengths[0], axes, axes + 1)} for the size {tuple(size)}, "
            f"not {maps.shape}"
        )
    lines = [_line(n, bool(align_corners)) for n in reversed(lengths[2:])]  # of x, then y
    places = [*np.meshgrid(*lines[::-1], indexing="ij")][::-1]
    homogeneous = np.stack([*places, np.ones(lengths[2:])], -1).reshape(-1, axes + 1).astype(maps.dtype)
    return (homogeneous @ maps.mT).reshape((lengths[0], *lengths[2:], axes))


def _line(count: int, align_corners: bool) -> Any:
    """Return the coordinates of the elements along an axis."""
    if align_corners:
        return np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    return (2 * np.arange(count) + 1) / count - 1


@example(
    "image = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])",
    "F.grid_sample(image, np.array([[[[0.0, 0.0], [-0.5, 0.5], [2.0, 0.0]]]]))",
    "array([[[[2.5, 3. , 0. ]]]])",
)
@in_single
def grid_sample(
    input: TensorLike,
    grid: TensorLike,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Sample images or volumes at the places of a grid, between elements too.

    Both the images and the places have gradients; `affine_grid` makes the grid of an affine map.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)`` or ``(n, channels, depth, height, width)``.
    grid
        Places, of shape ``(n, rows, columns, 2)`` or ``(n, depths, rows, columns, 3)``: x to the right, y down and z
        into the depth, each from -1 to 1 within the input.
    mode
        ``"bilinear"`` interpolates between the nearest two along each axis, in volumes too; ``"nearest"`` takes the
        nearest, in the middle that of the even index; ``"bicubic"``, for images, the nearest four by a cubic.
    padding_mode
        What is outside: ``"zeros"``, ``"border"`` repeats the outermost elements, and ``"reflection"`` is a mirror.
    align_corners
        Whether -1 and 1 are the centres of the outermost elements, rather than their outer edges, the default.

    Returns
    -------
    Tensor
        Shape ``(n, channels, rows, columns)`` or ``(n, channels, depths, rows, columns)``. Nan at places of nan.

    Raises
    ------
    ShapeError
        If the shapes do not fit together.
    ValueError
        If a mode is unknown, or not for volumes.
    """
    for name, value, known in (("mode", mode, _MODES), ("padding_mode", padding_mode, _PADDING)):
        if value not in known:
            raise ValueError(f"grid_sample: {name} should be one of {', '.join(known)}, not {value!r}")
    x: Any = as_real("grid_sample", "input", input)
    grid = as_real("grid_sample", "grid", grid)
    size = _size(x, grid, mode)
    if padding_mode == "zeros":
        x = np.pad(x, [(0, 0), (0, 0), *[_ZEROS] * len(size)])
    n, channels, *lengths = x.shape
    count = math.prod(lengths)
    table = np.moveaxis(x.reshape((n, channels, count)), 1, 2).reshape((n * count, channels))
    points = grid.reshape((n, math.prod(grid.shape[1:-1]), len(size)))
    taps = [
        _taps(points[..., len(size) - 1 - axis], length, mode, padding_mode, bool(align_corners))
        for axis, length in enumerate(size)
    ]
    first, *others = itertools.product(*taps)
    begin = np.arange(n)[:, None] * count
    total = _term(table, first, begin, lengths)
    for each in others:
        total = total + _term(table, each, begin, lengths)
    return np.moveaxis(total, -1, 1).reshape((n, channels, *grid.shape[1:-1]))


def _size(x: Any, grid: Any, mode: str) -> Sizes:
    """Return the spatial shape of the input after checking that both fit together."""
    axes = x.ndim - 2
    if axes not in (2, 3) or 0 in x.shape[2:]:
        raise ShapeError(
            f"grid_sample: the input should have the shape (n, channels, height, width) or (n, channels, depth, "
            f"height, width), where n and channels alone may be 0, not {x.shape}"
        )
    if grid.ndim != x.ndim or grid.shape[0] != x.shape[0] or grid.shape[-1] != axes:
        places = "rows, columns" if axes == 2 else "depths, rows, columns"
        raise ShapeError(
            f"grid_sample: the grid should have the shape ({x.shape[0]}, {places}, {axes}) for an input of shape "
            f"{x.shape}, not {grid.shape}"
        )
    if mode == "bicubic" and axes == 3:
        raise ValueError(f'grid_sample: mode="bicubic" is for images, not for an input of shape {x.shape}')
    return tuple(x.shape[2:])


def _term(table: Any, taps: Sequence[tuple[Any, Any]], begin: Any, lengths: Sequence[int]) -> Any:
    """Return the elements at one tap of each axis, times their weights."""
    flat: Any = 0
    weight: Any = 1
    for (element, factor), length in zip(taps, lengths, strict=True):
        flat = flat * length + element
        weight = factor * weight
    index = flat + begin
    arrays = type(table) in ARRAY_TYPES and type(index) in ARRAY_TYPES
    rows = table.take(index, 0) if arrays else rows_at(table, index)  # `take` is many times faster for short rows
    return rows * weight[..., None]


def _taps(coordinate: Any, length: int, mode: str, padding: str, align: bool) -> list[tuple[Any, Any]]:
    """Return the elements along an axis that each place is interpolated from, and their weights."""
    at = (coordinate + 1) * ((length - 1) / 2) if align else ((coordinate + 1) * length - 1) / 2
    if padding == "zeros":
        at = np.clip(at, -2, length + 1)  # beyond, nothing but zeros has a weight
    elif mode != "bicubic":  # whose elements are brought inside one by one
        at = _brought_inside(at, length, padding, align)
    if mode == "nearest":
        return [(_element(np.rint(borrow(at)), length, padding, align), at * 0 + 1)]  # nan stays nan
    below = np.floor(borrow(at))
    after = at - below
    weights = {0: 1 - after, 1: after}
    if mode == "bicubic":
        weights = {-1: _keys(after + 1), 0: _keys(after), 1: _keys(1 - after), 2: _keys(2 - after)}
    return [(_element(below + step, length, padding, align), weight) for step, weight in weights.items()]


def _element(place: Any, length: int, padding: str, align: bool) -> Any:
    """Return the index of an element that is there, for nan too, whose weight is nan."""
    if padding == "zeros":
        return np.where(np.isnan(place), 0, place + _ZEROS[0]).astype(np.intp)
    if padding == "reflection":
        place = _brought_inside(place, length, padding, align)
    return np.where(np.isnan(place), 0, np.clip(place, 0, length - 1)).astype(np.intp)


def _brought_inside(at: Any, length: int, padding: str, align: bool) -> Any:
    """Return the places inside that places outside stand for: at the border, or in the mirror of the edges."""
    if padding == "reflection":
        low, span = (0.0, length - 1) if align else (-0.5, length)
        if not span:
            return at * 0
        where = borrow(at)
        turns = np.floor(np.abs(where - low) / span)
        back = (turns % 2 == 1) != (where < low)
        offset = np.where(turns % 2 == 1, (turns + 1) * span, -turns * span) + low
        at = np.where(back, -1, 1).astype(where.dtype) * (at - low) + offset.astype(where.dtype)
    return np.clip(at, 0, length - 1)
