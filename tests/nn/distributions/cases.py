"""How each distribution is made: names of `nn.distributions`, and parameters that are drawn."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Rng = np.random.Generator
Draw = Callable[[Rng, tuple[int, ...]], Array]


def real(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.normal(0, 2, shape)


def positive(rng: Rng, shape: tuple[int, ...]) -> Array:
    return np.exp(rng.normal(0.3, 0.8, shape))


def above_four(rng: Rng, shape: tuple[int, ...]) -> Array:
    return 4.1 + positive(rng, shape)


def chance(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.05, 0.95, shape)


def few(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.integers(1, 8, shape).astype(float)


def rows(draw: Draw, n: int = 3) -> Draw:
    return lambda rng, shape: draw(rng, (*shape, n))


def covariance(rng: Rng, shape: tuple[int, ...]) -> Array:
    root = rng.normal(size=(*shape, 3, 4))
    return root @ root.swapaxes(-1, -2) + 0.5 * np.eye(3)


def triangle(rng: Rng, shape: tuple[int, ...]) -> Array:
    return np.linalg.cholesky(covariance(rng, shape))


class Case(NamedTuple):
    """How one distribution is drawn: its name, its parameters, and arguments that are not differentiated."""

    name: str
    parameters: dict[str, Draw]
    fixed: tuple[tuple[str, Any], ...] = ()
    make: Callable[[Any, dict[str, Any]], Any] | None = None
    absent: tuple[str, ...] = ()  # what is compared in a test of its own, or PyTorch gets wrong

    def of(self, package: Any, values: dict[str, Any]) -> Any:
        if self.make is not None:
            return self.make(package, values)
        return getattr(package, self.name)(**values, **dict(self.fixed))


def _mixture(package: Any, v: dict[str, Any]) -> Any:
    parts = package.Normal(v["loc"], v["scale"])
    return package.MixtureSameFamily(package.Categorical(logits=v["logits"]), parts)


def _mixture_of_vectors(package: Any, v: dict[str, Any]) -> Any:
    parts = package.Independent(package.Normal(v["loc"], v["scale"]), 1)
    return package.MixtureSameFamily(package.Categorical(probs=v["probs"]), parts)


def _transformed(package: Any, v: dict[str, Any]) -> Any:
    steps = [
        package.AffineTransform(v["shift"], v["factor"]),
        package.TanhTransform(),
        package.AffineTransform(0.0, -2.0),
    ]
    return package.TransformedDistribution(package.Normal(v["loc"], v["scale"]), steps)


def _logistic(package: Any, v: dict[str, Any]) -> Any:
    base = package.Uniform(v["low"], v["low"] * 0 + 1)
    return package.TransformedDistribution(base, [package.SigmoidTransform().inv, package.AffineTransform(0.5, 3.0)])


def _reshaped(package: Any, v: dict[str, Any]) -> Any:
    base = package.Independent(package.Gamma(v["concentration"], v["rate"]), 1)
    steps = [package.ReshapeTransform((4,), (2, 2)), package.PowerTransform(0.5), package.ExpTransform()]
    return package.TransformedDistribution(base, steps)


def softened(package: Any, v: dict[str, Any]) -> Any:
    return package.TransformedDistribution(package.Laplace(v["loc"], v["scale"]), package.SoftplusTransform())


def _relaxed(temperature: float) -> Callable[[Any, dict[str, Any]], Any]:
    def make(package: Any, v: dict[str, Any]) -> Any:
        number = next(iter(v.values())).sum() * 0 + temperature  # in the type and dtype of the others
        return package.RelaxedOneHotCategorical(number, **v)

    return make


LOC_SCALE: dict[str, Draw] = {"loc": real, "scale": positive}
CASES = [
    Case("Bernoulli", {"probs": chance}),
    Case("Bernoulli", {"logits": real}),
    Case("Beta", {"concentration1": positive, "concentration0": positive}, absent=("mode",)),
    Case("Binomial", {"probs": chance}, (("total_count", 5),), absent=("mode",)),
    Case("Binomial", {"logits": real}, (("total_count", 3),), absent=("mode",)),
    Case("Categorical", {"probs": rows(positive)}),
    Case("Categorical", {"logits": rows(real, 4)}),
    Case("Cauchy", LOC_SCALE),
    Case("Chi2", {"df": positive}),
    Case("Dirichlet", {"concentration": rows(positive)}, absent=("mode",)),
    Case("Exponential", {"rate": positive}),
    Case("FisherSnedecor", {"df1": above_four, "df2": above_four}),
    Case("Gamma", {"concentration": positive, "rate": positive}),
    Case("Geometric", {"probs": chance}),
    Case("Geometric", {"logits": real}),
    Case("Gumbel", LOC_SCALE),
    Case("HalfCauchy", {"scale": positive}),
    Case("HalfNormal", {"scale": positive}),
    Case(
        "Independent",
        {"loc": rows(real), "scale": rows(positive)},
        make=lambda d, v: d.Independent(d.Normal(v["loc"], v["scale"]), 1),
    ),
    Case(
        "Independent",
        {"logits": rows(rows(real))},
        make=lambda d, v: d.Independent(d.OneHotCategorical(logits=v["logits"]), 1),
    ),
    Case("InverseGamma", {"concentration": above_four, "rate": positive}),
    Case("Kumaraswamy", {"concentration1": above_four, "concentration0": above_four}, absent=("mode",)),
    Case("Laplace", LOC_SCALE),
    Case("LogNormal", LOC_SCALE),
    Case(
        "LowRankMultivariateNormal", {"loc": rows(real), "cov_factor": rows(rows(real, 2)), "cov_diag": rows(positive)}
    ),
    Case("MixtureSameFamily", {"logits": rows(real), "loc": rows(real), "scale": rows(positive)}, make=_mixture),
    Case(
        "MixtureSameFamily",
        {"probs": rows(positive), "loc": rows(rows(real, 2)), "scale": rows(rows(positive, 2))},
        make=_mixture_of_vectors,
    ),
    Case("Multinomial", {"probs": rows(positive)}, (("total_count", 4),)),
    Case("Multinomial", {"logits": rows(real)}, (("total_count", 3),)),
    Case("MultivariateNormal", {"loc": rows(real), "scale_tril": triangle}),
    Case("MultivariateNormal", {"loc": rows(real), "covariance_matrix": covariance}),
    Case("MultivariateNormal", {"loc": rows(real), "precision_matrix": covariance}),
    Case("NegativeBinomial", {"total_count": positive, "probs": chance}, absent=("mode",)),
    Case("NegativeBinomial", {"total_count": positive, "logits": real}, absent=("mode",)),
    Case("Normal", LOC_SCALE),
    Case("OneHotCategorical", {"probs": rows(positive)}),
    Case("OneHotCategorical", {"logits": rows(real)}),
    Case("OneHotCategoricalStraightThrough", {"logits": rows(real)}),
    Case("Pareto", {"scale": positive, "alpha": above_four}),
    Case("Poisson", {"rate": positive}),
    Case("RelaxedBernoulli", {"temperature": positive, "probs": chance}),
    Case("RelaxedBernoulli", {"temperature": positive, "logits": real}),
    Case("RelaxedOneHotCategorical", {"probs": rows(positive)}, make=_relaxed(0.7)),
    Case("RelaxedOneHotCategorical", {"logits": rows(real)}, make=_relaxed(2.0)),
    Case("StudentT", {"df": above_four, "loc": real, "scale": positive}),
    Case("TransformedDistribution", dict.fromkeys(("loc", "scale", "shift", "factor"), chance), make=_transformed),
    Case("TransformedDistribution", {"low": lambda rng, shape: rng.uniform(0.1, 0.9, shape)}, make=_logistic),
    Case("TransformedDistribution", {"concentration": rows(above_four, 4), "rate": rows(positive, 4)}, make=_reshaped),
    Case("TransformedDistribution", LOC_SCALE, make=softened),
    Case("Uniform", {"low": lambda rng, shape: -positive(rng, shape), "high": positive}, absent=("mode",)),
    Case("VonMises", {"loc": real, "concentration": positive}, absent=("mode", "variance", "stddev")),
    Case("Weibull", {"scale": positive, "concentration": lambda rng, shape: 1 + positive(rng, shape)}),
]
