"""Convolutions and correlations, along all axes or some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import signal

from autograd import ShapeError, Tensor, general
from autograd.inside import TensorLike, conj, scatter, unbroadcast

from ..common import float_operand, is_plain, stacked

ConvolutionMode: TypeAlias = Literal["full", "valid", "same"]
Axes: TypeAlias = tuple[Sequence[int], Sequence[int]]
Shape = tuple[int, ...]


# Convolution. A mode other than "full" takes a part of the full result: its gradient is put back among zeros.


def _in_full(g: Any, first: Shape, second: Shape, mode: str, axes: tuple[int, ...]) -> Any:
    """Return the gradient of the full result, given that of a mode."""
    if mode == "full":
        return g
    starts = {axis: (second[axis] - 1) // 2 if mode == "same" else min(first[axis], second[axis]) - 1 for axis in axes}
    shape = list(g.shape)
    key: list[slice] = [slice(None)] * g.ndim
    for axis, start in starts.items():
        key[axis] = slice(start, start + g.shape[axis])
        shape[axis] = first[axis] + second[axis] - 1
    return scatter(g, tuple(key), tuple(shape))


def _flipped(x: Any, axes: tuple[int, ...]) -> Any:
    return x[tuple(slice(None, None, -1) if axis in axes else slice(None) for axis in range(x.ndim))]


def _called(in1: Any, in2: Any, mode: str, method: str, axes: tuple[int, ...]) -> Any:
    if method == "fftconvolve":
        return signal.fftconvolve(in1, in2, mode, axes=axes)
    return signal.convolve(in1, in2, mode, method)


def _back(g: Any, other: Any, first: Shape, second: Shape, mode: str, method: str, axes: Any, shape: Shape) -> Any:
    """Return the gradient of one factor: the sums of products of `g` with the other one at every displacement."""
    g = _in_full(g, first, second, mode, axes)
    return unbroadcast(_convolve(g, _flipped(other, axes), "valid", method, axes), shape)


_convolve = general(
    lambda in1, in2, mode, method, axes: stacked(_called, (in1, in2), (in1.ndim, in2.ndim), mode, method, axes),
    lambda g, in2, in1_shape, in2_shape, mode, method, axes: _back(
        g, in2, in1_shape, in2_shape, mode, method, axes, in1_shape
    ),
    lambda g, in1, in1_shape, in2_shape, mode, method, axes: _back(
        g, in1, in1_shape, in2_shape, mode, method, axes, in2_shape
    ),
    name="convolve",
)


def _pair(name: str, in1: TensorLike, in2: TensorLike, mode: str) -> tuple[Any, Any]:
    """Return both arrays; raise if they do not have as many axes, or if there is no such mode."""
    x, y = float_operand(in1), float_operand(in2)
    if mode not in ("full", "valid", "same"):
        raise ValueError(f"{name} takes the modes 'full', 'valid' and 'same', not {mode!r}")
    if x.ndim != y.ndim:
        raise ShapeError(f"{name} takes arrays with as many axes, but the shapes are {x.shape} and {y.shape}")
    return x, y


def convolve(
    in1: TensorLike,
    in2: TensorLike,
    mode: ConvolutionMode = "full",
    method: Literal["auto", "direct", "fft"] = "auto",
    *,
    axes: Axes | None = None,
    dot_axes: Axes = ((), ()),
) -> Tensor:
    """Convolve two arrays, as `scipy.signal.convolve` does along all axes, or along some of them.

    Parameters
    ----------
    in1, in2
        Arrays with as many axes.
    mode
        "full": wherever the arrays overlap; "valid": where the smaller lies within the other; "same": the middle of
        the full result, of the size of `in1`.
    method
        "direct" adds products up, "fft" multiplies transforms, "auto" takes what is faster.
    axes, dot_axes
        As in HIPS autograd: the axes of `in1` and of `in2` along which to convolve, and those over which products are
        summed. The result has the other axes of `in1`, those of `in2`, and then those of the convolution.

    Raises
    ------
    ShapeError
        If the arrays do not have as many axes.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import signal
    >>> grad(lambda x: signal.convolve(x, [1.0, 10.0])[1])(np.array([1.0, 2.0, 3.0]))
    array([10.,  1.,  0.])
    >>> signal.convolve(np.ones((2, 3)), np.ones((4, 2)), axes=([1], [1])).shape
    (2, 4, 4)
    """
    if not isinstance(mode, str) or not isinstance(method, str):
        raise TypeError("convolve takes mode and method as strings, and axes=... and dot_axes=... by their names alone")
    if axes is not None or any(map(len, dot_axes)):
        return _along(float_operand(in1), float_operand(in2), mode, axes, dot_axes)
    if is_plain(in1, in2):
        return signal.convolve(in1, in2, mode, method)
    x, y = _pair("convolve", in1, in2, mode)
    return _convolve(x, y, mode, method, tuple(range(x.ndim)))


def _along(in1: Any, in2: Any, mode: ConvolutionMode, axes: Axes | None, dot_axes: Axes) -> Any:
    """Convolve along pairs of axes: sum the products of the second array with windows of the padded first one."""
    if axes is None:
        left1, left2 = ([a for a in range(x.ndim) if a not in dot] for x, dot in zip((in1, in2), dot_axes, strict=True))
        axes = (left1, left2)
    (first, second), (sum1, sum2) = ([[int(a) for a in of] for of in pair] for pair in (axes, dot_axes))
    first, sum1 = [a % in1.ndim for a in first], [a % in1.ndim for a in sum1]
    second, sum2 = [a % in2.ndim for a in second], [a % in2.ndim for a in sum2]
    sizes = [in1.shape[a] for a in first], [in2.shape[a] for a in second]
    if len(first) != len(second) or [in1.shape[a] for a in sum1] != [in2.shape[a] for a in sum2]:
        raise ShapeError(
            f"convolve: the axes {axes} and {dot_axes} of arrays of shapes {in1.shape} and {in2.shape} do not pair"
        )
    if mode == "valid" and all(m <= n for m, n in zip(*sizes, strict=True)):
        return _along_windows(in2, in1, (second, first), (sum2, sum1), swapped=True)
    if mode == "valid" and not all(m >= n for m, n in zip(*sizes, strict=True)):
        raise ShapeError(f"convolve(mode='valid') takes one array at least as large as the other, not sizes {sizes}")
    if mode != "valid":
        pads = [(0, 0)] * in1.ndim
        for axis, m, n in zip(first, *sizes, strict=True):
            full, wanted = m + n - 1, m if mode == "same" else m + n - 1
            start = (full - wanted) // 2
            pads[axis] = (n - 1 - start, wanted + start - m)
        in1 = np.pad(in1, pads)
    return _along_windows(in1, in2, (first, second), (sum1, sum2), swapped=False)


def _along_windows(in1: Any, in2: Any, axes: Any, dot_axes: Any, swapped: bool) -> Any:
    (first, second), (sum1, sum2) = axes, dot_axes
    kept1 = [a for a in range(in1.ndim) if a not in first and a not in sum1]
    kept2 = [a for a in range(in2.ndim) if a not in second and a not in sum2]
    letters = iter(range(52))
    of1, of2 = ([next(letters) for _ in range(x.ndim)] for x in (in1, in2))
    inner = [next(letters) for _ in first]
    for a, b in zip(sum1, sum2, strict=True):
        of2[b] = of1[a]
    for b, letter in zip(second, inner, strict=True):
        of2[b] = letter
    if first:
        in1 = np.lib.stride_tricks.sliding_window_view(in1, [in2.shape[b] for b in second], tuple(first))
        in2 = _flipped(in2, tuple(second))
    kept = [of1[a] for a in kept1], [of2[a] for a in kept2]
    return np.einsum(in1, of1 + inner, in2, of2, kept[swapped] + kept[not swapped] + [of1[a] for a in first])


def correlate(
    in1: TensorLike,
    in2: TensorLike,
    mode: ConvolutionMode = "full",
    method: Literal["auto", "direct", "fft"] = "auto",
) -> Tensor:
    """Correlate two arrays: convolve with the conjugate of `in2` in the opposite order; see `convolve`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import signal
    >>> grad(lambda x: signal.correlate(x, [1.0, 10.0])[1])(np.array([1.0, 2.0, 3.0]))
    array([ 1., 10.,  0.])
    """
    if is_plain(in1, in2):
        return signal.correlate(in1, in2, mode, method)
    x, y = _pair("correlate", in1, in2, mode)
    axes = tuple(range(x.ndim))
    return _convolve(x, _flipped(conj(y), axes), mode, method, axes)


def fftconvolve(
    in1: TensorLike, in2: TensorLike, mode: ConvolutionMode = "full", axes: int | Sequence[int] | None = None
) -> Tensor:
    """Convolve two arrays by their Fourier transforms along `axes`, by default all; the other axes broadcast.

    Parameters
    ----------
    in1, in2
        Arrays with as many axes.
    mode
        As in `convolve`.
    axes
        The axes along which to convolve.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import signal
    >>> grad(lambda x: signal.fftconvolve(x, [1.0, 10.0])[1])(np.array([1.0, 2.0, 3.0])).round(9)
    array([10.,  1., -0.])
    """
    if is_plain(in1, in2):
        return signal.fftconvolve(in1, in2, mode, axes)
    x, y = _pair("fftconvolve", in1, in2, mode)
    chosen = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    return _convolve(x, y, mode, "fftconvolve", tuple(axis % x.ndim for axis in chosen))
