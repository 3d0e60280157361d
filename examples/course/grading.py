"""Grading: a learner's file is loaded, checked and drawn, and the verdict becomes a text.

``python -m examples.course.grading NUMBER FILE`` does so in a process of its own, which may be ended if it hangs.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .checks import exercise
from .exercise import Exercise
from .learner import IN_BROWSER, TASKS, Learner, TooLong, limited, load, untouched
from .verdict import Wrong

__all__ = ["WIDTH", "Verdict", "grade", "grade_apart"]

RIGHT, WRONG = 0, 10  # exit codes; all others mean that the process broke off
MOST_SECONDS = 40.0  # for a process; what Python itself executes is stopped long before, with the line
MOST_MEMORY = 6 << 30  # bytes of addresses, most of which are never used
MOST_PRINTED = 15  # lines that a learner's code printed
WIDTH = 80
NOT_RIGHT = "not right yet"


@dataclass(frozen=True)
class Verdict:
    """Whether an exercise is right, and the text that says so or what is wrong."""

    right: bool
    text: str


def grade(number: int, path: Path) -> Verdict:
    """Grade a learner's file for exercise `number`, and write the page with the learner's graph beside it."""
    asked = exercise(number)
    holes = untouched(asked.name, path)
    if holes:
        what = (
            f"The hole in {holes[0]} is still there."
            if len(holes) == 1
            else f"Still to be written: {', '.join(holes)}."
        )
        return Verdict(False, f"{number}. {asked.title}\n\n{what} The text at the top of {path} says what it is to do.")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        learner, wrong = None, None
        try:
            learner = load(path)
            asked.check(learner)
        except Wrong as verdict:
            wrong = verdict
        page = draw(asked, learner) if learner else ""
    parts = [f"{number}. {asked.title}: {NOT_RIGHT if wrong else 'right'}"]
    parts += report(wrong) if wrong else [f"The same in plaingrad: {the_real(asked.name)}"]
    parts += [page] if page else []
    parts += quoted(printed.getvalue())
    return Verdict(wrong is None, "\n\n".join(parts))


def the_real(name: str) -> str:
    """Return what a task says about the place in plaingrad where the same thing stands."""
    text = (TASKS / f"{name}.py").read_text(encoding="utf-8")
    return " ".join(text.partition("The real:")[2].partition('"""')[0].split())


def report(wrong: Wrong) -> list[str]:
    """Return the paragraphs of a verdict."""
    parts = [textwrap.fill(f"{wrong.what.rstrip('.')}.", WIDTH) + (f"\n  {wrong.where}" if wrong.where else "")]
    if wrong.example:
        width = max(len(label) for label, _ in wrong.example)
        lines = []
        for label, value in wrong.example:
            for n, line in enumerate(wrapped(value, WIDTH - width)):
                lines.append(f"  {label if n == 0 else '':{width}}  {line}")
        parts.append("\n".join(lines))
    if wrong.think:
        parts.append(textwrap.fill(f"Think: {wrong.think}", WIDTH, break_on_hyphens=False))
    return parts


def wrapped(value: str, width: int) -> list[str]:
    """Return the lines of a value: arrays as they are, long sentences in several."""
    lines = [line for line in value.splitlines() if line.strip()]
    return [part for line in lines for part in (textwrap.wrap(line, width) if len(line) > width else [line])]


def quoted(printed: str) -> list[str]:
    """Return what the learner's code printed, or its first lines."""
    lines = printed.splitlines()
    if not lines:
        return []
    more = [f"  ... and {len(lines) - MOST_PRINTED} lines more"] if len(lines) > MOST_PRINTED else []
    return ["\n".join(["Your code printed:", *(f"  {line}" for line in lines[:MOST_PRINTED]), *more])]


def draw(asked: Exercise, learner: Learner) -> str:
    """Write the page that plays the learner's graph, and say where it is; nothing if there is no graph to play."""
    path = learner.path.with_suffix(".html")
    path.unlink(missing_ok=True)
    try:
        with limited(str(learner.path), learner.seconds, None):
            asked.draw(learner, path)
    except (Exception, SystemExit, TooLong):  # noqa: BLE001  # a wrong solution may break anything, and that was said
        return ""
    return f"Your graph, to play in a browser: {path}"


def grade_apart(number: int, path: Path) -> Verdict:
    """Grade in a process of its own, which is ended if it hangs; in a browser, where there is none, in this one."""
    if IN_BROWSER:
        return grade(number, path)
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", __name__, str(number), str(path)]
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        what = f"Your code was stopped after {MOST_SECONDS:g} seconds, within a single call that does not end"
        think = "Which call in your file may go on for ever, such as a list of something endless, or a huge power?"
        return broken_off(number, what, think)
    if done.returncode not in (RIGHT, WRONG):
        errors = done.stderr.decode("utf-8", "replace").strip().splitlines()
        what = f"Python ended while your code ran, with exit code {done.returncode}"
        return broken_off(number, what + (f": {errors[-1]}" if errors else ""))
    return Verdict(done.returncode == RIGHT, done.stdout.decode("utf-8", "replace").rstrip())


def broken_off(number: int, what: str, think: str = "") -> Verdict:
    """Return the verdict on code during which grading ended."""
    return Verdict(
        False, "\n\n".join([f"{number}. {exercise(number).title}: {NOT_RIGHT}", *report(Wrong(what, think=think))])
    )


def limit_memory() -> None:
    """Have endless lists end in a MemoryError, where the system can do that, before they take the memory of others."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(hard, MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def main(arguments: list[str]) -> int:
    """Grade the exercise whose number and file are given, and print the verdict."""
    limit_memory()
    verdict = grade(int(arguments[0]), Path(arguments[1]))
    print(verdict.text)
    return RIGHT if verdict.right else WRONG


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
