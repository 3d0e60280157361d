"""Compiled functions of values: the programs of one function, and the choice between them at each call."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

from autograd import AnomalyError, CompileError, Tensor, Value
from autograd.inside import (
    ANOMALY,
    ON,
    CallOperation,
    OutputOperation,
    defined,
    recording,
    value_recorder,
    warn,
    watching,
)

from ..environment import Environment
from ..wrapped import MOST, WrappedFunction, too_deep
from .arguments import Arguments
from .recorder import RecordedFloat, ValueRecorder
from .writer import Writer, miss

_NO_OBJECTS = Value, RecordedFloat, float, int, str, bytes, list, tuple, dict, type(None)  # which hold no values unseen
_recording = threading.RLock()  # while one function is recorded, its values are of another class


class ScalarProgram:
    """The compiled form of one run.

    Attributes
    ----------
    source
        Its text.
    operations
        The number of operations that were recorded.
    environment
        What the function reads besides its arguments.
    forward
        Called with the arguments and keyword arguments of a call: returns its results, or `miss` if this program does
        not serve the call.
    """

    def __init__(
        self, name: str, arguments: Arguments, environment: Environment, recorder: ValueRecorder, result: Any, mode: int
    ) -> None:
        self.environment, self._name = environment, name
        self.operations = sum(bool(step.args) for step in recorder.steps)
        writer = Writer(arguments, recorder, result, mode)
        self._reads, self._batched = writer.reads, writer.batched
        self.source = "\n".join(writer.lines(carefully=False)) + "\n"
        scope = writer.scope | {
            "environment": environment,
            "call": CallOperation(name, self._go_back),
            "outputs": [OutputOperation(f"{name}[{i}]", i, len(writer.live)) for i in range(len(writer.live))],
        }
        exec(self.source + "\n".join(writer.lines(carefully=True)), scope)
        self.forward: Callable[[tuple[Any, ...], dict[str, Any]], Any] = scope["forward"]
        self._gradients: Any = scope.get("backward")  # none if all results are constants
        self._carefully: Any = scope.get("backward_carefully")

    def __repr__(self) -> str:
        return f"<program of {self._name}: {self.operations} operations>"

    # Gradients

    def _go_back(self, calls: list[Any]) -> None:
        if self._batched:
            self._gradients(calls)
        else:
            for call in calls:
                try:
                    self._gradients([call])
                except ArithmeticError:  # an infinite derivative: nothing has been stored yet
                    self._carefully([call])
        if watching() & ANOMALY:
            inputs = [x for call in calls for x in call.dx if isinstance(x, Value)]
            for value in (*self._reads, *inputs):
                if not math.isfinite(value.grad):
                    raise AnomalyError(f"the derivative of '{self._name}' gave {value.grad} for the input {value.data}")


class CompiledFunction(WrappedFunction):
    """A function of values that is recorded when it is called, and run as straight-line Python on floats from then on.

    Parameters
    ----------
    function
        A function, method or callable object that computes with values.
    fallback
        What to do where something cannot be recorded: ``"raise"`` the error that says what, ``"warn"`` and call the
        function itself from then on, or do that without a word with ``"eager"``.

    Attributes
    ----------
    programs
        What was recorded, the first call first: each has its `source`.
    """

    _OWN = WrappedFunction._OWN | {"programs"}

    def __init__(self, function: Callable[..., Any], fallback: str = "raise") -> None:
        super().__init__(function, fallback)
        self.programs: list[ScalarProgram] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns, computed by a program if one serves the call."""
        for program in self.programs:
            found = program.forward(args, kwargs)
            if found is not miss:
                return found
        return self._otherwise(args, kwargs)

    def _otherwise(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute a call that no program serves as it is: with a program whose values are equal, or by recording it."""
        mode = recording()
        if self._eager or value_recorder.get() is not None or mode > ON:  # watched, or within another recording
            if self._eager:
                self._falls_back(*self._because)
            elif value_recorder.get() is None:
                self._falls_back("while operations are watched")
            return self.__wrapped__(*args, **kwargs)
        with _recording:
            for program in self.programs:
                if program.environment.difference() is None and (found := program.forward(args, kwargs)) is not miss:
                    return found
            if len(self.programs) < MOST:
                return self._recorded(args, kwargs, mode)
            self._give_up(
                f"{defined(self.__wrapped__)} was compiled for {MOST} kinds of calls and runs without being compiled "
                f"from now on: see what differs between them in its source()"
            )
        return self.__wrapped__(*args, **kwargs)

    def _recorded(self, args: tuple[Any, ...], kwargs: dict[str, Any], mode: int) -> Any:
        """Run the function and record it, or do what the fallback says."""
        recorder = ValueRecorder()
        try:
            result, program = self._run(recorder, args, kwargs, mode)
        except RecursionError as error:
            recorder.undo()
            raise too_deep(f"{defined(self.__wrapped__)}, while it is recorded,") from error
        except CompileError as error:
            recorder.undo()
            if error is not recorder.refused or self._fallback == "raise":
                raise
            self._give_up(str(error))
            return self.__wrapped__(*args, **kwargs)
        if program is not None:
            self.programs.append(program)
            return _unwrapped(result)
        recorder.undo()
        found = self.__wrapped__(*args, **kwargs)  # it raised an error, which is now raised as it is without compile
        why = f"{defined(self.__wrapped__)} cannot be recorded, since it raises {result!r} with what stands for floats"
        if self._fallback == "raise":
            raise CompileError(why)
        self._give_up(why)
        return found

    def _run(
        self, recorder: ValueRecorder, args: tuple[Any, ...], kwargs: dict[str, Any], mode: int
    ) -> tuple[Any, ScalarProgram | None]:
        """Return the result of the function and the program that was recorded, None if the function raised an error."""
        objects = [value for value in (*args, *kwargs.values()) if not isinstance(value, _NO_OBJECTS)]
        environment = Environment((self.__wrapped__, *objects) if objects else self.__wrapped__, arrays=True)
        values = [value for value in environment.seen if isinstance(value, Value)]
        arguments = Arguments(args, kwargs, set(map(id, values)))
        if environment.unsteady:
            recorder.refuse(
                f"the function reads {environment.unsteady[0]}, which gives something else each time",
                "pass what it gives as an argument",
            )
        if environment.exact_types:
            recorder.refuse(
                f"the function asks for the type of something at {environment.exact_types[0]}, and that of values and "
                f"floats is another while it is recorded",
                "use isinstance",
            )
        if any(isinstance(value, Tensor) for value in environment.seen):
            recorder.refuse("the function reads a tensor as well as values", "compile the part with values alone")
        with recorder.watching(values):
            given, named = arguments.recorded(recorder)
            try:
                result = self.__wrapped__(*given, **named)
            except Exception as error:  # noqa: BLE001  # a refusal may have become any other on its way
                if recorder.refused is None:
                    return error, None
                raise recorder.refused from (None if error is recorder.refused else error)
            if recorder.refused is not None:  # and the function caught it
                raise recorder.refused
            if recorder.failed:
                recorder.refuse(
                    f"the function caught the error of an operation at {recorder.failed}, which depends on numbers",
                    "compare the numbers instead, so that the comparison is recorded",
                )
            if (changed := arguments.changed()) is not None:
                recorder.refuse(f"the function changed its argument, a {changed}", "return a new one")
            if (written := environment.written()) is not None:
                recorder.refuse(
                    f"the function itself changed {written}, which it would not do when compiled",
                    "return what is new, and change things outside of the compiled function",
                )
            name = getattr(self.__wrapped__, "__name__", type(self.__wrapped__).__name__)
            return result, ScalarProgram(name, arguments, environment, recorder, result, int(mode))

    def _give_up(self, why: str) -> None:
        self._gives_up(why)
        if self._fallback != "eager":
            warn(why)


def _unwrapped(result: Any) -> Any:
    """Return a recorded result with plain floats."""
    if type(result) is RecordedFloat:
        return result.raw
    if type(result) in (list, tuple):
        return type(result)(map(_unwrapped, result))
    if type(result) is dict:
        return {key: _unwrapped(part) for key, part in result.items()}
    return result
