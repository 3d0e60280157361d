"""Numbers that `item` takes out of arrays: results of a program, and nothing else, so that none is that of one call."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, grad, tensor

from .agreement import assert_same, compiled, differs

X = [(np.array([0.5, -1.25, 2.0]) * scale,) for scale in (1.0, 0.5, -3.0)]


@dataclass
class Report:
    loss: float
    count: int


RETURNED: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: x.sum().item(),
    "of one element": lambda x: (x[:1].item(), x[None, 1:2].item(), x[0].item()),
    "of a tensor": lambda x: (tensor(x) ** 2).mean().item(),
    "of another type": lambda x: (x.argmax().item(), (x > 0).all().item(), (x * 1j)[0].item()),
    "of single precision": lambda x: (x.astype(np.float32) / 3)[0].item(),
    "in containers": lambda x: {"loss": x.sum().item(), "more": [x.max().item(), (x, x.min().item())]},
    "in a dataclass": lambda x: Report(x.sum().item(), x.argmin().item()),
    "beside its array": lambda x: (y := np.tanh(x).sum(), y.item(), y * 2),
    "twice": lambda x: ((y := x.sum()).item(), y.item()),
    "copied": lambda x: copy.deepcopy(x.sum().item()),
    "before a write": lambda x: [y := x[:1].copy(), y.item(), y.__imul__(2), y.item()][1::2],
    "of a gradient": lambda x: grad(lambda x: np.sum(np.sin(x)))(x)[0].item(),
}  # fmt: skip
USED: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: x.sum().item() * 2,
    "on the right": lambda x: 1 - x.sum().item(),
    "in place": lambda x: sum([x.sum().item(), 1.0]),
    "with an array": lambda x: x * x.sum().item(),
    "on the left of an array": lambda x: x.sum().item() - x,
    "with a tensor": lambda x: tensor(x) * x.sum().item(),
    "a function of NumPy": lambda x: np.exp(x.sum().item()),
    "among others": lambda x: np.array([x.sum().item(), 1.0]),
    "to fill with": lambda x: np.full(3, x.sum().item()),
    "an option": lambda x: np.clip(x, -1, a_max=x.max().item()),
    "a question": lambda x: np.result_type(x.sum().item()),
    "a shape": lambda x: np.zeros(x.argmax().item()),
    "an index": lambda x: x[x.argmax().item()],
    "a list's": lambda x: [1.0, 2.0, 3.0][x.argmax().item()] * x,
    "range": lambda x: [x for _ in range(x.argmax().item())],
    "a condition": lambda x: x if x.sum().item() > 0 else -x,
    "truth": lambda x: x if (x.sum() > 0).item() else -x,
    "float": lambda x: float(x.sum().item()),
    "int": lambda x: int(x.sum().item()),
    "round": lambda x: round(x.sum().item(), 2),
    "math": lambda x: x * math.exp(x.sum().item()),
    "text": lambda x: f"{x.sum().item():.2f}",
    "str": lambda x: str(x.sum().item()),
    "a key": lambda x: {x.sum().item(): x},
    "negative": lambda x: -x.sum().item(),
    "a power": lambda x: 2.0 ** x.sum().item(),
    "max": lambda x: max(x.sum().item(), 0.0),
    "isfinite": lambda x: math.isfinite(x.sum().item()),
    "an attribute": lambda x: x.sum().item().is_integer(),
    "a rate": lambda x: nn.functional.leaky_relu(tensor(x), x.sum().item()),
}  # fmt: skip


@pytest.mark.parametrize("name", RETURNED)
def test_an_item_is_that_of_each_call(name: str) -> None:
    assert_same(RETURNED[name], *X)


@pytest.mark.parametrize("name", USED)
def test_an_item_that_is_used_is_refused_with_the_line(name: str) -> None:
    with pytest.raises(CompileError, match=r"item\(\).*test_items\.py:\d+, cannot be recorded"):
        compiled(USED[name])(*X[0])
    recorded = compiled(USED[name], fallback="eager")
    for _ in range(2):
        for args in X:
            try:
                expected = USED[name](*args)
            except (ValueError, TypeError, IndexError) as error:
                with pytest.raises(type(error)):
                    recorded(*args)
            else:
                assert not differs(expected, recorded(*args))
    assert not recorded.programs


def test_a_step_returns_its_loss() -> None:
    def losses(compile: bool) -> Any:
        nn.manual_seed(0)
        model = nn.MLP([3, 4, 2])
        optimizer = nn.optim.Adam(model.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            scores = model(x)
            loss = nn.functional.cross_entropy(scores, y)
            loss.backward()
            optimizer.step()
            return loss.item(), (scores.data.argmax(1) == y).sum().item()

        stepped: Any = compiled(step) if compile else step
        found = [stepped(np.stack([x, -x]).astype(np.float32), np.array([0, 1])) for (x,) in X * 3]
        return [(np.float32(loss), type(loss), count) for loss, count in found]

    assert not differs(losses(False), losses(True))


def test_what_keeps_an_item_is_refused_and_has_a_number() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x.sum().item())
        return x * 2

    with pytest.raises(CompileError, match=r"a change of kept.* return the new value"):
        compiled(function)(*X[0])
    assert [type(x) for x in kept] == [float]
    recorded = compiled(function, fallback="eager")
    for args in X:
        recorded(*args)
    assert [(type(x), x) for x in kept[1:]] == [(float, x.sum()) for (x,) in X]
