"""NumPy's functions of `numpy.linalg`, which accept tensors."""

import numpy

from .creation import taken

__all__ = list(numpy.linalg.__all__)
globals().update(taken(numpy.linalg, __all__))
