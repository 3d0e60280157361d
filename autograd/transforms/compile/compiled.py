"""`compile`: a function that is recorded at its first call and replayed from then on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any, Literal, Never, TypeAlias

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import BATCH_TYPES, outside_types, recorder
from ...errors import check_callable, check_option
from ...foreign.missing import COMPILE_KEYWORDS, OF_JIT, refuse_keywords
from ...graph.grad_mode import recording, watching
from ...graph.node import Leaf, Node
from ...later import load
from ...scalar.value import Value
from ...source.source_info import defined, warn
from ...tensors.conversions import is_differentiating
from ...tensors.tensor import Tensor
from ..pytree import REGISTERED, flatten, structure
from .breaks import Broken, Text
from .compiled_program import CompiledProgram
from .creation import RECORDING
from .environment import Environment
from .memory import owners_of, shared_memory
from .printer import Diverged
from .program import state_of_errors
from .quick_calls import AT_FIRST, MISSED
from .recorder import NUMBERS, ProgramRecorder
from .session import Backend, Session
from .wrapped import MOST, FellBack, WrappedFunction, too_deep

Fallback: TypeAlias = Literal["raise", "warn", "eager"]
ndarray = np.ndarray

PATIENT = 128  # calls of a kind that is not recorded, until a program that has not run meanwhile makes room for it
_FIRST = 5  # the part of a key that describes the first leaf
_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")


class Compiled(WrappedFunction):
    """A function that `compile` returned; see there.

    Attributes
    ----------
    programs
        What was recorded, one program for each kind of arguments; its `notes` say which loops stay many calls, and why.
    fallbacks
        Why the function itself ran instead, if it did: for each reason its `reason`, `line` and `count` of calls.
    """

    _OWN = WrappedFunction._OWN | {
        *_NAMES, "_backend", "_inner", "_instead", "_moving", "_programs", "_quick", "_raised", "_text", "_varying",
    }  # fmt: skip

    def __init__(self, function: Callable[..., Any], fallback: Fallback, backend: Backend) -> None:
        super().__init__(function, fallback)
        for name in _NAMES:
            if isinstance(getattr(function, name, None), str):
                setattr(self, name, getattr(function, name))
        self._backend = backend
        self._programs: dict[Any, list[CompiledProgram]] = {}
        self._raised: dict[int, tuple[Exception, str]] = {}  # by the program that ran last in a thread
        self._instead: Any = None  # what is called: the `CompiledFunction` of scalars, or the function as two
        self._inner: Any = None  # what of that has programs
        self._text = Text(function)
        self._quick: Callable[[tuple[Any, ...]], Any] = _fits_never  # runs the program that fitted last, if it fits
        self._moving: set[tuple[str, str, int]] = set()  # numbers that the function reads, which are inputs too
        self._varying: frozenset[int] = frozenset()  # where, among the leaves, integers are inputs as floats are

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"backend": self._backend}

    @property
    def programs(self) -> list[Any]:
        """What was recorded."""
        if self._inner is not None:
            found: list[Any] = self._inner.programs
            return found
        return [program for several in self._programs.values() for program in several]

    @property
    def fallbacks(self) -> list[FellBack]:
        return super().fallbacks + (self._inner.fallbacks if self._inner is not None else [])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            result = self._quick(args)
            if result is not MISSED:
                return self._itself(args, kwargs) if result is NotImplemented else result
        if self._instead is not None:
            return self._instead(*args, **kwargs)
        if self._eager or recorder.get() is not None or watching() or is_differentiating():
            if self._eager:
                self._falls_back(*self._because)
            elif recorder.get() is None:  # else it is recorded, too
                self._falls_back("within a derivative or a batch, or while operations are watched")
            return self.__wrapped__(*args, **kwargs)
        leaves: Sequence[Any] = args
        shape: Any = None
        try:
            if kwargs or not _LEAVES.issuperset(map(type, args)):
                leaves, _ = flatten((args, kwargs))
                shape = structure((args, kwargs))
                if shape is not None and not _PLAIN.issuperset(part[0] for part in shape if part is not None):
                    _check_containers((args, kwargs))
            owners = owners_of(leaves)
            shared = shared_memory(leaves, owners)
            key = (shape, len(args), recording(), _errors(), shared, *map(_described, leaves))
            if self._varying:
                key = tuple([int if i - _FIRST in self._varying and _is_integer(x) else x for i, x in enumerate(key)])
            several = self._programs.get(key)
            if several is None and (key := self._with_inputs(key)) in self._programs:
                several = self._programs[key]
        except _Elsewhere as elsewhere:
            self._falls_back(*elsewhere.args, quietly="vmap" in elsewhere.args[0])
            return self.__wrapped__(*args, **kwargs)
        program = None if several is None else self._fitting(several, leaves, owners)
        if program is None:
            return (
                self._record(key, args, kwargs) if self._has_room(key, several) else self.__wrapped__(*args, **kwargs)
            )
        if program.missed:
            program.missed.clear()
        if shape is None and shared is None:
            self._quick = program.quick(args) or _fits_never
        result = program.run(leaves, args, kwargs)
        return self._itself(args, kwargs) if result is NotImplemented else result

    def _itself(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function in the place of a program that did not fit, or that raised an error."""
        error, line = self._raised.pop(get_ident(), (None, ""))
        if error is None:
            return self.__wrapped__(*args, **kwargs)
        if isinstance(error, Diverged):
            return self._renewed(args, kwargs)
        reason = "an error or a warning of NumPy"
        try:
            result = self.__wrapped__(*args, **kwargs)
        except Exception:  # as was to be expected, in its own words
            self._falls_back(reason)
            raise
        if isinstance(error, Warning):
            self._falls_back(reason)
            return result
        reason = f"{type(error).__name__} in what was recorded, which the function itself does not raise"
        ours = not isinstance(error, (ArithmeticError, LookupError, ValueError))  # the function may catch these
        if ours and (reason, line) not in self._fell_back:
            warn(
                f"compile: {reason}: {error}, at {line}: {defined(self.__wrapped__)} ran as it is, and its results are "
                f"right. This is a fault of compile: please report it",
                RuntimeWarning,
            )
        self._falls_back(reason, line, quietly=ours)
        return result

    def _renewed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record the function again, once, where a value that decided what was recorded is another one."""
        self._quick = _fits_never
        for key, programs in [*self._programs.items()]:
            outdated = [program for program in programs if program.outdated]
            if outdated:
                outdated[0].outdated = False
                others = self._programs[key] = [program for program in programs if program is not outdated[0]]
                count = len(others)
                try:
                    return self._record(key, args, kwargs, renewable=False)
                finally:
                    if len(others) == count:  # nothing was recorded, as of an error in the arguments
                        others.append(outdated[0])
        return self.__wrapped__(*args, **kwargs)  # another thread was faster

    def _asked_for(self) -> str:
        """Return the line that asks for the value of a float among the arguments, as part of a message."""
        lines = [question.line for program in self.programs for question in program.questions]
        return f": {lines[-1]} asks for the value of a float, which numpy functions do not" if lines else ""

    def _with_inputs(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        """Take integers that were others at an earlier call for inputs from now on; return the key of the call then."""
        for known in [*self._programs] if any(map(_is_integer, key)) else ():
            others = [i for i, (x, y) in enumerate(zip(known, key, strict=False)) if x != y]
            if len(known) == len(key) and all(_is_integer(known[i]) and _is_integer(key[i]) for i in others):
                self._varying |= {i - _FIRST for i in others}
                for one in [*self._programs]:  # no call has the key of a value any more
                    if any(i < len(one) and _is_integer(one[i]) for i in others):
                        self._programs.pop(one, None)
                return tuple([int if i in others else x for i, x in enumerate(key)])
        return key

    def _numbers_read(self, key: tuple[Any, ...]) -> set[tuple[str, str, int]]:
        """Take numbers that the function reads, and that are others than at an earlier call, for inputs from now on."""
        for program in [*self._programs.get(key, ())]:
            found = program.environment.moved()
            self._moving |= found
            if found and program._printed is None:
                self._programs[key].remove(program)
        return self._moving

    def _fitting(
        self, programs: list[CompiledProgram], leaves: Sequence[Any], owners: list[int]
    ) -> CompiledProgram | None:
        """Return the program that fits a call; what a function reads may be equal instead of the same objects."""
        for program in programs:
            if program._unchanged() and program.fits(leaves, owners):
                return program
        for program in programs:
            if program.environment.difference() is None and program.fits(leaves, owners):
                program.take_environment()
                return program
        return None

    def _has_room(self, key: Any, several: list[CompiledProgram] | None) -> bool:
        """Tell whether a call that no program fits is to be recorded, perhaps in the place of another program.

        That is one that has not run while calls of this kind came `PATIENT` times. So what alternates between many
        kinds keeps its programs, and recording costs little for each call, whatever comes. Where something that the
        function reads changes, to find that out takes too long: it runs as it is from then on.
        """
        kinds = [*self._programs.items()]
        if sum(len(programs) for _, programs in kinds) < MOST:
            return True
        self._quick = _fits_never  # so that its next call is seen
        reason = f"more than {MOST} kinds of arguments, or of values that it reads{self._asked_for()}"
        first = (reason, "") not in self._fell_back
        if several and not any(program._unchanged() for program in several):
            self._gives_up(reason)
        else:
            for kind, programs in kinds:
                for program in programs:
                    program.missed[key] += 1
                    if program.missed[key] > PATIENT:
                        self._programs[kind] = [other for other in programs if other is not program]
                        return True
            self._falls_back(reason)
        if first:
            warn(
                f"compile: {defined(self.__wrapped__)} was called with more than {MOST} kinds of arguments, or of "
                f"values that it reads, and runs as it is for "
                f"{'all from now on' if self._eager else 'those that were not recorded'}{self._asked_for()}. Pass "
                f"numbers that change as floats or arrays, numpy.asarray(n), and use one size of batches",
                RuntimeWarning,
            )
        return False

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], renewable: bool = True) -> Any:
        """Call the function, and record it unless another thread records: it may have traced arrays in variables."""
        if not RECORDING.acquire(blocking=False):
            self._falls_back("another thread records")
            return self.__wrapped__(*args, **kwargs)
        try:
            return self._recorded(key, args, kwargs, renewable)
        finally:
            RECORDING.release()

    def _recorded(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any], renewable: bool) -> Any:
        leaves = flatten((args, kwargs))[0]
        objects = [x for x in leaves if not isinstance(x, _KNOWN) or _is_number_with_attributes(x)]
        environment = Environment(
            (self.__wrapped__, *objects),
            (ProgramRecorder, *outside_types),
            apart=self._text.apart,
            moving=self._numbers_read(key),
        )
        if any(isinstance(x, Value) for x in (*environment.seen, *leaves)):
            return self._of_scalars()(*args, **kwargs)
        if elsewhere := _elsewhere(environment, leaves):
            self._falls_back(elsewhere, quietly="vmap" in elsewhere)
            return self.__wrapped__(*args, **kwargs)
        session = Session(
            self.__wrapped__, environment, self._fallback == "raise", self._backend, self._varying, self._text
        )
        try:
            result = session.run(args, kwargs)
        except RecursionError as error:
            raise too_deep(f"{defined(self.__wrapped__)}, while it is recorded,") from error
        if any(isinstance(x, Value) for x in flatten(result)[0]):  # which the function made itself
            self._of_scalars()
        elif session.parts is not None:
            begin = self._inner = Compiled(session.parts.begin.given, self._fallback, self._backend)
            begin._text = session.parts.begin
            self._instead = Broken(self.__wrapped__, session.parts, begin)
        elif session.program is not None:
            session.program.falls_back, session.program.raised = self._falls_back, self._raised
            session.program.renewable = renewable
            self._programs.setdefault(key, []).insert(0, session.program)
        elif session.refused:
            self._gives_up(session.refused, session.line)
            if self._fallback == "warn":
                warn(f"compile: {session.refused}; the function runs as it is", RuntimeWarning)
        else:
            self._falls_back("nothing was recorded, because of values such as a gradient that is not finite")
        return result

    def _of_scalars(self) -> Any:
        """Let the function be compiled as one of values from now on; return what is called for it."""
        self._inner = self._instead = load("compile of scalars").CompiledFunction(self.__wrapped__, self._fallback)
        return self._instead


def _is_integer(described: Any) -> bool:
    return type(described) is tuple and len(described) == 3 and described[0] is int and described[2] is None


def _fits_never(args: tuple[Any, ...]) -> Any:
    return MISSED


def _elsewhere(environment: Environment, leaves: list[Any]) -> str:
    """Return what a function computes with that belongs to others, so that it has to run as it is; nothing if nothing.

    That is a batch of vmap, arrays of Python objects, and an argument that shares memory with what the function reads:
    a write to one of them changes the other.
    """
    if any(type(x._array if isinstance(x, Tensor) else x) in BATCH_TYPES for x in environment.seen):
        return "a batch of vmap"
    if any(isinstance(x, ndarray) and x.dtype.hasobject for x in leaves):
        return "an array of Python objects as an argument"
    held: list[Any] = [*environment.arrays.values(), *(x for x in environment.seen if isinstance(x, Tensor))]
    shares = not set(owners_of(held)).isdisjoint(owners_of(leaves))
    return "an argument that shares memory with what the function reads" if shares else ""


_PLAIN = frozenset((tuple, list, dict))
_KNOWN = (ndarray, np.generic, Tensor, *NUMBERS)  # of which a program depends on what `_described` returns alone
_LEAVES = frozenset((ndarray, Tensor, Batched, int, float, bool, str, complex, type(None), np.float64, np.float32))


def _errors() -> Any:
    """Return what NumPy does where a number overflows or the like; None if that is what it did at first."""
    return None if state_of_errors.get() is AT_FIRST else (*np.geterr().values(), id(np.geterrcall()))


class _Elsewhere(Exception):  # noqa: N818 - not an error
    """Raised, with the reason, for an argument that belongs to a batch outside, or is of a kind that has no key."""


def _check_containers(tree: Any) -> None:
    """Raise for a container, among the arguments, that has attributes besides its parts, which nothing compares."""
    pending = [tree]
    while pending:
        part = pending.pop()
        fields = getattr(type(part), "__dataclass_fields__", {})
        if type(part) in REGISTERED or not (fields or isinstance(part, tuple | list | dict)):
            continue
        own = [name for name in getattr(part, "__dict__", ()) if name not in fields]
        if own := own or [name for name, field in fields.items() if not field.init]:
            raise _Elsewhere(f"an argument of type {type(part).__name__} with an attribute {own[0]}")
        parts = [getattr(part, name, None) for name in fields]
        pending += parts or (part.values() if isinstance(part, dict) else part)


def _is_number_with_attributes(x: Any) -> bool:
    return isinstance(x, NUMBERS) and _has_attributes(type(x))


def _with_attributes(kind: Any) -> bool:
    """Tell whether a tensor, a number or a text of a class has attributes of a program's own, as any object has."""
    slots = issubclass(kind, Tensor) and kind.__basicsize__ > Tensor.__basicsize__
    return bool(kind.__dictoffset__) or slots


_has_attributes: Callable[[Any], bool] = functools.cache(_with_attributes)


def _described(x: Any) -> Any:
    """Return what a program depends on of a leaf of the arguments: of an array its shape, dtype and strides."""
    if type(x) is ndarray:
        return x.shape, x.dtype, x.strides
    if isinstance(x, Tensor):
        array, node = x._array, x._node
        if type(array) is not ndarray:
            raise _Elsewhere("a batch of vmap")
        if type(x) is not Tensor and _has_attributes(type(x)):
            raise _Elsewhere(f"an argument of type {type(x).__name__}, which may have attributes")
        kind = type(node) if type(node) in (type(None), Leaf) else Node
        return type(x), array.shape, array.dtype, array.strides, kind
    if isinstance(x, np.generic):
        return type(x)
    if type(x) is float:
        return float  # an input of the program, which may ask for its value: see `floats`
    if type(x) is slice:
        return slice, *map(_part_of_slice, (x.start, x.stop, x.step))
    if isinstance(x, NUMBERS):
        own = id(x) if _is_number_with_attributes(x) else None
        return type(x), repr(x) if isinstance(x, (complex, float)) else x, own  # 0.0 is not -0.0, and nan is itself
    if type(x) in BATCH_TYPES:
        raise _Elsewhere("a batch of vmap")
    if isinstance(x, ndarray):
        raise _Elsewhere(f"an argument of type {type(x).__name__}")
    return type(x), id(x)  # a program keeps the object, and looks at its attributes


def _part_of_slice(x: Any) -> Any:
    if isinstance(x, np.integer):
        return type(x), int(x)
    if isinstance(x, NUMBERS):
        return _described(x)
    raise _Elsewhere(f"a slice of a {type(x).__name__} as an argument: give it numbers, or the array itself")


def compile(
    function: Callable[..., Any] | None = None,
    *,
    fallback: Fallback = "raise",
    backend: Backend = "auto",
    **foreign: Never,
) -> Any:
    """Compile a function: record the NumPy calls that it makes, and from the second call on run only these.

    The function may be a pure one, a derivative (``compile(grad(f))``, ``compile(hessian(f))``, ``compile(vmap(f))``),
    or a whole training step with ``zero_grad()``, ``backward()`` and ``optimizer.step()`` in it. The first call with
    arguments of new shapes, dtypes or strides runs the function itself and records it; later ones run what was
    recorded, which is straight-line Python, without a graph, an allocation for most results, or the function's own
    lines. With the backend ``"numpy"`` the results are the same to the last bit, wherever those of the function itself
    do not depend on where NumPy puts its arrays; docs/howto/compile.md says where they do. Where numba is installed,
    loops of many calls on small arrays run as machine code, in which exp, sin, products of matrices and the like may
    differ in the last bits.

    What the function reads besides its arguments is compared before each call: variables of closures and modules,
    attributes, default arguments, the modes and options of layers. If something differs, it is recorded anew. Arrays
    that it reads are read at each call. Python floats among the arguments may change from call to call too, such as a
    learning rate, unless the function asks for their values (``if lr > 0.1``, ``math.exp(lr)``): each answer makes a
    program of its own, and so does each value of a text. An integer is an input too from its second value on, unless it
    is an index, a shape or the like, and so is a number that the function reads from elsewhere.

    A function may end with what Python does with its numbers, such as ``losses.append(float(loss))``: these statements
    run as they are at each call.

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
        ``"auto"``: NumPy's calls, and if numba is installed machine code for loops of the function that do the same
        again and again on small arrays, and for `scan`, where that pays; and once a program has run so often that it
        pays, for rows of elementwise calls and sums, to the same bits. ``"numpy"``: NumPy's calls alone. ``"numba"``:
        machine code for shorter loops, too, and from the first call on for rows with functions such as exp. Results of
        machine code, but for those rows of ``"auto"``, are equal up to rounding, and NumPy's warnings of overflows in
        it are not given.

    **foreign
        Not taken: for arguments of ``torch.compile``, ``jax.jit`` and ``numba.jit``, such as `mode`, the error says
        what to do here. Those that mean nothing here, such as ``static_argnums`` and ``donate_argnums``, do nothing.

    Returns
    -------
    callable
        Takes the arguments of `function`. Its attribute `programs` lists what was recorded, ``source()`` returns the
        Python text that runs, and `fallbacks` lists why the function itself ran instead, with lines and counts. Its
        other attributes are those of `function`.

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
    if unknown := [name for name in foreign if name not in OF_JIT]:
        refuse_keywords("compile", unknown, COMPILE_KEYWORDS)
        raise TypeError(f"compile has no argument {unknown[0]!r}: it takes fallback= and backend=")
    check_option("compile", "fallback", fallback, ("raise", "warn", "eager"))
    if backend not in ("auto", "numpy", "numba"):
        raise ValueError(
            f'compile: backend={backend!r}: it is "auto", "numpy", or "numba" for fused loops, which needs '
            f"pip install numba"
        )
    if function is None:
        return functools.partial(compile, fallback=fallback, backend=backend)
    check_callable("function", function)
    if backend == "numba":
        load("numba").load_numba('compile(..., backend="numba")')
    if isinstance(function, Compiled):
        function = function.__wrapped__
    return Compiled(function, fallback, backend)
