"""Differentiable SciPy special functions, loaded when one is first applied to a tensor.

They are declared like NumPy's ufuncs. Their rules use functions that are declared here too, so that second derivatives
follow. Formulas without another source are from the NIST Digital Library of Mathematical Functions,
https://dlmf.nist.gov, cited as DLMF with the number of the equation.
"""

from . import bessel, beta, distributions, entropy, error, exponential, gamma, hypergeometric, integrals

__all__ = ["bessel", "beta", "distributions", "entropy", "error", "exponential", "gamma", "hypergeometric", "integrals"]
