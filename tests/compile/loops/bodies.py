"""Loops made of functions: the body recorded by itself, with its inputs and outputs as a `Loop` has them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.arrays.traced import Traced, Variable
from autograd.transforms.compile.breaks import Text
from autograd.transforms.compile.environment import Environment
from autograd.transforms.compile.loops.loop import Carried, Loop, Part, Same
from autograd.transforms.compile.loops.parts import dense
from autograd.transforms.compile.program import ARGUMENT, CONSTANT, Memory
from autograd.transforms.compile.session import Session

Array = np.ndarray[Any, Any]
Body = Callable[..., tuple[tuple[Any, ...], tuple[Any, ...]]]


def loop_of_body(
    body: Body, carried: Sequence[Any], given: Sequence[Any] = (), params: Sequence[Any] = (), backwards: bool = False
) -> Loop:
    """Return the loop whose step is ``carried, rows = body(carried, given, params)``.

    `carried` are its first values, `given` arrays of which each iteration is given a row, from the last one on if it
    runs `backwards`, when the rows that it gives are stacked from the last one on too; `params` are given whole.
    """
    rows = tuple(np.array(np.asarray(x)[0]) for x in given)  # of scalars, True is one object wherever it stands
    args = (tuple(map(np.asarray, carried)), rows, tuple(map(np.asarray, params)))
    session = Session(body, Environment((body,)), True, "numpy", frozenset(), Text(body))
    session.run(args, {})
    assert session.program is not None, session.refused
    program = session.program.program
    arguments = [_variable(x) for x in (*carried, *given, *params)]
    loop = Loop(program.calls, [], arguments)
    outputs = program.outputs
    for variable, fetch in program.sources:
        k = fetch.index if hasattr(fetch, "index") else None
        if k is None:  # a constant
            loop.inputs.append(Same(variable, len(arguments)))
            arguments.append(_variable(fetch(()), CONSTANT))
        elif k < len(carried):
            loop.inputs.append(Carried(variable, k, outputs[k]))
        elif k < len(carried) + len(given):
            shape = variable.value.shape
            size = int(np.prod(shape))
            loop.inputs.append(Part(variable, k, 0, dense(shape), size, backwards))
        else:
            loop.inputs.append(Same(variable, k))
    loop.finals = outputs[: len(carried)]
    loop.stacked = [(x, backwards) for x in outputs[len(carried) :]]
    return loop


def constants_of(loop: Loop) -> list[Array]:
    """Return the arguments that a body needs besides those that it was made for."""
    return [x.value for x in loop.arguments if x.memory.kind == CONSTANT]


def looped(
    body: Body, carried: Sequence[Any], given: Sequence[Any], params: Sequence[Any], count: int, backwards: bool = False
) -> tuple[Any, ...]:
    """Return what a loop gives, by Python: the carried values, and the rows."""
    carry: Any = tuple(np.asarray(x) for x in carried)
    rows = []
    for i in reversed(range(count)) if backwards else range(count):
        carry, made = body(carry, tuple(x[i] for x in given), tuple(params))
        rows.append(made)
    stacked = [np.stack(several[:: -1 if backwards else 1]) for several in zip(*rows, strict=True)]
    return *map(np.asarray, carry), *stacked


def space_for(loop: Loop, count: int, size: int | None = None) -> list[Array]:
    """Return memory for what a loop gives, with values in it that it never gives; in a batch of so many elements."""
    batch = () if size is None else (size,)
    shapes = [(*batch, *x.value.shape) for x in loop.finals]
    shapes += [(count, *batch, *x.value.shape) for x, _ in loop.stacked]
    variables: list[Any] = [*loop.finals, *(x for x, _ in loop.stacked)]
    return [np.full(shape, 77, x.dtype) for shape, x in zip(shapes, variables, strict=True)]


def of_element(loop: Loop, found: Sequence[Array], k: int) -> list[Array]:
    """Return what a loop over a batch gives for one element of it."""
    return [x[k] if i < len(loop.finals) else x[:, k] for i, x in enumerate(found)]


def _variable(x: Any, kind: str = ARGUMENT) -> Variable:
    return Traced(np.asarray(x), None, Memory(kind, x))  # type: ignore[arg-type]
