"""What `nn.training` warns of, and the error of a loss that is no number."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import autograd

__all__ = ["NonFiniteLossError", "TrainingWarning", "warn"]

# the folders of nn and autograd, whose lines tell a user nothing
_OURS = tuple(f"{folder}{os.sep}" for folder in (Path(__file__).parents[1], Path(str(autograd.__file__)).parent))


class TrainingWarning(UserWarning):
    """Something in a training is probably not meant: the message names the place and the remedy.

    ``warnings.simplefilter("error", nn.TrainingWarning)`` makes errors of all of them, and "ignore" silence.
    """


class NonFiniteLossError(FloatingPointError):
    """A loss was nan or infinite; the parameters are as they were before that step."""


def warn(message: str) -> None:
    """Warn, at the line of the program that called this package."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, TrainingWarning, stacklevel=level)
