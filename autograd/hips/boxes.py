"""What stands for a value that is being differentiated: a `Tensor`."""

from __future__ import annotations

from typing import Any

from autograd import Tensor
from autograd.inside import unwrap

__all__ = ["Box", "getval", "isbox"]

Box = Tensor


def isbox(x: object) -> bool:
    """Tell whether a value is being differentiated, or takes part in it."""
    return isinstance(x, Tensor)


def getval(x: Any) -> Any:
    """Return the array or number of a value that is being differentiated; anything else is returned as it is.

    Examples
    --------
    >>> from autograd import grad
    >>> from autograd.tracer import getval
    >>> seen = []
    >>> grad(lambda x: seen.append(getval(x)) or x**2)(3.0)
    np.float64(6.0)
    >>> seen
    [np.float64(3.0)]
    """
    return unwrap(x)[()] if isinstance(x, Tensor) else x


Tensor._value = property(getval)  # type: ignore[attr-defined]  # where programs look to print a value
