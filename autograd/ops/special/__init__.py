"""SciPy's special functions, differentiated; loaded when the first of them meets a tensor.

They are declared as NumPy's ufuncs are. Rules are written with functions that are declared here themselves, so that
second derivatives follow. Formulas without another source are those of the NIST Digital Library of Mathematical
Functions, https://dlmf.nist.gov, cited as DLMF with the number of the equation.
"""

from . import bessel, beta, distributions, entropy, error, exponential, gamma, hypergeometric, integrals

__all__ = ["bessel", "beta", "distributions", "entropy", "error", "exponential", "gamma", "hypergeometric", "integrals"]
