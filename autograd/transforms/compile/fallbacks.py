"""Fallbacks: how often and why a compiled function ran as it is, instead of what was recorded of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class FellBack:
    """A reason why a compiled function ran as it is.

    Attributes
    ----------
    reason
        What stood in the way.
    line
        The line of the user's program that it is about, where there is one.
    count
        How many calls, of the function or of its derivative, ran so.
    """

    reason: str
    line: str
    count: int = 0

    def __str__(self) -> str:
        return f"{self.reason}{f', at {self.line}' if self.line else ''} ({self.count} calls)"
