"""Exercise 6: mistakes in softmax and cross-entropy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import general, gradcheck, vjp

from ..exercise import Exercise, by_the_kit, play
from ..learner import Learner
from ..verdict import Mistake, compare

LOSS, RULE = "cross_entropy", "cross_entropy_rule"
SCORES = [
    np.array([[0.0, 1.0, 2.0]]),
    np.array([[0.0, 1.0, 2.0], [3.0, 0.5, -1.0]]),
    np.array([[0.5, -1.0], [2.0, 0.0]]),
    np.array([[1000.0, 0.0]]),
    np.array([[0.0, 1000.0]]),
    np.array([[1000.0, 999.0], [-1000.0, -999.0]]),
]
LABELS = [np.array(labels) for labels in ([2], [2, 0], [1, 1], [0], [0], [1, 0])]
EXAMPLES = list(zip(SCORES, LABELS, strict=True))


def softmax(z: Any, axis: int | None = 1, *, most: Any = None, keepdims: bool = True) -> Any:
    """Return probabilities; `most` is subtracted before, by default the largest of each row."""
    with np.errstate(all="ignore"):
        e = np.exp(z - (z.max(axis=1, keepdims=True) if most is None else most))
        return e / e.sum(axis=axis, keepdims=keepdims)


def of_labels(p: Any, labels: Any) -> Any:
    """Return the element of each row that its label chooses."""
    return p[np.arange(len(labels)), labels]


def minus_log(p: Any) -> Any:
    """Return -log p, without a warning for 0."""
    with np.errstate(all="ignore"):
        return -np.log(p)


def naive(z: Any, labels: Any) -> Any:
    """Compute the loss as it stands in the first formula."""
    return minus_log(of_labels(softmax(z, most=0.0), labels)).mean()


def by_formula(most: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the loss by the second formula, with something else than the largest score subtracted."""

    def loss(z: Any, labels: Any) -> Any:
        z = z - most(z)
        with np.errstate(all="ignore"):
            return (np.log(np.exp(z).sum(axis=1)) - of_labels(z, labels)).mean()

    return loss


def squeezed(z: Any, labels: Any) -> Any:
    """Forget keepdims in the sum."""
    return minus_log(of_labels(softmax(z, keepdims=False), labels)).mean()


def squeezed_most(z: Any, labels: Any) -> Any:
    """Forget keepdims in the maximum."""
    return by_formula(lambda z: z.max(axis=1))(z, labels)


def right(z: Any, labels: Any) -> Any:
    """Return what the library gives."""
    return float(nn.functional.cross_entropy(z, labels))


OVERFLOW = (
    "Large scores overflow: exp(1000) is infinite, and infinity by infinity is nan",
    "What may be subtracted from all scores of a row, without changing the loss?",
)
KEEPDIMS = (
    "A number for each row is used as if it were one for each column: a sum or maximum over axis 1 has lost its axis",
    "What is the shape of (2, 3) after a sum over axis 1? How does NumPy line it up with (2, 3)? keepdims is about "
    "this.",
)
LOG_OF_ZERO = (
    "A probability becomes 0, and its logarithm minus infinity",
    "exp(-1000) is 0 in floating point. The second formula of the text needs no division: log and exp cancel there.",
)
LOSS_MISTAKES = [
    Mistake(*OVERFLOW, naive),
    Mistake(*OVERFLOW, by_formula(lambda z: 0.0)),
    Mistake(*LOG_OF_ZERO, lambda z, labels: minus_log(of_labels(softmax(z), labels)).mean()),
    Mistake(
        "The largest score of the whole batch is subtracted from every row: rows far below it become all zeros",
        "The text subtracts a number from each row: its own largest. Which axis is the maximum over?",
        by_formula(lambda z: z.max()),
    ),
    Mistake(
        "The losses of the rows are added up, where their mean is asked for",
        "With a batch of twice the size, should the loss be twice as large?",
        lambda z, labels: right(z, labels) * len(z),
    ),
    Mistake(
        "The softmax goes down the columns: probabilities of one class in different rows add up to 1",
        "Which numbers compete here: the classes of one row, or the rows of one class? Which axis is that?",
        lambda z, labels: minus_log(of_labels(softmax(z, 0), labels)).mean(),
    ),
    Mistake(
        "The softmax divides by the sum over the whole batch, not over each row",
        "The probabilities of each row add up to 1. Which axis is the sum over?",
        lambda z, labels: minus_log(of_labels(softmax(z, None), labels)).mean(),
    ),
    Mistake(*KEEPDIMS, squeezed),
    Mistake(*KEEPDIMS, squeezed_most),
    Mistake(
        "The sign is wrong: the loss is negative, and a descent would make the true classes less likely",
        "A probability is below 1. What is the sign of its logarithm, and which sign has a loss?",
        lambda z, labels: -right(z, labels),
    ),
    Mistake(
        "p[:, labels] takes the columns of all labels in every row, not the one of its own label from each",
        "What is the shape of p[:, labels]? How do you say to NumPy: row 0 with label 0, row 1 with label 1, ...?",
        lambda z, labels: minus_log(softmax(z)[:, labels]).mean(),
    ),
    Mistake(
        "The logarithm is missing: this is the mean of the probabilities, with a minus",
        "What is the loss if the true class has probability 1? And if it has almost 0?",
        lambda z, labels: -of_labels(softmax(z), labels).mean(),
    ),
]


def one_hot(z: Any, labels: Any) -> Any:
    """Return 1 at the label of each row, and 0 elsewhere."""
    return (labels[:, None] == np.arange(z.shape[1])) * 1.0


def all_columns(g: float, z: Any, labels: Any) -> Any:
    """Subtract 1 in the columns of all labels."""
    p = softmax(z)
    p[:, labels] -= 1
    return g * p / len(z)


def right_rule(g: float, z: Any, labels: Any) -> Any:
    """Return what the library gives."""
    return np.asarray(vjp(lambda z: nn.functional.cross_entropy(z, labels), z)[1](np.float64(g))[0])


RULE_MISTAKES = [
    Mistake(
        "These are the probabilities alone: the truth is not subtracted",
        "The gradient of each row adds up to 0, and yours to more. What is to be taken away, and in which column?",
        lambda g, z, labels: g * softmax(z) / len(z),
    ),
    Mistake(
        "The gradient is n times too large: the loss is a mean over n rows",
        "What does the mean do to the derivative of each row's loss?",
        lambda g, z, labels: g * (softmax(z) - one_hot(z, labels)),
    ),
    Mistake(
        "g is not used: the gradient is right only if nothing comes after the loss",
        "If the loss is halved afterwards, g is 0.5. What should your gradient do?",
        lambda g, z, labels: (softmax(z) - one_hot(z, labels)) / len(z),
    ),
    Mistake(
        "The sign is wrong: the truth minus the probabilities",
        "If the score of the true class grows, should the loss grow or shrink? So what is the sign of its derivative?",
        lambda g, z, labels: g * (one_hot(z, labels) - softmax(z)) / len(z),
    ),
    Mistake(
        "1 is subtracted in the columns of all labels in every row, not in each row at its own label",
        "What does p[:, labels] choose? How do you say to NumPy: row 0 with label 0, row 1 with label 1, ...?",
        all_columns,
    ),
    Mistake(*OVERFLOW, lambda g, z, labels: g * (softmax(z, most=0.0) - one_hot(z, labels)) / len(z)),
    Mistake(
        "The softmax of the gradient goes down the columns",
        "Which numbers compete here: the classes of one row, or the rows of one class? Which axis is that?",
        lambda g, z, labels: g * (softmax(z, 0) - one_hot(z, labels)) / len(z),
    ),
    Mistake(*KEEPDIMS, lambda g, z, labels: g * (softmax(z, keepdims=False) - one_hot(z, labels)) / len(z)),
    Mistake(
        "The gradient is divided by the number of all scores, rows times classes: the mean is over the rows",
        "How many numbers does the loss take the mean of?",
        lambda g, z, labels: g * (softmax(z) - one_hot(z, labels)) / z.size,
    ),
]


def operation(learner: Learner) -> Callable[[Any, Any], Any]:
    """Return the learner's loss as an operation with the learner's rule."""
    loss, rule = learner.get(LOSS), learner.get(RULE)
    return general(
        lambda scores, labels: loss(scores, labels), lambda g, scores, labels: rule(g, scores, labels), name=LOSS
    )


def check(learner: Learner) -> None:
    """Compare the loss, then the rule, and let the testing kit compare the two with each other."""
    compare(learner, LOSS, ("scores", "labels"), EXAMPLES, right, LOSS_MISTAKES)
    rule_examples = [(0.5 + 0.5 * len(z), z, labels) for z, labels in EXAMPLES]
    compare(learner, RULE, ("g", "scores", "labels"), rule_examples, right_rule, RULE_MISTAKES)
    loss, labels = operation(learner), np.array([2, 0, 1])
    scores = np.random.default_rng(0).standard_normal((3, 3))
    by_the_kit(learner, RULE, lambda rule: gradcheck(lambda z: loss(z, labels), scores, fast_mode=True))


def draw(learner: Learner, path: Path) -> None:
    """Play the learner's loss of two rows of scores, which are a product."""
    loss = operation(learner)

    def scored(x: Any, w: Any) -> Any:
        return loss(x @ w, LABELS[1])

    play(path, "your cross-entropy", scored, [[1.0, 2.0], [0.0, 1.0]], SCORES[1])


EXERCISE = Exercise(
    "ex06_loss",
    "Softmax and cross-entropy, and their derivative",
    check,
    draw,
    (
        "scores.max(axis=1, keepdims=True) has one number for each row, and may be subtracted from all scores.",
        "scores[np.arange(n), labels] takes from each row the score of its label; the same index can be written to.",
        "In the rule: make the probabilities of the shifted scores, subtract 1 from them at the labels, and multiply "
        "with "
        "g / n.",
    ),
)
