"""All distributions have the digits of mpmath: densities, probabilities, quantiles, moments, and their gradients."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn.distributions
from autograd import grad, tensor
from autograd.scipy import stats

from ..thorough import THOROUGH

sys.path.insert(0, str(Path(__file__).parents[2]))
pytest.importorskip("mpmath", reason="compares with mpmath: pip install -e '.[dev]'")

from mpmath import mpf

from docs.ulps import distributions as measuring
from docs.ulps.distribution_reasons import LIMIT, reason
from docs.ulps.distributions import CASES, Case
from docs.ulps.reference import limited

ROWS = 40 if THOROUGH else 1


FUNCTIONS = [
    pytest.param(case, method, id=f"{case.library}.{case.name}-{next(iter(case.parameters))}.{method}")
    for case in CASES
    for method in measuring.methods(case)
]


def test_every_distribution_has_a_reference() -> None:
    kinds = {name: getattr(nn.distributions, name) for name in nn.distributions.__all__}
    base = nn.distributions.Distribution
    public = {name for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, base)} - {
        base.__name__
    }
    for library, names in (("nn", public), ("scipy", {name for name in stats.__all__ if name.islower()})):
        missing = names - {case.name for case in CASES if case.library == library}
        assert not missing, "define it in docs/ulps/families.py, and add a line to docs/ulps/distributions.py"


@pytest.mark.one_in(12)
@pytest.mark.parametrize(("case", "method"), FUNCTIONS)
def test_no_function_errs_beyond_its_conditioning(case: Case, method: str) -> None:
    """By ulps, of the result or of what an ulp of each argument changes, at places drawn by the name."""
    for dtype in measuring.dtypes(case):
        for quantity, error, row in measuring.errors(case, method, dtype, ROWS):
            if not reason(case, method, quantity):
                assert error < 3 * LIMIT, (dtype, quantity, row)


def _of_both() -> list[Case]:
    """Return the cases of distributions that both libraries have: those with the same definition in mpmath."""
    libraries = [{case.library for case in CASES if case.family is own.family} for own in CASES]
    return [case for case, found in zip(CASES, libraries, strict=True) if len(found) == 2]


def _farthest(case: Case, method: str, dtype: str) -> list[tuple[float, ...]]:
    """Return places as far in the tails as the dtype goes: probabilities of 1e-300, and the last points of a case."""
    kind, least = measuring.dtype_of(dtype), 1e-37 if dtype == "float32" else 1e-301
    given = [float(kind(values[0])) for values in case.parameters.values()]
    if method in ("ppf", "isf", "icdf"):
        return [(float(kind(q)), *given) for q in (10 * least, 1e-20, 1 - np.finfo(dtype).epsneg)]
    loc, scale, *_ = case.standard(*map(mpf, given))
    points = sorted(float(loc + scale * z) for z in case.points)
    ends = [float(kind(x)) for x in points if x == 0 or least < abs(x) < least**-0.5]  # whose squares do not overflow
    nearest = min((abs(x), x) for x in ends)[1]
    return [(x, *given) for x in dict.fromkeys((ends[0], nearest, ends[-1]))]


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    "case", _of_both(), ids=lambda case: f"{case.library}.{case.name}-{next(iter(case.parameters), '')}"
)
def test_distributions_of_both_libraries_have_their_digits_in_the_tails(case: Case) -> None:
    for method in measuring.methods(case):
        if method in (*measuring.OF_SHAPES, "stddev"):
            continue
        for dtype in measuring.dtypes(case):
            for row in _farthest(case, method, dtype):
                with limited(0.1):
                    for quantity, error in measuring.errors_at(case, method, dtype, row).items():
                        assert error < 3 * LIMIT or reason(case, method, quantity), (method, dtype, quantity, row)


# Where each had no right digit, or was infinite or nan: the library, the distribution, the function and a place.
MENDED: list[tuple[str, str, str, str, tuple[float, ...]]] = [
    ("nn", "Laplace", "icdf", "float64", (1e-20, 0, 1)),
    ("nn", "Laplace", "icdf", "float32", (1e-9, 0, 1)),
    ("nn", "Cauchy", "icdf", "float64", (1e-20, 0, 1)),
    ("nn", "Cauchy", "cdf", "float64", (-1e17, 0, 1)),
    ("nn", "HalfCauchy", "log_prob", "float32", (1e6, 1e-30)),
    ("nn", "Gumbel", "log_prob", "float64", (1e-8, 0, 1)),
    ("nn", "Gumbel", "stddev", "float32", (0, 1e30)),
    ("nn", "Geometric", "log_prob", "float32", (182, 1.0437002e-08)),
    ("nn", "Geometric", "entropy", "float64", (1e-30,)),
    ("nn", "Bernoulli", "log_prob", "float64", (0, 1e-300)),
    ("nn", "Bernoulli", "log_prob", "float32", (1, 1e-30)),
    ("nn", "Bernoulli", "entropy", "float64", (1e-37,)),
    ("nn", "Binomial", "log_prob", "float64", (5, 7, 1e-300)),
    ("nn", "NegativeBinomial", "log_prob", "float64", (5, 0.3, 1e-37)),
    ("nn", "NegativeBinomial", "mean", "float32", (0.3, 1e-20)),
    ("nn", "Categorical", "log_prob", "float32", (0, 1e-20, 1e-10, 3)),
    ("nn", "Categorical", "entropy", "float64", (3, 1e-30, 1e-30)),
    ("nn", "OneHotCategorical", "log_prob", "float64", (0, 1, 0, 1e-10, 1e-30, 1)),
    ("nn", "Multinomial", "log_prob", "float64", (2, 1, 1, 1e-6, 1e-30, 1e-200)),
    ("nn", "Gamma", "entropy", "float32", (1e4, 1)),
    ("nn", "InverseGamma", "entropy", "float32", (1e4, 1)),
    ("nn", "Beta", "entropy", "float64", (1e4, 1)),
    ("nn", "StudentT", "log_prob", "float32", (-30, 1e4, 0, 1)),
    ("nn", "StudentT", "entropy", "float64", (1e8, 0, 1)),
    ("nn", "FisherSnedecor", "log_prob", "float64", (6, 30, 1e4)),
    ("nn", "VonMises", "variance", "float64", (0.7, 1e4)),
    ("nn", "Weibull", "variance", "float64", (1, 1e4)),
    ("nn", "LogNormal", "stddev", "float64", (0, 20)),
    ("scipy", "cauchy", "logpdf", "float64", (1e200, 0, 1)),
    ("scipy", "cauchy", "logcdf", "float64", (1e19, 0, 1)),
    ("scipy", "cauchy", "ppf", "float64", (0.5 + 1e-9, 0, 1)),
    ("scipy", "norm", "pdf", "float64", (-7e149, 0, 1e150)),
    ("scipy", "expon", "logcdf", "float64", (30, 0, 1)),
    ("scipy", "gumbel_l", "logcdf", "float64", (-800, 0, 1)),
    ("scipy", "logistic", "logpdf", "float64", (1e-8, 0, 1)),
    ("scipy", "halfnorm", "ppf", "float64", (1e-20, 0, 1)),
    ("scipy", "halfnorm", "logsf", "float64", (1e-10, 0, 1)),
    ("scipy", "weibull_min", "logcdf", "float64", (1e-150, 30, 0, 1)),
    ("scipy", "gamma", "logcdf", "float64", (1e-36, 30, 0, 1)),
    ("scipy", "gamma", "logsf", "float64", (1e5, 2.5, 0, 1)),
    ("scipy", "gamma", "logpdf", "float64", (1e4, 1e4, 0, 1)),
    ("scipy", "beta", "logcdf", "float64", (1e-150, 30, 2.5, 0, 1)),
    ("scipy", "beta", "logpdf", "float64", (0.5, 1e4, 1e4, 0, 1)),
    ("scipy", "t", "logcdf", "float64", (-1e8, 1e4, 0, 1)),
    ("scipy", "t", "ppf", "float64", (1e-300, 3.3, 0, 1)),
    ("scipy", "t", "ppf", "float64", (1e-300, 1, 0, 1)),
    ("scipy", "t", "cdf", "float64", (1e-8, 1, 0, 1)),
    ("scipy", "t", "sf", "float64", (1e300, 0.3, 0, 1)),
    ("scipy", "t", "logcdf", "float64", (-1e300, 3.3, 0, 1)),
    ("scipy", "truncnorm", "ppf", "float64", (1 - 2**-53, 0.1, 40.5, 0, 1)),
    ("scipy", "poisson", "logcdf", "float64", (0, 1e4)),
    ("scipy", "poisson", "logpmf", "float64", (1e4, 1e4)),
    ("scipy", "binom", "logsf", "float64", (999, 1000, 1e-3)),
    ("scipy", "binom", "logpmf", "float64", (500000, 1e6, 0.5)),
    ("scipy", "nbinom", "logcdf", "float64", (40, 2.5, 1e-300)),
    ("scipy", "nbinom", "logpmf", "float64", (1000, 1e3, 0.5)),
]


@pytest.mark.parametrize(("library", "name", "method", "dtype", "row"), MENDED)
def test_what_was_mended_stays_so(library: str, name: str, method: str, dtype: str, row: tuple[float, ...]) -> None:
    case = next(case for case in CASES if (case.library, case.name) == (library, name))
    place = tuple(float(np.dtype(dtype).type(x)) for x in row)
    found = measuring.errors_at(case, method, dtype, place)
    assert found["value"] < LIMIT


def test_quantiles_of_0_and_1_are_the_ends_of_the_support() -> None:
    ends: dict[str, tuple[Any, ...]] = {
        "norm": (), "laplace": (), "cauchy": (), "logistic": (), "gumbel_r": (), "t": (3.3,), "expon": (),
        "halfnorm": (), "gamma": (2.2,), "beta": (1.7, 2.4), "f": (3.2, 4.5), "lognorm": (0.7,), "pareto": (2.2,),
        "truncnorm": (-1, 2),
    }  # fmt: skip
    for name, shapes in ends.items():
        low, high = getattr(stats, name).support(*shapes)
        for q, end, other in ((0.0, low, high), (1.0, high, low)):
            for given in (q, tensor(q)):
                assert float(getattr(stats, name).ppf(given, *shapes)) == end
                assert float(getattr(stats, name).isf(given, *shapes)) == other
    for kind in (nn.distributions.Laplace, nn.distributions.Cauchy, nn.distributions.Gumbel, nn.distributions.Normal):
        assert np.array_equal(kind(0.0, 1.0).icdf(np.array([0.0, 1.0])), [-np.inf, np.inf])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.0, 1.0, "least", "below 1"])
def test_certain_outcomes_have_finite_densities_and_gradients(p: Any, dtype: str) -> None:
    info, d = np.finfo(dtype), nn.distributions
    chance = np.array({"least": info.smallest_subnormal, "below 1": 1 - info.epsneg}.get(p, p), dtype)
    makers: list[Callable[[Any], Any]] = [
        d.Bernoulli,
        lambda p: d.Binomial(3, p),
        lambda p: d.Categorical(np.stack([p, 1 - p])),
        lambda p: d.Multinomial(3, np.stack([p, 1 - p])),
        *([d.Geometric] if p else []),
        *([lambda p: d.NegativeBinomial(2.0, p)] if p != 1 else []),
    ]
    for make in makers:
        kind = type(make(chance)).__name__
        values: Any = {"Categorical": np.arange(2), "Multinomial": np.array([[3, 0], [0, 3], [1, 2]], dtype)}
        at = values.get(kind, np.array([0, 1], dtype))
        assert np.all(np.isfinite(make(chance).log_prob(at))), kind
        if p not in ("least", 0.0):  # whose inverse is infinite
            assert np.isfinite(grad(lambda p, make=make, at=at: np.sum(make(p).log_prob(at)))(chance)), kind
