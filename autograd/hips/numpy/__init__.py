"""NumPy's names, for programs that write ``import autograd.numpy as np``.

NumPy's own functions accept tensors, so they are what is here. Different are the few that make arrays of Python's lists
(`array`, `full`, `r_`, ...), which NumPy would not pass on; and functions such as `sum` also take a list in which some
elements are being differentiated.
"""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import numpy

from autograd.extend import lazy_names

from . import creation, fft, linalg, random  # noqa: F401  # the last three are in the place of NumPy's

_ABOUT_ITSELF = {"test", "show_config", "show_runtime", "__array_namespace_info__"}
__all__ = [name for name in numpy.__all__ if name not in _ABOUT_ITSELF]
_MODULES = ("numpy_boxes", "numpy_jvps", "numpy_vjps", "numpy_vspaces", "numpy_wrapper")

_find, _ = lazy_names(
    {"__name__": __name__, "__package__": __package__}, modules=_MODULES, otherwise=partial(getattr, numpy)
)


class _Names(ModuleType):
    """Finds what is loaded late. It is no function of the module, because libraries wrap all functions that are."""

    def __getattr__(self, name: str) -> Any:
        """Return a module of this package, or what NumPy loads late."""
        return _find(name)


globals().update(creation.taken(numpy, [name for name in __all__ if name in vars(numpy) and name not in globals()]))
globals().update((name, getattr(creation, name)) for name in creation.__all__)
sys.modules[__name__].__class__ = _Names
