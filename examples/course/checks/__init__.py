"""What is looked at in each exercise, and what is said about common mistakes."""

from __future__ import annotations

import importlib

from ..exercise import Exercise

__all__ = ["NAMES", "exercise"]

NAMES = (
    "ex01_rule",
    "ex02_walk",
    "ex03_broadcast",
    "ex04_adam",
    "ex05_layer",
    "ex06_loss",
    "ex07_gradcheck",
    "ex08_dropout",
    "ex09_conv",
    "ex10_allreduce",
)


def exercise(number: int) -> Exercise:
    """Return exercise `number`, from 1 on."""
    found = importlib.import_module(f"{__name__}.{NAMES[number - 1]}").EXERCISE
    assert isinstance(found, Exercise)
    return found
