"""Optimizers and models of many parameters: their work grows no faster than the number of these."""

import gc
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
from autograd import AnomalyError, detect_anomaly, tensor
from autograd.graph import mutation


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what other tests left out of the counts: graphs that writes are compared with, marks that are dropped."""
    gc.collect()
    monkeypatch.setattr(mutation, "_many", 10**9)


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


MODELS: dict[str, Callable[[nn.Module], object]] = {
    "summary": lambda model: nn.summary(model, (2, 3)),
    "get_submodule": lambda model: [model.get_submodule(path) for path, _ in model.named_modules()],
    "state_dict": lambda model: model.load_state_dict(model.state_dict()),
    "repr": repr,
    "functional_call": lambda model: nn.functional_call(model, model.state_dict(), np.ones((2, 3))),
}


@pytest.mark.parametrize("name", MODELS)
def test_twice_the_layers_are_twice_the_calls(name: str) -> None:
    counts = [
        calls(partial(MODELS[name], nn.Sequential(*[nn.Linear(3, 3, dtype=float) for _ in range(n)])))
        for n in (30, 30, 60)  # the first call loads modules
    ]
    assert counts[2] <= 2 * counts[1] + 10


class Holder(nn.Module):
    """Holds modules in an attribute, a list, a dict, and twice."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Linear(2, 2))
        self.some, self.named = [nn.ReLU(), nn.Linear(2, 2)], {"a": nn.Linear(2, 2), 3: nn.ReLU()}
        self.again = self.one

    def forward(self, x: Any) -> Any:
        return self.named["a"](self.some[1](self.one(x)))


def test_submodules_are_found_at_every_path() -> None:
    model = Holder()
    paths = dict(model.named_modules(remove_duplicate=False))
    assert {"", "one.0", "again.0", "some.1", "named.a", "named.3"} <= {*paths}
    for path, module in paths.items():
        assert model.get_submodule(path) is module
    for path in ("one.1", "some.2", "some.-1", "some", "named.b", "one.0.weight", "one.0.weight.data", ".one", "one."):
        with pytest.raises(AttributeError, match=r"has no module .*those it has are one, one\.0"):
            model.get_submodule(path)


def test_messages_name_the_path_that_a_module_has_now() -> None:
    model = Holder()

    def named(place: Any) -> str:
        place.weight.data[0, 0] = np.nan
        with detect_anomaly(), pytest.raises(AnomalyError) as caught:
            model(tensor(np.ones((1, 2), np.float32), requires_grad=True))
        place.weight.data[0, 0] = 1
        return str(caught.value).partition("module '")[2].partition("'")[0]

    assert [named(model.one[0]), named(model.named["a"]), named(model.some[1])] == ["one.0", "named.a", "some.1"]
    model.some[1], model.named["a"] = model.named["a"], model.some[1]
    assert [named(model.named["a"]), named(model.some[1])] == ["named.a", "some.1"]
    first = model.one
    model.one = nn.Sequential(nn.ReLU(), nn.Linear(2, 2))
    assert named(model.one[1]) == "one.1"
    del model.again
    model.one = nn.Sequential(first)
    assert named(first[0]) == "one.0.0"
