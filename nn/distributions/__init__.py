"""Probability distributions with the names of `torch.distributions`: densities, samples with gradients, divergences."""

import typing

from autograd.extend import missing as _missing
from autograd.extend import set_module as _set_module

from . import _divergences as _divergences  # registers the formulas of kl_divergence
from . import constraints
from .categorical import Categorical, Multinomial, OneHotCategorical, OneHotCategoricalStraightThrough
from .combined import Independent, MixtureSameFamily
from .composition import ComposeTransform, IndependentTransform, ReshapeTransform, identity_transform
from .counts import Bernoulli, Binomial, Geometric, NegativeBinomial, Poisson
from .distribution import Distribution
from .interval import Beta, Dirichlet, Kumaraswamy, Uniform
from .kl import kl_divergence, register_kl
from .multivariate import LowRankMultivariateNormal, MultivariateNormal
from .positive import (
    Chi2, Exponential, FisherSnedecor, Gamma, HalfCauchy, HalfNormal, InverseGamma, Pareto, Weibull,
)  # fmt: skip
from .real import Cauchy, Gumbel, Laplace, Normal, StudentT, VonMises
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from .transformed import LogNormal, TransformedDistribution
from .transforms import (
    AffineTransform, ExpTransform, PowerTransform, SigmoidTransform, SoftplusTransform, TanhTransform, Transform,
)  # fmt: skip

__all__ = [
    "AffineTransform", "Bernoulli", "Beta", "Binomial", "Categorical", "Cauchy", "Chi2", "ComposeTransform",
    "Dirichlet", "Distribution", "ExpTransform", "Exponential", "FisherSnedecor", "Gamma", "Geometric", "Gumbel",
    "HalfCauchy", "HalfNormal", "Independent", "IndependentTransform", "InverseGamma", "Kumaraswamy", "Laplace",
    "LogNormal", "LowRankMultivariateNormal", "MixtureSameFamily", "Multinomial", "MultivariateNormal",
    "NegativeBinomial", "Normal", "OneHotCategorical", "OneHotCategoricalStraightThrough", "Pareto", "Poisson",
    "PowerTransform", "RelaxedBernoulli", "RelaxedOneHotCategorical", "ReshapeTransform", "SigmoidTransform",
    "SoftplusTransform", "StudentT", "TanhTransform", "Transform", "TransformedDistribution", "Uniform", "VonMises",
    "Weibull", "constraints", "identity_transform", "kl_divergence", "register_kl",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))

if not typing.TYPE_CHECKING:  # with `__getattr__`, type checkers would accept any name
    __getattr__ = _missing.lookup(__name__)
