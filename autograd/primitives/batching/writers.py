"""Functions that write to an array: it has to be batched, or what they write has to be the same for all elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph.batched import Level
from .alignment import batched_among, is_at
from .functions import Function, bound, rule

__all__ = ["refuse_plain"]


def refuse_plain(level: Level, name: str, a: Any, *given: Any) -> None:
    """Raise if an array to which a function would write what is batched among `given` is not batched."""
    if not is_at(level, a):
        batched_among(a, *given).refuse(
            f"writing to a plain array, with numpy.{name}, the value or index",
            "A plain array has room for one element: begin with numpy.zeros_like(x) of a batched x, or "
            "numpy.zeros(shape, like=x)",
        )


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
