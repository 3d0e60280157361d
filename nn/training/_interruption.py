"""Ctrl-C as a request: the current step is finished first."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Self


class Interruption:
    """Notes Ctrl-C within a ``with`` block instead of raising KeyboardInterrupt; a second Ctrl-C does raise it.

    A training step that was interrupted would leave some weights changed and others not. A loop that looks at
    `requested` between steps saves the result of a whole number of steps. `fit` does so by itself: use this for loops
    of your own, or around `fit` and what follows it, such as writing files.

    If the program has a handler of its own, such as that of an outer Interruption, it is called too, and decides the
    message and what a second Ctrl-C does. Where Ctrl-C is ignored, and outside the main thread, which alone can set
    handlers, nothing is changed.

    Parameters
    ----------
    message
        What is written to the standard error stream when Ctrl-C is pressed.

    Attributes
    ----------
    requested
        Whether Ctrl-C was pressed, within an outer Interruption too.

    Examples
    --------
    >>> import signal
    >>> from nn.training import Interruption
    >>> with Interruption(message="") as interruption:
    ...     for step in range(1000):
    ...         if step == 7:
    ...             signal.raise_signal(signal.SIGINT)  # what Ctrl-C does
    ...         if interruption.requested:
    ...             break
    >>> step
    7
    """

    def __init__(self, message: str = "\nCtrl-C: saving what there is. Press it again to stop at once.\n") -> None:
        self.requested = False
        self._message = message.encode()
        self._previous: Any = None

    def __enter__(self) -> Self:
        handler = signal.getsignal(signal.SIGINT)
        if callable(handler) and threading.current_thread() is threading.main_thread():
            self._previous = handler
            outer = getattr(handler, "__self__", None)
            self.requested = isinstance(outer, Interruption) and outer.requested  # before this block began
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *raised: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None  # which may hold much of the program

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if self._previous is not signal.default_int_handler:
            self._previous(number, frame)
        elif again:
            raise KeyboardInterrupt
        else:  # print() may be what was interrupted, and refuses to be called within itself
            os.write(2, self._message)
