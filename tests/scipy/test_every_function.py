"""Every function of `autograd.scipy`: values of SciPy, derivatives of a source that knows nothing of this library.

Those are the complex step of SciPy's own function, or of a closed form, where they take complex numbers; mpmath with
40 digits for distributions; and else differences. Special functions have theirs in `tests/operations`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.sparse

from autograd import grad, jvp, tensor, vmap
from autograd.scipy import __all__ as modules
from autograd.scipy import stats

from ..lists import assert_complete
from .helpers import Draw, parts_of

mp: Any = pytest.importorskip("mpmath", reason="compares with mpmath: pip install -e '.[dev]'")
drawn = Draw()


@dataclass
class Case:
    """A call of a function.

    Attributes
    ----------
    call
        Calls the function of a module, ours or SciPy's, with the inputs.
    inputs
        What is differentiated by.
    other
        What the call is compared with, if not the same of SciPy's module.
    analytic
        Whether that takes complex numbers, so that its complex step is its slope.
    close
        The relative error that is allowed, of the value and the slope; ten times as much of the second derivative.
    """

    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    other: Callable[..., Any] | None = None
    analytic: bool = False
    close: float = 1e-8


def symmetric(x: Any) -> Any:
    return 0.5 * (x + x.T) + 4 * np.eye(3)


M, V, W, X = drawn((3, 3)) + 3 * np.eye(3), drawn((3,)), drawn((4,)), np.array([0.0, 0.7, 1.5, 3.0])
POSITIVE, POINTS = np.exp(0.3 * drawn((3, 3))), np.array([0.2, 1.1, 2.4])
INDICES, POINTERS = np.array([0, 2, 1, 0]), np.array([0, 2, 3, 4])
EQUATION: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-10, "method": "DOP853", "t_eval": [0.25, 0.5]}

FFT = {name: Case(lambda m, x, name=name: getattr(m, name)(x), (drawn((2, 4)),))
       for name in import_module("autograd.scipy.fft").__all__ if not name.endswith("freq")}  # fmt: skip
CASES: dict[str, dict[str, Case]] = {
    "fft": {
        **FFT,
        "fftfreq": Case(lambda m, d: m.fftfreq(4, d), (np.float64(0.7),), lambda d: scipy.fft.fftfreq(4) / d, True),
        "rfftfreq": Case(lambda m, d: m.rfftfreq(4, d), (np.float64(0.7),), lambda d: scipy.fft.rfftfreq(4) / d, True),
    },
    "integrate": {
        "trapezoid": Case(lambda m, y, x: m.trapezoid(y, x), (W, X), analytic=True),
        "cumulative_trapezoid": Case(lambda m, y, x: m.cumulative_trapezoid(y, x), (W, X)),
        "simpson": Case(lambda m, y, x: m.simpson(y, x=x), (W, X)),
        "cumulative_simpson": Case(lambda m, y, x: m.cumulative_simpson(y, x=x), (W, X)),
        "quad": Case(lambda m, a, b: m.quad(lambda x: np.exp(a * x), 0, b)[0], (np.float64(0.7), np.float64(1.3)),
                     lambda a, b: (np.exp(a * b) - 1) / a, True, 1e-12),
        "solve_ivp": Case(lambda m, a, y: m.solve_ivp(lambda t, y: -a * y * y, (0, 0.5), y, **EQUATION).y,
                          (np.float64(0.7), np.array([1.3])),
                          lambda a, y: y[0] / (1 + a * y[0] * np.array([[0.25, 0.5]])), True),
        "odeint": Case(lambda m, a, y: m.odeint(lambda y, t: -a * y * y, y, [0, 0.3], rtol=1e-9, atol=1e-10)[1],
                       (np.float64(0.7), np.array([1.3])), lambda a, y: y / (1 + 0.3 * a * y), True, 1e-7),
    },
    "interpolate": {
        "CubicSpline": Case(lambda m, x, y, p: m.CubicSpline(x, y)(p), (X, W, POINTS)),
        "Akima1DInterpolator": Case(lambda m, x, y, p: m.Akima1DInterpolator(x, y)(p), (X, W, POINTS)),
        "PchipInterpolator": Case(lambda m, x, y, p: m.PchipInterpolator(x, y)(p), (X, W, POINTS)),
        "CubicHermiteSpline": Case(lambda m, x, y, s, p: m.CubicHermiteSpline(x, y, s)(p), (X, W, drawn((4,)), POINTS)),
        "PPoly": Case(lambda m, c, x, p: m.PPoly(c, x)(p), (drawn((4, 3)), X, POINTS)),
        "interp1d": Case(lambda m, x, y, p: m.interp1d(x, y)(p), (X, W, POINTS)),
        "RegularGridInterpolator": Case(lambda m, x, v, p: m.RegularGridInterpolator((x, X), v)(p),
                                        (X, drawn((4, 4)), np.stack([POINTS, POINTS[::-1]], 1))),
    },
    "linalg": {
        "solve": Case(lambda m, a, b: m.solve(a, b), (M, V), analytic=True),
        "solve_triangular": Case(lambda m, a, b: m.solve_triangular(a, b, 1), (M, V), analytic=True),
        "solve_banded": Case(lambda m, a, b: m.solve_banded((1, 1), a, b), (M + 2, V), analytic=True),
        "cho_factor": Case(lambda m, a: np.triu(m.cho_factor(symmetric(a))[0]), (M,)),
        "cho_solve": Case(lambda m, a, b: m.cho_solve(m.cho_factor(symmetric(a)), b), (M, V)),
        "cholesky": Case(lambda m, a: m.cholesky(symmetric(a), lower=True), (M,)),
        "lu": Case(lambda m, a: m.lu(a)[1:], (M,), analytic=True),
        "lu_factor": Case(lambda m, a: m.lu_factor(a)[0], (M,), analytic=True),
        "lu_solve": Case(lambda m, a, b: m.lu_solve(m.lu_factor(a), b), (M, V), analytic=True),
        "det": Case(lambda m, a: m.det(a), (M,), analytic=True),
        "inv": Case(lambda m, a: m.inv(a), (M,), analytic=True),
        "expm": Case(lambda m, a: m.expm(a), (M / 3,)),
        "logm": Case(lambda m, a: m.logm(a @ a), (M,)),
        "sqrtm": Case(lambda m, a: m.sqrtm(a @ a), (M,)),
        "solve_sylvester": Case(lambda m, a, b, q: m.solve_sylvester(a, b, q), (M, M.T, POSITIVE)),
        "solve_continuous_lyapunov": Case(lambda m, a, q: m.solve_continuous_lyapunov(a, q), (M, POSITIVE)),
        "solve_discrete_lyapunov": Case(lambda m, a, q: m.solve_discrete_lyapunov(a / 9, q), (M, POSITIVE)),
        "eigh": Case(lambda m, a: tuple(np.abs(x) for x in m.eigh(a + a.T)), (M,)),
        "eigvalsh": Case(lambda m, a: m.eigvalsh(a + a.T), (M,)),
        "svd": Case(lambda m, a: tuple(np.abs(x) for x in m.svd(a, False)), (M,)),
        "svdvals": Case(lambda m, a: m.svdvals(a[:2]), (M,)),
        "norm": Case(lambda m, a: m.norm(a, "nuc"), (M,)),
        "block_diag": Case(lambda m, a, b: m.block_diag(a, b), (M, V), analytic=True),
        "toeplitz": Case(lambda m, c, r: m.toeplitz(c, r), (V, W), analytic=True),
    },
    "optimize": {  # of whose solutions there are closed forms
        "root": Case(lambda m, a: m.root(lambda x: x**3 - a, np.ones(2), tol=1e-13).x, (POSITIVE[0, :2],),
                     lambda a: a ** (1 / 3), True, 1e-11),
        "fsolve": Case(lambda m, a: m.fsolve(lambda x: x**3 - a, np.ones(2), xtol=1e-13), (POSITIVE[0, :2],),
                       lambda a: a ** (1 / 3), True, 1e-11),
        "root_scalar": Case(lambda m, a: m.root_scalar(lambda x: np.exp(x) - a, bracket=(0, 3)).root,
                            (np.float64(4.0),), np.log, True, 1e-11),
        "brentq": Case(lambda m, a: m.brentq(lambda x: np.exp(x) - a, 0, 3), (np.float64(4.0),), np.log, True, 1e-11),
        "minimize": Case(lambda m, a: m.minimize(lambda x: np.sum(np.cosh(x - a**2)), 0 * V, tol=1e-10).x, (V,),
                         lambda a: a**2, True, 1e-7),
        "least_squares": Case(lambda m, a: m.least_squares(lambda x: np.exp(x) - a, [1.0, 1.0], xtol=1e-15).x,
                              (POSITIVE[0, :2],), np.log, True, 1e-7),
    },
    "signal": {
        "convolve": Case(lambda m, a, b: m.convolve(a, b), (W, V), analytic=True),
        "correlate": Case(lambda m, a, b: m.correlate(a, b), (W, V)),
        "fftconvolve": Case(lambda m, a, b: m.fftconvolve(a, b), (W, V)),
        "lfilter": Case(lambda m, b, a, x: m.lfilter(b, a, x), (V, 2 + V / 4, W), analytic=True),
        "savgol_filter": Case(lambda m, x: m.savgol_filter(x, 3, 1), (W,)),
    },
    "sparse": {
        "SparseArray": Case(lambda m, d, x: m.SparseArray(d, [0, 1, 1, 2], INDICES, (3, 3)) @ x, (W, V),
                            lambda d, x: scipy.sparse.coo_array((d, ([0, 1, 1, 2], INDICES))) @ x, True),
        "matmul": Case(lambda m, x: m.matmul(scipy.sparse.csr_array(M), x), (V,), lambda x: M @ x, True),
        "csr_array": Case(lambda m, d, x: m.csr_array((d, INDICES, POINTERS)) @ x, (W, V), analytic=True),
        "csc_array": Case(lambda m, d, x: m.csc_array((d, INDICES, POINTERS)) @ x, (W, V), analytic=True),
        "coo_array": Case(lambda m, d, x: m.coo_array((d, ([0, 1, 1, 2], INDICES))) @ x, (W, V), analytic=True),
        "diags_array": Case(lambda m, d, x: m.diags_array([d, d[:2]], offsets=[0, 1]) @ x, (V, V), analytic=True),
    },
    "sparse.linalg": {
        "spsolve": Case(lambda m, d, b: m.spsolve((import_module("autograd.scipy.sparse") if m.__name__[0] == "a"
                                                          else scipy.sparse).csc_array
                                                  ((d, [0, 1, 1, 0, 2], [0, 2, 3, 5])), b),
                        (np.array([2.0, 0.3, 1.5, 0.7, 3.0]), V)),
    },
    "spatial.distance": {
        "cdist": Case(lambda m, a, b: m.cdist(a, b, "correlation"), (POSITIVE, M)),
        "pdist": Case(lambda m, a: m.pdist(a, "jensenshannon"), (POSITIVE,)),
        "squareform": Case(lambda m, v: m.squareform(v), (V,)),
    },
}  # fmt: skip
GIVEN = [(module, name) for module, cases in CASES.items() for name in cases]


def test_every_public_function_is_compared() -> None:
    where = "tests/scipy/test_every_function.py"
    for module in [*modules, "sparse.linalg", "spatial.distance"]:
        names = {*import_module(f"autograd.scipy.{module}").__all__}
        if module == "stats":
            assert_complete(names - {"Continuous", "Discrete"}, {*DENSITIES, *MASSES, *VECTORS}, where)
        elif module != "special":  # which test_accuracy compares
            inner = {"linalg", "distance"} if module in ("sparse", "spatial") else set()
            assert_complete(names - inner, CASES.get(module, {}).keys(), f"{where}, {module}")


def joined(parts: Any) -> Any:
    return np.concatenate([np.reshape(part, -1) for part in parts_of(parts)])


def reverse(function: Callable[..., Any], at: tuple[Any, ...], along: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return the first and second derivative of a function of one number along a direction, by reverse mode."""
    every = tuple(range(len(at)))

    def slope(*x: Any) -> Any:
        return sum(np.sum(g * v) for g, v in zip(grad(function, every)(*x), along, strict=True))

    return slope(*at), sum(np.sum(g * v) for g, v in zip(grad(slope, every)(*at), along, strict=True))


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("module", "name"), GIVEN)
def test_values_and_derivatives_of_both_orders(module: str, name: str) -> None:
    case = CASES[module][name]
    here, theirs = import_module(f"autograd.scipy.{module}"), import_module(f"scipy.{module}")
    known: Any = (lambda *x: joined(case.call(theirs, *x))) if case.other is None else lambda *x: joined(case.other(*x))
    along = tuple(np.cos(1 + np.arange(np.size(x))).reshape(np.shape(x)) for x in case.inputs)

    def at(step: Any) -> Any:
        return known(*[x + step * v for x, v in zip(case.inputs, along, strict=True)])

    def difference(of: Callable[[float], Any], h: float) -> Any:
        return (8 * (of(h) - of(-h)) - (of(2 * h) - of(-2 * h))) / (12 * h)

    def slope(step: float = 0.0) -> Any:
        return at(step + 1e-30j).imag * 1e30 if case.analytic else difference(lambda h: at(step + h), 1e-3)

    function: Any = lambda *x: joined(case.call(here, *x))  # noqa: E731
    value, first = jvp(function, case.inputs, along)
    second = jvp(lambda *x: jvp(function, x, along)[1], case.inputs, along)[1]
    expected = at(0.0), slope(), difference(slope, 1e-3)
    for i, (found, same) in enumerate(zip((value, first, second), expected, strict=True)):
        size = np.max(np.abs(same), initial=1)
        np.testing.assert_allclose(found, same, rtol=0, atol=(case.close if i < 2 else 1e-6) * size)
    weights = np.cos(2 + np.arange(value.size))
    for found, same in zip(reverse(lambda *x: np.sum(np.real(function(*x)) * weights), case.inputs, along),
                           expected[1:], strict=True):  # fmt: skip
        np.testing.assert_allclose(found, np.sum(np.real(same) * weights), atol=1e-6 * np.max(np.abs(same), initial=1))
    plain = joined(case.call(here, *map(tensor, case.inputs)))
    np.testing.assert_allclose(plain.data, expected[0], atol=max(case.close, 1e-10) * 10)


# Distributions, of which mpmath computes the densities and distribution functions


def half_t(z: Any, df: Any) -> Any:
    half = mp.betainc(df / 2, 0.5, 0, df / (df + z * z), regularized=True) / 2
    return half if z < 0 else 1 - half


def circular(z: Any, kappa: Any) -> Any:
    terms = [mp.besseli(j, kappa) * mp.sin(j * z) / j for j in range(1, 30)]  # less than 1e-30 is left for kappa = 1.4
    return 0.5 + z / (2 * mp.pi) + sum(terms) / (mp.pi * mp.besseli(0, kappa))


def incomplete(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


# For each: shape parameters, the density and the distribution function of the standardized variable.
DENSITIES: dict[str, tuple[tuple[float, ...], Any, Any]] = {
    "norm": ((), mp.npdf, mp.ncdf),
    "uniform": ((), lambda z: mp.mpf(1), lambda z: z),
    "laplace": ((), lambda z: mp.exp(-abs(z)) / 2, lambda z: mp.exp(z) / 2 if z < 0 else 1 - mp.exp(-z) / 2),
    "logistic": ((), lambda z: mp.exp(-z) / (1 + mp.exp(-z)) ** 2, lambda z: 1 / (1 + mp.exp(-z))),
    "cauchy": ((), lambda z: 1 / (mp.pi * (1 + z * z)), lambda z: mp.atan(z) / mp.pi + 0.5),
    "gumbel_r": ((), lambda z: mp.exp(-z - mp.exp(-z)), lambda z: mp.exp(-mp.exp(-z))),
    "gumbel_l": ((), lambda z: mp.exp(z - mp.exp(z)), lambda z: -mp.expm1(-mp.exp(z))),
    "expon": ((), lambda z: mp.exp(-z), lambda z: -mp.expm1(-z)),
    "halfnorm": ((), lambda z: 2 * mp.npdf(z), lambda z: mp.erf(z / mp.sqrt(2))),
    "rayleigh": ((), lambda z: z * mp.exp(-z * z / 2), lambda z: -mp.expm1(-z * z / 2)),
    "t": ((3.3,), lambda z, n: (1 + z * z / n) ** (-(n + 1) / 2) / (mp.sqrt(n) * mp.beta(0.5, n / 2)), half_t),
    "gamma": ((2.2,), lambda z, a: z ** (a - 1) * mp.exp(-z) / mp.gamma(a),
              lambda z, a: mp.gammainc(a, 0, z, regularized=True)),
    "chi2": ((3.1,), lambda z, k: z ** (k / 2 - 1) * mp.exp(-z / 2) / (2 ** (k / 2) * mp.gamma(k / 2)),
             lambda z, k: mp.gammainc(k / 2, 0, z / 2, regularized=True)),
    "invgamma": ((2.5,), lambda z, a: z ** (-a - 1) * mp.exp(-1 / z) / mp.gamma(a),
                 lambda z, a: mp.gammainc(a, 1 / z, mp.inf, regularized=True)),
    "beta": ((1.7, 2.4), lambda z, a, b: z ** (a - 1) * (1 - z) ** (b - 1) / mp.beta(a, b),
             lambda z, a, b: incomplete(a, b, z)),
    "f": ((3.2, 4.5), lambda z, m, n: (m / n) ** (m / 2) * z ** (m / 2 - 1) * (1 + m * z / n) ** (-(m + n) / 2)
          / mp.beta(m / 2, n / 2), lambda z, m, n: incomplete(m / 2, n / 2, m * z / (m * z + n))),
    "lognorm": ((0.7,), lambda z, s: mp.npdf(mp.log(z) / s) / (s * z), lambda z, s: mp.ncdf(mp.log(z) / s)),
    "pareto": ((2.2,), lambda z, b: b * z ** (-b - 1), lambda z, b: 1 - z**-b),
    "weibull_min": ((1.6,), lambda z, c: c * z ** (c - 1) * mp.exp(-(z**c)), lambda z, c: -mp.expm1(-(z**c))),
    "truncnorm": ((-0.5, 1.3), lambda z, a, b: mp.npdf(z) / (mp.ncdf(b) - mp.ncdf(a)),
                  lambda z, a, b: (mp.ncdf(z) - mp.ncdf(a)) / (mp.ncdf(b) - mp.ncdf(a))),
    "vonmises": ((1.4,), lambda z, k: mp.exp(k * mp.cos(z)) / (2 * mp.pi * mp.besseli(0, k)), circular),
}  # fmt: skip
# For each: constants, what is differentiated by, the probability of k.
MASSES: dict[str, tuple[tuple[int, ...], tuple[float, ...], Any]] = {
    "poisson": ((), (2.2,), lambda k, mu: mu**k * mp.exp(-mu) / mp.factorial(k)),
    "binom": ((7,), (0.3,), lambda k, n, p: mp.binomial(n, k) * p**k * (1 - p) ** (n - k)),
    "nbinom": ((), (3.3, 0.4), lambda k, n, p: mp.gamma(n + k) / (mp.gamma(n) * mp.factorial(k)) * p**n * (1 - p) ** k),
    "geom": ((), (0.3,), lambda k, p: p * (1 - p) ** (k - 1) if k else mp.mpf(0)),
    "bernoulli": ((), (0.3,), lambda k, p: p if k else 1 - p),
}
VECTORS: dict[str, Callable[..., Any]] = {
    "multivariate_normal": lambda x, y, a, b, c: (
        -mp.log(2 * mp.pi) - mp.log(a * c - b * b) / 2 - (c * x * x - 2 * b * x * y + a * y * y) / (2 * (a * c - b * b))
    ),
    "dirichlet": lambda x, a, b: mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    + (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x),
    "multinomial": lambda p: mp.log(4 * p**3 * (1 - p)),
}  # fmt: skip


def compare(found: Callable[..., Any], exact: Callable[..., Any], *at: float, close: float = 1e-11) -> None:
    """Compare a function of numbers with one of mpmath: values, and derivatives along a direction in both modes."""
    along = tuple(0.3 + np.cos(3 * np.arange(len(at))))
    with mp.workdps(40):
        line: Any = lambda h: exact(*[mp.mpf(float(x)) + h * mp.mpf(v) for x, v in zip(at, along, strict=True)])  # noqa: E731
        value, slope, second = (float(x) for x in mp.taylor(line, 0, 2))
    assert np.isclose(found(*map(tensor, at)).data, value, rtol=close, atol=0)
    assert np.isclose(jvp(found, at, along)[1], slope, rtol=close, atol=1e-14)
    assert np.isclose(jvp(lambda *x: jvp(found, x, along)[1], at, along)[1], 2 * second, rtol=10 * close, atol=1e-13)
    np.testing.assert_allclose(reverse(found, at, along), (slope, 2 * second), rtol=10 * close, atol=1e-13)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("method", ["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"])
@pytest.mark.parametrize("name", DENSITIES)
def test_continuous_distributions_have_the_digits_of_mpmath(name: str, method: str) -> None:
    shapes, density, below = DENSITIES[name]
    distribution: Any = getattr(stats, name)

    def exact(x: Any, *parameters: Any) -> Any:
        *given, loc, scale = parameters
        z = (x - loc) / scale
        value = density(z, *given) / scale if "pdf" in method else below(z, *given)
        value = 1 - value if "sf" in method else value
        return mp.log(value) if "log" in method else value

    for chance in (0.02, 0.7):
        x = float(distribution.ppf(chance, *shapes, 0.3, 1.7))
        compare(getattr(distribution, method), exact, x, *shapes, 0.3, 1.7)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", DENSITIES)
def test_quantiles_are_inverse_functions(name: str) -> None:
    """The distribution function of a quantile is the chance, whatever else changes: its derivatives are 1 and 0."""
    shapes, distribution = DENSITIES[name][0], getattr(stats, name)
    for quantile, function in ((distribution.ppf, distribution.cdf), (distribution.isf, distribution.sf)):
        for chance in (0.02, 0.7):
            compare(lambda *a, q=quantile, f=function: f(q(*a), *a[1:]), lambda q, *a: q, chance, *shapes, 0.3, 1.7,
                    close=1e-9)  # fmt: skip


@pytest.mark.parametrize("name", MASSES)
def test_discrete_distributions_have_the_digits_of_mpmath(name: str) -> None:
    constants, live, mass = MASSES[name]
    for method in ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf"):
        k = 0 if name == "bernoulli" else 2

        def exact(*parameters: Any, method: str = method, k: int = k) -> Any:
            value = sum(mass(i, *constants, *parameters) for i in ([k] if "pmf" in method else range(k + 1)))
            value = 1 - value if "sf" in method else value
            return mp.log(value) if "log" in method else value

        of = getattr(getattr(stats, name), method)
        compare(lambda *p, of=of, k=k: of(k, *constants, *p), exact, *live)


def test_distributions_of_vectors_have_the_digits_of_mpmath() -> None:
    def normal(x: Any, y: Any, a: Any, b: Any, c: Any) -> Any:
        return stats.multivariate_normal.logpdf(np.stack([x, y]), cov=np.stack([a, b, b, c]).reshape(2, 2))

    def dirichlet(x: Any, a: Any, b: Any) -> Any:
        return stats.dirichlet.logpdf(np.stack([x, 1 - x]), np.stack([a, b]))

    compare(normal, VECTORS["multivariate_normal"], 0.7, -0.4, 1.3, 0.4, 0.8)
    compare(dirichlet, VECTORS["dirichlet"], 0.3, 1.7, 2.2)
    compare(lambda p: stats.multinomial.logpmf([3, 1], 4, np.stack([p, 1 - p])), VECTORS["multinomial"], 0.3)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kappa", [0.0, 0.3, 60.0, 1e6])
def test_the_circular_distribution_at_all_concentrations(kappa: float) -> None:
    """By mpmath, of the integrals of the density times what its logarithm's derivatives are."""

    def integral(z: float, of: Callable[[Any, Any], Any]) -> float:
        with mp.workdps(40):
            k = mp.mpf(kappa)
            mean = mp.besseli(1, k) / mp.besseli(0, k)
            places = [-mp.pi, *(p for p in (z - 40 * width, z - 9 * width, z - 3 * width, z - width) if p > -mp.pi), z]
            inside = mp.quad(lambda t: of(mp.cos(t), mean) * mp.exp(k * (mp.cos(t) - 1)), places)
            return float(inside * mp.exp(k) / (2 * mp.pi * mp.besseli(0, k)))

    width = 1 / np.sqrt(1 + kappa)
    with mp.workdps(40):
        k = mp.mpf(kappa)
        mean = mp.besseli(1, k) / mp.besseli(0, k)
        fall = 1 - mean / k - mean**2 if kappa else mp.mpf(1) / 2
    for z in (-6 * width, -0.7 * width, 1.5 * width):
        z = float(np.clip(z, -3.1, 3.1))
        expected = [integral(z, of) for of in (lambda c, m: 1, lambda c, m: c - m, lambda c, m: (c - m) ** 2 - fall)]
        of: Any = lambda k, z=z: stats.vonmises.cdf(z, k)  # noqa: E731
        found = [float(of(tensor(kappa)).data), grad(of)(kappa), grad(grad(of))(kappa)]
        np.testing.assert_allclose(found, expected, rtol=1e-10)
        slope = grad(stats.vonmises.ppf, 1)(expected[0], kappa)
        density = grad(lambda z: stats.vonmises.cdf(z, kappa))(z)
        np.testing.assert_allclose(slope, -expected[1] / density, rtol=1e-8)


def test_the_slope_of_the_circular_density_by_a_concentration_of_0_is_that_to_the_right() -> None:
    z = np.array([-2.0, 0.5, 3.0])
    np.testing.assert_allclose(jvp(lambda k: stats.vonmises.logpdf(z, k), (0.0,), (1.0,))[1], np.cos(z), rtol=1e-14)
    vector = vmap(grad(stats.vonmises.cdf, (0, 1)))(z, np.array([0.0, 2.0, 1e4]))
    for i, kappa in enumerate((0.0, 2.0, 1e4)):
        np.testing.assert_allclose([g[i] for g in vector], grad(stats.vonmises.cdf, (0, 1))(z[i], kappa))
