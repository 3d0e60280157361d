"""Foreign nodes: leaves and operations of another library's graph, which pictures and pages read like the engine's."""

from __future__ import annotations

from types import CodeType
from typing import Any

import numpy as np

from autograd.inside import LEAF, SourceLine

from .watching import Note


class ForeignOperation:
    """What another library computed: its name, the nodes that it was given, and its name for the derivative."""

    def __init__(self, name: str, sources: tuple[Any, ...], rule: str) -> None:
        self.name, self.sources, self.rule = name, sources, rule

    def inputs(self, node: object) -> tuple[Any, ...]:
        """Return the node of each input, None for one that needs no gradient."""
        return self.sources


class ForeignNode:
    """A leaf or an operation with its result and its gradient, tuples if there are several."""

    x = y = None  # all that a graph depends on is in the list of its nodes

    def __init__(self, number: int, op: ForeignOperation | None, value: Any, line: SourceLine | None = None) -> None:
        self.number, self.value = number, value
        self.gradient: Any = None
        self.op: Any = LEAF if op is None else op
        self.scope: Note | str = ""
        self.seconds = 0.0
        if line is not None:
            self.code: CodeType = line.code
            self.instruction = line.instruction
        if isinstance(value, tuple):
            self.shapes = tuple(part.shape for part in value)
            self.dtypes = tuple(part.dtype for part in value)
        else:
            self.shape, self.dtype = value.shape, value.dtype

    @property
    def _array(self) -> Any:
        return self.value

    @property
    def size(self) -> int:
        """The number of elements."""
        return sum(np.size(part) for part in self.value) if isinstance(self.value, tuple) else int(self.value.size)

    def owner(self) -> None:
        """Return None: no tensor of the engine has this node."""
