"""Fourier transforms (FFT).

The matrix of a discrete Fourier transform is symmetric, so that a complex transform is its own transpose; only the
padding or cropping to `n` has to be undone. A transform of real numbers keeps one of each pair of conjugate terms; the
transposes weight each kept term by how often it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..primitives.declare import composed, linear
from ..tensors.types import ArrayOrTensor
from .index import scatter
from .shape import along, length, roll

# The inverse transform is scaled where the forward one is not.
Axes = Sequence[int] | None
Norm = Literal["backward", "ortho", "forward"] | None
_INVERSE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _fitted(x: Any, n: int, axis: int) -> Any:
    """Crop `x` along `axis` to length `n`, or pad it with zeros."""
    present = length(x, axis)
    if present > n:
        return x[along(axis, x.ndim, slice(n))]
    shape = (*x.shape[: axis % x.ndim], n, *x.shape[axis % x.ndim :][1:])
    return x if present == n else scatter(x, along(axis, x.ndim, slice(present)), shape)


def _weighted(x: Any, n: int, axis: int, weight: float) -> Any:
    """Multiply by `weight` the terms of the half-spectrum of `n` real numbers that stand for a pair of terms."""
    counts = np.full(n // 2 + 1, weight, x.dtype.type(0).real.dtype)
    counts[0] = 1
    if n % 2 == 0:
        counts[-1] = 1
    return x * counts.reshape((-1,) + (1,) * (x.ndim - axis % x.ndim - 1))


# Along one axis


def _transform(function: Any) -> Any:
    return lambda x, n=None, axis=-1, norm=None: function(x, n, axis, norm)


fft = linear(
    np.fft.fft,
    lambda g, axis, norm, x_shape: _fitted(np.fft.fft(g, None, axis, norm), x_shape[axis], axis),
    forward=_transform(np.fft.fft),
)
ifft = linear(
    np.fft.ifft,
    lambda g, axis, norm, x_shape: _fitted(np.fft.ifft(g, None, axis, norm), x_shape[axis], axis),
    forward=_transform(np.fft.ifft),
)


def _rfft_rule(g: Any, n: int | None, axis: int, norm: Any, x_shape: tuple[int, ...]) -> Any:
    n = x_shape[axis] if n is None else n
    return _fitted(np.fft.hfft(_weighted(g, n, axis, 0.5), n, axis, norm), x_shape[axis], axis)


def _irfft_rule(g: Any, axis: int, norm: Any, x_shape: tuple[int, ...]) -> Any:
    terms = _weighted(np.fft.ihfft(g, None, axis, norm), g.shape[axis], axis, 2)
    return _fitted(terms, x_shape[axis], axis)


rfft = linear(np.fft.rfft, _rfft_rule, forward=_transform(np.fft.rfft))
irfft = linear(np.fft.irfft, _irfft_rule, forward=_transform(np.fft.irfft))


@composed(np.fft.hfft, method=False)
def hfft(x: ArrayOrTensor, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """Transform `x`, one half of a Hermitian-symmetric sequence, to `n` real numbers."""
    return irfft(np.conjugate(x), n, axis, _INVERSE.get(norm, norm))


@composed(np.fft.ihfft, method=False)
def ihfft(x: ArrayOrTensor, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """Undo `hfft`: transform real numbers to one half of a Hermitian-symmetric sequence."""
    return np.conjugate(rfft(x, n, axis, _INVERSE.get(norm, norm)))


# Along several axes, one after another


def _plan(x: Any, s: Any, axes: Any, *, halved: bool = False) -> tuple[list[int], list[int]]:
    """Return the lengths and axes to transform; if `halved`, the last length defaults to that of the full transform."""
    if axes is None:
        axes = range(x.ndim) if s is None else range(-len(s), 0)
    of_integers = isinstance(axes, np.ndarray) and np.can_cast(axes.dtype, np.intp)
    if not of_integers and not isinstance(axes, list | tuple | range):
        raise TypeError(f"axes are a sequence of integers, not {axes!r}")
    axes = list(axes)
    if s is not None:
        return [length(x, a) if n in (None, -1) else n for n, a in zip(s, axes, strict=True)], axes
    lengths = [length(x, a) for a in axes]
    if halved:
        lengths[-1] = 2 * (lengths[-1] - 1)
    return lengths, axes


def _each(transform: Any, x: Any, lengths: list[int], axes: list[int], norm: Any) -> Any:
    for n, axis in zip(lengths, axes, strict=True):
        x = transform(x, n, axis, norm)
    return x


def _over_axes(function: Any, function_of_two: Any, transform: Any, *, halved: bool = False) -> None:
    """Declare a transform along several axes, the last one first, and that along two axes."""

    @composed(function, method=False)
    def over_axes(x: ArrayOrTensor, s: Axes = None, axes: Axes = None, norm: Norm = None) -> Any:
        lengths, axes = _plan(x, s, axes, halved=halved)
        return transform(x, lengths, axes, norm)

    @composed(function_of_two, method=False)
    def of_two(x: ArrayOrTensor, s: Axes = None, axes: Axes = (-2, -1), norm: Norm = None) -> Any:
        return over_axes(x, s, axes, norm)


_over_axes(np.fft.fftn, np.fft.fft2, lambda x, n, axes, norm: _each(fft, x, n[::-1], axes[::-1], norm))
_over_axes(np.fft.ifftn, np.fft.ifft2, lambda x, n, axes, norm: _each(ifft, x, n[::-1], axes[::-1], norm))
_over_axes(
    np.fft.rfftn,  # whose last axis keeps one term of each pair of conjugates
    np.fft.rfft2,
    lambda x, n, axes, norm: _each(fft, rfft(x, n[-1], axes[-1], norm), n[-2::-1], axes[-2::-1], norm),
)
_over_axes(
    np.fft.irfftn,  # whose last axis gets an even length, without `s`
    np.fft.irfft2,
    lambda x, n, axes, norm: irfft(_each(ifft, x, n[:-1], axes[:-1], norm), n[-1], axes[-1], norm),
    halved=True,
)


# The order of the terms


@composed(np.fft.fftshift, method=False)
def fftshift(x: ArrayOrTensor, axes: int | Sequence[int] | None = None) -> Any:
    """Move the zero-frequency term to the middle."""
    return _shifted(x, axes, lambda n: n // 2)


@composed(np.fft.ifftshift, method=False)
def ifftshift(x: ArrayOrTensor, axes: int | Sequence[int] | None = None) -> Any:
    """Undo `fftshift`."""
    return _shifted(x, axes, lambda n: -(n // 2))


def _shifted(x: Any, axes: Any, shift: Any) -> Any:
    chosen = tuple(range(x.ndim)) if axes is None else (axes,) if np.ndim(axes) == 0 else tuple(axes)
    return roll(x, tuple([shift(length(x, axis)) for axis in chosen]), chosen)
