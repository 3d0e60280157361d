"""NumPy's random numbers: `numpy.random`."""

from functools import partial

import numpy

from autograd.inside import lazy_names

__all__ = list(numpy.random.__all__)
__getattr__, __dir__ = lazy_names(globals(), otherwise=partial(getattr, numpy.random))
