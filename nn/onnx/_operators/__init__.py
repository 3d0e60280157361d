"""What each operator of ONNX computes, with NumPy's functions and those of `nn.functional` on tensors."""

from __future__ import annotations

from typing import Any

from .._program import Node, Program, Run
from . import attention, control, normalization
from .attention import ATTENTION
from .classical import CLASSICAL, WEIGHTS
from .common import Operator
from .elementwise import ELEMENTWISE
from .indexing import INDEXING
from .normalization import NORMALIZATION
from .others import OTHERS
from .recurrent import RECURRENT
from .reductions import REDUCTIONS
from .reference import COMPARED, compute_by_reference, has_reference, is_handed_on
from .resampling import RESAMPLING
from .shapes import SHAPES, constant
from .trees import TREES, is_compared
from .windows import WINDOWS

__all__ = ["TREES", "WEIGHTS", "constant", "execute", "is_known", "is_refused"]

_OPERATORS: dict[str, Operator] = {
    **ATTENTION, **ELEMENTWISE, **INDEXING, **NORMALIZATION, **OTHERS, **RECURRENT, **REDUCTIONS, **RESAMPLING,
    **SHAPES, **WINDOWS,
}  # fmt: skip
# Those that take a `Run` too
_WITH_RUN: dict[str, Operator] = {**attention.WITH_RUN, **control.WITH_RUN, **normalization.WITH_RUN}
_CLASSICAL = {**CLASSICAL, **TREES}
_PREVIEW = ("", "ai.onnx.preview")
_ML = "ai.onnx.ml"


def is_known(node: Node) -> bool:
    """Tell whether a node can be computed."""
    return _is_own(node) or is_handed_on(node)


def is_refused(node: Node) -> bool:
    """Tell whether ONNX's own package computes a node, but not as other runtimes do."""
    return not is_known(node) and ((node.domain, node.kind) in COMPARED or has_reference(node))


def _is_own(node: Node) -> bool:
    if node.domain == _ML:
        return node.kind in _CLASSICAL and _is_compared(node)
    return node.domain in _PREVIEW and (node.kind in _OPERATORS or node.kind in _WITH_RUN)


def _is_compared(node: Node) -> bool:
    """Tell whether a classical model is one of those that the tests compare with onnxruntime."""
    if node["post_transform"] == "PROBIT" or (node.kind == "SVMClassifier" and not node["vectors_per_class"]):
        return False
    if node["kernel_type"] == "POLY" and node["kernel_params"][2] % 1:
        return False
    return node.kind not in TREES or is_compared(node)


def execute(program: Program, run: Run) -> None:
    """Run the nodes of a graph in their order, and add their outputs to the values."""
    values = run.values
    for node in program.nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        try:
            results = _computed(node, run, inputs)
        except Exception as error:
            error.add_note(f"in {node} of the ONNX file")
            raise
        for name, result in zip(node.outputs, results, strict=False):
            if name:
                values[name] = result
        for name in node.finished:
            values.pop(name, None)


def _computed(node: Node, run: Run, inputs: list[Any]) -> tuple[Any, ...]:
    if not _is_own(node):
        return compute_by_reference(node, *inputs)
    own = _CLASSICAL if node.domain == _ML else _OPERATORS
    found = own[node.kind](node, *inputs) if node.kind in own else _WITH_RUN[node.kind](node, run, *inputs)
    return found if isinstance(found, tuple) else (found,)
