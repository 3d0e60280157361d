"""Operators of classical models, in the domain ``ai.onnx.ml``, that have a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._program import Node
from .common import Operator


def _scaler(n: Node, x: Any) -> Any:
    offset, scale = (np.array(n[name], np.float32) for name in ("offset", "scale"))
    return (x.astype(np.float32) - offset) * scale


def _normalizer(n: Node, x: Any) -> Any:
    """Divide each row by its norm, or by its largest number; where that is 0, the row stays."""
    x = x.astype(np.float32)
    if n["norm"] == "MAX":
        divisors = x.max(-1, keepdims=True)
    else:
        divisors = np.linalg.norm(x, 1 if n["norm"] == "L1" else 2, axis=-1, keepdims=True)
    return x / np.where(divisors == 0, np.float32(1), divisors)


CLASSICAL: dict[str, Operator] = {"Normalizer": _normalizer, "Scaler": _scaler}
