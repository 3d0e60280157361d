"""What stands for a value that is being differentiated: a `Tensor`."""

from __future__ import annotations

import functools
import threading
from collections import UserDict
from collections.abc import Callable, Container
from numbers import Number
from typing import Any

import numpy as np

from autograd import Tensor, UnsupportedError
from autograd.extend import same_tensor
from autograd.inside import BOXES, unwrap

__all__ = ["RECORDED_RULE", "Box", "Mappings", "getval", "isbox"]

Box: Any = Tensor


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


class Mappings(UserDict[type, Callable[..., Any]]):
    """What programs say of their own classes of arrays: nothing is needed for those. Others are containers."""

    def __setitem__(self, kind: type, made: Callable[..., Any]) -> None:
        """Take a class of arrays or numbers, and refuse any other."""
        if not issubclass(kind, np.ndarray | np.generic | Number | Tensor):
            raise UnsupportedError(
                f"{kind.__name__} is no array: tell autograd.register_pytree_node() what is in one, or make it a "
                f"dataclass, to differentiate with respect to it"
            )
        _give_way(kind)
        super().__setitem__(kind, made)


def _give_way(kind: Any) -> None:
    """Have arrays of a class leave ufuncs of tensors to these, which their own method may not know."""
    own = vars(kind).get("__array_ufunc__")
    if own is None or hasattr(own, "__wrapped__"):
        return

    @functools.wraps(own)
    def computed(x: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return NotImplemented if any(map(isbox, inputs)) else own(x, ufunc, method, *inputs, **options)

    kind.__array_ufunc__ = computed


def _register(box: type, value_type: type) -> None:
    """Say that arrays of a class are differentiated, as all are."""
    if box is not Tensor:
        raise UnsupportedError(f"{box.__name__} is not used: all values that are being differentiated are of one class")
    Box.type_mappings[value_type] = np.asarray


Box.type_mappings = Mappings()
Box.type_mappings.data = BOXES  # where functions that are differentiated look
Box.register = classmethod(_register)


class _RecordedRule(threading.local):
    """The rule of a program's own that runs while its derivative is recorded.

    Attributes
    ----------
    given
        The identities of the tensors that it was given; None if no such rule runs.
    """

    given: Container[int] | None = None


RECORDED_RULE = _RecordedRule()


class _Inner(Tensor):
    """What is in a box where the derivative of a derivative is computed: a box too, until it is asked again."""

    __slots__ = ()
    _value = property(getval)


def _value(x: Tensor) -> Any:
    """Return what is in a box: of tensors that a rule was not given but knows, such as its function's, a box."""
    given = RECORDED_RULE.given
    return getval(x) if given is None or id(x) in given or x._node is None else same_tensor(x, _Inner)


Box._value = property(_value)  # where programs look to print a value
