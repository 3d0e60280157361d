"""`jax.numpy.fft`."""

import numpy as np

from .._array import names_of

__getattr__ = names_of(np.fft, __name__)
