"""`jax.numpy.linalg`."""

import numpy as np

from .._array import names_of

__getattr__ = names_of(np.linalg, __name__)
