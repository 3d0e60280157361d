"""Machine code of loops: which way a loop is compiled, and the function that runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..loops.loop import Loop
from .elements import Elements
from .fuse import function_of
from .loop_code import kernel_of


def machine_code(loop: Loop, batched: Sequence[bool] | None = None) -> Callable[..., bool]:
    """Return a function that runs a loop: ``run(*arguments, *finals, *stacked, count)``, true if all checks held.

    It is given arrays that are contiguous, and none of which shares memory with another, those for the results among
    them. Without an iteration, final values that are carried are the first ones, and others are not set.

    Parameters
    ----------
    loop
        What is compiled.
    batched
        For each argument whether it has a first axis more, that of a batch; all results have it. The function's last
        argument is then how many elements the batch has.

    Raises
    ------
    Unsuitable
        If the body is not arithmetic that is known here.
    """
    elements = Elements(loop)
    numbers = ["count"] if batched is None else ["count", "size"]
    arrays = [f"a{i}" for i in range(len(loop.arguments) + len(loop.finals) + len(loop.stacked))]
    return function_of(elements.text(batched), [*arrays, *numbers], lambda: kernel_of(elements, batched))
