"""NumPy's functions of `numpy.fft`, which accept tensors."""

import numpy

from autograd.inside import lazy_names

from .creation import found_in

__all__ = list(numpy.fft.__all__)
__getattr__, __dir__ = lazy_names(globals(), otherwise=found_in(numpy.fft, globals()))
