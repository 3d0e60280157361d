"""Lazy layers, which learn the number of their inputs from the first one, and are ordinary layers after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal, NoReturn

from numpy.typing import DTypeLike

from autograd import BatchError, ShapeError
from autograd.extend import as_array, borrow, levels

from .._arguments import Size, TensorLike
from ..module import Module
from ..parameter import Parameter
from ..random import drawing_from
from .batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .linear import Linear


class UninitializedParameter:
    """What a lazy layer has in place of a parameter or a buffer before its first call."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __getattr__(self, name: str) -> NoReturn:
        if name[:2] == "__":  # Python asks for such names, as to copy this
            raise AttributeError(name)
        _refuse(self.what)

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        _refuse(self.what)

    def __repr__(self) -> str:
        return f"<{self.what}: not known before the first call>"


def _refuse(what: str) -> NoReturn:
    raise RuntimeError(
        f"{what} has no values before the first call: call the model once, with a batch, before it is given to an "
        f"optimizer, summarized, converted, saved or loaded"
    )


class _Lazy(Module):
    """Base class of lazy layers. At the first call, one becomes an object of its eager class, with all it has."""

    eager: ClassVar[Any]
    unknown: ClassVar[str]  # the first argument of the eager class
    axis: ClassVar[int]  # the axis of an input that tells it

    def __init_subclass__(cls, eager: type | None = None, axis: int = 0, **options: Any) -> None:
        super().__init_subclass__(**options)
        if eager is not None:
            cls.eager, cls.axis = eager, axis

    def _prepare(self, arguments: dict[str, Any], least: int = 1) -> None:
        """Note the arguments of the eager class, the ``locals()`` of the constructor, and make one of the least size.

        That checks them.
        """
        options = {name: value for name, value in arguments.items() if name != "self"}
        Module.__init__(self)  # not that of the eager class, which makes parameters
        with drawing_from((0,)):
            small = self.eager(least, **options)
        name = type(self).__name__
        for key, value in vars(small).items():
            held = isinstance(value, Parameter) or (key in small._buffers and value is not None)
            setattr(self, key, UninitializedParameter(f"{key!r} of {name}") if held else value)
        setattr(self, self.unknown, 0)
        self._options = options

    def forward(self, x: TensorLike, *args: Any, **kwargs: Any) -> Any:
        """Make parameters for inputs like `x`, and compute the output, as the eager layer does from now on."""
        if levels():
            raise BatchError(
                f"{type(self).__name__} makes its parameters at its first call, which cannot be within vmap: call the "
                f"model once before"
            )
        shape = as_array(borrow(x)).shape
        if not -len(shape) <= self.axis < len(shape):
            raise ShapeError(f"{type(self).__name__} learns {self.unknown} from its input, but not of shape {shape}")
        made = self.eager(shape[self.axis], **self._options).train(self.training)
        out = made(x, *args, **kwargs)  # which raises if the input does not fit; then nothing has changed
        self.__class__ = self.eager
        del self._options
        made._buffers |= self._buffers
        self.__dict__.update(vars(made))
        return out

    def __getstate__(self) -> tuple[dict[str, Any], dict[str, str]]:
        known = {name: value for name, value in vars(self).items() if not isinstance(value, UninitializedParameter)}
        return known, {name: value.what for name, value in vars(self).items() if name not in known}

    def __setstate__(self, state: tuple[dict[str, Any], dict[str, str]]) -> None:
        known, unknown = state
        self.__dict__.update(known, **{name: UninitializedParameter(what) for name, what in unknown.items()})

    def _members(self, kind: type) -> Iterator[tuple[str, Any]]:
        if kind is Parameter:
            _refuse(repr(self))
        return super()._members(kind)


class LazyLinear(_Lazy, Linear, eager=Linear, axis=-1):
    """`Linear` that learns `in_features` from its first input, and is a `Linear` after it.

    Before the first call there are no parameters: what needs them, such as an optimizer, a summary or a state, raises.
    `compile` cannot record that call. Layers with the name ``Lazy...`` have the arguments of the eager ones without the
    first.

    Parameters
    ----------
    out_features, bias, dtype
        As for `Linear`.

    Raises
    ------
    RuntimeError
        If its parameters are asked for before its first call.
    BatchError
        If its first call is within `vmap`.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Sequential(nn.LazyConv2d(4, kernel_size=3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    >>> model[3]
    LazyLinear(in_features=0, out_features=10, bias=True)
    >>> model(np.zeros((2, 1, 6, 6), np.float32)).shape
    (2, 10)
    >>> model[3]
    Linear(in_features=64, out_features=10, bias=True)
    """

    unknown = "in_features"

    def __init__(self, out_features: Size, bias: bool = True, dtype: DTypeLike | None = None) -> None:
        self._prepare(locals())


class _LazyConvolution(_Lazy):
    """A convolution that learns its `in_channels`."""

    unknown = "in_channels"

    def __init__(
        self,
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
        self._prepare(locals(), groups)


class LazyConv1d(_LazyConvolution, Conv1d, eager=Conv1d, axis=-2):
    """`Conv1d` that learns `in_channels` from its first input, and is a `Conv1d` after it: see `LazyLinear`."""


class LazyConv2d(_LazyConvolution, Conv2d, eager=Conv2d, axis=-3):
    """`Conv2d` that learns `in_channels` from its first input, and is a `Conv2d` after it: see `LazyLinear`."""


class LazyConv3d(_LazyConvolution, Conv3d, eager=Conv3d, axis=-4):
    """`Conv3d` that learns `in_channels` from its first input, and is a `Conv3d` after it: see `LazyLinear`."""


class _LazyTransposedConvolution(_Lazy):
    """A transposed convolution that learns its `in_channels`."""

    unknown = "in_channels"

    def __init__(
        self,
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
        self._prepare(locals(), groups)


class LazyConvTranspose1d(_LazyTransposedConvolution, ConvTranspose1d, eager=ConvTranspose1d, axis=-2):
    """`ConvTranspose1d` that learns `in_channels` from its first input: see `LazyLinear`."""


class LazyConvTranspose2d(_LazyTransposedConvolution, ConvTranspose2d, eager=ConvTranspose2d, axis=-3):
    """`ConvTranspose2d` that learns `in_channels` from its first input: see `LazyLinear`."""


class LazyConvTranspose3d(_LazyTransposedConvolution, ConvTranspose3d, eager=ConvTranspose3d, axis=-4):
    """`ConvTranspose3d` that learns `in_channels` from its first input: see `LazyLinear`."""


class _LazyNorm(_Lazy):
    """Batch or instance normalization that learns its `num_features`; both have all options on, as in PyTorch."""

    unknown = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        self._prepare(locals())


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d, eager=BatchNorm1d, axis=1):
    """`BatchNorm1d` that learns `num_features` from its first input: see `LazyLinear`."""


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d, eager=BatchNorm2d, axis=1):
    """`BatchNorm2d` that learns `num_features` from its first input: see `LazyLinear`."""


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d, eager=BatchNorm3d, axis=1):
    """`BatchNorm3d` that learns `num_features` from its first input: see `LazyLinear`."""


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d, eager=InstanceNorm1d, axis=-2):
    """`InstanceNorm1d` that learns `num_features` from its first input: see `LazyLinear`.

    As in PyTorch, `affine` and `track_running_stats` are on by default, which those of `InstanceNorm1d` are not.
    """


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d, eager=InstanceNorm2d, axis=-3):
    """`InstanceNorm2d` that learns `num_features` from its first input: see `LazyInstanceNorm1d`."""


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d, eager=InstanceNorm3d, axis=-4):
    """`InstanceNorm3d` that learns `num_features` from its first input: see `LazyInstanceNorm1d`."""
