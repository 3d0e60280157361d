"""Node info: the node of a user's object, and its operation without hooks and packing around it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

import numpy as np

from autograd import GraphError, Tensor, Value
from autograd.inside import (
    Array,
    FreedOperation,
    Hooked,
    Node,
    Operation,
    Output,
    Packed,
    Primitive,
    kept_arrays,
    operation_of,
    owner_of,
)

from .foreign import ForeignNode


class Model(Protocol):
    """What has parameters and modules with names, as `nn.Module` does."""

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """Yield the parameters with their names."""

    def named_modules(self) -> Iterable[tuple[str, object]]:
        """Yield the modules with their names."""


def is_torch_module(x: object) -> bool:
    """Tell whether something is a module of PyTorch, which is not loaded for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.nn.Module)


def root_of(output: object, function: str, purpose: str) -> Any:
    """Return the node of a result; `purpose` is a verb for error messages, such as draw."""
    root = _node_of(output, f"{function} takes")
    if root is None:
        raise GraphError(
            f"nothing to {purpose}: no input of this tensor requires a gradient, or it was computed within no_grad() "
            f"or detached. Set requires_grad=True on an input and compute it again"
        )
    return root


def named_nodes(params: Mapping[str, Any]) -> dict[Any, tuple[str, Any]]:
    """Return the name and the object of each node that `params` names; the first name if there are several."""
    found: dict[Any, tuple[str, Any]] = {}
    for name, param in params.items():
        if isinstance(param, np.ndarray):
            continue
        node = _node_of(param, f"params[{name!r}] has to be", "a Tensor, an array or a Value")
        if node is not None:  # None for a constant
            found.setdefault(node, (name, param))
    return found


def names_of(
    params: Mapping[str, Tensor | Value | Array] | Model | None,
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the parameters and the modules by name, of a model or of a mapping, which has no modules."""
    given: Any = params
    if hasattr(given, "named_parameters"):
        return dict(given.named_parameters()), dict(given.named_modules())
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(
            f"params is the model, or a dict of tensors by name, such as {{'w': w}}, not {type(given).__name__}"
        )
    return given or {}, {}


def named_in(models: Iterable[Any], what: Literal["parameters", "modules"]) -> dict[str, Any]:
    """Return the parameters, or the modules, of modules by name; of several with one name, that of the first."""
    found: dict[str, Any] = {}
    for model in models:
        if hasattr(model, f"named_{what}"):
            found = dict(getattr(model, f"named_{what}")()) | found
    return found


def is_packed(node: Node) -> bool:
    """Tell whether hooks have packed the saved tensors of a node."""
    op = node.op
    return isinstance(op.operation if isinstance(op, Hooked) else op, Packed)


RESULT = -1  # the position of the result of an operation; those of its inputs are from 0


def kept_values(node: Node, op: Primitive, index: int) -> Iterator[tuple[int | None, str, Any]]:
    """Yield what a node kept for the rule of one input: its position, its name, and the value.

    The position is that among the inputs, `RESULT`, or None for a further argument.
    """
    inputs = op.inputs(node)
    for name, value in zip(op.needs[0 if op.variadic else index], op.kept(node, index), strict=True):
        if name == "out":
            yield RESULT, name, value
        elif op.variadic and name == op.parameters[0]:
            for position, (_, part) in enumerate(zip(inputs, value, strict=True)):
                yield position, f"{name}[{position}]", part
        elif name in op.parameters:
            position = op.parameters.index(name)
            yield (position if position < len(inputs) and not op.variadic else None), name, value


def kept_bytes(node: Node, seen: set[int]) -> int:
    """Return the bytes that a node keeps and none before it, whose arrays are in `seen`."""
    count = 0
    for array in () if isinstance(node.op, FreedOperation) else kept_arrays(node):
        owner = owner_of(array)
        count += 0 if id(owner) in seen else owner.nbytes
        seen.add(id(owner))
    return count


def title_of(op: Operation, node: Node | None = None) -> str:
    """Return the name of an operation for a reader: of a private class, without the underscore.

    One of several outputs is named after the operation of its `node`, with its number.
    """
    if isinstance(op, Output) and node is not None:
        of: Any = node.x  # the node of the operation
        return f"{title_of(operation_of(of))}[{op.index}]"
    return str(op.name).lstrip("_")


def type_of(node: Any) -> list[str]:
    """Return shape and dtype of each output of an operation."""
    several = hasattr(node, "shapes")
    pairs = zip(node.shapes, node.dtypes, strict=True) if several else ((node.shape, node.dtype),)
    return [f"{shape} {dtype}" for shape, dtype in pairs]


def _node_of(x: Any, what: str, kinds: str = "a Tensor or a Value") -> Any:
    if not isinstance(x, Tensor | Value | ForeignNode):
        raise TypeError(f"{what} {kinds}, not {type(x).__name__}")
    return x._node if isinstance(x, Tensor) else x
