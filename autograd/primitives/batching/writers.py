"""Functions that write to an array: it has to be batched, or what they write has to be the same for all elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.door import Level
from ..forms import Function, bound
from .alignment import refuse_plain
from .functions import rule

__all__: list[str] = []  # all of them are noted by `rule`


def _written(function: Function) -> Function:
    name = function.__name__

    def write(level: Level, a: Any, *args: Any, **kwargs: Any) -> None:
        refuse_plain(level, name, a, args, kwargs)
        if function is np.copyto:
            given = bound(function, (a, *args), kwargs)
            where = given.get("where", True)
            a[...] = given["src"] if where is True else np.where(where, given["src"], a)
            return
        names = list(kwargs)

        def of_element(target: Any, args: Any, values: Any) -> Any:
            function(target, *args, **dict(zip(names, values, strict=True)))
            return target

        a[...] = level.loop(name, of_element, (a.copy(), args, tuple(kwargs.values())))

    return write


for _writer in (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal):
    rule(_writer)(_written(_writer))
