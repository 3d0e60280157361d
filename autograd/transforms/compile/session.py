"""Sessions: one recording of a function, from its arguments to a program."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from ...arrays.door import recorder
from ...arrays.traced import Variable, plain
from ...graph.node import Leaf
from ...later import load
from ...source.source_info import defined
from ...tensors.dataframes import is_polars, is_table
from ...tensors.tensor import Tensor
from ..pytree import flatten, structure
from .breaks import Parts, Text
from .compiled_program import CompiledProgram, Given, Held, Results
from .creation import noted_creation
from .environment import Environment
from .final_checks import refuse_at_end
from .floats import TracedItem
from .loops.chain import chain
from .loops.joined import join, lay_out
from .loops.roll import roll
from .memory import LARGE, trim
from .passes import simplify, store_directly
from .program import ARGUMENT, HELD, MADE, Argument, Fixed, Program
from .quoting import identifier
from .recorder import ProgramRecorder
from .results import is_freed, recorded_derivative
from .types import ArrayArgument
from .variables import TracedVariables, real

Backend: TypeAlias = Literal["auto", "exact", "numpy", "numba"]
ndarray = np.ndarray
# Calls in loops for which machine code pays; where the user asked for numba, it is loaded anyway.
FIRST_LOOK = 16  # runs of a program after which it is asked when it is to be fused: many are not run so often
FEWEST_CALLS = {"exact": math.inf, "numpy": math.inf, "auto": 200, "numba": 0}


@dataclass(eq=False)
class Session:
    """One recording of a function."""

    function: Callable[..., Any]
    environment: Environment
    strict: bool
    backend: Backend
    varying: frozenset[int]  # the positions of integers, among the leaves of the arguments, that are inputs
    text: Text
    parts: Parts | None = None  # of the function, if it is to be recorded up to what cannot be
    program: CompiledProgram | None = None
    refused: str = ""
    line: str = ""

    def run(self, args: tuple[ArrayArgument | Tensor, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function, and make a program of it if that is possible."""
        leaves, rebuild = flatten((args, kwargs))
        environment = self.environment
        name = identifier(getattr(self.function, "__name__", type(self.function).__name__), "function")
        records = ProgramRecorder(self.strict)
        records.fuses, records.fewest = self.backend == "numba", FEWEST_CALLS[self.backend]
        records.home, records.function_text = f"in {defined(self.function)}", self.text
        try:
            given, named = rebuild(self._watched(records, leaves))
            if records.active:
                recorder.set(records)
                with noted_creation():
                    result = self._result(records, (given, named), (args, kwargs))
                    outputs, rebuild_outputs = flatten(result)
                    tensors = {id(state.tensor): state.fetch for state in records.tensors.values()}
                    fetches = [tensors.get(id(x)) for x in outputs]  # of results that are tensors that it was given
                    objects = {id(x) for x in (*leaves, *environment.seen)}
                    outputs = [
                        records.result(x, objects) if fetch is None else fetch
                        for x, fetch in zip(outputs, fetches, strict=True)
                    ]
                    derived = recorded_derivative(records, self.function, name, outputs)
        except BaseException:
            records.active = False  # what the function made, such as a loss, goes on as if nothing was recorded
            raise
        finally:
            begun = records.showing
            try:
                records.end()
            except BaseException:  # Ctrl-C
                records.active = False
                records.end()
                raise
            finally:
                recorder.set(None)
            if records.variables is not None:
                records.settling = True  # what is refused is raised when all is as it was
                records.variables.clean()
                records.settling = False
            records.ended = True
        self._break_or_raise(records)
        if not begun:
            self.refused = records.refused
            return self.function(*args, **kwargs)
        made = sum(memory.owner.nbytes for memory in records.memories.values() if memory.kind == MADE)
        arrays = [
            x._array if isinstance(x, Tensor) else x.of if type(x) is TracedItem else x
            for x in outputs
            if isinstance(x, (Tensor, Variable))
        ]
        real = [self._real(x) if fetch is None else fetch(leaves) for x, fetch in zip(outputs, fetches, strict=True)]
        result = rebuild_outputs(real)
        if records.active:
            records.tensors.note_gradients()
            refuse_at_end(records, environment, arrays)
            self._break_or_raise(records)
        if records.active:
            program = records.program
            kinds = [
                (_value_of(x), type(x) if fetch is None else Given) for x, fetch in zip(outputs, fetches, strict=True)
            ]
            derivative, kept = derived if derived is not None else (None, [])
            program.outputs = arrays + kept
            values = [x.value for x in kept]
            records.tensors.note_replaced()
            installed = records.variables.installed if records.variables is not None else set()
            self._finish(program, installed)
            used = {id(x) for x, _ in program.sources}
            held = [
                Held(state, id(state.tensor) in records.cleared and id(state.first_gradient) not in used)
                for state in records.tensors.values()
            ]
            if derivative is not None:
                self._finish(derivative.program, installed)
                derivative.note(real, values, leaves, (args, kwargs))
            self.program = CompiledProgram(
                name, program, held, environment, Results(kinds, rebuild_outputs, derivative), records.questions
            )
        records.active = False
        records.forget()
        if made > LARGE:
            trim()
        self.refused, self.line = records.refused, records.line
        return result

    def _watched(self, records: ProgramRecorder, leaves: list[Any]) -> list[Any]:
        """Let tensors and variables show traced arrays; return the leaves of the arguments with traced arrays."""
        traced, environment = list(leaves), self.environment
        for i, x in enumerate(leaves):
            if isinstance(x, Tensor):
                if x._node is not None and type(x._node) is not Leaf:
                    x = traced[i] = Tensor(x._array, requires_grad=True)  # the graph that led to it goes on after it
                    records.stand_ins.append(x)
                records.tensors.watch(x, Argument(i), True)
            elif isinstance(x, ndarray | np.generic):
                before = next((j for j in range(i) if leaves[j] is x), i)
                traced[i] = records.source(x, ARGUMENT, Argument(i)) if before == i else traced[before]
            elif type(x) is float or (type(x) is int and i in self.varying):
                number = records.number(x, Argument(i))
                traced[i] = number.alone() if environment.exact_types else number
            elif is_table(x) or is_polars(x):
                what = f"a {'Polars' if is_polars(x) else 'pandas'} {type(x).__name__} as an argument"
                records.refuse(what, "pass its numbers, .to_numpy(), or of one column those of df[name]", records.home)
        for x in environment.seen:
            if isinstance(x, Tensor):
                records.tensors.watch(x, Fixed(x), False)
        if environment.exact_classes and records.tensors:
            what = "a comparison of the type of a tensor, which is a subclass while it is recorded"
            records.refuse(what, "use isinstance()", f"at {environment.exact_classes[0]}")
        if environment.unsteady:
            what = f"{environment.unsteady[0]}, which gives something else each time"
            remedy = "pass what it gives as an argument, the numbers of a table by .to_numpy()"
            records.refuse(what, remedy, records.home)
        records.variables = TracedVariables(environment, lambda x: records.source(x, HELD, Fixed(x)), records.number)
        records.variables.take()
        for array in environment.guard_contents(records.variables.taken):
            records.constant(array)
        records.showing = records.active
        return traced

    def _finish(self, program: Program, installed: set[int]) -> None:
        """Make a program short: roll its loops if that pays, and fuse its calls, now if that was asked for.

        With the backend "exact" nothing is rolled, so that what is fused once it pays has the same bits.
        """
        simplify(program)
        program.forget_values(installed)
        roll(program, FEWEST_CALLS[self.backend])
        join(program)
        lay_out(program)
        chain(program)
        store_directly(program)
        if self.backend == "numba":
            load("fused loops").fuse(program)
        elif self.backend != "numpy":
            program.look_at = FIRST_LOOK

    def _break_or_raise(self, records: ProgramRecorder) -> None:
        """Let the function be parted where it cannot be recorded, if that is at its end; raise what is refused."""
        if records.ends_with_break():
            self.parts = records.parts
        else:
            records.raise_refused()

    def _result(self, records: ProgramRecorder, given: Any, own: Any) -> Any:
        """Call the function; raise what was refused although the function caught the error.

        `given` has the arguments with traced arrays in them, and `own` the user's.
        """
        parts = [*enumerate(given[0]), *given[1].items()]
        before = {name: (structure(x), flatten(x)[0]) for name, x in parts}
        pairs = [(given, own)]
        for each, its in pairs:  # grows while it is iterated over
            if isinstance(each, tuple | list | dict):
                pairs += zip(_items(each), _items(its), strict=True)
        try:
            result = self.function(*given[0], **given[1])
        except Exception as error:
            if records.error is None:
                records.refuse_error(error)
            if records.error is None or records.error is error:
                raise
            raise records.error from error
        if records.error is not None:
            raise records.error
        changed = [name for name, x in parts if _differ(before[name], (structure(x), flatten(x)[0]))]
        if changed:
            where = self.text.use_of(changed[0])
            records.refuse("a change of a list or dict that is an argument", "return the new one", where)
            of = {id(each): its for each, its in pairs}
            for each, its in pairs:
                if isinstance(each, list):
                    its[:] = [of.get(id(x), real(x)) for x in each]
                elif isinstance(each, dict):
                    items = {key: of.get(id(x), real(x)) for key, x in each.items()}
                    its.clear()
                    its.update(items)
        if self.text.live is not None and result[0]:
            self._check_live(records, result[1:])
        return result

    def _check_live(self, records: ProgramRecorder, values: tuple[Any, ...]) -> None:
        """Refuse variables that the rest of a function could change, where it would change a copy."""
        for name, value in zip(self.text.live or (), values, strict=True):
            kinds = {part[0] for part in structure(value) or () if part is not None} - {tuple}
            if kinds:
                what = (
                    f"{name}, a {kinds.pop().__name__} that the lines read which Python goes on with ({self.text.why})"
                )
                records.refuse(what, "make it there, or let it be a tuple", records.home)

    def _real(self, x: Any) -> Any:
        if isinstance(x, Tensor):
            x._array = plain(x._array)
        return plain(x)


def _differ(before: tuple[Any, list[Any]], after: tuple[Any, list[Any]]) -> bool:
    """Tell whether the containers or the leaves of an argument are others."""
    return bool(before[0] != after[0] or any(map(operator.is_not, before[1], after[1])))


def _items(x: Any) -> Any:
    return x.values() if isinstance(x, dict) else x


def _value_of(result: Any) -> Any:
    """Return what a replay gives for a result that has no array; of a tensor, the node of a graph that was freed."""
    if isinstance(result, Tensor):
        return result._node if is_freed(result) else None
    return None if isinstance(result, Variable) else result
