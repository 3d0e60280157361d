"""Machine code of loops: which way a loop is compiled, and the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..loops.loop import Loop, Unsuitable
from ..program import traced_in
from . import nest_code
from .elements import Elements
from .loop_code import ABREAST, by_address, kernel_of
from .nests import Body

FEW = 500  # operations on single numbers: with more, nests over arrays are as fast, and take less time to compile
WIDE = 4  # operations in a call, on average: nests of fewer are many small loops
TRIED = 10_000  # numbers in all arrays of a body that are spelled out to see how many operations they take


def form_of(loop: Loop, batched: Sequence[bool] | None = None) -> Elements | Body:
    """Return what machine code of a loop is made from: arithmetic on single numbers, or steps on arrays.

    `batched` says for each argument whether it has an axis more, that of a batch; all results have it. It is the
    first, or the second of what has a row for each iteration.

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
            return Body(loop)
        except Unsuitable as error:
            if elements is None:
                raise Unsuitable(f"{reason}{error}") from None
    return elements


def machine_code(loop: Loop, batched: Sequence[bool] | None = None, size: int = 1) -> Callable[..., bool]:
    """Return a function that runs a loop: ``run(*arguments, *finals, *stacked, count)``, true if all checks held.

    It is given arrays that are contiguous, and none of which shares memory with another, those for the results among
    them; for a batch, of which `form_of` tells, then how many elements it has, which is `size` at least. Without an
    iteration, final values that are carried are the first ones, and others are not set.
    """
    form = form_of(loop, batched)
    if isinstance(form, Body):
        return nest_code.machine_code(form, batched)
    width = min(ABREAST, 1 << (max(size, 1).bit_length() - 1))
    text = f"{width} abreast\n{form.text(batched)}"
    return by_address(loop, text, batched, lambda: kernel_of(form, batched, width))
