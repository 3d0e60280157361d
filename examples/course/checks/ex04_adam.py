"""Exercise 4: mistakes in a step of Adam."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import tensor

from ..exercise import Exercise, play
from ..learner import Learner
from ..verdict import Mistake, Wrong, compare, shown

NAME = "adam_step"
NAMES = ("w", "g", "m", "v", "t", "lr", "beta1", "beta2", "eps")
OPTIONS = (0.1, 0.8, 0.9, 0.5)  # a large eps, whose place shows in the result
EXAMPLES = [
    (np.array([1.0]), np.array([2.0]), np.array([0.0]), np.array([0.0]), 1, *OPTIONS),
    (np.array([1.0, -2.0]), np.array([3.0, -0.5]), np.array([0.4, 0.2]), np.array([0.3, 0.1]), 3, *OPTIONS),
    (np.array([1.0]), np.array([0.0]), np.array([0.0]), np.array([0.0]), 1, 0.1, 0.9, 0.999, 1e-8),
]

Moments = tuple[Any, Any]


def means(g: Any, m: Any, v: Any, beta1: float, beta2: float) -> Moments:
    """Return both running means with g among them."""
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g


def variant(
    *,
    moments: Callable[[Any, Any, Any, float, float], Moments] = means,
    correct: Callable[[float, int], float] = lambda beta, t: 1 - beta**t,
    scale: Callable[[Any, float], Any] = lambda v, eps: np.sqrt(v) + eps,
    sign: float = -1.0,
    keep_corrected: bool = False,
) -> Callable[..., Any]:
    """Return a step of Adam with one thing changed, or none."""

    def step(w: Any, g: Any, m: Any, v: Any, t: int, lr: float, beta1: float, beta2: float, eps: float) -> Any:
        m, v = moments(g, m, v, beta1, beta2)
        with np.errstate(all="ignore"):
            m_now, v_now = m / np.float64(correct(beta1, t)), v / np.float64(correct(beta2, t))
            w = w + sign * lr * m_now / scale(v_now, eps)
        return (w, m_now, v_now) if keep_corrected else (w, m, v)

    return step


SWAPPED = (
    "beta1 and beta2 have changed places",
    "Which of the two belongs to the mean of the gradients? Compare with the text, line by line.",
)
MISTAKES = [
    Mistake(
        "The bias is not corrected: w is moved by m and v as they are kept",
        "In the first step m is only (1 - beta1) * g, because it began at 0. What does the text do about that?",
        variant(correct=lambda beta, t: 1.0),
    ),
    Mistake(
        "eps is added within the square root, where it belongs to the root",
        "With all gradients 0, what is the smallest number that the step is divided by, in the formula and in yours?",
        variant(scale=lambda v, eps: np.sqrt(v + eps)),
    ),
    Mistake(
        "The step goes uphill: the loss would grow",
        "The gradient points to where the loss grows. Where should w go?",
        variant(sign=1.0),
    ),
    Mistake(
        "v is the mean of the gradients, where it is that of their squares",
        "What is sqrt(v) meant to be about, and what would it be where a gradient is negative?",
        variant(moments=lambda g, m, v, b1, b2: (b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g)),
    ),
    Mistake(*SWAPPED, variant(moments=lambda g, m, v, b1, b2: means(g, m, v, b2, b1))),
    Mistake(*SWAPPED, lambda w, g, m, v, t, lr, b1, b2, eps: variant()(w, g, m, v, t, lr, b2, b1, eps)),
    Mistake(
        "The square root is missing: the step is divided by v, not by its root",
        "If all gradients were ten times as large, the steps should be as long as before. Are yours?",
        variant(scale=lambda v, eps: v + eps),
    ),
    Mistake(
        "eps is left out: 0 / 0 is nan for a weight whose gradients were all 0",
        "A pixel that is black in all images has such weights. What keeps the division finite?",
        variant(scale=lambda v, eps: np.sqrt(v)),
    ),
    Mistake(
        "eps is added to the weights, not to the root: a pair of brackets is missing",
        "What does Python divide by in a / b + c? What stands below the line in the formula?",
        lambda w, g, m, v, t, lr, b1, b2, eps: (
            variant(scale=lambda v, eps: np.sqrt(v))(w, g, m, v, t, lr, b1, b2, eps)[0] + eps,
            *means(g, m, v, b1, b2),
        ),
    ),
    Mistake(
        "Only m is corrected: v is used as it is kept",
        "v began at 0 too. In the first step, what part of the square of g is it?",
        variant(correct=lambda beta, t: 1 - beta**t if beta == OPTIONS[1] else 1.0),
    ),
    Mistake(
        "The step itself is returned, not the weights after it",
        "The last formula of the text has w on both sides.",
        lambda w, *rest: (w - variant()(w, *rest)[0], *variant()(w, *rest)[1:]),
    ),
    Mistake(
        "The three results are in another order",
        "The text asks for w, m and v, in this order.",
        lambda *given: (lambda w, m, v: (m, v, w))(*variant()(*given)),
    ),
    Mistake(
        "The means forget a factor: g is added in full, without 1 - beta",
        "If g were 1 in every step, a mean would go towards 1. Where does yours go?",
        variant(moments=lambda g, m, v, b1, b2: (b1 * m + g, b2 * v + g * g)),
    ),
    Mistake(
        "The corrected m' and v' are returned as the new means: the next step would correct them again",
        "Which of m and m' does the first formula of the next step ask for?",
        variant(keep_corrected=True),
    ),
    Mistake(
        "t is counted from 0: in the first step 1 - beta**0 is 0, and the correction divides by it",
        "The text says what t is in the first step.",
        variant(correct=lambda beta, t: 1 - beta ** (t - 1)),
    ),
    Mistake(
        "t is one too large in the correction",
        "The text says what t is in the first step; by then one gradient has gone into the means.",
        variant(correct=lambda beta, t: 1 - beta ** (t + 1)),
    ),
    Mistake(
        "The correction multiplies beta with t, where the text has a power",
        "After t steps of the same g, the share that the zero at the beginning still has is beta, t times as a factor.",
        variant(correct=lambda beta, t: 1 - beta * t),
    ),
    Mistake(
        "The old means move w: the gradient of this step is not yet in them",
        "In which order do the three formulas of the text stand?",
        lambda w, g, m, v, t, lr, b1, b2, eps: (
            variant(moments=lambda *_: (m, v))(w, g, m, v, t, lr, b1, b2, eps)[0],
            *means(g, m, v, b1, b2),
        ),
    ),
]


def check(learner: Learner) -> None:
    """Compare single steps, then a whole descent with the optimizer of the library."""
    compare(learner, NAME, NAMES, EXAMPLES, variant(), MISTAKES, results=("w", "m", "v"))
    generator = np.random.default_rng(0)
    start = generator.standard_normal((3, 2))
    parameter = nn.Parameter(start, dtype=float)
    optimizer = nn.optim.Adam([parameter], lr=0.05)
    w, m, v = start, np.zeros((3, 2)), np.zeros((3, 2))
    for t in range(1, 11):
        g = generator.standard_normal((3, 2))
        parameter.grad = tensor(g)
        optimizer.step()
        w, m, v = learner.call(NAME, w, g, m, v, t, 0.05, 0.9, 0.999, 1e-8)
        if not np.allclose(w, parameter.data, rtol=1e-9, atol=1e-12):
            raise Wrong(
                f"A descent differs from that of nn.optim.Adam from step {t} on",
                where=learner.where(NAME),
                example=[("yours", shown(w)), ("right", shown(parameter.data))],
                think="Single steps of one or two weights are right. What is different for arrays of two axes, or "
                "later t?",
            )


def draw(learner: Learner, path: Path) -> None:
    """Play the second step of a descent: what the new weights depend on."""
    step = learner.get(NAME)

    def weight_after_a_step(w: Any, g: Any, m: Any, v: Any) -> Any:
        return step(w, g, m, v, 2, *OPTIONS)[0].sum()

    play(path, "your step of Adam", weight_after_a_step, [1.0, -2.0], [3.0, -0.5], [0.4, 0.2], [0.3, 0.1])


EXERCISE = Exercise(
    "ex04_adam",
    "Adam: a step of the optimizer",
    check,
    draw,
    (
        "Five lines, one for each formula of the text, in its order, and a return. Give m' and v' names of their own.",
        "m = beta1 * m + ... makes a new array and binds the name to it; m += ... writes into the array that was "
        "given.",
        "What is returned is w, m, v in this order: m and v without the correction, w moved by the corrected ones.",
    ),
)
