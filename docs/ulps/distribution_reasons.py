"""Why some errors of distributions are above the limit, by patterns of ``library.distribution.function quantity``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .distributions import Case

__all__ = ["LIMIT", "REASONS", "explained", "reason"]

LIMIT = 100.0
SMALL = "with an exponent near 0, the difference of 1 and 1 more than it, or of digamma functions"
UNDERFLOW = "a factor underflows or is subnormal"
OF_SCIPY = "the derivative of SciPy's incomplete function in its parameters is a sum of terms that are larger"
MOMENTS = "the difference of moments, or of digamma functions, of large parameters"
REASONS: dict[str, str] = {
    r"scipy.(pareto|weibull_min|invgamma|f|gamma|beta|chi2).(log)?pdf gradient by .*": SMALL,
    r"nn.(Gamma|InverseGamma|Pareto|Weibull).log_prob gradient by (rate|scale|concentration)": SMALL,
    r"nn.(FisherSnedecor|Beta|Dirichlet|Kumaraswamy).log_prob gradient by .*": SMALL,
    r"scipy.(t|f|gamma|chi2|invgamma|beta|binom|nbinom|poisson).(log)?(cdf|sf) gradient by .*": OF_SCIPY,
    r"scipy.(t|f|gamma|chi2|invgamma|beta).(ppf|isf) gradient by .*": OF_SCIPY,
    r"scipy.f.(ppf|isf) value": UNDERFLOW,
    r"scipy.vonmises.(log)?(cdf|sf) gradient by kappa": "the difference of an integral from both halves of the circle",
    r"scipy.(geom|nbinom|binom|pareto).p[md]f value": "the exponential of a logarithm of some hundreds",
    r"nn.*Categorical.*.entropy .*": UNDERFLOW,
    r"nn.Geometric.entropy gradient by .*": UNDERFLOW,
    r"nn.Geometric.stddev gradient by .*": UNDERFLOW,
    r"nn.Kumaraswamy.icdf gradient by .*": "what the result leaves of 1 is lost in rounding it",
    r"nn.Kumaraswamy.(mean|entropy|variance|stddev) .*": MOMENTS,
    r"nn.Weibull.(variance|stddev) .*": MOMENTS,
    r"nn.StudentT.entropy gradient by df": MOMENTS,
    r"nn.MixtureSameFamily.log_prob gradient by .*": "a component whose probability underflows",
    r"nn.LowRankMultivariateNormal.log_prob gradient by .*": "the inverse of a matrix that is computed",
    r"nn.(Multinomial|OneHot.*|Categorical).log_prob .*": "1 less a probability that is nearly 1",
    r"nn.Uniform.cdf gradient by low": "the difference of two terms that are many times larger",
}


def reason(case: Case, method: str, quantity: str) -> str:
    """Return why a result of a function is inaccurate, or an empty string."""
    text = f"{case.library}.{case.name}.{method} {quantity}"
    return next((why for pattern, why in REASONS.items() if re.fullmatch(pattern, text)), "")


def explained() -> Iterator[tuple[str, str]]:
    """Yield patterns of results, as the page shows them, and the reasons."""
    for pattern, why in REASONS.items():
        yield "`" + pattern.replace("|", r"\|") + "`", why
