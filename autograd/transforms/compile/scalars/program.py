"""Programs: the compiled form of one run of a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autograd import AnomalyError, Value
from autograd.inside import ANOMALY, CallOperation, OutputOperation, watching

from ..environment import Environment
from .arguments import Arguments
from .recorder import ValueRecorder
from .writer import Writer


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

    def difference(self) -> Any:
        """Return what the function reads and is not as it was, or None."""
        return self.environment.difference()

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
