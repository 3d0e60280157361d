"""Operators that have no derivative here: ONNX's own package computes them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, UnsupportedError, is_grad_enabled
from autograd.extend import borrow

from .._program import Node, Value

__all__ = ["compute_by_reference", "has_reference"]


@functools.lru_cache(maxsize=256)
def _found(domain: str, kind: str, version: int, content: bytes) -> Any:
    """Return the operator of a node of the reference implementation, or None if it has none."""
    from onnx import NodeProto
    from onnx.reference.op_run import RuntimeContextError

    load = _loaders().get(domain)
    if load is None:
        return None
    try:
        found = load(domain, kind, version)
    except (RuntimeContextError, NotImplementedError, ValueError, RuntimeError, AssertionError):
        return None
    node = NodeProto.FromString(content)
    return found(node, {"opsets": {domain: version}, "new_ops": None, "log": _silent, "verbose": 0})


def _silent(*args: object) -> None:
    """Log nothing."""


def _loaders() -> dict[str, Callable[..., Any]]:
    from onnx.reference.ops import load_op
    from onnx.reference.ops.aionnx_preview_training import load_op as of_training
    from onnx.reference.ops.aionnxml import load_op as of_ml

    return {"": load_op, "ai.onnx.ml": of_ml, "ai.onnx.preview.training": of_training}


def has_reference(node: Node) -> bool:
    """Tell whether ONNX's own package computes a node."""
    return _found(node.domain, node.kind, node.version, node.content) is not None


def compute_by_reference(node: Node, *inputs: Value | None) -> tuple[Any, ...]:
    """Compute a node by ONNX's own package; its results have no gradient."""
    operator = _found(node.domain, node.kind, node.version, node.content)
    arrays = [np.asarray(borrow(x)) if isinstance(x, Tensor) else x for x in inputs]
    outputs: tuple[Any, ...] = operator.run(*arrays)
    wanted = is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in inputs)
    if wanted and any(getattr(out, "dtype", None) is not None and out.dtype.kind == "f" for out in outputs):
        raise UnsupportedError(
            f"{node} has no derivative here, and one of its inputs requires a gradient: compute within no_grad(), or "
            f"freeze the parameters before it with requires_grad_(False)"
        )
    return outputs
