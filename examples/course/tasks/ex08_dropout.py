"""Exercise 8: dropout.

In training, dropout sets each element to 0 with probability p, each on its own, anew in each step.
No unit can then rely on one other unit being there, which makes a network less sure of the training
set and better on other data.

In evaluation nothing is dropped. Then the next layer would suddenly get larger sums than in
training, where on average only a share 1 - p of the elements was left. So in training the elements
that stay are divided by 1 - p. The mean is then the same in both modes:

    E[out] = p * 0 + (1 - p) * x / (1 - p) = x

The gradient needs no rule of its own: out is x times a mask of constants, and a product knows its
derivative. The mask must be made of plain arrays, and x must stay a tensor all the way: an x that
was turned into an array has no gradient.

Given:     x, a tensor or an array of any shape; p, at least 0 and below 1; training, True or False;
           and generator, which NumPy's default_rng made: generator.random(shape) gives numbers from
           0 to 1, the same for the same seed.
Asked for: x with elements dropped, or x itself in evaluation.
The real:  nn/functional/_dropout.py.
"""

import numpy as np

from autograd import Tensor


def dropout(x: Tensor, p: float, training: bool, generator: np.random.Generator) -> Tensor:
    """Return x with a share p of its elements set to 0 and the others scaled, in training; otherwise x."""
    raise NotImplementedError("your turn")
