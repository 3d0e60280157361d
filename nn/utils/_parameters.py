"""Gradient clipping, and parameters as one vector."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import borrow, mark_written, outside

from .._arguments import example
from .._warnings import TrainingWarning, message, warn

Array = np.ndarray[Any, Any]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Clip the gradient norm: scale all gradients by one factor, so that their total norm is at most `max_norm`.

    The factor is ``max_norm / (norm + 1e-6)``, but at most 1. Parameters without a gradient are ignored.
    Scaled gradients are new arrays: references to the earlier ones see no change.

    Parameters
    ----------
    parameters
        The parameters, or a single one.
    max_norm
        The largest norm allowed.
    norm_type
        The order p of the norm ``(abs(g)**p).sum()**(1/p)``, above 0; ``inf`` for the largest element.
    error_if_nonfinite
        Whether a norm of inf or nan is an error. Otherwise such gradients become 0 and nan.

    Returns
    -------
    Tensor
        The total norm before clipping, of shape ``()``.

    Raises
    ------
    RuntimeError
        If the norm is inf or nan and `error_if_nonfinite`.
    ValueError
        If `max_norm` is negative, or `norm_type` is not the order of a norm.

    References
    ----------
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.

    Examples
    --------
    >>> import nn
    >>> w = nn.Parameter([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0)
    Tensor(10., dtype=float32)
    >>> w.grad.data.round(3)
    array([0.6, 0.8], dtype=float32)
    """
    if not max_norm >= 0:
        raise ValueError(f"max_norm should be 0 or more, not {max_norm}")
    return Tensor(outside(_clip_norm, _listed(parameters), max_norm, norm_type, error_if_nonfinite))


def _clip_norm(parameters: list[Tensor], max_norm: float, norm_type: float, error_if_nonfinite: bool) -> Array:
    with_gradient = _with_gradient(parameters)
    if parameters and not with_gradient:
        warn(message("step without gradient"), TrainingWarning)
    norm = borrow(get_total_norm([parameter.grad for parameter in with_gradient], norm_type, error_if_nonfinite))
    factor = max_norm / (float(norm) + 1e-6)
    if not factor >= 1:
        for parameter in with_gradient:
            parameter.grad = borrow(parameter.grad) * factor
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Clip each element of the gradients to the range from ``-clip_value`` to `clip_value`.

    Clipped gradients are new arrays: references to the earlier ones see no change.

    Examples
    --------
    >>> import nn
    >>> w = nn.Parameter([3.0, 0.25])
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    Tensor([1. , 0.5], dtype=float32)
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_value should be 0 or more, not {clip_value}")
    for parameter in _with_gradient(parameters):
        parameter.grad = np.clip(borrow(parameter.grad), -clip_value, clip_value)


@example("nn.utils.get_total_norm([np.array([3.0]), np.array([[0.0, 4.0]])])", "Tensor(5.)")
def get_total_norm(
    tensors: Tensor | Array | Iterable[Tensor | Array], norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Return the norm of all elements of several tensors together, of shape ``()``.

    It does not overflow or underflow where the squares of the elements would.

    Parameters
    ----------
    tensors
        Tensors or ndarrays, or a single one.
    norm_type
        The order of the norm, above 0: see `clip_grad_norm_`.
    error_if_nonfinite
        Whether a norm of inf or nan is an error.
    """
    order = float(norm_type)
    if not order > 0:
        raise ValueError(f"norm_type should be above 0, not {norm_type}")
    listed = [tensors] if isinstance(tensors, Tensor | np.ndarray) else tensors
    arrays: list[Array] = [borrow(tensor) for tensor in listed]
    with np.errstate(all="ignore"):
        total = _norm(np.array([_norm(array, order) for array in arrays]), order)
        # beyond the range of the dtype it is inf
        norm = np.asarray(total, np.result_type(*arrays) if arrays else np.float32)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(
            f"the norm of order {order:g} of all gradients is {total}: there are gradients that are inf or nan, or too "
            f"large. autograd.detect_anomaly() finds the operation that they come from"
        )
    return Tensor(norm)


def _norm(array: Array, order: float) -> float:
    """Return the norm of the elements of an array; 0 for an empty one."""
    if order == 2 and array.dtype.itemsize > 2:
        row = array.ravel(order="K")
        square, limits = float(row @ row), np.finfo(row.dtype)
        if limits.tiny / limits.eps < square < math.inf:
            return math.sqrt(square)
    largest = float(np.abs(array).max(initial=0))
    if order == math.inf or largest == 0 or not math.isfinite(largest):
        return largest
    # elements of at most 1 have powers that do not overflow
    parts = np.abs(array.astype(np.float64) / largest)
    return float(largest * np.power(parts, order).sum() ** (1 / order))


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [parameter for parameter in _listed(parameters) if parameter.grad is not None]


def _listed(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if hasattr(parameters, "named_parameters"):
        raise TypeError(f"parameters are tensors, not a {type(parameters).__name__}: pass model.parameters()")
    return [parameters] if isinstance(parameters, Tensor) else list(parameters)


@example(
    "nn.utils.parameters_to_vector([nn.Parameter([[1.0, 2.0]]), nn.Parameter(3.0)]).data",
    "array([1., 2., 3.], dtype=float32)",
)
def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Flatten all parameters into one vector, of shape ``(n,)``; gradients flow back to each of them."""
    rows = [parameter.reshape(-1) for parameter in parameters]
    if not rows:
        raise ValueError("there are no parameters to make a vector of: was an iterator used up?")
    vector: Tensor = np.concatenate(rows)  # type: ignore[assignment]
    return vector


def vector_to_parameters(vec: ArrayLike | Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the elements of a vector into parameters, in the order of `parameters_to_vector`.

    The arrays of the parameters stay the same objects.

    Raises
    ------
    ShapeError
        If `vec` is not a vector with as many elements as all parameters together; then nothing is copied.
    DtypeError
        If its elements are not real floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> w = nn.Parameter(np.zeros((2, 2)))
    >>> nn.utils.vector_to_parameters(np.arange(4.0), [w])
    >>> w
    Parameter([[0., 1.],
               [2., 3.]], dtype=float32, requires_grad=True)
    """
    array = np.asarray(borrow(vec))
    listed = list(parameters)
    size = sum(parameter.size for parameter in listed)
    if array.shape != (size,):
        raise ShapeError(f"a vector for these parameters has shape ({size},), not {array.shape}")
    if array.dtype.kind != "f":
        raise DtypeError(f"a vector for parameters holds floating-point numbers, not {array.dtype}")
    start = 0
    for parameter in listed:
        parameter.data[...] = array[start : start + parameter.size].reshape(parameter.shape)
        mark_written(parameter.data)
        start += parameter.size
