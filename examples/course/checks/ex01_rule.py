"""Exercise 1: mistakes in a derivative rule."""

from pathlib import Path
from typing import Any

import numpy as np

from autograd import elementwise, vjp
from autograd.testing import check as check_operation

from ..exercise import Exercise, by_the_kit, play
from ..learner import Learner
from ..verdict import Mistake, compare

NAME = "tanh_rule"
EXAMPLES = [
    (np.array([2.0, -3.0]), np.array([0.5, -0.8])),
    (np.array([[0.25, 2.0, 1.0]]), np.array([[0.1, 0.0, 0.9]])),
]

MISTAKES = [
    Mistake(
        "g is not used: this is the derivative of tanh, not yet the gradient of the loss",
        "What is left of the chain rule if g is 0, because the loss does not depend on out? And what does your rule "
        "say?",
        lambda g, out: 1 - out * out,
    ),
    Mistake(
        "The sign is wrong: everywhere the negative of the right gradient",
        "tanh grows everywhere. Can its derivative be negative? Look at the quotient rule's minus once more.",
        lambda g, out: g * (out * out - 1),
    ),
    Mistake(
        "A square is missing: the derivative is a polynomial of degree 2 in out, and yours is of degree 1",
        "tanh is odd, so its derivative is the same at x and at -x. Is yours?",
        lambda g, out: g * (1 - out),
    ),
    Mistake(
        "tanh is applied once more: out is tanh(x) already, and your rule takes it for x",
        "Which of the two letters stands in your formula on paper? The parameter's name says which one arrives.",
        lambda g, out: g * (1 - np.tanh(out) ** 2),
    ),
    Mistake(
        "g is added where the chain rule multiplies",
        "If g doubles, because the loss counts twice, what should the gradient do? What does yours do?",
        lambda g, out: g + 1 - out * out,
    ),
    Mistake(
        "The gradients of all elements are added up to one number",
        "Each x has a derivative of its own, since each x has an out of its own. What shape does x have?",
        lambda g, out: (g * (1 - out * out)).sum(),
    ),
    Mistake(
        "g is divided by the derivative, where the chain rule multiplies",
        "Where tanh is flat, a change of x changes nothing. Should the gradient be small there, or large?",
        lambda g, out: g / (1 - out * out),
    ),
    Mistake(
        "A plus stands where the derivative has a minus",
        "tanh is flat where out is near 1. What is its derivative there, and what is yours?",
        lambda g, out: g * (1 + out * out),
    ),
    Mistake(
        "The square of 1 - out is taken, where 1 and the square of out belong together",
        "Where does the power stand in your formula, and what does it apply to?",
        lambda g, out: g * (1 - out) ** 2,
    ),
]


def right(g: Any, out: Any) -> Any:
    """Return what the engine's rule gives."""
    return vjp(np.tanh, np.arctanh(out))[1](g)[0]


def operation(rule: Any) -> Any:
    """Return tanh as an operation of the engine with the learner's rule."""
    return elementwise(lambda x: np.tanh(x), lambda g, out: rule(g, out), name="tanh")


def check(learner: Learner) -> None:
    """Compare small examples, and let the testing kit try the operation."""
    compare(learner, NAME, ("g", "out"), EXAMPLES, lambda g, out: np.asarray(right(g, out)), MISTAKES)
    by_the_kit(
        learner, NAME, lambda rule: check_operation(operation(rule), profile="quick", dtypes=["float64"], seed=0)
    )


def draw(learner: Learner, path: Path) -> None:
    """Play tanh with the learner's rule, in a small loss."""
    tanh, target = operation(learner.get(NAME)), np.array([1.0, 0.0, -1.0])

    def loss(x: Any) -> Any:
        return ((tanh(x) - target) ** 2).sum()

    play(path, "a loss with your rule", loss, [0.5, 1.5, -0.5])


EXERCISE = Exercise(
    "ex01_rule",
    "A rule: the derivative of one operation",
    check,
    draw,
    (
        "Write tanh as u / v. What are u' and v'? They are each other.",
        "The quotient rule gives (v*v - u*u) / (v*v). Divide it out: what is u / v?",
        "You have the derivative in terms of out. The rule is g times it, element by element: one line.",
    ),
)
