"""Recorded runs: a graph as plain data, which keeps neither its nodes nor its tensors alive and can be pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Array = np.ndarray[Any, Any]
Result: TypeAlias = "Array | tuple[Array | None, ...] | None"  # a tuple for an operation with several outputs


@dataclass(slots=True, eq=False)
class Entry:
    """One leaf or one operation of a run.

    Attributes
    ----------
    operation, name
        The name of the operation, ``"leaf"`` for a leaf; and the name of the leaf, if `params` has one.
    number
        The number of its node, greater than those of all that it depends on.
    inputs
        The place of each input among the entries of the run; None for a constant.
    shapes, dtypes
        Of each result; most operations have one.
    arguments
        The constants among its inputs, and its further arguments, by parameter name, where they are known.
    value, gradient
        Its result and the gradient of that, or a tuple for several; None where they are not known.
    kept
        The bytes that it keeps for the backward pass and no earlier one does.
    forward, backward
        The seconds that it took; None where they were not measured.
    where, line
        File and line of the program that recorded it, and the text of that line; empty where it was not noted.
    module
        The module call that it was recorded in.
    freed
        Whether an earlier backward pass freed what it kept.
    """

    operation: str
    number: int
    inputs: tuple[int | None, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    name: str = ""
    arguments: dict[str, object] = field(default_factory=dict)
    value: Result = None
    gradient: Result = None
    kept: int = 0
    forward: float | None = None
    backward: float | None = None
    where: str = ""
    line: str = ""
    module: str = ""
    freed: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether it is a leaf, such as a parameter."""
        return self.operation == "leaf"

    @property
    def title(self) -> str:
        """What to call it: the name of a leaf, or that of the operation."""
        return self.name or self.operation


@dataclass(slots=True, eq=False)
class RecordedRun:
    """What is known of one run, as copies: later changes of the model do not change it. It can be pickled.

    Attributes
    ----------
    entries
        Its leaves and operations, each after all that it depends on; the last one is the result.
    remarks
        What is not known, and how to get it.
    """

    entries: list[Entry]
    remarks: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.entries):,} leaves and operations>"
