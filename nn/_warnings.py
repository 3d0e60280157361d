"""Warnings that point to the line of the user's program that called this package."""

from __future__ import annotations

import os
import sys
import warnings

import autograd

# the folders of nn and autograd, whose lines are of no use to the user
_OURS = tuple(f"{folder}{os.sep}" for folder in map(os.path.dirname, (__file__, str(autograd.__file__))))


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, with the line of the user's program that called this package."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
