"""Exercise 4: Adam.

Gradient descent takes w - lr * g. Where the loss is steep in one weight and flat in another, no lr
suits both. Adam keeps two running means for each weight, of the gradient and of its square, which
both begin at 0:

    m <- beta1 * m + (1 - beta1) * g
    v <- beta2 * v + (1 - beta2) * g**2

The square root of v is about the size of recent gradients, so m divided by it is about 1 or -1,
however steep the loss is. Since m and v begin at 0, they are too small at first. If all gradients
so far were the same g, then after t steps m would be (1 - beta1**t) * g. Dividing by that factor,
and v by its own, corrects the bias:

    m' = m / (1 - beta1**t)        v' = v / (1 - beta2**t)

    w <- w - lr * m' / (sqrt(v') + eps)

eps keeps the division finite where all gradients were 0. m' and v' are for this step only: it is m
and v that are kept.

Given:     the weights w, their gradient g, the means m and v of the step before, and t, which is 1
           in the first step.
Asked for: the new w, m and v. The arrays that are given stay as they are.
The real:  nn/optim/_adam.py does the same in place, in a few passes over the memory of all weights.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def adam_step(
    w: Array, g: Array, m: Array, v: Array, t: int, lr: float, beta1: float, beta2: float, eps: float
) -> tuple[Array, Array, Array]:
    """Return the weights and both running means after step number t."""
    raise NotImplementedError("your turn")
