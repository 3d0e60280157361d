"""Plans of loops: values of elements and of rows, and in which pass through a row each is computed.

A loop goes through arrays of one shape, row by row: a row is the last axis. Values are of one of four kinds: ``"full"``
for each element, ``"row"`` for each place in a row, ``"column"`` for each row, ``"number"`` for the whole. A sum or a
maximum over a row ends a pass; what depends on it is computed in the next pass through the same row, which is still in
the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..program import Traced
from ..types import Array

FULL, ROW, COLUMN, NUMBER = "full", "row", "column", "number"
DTYPES = frozenset((np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.bool_)))


class Value:
    """A value in a loop.

    Attributes
    ----------
    kind, dtype
        See the module.
    operation, operands
        What it is computed by: ``"input"`` of an array, whose position among the inputs is `number`, ``"constant"``, or
        an operation of values.
    after
        The number of the pass in which it is computed; of a column, after which it is there; -1 for what is there
        before the first.
    """

    __slots__ = ("after", "dtype", "kind", "number", "operands", "operation")

    def __init__(
        self, operation: str, kind: str, dtype: Any, operands: Sequence[Value] = (), number: Any = None, after: int = -1
    ) -> None:
        self.operation, self.kind, self.dtype, self.operands = operation, kind, np.dtype(dtype), tuple(operands)
        self.number, self.after = number, after


def kind_of_operand(x: Array | Traced, shape: tuple[int, ...]) -> str | None:
    """Return of which kind an array is in a loop through `shape`, or None if the loop cannot go through it."""
    if x.dtype not in DTYPES or x.ndim > len(shape):
        return None
    size, lead = x.dtype.itemsize, len(shape) - x.ndim
    # the strides in elements, 0 where it is broadcast
    strides = [0] * lead + [s // size if n > 1 else 0 for n, s in zip(x.shape, x.strides, strict=True)]
    if any(s % size for s in x.strides):
        return None
    for n, m in zip(x.shape, shape[lead:], strict=True):
        if n != m and n != 1:
            return None
    if not any(strides):
        return NUMBER
    whole = [math.prod(shape[i + 1 :]) if n > 1 else 0 for i, n in enumerate(shape)]
    if strides == whole:
        return FULL
    if not any(strides[:-1]) and strides[-1] == 1:
        return ROW
    columns = [math.prod(shape[i + 1 : -1]) if n > 1 else 0 for i, n in enumerate(shape[:-1])]
    return COLUMN if strides[-1] == 0 and strides[:-1] == columns else None


class Plan:
    """The values of a loop through arrays of one shape, in order.

    Attributes
    ----------
    shape
        Of the full arrays.
    values
        All but inputs and constants.
    inputs
        In the order of the arguments of the loop.
    outputs
        The values that are stored, in the order of the arguments after the inputs. An output that is an input, whose
        memory it takes over, has the position of that as its `place`.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, self.width = shape, shape[-1]
        self.rows = math.prod(shape[:-1])
        self.values: list[Value] = []
        self.inputs: list[Value] = []
        self.outputs: list[tuple[Value, int]] = []
        self.constants: dict[Any, Value] = {}

    def input(self, kind: str, dtype: np.dtype[Any]) -> Value:
        """Return the value of a further argument."""
        value = Value("input", kind, dtype, number=len(self.inputs))
        self.inputs.append(value)
        return value

    def constant(self, number: complex | np.generic, dtype: np.dtype[Any]) -> Value:
        """Return a constant."""
        key = repr(number), np.dtype(dtype)
        if key not in self.constants:
            self.constants[key] = Value("constant", NUMBER, dtype, number=number)
        return self.constants[key]

    def apply(self, operation: str, dtype: np.dtype[Any], operands: Sequence[Value], *, column: bool) -> Value:
        """Return the result of an operation for each element, or for each row."""
        if column:
            after = max((v.after for v in operands), default=-1)
        else:
            # what is there before the first pass is used in it; what a row gives, in the next
            after = max([0, *(v.after + 1 if v.kind == COLUMN else v.after for v in operands)])
        value = Value(operation, COLUMN if column else FULL, dtype, operands, after=after)
        self.values.append(value)
        return value

    def reduce(self, operation: str, operand: Value) -> Value:
        """Return the sum or the maximum of each row."""
        value = Value(operation, COLUMN, operand.dtype, (operand,), after=max(operand.after, 0))
        self.values.append(value)
        return value

    def passes(self) -> Iterator[tuple[list[Value], list[Value], list[Value]]]:
        """Yield for each pass the full values, the reductions, and the columns that are there after it."""
        for number in range(1 + max(value.after for value in self.values)):
            here = [value for value in self.values if value.after == number]
            yield (
                [v for v in here if v.kind == FULL],
                [v for v in here if v.operation in ("sum", "max")],
                [v for v in here if v.kind == COLUMN and v.operation not in ("sum", "max")],
            )

    def before(self) -> list[Value]:
        """Return the columns that depend on no pass."""
        return [value for value in self.values if value.after < 0]

    def kept(self) -> list[Value]:
        """Return the values of elements that a later pass reads."""
        found: dict[int, Value] = {}
        for value in self.values:
            if value.kind == FULL or value.operation in ("sum", "max"):
                for operand in value.operands:
                    if operand.kind == FULL and operand.operation != "input" and value.after > operand.after:
                        found[id(operand)] = operand
        return list(found.values())

    def kept_bytes(self) -> int:
        """Return how many bytes of a row are kept for later passes."""
        return sum(self.width * value.dtype.itemsize for value in self.kept())

    def text(self) -> str:
        """Return the plan as text, in Python's words; equal plans have equal texts."""
        names = {id(v): f"x{i}" for i, v in enumerate(self.inputs)}
        names |= {id(v): repr(v.number) for v in self.constants.values()}
        for v in self.values:
            names[id(v)] = f"v{len(names) - len(self.constants)}"
        lines = [f"rows {self.rows} of {self.width}"]
        lines += [f"x{i}: {v.kind} {v.dtype}" for i, v in enumerate(self.inputs)]
        for v in self.values:
            operands = ", ".join(names[id(operand)] for operand in v.operands)
            lines.append(f"{names[id(v)]} = {v.operation}({operands})  # {v.dtype}, pass {v.after}")
        lines += [f"out {place}: {names[id(v)]}" for v, place in self.outputs]
        return "\n".join(lines)
