"""The recorder: computes with real arrays while a function runs, and notes every call."""

from __future__ import annotations

import math
import re
import sys
import time
from collections import Counter, UserList, deque
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from threading import get_ident
from traceback import walk_tb
from types import FrameType, FunctionType, MethodType
from typing import Any

import numpy as np

from ...arrays.door import Used, unrecorded
from ...arrays.standin import StandIn
from ...arrays.traced import Traced, plain
from ...errors import CompileError, described
from ...scalar.value import Value
from ...source.call_site import of_library, users_frame, users_line
from ...source.source_info import line_in, line_of, warn, within_engine
from ...tensors.tensor import Tensor
from . import traced_methods
from .breaks import Parts, Text
from .floats import Computed, Question, TracedFloat, TracedInt, TracedItem, ask_for_values, without_integers
from .loops.loop import Unsuitable
from .memory import address_of, array_at, owner_of
from .numpy_calls import (
    MAY_RETURN_ITS_ARGUMENT,
    OVERWRITING,
    QUESTIONS,
    WRITERS,
    applied,
    layout_depends,
    out_and_after,
)
from .program import (
    CONSTANT,
    HELD,
    MADE,
    NOTHING,
    Call,
    Check,
    Draw,
    Fixed,
    Memory,
    Outside,
    Program,
    mapped,
    state_of_errors,
    traced_in,
)
from .types import Array, ArrayArgument, Operand
from .variables import TracedVariables
from .watched_tensors import WatchedTensors, holds_traced

ndarray = np.ndarray
_array = np.array  # which is another one while a program is recorded
PATIENCE = 5.0  # seconds of CPU time of recording until a warning says what takes so long
MOST_CALLS = 500_000  # of a program, which take half a gigabyte to record and a minute to print
BETWEEN_LOOKS = 4096  # calls
AT_END = 4  # a function that is parted makes so many times more calls before than after

# The types of plain values, which a program may depend on and return.
NUMBERS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.dtype, type, slice, range)
# Where users take values out of tensors. What the engine asks for elsewhere becomes a check.
_EXITS = {
    "autograd.tensors.tensor", "autograd.tensors.conversions", __name__, applied.__module__, StandIn.__module__,
    Traced.__module__, traced_methods.__name__,
}  # fmt: skip


def value_of(x: Array | np.generic) -> Any:
    """Return what a check is of: a value."""
    return _array(x)


def layout_of(x: Array | np.generic) -> Any:
    """Return what a check is of: a shape and a dtype that depend on values."""
    return x.shape, x.dtype


_COMPUTE = "compute with the array itself, and write numpy.sin(x) for math.sin(x)"
_INSTEAD = dict.fromkeys(("float()", "complex()", "tolist()"), _COMPUTE) | {
    "an ndarray": "call NumPy's functions by NumPy's names, numpy.asarray for an attribute that holds it",
}


class ProgramRecorder:
    """Notes what a function computes, in a `Program`.

    Parameters
    ----------
    strict
        Whether to raise where something cannot be recorded. Otherwise the function goes on as if it were not recorded,
        and `refused` holds the reason.
    """

    loops = True

    def __init__(self, strict: bool) -> None:
        Used.compile = True
        self.program = Program()
        self.strict, self.refused, self.active, self.thread = strict, "", True, get_ident()
        self.ended = self.settling = self.fuses = False
        self.fewest = math.inf  # calls in loops for which machine code pays
        self.showing = False  # whether tensors show traced arrays now
        self.error: CompileError | None = None  # that was raised; the function may have caught it
        self.home = self.line = ""  # where the function is, and what cannot be recorded
        self.failed = ""  # the line of an operation that failed because of its values
        self.function_text: Text | None = None  # of the function
        self.parts: Parts | None = None  # of the function, if it is recorded up to what cannot be
        self.after = 0.0  # calls after that
        self._at_break: dict[int, Any] = {}  # what tensors showed then
        self.stand_ins: list[Tensor] = []  # for arguments that are results of recorded operations
        self.memories: dict[int, Memory] = {}
        self._held: list[Memory] = []  # those of them that tensors and variables hold
        self.tensors = WatchedTensors(self)
        self.exact: dict[int, Traced] = {}  # the variables of held arrays
        self.variables: TracedVariables | None = None
        self.questions: list[Question] = []
        self.numbers = False  # whether there are integers or items that functions of arrays cannot be given
        self._asked: set[Any] = set()
        self._forward = self.program  # of the function, also while its derivative is recorded
        self.cleared: set[int] = set()  # of which the function sets the gradient to None before it uses it
        self.own: set[int] | None = None  # while a step of a loop is recorded: the memory that it has made
        self.within: dict[int, tuple[Any, str]] = {}  # the variables of such steps, and the line of the step
        self.used: set[int] = set()  # of which it has used, or asked for, the gradient of the call before
        self._lines: dict[tuple[str, int], str] = {}  # one text for all calls of a line
        self._called_at, self._told = self._line_of(users_frame(sys._getframe(1))), False
        self._begun = time.thread_time()
        self._state_of_errors: Any = None
        self._errors: Any = None
        self._all_errors: dict[Any, Any] = {}
        # The index of variables, by their identities, and how many calls of a program are in it: see `_index`.
        self._makers: dict[int, Call] = {}
        self._mentions: Counter[int] = Counter()
        self._floats: dict[int, tuple[TracedFloat, ...]] = {}  # those behind what is computed from nothing else
        self._indexed: Counter[int] = Counter()

    def rolls(self, calls: int) -> bool:
        """Tell whether a loop of so many calls, in all its iterations, becomes machine code, if that can be made."""
        return self.fewest < math.inf and calls >= self.fewest and find_spec("llvmlite") is not None

    # Where the function meets what cannot be recorded

    def refuse(self, what: str, remedy: str, where: str = "") -> None:
        """Raise the error, or stop recording; `where` tells the place if it is not the line that runs."""
        if not self.records():
            return
        where = where or f"at {line_of(line_in(users_frame(sys._getframe(1))))}"
        self.refused, self.line = f"{what}, {where}, cannot be recorded: {remedy}", where.removeprefix("at ")
        self.active = False
        if not self.settling:
            if self.function_text is not None:
                self.parts = self.function_text.parted(
                    self.function_text.line(sys._getframe(1), self.line), self.refused
                )
            if self.parts is None:
                self.raise_refused()
            self._at_break = {key: state.shown.copy() for key, state in self.tensors.items()}

    def ends_with_break(self) -> bool:
        """Tell whether what comes after a break is little: no training, and a part of the calls."""
        if self.parts is None or any(self.tensors[key].is_other(then) for key, then in self._at_break.items()):
            return False
        file, lines = self.parts.begin.code.co_filename, range(self.parts.line, self.parts.last + 1)
        rest = {f"{file}:{line}" for line in lines}
        late = [call for call in self.program.calls if call.line in rest]
        steps = any(isinstance(call, Outside) for call in late)
        return not steps and AT_END * (len(late) + self.after) <= len(self.program.calls) - len(late) > 0

    def raise_refused(self) -> None:
        """Raise the error for what cannot be recorded, if anything and unless the function may go on."""
        if self.refused and self.strict:
            self.error = CompileError(
                f"compile: {self.refused}. fallback='warn' or 'eager' lets the function run as it is"
            )
            raise self.error

    def refuse_error(self, error: BaseException) -> None:
        """Raise the error for a function that failed because it needs a float, or the memory of an ndarray, if so."""
        of_number = "TracedFloat|Object of type (float|int) is not"  # which json says of no other
        if not re.search(f"{of_number}|Traced|can't unbox array|__array__ method not producing", str(error)):
            return
        frames = [frame for frame, _ in walk_tb(error.__traceback__)]
        users = [f for f in frames if not within_engine(f.f_code) and not of_library(f.f_code.co_filename)]
        line = line_of(line_in((users or frames)[-1]))
        needs = "float" if re.search(of_number, str(error)) else "ndarray"
        reason = str(error).replace("'Traced'", "a recorded array").replace("TracedFloat", "a recorded number")
        raise CompileError(
            f"compile: a call at {line} cannot be recorded, for it needs the {needs} itself ({reason}): "
            f"make it outside the compiled function"
        ) from error

    def records(self) -> bool:
        """Tell whether a call is to be noted: not from another thread, nor when recording has ended."""
        return self.active and get_ident() == self.thread

    def shows(self) -> bool:
        """Tell whether tensors show traced arrays: not to another thread, nor between two parts of a recording."""
        return self.showing and get_ident() == self.thread

    # Calls

    def call(
        self, function: Callable[..., Any], args: tuple[ArrayArgument, ...], kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call a function, note the call, and return its result as a traced array."""
        kwargs = dict(kwargs) if kwargs else {}
        if not self.records() or function in QUESTIONS:
            if self.records():
                ask_for_values((args, kwargs))
            else:
                self.after += 1
            return applied(function, mapped(plain, args), mapped(plain, kwargs))
        position, after = out_and_after(function)
        if position < len(args):
            if args[position] is not None:
                kwargs["out"] = args[position]
            kwargs.update(zip(after, args[position + 1 :], strict=False))
            args = args[:position]
        if self.numbers:
            args = without_integers(function if kwargs.keys() <= {"out"} else None, args)
            kwargs = without_integers(None, kwargs)
        args, kwargs = mapped(self.known, args), mapped(self.known, kwargs)
        if not self.active:
            return applied(function, mapped(plain, args), mapped(plain, kwargs))
        if kwargs and any(kwargs.get(name, not asks) is asks for name, asks in OVERWRITING):
            self.refuse(f"{function.__name__}, which may write to its argument", "use a copy")
        target = self._target(function, args, kwargs)
        try:
            result = applied(function, mapped(plain, args), mapped(plain, kwargs))
        except (ArithmeticError, IndexError, np.linalg.LinAlgError):
            self.failed = self.failed or users_line()
            raise
        if not self.active:
            return result
        if target is not None:
            target.memory.written = True
            self.note(Call, function, args, kwargs, target if "out" in kwargs else None, target.memory, False)
            return target if "out" in kwargs else None
        return self._made(function, args, kwargs, result)

    def _target(self, function: Any, args: Any, kwargs: Any) -> Traced | None:
        """Return the array that a call writes to, if any; refuse to write to a constant."""
        out = kwargs.get("out")
        if out is None and function not in WRITERS and getattr(function, "__name__", "") != "at":
            return None
        target = args[0] if out is None else out
        if not isinstance(target, Traced):
            self.refuse(f"{function.__name__} with several arrays as out=", "use the arrays that it returns")
            return None
        if target.memory.kind == CONSTANT:
            self.refuse(*self._written_outside(target.value))
        if self.own is not None and id(target.memory) not in self.own:
            raise Unsuitable(f"it writes to an array that it has not made, at {users_line()}")
        return target

    def _written_outside(self, array: Any) -> tuple[str, str]:
        """Say of an array that is none of the program's, but is written to, what it is, and what to do."""
        like = f"shape {array.shape}, dtype {array.dtype}"
        for state in self.tensors.values():
            buffer = getattr(state.node, "buffer", None)
            if buffer is not None and np.may_share_memory(buffer.array, array):
                return (
                    f"backward() after a step of an optimizer, which sets other memory aside for gradients ({like})",
                    "compile the part up to the step and the part after it each on its own, as of the two halves of a "
                    "GAN, of which the second computes again what both use",
                )
        names = [] if self.variables is None else self.variables.names_of(array)
        what = f"{names[0]}, an array ({like})" if names else f"an array ({like}) that something of the engine holds"
        return f"a write to {what} from outside the function", "write to a copy of it"

    def _made(self, function: Any, args: Any, kwargs: Any, result: Any) -> Any:
        """Note a call that writes to nothing, and return its result as traced arrays."""
        arrays = traced_in((args, kwargs))
        if isinstance(result, ndarray | np.generic):
            for x in arrays:
                if x.value is result and isinstance(result, ndarray):  # True and False are one object each
                    if getattr(function, "__name__", "") not in MAY_RETURN_ITS_ARGUMENT:
                        self.refuse(f"{function.__name__}, which may write to its argument", "use a copy")
                    return x
            made, view = self._traced(result, arrays)
            self.note(Call, function, args, kwargs, made, None, view)
            if layout_depends(function, args):
                self.check(made, layout_of)
            return made
        if isinstance(result, tuple | list) and result and all(isinstance(r, ndarray | np.generic) for r in result):
            parts = [self._traced(r, arrays) for r in result]
            several = [part for part, _ in parts]
            whole = type(result)(*several) if hasattr(result, "_fields") else type(result)(several)
            self.note(Call, function, args, kwargs, whole, None, any(view for _, view in parts))
            if layout_depends(function, args):
                for part in several:
                    self.check(part, layout_of)
            return whole
        if isinstance(result, bool | int):
            made = Traced(np.bool_(result) if type(result) is bool else np.int64(result), self, Memory(MADE, result))
            self.note(Call, function, args, kwargs, made)
            return type(result)(self.answer(made, f"the result of {function.__name__}"))
        name = getattr(function, "__name__", str(function))
        remedy = "call it outside the function"
        if not any(isinstance(x, Traced) for x in arrays):
            ask_for_values((args, kwargs))
            return result
        if isinstance(result, complex | float):  # as of 1j * numpy.float64(2)
            remedy = "compute with arrays, numpy.multiply(a, b), where numbers give a number of Python"
        self.refuse(f"{name}, which gives {described(result)}", remedy)
        return result

    def _traced(self, result: Any, arrays: list[Traced]) -> tuple[Traced, bool]:
        """Return a new array as a traced one, and whether it is a view of an argument, of which `arrays` are all."""
        for x in arrays if isinstance(result, ndarray) else ():
            if x.value is result:  # one of several results
                return Traced(result, self, x.memory), True
        owner = owner_of(result)
        if isinstance(result, ndarray) and id(owner) in self.memories:
            return Traced(result, self, self.memories[id(owner)]), True
        memory = self.new_memory(MADE, owner)
        made = Traced(result, self, memory)
        if owner is result:
            memory.whole = made
        return made, False

    def new_memory(self, kind: str, owner: Array | np.generic) -> Memory:
        """Return memory of which nothing was known until now."""
        memory = Memory(kind, owner)
        if isinstance(owner, ndarray):
            self.memories[id(owner)] = memory
            if kind == HELD:
                self._held.append(memory)
        if self.own is not None:
            self.own.add(id(memory))
        return memory

    def known(self, x: ArrayArgument) -> Any:
        """Return an argument; a plain array as a traced one, or refuse it if its origin is not known."""
        kind: Any = type(x)
        if kind is Traced or kind in NOTHING:
            return x
        if isinstance(x, tuple | list | deque | UserList):  # of a class of its own, which NumPy does not tell apart
            return mapped(self.known, tuple(x) if isinstance(x, tuple) else list(x))
        if issubclass(kind, Traced) or not isinstance(x, ndarray):
            return self.known(x._array) if isinstance(x, Tensor) else x  # an index
        memory = self.memories.get(id(owner_of(x)))
        if memory is not None and memory.kind == HELD:
            return self._part_of_held(x, memory)
        if memory is not None and memory.kind == CONSTANT:
            return self._constant(x, memory)
        self.refuse(
            f"an array of shape {x.shape} and dtype {x.dtype} that comes from outside the recorded calls",
            "pass it as an argument, or keep it in a variable that the function reads (numpy.random's numbers and "
            "results of other libraries would be the same each time)",
        )
        return x

    def _part_of_held(self, x: Any, memory: Memory) -> Traced:
        if (known := self.exact.get(id(x))) is not None:
            return known
        part = Traced(x, self, memory)
        whole, fetch = next((var.value, fetch) for var, fetch in self.program.sources if var.memory is memory)
        offset, shape, dtype, strides = address_of(x) - address_of(whole), x.shape, x.dtype, x.strides

        def fetch_part(leaves: Any) -> Any:
            array = fetch(leaves)
            return array_at(owner_of(array), address_of(array) + offset, shape, dtype, strides)

        self.program.sources.append((part, fetch_part))
        return part

    def constant(self, array: Array) -> Any:
        """Return an array that is the same whenever the program runs."""
        if not self.records() or isinstance(array, Traced):
            return array
        if id(owner_of(array)) in self.memories:
            return self.known(array)
        return self._constant(array, self.new_memory(CONSTANT, owner_of(array)))

    def _constant(self, array: Any, memory: Memory) -> Traced:
        made = Traced(array, self, memory)
        self.program.sources.append((made, Fixed(array)))
        return made

    def note(
        self,
        kind: type[Call],
        function: Callable[..., object],
        args: tuple[ArrayArgument | Callable[[], object], ...],
        kwargs: dict[str, ArrayArgument] | None = None,
        result: Any = None,
        writes: Memory | None = None,
        view: bool = False,
    ) -> Any:
        """Note a call, at the line of the user's program that makes it."""
        line = self._line_of(users_frame(sys._getframe(2)))
        call: Call = kind(function, args, kwargs or {}, result, writes, view, line, self._errors_now())
        self.program.calls.append(call)
        if len(self.program.calls) % BETWEEN_LOOKS == 0:
            self._look_at_length()
        return call

    def _look_at_length(self) -> None:
        """Say once, with the line of the loop, that recording takes long; refuse what would never end."""
        count = len(self.program.calls)
        late = not self._told and time.thread_time() - self._begun > PATIENCE
        if not late and count < MOST_CALLS:
            return
        lines = Counter(call.line for call in self._forward.calls)
        del lines[self._called_at]  # which computes derivatives
        where = f"at {lines.most_common(1)[0][0]}" if lines else self.home
        remedy = "autograd.scan(step, state, xs) records one step of a loop; or call the function without compile"
        if count >= MOST_CALLS:
            self.refuse(f"a loop of more than {MOST_CALLS:,} calls of NumPy", remedy, where)
        else:
            self._told = True
            warn(
                f"compile: to record a function takes longer than {PATIENCE:g} s, since each step of its loop is "
                f"recorded: {count:,} calls of NumPy until now, most of them {where}. {remedy}",
                RuntimeWarning,
            )

    def _line_of(self, frame: FrameType) -> str:
        """Return the line that a frame is at, the same text each time."""
        place = frame.f_code.co_filename, frame.f_lineno or 0
        return self._lines.get(place) or self._lines.setdefault(place, "{}:{}".format(*place))

    def _errors_now(self) -> Any:
        """Return what NumPy does where a number overflows or the like, one dict for all that are equal."""
        state = state_of_errors.get()
        if state is not self._state_of_errors:
            now = np.geterr()
            self._state_of_errors, self._errors = state, self._all_errors.setdefault(tuple(now.values()), now)
        return self._errors

    # Floats among the arguments

    def number(self, value: float, fetch: Callable[[Sequence[Any]], Any]) -> TracedFloat:
        """Return a float of an argument as a traced one, or an integer."""
        self.numbers |= type(value) is int
        made = (TracedInt if type(value) is int else TracedFloat)(value, self, fetch)
        self._forward.sources.append((made, fetch))
        return made

    def note_number(self, x: TracedFloat) -> bool:
        """Note a float that is computed at each call; False if nothing is recorded any more."""
        noted = self.records()  # another thread may see it in a variable
        if noted:
            self._forward.sources.append((x, x.fetch))
        return noted

    def note_question(self, computed: Computed, answer: complex) -> None:
        """Note what was asked of floats."""
        key = computed.function, *(id(x) if isinstance(x, TracedFloat) else repr(x) for x in computed.args)
        if self.records() and key not in self._asked:
            self._asked.add(key)
            self.questions.append(Question(computed, answer, users_line()))

    def _floats_behind(self, x: Any) -> tuple[TracedFloat, ...]:
        """Return the floats that a value is computed from, if it is computed from nothing else."""
        if isinstance(x, TracedFloat):
            return (x,)
        self._index()
        return () if x.memory.written else self._floats.get(id(x), ())

    def mentions_of(self, x: Operand) -> int:
        """Return how often a variable is an argument or a result of the calls until now."""
        self._index()
        return self._mentions[id(x)]

    def take_back(self, begin: int) -> list[Call]:
        """Return the calls that were recorded since there were `begin`, and take them out of the program."""
        calls = self.program.calls[begin:]
        del self.program.calls[begin:]
        if self._indexed[id(self.program)] > begin:
            for index in (self._makers, self._mentions, self._floats, self._indexed):
                index.clear()
        return calls

    def _index(self) -> None:
        """Take the calls since somebody asked last into the index of variables."""
        for program in (self._forward, self.program):
            for call in program.calls[self._indexed[id(program)] :]:
                made, reads = list(map(id, traced_in(call.result))), call.reads()
                self._makers.update(dict.fromkeys(made, call))
                self._mentions.update(made)
                self._mentions.update(map(id, reads))
                behind = [(x,) if isinstance(x, TracedFloat) else self._floats.get(id(x)) for x in reads]
                changed = call.writes is not None or any(x.memory.written for x in reads)
                if type(call) is Call and None not in behind and not changed:
                    floats = {id(x): x for several in behind for x in several or ()}
                    self._floats.update(dict.fromkeys(made, tuple(floats.values())))
            self._indexed[id(program)] = len(program.calls)

    # Values

    def answer(self, x: Traced, what: str) -> Any:
        """Return what Python asks of the value of an array: a guard of the program, or an error."""
        if not self.records():
            return x.value
        if floats := self._floats_behind(x):
            ask_for_values(floats)
        elif not within_engine(asks(sys._getframe(1)).f_code) or x.value.dtype.kind not in "biu" or x.size > 64:
            instead = _INSTEAD.get(what, "choose with numpy.where(c, a, b)")
            self.refuse(
                f"{what} of an array (shape {x.shape}, dtype {x.dtype}), which depends on its values",
                f"{instead}, or return the array and ask outside the compiled function",
            )
        else:
            self.check(x)
        return x.value

    def item(self, x: Traced) -> Any:
        """Return the number in an array of one element, or what stands for it among the results."""
        engine = within_engine(asks(sys._getframe(1)).f_code)
        if engine or self.own is not None or not self.records() or self._floats_behind(x):
            return self.answer(x, "item()").item()
        self.numbers = True
        return TracedItem(self.call(ndarray.copy, (x,)) if isinstance(x.value, ndarray) else x)  # before later writes

    def text(self, x: Traced) -> Any:
        """Return the value of an array to be shown, as in a message of the engine; to the user's program, an error."""
        asked = not self.ended and not within_engine(asks(sys._getframe(2)).f_code)
        return self.answer(x, "the text") if asked else x.value

    def result(self, x: Any, known: set[int]) -> Any:
        """Return a leaf of what the function returned, as or with a traced array; refuse what a program cannot make.

        `known` has the identities of the objects that the function was given, or reads.
        """
        if isinstance(x, Tensor):
            if type(x._array) is ndarray:
                x._array = self.known(x._array)
        elif type(x) is ndarray:
            return self.known(x)
        elif not isinstance(x, Traced) and not isinstance(x, (np.generic, Value, *NUMBERS)) and id(x) not in known:
            self.refuse(
                f"a result of type {type(x).__name__}",
                "return arrays, tensors and numbers, in containers if you like",
                self.home,
            )
        return x

    def finite(self, total: Traced) -> Any:
        """Return a number that is not finite if a gradient is not, which the function itself has to see to."""
        if not self.records():
            return total.value
        if not np.isfinite(total.value):
            self.active = False  # because of values that a later call need not have
            return total.value
        self.check(self.call(np.isfinite, (total,)))
        return total.value

    def holds(self, x: Traced) -> bool:
        """Return a condition of the engine, which the program checks: also of floats, which may be others."""
        if self.records():
            self.check(x)
        return bool(x.value)

    def check(self, x: Traced, of: Callable[[Any], Any] = value_of) -> None:
        """Note that a value, or a shape and a dtype, has to be what it is now."""
        self.note(Check, of, (x,)).expected = of(x.value)

    # What is done with real arrays

    def outside(self, function: Callable[..., Any], args: tuple[ArrayArgument, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function on real arrays, now and each time the program runs, and return its traced result."""
        if not self.records():
            self.after = math.inf
            return function(*args, **kwargs)
        self._refuse_in_step(f"it calls {function.__name__}, which works on real arrays")
        args, kwargs = without_integers(None, args), without_integers(None, kwargs)
        self._check_outside(function, (*args, *kwargs.values()))
        self.settle()
        self.tensors.let_go(self.program.calls)
        self.raise_refused()
        try:
            result = unrecorded(function)(*mapped(plain, args), **mapped(plain, kwargs))
        except Exception:
            self.failed = self.failed or users_line()
            raise
        finally:
            self.take()
        made = result
        if isinstance(result, ndarray | np.generic):
            made = Traced(result, self, self.new_memory(MADE, owner_of(result)))
        elif result is not None:
            self.refuse(f"the result of {function.__name__}, {described(result)}", "call it outside the function")
        if self.refused:
            return result
        self.note(Outside, function, args, kwargs, made if isinstance(made, Traced) else None)
        for memory in self._held:
            memory.written = True
        return made

    def _refuse_in_step(self, why: str) -> None:
        """Raise if a step of a loop is recorded, of which that cannot be part."""
        if self.own is not None:
            raise Unsuitable(f"{why}, at {users_line()}")

    def _check_outside(self, function: Callable[..., Any], given: tuple[Any, ...]) -> None:
        """Refuse arguments that such a call would be given as they are now each time."""
        name = function.__name__
        for x in given:
            if isinstance(x, FunctionType | MethodType):
                remedy = f"compile the inner function, and call {name} outside"
                self.refuse(f"{name} with a function as its argument", remedy)
            elif holds_traced(x) and (id(x) not in self.tensors or self.tensors[id(x)].is_argument):
                remedy = f"give it the array, .data, or call {name} outside the function"
                self.refuse(f"{name} with a tensor as its argument", remedy)

    def drawn(self, sample: Callable[..., Any], generator: Callable[[], Any], args: tuple[ArrayArgument, ...]) -> Any:
        """Draw random numbers, now and each time the program runs, and return them as a traced array."""
        if not self.records():
            return sample(generator(), *args)
        self._refuse_in_step("it draws random numbers")
        args = without_integers(None, args)
        result = unrecorded(lambda: sample(generator(), *map(plain, args)))()
        if not isinstance(result, ndarray | np.generic):
            self.refuse(f"a random {type(result).__name__}", "draw an array")
            return result
        made = Traced(result, self, self.new_memory(MADE, owner_of(result)))
        self.note(Draw, sample, (generator, *args), {}, made)
        return made

    def source(self, array: Array | np.generic, kind: str, fetch: Callable[[Sequence[Any]], Any]) -> Traced:
        """Return an array that no call makes as a traced one: of an ``"argument"``, or ``"held"`` by something."""
        owner = owner_of(array) if isinstance(array, ndarray) else array
        memory = self.memories.get(id(owner)) or self.new_memory(kind, owner)
        made = Traced(array, self, memory)
        self.program.sources.append((made, fetch))
        if memory.kind == HELD:
            self.exact.setdefault(id(array), made)
        return made

    # Tensors and variables: while the function runs, they show it traced arrays.

    def take(self) -> None:
        """Let all tensors and variables show traced arrays."""
        if self.variables is not None:
            self.variables.take()
        self.tensors.take()
        self.showing = True

    def settle(self) -> None:
        """Give all tensors and variables real arrays, and note what the function changed in the tensors.

        What is refused meanwhile is raised by `raise_refused`, when all have real arrays again.
        """
        self.settling, self.showing = True, False
        if self.variables is not None:
            self.variables.settle()
        self.tensors.settle()
        self.settling = False

    def end(self) -> None:
        """Put all back as it was."""
        self.settle()
        self.tensors.release()

    def forget(self) -> None:
        """Hold no arrays any more, which would seem to be in use; a program that was made has what it needs."""
        self.program = self._forward = Program()
        for held in (self.tensors, self.memories, self.exact, self.within, self._makers, self._at_break):
            held.clear()
        self._held, self.stand_ins = [], []
        self.variables = self.parts = None

    def is_copy(self, x: Traced, of: Traced) -> bool:
        """Tell whether an array was made as a copy of another, by the function or its derivative."""
        self._index()
        made = self._makers.get(id(x))
        return made is not None and made.function is ndarray.copy and made.args[0] is of

    def replaces_gradient(self, tensor: Tensor) -> None:
        """Note that the gradient of a tensor is set, whatever it was."""
        if self._has_first_gradient(tensor) and id(tensor) not in self.used:
            self.cleared.add(id(tensor))
            self.exact.pop(self.tensors[id(tensor)].let_go(), None)

    def uses_gradient(self, tensor: Tensor) -> None:
        """Note that the gradient of a tensor is asked for."""
        if self._has_first_gradient(tensor) and id(tensor) not in self.cleared:
            self.used.add(id(tensor))

    def _has_first_gradient(self, tensor: Any) -> bool:
        """Tell whether a tensor has the gradient with which the function began, or none as then."""
        state = self.tensors.get(id(tensor))
        if state is None or not state.begins or not self.records():
            return False
        return getattr(tensor, "_grad", None) is state.traced_gradient


def asks(frame: FrameType) -> FrameType:
    """Return the frame that asks for a value, which the methods of tensors and arrays hand on."""
    while frame.f_globals.get("__name__") in _EXITS and frame.f_back is not None:
        frame = frame.f_back
    return frame
