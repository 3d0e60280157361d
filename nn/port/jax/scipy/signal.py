"""`jax.scipy.signal`."""

import autograd.scipy.signal

from .._array import names_of

__getattr__ = names_of(autograd.scipy.signal, __name__)
