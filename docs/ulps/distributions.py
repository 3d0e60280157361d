"""The errors of distributions: every function of each public one, in ulps, beside mpmath.

A new distribution needs a line in `SCIPY` or `NN`, and its definition in `families.py`.
"""

from __future__ import annotations

import math
import multiprocessing
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import log, log1p, loggamma, mp, mpf, sqrt

import nn.distributions
from autograd import Tensor, tensor
from autograd.scipy import stats

from . import families as of
from .families import Family, exp
from .reference import limited

__all__ = ["CASES", "NN", "SCIPY", "Case", "dtypes", "errors", "errors_at", "measured", "methods", "worst"]

Array = np.ndarray[Any, Any]
Values = tuple[float, ...]
LOC: Values = (0, 0, 0.7, -30)
SCALE: Values = (1, 1, 0.3, 7, 1e-10, 1e10, 1e-30, 1e30, 1e-150, 1e150)
SHAPE: Values = (1, 2.5, 0.3, 30, 1e-3, 1e4, 1e-8)
CHANCE: Values = (0.5, 0.3, 0.9, 1e-3, 1e-10, 1e-20, 1e-37, 1e-300, 1 - 1e-4, 1 - 2**-24, 1 - 2**-53)
ODDS: Values = (0, 0.4, -3, 20, -20, 80, -80, 1e-20, 700, -700)
SIZES: Values = (1e-300, 1e-150, 1e-36, 1e-17, 1e-8, 0.1, 0.7, 1.3, 3, 6, 13, 37, 600, 1e8, 1e17, 1e36, 1e150, 1e300)
REAL = (*SIZES, *(-x for x in SIZES))
UNIT: Values = (*SIZES[:7], 0.3, 0.9, 1 - 1e-4, 1 - 2**-24, 1 - 2**-53)
ABOVE: Values = (1 + 2**-20, 1.1, 2, 30, 1e8, 1e30, 1e150)
ANGLES: Values = (0.1, -0.7, 1.3, 3, -3, 1e-8, 1e-20)
COUNTS: Values = (0, 1, 2, 5, 40, 1000)
FIT = {"cdf": "cdf", "icdf": "ppf", "log_prob": "logpdf"}  # the functions of `nn` by SciPy's names
OF_SHAPES = ("entropy", "mean", "variance")
GAP = mpf(10) ** -14  # how much derivatives by two steps may differ


class Case(NamedTuple):
    """A distribution of one library, and where it is measured.

    Attributes
    ----------
    parameters
        From what each is drawn.
    points
        From what standardized values are drawn.
    standard
        The location, the scale and the shapes of the family, in mpmath, given the parameters.
    constants
        What is not differentiated by, among value and parameters.
    make
        The distribution of given parameters; by default that of the name.
    columns
        How many numbers a value has; it is one number if this is 0.
    functions
        Which are measured; by default all that the library has.
    """

    library: str
    name: str
    family: Family
    parameters: dict[str, Values]
    points: tuple[Any, ...] = REAL
    standard: Callable[..., Any] = lambda *p: p
    constants: tuple[str, ...] = ()
    make: Callable[..., Any] | None = None
    columns: int = 0
    functions: tuple[str, ...] = ()


def _scipy(name: str, family: Family, points: Values = REAL, **shapes: Values) -> Case:
    parameters = {**shapes, "loc": LOC, "scale": SCALE}
    return Case("scipy", name, family, parameters, points, lambda *p: (*p[-2:], *p[:-2]))


def _counted(
    name: str, family: Family, points: Values = COUNTS, least: int = 0, constants: tuple[str, ...] = (),
    **shapes: Values,
) -> Case:  # fmt: skip
    return Case("scipy", name, family, shapes, points, lambda *p: (least, 1, *p), ("x", *constants))


def _nn(
    name: str, family: Family, standard: Callable[..., Any], points: tuple[Any, ...] = REAL,
    constants: tuple[str, ...] = (), make: Callable[..., Any] | None = None, columns: int = 0,
    functions: tuple[str, ...] = (), **parameters: Values,
) -> Case:  # fmt: skip
    return Case("nn", name, family, parameters, points, standard, constants, make, columns, functions)


def _chance(logit: Any) -> Any:
    return 1 / (1 + exp(-logit))


def _log_sum(*logits: Any) -> Any:
    top = max(logits)
    return top + log(sum(exp(x - top) for x in logits))


def _stack(*values: Any) -> Any:
    return np.stack(values, axis=-1)


def _entropy(*p: Any) -> Any:
    return -sum(x * log(x) for x in p)


def _parts(*p: Any) -> Any:
    return [x / sum(p) for x in p]


def _softmax(*p: Any) -> Any:
    return [exp(x - _log_sum(*p)) for x in p]


COUNTED = ((4, 0, 0), (2, 1, 1), (0, 3, 1))


def _of_counts(*p: Any) -> Any:
    return _counts_density(p[:3], [log(x) for x in _parts(*p[3:])])


def _of_two_chances(*p: Any) -> Any:
    return _counts_density(p[:3], [log(x) for x in (*p[3:], 1 - sum(p[3:]))])


def _counts_density(counts: Any, logs: Any) -> Any:
    coefficient = loggamma(sum(counts) + 1) - sum(loggamma(k + 1) for k in counts)
    return coefficient + sum(k * x for k, x in zip(counts, logs, strict=True) if k)


def _dirichlet(*p: Any) -> Any:
    x, a = p[:3], p[3:]
    return loggamma(sum(a)) + sum((n - 1) * log(v) - loggamma(n) for v, n in zip(x, a, strict=True))


def _dirichlet_entropy(*a: Any) -> Any:
    total = sum(a)
    norm = sum(loggamma(n) for n in a) - loggamma(total)
    return norm + (total - 3) * mpmath.psi(0, total) - sum((n - 1) * mpmath.psi(0, n) for n in a)


def _plane(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:
    """Return the logarithm of a normal density in the plane, given the Cholesky factor."""
    first = x / a
    second = (y - b * first) / c
    return -log(2 * mp.pi) - log(a) - log(c) - (first * first + second * second) / 2


def _relaxed(x: Any, t: Any, logit: Any) -> Any:
    far = logit - t * (log(x) - log1p(-x))
    return log(t) + far - 2 * _log_sum(mpf(0), far) - log(x) - log1p(-x)


def _relaxed_rows(*p: Any) -> Any:
    x, t, logits = p[:3], p[3], p[4:]
    score = [v - t * log(y) for v, y in zip(logits, x, strict=True)]
    return log(mpf(2)) + 2 * log(t) + sum(v - _log_sum(*score) - log(y) for v, y in zip(score, x, strict=True))


def _mixture(z: Any, p: Any, q: Any, a: Any, b: Any) -> Any:
    parts = _parts(p, q)
    return _log_sum(*(log(w) + of.NORMAL.log_density(z - m) for w, m in zip(parts, (a, b), strict=True)))


def _same(*p: Any) -> Any:
    return (0, 1, *p)


def _placed(loc: Any, scale: Any) -> Any:
    return loc, scale


def _scaled(scale: Any) -> Any:
    return 0, scale


def _rows(name: str, **fixed: Any) -> Callable[..., Any]:
    """Return what makes a distribution of rows of all parameters."""
    return lambda d, p, on: getattr(d, name)(**{next(iter(p))[:-1]: _stack(*p.values())}, **fixed)


ROWS: Values = (0.5, 3, 1, 1e-6, 1e-10, 1e-20, 1e-30, 1e-200)
PARTS: Values = (0.2, 0.3, 0.1, 1e-3, 1e-12, 1e-30)
_CLASSES = Family(lambda k, *p: log(_parts(*p)[int(k)]), entropy=lambda *p: _entropy(*_parts(*p)))
_LOGITS = Family(lambda k, *p: p[int(k)] - _log_sum(*p), entropy=lambda *p: _entropy(*_softmax(*p)))
_OF_ROWS: dict[str, Any] = {"probs1": ROWS, "probs2": ROWS, "probs3": ROWS}
_OF_LOGITS: dict[str, Any] = {"logits1": ODDS, "logits2": ODDS, "logits3": ODDS}
_ONE_HOT = Family(lambda *p: log(sum(x * w for x, w in zip(p[:3], _parts(*p[3:]), strict=True))),
                  entropy=_CLASSES.entropy)  # fmt: skip
_ONE_HOT_LOGITS = Family(lambda *p: sum(x * w for x, w in zip(p[:3], p[3:], strict=True)) - _log_sum(*p[3:]),
                         entropy=_LOGITS.entropy)  # fmt: skip


def _logistic(d: Any, p: Any, on: Any) -> Any:
    one = p["loc"] * 0 + 1
    steps = [d.SigmoidTransform().inv, d.AffineTransform(p["loc"], p["scale"])]
    return d.TransformedDistribution(d.Uniform(one * 0, one, validate_args=False), steps, validate_args=False)


def _pair(d: Any, p: Any, on: Any) -> Any:
    return d.Independent(d.Normal(_stack(p["loc"], p["loc"]), _stack(p["scale"], p["scale"])), 1)


def _both(x: Any, y: Any, loc: Any, scale: Any) -> Any:
    return sum(of.NORMAL.log_density((v - loc) / scale) - log(scale) for v in (x, y))


def _two(d: Any, p: Any, on: Any) -> Any:
    parts = d.Normal(_stack(p["a"], p["b"]), _stack(p["a"], p["b"]) * 0 + 1)
    return d.MixtureSameFamily(d.Categorical(_stack(p["p"], p["q"])), parts)


def _normal_of_plane(d: Any, p: Any, on: Any) -> Any:
    a, b, c = p.values()
    tril = np.stack([_stack(a, a * 0), _stack(b, c)], axis=-2)
    return d.MultivariateNormal(_stack(a, a) * 0, scale_tril=tril, validate_args=False)


def _low_rank(d: Any, p: Any, on: Any) -> Any:
    a, b, s, t = p.values()
    return d.LowRankMultivariateNormal(_stack(a, a) * 0, _stack(a, b)[..., None], _stack(s, t), validate_args=False)


def _low_rank_density(x: Any, y: Any, a: Any, b: Any, s: Any, t: Any) -> Any:
    first = sqrt(a * a + s)
    return _plane(x, y, first, a * b / first, sqrt(b * b + t - (a * b / first) ** 2))


SCIPY: tuple[Case, ...] = (
    _scipy("norm", of.NORMAL),
    _scipy("uniform", of.UNIFORM, UNIT),
    _scipy("laplace", of.LAPLACE),
    _scipy("logistic", of.LOGISTIC),
    _scipy("cauchy", of.CAUCHY),
    _scipy("gumbel_r", of.GUMBEL),
    _scipy("gumbel_l", of.LEFT_GUMBEL),
    _scipy("t", of.STUDENT, df=(1, 3.3, 0.3, 30, 1e4, 1e8)),
    _scipy("truncnorm", of.TRUNCATED_NORMAL, (-0.5, 0.2, 6, 31, 40.2), a=(-1, 0.1, 5, 30, -40), b=(40.5, 41)),
    _scipy("expon", of.EXPONENTIAL, SIZES),
    _scipy("halfnorm", of.HALF_NORMAL, SIZES),
    _scipy("rayleigh", of.RAYLEIGH, SIZES),
    _scipy("gamma", of.GAMMA, SIZES, a=SHAPE),
    _scipy("chi2", of.CHI2, SIZES, df=SHAPE),
    _scipy("invgamma", of.INVERSE_GAMMA, SIZES, a=SHAPE),
    _scipy("beta", of.BETA, UNIT, a=SHAPE, b=SHAPE),
    _scipy("f", of.FISHER, SIZES, dfn=SHAPE, dfd=SHAPE),
    _scipy("lognorm", of.LOG_NORMAL, SIZES, s=(1, 0.3, 5, 1e-3, 30)),
    _scipy("pareto", of.PARETO, ABOVE, b=SHAPE),
    _scipy("weibull_min", of.WEIBULL, SIZES, c=SHAPE[:5]),
    _scipy("vonmises", of.VON_MISES, ANGLES, kappa=(1, 1e-8, 0.3, 4, 20)),
    _counted("poisson", of.POISSON, mu=(1, 0.3, 30, 1e4, 1e-10, 1e-100)),
    _counted("binom", of.BINOMIAL, (0, 1, 2, 5), constants=("n",), n=(5, 7, 1000, 10**6), p=CHANCE),
    _counted("nbinom", of.NEGATIVE_BINOMIAL, n=(1, 2.5, 0.3, 1e3, 1e-6), p=CHANCE),
    _counted("geom", of.GEOMETRIC, least=1, p=CHANCE),
    _counted("bernoulli", of.BERNOULLI, (0, 1), p=CHANCE),
    Case("scipy", "multivariate_normal", Family(lambda x, y, a, b, c: _plane(
        x, y, sqrt(a), b / sqrt(a), sqrt(c - b * b / a))), {"a": (2, 1, 1e8), "b": (0.5, 0.3), "c": (1, 3, 1e4)},
        (0.3, -1, 3, 1e4), _same, make=lambda d, p, on: (
            on, np.zeros(2), np.stack([_stack(p["a"], p["b"]), _stack(p["b"], p["c"])], axis=-2)), columns=2,
        functions=("pdf", "logpdf")),
    Case("scipy", "dirichlet", Family(_dirichlet), {"a1": SHAPE[:6], "a2": SHAPE[:6], "a3": SHAPE[:6]}, PARTS, _same,
         ("x1", "x2", "x3"), lambda d, p, on: (on, _stack(*p.values())), 3, ("pdf", "logpdf")),
    Case("scipy", "multinomial", Family(_of_two_chances), {"p1": PARTS, "p2": PARTS}, COUNTED, _same,
         ("x1", "x2", "x3"), lambda d, p, on: (on, 4, _stack(*p.values(), 1 - p["p1"] - p["p2"])), 3,
         ("pmf", "logpmf")),
)  # fmt: skip
NN: tuple[Case, ...] = (
    _nn("Bernoulli", of.BERNOULLI, _same, (0, 1), ("x",), probs=CHANCE),
    _nn("Bernoulli", of.BERNOULLI, lambda v: (0, 1, _chance(v)), (0, 1), ("x",), logits=ODDS),
    _nn("Beta", of.BETA, _same, UNIT, concentration1=SHAPE, concentration0=SHAPE),
    _nn("Binomial", of.BINOMIAL, _same, (0, 1, 2, 5), ("x", "total_count"), total_count=(7,), probs=CHANCE),
    _nn("Binomial", of.BINOMIAL, lambda n, v: (0, 1, n, _chance(v)), (0, 1, 2, 5), ("x", "total_count"),
        total_count=(7,), logits=ODDS),
    _nn("Binomial", of.BINOMIAL, _same, (0, 1, 2, 5), ("x", "total_count"), functions=("log_prob", "mean", "variance"),
        total_count=(7, 100, 10**6), probs=CHANCE),
    _nn("Categorical", _CLASSES, _same, (0, 1, 2), ("x",), _rows("Categorical"), **_OF_ROWS),
    _nn("Categorical", _LOGITS, _same, (0, 1, 2), ("x",), _rows("Categorical"), **_OF_LOGITS),
    _nn("Cauchy", of.CAUCHY, _placed, loc=LOC, scale=SCALE),
    _nn("Chi2", of.CHI2, _same, SIZES, df=SHAPE),
    _nn("Dirichlet", Family(_dirichlet, entropy=_dirichlet_entropy), _same, PARTS, ("x1", "x2", "x3"),
        _rows("Dirichlet"), 3, concentration1=SHAPE[:6], concentration2=SHAPE[:6], concentration3=SHAPE[:6]),
    _nn("Exponential", of.EXPONENTIAL, lambda r: (0, 1 / r), SIZES, rate=SCALE),
    _nn("FisherSnedecor", of.FISHER, _same, SIZES, df1=SHAPE, df2=SHAPE),
    _nn("Gamma", of.GAMMA, lambda a, r: (0, 1 / r, a), SIZES, concentration=SHAPE, rate=SCALE),
    _nn("Geometric", of.GEOMETRIC, _same, COUNTS, ("x",), probs=CHANCE),
    _nn("Geometric", of.GEOMETRIC, lambda v: (0, 1, _chance(v)), COUNTS, ("x",), logits=ODDS),
    _nn("Gumbel", of.GUMBEL, _placed, loc=LOC, scale=SCALE),
    _nn("HalfCauchy", of.HALF_CAUCHY, _scaled, SIZES, scale=SCALE),
    _nn("HalfNormal", of.HALF_NORMAL, _scaled, SIZES, scale=SCALE),
    _nn("Independent", Family(_both), _same, make=_pair, columns=2, functions=("log_prob",), loc=LOC, scale=(1, 7)),
    _nn("InverseGamma", of.INVERSE_GAMMA, lambda a, r: (0, r, a), SIZES, concentration=SHAPE, rate=SCALE),
    _nn("Kumaraswamy", of.KUMARASWAMY, _same, UNIT, concentration1=SHAPE[:6], concentration0=SHAPE[:6]),
    _nn("Laplace", of.LAPLACE, _placed, loc=LOC, scale=SCALE),
    _nn("LogNormal", of.LOG_NORMAL, lambda m, s: (0, exp(m), s), SIZES, loc=LOC, scale=(1, 0.3, 5, 1e-3, 1e-10, 20)),
    _nn("LowRankMultivariateNormal", Family(_low_rank_density), _same, (0.3, -1, 3, 1e4), (), _low_rank, 2,
        ("log_prob",), factor1=(1, 0.3), factor2=(0.2, 2), diag1=(1, 1e-2), diag2=(1, 3)),
    _nn("MixtureSameFamily", Family(_mixture), _same, REAL, (), _two, functions=("log_prob",), p=ROWS, q=ROWS,
        a=(1, 3), b=(0.5, 6)),
    _nn("Multinomial", Family(_of_counts), _same, COUNTED, ("x1", "x2", "x3"), _rows("Multinomial", total_count=4), 3,
        ("log_prob",), **_OF_ROWS),
    _nn("Multinomial", Family(lambda *p: _counts_density(p[:3], [v - _log_sum(*p[3:]) for v in p[3:]])), _same,
        COUNTED, ("x1", "x2", "x3"), _rows("Multinomial", total_count=4), 3, ("log_prob",), **_OF_LOGITS),
    _nn("MultivariateNormal", Family(_plane), _same, (0.3, -1, 3, 1e4), (), _normal_of_plane, 2, ("log_prob",),
        a=(2, 1, 1e8), b=(0.5, 0.3), c=(1, 3, 1e4)),
    _nn("NegativeBinomial", of.NEGATIVE_BINOMIAL, lambda n, p: (0, 1, n, 1 - p), COUNTS, ("x",),
        total_count=(1, 2.5, 0.3, 1e3, 1e-6), probs=CHANCE),
    _nn("NegativeBinomial", of.NEGATIVE_BINOMIAL, lambda n, v: (0, 1, n, _chance(-v)), COUNTS, ("x",),
        total_count=(1, 2.5, 0.3, 1e3, 1e-6), logits=ODDS),
    _nn("Normal", of.NORMAL, _placed, loc=LOC, scale=SCALE),
    *(_nn(name, family, _same, ((1, 0, 0), (0, 1, 0), (0, 0, 1)), ("x1", "x2", "x3"), _rows(name), 3,
          ("log_prob", "entropy"), **parameters)
      for name in ("OneHotCategorical", "OneHotCategoricalStraightThrough")
      for family, parameters in ((_ONE_HOT, _OF_ROWS), (_ONE_HOT_LOGITS, _OF_LOGITS))),
    _nn("Pareto", of.PARETO, lambda s, a: (0, s, a), ABOVE, scale=SCALE, alpha=SHAPE),
    _nn("Poisson", of.POISSON, _same, COUNTS, ("x",), rate=(1, 0.3, 30, 1e4, 1e-10, 1e-36, 1e-100)),
    _nn("RelaxedBernoulli", Family(lambda x, t, p: _relaxed(x, t, log(p / (1 - p)))), _same, UNIT,
        temperature=(1, 0.3, 7), probs=CHANCE),
    _nn("RelaxedBernoulli", Family(_relaxed), _same, UNIT, temperature=(1, 0.3, 7), logits=ODDS),
    _nn("RelaxedOneHotCategorical", Family(_relaxed_rows), _same, PARTS, ("x1", "x2", "x3"), lambda d, p, on:
        d.RelaxedOneHotCategorical(p["temperature"], logits=_stack(*(v for k, v in p.items() if k[0] == "l")),
                                   validate_args=False), 3, ("log_prob",), temperature=(1, 0.3, 7), **_OF_LOGITS),
    _nn("StudentT", of.STUDENT, lambda n, m, s: (m, s, n), df=(1, 3.3, 0.3, 30, 1e4, 1e8), loc=LOC, scale=SCALE),
    _nn("TransformedDistribution", of.LOGISTIC, _placed, make=_logistic, loc=LOC, scale=SCALE,
        functions=("log_prob", "cdf", "icdf")),
    _nn("Uniform", of.UNIFORM, lambda a, b: (a, b - a), UNIT, low=(0, -1, -1e-10, -1e30), high=(1, 3, 1e10, 1e-10)),
    _nn("VonMises", of.VON_MISES, lambda m, k: (m, 1, k), ANGLES, functions=("log_prob", "variance"),
        loc=(0, 0.7), concentration=(1, 1e-8, 0.3, 4, 20, 1e4, 1e-20)),
    _nn("Weibull", of.WEIBULL, lambda s, k: (0, s, k), SIZES, scale=SCALE, concentration=(*SHAPE[:5], 200, 1e4)),
)  # fmt: skip
CASES: tuple[Case, ...] = (*SCIPY, *NN)
CLOSE = 8.0  # ulps: below, nobody asks how ill-conditioned a derivative is
DIGITS = ((22, 80), (60, 260), (330, 1000))  # of the inverse of a step, and in all
Worst = dict[str, tuple[float, str, tuple[float, ...]]]
SECONDS = 0.4  # of the processor, for one place


def methods(case: Case) -> tuple[str, ...]:
    """Return the functions of a distribution that are measured."""
    if case.functions:
        return case.functions
    if case.library == "scipy":
        if "x" in case.constants:
            return ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")
        return ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
    kind, family = getattr(nn.distributions, case.name), case.family
    own = [name for name in ("cdf", "icdf") if getattr(kind, f"_{name}") is not getattr(
        nn.distributions.Distribution, f"_{name}")]  # fmt: skip
    shared = [name for name in OF_SHAPES if getattr(family, name) and getattr(kind, name) is not getattr(
        nn.distributions.Distribution, name)]  # fmt: skip
    return ("log_prob", *own, *shared, *(["stddev"] if "variance" in shared else []))


def _exact(case: Case, method: str, *values: Any) -> Any:
    """Return the true result, in mpmath, given the value and the parameters."""
    family, method = case.family, FIT.get(method, method)
    if case.columns and method not in OF_SHAPES:
        found = family.log_density(*values)
        return found if "log" in method else exp(found)
    if method in (*OF_SHAPES, "stddev"):
        loc, scale, *shapes = case.standard(*values)
        found = getattr(family, method.replace("stddev", "variance"))(*shapes)
        power = {"entropy": log(scale), "mean": loc + scale * found}.get(method, scale * scale * found)
        return power + found if method == "entropy" else sqrt(power) if method == "stddev" else power
    x, *parameters = values
    loc, scale, *shapes = case.standard(*parameters)
    if method in ("ppf", "isf"):
        q, rest = (x, 1 - x) if method == "ppf" else (1 - x, x)
        return loc + scale * of.quantile(family, q, rest, *shapes)
    z = (x - loc) / scale
    if not z and "x" not in case.constants:  # an end of the support, or a kink
        return mp.nan
    if method in ("pdf", "logpdf", "pmf", "logpmf"):
        found = family.log_density(z, *shapes) - (log(scale) if "x" not in case.constants else 0)
        return found if "log" in method else exp(found)
    tails = (family.below, family.above) if "cdf" in method else (family.above, family.below)
    chance = tails[0](z, *shapes)  # type: ignore[misc]  # it has both
    if not 0 <= chance <= 1:
        return mp.nan
    if "log" not in method:
        return chance
    return log(chance) if chance < 0.5 else log1p(-tails[1](z, *shapes))  # type: ignore[misc]


def _columns(case: Case, method: str) -> list[str]:
    if method in (*OF_SHAPES, "stddev"):
        return list(case.parameters)
    return [*([f"x{i + 1}" for i in range(case.columns)] or ["x"]), *case.parameters]


def _places(case: Case, method: str, dtype: Any, count: int) -> list[tuple[float, ...]]:
    """Return values of the columns, in the dtype: random ones of those that a case names."""
    rng = np.random.default_rng(zlib.crc32(f"{case.library} {case.name} {method} {dtype}".encode()))
    rows: list[tuple[float, ...]] = []
    least, most = (1e-37, 1e37) if dtype == "float32" else (1e-305, 1e305)

    def drawn(values: Any) -> Any:
        fits = [v for v in values if np.ndim(v) or v == 0 or least < abs(v) < most]
        return fits[rng.integers(len(fits))]

    while len(rows) < count:
        parameters = {name: dtype_of(dtype)(drawn(values)) for name, values in case.parameters.items()}
        if "loc" in parameters and parameters.get("scale", 1) < 1e-4:
            parameters["loc"] *= 0
        given = tuple(float(v) for v in parameters.values())
        if method in (*OF_SHAPES, "stddev"):
            rows.append(given)
            continue
        if method in ("ppf", "isf", "icdf"):
            rows.append((float(dtype_of(dtype)(drawn(CHANCE[1:]))), *given))
            if not 0 < rows[-1][0] < 1:
                rows.pop()
            continue
        if case.columns:
            point = drawn(case.points)
            parts = point if np.ndim(point) else [drawn(case.points) for _ in range(case.columns)]
            if case.points is PARTS:
                parts = [*parts[:-1], 1 - sum(parts[:-1])]
            rows.append((*(float(dtype_of(dtype)(v)) for v in parts), *given))
            continue
        with mp.workdps(60), np.errstate(over="ignore"):
            loc, scale, *_ = case.standard(*map(mpf, given))
            x = float(dtype_of(dtype)(float(loc + scale * mpf(drawn(case.points)))))
        if math.isfinite(x):
            rows.append((x, *given))
    return rows


def dtype_of(name: str) -> Any:
    """Return NumPy's type of a name."""
    return getattr(np, name)


def _computed(case: Case, method: str, dtype: str, rows: list[tuple[float, ...]]) -> list[Array]:
    """Return values and gradients of the library, one row for each quantity."""
    names = _columns(case, method)
    if case.library == "scipy" and case.columns and len(rows) > 1:
        each = [_computed(case, method, dtype, [row]) for row in rows]
        return [np.concatenate(found) for found in zip(*each, strict=True)]
    columns = np.array(rows, dtype).T
    given: dict[str, Any] = {
        name: column if name in case.constants else tensor(column, requires_grad=True)
        for name, column in zip(names, columns, strict=True)
    }
    parameters = {name: given[name] for name in case.parameters}
    rows_of_x = [given[name] for name in names if name[0] == "x" and name[1:].isdigit()]
    on: Any = _stack(*rows_of_x) if rows_of_x else given.get("x")
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # derivatives may be infinite
        if case.library == "scipy":
            if case.columns and len(rows) == 1:
                on, parameters = on[0], {name: value[0] for name, value in parameters.items()}
            args = case.make(stats, parameters, on) if case.make else (on, *parameters.values())
            found = getattr(getattr(stats, case.name), method)(*args)
        else:
            kind: Any = case.make or (lambda d, p, on: getattr(d, case.name)(**p, validate_args=False))
            if isinstance(on, np.ndarray) and case.name == "Categorical":
                on = on.astype(int)
            distribution = kind(nn.distributions, parameters, on)
            found = getattr(distribution, method)
            found = found if method in ("mean", "variance", "stddev") else found(*([] if method == "entropy" else [on]))
        if not isinstance(found, Tensor):
            found = tensor(found)
        if found.requires_grad:
            np.sum(found).backward()
    assert case.library == "scipy" or found.dtype == dtype, (case.name, method, found.dtype)
    slopes = [
        np.zeros(len(rows)) if given[n].grad is None else given[n].grad.data for n in names if n not in case.constants
    ]
    return [np.broadcast_to(np.asarray(found.data, float), len(rows)), *(np.asarray(s, float) for s in slopes)]


class _Truth:
    """The true value of one place, its derivatives, and by how much an ulp of each variable changes them."""

    def __init__(self, case: Case, method: str, dtype: str, row: tuple[float, ...]) -> None:
        self.case, self.method, self.row = case, method, row
        self.ulps = [
            0.0 if name in case.constants or v == 0 else float(np.spacing(np.abs(dtype_of(dtype)(v))))
            for name, v in zip(_columns(case, method), row, strict=True)
        ]
        named = dict(zip(_columns(case, method), row, strict=True))
        distance = abs(named.get("x", 1.0) - named.get("loc", 0.0)) or 1.0
        self.sizes = [
            distance if name in ("x", "loc") and {"x", "loc"} <= named.keys() and method not in ("ppf", "isf", "icdf")
            else min(abs(v), 1 - v) if 0 < v < 1 else abs(v) or 1.0 for name, v in named.items()
        ]  # fmt: skip
        self.live = [i for i, name in enumerate(named) if name not in case.constants]

    def at(self, *steps: tuple[int, Any]) -> Any:
        values = [mpf(v) for v in self.row]
        for i, step in steps:
            values[i] += step
        try:
            return _exact(self.case, self.method, *values)
        except (ArithmeticError, ValueError, TypeError):  # outside of the support, or too far out for mpmath
            return mp.nan

    def _difference(self, which: tuple[int, ...], k: int) -> Any:
        steps = [self.sizes[i] * mpf(10) ** -k for i in which]
        if len(which) == 1:
            return (self.at((which[0], steps[0])) - self.at((which[0], -steps[0]))) / (2 * steps[0])
        (i, j), (h, g) = which, steps
        total = sum(s * t * self.at((i, s * h), (j, t * g)) for s in (1, -1) for t in (1, -1))
        return total / (4 * h * g)

    def derivative(self, *which: int) -> Any:
        """Return a derivative, by steps of two sizes that agree; None if none do."""
        for k, digits in DIGITS[: 3 if len(which) == 1 else 2]:
            with mp.workdps(digits):
                first, second = (self._difference(which, n) for n in (k, k - 3))
                if abs(first - second) <= GAP * abs(first):
                    return first
        return None

    def unit(self, *which: int) -> float | None:
        """Return what an ulp of each variable changes in a quantity."""
        parts = [(self.derivative(*which, j), self.ulps[j]) for j in self.live if self.ulps[j]]
        if any(slope is None for slope, _ in parts):
            return None
        return float(sum(abs(slope) * ulp for slope, ulp in parts))


def _real(value: Any) -> bool:
    return value is not None and not isinstance(value, mpmath.mpc) and mpmath.isfinite(value)


def errors(case: Case, method: str, dtype: str, count: int) -> Iterator[tuple[str, float, tuple[float, ...]]]:
    """Yield the quantity, its error in ulps beyond the conditioning, and the place."""
    rows = _places(case, method, dtype, count)
    found = _computed(case, method, dtype, rows)
    for number, row in enumerate(rows):
        results = [values[number] for values in found]
        kept: list[tuple[str, float]] = []
        with limited(SECONDS):
            kept = list(_errors_at(_Truth(case, method, dtype, row), results, dtype))
        yield from ((quantity, error, row) for quantity, error in kept)


def _errors_at(truth: _Truth, found: list[Any], dtype: str) -> Iterator[tuple[str, float]]:
    """Yield the quantities of one place, and their errors; none where the value itself is beyond the dtype."""
    info = np.finfo(dtype)
    for got, which in zip(found, [(), *((i,) for i in truth.live)], strict=True):
        with mp.workdps(DIGITS[0][1]):
            true = truth.derivative(*which) if which else truth.at()
            if not _real(true) or not float(info.tiny) <= abs(true) <= float(info.max):
                if not which:
                    return
                continue
            quantity = f"gradient by {_columns(truth.case, truth.method)[which[0]]}" if which else "value"
            error = _error(truth, which, float(got), true, dtype)
            if error is not None:
                yield quantity, error


def _error(truth: _Truth, which: tuple[int, ...], got: float, true: Any, dtype: str) -> float | None:
    if not math.isfinite(got):
        return math.inf
    miss = abs(mpf(got) - true)
    error = float(miss / mpf(float(np.spacing(dtype_of(dtype)(abs(float(true)))))))
    if error <= CLOSE:
        return error
    unit = truth.unit(*which)
    return None if unit is None else min(error, float(miss / unit)) if unit else error


def errors_at(case: Case, method: str, dtype: str, row: tuple[float, ...]) -> dict[str, float]:
    """Return the errors at one place, by quantity."""
    results = [values[0] for values in _computed(case, method, dtype, [row])]
    return dict(_errors_at(_Truth(case, method, dtype, row), results, dtype))


def worst(case: Case, method: str, dtype: str, count: int) -> Worst:
    """Return the worst errors of the value and of the gradient, each with what it is of and the place."""
    table: Worst = {}
    for quantity, error, row in errors(case, method, dtype, count):
        order = quantity.partition(" ")[0]
        if order not in table or error > table[order][0]:
            table[order] = (float(f"{error:.2g}"), quantity, row)
    return table


def measured(count: int, processes: int = 2) -> dict[str, dict[str, Worst]]:
    """Return the worst errors of all functions, by ``library.name.function`` and dtype."""
    jobs = [(i, method, dtype, count) for i, case in enumerate(CASES) for method in methods(case)
            for dtype in dtypes(case)]  # fmt: skip
    table: dict[str, dict[str, Worst]] = {}
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for (i, method, dtype, _), found in zip(jobs, pool.imap(_job, jobs), strict=True):
            kept = table.setdefault(f"{CASES[i].library}.{CASES[i].name}.{method}", {}).setdefault(dtype, {})
            for order, entry in found.items():
                if order not in kept or entry[0] > kept[order][0]:
                    kept[order] = entry
    return table


def _job(job: tuple[int, str, str, int]) -> Worst:
    i, method, dtype, count = job
    return worst(CASES[i], method, dtype, count)


def dtypes(case: Case) -> tuple[str, ...]:
    """Return the dtypes in which a library computes."""
    return ("float64",) if case.library == "scipy" else ("float32", "float64")
