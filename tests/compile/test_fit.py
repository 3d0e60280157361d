"""`nn.fit` gives the same history, model and errors, compiled or not, and whether that was asked for, bit by bit."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from datasets import make_moons
from nn.training import _compiled

from .agreement import differs
from .training_steps import state

X, Y = make_moons(300, noise=0.1, seed=0)
Make = Callable[[], tuple[nn.Module, nn.optim.Optimizer]]


def classifier() -> tuple[nn.Module, nn.optim.Optimizer]:
    model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 2))
    return model, nn.optim.AdamW(model.parameters(), lr=0.02)


def fitted(compile: Any, make: Make = classifier, data: Any = (X, Y), loss: Any = None, **options: Any) -> Any:
    """Return the history, the model's and the optimizer's state, or the error in place of the history."""
    nn.manual_seed(0)
    model, optimizer = make()
    for name in ("scheduler", "callbacks"):
        if callable(options.get(name)):
            options[name] = options[name](optimizer)
    try:
        history = nn.fit(
            model, data, loss or nn.CrossEntropyLoss(), optimizer, epochs=options.pop("epochs", 3), batch_size=16,
            compile=compile, verbose=False, **options,
        )  # fmt: skip
    except nn.NonFiniteLossError as error:
        return str(error), state(model), state(optimizer)
    figures = {name: np.array(column) for name, column in history.drop(columns="seconds").items()}
    return figures, history.attrs["stopped"], state(model), state(optimizer)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs pay at once."""
    monkeypatch.setattr(_compiled, "pays", lambda batches, seconds: True)


def same(**options: Any) -> Any:
    expected = fitted(False, **options)
    for compile in (True, "auto"):
        found = fitted(compile, **options)
        assert not differs(expected, found)
    return found


class Stop(nn.training.Callback):
    def on_step(self, training: Any) -> None:
        if training.step == 25:
            training.stop("enough")


OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "metrics and validation": {"metrics": ["accuracy"], "validation": (X, Y)},
    "clipping": {"clip_norm": 0.3},
    "accumulation": {"accumulate": 3},
    "accumulation of sums": {"accumulate": 2, "loss": nn.CrossEntropyLoss(reduction="sum")},
    "a schedule of steps": {
        "scheduler": lambda optimizer: nn.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=57),
        "scheduler_every": "step",
    },
    "a schedule of epochs": {"scheduler": lambda optimizer: nn.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)},
    "without sentinels": {"sentinels": False},
    "stopped early": {"callbacks": lambda _: [Stop()]},
    "averages": {"callbacks": lambda _: [nn.training.WeightAveraging(start=1)]},
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", OPTIONS)
def test_the_same_bits(name: str) -> None:
    same(**OPTIONS[name])


@pytest.mark.parametrize("compile", [True, "auto"])
def test_steps_are_replayed(compile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Noted(_compiled.CompiledGradient):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr("nn.training._loop.CompiledGradient", Noted)
    fitted(compile)
    programs = made[0]._recorded.programs
    assert len(programs) == 2  # of full batches and of the last one of an epoch
    assert not any(program.diverged for program in programs)
    assert made[0].said == "yes"


def test_outputs_of_several_parts() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(2, 3), nn.Linear(3, 1)

        def forward(self, x: Any) -> Any:
            hidden = np.tanh(self.first(x))
            return self.second(hidden)[:, 0], {"hidden": hidden}

    def make() -> Any:
        model = Both()
        return model, nn.optim.SGD(model.parameters(), lr=0.1)

    def loss(output: Any, target: Any) -> Any:
        return ((output[0] - target) ** 2).mean() + 0.01 * (output[1]["hidden"] ** 2).mean()

    def size(output: Any, target: Any) -> float:
        return float(np.abs(output[1]["hidden"]).mean())

    same(make=make, data=(X, Y.astype(np.float32)), loss=loss, metrics=[size])


def test_a_loss_that_is_not_finite_is_the_same_error_and_leaves_the_same() -> None:
    for row in (7, 230):  # of an early batch, which is checked, and of a later one
        data = X.copy()
        data[row] = np.nan
        found = same(data=(data, Y))
        assert "the loss is nan" in found[0]


def test_what_cannot_be_recorded_is_named_and_trained_without() -> None:
    def loss(output: Any, target: Any) -> Any:
        found = nn.functional.cross_entropy(output, target)
        return found * 2 if found > 0.5 else found

    expected = fitted(False, loss=loss)
    with pytest.warns(RuntimeWarning, match=r"test_fit.py:\d+.*cannot be recorded"):
        found = fitted(True, loss=loss)
    assert not differs(expected, found)


def test_a_training_that_is_resumed(tmp_path: Path) -> None:
    """It was interrupted compiled, goes on compiled, and ends as one that was neither."""
    expected = fitted(False, epochs=4)

    def saving(_: Any) -> Any:
        return [nn.training.Checkpoint(tmp_path / "last.npz", every=7, resume=True)]

    fitted(True, epochs=2, callbacks=saving)
    found = fitted(True, epochs=4, callbacks=saving)
    assert not differs(expected, found)


INTERRUPTED = """
import os
import signal
import sys

import numpy as np
import nn
from datasets import make_moons

X, Y = make_moons(300, noise=0.1, seed=0)
nn.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 2))
optimizer = nn.optim.AdamW(model.parameters(), lr=0.02)
after, compiled, steps = int(sys.argv[1]), sys.argv[2] == "compiled", []


class Press(nn.training.Callback):
    def on_step(self, training):
        steps.append(training.step)
        if len(steps) == after:
            os.kill(os.getpid(), signal.SIGINT)


for _ in range(2):  # the second goes on where the first was interrupted
    history = nn.fit(
        model, (X, Y), nn.CrossEntropyLoss(), optimizer, epochs=2, batch_size=16, verbose=False, callbacks=[Press()],
        compile=compiled,
    )
    print(history.attrs["stopped"], len(steps), file=sys.stderr)
state = [*(p.numpy() for p in model.parameters()), *(b for _, b in model.named_buffers())]
assert all(np.isfinite(np.asarray(x)).all() for x in state)
assert all(type(p.data) is np.ndarray for p in model.parameters())
print(len(steps), *(np.asarray(x).tobytes().hex() for x in state))
"""


@pytest.mark.thorough
def test_ctrl_c_finishes_the_step_and_training_goes_on() -> None:
    """A real SIGINT to another process: what it leaves is bit by bit that of the same without compile."""
    after = 23
    left = [
        subprocess.run([sys.executable, "-c", INTERRUPTED, str(after), how], capture_output=True, text=True, check=True)
        for how in ("eager", "compiled")
    ]
    assert left[0].stdout == left[1].stdout
    assert f"Ctrl-C {after + 1}" in left[1].stderr
    assert int(left[1].stdout.split()[0]) == after + 1 + 38  # the first training ended early
