"""Compiled loops: what a program calls for a loop, machine code of it or the printed body, called by Python."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from ....arrays.door import recorder, unrecorded
from ....arrays.traced import Traced, Variable
from ....later import load
from ..creation import original_creation
from ..floats import TracedFloat
from ..passes import replaced
from ..printer import Diverged, Printed, printed
from ..program import ARGUMENT, MADE, Argument, Call, Memory, Program, mapped, state_of_errors
from ..recycled import RECYCLED, Recycled
from ..types import Array
from .loop import Carried, Loop, Part, Same, Unsuitable


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
        self._body: Printed | None = None
        self._run: Callable[..., tuple[Any, ...]] = self._begin if machine else self._by_steps
        self._shapes = [_kind(x) for x in (*loop.finals, *(x for x, _ in loop.stacked))]
        self._kinds = [_kind(x)[1] for x in loop.arguments]

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        return (self._run if recorder.get() is None else unrecorded(self._run))(*arguments)

    def __repr__(self) -> str:
        return f"CompiledLoop({self.__name__}: {len(self.loop.calls)} calls, {self.why or 'machine code'})"

    @property
    def source(self) -> str:
        """The text of the loop in a program."""
        body = self._printed().source.split("\n", 1)[1].rstrip()
        count = "count" if self.loop.count is None else self.loop.count
        how = f"by Python: {self.why}" if self.why else "as machine code"
        lines = [f"# {self.__name__}, which runs {how}", f"for j in range({count}):", body]
        return "\n".join(lines) + "\n"

    def _contiguous(self, arguments: Sequence[Any]) -> tuple[list[Array], int]:
        """Return the arguments as the loop takes them, and how often it runs."""
        loop, count = self.loop, self.loop.count
        if count is None:
            *arguments, count = arguments
            count = int(count)
        given = [_contiguous(x, kind) for x, kind in zip(arguments, self._kinds, strict=True)]
        if loop.count is None:
            for x in loop.inputs:  # what was made for another number of iterations
                if isinstance(x, Part) and given[x.argument].size < count * math.prod(_kind(x.variable)[0]):
                    raise Diverged("", False)
        return given, count

    def _memory(self, count: int) -> list[Array]:
        once, kinds = len(self.loop.finals), self._shapes
        return [np.empty(shape if i < once else (count, *shape), dtype) for i, (shape, dtype) in enumerate(kinds)]

    def _begin(self, *arguments: Any) -> tuple[Any, ...]:
        """Run for the first time, with machine code if there can be some."""
        machine = self.machine_code(None)
        with original_creation():  # numba compiles at the first call
            self._run = self._by_steps if machine is None else self.caller(machine)
            return self._run(*arguments)

    def caller(self, machine: Callable[..., bool], size: int | None = None) -> Callable[..., tuple[Any, ...]]:
        """Return a function that calls machine code, for a batch of that size if there is one.

        Loops of few steps take less time than a look at what they are given, so that its text says all of that.
        """
        loop, count, batch = self.loop, self.loop.count, () if size is None else (size,)
        names = [f"x{i}" for i in range(len(loop.arguments))]
        scope: dict[str, Any] = {
            "ndarray": np.ndarray, "empty": np.empty, "contiguous": _contiguous, "machine": machine,
            "Diverged": Diverged, "errors": state_of_errors.get, "raises": _raises, "by_steps": self._by_steps,
        }  # fmt: skip
        parameters = ", ".join(names if count is not None else [*names, "count"])
        lines = [] if count is not None else ["count = int(count)"]
        if size is None:
            without = f"raises(errors()){'' if count is not None else ' or not count'}"
            lines.append(f"if {without}: return by_steps({parameters})" if count != 0 else f"return by_steps({parameters})")
        for i, (x, dtype) in enumerate(zip(names, self._kinds, strict=True)):
            scope[f"d{i}"] = dtype
            as_it_is = f"type({x}) is ndarray and {x}.dtype is d{i} and {x}.flags.c_contiguous"
            lines.append(f"if not ({as_it_is}): {x} = contiguous({x}, d{i})")
        for x in loop.inputs if count is None else ():  # what was made for another number of iterations
            if isinstance(x, Part):
                each = math.prod(_kind(x.variable)[0])
                lines.append(f"if x{x.argument}.size < count * {each}: raise Diverged('', False)")
        returned = []
        for i, (shape, dtype) in enumerate(self._shapes):
            result = f"r{i}"
            rows, once = (count,) if i >= len(loop.finals) else (), i < len(loop.finals)
            scope[f"of_{result}"] = dtype
            if count is None and not once:
                made = f"empty(({', '.join(map(str, (*batch, 'count', *shape)))}), of_{result})"
            else:
                made = f"empty({(*batch, *rows, *shape)!r}, of_{result})"
                if dtype.itemsize * math.prod((*batch, *rows, *shape)) >= RECYCLED:
                    scope[f"new_{result}"] = Recycled(np.empty((*batch, *rows, *shape), dtype))
                    made = f"new_{result}()"
            lines.append(f"{result} = {made}")
            names.append(result)
            returned.append(result if shape or batch or not once else f"{result}[()]")
        given = ", ".join([*names, "count" if count is None else str(count), *map(str, batch)])
        lines += [f"if not machine({given}): raise Diverged('', False)", f"return ({''.join(f'{x}, ' for x in returned)})"]
        exec(f"def call({parameters}):\n    " + "\n    ".join(lines), scope)  # the text is the one above
        made_of_text: Callable[..., tuple[Any, ...]] = scope["call"]
        return made_of_text

    def machine_code(self, batched: tuple[bool, ...] | None) -> Callable[..., bool] | None:
        """Return the machine code of the loop, or of one for each element of a batch; None if there is none."""
        if find_spec("numba") is None:
            self.why = "numba is not installed"
            return None
        try:
            with original_creation():
                made: Callable[..., bool] = load("machine code of loops").machine_code(self.loop, batched)
        except Unsuitable as unsuitable:
            self.why = str(unsuitable)
            return None
        return made

    # By Python

    def _printed(self) -> Printed:
        if self._body is None:
            self._body = printed(body_of(self.loop), (), self.__name__)
        return self._body

    @unrecorded
    def _by_steps(self, *arguments: Any) -> tuple[Any, ...]:
        given, count = self._contiguous(arguments)
        results = self._memory(count)
        if count:
            self._run_steps(given, results, count)
        else:  # the final values are those that `scan` begins with
            carried = [x for x in self.loop.inputs if isinstance(x, Carried)]
            for x, result in zip(carried, results, strict=False):
                result[...] = given[x.first]
        return tuple([x[()] if not x.ndim else x for x in results])

    def _run_steps(self, given: list[Array], results: list[Array], count: int) -> None:
        loop, run = self.loop, self._printed().run
        values = [None if isinstance(x, Part) else _value(given[_argument(x)], x.variable) for x in loop.inputs]
        parts = [(i, _rows(x, given[x.argument], count)) for i, x in enumerate(loop.inputs) if isinstance(x, Part)]
        carried = [i for i, x in enumerate(loop.inputs) if isinstance(x, Carried)]
        stop = len(carried) + len(loop.stacked)
        stacked = [
            (table, reverse) for table, (_, reverse) in zip(results[len(loop.finals) :], loop.stacked, strict=True)
        ]
        outputs: Any = ()
        for j in range(count):
            for i, row in parts:
                values[i] = row(j)
            outputs = run(values)
            for (table, backwards), value in zip(stacked, outputs[len(carried) : stop], strict=True):
                table[count - 1 - j if backwards else j] = value
            for i, value in zip(carried, outputs, strict=False):
                values[i] = value
        for result, value in zip(results, outputs[stop:], strict=False):
            result[...] = value


class Lanes:
    """A loop for each element of a batch, side by side in machine code.

    Parameters
    ----------
    loop
        What runs.
    machine
        Its machine code for `batched`.
    batched
        For each argument whether it has a first axis more, that of the batch. All results have it.
    size
        How many elements the batch has.
    """

    def __init__(self, loop: CompiledLoop, machine: Callable[..., bool], batched: tuple[bool, ...], size: int) -> None:
        self.of, self.batched, self.size = loop, batched, size
        self.loop, self.__name__ = loop.loop, f"{loop.__name__}_of_batch"
        with original_creation():
            self._run = loop.caller(machine, size)
        self._call: Callable[..., tuple[Any, ...]] = self._begin

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        return (self._call if recorder.get() is None else unrecorded(self._call))(*arguments)

    def _begin(self, *arguments: Any) -> tuple[Any, ...]:
        with original_creation():  # numba compiles at the first call
            found = self._run(*arguments)
        self._call = self._run
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
        given, count, most = list(arguments), 1, 1
        while True:
            results = self.of(*given, count)
            if not results[-1]:
                return results
            given[: len(results)] = results
            most = 1 if self.of.why else 1024
            count = min(2 * count, most)

    @property
    def source(self) -> str:
        """The text of the loop in a program."""
        return f"# until the last of its values is false\n{self.of.source}"


@functools.lru_cache(16)
def _raises(state: Any) -> bool:
    """Tell whether NumPy raises errors of overflow and the like, which machine code does not, in this state of it."""
    return "raise" in np.geterr().values()


def _contiguous(x: Any, dtype: np.dtype[Any]) -> Array:
    return np.ascontiguousarray(x, dtype).reshape(np.shape(x))


def _kind(x: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of a variable."""
    return ((), np.dtype(float)) if isinstance(x, TracedFloat) else (x.value.shape, x.value.dtype)


def body_of(loop: Loop) -> Program:
    """Return the body of a loop as a program: of its inputs, it gives what is carried, what is stacked, and finals."""
    program = Program()
    stand_ins: dict[int, Any] = {}
    for k, x in enumerate(loop.inputs):
        known = stand_ins[id(x.variable)] = stand_in(x.variable, Argument(k))
        program.sources.append((known, Argument(k)))
    program.calls = copies(loop.calls, stand_ins)
    if program.calls:
        program.errors = program.calls[-1].errors
    after = [x.after for x in loop.inputs if isinstance(x, Carried)]
    outputs = [*after, *(x for x, _ in loop.stacked), *loop.finals]
    program.outputs = [stand_ins[id(x)] for x in outputs]
    return program


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


def _argument(x: Same | Carried) -> int:
    return x.argument if isinstance(x, Same) else x.first


def _value(array: Array, variable: Any) -> Any:
    """Return an array as the body reads it: a number where that is one."""
    if isinstance(variable, TracedFloat):
        return float(array)
    return array if isinstance(variable.value, np.ndarray) else array[()]


def _rows(part: Part, array: Array, count: int) -> Callable[[int], Any]:
    """Return the function that gives what a part is in each iteration."""
    flat, positions, size = array.reshape(-1), np.asarray(part.positions), math.prod(_kind(part.variable)[0])
    first, step, shape = int(positions.flat[0]) if size else 0, part.step, _kind(part.variable)[0]
    if part.backwards:
        first, step = first + step * (count - 1), -step
    if not isinstance(part.variable.value, np.ndarray):
        return lambda j: flat[first + step * j]
    if np.array_equal(positions.reshape(-1) - positions.flat[:1], np.arange(size)):
        return lambda j: flat[first + step * j : first + step * j + size].reshape(shape)
    beside = positions - positions.flat[:1]
    return lambda j: flat[beside + (first + step * j)]
