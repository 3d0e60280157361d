"""Padding: places around the spatial axes, with PyTorch's order of widths and its names of the modes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import TensorLike
from ._kernels.operands import as_floating, as_operand
from ._kernels.sliding_windows import Sizes, per_axis

# NumPy's names of the modes.
_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
ANY_WIDTH = -sys.maxsize  # the least width: negative ones cut off


def pad(input: TensorLike, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Add places before and after the last axes, or cut them off where widths are negative.

    The widths are in PyTorch's order: of the last axis first, so that ``pad=(left, right, top, bottom)`` is
    ``np.pad(input, [..., (top, bottom), (left, right)])``, which has one pair for every axis, the first axis first.
    The modes "replicate" and "circular" are NumPy's "edge" and "wrap".

    Parameters
    ----------
    input
        Any shape for mode "constant". For the others ``(n, channels, *spatial)`` or ``(channels, *spatial)``, with one
        spatial axis for each pair of widths.
    pad
        A width before and one after, for each axis from the last on.
    mode
        "constant", "reflect" (about the outermost element, which is not repeated), "replicate" (the outermost element)
        or "circular" (the elements of the other end).
    value
        What "constant" pads with, 0 by default. Integers are padded with a fraction as floating-point numbers.

    Raises
    ------
    ShapeError
        If the input has too few axes, or too few elements for the widths.
    ValueError, TypeError
        If an option is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.pad(np.array([[1.0, 2.0]]), (1, 0, 0, 1))
    array([[0., 1., 2.],
           [0., 0., 0.]])
    >>> F.pad(np.array([[1.0, 2.0, 3.0]]), (2, -1), mode="reflect")
    array([[3., 2., 1., 2.]])
    """
    if mode not in _MODES:
        raise ValueError(f"pad: mode should be one of {', '.join(_MODES)}, not {mode!r}")
    if mode != "constant" and value:
        raise ValueError(f'pad: mode="{mode}" takes no value, but value is {value}')
    if not isinstance(pad, list | tuple) or len(pad) % 2:
        raise ValueError(f"pad: pad should have two integers for each axis, the last axis first, not {pad!r}")
    return padded("pad", as_operand("pad", "input", input), _pairs("pad", pad), mode, value or 0)


def _pairs(owner: str, widths: Sequence[int]) -> list[tuple[int, int]]:
    """Return the widths before and after each axis, the first of them first."""
    checked = per_axis(widths, len(widths), "pad", owner, ANY_WIDTH) if len(widths) else ()
    return [*zip(checked[::2], checked[1::2], strict=True)][::-1]


def padded(owner: str, x: Any, pairs: Sequence[tuple[int, int]], mode: str, value: float = 0) -> Any:
    """Return x with places before and after its last axes, one pair of widths for each."""
    axes = len(pairs)
    if x.ndim < axes or (mode != "constant" and x.ndim not in (axes + 1, axes + 2)):
        wanted = f"{axes + 1} or {axes + 2} axes" if mode != "constant" else f"at least {axes} axes"
        raise ShapeError(
            f"{owner}: {2 * axes} widths in mode {mode!r} need an input of {wanted}, not of shape {x.shape}"
        )
    _check_widths(owner, x.shape, pairs, mode)
    x = as_floating(owner, "input", x) if value % 1 else x  # integers would cut off the fraction
    if mode == "circular":  # what is cut off does not come back at the other end
        x = _cut(x, pairs)
    around = [(0, 0)] * (x.ndim - axes) + [(max(low, 0), max(high, 0)) for low, high in pairs]
    options: dict[str, Any] = {"constant_values": value} if mode == "constant" else {}
    x = np.pad(x, around, _MODES[mode], **options)  # type: ignore[call-overload]
    return x if mode == "circular" else _cut(x, pairs)


def _cut(x: Any, pairs: Sequence[tuple[int, int]]) -> Any:
    """Return x without the places of the negative widths."""
    if all(low >= 0 and high >= 0 for low, high in pairs):
        return x
    sizes = x.shape[x.ndim - len(pairs) :]
    parts = [slice(max(-low, 0), n - max(-high, 0)) for (low, high), n in zip(pairs, sizes, strict=True)]
    return x[(..., *parts)]


def _check_widths(owner: str, shape: Sizes, pairs: Sequence[tuple[int, int]], mode: str) -> None:
    for n, (low, high) in zip(shape[len(shape) - len(pairs) :], pairs, strict=True):
        kept = n + min(low, 0) + min(high, 0)
        most = {"reflect": n - 1, "circular": kept, "replicate": sys.maxsize * n}.get(mode, sys.maxsize)
        if kept < 0:
            raise ShapeError(f"{owner}: widths {low} and {high} cut off more than the input of shape {shape} has")
        if max(low, high, 0) > max(most, 0):
            length = {"reflect": "length - 1", "circular": "length"}.get(mode, "no")
            raise ShapeError(
                f'{owner}: mode "{mode}" has at most {length} places on a side, but the widths are {low} and {high} '
                f"for the input of shape {shape}"
            )
