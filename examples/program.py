"""What the programs have in common: how they start, what they read of their options, and how they end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["EXIT_CODE", "natural", "positive", "start", "uninterrupted", "use_one_thread"]

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


def start(name: str, load: Callable[[], Callable[..., bool]], *arguments: Any) -> int:
    """Do the job of a program; return its exit code: 0, 1 for an error that it can explain, 130 after Ctrl-C.

    Parameters
    ----------
    name
        Of the program, without ``examples``.
    load
        Imports what does the job: late, so that ``--help`` need not wait, and whole, so that Ctrl-C cannot cut NumPy in
        two. What it returns saves what there is after Ctrl-C, and tells whether it was pressed.
    arguments
        What the job is called with.
    """
    try:
        with uninterrupted():
            from datasets import DataError
            from examples.files import UsageError

            job = load()
        return EXIT_CODE if job(*arguments) else 0
    except KeyboardInterrupt:
        print(f"examples.{name}: stopped", file=sys.stderr)
        return EXIT_CODE
    except (DataError, UsageError, OSError) as error:
        print(f"examples.{name}: {error}", file=sys.stderr)
        return 1


def use_one_thread() -> None:
    """Keep NumPy, unless it is loaded or the environment says how many, from sharing small products among threads.

    They take so little time that the threads mostly wait for each other: on two idle cores a second one saves a fifth,
    and where another program needs a core, it makes the training several times slower.
    """
    if "numpy" not in sys.modules and not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
        os.environ["OPENBLAS_NUM_THREADS"] = "1"


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("0 is too few")
    return number


def natural(text: str) -> int:
    """Read a whole number that is not negative."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)
