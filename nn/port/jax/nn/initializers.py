"""`jax.nn.initializers`: functions of a key and a shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from .._array import arrays, names_of

Initializer = Callable[..., Any]


def constant(value: Any, dtype: Any = float) -> Initializer:
    """Return a function of a key and a shape that returns one number."""
    return lambda key, shape, dtype=dtype: arrays(np.full(shape, value, dtype))


zeros, ones = constant(0.0), constant(1.0)


def normal(stddev: Any = 1e-2, dtype: Any = float) -> Initializer:
    """Return a function of a key and a shape that draws from the normal distribution."""
    return lambda key, shape, dtype=dtype: random.normal(key, shape, dtype) * stddev


def uniform(scale: Any = 1e-2, dtype: Any = float) -> Initializer:
    """Return a function of a key and a shape that draws numbers from 0 to `scale`."""
    return lambda key, shape, dtype=dtype: random.uniform(key, shape, dtype) * scale


def variance_scaling(
    scale: float, mode: str, distribution: str, in_axis: int = -2, out_axis: int = -1, dtype: Any = float
) -> Initializer:
    """Return a function of a key and a shape that draws with the variance ``scale / fan``."""

    def init(key: Any, shape: Any, dtype: Any = dtype) -> Any:
        field = math.prod(shape) / (shape[in_axis] * shape[out_axis])
        fans = {"fan_in": shape[in_axis] * field, "fan_out": shape[out_axis] * field}
        deviation = math.sqrt(scale / {**fans, "fan_avg": sum(fans.values()) / 2}[mode])
        if distribution == "truncated_normal":
            return random.truncated_normal(key, -2, 2, shape, dtype) * (deviation / 0.87962566103423978)
        if distribution == "uniform":
            return random.uniform(key, shape, dtype, -1) * (math.sqrt(3) * deviation)
        return random.normal(key, shape, dtype) * deviation

    return init


_SCALES = {"glorot": (1.0, "fan_avg"), "lecun": (1.0, "fan_in"), "he": (2.0, "fan_in")}
_SCALES |= {"xavier": _SCALES["glorot"], "kaiming": _SCALES["he"]}
_names = names_of(None, __name__, {"orthogonal": "nn.init.orthogonal_, of a parameter"})


def __getattr__(name: str) -> Any:
    scale, _, kind = name.partition("_")
    if scale not in _SCALES or kind not in ("uniform", "normal"):
        return _names(name)
    distribution = "truncated_normal" if kind == "normal" else kind
    return lambda *axes, **options: variance_scaling(*_SCALES[scale], distribution, *axes, **options)
