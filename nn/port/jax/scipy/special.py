"""`jax.scipy.special`."""

import autograd.scipy.special

from .._array import names_of

__getattr__ = names_of(autograd.scipy.special, __name__)
