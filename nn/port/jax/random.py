"""`jax.random`: the numbers that JAX draws from a key, bit for bit before functions such as `log` round them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy import special

from ..._arguments import TensorLike
from ._array import names_of
from .numpy import asarray

Shape = int | Sequence[int]


class Config:
    """What `jax.config` is. Numbers are float64 anyhow; `jax_enable_x64` says which random numbers are drawn."""

    jax_enable_x64 = False

    def update(self, name: str, value: bool) -> None:
        """Take a setting."""
        if value and name in ("jax_debug_nans", "jax_debug_infs"):
            raise NotImplementedError(f"{name}: here it is `with autograd.detect_anomaly():`")
        if name == "jax_enable_x64":
            self.jax_enable_x64 = bool(value)


config = Config()


def _threefry(key: Any, high: Any, low: Any) -> tuple[Any, Any]:
    """Return the two words that a counter of two becomes in 20 rounds of Threefry (Salmon et al., 2011)."""
    words = key[0], key[1], key[0] ^ key[1] ^ np.uint32(0x1BD11BDA)
    a, b = high + words[0], low + words[1]
    for block in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[block % 2]:
            a = a + b
            b = (b << np.uint32(turn) | b >> np.uint32(32 - turn)) ^ a
        a, b = a + words[(block + 1) % 3], b + words[(block + 2) % 3] + np.uint32(block + 1)
    return a, b


def _words(key: Any, shape: Any) -> tuple[Any, Any]:
    count = np.arange(math.prod(shape), dtype=np.uint64).reshape(shape)
    return _threefry(asarray(key), (count >> np.uint64(32)).astype(np.uint32), count.astype(np.uint32))


def _is_wide(dtype: Any) -> bool:
    """Tell whether JAX draws 64 bits for a number."""
    return config.jax_enable_x64 and np.dtype(dtype).itemsize == 8


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(shape) if np.iterable(shape) else (shape,)


def key(seed: TensorLike) -> Any:
    """Return a key: two words, also as `PRNGKey` in JAX, where that of `key` has no axis."""
    whole = asarray(seed)
    high, low = ((part & 0xFFFFFFFF).astype(np.uint32) for part in (whole >> 32, whole))
    return np.stack([high if config.jax_enable_x64 else high * np.uint32(0), low], axis=-1)


PRNGKey = key


def key_data(keys: TensorLike) -> Any:
    """Return the words of keys."""
    return keys


def split(key: TensorLike, num: Shape = 2) -> Any:
    """Return new keys."""
    return np.stack(_words(key, _shape(num)), axis=-1)


def fold_in(key: TensorLike, data: TensorLike) -> Any:
    """Return a new key, of a key and an integer."""
    low = asarray(data).astype(np.uint32)
    return np.stack(_threefry(asarray(key), np.zeros_like(low), low))


def bits(key: TensorLike, shape: Shape = (), dtype: DTypeLike | None = None) -> Any:
    """Return random integers of 32 bits, or of 64."""
    high, low = _words(key, _shape(shape))
    wide = config.jax_enable_x64 if dtype is None else np.dtype(dtype).itemsize == 8
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64) if wide else high ^ low


def uniform(
    key: TensorLike,
    shape: Shape = (),
    dtype: DTypeLike | None = float,
    minval: TensorLike = 0.0,
    maxval: TensorLike = 1.0,
) -> Any:
    """Return numbers from `minval` up to `maxval`: those of JAX's float32, or of float64 where JAX is set to that."""
    kind: Any = np.float64 if _is_wide(dtype) else np.float32
    low, high = asarray(minval).astype(kind), asarray(maxval).astype(kind)
    drawn = bits(key, shape, np.uint64 if kind is np.float64 else np.uint32)
    unit = (drawn >> drawn.dtype.type(12 if kind is np.float64 else 9)).astype(float)
    unit = unit * 2.0 ** (-52 if kind is np.float64 else -23)
    return np.maximum(low, (unit * (high - low) + low).astype(kind)).astype(dtype)  # rounded once


def _ends(dtype: Any) -> Any:
    return np.finfo(np.float64 if _is_wide(dtype) else np.float32)


def normal(key: TensorLike, shape: Shape = (), dtype: DTypeLike | None = float) -> Any:
    """Return numbers of the normal distribution."""
    return math.sqrt(2) * special.erfinv(uniform(key, shape, dtype, -1 + _ends(dtype).epsneg, 1.0))


def truncated_normal(
    key: TensorLike, lower: TensorLike, upper: TensorLike, shape: Shape | None = None, dtype: DTypeLike | None = float
) -> Any:
    """Return numbers of the normal distribution between two others."""
    shape = np.broadcast_shapes(np.shape(lower), np.shape(upper)) if shape is None else shape
    low, high = (special.erf(asarray(end) / math.sqrt(2)) for end in (lower, upper))
    return np.clip(math.sqrt(2) * special.erfinv(uniform(key, shape, dtype, low, high)), lower, upper)


def multivariate_normal(
    key: TensorLike, mean: TensorLike, cov: TensorLike, shape: Shape | None = None, dtype: DTypeLike | None = float
) -> Any:
    """Return vectors of the normal distribution with this mean and covariance, with any axes of `shape` before."""
    many = np.shape(mean)[:-1] if shape is None else _shape(shape)
    root = np.linalg.cholesky(asarray(cov))
    return mean + np.einsum("...ij,...j", root, normal(key, (*many, np.shape(mean)[-1]), dtype))


def exponential(key: TensorLike, shape: Shape = (), dtype: DTypeLike | None = float) -> Any:
    """Return numbers of the exponential distribution."""
    return -np.log1p(-uniform(key, shape, dtype))


def gumbel(key: TensorLike, shape: Shape = (), dtype: DTypeLike | None = float) -> Any:
    """Return numbers of Gumbel's distribution."""
    return -np.log(-np.log(uniform(key, shape, dtype, _ends(dtype).tiny)))


def laplace(key: TensorLike, shape: Shape = (), dtype: DTypeLike | None = float) -> Any:
    """Return numbers of Laplace's distribution."""
    unit = uniform(key, shape, dtype, -1 + _ends(dtype).epsneg)
    return np.sign(unit) * np.log1p(-np.abs(unit))


def bernoulli(key: TensorLike, p: TensorLike = 0.5, shape: Shape | None = None) -> Any:
    """Return bools that are true with a probability."""
    return uniform(key, np.shape(p) if shape is None else shape) < asarray(p).astype(_ends(float).dtype)


def randint(key: TensorLike, shape: Shape, minval: int, maxval: int, dtype: DTypeLike | None = int) -> Any:
    """Return integers from `minval` up to `maxval`, without it."""
    kind: Any = np.uint64 if _is_wide(dtype) else np.uint32
    span = max(int(maxval) - int(minval), 1)
    above, below = (bits(each, shape, kind) % kind(span) for each in split(key))
    half = 2 ** (kind().itemsize * 4) % span
    offset = (above * kind(half * half % span) + below) % kind(span)
    return (int(minval) + offset.astype(np.int64)).astype(dtype)


def _below(x: Any) -> Any:
    return asarray(np.arange(x) if np.ndim(x) == 0 else x)


def permutation(key: TensorLike, x: TensorLike, axis: int = 0) -> Any:
    """Return the integers below `x`, or the rows of an array, in random order."""
    values = _below(x)
    order = asarray(np.arange(values.shape[axis]))
    for _ in range(math.ceil(3 * math.log(max(1, len(order))) / math.log(2**32 - 1))):
        key, each = split(key)
        order = order[np.argsort(bits(each, order.shape, np.uint32), kind="stable")]
    return values.take(order, axis)


def choice(
    key: TensorLike, a: TensorLike, shape: Shape = (), replace: bool = True, p: TensorLike | None = None, axis: int = 0
) -> Any:
    """Return some of the integers below `a`, or of the rows of an array."""
    values, many = _below(a), math.prod(_shape(shape))
    if p is None:
        if not replace:
            return permutation(key, values, axis).take(np.arange(many).reshape(shape), axis)
        return values.take(randint(key, shape, 0, values.shape[axis]), axis)
    odds = asarray(p).astype(_ends(float).dtype)
    if replace:
        total = np.cumsum(odds)
        return values.take(np.searchsorted(total, total[-1] * (1 - uniform(key, shape))), axis)
    order = np.argsort(-gumbel(key, odds.shape) - np.log(odds), kind="stable")
    return values.take(order[:many].reshape(shape), axis)


def categorical(key: TensorLike, logits: TensorLike, axis: int = -1, shape: Shape | None = None) -> Any:
    """Return the indices of classes, by the logarithms of their probabilities."""
    before = () if shape is None else _shape(shape)[: len(_shape(shape)) - np.ndim(logits) + 1]
    noise = gumbel(key, (*before, *np.shape(logits)))
    return np.argmax(noise + asarray(logits), axis=axis % np.ndim(logits) + len(before))


_OTHERS = ("ball", "beta", "binomial", "cauchy", "dirichlet", "gamma", "logistic", "poisson", "rademacher", "t")
__getattr__ = names_of(None, __name__, dict.fromkeys(_OTHERS, "one of NumPy's generators, np.random.default_rng(seed)"))
