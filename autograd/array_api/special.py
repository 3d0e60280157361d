"""Special functions of SciPy, in the place where SciPy looks for them in an array namespace.

They are not part of the standard yet. SciPy composes functions that are missing here from others, or converts
tensors to ndarrays, which tensors that require a gradient refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Tensor
from autograd.inside import declare_special_functions, plain, replacement_of

from ._arrays import named, wrapped


def __getattr__(name: str) -> Callable[..., Tensor]:
    """Return the function of `scipy.special` of this name, if its derivative has been declared."""
    if name.startswith("__"):
        raise AttributeError(name)
    from scipy import special

    from autograd import special as own

    declare_special_functions()
    public = getattr(own if name in own.__all__ else special, name)
    # With SCIPY_ARRAY_API=1, SciPy's public functions choose between namespaces.
    ufunc = getattr(public, "__wrapped__", public)
    if name not in own.__all__ and replacement_of(ufunc) is None and ufunc not in plain:
        raise AttributeError(f"scipy.special.{name} has no derivative here")

    def apply(*args: Any, **options: Any) -> Tensor:
        return wrapped(ufunc(*args, **options))

    return named(apply, name, f"Compute `scipy.special.{name}` of each element.")
