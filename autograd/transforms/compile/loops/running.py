"""Compiled loops: what a program calls for a loop, machine code of it or the printed body, called by Python."""

from __future__ import annotations

import copy
import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ....arrays.door import unrecorded
from ....arrays.traced import Traced, Variable
from ....later import load
from ..creation import original_creation
from ..floats import TracedFloat
from ..printer import Diverged, Printed, printed
from ..program import (
    ARGUMENT,
    MADE,
    ROW,
    Argument,
    Call,
    Check,
    Memory,
    Program,
    asks,
    errors_raise,
    mapped,
    replaced,
    traced_in,
)
from ..recycled import RECYCLED, Recycled
from ..types import Array
from .loop import Carried, Loop, Part, Unsuitable

SHORT = 500  # iterations that take no longer by Python, once, than machine code takes to make: a chain makes its own
OFTEN = 2_000  # calls within which machine code of rows of calls has to pay
ndarray = np.ndarray


class CompiledLoop:
    """A loop that can run: takes the arguments, and returns the final values and then what is stacked, as a tuple.

    Parameters
    ----------
    loop
        What runs. Its calls are copied.
    name
        That of the function in the text of a program.
    machine
        Whether to make machine code of it, where that is possible.

    Attributes
    ----------
    why
        Why it is no machine code, if it is not.
    """

    def __init__(self, loop: Loop, name: str = "loop", machine: bool = True) -> None:
        self.loop, self.__name__, self.why = loop, name, "" if machine else "the backend is NumPy"
        self._machine: Callable[..., bool] | None = None
        self._body: Printed | None = None
        self._fused: Printed | None = None  # the body with machine code of what suits it
        self._fuses = False
        self._tried, self._called = not machine, False
        self.form: Any = None  # what machine code of it is made from, if that is possible
        self._shapes = [kind_of(x) for x in (*loop.finals, *(x for x, _ in loop.stacked))]
        self._numbers = [i for i, x in enumerate(loop.finals) if not isinstance(x.value, ndarray)]

    @unrecorded
    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        given, count = _contiguous(arguments, self.loop)
        results: list[Any] = self._memory(count)
        if not self._tried:
            self.compile()
        if not count:  # the final values are those that `scan` begins with
            carried = [x for x in self.loop.inputs if isinstance(x, Carried)]
            for x, result in zip(carried, results, strict=False):
                result[...] = given[x.argument]
        elif (
            self.form is not None
            and not errors_raise()
            and (count > SHORT or self._called)
            and (machine := self._machine or self._from_llvm("MachineCode", self.form))  # not while others record
        ):
            self._machine = machine
            if not machine(*given, *results, count):
                raise self.diverged()
        else:
            self._by_python(given, results, count)
        self._called = True
        for i in self._numbers:
            results[i] = results[i][()]
        return tuple(results)

    def __repr__(self) -> str:
        return f"CompiledLoop({self.__name__}: {len(self.loop.calls)} calls, {self.why or 'machine code'})"

    def diverged(self) -> Diverged:
        """Return what is raised where a check does not hold, at the line of the first one, or of equations."""
        calls = [c for call in self.loop.calls for c in getattr(getattr(call.function, "loop", None), "calls", [call])]
        checks: list[Call] = [call for call in calls if isinstance(call, Check)]
        finite = {id(call.result) for call in calls if call.function is np.isfinite}
        checks = checks or [call for call in calls if "linalg" in getattr(call.function, "__module__", "")] or calls[:1]
        return Diverged(checks[0].line, all(id(call.args[0]) in finite for call in checks))

    @property
    def is_quick(self) -> bool:
        """Whether a call needs machine code and nothing else."""
        return self.form is not None and runs_alone(self.loop)

    @property
    def has_checks(self) -> bool:
        """Whether it may raise `Diverged`."""
        return any(map(asks, self.loop.calls))

    @property
    def source(self) -> str:
        """The text of the loop in a program."""
        body = self._printed().source.split("\n", 1)[1].rstrip()
        count = "count" if self.loop.count is None else self.loop.count
        how = f"by Python: {self.why}" if self.why else "as machine code"
        how += "; rows of its other calls are machine code" if self._fused else ""
        lines = [f"# {self.__name__}, which runs {how}", f"for j in range({count}):", body]
        return "\n".join(lines) + "\n"

    def _memory(self, count: int) -> list[Array]:
        once, kinds = len(self.loop.finals), self._shapes
        return [np.empty(shape if i < once else (count, *shape), dtype) for i, (shape, dtype) in enumerate(kinds)]

    def compile(self) -> None:
        """Find what machine code of it is made from, if that is possible; `why` says why not."""
        with original_creation() as self._tried:
            self.form = self._from_llvm("form_of", self.loop) if self._tried else None

    def lanes(self, batched: tuple[bool, ...], size: int, tables: tuple[int, ...] = ()) -> Lanes | None:
        """Return the loop for each element of a batch; None if there is no machine code of that."""
        machine = self._from_llvm("machine_code", self.loop, batched, size, tables)
        return machine and Lanes(self, machine, batched, size, tables)

    def _from_llvm(self, name: str, *given: Any) -> Any:
        if find_spec("llvmlite") is None:
            self.why = "llvmlite is not installed"
            return None
        try:
            with original_creation() as alone:
                return getattr(load("machine code of loops"), name)(*given) if alone else None
        except Unsuitable as unsuitable:
            self.why, self._fuses = str(unsuitable), True
        except ImportError as error:  # it is there, but too old, or not for this Python
            self.why = str(error)
        return None

    # By Python

    def _printed(self) -> Printed:
        if self._body is None:
            self._body = printed(body_of(self.loop), (), self.__name__)
        return self._body

    def _fuse(self, count: int) -> None:
        """Make rows of calls between those that are left to NumPy machine code, if that pays."""
        with original_creation() as alone:
            if not alone:
                return
            self._fuses, program, fused = False, body_of(self.loop), load("fused loops")
            if 0 < fused.runs_until_fused(program, exact=False) <= OFTEN * count:
                fused.fuse_unasked(program, exact=False)
                self._fused = printed(program, (), self.__name__) if program.loops else None

    def _by_python(self, given: list[Array], results: list[Array], count: int) -> None:
        if self._fuses and self._called:
            self._fuse(count)
        loop, run = self.loop, (self._fused if self._fused and not errors_raise() else self._printed()).run
        values: list[Any] = [
            None if isinstance(x, Part) else _value(given[x.argument], x.variable) for x in loop.inputs
        ]
        tables = [_rows(x, given[x.argument], count) for x in loop.inputs if isinstance(x, Part)]
        for table, (_, backwards) in zip(results[len(loop.finals) :], loop.stacked, strict=True):
            tables.append(_in_turn(table[::-1] if backwards else table))
            values.append(None)
        places = [i for i, x in enumerate(loop.inputs) if isinstance(x, Part)] + [*range(len(loop.inputs), len(values))]
        carried = [i for i, x in enumerate(loop.inputs) if isinstance(x, Carried)]
        written = {id(call.writes) for call in loop.calls if call.writes is not None}
        for i in carried:
            if id(loop.inputs[i].variable.memory) in written:
                values[i] = values[i].copy()
        outputs: Any = ()
        for rows in zip(range(count), *tables, strict=True):
            for i, row in zip(places, rows[1:], strict=True):
                values[i] = row
            outputs = run(values)
            for i, value in zip(carried, outputs, strict=False):
                values[i] = value
        for result, value in zip(results, outputs[len(carried) :], strict=False):
            result[...] = value


def runs_alone(loop: Loop) -> bool:
    """Tell whether a call of a loop as machine code needs nothing else."""
    return bool(loop.count) and not any("raise" in dict(call.errors or {}).values() for call in loop.calls)


def memory_for(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[], Array]:
    """Return a function that returns memory for a result: if it is large, some that nobody holds any more."""
    strides = tuple(dtype.itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape)))
    like = as_strided(np.empty(1, dtype), shape, strides)
    return Recycled(like) if like.nbytes >= RECYCLED else functools.partial(np.empty, shape, dtype)


class Lanes:
    """A loop for each element of a batch, side by side in machine code.

    Parameters
    ----------
    loop
        What runs.
    machine
        Its machine code for `batched`.
    batched
        For each argument whether it has an axis more, that of the batch, the first, or the second of what has rows.
        All results have it.
    size
        How many elements the batch has.
    tables
        The arguments and results, by number, that lie in memory in the order of the machine code.
    """

    def __init__(
        self, loop: CompiledLoop, machine: Any, batched: tuple[bool, ...], size: int, tables: tuple[int, ...]
    ) -> None:
        self.of, self.machine, self.batched, self.size, self.tables = loop, machine, batched, size, tables
        self.is_quick = runs_alone(loop.loop)
        self.loop, self.__name__ = loop.loop, f"{loop.__name__}_of_batch"
        self._space: list[Callable[[], Array]] | None = None

    @unrecorded
    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        given, count = _contiguous(arguments, self.loop)
        if self._space is None or self.loop.count is None:
            self._space = self._memory(count)
        results = [make() for make in self._space]
        if not self.machine(*given, *results, count, self.size):
            raise self.of.diverged()
        return tuple(results)

    def _memory(self, count: int) -> list[Callable[[], Array]]:
        found, of, width = list[Callable[[], Array]](), len(self.loop.arguments), self.machine.width
        for i, (shape, dtype) in enumerate(self.of._shapes):
            size = -(-self.size // width) * width if of + i in self.tables else self.size
            found.append(memory_for((*[count] * (i >= len(self.loop.finals)), size, *shape), dtype))
        return found

    def __repr__(self) -> str:
        return f"Lanes({self.size} of {self.of!r})"

    @property
    def source(self) -> str:
        """The text of the loop in a program."""
        return f"# {self.size} of these side by side\n{self.of.source}"


class Until:
    """A loop that ends when the last of its carried values is no longer true, and tells how often it ran by another.

    The loop itself runs some times more than that, which changes nothing.
    """

    def __init__(self, loop: CompiledLoop) -> None:
        self.of, self.loop, self.__name__ = loop, loop.loop, f"{loop.__name__}_until"

    @unrecorded
    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        given, count = list(arguments), 1
        while True:
            results = self.of(*given, count)
            if not results[-1]:
                return results
            given[: len(results)] = results
            count = min(2 * count, 1 if self.of.why else 1024)

    @property
    def source(self) -> str:
        """The text of the loop in a program."""
        return f"# until the last of its values is false\n{self.of.source}"


def _contiguous(arguments: Sequence[Any], loop: Loop) -> tuple[list[Array], int]:
    """Return the arguments of a loop as it takes them, and how often it runs."""
    count = loop.count
    if count is None:
        *arguments, count = arguments
        count = int(count)
    given = [_in_order(x, kind_of(like)[1]) for x, like in zip(arguments, loop.arguments, strict=True)]
    if loop.count is None:
        for x in loop.inputs:  # what was made for another number of iterations
            if isinstance(x, Part) and given[x.argument].size < count * np.size(x.variable.value):
                raise Diverged("", False)
    return given, count


def kind_of(x: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of a variable."""
    return ((), np.dtype(float)) if isinstance(x, TracedFloat) else (x.value.shape, x.value.dtype)


def _in_order(x: Any, dtype: np.dtype[Any]) -> Array:
    return np.ascontiguousarray(x, dtype).reshape(np.shape(x))


def body_of(loop: Loop) -> Program:
    """Return the body of a loop as a program of its inputs, and of rows to write to for what is stacked.

    It gives what is carried, and the finals.
    """
    program = Program()
    stand_ins: dict[int, Any] = {}
    for k, x in enumerate(loop.inputs):
        known = stand_ins[id(x.variable)] = stand_in(x.variable, Argument(k))
        program.sources.append((known, Argument(k)))
    program.calls = copies(loop.calls, stand_ins)
    if program.calls:
        program.errors = program.calls[-1].errors
    for k, (stacked, _) in enumerate(loop.stacked, len(loop.inputs)):
        row = Traced(np.empty(*kind_of(stacked)), stacked.records, Memory(ROW, None))
        program.sources.append((row, Argument(k)))
        _store(program, row, stand_ins[id(stacked)])
    after = [x.after for x in loop.inputs if isinstance(x, Carried)]
    program.outputs = [stand_ins[id(x)] for x in (*after, *loop.finals)]
    return program


def _store(program: Program, row: Traced, value: Any) -> None:
    """Write a value to a row as soon as it is there, so that this can be part of what makes it."""
    place, line = 0, ""
    for k, call in enumerate(program.calls, 1):
        if any(x is value for x in traced_in(call.result)) or (call.writes is not None and call.writes is value.memory):
            place, line = k, call.line
    store = Call(operator.setitem, (row, ..., value), {}, None, row.memory, False, line, program.errors)
    program.calls.insert(place, store)


def stand_in(x: Variable, fetch: Callable[[Sequence[Any]], Any]) -> Variable:
    """Return a variable like another, for an argument of a program."""
    if isinstance(x, TracedFloat):
        return TracedFloat(x.value, x.records, fetch)
    return Traced(x.value, x.records, Memory(ARGUMENT, None))


def copies(calls: Iterable[Call], known: dict[int, Any]) -> list[Call]:
    """Return copies of calls, on variables of their own, which are added to `known` by the identity of the others.

    `known` has those to take for variables that no call makes.
    """
    memories: dict[int, Memory] = {}

    def memory_of(memory: Memory) -> Memory:
        if id(memory) not in memories:
            made = memories[id(memory)] = Memory(MADE, None)
            made.written = memory.written
        return memories[id(memory)]

    def renewed(x: Any) -> Any:
        if not isinstance(x, Traced):
            return x
        if id(x) not in known:
            known[id(x)] = Traced(x.value, x.records, memory_of(x.memory))
            if x.memory.whole is x:
                known[id(x)].memory.whole = known[id(x)]
        return known[id(x)]

    copied = []
    for call in calls:
        for x in call.reads():
            if id(x) in known:
                memories.setdefault(id(x.memory), known[id(x)].memory)
        one = copy.copy(call)
        one.args, one.kwargs = replaced(known, call.args), replaced(known, call.kwargs)
        one.result = mapped(renewed, call.result)
        if call.writes is not None:
            one.writes = memory_of(call.writes)
        copied.append(one)
    return copied


def _value(array: Array, variable: Any) -> Any:
    """Return an array as the body reads it: a number where that is one."""
    if isinstance(variable, TracedFloat):
        return float(array)
    return array if isinstance(variable.value, np.ndarray) else array[()]


def _rows(part: Part, array: Array, count: int) -> Iterable[Any]:
    """Return what a part is in each iteration, in turn."""
    flat, first, step = array.reshape(-1), part.start, part.step
    if part.backwards:
        first, step = first + step * (count - 1), -step
    if isinstance(part.variable, TracedFloat):
        return (float(flat[first + step * j]) for j in range(count))
    if not isinstance(part.variable.value, np.ndarray):
        return (flat[first + step * j] for j in range(count))
    strides = [flat.itemsize * stride for stride in (step, *part.strides)]
    return _in_turn(as_strided(flat[first:], (count, *part.variable.value.shape), strides))


def _in_turn(table: Array) -> Iterable[Any]:
    """Return the rows of an array, which are arrays too if they have no axes."""
    return table if table.ndim > 1 else (table[j, ...] for j in range(len(table)))
