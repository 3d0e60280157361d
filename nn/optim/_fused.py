"""The steps of Adam and SGD as one loop each, which numba compiles: for ``fused=True``.

Each computes the same numbers as the passes of its optimizer, in the same order, so the parameters are the same bits.
Options that are off are numbers that change nothing: a sign of 1, a decay of 0, a rate of shrinking of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.extend import compiled_loop

Array = np.ndarray[Any, Any]
Number = np.floating[Any]


def gradient_numbers(group: dict[str, Any], number: type[Number]) -> tuple[Number, Number, Number]:
    """Return what the parameter is multiplied by, what of it is added to the gradient, and the gradient's sign."""
    decay, sign = group["weight_decay"], -1.0 if group["maximize"] else 1.0
    if group.get("decoupled_weight_decay"):
        return number(1 - group["lr"] * decay), number(0), number(sign)
    return number(1), number(decay), number(sign)


def threshold(step: int, number: type[Number]) -> Number:
    """Return below which moments are set to 0 in this step, as `clear_subnormal` does every 64 steps."""
    return number(1000 * np.finfo(number).tiny if step % 64 == 0 else 0)


@compiled_loop
def adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    largest: Array | None,
    numbers: tuple[Number, Number, Number],
    keep: tuple[Number, Number],
    rate: Number,
    eps: Number,
    smallest: Number,
) -> None:
    """Update the parameters and the moments of a run."""
    shrink, decay, sign = numbers
    keep1, keep2 = keep
    zero = p.dtype.type(0)
    for i in range(p.size):
        old = p[i] * shrink
        slope = g[i] * sign
        if decay != zero:
            slope = old * decay + slope
        mean = m[i]
        if not abs(mean) >= smallest:
            mean = mean * zero
        mean = mean * keep1 + slope
        square = v[i] * keep2 + slope * slope
        m[i] = mean
        v[i] = square
        if largest is not None:
            if not (largest[i] >= square or largest[i] != largest[i]):
                largest[i] = square
            square = largest[i]
        p[i] = old + mean / (np.sqrt(square) + eps) * rate


@compiled_loop
def sgd(
    p: Array,
    g: Array,
    b: Array | None,
    numbers: tuple[Number, Number, Number],
    momentum: Number,
    fresh: Number,
    rate: Number,
    smallest: Number,
    first: bool,
    nesterov: bool,
) -> None:
    """Update the parameters, and the momentum if there is one, of a run."""
    shrink, decay, sign = numbers
    zero = p.dtype.type(0)
    for i in range(p.size):
        old = p[i] * shrink
        slope = g[i] * sign
        if decay != zero:
            slope = old * decay + slope
        if b is not None:
            last = b[i]
            if not abs(last) >= smallest:
                last = last * zero
            last = slope if first else last * momentum + slope * fresh
            b[i] = last
            slope = last * momentum + slope if nesterov else last
        p[i] = old + slope * rate
