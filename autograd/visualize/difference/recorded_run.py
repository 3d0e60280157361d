"""Recorded runs: a graph as plain data, which keeps neither its nodes nor its tensors alive and can be pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Array = np.ndarray[Any, Any]
Result: TypeAlias = "Array | tuple[Array | None, ...] | None"  # a tuple for an operation with several outputs


@dataclass(slots=True, eq=False)
class Entry:
    """One leaf or one operation of a run."""

    operation: str  # its name; "leaf" for a leaf
    number: int  # of its node, greater than those of all that it depends on
    inputs: tuple[int | None, ...]  # the index of each among the entries of the run; None for a constant
    shapes: tuple[tuple[int, ...], ...]  # of each result; most operations have one
    dtypes: tuple[str, ...]
    name: str = ""  # of the leaf, if `params` has one
    arguments: dict[str, object] = field(default_factory=dict)  # the constants among its inputs, and others, if known
    value: Result = None  # its result, or a tuple for several; None where it is not known
    gradient: Result = None  # that of the result
    kept: int = 0  # the bytes that it keeps for the backward pass and no earlier one does
    forward: float | None = None  # the seconds that it took; None where they were not measured
    backward: float | None = None
    where: str = ""  # file and line of the program that recorded it; empty where it was not noted
    line: str = ""  # the text of that line
    module: str = ""  # the module call that it was recorded in
    freed: bool = False  # whether an earlier backward pass freed what it kept

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
