"""Traced calls: the operations that are recorded, and NumPy's calls, by which results depend on some inputs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays.door import recorder, unrecorded
from ..arrays.traced import Traced, plain
from ..errors import UnsupportedError
from ..graph.grad_mode import enable_grad
from ..graph.instrumentation import observed
from ..graph.node import Node
from ..source.call_site import users_line
from ..source.source_info import within_engine
from ..tensors.tensor import Tensor
from ..transforms.compile.creation import noted_creation
from ..transforms.compile.memory import address_of, array_at, owner_of
from ..transforms.compile.program import ARGUMENT, CONSTANT, Call, Memory, mapped, traced_in
from ..transforms.compile.recorder import ProgramRecorder, asks
from ..transforms.compile.types import ArrayArgument, Operand
from .tracing import TracedOperation, traced

Array = np.ndarray[Any, Any]
_asarray = np.asarray  # which is another one while calls are noted


class TracedCall(TracedOperation):
    """A call of NumPy, whose arguments are named by their places."""


@contextmanager
def trace_calls() -> Iterator[CallRecorder]:
    """List the operations that are recorded within a ``with`` block, and NumPy's calls, in order.

    NumPy's calls, each a `TracedCall`, are those by which operations are computed, which come before them, and those
    that have no derivative, such as comparisons. Their arguments are named by their places, ``"0"``, ``"1"`` and so on,
    or as they were given.

    The block is given an object with the list, `operations`, and a method `input` that makes tensors whose uses are
    noted. An array among the operations is a value: where the program writes to one, what reads it next is given
    another. Python's questions about values that depend on inputs, such as ``if x > 0``, are errors.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import trace_calls
    >>> array = np.array([1.0, -2.0])
    >>> with trace_calls() as calls:
    ...     mask = calls.input(array) > 0
    >>> [(call.name, call.arguments["1"], call.outputs) for call in calls.operations]
    [('greater', 0, (array([ True, False]),))]
    """
    calls = CallRecorder()
    token = recorder.set(calls)
    try:
        with enable_grad(), observed(calls.note_operation, alone=True), noted_creation():
            yield calls
    finally:
        calls.active = False
        recorder.reset(token)


class CallRecorder(ProgramRecorder):
    """Notes operations and NumPy's calls.

    Attributes
    ----------
    operations
        Them, in order.
    """

    loops = False

    def __init__(self) -> None:
        super().__init__(strict=True)
        self.operations: list[TracedOperation] = []
        self._sharing: dict[int, list[Traced]] = {}  # the arrays in each memory
        self._dependent: set[int] = set()  # the memory of what depends on inputs
        self._new: set[int] = set()  # the memory that nothing has read since it was made or written
        self._numbers: dict[int, tuple[Traced, Array]] = {}
        self._before: Any = None  # the arguments of a call that writes, before it does

    def input(self, array: Array) -> Tensor:
        """Return a tensor whose uses are noted."""
        tensor = unrecorded(Tensor)(plain(array), requires_grad=array.dtype.kind == "f")
        memory = self.new_memory(ARGUMENT, owner_of(tensor._array))
        shown = Traced(tensor._array, self, memory)
        self._sharing[id(memory)] = [shown]
        self._dependent.add(id(memory))
        tensor._array = shown  # type: ignore[assignment]  # which takes the place of an array
        return tensor

    def constant(self, array: Array) -> Any:
        """Return an array that is the same for all inputs, so that an index can be noted that depends on them."""
        if isinstance(array, Traced):
            return array
        shown = Traced(array, self, self.new_memory(CONSTANT, owner_of(array)))
        self._sharing[id(shown.memory)] = [shown]
        return shown

    @contextmanager
    def shown(self, tensors: Iterable[Tensor]) -> Iterator[None]:
        """Let tensors have arrays of the block that are the same for all inputs."""
        arrays = [(x, x._array) for x in tensors]
        for x, array in arrays:
            x._array = self.constant(array)
        try:
            yield
        finally:
            for x, array in arrays:
                x._array = array

    def array(self, x: Operand) -> Any:
        """Return what stands for an array among the operations: for a number, an array of its own."""
        if isinstance(x, Traced) and not isinstance(x.value, np.ndarray):
            return self._numbers.setdefault(id(x), (x, _asarray(x.value)))[1]
        return plain(x)

    def note_operation(self, node: Node, values: tuple[Operand, ...], z: Operand | tuple[Operand, ...]) -> None:
        """Note an operation that is recorded."""
        self._new.difference_update(id(x.memory) for x in traced_in((values, z)))
        self.operations.append(traced(node, mapped(self.array, values), mapped(self.array, z)))

    def note(
        self,
        kind: type[Call],
        function: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None = None,
        result: Any = None,
        writes: Memory | None = None,
        view: bool = False,
    ) -> Any:
        """Note a call of NumPy."""
        given = _named(args, kwargs or {})
        read = {id(x.memory) for x in traced_in(given)}
        if writes is None:
            made, given, name = traced_in(result), mapped(self.array, given), _name_of(function)
            for x in made:
                self._sharing.setdefault(id(x.memory), []).append(x)
            if not view:
                self._new = (self._new - read) | {id(x.memory) for x in made}
        else:
            made, given = self._sharing[id(writes)], self._before
            name = _name_of(function) if len(made) == 1 and made[0] is result else f"a write by {_name_of(function)}"
        if self._dependent & read:
            self._dependent.update(id(x.memory) for x in made)
        self.operations.append(TracedCall(name, given, tuple(map(self.array, made)), users_line()))

    def _target(self, function: Any, args: Any, kwargs: Any) -> Traced | None:
        """Return the array that a call writes to, if any, with a copy for what it shows from now on."""
        if isinstance(kwargs.get("out"), np.ndarray) and not isinstance(kwargs["out"], Traced):
            self.refuse("a write to an array from outside the traced calls", "write to a copy of it")
        target = super()._target(function, args, kwargs)
        if target is None:
            return None
        self._before = mapped(self.array, _named(args, kwargs))
        if id(target.memory) not in self._new:
            owner = owner_of(target.value)
            copied = owner.copy("K")
            self.memories[id(copied)] = target.memory
            for x in self._sharing[id(target.memory)]:
                place = address_of(copied) + address_of(x.value) - address_of(owner)
                x.value = array_at(copied, place, x.shape, x.dtype, x.strides)
            self._new.add(id(target.memory))
        return target

    # What is asked of values, and what compiled programs could not do

    def known(self, x: ArrayArgument) -> Any:
        """Return an argument as it is, of an index its array: what nothing has noted is the same for all inputs."""
        return x._array if isinstance(x, Tensor) else x

    def check(self, x: Traced, of: Callable[[Any], Any] | None = None) -> None:
        """Let the engine ask: what it computes is noted, whichever way it takes."""

    def answer(self, x: Traced, what: str) -> Any:
        """Return what Python asks of a value, which may not depend on the inputs where the user's program asks."""
        if id(x.memory) in self._dependent and not within_engine(asks(sys._getframe(1)).f_code):
            instead = "write numpy.where(c, a, b), " if what == "bool()" else "compute with the array itself, "
            if what[:2] == "an":  # index
                instead = "keep an array that it is an index of in an attribute of the module, "
            self.refuse(
                f"{what} of an array (shape {x.shape}, dtype {x.dtype}) that depends on the inputs",
                f"{instead}or compute it before and pass it as an input",
            )
        return x.value

    def item(self, x: Traced) -> Any:
        """Return the number in an array of one element."""
        return self.answer(x, "item()").item()

    def text(self, x: Traced) -> Any:
        """Return a value to be shown."""
        return x.value

    def refuse(self, what: str, remedy: str, where: str = "") -> None:
        """Raise an error, but for what only a program that runs again cannot do."""
        if self.records() and not what.startswith(("print(", "warnings")):
            raise UnsupportedError(f"{what}, {where or f'at {users_line()}'}, cannot be traced: {remedy}")

    def outside(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function on real arrays."""
        return function(*mapped(plain, args), **mapped(plain, kwargs))

    def drawn(self, sample: Callable[..., Any], generator: Callable[[], Any], args: tuple[Any, ...]) -> Any:
        """Return random numbers."""
        return sample(generator(), *map(plain, args))


def _named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return arguments by their names or places."""
    return {str(i): x for i, x in enumerate(args)} | {name: x for name, x in kwargs.items() if name != "out"}


def _name_of(function: Any) -> str:
    """Return the name of a function of NumPy: of an operator that of the ufunc, of ``add.reduce`` that with a dot."""
    name = getattr(function, "__name__", str(function))
    ufunc = getattr(function, "__self__", None)
    return f"{ufunc.__name__}.{name}" if isinstance(ufunc, np.ufunc) else _OPERATORS.get(name, name)


_OPERATORS = {
    "gt": "greater", "lt": "less", "ge": "greater_equal", "le": "less_equal", "eq": "equal", "ne": "not_equal",
    "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "power", "neg": "negative", "pos": "positive", "abs": "absolute", "and_": "bitwise_and",
    "or_": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift", "inv": "invert",
}  # fmt: skip
