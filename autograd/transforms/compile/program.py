"""Programs: the NumPy calls that a function made, in order, and the memory that they read and write.

A variable is a `Traced` array. Memory, not a value, is the unit: views share theirs with what they are views of, and a
write changes what all of them show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy._core import umath
from numpy.lib.stride_tricks import as_strided

from ...arrays.door import mapped as mapped
from ...arrays.traced import Traced as Traced
from ...arrays.traced import TracedNumber
from ...arrays.traced import Variable as Variable

MADE, ARGUMENT, HELD, CONSTANT = "made", "argument", "held", "constant"
ROW = "row"  # an argument of the body of a loop that nothing reads until it is written

# What NumPy does where a number overflows is kept in an object that is another one in each `numpy.errstate`.
state_of_errors: Any = umath._extobj_contextvar


@dataclass(slots=True, eq=False, repr=False)
class Memory:
    """Memory of arrays.

    Attributes
    ----------
    kind
        ``"made"`` by the program, of an ``"argument"``, ``"held"`` by a tensor or a variable that the function reads,
        or ``"constant"``.
    owner
        The array that has the memory, or the scalar, while the program is recorded; held so that its identity stays its
        own.
    whole
        The variable that has all of it, and that the others are views of, if there is one.
    written
        Whether the program writes to it after it was made.
    """

    kind: str
    owner: Any
    whole: Traced | None = None
    written: bool = False

    @property
    def is_others(self) -> bool:
        """Whether it is there before, so that others see what is written to it."""
        return self.kind in (HELD, ARGUMENT)


@dataclass(slots=True, eq=False)
class Call:
    """A call of a function of arrays.

    Attributes
    ----------
    function, args, kwargs
        What is called, with traced arrays among the arguments.
    result
        A traced array, a tuple or list of them, or None.
    writes
        The memory that it writes to, besides what it makes.
    view
        Whether the result is a view of an argument.
    line
        The line of the user's program, as ``"file:number"``.
    errors
        What NumPy does where a number overflows or the like: see `numpy.geterr`.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    writes: Memory | None
    view: bool
    line: str
    errors: Any

    def reads(self) -> list[Any]:
        """Return the traced arrays and floats among the arguments."""
        found: list[Any] = []
        for part in self.args:
            kind = type(part)
            if kind is Traced:
                found.append(part)
            elif kind not in NOTHING:
                _add_traced(part, found)
        if self.kwargs:
            _add_traced(self.kwargs, found)
        return found


class Check(Call):
    """A check that a value is what it was while the program was recorded; if not, the function itself has to run.

    Its only argument is the value, its result what it has to be.
    """

    __slots__ = ("expected",)
    expected: Any


def asks(call: Call) -> bool:
    """Tell whether a program may turn out not to fit at a call: a check, or a loop with checks in it."""
    return isinstance(call, Check) or getattr(call.function, "has_checks", False)


class Outside(Call):
    """A call of a function that works on real arrays and tensors, such as the step of an optimizer."""

    __slots__ = ()


class Draw(Outside):
    """A draw of random numbers: the first argument returns the generator, whose state can be put back."""

    __slots__ = ()


class Fetch(Outside):
    """The gradient of a tensor, which a call on real arrays may have changed; the argument returns the tensor."""

    __slots__ = ()


class Effect(Call):
    """A change of a tensor: the function is called with the tensor and the array, which is its memory from then on."""

    __slots__ = ()


class Program:
    """What was recorded.

    Attributes
    ----------
    calls
        In order.
    errors
        What NumPy does on overflow and the like where the function is called.
    sources
        For each variable that no call makes: the variable, and a function that returns its array from the leaves of the
        arguments.
    outputs
        The traced arrays in what the function returned.
    cleared, claimed
        The tensors whose gradient the function sets to None before it uses it, and those whose gradient is then written
        to memory that an optimizer set aside; as functions of the leaves of the arguments.
    gradients
        The memory set aside for gradients.
    free
        The part of it whose contents nobody needs if the program turns out not to fit: that of cleared gradients.
    loops
        The text of each loop that calls were replaced by; see `loops.roll` and `fused.fuse`.
    notes
        Why others were not.
    runs, look_at
        How often it has run, and after how many runs to look whether rows of its calls are to be fused; 0 for never.
    """

    def __init__(self) -> None:
        self.runs = self.look_at = 0
        self.calls: list[Call] = []
        self.errors = np.geterr()
        self.sources: list[tuple[Any, Callable[[Sequence[Any]], Any]]] = []
        self.outputs: list[Any] = []
        self.cleared: list[Any] = []
        self.claimed: list[Any] = []
        self.gradients: list[Memory] = []
        self.free: list[Memory] = []
        self.loops: list[str] = []
        self.notes: list[str] = []

    def last_uses(self) -> dict[int, int]:
        """Return the position of the last call that reads, makes or writes to each memory, by its identity."""
        return {id(x.memory): k for k, call in enumerate(self.calls) for x in (*call.reads(), *traced_in(call.result))}

    def handed_out(self) -> list[int]:
        """Return the identities of the memory that is returned, or given to a tensor or a call on real arrays."""
        given = [call.reads() for call in self.calls if isinstance(call, Effect | Outside)]
        return [id(x.memory) for part in (traced_in(self.outputs), *given) for x in part]

    def forget_values(self, installed: set[int]) -> None:
        """Let go of the arrays that were computed while the program was recorded; their shapes and strides stay.

        `installed` has the identities of traced arrays that variables showed, where other threads may have taken them.
        """
        constants = installed | {id(x) for x, _ in self.sources if not x.memory.is_others}
        alike: dict[Any, Any] = {}  # one array for all of a shape
        for x in traced_in(
            ([(c.args, c.kwargs, c.result) for c in self.calls], self.outputs, [x for x, _ in self.sources])
        ):
            if isinstance(x.value, np.ndarray) and id(x) not in constants:
                key = x.dtype, x.shape, x.strides
                if key not in alike:
                    alike[key] = as_strided(np.zeros(1, x.dtype), x.shape, x.strides)
                x.value = alike[key]
            x.memory.owner = None


@dataclass(slots=True, eq=False)
class Argument:
    """Returns a leaf of the arguments."""

    index: int

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return leaves[self.index]


@dataclass(slots=True, eq=False)
class Fixed:
    """Returns an object that is the same each time."""

    value: Any

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.value


@dataclass(slots=True, eq=False)
class ArrayOf:
    """Returns the array of a tensor that another function of the leaves returns."""

    fetch: Callable[[Sequence[Any]], Any]

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.fetch(leaves)._array


@dataclass(slots=True, eq=False)
class GradientOf:
    """Returns the array of the gradient of a tensor that another function of the leaves returns."""

    fetch: Callable[[Sequence[Any]], Any]

    def __call__(self, leaves: Sequence[Any]) -> Any:
        return self.fetch(leaves)._grad._array


def errors_raise() -> bool:
    """Tell whether NumPy raises errors of overflow and the like, which loops do not."""
    return "raise" in np.geterr().values()


def traced_in(tree: Any) -> list[Any]:
    """Return the traced arrays and floats in tuples, lists, dicts and slices."""
    if type(tree) is Traced:
        return [tree]
    found: list[Any] = []
    _add_traced(tree, found)
    return found


NOTHING = frozenset((int, float, bool, str, type(None)))  # in which there is none, and which are asked most often


def _add_traced(tree: Any, found: list[Any]) -> None:
    kind = type(tree)
    if kind is Traced or kind is TracedNumber:
        found.append(tree)
    elif kind in NOTHING:
        return
    elif issubclass(kind, Variable):
        found.append(tree)
    elif kind is list or kind is tuple or (kind is not slice and isinstance(tree, tuple)):
        for part in tree:
            _add_traced(part, found)
    elif kind is dict:
        for part in tree.values():
            _add_traced(part, found)
    elif kind is slice:
        _add_traced((tree.start, tree.stop, tree.step), found)


class Entered:
    """A function of a program, in whose place the text calls another: its `entry`."""

    entry: Any


def replaced(same: Mapping[int, Any], tree: Any) -> Any:
    """Return arguments with something else in place of some variables, by their identity."""
    return mapped(lambda x: same.get(id(x), x), tree)


def key_of(tree: Any, of_variable: Callable[[Any], Any]) -> Any:
    """Return what is equal for arguments that are the same, but for their variables."""
    kind = type(tree)
    if issubclass(kind, Variable):
        return of_variable(tree)
    if kind in (tuple, list):
        return kind, *[key_of(part, of_variable) for part in tree]
    if kind is dict:
        return kind, *[(name, key_of(part, of_variable)) for name, part in sorted(tree.items())]
    if kind is slice:
        return kind, *[key_of(part, of_variable) for part in (tree.start, tree.stop, tree.step)]
    if kind in (int, bool, str):
        return kind, tree
    return (kind, repr(tree)) if kind in (float, np.float64, np.float32) else id(tree)  # 0.0 is not -0.0
