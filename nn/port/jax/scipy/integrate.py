"""`jax.scipy.integrate`."""

import autograd.scipy.integrate

from .._array import names_of

__getattr__ = names_of(autograd.scipy.integrate, __name__)
