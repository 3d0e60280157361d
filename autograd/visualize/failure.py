"""Failures: where a function that is drawn or played raised an error, and what it had computed before."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from traceback import walk_tb
from types import FrameType
from typing import Any

import numpy as np

from autograd import Tensor, Value
from autograd.inside import LEAF, ancestors, operation_of, place, text_at, user_frame

from .foreign import ForeignNode
from .picture import Box
from .watching import Call

_WIDE, _HIGH = 56, 6  # of the text of an error, in letters and lines


@dataclass(frozen=True, slots=True)
class Failure:
    """An error: its text, the line of the program, the calls around it, and the tensors and arrays that it had."""

    error: Exception
    where: str
    line: str
    calls: tuple[Call, ...]
    given: tuple[Any, ...]
    nodes: tuple[Any, ...]  # what was recorded before, each after all that it depends on

    @property
    def title(self) -> str:
        """What to call the box: what the program says there."""
        line = self.line if len(self.line) <= _WIDE else f"{self.line[: _WIDE - 1]}…"
        return f"✗ {line or type(self.error).__name__}"

    @property
    def text(self) -> str:
        """The class and the text of the error."""
        return f"{type(self.error).__name__}: {self.error}"

    def box(self, frame: int | None) -> Box:
        """Return the box that stands where the operation would stand."""
        lines = textwrap.wrap(self.text.splitlines()[0], _WIDE, max_lines=_HIGH, placeholder=" …")
        return Box("failed", self.title, tuple(lines), where=self.where, alarm=True, frame=frame)

    def tell(self, shown: Any, how: str) -> None:
        """Show a picture or a page in a notebook, and have the error say how to see it elsewhere."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if shell is not None:
            from IPython.display import display  # a notebook has loaded it

            display(shown)  # type: ignore[no-untyped-call]
        self.error.add_note(how)


def failure_of(error: Exception, recorded: list[Any], calls: tuple[Call, ...]) -> Failure | None:
    """Return what is known of an error; None if no part of a graph was there."""
    frames = [*walk_tb(error.__traceback__)][1:]  # without that of the caller
    user = user_frame(frames[-1][0])[0] if frames else None
    last = max((index for index, (frame, _) in enumerate(frames) if frame is user), default=-1)
    at, number = frames[last] if last >= 0 else (None, None)  # nobody's line: a module of `nn` itself is what is drawn
    used = {x for node in recorded for x in operation_of(node).inputs(node)}
    given = [x for frame, _ in frames[last + 1 :] for x in _inputs_in(frame)]
    if not given and at is not None:  # the program itself raised it
        given = [x for x in _inputs_in(at) if node_of(x) not in used]
    known = {None, *recorded}  # of what failed, a result may be there that is in no graph
    given = [x for x in given if node_of(x) in known or getattr(node_of(x), "op", None) is LEAF]
    live = [node for x in given if (node := node_of(x)) is not None]
    where = "" if at is None else place(at.f_code.co_filename, number)
    line = "" if at is None else text_at(at.f_code.co_filename, number)
    order = tuple(ancestors([*recorded, *live]))
    if not order:
        return None
    distinct = tuple({id(x if node_of(x) is None else node_of(x)): x for x in given}.values())
    return Failure(error, where, line, calls, distinct, order)


def node_of(x: Any) -> Any:
    """Return the node of a tensor or a value; None for anything else."""
    return x._node if isinstance(x, Tensor) else x if isinstance(x, Value | ForeignNode) else None


def _inputs_in(frame: FrameType) -> Iterator[Any]:
    """Yield the tensors, values and arrays among the variables of a frame, and in their tuples, lists and dicts."""
    for variable in frame.f_locals.values():
        if isinstance(variable, dict):
            parts = [*variable.values()]
        else:
            parts = [*variable] if isinstance(variable, tuple | list) else [variable]
        yield from (part for part in parts if isinstance(part, Tensor | Value | np.ndarray))
