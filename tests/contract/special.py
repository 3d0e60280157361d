"""The contract of SciPy's special functions."""

from __future__ import annotations

from math import inf, log, pi, sqrt

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

INFINITE = "an infinite slope"
AT_ZERO = 2 / sqrt(pi)

CONTRACTS = (
    Contract(
        ("scipy.special.xlogy", "scipy.special.xlog1py"),
        "x = 0, or y > 0; x = 0 makes 0 of any logarithm",
        (
            Edge("special.xlogy(x, y)", ([0.0, 1.0], [2.0, 1.0]), ([log(2), 0.0], [0.0, 1.0]), "no kink"),
            Edge("special.xlogy(x, y)", ([0.0], [0.0]), ([-inf], [0.0]), "in y it is constant; in x, " + INFINITE),
            Edge("special.xlog1py(x, y)", ([0.0], [-1.0]), ([-inf], [0.0]), "as xlogy"),
        ),
    ),
    Contract(
        ("scipy.special.entr", "scipy.special.rel_entr", "scipy.special.kl_div"),
        "arguments of at least 0",
        (
            Edge("special.entr(x)", ([0.0, 1.0],), ([inf, -1.0],), INFINITE),
            Edge("special.rel_entr(x, y)", ([1.0], [1.0]), ([1.0], [-1.0]), "no kink", ([0.0], [0.0])),
            Edge("special.kl_div(x, y)", ([1.0], [1.0]), ([0.0], [0.0]), "its minimum", ([0.0], [0.0])),
            Edge("special.kl_div(x, y)", ([0.0], [1.0]), ([-inf], [1.0]), "in x, " + INFINITE),
        ),
    ),
    Contract(
        ("scipy.special.expit", "scipy.special.logit", "scipy.special.log_expit"),
        "all numbers; logit 0 <= x <= 1",
        (
            Edge("special.expit(x)", ([-1000.0, 0.0, 1000.0],), ([0.0, 0.25, 0.0],), "flat, not nan, far out",
                 ([0.0] * 3,)),
            Edge("special.log_expit(x)", ([-1000.0, 0.0, 1000.0],), ([1.0, 0.5, 0.0],), "no logarithm of 0",
                 ([0.0, -0.25, 0.0],)),
            Edge("special.logit(x)", ([0.0, 0.5, 1.0],), ([inf, 4.0, inf],), INFINITE),
        ),
    ),
    Contract(
        (
            "scipy.special.erf", "scipy.special.erfc", "scipy.special.erfinv", "scipy.special.ndtr",
            "scipy.special.ndtri", "scipy.special.log_ndtr",
        ),
        "all numbers; erfinv -1 <= x <= 1, ndtri 0 <= x <= 1",
        (
            Edge("special.erf(x)", ([-100.0, 0.0, 100.0],), ([0.0, AT_ZERO, 0.0],), "flat, not nan, far out",
                 ([0.0] * 3,)),
            Edge("special.erfc(x)", ([-100.0, 0.0, 100.0],), ([0.0, -AT_ZERO, 0.0],), "flat, not nan, far out",
                 ([0.0] * 3,)),
            Edge("special.ndtr(x)", ([-100.0, 0.0, 100.0],), ([0.0, AT_ZERO / sqrt(8), 0.0],),
                 "flat, not nan, far out", ([0.0] * 3,)),
            Edge("special.log_ndtr(x)", ([-1e4, 0.0, 100.0],), ([1e4 + 1e-4, AT_ZERO / sqrt(2), 0.0],),
                 "no logarithm of 0"),
            Edge("special.erfinv(x)", ([-1.0, 0.0, 1.0],), ([inf, 1 / AT_ZERO, inf],), INFINITE),
            Edge("special.ndtri(x)", ([0.0, 0.5, 1.0],), ([inf, sqrt(2 * pi), inf],), INFINITE),
        ),
    ),
    Contract(
        ("scipy.special.i0e", "scipy.special.i1e", "scipy.special.j0", "scipy.special.j1", "scipy.special.i1"),
        "all numbers, without kinks",
        (
            Edge("special.i0e(x)", ([0.0],), ([0.0],), "the kink of exp(-|x|) has slope 0, as abs"),
            Edge("special.i1e(x)", ([0.0],), ([0.5],), "no kink"),
            Edge("special.j0(x)", ([0.0],), ([0.0],), "no kink", ([-0.5],)),
            Edge("special.j1(x)", ([0.0],), ([0.5],), "no kink", ([0.0],)),
            Edge("special.i1(x)", ([0.0],), ([0.5],), "no kink", ([0.0],)),
        ),
    ),
    Contract(
        ("scipy.special.huber", "scipy.special.exprel"),
        "all numbers",
        (
            Edge("special.huber(1.0, x)", ([-3.0, -1.0, 0.0, 1.0],), ([-1.0, -1.0, 0.0, 1.0],), "where it bends"),
            Edge("special.exprel(x)", ([0.0, 1e-20],), ([0.5, 0.5],), "exact near 0", ([1 / 3, 1 / 3],)),
        ),
    ),
    Contract(
        (
            "scipy.special.rgamma", "scipy.special.gammaln", "scipy.special.binom", "scipy.special.gammainc",
            "scipy.special.betainc",
        ),
        "all numbers except the poles of the gamma function; gammainc x >= 0, betainc 0 <= x <= 1",
        (
            Edge("special.rgamma(x)", ([0.0, -1.0, -2.0],), ([1.0, -1.0, 2.0],), "no kink where the gamma function has "
                 "poles"),
            Edge("special.gammaln(x)", ([0.0],), ([-inf],), INFINITE),
            Edge("special.binom(x, 2.0)", ([0.0, 1.0],), ([-0.5, 0.5],), "also where it is 0", ([1.0, 1.0],)),
            Edge("special.gammainc(1.0, x)", ([0.0, 1000.0],), ([1.0, 0.0],), "flat, not nan, far out"),
            Edge("special.gammainc(0.5, x)", ([0.0],), ([inf],), INFINITE),
            Edge("special.betainc(1.0, 1.0, x)", ([0.0, 0.5, 1.0],), ([1.0] * 3,), "the identity"),
        ),
    ),
    Contract(
        (
            "scipy.special.jv", "scipy.special.iv", "scipy.special.spence", "scipy.special.boxcox",
            "scipy.special.cosm1",
        ),
        "all numbers; spence x >= 0, boxcox x > 0",
        (
            Edge("special.jv(2.0, x)", ([0.0],), ([0.0],), "no kink", ([0.25],)),
            Edge("special.iv(1.0, x)", ([0.0],), ([0.5],), "no kink", ([0.0],)),
            Edge("special.spence(x)", ([1.0],), ([-1.0],), "0 / 0 has a limit"),
            Edge("special.boxcox(x, y)", ([2.0], [0.0]), ([0.5], [log(2) ** 2 / 2]), "0 / 0 has a limit"),
            Edge("special.cosm1(x)", ([0.0, 1e-20],), ([0.0, -1e-20],), "exact near 0", ([-1.0, -1.0],)),
        ),
    ),
)  # fmt: skip
