"""Measure what checkers of gradients find: ``python -m tests.planted.score``."""

from __future__ import annotations

import argparse
import importlib
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from .checkers import Checker, installed
from .errors import ERRORS, Error
from .operations import OPERATIONS, Operation

PAGE = Path(__file__).parents[3] / "docs" / "checkers.md"
MARK = "## The tables"


class Outcome(NamedTuple):
    """What a checker said of one operation; nothing if it found nothing."""

    said: str
    seconds: float


def outcome(checker: Checker, operation: Operation) -> Outcome:
    """Call a checker."""
    begin, said = time.process_time(), ""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            checker(operation)
        except Exception as error:  # noqa: BLE001 - whatever a user would see
            said = f"{type(error).__name__}: {error}"
    return Outcome(said, time.process_time() - begin)


class Score(NamedTuple):
    """What a checker said of each kind of error, and of each right operation."""

    errors: dict[str, Outcome]
    right: dict[str, Outcome]

    def row(self, name: str) -> str:
        """Return it as a row of a table."""
        found, alarms = (sum(bool(one.said) for one in each.values()) for each in self)
        seconds = [one.seconds for one in self.right.values()]
        return (
            f"| {name} | {found} of {len(self.errors)} | {alarms} of {len(self.right)} | "
            f"{median(seconds):.2f}, {max(seconds):.1f} |"
        )


def score(checker: Checker, errors: Sequence[Error] = ERRORS, right: Sequence[str] = tuple(OPERATIONS)) -> Score:
    """Measure a checker."""
    return Score(
        {error.kind: outcome(checker, error.make()) for error in errors},
        {name: outcome(checker, OPERATIONS[name]) for name in right},
    )


def page(scores: Mapping[str, Score]) -> str:
    """Return the tables of the page."""
    lines = ["| Checker | Found | False alarms | CPU s for a right one: median, worst |", "|---|---|---|---|"]
    lines += [each.row(name) for name, each in scores.items()]
    for name, each in scores.items():
        alarms = [kind.replace("_", " ") for kind, one in each.right.items() if one.said]
        lines += ["", f"Right, but called wrong by {name}: {', '.join(alarms)}."] if alarms else []
    lines += ["", f"| Error, in the operation | Why it is wrong | {' | '.join(scores)} |"]
    lines += ["|---|---|" + "---|" * len(scores)]
    for error in ERRORS:
        marks = ("found" if each.errors[error.kind].said else "" for each in scores.values())
        kind, operation = error.kind.replace("_", " "), error.operation.replace("_", " ")
        lines.append(f"| {kind}, {operation} | {error.why} | {' | '.join(marks)} |")
    return "\n".join(lines)


def written(text: str, tables: str) -> str:
    """Return the page with its tables replaced: all that follows the mark."""
    return f"{text.partition(MARK)[0]}{MARK}\n\n{tables}\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.planted.score", description=__doc__)
    parser.add_argument("--hips", type=Path, help="the folder that HIPS autograd is installed in, to measure it too")
    parser.add_argument("--checker", nargs="+", help="only these, or others, as module:function, of an Operation")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {PAGE.name}")
    options = parser.parse_args()
    if options.hips is not None:
        importlib.import_module("docs.found_elsewhere").load_hips(options.hips)
    checkers = installed()
    for name in options.checker or ():
        if ":" in name:
            module, _, function = name.partition(":")
            checkers[name] = getattr(importlib.import_module(module), function)
    scores = {}
    for name in options.checker or [name for name in checkers if "engine=" not in name]:  # those take long
        scores[name] = score(checkers[name])
        missed = [kind.replace("_", " ") for kind, one in scores[name].errors.items() if not one.said]
        print(f"{scores[name].row(name)}\n  missed: {', '.join(missed) or 'none'}", flush=True)
        for operation, one in scores[name].right.items():
            if one.said:
                print(f"  {operation} is right, but: {one.said}")
    if options.write:
        PAGE.write_text(written(PAGE.read_text(), page(scores)))


if __name__ == "__main__":
    main()
