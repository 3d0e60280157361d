"""Activations made of straight pieces, as layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import functional
from ._arguments import Size
from ._elementwise import Elementwise
from .module import Module
from .parameter import Parameter

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


class ReLU6(Elementwise):
    """Each element limited to the range from 0 to 6; the derivative is 0 at both ends.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.relu6(x)


class Hardtanh(Elementwise):
    """Each element limited to a range; the derivative is 0 at its ends and beyond.

    Parameters
    ----------
    min_val
        The lower end.
    max_val
        The upper end.
    inplace
        Makes no difference: results are new arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Hardtanh(0, 2)(np.array([-1.0, 1.0, 3.0]))
    array([0., 1., 2.])
    """

    _shown_options = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.hardtanh(x, self.min_val, self.max_val)


class LeakyReLU(Elementwise):
    """Positive elements as they are, others times a slope.

    Parameters
    ----------
    negative_slope
        The derivative where x is not positive.
    inplace
        Makes no difference: results are new arrays.
    """

    _shown_options = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.leaky_relu(x, self.negative_slope)


class PReLU(Module):
    """Positive elements as they are, others times a slope that is learned.

    Parameters
    ----------
    num_parameters
        1 for a single slope, or the number of channels, on axis 1, for one each.
    init
        The slope at first.
    dtype
        Of the parameter; float32 by default.

    Attributes
    ----------
    weight
        The slopes, of shape ``(num_parameters,)``.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.PReLU(2)(np.float32([[-1, 4]]))
    Tensor([[-0.25,  4.  ]], dtype=float32, grad_fn=prelu)
    """

    _shown_options = ("num_parameters",)

    def __init__(self, num_parameters: Size = 1, init: float = 0.25, dtype: DTypeLike | None = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype)

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.prelu(x, self.weight)


class RReLU(Elementwise):
    """Positive elements as they are, others times a slope that is drawn for each while training.

    Parameters
    ----------
    lower
        The least slope.
    upper
        The greatest slope; in evaluation all are the middle of the two.
    inplace
        Makes no difference: results are new arrays.
    """

    _shown_options = ("lower", "upper")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.rrelu(x, self.lower, self.upper, self.training)


class Hardsigmoid(Elementwise):
    """x / 6 + 1/2, limited to the range from 0 to 1.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.hardsigmoid(x)


class Hardswish(Elementwise):
    """x times its `Hardsigmoid`.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.hardswish(x)


class Hardshrink(Module):
    """Elements as they are, but 0 for those from -lambd to lambd.

    Parameters
    ----------
    lambd
        What is not farther than this from 0 becomes 0.
    """

    _shown_options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.hardshrink(x, self.lambd)


class Softshrink(Module):
    """Each element nearer to 0 by lambd, and 0 for those from -lambd to lambd.

    Parameters
    ----------
    lambd
        How much nearer.
    """

    _shown_options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.softshrink(x, self.lambd)


class Threshold(Elementwise):
    """Elements above a threshold as they are, and a constant for the others.

    Parameters
    ----------
    threshold
        What is above it stays.
    value
        The constant.
    inplace
        Makes no difference: results are new arrays.
    """

    _shown_options = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.threshold(x, self.threshold, self.value)
