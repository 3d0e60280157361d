"""The printer: a program as one Python function, with memory for its results that is reserved once."""

from __future__ import annotations

import ast
import math
import operator
import re
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from sys import getrefcount
from traceback import walk_tb
from typing import Any

import numpy as np

from ...arrays.traced import Traced
from ...graph.mutation import note_written
from ...later import load
from .expressions import Expressions
from .numpy_calls import ROUNDED, WRITERS, is_basic, is_scalar
from .program import (
    ARGUMENT,
    HELD,
    ROW,
    Call,
    Check,
    Draw,
    Effect,
    Fetch,
    GradientOf,
    Outside,
    Program,
    mapped,
    state_of_errors,
    traced_in,
)  # fmt: skip
from .quoting import comment, line_comment, literal
from .recorder import layout_of
from .recycled import RECYCLED, Recycled
from .shadows import Shadow, last_check, shadowed
from .types import Leaves
from .watched_tensors import ALONE, give_back

ndarray = np.ndarray

_FILLERS = {np.zeros: 0, np.zeros_like: 0, np.ones: 1, np.ones_like: 1}
_COPIERS = frozenset((ndarray.copy, ndarray.astype, np.copy))
_TAKE_OUT = frozenset((
    ndarray.sum, ndarray.max, ndarray.min, ndarray.clip, ndarray.take, ndarray.cumsum, np.clip, np.concatenate,
    np.stack, np.cumsum,
))  # fmt: skip


_WORD = re.compile(r"[^\W\d]\w*")
# A Python function of more calls is several: Python takes time in the square of the objects that one of them names.
LONGEST = 4000


class Diverged(Exception):  # noqa: N818 - not an error: the function itself runs instead
    """Raised, with the line, where a value that the program depends on is another one than when it was recorded.

    The second argument tells whether that is whether a gradient is finite, which others say a word about.
    """


@dataclass(eq=False)
class Printed:
    """A program that can run.

    Attributes
    ----------
    source, file
        Its text, and the name of that in tracebacks.
    run
        Takes the leaves of the arguments and returns the arrays that the function returned.
    buffers, nbytes
        How many arrays are reserved for results, and their bytes.
    calls
        How many NumPy calls it makes.
    undo
        While it runs: what puts back what it has changed before its last check, such as states of generators.
    """

    source: str
    run: Callable[..., Any]
    buffers: int
    nbytes: int
    calls: int
    undo: list[Callable[[], None]]
    committed: list[bool]  # not empty once it has changed what cannot be put back

    def __post_init__(self) -> None:
        self.file = self.run.__code__.co_filename

    def start(self) -> None:
        """Begin a run."""
        self.undo.clear()
        self.committed.clear()

    def line_of(self, error: Exception) -> str:
        """Return the line of the user's program, as the text has it, whose call raised an error."""
        raised = [at for at in walk_tb(error.__traceback__) if at[0].f_code.co_filename == self.file]
        if not raised:
            return ""
        frame, number = raised[-1]  # of a text that begins with another line
        begin = self.source.index(f"def {frame.f_code.co_name}(")
        lines = [line.strip() for line in self.source[begin:].split("\n")[: number - 1]]
        return next((x[2:] for x in reversed(lines) if x.startswith("# ") and not x.startswith("# numpy.err")), "")

    def give_up(self) -> None:
        """Put back what was changed, such as the states of random generators: the program has turned out not to fit."""
        while self.undo:
            self.undo.pop()()


def printed(program: Program, leaves: Leaves, name: str) -> Printed:
    """Print a program for the arrays that tensors and variables hold now; arguments are read anew each time."""
    made = _Printer(program, leaves, name).printed()
    if program.look_at:
        run, made.run = made.run, lambda leaves: _counted(program, leaves, name, made, run)(leaves)
    return made


def _counted(program: Program, leaves: Leaves, name: str, made: Printed, run: Callable[..., Any]) -> Callable[..., Any]:
    """Count a run of a program that may be fused; return what runs: `run`, or once it is fused what it becomes."""
    program.runs += 1
    if program.runs == program.look_at:
        fused = load("fused loops")
        program.look_at = fused.runs_until_fused(program)
        if not program.look_at:
            made.run = run
        elif program.look_at <= program.runs:
            program.look_at = 0
            fused.fuse_unasked(program)
            vars(made).update(vars(printed(program, [*leaves], name)))
            return made.run
    return run


def _text_of(call: str, lines: list[str]) -> str:
    """Return the text of a function that is called so."""
    return f"def {call}:\n    " + "\n    ".join(lines) + "\n"


def _state_of(generator: Any) -> Callable[[], None]:
    """Return a function that puts back the state of a random generator."""
    return partial(setattr, generator, "state", generator.state)


class _Printer(Expressions):
    def __init__(self, program: Program, leaves: Leaves, name: str) -> None:
        super().__init__(name, len(program.calls) > LONGEST)
        self.program, self.leaves = program, leaves
        self.gradients = set(map(id, program.gradients))
        self.finite = {id(call.result) for call in program.calls if call.function is np.isfinite}
        self.lines: list[str] = []
        self.free: dict[int, list[Any]] = {}
        self.reserved: dict[int, Any] = {}  # memory of bytes, by Memory
        self.buffers = self.nbytes = self.calls = 0
        self.last = program.last_uses()
        self.ends: dict[int, list[int]] = {}  # the memory that each call is the last to use
        for memory, k in self.last.items():
            self.ends.setdefault(k, []).append(memory)
        self.until = last_check(program)
        self.shadowed = shadowed(program)
        self.shadows: dict[int, Shadow] = {}  # that are in use, by Memory
        self.real: list[tuple[Traced, Any]] = []  # variables that are in a shadow, and their arrays
        self.views: list[Call] = []  # made of a shadow
        self.generators: dict[int, str] = {}  # the names of random generators, by what returns them
        self.undo: list[Callable[[], None]] = []
        self.committed: list[bool] = []
        self.commits = False  # whether the text says so
        self.prepared = False  # whether gradients are cleared
        self.states: dict[str, tuple[str, Any]] = {}  # what NumPy does on overflow: a name, an object
        self.asked = self._only_checked()
        self.kept = set(program.handed_out())

    def _only_checked(self) -> set[int]:
        """Return the variables that nothing but checks read."""
        checked: set[int] = set()
        read = {id(x) for x in traced_in(self.program.outputs)}
        for call in self.program.calls:
            (checked if isinstance(call, Check) else read).update(id(x) for x in call.reads())
        return checked - read

    # The text

    def printed(self) -> Printed:
        given: list[tuple[str, Any]] = []
        for x, fetch in self.program.sources:
            if x.memory.kind in (ARGUMENT, ROW):
                name = self.new_variable(x) if self.parted else f"x{len(given)}"
                self.names[id(x)] = name
                given.append((name, fetch))
            else:
                self.fixed[id(x)] = fetch(self.leaves)
        line = ""
        ambient = self.program.errors
        for k, call in enumerate(self.program.calls):
            state = call.errors
            before = len(self.lines)
            if self._begins_effects(call):
                self._prepare()
            self._shade(k, call)
            if k > self.until and self._is_seen(call):
                self._commit()
            self._print(k, call)
            if len(self.lines) > before:
                if call.line != line:
                    line = call.line
                    file, _, number = line.rpartition(":")
                    self.lines.insert(before, line_comment(file, int(number)))
                if state != ambient:
                    for i in range(before, len(self.lines)):
                        self.lines[i] = f"\t{state!r}\t{self.lines[i]}"
            self._release(k)
        if self.shadows:
            self._commit()
        self._note_written()
        self.lines.append(f"return ({''.join(self._output(x) + ', ' for x in self.program.outputs)})")
        return self._made(given)

    def _made(self, given: list[tuple[str, Any]]) -> Printed:
        body = [f"{name} = {self.source(fetch)}" for name, fetch in given]
        parts: dict[str, str] = {}  # their texts, by how they are called
        block = ""
        for line in self.lines:
            if self.parted and len(body) >= LONGEST and not body[-1].lstrip().startswith("#"):
                name = self.new_name(f"{self.name}_part")
                part = parts[f"{name}(leaves, v)"] = _text_of(f"{name}(leaves, v)", [*body, *self._restored(block)])
                self.scope[name] = self._function(name, part)
                body, block = [], ""
            if line.startswith("\t"):
                _, state, text = line.split("\t", 2)
                if state != block:
                    body += [*self._restored(block), *self._within(state)]
                    block = state
                body.append("    " + text)
            elif line.startswith("#") and block:
                body.append("    " + line)
            else:
                body += [*self._restored(block), line]
                block = ""
        if self.parted:
            body = [f"v = [None] * {self.newest + 1}", *parts, *body]
        text = _text_of(f"{self.name}(leaves)", body)
        run = self._function(self.name, text)
        source = "".join((*parts.values(), text))
        return Printed(source, run, self.buffers, self.nbytes, self.calls, self.undo, self.committed)

    def _function(self, name: str, text: str) -> Callable[..., Any]:
        """Return the function of a text, with the objects that it names as variables of a closure."""
        names = [word for word in dict.fromkeys(_WORD.findall(text)) if word in self.scope]
        source = f"def make({', '.join(names)}):\n    " + text.replace("\n", "\n    ") + f"\n    return {name}\n"
        space: dict[str, Any] = {}
        exec(compile(source, f"<compiled {self.name}>", "exec"), space)
        made: Callable[..., Any] = space["make"](*map(self.scope.__getitem__, names))
        return made

    def _within(self, state: str) -> list[str]:
        """Return the lines that begin a block in which NumPy treats overflow and the like in another way.

        They do what `numpy.errstate` does, in a quarter of the time.
        """
        if state not in self.states:
            with np.errstate(**ast.literal_eval(state)):
                self.states[state] = self.new_name("errors"), state_of_errors.get()
            self.scope[self.states[state][0]] = self.states[state][1]
        variable = self.name_of(state_of_errors, "numpy_errors")
        return [comment(f"numpy.errstate(**{state})"), f"before = {variable}.set({self.states[state][0]})", "try:"]

    def _restored(self, block: str) -> list[str]:
        """Return the lines that end such a block."""
        variable = self.name_of(state_of_errors, "numpy_errors")
        return ["finally:", f"    {variable}.reset(before)"] if block else []

    def _note_written(self) -> None:
        """Say of the memory of others that it was written to, so that graphs which kept it raise."""
        memories = {id(call.writes) for call in self.program.calls if call.writes is not None}
        memories -= self.gradients
        written = {id(x.memory): x for x, _ in self.program.sources if id(x.memory) in memories}
        names = [self.variable(x) for x in written.values() if x.memory.is_others]
        if names:
            self.lines.append(f"{self.name_of(note_written, 'note_written')}({', '.join(names)})")

    @staticmethod
    def _is_seen(call: Call) -> bool:
        """Tell whether others see what a call changes."""
        if isinstance(call, Effect | Outside):
            return not isinstance(call, Draw | Fetch)
        return call.writes is not None and call.writes.is_others

    def _begins_effects(self, call: Call) -> bool:
        """Tell whether a call is of the first kind that changes gradients."""
        if isinstance(call, Effect | Outside):
            return not isinstance(call, Draw)
        return id(call.writes) in self.gradients

    def _prepare(self) -> None:
        """Print once that gradients are cleared, and the memory claimed that is set aside for them."""
        if self.prepared:
            return
        self.prepared = True
        buffers = {fetch: fetch(self.leaves)._node.buffer for fetch in self.program.claimed}
        fetches = dict.fromkeys((*self.program.cleared, *self.program.claimed))
        cleared = {fetch: self.new_local("gradient") for fetch in fetches}
        for fetch, name in cleared.items():
            self.lines += [f"{name} = {self.source(fetch)}._grad", f"{self.source(fetch)}._grad = None"]
        held = [self._is_held(buffer, cleared[fetch]) for fetch, buffer in buffers.items()]
        if held:
            tensors = "".join(f"{self.source(fetch)}, " for fetch in cleared)
            given = f"({tensors}), ({''.join(f'{name}, ' for name in cleared.values())})"
            back = f"{self.name_of(give_back, 'give_back')}({given})"
            self.lines.append(f"if {' or '.join(held)}: {back}; raise {self.name_of(Diverged, 'Diverged')}")
        self.lines += [f"{' = '.join(cleared.values())} = None"] if cleared else []

    def _is_held(self, buffer: Any, gradient: str) -> str:
        """Return the condition that somebody else holds the memory set aside for a gradient, or the gradient there."""
        claim, part = self.name_of(buffer.claim, "claim"), self.name_of(buffer, "set_aside")
        references = f"{self.name_of(getrefcount, 'references')}({gradient})"
        return (
            f"(({claim}(1) is None or {references} != {ALONE}) if {gradient} is not None and "
            f"{gradient}._array is {part}.array else {claim}() is None)"
        )

    def _output(self, x: Any) -> str:
        text = self.variable(x)
        if id(x.memory) in self.gradients:
            return f"{text}.copy('K')"  # the next step writes there again
        if id(x) in self.fixed and x.memory.kind != HELD and isinstance(x.value, ndarray):
            return f"{text}.copy()"  # the memory of a constant is nobody else's
        return text

    def _release(self, k: int) -> None:
        for key in self.ends.get(k, ()):
            memory = self.reserved.pop(key, None)
            if memory is not None:
                self.free.setdefault(memory.nbytes, []).append(memory)

    def _print(self, k: int, call: Call) -> None:
        if isinstance(call, Check):
            self._print_check(call)
            return
        if isinstance(call, Effect):
            fetch, *arrays = call.args
            given = ", ".join([self.source(fetch), *map(self._output, arrays)])
            self.lines.append(f"{self.text(call.function)}({given})")
            return
        if isinstance(call, Fetch):
            self._assign(call, self.source(GradientOf(call.args[0])))
            return
        if isinstance(call, Draw):
            self._print_draw(k, call)
            return
        if isinstance(call, Outside):
            if k < self.until:
                self._note_undo(self.call(call.function.saved, call.args[:1], {}))  # type: ignore[attr-defined]
            arguments = [*map(self.text, call.args), *self.keywords(call.kwargs)]
            self._assign(call, f"{self.text(call.function)}({', '.join(arguments)})")
            return
        if call.view and self._is_fixed_view(call):
            return
        self.calls += 1
        if call.writes is not None or call.function in WRITERS:
            self._print_write(call)
            return
        asked = call.function is np.isfinite and id(call.result) in self.asked and is_scalar(call.args[0])
        if asked and call.args[0].dtype.kind == "f":
            self.names[id(call.result)] = f"{self.name_of(math.isfinite, 'isfinite')}({self.text(call.args[0])})"
            return
        target = self._target(k, call)
        if target is None:
            args = self.as_arrays(call)
            self._assign(call, self.call(call.function, args, call.kwargs))
        elif call.function in (np.empty, np.empty_like):
            self.calls -= 1
        elif (
            call.function in _FILLERS and id(call.result) in self.fixed and id(call.result.memory) not in self.reserved
        ):
            self.fixed[id(call.result)].fill(_FILLERS[call.function])
            self.calls -= 1
        elif call.function in _FILLERS:
            self.lines.append(f"{target}.fill({_FILLERS[call.function]})")
        elif call.function in _COPIERS or call.function is np.array:
            copyto = self.name_of(np.copyto, "copyto")
            self.lines.append(f"{copyto}({target}, {self.text(call.args[0])}, 'unsafe')")
        else:
            args = self.as_arrays(call)
            if isinstance(call.function, np.ufunc) or call.function is np.dot:
                self.lines.append(self.call(call.function, args, call.kwargs, target))
            else:
                self.lines.append(self.call(call.function, args, call.kwargs, f"out={target}"))

    def _print_write(self, call: Call) -> None:
        """Print a call that writes to an array, which is a view made once where that is possible."""
        if call.function is operator.setitem and id(call.args[0]) in self.fixed and is_basic(call.args[1]):
            part = self.fixed[id(call.args[0])][call.args[1]]
            if isinstance(part, ndarray) and call.args[1] is not Ellipsis:
                self.lines.append(f"{self.name_of(part, 'part')}[...] = {self.text(call.args[2])}")
                return
        args = self.as_arrays(call)
        self.lines.append(self.call(call.function, args, call.kwargs))

    def _stays_filled(self, k: int, x: Traced) -> bool:
        """Tell whether memory that is filled is then written to in the same parts each time, before it is read.

        The rest of it keeps what it was filled with, if the memory serves nothing else.
        """
        if self.program.loops or id(x.memory) in self.kept:
            return False
        read, users = False, self._users.get(id(x.memory), [])
        for call in map(self.program.calls.__getitem__, users[bisect(users, k) :]):
            if call.writes is x.memory:
                stores = call.function is operator.setitem and call.args[0] is x and is_basic(call.args[1])
                operands = call.args[2] if stores else call.args
                parts = stores or "out" in call.kwargs
                if read or not parts or any(y.memory is x.memory for y in traced_in(operands)):
                    return False
            elif not call.view and any(y.memory is x.memory for y in call.reads()):
                read = True
        return True

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        """The positions of the calls that read or write to each memory."""
        found: dict[int, list[int]] = {}
        for k, call in enumerate(self.program.calls):
            for memory in {id(call.writes), *[id(x.memory) for x in call.reads()]}:
                found.setdefault(memory, []).append(k)
        return found

    def _note_undo(self, undo: str) -> None:
        """Print that a function is to be called if the program turns out not to fit."""
        self.lines.append(f"{self.name_of(self.undo, 'undo')}.append({undo})")

    def _print_draw(self, k: int, call: Draw) -> None:
        choose, *args = call.args
        generator = self.generators.get(id(choose))
        if generator is None:
            generator = self.generators[id(choose)] = self.new_local("generator")
            self.lines.append(f"{generator} = {self.text(choose)}()")
            if k < self.until or (self.program.claimed and not self.prepared):
                self._note_undo(f"{self.name_of(_state_of, 'state_of')}({generator}.bit_generator)")
        self._assign(call, f"{self.text(call.function)}({', '.join([generator, *map(self.text, args)])})")

    # Until the first change that cannot be put back, what is written to held memory goes to a shadow of it.

    def _shade(self, k: int, call: Call) -> None:
        key = id(call.writes)
        if key not in self.shadowed or key in self.shadows or k > self.until:
            return
        variables = [x for x in self.shadowed[key] if id(x) in self.fixed]
        shadow = self.shadows[key] = Shadow([self.fixed[id(x)] for x in variables])
        for x in variables:
            self.real.append((x, self.fixed[id(x)]))
            self._become(x, shadow.of(self.fixed[id(x)]))
        self._copy_lines([(to, of) for of, to in shadow.pairs])

    def _become(self, x: Traced, array: Any) -> None:
        """Let a variable have another array from here on."""
        self.fixed[id(x)] = array
        self.names.pop(id(x), None)

    def _commit(self) -> None:
        """Print once that what others see changes from here on, and copy the shadows back."""
        if self.commits:
            return
        self._prepare()
        self.lines.append(f"{self.name_of(self.committed, 'committed')}.append(True)")
        self.commits = True
        self._copy_lines([pair for shadow in self.shadows.values() for pair in shadow.pairs])
        for x, array in self.real:
            self._become(x, array)
        for call in self.views:
            self.names.pop(id(call.result), None)
            self._is_fixed_view(call)

    def _copy_lines(self, pairs: list[tuple[Any, Any]]) -> None:
        for to, of in pairs:
            names = self.name_of(to, "held"), self.name_of(of, "held")
            self.lines.append(f"{self.name_of(np.copyto, 'copyto')}({', '.join(names)})")

    def _print_check(self, call: Check) -> None:
        (x,) = call.args
        diverged = self.name_of(Diverged, "Diverged")
        expected = call.expected
        text = self.variable(x)
        if call.function is layout_of:
            shape, dtype = expected
            condition = f"{text}.shape != {shape!r} or {text}.dtype != {self.name_of(dtype, 'dtype')}"
        elif expected.ndim == 0:
            value = expected.item()
            condition = ("not " if value else "") + text if type(value) is bool else f"{text} != {value!r}"
        else:
            condition = f"not ({text} == {self.name_of(expected)}).all()"
        self.lines.append(f"if {condition}: raise {diverged}({literal(call.line)}, {id(x) in self.finite})")

    def _assign(self, call: Call, text: str) -> None:
        result = call.result
        if result is None:
            self.lines.append(text)
        elif isinstance(result, Traced):
            self.lines.append(f"{self.new_variable(result)} = {text}")
        else:
            self.lines.append(f"{''.join(self.new_variable(x) + ', ' for x in result)} = {text}")

    def _is_fixed_view(self, call: Call) -> bool:
        """Make a view of memory that stays now, once, and tell whether it could be."""
        result = call.result
        if not isinstance(result, Traced) or any(id(x) not in self.fixed for x in call.reads()):
            return False
        args = mapped(self._now, call.args)
        kwargs = mapped(self._now, call.kwargs)
        view = call.function(*args, **kwargs)
        if not any(np.may_share_memory(view, x) for x in (*args, *kwargs.values()) if isinstance(x, ndarray)):
            return False  # NumPy made a copy this time
        self.fixed[id(result)] = view
        if id(result.memory) in self.shadows and not self.commits:
            self.views.append(call)
        return True

    def _now(self, x: Any) -> Any:
        return self.fixed[id(x)] if isinstance(x, Traced) else x

    def _target(self, k: int, call: Call) -> str | None:
        """Reserve memory for the result of a call that can write to memory given; return its name."""
        x = call.result
        if not isinstance(x, Traced) or call.view or not isinstance(x.value, ndarray):
            return None
        kept = id(x.memory) in self.kept
        if kept and x.nbytes < RECYCLED:
            return None
        function, kwargs = call.function, call.kwargs
        if "out" in kwargs or "like" in kwargs or x.dtype.kind not in "biufc" or not x.size:
            return None
        array = x.value
        if not (array.flags.c_contiguous or array.flags.f_contiguous) or x.memory.whole is not x:
            return None
        owner = getattr(function, "__self__", None)
        if function in (np.dot, np.matmul, ndarray.dot):
            if not array.flags.c_contiguous or any(
                not isinstance(part, Traced) or part.dtype != array.dtype for part in call.args
            ):
                return None
        elif not (
            (isinstance(function, np.ufunc) and function.nout == 1)
            or isinstance(owner, np.ufunc)
            or function in _FILLERS
            or function in (np.empty, np.empty_like)
            or (function in _COPIERS and isinstance(call.args[0], Traced))
            or function in _TAKE_OUT
            or (function is np.array and self._is_copy(call))
        ):
            return None
        if kept:
            recycled = self.new_name("recycled")
            self.scope[recycled] = Recycled(array)
            self.lines.append(f"{self.new_variable(x)} = {recycled}()")
            return self.variable(x)
        over = self._overwritten(k, call)
        if function in _FILLERS and self._stays_filled(k, x):
            memory = self._new_memory(array.nbytes)
        elif over is not None:
            self.reserved[id(x.memory)] = memory = self.reserved.pop(id(over.memory))
            if id(over) in self.fixed and over.dtype == x.dtype and self.fixed[id(over)].flags.writeable:
                self.fixed[id(x)], self.names[id(x)] = self.fixed[id(over)], self.variable(over)
                return self.variable(x)
        else:
            free = self.free.get(array.nbytes)
            self.reserved[id(x.memory)] = memory = free.pop() if free else self._new_memory(array.nbytes)
        self.fixed[id(x)] = np.ndarray(array.shape, array.dtype, memory, 0, array.strides)
        return self.variable(x)

    @staticmethod
    def _is_copy(call: Call) -> bool:
        """Tell whether a call of `numpy.array` copies an array."""
        return (
            len(call.args) == 1
            and isinstance(call.args[0], Traced)
            and call.kwargs.keys() <= {"order", "copy", "dtype"}
        )

    def _overwritten(self, k: int, call: Call) -> Traced | None:
        """Return an operand that nothing needs afterwards, and that an elementwise call may write over."""
        x = call.result
        if call.function not in ROUNDED or x.dtype.kind == "c" or call.function is np.sign:  # which is slow in place
            return None
        for y in call.reads():
            memory = self.reserved.get(id(y.memory))
            if memory is None or self.last[id(y.memory)] != k or memory.nbytes != x.nbytes:
                continue
            same: bool = y.nbytes == x.nbytes and y.strides == x.strides and y.shape == x.shape
            if same and all(z is y for z in call.reads() if z.memory is y.memory):
                return y  # type: ignore[no-any-return]  # with memory reserved it is an array
        return None

    def _new_memory(self, nbytes: int) -> Any:
        memory = np.zeros(nbytes + 64, np.uint8)
        start = -memory.ctypes.data % 64
        self.buffers += 1
        self.nbytes += nbytes
        return memory[start : start + nbytes]
