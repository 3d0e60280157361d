"""Pooling layers: maximum, average and adaptive."""

from __future__ import annotations

from typing import ClassVar

from .. import functional
from .._arguments import Spatial, example
from ._applied import Applied


class _MaxPool(Applied):
    """Base class of max pooling: its options."""

    _shown_options = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    _arguments = (*_shown_options, "return_indices")

    def __init__(
        self,
        kernel_size: Spatial,
        stride: Spatial | None = None,
        padding: Spatial = 0,
        dilation: Spatial = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode


class MaxPool1d(_MaxPool, function=functional.max_pool1d, example="2"):
    """Max pooling of sequences ``(n, channels, length)``: `MaxPool2d` with one spatial axis."""


@example("nn.MaxPool2d(2)(np.arange(16.0).reshape(1, 4, 4))", "array([[[ 5.,  7.],\n        [13., 15.]]])")
class MaxPool2d(_MaxPool, function=functional.max_pool2d):
    """Max pooling of images ``(n, channels, height, width)``: the largest element of each window.

    Equal elements share the gradient evenly.
    """


class MaxPool3d(_MaxPool, function=functional.max_pool3d, example="2"):
    """Max pooling of volumes ``(n, channels, depth, height, width)``: `MaxPool2d` with three spatial axes."""


class AvgPool1d(Applied, function=functional.avg_pool1d, example="2"):
    """Average pooling of sequences ``(n, channels, length)``: `AvgPool2d` with one spatial axis."""

    _shown_options = ("kernel_size", "stride", "padding")
    _arguments: ClassVar[tuple[str, ...]] = (*_shown_options, "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Spatial,
        stride: Spatial | None = None,
        padding: Spatial = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad


@example("nn.AvgPool2d(2)(np.arange(16.0).reshape(1, 4, 4))", "array([[[ 2.5,  4.5],\n        [10.5, 12.5]]])")
class AvgPool2d(AvgPool1d, function=functional.avg_pool2d):
    """Average pooling of images ``(n, channels, height, width)``: the mean of each window."""

    _arguments = (*AvgPool1d._arguments, "divisor_override")

    def __init__(
        self,
        kernel_size: Spatial,
        stride: Spatial | None = None,
        padding: Spatial = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(AvgPool2d, function=functional.avg_pool3d, example="2"):
    """Average pooling of volumes ``(n, channels, depth, height, width)``: `AvgPool2d` with three spatial axes."""


class AdaptiveAvgPool1d(Applied, function=functional.adaptive_avg_pool1d, example="2"):
    """Average pooling of sequences ``(n, channels, length)`` to a given length: see `AdaptiveAvgPool2d`."""

    def __init__(self, output_size: Spatial) -> None:
        super().__init__()
        self.output_size = output_size


@example("nn.AdaptiveAvgPool2d(1)(np.arange(16.0).reshape(1, 4, 4))", "array([[[7.5]]])")
class AdaptiveAvgPool2d(AdaptiveAvgPool1d, function=functional.adaptive_avg_pool2d):
    """Average pooling of images ``(n, channels, height, width)`` to a given size.

    The result is the mean of each part of a grid of that many rows and columns.
    """


class AdaptiveAvgPool3d(AdaptiveAvgPool1d, function=functional.adaptive_avg_pool3d, example="2"):
    """Average pooling of volumes ``(n, channels, depth, height, width)`` to a given size: see `AdaptiveAvgPool2d`."""


class AdaptiveMaxPool1d(AdaptiveAvgPool1d, function=functional.adaptive_max_pool1d, example="2"):
    """Max pooling of sequences ``(n, channels, length)`` to a given length: see `AdaptiveMaxPool2d`."""

    _arguments = ("output_size", "return_indices")

    def __init__(self, output_size: Spatial, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


@example("nn.AdaptiveMaxPool2d(1)(np.arange(16.0).reshape(1, 4, 4))", "array([[[15.]]])")
class AdaptiveMaxPool2d(AdaptiveMaxPool1d, function=functional.adaptive_max_pool2d):
    """Max pooling of images ``(n, channels, height, width)`` to a given size.

    The result is the largest element of each part of a grid of that many rows and columns.
    """


class AdaptiveMaxPool3d(AdaptiveMaxPool1d, function=functional.adaptive_max_pool3d, example="2"):
    """Max pooling of volumes ``(n, channels, depth, height, width)`` to a given size: see `AdaptiveMaxPool2d`."""


class LPPool1d(Applied, function=functional.lp_pool1d, example="2, 2"):
    """Pooling of sequences ``(n, channels, length)`` by the p-norm of each window: `LPPool2d` with one spatial axis."""

    def __init__(
        self, norm_type: float, kernel_size: Spatial, stride: Spatial | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode


@example("nn.LPPool2d(2, 2)(np.array([[[3.0, 4.0], [0.0, 0.0]]]))", "array([[[5.]]])")
class LPPool2d(LPPool1d, function=functional.lp_pool2d):
    """Pooling of images ``(n, channels, height, width)`` by the p-norm of each window, ``sum(x**p) ** (1/p)``."""


class LPPool3d(LPPool1d, function=functional.lp_pool3d, example="2, 2"):
    """Pooling of volumes ``(n, channels, depth, height, width)`` by the p-norm of each window: see `LPPool2d`."""
