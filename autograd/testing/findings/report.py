"""The report of a failed check: the operation and its line, the element, the pattern, and a line that reproduces it."""

from __future__ import annotations

import inspect
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np

from autograd import GradientCheckError, NotReproducibleError, Tensor
from autograd.inside import beginning, defined, operation_of, place, user_frame, within_file

from ..subjects.subject import Array, Subject, recorded_operations
from .jacobians import LARGEST, Jacobians
from .patterns import Pattern, factor_between, pattern_of, sample_at, variations

Keywords = Sequence[tuple[str, Any]]

_NUMPY = os.path.dirname(np.__file__) + os.sep
LONGEST = 48  # the elements of an array that is written out


@dataclass
class Report:
    """What `check` did.

    Attributes
    ----------
    examples, set_aside
        How many examples were checked, and how many were not, since the function does not take them.
    compared, untold
        How many derivatives were compared with differences, and of how many the differences told nothing, at a jump
        or the edge of the domain, for example.
    worst
        The largest error of a derivative, as a part of what is allowed.
    notes
        What could not be checked, and why.
    remainders
        With ``oracle="taylor"``, the table of Taylor's remainders at the first example.
    """

    examples: int = 0
    set_aside: int = 0
    compared: int = 0
    untold: int = 0
    worst: float = 0.0
    notes: list[str] = field(default_factory=list)
    remainders: str = ""

    def __str__(self) -> str:
        counts = (
            f"{self.examples} examples, {self.compared} derivatives agree; {self.untold} could not be told, "
            f"{self.set_aside} examples set aside"
        )
        return "\n".join([counts, *self.notes, *filter(None, [self.remainders])])


def caller() -> FrameType:
    """Return the frame of the user's program that called the public function."""
    frame = inspect.currentframe()
    assert frame is not None
    return user_frame(frame)[0]


def reported(
    error: GradientCheckError,
    fn: Callable[..., object],
    call: str,
    pattern: str = "",
    found: str = "",
    other_meaning: str = "",
) -> GradientCheckError:
    """Return the error with a message that fits a screen: what is wrong with `fn`, in what way, and where.

    `found` says at which example, `call` is a line that reproduces it, and `other_meaning` what to say if the function
    is not meant for it; each is left out where it is empty.
    """
    lines = [f"{declared(fn)}: {error}{_raised_at(error)}"]
    if pattern:
        lines.append(f"  pattern: {pattern}")
    lines += [f"  rule: {rule}" for rule in _rules(fn, error)]
    if found:
        lines.append(f"  found {found}")
    if other_meaning:
        lines.append(f"  if it is meant for {other_meaning} says so")
    if call:
        lines.append(f"  to reproduce: {call}")
    return verdict_of(error)("\n".join(lines), error.mismatch, error.jacobians)


def verdict_of(error: GradientCheckError) -> type[GradientCheckError]:
    """Return the public class of an error."""
    return NotReproducibleError if isinstance(error, NotReproducibleError) else GradientCheckError


def declared(fn: Callable[..., object]) -> str:
    """Return the name of a function and where it is defined; of an operation, where the user declared it."""
    operation, forward = getattr(fn, "operation", None), getattr(getattr(fn, "__self__", None), "forward", None)
    if forward is not None and getattr(fn, "__name__", "") == "apply":  # of a Function, here or in PyTorch
        return f"{fn.__self__.__name__}.apply() at {beginning(forward.__code__)}"  # type: ignore[attr-defined]
    if operation is None:
        return defined(fn)
    codes = [getattr(each, "__code__", None) for each in (operation.function, *(getattr(operation, "rules", ()) or ()))]
    own = next((code for code in codes if code is not None and not within_file(code.co_filename)), None)
    return f"{operation.name}()" + (f" at {beginning(own)}" if own else "")


def _raised_at(error: GradientCheckError) -> str:
    """Return the line of the user's program at which the error that is the cause was raised."""
    cause = error.__cause__
    if cause is None:
        return ""
    while cause.__cause__ is not None:
        cause = cause.__cause__
    frames = traceback.extract_tb(cause.__traceback__)
    own = [frame for frame in frames if not within_file(frame.filename) and not frame.filename.startswith(_NUMPY)]
    return f" at {place(own[-1].filename, own[-1].lineno)}" if own else ""


def pattern_in(error: GradientCheckError, others: Sequence[tuple[Subject, Sequence[Array]]] = ()) -> Pattern:
    """Return in what way derivatives are wrong, and where: in the Jacobians, or the pair of arrays, of an error.

    `others` are further examples of the same function; by default, variations of the one that failed.
    """
    if error.pair is not None:
        wrong, right = error.pair
        where = f"in {wrong.dtype} only" if wrong.dtype != right.dtype else ""
        return Pattern(factor_between(wrong, right), where)
    jacobians = error.jacobians
    if not isinstance(jacobians, Jacobians):
        return Pattern()
    subject = jacobians.point.subject
    further = others or [(subject, arrays) for arrays in variations(jacobians.point.arrays)]
    samples = list(filter(None, (sample_at(*other, jacobians.measure) for other in further)))
    if jacobians.size <= LARGEST and not (others and any(sample.wrong.any() for sample in samples)):
        samples.insert(0, jacobians)
    return pattern_of(samples, lambda i: subject.names[i])


# The rules that the user wrote.


def _rules(fn: Callable[..., object], error: GradientCheckError) -> Iterator[str]:
    """Yield where the rules that may be wrong are written: those of operations that are not the library's."""
    operations: dict[int, Any] = {}
    own = getattr(fn, "operation", None)
    if own is not None:
        operations[id(own)] = own
    elif isinstance(error.jacobians, Jacobians):
        recorded = recorded_operations(error.jacobians.point.outputs)
        operations = {id(op): op for op in map(operation_of, recorded)}
    mismatch: Any = error.mismatch
    told: set[str] = set()
    for op in operations.values():
        for name, code in _codes(op, None if own is None or mismatch is None else mismatch.input):
            line = beginning(code)
            if line not in told and len(told) < 3:
                yield f"{op.name}'s{f' for {name}' if name else ''}, {line}"
            told.add(line)


def _codes(op: Any, position: int | None) -> list[tuple[str, CodeType]]:
    """Return the code of each rule of an operation that the user wrote: of one input, if `position` says which."""
    definition = getattr(op, "definition", None)
    rules = [definition.backward] if definition is not None else list(getattr(op, "rules", ()) or ())
    names = [""] if definition is not None or getattr(op, "variadic", False) else list(getattr(op, "parameters", ()))
    found = [
        (name, code)
        for name, rule in zip(names, rules, strict=False)
        if (code := getattr(rule, "__code__", None)) is not None and not within_file(code.co_filename)
    ]
    return found[position : position + 1] if position is not None and len(found) == len(rules) > 1 else found[:3]


# The line that reproduces it.


def call_of(
    checker: str,
    fn: Callable[..., object],
    arrays: Sequence[Any],
    frame: FrameType,
    keywords: Keywords = (),
    options: Sequence[str] = (),
    *,
    listed: bool = False,
) -> str:
    """Return a call that can be pasted below the user's program; nothing if an array is too long to be written out."""
    inputs = [literal(x) for x in arrays]
    if any(text is None for text in inputs):
        return ""
    given = [f"[{', '.join(filter(None, inputs))}]"] if listed else list(filter(None, inputs))
    return f"{checker}({', '.join([named(fn, frame, len(arrays), keywords), *given, *options])})"


def named(fn: Callable[..., object], frame: FrameType, count: int, keywords: Keywords = ()) -> str:
    """Return the name that a function of so many inputs has in the user's program, with its keyword arguments."""
    name = _variable(fn, frame)
    if not name and isinstance(fn, partial) and not fn.args:
        return named(fn.func, frame, count, [*fn.keywords.items(), *keywords])
    name = name or _own_name(fn)
    if not keywords:
        return name
    if name.startswith("lambda"):
        name = f"({name})"
    inputs = ", ".join(("x", "y", "z")[:count] if count <= 3 else [f"x{i}" for i in range(count)])
    given = ", ".join([inputs, *(f"{keyword}={value!r}" for keyword, value in keywords)])
    return f"lambda {inputs}: {name}({given})"


def _own_name(fn: Callable[..., object]) -> str:
    """Return the name that a function was defined with; for a short lambda, its source."""
    name = getattr(fn, "__name__", "")
    if name == "<lambda>":
        from ...visualize.rule_source import source_of  # pictures are loaded when they are needed

        source = source_of(fn.__code__)
        return source if source.startswith("lambda") and "..." not in source and len(source) <= LONGEST else "fn"
    return name if name.isidentifier() else "fn"


def _variable(fn: Callable[..., object], frame: FrameType) -> str:
    """Return the variable of the user's program that holds `fn`, or the module's name and its own; else nothing."""
    known = {**frame.f_globals, **frame.f_locals}
    held = [name for name, value in known.items() if value is fn and not name.startswith("_")]
    if held:
        return _own_name(fn) if _own_name(fn) in held else held[0]
    own = _own_name(fn)
    for name, value in known.items():
        if isinstance(value, ModuleType) and not name.startswith("_") and vars(value).get(own) is fn:
            return f"{name}.{own}"
    return ""


def literal(array: np.ndarray[Any, Any]) -> str | None:
    """Return an input as Python code, None if it is too long."""
    array = getattr(array, "data", array) if isinstance(array, Tensor) else array
    if not isinstance(array, np.ndarray):
        return repr(array)
    dtype = "" if array.dtype == np.float64 else f", dtype={array.dtype.name!r}"
    if array.size > 1 and np.all(array == array.reshape(-1)[0]) and not np.any(np.signbit(array.real) & (array == 0)):
        if array.size <= 4 and array.ndim == 1:
            return f"np.array({_text(array)}{dtype})"
        return f"np.full({array.shape}, {_text(array.reshape(-1)[0])}{dtype})"
    if array.size == 0:
        return f"np.zeros({array.shape}{dtype})"
    return f"np.array({_text(array)}{dtype})" if array.size <= LONGEST else None


def _text(array: Array) -> str:
    """Return nested lists of the numbers, as short as tells them from others of the dtype."""
    if array.ndim:
        return f"[{', '.join(map(_text, array))}]"
    text = str(np.asarray(array)[()])
    return text.replace("nan", "np.nan").replace("inf", "np.inf")
