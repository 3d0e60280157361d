"""Beginners' mistakes are answered once, with the line and the remedy; the remedy, done, leaves nothing to say."""

import contextlib
import io
import linecache
import traceback
import warnings

import pytest

from tests.diagnosis.beginners import BEGINNING, CASES
from tests.diagnosis.right_programs import programs

FILE = "beginner.py"


def answers(program: str, beginning: str = BEGINNING) -> list[tuple[int | None, str]]:
    """Run a program after `BEGINNING`, and return its line and text for each warning, error and printed line."""
    linecache.cache[FILE] = (len(program), None, program.splitlines(True), FILE)
    names: dict[str, object] = {"__name__": "beginner"}
    exec(beginning, names)
    found: list[tuple[int | None, str]] = []
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(program, FILE, "exec"), names)
        except Exception as error:
            places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
            causes = [error, error.__cause__] if error.__cause__ is not None else [error]  # as a traceback shows them
            found.append((places[-1], " after ".join(f"{type(each).__name__}: {each}" for each in causes)))
    of_warnings = [(w.lineno if w.filename == FILE else None, str(w.message)) for w in warned]
    return of_warnings + found + [(None, line) for line in printed.getvalue().splitlines()]


def line_of(program: str) -> int:
    lines = program.rstrip().splitlines()
    return next((i for i, line in enumerate(lines, 1) if "# here" in line), len(lines))


@pytest.mark.parametrize(("program", "parts"), [pytest.param(*case[1:3], id=case[0]) for case in CASES])
def test_the_answer_names_the_line_and_the_remedy(program: str, parts: tuple[str, ...]) -> None:
    found = answers(program)
    fitting = [(line, text) for line, text in found if all(part in text for part in parts)]
    assert len(fitting) == 1, found
    line, text = fitting[0]
    expected = line_of(program)
    assert line == expected or f"{FILE}:{expected}" in text, found


@pytest.mark.parametrize(("program", "edits"), [pytest.param(case[1], case[3], id=case[0]) for case in CASES])
def test_the_remedy_leaves_nothing_to_say(program: str, edits: tuple[tuple[str, str], ...]) -> None:
    for old, new in edits:
        assert old in program
        program = program.replace(old, new)
    assert answers(program) == []


@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in programs().items()])
def test_nothing_is_said_of_right_programs(program: str) -> None:
    assert answers(program, "") == []
