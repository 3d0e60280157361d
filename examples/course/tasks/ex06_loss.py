"""Exercise 6: softmax and cross-entropy.

A classifier gives each class a score z[k], and softmax makes probabilities of a row of scores:

    p[k] = exp(z[k]) / sum over j of exp(z[j])

The loss of a row whose true class is y is -log p[y], and that of a batch is the mean over its n
rows. Two things go wrong if this is computed as it stands. exp(1000) is infinite; and p[y] may be
so small that it becomes 0, whose logarithm is minus infinity. Both are avoided by not dividing at
all:

    -log p[y] = log(sum over j of exp(z[j])) - z[y]

where subtracting any number from all scores of a row changes nothing; so subtract the one that
makes the largest score 0.

The derivative is worth remembering. By z[k], the loss of a row is p[k], less 1 where k is the true
class: the probabilities minus the truth. The gradient of each row adds up to 0. The mean adds a
factor, and the chain rule g.

Given:     scores of shape (n, classes), and labels: whole numbers of shape (n,). In the rule also
           g, a number.
Asked for: the loss, a number; and the gradient of the scores, of their shape. Scores may be as
           large as 1000 or -1000.
The real:  nn/functional/_cross_entropy.py.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def cross_entropy(scores: Array, labels: Labels) -> float:
    """Return the mean over the rows of -log p[label]."""
    raise NotImplementedError("your turn")


def cross_entropy_rule(g: float, scores: Array, labels: Labels) -> Array:
    """Return the gradient of the scores, where g is that of the loss."""
    raise NotImplementedError("your turn")
