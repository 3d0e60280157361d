"""Loops: a body of calls that runs many times, with values carried from one iteration to the next.

`scan` records the body of one; `roll` finds one in the calls of an unrolled loop. What runs it takes it from here:
machine code of numbers (`fused.elements`), of small arrays (`fused.nests`), or the printed body, called by Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ....arrays.traced import Variable
from ..program import Call


class Unsuitable(Exception):  # noqa: N818 - says why, and is no error of the program
    """Raised for a loop, or a call in one, that cannot be made what was asked for; the text says why."""


@dataclass(slots=True, eq=False)
class Same:
    """An argument of the loop, whole, the same in all iterations."""

    variable: Variable
    argument: int


@dataclass(slots=True, eq=False)
class Part:
    """Elements of an argument that advance evenly: rows of what is scanned, or values that an earlier loop stacked.

    Attributes
    ----------
    start, strides
        Where its first element lies in the first iteration, counted in the elements of the argument in order, and how
        much further the next ones along each axis. For a loop that runs `backwards` through the argument, where they
        lie in the last iteration.
    step
        How much further they lie in the next iteration: in iteration j by ``step * j``, or where it runs backwards by
        ``step * (count - 1 - j)``.
    """

    variable: Variable
    argument: int
    start: int
    strides: tuple[int, ...]
    step: int
    backwards: bool = False


@dataclass(slots=True, eq=False)
class Carried:
    """A value of the iteration before: in the first, the argument; then what `after` was.

    `after` is made by a call of the body, or is the variable of an input, as in a recurrence of two steps.
    """

    variable: Variable
    argument: int
    after: Variable


Input: TypeAlias = Same | Part | Carried


@dataclass(slots=True, eq=False)
class Loop:
    """A body that runs `count` times, or if that is None as often as the caller says.

    What it is called with is contiguous (order C), of the dtypes of `arguments`. Numbers have the shape ``()``.

    Attributes
    ----------
    calls
        The body, in order. What they read is made by an earlier one, or is the variable of an input. A `Check` among
        them has to hold in each iteration; if one does not, whoever called the loop has to run the function itself.
    inputs
        Where the variables come from that no call makes.
    arguments
        Variables with the shape and dtype of each argument. Of one that has something for each iteration, and that is
        of any length, the first axis may be another.
    finals
        The variables whose values after the last iteration are results: made by a call, or of an input.
    stacked
        The variables of which the values of all iterations are results, along a new first axis, and whether those of
        the last iteration come first.
    fills
        Whether it may write to arguments, which it is given as they are; for loops of one iteration.
    """

    calls: list[Call]
    inputs: list[Input]
    arguments: list[Variable]
    finals: list[Variable] = field(default_factory=list)
    stacked: list[tuple[Variable, bool]] = field(default_factory=list)
    count: int | None = None
    fills: bool = False
