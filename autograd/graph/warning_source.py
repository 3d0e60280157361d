"""Whose line a warning names: that of the user's program, where NumPy warns of values within an operation.

NumPy's ufuncs are written in C and warn at the Python frame that calls them, which is a line of the engine: it says
nothing to a user, and Python, which shows a warning once for each line, would show one for the whole program. Catching
warnings around each operation would cost more than many operations do. So what is about to be shown is looked at
instead: a warning at a line of the engine is issued anew at the line that called it, by the same filters and with the
once-for-each-line of that.

`warnings.showwarning` is replaced by all who record warnings, pytest among them; what calls it is not documented, but
has been the same from Python 3.6 to 3.14. `undo` puts it back.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

from .source_info import user_frame, within_file

__all__ = ["undo"]

_PLACE = "_showwarnmsg"  # what Python calls with a warning that is to be shown
_show: Callable[[Any], None] = vars(warnings)[_PLACE]


def _show_at_users_line(message: Any) -> None:
    """Show a warning, one at a line of the engine as one at the line that called it."""
    issued = _frame_in(message.filename) if within_file(message.filename) else None
    frame = user_frame(issued)[0] if issued is not None else None
    if issued is None or frame is None or within_file(frame.f_code.co_filename):
        _show(message)
        return
    # Python notes what it has shown of each line, and of all; here it has not been shown yet
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
    """Have warnings name the lines that issue them again, those of the engine too."""
    if vars(warnings)[_PLACE] is _show_at_users_line:
        setattr(warnings, _PLACE, _show)


setattr(warnings, _PLACE, _show_at_users_line)
