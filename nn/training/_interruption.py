"""Ctrl-C as a request: the step that is being taken comes to an end."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interruption"]


class Interruption:
    """Notes Ctrl-C within a ``with`` block instead of raising KeyboardInterrupt; a second Ctrl-C does raise it.

    Where the program has a handler of its own, or in another than the main thread, it changes nothing.

    Attributes
    ----------
    requested
        Whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._installed = False

    def __enter__(self) -> Interruption:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number: int, frame: FrameType | None) -> Any:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # print() may be what was interrupted, and refuses to be called within itself
        os.write(2, b"\nCtrl-C: the training ends after this step. Press it again to stop at once.\n")
