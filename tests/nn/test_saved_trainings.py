"""A loop of one's own that saves its state, is ended, and goes on in another process, takes the same steps."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.optim import lr_scheduler, swa_utils

from ..lists import assert_complete

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 4))
Y = rng.integers(0, 3, 12)

OPTIMIZERS = {name: getattr(nn.optim, name) for name in nn.optim.__all__ if inspect.isclass(getattr(nn.optim, name))}
del OPTIMIZERS["Optimizer"]
SPECIAL: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "Adam": {"lr": 0.01, "amsgrad": True},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "LBFGS": {"max_iter": 2, "line_search_fn": "strong_wolfe"},
}


class Falling:
    """A factor with a state of its own, as `LambdaLR` saves it."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, epoch: int) -> float:
        self.calls += 1
        return 0.9**epoch


SCHEDULERS: dict[str, Any] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [1, 3, 4]),
    "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, 0.5, 3),
    "LinearLR": lambda o: lr_scheduler.LinearLR(o, 0.5, total_iters=5),
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, 8, 2.0),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, Falling()),
    "MultiplicativeLR": lambda o: lr_scheduler.MultiplicativeLR(o, Falling()),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 7),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 2, mode="triangular2", cycle_momentum=False),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.1, 12),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=10.0),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.StepLR(o, 1)], milestones=[2]
    ),
    "ChainedScheduler": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.8)]
    ),
    "SWALR": lambda o: swa_utils.SWALR(o, 0.02, 4),
}


class Loop:
    """A training as people write it."""

    def __init__(self, optimizer: str, scheduler: str, dtype: Any, seed: int) -> None:
        nn.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3)).to(dtype)
        if optimizer == "Muon":  # which is for matrices
            params: Any = [p for p in self.model.parameters() if p.ndim == 2]
        elif optimizer == "LBFGS":
            params = self.model.parameters()
        else:
            params = [
                {"params": self.model[0].parameters(), "lr": 0.03},
                {"params": [*self.model[1].parameters(), *self.model[3].parameters()]},
            ]
        self.optimizer = OPTIMIZERS[optimizer](params, **SPECIAL.get(optimizer, {}))
        self.scheduler = SCHEDULERS[scheduler](self.optimizer)
        self.average = swa_utils.AveragedModel(self.model)
        self.x = X.astype(dtype)

    def loss(self) -> Any:
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(self.x), Y)
        loss.backward()
        return loss

    def run(self, steps: int) -> None:
        for _ in range(steps):
            loss = self.optimizer.step(self.loss)
            self.average.update_parameters(self.model)
            if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
                self.scheduler.step(float(loss))
            else:
                self.scheduler.step()

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "average": self.average.state_dict(),
            "epoch": 3,
            "best": None,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.average.load_state_dict(state["average"])


def assert_same(found: Any, expected: Any, place: str = "") -> None:
    if isinstance(expected, dict):  # a Counter is read as a dict
        assert isinstance(found, dict), place
        assert set(found) == set(expected), place
        for key in expected:
            assert_same(found[key], expected[key], f"{place}/{key}")
        return
    assert type(found) is type(expected), place
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected), place
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{place}/{i}")
    elif isinstance(expected, np.ndarray):
        assert (found.dtype, found.shape, found.tobytes()) == (expected.dtype, expected.shape, expected.tobytes()), (
            place
        )
    else:
        assert repr(found) == repr(expected), place


def check(optimizer: str, scheduler: str, dtype: Any, path: Path) -> None:
    whole = Loop(optimizer, scheduler, dtype, seed=0)
    whole.run(3)
    nn.save(whole.state(), path)
    state = nn.load(path)
    assert_same(state, whole.state())
    again = Loop(optimizer, scheduler, dtype, seed=1)
    again.load(state)
    whole.run(4)
    again.run(4)
    assert_same(again.state(), whole.state())


@pytest.mark.one_in(6)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_to_the_bit(name: str, suffix: str, dtype: Any, tmp_path: Path) -> None:
    check(name, "ExponentialLR", dtype, tmp_path / f"training.{suffix}")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_scheduler_goes_on_to_the_bit(name: str, suffix: str, tmp_path: Path) -> None:
    check("Adam", name, np.float32, tmp_path / f"training.{suffix}")


def test_every_public_scheduler_is_here() -> None:
    assert_complete(
        {*lr_scheduler.__all__, "SWALR"} - {"LRScheduler"}, SCHEDULERS, "SCHEDULERS in tests/nn/test_saved_trainings.py"
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_state_of_an_optimizer_alone(name: str, tmp_path: Path) -> None:
    loop = Loop(name, "ExponentialLR", np.float32, seed=0)
    for steps in (0, 2):  # a new one has no state yet
        loop.run(steps)
        nn.save(loop.optimizer.state_dict(), tmp_path / "optimizer.npz")
        state = nn.load(tmp_path / "optimizer.npz")
        assert_same(state, loop.optimizer.state_dict())
        Loop(name, "ExponentialLR", np.float32, seed=0).optimizer.load_state_dict(state)


def test_load_says_how_a_model_is_given_what_was_saved(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    nn.save(model, tmp_path / "model.npz")
    with pytest.raises(TypeError, match=r"model.load_state_dict\(nn.load\(path\)\)"):
        nn.load(tmp_path / "model.npz", model)  # type: ignore[call-arg]
    model.load_state_dict(nn.load(tmp_path / "model.npz"))
