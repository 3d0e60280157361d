"""Convolution layers, and transposed convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor

from .. import functional, init
from .._arguments import Size, TensorLike
from ..functional._conv import paddings
from ..functional._kernels.sliding_windows import per_axis, spatial_operand
from ..functional._padding import padded
from ..parameter import Parameter
from ._applied import ForAxes

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Kernels(ForAxes):
    """Base class of convolutions and their transposes: options, a weight and a bias."""

    transpose: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None
    padding: Any

    def __init__(
        self,
        in_channels: Size,
        out_channels: Size,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int],
        padding: int | Sequence[int] | str,
        dilation: int | Sequence[int],
        groups: Size,
        bias: bool,
        dtype: DTypeLike | None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if in_channels % groups or out_channels % groups:
            raise ValueError(f"{name}: groups={groups} does not divide the channels, {in_channels} and {out_channels}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(kernel_size, self.axes, "kernel_size", name, 1)
        self.stride = per_axis(stride, self.axes, "stride", name, 1)
        self.dilation = per_axis(dilation, self.axes, "dilation", name, 1)
        paddings(name, self.axes, padding, self.kernel_size, self.stride, self.dilation)
        self.padding = padding if isinstance(padding, str) else per_axis(padding, self.axes, "padding", name)
        first, second = (in_channels, out_channels) if self.transpose else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight = Parameter(np.zeros(shape, np.float32), dtype=dtype)
        self.bias = Parameter(np.zeros(out_channels, np.float32), dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for the parameters from the generator that `nn.manual_seed` seeds."""
        init.draw_within(math.prod(self.weight.shape[1:]), self.weight, self.bias)

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        none, ones = (0,) * self.axes, (1,) * self.axes
        defaults: dict[str, Any] = {"padding": none, "dilation": ones, "output_padding": none}
        defaults |= {"groups": 1, "bias": True, "padding_mode": "zeros"}
        values = {**self.__dict__, "bias": self.bias is not None}
        return shown + "".join(f", {name}={values[name]}" for name, d in defaults.items() if values.get(name, d) != d)


class _Convolution(_Kernels):
    """A convolution with `axes` spatial axes and any padding mode."""

    def __init__(
        self,
        in_channels: Size,
        out_channels: Size,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | Literal["valid", "same"] = 0,
        dilation: int | Sequence[int] = 1,
        groups: Size = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, dtype)
        if padding_mode not in _PADDING_MODES:
            modes = ", ".join(_PADDING_MODES)
            raise ValueError(f"{type(self).__name__}: padding_mode should be one of {modes}, not {padding_mode!r}")
        self.padding_mode = padding_mode

    def forward(self, x: TensorLike) -> Tensor:
        """Map inputs of shape ``(n, in_channels, *spatial)`` to shape ``(n, out_channels, *spatial)``."""
        convolve = getattr(functional, f"conv{self.axes}d")
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            x, padding = self._padded(x), 0
        return convolve(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _padded(self, x: Any) -> Any:
        name = type(self).__name__
        x = spatial_operand(name, self.axes, x)
        low, high = paddings(name, self.axes, self.padding, self.kernel_size, self.stride, self.dilation)
        return padded(name, x, [*zip(low, high, strict=True)], self.padding_mode)


class Conv1d(_Convolution, axes=1, example=("2, 2, 3", 2)):
    """Convolution of sequences with trained kernels: `Conv2d` with one spatial axis."""


class Conv2d(_Convolution, axes=2):
    """Convolution of images with trained kernels, a correlation; see `functional.conv2d` for the formula.

    Parameters
    ----------
    in_channels, out_channels
        The number of channels of the input and of the output.
    kernel_size
        The lengths of the kernels: an integer, or one for each spatial axis.
    stride, padding, dilation, groups
        As for `functional.conv2d`.
    bias
        Whether to add a trained bias to each output channel.
    padding_mode
        The padding around the input: ``"zeros"``, ``"reflect"`` (mirrored, without the border itself), ``"replicate"``
        (the border repeated), or ``"circular"`` (wrapped around from the other side).
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(out_channels, in_channels / groups, *kernel_size)``, drawn uniformly from ±1 / sqrt(number of input
        elements of each output), as is the bias.
    bias
        Shape ``(out_channels,)``, or None.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> layer = nn.Conv2d(3, 16, kernel_size=3, padding=1)
    >>> layer
    Conv2d(3, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    >>> layer(np.zeros((32, 3, 28, 28), np.float32)).shape
    (32, 16, 28, 28)
    """


class Conv3d(_Convolution, axes=3, example=("2, 2, 3", 2)):
    """Convolution of volumes with trained kernels: `Conv2d` with three spatial axes."""


class _TransposedConvolution(_Kernels):
    """A transposed convolution with `axes` spatial axes."""

    transpose = True

    def __init__(
        self,
        in_channels: Size,
        out_channels: Size,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: Size = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        dtype: DTypeLike | None = None,
    ) -> None:
        name = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f'{name}: padding_mode can only be "zeros", not {padding_mode!r}')
        padding = per_axis(padding, self.axes, "padding", name)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, dtype)
        self.output_padding = per_axis(output_padding, self.axes, "output_padding", name)
        self.padding_mode = padding_mode

    def forward(self, x: TensorLike, output_size: Sequence[int] | None = None) -> Tensor:
        """Map inputs of shape ``(n, in_channels, *spatial)`` to shape ``(n, out_channels, *spatial)``.

        Parameters
        ----------
        x
            Or ``(in_channels, *spatial)``.
        output_size
            The spatial shape of the output, instead of `output_padding`: at least the shape without output padding, and
            larger by less than a stride.
        """
        extra = self.output_padding if output_size is None else self._extra(x, output_size)
        transposed = getattr(functional, f"conv_transpose{self.axes}d")
        return transposed(x, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, x: Any, output_size: Any) -> tuple[int, ...]:
        """Return the output padding that gives the output the shape `output_size`."""
        name = type(self).__name__
        count = spatial_operand(name, self.axes, x).shape[-self.axes :]
        size = per_axis(tuple(output_size)[-self.axes :], self.axes, "output_size", name, 1)
        options = zip(count, self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        least = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in options)
        extra = tuple(wanted - n for wanted, n in zip(size, least, strict=True))
        if any(not 0 <= e < s for e, s in zip(extra, self.stride, strict=True)):
            most = tuple(n + s - 1 for n, s in zip(least, self.stride, strict=True))
            raise ShapeError(
                f"{name}: output_size should be from {least} to {most} for the input of shape {x.shape}, not {size}"
            )
        return extra


class ConvTranspose1d(_TransposedConvolution, axes=1, example=("2, 2, 2, 2", 8)):
    """Transposed convolution of sequences: `ConvTranspose2d` with one spatial axis."""


class ConvTranspose2d(_TransposedConvolution, axes=2):
    """Transposed convolution of images: sum trained kernels, each times an element of the input.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, bias, dtype
        As for `Conv2d`.
    stride, padding, output_padding, groups, dilation
        As for `functional.conv_transpose2d`, which has the formula.
    padding_mode
        Only ``"zeros"``.

    Attributes
    ----------
    weight
        Shape ``(in_channels, out_channels / groups, *kernel_size)``, drawn uniformly from ±1 / sqrt(product of all of
        these but the first), as is the bias.
    bias
        Shape ``(out_channels,)``, or None.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> layer = nn.ConvTranspose2d(16, 3, kernel_size=4, stride=2, padding=1)
    >>> layer
    ConvTranspose2d(16, 3, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))
    >>> layer(np.zeros((32, 16, 14, 14), np.float32)).shape
    (32, 3, 28, 28)
    """


class ConvTranspose3d(_TransposedConvolution, axes=3, example=("2, 2, 2, 2", 8)):
    """Transposed convolution of volumes: `ConvTranspose2d` with three spatial axes."""
