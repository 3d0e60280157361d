"""SciPy's special functions for arrays and tensors: its ufuncs, and those of `autograd.special`.

The ufuncs of `scipy.special` accept tensors themselves; this module has them under the same names. The functions that
SciPy writes in Python would cut a tensor from its graph: here they are those of `autograd.special`.
"""

from __future__ import annotations

from typing import Any

from scipy import special

from autograd import special as written
from autograd.inside import lazy_names

__all__ = sorted({*special.__all__, *written.__all__})


def _found(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"scipy.special has no function {name!r}")
    return getattr(written if name in written.__all__ else special, name)


__getattr__, __dir__ = lazy_names(globals(), otherwise=_found)
