"""Random programs, recorded and replayed: values and derivatives of both orders are bit by bit those without `compile`.

`PLAINGRAD_PROGRAMS=2000 pytest tests/compile/test_programs.py` tries more, from the seed `PLAINGRAD_SEED` on.
"""

import os
import warnings
from collections.abc import Callable
from random import Random
from types import CodeType
from typing import Any

import numpy as np
import pytest

from autograd import grad, jvp, tensor, vmap

from ..against_jax.programs import grow
from ..tensors.test_writing_programs import ALTERNATE, COMPILED, X, loss
from .agreement import compiled, disagreement

PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", "16"))
SEED = int(os.environ.get("PLAINGRAD_SEED", "0"))
PARTS = 4
MOST_REFUSED = 0.3  # of the random programs, with branches and values asked for among them

Function = Callable[..., Any]


def of_tensors(function: Function) -> Function:
    """Return a function that walks back from the sum of the results, and returns them and the gradients."""

    def run(*arrays: Any) -> Any:
        leaves = [tensor(x, requires_grad=True) for x in arrays]
        results = function(*leaves)
        total = sum((y * y).sum() for y in results)
        total.backward()
        return [y.detach() for y in results], [x.grad for x in leaves]

    return run


def ways(function: Function, count: int) -> dict[str, Function]:
    """Return functions of the same arrays that compute with a function's values, and first and second derivatives."""
    every = tuple(range(count))

    def total(*arrays: Any) -> Any:
        return sum(np.sum(y * y) for y in function(*arrays))

    def directional(*arrays: Any) -> Any:
        return jvp(function, arrays, arrays)

    return {
        "values": function,
        "backward": of_tensors(function),
        "grad": grad(total, every),
        "forward": directional,
        "second": grad(lambda *arrays: sum(np.sum(y) for y in grad(total, every)(*arrays)), every),
        "forward of backward": lambda *arrays: jvp(grad(total, every), arrays, arrays),
        "vmap": vmap(grad(total, every), in_axes=0),
    }


def outcome(function: Function, arrays: tuple[Any, ...]) -> Any:
    """Return what a function gives, or the type of the error that it raises."""
    try:
        return function(*[x.copy() for x in arrays])
    except Exception as error:  # noqa: BLE001  # whatever is raised has to be raised by the compiled function too
        return type(error)


class Counts:
    """How many functions there were, and how many of them were refused, and so ran as they are."""

    def __init__(self) -> None:
        self.all = self.refused = 0

    def compared(self, function: Function, values: list[tuple[Any, ...]]) -> str:
        """Say in what a compiled function differs from the function itself."""
        recorded = compiled(function, fallback="eager")
        for i, arrays in enumerate(values):
            expected, found = outcome(function, arrays), outcome(recorded, arrays)
            if isinstance(expected, type):
                return "" if expected is found else f"call {i}: {found} in place of {expected}"
            if said := disagreement(function, arrays, expected, found):
                return f"call {i}: {said}"
        self.all += 1
        self.refused += not recorded.programs
        return ""

    def examine(self, seed: int) -> str:
        """Return what is wrong with what becomes of a program, as text that can be run."""
        program = grow(Random(seed))
        inputs = tuple(program.inputs.values())
        rng = np.random.default_rng(seed)
        near = [tuple((x + rng.uniform(-0.02, 0.02, x.shape)).astype(x.dtype) for x in inputs) for _ in range(2)]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for way, function in ways(program.function(), len(inputs)).items():
                values = [inputs, *near]
                if way == "vmap":
                    values = [tuple(np.stack([x, x * 0.99]) for x in arrays) for arrays in values]
                if said := self.compared(function, values):
                    return f"{program}\n# seed {seed}, {way}: {said}"
        return ""


@pytest.mark.one_in(4)
@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(part: int) -> None:
    counts = Counts()
    faults = [fault for seed in range(SEED + part, SEED + PROGRAMS, PARTS) if (fault := counts.examine(seed))]
    assert not faults, "\n\n".join(faults)
    assert counts.refused <= MOST_REFUSED * counts.all, f"{counts.refused} of {counts.all} were refused"


@pytest.mark.one_in(3)
@pytest.mark.parametrize("program", COMPILED, ids=range(len(COMPILED)))
def test_programs_that_write(program: CodeType) -> None:
    function = loss(program)

    def written(x: Any) -> Any:
        names = {"np": np, "ALTERNATE": ALTERNATE, "x": x, "z": x * 1.0, "y": x * 2.0}
        exec(program, names)
        return names["z"], names["y"]

    values = [(X,), (X * 0.99,), (X * 1.01,)]
    counts = Counts()
    for each in (written, of_tensors(written), grad(function), lambda x: jvp(grad(function), x, x)):
        assert not counts.compared(each, values)
