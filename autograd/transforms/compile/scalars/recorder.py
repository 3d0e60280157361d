"""One run of a function of values, written down: what each operation read, and what the program asked of a number.

While the function runs, its values are of the class `RecordedValue`, whose numbers cannot be asked for unseen, and
floats among its arguments are replaced by objects that write down the arithmetic done with them.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from autograd import CompileError, Value
from autograd.inside import (
    LEAF,
    OFF,
    TRACING,
    SourceLine,
    Watch,
    called_by,
    counter,
    is_plain,
    line_in,
    line_of,
    observer,
    plain,
    users_frame,
    value_recorder,
    within_engine,
)

LIMIT = 10_000  # operations: more are slow to compile, and are a loop whose body should be compiled instead
_slot, _gradient = vars(Value)["data"], vars(Value)["grad"]
_ENGINE_FILES = {Value.__init__.__code__.co_filename, __file__, operator.__file__}


@dataclass(slots=True, eq=False)
class Step:
    """A number in a run: an argument, a value that was read, the result of an operation, or a condition.

    Attributes
    ----------
    kind
        ``"input"``, ``"number"``, ``"read"``, ``"constant"``, ``"alias"`` (a value made of a number), ``"value"``,
        ``"float"`` or ``"guard"``; ``"backward"`` from a value, ``"gradient"`` of a value at that moment, and the
        assignments ``"grad"`` and ``"data"``.
    function
        The operation of a value, the function of floats otherwise; None for what was not computed.
    args
        The steps that it was computed from.
    value
        The value it was recorded from; for floats and constants the number, for a condition whether it held.
    live
        Whether gradients flow to it.
    line
        The line of the user's program.
    """

    kind: str
    value: Any
    function: Any = None
    args: tuple[Step, ...] = ()
    live: bool = False
    line: SourceLine | None = None


class ValueRecorder:
    """The steps of one run, in the order of the program."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.refused: Exception | None = None
        self.failed = ""  # the line of the first operation that raised an error
        self._start = next(counter)
        self._known: dict[int, Step] = {}
        self._alive: list[Any] = []  # so that no address is used again
        self._changed: list[Value] = []
        self._before: list[tuple[Value, Any, Any]] = []  # data and gradients when they were met first
        self._assigned: dict[int, Step] = {}  # the number that a value was assigned

    @contextmanager
    def watching(self, values: list[Value]) -> Iterator[None]:
        """Record what is computed within the block; `values` are those that it may read."""
        tokens = value_recorder.set(self._computed), observer.set(_refuse_tensor)
        try:
            for value in values:
                self._watch(value)
            with Watch(TRACING):
                yield
        finally:
            observer.reset(tokens[1])
            value_recorder.reset(tokens[0])
            for value in self._changed:
                value.__class__ = Value

    def _watch(self, value: Value) -> None:
        if type(value) is Value:
            self._changed.append(value)
            if hasattr(value, "data"):  # or it is being made
                self._before.append((value, value.data, value.grad))
            value.__class__ = RecordedValue

    def undo(self) -> None:
        """Give all values the data and gradients that they had before the run."""
        for value, data, grad in self._before:
            value.data, value.grad = data, grad

    def argument(self, value: Any) -> Any:
        """Note an argument of the function; return what to call the function with."""
        if isinstance(value, Value):
            self._enter(value, Step("input", value, live=True))
            return value
        return RecordedFloat(self, self._noted(Step("number", value)))

    def stands_for(self, value: Value, step: Step) -> None:
        """Note that a value made in the run has the number of a step."""
        self._known[id(value)] = step
        self._alive.append(value)
        self._watch(value)

    def _noted(self, step: Step) -> Step:
        self.steps.append(step)
        if len(self.steps) > LIMIT:
            self.refuse(
                f"compile has recorded {LIMIT} operations of values",
                "compile the function that the loop calls instead, such as model = compile(model)",
            )
        return step

    def _enter(self, value: Value, step: Step) -> Step:
        self.stands_for(value, step)
        return self._noted(step)

    def step_of(self, value: Value) -> Step:
        """Return the step of a value; one that was not met before existed before, or is a constant made in the run."""
        known = self._known.get(id(value))
        if known is not None:
            return known
        if value.number < self._start:
            return self._enter(value, Step("read", value, live=True))
        if value.op is not LEAF:
            self.refuse("this value was computed by another thread", "compute it in the function itself, or before")
        return self._enter(value, Step("constant", _slot.__get__(value)))

    def _computed(self, value: Value | None, mode: int) -> None:
        """Note the result of an operation, or that it raised an error."""
        if value is None:
            self.failed = self.failed or line_of(_users_line())
            return
        op: Any = value.op
        pairs = ((value.x, value.dx), (value.y, value.dy))[: len(op.rules)]
        if any(id(x) in self._assigned for x, _ in pairs):
            self.refuse(
                "computing with a value whose data was assigned before in the same function cannot be compiled",
                "assign the data of values at the end",
            )
        args = tuple(Step("constant", number) if x is None else self.step_of(x) for x, number in pairs)
        live = mode != OFF and any(arg.live for arg in args)
        self._enter(value, Step("value", value, op, args, live, _users_line()))

    def floats(self, function: Callable[..., Any], *args: Any) -> Any:
        """Compute a function of floats that are recorded, and note it; a bool becomes a condition of the program."""
        raw = [arg.raw if isinstance(arg, RecordedFloat) else arg for arg in args]
        try:
            found = function(*raw)
        except (ArithmeticError, ValueError):
            self._computed(None, OFF)
            raise
        steps = tuple(arg.step if isinstance(arg, RecordedFloat) else Step("constant", arg) for arg in args)
        if isinstance(found, bool | np.bool_):
            self._noted(Step("guard", bool(found), function, steps, line=_users_line()))
            return bool(found)
        if not isinstance(found, float | np.floating):
            self.refuse(f"{function.__name__}() of these floats is a {type(found).__name__}", "pass it as an argument")
        return RecordedFloat(self, self._noted(Step("float", found, function, steps, line=_users_line())))

    def number_of(self, value: Value) -> RecordedFloat:
        """Return the number of a value, for the arithmetic that the program does with it."""
        return RecordedFloat(self, self._assigned.get(id(value)) or self.step_of(value))

    def gradient_of(self, value: Value) -> RecordedFloat:
        """Return the gradient that a value has at this moment."""
        step = Step("gradient", _gradient.__get__(value), None, (self.step_of(value),), line=_users_line())
        return RecordedFloat(self, self._noted(step))

    def backward(self, value: Value) -> None:
        """Note that gradients are computed from `value`."""
        step = self.step_of(value)
        if step.kind != "value" or not step.live:
            self.refuse("backward() of a value that the function did not compute cannot be compiled", _OUTSIDE)
        self._noted(Step("backward", None, None, (step,), line=_users_line()))

    def assign(self, kind: str, value: Value, number: Any) -> Any:
        """Note that the data or the gradient of a value is assigned; return the number."""
        target = self.step_of(value)
        known = type(number) is RecordedFloat or isinstance(number, int | float | np.floating)
        if target.kind not in ("input", "read") or not known:
            self.refuse(f"assigning the {kind} of this value cannot be compiled", _OUTSIDE)
        step = number.step if type(number) is RecordedFloat else Step("constant", number)
        self._noted(Step(kind, None, None, (target, step), line=_users_line()))
        if kind == "data":
            self._assigned[id(value)] = step
        return number.raw if type(number) is RecordedFloat else number

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise the error that says what cannot be recorded, where, and what to do."""
        error = CompileError(f"{what}, at {line_of(_users_line())}: {remedy}")
        self.refused = self.refused or error
        raise error


def _refuse_tensor(*_: Any) -> None:
    _recorder().refuse(
        "a function that computes with tensors and with values cannot be compiled", "compile the part with values alone"
    )


def _recorder() -> Any:
    """Return the recorder of this thread, or None."""
    method: Any = value_recorder.get()
    return None if method is None else method.__self__


def _users_line() -> SourceLine:
    return line_in(users_frame(sys._getframe(1)))


def _asked_by_the_engine() -> bool:
    return sys._getframe(2).f_code.co_filename in _ENGINE_FILES


def _refuse_number(what: str, recorder: ValueRecorder) -> NoReturn:
    name = called_by(users_frame(sys._getframe(1))).name
    recorder.refuse(
        f"{name or what}() needs the number itself, which the compiled function computes anew at each call",
        "use operators and NumPy's functions, such as np.sin, or do this outside of the compiled function",
    )


class RecordedFloat:
    """A float in a run: an argument, the number of a value, or what was computed from them."""

    __slots__ = ("raw", "recorder", "step")

    def __init__(self, recorder: ValueRecorder, step: Step) -> None:
        self.recorder, self.step = recorder, step
        value = step.value
        self.raw = _slot.__get__(value) if isinstance(value, Value) else value  # the number that it has now

    @property  # type: ignore[misc]  # which other objects can assign
    def __class__(self) -> Any:
        # For the user's program it is the float that it stands for; for the engine it is no number.
        frame: Any = sys._getframe(1)
        while frame.f_globals.get("__name__") == "abc":
            frame = frame.f_back
        return RecordedFloat if within_engine(frame.f_code) else type(self.raw)

    def become(self, value: Value) -> float:
        """Have a new `Value` stand for this number, and return the number."""
        raw = float(self.raw)
        step = self.step if type(self.raw) is float else self.recorder.floats(float, self).step
        self.recorder.stands_for(value, Step("alias", raw, None, (step,)) if step.live else step)
        return raw

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            self.recorder.refuse(f"numpy.{ufunc.__name__} with options cannot be recorded", "leave the options out")
        if any(isinstance(x, Value) for x in inputs):
            return ufunc(*map(_as_value, inputs))
        return self.recorder.floats(ufunc, *inputs)

    def __round__(self, digits: int | None = None) -> Any:
        return self.recorder.floats(round, self, digits)

    def __repr__(self) -> str:
        if _asked_by_the_engine():
            return f"RecordedFloat({self.raw!r})"
        _refuse_number("repr", self.recorder)


def _as_value(x: Any) -> Any:
    make: Any = Value  # which asks a recorded number to `become` one
    return make(x) if isinstance(x, RecordedFloat) else x


def _of_two(function: Callable[[Any, Any], Any], reflected: bool = False) -> Callable[[RecordedFloat, Any], Any]:
    def method(x: RecordedFloat, y: Any) -> Any:
        if isinstance(y, Value):
            pair: Any = (_as_value(x), y)
        elif type(y) is RecordedFloat or isinstance(y, int | float | np.floating | np.integer):
            pair = (x, y)
        else:
            return NotImplemented
        pair = pair[::-1] if reflected else pair
        return function(*pair) if isinstance(y, Value) else x.recorder.floats(function, *pair)

    return method


def _refused(name: str) -> Callable[..., NoReturn]:
    def method(x: Any, *_: Any) -> NoReturn:
        _refuse_number(name, x.recorder)

    return method


for _name in ("add", "sub", "mul", "truediv", "mod", "floordiv", "pow"):
    setattr(RecordedFloat, f"__{_name}__", _of_two(getattr(operator, _name)))
    setattr(RecordedFloat, f"__r{_name}__", _of_two(getattr(operator, _name), reflected=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(RecordedFloat, f"__{_name}__", _of_two(getattr(operator, _name)))
for _name, _function in (("bool", bool), ("neg", operator.neg), ("pos", operator.pos), ("abs", abs)):
    setattr(RecordedFloat, f"__{_name}__", lambda x, function=_function: x.recorder.floats(function, x))
for _name in ("float", "int", "trunc", "floor", "ceil", "index", "complex", "divmod", "rdivmod", "format", "hash"):
    setattr(RecordedFloat, f"__{_name}__", _refused(_name))


def _shown(kind: str, slot: Any, recorded: Callable[[ValueRecorder, Value], RecordedFloat]) -> Any:
    """Return the number or the gradient, which a program can compute with but not turn into a constant."""

    def read(value: RecordedValue) -> Any:
        recorder = _recorder()
        return slot.__get__(value) if recorder is None or _asked_by_the_engine() else recorded(recorder, value)

    def write(value: RecordedValue, number: Any) -> None:
        recorder = _recorder()
        if recorder is not None and not _asked_by_the_engine():
            number = recorder.assign(kind, value, number)
        slot.__set__(value, number)

    return property(read, write)


class RecordedValue(Value):
    """A value while a function that works with it is recorded."""

    __slots__ = ()

    data = _shown("data", _slot, ValueRecorder.number_of)
    grad = _shown("grad", _gradient, ValueRecorder.gradient_of)

    def backward(self, create_graph: bool = False) -> None:
        """Note that it is called, while this thread records."""
        recorder = _recorder()
        if recorder is not None:
            if create_graph:
                recorder.refuse("backward(create_graph=True) cannot be compiled", _OUTSIDE)
            recorder.backward(self)
        super().backward(create_graph)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        recorder = _recorder()
        if recorder is not None and method == "__call__" and not kwargs and ufunc in plain:
            return recorder.floats(ufunc, *[recorder.number_of(x) if isinstance(x, Value) else x for x in inputs])
        if recorder is not None and any(type(x) is RecordedFloat for x in inputs):
            return ufunc(*map(_as_value, inputs))
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        recorder = _recorder()
        if recorder is not None and is_plain(function):
            recorder.refuse(f"numpy.{function.__name__} of a value cannot be compiled", "use the operators of values")
        return super().__array_function__(function, types, args, kwargs)

    def __bool__(self) -> bool:
        recorder = _recorder()
        return super().__bool__() if recorder is None else bool(recorder.number_of(self) != 0.0)


def _compared(compare: Callable[[Any, Any], Any], plainly: Callable[[Value, Any], bool]) -> Callable[[Any, Any], bool]:
    def method(x: RecordedValue, y: Any) -> bool:
        recorder = _recorder()
        if recorder is None:
            return plainly(x, y)
        other = recorder.number_of(y) if isinstance(y, Value) else y
        return bool(recorder.floats(compare, recorder.number_of(x), other))

    return method


def _number_of(name: str, plainly: Callable[..., Any]) -> Callable[..., Any]:
    def method(x: RecordedValue, *args: Any) -> Any:
        recorder = _recorder()
        return plainly(x, *args) if recorder is None else _refuse_number(name, recorder)

    return method


for _name in ("lt", "le", "gt", "ge"):
    setattr(RecordedValue, f"__{_name}__", _compared(getattr(operator, _name), getattr(Value, f"__{_name}__")))
for _name in ("float", "int", "trunc", "floor", "ceil", "repr", "format", "reduce"):
    setattr(RecordedValue, f"__{_name}__", _number_of(_name, getattr(Value, f"__{_name}__")))

_OUTSIDE = "compile the function that computes the loss, and call backward() and update its parameters outside of it"
