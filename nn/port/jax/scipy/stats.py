"""`jax.scipy.stats`."""

import autograd.scipy.stats

from .._array import names_of

__getattr__ = names_of(autograd.scipy.stats, __name__)
