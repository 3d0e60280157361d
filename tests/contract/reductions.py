"""The contract of reductions, lengths and sums of exponentials."""

from __future__ import annotations

from math import inf, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        ("numpy.max", "numpy.min", "numpy.amax", "numpy.amin", "numpy.ptp"),
        "all numbers; ties share evenly",
        (
            Edge("np.max(x)", ([1.0, 2.0, 2.0],), ([0.0, 0.5, 0.5],), "ties share evenly", ([0.0] * 3,)),
            Edge("np.min(x)", ([1.0, 1.0, 2.0],), ([0.5, 0.5, 0.0],), "ties share evenly", ([0.0] * 3,)),
            Edge("np.max(x)", ([-0.0, 0.0],), ([0.5, 0.5],), "zeros tie, whatever their signs"),
            Edge("np.max(x)", ([1.0, nan, 2.0],), ([0.0, 1.0, 0.0],), "nan is selected"),
            Edge("np.min(x, axis=0)", ([[nan, 1.0], [2.0, 1.0]],), ([[1.0, 0.5], [0.0, 0.5]],), "in each column"),
            Edge("np.max(x, axis=0)", ([[1.0, 2.0], [1.0, 3.0]],), ([[0.5, 0.0], [0.5, 1.0]],), "in each column"),
            Edge("np.maximum.reduce(x)", ([1.0, 1.0],), ([0.5, 0.5],), "as np.max"),
            Edge("np.max(x, initial=3.0)", ([1.0, 2.0],), ([0.0, 0.0],), "the initial value is the maximum"),
            Edge("np.ptp(x)", ([1.0, 2.0, 2.0],), ([-1.0, 0.5, 0.5],), "the maximum minus the minimum"),
            Edge("np.ptp(x)", ([2.0, 2.0],), ([0.0, 0.0],), "each is both"),
        ),
    ),
    Contract(
        ("numpy.var", "numpy.std"),
        "more numbers than ddof; the deviation of constants has gradient 0",
        (
            Edge("np.std(x)", ([0.1, 0.1, 0.1],), ([0.0] * 3,), "the subgradient of least norm, not rounding errors"),
            Edge("np.std(x, axis=0)", ([[1.0, 2.0], [1.0, 4.0]],), ([[0.0, -0.5], [0.0, 0.5]],), "in each column"),
            Edge("np.var(x)", ([0.1, 0.1, 0.1],), ([0.0] * 3,), "no kink", ([0.0] * 3,)),
            Edge("np.var(x)", ([5.0],), ([0.0],), "of one number", ([0.0],)),
            Edge("np.std(x, ddof=1)", ([5.0],), ([nan],), "undefined for one number; the value is nan too"),
        ),
    ),
    Contract(
        ("numpy.prod", "numpy.cumprod", "numpy.multiply.reduce", "numpy.multiply.accumulate"),
        "all numbers; exact with zeros, at every order",
        (
            Edge("np.prod(x)", ([0.0, 2.0, 3.0],), ([6.0, 0.0, 0.0],), "the product of the others", ([5.0, 3.0, 2.0],)),
            Edge("np.prod(x)", ([0.0, 0.0, 3.0],), ([0.0] * 3,), "each misses a zero", ([3.0, 3.0, 0.0],)),
            Edge("np.prod(x)", ([0.0, 0.0, 0.0],), ([0.0] * 3,), "each misses two", ([0.0] * 3,)),
            Edge("np.cumprod(x)", ([2.0, 0.0, 3.0],), ([1.0, 8.0, 0.0],), "the products of the others",
                 ([4.0, 6.0, 2.0],)),
            Edge("np.cumprod(x)", ([0.0, 0.0, 3.0],), ([1.0, 0.0, 0.0],), "two zeros", ([4.0, 4.0, 0.0],)),
            Edge("np.multiply.reduce(x)", ([0.0, 2.0],), ([2.0, 0.0],), "as np.prod", ([1.0, 1.0],)),
        ),
    ),
    Contract(
        ("numpy.linalg.norm", "numpy.linalg.vector_norm"),
        "all numbers; where the norm is 0 or does not depend on an element, the gradient is 0",
        (
            Edge("np.linalg.norm(x)", ([0.0, 0.0],), ([0.0, 0.0],), "the subgradient of least norm"),
            Edge("np.linalg.norm(x, axis=1)", ([[0.0, 0.0], [3.0, 4.0]],), ([[0.0, 0.0], [0.6, 0.8]],), "row by row"),
            *(
                Edge(f"np.linalg.norm(x, {order})", ([0.0, 0.0],), ([0.0, 0.0],), "the subgradient of least norm")
                for order in ("1", "2", "3", "0.5", "-1", "np.inf", "-np.inf")
            ),
            Edge("np.linalg.norm(x, 1)", ([0.0, -2.0],), ([0.0, -1.0],), "like abs", ([0.0, 0.0],)),
            Edge("np.linalg.norm(x, 3)", ([0.0, -2.0],), ([0.0, -1.0],), "flat along the other axis"),
            Edge("np.linalg.norm(x, np.inf)", ([2.0, -2.0, 1.0],), ([0.5, -0.5, 0.0],), "ties share evenly"),
            Edge("np.linalg.norm(x, 0)", ([0.0, 2.0],), ([0.0, 0.0],), "a count"),
            Edge("np.linalg.norm(x, 'fro')", ([[0.0, 0.0], [0.0, 0.0]],), ([[0.0, 0.0], [0.0, 0.0]],),
                 "the subgradient of least norm"),
            Edge("np.linalg.vector_norm(x)", ([[0.0, 0.0]],), ([[0.0, 0.0]],), "as norm"),
        ),
    ),
    Contract(
        ("autograd.logsumexp",),
        "all numbers, -inf for a logarithm of 0 among them",
        (
            Edge("ag.logsumexp(x)", ([1000.0, 1000.0, -1000.0],), ([0.5, 0.5, 0.0],), "no exponential overflows",
                 ([0.0] * 3,)),
            Edge("ag.logsumexp(x)", ([0.0, -inf],), ([1.0, 0.0],), "a term of 0 gets nothing", ([0.0, 0.0],)),
            Edge("ag.logsumexp(x)", ([-inf, -inf],), ([0.0, 0.0],), "so do all of them", ([0.0, 0.0],)),
        ),
    ),
)  # fmt: skip
