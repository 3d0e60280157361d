"""``python -m autograd.testing module:function`` writes a test that runs as it is and that a linter accepts."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd.testing.__main__ import main

MODULE = """
import numpy as np

from autograd import elementwise

softplus = elementwise(lambda x: np.logaddexp(x, 0), lambda g, x: g / (1 + np.exp(-x)), name="softplus")
wrong = elementwise(lambda x: np.sin(x), lambda g, x: g, name="wrong")


def mean_of_products(x, y, keepdims=False):
    return np.mean(x * y, keepdims=keepdims)


def logistic_loss(x, y):
    return np.log1p(np.exp(-x * y))


def rms(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True))


def of_text(text):
    return text.upper()


class Shapes:
    @staticmethod
    def double(x):
        return 2 * x
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "written_operations", raising=False)
    (tmp_path / "written_operations.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("numpy:tanh", "check(tanh)"),
        ("numpy:log", "check(log, domain=(0.0, np.inf))"),
        ("numpy:arcsin", "check(arcsin, domain=(-1.0, 1.0))"),
        ("numpy:matmul", 'check(matmul, signature="(m,n),(n,p)")'),
        ("numpy.linalg:inv", 'check(inv, signature="(n,n)")'),
        ("numpy:sum", 'check(sum, keywords={"axis": [None, 0, -1], "keepdims": [False, True]})'),
        ("nn.functional:softmax", 'check(softmax, keywords={"axis": [None, 0, -1]})'),
        ("written_operations:softplus", "check(softplus)"),
        ("written_operations:mean_of_products", 'check(mean_of_products, keywords={"keepdims": [False, True]})'),
        ("written_operations:rms", "check(rms)"),
        ("written_operations:Shapes.double", "check(Shapes.double)"),
        ("written_operations:logistic_loss", "check(logistic_loss, domain=(-20.0, 20.0))"),
    ],
)
def test_what_a_function_takes_is_written_out(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str, call: str
) -> None:
    assert main([target]) == 0
    text = capsys.readouterr().out
    assert call in text
    (folder / "test_it.py").write_text(text)
    lint = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,W", "test_it.py"]
    done = subprocess.run(lint, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.thorough
def test_the_file_runs_finds_what_is_wrong_and_is_never_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(name: str) -> None:
        names: dict[str, Any] = {}
        exec((folder / name).read_text(), names)
        next(value for key, value in names.items() if key.startswith("test_"))()

    assert main(["written_operations:wrong", "--write", "test_wrong.py"]) == 0
    with pytest.raises(AssertionError, match="by differences"):
        run("test_wrong.py")
    assert main(["written_operations:softplus", "--write", "test_softplus.py"]) == 0
    run("test_softplus.py")
    before = (folder / "test_softplus.py").read_text()
    assert main(["written_operations:wrong", "--write", "test_softplus.py"]) == 1
    assert "test_softplus.py exists" in capsys.readouterr().err
    assert (folder / "test_softplus.py").read_text() == before


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("numpy", "not of the form module:function"),
        ("no_such_module:f", "no_such_module cannot be imported"),
        ("numpy:no_such_name", "numpy has no 'no_such_name'"),
        ("numpy:pi", "numpy:pi is float, not a function"),
        ("written_operations:Shapes", "a class, not a function"),
        ("written_operations:of_text", "found no inputs that of_text() at .* takes.*of_text takes (text)"),
    ],
)
def test_what_it_cannot_call_it_names(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str, message: str
) -> None:
    assert main([target]) == 1
    error = capsys.readouterr().err
    assert all(part in error for part in message.split(".*"))


MODULES = """
import nn


class Scaled(nn.Module):
    def __init__(self, features, scale):
        super().__init__()
        self.linear, self.scale = nn.Linear(features, features), scale

    def forward(self, x):
        return self.linear(x) * self.scale


class OfText(nn.Module):
    def forward(self, x):
        return x.upper()
"""


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("nn:Linear", "module = Linear(4, 4)"),
        ("nn:Conv2d", "check_module(module, random.normal(size=(2, 4, 8, 8)))"),
        ("nn:Embedding", "check_module(module, random.integers(0, 4, (5, 3, 4)))"),
        ("nn:Bilinear", "check_module(module, random.normal(size=(5, 4)), random.normal(size=(5, 4)))"),
        ("nn:MLP", "module = MLP([4, 4])"),
        ("written_modules:Scaled", "module = Scaled(4, 4)"),
    ],
)
def test_a_module_is_made_and_called(folder: Path, capsys: pytest.CaptureFixture[str], target: str, call: str) -> None:
    (folder / "written_modules.py").write_text(MODULES)
    assert main([target]) == 0
    text = capsys.readouterr().out
    assert call in text
    names: dict[str, Any] = {}
    exec(text, names)
    next(value for key, value in names.items() if key.startswith("test_"))()


def test_a_module_that_takes_no_arrays_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "written_modules.py").write_text(MODULES)
    assert main(["written_modules:OfText"]) == 1
    assert "its instances take none of the arrays that were tried" in capsys.readouterr().err
