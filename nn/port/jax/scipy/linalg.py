"""`jax.scipy.linalg`."""

import autograd.scipy.linalg

from .._array import names_of

__getattr__ = names_of(autograd.scipy.linalg, __name__)
