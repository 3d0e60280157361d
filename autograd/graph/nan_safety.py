"""NaN-safe gradients: where a gradient of zero meets nan or inf, the product is zero.

In ``np.where(ok, f(x), 0)`` the branch not taken may be nan, and its gradient is 0, but a rule that multiplies the two
gives nan. An elementwise rule depends on one element of the gradient, so zeros can be put back by position. Any other
rule is applied twice more, with two different sets of finite numbers instead of nan and inf. Where both results agree,
the replaced numbers only met zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.door import Array, anywhere, everywhere


def absorb_by_position(gx: Any, g: Array, unwrap: Callable[[Any], Array]) -> Any:
    """Return `gx`, a gradient whose shape is that of `g` or broadcasts with it, with 0 where `g` absorbs it.

    That is where `g` is 0 and `gx` is not finite. A finite `gx` is 0 there too, but may be recorded, and then `g`,
    which happens to be 0, has a derivative that a constant would lose.
    """
    finite = np.isfinite(unwrap(gx))
    if everywhere(finite):
        return gx
    absorbed = (g == 0) & ~finite
    return np.where(absorbed, 0, gx) if anywhere(absorbed) else gx


def absorb_by_comparison(
    gx: Any, g: Array, unwrap: Callable[[Any], Array], again: Callable[[Callable[[Any], Any]], Any]
) -> Any:
    """Return `gx`, which a rule gave, without the nan that result from zeros in `g`, the gradient of the output.

    `again` applies the rule again, with what it keeps replaced by a given function.
    """
    undefined = np.isnan(unwrap(gx))
    if not anywhere(undefined) or everywhere(g):
        return gx
    if not anywhere(g):
        return np.where(undefined, 0, gx)  # a rule is linear in `g`, also where it divides by something that is 0
    # Of opposite signs, so that the results of a rule that only uses the signs differ.
    first, second = (again(_finite(sign, unwrap)) for sign in (1.0, -1.0))
    return np.where(undefined & (unwrap(first) == unwrap(second)), first, gx)


def _finite(sign: float, unwrap: Callable[[Any], Array]) -> Callable[[Any], Any]:
    """Return a function that replaces nan and inf with random numbers of one sign."""
    rng = np.random.default_rng(0 if sign > 0 else 1)

    def replace(value: Any) -> Any:
        if isinstance(value, list | tuple):
            items = map(replace, value)
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        if getattr(value, "dtype", None) is None or value.dtype.kind not in "fc":
            return value
        finite = np.isfinite(unwrap(value))
        if everywhere(finite):
            return value
        return np.where(finite, value, (sign * rng.uniform(0.5, 1.5, finite.shape)).astype(value.dtype))

    return replace
