"""Quick calls: the shortest way from a call with arrays alone to the program that fitted the last one.

The check of a small program's arguments takes as long as some of its calls. So what is compared of them is printed as
a function for the program, with everything that it compares with at hand. It may say that a program does not fit which
does; whoever asks then finds out in the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ...arrays.door import recorder
from ...graph.grad_mode import recording, watching
from ...tensors.conversions import is_differentiating
from .memory import owner_of
from .program import state_of_errors

QuickCall: TypeAlias = Callable[[tuple[Any, ...]], Any]

MISSED: Any = object()  # what a quick call returns if the program does not fit
AT_FIRST = state_of_errors.get()  # what NumPy does on overflow unless the user asks for something else


def quick_call(
    args: tuple[Any, ...], held: frozenset[int], unchanged: Callable[[], bool], run: Callable[..., Any]
) -> QuickCall | None:
    """Return a function of the arguments that calls `run` if they are like `args`; None if it could not tell.

    `held` has the identities of the memory that the program holds, to which no argument may belong.
    """
    if not args or any(type(x) is not np.ndarray for x in args):
        return None
    if state_of_errors.get() is not AT_FIRST:
        return None
    names = [f"x{i}" for i in range(len(args))]
    scope: dict[str, Any] = {
        "ndarray": np.ndarray, "mode": recording(), "held": held, "unchanged": unchanged, "run": run,
        "missed": MISSED, "at_first": AT_FIRST, "recording": recording, "watching": watching, "nothing": {},
        "owner_of": owner_of, "records": recorder.get, "errors": state_of_errors.get,
        "differentiating": is_differentiating,
    }  # fmt: skip
    conditions = [f"len(args) != {len(args)}", "records() is not None", "watching()", "differentiating()"]
    conditions += ["recording() != mode", "errors() is not at_first"]
    each = []
    for i, (name, x) in enumerate(zip(names, args, strict=True)):
        scope |= {f"shape{i}": x.shape, f"dtype{i}": x.dtype, f"strides{i}": x.strides}
        each += [f"type({name}) is not ndarray", f"{name}.shape != shape{i}", f"{name}.dtype is not dtype{i}"]
        each.append(f"{name}.strides != strides{i}")
        if held or len(args) > 1:
            each.append(f"id(m{i} := {name} if {name}.base is None else owner_of({name})) in held")
            each += [f"m{i} is m{j}" for j in range(i)]
    text = (
        "def quick(args):\n"
        f"    if {' or '.join(conditions)}: return missed\n"
        f"    {', '.join(names)}, = args\n"
        f"    if {' or '.join(each)} or not unchanged(): return missed\n"
        "    return run(args, args, nothing)\n"
    )
    exec(text, scope)  # the text is the one above
    found: QuickCall = scope["quick"]
    return found
