"""Cross-correlation, which convolutions are made of: three products, each a gradient rule of the other two.

A convolution is linear in its input x and in its weight w. With y for a gradient of its output, ``sum(y * convolve(x,
w))`` equals ``sum(x * transposed(y, w))`` and ``sum(w * weight_product(x, y))``. Each of the three is linear in both of
its inputs, and its rules are the other two, so that derivatives of any order are made of them.

Each is machine code where that pays (see `direct`), else one matrix product for a batch. The columns are the contents
of the windows, channels first: the result then has channels first in memory too, as the next layer reads it, and is
viewed as ``(n, channels, *size)``.

In a batch of `vmap`, images with shared weights are more images of one convolution; weights of their own make them more
groups of channels.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from autograd import extend, general
from autograd.extend import ARRAY_TYPES, accurate_sum, called, innermost, is_copy

from .._linear import MANY, _ones
from . import direct
from .operands import Saved
from .sliding_windows import MOST_KEPT, Function, Windows, add_columns, batches, columns


def _in_groups(x: Any, windows: Windows, groups: int) -> Any:
    """Return the columns of the windows: shape ``(groups, channels / groups * prod(kernel), n * prod(count))``."""
    if max(windows.kernel + windows.stride) == 1 and windows.size == windows.counts and not any(windows.padding):
        cols = x.swapaxes(0, 1)  # a view, if the memory has channels first
    else:
        cols = columns(x, windows)
    rows = x.shape[1] // groups * math.prod(windows.kernel)
    return cols.reshape(groups, rows, len(x) * math.prod(windows.counts))


def _by_channel(y: Any, groups: int) -> Any:
    """Return ``(n, channels, ...)`` as ``(groups, channels / groups, n * ...)``: a view, if its memory allows it."""
    n, channels = y.shape[:2]
    return y.swapaxes(0, 1).reshape(groups, channels // groups, n * math.prod(y.shape[2:]))


def _convolve(x: Any, weight: Any, bias: Any, windows: Windows, groups: int, saved: Saved) -> Any:
    """Return the sum over each window of its elements times weights; leave the columns in `saved` if they are few.

    The gradient of the weight is computed from them. For a large array, they are not worth their memory. If a batch of
    `vmap` shares the weight, its level is left.
    """
    if type(x) not in ARRAY_TYPES or type(weight) not in ARRAY_TYPES:
        level = innermost(x, weight)
        saved[:] = [] if level is innermost(weight) else [level]
        return _biased(_of_batch(convolve, x, weight, windows, groups), bias)
    n, outputs, length = len(x), len(weight), math.prod(windows.counts)
    dtype = np.result_type(x, weight) if bias is None else np.result_type(x, weight, bias)
    if dtype == x.dtype == weight.dtype and direct.fits(x, weight.size, outputs // groups, windows):
        row = called(direct.pad, x, windows)
        out = called(direct.correlate, row, weight, n, windows, groups)
        out = out.reshape(groups, outputs // groups, n * length)
        if row.nbytes <= MOST_KEPT:
            saved[:] = x, row
    else:
        kernels = weight.reshape(groups, outputs // groups, -1)
        out = np.empty((groups, outputs // groups, n * length), dtype)
        parts = batches(n, x.shape[1], windows, x.itemsize)
        for part in parts:
            cols = _in_groups(x[part], windows, groups)
            np.matmul(kernels, cols, out[:, :, part.start * length : part.stop * length])
        if len(parts) == 1:
            saved[:] = x, cols
    if type(bias) in ARRAY_TYPES:
        out += bias.reshape(groups, -1, 1)
    elif bias is not None:
        out = out + bias.reshape(groups, -1, 1)
    return out.reshape(outputs, n, *windows.counts).swapaxes(0, 1)


def _transposed(y: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """Return the sum of all windows, each of them the weights times an element of `y`."""
    if type(y) not in ARRAY_TYPES or type(weight) not in ARRAY_TYPES:
        return _biased(_of_batch(transposed, y, weight, windows, groups), bias)
    channels, phases, turned = weight.shape[1] * groups, math.prod(windows.stride), windows.turned
    few = len(weight) * math.prod(windows.size) <= channels * math.prod(windows.counts)  # columns of y, not of the sum
    few = phases == 1 and (few or math.prod(windows.kernel) == 1)
    if turned and (few or direct.fits(y, weight.size, weight.shape[1] * phases, turned)):
        biases = bias if bias is None or phases == 1 else np.repeat(bias, phases)
        out = _convolve(y, _turned(weight, windows, groups), biases, turned, groups, Saved())
        return out if phases == 1 else _interleaved(out, windows)
    kernels = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)
    sums = [_sum_windows(kernels, y[part], windows) for part in batches(len(y), channels, windows, y.itemsize)]
    out = sums[0] if len(sums) == 1 else np.concatenate(sums, 1)
    if bias is not None:
        out = out + bias.reshape(-1, *(1,) * (out.ndim - 1))
    return out.swapaxes(0, 1)


def _turned(weight: Any, windows: Windows, groups: int) -> Any:
    """Return the kernels turned around, from outputs to inputs: windows over the results convolve with them.

    With a stride, one result has several inputs, each with kernels of its own: every so many elements of a kernel.
    """
    (outputs, inner), stride = weight.shape[:2], windows.stride
    kernel = [k // step for k, step in zip(windows.kernel, stride, strict=True)]
    apart = [n for both in zip(kernel, stride, strict=True) for n in both]
    weight = weight.reshape(groups, outputs // groups, inner, *apart)
    within, phases = (*range(3, weight.ndim, 2),), (*range(4, weight.ndim, 2),)
    turned = np.flip(weight, within).transpose(0, 2, *phases, 1, *within)
    return turned.reshape(groups * inner * math.prod(stride), outputs // groups, *kernel)


def _interleaved(out: Any, windows: Windows) -> Any:
    """Return the elements, of which those from one window to the next are channels of `out`."""
    stride, (n, _, *counts), axes = windows.stride, out.shape, len(windows.stride)
    apart = out.swapaxes(0, 1).reshape(-1, *stride, n, *counts)
    order = [axis + step for axis in range(1, axes + 1) for step in (axes + 1, 0)]
    whole = apart.transpose(0, axes + 1, *order).reshape(len(apart), n, *map(operator.mul, counts, stride))
    inside = [slice(p % s, p % s + size) for p, s, size in zip(windows.padding, stride, windows.size, strict=True)]
    return whole[(slice(None), slice(None), *inside)].swapaxes(0, 1)


def _sum_windows(kernels: Any, y: Any, windows: Windows) -> Any:
    """Return the sum as ``(channels, n, *size)``."""
    groups, rows, _ = kernels.shape
    channels = groups * rows // math.prod(windows.kernel)
    cols = np.matmul(kernels, _by_channel(y, groups))
    out = np.zeros((channels, len(y), *windows.size), cols.dtype)
    add_columns(out, cols.reshape(channels, *windows.kernel, len(y), *windows.counts), windows)
    return out


def _weight_product(x: Any, y: Any, windows: Windows, groups: int, saved: Saved | None = None) -> Any:
    """Return the sum over all windows of their elements times an element of `y`: the shape of a weight."""
    if type(x) not in ARRAY_TYPES or type(y) not in ARRAY_TYPES:
        return _weights_of_batch(x, y, windows, groups)
    inner, outputs = x.shape[1] // groups, y.shape[1] // groups
    weights = inner * math.prod(windows.kernel) * outputs * groups
    if x.dtype == y.dtype and direct.fits(x, weights, outputs, windows):
        row = saved[1] if saved and saved[1].ndim == 1 else called(direct.pad, x, windows)
        return called(direct.products, row, y, windows, groups)
    if saved and saved[1].ndim == 1:  # of the forward, in another dtype
        saved = None
    total = np.zeros((groups, inner * math.prod(windows.kernel), outputs), np.result_type(x, y))
    for part in batches(len(x), x.shape[1], windows, x.itemsize):
        cols = saved[1] if saved else _in_groups(x[part], windows, groups)
        total += _long_product(cols, _by_channel(y[part], groups))
    return total.swapaxes(1, 2).reshape(y.shape[1], inner, *windows.kernel)


def _biased(out: Any, bias: Any) -> Any:
    return out if bias is None else out + bias.reshape(-1, *(1,) * (out.ndim - 2))


def _of_batch(product: Function, x: Any, weight: Any, windows: Windows, groups: int) -> Any:
    """Convolve the images of each element of a batch with its weight, in one convolution of all."""
    level: Any = innermost(x, weight)
    shared, count = innermost(weight) is not level, len(x)
    rest: list[Any] = [[]] if product is convolve else []
    if not level.size:
        return _of_empty_batch(level, product, x, weight, None, windows, groups, *rest)
    if shared:
        images = _as_images(x, level)
    else:
        images = x
        if product is transposed or groups > 1 or innermost(x) is level:
            images, groups = _side_by_side(x, level), level.size * groups
        weight = extend.leave_batch(weight, level)
        weight = weight.reshape(level.size * weight.shape[1], *weight.shape[2:])
    out = product(images, weight, None, windows, groups, *rest)
    if shared:
        out = out.reshape(level.size, count, *out.shape[1:])
    else:
        out = out.reshape(count, level.size, out.shape[1] // level.size, *out.shape[2:]).swapaxes(0, 1)
    return extend.enter_batch(out, level)


def _of_empty_batch(level: Any, product: Function, x: Any, y: Any, *args: Any) -> Any:
    """Return the result for a batch without elements, whose shape a product of zeros tells."""
    one = product(np.zeros(x.shape, x.dtype), np.zeros(y.shape, y.dtype), *args)
    return extend.enter_batch(np.zeros((0, *one.shape), one.dtype), level)


def _as_images(x: Any, level: Any) -> Any:
    """Return the images of all elements of a batch as those of one."""
    every = extend.leave_batch(x, level)
    return every.reshape(level.size * every.shape[1], *every.shape[2:])


def _side_by_side(x: Any, level: Any) -> Any:
    """Return the channels of all elements of a batch as those of one."""
    every = extend.leave_batch(x, level).swapaxes(0, 1)
    return every.reshape(len(every), level.size * every.shape[2], *every.shape[3:])


def _weights_of_batch(x: Any, y: Any, windows: Windows, groups: int) -> Any:
    """Return the weight of each element of a batch: those of one convolution with more groups."""
    level: Any = innermost(x, y)
    if not level.size:
        return _of_empty_batch(level, weight_product, x, y, windows, groups)
    if groups > 1 or innermost(x) is level:
        x, groups = _side_by_side(x, level), level.size * groups
    total = weight_product(x, _side_by_side(y, level), windows, groups)
    return extend.enter_batch(total.reshape(level.size, len(total) // level.size, *total.shape[1:]), level)


def _long_product(a: Any, b: Any) -> Any:
    """Return a @ b.mT for long rows; BLAS computes a small result three times faster in pieces."""
    groups, rows, length = a.shape
    pieces = length // 1024
    if groups != 1 or rows * b.shape[1] > 1024 or pieces < 4:
        return np.matmul(a, b.swapaxes(1, 2))
    cut = length // pieces * pieces
    left = a[0, :, :cut].reshape(rows, pieces, -1).swapaxes(0, 1)
    right = b[0, :, :cut].reshape(b.shape[1], pieces, -1).transpose(1, 2, 0)
    total = np.add.reduce(np.matmul(left, right))
    if cut < length:
        total += a[0, :, cut:] @ b[0, :, cut:].T
    return total[None]


def _weight_rule(g: Any, x: Any, windows: Windows, groups: int, saved: Saved) -> Any:
    """Use the columns that the forward pass left, if they are those of `x` and nothing has to be recorded.

    Where a batch shared the weight and has ended, the gradient is summed over it, by one product.
    """
    if len(saved) == 1 and not saved[0].active:
        return weight_product(_as_images(x, saved[0]), _as_images(g, saved[0]), windows, groups)
    if type(g) in ARRAY_TYPES and type(x) in ARRAY_TYPES and saved and is_copy(x, saved[0]):
        return _weight_product(x, g, windows, groups, saved)
    return weight_product(x, g, windows, groups)


def _bias_rule(g: Any) -> Any:
    """Sum over all axes except the channels; for arrays by a product with ones, which is faster than NumPy's sum."""
    rows = _by_channel(g, 1)[0] if type(g) in ARRAY_TYPES and g.dtype != np.float16 else None
    if rows is None or rows.shape[1] > MANY:
        return accurate_sum(g, (0, *range(2, g.ndim)))
    return rows.dot(_ones(rows.shape[1], g.dtype))


convolve: Function = general(
    _convolve,
    lambda g, weight, windows, groups: transposed(g, weight, None, windows, groups),
    _weight_rule,
    _bias_rule,
    name="convolution",
)
transposed: Function = general(
    _transposed,
    lambda g, weight, windows, groups: convolve(g, weight, None, windows, groups, Saved()),
    lambda g, y, windows, groups: weight_product(g, y, windows, groups),
    _bias_rule,
    name="transposed_convolution",
)
weight_product: Function = general(
    lambda x, y, windows, groups: _weight_product(x, y, windows, groups),
    lambda g, y, windows, groups: transposed(y, g, None, windows, groups),
    lambda g, x, windows, groups: convolve(x, g, None, windows, groups, Saved()),
    name="convolution_weights",
)
