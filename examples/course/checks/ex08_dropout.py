"""Exercise 8: mistakes in dropout."""

from pathlib import Path
from typing import Any

import numpy as np

from autograd import Tensor, gradcheck, tensor

from ..exercise import Exercise, by_the_kit, play
from ..learner import Learner
from ..verdict import Wrong, same, shown

NAME = "dropout"
P = 0.2
SHAPE = (200, 50)


def dropped(learner: Learner, x: Any, p: float, training: bool, seed: int = 0) -> Any:
    """Call the learner's function with a new generator."""
    return learner.call(NAME, x, p, training, np.random.default_rng(seed))


def check(learner: Learner) -> None:
    """Look at evaluation, at what is dropped and how the rest is scaled, at the draws and at the gradient."""
    check_evaluation(learner)
    check_scale(learner)
    check_share(learner)
    check_draws(learner)
    check_gradient(learner)


def check_evaluation(learner: Learner) -> None:
    """Raise `Wrong` if something happens in evaluation."""
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    out = dropped(learner, x, 0.5, False)
    example = [("x", shown(x)), ("p, training", "0.5, False"), ("yours", shown(out)), ("right", shown(x))]
    if same(out, x):
        return
    where = learner.where(NAME)
    if np.shape(out) != x.shape:
        raise Wrong(
            "The shape changes", where=where, example=example, think="Dropped elements become 0; they do not go away."
        )
    if np.any(np.asarray(out) == 0):
        think = "Which argument says whether the network is trained? Does your function ask it?"
        raise Wrong("Elements are dropped in evaluation too", where=where, example=example, think=think)
    think = "The scale makes up for what is dropped. How much is dropped in evaluation?"
    raise Wrong("In evaluation x is scaled, though nothing is dropped", where=where, example=example, think=think)


def check_scale(learner: Learner) -> None:
    """Raise `Wrong` about the values of the elements that stay."""
    out = dropped(learner, np.ones(8), P, True)
    where = learner.where(NAME)
    example = [("x", shown(np.ones(8))), ("p, training", f"{P}, True"), ("yours", shown(out))]
    if np.shape(out) != (8,):
        raise Wrong(
            "The shape changes", where=where, example=example, think="Dropped elements become 0; they do not go away."
        )
    big = np.asarray(dropped(learner, np.ones(SHAPE), P, True))
    kept = np.unique(np.round(big[big != 0], 9))
    if len(kept) == 0:
        raise Wrong(
            "Everything is dropped", where=where, example=example, think="Print the mask. Which share of it is 1?"
        )
    if len(kept) > 1:
        think = "A mask is 1 or 0: the random number only decides which of the two."
        raise Wrong("The elements that stay are scaled by random numbers", where=where, example=example, think=think)
    if (big != 0).all():
        think = "Which elements of the mask are 0? Print it."
        raise Wrong("Nothing is dropped in training", where=where, example=example, think=think)
    scales = {
        1.0: "The elements that stay are not scaled: the mean shrinks to 1 - p of what it was",
        1 / P: "The elements that stay are divided by p, the share that is dropped",
        1 - P: "The elements that stay are multiplied with 1 - p, which makes the mean even smaller",
        P: "The elements that stay are multiplied with p",
        1 + P: "The elements that stay are multiplied with 1 + p, which is only nearly enough",
    }
    if not np.isclose(kept[0], 1 / (1 - P)):
        what = next((text for scale, text in scales.items() if np.isclose(kept[0], scale)), None)
        raise Wrong(
            what or f"The elements that stay are scaled by {kept[0]:g}",
            where=where,
            example=example,
            think=f"On average the share 1 - p stays. By which factor does each of them have to grow, so that the "
            f"mean of "
            f"out is that of x? Put p = {P} into the last formula of the text.",
        )


def check_share(learner: Learner) -> None:
    """Raise `Wrong` if p is not the share that is dropped."""
    where = learner.where(NAME)
    share = float(np.mean(np.asarray(dropped(learner, np.ones(SHAPE), P, True)) == 0))
    example = [
        ("x", f"ones, of shape {SHAPE}"),
        ("p, training", f"{P}, True"),
        ("dropped", f"{share:.1%} of the elements"),
    ]
    if abs(share - (1 - P)) < 0.03:
        what = "p is taken for the share that stays: it is the share that is dropped"
        raise Wrong(
            what, where=where, example=example, think="generator.random() is below p how often, of a hundred times?"
        )
    if abs(share - P) > 0.03:
        what = f"The share of elements that is dropped is {share:.1%}, not {P:.0%}"
        raise Wrong(
            what, where=where, example=example, think="generator.random() is below p how often, of a hundred times?"
        )
    if (dropped(learner, np.ones(50), 0.0, True) != 1).any():
        what = "With p = 0 something is dropped"
        raise Wrong(what, where=where, think="generator.random() may give 0 exactly. Is 0 below p = 0?")


def check_draws(learner: Learner) -> None:
    """Raise `Wrong` if elements share a draw, or the draws do not come from the generator."""
    where = learner.where(NAME)
    first = dropped(learner, np.ones(SHAPE), P, True)
    zero = np.asarray(first) == 0
    example = [
        ("x", f"ones, of shape {SHAPE}"),
        ("p, training", f"{P}, True"),
        ("first rows, six columns", shown(np.asarray(first)[:3, :6])),
    ]
    for axis, what in ((1, "row"), (0, "column")):
        if np.all(zero.all(axis=axis) | ~zero.any(axis=axis)):
            raise Wrong(
                f"Each {what} is dropped or kept as a whole",
                where=where,
                example=example,
                think="Each element is dropped on its own. How many random numbers do you draw, and in which shape?",
            )
    if not same(first, dropped(learner, np.ones(SHAPE), P, True)):
        raise Wrong(
            "The same seed gives other numbers: they do not come from the generator that is given",
            where=where,
            example=[
                ("called twice", "dropout(x, 0.2, True, np.random.default_rng(0))"),
                ("yours", "two different results"),
            ],
            think="A training that cannot be repeated cannot be debugged. Where do your random numbers come from?",
        )
    generator = np.random.default_rng(0)
    once, again = (learner.run(NAME, lambda f: f(np.ones(SHAPE), P, True, generator)) for _ in range(2))
    if same(once, again):
        raise Wrong(
            "Every call drops the same elements",
            where=where,
            example=[("called twice", "with the same generator, one after the other")],
            think="Anew in each step, says the text. Is a generator made or seeded in your function?",
        )


def check_gradient(learner: Learner) -> None:
    """Raise `Wrong` if no gradient comes back, and let the testing kit compare it."""
    x = tensor(np.linspace(0.5, 1.5, 8), requires_grad=True)
    out = dropped(learner, x, 0.5, True)
    if not isinstance(out, Tensor) or not out.requires_grad:
        raise Wrong(
            "The numbers are right, but no gradient can flow: the result is not part of a graph",
            where=learner.where(NAME),
            example=[
                ("x", "a tensor that requires a gradient"),
                ("yours", f"{type(out).__name__}, without a gradient"),
            ],
            think="Something turns x into a plain array: .data, .numpy(), np.asarray or np.array. Operators accept "
            "tensors.",
        )
    given = x.data.copy()

    def gradient_checked(dropout: Any) -> object:
        return gradcheck(lambda x: dropout(x, 0.5, True, np.random.default_rng(0)), given, fast_mode=True)

    by_the_kit(learner, NAME, gradient_checked)


def draw(learner: Learner, path: Path) -> None:
    """Play a loss behind the learner's dropout."""
    dropout = learner.get(NAME)

    def loss(x: Any) -> Any:
        return (dropout(x, 0.5, True, np.random.default_rng(0)) ** 2).sum()

    play(path, "a loss behind your dropout", loss, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


EXERCISE = Exercise(
    "ex08_dropout",
    "Dropout, in training and in evaluation",
    check,
    draw,
    (
        "Begin with evaluation: if not training, there is one thing to return.",
        "generator.random(x.shape) < p is True where an element is to be dropped. Which comparison is True where it "
        "stays?",
        "A mask of True and False times x is x or 0. Multiply, divide by 1 - p, and write into nothing.",
    ),
)
