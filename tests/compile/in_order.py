"""The order of a printed program: nothing that others see changes before the last line at which it may not fit.

The function itself then runs instead, and has to find everything as it was. What the step of an optimizer has changed
until then is put back.
"""

import re
import sys
from typing import Any

import numpy as np

from autograd.transforms.compile.printer import Diverged, Printed
from autograd.transforms.compile.program import ARGUMENT, HELD, Program

__all__ = ["checked"]

_DIVERGES, _COMMITS = "raise Diverged", "committed.append(True)"


def checked(printed: Printed, program: Program) -> Printed:
    """Return a printed program whose lines are in order, and whose first run is watched line by line."""
    lines = printed.source.splitlines()
    commits = next((i for i, line in enumerate(lines) if line.strip() == _COMMITS), len(lines))
    late = [line.strip() for line in lines[commits:] if _DIVERGES in line]
    assert not late, f"{late} after what cannot be put back:\n{printed.source}"
    names = re.findall(r"^ *(v\d+|v\[\d+\]) = (?!.*None$)", printed.source, re.MULTILINE)
    assert len(names) == len(set(names)), f"a name stands for two arrays:\n{printed.source}"
    run = printed.run

    def watched(leaves: Any) -> Any:
        printed.run = run
        return _Watched(printed, program, leaves).run()

    printed.run = watched
    return printed


class _Watched:
    """One run of a program, whose lines are followed until the first that changes what others see."""

    def __init__(self, printed: Printed, program: Program, leaves: Any) -> None:
        self.printed, self.leaves, self.changed = printed, leaves, False
        free = set(map(id, program.free))  # gradients that the function has cleared
        self.arrays = [
            array
            for x, fetch in program.sources
            if x.memory.kind in (HELD, ARGUMENT)
            and id(x.memory) not in free
            and isinstance(array := fetch(leaves), np.ndarray)
        ]
        self.before = list(map(np.ndarray.tobytes, self.arrays))

    def run(self) -> Any:
        previous = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return self.printed.run(self.leaves)
        except Diverged:
            self.printed.give_up()
            assert self.before == list(map(np.ndarray.tobytes, self.arrays)), "not all is put back"
            raise
        finally:
            sys.settrace(previous)

    def _enter(self, frame: Any, event: str, arg: Any) -> Any:
        return self._follow if frame.f_code.co_filename == self.printed.file else None

    def _follow(self, frame: Any, event: str, arg: Any) -> Any:
        if not self.changed and list(map(np.ndarray.tobytes, self.arrays)) != self.before:
            if self.printed.undo and not self.printed.committed:  # what was changed is put back
                return self._follow
            self.changed = True
            lines = self.printed.source.splitlines()
            begins = next(i for i, line in enumerate(lines) if line.startswith(f"def {frame.f_code.co_name}("))
            at = begins + frame.f_lineno - frame.f_code.co_firstlineno
            assert self.printed.committed, (
                f"before line {at}, others see a change, and an error would not:\n" + "\n".join(lines)
            )
            late = [line.strip() for line in lines[at:] if _DIVERGES in line]
            assert not late, f"{late} after others see a change:\n{self.printed.source}"
        return self._follow
