"""GELU: each element times the probability that a normal variable is less than it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from autograd import Tensor, elementwise, is_grad_enabled
from autograd.extend import ARRAY_TYPES, fusing, is_copy

from .._arguments import TensorLike
from ._activation import bell, sigmoid
from ._kernels.operands import Saved, in_single, real_floating

# Phi(-z) = exp(-z ** 2 / 2) / (z + 4) * polynomial((z - 4) / (z + 4)) for z >= 0: an entire function of the quotient,
# whose Chebyshev series was cut off at 1e-17, and for single precision at 3e-9.
_DOUBLE = (
    3.403312308649495e-10, -1.1997782031253095e-10, -3.73064508186837e-09, -5.873626764987191e-10,
    2.1427603843452355e-08, 1.7844927772981415e-08, -8.686647015997893e-08, -1.597739614223922e-07,
    2.7246296951145873e-07, 1.0247851016552774e-06, -6.298367338492369e-07, -5.921611045923978e-06,
    7.166587641195121e-07, 3.514511190283765e-05, -1.908246351414571e-06, -0.00023109501736277426,
    0.00013334430941183256, 0.0016308184674099085, -0.0034796923670479736, -0.007540188967386312,
    0.060396574890917876, -0.1865218579596366, 0.3871374007422149, -0.6078966419718923,
    0.7552851304157515,
)  # fmt: skip
_SINGLE = (
    2.118298426e-05, -1.731082301e-06, -2.155737763e-04, 1.336533871e-04, 1.622040106e-03, -3.479954637e-03,
    -7.537717160e-03, 6.039664828e-02, -1.865221598e-01, 3.871373939e-01, -6.078966314e-01, 7.552851305e-01,
)  # fmt: skip
_FAR = 40.0  # beyond this the density, and the distance of Phi from 0 or 1, are 0 in double precision
_DENSITY = 1 / math.sqrt(2 * math.pi)


# Elements in a block: they and their results stay in the caches during a dozen passes over them.
_PART = 32_768


def _by_parts(compute: Callable[..., Any], *arrays: Any) -> Any:
    """Apply `compute`, an elementwise function, to arrays; to large ones part by part."""
    first = arrays[-1]
    if type(first) not in ARRAY_TYPES or first.size <= 2 * _PART or not all(_is_alike(x, first) for x in arrays):
        return compute(*arrays)
    if fusing():  # a loop goes through it once
        return compute(*arrays)
    out = np.empty_like(first)
    flat, flats = out.reshape(-1), [x.reshape(-1) for x in arrays]
    for start in range(0, flat.size, _PART):
        part = slice(start, start + _PART)
        flat[part] = compute(*[x[part] for x in flats])
    return out


def _is_alike(x: Any, first: Any) -> bool:
    return type(x) in ARRAY_TYPES and x.shape == first.shape and x.dtype == first.dtype and x.flags.c_contiguous


def _over(function: np.ufunc, *inputs: Any) -> Any:
    """Apply `function`, and write the result over the last of its inputs if that is an array, not a scalar."""
    last = inputs[-1]
    return function(*inputs, last) if type(last) in ARRAY_TYPES else function(*inputs)


def _tail(z: Any) -> tuple[Any, Any]:
    """Return the probability that a normal variable exceeds z, from 0 to `_FAR`, and exp(-z ** 2 / 2)."""
    weight = 1 / (z + 4)
    t = 1 - 8 * weight
    first, *rest = _SINGLE if z.dtype == np.float32 else _DOUBLE
    tail = t * first
    for coefficient in rest[:-1]:
        tail += coefficient
        tail *= t
    tail += rest[-1]
    tail *= weight
    density = z * z
    density *= -0.5
    density = _over(np.exp, density)
    tail *= density
    return tail, density


def _near(x: Any) -> Any:
    """Return x, at most `_FAR` from 0, in a precision that a polynomial can be evaluated in."""
    near = x.clip(-_FAR, _FAR)
    return near.astype(np.float32) if near.dtype == np.float16 else near


def _normal_cdf(x: Any) -> Any:
    """Return the probability that a standard normal variable is less than x, precise even where that is small."""
    tail, _ = _tail(np.abs(_near(x)))
    return _in_half(np.where(x > 0, 1 - tail, tail), x)


def _in_half(out: Any, x: Any) -> Any:
    """Return `out`, in half precision if x is."""
    return out.astype(np.float16) if getattr(x, "dtype", None) == np.float16 else out


def _density(x: Any) -> Any:
    """Return the density of a standard normal variable."""
    return np.exp(x * x * -0.5) * _DENSITY


def _gelu(x: Any, saved: Saved | None) -> Any:
    """Return GELU; leave x and the derivative in `saved`, if there is one: they share the exponential and the tail."""
    x = real_floating("gelu", x)
    if saved is None or type(x) not in ARRAY_TYPES or x.dtype == np.float16:
        return _by_parts(_positive_less_tail, x)
    saved[:] = x, np.empty_like(x)
    return _by_parts(lambda slope, x: _positive_less_tail(x, slope), saved[1], x)


def _positive_less_tail(x: Any, slope: Any = None) -> Any:
    """Return max(x, 0) minus |x| times the probability that a normal variable exceeds |x|: nothing cancels.

    Write the derivative to `slope`, if there is one.
    """
    near = _near(x)
    z = np.abs(near)
    tail, density = _tail(z)
    if slope is not None:
        slope[...] = _derivative(near, tail, density)
    tail *= z
    return _in_half(_over(np.subtract, x.clip(0, math.inf), tail), x)


def _derivative(near: Any, tail: Any, density: Any) -> Any:
    """Return Phi(x) + x * Phi'(x), written over the density."""
    density *= _DENSITY
    density *= near
    density += _over(np.abs, (near > 0) - tail)  # 1 - tail or tail, in a fifth of the time of `where`
    return density


def _slope(g: Any, x: Any) -> Any:
    """Return g * (Phi(x) + x * Phi'(x))."""
    near = np.clip(x, -_FAR, _FAR)  # infinity times the density would be nan
    if type(g) not in ARRAY_TYPES or type(x) not in ARRAY_TYPES or x.dtype == np.float16:
        return g * (normal_cdf(near) + near * _density(near))
    density = _derivative(near, *_tail(np.abs(near)))
    density *= g
    return density


def _rule(g: Any, x: Any, saved: Saved | None) -> Any:
    """Use the derivative that the forward pass left, if it is that of `x` and nothing has to be recorded."""
    if saved and not isinstance(g, Tensor) and type(x) in ARRAY_TYPES and is_copy(x, saved[0]):
        return g * saved[1]
    return _by_parts(_slope, g, x)


normal_cdf = elementwise(_normal_cdf, lambda g, x: g * _density(x), name="normal_cdf")
_exact = elementwise(_gelu, _rule, name="gelu")

# The tanh form: x * (1 + tanh(u / 2)) / 2 = x / (1 + exp(-u)) with u = x * (_FIRST + _THIRD * x ** 2)
_FIRST = 2 * math.sqrt(2 / math.pi)
_THIRD = 0.044715 * _FIRST
_FLAT = 1e4  # beyond this the result is x or 0; x squared does not overflow yet


def _gelu_tanh(x: Any) -> Any:
    return _by_parts(_divided, real_floating("gelu", x))


def _divided(x: Any) -> Any:
    """Return x / (1 + exp(-u)); for negative x, 1 + tanh would lose digits."""
    x = np.maximum(x, -_FLAT)
    with np.errstate(over="ignore"):  # the exponential is only divided by
        inner = x * x
        inner *= -_THIRD
        inner -= _FIRST
        inner *= x
        inner = _over(np.exp, inner)
        inner += 1
        return _over(np.divide, x, inner)


def _logistic_slope(g: Any, x: Any) -> Any:
    """Return g * (s + x s (1 - s) u'), where s is the logistic function of u."""
    x = np.clip(x, -_FLAT, _FLAT)
    square = x * x
    if type(g) not in ARRAY_TYPES or type(x) not in ARRAY_TYPES or g.dtype != x.dtype:
        inner = x * (square * _THIRD + _FIRST)
        return g * (sigmoid(inner) + x * bell(inner) * (square * (3 * _THIRD) + _FIRST))
    with np.errstate(over="ignore"):
        s = square * -_THIRD
        s -= _FIRST
        s *= x
        s = _over(np.exp, s)
        s += 1
        s = _over(np.reciprocal, s)
    square *= 3 * _THIRD
    square += _FIRST
    square *= x
    square *= 1 - s
    square += 1
    square *= s
    square *= g
    return square


_by_tanh = in_single(elementwise(_gelu_tanh, lambda g, x: _by_parts(_logistic_slope, g, x), name="gelu_tanh"))


def gelu(input: TensorLike, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """Multiply each element by the probability that a standard normal variable is less than it.

    ``x * Phi(x)``, precise even where Phi is very small: the relative error is that of rounding ``x ** 2 / 2``.

    Parameters
    ----------
    input
        Any shape.
    approximate
        ``"tanh"`` for ``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))``, which is faster, and differs
        by up to 5e-4.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", arXiv:1606.08415 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.gelu(np.array([-10.0, 0.0, 1.0]))
    array([-7.61985302e-23,  0.00000000e+00,  8.41344746e-01])
    >>> F.gelu(np.array([1.0]), approximate="tanh")
    array([0.84119199])
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f'gelu has approximate="none" or "tanh", not {approximate!r}')
    recorded = isinstance(input, Tensor) and input.requires_grad and is_grad_enabled()
    return _by_tanh(input) if approximate == "tanh" else _exact(input, Saved() if recorded else None)
