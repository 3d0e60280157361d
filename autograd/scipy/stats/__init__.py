"""Distributions under SciPy's names, whose densities and distribution functions take tensors.

`Continuous` describes the functions of most: ``pdf``, ``logpdf``, ``cdf``, ``logcdf``, ``sf``, ``logsf``, ``ppf`` and
``isf``; `Discrete` has ``pmf`` and ``logpmf`` instead of the densities. They are computed in double precision, as in
SciPy, but by formulas that keep their digits in the tails, where some of SciPy's do not.

Each distribution can be imported as a module too, as programs for HIPS autograd do:
``import autograd.scipy.stats.norm as norm``.
"""

import sys
from typing import Any

from ..common import differentiates
from ._circular import vonmises
from ._continuous import Continuous
from ._discrete import Discrete, bernoulli, binom, geom, nbinom, poisson
from ._multivariate import dirichlet, multinomial, multivariate_normal
from ._positive import beta, chi2, expon, f, gamma, halfnorm, invgamma, lognorm, pareto, rayleigh, weibull_min
from ._real import cauchy, gumbel_l, gumbel_r, laplace, logistic, norm, t, truncnorm, uniform

__all__ = [
    "Continuous", "Discrete", "bernoulli", "beta", "binom", "cauchy", "chi2", "dirichlet", "expon", "f", "gamma",
    "geom", "gumbel_l", "gumbel_r", "halfnorm", "invgamma", "laplace", "logistic", "lognorm", "multinomial",
    "multivariate_normal", "nbinom", "norm", "pareto", "poisson", "rayleigh", "t", "truncnorm", "uniform", "vonmises",
    "weibull_min",
]  # fmt: skip

for _kind in (Continuous, Discrete):
    _kind.__module__ = __name__
_modules: dict[str, Any] = {f"{__name__}.{name}": globals()[name] for name in __all__ if name.islower()}
sys.modules.update(_modules)  # where `import autograd.scipy.stats.norm` finds them


__getattr__ = differentiates(__name__, __all__[2:])
