"""Warning source: NumPy's warnings about values within an operation name the line of the user's program.

NumPy's ufuncs are written in C and warn at the Python frame that calls them, which is a line of the engine: it tells a
user nothing, and Python, which shows a warning once per line, would show one for the whole program. Catching warnings
around each operation would cost more than many operations do. So warnings are intercepted just before they are shown:
a warning at a line of the engine is issued again at the line that called it, under the same filters and once per line
of the user's program.

`warnings.showwarning` is replaced by everything that records warnings, such as pytest; the function that calls it is
undocumented, but has been the same from Python 3.6 to 3.14. `undo` restores it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from .source_info import user_frame, within_file

_PLACE = "_showwarnmsg"  # Python calls it with each warning to show
_show: Callable[[Any], None] = vars(warnings)[_PLACE]


def _show_at_users_line(message: Any) -> None:
    """Show a warning; if it is at a line of the engine, show it at the line that called it."""
    issued = _frame_in(message.filename) if within_file(message.filename) else None
    frame = user_frame(issued)[0] if issued is not None else None
    if issued is None or frame is None or within_file(frame.f_code.co_filename):
        _show(message)
        return
    # Python notes which warnings it has shown, per line and overall; this one has not been shown yet
    issued.f_globals.get("__warningregistry__", {}).clear()
    onces: dict[Any, Any] = vars(warnings).get("onceregistry", {})
    onces.pop((str(message.message), message.category), None)
    warnings.warn_explicit(
        message.message,
        message.category,
        frame.f_code.co_filename,
        frame.f_lineno,
        frame.f_globals.get("__name__"),
        frame.f_globals.setdefault("__warningregistry__", {}),
        source=message.source,
    )


def _frame_in(filename: str) -> FrameType | None:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename != filename:
        frame = frame.f_back
    return frame


def undo() -> None:
    """Restore Python's behaviour: warnings name the lines that issue them, including lines of the engine."""
    if vars(warnings)[_PLACE] is _show_at_users_line:
        setattr(warnings, _PLACE, _show)


setattr(warnings, _PLACE, _show_at_users_line)
