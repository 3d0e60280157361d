"""NumPy's random numbers: `numpy.random`."""

import numpy

__all__ = list(numpy.random.__all__)
globals().update({name: getattr(numpy.random, name) for name in __all__})
