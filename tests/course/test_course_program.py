"""The command line of the course: what a learner types, what comes next, and that nothing gets lost."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from examples.course import grading
from examples.course.checks import NAMES
from tests.course.solutions import SOLUTIONS, filled, given
from tests.examples.programs import ENVIRONMENT, ROOT, run, run_here

NUMBERS = range(1, 11)


def course(folder: Path, *arguments: object) -> Any:
    return run_here("examples.course", *arguments, "--folder", folder)


@pytest.mark.thorough
def test_a_walk_through_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a browser, where there are no threads and no processes."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    monkeypatch.setattr("subprocess.Popen.__init__", refuse)
    monkeypatch.setattr(grading, "IN_BROWSER", True)
    folder = tmp_path / "mine"
    assert "Next: python -m examples.course start --folder" in course(folder).stdout
    started = course(folder, "start").stdout
    assert f"Next: open {folder / 'ex01_rule.py'}, fill its hole" in started
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.py" for name in NAMES)
    assert (folder / "ex03_broadcast.py").read_text() == given(3)
    for number in NUMBERS:
        path = folder / f"{NAMES[number - 1]}.py"
        assert "not begun" not in course(folder).stdout
        asked = course(folder, "check")  # the first that is not right
        assert asked.returncode == 1
        assert f"Next: change {path}, then" in asked.stdout
        path.write_text(filled(number))
        right = course(folder, number)
        assert right.returncode == 0, right.stdout
        if number < 10:
            assert f"Next: open {folder / NAMES[number]}.py" in right.stdout
    assert "All exercises are right" in right.stdout
    (folder / "ex02_walk.py").write_text(filled(2) + "# changed\n")
    (folder / "ex04_adam.py").unlink()
    listed = course(folder).stdout
    assert "8 of 10 exercises are right" in listed
    assert "changed since it was right" in listed
    assert "no file" in listed
    assert "written anew ex04_adam.py; the others stay" in course(folder, "start").stdout
    assert "# changed" in (folder / "ex02_walk.py").read_text()
    assert "has all the files already" in course(folder, "start").stdout


def test_hints_come_one_by_one(tmp_path: Path) -> None:
    counts = [course(tmp_path, "hint", 3).stdout.count("\nHint ") for _ in range(4)]
    assert counts == [1, 2, 3, 3]
    assert course(tmp_path, "hint", 4).stdout.count("\nHint ") == 1
    assert json.loads((tmp_path / "progress.json").read_text())["ex03_broadcast"]["hints"] == 3


def test_the_notebook_writes_the_files_and_grades_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "course.ipynb" in course(tmp_path, "notebook").stdout
    notebook = nbformat.read(tmp_path / "course.ipynb", as_version=4)
    nbformat.validate(notebook)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert [text.count("- Given: ") for text in texts] == [0] + [1] * 10
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(grading, "IN_BROWSER", True)
    names: dict[str, Any] = {}
    exec(code[0], names)
    names["hint"](8)
    for number in (7, 8):
        first, _, source = code[2 * number - 1].partition("\n")
        assert first == f"%%writefile {NAMES[number - 1]}.py"
        assert "Exercise" not in source
        for body in SOLUTIONS[number] if number == 8 else ():
            source = source.replace('raise NotImplementedError("your turn")', body.strip().replace("\n", "\n    "), 1)
        (tmp_path / f"{NAMES[number - 1]}.py").write_text(source)
        page = eval(code[2 * number], names)
        assert (page is not None) is (number == 8)
    assert page._repr_html_().startswith("<iframe srcdoc=")
    said = capsys.readouterr().out
    assert said.startswith("Hint 1 of 3: Begin with evaluation")
    assert "Still to be written: numerical_gradient, agree." in said
    assert "Dropout, in training and in evaluation: right" in said
    assert "1 of 10" in course(tmp_path).stdout
    assert "stays as it is" in course(tmp_path, "notebook").stdout


def test_a_damaged_memory_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"ex01')
    assert "0 of 10" in course(tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["11"], 2, "the exercises are numbered from 1 to 10, and there is no '11'"),
        (["check", "zero"], 2, "there is no 'zero'"),
        (["grade"], 2, "there is no command 'grade': it is one of list, start, check, hint, notebook"),
    ],
)
def test_a_wrong_command_says_which_there_are(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    result = course(tmp_path, *arguments)
    assert result.returncode == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = course(tmp_path / "none", 3)
    assert result.returncode == 1
    assert "Next: python -m examples.course start" in result.stdout
    (tmp_path / "file").write_text("")
    result = course(tmp_path / "file", "start")
    assert result.returncode == 1
    assert "file" in result.stderr
    assert "Traceback" not in result.stderr


def test_help_is_enough() -> None:
    result = run_here("examples.course", "--help")
    assert result.returncode == 0
    assert all(
        f"python -m examples.course{rest}" in result.stdout
        for rest in (" ", " start", " check 3", " hint 3", " notebook")
    )
    assert "--folder" in result.stdout


@pytest.mark.thorough
def test_the_program_grades_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "ex06_loss.py").write_text(filled(6))
    result = run("examples.course", "6", "--folder", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""


@pytest.mark.thorough
def test_ctrl_c_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "ex01_rule.py"
    text = filled(1, "open('begun', 'w').close()\nwhile True:\n    pass")
    path.write_text(text.replace("'begun'", repr(str(tmp_path / "begun"))))
    command = [sys.executable, "-m", "examples.course", "1", "--folder", str(tmp_path)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while not (tmp_path / "begun").exists():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "your files are as they were" in errors
    assert "Traceback" not in output + errors
    assert not (tmp_path / "progress.json").exists()
