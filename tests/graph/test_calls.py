"""How many functions of the engine a derivative of a small function takes: what is done twice shows here."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.errors import check_callable

from ..transforms.test_returned import TRANSFORMS

ROOT = Path(__file__).parents[2]
ENGINE = str(Path(autograd.__file__).parent)
X = np.array([1.0, 2.0])
MADE_OF_TWO = {"elementwise_grad", "hvp"}  # a transform of what a transform returns


def number(x: Any) -> Any:
    return (x * x).sum()


def half(x: Any) -> Any:
    return 0.5 * x


def run(transform: str) -> None:
    """Apply a transform to a function that it can take."""
    TRANSFORMS[transform](half if transform == "fixed_point" else number)


def calls(function: Callable[[], Any]) -> list[FrameType]:
    """Return each call of a function of the engine, when nothing happens for the first time any more."""
    found = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(ENGINE):
            found.append(frame)

    function()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return found


COUNTS = """
import sys
import numpy as np
import autograd

def backward():
    x = autograd.tensor(X, requires_grad=True)
    np.sum(x * x).backward()

ENGINE, X, found = autograd.__path__[0], np.array([1.0, 2.0]), []
for function in (
    lambda: autograd.jacobian(lambda x: x**2)(X),
    lambda: autograd.grad(lambda x: (x**2).sum())(X),
    lambda: autograd.vjp(np.sin, X)[1](X),
    backward,
):
    function()
    found.append(0)

    def note(frame, event, _):
        found[-1] += event == "call" and frame.f_code.co_filename.startswith(ENGINE)

    sys.setprofile(note)
    function()
    sys.setprofile(None)
print(*found)
"""


def test_derivatives_of_small_functions_take_few_calls() -> None:
    # in a process of its own: what other tests have handed out or hooked is looked at in each walk
    run = subprocess.run([sys.executable, "-c", COUNTS], cwd=ROOT, capture_output=True, text=True, check=True)
    jacobian, gradient, vjp, backward = map(int, run.stdout.split())
    assert jacobian <= 119
    assert gradient <= 98
    assert vjp <= 88
    assert backward <= 50


@pytest.mark.parametrize("transform", sorted(TRANSFORMS))
def test_a_function_is_checked_once(transform: str) -> None:
    checks = [frame for frame in calls(lambda: run(transform)) if frame.f_code is check_callable.__code__]
    checked = [inspect.unwrap(frame.f_locals["value"]) in (number, half) for frame in checks]
    assert checked.count(True) == (2 if transform in MADE_OF_TWO else 1)


@pytest.mark.parametrize("transform", sorted(TRANSFORMS))
def test_transforms_ask_tensors_for_their_shape_without_numpy(transform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    serve = Tensor.__array_function__

    def noted(self: Tensor, function: Any, *rest: Any) -> Any:
        asked.append(function)
        return serve(self, function, *rest)

    monkeypatch.setattr(Tensor, "__array_function__", noted)
    run(transform)
    assert not {np.shape, np.size, np.ndim} & set(asked)
