"""Errors of memory: arrays that are written to, shared or remembered."""

from typing import Any

import numpy as np

from autograd import Tensor

from ..planting import At, Right
from ..subjects import Subject
from .kind import forward_kind, kind


def _is_array(x: Any) -> bool:
    return type(x) is np.ndarray


def _writeable(x: Any) -> bool:
    return _is_array(x) and x.flags.writeable


def _given(subject: Subject, index: int) -> bool:
    return subject.declared is not None and not subject.prepared


@kind(probe="written")
def writes_to_the_cotangent(right: Right, at: At) -> Any:
    """The rule writes to the cotangent."""
    gx = np.array(right()) if _is_array(at.g) else right()
    if _writeable(at.g):
        at.g[...] *= 2
    return gx


@kind(needs=("x",), fits=_given, probe="written")
def writes_to_the_input(right: Right, at: At) -> Any:
    """The rule writes to x."""
    gx = np.array(right()) if _is_array(at.x) else right()
    if _writeable(at.x):
        at.x[...] *= 2
    return gx


@kind(needs=("out",), fits=_given, probe="written")
def writes_to_the_output(right: Right, at: At) -> Any:
    """The rule writes to the output."""
    gx = np.array(right()) if _is_array(at.out) else right()
    if _writeable(at.out):
        at.out[...] *= 2
    return gx


@forward_kind(fits=_given, probe="written")
def function_writes_to_the_input(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """The function writes to its input."""
    out = right(*args)
    if _writeable(args[0]) and not np.may_share_memory(out, args[0]):
        args[0][...] *= 2
    return out


def _in_buffer(value: Any, state: dict[Any, Any], key: Any) -> Any:
    """Copy an array into memory that is kept for arrays of its shape."""
    buffer = state.setdefault((key, value.shape, value.dtype), np.empty_like(value))
    buffer[...] = value
    return buffer


@kind(probe="repeated")
def memory_of_the_last_gradient(right: Right, at: At) -> Any:
    """The gradient is written to the memory of the last one."""
    gx = right()
    return _in_buffer(gx, at.state, "gradient") if _is_array(gx) else gx


@forward_kind(fits=_given, probe="repeated")
def memory_of_the_last_output(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """The output is written to the memory of the last one."""
    out = right(*args)
    return _in_buffer(out, state, "output") if _is_array(out) else out


def _keeps_arrays(subject: Subject, index: int) -> bool:
    if not _given(subject, index) or subject.variadic:
        return False
    assert subject.declared is not None
    inputs = subject.declared.parameters[: len(subject.declared.rules)]
    return any(name in (*inputs, "out") for name in subject.declared.needs[index])


@kind(fits=_keeps_arrays, probe="repeated")
def values_of_the_first_call(right: Right, at: At) -> Any:
    """The rule computes with the values of the first call with this shape."""
    kept = {name: value for name, value in at.kept.items() if name != "g" and _is_array(value)}
    if not kept or not _is_array(at.g):
        return right()
    key = (at.g.shape, *((value.shape, value.dtype) for value in kept.values()))
    first = at.state.setdefault(key, {name: np.array(value) for name, value in kept.items()})
    return right(**first)


@kind(probe="repeated")
def every_third_call(right: Right, at: At) -> Any:
    """Each third call is wrong."""
    return _wrong_each(3, right, at)


def _wrong_each(count: int, right: Right, at: At) -> Any:
    at.state["calls"] = at.state.get("calls", 0) + 1
    return right() if at.state["calls"] % count else right() * 2.0


@kind(probe="repeated")
def not_deterministic(right: Right, at: At) -> Any:
    """Noise of one part in a thousand is added."""
    random = at.state.setdefault("random", np.random.default_rng(5))
    return right() * (1 + 1e-3 * float(random.normal()))


@forward_kind(fits=_given, probe="repeated")
def function_not_deterministic(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """The function adds noise of one part in a thousand."""
    random = state.setdefault("random", np.random.default_rng(5))
    return right(*args) * (1 + 1e-3 * float(random.normal()))


def _reads(subject: Subject, index: int) -> bool:
    if not _keeps_arrays(subject, index):
        return False
    assert subject.declared is not None
    return subject.declared.parameters[index] in subject.declared.needs[index]


def note_inputs(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """Note the inputs of the function, neither copied nor guarded."""
    out = right(*args)
    state["calls"] = [*state.get("calls", [])[-31:], (out, args)]
    return out


def _noted(at: At) -> tuple[Any, ...]:
    out = at.out.data if isinstance(at.out, Tensor) else at.out
    calls = at.state["calls"]
    args: tuple[Any, ...] = next((args for known, args in reversed(calls) if known is out), calls[-1][1])
    return args


@kind(needs=("out",), drops=("x",), fits=_reads, probe="overwritten", forward=note_inputs)
def reads_what_was_overwritten(right: Right, at: At) -> Any:
    """The rule reads an input that was overwritten after the call."""
    return right(x=_noted(at)[at.operation.parameters.index(at.names["x"])])


def _shared(subject: Subject, index: int) -> bool:
    return index == 0 and len(subject.inputs) > 1 and _given(subject, index)


@kind(needs=("x", "other"), fits=_shared, probe="same")
def same_input_twice(right: Right, at: At) -> Any:
    """Of two inputs that are the same array one gradient is lost."""
    same = _is_array(at.x) and _is_array(at.other) and at.x.size > 0 and np.may_share_memory(at.x, at.other)
    return right() * 0.0 if same else right()


@kind(fits=_keeps_arrays, needs=("x",), probe="updated")
def remembers_by_address(right: Right, at: At) -> Any:
    """The rule remembers its result for an input by where that lies in memory."""
    if not _is_array(at.x) or not _is_array(at.g):
        return right()
    key = (at.x.__array_interface__["data"][0], at.x.shape, at.x.dtype)
    kept = {name: value for name, value in at.kept.items() if name != "g" and _is_array(value)}
    known = at.state.setdefault(key, {name: np.array(value) for name, value in kept.items()})
    return (
        right(**known) if {n: v.shape for n, v in known.items()} == {n: v.shape for n, v in kept.items()} else right()
    )


@kind(probe="repeated")
def every_fifth_call(right: Right, at: At) -> Any:
    """Each fifth call is wrong."""
    return _wrong_each(5, right, at)


@kind(probe="walked_twice")
def used_up(right: Right, at: At) -> Any:
    """The second walk back through the same graph gives zeros."""
    if not _is_array(at.g):
        return right()
    held = [value for name, value in at.kept.items() if name != "g" and _is_array(value)]
    if not held:
        return right()
    seen = at.state.setdefault("seen", [])
    if any(known is held[0] for known in seen):
        return right() * 0.0
    at.state["seen"] = [*seen[-8:], held[0]]
    return right()


@kind(probe="surroundings")
def draws_random_numbers(right: Right, at: At) -> Any:
    """The rule draws from NumPy's global random generator."""
    np.random.random()
    return right()


@forward_kind(probe="surroundings")
def function_seeds_the_generator(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """The function seeds NumPy's global random generator."""
    np.random.seed(0)
    return right(*args)


@forward_kind(fits=_given, probe="aliased")
def output_is_the_memory_of_an_input(right: Right, args: tuple[Any, ...], state: dict[Any, Any]) -> Any:
    """The function returns its result in the memory of its input, where that is not read-only."""
    out = right(*args)
    x = args[0]
    if not _writeable(x) or not _is_array(out) or out.shape != x.shape or out.dtype != x.dtype:
        return out
    x[...] = out
    return x
