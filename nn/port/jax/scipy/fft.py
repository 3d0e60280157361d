"""`jax.scipy.fft`."""

import autograd.scipy.fft

from .._array import names_of

__getattr__ = names_of(autograd.scipy.fft, __name__)
