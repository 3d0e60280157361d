"""Entropies and relative entropies: x log(y) and its relatives, which are 0 where x is 0.

In y, their derivatives are 0 where x is 0, even at y = 0. In x, that of x log(y) is log(y), so -inf at y = 0, and that
of -x log(x) is inf at x = 0. Of a relative entropy x log(x / y), log(0 / 0) is taken as 0: at x = y = 0 it is convex
in x, inf for every other x, and any number is a subgradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...primitives.declare import elementwise
from .common import over, where_defined


def _log_ratio(x: Any, y: Any) -> Any:
    """Return log(x / y) to the last digits, even where x and y are nearly equal or x / y overflows."""
    with np.errstate(all="ignore"):
        ratio = np.where(np.equal(x, 0) & np.equal(y, 0), 1, np.divide(x, y))
        near = np.abs(ratio - 1) < 0.5
        far = np.where((ratio == 0) | np.isinf(ratio), np.log(x) - np.log(y), np.log(ratio))
        return np.where(near, np.log1p(np.where(near, (x - y) / np.where(near & (y != 0), y, 1), 0)), far)


log_ratio = elementwise(_log_ratio, lambda g, x: g / x, lambda g, y: -g / y, name="log_ratio")

elementwise(special.xlogy, lambda g, y: g * np.log(y), lambda g, x, y, out: where_defined(out, g * over(x, y)))
elementwise(special.xlog1py, lambda g, y: g * np.log1p(y), lambda g, x, y, out: where_defined(out, g * over(x, 1 + y)))
elementwise(special.entr, lambda g, x: -g * (np.log(x) + 1))
elementwise(special.rel_entr, lambda g, x, y: g * (log_ratio(x, y) + 1), lambda g, x, y: -g * over(x, y))
elementwise(
    special.kl_div,
    lambda g, x, y, out: where_defined(out, g * log_ratio(x, y)),
    lambda g, x, y, out: where_defined(out, g * (1 - over(x, y))),
)
