"""Max unpooling layers: the partial inverse of max pooling."""

from __future__ import annotations

from collections.abc import Sequence

from autograd import Tensor

from .. import functional
from .._arguments import Spatial, TensorLike, example
from ..functional._kernels.sliding_windows import per_axis
from ._applied import ForAxes


class _MaxUnpool(ForAxes):
    """Base class of max unpooling layers, with the options of the pooling that they undo."""

    _shown_options = ("kernel_size", "stride", "padding")

    def __init__(self, kernel_size: Spatial, stride: Spatial | None = None, padding: Spatial = 0) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self.axes, "kernel_size", name, 1)
        self.stride = self.kernel_size if stride is None else per_axis(stride, self.axes, "stride", name, 1)
        self.padding = per_axis(padding, self.axes, "padding", name)

    def forward(self, x: TensorLike, indices: TensorLike, output_size: Sequence[int] | None = None) -> Tensor:
        """Return an array of shape ``(n, channels, *spatial)``; with `output_size` of this spatial or whole shape."""
        unpool = getattr(functional, f"max_unpool{self.axes}d")
        return unpool(x, indices, self.kernel_size, self.stride, self.padding, output_size)


@example(
    "nn.MaxUnpool1d(2)(*nn.MaxPool1d(2, return_indices=True)(np.array([[3.0, 1.0, 2.0, 5.0]])))",
    "array([[3., 0., 0., 5.]])",
)
class MaxUnpool1d(_MaxUnpool, axes=1):
    """Put maxima of sequences ``(n, channels, length)`` back to where `MaxPool1d` found them: see `MaxUnpool2d`."""


@example("nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(np.ones((1, 2, 4, 4)))).sum()", "np.float64(8.0)")
class MaxUnpool2d(_MaxUnpool, axes=2):
    """Put maxima of images ``(n, channels, height, width)`` back to where `MaxPool2d` found them.

    See `functional.max_unpool2d`.

    Parameters
    ----------
    kernel_size, stride, padding
        As for the pooling.
    """


@example("nn.MaxUnpool3d(2)(*nn.MaxPool3d(2, return_indices=True)(np.ones((1, 2, 4, 4, 4)))).sum()", "np.float64(16.0)")
class MaxUnpool3d(_MaxUnpool, axes=3):
    """Put maxima of volumes, ``(n, channels, *spatial)``, back to where `MaxPool3d` found them: see `MaxUnpool2d`."""
