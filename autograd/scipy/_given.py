"""What SciPy's own functions may be given as it is, and what has to be computed here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from numpy.typing import ArrayLike

from autograd import DtypeError, GraphError, Tensor
from autograd.extend import innermost
from autograd.inside import TensorLike, any_live, contents, users_line

from .common import double


def in_double(x: TensorLike) -> Any:
    """Return a tensor or an array as one of double precision, in which SciPy computes; raise for complex numbers."""
    found = double(x)
    if found.dtype.kind == "c":
        raise DtypeError(f"real numbers are needed, at {users_line()}, not complex ones of shape {found.shape}")
    return found


def refuse_live(function: str, remedy: str, **values: object) -> None:
    """Raise if one of the arguments of a function requires a gradient, which there is none for."""
    for name, value in values.items():
        if any(any_live(x) for x in contents([value])):
            raise GraphError(
                f"{function}, at {users_line()}, has no derivative with respect to {name}, which requires a gradient: "
                f"{remedy}"
            )


def on_plain(name: str, function: Callable[..., ArrayLike]) -> Callable[..., Any]:
    """Return a function of SciPy that has no derivative here: it takes arrays and constants, and refuses others."""

    @wraps(function)
    def call(*args: object, **kwargs: object) -> Any:
        level = innermost(args, kwargs)
        if level is not None:
            raise GraphError(
                f"{name}, at {users_line()}, has no rule for batches here: call it outside of vmap, for all elements"
            )
        refuse_live(name, "there is no rule for it here, and t.detach() passes the numbers alone", args=args, **kwargs)
        return function(*map(_numbers, args), **{key: _numbers(value) for key, value in kwargs.items()})

    return call


def _numbers(value: Any) -> Any:
    return value._array if isinstance(value, Tensor) else value
