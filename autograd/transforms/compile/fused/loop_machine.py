"""Machine code of loops: which way a loop is compiled, and the function that runs it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..loops.loop import Loop, Unsuitable
from ..program import traced_in
from . import nest_code
from .elements import Elements
from .fuse import function_of
from .loop_code import FIRST_FIELD, dtypes_of, kernel_of

MANY = 8  # arrays: numba takes longer to compile what takes more than the loop itself
FEW = 500  # operations on single numbers: with more, nests over arrays are as fast, and take less time to compile
WIDE = 4  # operations in a call, on average: nests of fewer are many small loops
TRIED = 10_000  # numbers in all arrays of a body that are spelled out to see how many operations they take


def machine_code(loop: Loop, batched: Sequence[bool] | None = None) -> Callable[..., bool]:
    """Return a function that runs a loop: ``run(*arguments, *finals, *stacked, count)``, true if all checks held.

    It is given arrays that are contiguous, and none of which shares memory with another, those for the results among
    them. Without an iteration, final values that are carried are the first ones, and others are not set.

    Parameters
    ----------
    loop
        What is compiled.
    batched
        For each argument whether it has an axis more, that of a batch; all results have it. It is the first, or the
        second of what has a row for each iteration. The function's last argument is then how many elements the batch
        has.

    Raises
    ------
    Unsuitable
        If the body is not arithmetic that is known here.
    """
    numbers = sum(x.size for call in loop.calls for x in traced_in(call.result))
    try:
        elements, reason = (Elements(loop) if numbers <= TRIED else None), ""
    except Unsuitable as error:
        elements, reason = None, f"{error}; as loops over arrays, "
    if elements is None or (batched is None and len(elements.order) > max(FEW, WIDE * len(loop.calls))):
        try:
            return nest_code.machine_code(loop, batched)
        except Unsuitable as error:
            if elements is None:
                raise Unsuitable(f"{reason}{error}") from None
    return _of_numbers(elements, batched)


def _of_numbers(elements: Elements, batched: Sequence[bool] | None) -> Callable[..., bool]:
    dtypes = dtypes_of(elements.loop)
    numbers = ["count"] if batched is None else ["count", "size"]
    in_table = len(dtypes) > MANY and _BY_TABLE
    arrays = ["table"] if in_table else [f"a{i}" for i in range(len(dtypes))]
    run = function_of(
        elements.text(batched), [*arrays, *numbers], lambda: kernel_of(elements, batched, in_table=in_table)
    )
    return _Table(run, dtypes) if in_table else run


class _Table:
    """A function of arrays that gives another a table of them: where each object is."""

    def __init__(self, run: Callable[..., bool], dtypes: list[Any]) -> None:
        self.run, self.dtypes = run, dtypes

    def __call__(self, *given: Any) -> bool:
        count = len(self.dtypes)
        arrays, numbers = given[:count], given[count:]
        if [x.dtype for x in arrays] != self.dtypes or not all(x.flags.c_contiguous for x in arrays):
            raise TypeError("a loop is given arrays of other dtypes than it was compiled for, or such that have gaps")
        return self.run(np.array([*map(id, arrays)]), *numbers)


def _objects_have_addresses() -> bool:
    """Tell whether the address of an array's elements is the first field of the object, and `id` where that is.

    Extensions that are compiled for NumPy take it from there, too.
    """
    x = np.empty(1)
    if sys.implementation.name != "cpython":
        return False
    return ctypes.c_void_p.from_address(id(x) + FIRST_FIELD).value == int(x.__array_interface__["data"][0])


_BY_TABLE = _objects_have_addresses()
