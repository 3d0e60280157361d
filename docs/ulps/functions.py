"""The functions that are measured: how this library, mpmath, PyTorch and JAX write them, and over which numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["FUNCTIONS", "SECTIONS", "Function", "Interval"]

Interval = tuple[float, float]
INF = math.inf
REAL, RIGHT, UNIT, BALL = (-INF, INF), (0.0, INF), (0.0, 1.0), (-1.0, 1.0)
SHAPE = (0.01, 100.0)  # parameters of distributions
MANY, SOME, FEW = 1500, 600, 300  # places, by the time that mpmath takes
FIRST_ZEROS = (0.8935769662791675, 2.197141326031017, 2.404825557695773, 3.8317059702075125, 1.8411837813406593)


@dataclass(frozen=True)
class Function:
    """A function of ``x``, or of ``x, y`` or ``x, y, z``.

    Attributes
    ----------
    call, definition, torch, jax
        An expression in the names of this library, of mpmath, of PyTorch and of JAX; empty where it has none.
    on
        The interval for each variable, whose ends are left out.
    near
        Where places lie dense, besides 0, whole numbers and halves: zeros of the function and of its derivatives.
    singular
        Points about which the function has no series, which may be complex: they set the step of the differences. Of
        ``"integers"`` those below 1/2 are such points, and ``"kinks"`` may be anywhere.
    places
        How many places are measured in each precision.
    """

    call: str
    definition: str
    on: tuple[Interval, ...]
    torch: str = ""
    jax: str = ""
    near: tuple[float, ...] = ()
    singular: tuple[complex, ...] | str = ()
    places: int = MANY

    @property
    def name(self) -> str:
        """The function's own name, such as ``np.tanh``."""
        return self.call.partition("(")[0]


def _numpy(
    name: str, definition: str, on: Interval = REAL, torch: str = "same", near: tuple[float, ...] = (),
    singular: tuple[complex, ...] = (),
) -> Function:  # fmt: skip
    """Return a function of one variable that JAX and, if not said otherwise, PyTorch have under NumPy's name."""
    pytorchs = f"torch.{name}(x)" if torch == "same" else torch
    return Function(f"np.{name}(x)", definition, (on,), pytorchs, f"jnp.{name}(x)", near, singular)


def _special(
    call: str, definition: str, *on: Interval, torch: str = "", jax: str = "", near: tuple[float, ...] = (),
    singular: tuple[complex, ...] | str = (), places: int = MANY,
) -> Function:  # fmt: skip
    """Return a function of scipy.special; ``same`` says that a library has it under the same name."""
    own = f"special.{call}"
    pytorchs, jaxs = (own if its == "same" else its for its in (torch, jax))
    return Function(own, definition, on, pytorchs, jaxs, near, singular, places)


HALF_PI = tuple(k * math.pi / 2 for k in (-3, -2, -1, 1, 2, 3, 4, 5))

NUMPY = (
    # arithmetic
    Function("np.add(x, y)", "x + y", (REAL, REAL), "x + y", "x + y"),
    Function("np.subtract(x, y)", "x - y", (REAL, REAL), "x - y", "x - y"),
    Function("np.multiply(x, y)", "x * y", (REAL, REAL), "x * y", "x * y"),
    Function("np.divide(x, y)", "x / y", (REAL, REAL), "x / y", "x / y", singular=(0,)),
    Function("np.power(x, y)", "x ** y", (RIGHT, REAL), "x ** y", "x ** y", singular=(0,)),
    Function("np.float_power(x, y)", "x ** y", (RIGHT, REAL), "torch.float_power(x, y)", "", singular=(0,)),
    Function("np.power(x, 2.5)", "x ** mpf(2.5)", (RIGHT,), "x ** 2.5", "x ** 2.5", singular=(0,)),
    Function("np.power(x, -3)", "x ** -3", (REAL,), "x ** -3.0", "x ** -3", singular=(0,)),
    Function("np.power(1.5, x)", "mpf(1.5) ** x", (REAL,), "1.5 ** x", "1.5 ** x"),
    Function("np.remainder(x, y)", "x - y * floor(x / y)", ((0.0, 100.0), (0.25, 3.0)), "torch.remainder(x, y)",
             "jnp.remainder(x, y)", singular="kinks"),
    Function("np.fmod(x, y)", "x - y * floor(x / y)", ((0.0, 100.0), (0.25, 3.0)), "torch.fmod(x, y)",
             "jnp.fmod(x, y)", singular="kinks"),
    _numpy("negative", "-x"),
    _numpy("positive", "x"),
    _numpy("absolute", "fabs(x)", singular=(0,)),
    _numpy("fabs", "fabs(x)", torch="torch.abs(x)", singular=(0,)),
    Function("np.copysign(x, y)", "fabs(x) * sign(y)", (REAL, REAL), "torch.copysign(x, y)", "jnp.copysign(x, y)",
             singular=(0,)),
    _numpy("reciprocal", "1 / x", singular=(0,)),
    _numpy("square", "x * x"),
    _numpy("sqrt", "sqrt(x)", RIGHT, singular=(0,)),
    _numpy("cbrt", "sign(x) * cbrt(fabs(x))", torch="", singular=(0,)),
    Function("np.hypot(x, y)", "hypot(x, y)", (REAL, REAL), "torch.hypot(x, y)", "jnp.hypot(x, y)", singular=(0,)),
    Function("np.ldexp(x, 3)", "8 * x", (REAL,), "", "jnp.ldexp(x, 3)"),
    _numpy("sign", "sign(x)", singular=(0,)),
    # exponentials and logarithms
    _numpy("exp", "exp(x)"),
    _numpy("exp2", "mpf(2) ** x"),
    _numpy("expm1", "expm1(x)"),
    _numpy("log", "log(x)", RIGHT, singular=(0,)),
    _numpy("log2", "log(x) / ln2", RIGHT, singular=(0,)),
    _numpy("log10", "log(x) / ln10", RIGHT, singular=(0,)),
    _numpy("log1p", "log1p(x)", (-1.0, INF), singular=(-1,)),
    Function("np.logaddexp(x, y)", "maximum(x, y) + log1p(exp(-fabs(x - y)))", (REAL, REAL), "torch.logaddexp(x, y)",
             "jnp.logaddexp(x, y)"),
    Function("np.logaddexp2(x, y)", "maximum(x, y) + log1p(mpf(2) ** -fabs(x - y)) / ln2", (REAL, REAL),
             "torch.logaddexp2(x, y)", "jnp.logaddexp2(x, y)"),
    # circular functions
    _numpy("sin", "sin(x)", near=HALF_PI),
    _numpy("cos", "cos(x)", near=HALF_PI),
    _numpy("tan", "tan(x)", near=HALF_PI),
    _numpy("arcsin", "asin(x)", BALL, singular=(1, -1)),
    _numpy("arccos", "acos(x)", BALL, singular=(1, -1)),
    _numpy("arctan", "atan(x)", near=(3**-0.5,), singular=(1j,)),
    Function("np.arctan2(x, y)", "atan2(x, y)", (REAL, REAL), "torch.arctan2(x, y)", "jnp.arctan2(x, y)",
             singular=(0,)),
    _numpy("degrees", "x * 180 / pi", torch="torch.rad2deg(x)"),
    _numpy("rad2deg", "x * 180 / pi"),
    _numpy("radians", "x * pi / 180", torch="torch.deg2rad(x)"),
    _numpy("deg2rad", "x * pi / 180"),
    _numpy("sinc", "sincpi(x)", (-1e3, 1e3), near=(1.4302966531242027, 2.459024)),
    # hyperbolic functions
    _numpy("sinh", "sinh(x)"),
    _numpy("cosh", "cosh(x)"),
    _numpy("tanh", "tanh(x)", near=(0.6584789484624084,)),
    _numpy("arcsinh", "asinh(x)", singular=(1j,)),
    _numpy("arccosh", "acosh(x)", (1.0, INF), singular=(1, -1)),
    _numpy("arctanh", "atanh(x)", BALL, singular=(1, -1)),
    _numpy("i0", "besseli(0, x)", (-700.0, 700.0), torch="torch.i0(x)"),
    # choices
    Function("np.maximum(x, y)", "maximum(x, y)", (REAL, REAL), "torch.maximum(x, y)", "jnp.maximum(x, y)",
             singular="kinks"),
    Function("np.minimum(x, y)", "-maximum(-x, -y)", (REAL, REAL), "torch.minimum(x, y)", "jnp.minimum(x, y)",
             singular="kinks"),
    Function("np.fmax(x, y)", "maximum(x, y)", (REAL, REAL), "torch.fmax(x, y)", "jnp.fmax(x, y)",
             singular="kinks"),
    Function("np.fmin(x, y)", "-maximum(-x, -y)", (REAL, REAL), "torch.fmin(x, y)", "jnp.fmin(x, y)",
             singular="kinks"),
)  # fmt: skip

ACTIVATIONS = (
    Function("F.sigmoid(x)", "1 / (1 + exp(-x))", (REAL,), "torch.sigmoid(x)", "nn.sigmoid(x)"),
    Function("F.logsigmoid(x)", "-log1p(exp(-x))", (REAL,), "F.logsigmoid(x)", "nn.log_sigmoid(x)"),
    Function("F.softplus(x)", "x if x > 20 else log1p(exp(x))", (REAL,), "F.softplus(x)", "nn.softplus(x)"),
    Function("F.silu(x)", "x / (1 + exp(-x))", (REAL,), "F.silu(x)", "nn.silu(x)",
             near=(-1.2784645427610738, -2.399357280520543, 2.399357280520543)),
    Function("F.mish(x)", "x * tanh(log1p(exp(x)))", (REAL,), "F.mish(x)", "nn.mish(x)",
             near=(-1.1924312145154218, -2.2564)),
    Function("F.gelu(x)", "x * ndtr(x)", (REAL,), "F.gelu(x)", "nn.gelu(x, approximate=False)",
             near=(-0.7517915246935645, 2**0.5, -(2**0.5)), places=SOME),
    Function("F.gelu(x, approximate='tanh')", "x / (1 + exp(-2 * sqrt(2 / pi) * (x + mpf(0.044715) * x ** 3)))",
             (REAL,), "F.gelu(x, approximate='tanh')", "nn.gelu(x, approximate=True)", near=(-0.752461,)),
    Function("F.elu(x)", "x if x > 0 else expm1(x)", (REAL,), "F.elu(x)", "nn.elu(x)", singular=(0,)),
    Function("F.selu(x)", "mpf(1.0507009873554805) * (x if x > 0 else mpf(1.6732632423543772) * expm1(x))", (REAL,),
             "F.selu(x)", "nn.selu(x)", singular=(0,)),
    Function("F.celu(x)", "x if x > 0 else expm1(x)", (REAL,), "F.celu(x)", "nn.celu(x)", singular=(0,)),
    Function("F.softsign(x)", "x / (1 + fabs(x))", (REAL,), "F.softsign(x)", "nn.soft_sign(x)", singular=(0,)),
    Function("F.tanhshrink(x)", "x - tanh(x)", (REAL,), "F.tanhshrink(x)", "", near=(0.6584789484624084,)),
    Function("F.relu(x)", "maximum(x, 0)", (REAL,), "F.relu(x)", "nn.relu(x)", singular=(0,)),
    Function("F.hardswish(x)", "x * minimum(maximum(x + 3, 0), 6) / 6", (REAL,), "F.hardswish(x)", "nn.hard_swish(x)",
             singular=(-3, 3)),
)  # fmt: skip

ERROR = (
    _special("erf(x)", "erf(x)", REAL, torch="same", jax="same", places=SOME),
    _special("erfc(x)", "erfc(x)", REAL, torch="same", jax="same", places=SOME),
    _special("erfi(x)", "erfi(x)", REAL, places=SOME),
    _special("erfcx(x)", "erfcx(x)", REAL, torch="same", jax="same", places=SOME),
    _special("dawsn(x)", "dawson(x)", REAL, jax="same", near=(0.9241388730045918, 1.5019752682697817), places=SOME),
    _special("erfinv(x)", "erfinv(x)", BALL, torch="same", jax="same", singular=(1, -1), places=SOME),
    _special("erfcinv(x)", "erfcinv(x)", (0.0, 2.0), singular=(0, 2), places=SOME),
    _special("ndtr(x)", "ndtr(x)", REAL, torch="same", jax="same", places=SOME),
    _special("ndtri(x)", "ndtri(x)", UNIT, torch="same", jax="same", singular=(0, 1), places=SOME),
    _special("log_ndtr(x)", "log_ndtr(x)", REAL, torch="same", jax="same", places=SOME),
    _special("ndtri_exp(x)", "ndtri_exp(x)", (-INF, 0.0), singular=(0,), places=SOME),
    _special("owens_t(x, y)", "owens_t(x, y)", (-30.0, 30.0), (-30.0, 30.0), jax="same", places=FEW),
)

EXPONENTIAL = (
    _special("cbrt(x)", "sign(x) * cbrt(fabs(x))", REAL, singular=(0,)),
    _special("exp2(x)", "mpf(2) ** x", REAL, torch="same"),
    _special("exp10(x)", "mpf(10) ** x", REAL),
    _special("expm1(x)", "expm1(x)", REAL, torch="same"),
    _special("log1p(x)", "log1p(x)", (-1.0, INF), torch="same", singular=(-1,)),
    _special("cosm1(x)", "-2 * sin(x / 2) ** 2", REAL, near=HALF_PI),
    _special("sindg(x)", "sinpi(x / 180)", (-1e14, 1e14), near=(90, 180, 270, 360, -90, -180)),
    _special("cosdg(x)", "cospi(x / 180)", (-1e14, 1e14), near=(90, 180, 270, 360, -90, -180)),
    _special("tandg(x)", "sinpi(x / 180) / cospi(x / 180)", (-1e14, 1e14), near=(90, 180, 270, 360, -90, -180)),
    _special("cotdg(x)", "cospi(x / 180) / sinpi(x / 180)", (-1e14, 1e14), near=(90, 180, 270, 360, -90, -180)),
    _special("radian(x, y, z)", "(x + y / 60 + z / 3600) * pi / 180", REAL, REAL, REAL),
    _special("powm1(x, y)", "expm1(y * log(x))", RIGHT, REAL, singular=(0,)),
    _special("expit(x)", "1 / (1 + exp(-x))", REAL, torch="same", jax="same"),
    _special("logit(x)", "log(x / (1 - x))", UNIT, torch="same", jax="same", singular=(0, 1)),
    _special("log_expit(x)", "-log1p(exp(-x))", REAL, torch="F.logsigmoid(x)", jax="nn.log_sigmoid(x)"),
    _special("exprel(x)", "expm1(x) / x", REAL),
    _special("boxcox(x, y)", "expm1(y * log(x)) / y", RIGHT, (-20.0, 20.0), jax="same", singular=(0,)),
    _special("boxcox1p(x, y)", "expm1(y * log1p(x)) / y", (-1.0, INF), (-20.0, 20.0), jax="same", singular=(-1,)),
    _special("inv_boxcox(x, y)", "exp(log1p(x * y) / y)", (0.0, 100.0), (0.0, 20.0), singular=(0,)),
    _special("inv_boxcox1p(x, y)", "expm1(log1p(x * y) / y)", (0.0, 100.0), (0.0, 20.0), singular=(0,)),
    _special("wrightomega(x)", "wrightomega(x)", REAL, places=SOME),
    Function("special.lambertw(x).real", "lambertw(x)", ((-0.3678794411714423, INF),), near=(-0.3678794411714423,),
             singular=(-0.36787944117144233,), places=SOME),
    _special("huber(x, y)", "y * y / 2 if fabs(y) <= x else x * (fabs(y) - x / 2)", RIGHT, REAL),
    _special("pseudo_huber(x, y)", "y * y / (sqrt(1 + (y / x) ** 2) + 1)", RIGHT, REAL, singular=(0,)),
)  # fmt: skip

ENTROPY = (
    _special("xlogy(x, y)", "x * log(y)", REAL, RIGHT, torch="same", jax="same", singular=(0,)),
    _special("xlog1py(x, y)", "x * log1p(y)", REAL, (-1.0, INF), torch="same", jax="same", singular=(-1,)),
    _special("entr(x)", "-x * log(x)", RIGHT, torch="same", jax="same", near=(math.exp(-1),), singular=(0,)),
    _special("rel_entr(x, y)", "x * log(x / y)", RIGHT, RIGHT, jax="same", singular=(0,)),
    _special("kl_div(x, y)", "x * log(x / y) - x + y", RIGHT, RIGHT, jax="same", singular=(0,)),
)

GAMMA_NEAR = (1.4616321449683622, -0.5040830082644554, -1.5734984731623905, -2.457024738220801)
GAMMA = (
    _special("gamma(x)", "gamma(x)", (-200.0, 200.0), jax="same", near=GAMMA_NEAR, singular="integers", places=SOME),
    _special("gammaln(x)", "log(fabs(gamma(x))) if fabs(x) < 1e6 else loggamma(x)", (-200.0, INF), torch="same",
             jax="same", near=GAMMA_NEAR, singular="integers", places=SOME),
    _special("loggamma(x)", "loggamma(x)", RIGHT, torch="", jax="", near=GAMMA_NEAR, singular="integers", places=SOME),
    _special("rgamma(x)", "rgamma(x)", (-200.0, 200.0), near=GAMMA_NEAR, places=SOME),
    _special("psi(x)", "psi(0, x)", (-200.0, INF), torch="same", jax="special.digamma(x)", near=GAMMA_NEAR,
             singular="integers", places=SOME),
    Function("ag_special.polygamma(1, x)", "psi(1, x)", ((-200.0, INF),), "torch.polygamma(1, x)",
             "special.polygamma(1, x)", singular="integers", places=FEW),
    Function("ag_special.polygamma(2, x)", "psi(2, x)", ((-200.0, INF),), "torch.polygamma(2, x)",
             "special.polygamma(2, x)", singular="integers", places=FEW),
    Function("ag_special.zeta(2.5, x)", "zeta(mpf(2.5), x)", (RIGHT,), "special.zeta(2.5, x)", "special.zeta(2.5, x)",
             singular=(0,), places=FEW),
    Function("ag_special.multigammaln(x, 2)", "loggamma(x) + loggamma(x - mpf(0.5)) + log(pi) / 2", ((0.5, INF),),
             "torch.special.multigammaln(x, 2)", "special.multigammaln(x, 2)", singular=(0.5,), places=SOME),
    _special("poch(x, y)", "gamma(x + y) / gamma(x)", (0.0, 60.0), (0.0, 60.0), jax="same", singular=(0,),
             places=SOME),
    _special("gammainc(x, y)", "gammainc(x, 0, y, regularized=True)", SHAPE, (0.0, 200.0), torch="same", jax="same",
             singular=(0,), places=FEW),
    _special("gammaincc(x, y)", "gammainc(x, y, regularized=True)", SHAPE, (0.0, 200.0), torch="same", jax="same",
             singular=(0,), places=FEW),
    _special("gammaincinv(x, y)", "gammaincinv(x, y)", (0.1, 50.0), UNIT, singular=(0, 1), places=FEW),
    _special("gammainccinv(x, y)", "gammainccinv(x, y)", (0.1, 50.0), UNIT, singular=(0, 1), places=FEW),
)  # fmt: skip

BETA = (
    _special("beta(x, y)", "beta(x, y)", (0.0, 200.0), (0.0, 200.0), jax="same", singular=(0,), places=SOME),
    _special("betaln(x, y)", "log(beta(x, y))", (0.0, 1e5), (0.0, 1e5), jax="same", singular=(0,), places=SOME),
    _special("binom(x, y)", "gamma(1 + x) * rgamma(1 + y) * rgamma(1 + x - y)", (0.0, 50.0), (-0.5, 20.0), places=SOME),
    _special("betainc(x, y, z)", "betainc(x, y, 0, z, regularized=True)", (0.1, 50.0), (0.1, 50.0), UNIT, jax="same",
             singular=(0, 1), places=FEW),
    _special("betaincc(x, y, z)", "betainc(x, y, z, 1, regularized=True)", (0.1, 50.0), (0.1, 50.0), UNIT,
             singular=(0, 1), places=FEW),
    _special("betaincinv(2.5, 1.5, x)", "betaincinv(mpf(2.5), mpf(1.5), x)", UNIT, singular=(0, 1), places=FEW),
    _special("betainccinv(2.5, 1.5, x)", "1 - betaincinv(mpf(1.5), mpf(2.5), x)", UNIT, singular=(0, 1), places=FEW),
)  # fmt: skip

DISTRIBUTIONS = (
    _special("stdtr(x, y)", "student(x, y)", (0.5, 50.0), (-50.0, 50.0), places=FEW),
    _special("stdtrit(2.5, x)", "stdtrit(mpf(2.5), x)", UNIT, singular=(0, 1), places=FEW),
    _special("chdtr(x, y)", "gammainc(x / 2, 0, y / 2, regularized=True)", SHAPE, (0.0, 200.0), singular=(0,),
             places=FEW),
    _special("chdtrc(x, y)", "gammainc(x / 2, y / 2, regularized=True)", SHAPE, (0.0, 200.0), singular=(0,),
             places=FEW),
    _special("chdtri(x, y)", "2 * gammainccinv(x / 2, y)", (0.2, 50.0), UNIT, singular=(0, 1), places=FEW),
    _special("gdtr(x, y, z)", "gammainc(y, 0, x * z, regularized=True)", (0.1, 10.0), (0.1, 50.0), (0.0, 50.0),
             singular=(0,), places=FEW),
    _special("gdtrc(x, y, z)", "gammainc(y, x * z, regularized=True)", (0.1, 10.0), (0.1, 50.0), (0.0, 50.0),
             singular=(0,), places=FEW),
    _special("fdtr(x, y, z)", "betainc(x / 2, y / 2, 0, x * z / (x * z + y), regularized=True)", (0.5, 50.0),
             (0.5, 50.0), (0.0, 50.0), singular=(0,), places=FEW),
    _special("fdtrc(x, y, z)", "betainc(y / 2, x / 2, 0, y / (x * z + y), regularized=True)", (0.5, 50.0),
             (0.5, 50.0), (0.0, 50.0), singular=(0,), places=FEW),
    _special("pdtr(3, x)", "gammainc(4, x, regularized=True)", (0.0, 500.0), singular=(0,), places=SOME),
    _special("pdtrc(3, x)", "gammainc(4, 0, x, regularized=True)", (0.0, 500.0), singular=(0,), places=SOME),
    _special("nbdtr(2, 5, x)", "betainc(5, 3, 0, x, regularized=True)", UNIT, singular=(0, 1), places=SOME),
    _special("nbdtrc(2, 5, x)", "betainc(5, 3, x, 1, regularized=True)", UNIT, singular=(0, 1), places=SOME),
    _special("voigt_profile(x, y, z)", "voigt(x, y, z)", (-30.0, 30.0), (0.1, 10.0), (0.1, 10.0), places=FEW),
)  # fmt: skip


def _bessel(call: str, definition: str, *on: Interval, places: int = SOME, torch: str = "", jax: str = "") -> Function:
    return _special(
        call, definition, *on, torch=torch, jax=jax, near=FIRST_ZEROS,
        singular=(0,) if on[0][0] >= 0 and "besselj" not in definition and "besseli" not in definition else (),
        places=places,
    )  # fmt: skip


AXIS = (0.0, 700.0)
WHOLE = (-700.0, 700.0)
BESSEL = (
    _bessel("j0(x)", "besselj(0, x)", WHOLE, torch="special.bessel_j0(x)", jax="special.bessel_jn(x, v=0)[0]"),
    _bessel("j1(x)", "besselj(1, x)", WHOLE, torch="special.bessel_j1(x)", jax="special.bessel_jn(x, v=1)[1]"),
    _bessel("y0(x)", "bessely(0, x)", AXIS, torch="special.bessel_y0(x)", places=FEW),
    _bessel("y1(x)", "bessely(1, x)", AXIS, torch="special.bessel_y1(x)", places=FEW),
    _bessel("i0(x)", "besseli(0, x)", WHOLE, torch="same", jax="same"),
    _bessel("i1(x)", "besseli(1, x)", WHOLE, torch="same", jax="same"),
    _bessel("i0e(x)", "besseli(0, x) * exp(-fabs(x))", WHOLE, torch="same", jax="same"),
    _bessel("i1e(x)", "besseli(1, x) * exp(-fabs(x))", WHOLE, torch="same", jax="same"),
    _bessel("k0(x)", "macdonald(0, x)", AXIS, torch="special.modified_bessel_k0(x)", places=FEW),
    _bessel("k1(x)", "macdonald(1, x)", AXIS, torch="special.modified_bessel_k1(x)", places=FEW),
    _bessel("k0e(x)", "macdonald(0, x) * exp(x)", AXIS, torch="special.scaled_modified_bessel_k0(x)", places=FEW),
    _bessel("k1e(x)", "macdonald(1, x) * exp(x)", AXIS, torch="special.scaled_modified_bessel_k1(x)", places=FEW),
    _bessel("jv(2.5, x)", "besselj(mpf(2.5), x)", AXIS),
    _bessel("jve(2.5, x)", "besselj(mpf(2.5), x)", AXIS),
    _bessel("yv(2.5, x)", "bessely(mpf(2.5), x)", AXIS),
    _bessel("yve(2.5, x)", "bessely(mpf(2.5), x)", AXIS),
    _bessel("yn(2, x)", "bessely(2, x)", AXIS, places=FEW),
    _bessel("iv(2.5, x)", "besseli(mpf(2.5), x)", AXIS),
    _bessel("ive(2.5, x)", "besseli(mpf(2.5), x) * exp(-x)", AXIS),
    _bessel("kv(2.5, x)", "besselk(mpf(2.5), x)", AXIS),
    _bessel("kve(2.5, x)", "besselk(mpf(2.5), x) * exp(x)", AXIS),
    _bessel("kn(2, x)", "macdonald(2, x)", AXIS, places=FEW),
    _bessel("struve(0.5, x)", "struveh(mpf(0.5), x)", AXIS),
    _bessel("modstruve(0.5, x)", "struvel(mpf(0.5), x)", AXIS),
    _bessel("ber(x)", "ber(0, x)", (-100.0, 100.0)),
    _bessel("bei(x)", "bei(0, x)", (-100.0, 100.0)),
    _bessel("ker(x)", "ker(0, x)", (0.0, 100.0), places=FEW),
    _bessel("kei(x)", "kei(0, x)", (0.0, 100.0), places=FEW),
    _bessel("berp(x)", "(ber(1, x) + bei(1, x)) / sqrt(2)", (-100.0, 100.0), places=FEW),
    _bessel("beip(x)", "(bei(1, x) - ber(1, x)) / sqrt(2)", (-100.0, 100.0), places=FEW),
    _bessel("kerp(x)", "(ker(1, x) + kei(1, x)) / sqrt(2)", (0.0, 100.0), places=FEW),
    _bessel("keip(x)", "(kei(1, x) - ker(1, x)) / sqrt(2)", (0.0, 100.0), places=FEW),
    _bessel("airy(x)[0]", "airyai(x)", (-30.0, 100.0), torch="special.airy_ai(x)"),
    _bessel("airy(x)[1]", "airyai(x, 1)", (-30.0, 100.0)),
    _bessel("airy(x)[2]", "airybi(x)", (-30.0, 100.0)),
    _bessel("airy(x)[3]", "airybi(x, 1)", (-30.0, 100.0)),
)

HYPERGEOMETRIC = (
    _special("hyp0f1(1.5, x)", "hyp0f1(mpf(1.5), x)", (-700.0, 700.0), places=SOME),
    _special("hyp1f1(1.5, 0.5, x)", "hyp1f1(mpf(1.5), mpf(0.5), x)", (-700.0, 700.0),
             jax="special.hyp1f1(1.5, 0.5, x)", places=SOME),
    _special("hyp2f1(0.5, 1.5, 2.5, x)", "hyp2f1(mpf(0.5), mpf(1.5), mpf(2.5), x)", (-50.0, 1.0),
             jax="special.hyp2f1(0.5, 1.5, 2.5, x)", singular=(1,), places=FEW),
    _special("hyperu(0.5, 1.5, x)", "hyperu(mpf(0.5), mpf(1.5), x)", (0.0, 100.0), singular=(0,), places=FEW),
    _special("ellipk(x)", "ellipk(x)", (-INF, 1.0), singular=(1,), places=SOME),
    _special("ellipkm1(x)", "pi / (2 * agm(1, sqrt(x)))", RIGHT, singular=(0,), places=SOME),
    _special("ellipe(x)", "ellipe(x)", (-INF, 1.0), singular=(1,), places=SOME),
    _special("ellipkinc(x, 0.75)", "ellipf(x, mpf(0.75))", (-20.0, 20.0), near=HALF_PI, places=FEW),
    _special("ellipeinc(x, 0.75)", "ellipe(x, mpf(0.75))", (-20.0, 20.0), near=HALF_PI, places=FEW),
    _special("eval_jacobi(3, 0.5, 1.5, x)", "jacobi(3, mpf(0.5), mpf(1.5), x)", (-2.0, 2.0), places=SOME),
    _special("eval_legendre(3, x)", "(5 * x ** 3 - 3 * x) / 2", (-2.0, 2.0),
             torch="special.legendre_polynomial_p(x, 3)",
             places=SOME),
    _special("eval_gegenbauer(3, 1.5, x)", "(35 * x ** 3 - 15 * x) / 2", (-2.0, 2.0), places=SOME),
    _special("eval_chebyt(3, x)", "4 * x ** 3 - 3 * x", (-2.0, 2.0), torch="special.chebyshev_polynomial_t(x, 3)",
             places=SOME),
    _special("eval_chebyu(3, x)", "8 * x ** 3 - 4 * x", (-2.0, 2.0), torch="special.chebyshev_polynomial_u(x, 3)",
             places=SOME),
    _special("eval_genlaguerre(3, 1.5, x)", "-x ** 3 / 6 + 9 * x ** 2 / 4 - 63 * x / 8 + 105 / mpf(16)", (0.0,
             20.0), places=SOME),
    _special("eval_laguerre(3, x)", "(-x ** 3 + 9 * x ** 2 - 18 * x + 6) / 6", (0.0, 20.0),
             torch="special.laguerre_polynomial_l(x, 3)",
             places=SOME),
    _special("eval_hermite(3, x)", "8 * x ** 3 - 12 * x", (-20.0, 20.0), torch="special.hermite_polynomial_h(x, 3)",
             places=SOME),
    _special("eval_hermitenorm(3, x)", "x ** 3 - 3 * x", (-20.0, 20.0), torch="special.hermite_polynomial_he(x, 3)"),
)  # fmt: skip

INTEGRALS = (
    # JAX's exp1, expi and expn do not end for some of these places
    _special("exp1(x)", "e1(x)", (0.0, 700.0), singular=(0,), places=SOME),
    _special("expi(x)", "ei(x)", (-700.0, 700.0), near=(0.37250741078136663,), singular=(0,), places=SOME),
    _special("expn(2, x)", "expint(2, x)", (0.0, 700.0), singular=(0,), places=SOME),
    _special("spence(x)", "polylog(2, 1 - x)", RIGHT, jax="same", singular=(0,), places=FEW),
    _special("sici(x)[0]", "si(x)", REAL, jax="same", near=HALF_PI, places=SOME),
    _special("sici(x)[1]", "ci(x)", RIGHT, jax="same", near=HALF_PI, singular=(0,), places=SOME),
    _special("shichi(x)[0]", "shi(x)", (-700.0, 700.0), places=SOME),
    _special("shichi(x)[1]", "chi(x)", (0.0, 700.0), singular=(0,), places=SOME),
    _special("itj0y0(x)[0]", "x * hyp1f2(0.5, 1, 1.5, -x * x / 4)", (0.0, 100.0), places=FEW),
    _special("iti0k0(x)[0]", "x * hyp1f2(0.5, 1, 1.5, x * x / 4)", (0.0, 100.0), places=FEW),
    _special("fresnel(x)[0]", "fresnels(x)", (-40.0, 40.0), jax="same", places=FEW),
    _special("fresnel(x)[1]", "fresnelc(x)", (-40.0, 40.0), jax="same", places=FEW),
)

#: By their section in the page.
SECTIONS = {
    "NumPy": NUMPY,
    "Activations": ACTIVATIONS,
    "Exponentials, logarithms and entropies": (*EXPONENTIAL, *ENTROPY),
    "Error functions": ERROR,
    "Gamma and beta functions": (*GAMMA, *BETA),
    "Distributions": DISTRIBUTIONS,
    "Bessel functions": BESSEL,
    "Hypergeometric functions and integrals": (*HYPERGEOMETRIC, *INTEGRALS),
}
FUNCTIONS = tuple(function for functions in SECTIONS.values() for function in functions)
