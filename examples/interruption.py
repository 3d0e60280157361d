"""Ctrl-C before there is anything to save."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["EXIT_CODE", "uninterrupted"]

# What a shell reports of a program that Ctrl-C ended: 128 and the number of the signal.
EXIT_CODE = 130


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off to the end of the ``with`` block: an import that is cut in two leaves half a module behind.

    `nn.training.Interruption` comes later, with the import. A second Ctrl-C is not put off.

    Raises
    ------
    KeyboardInterrupt
        At the end, if Ctrl-C was pressed.

    Examples
    --------
    >>> import signal
    >>> try:
    ...     with uninterrupted():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("comes to its end")
    ... except KeyboardInterrupt:
    ...     print("and is stopped then")
    comes to its end
    and is stopped then
    """
    pressed = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        raise KeyboardInterrupt
