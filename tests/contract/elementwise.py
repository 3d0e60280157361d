"""The contract of the elementwise functions."""

from __future__ import annotations

from math import exp, inf, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

INFINITE = "an infinite slope"

CONTRACTS = (
    Contract(
        (
            "numpy.add", "numpy.subtract", "numpy.multiply", "numpy.negative", "numpy.positive", "numpy.square",
            "numpy.exp", "numpy.exp2", "numpy.expm1", "numpy.sin", "numpy.cos", "numpy.arctan", "numpy.sinh",
            "numpy.cosh", "numpy.tanh", "numpy.arcsinh", "numpy.degrees", "numpy.radians", "numpy.rad2deg",
            "numpy.deg2rad", "numpy.conjugate",
        ),
        "all numbers, without kinks",
        (
            Edge("np.tanh(x)", ([-1000.0, 0.0, 1000.0],), ([0.0, 1.0, 0.0],), "flat, not nan, far out", ([0.0] * 3,)),
            Edge("np.tanh(x)", ([-20.0, 20.0],), ([4 * exp(-40)] * 2,), "exact far out, where the value is 1",
                 ([8 * exp(-40), -8 * exp(-40)],)),
            Edge("np.exp(x)", ([-inf, -1000.0, 0.0],), ([0.0, 0.0, 1.0],), "the limit", ([0.0, 0.0, 1.0],)),
            Edge("np.expm1(x)", ([0.0, 1e-20, -50.0],), ([1.0, 1.0, exp(-50)],), "exact near 0 and far out"),
            Edge("np.arctan(x)", ([0.0, inf],), ([1.0, 0.0],), "flat at infinity"),
            Edge("np.arcsinh(x)", ([0.0, 1e30],), ([1.0, 1e-30],), "x**2 does not overflow"),
        ),
    ),
    Contract(
        ("numpy.tan",),
        "all numbers except the poles at odd multiples of pi / 2, which no floating-point number hits",
        (Edge("np.tan(x)", ([0.0],), ([1.0],), "no kink", ([0.0],)),),
    ),
    Contract(
        ("numpy.absolute", "numpy.fabs"),
        "all numbers; of a complex number, its modulus",
        (
            Edge("np.abs(x)", ([-2.0, -0.0, 0.0, 3.0],), ([-1.0, 0.0, 0.0, 1.0],), "the subgradient of least norm",
                 ([0.0] * 4,)),
            Edge("np.abs(x + 1j * y)", ([0.0, 3.0], [0.0, -4.0]), ([0.0, 0.6], [0.0, -0.8]), "as np.hypot"),
            Edge("np.fabs(x)", ([-2.0, 0.0, 3.0],), ([-1.0, 0.0, 1.0],), "as np.abs"),
        ),
    ),
    Contract(
        (
            "numpy.sign", "numpy.floor", "numpy.ceil", "numpy.rint", "numpy.trunc", "numpy.round", "numpy.around",
            "numpy.fix", "numpy.floor_divide", "numpy.spacing",
        ),
        "all numbers; constant between steps, so the gradient is 0, also on a step, except for complex signs",
        (
            Edge("x * np.sign(x)", ([-2.0, 0.0, 3.0],), ([-1.0, 0.0, 1.0],), "the sign has the gradient 0",
                 ([0.0] * 3,)),
            Edge("np.sqrt(np.floor(x))", ([0.5, 1.5],), ([0.0, 0.0],), "the next operation has an infinite slope"),
            Edge("x - np.floor(x)", ([1.0, 1.5],), ([1.0, 1.0],), "also on the step"),
            Edge("x - np.round(x)", ([0.5, 1.25],), ([1.0, 1.0],), "also on the step"),
            Edge("x * np.floor_divide(x, 2)", ([4.0, 5.0],), ([2.0, 2.0],), "also on the step"),
        ),
    ),
    Contract(
        ("numpy.heaviside", "numpy.nextafter"),
        "all numbers; heaviside is a step, whose value at 0 is its second argument; the next number is x and a little",
        (
            Edge("np.heaviside(x, y)", ([-1.0, 0.0, 2.0], [0.5] * 3), ([0.0] * 3, [0.0, 1.0, 0.0]),
                 "0 on the step too", ([0.0] * 3, [0.0] * 3)),
            Edge("np.nextafter(x, y)", ([1.0, 1.0], [2.0, 1.0]), ([1.0, 1.0], [0.0, 0.0]), "y only gives a direction"),
        ),
    ),
    Contract(
        ("numpy.copysign",),
        "all numbers; the second argument gives only its sign, and has gradient 0",
        (
            Edge("np.copysign(x, y)", ([0.0, 1.0, -2.0], [-1.0, -0.0, 3.0]), ([0.0, -1.0, -1.0], [0.0] * 3),
                 "like abs: 0 at 0", ([0.0] * 3, [0.0] * 3)),
        ),
    ),
    Contract(
        ("numpy.sqrt", "numpy.cbrt"),
        "sqrt x >= 0, else nan; cbrt all numbers",
        (
            Edge("np.sqrt(x)", ([0.0, 4.0],), ([inf, 0.25],), INFINITE),
            Edge("np.cbrt(x)", ([0.0, 8.0],), ([inf, 1 / 12],), INFINITE),
            Edge("np.sqrt(x * x)", ([0.0, -2.0],), ([nan, -1.0],), "an infinite slope times 0 is undefined: "
                 "use np.abs, np.hypot or np.linalg.norm"),
        ),
    ),
    Contract(
        ("numpy.log", "numpy.log2", "numpy.log10", "numpy.log1p"),
        "x >= 0, log1p x >= -1; below, the value is nan",
        (
            Edge("np.log(x)", ([0.0, 2.0],), ([inf, 0.5],), INFINITE),
            Edge("np.log2(x)", ([0.0],), ([inf],), INFINITE),
            Edge("np.log10(x)", ([0.0],), ([inf],), INFINITE),
            Edge("np.log1p(x)", ([-1.0, 0.0, 1e-20],), ([inf, 1.0, 1.0],), INFINITE + "; exact near 0"),
        ),
    ),
    Contract(
        ("numpy.divide", "numpy.reciprocal"),
        "a nonzero divisor",
        (
            Edge("x / y", ([0.0], [2.0]), ([0.5], [0.0]), "no kink", ([-0.25], [-0.25])),
            Edge("x / y", ([1.0], [0.0]), ([inf], [-inf]), INFINITE),
            Edge("np.reciprocal(x)", ([0.0],), ([-inf],), INFINITE),
            Edge("np.where(y == 0, 0, x / y)", ([0.0, 1.0], [0.0, 2.0]), ([0.0, 0.5], [0.0, -0.25]),
                 "the branch that is not selected gets nothing", ([0.0, -0.25], [0.0, 0.0])),
        ),
    ),
    Contract(
        ("numpy.power", "numpy.float_power"),
        "x > 0; x = 0 for y >= 0; x < 0 for integer y, where only x has a finite gradient",
        (
            Edge("x**0.0", ([-1.0, 0.0, 2.0],), ([0.0] * 3,), "x**0 is 1 everywhere", ([0.0] * 3,)),
            Edge("x**1.0", ([0.0],), ([1.0],), "no kink", ([0.0],)),
            Edge("x**2.0", ([-3.0, 0.0],), ([-6.0, 0.0],), "no kink", ([2.0, 2.0],)),
            Edge("x**3", ([-1.0, 0.0],), ([3.0, 0.0],), "no kink", ([-6.0, 0.0],)),
            Edge("x**0.5", ([0.0, 4.0],), ([inf, 0.25],), INFINITE),
            Edge("x**y", ([0.0], [2.0]), ([0.0], [0.0]), "0**y is 0 for all y > 0", ([2.0], [0.0])),
            Edge("x**y", ([0.0], [1.0]), ([1.0], [0.0]), "0**y is 0 for all y > 0"),
            Edge("x**y", ([0.0], [0.0]), ([0.0], [0.0]), "x**0 is 1; of 0**y, which jumps there, the limit from above"),
            Edge("0.0**x", ([0.0, 2.0],), ([0.0, 0.0],), "as a tensor for a base", ([0.0, 0.0],)),
            Edge("x**y", ([-2.0], [3.0]), ([12.0], [nan]), "the logarithm of a negative base is not real"),
            Edge("np.float_power(x, y)", ([0.0, 0.0], [0.0, 2.0]), ([0.0, 0.0], [0.0, 0.0]), "as np.power"),
        ),
    ),
    Contract(
        ("numpy.hypot", "numpy.arctan2"),
        "all numbers; the length and the angle of zeros have gradient 0",
        (
            Edge("np.hypot(x, y)", ([0.0], [0.0]), ([0.0], [0.0]), "the subgradient of least norm"),
            Edge("np.hypot(x, y)", ([0.0, 3e-30], [-2.0, 4e-30]), ([0.0, 0.6], [-1.0, 0.8]), "no square underflows"),
            Edge("np.arctan2(x, y)", ([0.0], [0.0]), ([0.0], [0.0]), "there is no angle, and no direction to prefer"),
            Edge("np.arctan2(x, y)", ([0.0, 3e-30], [-1.0, 4e-30]), ([-1.0, 1.6e29], [0.0, -1.2e29]),
                 "no square underflows"),
        ),
    ),
    Contract(
        ("numpy.maximum", "numpy.minimum", "numpy.fmax", "numpy.fmin"),
        "all numbers; ties share evenly",
        (
            Edge("np.maximum(x, y)", ([1.0, 1.0, 3.0], [1.0, 2.0, 2.0]), ([0.5, 0.0, 1.0], [0.5, 1.0, 0.0]),
                 "ties share evenly", ([0.0] * 3, [0.0] * 3)),
            Edge("np.minimum(x, y)", ([1.0, 1.0, 3.0], [1.0, 2.0, 2.0]), ([0.5, 1.0, 0.0], [0.5, 0.0, 1.0]),
                 "ties share evenly", ([0.0] * 3, [0.0] * 3)),
            Edge("np.maximum(x, 0)", ([-1.0, 0.0, 1.0],), ([0.0, 0.5, 1.0],), "a tie with a constant is one too"),
            Edge("np.maximum(x, y)", ([nan, 1.0, nan], [1.0, nan, nan]), ([1.0, 0.0, 0.5], [0.0, 1.0, 0.5]),
                 "nan is selected"),
            Edge("np.minimum(x, y)", ([nan, 1.0, nan], [1.0, nan, nan]), ([1.0, 0.0, 0.5], [0.0, 1.0, 0.5]),
                 "nan is selected"),
            Edge("np.fmax(x, y)", ([1.0, nan, 1.0, nan], [1.0, 1.0, nan, nan]), ([0.5, 0.0, 1.0, 0.5],
                 [0.5, 1.0, 0.0, 0.5]), "nan is ignored"),
            Edge("np.fmin(x, y)", ([1.0, nan, 1.0, nan], [1.0, 1.0, nan, nan]), ([0.5, 0.0, 1.0, 0.5],
                 [0.5, 1.0, 0.0, 0.5]), "nan is ignored"),
        ),
    ),
    Contract(
        ("numpy.clip",),
        "all numbers; x keeps its gradient on the edges, and outside it goes to the bound",
        (
            Edge("np.clip(x, y, z)", ([0.0, 0.5, 1.0], [0.0] * 3, [1.0] * 3), ([1.0] * 3, [0.0] * 3, [0.0] * 3),
                 "an edge leaves x as it is", ([0.0] * 3, [0.0] * 3, [0.0] * 3)),
            Edge("np.clip(x, y, z)", ([-1.0, 2.0], [0.0, 0.0], [1.0, 1.0]), ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0]),
                 "outside, the bound is the result"),
            Edge("np.clip(x, y, z)", ([0.0, 1.5, 3.0], [2.0] * 3, [1.0] * 3), ([0.0] * 3, [0.0] * 3, [1.0] * 3),
                 "of crossed bounds NumPy gives the upper"),
            Edge("np.clip(x, y, z)", ([0.0, 1.0, 2.0], [1.0] * 3, [1.0] * 3), ([0.0] * 3, [0.0] * 3, [1.0] * 3),
                 "and so it does of equal bounds, where minimum(maximum(x, y), z) would share the ties"),
            Edge("np.clip(x, y, z)", ([nan], [0.0], [1.0]), ([1.0], [0.0], [0.0]), "nan passes"),
        ),
    ),
    Contract(
        ("numpy.where",),
        "all numbers; what is not selected has gradient 0, whatever its value and slope, at every order",
        (
            Edge("np.where(x > 0, np.sqrt(x), 0)", ([-1.0, 0.0, 4.0],), ([0.0, 0.0, 0.25],),
                 "0 times nan and inf is 0 here", ([0.0, 0.0, -1 / 32],)),
            Edge("np.where(x > 0, np.log(x), 0)", ([-1.0, 0.0, 2.0],), ([0.0, 0.0, 0.5],),
                 "0 times nan and inf is 0 here", ([0.0, 0.0, -0.25],)),
            Edge("np.where(x != 0, np.sin(x) / x, 1)", ([0.0],), ([0.0],), "the constant is selected", ([0.0],)),
            Edge("np.where(x > 0, x**0.5, x**2)", ([-3.0, 0.0, 4.0],), ([-6.0, 0.0, 0.25],),
                 "the other branch alone", ([2.0, 2.0, -1 / 32],)),
            Edge("np.where(np.isnan(x), y, x)", ([nan, 1.0], [5.0, inf]), ([0.0, 1.0], [1.0, 0.0]),
                 "a value that is not finite does not matter"),
        ),
    ),
    Contract(
        ("numpy.arcsin", "numpy.arccos", "numpy.arctanh", "numpy.arccosh"),
        "-1 <= x <= 1, arccosh x >= 1, else nan",
        (
            Edge("np.arcsin(x)", ([-1.0, 0.0, 1.0],), ([inf, 1.0, inf],), INFINITE),
            Edge("np.arccos(x)", ([-1.0, 0.0, 1.0],), ([-inf, -1.0, -inf],), INFINITE),
            Edge("np.arctanh(x)", ([-1.0, 0.0, 1.0],), ([inf, 1.0, inf],), INFINITE),
            Edge("np.arccosh(x)", ([1.0],), ([inf],), INFINITE),
            Edge("np.where(np.abs(x) < 1, np.arctanh(x), 0)", ([0.0, 1.0, 2.0],), ([1.0, 0.0, 0.0],),
                 "the branch that is not selected gets nothing", ([0.0] * 3,)),
        ),
    ),
    Contract(
        ("numpy.logaddexp", "numpy.logaddexp2"),
        "all numbers, -inf for a logarithm of 0 among them",
        (
            Edge("np.logaddexp(x, y)", ([0.0, 1000.0, -1000.0], [0.0, -1000.0, -1000.0]), ([0.5, 1.0, 0.5],
                 [0.5, 0.0, 0.5]), "no exponential overflows"),
            Edge("np.logaddexp(x, y)", ([-30.0], [0.0]), ([exp(-30) / (1 + exp(-30))], [1 / (1 + exp(-30))]),
                 "exact also where it is small"),
            Edge("np.logaddexp(x, y)", ([-inf, -inf, inf], [0.0, -inf, inf]), ([0.0, 0.0, 0.5], [1.0, 0.0, 0.5]),
                 "a term of 0 gets nothing; ties share evenly"),
            Edge("np.logaddexp2(x, y)", ([-inf, -inf, 1.0], [0.0, -inf, 1.0]), ([0.0, 0.0, 0.5], [1.0, 0.0, 0.5]),
                 "a term of 0 gets nothing; ties share evenly"),
        ),
    ),
    Contract(
        ("numpy.remainder", "numpy.fmod", "numpy.divmod", "numpy.modf", "numpy.frexp", "numpy.ldexp"),
        "a nonzero divisor; on a jump, the slope on either side of it",
        (
            Edge("np.remainder(x, y)", ([4.0, -4.0, 5.0], [2.0] * 3), ([1.0] * 3, [-2.0, 2.0, -2.0]),
                 "slope 1, and minus the quotient as it is there", ([0.0] * 3, [0.0] * 3)),
            Edge("np.fmod(x, y)", ([4.0, -4.0, -5.0], [2.0] * 3), ([1.0] * 3, [-2.0, 2.0, 2.0]),
                 "slope 1, and minus the quotient as it is there"),
            Edge("np.divmod(x, y)[1]", ([4.0], [2.0]), ([1.0], [-2.0]), "as remainder; the quotient has none"),
            Edge("np.modf(x)[0]", ([2.0, -2.5],), ([1.0, 1.0],), "the fractional part has slope 1"),
            Edge("np.frexp(x)[0]", ([2.0, 0.0],), ([0.25, 1.0],), "the exponent is a constant"),
        ),
    ),
)  # fmt: skip
