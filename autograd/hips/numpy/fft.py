"""NumPy's functions of `numpy.fft`, which accept tensors."""

import numpy

from .creation import taken

__all__ = list(numpy.fft.__all__)
globals().update(taken(numpy.fft, __all__))
