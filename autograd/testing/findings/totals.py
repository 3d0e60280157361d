"""The session: what `check` is told for a whole run of tests, and a summary of what its calls found."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

KEPT = 5
COUNTS = ("calls", "examples", "set_aside", "compared", "untold")


@dataclass
class Totals:
    """The defaults of `check`, and sums over its calls.

    Attributes
    ----------
    seed, profile
        What `check` uses where its own arguments are not given.
    calls, examples, set_aside, compared, untold
        How often it was called, and the sums of what its reports say.
    worst
        The largest errors, as parts of what is allowed, and where they were found.
    """

    seed: int = 0
    profile: str = "default"
    calls: int = 0
    examples: int = 0
    set_aside: int = 0
    compared: int = 0
    untold: int = 0
    worst: list[tuple[float, str]] = field(default_factory=list)

    def add(self, report: Any, name: str) -> None:
        """Add what one call found, a `Report`."""
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
        counts = {count: getattr(report, count) for count in COUNTS[1:]}
        self.merge(Totals(calls=1, worst=[(report.worst, f"{name}, in {test}" if test else name)], **counts))

    def merge(self, other: Totals) -> None:
        """Add what another session found."""
        for sum_ in COUNTS:
            setattr(self, sum_, getattr(self, sum_) + getattr(other, sum_))
        self.worst = sorted([*self.worst, *other.worst], reverse=True)[:KEPT]


totals = Totals()
