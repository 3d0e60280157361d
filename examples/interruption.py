"""Ctrl-C as a request: what is being done comes to an end, and what there is gets saved."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any

__all__ = ["EXIT_CODE", "Interruption"]

# What a shell reports of a program that Ctrl-C ended: 128 and the number of the signal.
EXIT_CODE = 130


class Interruption:
    """Notes Ctrl-C within a ``with`` block instead of raising KeyboardInterrupt; a second Ctrl-C does raise it.

    A step of training that was cut in two would leave some weights changed and others not. The loop looks at
    `requested` between steps, so what is saved is what a whole number of steps has made.

    Attributes
    ----------
    requested
        Whether Ctrl-C was pressed.

    Examples
    --------
    >>> import signal
    >>> with Interruption(message="") as interruption:
    ...     signal.raise_signal(signal.SIGINT)
    ...     print(interruption.requested)
    True
    """

    def __init__(self, message: str = "\nCtrl-C: saving what there is. Press it again to stop at once.\n") -> None:
        self.requested = False
        self._message = message.encode()

    def __enter__(self) -> Interruption:
        self._previous: Any = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # print() may be what was interrupted, and refuses to be called within itself
        os.write(2, self._message)
