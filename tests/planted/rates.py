"""Measure what a checker finds."""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from .catalogue import Pair
from .checkers import CHECKERS, Counter
from .kinds import KINDS
from .planting import plant
from .subjects import SUBJECTS, Function, Subject

T = TypeVar("T")
R = TypeVar("R")

__all__ = ["Outcome", "false_alarms", "measure", "report"]


@dataclass(frozen=True)
class Outcome:
    """What a checker said of one planted error.

    Attributes
    ----------
    said
        The first line of its error; None where it found none.
    examples
        How many examples it looked at; 0 if `check` found it beside them, as where threads compute.
    seconds
        How long it took.
    """

    pair: Pair
    said: str | None
    examples: int
    seconds: float

    @property
    def found(self) -> bool:
        return self.said is not None


def _say(checker: str, function: Function, subject: Subject) -> tuple[str | None, int, float]:
    counter, begin = Counter(), time.perf_counter()
    said = None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            CHECKERS[checker](function, subject, counter)
        except Exception as error:  # noqa: BLE001 - whatever a user would see of a wrong operation
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            numbered = re.search(r"found at example (\d+)", str(error))
            counter.examples = int(numbered[1]) if numbered else counter.examples
    return said, counter.examples, time.perf_counter() - begin


def measure_one(checker: str, pair: Pair) -> Outcome:
    """Plant an error, and see whether the checker finds it."""
    with plant(pair.subject, pair.error.error, pair.index) as function:
        return Outcome(pair, *_say(checker, function, pair.subject))


def _alarm(checker: str, operation: str) -> tuple[str, str | None, float]:
    said, _, seconds = _say(checker, SUBJECTS[operation].function, SUBJECTS[operation])
    return operation, said, seconds


def false_alarms(checker: str, operations: Iterable[str], jobs: int = 1) -> dict[str, str]:
    """Return what the checker says of right operations that it does not accept."""
    said = _mapped(partial(_alarm, checker), sorted(set(operations)), jobs, "right operations")
    return {operation: error for operation, error, _ in said if error is not None}


def measure(checker: str, pairs: Sequence[Pair], jobs: int = 1) -> list[Outcome]:
    """Return what the checker says of each planted error."""
    return _mapped(partial(measure_one, checker), pairs, jobs, "planted errors")


def _mapped(function: Callable[[T], R], items: Sequence[T], jobs: int, what: str) -> list[R]:
    with ProcessPoolExecutor(jobs) as executor:
        results = executor.map(function, items) if jobs > 1 else map(function, items)
        return list(tqdm(results, what, len(items), leave=False, disable=not sys.stderr.isatty()))


def report(outcomes: Sequence[Outcome]) -> str:
    """Say what was found, by kind, and what was missed."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.pair.kind, []).append(outcome)
    lines = [f"{'kind':35} {'found':>9}   examples: median, worst"]
    for name in sorted(groups, key=lambda name: (KINDS[name].group, list(KINDS).index(name))):
        lines.append(_line(name, groups[name]))
    lines += ["", _line("all", outcomes), _time(outcomes)]
    missed = [outcome.pair for outcome in outcomes if not outcome.found]
    return "\n".join([*lines, "", "missed:" if missed else "none is missed", *(f"  {pair}" for pair in missed)])


def _line(name: str, outcomes: Sequence[Outcome]) -> str:
    found = [outcome.examples for outcome in outcomes if outcome.found]
    examples = f"{median(found):g}, {max(found)}" if found else "-"
    share = f"{100 * len(found) / len(outcomes):5.1f} %" if name == "all" else ""
    return f"{name:35} {len(found):4}/{len(outcomes):<4}   {examples:15} {share}".rstrip()


def _time(outcomes: Sequence[Outcome]) -> str:
    seconds = [outcome.seconds for outcome in outcomes]
    return f"{sum(seconds):.0f} s in all; for one {median(seconds):.2f} s (median), {max(seconds):.1f} s (worst)"
