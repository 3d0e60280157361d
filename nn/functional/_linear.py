"""The affine map of a linear layer, as one operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor, general
from autograd.extend import ARRAY_TYPES, accurate_sum, cached_arrays, innermost, levels

from .._arguments import TensorLike, example
from ._kernels.operands import as_operand


def _affine(x: Any, weight: Any, bias: Any = None) -> Any:
    """Return x @ weight.T + bias; for matrices `dot` equals ``@`` with half a microsecond less overhead."""
    if weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):  # else the rules would be wrong
        raise ValueError(
            f"weight has shape {weight.shape}{'' if bias is None else f' and bias {bias.shape}'}, but they should be "
            f"(out_features, in_features) and (out_features,)"
        )
    try:
        out = _product(x, weight.T) if type(x) in ARRAY_TYPES and type(weight) in ARRAY_TYPES else x @ weight.T
    except ValueError:
        wide, shape = np.shape(weight)[-1], np.shape(x)
        rows = ", and nn.Flatten() makes such rows" if math.prod(shape[1:]) == wide else ""
        if len(shape) == 1 and shape[0] > wide > 0 == shape[0] % wide:
            rows = f", and x.reshape(-1, {wide}) parts what was flattened: to keep n rows, use x.reshape(n, -1)"
        raise ValueError(
            f"an input of shape (..., {wide}) is expected, as weight is (out_features, in_features){rows}"
        ) from None
    if bias is None:
        return out
    if type(out) in ARRAY_TYPES and type(bias) in ARRAY_TYPES and out.dtype == bias.dtype:
        return np.add(out, bias, out)
    return out + bias


def _product(x: Any, matrix: Any) -> Any:
    """Return x @ matrix as one product: NumPy multiplies a stack of matrices one by one."""
    return x.dot(matrix) if x.ndim <= 2 else _rows(x).dot(matrix).reshape(*x.shape[:-1], matrix.shape[1])


def _rows(array: Any) -> Any:
    """Return `array` with all axes except the last merged into one."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _input_rule(g: Any, weight: Any) -> Any:
    return _product(g, weight) if type(g) in ARRAY_TYPES and type(weight) in ARRAY_TYPES else g @ weight


def _weight_rule(g: Any, x: Any, into: Any) -> Any:
    """Multiply in one way, whatever memory there is for the result: the transposed product has other bits."""
    if g.ndim != 2:
        g, x = _rows(g), _rows(x)
    if type(g) not in ARRAY_TYPES or type(x) not in ARRAY_TYPES:
        return (x.T @ g).T
    if into is None:
        return x.T.dot(g).T
    if into.T.flags.c_contiguous:
        x.T.dot(g, into.T)
    else:
        np.copyto(into, x.T.dot(g).T)
    return into


MANY = 2048  # the number of rows up to which BLAS adds them accurately enough


@cached_arrays(8)
def _ones(count: int, dtype: np.dtype[Any]) -> Any:
    ones = np.ones(count, dtype)
    ones.flags.writeable = False
    return ones


def _bias_rule(g: Any, into: Any) -> Any:
    """Sum over all axes except the last; for arrays by a product with ones: BLAS is faster than NumPy's sum."""
    if g.ndim != 2:
        g = _rows(g)
    if type(g) not in ARRAY_TYPES or g.shape[0] > MANY or g.dtype.char == "e":
        return accurate_sum(g, 0)
    ones = _ones(g.shape[0], g.dtype)
    return ones.dot(g, into) if into is None or into.flags.c_contiguous else ones.dot(g)


_linear = general(_affine, _input_rule, _weight_rule, _bias_rule, name="linear")


@example(
    "F.linear(np.array([1.0, 2.0]), np.array([[1.0, 1.0], [0.0, 3.0]]), np.array([10.0, 20.0]))", "array([13., 26.])"
)
def linear(x: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """Apply an affine map to the last axis of `x`: ``x @ weight.T + bias``.

    Parameters
    ----------
    x
        Shape ``(..., in_features)``.
    weight
        Shape ``(out_features, in_features)``.
    bias
        Shape ``(out_features,)``, or None.

    Returns
    -------
    Tensor
        Shape ``(..., out_features)``.

    Raises
    ------
    ShapeError
        If the last axes of `x` and `weight` differ in length, or `weight` or `bias` has another shape than above.
    """
    if levels() and _is_shared(x, weight, bias):
        return _product_of_batch(x, weight, bias)
    return _linear(x, weight, bias)


def _is_shared(x: Any, weight: Any, bias: Any) -> bool:
    """Tell whether all elements of a batch of `vmap` share a weight, and the shapes fit."""
    if innermost(x) is None or innermost(x) is innermost(weight) or not isinstance(weight, Tensor):
        return False
    return (
        weight.ndim == 2 and x.shape[-1:] == weight.shape[1:] and (bias is None or np.shape(bias) == weight.shape[:1])
    )


def _product_of_batch(x: Any, weight: Any, bias: Any) -> Any:
    """Return the same as a product, whose gradient by the weight is one for all elements of the batch."""
    out = x @ weight.T
    return out if bias is None else out + bias


@example("F.bilinear(np.array([1.0, 2.0]), np.array([3.0]), np.array([[[1.0], [1.0]]]))", "array([9.])")
def bilinear(input1: TensorLike, input2: TensorLike, weight: TensorLike, bias: TensorLike | None = None) -> Tensor:
    """Return a bilinear form of two inputs for each output o: ``x1 @ weight[o] @ x2 + bias[o]``.

    Parameters
    ----------
    input1, input2
        Shapes ``(..., in1_features)`` and ``(..., in2_features)``, equal except for the last axis.
    weight
        Shape ``(out_features, in1_features, in2_features)``.
    bias
        Shape ``(out_features,)``, or None.

    Returns
    -------
    Tensor
        Shape ``(..., out_features)``.

    Raises
    ------
    ShapeError
        If the shapes do not fit together.
    """
    input1, input2 = as_operand("bilinear", "input1", input1), as_operand("bilinear", "input2", input2)
    weight = as_operand("bilinear", "weight", weight)
    beside: Any = bias
    if (
        weight.ndim != 3
        or (bias is not None and np.shape(beside) != weight.shape[:1])
        or input1.shape[:-1] != input2.shape[:-1]
        or weight.shape[1:] != (*input1.shape[-1:], *input2.shape[-1:])
    ):
        raise ShapeError(
            f"bilinear has inputs of shapes {input1.shape} and {input2.shape}, a weight of shape {weight.shape} and a "
            f"bias of shape {np.shape(beside)}, but needs (..., in1_features), (..., in2_features), (out_features, "
            f"in1_features, in2_features) and (out_features,)"
        )
    outputs, first, second = weight.shape
    matrix = weight.transpose((1, 0, 2)).reshape((first, outputs * second))
    products = (input1 @ matrix).reshape((*input1.shape[:-1], outputs, second)) @ input2[..., None]
    out = products[..., 0]
    return out if bias is None else out + bias
