"""Fourier transforms: an extension of the standard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.inside import ArrayOrTensor

from ._arrays import as_array, check_device, named, wrapped

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
]  # fmt: skip


def _along_one(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Make the standard's transform along one axis from NumPy's."""

    def transform(x: ArrayOrTensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
        return wrapped(function(as_array(x), n, axis, norm))

    return named(transform, function.__name__, f"Compute `numpy.fft.{function.__name__}`.")


def _along_several(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Make the standard's transform along several axes from NumPy's."""

    def transform(
        x: ArrayOrTensor,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: str = "backward",
    ) -> Tensor:
        if s is not None and axes is None:
            axes = range(-len(s), 0)
        return wrapped(function(as_array(x), s, axes, norm))

    return named(transform, function.__name__, f"Compute `numpy.fft.{function.__name__}`.")


fft, ifft, rfft = _along_one(np.fft.fft), _along_one(np.fft.ifft), _along_one(np.fft.rfft)
irfft, hfft, ihfft = _along_one(np.fft.irfft), _along_one(np.fft.hfft), _along_one(np.fft.ihfft)
fftn, ifftn = _along_several(np.fft.fftn), _along_several(np.fft.ifftn)
rfftn, irfftn = _along_several(np.fft.rfftn), _along_several(np.fft.irfftn)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Return the frequencies of a transform of `n` samples with spacing `d`."""
    check_device(device)
    return Tensor(np.fft.fftfreq(n, d).astype(np.float64 if dtype is None else dtype, copy=False))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """Return the frequencies of a transform of `n` real samples with spacing `d`."""
    check_device(device)
    return Tensor(np.fft.rfftfreq(n, d).astype(np.float64 if dtype is None else dtype, copy=False))


def fftshift(x: ArrayOrTensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """Move frequency 0 to the middle."""
    return wrapped(np.fft.fftshift(as_array(x), axes))


def ifftshift(x: ArrayOrTensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """Move frequency 0 from the middle to the start."""
    return wrapped(np.fft.ifftshift(as_array(x), axes))
