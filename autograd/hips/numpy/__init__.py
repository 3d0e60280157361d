"""NumPy's names, for programs that write ``import autograd.numpy as np``.

NumPy's own functions accept tensors, so they are what is here. Different are the few that make arrays of Python's lists
(`array`, `full`, `r_`, ...), which NumPy would not pass on; and functions such as `sum` also take a list in which some
elements are being differentiated.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy

from . import creation

_ABOUT_ITSELF = {"test", "show_config", "show_runtime", "__array_namespace_info__"}
__all__ = [name for name in numpy.__all__ if name not in _ABOUT_ITSELF]
_MODULES = ("fft", "linalg", "numpy_boxes", "numpy_vjps", "numpy_vspaces", "numpy_wrapper", "random")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in creation.__all__:
        value = getattr(creation, name)
    else:
        value = getattr(numpy, name)
        value = (
            creation.accepting_lists(value) if callable(value) and not isinstance(value, type | numpy.ufunc) else value
        )
    globals()[name] = value  # found at once from now on
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
