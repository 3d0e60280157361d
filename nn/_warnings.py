"""Warnings that point to the line of the user's program that called this package, and the table of their texts."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import autograd

# the folders of nn and autograd, whose lines are of no use to the user
_OURS = tuple(f"{folder}{os.sep}" for folder in (Path(__file__).parent, Path(str(autograd.__file__)).parent))


class TrainingWarning(UserWarning):
    """Something in a training is probably not meant: the message names the place and the remedy.

    ``warnings.simplefilter("error", nn.TrainingWarning)`` makes errors of all of them, and "ignore" silence.
    """


@cache
def _messages() -> dict[str, str]:
    lines = (Path(__file__).parent / "messages.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


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
