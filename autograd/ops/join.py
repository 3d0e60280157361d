"""Several arrays made one, one made several, and one repeated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..declare import composed, linear
from ..errors import UnsupportedError
from ..tensor import unwrap
from .index import scatter, take
from .shape import along, atleast_1d, atleast_2d, atleast_3d, length

Shape = tuple[int, ...]


# Joining


def _piece(g: Any, arrays_shape: tuple[Shape, ...], axis: int | None, index: int) -> Any:
    """Cut from `g` what belongs to one of the arrays that were joined."""
    if axis is None:
        start = sum([math.prod(shape) for shape in arrays_shape[:index]])
        return g[start : start + math.prod(arrays_shape[index])].reshape(arrays_shape[index])
    axis %= g.ndim
    start = sum([shape[axis] for shape in arrays_shape[:index]])
    return g[along(axis, g.ndim, slice(start, start + arrays_shape[index][axis]))]


concatenate = linear(np.concatenate, _piece, forward=lambda arrays, axis=0: np.concatenate(arrays, axis), variadic=True)
stack = linear(
    np.stack,
    lambda g, axis, index: g[(*along(axis, g.ndim, index), ...)],
    forward=lambda arrays, axis=0: np.stack(arrays, axis),
    variadic=True,
)


@composed(np.vstack, method=False)
def vstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the first axis; vectors are rows."""
    return concatenate([atleast_2d(array) for array in arrays], 0)


@composed(np.hstack, method=False)
def hstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the second axis, vectors along their only one."""
    reached = [atleast_1d(array) for array in arrays]
    return concatenate(reached, 0 if reached and reached[0].ndim == 1 else 1)


@composed(np.dstack, method=False)
def dstack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the third axis."""
    return concatenate([atleast_3d(array) for array in arrays], 2)


@composed(np.column_stack, method=False)
def column_stack(arrays: Sequence[Any]) -> Any:
    """Join arrays along the second axis; vectors are columns."""
    reached = [atleast_1d(array) for array in arrays]
    return concatenate([array[:, None] if array.ndim == 1 else array for array in reached], 1)


@composed(np.append, method=False)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Join `values` to the end of `arr`; without an axis, both are flattened."""
    return concatenate([arr, values], axis)


# Splitting


@composed(np.array_split, method=False)
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut `x` along `axis` at the places given, or into a number of parts whose lengths differ by one at most."""
    n = length(x, axis)
    given = unwrap(indices_or_sections)
    if np.ndim(given):
        ends = [*map(int, given), n]
    else:
        sections = int(given)
        if sections <= 0:
            raise ValueError(f"an array is cut into at least one part, not {sections}")
        each, longer = divmod(n, sections)
        ends = [each * (i + 1) + min(i + 1, longer) for i in range(sections)]
    return [x[along(axis, x.ndim, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)]


@composed(np.split, method=False)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut `x` along `axis` at the places given, or into a number of equal parts."""
    sections = unwrap(indices_or_sections)
    if not np.ndim(sections) and sections > 0 and length(x, axis) % int(sections):
        raise ValueError(
            f"axis {axis} of shape {x.shape} cannot be cut into {sections} equal parts: "
            f"numpy.array_split cuts unequal ones"
        )
    parts: list[Any] = array_split(x, indices_or_sections, axis)
    return parts


def _split_along(function: Callable[..., Any], axis: int, least: int) -> None:
    def split_along(x: Any, indices_or_sections: Any) -> list[Any]:
        if x.ndim < least:
            raise ValueError(f"{function.__name__} needs {least} axes at least, but the shape is {x.shape}")
        return split(x, indices_or_sections, min(axis, x.ndim - 1))  # type: ignore[no-any-return]  # a list

    split_along.__doc__ = f"Cut `x` along axis {axis}, as `split` does."
    split_along.__name__ = function.__name__
    composed(function, method=False)(split_along)


_split_along(np.hsplit, 1, 1)
_split_along(np.vsplit, 0, 2)
_split_along(np.dsplit, 2, 3)


@composed(np.unstack, method=False)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the slices of `x` along `axis`."""
    return tuple([x[(*along(axis, x.ndim, i), ...)] for i in range(length(x, axis))])


# Repeating


@composed(np.tile, method=False)
def tile(x: Any, reps: Any) -> Any:
    """Lay copies of `x` side by side, as many along each axis as `reps` says."""
    counts = tuple(map(int, np.atleast_1d(unwrap(reps))))
    counts = (1,) * (x.ndim - len(counts)) + counts
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    apart = x.reshape([n for whole in shape for n in (1, whole)])
    repeated = np.broadcast_to(apart, [n for pair in zip(counts, shape, strict=True) for n in pair])
    return repeated.reshape([count * n for count, n in zip(counts, shape, strict=True)])


@composed(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Repeat each element along `axis`: all as often, or each by its own count."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    counts = np.asarray(unwrap(repeats))
    if counts.size != 1:
        return take(x, np.repeat(np.arange(length(x, axis)), counts), axis)
    count, n = int(counts.item()), length(x, axis)
    before, after = x.shape[: axis % x.ndim], x.shape[axis % x.ndim + 1 :]
    repeated = np.broadcast_to(x.reshape((*before, n, 1, *after)), (*before, n, count, *after))
    return repeated.reshape((*before, n * count, *after))


_INDEX_MODES = ("edge", "reflect", "symmetric", "wrap")


@composed(np.pad, method=False)
def pad(x: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0, reflect_type: str = "even") -> Any:
    """Surround `x` with constants, or with its own elements in the order that `mode` says."""
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(axis, pad_width.get(axis - x.ndim, 0)) for axis in range(x.ndim)]
        pad_width = [np.broadcast_to(width, 2) for width in pad_width]
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2))
    if mode == "constant":
        shape = tuple([n + before + after for n, (before, after) in zip(x.shape, widths.tolist(), strict=True)])
        inside = tuple([slice(before, before + n) for n, before in zip(x.shape, widths[:, 0].tolist(), strict=True)])
        frame = np.pad(np.zeros(x.shape, x.dtype), widths, constant_values=unwrap(constant_values))
        return scatter(x, inside, shape) + frame
    if mode not in _INDEX_MODES or reflect_type != "even":
        raise UnsupportedError(
            f"numpy.pad(mode={mode!r}, reflect_type={reflect_type!r}) has no derivative here: "
            f"'constant', {', '.join(map(repr, _INDEX_MODES))} have"
        )
    # Whatever the mode does with elements it does with their places.
    kind: Any = mode
    places = [np.pad(np.arange(n), width, kind) for n, width in zip(x.shape, widths, strict=True)]
    return x[np.ix_(*places)]
