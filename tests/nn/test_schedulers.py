"""Schedulers: their rates by definition, what they do together, what is saved, and how they can be misused."""

import copy
import math
import pickle
from typing import Any, Literal

import numpy as np
import pytest

import nn
from nn.optim import lr_scheduler
from nn.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from nn.optim.swa_utils import SWALR

from ..lists import assert_complete


def make_optimizer(name: str = "SGD", lr: float = 0.5) -> Any:
    options = {"momentum": 0.9} if name == "SGD" else {}
    parameter = nn.Parameter([1.0])
    parameter.grad = [0.0]
    optimizer = getattr(nn.optim, name)([parameter], lr=lr, **options)
    optimizer.step()
    return optimizer


def course(scheduler: Any, steps: int) -> list[float]:
    """Return the rates of the first group, from now on."""
    rates = [scheduler.optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [rates[-1]]
    return rates


EPOCHS = np.arange(13)
LEFT = 1 - np.minimum(EPOCHS, 8) / 8  # of the way that a rate takes eight steps for
TO_A_CONSTANT: list[tuple[Any, dict[str, Any], Any]] = [
    (SWALR, {"swa_lr": 0.1, "anneal_epochs": 8, "anneal_strategy": "linear"}, 0.1 + 0.4 * LEFT),
    (SWALR, {"swa_lr": 0.1, "anneal_epochs": 8}, 0.1 + 0.4 * (1 - np.cos(math.pi * LEFT)) / 2),
]
FORMULAS: list[tuple[Any, dict[str, Any], Any]] = [
    (StepLR, {"step_size": 3}, 0.5 * 0.1 ** (EPOCHS // 3)),
    (MultiStepLR, {"milestones": [7, 2, 7]}, 0.5 * 0.1 ** ((EPOCHS >= 2) + 2.0 * (EPOCHS >= 7))),
    (ExponentialLR, {"gamma": 0.9}, 0.5 * 0.9**EPOCHS),
    (ConstantLR, {"factor": 0.0, "total_iters": 4}, 0.5 * (EPOCHS >= 4)),
    (LinearLR, {"start_factor": 0.1, "total_iters": 9}, 0.5 * (0.1 + 0.9 * np.minimum(EPOCHS, 9) / 9)),
    (LinearLR, {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 5}, 0.5 * (1 - np.minimum(EPOCHS, 5) / 5)),
    (PolynomialLR, {"total_iters": 10, "power": 2}, 0.5 * (1 - np.minimum(EPOCHS, 10) / 10) ** 2),
    (CosineAnnealingLR, {"T_max": 4, "eta_min": 0.1}, 0.1 + 0.2 * (1 + np.cos(np.pi * EPOCHS / 4))),
    (CosineAnnealingLR, {"T_max": 1}, 0.25 * (1 + np.cos(np.pi * EPOCHS))),
    (CosineAnnealingWarmRestarts, {"T_0": 3}, 0.25 * (1 + np.cos(np.pi * (EPOCHS % 3) / 3))),
    (
        CosineAnnealingWarmRestarts,
        {"T_0": 2, "T_mult": 3, "eta_min": 0.1},
        0.1 + 0.2 * (1 + np.cos(np.pi * np.array([0, 1 / 2, *(np.arange(6) / 6), *(np.arange(5) / 18)]))),
    ),
    (LambdaLR, {"lr_lambda": lambda epoch: 1 / (1 + epoch)}, 0.5 / (1 + EPOCHS)),
    (MultiplicativeLR, {"lr_lambda": lambda epoch: 0.9}, 0.5 * 0.9**EPOCHS),
]


@pytest.mark.parametrize(("kind", "options", "expected"), [*FORMULAS, *TO_A_CONSTANT])
def test_rates_are_those_of_the_formula(kind: Any, options: dict[str, Any], expected: Any) -> None:
    scheduler = kind(make_optimizer(), **options)
    np.testing.assert_allclose(course(scheduler, 12), expected, 1e-12, 1e-15)
    assert scheduler.last_epoch == 12
    assert repr(scheduler).startswith(f"{kind.__name__}(")


@pytest.mark.parametrize(("kind", "options", "expected"), FORMULAS)
def test_a_saved_schedule_goes_on(kind: Any, options: dict[str, Any], expected: Any) -> None:
    optimizer = make_optimizer()
    scheduler = kind(optimizer, **options)
    course(scheduler, 5)
    saved = pickle.loads(pickle.dumps((optimizer.state_dict(), scheduler.state_dict())))
    fresh = kind(make_optimizer(lr=3.0), **options)
    fresh.optimizer.load_state_dict(saved[0])
    fresh.load_state_dict(saved[1])
    assert fresh.get_last_lr() == scheduler.get_last_lr()
    assert course(fresh, 7) == course(scheduler, 7)


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    # not those that set rates whatever they were before, nor those whose rate has no proportion to 0
    [case for case in FORMULAS if case[0] not in (CosineAnnealingWarmRestarts, LambdaLR) and case[2][1] > 0],
)
def test_rates_that_others_change_as_well(kind: Any, options: dict[str, Any], expected: Any) -> None:
    optimizer = make_optimizer()
    scheduler = kind(optimizer, **options)
    floor = options.get("eta_min", 0)
    course(scheduler, 1)
    optimizer.param_groups[0]["lr"] = floor + 3 * (expected[1] - floor)
    scheduler.step()
    np.testing.assert_allclose(optimizer.param_groups[0]["lr"], floor + 3 * (expected[2] - floor), 1e-12)


def test_one_cycle() -> None:
    options: dict[str, Any] = {"max_lr": 1.0, "div_factor": 4.0, "final_div_factor": 10.0, "pct_start": 0.5}
    straight = options | {"anneal_strategy": "linear", "base_momentum": 0.5, "max_momentum": 0.8}
    optimizer = make_optimizer("Adam")
    rates, betas = [], []
    scheduler = OneCycleLR(optimizer, total_steps=8, **straight)
    for _ in range(8):
        rates.append(scheduler.get_last_lr()[0])
        betas.append(optimizer.param_groups[0]["betas"])
        scheduler.step()
    down = 1 - 0.975 * np.arange(1, 5) / 4
    np.testing.assert_allclose(rates, [0.25, 0.5, 0.75, 1.0, *down])
    np.testing.assert_allclose([first for first, _ in betas], [0.8, 0.7, 0.6, 0.5, 0.575, 0.65, 0.725, 0.8])
    assert {second for _, second in betas} == {0.999}
    with pytest.raises(ValueError, match="made for 8 steps and cannot take step 9"):
        scheduler.step()
    halves = OneCycleLR(make_optimizer(), epochs=2, steps_per_epoch=4, three_phase=True, **options)
    rates = course(halves, 8)
    np.testing.assert_allclose(rates[:5], [0.25, 0.4375, 0.8125, 1.0, 0.8125])
    np.testing.assert_allclose(rates[-2:], 0.025)
    assert halves.optimizer.param_groups[0]["momentum"] == 0.95


def test_one_cycle_without_a_rise() -> None:
    for share in (0.0, 0.1):
        rates = course(OneCycleLR(make_optimizer(), 1.0, total_steps=10, pct_start=share), 9)
        assert np.all(np.diff(rates) < 0)
        assert math.isclose(rates[-1], 1 / 25e4)


def test_one_after_the_other_and_within() -> None:
    optimizer = make_optimizer(lr=1.0)
    inner = SequentialLR(optimizer, [ConstantLR(optimizer, 0.5, 9), ExponentialLR(optimizer, 0.5)], [2])
    chained = ChainedScheduler([ConstantLR(optimizer, 0.5, 1), ExponentialLR(optimizer, 0.5)])
    scheduler = SequentialLR(optimizer, [LinearLR(optimizer, 0.25, 1, 3), inner, chained], [2, 6])
    np.testing.assert_allclose(course(scheduler, 8), [0.25, 0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.25])
    state = pickle.loads(pickle.dumps(scheduler.state_dict()))
    expected = course(scheduler, 3)
    optimizer.param_groups[0]["lr"] = 0.25
    scheduler.load_state_dict(state)
    assert course(scheduler, 3) == expected


def test_a_multiplied_rate_starts_from_the_first_rate_when_its_turn_comes() -> None:
    """PyTorch's goes on from the last rate of the one before, which is not yet warm."""
    optimizer = make_optimizer(lr=1.0)
    parts = [LinearLR(optimizer, 0.5, 1, 2), MultiplicativeLR(optimizer, lambda epoch: 0.5)]
    assert course(SequentialLR(optimizer, parts, [2]), 4) == [0.5, 0.75, 1.0, 0.5, 0.25]


def test_two_schedulers_that_are_stepped_by_hand() -> None:
    optimizer = make_optimizer(lr=1.0)
    one, two = StepLR(optimizer, 2, 0.1), ExponentialLR(optimizer, 0.5)
    rates = []
    for _ in range(6):
        one.step()
        two.step()
        rates.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(rates, [0.5**t * 0.1 ** (t // 2) for t in range(1, 7)])


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_plateau(mode: Literal["min", "max"]) -> None:
    optimizer = make_optimizer(lr=1.0)
    scheduler = ReduceLROnPlateau(optimizer, mode, factor=0.5, patience=1, threshold=0.1, cooldown=2, min_lr=0.3)
    rates = []
    for value in (5.0, 4.0, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9, 3.9, 1.0):
        scheduler.step(np.float32(value if mode == "min" else 10 - value))
        rates.append(scheduler.get_last_lr()[0])
    low = [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3] if mode == "min" else None
    assert low is None or rates == low
    assert scheduler.best == (1.0 if mode == "min" else 9.0)
    fresh = ReduceLROnPlateau(make_optimizer(), mode)
    fresh.load_state_dict(scheduler.state_dict())
    assert vars(fresh) | {"optimizer": None} == vars(scheduler) | {"optimizer": None}


def test_a_plateau_that_is_tiny_is_kept() -> None:
    optimizer = make_optimizer(lr=1e-9)
    scheduler = ReduceLROnPlateau(optimizer, patience=0)
    for _ in range(3):
        scheduler.step(nn.Parameter(1.0).detach())
    assert optimizer.param_groups[0]["lr"] == 1e-9


class Slope:
    """A function of the epoch that has a state."""

    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, epoch: int) -> float:
        return 1 - self.slope * epoch


def test_functions_that_are_objects_are_saved() -> None:
    state = LambdaLR(make_optimizer(), Slope(0.25)).state_dict()
    fresh = LambdaLR(make_optimizer(), Slope(0.5))
    fresh.load_state_dict(state)
    assert course(fresh, 2) == [0.5, 0.375, 0.25]
    plain = LambdaLR(make_optimizer(), math.exp)
    plain.load_state_dict(plain.state_dict())
    assert plain.lr_lambdas == [math.exp]


def test_a_schedule_of_ones_own_with_groups() -> None:
    class Late(LRScheduler):
        def get_lr(self) -> list[float]:
            return [lr * (self.last_epoch > 1) for lr in self.base_lrs]

    one, two = nn.Parameter([1.0]), nn.Parameter([1.0])
    one.grad = [0.0]
    optimizer = nn.optim.SGD([{"params": [one]}, {"params": [two], "lr": 2.0}], lr=1.0)
    optimizer.step()
    scheduler = Late(optimizer)
    assert scheduler.get_last_lr() == [0, 0]
    scheduler.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [1.0, 2.0]
    scheduler.get_last_lr().clear()
    assert scheduler.get_last_lr() == [1.0, 2.0]
    optimizer.add_param_group({"params": [nn.Parameter([1.0])]})
    with pytest.raises(ValueError, match=r"has 3 groups of parameters, but Late was made for 2: make it after"):
        scheduler.step()
    plateau = ReduceLROnPlateau(make_optimizer())
    plateau.optimizer.add_param_group({"params": [nn.Parameter([1.0])]})
    with pytest.raises(ValueError, match=r"has 2 groups of parameters, but ReduceLROnPlateau was made for 1"):
        plateau.step(1.0)


def test_the_first_rate_should_be_used() -> None:
    optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    scheduler = ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning, match=r"scheduler\.step\(\) was called before optimizer\.step\(\)"):
        scheduler.step()
    for kind in ("SGD", "LBFGS"):
        w = nn.Parameter([1.0])
        optimizer = getattr(nn.optim, kind)([w])
        scheduler = ExponentialLR(optimizer, 0.5)

        def closure(w: Any = w) -> Any:
            w.grad = None
            loss = (w * w).sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        scheduler.step()


def test_a_copy_of_both_goes_on_by_itself() -> None:
    optimizer = make_optimizer()
    scheduler = ExponentialLR(optimizer, 0.5)
    twin_optimizer, twin = copy.deepcopy((optimizer, scheduler))
    assert twin.optimizer is twin_optimizer
    course(twin, 2)
    assert scheduler.last_epoch == 0
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_refusals() -> None:
    optimizer = make_optimizer()
    adagrad = make_optimizer("Adagrad")
    with pytest.raises(TypeError, match=r"ExponentialLR: optimizer should be an optimizer, not \[\]"):
        ExponentialLR([], 0.5)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="group 0 of the optimizer has no initial_lr to go on from with last_epoch=3"):
        ExponentialLR(optimizer, 0.5, last_epoch=3)
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("StepLR", {"step_size": 0}, "step_size should be an integer of 1 or more, not 0"),
        ("MultiStepLR", {"milestones": [-1]}, "milestones should be 0 or more"),
        ("ConstantLR", {"factor": 1.5}, "factor should be a number from 0 to 1, not 1.5"),
        ("LinearLR", {"start_factor": 0}, "start_factor should be above 0"),
        ("LinearLR", {"end_factor": 2}, "end_factor should be a number from 0 to 1, not 2"),
        ("LinearLR", {"total_iters": 0}, "total_iters should be an integer of 1 or more"),
        ("PolynomialLR", {"power": -1}, "power should be 0 or more"),
        ("CosineAnnealingLR", {"T_max": 0}, "T_max should be an integer of 1 or more"),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}, "T_0 should be an integer of 1 or more, not 0"),
        ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 0}, "T_mult should be an integer of 1 or more"),
        ("LambdaLR", {"lr_lambda": [abs, abs]}, "lr_lambda has 2 values, but the optimizer has 1 groups"),
        ("OneCycleLR", {"max_lr": 1}, "needs total_steps, or both epochs and steps_per_epoch"),
        ("OneCycleLR", {"max_lr": 1, "total_steps": 0}, "the number of all steps should be a whole number"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1, "mode": "square"}, "mode should be one of .'triangular'"),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1, "scale_mode": "x"}, 'scale_mode should be "cycle" or "iterations"'),
        ("CyclicLR", {"base_lr": [0.1, 0.2], "max_lr": 1}, "base_lr has 2 values"),
        ("OneCycleLR", {"max_lr": [1, 2], "total_steps": 5}, "max_lr has 2 values"),
        ("OneCycleLR", {"max_lr": 1, "total_steps": 5, "pct_start": 2}, "pct_start should be a number from 0 to 1"),
        ("OneCycleLR", {"max_lr": 1, "total_steps": 5, "anneal_strategy": "sin"}, '"cos" or "linear", not .sin.'),
        ("ReduceLROnPlateau", {"factor": 1}, "factor should be from 0 to below 1"),
        ("ReduceLROnPlateau", {"mode": "low"}, 'mode should be "min" or "max", not .low.'),
        ("ReduceLROnPlateau", {"threshold_mode": "x"}, 'threshold_mode should be "rel" or "abs"'),
        ("SequentialLR", {"schedulers": [], "milestones": []}, "0 schedulers do not go with 0 milestones"),
    ]
    for name, options, message in cases:
        with pytest.raises(ValueError, match=message):
            getattr(lr_scheduler, name)(optimizer, **options)
    with pytest.raises(TypeError, match=r"lr_lambda should be a function, or one for each group, not 0\.5"):
        LambdaLR(optimizer, 0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r'"cos" or "linear", not .sin.'):
        nn.optim.swa_utils.SWALR(optimizer, 0.1, anneal_strategy="sin")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="anneal_epochs should be a whole number from 0 on, not -1"):
        nn.optim.swa_utils.SWALR(optimizer, 0.1, -1)
    with pytest.raises(ValueError, match="swa_lr has 2 values"):
        nn.optim.swa_utils.SWALR(optimizer, [0.1, 0.2])
    with pytest.raises(ValueError, match="Adagrad has neither momentum nor betas: give OneCycleLR cycle_"):
        OneCycleLR(adagrad, 1.0, 5)
    assert OneCycleLR(adagrad, 1.0, 5, cycle_momentum=False).last_epoch == 0
    parts: list[LRScheduler] = [StepLR(optimizer, 1), ExponentialLR(optimizer, 0.5)]
    for milestones in ([0], [-1]):
        with pytest.raises(ValueError, match="milestones should be above 0 and grow"):
            SequentialLR(optimizer, parts, milestones)
    with pytest.raises(TypeError, match="scheduler 1 of ChainedScheduler is a ReduceLROnPlateau, which needs a metric"):
        ChainedScheduler([parts[0], ReduceLROnPlateau(optimizer)])
    with pytest.raises(TypeError, match="scheduler 0 of SequentialLR is a int"):
        SequentialLR(optimizer, [1, parts[0]], [1])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="scheduler 0 of ChainedScheduler is of another optimizer"):
        ChainedScheduler(parts, adagrad)
    with pytest.raises(ValueError, match="needs at least one scheduler"):
        ChainedScheduler([])
    with pytest.raises(ValueError, match="it is of 1 schedulers, this one has 2"):
        ChainedScheduler(parts).load_state_dict(ChainedScheduler(parts[:1]).state_dict())


MADE: dict[str, Any] = {
    "StepLR": lambda optimizer: StepLR(optimizer, 2),
    "MultiStepLR": lambda optimizer: MultiStepLR(optimizer, [2]),
    "ConstantLR": ConstantLR,
    "LinearLR": LinearLR,
    "ExponentialLR": lambda optimizer: ExponentialLR(optimizer, 0.5),
    "PolynomialLR": PolynomialLR,
    "CosineAnnealingLR": lambda optimizer: CosineAnnealingLR(optimizer, 5),
    "CosineAnnealingWarmRestarts": lambda optimizer: CosineAnnealingWarmRestarts(optimizer, 5),
    "CyclicLR": lambda optimizer: CyclicLR(optimizer, 0.1, 0.2, cycle_momentum=False),
    "OneCycleLR": lambda optimizer: OneCycleLR(optimizer, 0.1, 10),
    "ReduceLROnPlateau": ReduceLROnPlateau,
    "LambdaLR": lambda optimizer: LambdaLR(optimizer, math.exp),
    "MultiplicativeLR": lambda optimizer: MultiplicativeLR(optimizer, math.exp),
    "ChainedScheduler": lambda optimizer: ChainedScheduler([ExponentialLR(optimizer, 0.5), StepLR(optimizer, 2)]),
    "SequentialLR": lambda optimizer: SequentialLR(optimizer, [StepLR(optimizer, 2), StepLR(optimizer, 2)], [3]),
    "SWALR": lambda optimizer: nn.optim.swa_utils.SWALR(optimizer, 0.1),
}


def test_the_state_of_another_kind_is_refused() -> None:
    assert_complete({*lr_scheduler.__all__, "SWALR"} - {"LRScheduler"}, MADE, "MADE in tests/nn/test_schedulers.py")
    for name, make in MADE.items():
        for other, make_other in MADE.items():
            scheduler, state = make(make_optimizer()), make_other(make_optimizer()).state_dict()
            before = scheduler.state_dict()
            if name == other:
                scheduler.load_state_dict(state)
                continue
            with pytest.raises(ValueError, match=f"is that of {other}, and this is {name}|it is of . schedulers"):
                scheduler.load_state_dict(state)
            assert scheduler.state_dict() == before
            del state["kind"]  # as PyTorch's states are
            if {name, other} == {"LambdaLR", "MultiplicativeLR"}:
                continue  # which have the same options
            with pytest.raises(ValueError, match=f"the state does not fit {name}|it is of . schedulers"):
                scheduler.load_state_dict(state)
            assert scheduler.state_dict() == before


def test_the_state_of_other_groups_is_refused() -> None:
    optimizer = nn.optim.SGD([{"params": [nn.Parameter([1.0])]}, {"params": [nn.Parameter([1.0])]}], lr=0.5)
    for name, make in MADE.items():
        scheduler = make(optimizer)
        with pytest.raises(ValueError, match="the state is of 1 groups of parameters, this optimizer has 2"):
            scheduler.load_state_dict(make(make_optimizer()).state_dict())
        assert len(scheduler.get_last_lr()) == 2, name
