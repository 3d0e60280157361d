"""Functions that mpmath lacks, from their definitions, and faster ways to some that it has."""

from __future__ import annotations

from typing import Any

from mpmath import mp

__all__ = [
    "betaincinv",
    "dawson",
    "erfcinv",
    "erfcx",
    "gammainccinv",
    "gammaincinv",
    "log_ndtr",
    "macdonald",
    "maximum",
    "minimum",
    "ndtr",
    "ndtri",
    "ndtri_exp",
    "owens_t",

    "stdtrit",
    "student",
    "voigt",
    "wrightomega",
]  # fmt: skip


def maximum(x: Any, y: Any) -> Any:
    """Return the larger number."""
    return x if x > y else y


def minimum(x: Any, y: Any) -> Any:
    """Return the smaller number."""
    return x if x < y else y


def erfcx(x: Any) -> Any:
    """Return exp(x²) erfc(x)."""
    return mp.exp(x * x) * mp.erfc(x)


def dawson(x: Any) -> Any:
    """Return the integral of exp(t² - x²) over t from 0 to x: DLMF 7.5.1."""
    if abs(x) < 1e6:
        return x * mp.hyp1f1(1, mp.mpf(1.5), -x * x)
    square = 1 / (2 * x * x)
    total = term = 1 / (2 * x)
    for k in range(1, 200):
        term = term * square * (2 * k - 1)
        total += term
    return total


def ndtr(x: Any) -> Any:
    """Return the normal distribution function."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def log_ndtr(x: Any) -> Any:
    """Return the logarithm of the normal distribution function: where that underflows, by the asymptotic series."""
    if x > 0:
        return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2)
    if x > -1e6:
        return mp.log(ndtr(x))
    total = term = mp.mpf(1)
    for k in range(1, 60):
        term = -term * (2 * k - 1) / (x * x)
        total += term
    return -x * x / 2 - mp.log(-x) - mp.log(2 * mp.pi) / 2 + mp.log(total)


def _solved(f: Any, slope: Any, target: Any, start: Any) -> Any:
    """Return the solution of f(x) = target by Newton's method from near it."""
    x = mp.mpf(start)
    for _ in range(60):
        step = (f(x) - target) / slope(x)
        x -= step
        if abs(step) <= abs(x) * mp.mpf(10) ** (-mp.dps // 2 - 3):
            return x - (f(x) - target) / slope(x)
    raise ValueError("no convergence")


def ndtri(p: Any) -> Any:
    """Return the number whose `ndtr` is `p`."""
    return -mp.sqrt(2) * erfcinv(2 * p)


def erfcinv(p: Any) -> Any:
    """Return the number whose complementary error function is `p`."""
    from scipy import special

    if p > 1:
        return -erfcinv(2 - p)
    if p == 1:
        return mp.mpf(0)
    if p > 0.5:
        return mp.erfinv(1 - p)
    log_p = mp.log(p)
    start = -special.ndtri_exp(float(log_p - mp.ln2)) / 2**0.5
    return _solved(lambda x: mp.log(mp.erfc(x)), lambda x: -2 / mp.sqrt(mp.pi) / erfcx(x), log_p, start)


def ndtri_exp(y: Any) -> Any:
    """Return the number whose `log_ndtr` is `y`."""
    from scipy import special

    start = special.ndtri_exp(float(y))
    return _solved(log_ndtr, lambda x: mp.exp(-x * x / 2 - log_ndtr(x)) / mp.sqrt(2 * mp.pi), y, start)


def owens_t(h: Any, a: Any) -> Any:
    """Return the integral of exp(-h² (1 + t²) / 2) / (1 + t²) over t from 0 to a, divided by 2 pi."""
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), mp.linspace(0, a, 6)) / (2 * mp.pi)


def wrightomega(x: Any) -> Any:
    """Return the solution of w + log(w) = x."""
    if x < 200:
        return mp.lambertw(mp.exp(x)).real
    return _solved(lambda w: w + mp.log(w), lambda w: 1 + 1 / w, x, x - mp.log(x))


def gammaincinv(a: Any, p: Any) -> Any:
    """Return the number whose regularized lower incomplete gamma function is `p`."""
    from scipy import special

    start = float(special.gammaincinv(float(a), float(p)))
    return _solved(
        lambda x: mp.log(mp.gammainc(a, 0, x, regularized=True)),
        lambda x: mp.exp((a - 1) * mp.log(x) - x) / mp.gamma(a) / mp.gammainc(a, 0, x, regularized=True),
        mp.log(p),
        start,
    )


def gammainccinv(a: Any, p: Any) -> Any:
    """Return the number whose regularized upper incomplete gamma function is `p`."""
    from scipy import special

    start = float(special.gammainccinv(float(a), float(p)))
    return _solved(
        lambda x: mp.log(mp.gammainc(a, x, regularized=True)),
        lambda x: -mp.exp((a - 1) * mp.log(x) - x) / mp.gamma(a) / mp.gammainc(a, x, regularized=True),
        mp.log(p),
        start,
    )


def betaincinv(a: Any, b: Any, p: Any) -> Any:
    """Return the number whose regularized incomplete beta function is `p`."""
    from scipy import special

    start = float(special.betaincinv(float(a), float(b), float(p)))
    return _solved(
        lambda x: mp.betainc(a, b, 0, x, regularized=True),
        lambda x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
        p,
        start,
    )


def student(v: Any, t: Any) -> Any:
    """Return Student's distribution function: near 0 by a series, else by the incomplete beta function of the tail."""
    if t * t < v / 4:
        scale = mp.gamma((v + 1) / 2) / (mp.gamma(v / 2) * mp.sqrt(mp.pi * v))
        return mp.mpf(0.5) + t * scale * mp.hyp2f1(0.5, (v + 1) / 2, 1.5, -t * t / v)
    tail = mp.betainc(v / 2, mp.mpf(0.5), 0, v / (v + t * t), regularized=True) / 2
    return tail if t < 0 else 1 - tail


def stdtrit(v: Any, p: Any) -> Any:
    """Return the number whose `student` is `p`."""
    from scipy import special

    start = float(special.stdtrit(float(v), float(p)))
    scale = 1 / (mp.sqrt(v) * mp.beta(mp.mpf(0.5), v / 2))
    return _solved(lambda t: student(v, t), lambda t: scale * (1 + t * t / v) ** (-(v + 1) / 2), p, start)


def voigt(x: Any, s: Any, c: Any) -> Any:
    """Return Voigt's density: the real part of exp(-z²) erfc(-i z), divided by s sqrt(2 pi)."""
    z = mp.mpc(x, c) / (s * mp.sqrt(2))
    return mp.re(mp.exp(-z * z) * mp.erfc(mp.mpc(0, -1) * z)) / (s * mp.sqrt(2 * mp.pi))


def macdonald(n: int, x: Any) -> Any:
    """Return K_n(x): the integral of exp(-x cosh t) cosh(n t) over t > 0, by steps, which converge exponentially."""
    if x < 0.05:
        return mp.besselk(n, x)
    digits = mp.dps * 2.303 + 12
    step = min(mp.mpf(9.8) / digits, 4.4 / mp.sqrt(x * digits))
    factor, power = mp.exp(step), mp.mpf(1)
    total, limit = mp.exp(-x) / 2, mp.mpf(10) ** (-mp.dps - 5)
    while True:
        power *= factor
        term = mp.exp(-x * (power + 1 / power) / 2) * (power**n + power**-n) / 2
        total += term
        if term < limit * total:
            return total * step


def variance(x: list[Any], ddof: int) -> Any:
    """Return the variance."""
    mean = mp.fsum(x) / len(x)
    return mp.fsum((v - mean) ** 2 for v in x) / (len(x) - ddof)


def quantile(x: list[Any], q: Any) -> Any:
    """Return the value at the fraction `q` of the sorted elements, with linear interpolation."""
    ordered = sorted(x)
    place = q * (len(x) - 1)
    below = min(int(mp.floor(place)), len(x) - 2)
    return ordered[below] + (ordered[below + 1] - ordered[below]) * (place - below)


def logsumexp(x: list[Any]) -> Any:
    """Return the logarithm of the sum of the exponentials."""
    top = max(x)
    return top + mp.log(mp.fsum(mp.exp(v - top) for v in x))
