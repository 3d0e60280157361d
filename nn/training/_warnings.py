"""What `nn.training` warns of, and the error of a loss that is no number."""

from __future__ import annotations

from .._warnings import warn as warn_with

__all__ = ["NonFiniteLossError", "TrainingWarning", "warn"]


class TrainingWarning(UserWarning):
    """Something in a training is probably not meant: the message names the place and the remedy.

    ``warnings.simplefilter("error", nn.TrainingWarning)`` makes errors of all of them, and "ignore" silence.
    """


class NonFiniteLossError(FloatingPointError):
    """A loss was nan or infinite; the parameters are as they were before that step."""


def warn(message: str) -> None:
    """Warn, at the line of the program that called this package."""
    warn_with(message, TrainingWarning)
