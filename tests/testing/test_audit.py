"""`audit`: wrong gradients of a running program are found, right ones are not blamed, and nothing else changes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    Function,
    GradientCheckError,
    Tensor,
    compile,
    elementwise,
    general,
    gradients,
    jvp,
    no_grad,
    saved_tensors_hooks,
    tensor,
    vmap,
)
from autograd.graph.grad_mode import ON, recording, watching
from autograd.graph.node import Hooked
from autograd.testing import _audit as module_of_audit
from autograd.testing import audit

Array = np.ndarray[Any, Any]

steep = elementwise(lambda x: np.maximum(x, 0), lambda g, x: g * (1.0 * (x > 0) + (x > 1.5)), name="steep")
coarse = elementwise(
    lambda x: np.sin(x),
    lambda g, x: g * (np.cos(x) if x.dtype == np.float64 else np.cos(x).astype(np.float16).astype(x.dtype)),
    name="coarse",
)
noisy = general(
    lambda x: x * np.random.default_rng().integers(0, 2, np.shape(x)), lambda g, x, out: g * out / x, name="noisy"
)


class Scaled(Function):
    @staticmethod
    def forward(ctx: Any, x: Array, factors: list[float]) -> Any:
        ctx.save_for_backward(x)
        ctx.factors = factors
        return tuple(factor * x * x for factor in factors)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return sum(2 * factor * x * each for factor, each in zip(ctx.factors, g, strict=True)), None


class Net(nn.Module):
    def __init__(self, activation: Callable[[Any], Any]) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 12), nn.Linear(12, 3)
        self.drop, self.norm = nn.Dropout(0.1), nn.LayerNorm(12)
        self.activation = activation

    def forward(self, x: Any) -> Any:
        return self.last(self.drop(self.activation(self.norm(self.first(x)))))


def trained(activation: Callable[[Any], Any], steps: int = 6) -> list[Array]:
    nn.manual_seed(0)
    model = Net(activation)
    optimizer = nn.optim.Adam(model.parameters(), lr=1e-2)
    random = np.random.default_rng(0)
    inputs, labels = random.standard_normal((16, 4), dtype=np.float32), random.integers(0, 3, 16)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    return [p.data.copy() for p in model.parameters()]


def test_a_right_training_passes_and_computes_the_same_bits() -> None:
    expected = trained(np.tanh)
    with audit(rate=0.1) as report:
        found = trained(np.tanh)
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    assert report.wrong == []
    assert not report.reasons
    names = {(line.operation, line.module) for line in report.operations}
    assert ("linear", "module 'first' (Linear) of Net") in names
    assert all(line.checked >= 1 and line.recorded == 6 and 0 < line.drift < 1000 for line in report.operations)
    assert str(report).startswith(f"36 operations recorded, {report.checked} checked, 0 wrong\noperation")


def test_a_gradient_that_is_zero_but_for_rounding_has_no_drift() -> None:
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.BatchNorm1d(2), nn.ReLU())
    inputs = np.random.default_rng(0).standard_normal((4, 1, 8), dtype=np.float32)
    with audit(1.0) as report:
        for _ in range(12):
            (model(inputs) ** 2).sum().backward()
    assert max(line.drift for line in report.operations) < 1000
    places = [(line.operation, line.module, line.where) for line in report.operations]
    assert len(places) == len(set(places))


def test_a_rule_that_is_wrong_for_some_numbers_is_named_with_module_and_line() -> None:
    with pytest.raises(GradientCheckError, match=r"(?s)'steep' in module Net, recorded at .*test_audit.py:\d+: "):  # noqa: SIM117
        with audit(rate=0.0):
            trained(steep)
    with audit(rate=0.0, raise_exception=False) as report:
        trained(steep)
    assert [(line.operation, line.wrong) for line in report.operations if line.wrong] == [("steep", 1)]
    (wrong,) = report.wrong
    assert wrong.operation == "steep"
    assert np.any(wrong.inputs[0] > 1.5)
    assert str(wrong) in str(report)


def test_a_rule_that_is_wrong_in_single_precision_is_found() -> None:
    with pytest.raises(GradientCheckError, match=r"'coarse' in module Net.* in float32, but .* in float64"):  # noqa: SIM117
        with audit():
            trained(coarse, 1)


def test_the_share_is_what_is_asked_for_and_the_seed_chooses_it() -> None:
    def run(seed: int) -> list[int]:
        x = tensor([1.0, 2.0], requires_grad=True)
        with audit(0.2, seed=seed) as report:
            for _ in range(60):
                np.sin(x).sum().backward()
        return [line.checked for line in report.operations]

    assert run(1) == run(1)
    assert any(run(seed) != run(1) for seed in (2, 3))
    assert all(4 <= checked <= 24 for checked in run(1))


def test_what_it_cannot_check_is_set_aside_and_counted() -> None:
    x, large = tensor([1.0, 2.0], requires_grad=True), tensor(np.ones(2**20), requires_grad=True)
    with audit(1.0) as report:
        noisy(tensor(np.ones(40), requires_grad=True)).sum().backward()
        large.sin().backward(np.ones(2**20))
        tensor([np.inf, 1.0], requires_grad=True).tanh().sum().backward()
        vmap(lambda row: np.exp(row * x))(np.ones((2, 2)))
    counted = {line.operation: (line.checked, line.set_aside) for line in report.operations}
    assert counted["noisy"] == (0, 1)
    assert counted["sin"] == (0, 1)
    reasons = ("random: called again", "more than 1048576 elements", "nan or infinity")
    assert all(any(found.startswith(reason) for found in report.reasons) for reason in reasons)
    assert report.reasons["within vmap or compile"] >= 2
    assert "1 set aside: random" in str(report)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * x,
        lambda x: np.concatenate([x, x[::-1], np.ones((1, 2))]),
        lambda x: Scaled.apply(x, [1.0, 3.0])[1],
        lambda x: np.linalg.svd(x)[1],
        lambda x: np.sort(x, axis=0)[1:],
        lambda x: np.where(x > 1, x, 0 * x) ** 3,
        lambda x: np.abs(x * (1 + 2j)),
        lambda x: np.einsum("ij,kj->ik", x, x),
        lambda x: np.maximum(x, 1.0),  # at a tie
        lambda x: x.astype(np.float32) * 2,
    ],
)
def test_operations_of_all_kinds_are_checked(function: Callable[[Any], Any]) -> None:
    values = np.array([[0.5, 2.0], [1.0, -1.5], [3.0, 0.25]])
    x, y = tensor(values, requires_grad=True), tensor(values, requires_grad=True)
    function(x).sum().backward()
    with audit(1.0) as report:
        function(y).sum().backward()
        again = function(y).sum()
        (slope,) = gradients(again, [y], create_graph=True)
        (slope * slope * y).sum().backward()
        with saved_tensors_hooks(np.copy, np.copy):
            function(y).sum().backward()
            jvp(function, (values,), (np.ones_like(values),))
    assert not report.reasons
    assert all(line.checked for line in report.operations if line.operation != "output_0")
    assert y.grad is not None
    with no_grad():
        assert x.grad is not None


def test_hooks_see_each_gradient_once() -> None:
    seen: list[Tensor] = []
    with audit(1.0) as report:
        h = tensor([1.0, 2.0], requires_grad=True).sin()
        h.register_hook(seen.append)
        h.retain_grad()
        (h * 3).sum().backward()
    assert len(seen) == 1
    assert h.grad is not None
    assert report.checked == 3


def test_nothing_is_left_behind() -> None:
    exist = Hooked.exist
    x = tensor([1.0, 2.0], requires_grad=True)

    def fail() -> None:
        steep(x).sum().backward()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), audit(1.0):  # not an error about gradients
        fail()
    assert (recording(), watching(), Hooked.exist) == (ON, 0, exist)
    with audit(1.0) as report:
        y = np.sin(x).sum()
    y.backward()
    assert report.checked == 0
    assert x.sin().grad_fn is not None
    assert str(report).startswith("2 operations recorded, 0 checked")


def test_copies_that_wait_for_a_backward_pass_are_bounded_and_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_of_audit, "MEMORY", 100_000)
    x = tensor(np.ones(1000), requires_grad=True)
    with audit(1.0) as report:
        kept = [np.sin(x) for _ in range(20)]
        assert report.reasons["too much memory waits for a backward pass"] == 14
        kept.clear()
        np.sin(x).sum().backward()
    assert report.checked == 2


def test_it_decorates_functions_nests_and_watches_compiled_steps() -> None:
    @audit(1.0)
    def step(x: Tensor) -> None:
        steep(x).sum().backward()

    with pytest.raises(GradientCheckError, match="'steep'"):
        step(tensor([2.0], requires_grad=True))
    x = tensor([2.0], requires_grad=True)
    square = compile(lambda x: (x * x).sum())
    square(x)
    with audit(1.0) as outer, audit(1.0) as inner:
        square(x).backward()
    assert outer.checked == inner.checked == 2


@pytest.mark.parametrize("rate", [-0.1, 2])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        audit(rate)
