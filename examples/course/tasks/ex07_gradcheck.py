"""Exercise 7: a gradient check.

How does one know that a gradient is right? By moving one element a little and looking at what the
function does. Taylor's series of f around x, in one direction and in the other:

    f(x + h) = f(x) + h f'(x) + h**2/2 f''(x) + h**3/6 f'''(x) + ...
    f(x - h) = f(x) - h f'(x) + h**2/2 f''(x) - h**3/6 f'''(x) + ...

Subtract the second from the first, and all even terms are gone: what is left, divided by 2h, is
f'(x) with an error of about h**2. One side alone has an error of about h: with h = 0.00001 five
digits are right instead of ten.

Two numbers that come from rounding are never equal, so the check allows a difference. It must be a
size: a difference of -5 is not small. And it must grow with the numbers: 1000000 and 1000000.1
agree in seven digits. For each element:

    |first - second| <= atol + rtol * |second|

Given:     f, a function of one array that returns a number; x, an array of any shape, perhaps of
           integers; h.
Asked for: the array of all derivatives, shaped as x; and whether two such arrays agree everywhere,
           True or False. nan agrees with nothing. f may be called as often as you like, and x must
           be as it was in the end.
The real:  autograd/testing/comparisons/slopes.py, which also finds the best h and the error of each
           difference by itself.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def numerical_gradient(f: Callable[[Array], float], x: Array, h: float) -> Array:
    """Return the derivatives of f by each element of x, by differences over both sides."""
    raise NotImplementedError("your turn")


def agree(first: Array, second: Array, rtol: float, atol: float) -> bool:
    """Tell whether all elements are closer than atol + rtol * |second|."""
    raise NotImplementedError("your turn")
