"""The pytest plugin: its options, its summary, its fixture, and that it costs nothing where it is not used."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import pytest_plaingrad
from autograd.testing import Report, check
from autograd.testing.findings.totals import Totals, totals

ROOT = Path(__file__).parents[2]

OWN = """
import numpy as np
from autograd import elementwise, tensor
from autograd.testing import check

def test_sine():
    check(np.sin)

def test_right(audited):
    tensor([1.0], requires_grad=True).sin().sum().backward()
    assert audited.operations

def test_wrong(audited):
    wrong = elementwise(lambda x: np.sin(x), lambda g, x: g, name="wrong")
    wrong(tensor([1.0], requires_grad=True)).sum().backward()
"""


COMPARED = """
import numpy as np
import pytest
from autograd import diff_graphs, tensor

W = tensor([1.0, 2.0], requires_grad=True)

@pytest.mark.parametrize("x", ["a/b"])
def test_found(x):
    assert diff_graphs(lambda: np.sin(W).sum(), lambda: np.sin(W).sum()).same
    difference = diff_graphs(lambda: np.sin(W).sum(), lambda: np.cos(W).sum())
    assert difference.same, difference

def test_several():
    assert diff_graphs(lambda: W.sum(), [lambda: (W * 1).sum(), lambda: (W * 2).sum(), lambda: W.sum()]).same

def test_tensors():
    np.testing.assert_allclose(np.tanh(W) * 2, np.tanh(W) * 3)

def test_other():
    assert W.sum() == 4

def test_right():
    diff_graphs(lambda: np.sin(W).sum(), lambda: np.cos(W).sum())
"""


def run(folder: Path, text: str, *options: str) -> str:
    """Return what pytest prints for a file of tests, with this plugin and the named ones."""
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (folder / "test_it.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_pages_of_comparisons_that_fail(tmp_path: Path) -> None:
    output = run(tmp_path, COMPARED, "-p", "pytest_plaingrad", "--graph-diff")
    assert "4 failed, 1 passed" in output
    pages = {page.name: page.read_text("utf-8") for page in (tmp_path / "graph-diff").iterdir()}
    assert sorted(pages) == [
        "test_it.py-test_found-a-b-.html",
        "test_it.py-test_several-2.html",
        "test_it.py-test_several.html",
        "test_it.py-test_tensors.html",
    ]
    assert "sin → cos" in pages["test_it.py-test_found-a-b-.html"]
    assert "Argument y: a 2, b 3" in pages["test_it.py-test_tensors.html"]
    assert "<title>test_it.py::test_tensors</title>" in pages["test_it.py-test_tensors.html"]
    assert output.count("graph differences") == 3
    for page in pages:
        assert f"graph-diff/{page}: " in output.replace("\\", "/")


def test_without_the_option_there_are_no_pages(tmp_path: Path) -> None:
    output = run(tmp_path, COMPARED, "-p", "pytest_plaingrad")
    assert "4 failed, 1 passed" in output
    assert not (tmp_path / "graph-diff").exists()


def test_a_project_that_does_not_use_it_loads_nothing(tmp_path: Path) -> None:
    text = "import sys\ndef test_it():\n    assert not {'numpy', 'autograd'} & set(sys.modules)\n"
    output = run(tmp_path, text, "-p", "pytest_plaingrad")
    assert "1 passed" in output
    assert "grad" not in output.replace("plaingrad", "")


def test_options_summary_and_fixture(tmp_path: Path) -> None:
    options = ("-p", "pytest_plaingrad", "--gradcheck-profile=quick", "--gradcheck-seed=3")
    output = run(tmp_path, OWN, *options)
    assert "gradcheck: seed 3, profile quick" in output
    assert "3 passed, 1 error" in output
    assert "GradientCheckError: 1 of 2 gradients that were checked are wrong" in output
    assert "1 call of check: " in output
    assert "in test_it.py::test_sine" in output


@pytest.mark.thorough
def test_processes_of_xdist_send_what_they_found(tmp_path: Path) -> None:
    text = OWN.partition("def test_right")[0] + "\ndef test_cosine():\n    check(np.cos)\n"
    options = ("-p", "pytest_plaingrad", "-p", "xdist", "-n", "2", "--gradcheck-profile=quick")
    output = run(tmp_path, text, *options)
    assert "2 calls of check: " in output
    assert "test_sine" in output
    assert "test_cosine" in output


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    output = run(tmp_path, "def test_it(audited): pass\n", "-p", "no:pytest_plaingrad")
    assert "fixture 'audited' not found" in output


def test_the_entry_point_names_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {"pytest_plaingrad": pytest_plaingrad.__name__}
    assert "pytest_plaingrad.py" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.thorough
def test_check_obeys_the_session_where_its_arguments_are_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = check(np.cbrt, seed=7, profile="quick")
    assert check(np.cbrt, seed=8, profile="quick") != expected
    monkeypatch.setattr(totals, "seed", 7)
    monkeypatch.setattr(totals, "profile", "quick")
    assert check(np.cbrt) == expected
    assert check(np.cbrt, seed=8) != expected
    monkeypatch.setattr(totals, "profile", "thoroughly")
    with pytest.raises(ValueError, match="profile='thoroughly'"):
        check(np.cbrt)


def test_a_session_keeps_sums_and_the_worst() -> None:
    one, other = Totals(), Totals()
    for i in range(8):
        (one if i % 2 else other).add(Report(examples=i, compared=2, untold=1, set_aside=3, worst=i / 10), f"f{i}()")
    one.merge(other)
    assert (one.calls, one.examples, one.compared, one.untold, one.set_aside) == (8, 28, 16, 8, 24)
    assert [part for part, _ in one.worst] == [0.7, 0.6, 0.5, 0.4, 0.3]
    assert "test_a_session_keeps_sums_and_the_worst" in one.worst[0][1]
