"""NumPy's functions of `numpy.linalg`, which accept tensors."""

import numpy

from autograd.inside import lazy_names

from .creation import found_in

__all__ = list(numpy.linalg.__all__)
__getattr__, __dir__ = lazy_names(globals(), otherwise=found_in(numpy.linalg, globals()))
