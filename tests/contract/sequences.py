"""The contract of what orders, interpolates or repairs sequences."""

from __future__ import annotations

from math import inf, nan, pi

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        ("numpy.sort", "numpy.partition"),
        "all numbers; each gradient goes where its number came from, and equal ones keep their order",
        (
            Edge("np.sort(x) * np.array([1, 2, 4])", ([1.0, 1.0, 0.0],), ([2.0, 4.0, 1.0],), "equal ones keep theirs",
                 ([0.0] * 3,)),
            Edge("np.sort(x) * np.array([1, 2, 4])", ([nan, 1.0, 0.0],), ([4.0, 2.0, 1.0],), "nan comes last"),
        ),
    ),
    Contract(
        ("numpy.interp",),
        "increasing knots; at an inner knot the mean of both slopes, at an outer one the slope inside",
        (
            Edge("np.interp(x, [0, 1, 2], [0, 1, 4])", ([0.5, 1.0, 1.5],), ([1.0, 2.0, 3.0],), "an inner knot",
                 ([0.0] * 3,)),
            Edge("np.interp(x, [0, 1, 2], [0, 1, 4])", ([-1.0, 0.0, 2.0, 3.0],), ([0.0, 1.0, 3.0, 0.0],),
                 "outer knots, and beyond them"),
            Edge("np.interp(1.0, [0, 1, 2], x)", ([0.0, 1.0, 4.0],), ([0.0, 1.0, 0.0],), "on a knot its value alone"),
        ),
    ),
    Contract(
        ("numpy.nan_to_num", "numpy.unwrap"),
        "all numbers; a replacement is a constant",
        (
            Edge("np.nan_to_num(x)", ([nan, inf, -inf, 1.0],), ([0.0, 0.0, 0.0, 1.0],), "a replaced one gets nothing",
                 ([0.0] * 4,)),
            Edge("np.unwrap(x)", ([0.0, 4.0, 8.0],), ([1.0, 1.0, 1.0],), "whole turns are constants"),
        ),
    ),
    Contract(
        ("numpy.sinc", "numpy.i0", "numpy.angle"),
        "all numbers, without kinks; the angle of 0 has gradient 0",
        (
            Edge("np.sinc(x)", ([0.0, 1.0],), ([0.0, -1.0],), "exact near 0", ([-(pi**2) / 3, 2.0],)),
            Edge("np.sinc(x)", ([1e-30],), ([-(pi**2) / 3 * 1e-30],), "no square underflows"),
            Edge("np.i0(x)", ([0.0],), ([0.0],), "no kink", ([0.5],)),
            Edge("np.angle(x + 1j * y)", ([0.0, 0.0], [0.0, 2.0]), ([0.0, -0.5], [0.0, 0.0]), "there is no angle"),
        ),
    ),
)  # fmt: skip
