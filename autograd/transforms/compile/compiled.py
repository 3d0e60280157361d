"""`compile`: a function that is recorded at its first call and replayed from then on."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from threading import Lock, RLock
from typing import Any, Literal, TypeAlias

import numpy as np

from ...errors import CompileError, check_callable, check_option
from ...graph.batched import Batched
from ...graph.grad_mode import recording, watching
from ...graph.node import Leaf, Node
from ...graph.source_info import defined, warn
from ...graph.traced import Recorder, Traced, outside_types, plain, recorder
from ...scalar.value import Value
from ...tensors.conversions import is_differentiating
from ...tensors.tensor import Tensor
from ..pytree import Rebuild, flatten, structure
from .aliasing import owners_of, shared_memory
from .creation import noted_creation
from .environment import Environment
from .fused.loops import load_numba
from .passes import simplify
from .printer import Diverged, Printed, printed, state_of_errors
from .program import HELD, Argument, Fixed, Program
from .recorder import NUMBERS, ProgramRecorder, TensorState, address_of, owner_of
from .results import CompiledDerivative, is_freed, recorded_derivative
from .scalars.compiled import CompiledFunction
from .variables import TracedVariables

__all__ = ["Compiled", "CompiledProgram", "compile"]

Fallback: TypeAlias = Literal["raise", "warn", "eager"]
Backend: TypeAlias = Literal["numpy", "numba"]
ndarray = np.ndarray
MOST = 8  # programs of one function

_recording = RLock()  # one function is recorded at a time: tensors that others use hold traced arrays meanwhile


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
    diverged
        How often a value that it depends on was another one, so that the function itself ran.
    """

    def __init__(
        self, name: str, program: Program, tensors: list[_Held], environment: Environment, results: _Results
    ) -> None:
        self._name, self.program, self._results = name, program, results
        self._tensors = [held for held in tensors if not held.is_argument]
        self._arguments = [held for held in tensors if held.is_argument]
        self.environment, self.diverged = environment, 0
        self._printed: Printed | None = None
        self._printed_backward: Printed | None = None
        if results.derivative is not None:
            results.derivative.run = self._run_backward
        self._layout = _layout([(held.array, held.buffer) for held in self._tensors])
        for held in self._tensors:
            held.array = None  # the program is printed for the memory of the first call that fits
        self._lock = Lock()  # the memory for results is one: of two threads, the second runs the function itself
        self._unchanged = environment.unchanged
        self._owners = self._memory_held()

    def _now(self) -> Printed:
        if self._printed is None:
            raise CompileError("this program has not run yet")
        return self._printed

    @property
    def source(self) -> str:
        """The text of the Python function that runs, and of its derivative if `backward` has gone through it.

        The loops that they call, if there are any, come before them.
        """
        texts, backward, derivative = [*self.program.loops, self._now().source], self._printed_backward, self._results
        if backward is not None and derivative.derivative is not None:
            texts += [*derivative.derivative.program.loops, backward.source]
        return "\n".join(texts)

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

    def prepare(self, leaves: list[Any]) -> None:
        """Print the program for the memory that tensors have now."""
        for held in self._tensors:
            held.bind()
        self._owners = self._memory_held()
        self._printed = printed(self.program, leaves, self._name)

    def fits(self, leaves: Sequence[Any], owners: list[int]) -> bool:
        """Tell whether tensors are what they were, and prepare the program anew if only their memory is another.

        `owners` is what `owners_of` returns for the leaves.
        """
        if not self._owners.isdisjoint(owners):
            return False
        for held in self._arguments:
            tensor = held.fetch(leaves)
            if type(tensor._node) is Leaf and held.is_otherwise(tensor):
                return False
        for held in self._tensors:
            tensor = held.fetch(leaves)
            if held.moved(tensor) or tensor._node is not held.node or held.is_otherwise(tensor):
                return self._fits_elsewhere(list(leaves))
        return True

    def _fits_elsewhere(self, leaves: list[Any]) -> bool:
        moved = False
        for held in self._tensors:
            tensor = held.fetch(leaves)
            if not held.corresponds(tensor) or held.is_otherwise(tensor):
                return False
            moved |= held.moved(tensor)
        if moved:
            tensors = [held.fetch(leaves) for held in self._tensors]
            if _layout([(x._array, getattr(x._node, "buffer", None)) for x in tensors]) != self._layout:
                return False
            self.prepare(leaves)
        return True

    def run(self, leaves: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what the function returns for these arguments; `NotImplemented` if it has to run itself."""
        if not self._lock.acquire(blocking=False):
            return NotImplemented
        try:
            if self._printed is None:
                self.prepare(list(leaves))
            outputs = self._outputs(self._now(), leaves)
        finally:
            self._lock.release()
        if outputs is NotImplemented:
            return outputs
        derivative = self._results.derivative
        if derivative is None:
            return self._results.rebuilt(outputs, leaves)
        results, kept = self._results.of(outputs, leaves)
        derivative.note(results, kept, leaves, (args, kwargs))
        return self._results.rebuild(results)

    def _outputs(self, program: Printed, leaves: Sequence[Any]) -> Any:
        """Return the arrays of the results; `NotImplemented` if the function has to run itself."""
        program.start()
        try:
            return program.run(leaves)
        except Diverged:
            self.diverged += 1
        except (ArithmeticError, LookupError, TypeError, ValueError, Warning):
            if program.committed:
                raise
        program.give_up()
        return NotImplemented  # so that the function raises an error in its own words

    def _run_backward(self, given: list[Any]) -> Any:
        """Return the gradients of the inputs; None if the program does not fit, or another thread uses it."""
        derivative = self._results.derivative
        assert derivative is not None
        if derivative.program.loops and _raises():
            return None
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._printed_backward is None:
                self._printed_backward = printed(derivative.program, given, f"{self._name}_backward")
            return self._printed_backward.run(given)
        except Diverged:
            return None
        finally:
            self._lock.release()


def _raises() -> bool:
    """Tell whether NumPy raises errors of overflow and the like, which loops do not."""
    return "raise" in np.geterr().values()


class _Results:
    """How to put together what a function returned from the arrays of its program."""

    def __init__(self, kinds: list[tuple[Any, type]], rebuild: Rebuild, derivative: CompiledDerivative | None) -> None:
        self.kinds, self.rebuild, self.derivative = kinds, rebuild, derivative
        self.count = sum(issubclass(kind, Tensor | Traced) for _, kind in kinds)
        self.is_an_array = len(kinds) == 1 and issubclass(kinds[0][1], Traced) and rebuild([self]) is self

    def rebuilt(self, arrays: Sequence[Any], leaves: Sequence[Any]) -> Any:
        """Return what the function returned."""
        return arrays[0] if self.is_an_array else self.rebuild(_filled(self.kinds, arrays, leaves))

    def of(self, arrays: Sequence[Any], leaves: Sequence[Any]) -> tuple[list[Any], list[Any]]:
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


class _Held:
    """A tensor that a program uses, and what it has to be."""

    __slots__ = ("array", "buffer", "fetch", "gradient", "is_argument", "kind", "node", "varies")

    def __init__(self, state: TensorState, any_gradient: bool) -> None:
        self.fetch, self.is_argument = state.fetch, state.is_argument
        # None: as it may be; else whether it has a gradient, and "set aside" where that is in the memory for it.
        self.gradient: Any = None if any_gradient else state.had_gradient
        if self.gradient and state.first_gradient.memory.kind == HELD:
            self.gradient = "set aside"
        self.array, self.buffer, self.node = state.first_array, state.first_buffer, state.node
        self.varies = state.replaced
        self.kind = self.array.shape, self.array.dtype, self.array.strides

    def bind(self) -> None:
        """Take the memory of the tensor as it is now."""
        tensor = self.fetch(())
        self.array, self.buffer = tensor._array, getattr(self.node, "buffer", None)

    def is_otherwise(self, tensor: Any) -> bool:
        """Tell whether a tensor has a gradient where it had none, or hooks."""
        node = tensor._node
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

    def moved(self, tensor: Any) -> bool:
        """Tell whether the memory of a tensor, or that set aside for its gradient, is another."""
        node = tensor._node
        if self.array is None or (tensor._array is not self.array and not (self.varies and self._is_alike(tensor))):
            return True
        return node is not None and node.buffer is not self.buffer

    def _is_alike(self, tensor: Any) -> bool:
        array = tensor._array
        return bool((array.shape, array.dtype, array.strides) == self.kind)

    def corresponds(self, tensor: Any) -> bool:
        """Tell whether a tensor is the same with other memory."""
        if not self._is_alike(tensor):
            return False
        return tensor._node is self.node and (getattr(self.node, "buffer", None) is None) is (self.buffer is None)


class Compiled:
    """A function that `compile` returned; see there.

    Attributes
    ----------
    programs
        What was recorded, one program for each kind of arguments.
    """

    _OWN = frozenset(
        (
            "__doc__",
            "__module__",
            "__name__",
            "__qualname__",
            "__wrapped__",
            "_backend",
            "_eager",
            "_fallback",
            "_of_values",
            "_programs",
        )
    )

    def __init__(self, function: Callable[..., Any], fallback: Fallback, backend: Backend) -> None:
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if isinstance(getattr(function, name, None), str):
                setattr(self, name, getattr(function, name))
        self.__wrapped__, self._fallback, self._backend = function, fallback, backend
        self._programs: dict[Any, list[CompiledProgram]] = {}
        self._eager = False
        self._of_values: CompiledFunction | None = None  # of scalars

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["__wrapped__"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._OWN:
            super().__setattr__(name, value)
        else:
            setattr(self.__wrapped__, name, value)

    @property
    def programs(self) -> list[Any]:
        """What was recorded."""
        if self._of_values is not None:
            return self._of_values.programs
        return [program for several in self._programs.values() for program in several]

    def source(self) -> str:
        """Return the text of all programs."""
        return "\n\n".join(program.source for program in self.programs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"compile({self.__wrapped__!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if self._of_values is not None:
            return self._of_values(*args, **kwargs)
        if self._eager or recorder.get() is not None or watching() or is_differentiating():
            return self.__wrapped__(*args, **kwargs)
        leaves: Sequence[Any] = args
        shape: Any = None
        if kwargs or not _LEAVES.issuperset(map(type, args)):
            leaves, _ = flatten((args, kwargs))
            shape = structure((args, kwargs))
        try:
            owners = owners_of(leaves)
            shared = shared_memory(leaves, owners)
            key = (shape, len(args), recording(), _errors(), shared, *map(_described, leaves))
            several = self._programs.get(key)
        except _Elsewhere:
            return self.__wrapped__(*args, **kwargs)
        if several is not None:
            for program in several:
                if program._unchanged() and program.fits(leaves, owners):
                    result = program.run(leaves, args, kwargs)
                    return self.__wrapped__(*args, **kwargs) if result is NotImplemented else result
            for program in several:
                if program.environment.difference() is None and program.fits(leaves, owners):
                    program._unchanged = program.environment.unchanged
                    result = program.run(leaves, args, kwargs)
                    return self.__wrapped__(*args, **kwargs) if result is NotImplemented else result
        return self._record(key, args, kwargs)

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function, and record it unless another thread records: it may have traced arrays in variables."""
        if not _recording.acquire(blocking=False):
            return self.__wrapped__(*args, **kwargs)
        try:
            return self._recorded(key, args, kwargs)
        finally:
            _recording.release()

    def _recorded(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves = flatten((args, kwargs))[0]
        objects = [x for x in leaves if not isinstance(x, (ndarray, np.generic, Tensor, *NUMBERS))]
        environment = Environment((self.__wrapped__, *objects), leaves=(Recorder, *outside_types))
        if any(isinstance(x, Value) for x in (*environment.seen, *leaves)):
            self._of_values = CompiledFunction(self.__wrapped__, fallback=self._fallback)
            return self._of_values(*args, **kwargs)
        if _is_elsewhere(environment, leaves):
            return self.__wrapped__(*args, **kwargs)
        if len(self.programs) >= MOST:
            self._eager = True
            warn(
                f"compile: {defined(self.__wrapped__)} was called with more than {MOST} kinds of arguments, or of "
                f"values that it reads, and runs as it is from now on. Pass numbers that change as arrays, "
                f"numpy.asarray(lr), and use one size of batches",
                RuntimeWarning,
            )
            return self.__wrapped__(*args, **kwargs)
        session = _Session(self.__wrapped__, environment, self._fallback == "raise", self._backend)
        result = session.run(args, kwargs)
        if any(isinstance(x, Value) for x in flatten(result)[0]):  # which the function made itself
            self._of_values = CompiledFunction(self.__wrapped__, fallback=self._fallback)
        elif session.program is not None:
            self._programs.setdefault(key, []).insert(0, session.program)
        elif session.refused:
            self._eager = True
            if self._fallback == "warn":
                warn(f"compile: {session.refused}; the function runs as it is", RuntimeWarning)
        return result


def _is_elsewhere(environment: Environment, leaves: list[Any]) -> bool:
    """Tell whether a function computes with what belongs to others, and has to run as it is.

    That is a batch of vmap, arrays of Python objects, and an argument that shares memory with what the function reads:
    a write to one of them changes the other.
    """
    if any(type(getattr(x, "_array", x)) is Batched for x in environment.seen):
        return True
    if any(isinstance(x, ndarray) and x.dtype.hasobject for x in leaves):
        return True
    held = [*environment.arrays.values(), *(x for x in environment.seen if isinstance(x, Tensor))]
    return not set(owners_of(held)).isdisjoint(owners_of(leaves))


_LEAVES = frozenset((ndarray, Tensor, Batched, int, float, bool, str, complex, type(None), np.float64, np.float32))


_AT_FIRST = state_of_errors.get()


def _errors() -> Any:
    """Return what NumPy does where a number overflows or the like; None if that is what it did at first."""
    return None if state_of_errors.get() is _AT_FIRST else (*np.geterr().values(), id(np.geterrcall()))


class _Elsewhere(Exception):  # noqa: N818 - not an error
    """Raised for an argument that belongs to a batch or a graph outside."""


def _described(x: Any) -> Any:
    """Return what a program depends on of a leaf of the arguments: of an array its shape, dtype and strides."""
    if type(x) is ndarray:
        return x.shape, x.dtype, x.strides
    if isinstance(x, Tensor):
        array, node = x._array, x._node
        if type(array) is not ndarray:
            raise _Elsewhere
        return (
            type(x),
            array.shape,
            array.dtype,
            array.strides,
            type(node) if type(node) in (type(None), Leaf) else Node,
        )
    if isinstance(x, np.generic):
        return type(x)
    if isinstance(x, NUMBERS):
        return type(x), x, str(x) if type(x) is float else None
    if isinstance(x, Batched | ndarray):
        raise _Elsewhere
    return type(x), id(x)  # a program keeps the object, and looks at its attributes


class _Session:
    """One recording of a function."""

    def __init__(self, function: Callable[..., Any], environment: Environment, strict: bool, backend: Backend) -> None:
        self.function, self.environment, self.strict, self.backend = function, environment, strict, backend
        self.program: CompiledProgram | None = None
        self.refused = ""

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function, and make a program of it if that is possible."""
        leaves, rebuild = flatten((args, kwargs))
        environment = self.environment
        name = getattr(self.function, "__name__", type(self.function).__name__)
        name = name if name.isidentifier() else "function"
        records = ProgramRecorder(self.strict)
        records.fuses = self.backend == "numba"
        records.home = f"in {defined(self.function)}"
        token = recorder.set(None)
        try:
            given, named = rebuild(self._watched(records, leaves))
            recorder.set(records)
            with noted_creation():
                result = self._result(records, given, named)
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
            records.settle()
            recorder.reset(token)
            if records.variables is not None:
                records.variables.clean()
            records.ended = True
        records.raise_refused()
        arrays = [
            x._array if isinstance(x, Tensor) else x for x in outputs if isinstance(x, (Tensor, Traced))
        ]
        real = [self._real(x) if fetch is None else fetch(leaves) for x, fetch in zip(outputs, fetches, strict=True)]
        result = rebuild_outputs(real)
        if records.active:
            records.check_end(environment)
        if records.active:
            program = records.program
            kinds = [
                (_value_of(x), type(x) if fetch is None else _Given) for x, fetch in zip(outputs, fetches, strict=True)
            ]
            derivative, kept = derived if derived is not None else (None, [])
            program.outputs = arrays + kept
            values = [x.value for x in kept]
            records.note_gradients()
            records.note_replaced()
            self._finish(program)
            used = {id(x) for x, _ in program.sources}
            held = [
                _Held(state, id(state.tensor) in records.cleared and id(state.first_gradient) not in used)
                for state in records.tensors.values()
            ]
            if derivative is not None:
                self._finish(derivative.program)
                derivative.note(real, values, leaves, (args, kwargs))
            self.program = CompiledProgram(
                name, program, held, environment, _Results(kinds, rebuild_outputs, derivative)
            )
        records.active = False
        records.tensors.clear()  # arrays that a program holds would seem to be in use
        records.memories.clear()
        self.refused = records.refused
        return result

    def _watched(self, records: ProgramRecorder, leaves: list[Any]) -> list[Any]:
        """Let tensors and variables hold traced arrays; return the leaves of the arguments with traced arrays."""
        traced, environment = list(leaves), self.environment
        for i, x in enumerate(leaves):
            if isinstance(x, Tensor):
                if x._node is not None and type(x._node) is not Leaf:
                    x = traced[i] = Tensor(x._array, requires_grad=True)  # the graph that led to it goes on after it
                    records.stand_ins.append(x)
                records.watch(x, Argument(i), True)
            elif isinstance(x, ndarray | np.generic):
                before = next((j for j in range(i) if leaves[j] is x), i)
                traced[i] = records.argument(x, Argument(i)) if before == i else traced[before]
        for x in environment.seen:
            if isinstance(x, Tensor):
                records.watch(x, Fixed(x), False)
        if environment.unsteady:
            records.refuse(
                f"{environment.unsteady[0]}, which gives something else each time",
                "pass what it gives as an argument",
                records.home,
            )
        records.variables = TracedVariables(environment, lambda x: records.held(x, Fixed(x)))
        records.variables.take()
        for array in environment.guard_contents():
            records.constant(array)
        return traced

    def _finish(self, program: Program) -> None:
        """Make a program short, and fuse its calls if that was asked for."""
        simplify(program)
        program.forget_values()
        if self.backend == "numba":
            from .fused.fuse import fuse  # with numba, which other programs need not have

            fuse(program)

    def _result(self, records: ProgramRecorder, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function; raise what was refused although the function caught the error."""
        leaves, before = flatten((args, kwargs))[0], structure((args, kwargs))
        try:
            result = self.function(*args, **kwargs)
        except Exception as error:
            if records.error is None and "'Traced'" in str(error):
                records.refuse_error(error)
            if records.error is None or records.error is error:
                raise
            raise records.error from error
        if records.error is not None:
            raise records.error
        after = flatten((args, kwargs))[0]
        if structure((args, kwargs)) != before or any(map(operator.is_not, leaves, after)):
            records.refuse("a change of a list or dict that is an argument", "return the new one")
        return result

    def _real(self, x: Any) -> Any:
        if isinstance(x, Tensor):
            x._array = plain(x._array)
        return plain(x)


def _value_of(result: Any) -> Any:
    """Return what a replay gives for a result that has no array; of a tensor, the node of a graph that was freed."""
    if isinstance(result, Tensor):
        return result._node if is_freed(result) else None
    return None if isinstance(result, Traced) else result


class _Given:
    """The kind of a result that is a tensor which the function was given, or reads."""


def _filled(kinds: list[tuple[Any, type]], arrays: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """Return the leaves of a result from its arrays: tensors where there were tensors."""
    rest = iter(arrays)
    leaves = []
    for value, kind in kinds:
        if issubclass(kind, Traced):
            leaves.append(next(rest))
        elif kind is _Given:
            leaves.append(value(given))
        elif issubclass(kind, Tensor):
            made = object.__new__(Tensor)
            made._array = np.asarray(next(rest))
            made._node, made._cut = value, None
            leaves.append(made)
        else:
            leaves.append(value)
    return leaves


def compile(
    function: Callable[..., Any] | None = None,
    *,
    fallback: Fallback = "raise",
    backend: Backend = "numpy",
) -> Any:
    """Compile a function: record the NumPy calls that it makes, and from the second call on run only these.

    The function may be a pure one, a derivative (``compile(grad(f))``, ``compile(hessian(f))``, ``compile(vmap(f))``),
    or a whole training step with ``zero_grad()``, ``backward()`` and ``optimizer.step()`` in it. The first call with
    arguments of new shapes, dtypes or strides runs the function itself and records it; later ones run what was
    recorded, which is straight-line Python, without a graph, an allocation for most results, or the function's own
    lines. With the backend ``"numpy"`` the results are the same to the last bit.

    What the function reads besides its arguments is compared before each call: variables of closures and modules,
    attributes, default arguments, the modes and options of layers. If something differs, it is recorded anew. Arrays
    that it reads are read at each call. Of Python numbers, each value makes a program of its own: pass what changes
    from call to call as an array, ``numpy.asarray(lr)``.

    Parameters
    ----------
    function
        Takes arrays, tensors, numbers, and containers of them, or `Value` objects. If it is left out, `compile` returns
        a decorator.
    fallback
        What to do where the function cannot be recorded, since it depends on the value of an array (``if x.sum() > 0``,
        ``float(x)``), on random numbers other than `nn.random`'s, or on arrays of unknown origin: ``"raise"`` an error,
        or call the function as it is from then on, after a warning (``"warn"``) or without one (``"eager"``).
    backend
        ``"numpy"``, or ``"numba"`` for chains of elementwise functions and sums of rows as loops that numba compiles;
        their results are equal up to rounding, and NumPy's warnings of overflows in them are not given.

    Returns
    -------
    callable
        Takes the arguments of `function`. Its attribute `programs` lists what was recorded, and ``source()`` returns
        the Python text that runs. Its other attributes are those of `function`.

    Raises
    ------
    CompileError
        When called, where the function cannot be recorded; the message names the line.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import compile, grad
    >>> def energy(x):
    ...     return np.sum(np.sin(x) ** 2)
    >>> slope = compile(grad(energy))
    >>> slope(np.array([0.0, 1.0])).round(4)  # recorded
    array([0.    , 0.9093])
    >>> slope(np.array([2.0, 3.0])).round(4)  # replayed
    array([-0.7568, -0.2794])
    >>> len(slope.programs)
    1
    """
    check_option("compile", "fallback", fallback, ("raise", "warn", "eager"))
    check_option("compile", "backend", backend, ("numpy", "numba"))
    if function is None:
        return functools.partial(compile, fallback=fallback, backend=backend)
    check_callable("function", function)
    if backend == "numba":
        load_numba('compile(..., backend="numba")')
    if isinstance(function, Compiled):
        function = function.__wrapped__
    return Compiled(function, fallback, backend)
