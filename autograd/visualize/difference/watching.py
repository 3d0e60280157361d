"""Watching a function while it computes: values, arguments and times of operations, and the modules called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...arrays.door import whole
from ...graph.instrumentation import observed
from ...graph.name_scope import described_calls
from ...graph.node import Node
from ...graph.saved_tensors import operation_of
from ...source.source_info import SourceLine
from ..call_recorder import lines_of_values
from .run import Result


class Watched:
    """What is seen of a function while it runs: of each node its value, arguments and time; and the modules called."""

    def __init__(self) -> None:
        self.seen: dict[Any, tuple[Result, dict[str, object], float]] = {}
        self.lines: dict[Any, SourceLine] = {}
        self.models: dict[int, Any] = {}
        self.since = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what is computed within a block."""
        self.since = time.perf_counter()
        with observed(self.note), lines_of_values(self.lines):
            yield

    def note(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        """Note one operation, with copies, since later steps may write to the arrays."""
        seconds = time.perf_counter() - self.since
        self.seen[node] = copied(z), _arguments(node, values), seconds
        calls = described_calls()
        if calls:
            self.models[id(calls[0][1])] = calls[0][1]
        self.since = time.perf_counter()

    def parameters(self) -> dict[str, Any]:
        """Return by name the parameters of the outermost modules that were called."""
        found: dict[str, Any] = {}
        for model in self.models.values():
            if hasattr(model, "named_parameters"):
                found = dict(model.named_parameters()) | found
        return found


def copied(value: Any) -> Result:
    """Return a copy of an array, with the axes of all batches, or a tuple of copies."""
    if isinstance(value, tuple | list):
        return tuple([None if part is None else np.array(whole(part)) for part in value])
    return np.array(whole(value))


def _arguments(node: Node, values: tuple[Any, ...]) -> dict[str, object]:
    """Return the constants among the inputs of an operation and its further arguments, by parameter name."""
    op: Any = operation_of(node)
    inputs = op.inputs(node)
    if getattr(op, "variadic", False):
        parts: Iterable[tuple[str, Any]] = [(f"{op.parameters[0]}[{i}]", part) for i, part in enumerate(values[0])]
        named = [*parts, *zip(op.parameters[1:], values[1:], strict=False)]
    else:
        named = list(zip(getattr(op, "parameters", None) or map(str, range(len(values))), values, strict=False))
    live = {place for place, x in enumerate(inputs) if x is not None}
    return {name: constant(value) for place, (name, value) in enumerate(named) if place not in live}


def constant(value: Any) -> object:
    """Return a constant as plain data that later writes do not change, and that can be pickled."""
    value = whole(value)
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, tuple | list):
        return tuple(map(constant, value))
    if value is None or isinstance(value, bool | int | float | complex | str | slice | np.generic):
        return value
    if isinstance(value, type(...)):
        return "..."
    name: str = getattr(value, "__name__", "")
    return name or (repr(value) if isinstance(value, np.dtype) else type(value).__name__)
