"""NumPy's names, for programs that write ``import autograd.numpy as np``.

NumPy's own functions accept tensors, so they are what is here. Different are the few that make arrays of Python's lists
(`array`, `full`, `r_`, ...), which NumPy would not pass on; and functions such as `sum` also take a list in which some
elements are being differentiated.
"""

from __future__ import annotations

import functools

import numpy

from autograd.inside import lazy_names

from . import creation

_ABOUT_ITSELF = {"test", "show_config", "show_runtime", "__array_namespace_info__"}
__all__ = [name for name in numpy.__all__ if name not in _ABOUT_ITSELF]
_MODULES = ("fft", "linalg", "numpy_boxes", "numpy_jvps", "numpy_vjps", "numpy_vspaces", "numpy_wrapper", "random")


globals().update(creation.taken(numpy, set(__all__).difference(_MODULES, creation.__all__)))
globals().update((name, getattr(creation, name)) for name in creation.__all__)
lazy_names(globals(), modules=_MODULES, otherwise=functools.partial(getattr, numpy))
