"""Compiled programs: what was recorded of a function, whether it fits a call, and how it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from threading import Lock, get_ident
from typing import Any

import numpy as np

from ...arrays.traced import Variable
from ...errors import CompileError
from ...graph.node import Leaf
from ...tensors.tensor import Tensor, accumulation, constant_tensor
from ..pytree import Rebuild
from .creation import original_creation
from .environment import Environment
from .floats import Question, TracedItem
from .memory import address_of, owner_of, owners_of
from .printer import Diverged, Printed, printed
from .program import HELD, Call, Effect, Outside, Program, errors_raise
from .quick_calls import QuickCall, quick_call
from .quoting import comment
from .results import CompiledDerivative
from .types import Array, ArrayArgument, Leaves
from .watched_tensors import HARMLESS, TensorState

ndarray = np.ndarray


class CompiledProgram:
    """What was recorded of a function for arguments of certain shapes and dtypes.

    Attributes
    ----------
    source
        The text of the Python function that runs.
    calls, buffers, nbytes
        How many NumPy calls it makes, how many arrays it reserves for their results, and the bytes of these.
    program
        The calls and what they read and write.
    questions
        What the function asked of floats among its arguments.
    diverged
        How often a value that it depends on was another one, so that the function itself ran.
    renewable, outdated
        Whether to record the function anew where that happens, and whether it has. What is recorded of labels some of
        which are ignored, for one, serves all labels.
    """

    def __init__(
        self,
        name: str,
        program: Program,
        tensors: list[Held],
        environment: Environment,
        results: Results,
        questions: list[Question],
    ) -> None:
        self._name, self.program, self._results, self.questions = name, program, results, questions
        self._tensors = [held for held in tensors if not held.is_argument]
        self._arguments = [held for held in tensors if held.is_argument]
        self.environment, self.diverged, self.renewable, self.outdated = environment, 0, False, False
        self.missed: Counter[Any] = Counter()  # kinds of calls that no program fitted since this one ran, and how often
        self.falls_back: Callable[..., None] = lambda *_, **__: None  # is told why the function itself runs instead
        self.raised: dict[int, tuple[Exception, str]] = {}  # by the thread that then runs the function itself
        self._printed: Printed | None = None
        self._printed_backward: Printed | None = None
        self._quick: QuickCall | None = None
        if results.derivative is not None:
            results.derivative.run = self._run_backward
        self._layout = _layout([(held.array, held.buffer) for held in self._tensors])
        for held in self._tensors:
            held.array = None  # the program is printed for the memory of the first call that fits
        adds = any(isinstance(call, Effect) and call.function in HARMLESS for call in program.calls)
        waits = any(type(call) is Outside for call in program.calls)  # perhaps, for another thread
        self._adds_to = [held for held in tensors if held.gradient is not None] if adds and not waits else []
        self._lock = Lock()  # the memory for results is one: of two threads, the second runs the function itself
        self._owners = self._memory_held()
        self.take_environment()

    def _now(self) -> Printed:
        if self._printed is None:
            raise CompileError("this program has not run yet")
        return self._printed

    @property
    def source(self) -> str:
        """The text of the Python function that runs, and of its derivative if `backward` has gone through it.

        The loops that they call, if there are any, come before them.
        """
        texts, backward, derivative = _texts(self.program, self._now()), self._printed_backward, self._results
        texts[:0] = [comment(note) + "\n" for note in self.notes]
        if backward is not None and derivative.derivative is not None:
            texts += _texts(derivative.derivative.program, backward)
        return "\n".join(texts)

    @property
    def notes(self) -> list[str]:
        """Why loops of the function stay as many calls, with their lines."""
        derivative = self._results.derivative
        return [*self.program.notes, *(derivative.program.notes if derivative is not None else ())]

    @property
    def calls(self) -> int:
        """How many NumPy calls it makes."""
        return self._now().calls

    @property
    def buffers(self) -> int:
        """How many arrays it reserves for results."""
        return self._now().buffers

    @property
    def nbytes(self) -> int:
        """The bytes of these arrays."""
        return self._now().nbytes

    def __repr__(self) -> str:
        return f"CompiledProgram({self._name}: {self.calls} calls, {self.buffers} buffers, {self.nbytes} bytes)"

    def _memory_held(self) -> frozenset[int]:
        """Return the identities of the memory that tensors and variables have now."""
        return frozenset(owners_of([*(held.fetch(()) for held in self._tensors), *self.environment.arrays.values()]))

    def take_environment(self) -> None:
        """Compare from now on with what the function reads now."""
        self._unchanged, self._quick = self.environment.unchanged, None

    def quick(self, args: tuple[Any, ...]) -> QuickCall | None:
        """Return a function that runs the program for the like of these arguments, and tells if it does not fit.

        None if there is none: it takes arrays alone, and the program holds no tensors.
        """
        if self._quick is None and not self._tensors and not self._arguments and not self.questions:
            self._quick = quick_call(args, self._owners, self._unchanged, self._run)
        return self._quick

    def prepare(self, leaves: Leaves) -> Printed | None:
        """Print the program for the memory that tensors have now, and return it; None while another thread records."""
        with original_creation() as alone:
            if not alone:
                return None
            for held in self._tensors:
                held.bind()
            self._owners = self._memory_held()
            self._printed = printed(self.program, leaves, self._name)
            return self._printed

    def fits(self, leaves: Leaves, owners: list[int]) -> bool:
        """Tell whether tensors are what they were, and prepare the program anew if only their memory is another.

        `owners` is what `owners_of` returns for the leaves.
        """
        if not self._owners.isdisjoint(owners):
            return False
        for question in self.questions:
            if not question.has_that_answer(leaves):
                return False
        for held in self._arguments:
            tensor = held.fetch(leaves)
            if type(tensor._node) is Leaf and held.is_otherwise(tensor):
                return False
        moved = False
        for held in self._tensors:
            tensor = held.fetch(leaves)
            if tensor._node is not held.node or held.is_otherwise(tensor):
                return False
            if held.moved(tensor):
                if not held.corresponds(tensor):
                    return False
                moved = True
        if not moved:
            return True
        tensors = [held.fetch(leaves) for held in self._tensors]
        if _layout([(x._array, getattr(x._node, "buffer", None)) for x in tensors]) != self._layout:
            return False
        return self.prepare(list(leaves)) is not None

    def run(self, leaves: Leaves, args: tuple[ArrayArgument | Tensor, ...], kwargs: dict[str, Any]) -> Any:
        """Return what the function returns for these arguments; `NotImplemented` if it has to run itself."""
        if not self._adds_to:
            return self._run(leaves, args, kwargs)
        with accumulation:  # other threads add to the same gradients
            if any(held.is_otherwise(held.fetch(leaves)) for held in self._adds_to):
                self.falls_back("another thread adds to the gradients")
                return NotImplemented
            return self._run(leaves, args, kwargs)

    def _run(self, leaves: Leaves, args: tuple[ArrayArgument | Tensor, ...], kwargs: dict[str, Any]) -> Any:
        if not self._lock.acquire(False):
            self.falls_back("another thread runs the program")
            return NotImplemented
        try:
            program = self._printed or self.prepare(list(leaves))
            if program is None:
                self.falls_back("another thread records")
                return NotImplemented
            try:
                if program.undo or program.committed:
                    program.start()
                outputs = program.run(leaves)
            except Diverged as diverged:
                self.diverged += 1
                program.give_up()
                line, of_finite = diverged.args or ("", False)
                if self.renewable and line and not of_finite:
                    self.renewable, self.outdated = False, True
                    self.raised[get_ident()] = diverged, line
                else:
                    self._note(diverged)
                return NotImplemented  # so that the function is recorded anew, or runs
            except Exception as error:
                if program.committed:
                    raise
                program.give_up()
                self.raised[get_ident()] = error, program.line_of(error)
                return NotImplemented  # so that the function raises an error in its own words
        finally:
            self._lock.release()
        derivative = self._results.derivative
        if derivative is None:
            return self._results.rebuilt(outputs, leaves)
        results, kept = self._results.of(outputs, leaves)
        derivative.note(results, kept, leaves, (args, kwargs))
        return self._results.rebuild(results)

    def _note(self, diverged: Diverged) -> None:
        """Say that a replay turned out not to fit, after the part of it before was computed in vain."""
        line, of_finite = diverged.args or ("", False)
        value = "a value decides what is computed, and is another than when that was recorded"
        what = value if line else "a gradient that something else holds"
        self.falls_back("a gradient that is not finite" if of_finite else what, line, quietly=of_finite)

    def _run_backward(self, given: Sequence[Any]) -> Any:
        """Return the gradients of the inputs; None if the program does not fit, or another thread uses it."""
        derivative = self._results.derivative
        assert derivative is not None
        if derivative.program.loops and errors_raise():
            self.falls_back("errors of overflow and the like, which NumPy was asked to raise: loops do not")
            return None
        if not self._lock.acquire(False):
            self.falls_back("another thread runs the program")
            return None
        try:
            if self._printed_backward is None:
                with original_creation() as alone:
                    if not alone:
                        self.falls_back("another thread records")
                        return None
                    self._printed_backward = printed(derivative.program, given, f"{self._name}_backward")
            return self._printed_backward.run(given)
        except Diverged as diverged:
            self._note(diverged)
            return None
        finally:
            self._lock.release()


def _texts(program: Program, text: Printed) -> list[str]:
    """Return the texts of the loops that a program calls, and its own."""
    return [*dict.fromkeys([*program.loops, *_texts_of_loops(program.calls)]), text.source]


def _texts_of_loops(calls: list[Call]) -> Iterator[str]:
    for call in calls:
        if hasattr(call.function, "loop"):
            yield from _texts_of_loops(call.function.loop.calls)  # of a chain
            yield call.function.source  # type: ignore[attr-defined]  # of a loop


class Results:
    """How to put together what a function returned from the arrays of its program."""

    def __init__(self, kinds: list[tuple[Any, type]], rebuild: Rebuild, derivative: CompiledDerivative | None) -> None:
        self.kinds, self.rebuild, self.derivative = kinds, rebuild, derivative
        self.count = sum(issubclass(kind, Tensor | Variable) for _, kind in kinds)
        single = len(kinds) == 1 and issubclass(kinds[0][1], Variable) and kinds[0][1] is not TracedItem
        self.is_an_array = single and rebuild([self]) is self

    def rebuilt(self, arrays: Sequence[Array], leaves: Leaves) -> Any:
        """Return what the function returned."""
        return arrays[0] if self.is_an_array else self.rebuild(_filled(self.kinds, arrays, leaves))

    def of(self, arrays: Sequence[Array], leaves: Leaves) -> tuple[list[Any], list[Any]]:
        """Return the leaves of what the function returned, and the arrays that its derivative needs."""
        return _filled(self.kinds, arrays[: self.count], leaves), list(arrays[self.count :])


def _layout(tensors: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Return how the memory of tensors, and that set aside for their gradients, lies: which share it, and where.

    The tensors are pairs of an array and a gradient's buffer, or None.
    """
    firsts: dict[int, tuple[int, int]] = {}
    found = []
    for array, buffer in tensors:
        for each in (array,) if buffer is None else (array, buffer.array, buffer.whole):
            number, start = firsts.setdefault(id(owner_of(each)), (len(firsts), address_of(each)))
            found.append((number, address_of(each) - start, each.nbytes))
    return found


class Held:
    """A tensor that a program uses, and what it has to be."""

    __slots__ = ("array", "buffer", "fetch", "gradient", "is_argument", "kind", "node", "varies")

    def __init__(self, state: TensorState, any_gradient: bool) -> None:
        self.fetch, self.is_argument = state.fetch, state.is_argument
        # None: as it may be; else whether it has a gradient, and "set aside" where that is in the memory for it.
        self.gradient: Any = None if any_gradient else state.had_gradient
        if self.gradient and state.first_gradient.memory.kind == HELD:
            self.gradient = "set aside"
        self.array, self.buffer, self.node = state.first_array, state.buffer, state.node
        self.varies = state.replaced
        self.kind = self.array.shape, self.array.dtype, self.array.strides

    def bind(self) -> None:
        """Take the memory of the tensor as it is now."""
        tensor = self.fetch(())
        self.array, self.buffer = tensor._array, getattr(self.node, "buffer", None)

    def is_otherwise(self, tensor: Tensor) -> bool:
        """Tell whether a tensor has a gradient where it had none, or hooks."""
        node: Any = tensor._node
        if node is None:
            return False
        if node.hooks is not None:
            return True
        gradient = self.gradient
        if gradient is None:
            return False
        held = tensor._grad
        if held is None or not gradient or self.is_argument:
            return (held is not None) is not bool(gradient)
        in_buffer = node.buffer is not None and held._array is node.buffer.array
        return in_buffer is not (gradient == "set aside")

    def moved(self, tensor: Tensor) -> bool:
        """Tell whether the memory of a tensor, or that set aside for its gradient, is another."""
        node: Any = tensor._node
        if self.array is None or (tensor._array is not self.array and not (self.varies and self._is_alike(tensor))):
            return True
        return node is not None and node.buffer is not self.buffer

    def _is_alike(self, tensor: Any) -> bool:
        array = tensor._array
        return bool((array.shape, array.dtype, array.strides) == self.kind)

    def corresponds(self, tensor: Tensor) -> bool:
        """Tell whether a tensor of the same node is the same with other memory."""
        return self._is_alike(tensor) and (getattr(self.node, "buffer", None) is None) is (self.buffer is None)


class Given:
    """The kind of a result that is a tensor which the function was given, or reads."""


def _filled(kinds: list[tuple[Any, type]], arrays: Sequence[Array], given: Sequence[Any]) -> list[Any]:
    """Return the leaves of a result from its arrays: tensors where there were tensors."""
    rest = iter(arrays)
    leaves: list[Any] = []
    for value, kind in kinds:
        if issubclass(kind, Variable):
            leaves.append(next(rest).item() if kind is TracedItem else next(rest))
        elif kind is Given:
            leaves.append(value(given))
        elif issubclass(kind, Tensor):
            made = constant_tensor(np.asarray(next(rest)))
            made._node = value
            leaves.append(made)
        else:
            leaves.append(value)
    return leaves
