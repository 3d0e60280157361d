"""Padding layers: constants, reflections, repetitions and circles around the spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from autograd import Tensor

from .._arguments import TensorLike, example
from ..functional._kernels.operands import as_operand
from ..functional._kernels.sliding_windows import per_axis
from ..functional._padding import ANY_WIDTH, padded
from ._applied import ForAxes


class _Pad(ForAxes):
    """Base class of padding layers.

    Parameters
    ----------
    padding
        How many places to add before and after, or one number for all sides; negative widths cut off.
    """

    _shown_values: ClassVar[tuple[str, ...]] = ("padding",)
    mode: ClassVar[str]
    value: float = 0.0

    def __init_subclass__(cls, axes: int | None = None, **options: Any) -> None:
        arguments = "1, 9.0" if "value" in cls._shown_options else "1"
        super().__init_subclass__(axes=axes, example=(arguments, 6) if axes and axes > 1 else None, **options)

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        self.padding = per_axis(padding, 2 * self.axes, "padding", type(self).__name__, ANY_WIDTH)

    def forward(self, x: TensorLike) -> Tensor:
        """Map inputs of shape ``(n, channels, *spatial)``, or without n, to the same with other spatial lengths."""
        name = type(self).__name__
        pairs = [*zip(self.padding[::2], self.padding[1::2], strict=True)][::-1]
        return padded(name, as_operand(name, "the input", x), pairs, self.mode, self.value)


@example("nn.ConstantPad1d((1, 2), 9.0)(np.array([[1.0, 2.0, 3.0]]))", "array([[9., 1., 2., 3., 9., 9.]])")
class ConstantPad1d(_Pad, axes=1):
    """Pad sequences with constants.

    Parameters
    ----------
    padding
        How many places to add before and after, or one number for all sides; negative widths cut off.
    value
        What to pad with.
    """

    _shown_values: ClassVar[tuple[str, ...]] = ()
    _shown_options: ClassVar[tuple[str, ...]] = ("padding", "value")
    mode = "constant"

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value


class ConstantPad2d(ConstantPad1d, axes=2):
    """`ConstantPad1d` for images: the widths are ``(left, right, top, bottom)``, or one number for all."""


class ConstantPad3d(ConstantPad1d, axes=3):
    """`ConstantPad1d` for volumes: the widths are ``(left, right, top, bottom, front, back)``, or one for all."""


@example("nn.ZeroPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))", "array([[0., 1., 2., 3., 0., 0.]])")
class ZeroPad1d(ConstantPad1d):
    """Pad sequences with zeros.

    Parameters
    ----------
    padding
        How many places to add before and after, or one number for all sides; negative widths cut off.
    """

    _shown_values = ("padding",)
    _shown_options = ()

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__(padding, 0.0)


class ZeroPad2d(ZeroPad1d, axes=2):
    """`ZeroPad1d` for images: the widths are ``(left, right, top, bottom)``, or one number for all."""


class ZeroPad3d(ZeroPad1d, axes=3):
    """`ZeroPad1d` for volumes: the widths are ``(left, right, top, bottom, front, back)``, or one for all."""


@example("nn.ReflectionPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))", "array([[2., 1., 2., 3., 2., 1.]])")
class ReflectionPad1d(_Pad, axes=1):
    """Pad sequences with the elements on the other side of the outermost one, as in a mirror."""

    mode = "reflect"


class ReflectionPad2d(ReflectionPad1d, axes=2):
    """`ReflectionPad1d` for images: the widths are ``(left, right, top, bottom)``, or one number for all."""


class ReflectionPad3d(ReflectionPad1d, axes=3):
    """`ReflectionPad1d` for volumes: the widths are ``(left, right, top, bottom, front, back)``, or one for all."""


@example("nn.ReplicationPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))", "array([[1., 1., 2., 3., 3., 3.]])")
class ReplicationPad1d(_Pad, axes=1):
    """Pad sequences with the outermost elements."""

    mode = "replicate"


class ReplicationPad2d(ReplicationPad1d, axes=2):
    """`ReplicationPad1d` for images: the widths are ``(left, right, top, bottom)``, or one number for all."""


class ReplicationPad3d(ReplicationPad1d, axes=3):
    """`ReplicationPad1d` for volumes: the widths are ``(left, right, top, bottom, front, back)``, or one for all."""


@example("nn.CircularPad1d((1, 2))(np.array([[1.0, 2.0, 3.0]]))", "array([[3., 1., 2., 3., 1., 2.]])")
class CircularPad1d(_Pad, axes=1):
    """Pad sequences with the elements of the other end."""

    mode = "circular"


class CircularPad2d(CircularPad1d, axes=2):
    """`CircularPad1d` for images: the widths are ``(left, right, top, bottom)``, or one number for all."""


class CircularPad3d(CircularPad1d, axes=3):
    """`CircularPad1d` for volumes: the widths are ``(left, right, top, bottom, front, back)``, or one for all."""
