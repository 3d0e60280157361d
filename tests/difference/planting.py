"""Random models, and changes planted in them: what `diff_graphs` has to find.

A model is a list of steps, each an operation on earlier results. A change is planted in one step, and so it is known at
which node the runs part.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd import Tensor, tensor

__all__ = ["KINDS", "Model", "Planted", "Step", "plant", "random_model", "run"]

ONE: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "expm1": lambda x: np.expm1(x / 8),
    "square": lambda x: np.square(x) / 4,
    "negative": np.negative,
    "abs": np.abs,
    "transpose": lambda x: x.T,
    "cumsum": lambda x: np.cumsum(x, axis=0) / 4,
}
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "matmul": lambda x, y: x @ y / 4,
    "logaddexp": np.logaddexp,
    "arctan2": np.arctan2,
}
KINDS = ("operation", "weight", "dtype", "operands", "order", "inserted", "removed")
SIDE = 4  # all results are square, so any operation goes with any


@dataclass(frozen=True)
class Step:
    """An operation, and the places of its inputs: weights first, then the results of the steps."""

    operation: str
    inputs: tuple[int, ...]


@dataclass
class Model:
    """Weights, and steps; the result is the sum of the last one."""

    weights: list[np.ndarray[Any, Any]]
    steps: list[Step]


@dataclass
class Planted:
    """A model with one change.

    Attributes
    ----------
    changed
        The changed model.
    old, new
        The steps of the two models that may be named as the first difference.
    weight
        The weight that differs, if it is a weight.
    """

    changed: Model
    old: set[int] = field(default_factory=set)
    new: set[int] = field(default_factory=set)
    weight: int | None = None


def _cast(x: Any) -> Any:
    return x.astype(np.float32)


def random_model(draw: random.Random) -> Model:
    """Return a model of 8 to 40 steps, each of which leads to the result."""
    weights = [np.array([[draw.gauss(0, 1) for _ in range(SIDE)] for _ in range(SIDE)]) for _ in range(4)]
    count = len(weights)
    steps: list[Step] = []
    unused = list(range(count))
    for _ in range(draw.randint(8, 40)):
        last = count + len(steps)
        if draw.random() < 0.5 and not (len(unused) > 3):
            steps.append(Step(draw.choice(list(ONE)), (draw.choice(unused or [last - 1]),)))
        else:
            first = draw.choice(unused) if unused else last - 1
            other = draw.choice([place for place in range(last) if place != first])
            steps.append(Step(draw.choice(list(TWO)), (first, other) if draw.random() < 0.5 else (other, first)))
        unused = [place for place in unused if place not in steps[-1].inputs] + [last]
    while len(unused) > 1:
        last = count + len(steps)
        steps.append(Step(draw.choice(list(TWO)), (unused[0], unused[1])))
        unused = [*unused[2:], last]
    return Model(weights, steps)


def run(model: Model) -> tuple[Tensor, list[Any], list[list[Any]]]:
    """Run a model; return its result, its weights, and for each step the numbers before and of its last node."""
    weights = [tensor(array, requires_grad=True) for array in model.weights]
    results: list[Tensor] = list(weights)
    made = []
    for step in model.steps:
        inputs = [results[place] for place in step.inputs]
        function: Any = ONE.get(step.operation) or TWO.get(step.operation) or _cast
        before = max(x._node.number for x in (*results, inputs[0]) if x._node is not None)
        results.append(function(*inputs))
        made.append([before, results[-1]._node.number])  # type: ignore[union-attr]  # it was recorded
    return results[-1].sum(), weights, made


def plant(model: Model, kind: str, draw: random.Random) -> Planted | None:
    """Plant a change of a kind; None if the model has no place for it."""
    count = len(model.weights)
    users = _users(model)
    places = list(range(len(model.steps)))
    draw.shuffle(places)
    if kind == "weight" or (kind == "dtype" and draw.random() < 0.5):
        weight = draw.randrange(count)
        array = model.weights[weight].astype(np.float32 if kind == "dtype" else np.float64)
        array[draw.randrange(SIDE), draw.randrange(SIDE)] += 0 if kind == "dtype" else 1e-4
        return Planted(
            replace(model, weights=[*model.weights[:weight], array, *model.weights[weight + 1 :]]), weight=weight
        )
    for place in places:
        step, neighbours = model.steps[place], _neighbours(model, users, place)
        if kind == "operation":
            table: list[str] = list(ONE) if len(step.inputs) == 1 else list(TWO)
            other = draw.choice([name for name in table if name != step.operation])
            return Planted(_with(model, place, replace(step, operation=other)), {place}, {place})
        if kind == "operands" and len(step.inputs) == 2:
            return Planted(_with(model, place, replace(step, inputs=step.inputs[::-1])), {place}, {place})
        if kind in ("inserted", "dtype"):
            # beside a neighbour of the same operation, nobody could tell which of the two is the new one
            names = ["cast"] if kind == "dtype" else [name for name in ONE if name not in neighbours]
            if names:
                return Planted(_inserted(model, place, draw.choice(names)), set(), {place + 1})
        if kind == "removed" and len(step.inputs) == 1 and step.operation not in _around(model, users, place):
            return Planted(_removed(model, place), {place}, set())
        if kind == "order" and len(step.inputs) == 1 and users[count + place] == [place + 1]:
            after = model.steps[place + 1]
            if len(after.inputs) == 1 and after.operation != step.operation:
                swapped = _with(model, place, replace(step, operation=after.operation))
                swapped = _with(swapped, place + 1, replace(after, operation=step.operation))
                return Planted(swapped, {place}, {place})
    return None


def _users(model: Model) -> dict[int, list[int]]:
    users: dict[int, list[int]] = {place: [] for place in range(len(model.weights) + len(model.steps))}
    for place, step in enumerate(model.steps):
        for source in step.inputs:
            users[source].append(place)
    return users


def _around(model: Model, users: dict[int, list[int]], place: int) -> set[str]:
    """Return the operations that a step stands between."""
    sources = [source - len(model.weights) for source in model.steps[place].inputs]
    return {model.steps[source].operation for source in sources if source >= 0} | {
        model.steps[user].operation for user in users[len(model.weights) + place]
    }


def _neighbours(model: Model, users: dict[int, list[int]], place: int) -> set[str]:
    return {model.steps[place].operation, *(model.steps[user].operation for user in users[len(model.weights) + place])}


def _with(model: Model, place: int, step: Step) -> Model:
    return replace(model, steps=[*model.steps[:place], step, *model.steps[place + 1 :]])


def _inserted(model: Model, place: int, operation: str) -> Model:
    """Return the model with an operation behind a step, whose result takes the place of that of the step."""
    new = len(model.weights) + place + 1
    moved = [replace(step, inputs=tuple(x + (x >= new - 1) for x in step.inputs)) for step in model.steps[place + 1 :]]
    return replace(model, steps=[*model.steps[: place + 1], Step(operation, (new - 1,)), *moved])


def _removed(model: Model, place: int) -> Model:
    gone, source = len(model.weights) + place, model.steps[place].inputs[0]
    moved = [
        replace(step, inputs=tuple(source if x == gone else x - (x > gone) for x in step.inputs))
        for step in model.steps[place + 1 :]
    ]
    return replace(model, steps=[*model.steps[:place], *moved])
