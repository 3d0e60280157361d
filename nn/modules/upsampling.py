"""Upsampling, pixel and channel shuffle, fold and unfold layers."""

from __future__ import annotations

from .. import functional
from .._arguments import Scale, Size, Spatial, example
from ._applied import Applied


@example(
    'nn.Upsample(scale_factor=2, mode="bilinear")(np.array([[[[0.0, 4.0]]]]))',
    "array([[[[0., 1., 3., 4.],\n         [0., 1., 3., 4.]]]])",
)
class Upsample(Applied, function=functional.interpolate):
    """Resample arrays ``(n, channels, *spatial)`` along their spatial axes, to a given size or by a factor."""

    _arguments = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")

    def __init__(
        self,
        size: Spatial | None = None,
        scale_factor: Scale | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def extra_repr(self) -> str:
        change = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        return f"{change}, mode={self.mode!r}"


@example(
    "nn.UpsamplingNearest2d(scale_factor=2)(np.array([[[[0.0, 4.0]]]]))",
    "array([[[[0., 0., 4., 4.],\n         [0., 0., 4., 4.]]]])",
)
class UpsamplingNearest2d(Upsample, function=functional.interpolate):
    """`Upsample` of images with ``mode="nearest"``."""

    def __init__(self, size: Spatial | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, "nearest")


@example("nn.UpsamplingBilinear2d((1, 3))(np.array([[[[0.0, 4.0]]]]))", "array([[[[0., 2., 4.]]]])")
class UpsamplingBilinear2d(Upsample, function=functional.interpolate):
    """`Upsample` of images with ``mode="bilinear"``, and with the centres of the corners aligned."""

    def __init__(self, size: Spatial | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


@example("nn.PixelShuffle(2)(np.zeros((1, 12, 5, 5))).shape", "(1, 3, 10, 10)")
class PixelShuffle(Applied, function=functional.pixel_shuffle):
    """Rearrange channels into pixels: ``(..., c * r * r, h, w)`` becomes ``(..., c, h * r, w * r)``.

    Parameters
    ----------
    upscale_factor
        The factor r.
    """

    def __init__(self, upscale_factor: Size) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor


@example("nn.PixelUnshuffle(2)(np.zeros((1, 3, 10, 10))).shape", "(1, 12, 5, 5)")
class PixelUnshuffle(Applied, function=functional.pixel_unshuffle):
    """Rearrange pixels into channels: ``(..., c, h * r, w * r)`` becomes ``(..., c * r * r, h, w)``.

    Parameters
    ----------
    downscale_factor
        The factor r.
    """

    def __init__(self, downscale_factor: Size) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor


@example("nn.ChannelShuffle(2)(np.arange(4.0).reshape(1, 4, 1)).ravel()", "array([0., 2., 1., 3.])")
class ChannelShuffle(Applied, function=functional.channel_shuffle):
    """Shuffle channels, so that a convolution in groups sees all groups of the one before.

    Inputs have the shape ``(n, channels, *spatial)``.
    """

    def __init__(self, groups: Size) -> None:
        super().__init__()
        self.groups = groups


@example("nn.Unfold(3)(np.zeros((2, 4, 5, 6))).shape", "(2, 36, 12)")
class Unfold(Applied, function=functional.unfold):
    """Extract the sliding windows of images ``(n, channels, height, width)`` as columns (im2col).

    The result has the shape ``(n, channels * prod(kernel_size), windows)``.
    """

    def __init__(self, kernel_size: Spatial, dilation: Spatial = 1, padding: Spatial = 0, stride: Spatial = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride


@example("nn.Fold((5, 6), 3)(np.zeros((2, 36, 12))).shape", "(2, 4, 5, 6)")
class Fold(Unfold, function=functional.fold):
    """Add up windows ``(n, channels * prod(kernel_size), windows)`` at their positions in images (col2im).

    The result has the shape ``(n, channels, *output_size)``.
    """

    def __init__(
        self,
        output_size: Spatial,
        kernel_size: Spatial,
        dilation: Spatial = 1,
        padding: Spatial = 0,
        stride: Spatial = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = output_size
