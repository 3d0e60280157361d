"""Running: what a program calls for a loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....later import load
from ..printer import Diverged
from ..program import Check, traced_in
from .loop import Loop, Unsuitable


class CompiledLoop:
    """Runs a loop by machine code.

    Attributes
    ----------
    why
        Why there is no machine code of it; nothing if there is.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop, self.why, self.__name__ = loop, "", "loop"
        self._shapes = [(x.value.shape, x.dtype) for x in loop.finals]
        self._stacked = [((loop.count, *x.value.shape), x.dtype) for x, _ in loop.stacked]
        try:
            self._run: Any = load("machine code of loops").machine_code(loop)
        except Unsuitable as error:
            self.why = str(error)

    @property
    def has_checks(self) -> bool:
        """Whether it may raise `Diverged`."""
        return any(isinstance(call, Check) for call in self.loop.calls)

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        made = [np.empty(shape, dtype) for shape, dtype in (*self._shapes, *self._stacked)]
        if not self._run(*arguments, *made, self.loop.count):
            line = next(call.line for call in self.loop.calls if isinstance(call, Check))
            raise Diverged(line, False)
        return tuple(made)

    def text(self) -> str:
        """Return the loop as text."""
        results = len(traced_in((self.loop.finals, self.loop.stacked)))
        return f"# loop: {self.loop.count} iterations of {len(self.loop.calls)} calls, {results} results"
