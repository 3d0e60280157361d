"""Why some errors are above the limit, by the call and perhaps the order of the result."""

from __future__ import annotations

from typing import Any

__all__ = ["LIMIT", "REASONS", "needs_reason", "reason"]

LIMIT = 100.0
ILL_CONDITIONED = "ill-conditioned"
_SCIPY = "SciPy's value"
_SCIPY_INVERSE = "SciPy's value, and its digits near the ends"
_DENSITY = "the exponent of the density at the result is a sum of large numbers"
_UNDERFLOW = "a factor underflows"
_TERMS = "the difference of two terms that are many times larger"
_NEAR_ONE = "what the result leaves of 1 is lost in rounding it"
_CANCELS = "the difference w - u (u w), where one element is most of the norm"
_SUMS = "1 less a probability that is nearly 1"

REASONS: dict[str, str] = {
    "np.arctan(x)": _UNDERFLOW,
    "F.silu(x)": _UNDERFLOW,
    "F.tanhshrink(x)": "x - tanh(x), as it is defined",
    "special.cosm1(x)": _SCIPY,
    "special.tandg(x)": _SCIPY,
    "special.cotdg(x)": _SCIPY,
    "special.lambertw(x).real": "SciPy's value, next to the branch point",
    "special.kl_div(x, y)": _SCIPY,
    "special.dawsn(x)": "SciPy's hyp1f1",
    "special.erfcinv(x)": _SCIPY,
    "special.log_ndtr(x)": "a quotient overflows: below -1e154, in float32 -1e19",
    "special.gammaln(x)": _SCIPY,
    "special.loggamma(x)": _SCIPY,
    "special.psi(x)": "SciPy's value, next to its poles",
    "special.poch(x, y)": _SCIPY,
    "special.gammainc(x, y)": _TERMS,
    "special.gammaincinv(x, y)": _DENSITY,
    "special.gammainccinv(x, y)": _DENSITY,
    "special.beta(x, y)": _SCIPY,
    "special.beta(x, y) second": "near 0, where beta is about 1 / x + 1 / y, so that it nearly cancels",
    "special.betaln(x, y)": _SCIPY,
    "special.binom(x, y)": "next to a pole of psi at 1 + x - y",
    "special.betaincinv(2.5, 1.5, x)": _SCIPY_INVERSE,
    "special.betainccinv(2.5, 1.5, x)": _NEAR_ONE,
    "special.stdtr(x, y)": _TERMS,
    "special.stdtrit(2.5, x)": _SCIPY_INVERSE,
    "special.chdtr(x, y)": _TERMS,
    "special.chdtrc(x, y)": _SCIPY,
    "special.chdtri(x, y)": _DENSITY,
    "special.fdtr(x, y, z)": _TERMS,
    "special.fdtrc(x, y, z)": _TERMS,
    "special.pdtr(3, x)": "the density underflows",
    "special.pdtrc(3, x)": "the density underflows",
    "special.nbdtr(2, 5, x)": "the density underflows",
    "special.nbdtrc(2, 5, x)": "the density underflows",
    "special.voigt_profile(x, y, z)": "SciPy's wofz near the real axis, in a recurrence that cancels",
    "special.j0(x)": "SciPy's j1, next to 0",
    "special.j1(x)": "SciPy's jv, next to 0",
    "special.i0(x)": "SciPy's iv is nan at subnormal numbers",
    "special.i1(x)": "SciPy's iv is nan at subnormal numbers",
    "special.k0(x)": _SCIPY,
    "special.jv(2.5, x)": _SCIPY,
    "special.jve(2.5, x)": _SCIPY,
    "special.yve(2.5, x)": _SCIPY,
    "special.iv(2.5, x)": _SCIPY,
    "special.ive(2.5, x)": "SciPy's value next to 0; up to 18, a difference of neighbouring orders",
    "special.kv(2.5, x)": "SciPy's value is 0 from about 698 on",
    "special.kn(2, x)": "SciPy's value is 0 from about 698 on",
    "special.struve(0.5, x)": _UNDERFLOW,
    "special.struve(0.5, x) second": "a sum of neighbouring orders that nearly cancels",
    "special.modstruve(0.5, x)": _SCIPY,
    "special.ber(x)": _SCIPY,
    "special.bei(x)": _SCIPY,
    "special.ker(x)": _SCIPY,
    "special.kei(x)": _SCIPY,
    "special.berp(x)": _SCIPY,
    "special.beip(x)": _SCIPY,
    "special.kerp(x)": _SCIPY,
    "special.keip(x)": _SCIPY,
    "special.airy(x)[1]": _SCIPY,
    "special.eval_legendre(3, x)": _SCIPY,
    "special.eval_gegenbauer(3, 1.5, x)": _SCIPY,
    "special.itj0y0(x)[0]": _SCIPY,
    "special.iti0k0(x)[0]": _SCIPY,
    "np.linalg.norm(x, axis=-1)": _CANCELS,
    "np.linalg.norm(x, 3, axis=-1)": _CANCELS,
    "np.hypot.reduce(x, axis=-1)": _CANCELS,
    "np.std(x, -1)": _CANCELS,
    "np.std(x, -1, ddof=1)": _CANCELS,
    "np.nanstd(x, -1)": _CANCELS,
    "F.softmax(x, -1)[..., 0]": _SUMS,
    "F.log_softmax(x, -1)[..., 0]": _SUMS,
    "np.cumprod(x, -1)[..., -1]": "the quotient of the product and a factor, whose derivative is a difference",
}


def needs_reason(entry: dict[str, Any]) -> bool:
    """Tell whether an error is above the limit."""
    return not entry["error"] <= LIMIT


def reason(call: str, order: str, errors: dict[str, Any]) -> str:
    """Return why a result of this library has such an error; empty where nobody has said."""
    star = errors.get(order + "*", errors[order])
    if star["error"] <= LIMIT:
        return ILL_CONDITIONED
    return REASONS.get(f"{call} {order}", REASONS.get(call, ""))
