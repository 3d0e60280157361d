"""Watched tensors: those that a function uses. While it runs they show it traced arrays; what it changes is noted.

Tensors are shared with other threads, which must not meet traced arrays. So while a function is recorded, the tensors
that it uses are of a subclass whose array and gradient are what the recorder says to the context that records, and the
tensor's own to everybody else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ...arrays.door import concrete, recorder
from ...arrays.traced import Traced, plain
from ...graph.node import Leaf
from ...tensors.tensor import Tensor, accumulation, constant_tensor
from .memory import address_of, array_at, owner_of
from .program import ARGUMENT, HELD, ArrayOf, Call, Effect, Fetch, GradientOf, Memory, traced_in
from .types import Array

_class: Any = vars(object)["__class__"]


class TensorState:
    """A tensor that shows a traced array while a function runs.

    Attributes
    ----------
    shown
        The array and the gradient, as ``"_array"`` and ``"_grad"``, that the tensor shows to the recording context.
    """

    def __init__(self, tensor: Tensor, fetch: Any, is_argument: bool) -> None:
        self.tensor, self.fetch, self.is_argument = tensor, fetch, is_argument
        self.node: Any = tensor._node
        self.kind: Any = type(tensor)
        self.shown: dict[str, Any] = {"_array": None}  # until it is taken
        self.had_gradient = getattr(tensor, "_grad", None) is not None
        # Of an argument, each call may have another one: its gradient goes to memory of its own.
        self.buffer: Any = getattr(tensor._node, "buffer", None)
        self.begins = True  # until the first call on real arrays, or the end
        self.traced: Any = None
        self.gradient: Any = None
        self.traced_gradient: Any = None
        self.first_gradient: Any = None
        self.first_array: Any = tensor._array
        self.replaced = False  # whether the function gives it another array
        self.shares = False  # whether its first gradient lies in memory that something else holds
        self.set_aside: Memory | None = None  # what the buffer for its gradient is part of
        if not issubclass(self.kind, _Watched):  # or a recorder around this one has it
            _class.__set__(tensor, _watched(self.kind))  # type: ignore[arg-type]  # classes are hashable

    def let_go(self) -> int:
        """Hold the memory set aside for the gradient no more, so that it is claimed: the gradient is cleared.

        The tensor shows others the same numbers, in another array. Returns the identity of the first, or 0.
        """
        buffer, gradient = getattr(self.node, "buffer", None), self.gradient
        if buffer is None or gradient is None or gradient._array is not buffer.array:
            return 0
        array = alone(gradient._array)
        self.first_gradient.value, self.gradient = array, tensor_like(gradient, array)
        vars(Tensor)["_grad"].__set__(self.tensor, self.gradient)
        return id(buffer.array)

    def is_other(self, then: dict[str, Any]) -> bool:
        """Tell whether the tensor has another array, or a new gradient, than when it showed what is given."""
        gradient = self.shown.get("_grad")
        return self.shown["_array"] is not then["_array"] or (
            gradient is not None and gradient is not then.get("_grad")
        )

    def release(self) -> None:
        """Give the tensor its own class again."""
        if not issubclass(self.kind, _Watched):
            _class.__set__(self.tensor, self.kind)


class _Watched:
    """The mark of classes of tensors that a recorder watches."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Do nothing: a program's own class of tensors has no new subclass to see to."""


@cache
def _watched(kind: Any) -> Any:
    """Return the subclass of a class of tensors that shows what the recorder says."""
    shown = {"__class__": property(lambda x: kind), "_array": _shown("_array"), "_grad": _shown("_grad")}
    own = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind)(kind.__name__, (_Watched, kind), own | shown)


def _shown(name: str) -> property:
    """Return a property that shows an attribute to the context that records, and the tensor's own to all others."""
    slot: Any = vars(Tensor)[name]

    def shown_by(x: Tensor) -> Any:
        records: Any = recorder.get()
        state = None if records is None or not records.shows() else records.tensors.get(id(x))
        return None if state is None else state.shown

    def read(x: Tensor) -> Any:
        shown = shown_by(x)
        if shown is None:
            return slot.__get__(x)
        if name not in shown:
            raise AttributeError(name)  # as a slot without a value
        return shown[name]

    def write(x: Tensor, value: Any) -> None:
        shown = shown_by(x)
        if shown is None:
            slot.__set__(x, value)
        else:
            shown[name] = value

    return property(read, write)


def tensor_like(tensor: Tensor, array: Array | Traced) -> Tensor:
    """Return a tensor of an array with the node of another."""
    made = constant_tensor(array)  # type: ignore[arg-type]  # traced for a while
    made._node = tensor._node
    return made


def holds_traced(x: Any) -> bool:
    """Tell whether something is a tensor of a traced array."""
    return isinstance(x, Tensor) and type(concrete(x._array)) is not type(x._array)


def set_array(tensor: Tensor, array: Array) -> None:
    """Let a tensor have another array."""
    tensor._array = array


def set_gradient(tensor: Tensor, array: Array) -> None:
    """Let a tensor have a gradient."""
    tensor._grad = constant_tensor(array)


def set_gradient_in_buffer(tensor: Tensor) -> None:
    """Let a tensor have the gradient that was written to the memory set aside for it."""
    node: Any = tensor._node
    set_gradient(tensor, node.buffer.array)


def clear_gradient(tensor: Tensor) -> None:
    """Take the gradient from a tensor."""
    tensor._grad = None


def give_back(tensors: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """Let tensors have the gradients that were taken from them."""
    for tensor, gradient in zip(tensors, gradients, strict=True):
        tensor._grad = gradient


def _references() -> int:
    alone = object()
    return sys.getrefcount(alone)


ALONE = _references()  # to an object that a variable of a function holds, and nothing else


def alone(array: Array) -> Any:
    """Return an array at the same place of memory, that has no reference to the one given."""
    return array_at(owner_of(array), address_of(array), array.shape, array.dtype, array.strides)


HARMLESS = frozenset((clear_gradient, set_gradient, set_gradient_in_buffer))


class WatchedTensors(dict[int, TensorState]):
    """The states of the tensors that a function uses, by their identities; `recorder` is a `ProgramRecorder`."""

    def __init__(self, recorder: Any) -> None:
        self.recorder = recorder
        self._fetched: dict[int, Memory] = {}  # of gradients, after a call on real arrays

    def watch(self, tensor: Tensor, fetch: Callable[[Any], Tensor], is_argument: bool) -> None:
        """Let a tensor that the function uses show a traced array to it."""
        if id(tensor) in self or type(tensor._array) is not np.ndarray:
            return
        state = self[id(tensor)] = TensorState(tensor, fetch, is_argument)
        if state.node is not None and (type(state.node) is not Leaf or state.node.hooks is not None):
            what = "a result of recorded operations" if type(state.node) is not Leaf else "a tensor with hooks"
            self.recorder.refuse(f"{what}, which the function uses", "detach() it, or compute it within the function")
        self._take(state)

    def take(self) -> None:
        """Let all tensors show traced arrays."""
        for state in self.values():
            self._take(state)

    def _take(self, state: TensorState) -> None:
        tensor, fetch = state.tensor, state.fetch
        if state.is_argument and state.buffer is not None:
            state.node.buffer = None
        kind = ARGUMENT if state.is_argument else HELD
        state.traced = self.recorder.source(tensor._array, kind, ArrayOf(fetch))
        state.shown = {"_array": state.traced}
        buffer = getattr(tensor._node, "buffer", None)
        if buffer is not None and state.begins:
            if id(owner_of(buffer.whole)) not in self.recorder.memories:
                self.recorder.source(buffer.whole, HELD, lambda leaves: fetch(leaves)._node.buffer.whole)
            state.set_aside = self.recorder.memories[id(owner_of(buffer.whole))]
        gradient = state.gradient = getattr(tensor, "_grad", None)
        if tensor._node is not None:
            state.shown["_grad"] = gradient
        if gradient is not None and id(gradient) not in self:
            traced = self._traced_gradient(state, gradient._array, buffer)
            state.traced_gradient = state.shown["_grad"] = tensor_like(gradient, traced)

    def _traced_gradient(self, state: TensorState, array: Any, buffer: Any) -> Traced:
        """Return the array of a gradient, as it is when the function begins, or after a call on real arrays."""
        traced: Traced
        memory = self.recorder.memories.get(id(owner_of(array)))
        if not state.begins:  # a call on real arrays may give it another array each time
            if memory is None or (memory.kind != HELD and id(memory) not in self._fetched):
                memory = self.recorder.new_memory(ARGUMENT, owner_of(array))
                self._fetched[id(memory)] = memory
            traced = Traced(array, self.recorder, memory)
            self.recorder.note(Fetch, GradientOf, (state.fetch,), result=traced)
            return traced
        if buffer is not None and array is buffer.array:
            fetch = state.fetch  # who holds the buffer's array itself keeps it from being claimed
            traced = self.recorder.source(array, HELD, lambda leaves: alone(fetch(leaves)._node.buffer.array))
        else:
            state.shares = memory is not None and memory.kind != ARGUMENT
            traced = self.recorder.source(array, ARGUMENT, GradientOf(state.fetch))
        state.first_gradient = traced
        return traced

    def settle(self) -> None:
        """Give all tensors real arrays, and note what the function changed in them."""
        for state in self.values():
            self._settle_array(state)
            self._settle_gradient(state)

    def let_go(self, calls: list[Call]) -> None:
        """Hold no gradient's memory but as others hold it: a step of an optimizer uses what nobody holds.

        The arrays of what was computed there, and is no gradient any more, are made anew, without a reference to it.
        """
        idle = {
            id(buffer.array): buffer.array
            for state in self.values()
            if (buffer := getattr(state.node, "buffer", None)) is not None
            and (state.gradient is None or state.gradient._array is not buffer.array)
        }
        for x in traced_in([(call.args, call.kwargs, call.result) for call in calls]) if idle else ():
            if id(x.value) in idle or id(getattr(x.value, "base", None)) in idle:
                x.value = alone(x.value)

    def release(self) -> None:
        """Show nothing to anybody any more."""
        for state in self.values():
            state.release()

    def _settle_array(self, state: TensorState) -> None:
        """Give a tensor the array that the function gave it, if it did, and note that."""
        tensor, array = state.tensor, state.shown["_array"]
        if state.is_argument and state.buffer is not None and state.node.buffer is None:
            state.node.buffer = state.buffer
        if array is not state.traced:
            tensor._array = plain(array)
            if self.recorder.records():
                self.recorder.note(Effect, set_array, (state.fetch, self.recorder.known(array)))
                state.replaced = True
        if tensor._node is not state.node and self.recorder.records():
            self.recorder.refuse(
                "a change of what a tensor records, such as requires_grad_()", "do it outside the function"
            )

    def _settle_gradient(self, state: TensorState) -> None:
        """Give a tensor the gradient that the function gave it, if it did, and note that."""
        tensor, fetch = state.tensor, state.fetch
        gradient: Any = state.shown.get("_grad")
        if gradient is None and state.gradient is not None:
            tensor._grad = state.gradient = None
            if self.recorder.records():
                self.recorder.note(Effect, clear_gradient, (fetch,))
        elif gradient is not state.traced_gradient and gradient is not state.gradient:
            traced: Any = self.recorder.known(gradient._array)
            with accumulation:
                state.gradient = tensor._grad = tensor_like(gradient, self._with_others(state, plain(traced)))
            buffer = getattr(tensor._node, "buffer", None)
            if self.recorder.records() and buffer is not None and state.gradient._array is buffer.array:
                self.recorder.note(Effect, set_gradient_in_buffer, (fetch,))
            elif self.recorder.records():
                if gradient._node is not None:
                    self.recorder.refuse("a gradient that is recorded (create_graph=True)", "use grad() of grad()")
                self.recorder.note(Effect, set_gradient, (fetch, traced))
        state.traced_gradient, state.begins = None, False

    def _with_others(self, state: TensorState, gradient: Array) -> Array:
        """Return the gradient of a tensor with what other threads have added to it while the function ran."""
        now: Any = getattr(state.tensor, "_grad", None)
        if now is None or now is state.gradient or id(state.tensor) in self.recorder.cleared:
            return gradient
        added: Array = gradient if state.gradient is None else gradient - state.gradient._array
        return added + now._array  # type: ignore[no-any-return]

    def note_gradients(self) -> None:
        """Note which gradients are cleared, and what is written to the memory set aside for them."""
        program, fetches = self.recorder.program, {}
        found: dict[int, Memory] = {}
        needed = set()
        for key, state in self.items():
            if (memory := state.set_aside) is not None:
                found[id(memory)] = memory
                fetches[address_of(state.buffer.array)] = state.fetch
                if state.had_gradient and key not in self.recorder.cleared:
                    needed.add(id(memory))
        program.gradients = list(found.values())
        program.free = [memory for key, memory in found.items() if key not in needed]
        program.cleared = [state.fetch for key, state in self.items() if key in self.recorder.cleared]
        targets = [call.kwargs.get("out", call.args[0]) for call in program.calls if call.writes is not None]
        claimed = {
            address_of(target.value): fetches[address_of(target.value)]
            for target in targets
            if target is not None and id(target.memory) in found and address_of(target.value) in fetches
        }
        program.claimed = list(claimed.values())

    def note_replaced(self) -> None:
        """Note that the arrays of tensors which the function gives another one are other ones each time."""
        used: dict[int, set[int]] = {}  # the tensors whose arrays lie in a memory
        memories = {key: self.recorder.memories[id(owner_of(state.first_array))] for key, state in self.items()}
        for key, state in self.items():
            used.setdefault(id(memories[key]), set()).add(key)
            if state.set_aside is not None:
                used.setdefault(id(state.set_aside), set()).add(0)
        for key, state in self.items():
            memory = memories[key]
            state.replaced = state.replaced and used[id(memory)] == {key} and not memory.written
            if state.replaced:
                memory.kind = ARGUMENT
