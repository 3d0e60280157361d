"""Operators that have no derivative here: ONNX's own package computes them, where it computes what onnxruntime does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import Tensor, UnsupportedError
from autograd.extend import borrow

from .._program import Node, Value
from .common import refuse_derivatives

_ML, _TRAINING = "ai.onnx.ml", "ai.onnx.preview.training"
# What ONNX's own package computes as onnxruntime does, and with which attributes: whatever else it has is often wrong.
# It stands here if tests/nn/test_onnx_reference.py compares it.
COMPARED: Mapping[tuple[str, str], Callable[[Node], bool]] = {
    **{
        (domain, kind): lambda n: True
        for domain, kinds in {
            "": "ConvInteger DynamicQuantizeLinear ImageDecoder MatMulInteger NonMaxSuppression QLinearConv "
            "QLinearMatMul QuantizeLinear StringConcat",
            _ML: "LabelEncoder OneHotEncoder",
            _TRAINING: "Adagrad Adam Momentum",
        }.items()
        for kind in kinds.split()
    },
    ("", "TfIdfVectorizer"): lambda n: n["mode"] == "TF" and n["max_gram_length"] <= len(n["ngram_counts"]),
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def _found(domain: str, kind: str, version: int, content: bytes) -> Any:
    """Return the operator of a node of the reference implementation, or None if it has none."""
    from onnx import NodeProto
    from onnx.reference.op_run import RuntimeContextError
    from onnx.reference.ops import load_op
    from onnx.reference.ops.aionnx_preview_training import load_op as of_training
    from onnx.reference.ops.aionnxml import load_op as of_ml

    loaders = {"": load_op, _ML: of_ml, _TRAINING: of_training}
    if domain not in loaders:
        return None
    try:
        found = loaders[domain](domain, kind, version)
    except (RuntimeContextError, NotImplementedError, ValueError, RuntimeError, AssertionError):
        return None
    node = NodeProto.FromString(content)
    return found(node, {"opsets": {domain: version}, "new_ops": None, "log": _silent, "verbose": 0})


def _silent(*args: object) -> None:
    """Log nothing."""


def has_reference(node: Node) -> bool:
    """Tell whether ONNX's own package computes a node, right or wrong."""
    return _found(node.domain, node.kind, node.version, node.content) is not None


def is_handed_on(node: Node) -> bool:
    """Tell whether ONNX's own package computes a node as onnxruntime does."""
    compared = COMPARED.get((node.domain, node.kind))
    return compared is not None and compared(node) and has_reference(node)


def _limits(most: Any = None, overlap: Any = None, score: Any = None) -> list[Any]:
    """Return the limits of NonMaxSuppression as vectors, also where a file has scalars or none."""
    return [
        np.atleast_1d(np.array(default) if limit is None else limit)
        for limit, default in ((most, 0), (overlap, np.float32(0)), (score, np.float32(-np.inf)))
    ]


def compute_by_reference(node: Node, *inputs: Value | None) -> tuple[Any, ...]:
    """Compute a node by ONNX's own package; its results have no gradient."""
    operator = _found(node.domain, node.kind, node.version, node.content)
    arrays = [np.asarray(borrow(x)) if isinstance(x, Tensor) else x for x in inputs]
    if node.kind == "NonMaxSuppression":
        arrays[2:] = _limits(*arrays[2:])
    try:
        outputs: tuple[Any, ...] = operator.run(*arrays)
    except (NotImplementedError, TypeError, RuntimeError, ValueError) as error:
        raise UnsupportedError(
            f"{node} is computed by onnx's own package, which cannot with these inputs: {' '.join(str(error).split())}"
        ) from error
    if any(getattr(out, "dtype", None) is not None and out.dtype.kind == "f" for out in outputs):
        refuse_derivatives(node, inputs)
    return outputs
