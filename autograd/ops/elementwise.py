"""The elementwise functions: NumPy's ufuncs with the rules of `calculus`, and those that have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calculus import RULES
from ..declare import composed, elementwise, linear, not_differentiable
from ..tensor import unwrap

for _function, _rules in RULES.items():
    elementwise(_function, *_rules)

not_differentiable(
    np.floor, np.ceil, np.rint, np.trunc, np.sign, np.signbit, np.heaviside, np.floor_divide, np.nextafter, np.spacing,
    np.isnan, np.isinf, np.isfinite, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.bitwise_and, np.bitwise_or, np.bitwise_xor,
    np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm, np.bitwise_count,
    methods=True,
)  # fmt: skip

# The gradient is cast back to the dtype of the input like every other.
astype = linear(np.astype, lambda g: g, forward=lambda x, dtype: x.astype(dtype))

_select = elementwise(
    lambda x, y, condition: np.where(condition, x, y),
    lambda g, condition: np.where(condition, g, 0),
    lambda g, condition: np.where(condition, 0, g),
    name="where",
)


@composed(np.where, method=False)
def where(condition: Any, *choices: Any) -> Any:
    """Choose from `x` where `condition` holds, else from `y`; with the condition alone, find where it holds."""
    condition = unwrap(condition)
    return _select(*choices, condition) if choices else np.where(condition)
