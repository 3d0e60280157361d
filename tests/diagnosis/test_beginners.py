"""Beginners' mistakes are answered once, with the line and the remedy; of right programs nothing is said."""

import contextlib
import io
import itertools
import linecache
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from autograd.graph.grad_mode import TRACING, end_watching

FILE = "beginner.py"


class Case(NamedTuple):
    """A program, what its answer has to say, and the edits that this proposes."""

    program: str
    parts: list[str]
    edits: list[str]

    def edited(self) -> str:
        """Return the program after the edits."""
        program = self.program
        for edit in self.edits:
            old, new = edit.replace("\\n", "\n").split(" -->")
            assert old in program
            program = program.replace(old, new.strip(" "))
        return program


def read(file: str) -> dict[str, Case]:
    """Read the programs of a file by their names."""
    cases: dict[str, Case] = {}
    for block in Path(__file__).with_name(file).read_text(encoding="utf-8").split("\n# ")[1:]:
        name, *lines = block.splitlines()
        code = [line[4:] for line in lines if not line.startswith(("> ", "? "))]
        of_kind = [[line[2:] for line in lines if line.startswith(mark)] for mark in ("> ", "? ")]
        cases[name] = Case("\n".join(code).strip("\n"), *of_kind)
    return cases


MISTAKES, RIGHT = read("beginners.txt"), read("right_programs.txt")
BEGINNING = MISTAKES.pop("beginning").program
of_mistakes = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in MISTAKES.items()])


def answers(program: str, beginning: str = BEGINNING) -> list[tuple[int | None, str]]:
    """Run a program after its beginning, and return its line and text for each warning, error and printed line."""
    linecache.cache[FILE] = (len(program), None, program.splitlines(True), FILE)
    names: dict[str, object] = {"__name__": "beginner"}
    exec(beginning, names)
    found: list[tuple[int | None, str]] = []
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(program, FILE, "exec"), names)
        except Exception as error:  # noqa: BLE001 - any may be the answer
            places = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
            causes = [error, error.__cause__] if error.__cause__ is not None else [error]  # as a traceback shows them
            found.append((places[-1], " after ".join(f"{type(each).__name__}: {each}" for each in causes)))
    end_watching(TRACING)  # as of a loss whose step never came
    of_warnings = [(w.lineno if w.filename == FILE else None, str(w.message)) for w in warned]
    return of_warnings + found + [(None, line) for line in printed.getvalue().splitlines()]


@of_mistakes
def test_the_answer_names_the_line_and_the_remedy(case: Case) -> None:
    found = answers(case.program)
    ((line, text),) = [(line, text) for line, text in found if all(part in text for part in case.parts)]
    others = [other for _, other in found if other != text]
    assert not [other for other in others if "overflow" not in other and "NoneType" not in other]  # Python's own
    lines = case.program.splitlines()
    expected = next((i for i, written in enumerate(lines, 1) if "# here" in written), len(lines))
    assert line == expected or f"{FILE}:{expected}" in text


@of_mistakes
def test_the_remedy_leaves_nothing_to_say(case: Case) -> None:
    assert answers(case.edited()) == []


def right_programs() -> dict[str, str]:
    """Return the right programs by name: those that stand for themselves, and each loop with each loss."""
    parts = {name: case for name, case in RIGHT.items() if not name.startswith(("loop: ", "loss: ", "beginning"))}
    beginning = RIGHT["beginning"].program
    found = {name: f"{beginning}\n{case.program}".replace("OUT", "1") for name, case in parts.items()}
    loops, losses = ({name: case for name, case in RIGHT.items() if name.startswith(kind)} for kind in ("loop", "loss"))
    for (loop, body), (name, loss) in itertools.product(loops.items(), losses.items()):
        outputs, target = loss.parts
        text = f"{beginning}\n{body.program}".replace("OUT", outputs).replace("LOSS", f"({loss.program})")
        found[f"{loop}, {name}"] = text.replace("TARGET", target)
    return found


@pytest.mark.one_in(3)
@pytest.mark.parametrize("program", [pytest.param(text, id=name) for name, text in right_programs().items()])
def test_nothing_is_said_of_right_programs(program: str) -> None:
    before = np.random.get_state()
    try:
        assert answers(program, "") == []
    finally:
        np.random.set_state(before)
