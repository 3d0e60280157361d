"""check_training finds what is wrong with a step, says what to do, and puts everything back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GradientCheckError, tensor
from autograd.testing import check_training

F = nn.functional
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 3))
LABELS = np.arange(8) % 2
TARGETS = RANDOM.normal(size=8)


class Program:
    """A right training step; faulty ones override a part of it."""

    outputs = 2

    def __init__(self, dtype: Any = np.float64) -> None:
        nn.manual_seed(0)
        self.dtype = dtype
        self.model: Any = nn.Sequential(
            nn.Linear(3, 4, dtype=dtype), nn.BatchNorm1d(4, dtype=dtype), nn.Tanh(), nn.Dropout(0.2),
            nn.Linear(4, self.outputs, dtype=dtype),
        )  # fmt: skip
        self.optimizer: Any = self.make_optimizer()

    def make_optimizer(self) -> Any:
        return nn.optim.Adam(self.model.parameters(), lr=0.01)

    def clear(self) -> None:
        self.optimizer.zero_grad()

    def loss(self) -> Any:
        return F.cross_entropy(self.model(X.astype(self.dtype)), LABELS)

    def step(self) -> Any:
        self.clear()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss


class Forgetful(Program):
    def clear(self) -> None:
        pass


class Detached(Program):
    def loss(self) -> Any:
        hidden = self.model[0](X).detach()
        return F.cross_entropy(self.model[4](np.tanh(hidden)), LABELS)


class Broadcast(Program):
    outputs = 1

    def loss(self) -> Any:
        return ((self.model(X) - TARGETS) ** 2).mean()


class OnlyWeights(Program):
    def make_optimizer(self) -> Any:
        return nn.optim.SGD([p for name, p in self.model.named_parameters() if name != "4.bias"], lr=0.1)


class OfAnotherModel(Program):
    def make_optimizer(self) -> Any:
        return nn.optim.SGD(nn.Linear(3, 2).parameters(), lr=0.1)


class FrozenRightly(Program):
    def make_optimizer(self) -> Any:
        self.model[0].requires_grad_(False)
        return nn.optim.SGD(self.model.parameters(), lr=0.1)


class Frozen(FrozenRightly):
    def step(self) -> Any:
        loss = super().step()
        for p in self.model.parameters():
            p.data[...] *= 0.999
        return loss


class NoStep(Program):
    def step(self) -> Any:
        self.clear()
        loss = self.loss()
        loss.backward()
        return loss


class NoBackward(Program):
    def step(self) -> Any:
        self.clear()
        loss = self.loss()
        self.optimizer.step()
        return loss


class AnotherLoss(Program):
    def step(self) -> Any:
        return super().step() * len(X)


class ClipsTooLate(Program):
    def step(self) -> Any:
        loss = super().step()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1e-3)
        return loss


class ClearsAtTheEnd(Program):
    def step(self) -> Any:
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.item()


class NewBatches(Program):
    def loss(self) -> Any:
        rows = np.random.default_rng().integers(0, 8, 5)
        return F.cross_entropy(self.model(X[rows]), LABELS[rows])


class Closure(Program):
    def step(self) -> Any:
        return self.optimizer.step(self.closure)

    def closure(self) -> Any:
        self.clear()
        loss = self.loss()
        loss.backward()
        return loss


class LineSearch(Closure):
    def make_optimizer(self) -> Any:
        return nn.optim.LBFGS(self.model.parameters(), max_iter=3)


class ForgetfulClosure(Forgetful, Closure):
    pass


class NoLoss(Program):
    def step(self) -> Any:
        super().step()


FAULTS: dict[str, tuple[Callable[[], Any], str]] = {
    "zero_grad is forgotten": (Forgetful, r"the gradients add up from call to call: call optimizer.zero_grad\(\)"),
    "zero_grad is forgotten in a closure": (ForgetfulClosure, "the gradients add up from call to call"),
    "a part is detached": (Detached, r"0.weight gets no gradient, though the loss depends on it"),
    "labels are broadcast": (Broadcast, r"combines shapes \(8, 1\) and \(8,\) into \(8, 8\)"),
    "a parameter is not given to the optimizer": (OnlyWeights, r"4.bias gets a gradient, but .* no optimizer has it"),
    "the optimizer is of another model": (OfAnotherModel, r"no parameter moves: call optimizer.step\(\)"),
    "a frozen parameter moves": (
        Frozen,
        r"0.weight is frozen, but the step moves it: clear its old gradient|but the step moves it",
    ),
    "step is forgotten": (NoStep, r"no parameter moves: call optimizer.step\(\) after backward\(\)"),
    "backward is forgotten": (NoBackward, r"no parameter gets a gradient: .*, and call loss.backward\(\)"),
    "another loss is returned": (AnotherLoss, r"all gradients are 0.125 times those of the loss that the step returns"),
    "gradients are clipped after the step": (ClipsTooLate, r"gradient of .* changes after the last optimizer.step\(\)"),
    "each call has another batch": (NewBatches, r"the step is not repeatable"),
}


@pytest.mark.one_in(8)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str) -> None:
    make, message = FAULTS[fault]
    program = make()
    with pytest.raises(GradientCheckError, match=message):
        check_training(program.step, program.model)


@pytest.mark.one_in(9)
@pytest.mark.parametrize(
    "make", [Program, ClearsAtTheEnd, Closure, LineSearch, FrozenRightly, lambda: Program(np.float32)]
)
def test_right_steps_pass_and_everything_is_put_back(make: Callable[[], Any]) -> None:
    program, twin = make(), make()
    state = program.model.state_dict()
    generator = nn.random.default_generator().bit_generator.state
    check = check_training(program.step, program.model)
    assert check.compared > 0
    assert nn.random.default_generator().bit_generator.state == generator
    assert all(np.array_equal(state[name], value) for name, value in program.model.state_dict().items())
    assert all(p.grad is None for p in program.model.parameters())
    assert "step" not in vars(program.optimizer)
    program.optimizer.step = replaced = program.optimizer.step  # as a program does that counts the steps
    check_training(program.step, program.model)
    assert vars(program.optimizer)["step"] is replaced
    losses = []
    for each in (program, twin):
        nn.manual_seed(1)
        losses.append([float(each.step()) for _ in range(3)])
    assert losses[0] == losses[1]


def test_parameters_without_a_module_and_a_function() -> None:
    w = tensor([[0.5], [-1.0], [2.0]], requires_grad=True)
    optimizer = nn.optim.SGD([w], lr=0.1)

    def step() -> Any:
        optimizer.zero_grad()
        loss = ((X @ w).reshape(-1) - TARGETS).__pow__(2).mean()
        loss.backward()
        optimizer.step()
        return loss

    for given in (w, [w], {"w": w}):
        assert check_training(step, given).compared == 3
    assert check_training(step, [w], optimizer).loss == pytest.approx(float(step()))


def test_wrong_arguments_are_refused() -> None:
    program = NoLoss()
    with pytest.raises(TypeError, match=r"step\(\) should return the loss, .* not None"):
        check_training(program.step, program.model)
    with pytest.raises(TypeError, match="step should be a function"):
        check_training(3, program.model)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a module, or parameters, which are tensors"):
        check_training(program.step, [3])  # type: ignore[list-item]  # the mistake
    with pytest.raises(TypeError, match="optimizer should be an optimizer, which has param_groups"):
        check_training(program.step, program.model, 3)
