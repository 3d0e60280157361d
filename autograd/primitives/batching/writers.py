"""Functions that write to an array: it has to be batched, or what they write has to be the same for all elements."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ...arrays.door import Level
from ..forms import Function
from .alignment import refuse_plain
from .functions import rule

__all__: list[str] = []  # all of them are noted by `rule`


@rule(np.copyto)
def _copyto(level: Level, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    refuse_plain(level, "copyto", dst, src, where)
    dst[...] = src if where is True else np.where(where, src, dst)


@rule(np.put, np.place, np.putmask, np.fill_diagonal, each=True)
def _written(function: Function, level: Level, a: Any, *args: Any, **kwargs: Any) -> None:
    refuse_plain(level, function.__name__, a, args, kwargs)

    @wraps(function)
    def write(target: Any, *args: Any, **kwargs: Any) -> Any:
        function(target, *args, **kwargs)
        return target

    a[...] = level.loop_call(write, (a.copy(), *args), kwargs)
