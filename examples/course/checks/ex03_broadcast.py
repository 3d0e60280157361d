"""Exercise 3: mistakes in undoing a broadcast."""

from pathlib import Path
from typing import Any

import numpy as np

from autograd import general, vjp
from autograd.testing import check as check_operation

from ..exercise import Exercise, by_the_kit, play
from ..learner import Learner
from ..verdict import Mistake, compare

NAME = "unbroadcast"


def counted(*shape: int) -> Any:
    """Return the numbers from 1 on in an array."""
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


EXAMPLES = [
    (counted(2), (2,)),
    (counted(2, 3), (3,)),
    (counted(2, 3), (2, 1)),
    (counted(3, 3), (3,)),
    (counted(2, 2), ()),
    (counted(2, 2), (1, 1)),
    (counted(2, 3, 2), (3, 1)),
    (counted(3, 3, 3), (1, 3)),
]


def missing_axes(g: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of g that the shape has not."""
    return tuple(range(g.ndim - len(shape)))


def long_axes(g: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of g that the shape has with length 1."""
    return tuple(axis for axis in range(-len(shape), 0) if shape[axis] == 1 != g.shape[axis])


def right(g: Any, shape: tuple[int, ...]) -> Any:
    """Return what the engine gives: the derivative of `numpy.broadcast_to`."""
    return np.asarray(vjp(lambda x: np.broadcast_to(x, g.shape), np.zeros(shape))[1](g)[0])


def trailing(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum away axes on the right where those on the left are too many."""
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return g.sum(axis=long_axes(g, shape), keepdims=True) if long_axes(g, shape) else g


def every_axis_of_one(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum missing axes first, and take positions of the unshifted shape."""
    if g.shape == shape:
        return g
    return np.full(shape, g.sum())


def with_all_axes(g: Any, shape: tuple[int, ...]) -> Any:
    """Keep the axes that were missing, with length 1."""
    longer = (1,) * (g.ndim - len(shape)) + shape
    return g.sum(axis=tuple(axis for axis in range(g.ndim) if longer[axis] != g.shape[axis]), keepdims=True)


NOTHING_ADDED = (
    "g cannot be brought into that shape without adding anything up: it has more elements",
    "Which elements of g go back to the first element of the input? What are they, together?",
)
MISTAKES = [
    Mistake(
        "g comes back as it went in: nothing is added up where an axis was stretched",
        "One number of the input stands behind several of g here. How many, and what do they have to become?",
        lambda g, shape: g,
    ),
    Mistake(
        "Axes of length 1 are not added up: only those that are missing on the left are",
        "There are two ways to stretch an axis, and the text names both. Which one is in the example?",
        lambda g, shape: g.sum(axis=missing_axes(g, shape)),
    ),
    Mistake(
        "Axes that are missing on the left are not added up: only those of length 1 are",
        "There are two ways to stretch an axis, and the text names both. Which one is in the example?",
        lambda g, shape: g.sum(axis=long_axes(g, shape), keepdims=True),
    ),
    Mistake(
        "An axis of length 1 is gone: a sum takes away the axis that it goes over",
        "The input had that axis, so its gradient has it as well. How does NumPy's sum keep it?",
        lambda g, shape: g.sum(axis=missing_axes(g, shape) + long_axes(g, shape)),
    ),
    Mistake(
        "The wrong axis is added up: the last, where the first is the one that was missing",
        "NumPy lines shapes up at their right ends. Write (3, 3) above (3,) in this way: which axis has nothing below?",
        trailing,
    ),
    Mistake(
        "The first axis is added up in any case",
        "Here nothing was stretched, or not there. What tells you which axes were? Compare the two shapes.",
        lambda g, shape: g.sum(axis=0),
    ),
    Mistake(
        "Everything is added up to one number, whatever the shape is",
        "Here nothing was stretched, or not everything. What tells you which axes were? Compare the two shapes.",
        lambda g, shape: g.sum(),
    ),
    Mistake(
        "An axis that was missing is still there, with length 1",
        "keepdims keeps every axis that is added up. Which of them did the input have?",
        with_all_axes,
    ),
    Mistake(*NOTHING_ADDED, lambda g, shape: g.reshape(shape)),
    Mistake(*NOTHING_ADDED, lambda g, shape: np.broadcast_to(g, shape)),
    Mistake(
        "A mean is taken where the sum belongs",
        "If a bias is used in a batch of twice the size, and each use sends back the same, what happens to its "
        "gradient?",
        lambda g, shape: right(g, shape) * np.prod(shape) / g.size,
    ),
    Mistake(
        "One row is taken for all: the others' shares are lost",
        "Each place where a number was used sends back a share of its own. What becomes of them all?",
        lambda g, shape: g[(0,) * (g.ndim - len(shape))][tuple(slice(0, n) for n in shape)],
    ),
    Mistake(
        "Everything is added up, and every element gets the same total",
        "Which elements of g go back to the first element of the input? Only those are its sum.",
        every_axis_of_one,
    ),
    Mistake(
        "g is cut to the size of the shape and its numbers are put in another order: a reshape adds nothing up",
        "Which elements of g go back to the first element of the input? What are they, together?",
        lambda g, shape: np.resize(g, shape),
    ),
]


def product(unbroadcast: Any) -> Any:
    """Return a product of two inputs whose rules undo broadcasting in the learner's way."""
    return general(
        lambda x, y: x * y,
        lambda g, x, y: unbroadcast(g * y, x.shape),
        lambda g, x, y: unbroadcast(g * x, y.shape),
        name="product",
    )


def check(learner: Learner) -> None:
    """Compare small examples, and let the testing kit broadcast two factors of all shapes."""
    compare(learner, NAME, ("g", "shape"), EXAMPLES, right, MISTAKES)
    by_the_kit(learner, NAME, lambda rule: check_operation(product(rule), profile="quick", dtypes=["float64"], seed=0))


def draw(learner: Learner, path: Path) -> None:
    """Play a product of a column and a row, each stretched along the other."""
    multiply = product(learner.get(NAME))

    def loss(column: Any, row: Any) -> Any:
        return (multiply(column, row) ** 2).sum()

    play(path, "a product with your gradients", loss, [[1.0], [2.0]], [3.0, 4.0, 5.0])


EXERCISE = Exercise(
    "ex03_broadcast",
    "Broadcasting undone",
    check,
    draw,
    (
        "First make the number of axes right, then the lengths of those that are left.",
        "g.ndim - len(shape) axes are too many, and they are the first ones. Which argument of sum takes several axes?",
        "After that, an axis was stretched where shape says 1 and g has more. Sum over it with keepdims=True.",
    ),
)
