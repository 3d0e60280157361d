"""`jax.scipy.optimize`."""

import autograd.scipy.optimize

from .._array import names_of

__getattr__ = names_of(autograd.scipy.optimize, __name__)
