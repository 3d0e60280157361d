"""SciPy's special functions that are written in Python, for tensors.

The ufuncs of `scipy.special`, such as ``erf`` and ``gammaln``, accept tensors directly. The few functions here convert
their arguments to ndarrays in SciPy, which would cut a tensor from its graph. This module has the same functions under
the same names and with the same arguments; given ndarrays, they return ndarrays.

Importing this module imports SciPy, which the rest of the library does not need.
"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np
from scipy import special
from scipy.special import _ufuncs

from .ops.reduce import logsumexp as _logsumexp
from .ops.special.gamma import polygamma as _polygamma
from .tensors.tensor import Axis, Tensor, TensorLike, plain_array, unwrap
from .tensors.types import ArrayLike

__all__ = ["log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax", "zeta"]

LARGEST = 700.0  # its exponential is still finite


@overload
def logsumexp(
    a: TensorLike,
    axis: Axis = None,
    b: TensorLike | None = None,
    keepdims: bool = False,
    return_sign: Literal[False] = False,
) -> Tensor: ...
@overload
def logsumexp(
    a: TensorLike, axis: Axis = None, b: TensorLike | None = None, keepdims: bool = False, *, return_sign: Literal[True]
) -> tuple[Tensor, Tensor]: ...
def logsumexp(
    a: TensorLike, axis: Axis = None, b: TensorLike | None = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """Return log(sum(b * exp(a))) along `axis`, without overflow.

    Parameters
    ----------
    a
        Exponents, of any shape.
    axis
        The axis or axes to sum over; by default all.
    b
        Factors, which broadcast with `a`; they may be negative or 0, and may require a gradient too.
    keepdims
        Leave length 1 on the axes that were summed over.
    return_sign
        Return the logarithm of the absolute value of the sum, and the sign of the sum, which has no gradient. If
        False, the result is nan where the sum is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import special, tensor
    >>> a = tensor([1000.0, 1000.0], requires_grad=True)
    >>> y = special.logsumexp(a, b=np.array([3.0, -1.0]))
    >>> y.backward()
    >>> a.grad
    Tensor([ 1.5, -0.5])
    """
    if b is None and not return_sign:
        return _logsumexp(a, axis, keepdims)
    a, factor = _array(a), _array(1.0 if b is None else b)
    exponents, factors = np.broadcast_arrays(unwrap(a), unwrap(factor))
    top = np.max(exponents, axis, keepdims=True, initial=-np.inf, where=factors != 0)
    top = np.where(np.isfinite(top), top, 0).astype(np.result_type(exponents, np.float32))
    # A factor of 0 gives 0 for any exponential, even one that would overflow.
    shifted = np.where(factors == 0, np.minimum(a - top, LARGEST), a - top)
    total = np.sum(factor * np.exp(shifted), axis, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.log(np.abs(total) if return_sign else total) + top
    sign = np.sign(unwrap(total))
    if not keepdims:
        axes = tuple(range(result.ndim)) if axis is None else axis
        result, sign = np.squeeze(result, axes), np.squeeze(sign, axes)
    return (result, sign) if return_sign else result


def softmax(x: TensorLike, axis: Axis = None) -> Tensor:
    """Return the softmax of `x`: its exponentials divided by their sum along `axis`, by default over all elements.

    Examples
    --------
    >>> from autograd import special, tensor
    >>> special.softmax(tensor([[0.0, 0.0], [1000.0, 0.0]]), axis=1)
    Tensor([[0.5, 0.5],
            [1. , 0. ]])
    """
    x = _array(x)
    exponentials = np.exp(x - np.max(unwrap(x), axis, keepdims=True))
    return exponentials / np.sum(exponentials, axis, keepdims=True)


def log_softmax(x: TensorLike, axis: Axis = None) -> Tensor:
    """Return the logarithm of `softmax`, accurate even where the softmax underflows to 0.

    Examples
    --------
    >>> from autograd import special, tensor
    >>> special.log_softmax(tensor([1000.0, 0.0]))
    Tensor([    0., -1000.])
    """
    x = _array(x)
    top = np.max(unwrap(x), axis, keepdims=True)
    shifted = x - np.where(np.isfinite(top), top, 0).astype(top.dtype)
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.sum(np.exp(shifted), axis, keepdims=True))


def polygamma(n: ArrayLike, x: TensorLike) -> Tensor:
    """Return the `n`-th derivative of digamma at `x`, differentiable in `x` only.

    Examples
    --------
    >>> from autograd import grad, special
    >>> round(float(grad(lambda x: special.polygamma(1, x))(1.0)), 6)
    -2.404114
    """
    return _polygamma(_array(x), n)


def multigammaln(a: TensorLike, d: int) -> Tensor:
    """Return the logarithm of the multivariate gamma function of dimension `d`, for `a` greater than (d - 1) / 2.

    Examples
    --------
    >>> from autograd import special, tensor
    >>> special.multigammaln(tensor([1.0, 2.0]), 1)
    Tensor([0., 0.])
    """
    values = special.multigammaln(unwrap(a), d)  # raises SciPy's errors
    if not isinstance(a, Tensor):
        return values
    total: Any = sum((_ufuncs.gammaln(a - j / 2) for j in range(int(d))), d * (d - 1) / 4 * math.log(math.pi))
    return total


def zeta(x: TensorLike, q: TensorLike | None = None) -> Tensor:
    """Return the Hurwitz zeta function, differentiable in `q`; without `q`, the Riemann one, not differentiable.

    SciPy's own function is the same, except with `SCIPY_ARRAY_API=1`.

    Examples
    --------
    >>> from autograd import grad, special
    >>> round(float(grad(lambda q: special.zeta(3, q))(1.0)), 6)
    -3.24697
    """
    return _ufuncs._riemann_zeta(x) if q is None else _ufuncs._zeta(x, q)


def _array(x: Any) -> Any:
    """Return a tensor as it is, anything else as an array of floating-point numbers."""
    x = x if isinstance(x, Tensor) else plain_array(x)
    return x if x.dtype.kind in "fc" else x.astype(float)
