"""Elementwise functions that many programs never use, and what derivatives of others are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..calculus import PARTS, RULES, recorded_parts, zero
from ..primitives.declare import composed, elementwise
from ..tensors import dispatch
from ..tensors.tensor import TensorLike, unwrap
from ..tensors.types import Out
from .elementwise import FREQUENT

recorded_parts.update({part: elementwise(part, *rules) for part, rules in PARTS.items()})
for _function, _rules in RULES.items():
    if _function not in FREQUENT:
        elementwise(_function, *_rules)

ldexp = elementwise(np.ldexp, lambda g, y: np.ldexp(g, y))
_fix = elementwise(lambda x: np.fix(x), zero, name="fix")
_fraction = elementwise(lambda x: np.modf(x)[0], lambda g: g, name="fraction")
_whole = elementwise(lambda x: np.modf(x)[1], zero, name="whole")


@composed(np.fix)
def fix(x: TensorLike, out: Out = None) -> Any:
    """Round towards 0; the derivative is 0."""
    return _fix(x) if out is None else dispatch.call_undifferentiated(np.fix, (x,), {"out": out})


@composed(np.modf, method=False)
def modf(x: TensorLike) -> tuple[Any, Any]:
    """Return the fractional parts, whose derivative is 1, and the integral parts, whose derivative is 0."""
    return _fraction(x), _whole(x)


@composed(np.frexp, method=False)
def frexp(x: TensorLike) -> tuple[Any, Any]:
    """Return mantissas, which have a derivative, and binary exponents, which have none."""
    exponent = np.frexp(unwrap(x))[1]
    return ldexp(x, -exponent), exponent


@composed(np.divmod)
def divmod_(x: TensorLike, y: TensorLike) -> tuple[Any, Any]:
    """Return the floored quotients, whose derivative is 0, and the remainders."""
    return np.floor_divide(x, y), np.remainder(x, y)
