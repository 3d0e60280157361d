"""Piecewise activations, such as `leaky_relu` and `hardtanh`: each defines its derivative at its kinks."""

from __future__ import annotations

import numpy as np

from autograd import ShapeError, Tensor, elementwise
from autograd.extend import select

from .._arguments import TensorLike, example
from ..random import draw
from ._activation import relu
from ._kernels.operands import as_operand, as_real, overwritten

_between = elementwise(
    lambda x, low, high: np.clip(x, low, high),
    lambda g, out, low, high: select((out > low) & (out < high), g, 0),
    name="hardtanh",
)
_leaky = elementwise(
    lambda x, slope: select(x > 0, x, x * slope),
    lambda g, x, slope: select(x > 0, g, g * slope),
    name="leaky_relu",
)
_parametric = elementwise(
    lambda x, weight: select(x > 0, x, x * weight),
    lambda g, x, weight: select(x > 0, g, g * weight),
    lambda g, x: select(x > 0, 0, g * x),
    name="prelu",
)
_hardswish = elementwise(
    lambda x: np.maximum(x, -4) * (np.clip(x, -3, 3) / 6 + 0.5),  # infinity times 0 would be nan
    lambda g, x: g * select(x <= -3, 0, select(x >= 3, 1, x / 3 + 0.5)),
    name="hardswish",
)
_hardshrink = elementwise(
    lambda x, lambd: select((x >= -lambd) & (x <= lambd), 0, x),
    lambda g, x, lambd: select((x >= -lambd) & (x <= lambd), 0, g),
    name="hardshrink",
)
_threshold = elementwise(
    lambda x, threshold, value: select(x <= threshold, value, x),
    lambda g, x, threshold: select(x <= threshold, 0, g),
    name="threshold",
)


@example("F.hardtanh(np.array([-2.0, 0.5, 3.0]))", "array([-1. ,  0.5,  1. ])", like=relu)
def hardtanh(input: TensorLike, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Limit each element to a range; the derivative is 1 within it and 0 at its ends and beyond.

    Parameters
    ----------
    min_val, max_val
        The ends of the range.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh has min_val={min_val} above max_val={max_val}")
    return overwritten(input, _between(as_real("hardtanh", "input", input), min_val, max_val), inplace)


@example("F.relu6(np.array([-2.0, 0.5, 8.0]))", "array([0. , 0.5, 6. ])", like=relu)
def relu6(input: TensorLike, inplace: bool = False) -> Tensor:
    """Limit each element to the range from 0 to 6: `hardtanh` with these ends."""
    return overwritten(input, _between(as_real("relu6", "input", input), 0, 6), inplace)


@example("F.leaky_relu(np.array([-100.0, 2.0]))", "array([-1.,  2.])", like=relu)
def leaky_relu(input: TensorLike, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Return positive elements unchanged, and the others times a slope, which is also the derivative at 0.

    Parameters
    ----------
    negative_slope
        The derivative where x is not positive.
    """
    input = as_real("leaky_relu", "input", input)
    return overwritten(input, _leaky(input, negative_slope) if negative_slope else relu(input), inplace)


@example("F.prelu(np.array([[-1.0, -1.0]]), np.array([0.25, 0.5]))", "array([[-0.25, -0.5 ]])")
def prelu(input: TensorLike, weight: TensorLike) -> Tensor:
    """Return positive elements unchanged, and the others times a learned slope: one in all or one for each channel.

    Parameters
    ----------
    input
        Shape ``(n, channels, ...)``, or any for a single slope.
    weight
        Shape ``(1,)`` or ``(channels,)``.

    Raises
    ------
    ShapeError
        If `weight` holds neither one slope nor one for each channel.

    References
    ----------
    He et al., "Delving Deep into Rectifiers", ICCV 2015.
    """
    input, weight = as_real("prelu", "input", input), as_operand("prelu", "weight", weight)
    if weight.shape not in ((), (1,)):
        if input.ndim < 2 or weight.shape != input.shape[1:2]:
            raise ShapeError(
                f"prelu of an input of shape {input.shape} needs a weight of shape (1,), or (channels,) for the "
                f"channels on axis 1, not {weight.shape}"
            )
        if input.ndim > 2:
            weight = weight.reshape((-1, *[1] * (input.ndim - 2)))
    elif not input.ndim:
        weight = weight.reshape(())
    return _parametric(input, weight)


@example("F.rrelu(np.array([-1.0, 2.0]), lower=0.25, upper=0.75)", "array([-0.5,  2. ])", like=relu)
def rrelu(
    input: TensorLike,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Return positive elements unchanged, and the others times a slope, drawn at random for each when training.

    Parameters
    ----------
    lower, upper
        The range from which slopes are drawn uniformly; without `training` all are its middle.
    training
        Whether to draw slopes.
    generator
        The random generator; by default the one that `nn.manual_seed` seeds.

    References
    ----------
    Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network", arXiv:1505.00853 (2015).
    """
    if lower > upper:
        raise ValueError(f"rrelu has lower={lower} above upper={upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    input = as_real("rrelu", "input", input)
    slopes = draw(lambda generator, shape: generator.uniform(lower, upper, shape), input.shape, generator)
    return overwritten(input, _leaky(input, slopes.astype(input.dtype)), inplace)


@example("F.hardsigmoid(np.array([-5.0, 0.0, 3.0]))", "array([0. , 0.5, 1. ])", like=relu)
def hardsigmoid(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return x / 6 + 1/2, limited to the range from 0 to 1; the derivative is 0 at -3, 3 and beyond."""
    return overwritten(input, _between(as_real("hardsigmoid", "input", input), -3, 3) / 6 + 0.5, inplace)


@example("F.hardswish(np.array([-5.0, 1.5, 4.0]))", "array([-0.   ,  1.125,  4.   ])", like=relu)
def hardswish(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return x times its `hardsigmoid`; the derivative is 0 at -3 and 1 at 3.

    References
    ----------
    Howard et al., "Searching for MobileNetV3", ICCV 2019.
    """
    return overwritten(input, _hardswish(as_real("hardswish", "input", input)), inplace)


@example("F.hardshrink(np.array([-1.0, 0.5, 0.75]))", "array([-1.  ,  0.  ,  0.75])")
def hardshrink(input: TensorLike, lambd: float = 0.5) -> Tensor:
    """Set elements from -lambd to lambd to 0, with derivative 0, and return the others unchanged."""
    return _hardshrink(as_real("hardshrink", "input", input), lambd)


@example("F.softshrink(np.array([-1.0, 0.25, 0.75]))", "array([-0.5 ,  0.  ,  0.25])")
def softshrink(input: TensorLike, lambd: float = 0.5) -> Tensor:
    """Move each element towards 0 by lambd; those from -lambd to lambd become 0, with derivative 0."""
    if not lambd >= 0:
        raise ValueError(f"softshrink needs a lambd of at least 0, not {lambd}")
    input = as_real("softshrink", "input", input)
    return input - np.clip(input, -lambd, lambd)


@example("F.threshold(np.array([0.5, 1.0, 2.0]), 1.0, -7.0)", "array([-7., -7.,  2.])", like=relu)
def threshold(input: TensorLike, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Return elements above a threshold unchanged, and a constant for the others.

    Parameters
    ----------
    threshold
        Elements up to and including it have derivative 0.
    value
        The constant.
    """
    return overwritten(input, _threshold(as_real("threshold", "input", input), threshold, value), inplace)
