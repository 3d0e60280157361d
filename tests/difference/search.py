"""Plant changes in random models, and see whether `diff_graphs` finds them: ``python -m tests.difference``."""

from __future__ import annotations

import random
from typing import Any

from autograd import Tensor, diff_graphs

from .planting import KINDS, Planted, plant, random_model, run

__all__ = ["found", "planted"]


def planted(number: int) -> tuple[str, Any, Planted]:
    """Return the kind of a change, a model that has a place for it, and the model with the change."""
    draw, kind = random.Random(number), KINDS[number % len(KINDS)]
    while True:
        model = random_model(draw)
        change = plant(model, kind, draw)
        if change is not None:
            return kind, model, change


def found(number: int, of_functions: bool) -> str:
    """Return what is wrong with the first difference that is found; nothing if it is the change that was planted."""
    kind, model, change = planted(number)
    ran: list[Any] = []

    def first() -> Tensor:
        ran.append(run(model))
        return ran[-1][0]  # type: ignore[no-any-return]

    def second() -> Tensor:
        ran.append(run(change.changed))
        return ran[-1][0]  # type: ignore[no-any-return]

    difference = diff_graphs(first, second) if of_functions else diff_graphs(first(), second())
    at = difference.first_difference
    if at is None:
        return f"change {number}, {kind}: nothing found"
    if change.weight is not None:
        right = (
            at.b is not None
            and at.b.number == ran[1][1][change.weight]._node.number
            and (set(at.kinds) & {"value", "dtype"})
        )
    else:
        right = any(
            entry is not None and ran[side][2][step][0] < entry.number <= ran[side][2][step][1]
            for side, entry, steps in ((0, at.a, change.old), (1, at.b, change.new))
            for step in steps
        )
    return "" if right else f"change {number}, {kind}: found {at} instead of steps {change.old} and {change.new}"
