"""Exercise 3: broadcasting undone.

NumPy stretches arrays so that they fit each other: a bias of shape (3,) is added to a batch of
shape (2, 3) as if it stood in both rows. The one number b[j] is then used twice, in out[0, j] and
out[1, j], and what is used several times gets the sum of what each use sends back:

    dL/db[j] = sum over i of g[i, j]

An axis is stretched in two ways. It is missing on the left, as here: (3,) counts as (1, 3). Or it
is there with length 1, as in (2, 1), and is repeated. Both may happen at once, several times, and
what comes out must have exactly the shape that the input had, axes of length 1 included. Undoing
this in one place means that no rule has to know of it: the rule of a sum is "hand on g".

Given:     g, the gradient of the stretched array, and shape, a tuple: the shape before stretching.
Asked for: the gradient of that shape. If nothing was stretched, it is g as it is.
The real:  autograd/ops/shape.py, the function unbroadcast.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Return g, added up over whatever broadcasting added to `shape`."""
    raise NotImplementedError("your turn")
