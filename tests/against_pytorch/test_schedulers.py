"""Schedulers set PyTorch's rates and momenta over the whole course."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

PRECISION = (1e-9, 1e-12)  # PyTorch multiplies step by step, and rounds each time


class Halving:
    """A function of the epoch that is an object, and so has a state."""

    def __init__(self, base: float) -> None:
        self.base = base

    def __call__(self, epoch: int) -> float:
        return self.base**epoch + 0.1


def ripple(epoch: int) -> float:
    return 1 - 0.3 * (epoch % 3)


gammas = st.sampled_from([0.1, 0.5, 0.9, 1.1])
iterations = st.integers(1, 12)
shares = st.sampled_from([0.25, 0.5, 1.0])
FACTORS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "StepLR": {"step_size": iterations, "gamma": gammas},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 20), max_size=5), "gamma": gammas},
    "ExponentialLR": {"gamma": gammas},
    "ConstantLR": {"factor": shares, "total_iters": iterations},
    "LinearLR": {"start_factor": shares, "end_factor": shares | st.just(0.0), "total_iters": iterations},
    "PolynomialLR": {"total_iters": iterations, "power": st.sampled_from([0.5, 1.0, 2.0])},
    "CosineAnnealingLR": {"T_max": iterations, "eta_min": st.sampled_from([0.0, 0.01])},
}
OTHERS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "CosineAnnealingWarmRestarts": {
        "T_0": iterations,
        "T_mult": st.integers(1, 3),
        "eta_min": st.sampled_from([0.0, 0.01]),
    },
    "LambdaLR": {"lr_lambda": st.sampled_from([ripple, Halving(0.7), [ripple, Halving(0.5)]])},
    "MultiplicativeLR": {"lr_lambda": st.sampled_from([ripple, Halving(0.7), [ripple, Halving(0.5)]])},
    "CyclicLR": {
        "base_lr": st.sampled_from([0.01, [0.1, 0.0]]),
        "max_lr": st.sampled_from([0.5, [0.2, 1.0]]),
        "step_size_up": st.integers(1, 7),
        "step_size_down": st.none() | st.integers(1, 7),
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
        "gamma": st.sampled_from([0.9, 1.0]),
        "scale_fn": st.sampled_from([None, ripple, Halving(0.7)]),
        "scale_mode": st.sampled_from(["cycle", "iterations"]),
        "cycle_momentum": st.booleans(),
        "base_momentum": st.sampled_from([0.8, [0.5, 0.7]]),
        "max_momentum": st.sampled_from([0.9, [0.95, 0.8]]),
    },
    "OneCycleLR": {
        "max_lr": st.sampled_from([0.5, [0.1, 1.0]]),
        "total_steps": st.integers(31, 40),
        "pct_start": st.sampled_from([0.0, 0.25, 0.3, 0.5]),
        "anneal_strategy": st.sampled_from(["cos", "linear"]),
        "cycle_momentum": st.booleans(),
        "base_momentum": st.sampled_from([0.8, [0.7, 0.8]]),
        "max_momentum": st.sampled_from([0.9, 0.95]),
        "div_factor": st.sampled_from([2.0, 25.0]),
        "final_div_factor": st.sampled_from([10.0, 1e4]),
        "three_phase": st.booleans(),
    },
    "SWALR": {
        "swa_lr": st.sampled_from([0.05, [0.3, 0.001]]),
        "anneal_epochs": st.integers(0, 12),
        "anneal_strategy": st.sampled_from(["cos", "linear"]),
    },
}


def schedules(table: dict[str, dict[str, st.SearchStrategy[Any]]]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.sampled_from(list(table)).flatmap(
        lambda name: st.tuples(st.just(name), st.fixed_dictionaries(table[name]))
    )


def optimizers(name: str = "SGD") -> list[Any]:
    """Return an optimizer of ours and one of PyTorch's, with two groups."""
    params = [[where.Parameter(value) for _ in range(2)] for where, value in ((nn, [1.0]), (torch.nn, torch.ones(1)))]
    made = []
    for where, (one, two) in zip((nn.optim, torch.optim), params, strict=True):
        momentum = {"momentum": 0.9} if name == "SGD" else {}
        made.append(getattr(where, name)([{"params": [one]}, {"params": [two], "lr": 0.01}], lr=0.2, **momentum))
    return made


def make(where: Any, optimizer: Any, schedule: tuple[str, dict[str, Any]]) -> Any:
    owner = where.optim.swa_utils if schedule[0] == "SWALR" else where.optim.lr_scheduler
    return getattr(owner, schedule[0])(optimizer, **copy.deepcopy(schedule[1]))


def assert_same(pair: list[Any], schedulers: list[Any]) -> None:
    ours, theirs = pair
    for one, two in zip(ours.param_groups, theirs.param_groups, strict=True):
        for name in ("lr", "momentum", "betas"):
            if name in one:
                np.testing.assert_allclose(one[name], two[name], *PRECISION)
    np.testing.assert_allclose(schedulers[0].get_last_lr(), schedulers[1].get_last_lr(), *PRECISION)
    assert schedulers[0].get_last_lr() == [group["lr"] for group in ours.param_groups]


def follow(build: Callable[[Any, Any], Any], steps: int, name: str = "SGD", turn: int | None = None) -> None:
    """Compare two courses; from the step `turn` on, ours is that of a fresh optimizer and scheduler."""
    pair = optimizers(name)
    schedulers = [build(where, optimizer) for where, optimizer in zip((nn, torch), pair, strict=True)]
    assert_same(pair, schedulers)
    for step in range(steps):
        if any(group["lr"] < 0 for group in pair[0].param_groups):
            return  # two schedules, one after another, may lead there; optimizers refuse it here, and PyTorch's do not
        if step == turn:
            saved = copy.deepcopy((pair[0].state_dict(), schedulers[0].state_dict()))
            pair[0] = optimizers(name)[0]
            schedulers[0] = build(nn, pair[0])
            pair[0].load_state_dict(saved[0])
            schedulers[0].load_state_dict(saved[1])
        for optimizer, scheduler in zip(pair, schedulers, strict=True):
            optimizer.step()
            scheduler.step()
        assert_same(pair, schedulers)


@given(
    schedule=schedules(FACTORS | OTHERS),
    name=st.sampled_from(["SGD", "Adam"]),
    turn=st.none() | st.integers(0, 20),
)
def test_the_whole_course(schedule: Any, name: str, turn: int | None) -> None:
    steps = schedule[1]["total_steps"] - 1 if schedule[0] == "OneCycleLR" else 30
    follow(lambda where, optimizer: make(where, optimizer, schedule), steps, name, turn)


@given(
    first=schedules(FACTORS | {"CosineAnnealingWarmRestarts": OTHERS["CosineAnnealingWarmRestarts"]}),
    second=schedules(FACTORS | {name: OTHERS[name] for name in ("CosineAnnealingWarmRestarts", "LambdaLR")}),
    third=schedules(FACTORS),
    milestones=st.lists(st.integers(1, 25), min_size=2, max_size=2, unique=True).map(sorted),
    turn=st.none() | st.integers(0, 20),
)
def test_one_after_the_other(first: Any, second: Any, third: Any, milestones: list[int], turn: int | None) -> None:
    def build(where: Any, optimizer: Any) -> Any:
        parts = [make(where, optimizer, schedule) for schedule in (first, second, third)]
        return where.optim.lr_scheduler.SequentialLR(optimizer, parts, milestones)

    follow(build, 30, turn=turn)


@given(
    first=schedules(FACTORS),
    second=schedules({name: options for name, options in FACTORS.items() if name not in ("PolynomialLR", "LinearLR")}),
    turn=st.none() | st.integers(0, 20),
)
def test_all_at_once(first: Any, second: Any, turn: int | None) -> None:
    def build(where: Any, optimizer: Any) -> Any:
        return where.optim.lr_scheduler.ChainedScheduler(
            [make(where, optimizer, schedule) for schedule in (first, second)]
        )

    follow(build, 20, turn=turn)


@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            "mode": st.sampled_from(["min", "max"]),
            "factor": st.sampled_from([0.1, 0.5]),
            "patience": st.integers(0, 3),
            "threshold": st.sampled_from([1e-4, 0.1]),
            "threshold_mode": st.sampled_from(["rel", "abs"]),
            "cooldown": st.integers(0, 3),
            "min_lr": st.sampled_from([0.0, 0.01, [0.05, 0.001]]),
            "eps": st.sampled_from([1e-8, 1e-2]),
        },
    ),
    metrics=st.lists(st.floats(-1, 1) | st.just(float("nan")), max_size=30),
)
def test_plateaus(options: dict[str, Any], metrics: list[float]) -> None:
    pair = optimizers()
    schedulers = [
        make(where, one, ("ReduceLROnPlateau", options)) for where, one in zip((nn, torch), pair, strict=True)
    ]
    for i, metric in enumerate(metrics):
        for scheduler in schedulers:
            scheduler.step(metric)
        assert_same(pair, schedulers)
        if i == 5:
            schedulers[0].load_state_dict(schedulers[1].state_dict())


@given(schedule=schedules(FACTORS | {"LambdaLR": OTHERS["LambdaLR"]}), steps=st.integers(0, 20))
def test_a_state_of_pytorch_is_gone_on_from(schedule: Any, steps: int) -> None:
    pair = optimizers()
    peer = make(torch, pair[1], schedule)
    for _ in range(steps):
        pair[1].step()
        peer.step()
    pair[0].load_state_dict(pair[1].state_dict())
    scheduler = make(nn, optimizers()[0], schedule)
    scheduler.optimizer = pair[0]
    scheduler.load_state_dict(peer.state_dict())
    assert_same(pair, [scheduler, peer])
    for _ in range(10):
        for optimizer, one in zip(pair, (scheduler, peer), strict=True):
            optimizer.step()
            one.step()
        assert_same(pair, [scheduler, peer])


@given(schedule=schedules(FACTORS | OTHERS), before=st.integers(1, 15))
def test_last_epoch(schedule: Any, before: int) -> None:
    """Some of PyTorch's schedulers repeat a change that the rate has already had, or restart a cycle or a way."""
    pair = optimizers()
    whole = optimizers()[0]
    course = make(nn, whole, schedule)
    for where, optimizer in zip((nn, torch), pair, strict=True):
        scheduler = make(where, optimizer, schedule)
        for _ in range(before):
            optimizer.step()
            scheduler.step()
    later = (schedule[0], schedule[1] | {"last_epoch": before - 1})
    schedulers = [make(where, optimizer, later) for where, optimizer in zip((nn, torch), pair, strict=True)]
    for _ in range(before):
        whole.step()
        course.step()
    for _ in range(10):
        assert_same([whole, pair[0]], [course, schedulers[0]])
        if schedule[0] not in ("StepLR", "MultiStepLR", "ConstantLR", "CosineAnnealingWarmRestarts", "SWALR"):
            assert_same(pair, schedulers)
        for optimizer, scheduler in zip([*pair, whole], [*schedulers, course], strict=True):
            optimizer.step()
            scheduler.step()


def test_the_step_after_the_last_of_one_cycle() -> None:
    """PyTorch goes beyond the end of the course there: the rate of a linear schedule falls below 0."""
    for strategy in ("linear", "cos"):
        pair = optimizers()
        schedulers = [
            make(where, one, ("OneCycleLR", {"max_lr": 1.0, "total_steps": 10, "anneal_strategy": strategy}))
            for where, one in zip((nn, torch), pair, strict=True)
        ]
        for optimizer, scheduler in zip(pair, schedulers, strict=True):
            for _ in range(10):
                optimizer.step()
                scheduler.step()
        np.testing.assert_allclose(schedulers[0].get_last_lr(), 1 / 25 / 1e4)
        assert strategy == "cos" or schedulers[1].get_last_lr()[0] < 0
