"""Types of public signatures say something, and type checkers find the mistakes in a user's program."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import public_types, typed_program

ROOT = Path(__file__).parent.parent
PROGRAM = Path(typed_program.__file__)
MISTAKES = {
    'name="gaussian"': "name=3",
    "nn.Linear(features, hidden)": 'nn.Linear(features, "hidden")',
    "nn.Dropout(0.1)": 'nn.Dropout("a tenth")',
    ".sum(axis=0, keepdims=True)": ".sum(axes=0, keepdims=True)",
    "y.max() - ": "y.maximun() - ",
    "gradients(z, x)": 'gradients(z, "x")',
    "rows * columns + int(x.argmax(axis=1)[0])": 'rows * columns + x.argmax(axis="rows")[0]',
    "value_and_grad(squared_error)": "value_and_grad(line)",
    "betas=(0.9, 0.99)": "betas=0.9",
    "StepLR(optimizer, step_size=10)": "StepLR(model, step_size=10)",
    "checkpoint(model.forward, tensor(X))": "checkpoint(model.forward)",
    "losses.append(loss.item())": "losses.append(loss.items())",
    "model.train()": "model.no_such_method()",
    "self.second(self.dropout": "self.secnod(self.dropout",
    "loss = nn.CrossEntropyLoss()": "loss = nn.CrossEntropyLoss",
    'metrics=["accuracy"]': "metrics=[0.5]",
    "nn.predict(model, X_test)": "nn.predicted(model, X_test)",  # names that are loaded when they are asked for
    "nn.optim.SGD(": "nn.optim.SDG(",
    "nn.utils.clip_grad_norm_(": "nn.utils.clip_grad_norms(",
}
CLASS = "(model, (X_train, y_train), loss, optimizer"  # where the class in place of a loss is found


@pytest.fixture(scope="module")
def planted() -> tuple[str, set[int]]:
    """The program with mistakes in it, and the lines where each is to be found."""
    text = PROGRAM.read_text()
    lines = set()
    for right, wrong in MISTAKES.items():
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    for number, line in enumerate(text.splitlines(), 1):
        if any(wrong in line for wrong in MISTAKES.values() if "CrossEntropy" not in wrong) or CLASS in line:
            lines.add(number)
    return text, lines


@pytest.fixture
def programs(tmp_path: Path, planted: tuple[str, set[int]]) -> Path:
    """A folder with the program, and beside it the one with mistakes."""
    shutil.copy(PROGRAM, tmp_path / "program.py")
    (tmp_path / "mistaken.py").write_text(planted[0])
    return tmp_path


def test_fewer_than_a_tenth_of_the_types_of_public_signatures_say_nothing() -> None:
    empty, total = map(sum, zip(*public_types.count_public().values(), strict=True))
    assert total > 2000
    assert empty < 0.1 * total, "python -m tests.public_types shows them"


@pytest.mark.thorough
def test_fewer_than_a_tenth_of_the_parameters_of_all_functions_without_an_underscore_say_nothing() -> None:
    empty, total = map(sum, zip(*public_types.count_everywhere().values(), strict=True))
    assert total > 2500
    assert empty < 0.1 * total, "python -m tests.public_types shows them"


def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    typed_program.main()
    assert "(20, 2)" in capsys.readouterr().out


@pytest.mark.thorough
def test_mypy_finds_the_mistakes_in_a_program(programs: Path, planted: tuple[str, set[int]]) -> None:
    pytest.importorskip("mypy")
    options = ["--strict", "--follow-imports=silent", "--config-file=", f"--cache-dir={os.devnull}"]
    command = [sys.executable, "-m", "mypy", *options, "--explicit-package-bases", "program.py", "mistaken.py"]
    run = subprocess.run(
        command, cwd=programs, env={"MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^(\w+)\.py:(\d+): error: ", run.stdout, re.M)
    assert {int(line) for file, line in found if file == "mistaken"} == planted[1], run.stdout + run.stderr
    assert not [line for file, line in found if file == "program"], run.stdout


@pytest.mark.thorough
def test_pyright_finds_the_mistakes_in_a_program(programs: Path, planted: tuple[str, set[int]]) -> None:
    pyright = shutil.which("basedpyright", path=str(Path(sys.executable).parent)) or shutil.which("basedpyright")
    if pyright is None:
        pytest.skip("needs basedpyright, which is pyright with a node of its own: pip install basedpyright")
    settings = {"include": ["program.py", "mistaken.py"], "extraPaths": [str(ROOT)], "typeCheckingMode": "strict"}
    (programs / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [pyright, "--outputjson", "--pythonpath", sys.executable]
    run = subprocess.run(command, cwd=programs, capture_output=True, text=True, check=False)
    found = [
        (Path(one["file"]).stem, one["range"]["start"]["line"] + 1)
        for one in json.loads(run.stdout)["generalDiagnostics"]
        if one["severity"] == "error"
    ]
    assert planted[1] <= {line for file, line in found if file == "mistaken"}, run.stdout
    assert not [line for file, line in found if file == "program"], run.stdout
