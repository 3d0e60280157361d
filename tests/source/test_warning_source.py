"""Warnings name the line of the program, once for each, whatever filters there are and whoever records them."""

import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import grad, tensor
from autograd.source import warning_source as blame

ROOT = Path(__file__).parents[2]
DATA = np.ones((2, 1), np.float32), np.ones((2, 1), np.float32)
X = tensor([-1.0, 4.0], requires_grad=True)

PROGRAM = """import numpy as np, threading
from autograd import tensor
x = tensor([-1.0, 4.0], requires_grad=True)
for _ in range(3):
    y = np.sqrt(x)
z = np.sqrt(x)
w = x / 0.0
thread = threading.Thread(target=lambda: np.log(x))
thread.start()
thread.join()
"""
SQRT, DIVIDE, LOG = (
    "invalid value encountered in sqrt",
    "divide by zero encountered",
    "invalid value encountered in log",
)


def shown(*options: str, program: str = PROGRAM) -> list[tuple[int, str]]:
    """Return the lines that a program is warned of, with what is said."""
    command = [sys.executable, *options, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert not re.search(r"\\.py:\d+:.*Warning", run.stderr), run.stderr
    return [
        (int(n), text) for n, text in re.findall(r"^<string>:(\d+): RuntimeWarning: (.*)$", run.stderr, re.MULTILINE)
    ]


def places(found: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(line, next(known for known in (SQRT, DIVIDE, LOG) if text.startswith(known))) for line, text in found]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ("default", [(5, SQRT), (6, SQRT), (7, DIVIDE), (8, LOG)]),
        ("always", [(5, SQRT)] * 3 + [(6, SQRT), (7, DIVIDE), (8, LOG)]),
        ("once", [(5, SQRT), (7, DIVIDE), (8, LOG)]),
        ("module", [(5, SQRT), (7, DIVIDE), (8, LOG)]),
        ("ignore", []),
        ("ignore::RuntimeWarning:__main__", []),
    ],
)
def test_a_program_is_warned_of_its_own_lines(option: str, lines: list[tuple[int, str]]) -> None:
    assert places(shown("-W", option)) == lines


def test_without_options_each_line_is_named_once() -> None:
    assert places(shown()) == [(5, SQRT), (6, SQRT), (7, DIVIDE), (8, LOG)]


@pytest.mark.parametrize("module", ["", __name__])
def test_warnings_can_be_errors(module: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.filterwarnings("error", module=module)
        with pytest.raises(RuntimeWarning, match=SQRT):
            np.sqrt(X)


def line() -> int:
    return sys._getframe(1).f_lineno


@pytest.mark.parametrize("action", ["always", "default"])
def test_who_records_warnings_sees_the_lines(action: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        first = line() + 1
        np.sqrt(X)
        np.log(X) + nn.functional.softplus(X * np.inf * 0)
    found = {(item.filename, item.lineno, str(item.message)) for item in caught}
    assert {(__file__, first, SQRT), (__file__, first + 1, LOG)} <= found
    assert {file for file, _, _ in found} == {__file__}


def test_threads_are_warned_of_their_own_lines() -> None:
    def compute() -> None:
        np.sqrt(X)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=compute) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [(item.filename, item.lineno) for item in caught] == [(__file__, compute.__code__.co_firstlineno + 1)] * 4


def test_gradients_that_are_not_finite_are_warned_of_at_the_line_that_asked_for_them() -> None:
    asked = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x = tensor([0.0, 1.0], requires_grad=True)
        asked.append(line() + 1)
        np.sqrt(x).sum().backward()
        asked.append(line() + 1)
        grad(lambda x: np.sqrt(x))(0.0)
        model = nn.Linear(1, 1)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        asked.append(line() + 1)
        nn.fit(model, DATA, lambda y, t: np.sqrt(y * 0).sum() + 1, optimizer, epochs=1, verbose=False)
    found = [item for item in caught if "the gradient of a tensor" in str(item.message)]
    assert {(item.filename, item.lineno) for item in found} == {(__file__, n) for n in asked}


def test_warnings_of_others_stay_where_they_are() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn_explicit("odd", UserWarning, "elsewhere.py", 7)
        np.sqrt(np.array([-1.0]))
    assert [(item.filename, str(item.message)) for item in caught] == [("elsewhere.py", "odd"), (__file__, SQRT)]


def test_it_can_be_undone() -> None:
    program = "from autograd.source import warning_source as blame\nblame.undo()\nblame.undo()\n" + PROGRAM
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "unary_binary.py" in run.stderr
    assert vars(warnings)["_showwarnmsg"] is not blame._show


def test_every_warning_of_the_packages_goes_to_the_line_of_the_program() -> None:
    for package in ("autograd", "nn", "datasets"):
        for path in (ROOT / package).rglob("*.py"):
            # creation.py refuses the warnings of a function that is recorded.
            if path.name not in ("source_info.py", "_warnings.py", "warning_source.py", "creation.py", "fetch.py"):
                assert not re.search(r"\bwarnings\.warn", path.read_text()), path
