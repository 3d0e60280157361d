"""SciPy's signal processing for arrays and tensors: convolution, recursive filters, smoothing.

What is linear in a signal has its transpose as its derivative, which is a filter of the same kind.
"""

from autograd.extend import set_module

from .convolution import convolve, correlate, fftconvolve
from .filters import lfilter, savgol_filter

__all__ = ["convolve", "correlate", "fftconvolve", "lfilter", "savgol_filter"]

set_module(__name__, *(globals()[name] for name in __all__))
