"""The course: messages name the mistakes of wrong solutions, right ones pass, and a learner knows what to do next."""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import examples.course
from examples.course import grading, learner
from examples.course.checks import NAMES, exercise
from examples.course.checks.ex10_allreduce import ring
from examples.course.grading import Verdict, grade
from examples.course.verdict import Mistake, Wrong, compare, same, shown
from tests.course.mistakes import MISTAKES, Planted
from tests.course.solutions import OTHERS, SOLUTIONS, filled, given
from tests.examples.programs import ROOT

NUMBERS = range(1, 11)


def graded(folder: Path, number: int, text: str) -> Verdict:
    path = folder / f"{NAMES[number - 1]}.py"
    path.write_text(text, encoding="utf-8")
    return grade(number, path)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.one_in(8)
@pytest.mark.parametrize("planted", MISTAKES, ids=lambda planted: f"{planted.number}-{planted.name}")
def test_a_common_mistake_is_named(planted: Planted, tmp_path: Path) -> None:
    text = filled(planted.number, *planted.bodies())
    verdict = graded(tmp_path, planted.number, text)
    assert not verdict.right
    said = one_line(verdict.text)
    assert planted.words in said
    assert "Think: " in said
    (line,) = set(re.findall(rf"line (\d+) of \S*{NAMES[planted.number - 1]}\.py", said))
    assert text.splitlines()[int(line) - 1].strip()  # the line where it is, or the function that it is in
    unquoted = one_line(re.sub(r"line \d+ of .*", "", verdict.text))
    for line in "\n".join(SOLUTIONS[planted.number]).splitlines():
        assert len(line.strip()) < 15 or line.strip() not in unquoted, "the message gives the solution away"


def test_there_are_about_ten_mistakes_for_each_exercise_each_with_words_of_its_own() -> None:
    for number in NUMBERS:
        assert sum(planted.number == number for planted in MISTAKES) >= 8
    assert len({(planted.number, planted.name) for planted in MISTAKES}) == len(MISTAKES) >= 100


@pytest.mark.one_in(18)
@pytest.mark.parametrize(("number", "bodies"), [*SOLUTIONS.items(), *OTHERS])
def test_a_right_solution_passes_and_its_graph_is_drawn(number: int, bodies: tuple[str, ...], tmp_path: Path) -> None:
    verdict = graded(tmp_path, number, filled(number, *bodies))
    assert verdict.right, verdict.text
    page = tmp_path / f"{NAMES[number - 1]}.html"
    assert f"{exercise(number).title}: right" in verdict.text
    assert str(page) in verdict.text
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_given_has_a_text_and_holes_that_are_told_of_kindly(number: int, tmp_path: Path) -> None:
    text = given(number)
    for part in (f"Exercise {number}: ", "Given:", "Asked for:", "The real:"):
        assert part in text
    real = re.findall(r"\b(?:autograd|nn)/\S+\.py\b", text)
    assert real
    assert all((ROOT / path).is_file() for path in real)
    verdict = graded(tmp_path, number, text)
    assert not verdict.right
    assert re.search(r"The hole in \S+ is still there|Still to be written: ", verdict.text)
    assert "Error" not in verdict.text
    assert exercise(number).name == NAMES[number - 1]
    assert f"``{NAMES[number - 1]}``" in (examples.course.__doc__ or "")
    assert len(exercise(number).hints) == 3


def test_the_graph_is_drawn_with_the_gradient_of_a_wrong_rule_too(tmp_path: Path) -> None:
    verdict = graded(tmp_path, 1, filled(1, "return g * (out**2 - 1)"))
    assert "ex01_rule.html" in verdict.text
    right, wrong = filled(2), filled(2).replace("other.grad += slope", "other.grad = slope")
    for text, found in ((right, "your walk says 48"), (wrong, "your walk says 18")):
        graded(tmp_path, 2, text)
        assert found in (tmp_path / "ex02_walk.html").read_text(encoding="utf-8")


def test_no_old_page_stays_where_there_is_no_graph(tmp_path: Path) -> None:
    assert graded(tmp_path, 8, filled(8)).right
    assert "play in a browser" not in graded(tmp_path, 8, filled(8, "return None")).text
    assert not (tmp_path / "ex08_dropout.html").exists()


# Mistakes that nobody foresaw


@pytest.mark.parametrize(
    ("number", "bodies", "words"),
    [
        (
            1,
            ("return g * (1 - out**2) * 1.01",),
            "right shape and wrong numbers, and not by any of the common mistakes",
        ),
        (1, ("return [1.0, 2.0]",), "tanh_rule returns a list"),
        (1, ("return g * (1 - out**2) * np.where(abs(g) > 1e100, 2, 1)",), "the testing kit has found a case"),
        (4, ("return w, m",), "adam_step returns a tuple of 2, where 3 results are asked for"),
        (4, ("return w - lr, m, v",), "adam_step, as w, returns the right shape and wrong numbers"),
        (9, ("return np.zeros((1, 2, 3))",), "returns shape (1, 2, 3), where shape (1, 1, 1, 1) is asked for"),
        (10, ("for _ in range(rank):\n    yield array\nreturn array",), "nobody would answer"),
        (10, ("while True:\n    yield array",), "after 12 rounds of 2 ranks it still yields"),
    ],
)
def test_other_wrong_solutions_get_a_general_report(
    number: int, bodies: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    verdict = graded(tmp_path, number, filled(number, *bodies))
    assert not verdict.right
    assert words in one_line(verdict.text)
    assert "Traceback" not in verdict.text


@pytest.mark.thorough
def test_the_report_of_the_testing_kit_is_readable(tmp_path: Path) -> None:
    body = "return g * (1 - out**2) * np.where(abs(out) > 0.99, 2, 1)"
    said = one_line(graded(tmp_path, 1, filled(1, body)).text)
    assert "the testing kit has found a case" in said
    assert re.search(r"it says .* by the graph but .* by differences", said)
    assert re.search(r"pattern a factor of 2, only where .* > 2\.6", said)
    assert "to reproduce" not in said  # with a function of the grader


def test_a_function_without_yield_is_no_rank_of_a_ring(tmp_path: Path) -> None:
    text = given(10).replace(
        "    yield array  # makes this a generator; take it away when you have a yield of your own\n", ""
    )
    text = text.replace('raise NotImplementedError("your turn")', "return array * size")
    assert "it is no generator, but returns ndarray" in one_line(graded(tmp_path, 10, text).text)


# Code that Python stops


def test_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    text = filled(1, "return g * (1 - out")
    line = text.splitlines().index("    return g * (1 - out") + 1
    said = graded(tmp_path, 1, text).text
    assert "Python cannot read your file: '(' was never closed" in said
    assert f"line {line} of {tmp_path / 'ex01_rule.py'}" in said


@pytest.mark.parametrize(
    ("body", "what", "line"),
    [
        ("return g * (1 - aut)", "tanh_rule raises NameError: name 'aut' is not defined", "return g * (1 - aut)"),
        ("g = g[:, 0]\nreturn g", "tanh_rule raises IndexError", "g = g[:, 0]"),
        ("return tanh_rule(g, out)", "calls itself too often: RecursionError", "return tanh_rule(g, out)"),
        ("exit()", "tanh_rule ends Python: SystemExit", "exit()"),
        ("import math\nreturn math.nothing", "raises AttributeError", "return math.nothing"),
        ("assert False", "raises AssertionError: it says nothing else", "assert False"),
    ],
)
def test_an_exception_names_the_line(body: str, what: str, line: str, tmp_path: Path) -> None:
    text = filled(1, body)
    said = graded(tmp_path, 1, text).text
    assert what in one_line(said)
    number = [each.strip() for each in text.splitlines()].index(line) + 1
    assert f"line {number} of {tmp_path / 'ex01_rule.py'}: {line}" in said


def test_an_exception_of_the_file_itself_names_the_line(tmp_path: Path) -> None:
    said = graded(tmp_path, 1, filled(1) + "\nundefined\n").text
    assert "Your file raises NameError" in said
    assert f"line {len(filled(1).splitlines()) + 2} of" in said


def test_a_file_that_is_no_text_or_has_lost_its_function(tmp_path: Path) -> None:
    (tmp_path / "ex01_rule.py").write_bytes(b"\xff\xfe")
    assert "Python cannot read your file" in grade(1, tmp_path / "ex01_rule.py").text
    assert "There is no tanh_rule in your file" in graded(tmp_path, 1, "x = 1\n").text


@pytest.mark.parametrize(
    "body", ["while True:\n    pass", "while True:\n    try:\n        g[0]\n    except Exception:\n        pass"]
)
def test_an_endless_loop_is_stopped_and_its_line_is_named(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "SECONDS", 0.1)
    said = one_line(graded(tmp_path, 1, filled(1, body)).text)
    assert "tanh_rule took longer than 0.1 seconds, so it was stopped" in said
    assert re.search(r"line 3\d of ", said)
    assert sys.gettrace() is None or "coverage" in sys.modules


def test_an_endless_loop_of_the_file_itself_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "SECONDS", 0.1)
    assert "Your file took longer than 0.1 seconds" in graded(tmp_path, 1, filled(1) + "\nwhile True:\n    pass\n").text


def test_what_hangs_within_one_call_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "MOST_SECONDS", 0.5)
    path = tmp_path / "ex01_rule.py"
    path.write_text(filled(1, "import time\ntime.sleep(1000)"))
    verdict = grading.grade_apart(1, path)
    assert not verdict.right
    assert "Your code was stopped after 0.5 seconds, within a single call" in one_line(verdict.text)


def test_what_ends_python_itself_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ex01_rule.py"
    path.write_text(filled(1, "import os\nos._exit(3)"))
    assert "Python ended while your code ran, with exit code 3" in grading.grade_apart(1, path).text


def test_what_the_code_prints_is_shown_in_short(tmp_path: Path) -> None:
    verdict = graded(tmp_path, 1, filled(1, "for i in range(50):\n    print('shape', g.shape)\nreturn None"))
    assert "Your code printed:\n  shape (2,)" in verdict.text
    assert re.search(r"\.\.\. and \d+ lines more", verdict.text)
    assert len(verdict.text.splitlines()) < 40


# What grading is made of


def test_ranks_of_a_ring_exchange_in_rounds() -> None:
    def shift(array: Any, rank: int, size: int) -> Any:
        return (yield array)

    assert [int(x) for x in ring(shift, list(np.arange(3)))] == [2, 0, 1]


def test_the_mistake_that_explains_most_examples_is_named(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("def double(x):\n    return 3 * x\n")
    loaded = learner.load(tmp_path / "file.py")
    wrong = [Mistake("adds four", "", lambda x: x + 4), Mistake("triples", "", lambda x: 3 * x)]
    with pytest.raises(Wrong) as found:
        compare(loaded, "double", ("x",), [(2.0,), (3.0,)], lambda x: 2 * x, wrong)
    assert found.value.what == "triples"


def test_results_are_compared_up_to_rounding() -> None:
    assert same(np.array([1.0]), np.array([1.0 + 1e-9]))
    assert not same(np.array([1.0]), np.array([1.001]))
    assert not same(np.array([1.0]), 1.0)
    assert same((1.0, np.nan), (1.0, np.nan))
    assert not same(None, 0.0)
    assert shown(-0.0) == "0"
