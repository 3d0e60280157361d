"""Python's containers and questions about types, for values that are being differentiated.

Lists, tuples and dicts of them are Python's own here, so only `isinstance` and `type` do something else: they answer
for the array or number of a `Tensor`.
"""

from __future__ import annotations

import builtins
from abc import ABCMeta
from typing import Any

from autograd.extend import lazy_names, missing

from .boxes import getval

__all__ = [
    "DictBox",
    "ListBox",
    "SequenceBox",
    "TupleBox",
    "dict",
    "isinstance",
    "list",
    "make_sequence",
    "tuple",
    "type",
]

dict, list, tuple = builtins.dict, builtins.list, builtins.tuple
DictBox, ListBox, TupleBox = dict, list, tuple


class SequenceBox(metaclass=ABCMeta):  # noqa: B024  # for questions alone
    """Lists and tuples, in questions about types."""


SequenceBox.register(list)
SequenceBox.register(tuple)


def make_sequence(seq_type: Any, *args: Any) -> Any:
    """Return a list or a tuple of values."""
    return seq_type(args)


def isinstance(x: object, kind: Any) -> bool:  # the name that programs import
    """Tell whether a value, or the array or number that is being differentiated, is of a class.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.builtins import isinstance
    >>> grad(lambda x: x**2 if isinstance(x, float) else 0 * x)(3.0)
    np.float64(6.0)
    """
    return builtins.isinstance(x, kind) or builtins.isinstance(getval(x), kind)


def type(x: object) -> Any:  # the name that programs import
    """Return the class of a value, or of the array or number that is being differentiated."""
    return builtins.type(getval(x))


lazy_names(globals(), otherwise=missing.lookup(__name__))
