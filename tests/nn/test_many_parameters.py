"""Optimizers of many parameters: their work grows no faster than the number of these."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn


class Number(int):
    """The number of a parameter in a state, whose comparisons are calls."""

    def __eq__(self, other: object) -> bool:
        return int(self) == other

    __hash__ = int.__hash__


def calls(work: Callable[[], object]) -> int:
    """Return how many functions are called."""
    count = 0

    def counted(frame: object, event: str, value: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def made(n: int) -> tuple[list[nn.Parameter], nn.optim.Adam]:
    parameters = [nn.Parameter(np.full(3, i)) for i in range(n)]
    optimizer = nn.optim.Adam(parameters)
    assign(parameters)
    optimizer.step()
    return parameters, optimizer


def assign(parameters: list[nn.Parameter]) -> list[nn.Parameter]:
    for parameter in parameters:
        parameter.grad = np.ones(3, np.float32)
    return parameters


def numbered(state: dict[str, Any]) -> dict[str, Any]:
    groups = [{**group, "params": [*map(Number, group["params"])]} for group in state["param_groups"]]
    return {"state": {Number(n): each for n, each in state["state"].items()}, "param_groups": groups}


WORK: dict[str, Callable[[list[nn.Parameter], nn.optim.Adam], object]] = {
    "made anew": lambda parameters, optimizer: nn.optim.Adam([nn.Parameter(each) for each in parameters]),
    "a second one": lambda parameters, optimizer: nn.optim.SGD(parameters),
    "groups of one": lambda parameters, optimizer: nn.optim.SGD([{"params": [each]} for each in parameters]),
    "given gradients": lambda parameters, optimizer: (assign(parameters), optimizer.step()),
    "step": lambda parameters, optimizer: optimizer.step(),
    "zero_grad": lambda parameters, optimizer: optimizer.zero_grad(),
    "state_dict": lambda parameters, optimizer: optimizer.state_dict(),
    "load_state_dict": lambda parameters, optimizer: optimizer.load_state_dict(numbered(optimizer.state_dict())),
    "clip_grad_norm_": lambda parameters, optimizer: nn.utils.clip_grad_norm_(parameters, 1e-3),
    "with another": lambda parameters, optimizer: (nn.optim.SGD(parameters).step(), optimizer.step()),
    "gradients that are held": lambda parameters, optimizer: (
        [each.grad for each in parameters],
        assign(parameters),
        optimizer.step(),
    ),
}


@pytest.mark.parametrize("name", WORK)
def test_twice_the_parameters_are_twice_the_calls(name: str) -> None:
    counts = []
    for n in (60, 60, 120):  # the first call loads modules
        parameters, optimizer = made(n)
        counts.append(calls(partial(WORK[name], parameters, optimizer)))
    assert counts[2] <= 2 * counts[1] + 10


def test_few_calls_make_an_optimizer() -> None:
    parameters = [nn.Parameter(np.ones((2, 3))) for _ in range(100)]
    optimizers = [nn.optim.Adam([nn.Parameter([1.0])])]  # which loads modules
    assert calls(lambda: optimizers.append(nn.optim.Adam(parameters))) < 32 * len(parameters)
    assert calls(lambda: optimizers.append(nn.optim.Adam(parameters))) < 20 * len(parameters)
