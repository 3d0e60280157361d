"""Warnings that point to the line of the user's program that called this package, and the table of their texts."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from typing import Any

import autograd

# the folders of nn and autograd, whose lines are of no use to the user
_OURS = tuple(f"{folder}{os.sep}" for folder in map(os.path.dirname, (__file__, str(autograd.__file__))))


class TrainingWarning(UserWarning):
    """Something in a training is probably not meant: the message names the place and the remedy.

    ``warnings.simplefilter("error", nn.TrainingWarning)`` makes errors of all of them, and "ignore" silence.
    """


@cache
def _messages() -> dict[str, str]:
    with open(os.path.join(os.path.dirname(__file__), "messages.txt"), encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(": ", 1) for line in file)


def message(kind: str, /, **parts: Any) -> str:
    """Return the text of a kind of mistake, from the table in ``messages.txt``."""
    return _messages()[kind].format(**parts)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line of the user's program that called this package."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
