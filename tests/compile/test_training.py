"""Whole training steps: 19 of them, compiled, leave the same bits as the steps themselves."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, no_grad, tensor
from autograd.extend import borrow

from ..lists import assert_complete
from ..nn.optimizer_programs import OPTIONS
from .agreement import differs
from .training_steps import STEPS, Training, batches, same_training, state, step_of

Array = np.ndarray[Any, Any]


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def ordinary(
    optimizer: Callable[[nn.Module], nn.optim.Optimizer], model: Callable[[], nn.Module] = network
) -> Callable[[], Training]:
    def make() -> Training:
        net = model()
        updates = optimizer(net)
        return Training(step_of(net, updates), [net, updates])

    return make


# Optimizers

MORE: dict[str, list[dict[str, Any]]] = {
    "Adam": [{"amsgrad": True}, {"weight_decay": 0.1, "maximize": True}, {"fused": True, "weight_decay": 0.1}],
    "AdamW": [{"weight_decay": 0.2, "amsgrad": True}, {"fused": True}],
    "SGD": [{"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"lr": 0.1, "momentum": 0.5, "fused": True}],
}
ALL = [
    (name, options)
    for name in nn.optim.__all__
    if inspect.isclass(kind := getattr(nn.optim, name)) and kind is not nn.optim.Optimizer and name != "LBFGS"
    for options in (*OPTIONS[name], *MORE.get(name, ()))
]


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("name", "options"), ALL, ids=[f"{name} {options}" for name, options in ALL])
def test_each_optimizer(name: str, options: dict[str, Any]) -> None:
    if options.get("fused"):
        pytest.importorskip("llvmlite", reason="fused updates need it")

    def optimizer(net: nn.Module) -> nn.optim.Optimizer:
        parameters = [p for p in net.parameters() if p.ndim == 2] if name == "Muon" else net.parameters()
        made: nn.optim.Optimizer = getattr(nn.optim, name)(parameters, **options)
        return made

    same_training(ordinary(optimizer), batches(), programs=2 if name == "Muon" else 1)


def test_lbfgs_calls_a_compiled_closure() -> None:
    x, y = batches(1)[0]

    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net, loss_of = network(), nn.CrossEntropyLoss()
        updates = nn.optim.LBFGS(net.parameters(), lr=0.5, max_iter=3)

        def closure() -> Any:
            net.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            return loss

        given = compile(closure) if compiled else closure
        return [float(updates.step(given)) for _ in range(5)], state(net)

    assert not differs(run(False), run(True))


# Schedules

schedules: Any = nn.optim.lr_scheduler
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "ChainedScheduler": lambda o: schedules.ChainedScheduler([schedules.StepLR(o, 3), schedules.ExponentialLR(o, 0.9)]),
    "ConstantLR": lambda o: schedules.ConstantLR(o, 0.5, 4),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 4),
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.9),
    "LambdaLR": lambda o: schedules.LambdaLR(o, lambda n: 0.95**n),
    "LinearLR": lambda o: schedules.LinearLR(o, total_iters=6),
    "MultiStepLR": lambda o: schedules.MultiStepLR(o, [2, 7]),
    "MultiplicativeLR": lambda o: schedules.MultiplicativeLR(o, lambda n: 0.9),
    "CyclicLR": lambda o: schedules.CyclicLR(o, 0.01, 0.1, 4),
    "OneCycleLR": lambda o: schedules.OneCycleLR(o, 0.1, total_steps=20),
    "PolynomialLR": lambda o: schedules.PolynomialLR(o, 12),
    "ReduceLROnPlateau": lambda o: schedules.ReduceLROnPlateau(o, patience=1, threshold=0.2),
    "SequentialLR": lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 2), schedules.ConstantLR(o)], [5]),
    "StepLR": lambda o: schedules.StepLR(o, 3, 0.5),
}


def test_every_schedule_is_tried() -> None:
    assert_complete({*schedules.__all__} - {"LRScheduler"}, SCHEDULES, "SCHEDULES in tests/compile/test_training.py")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_within_the_step(name: str) -> None:
    def make() -> Training:
        net, loss_of = network(), nn.CrossEntropyLoss()
        updates = nn.optim.Adam(net.parameters(), lr=0.05)
        schedule = SCHEDULES[name](updates)

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            updates.step()
            schedule.step(*[loss.detach().data] * (name == "ReduceLROnPlateau"))
            return loss.detach()

        return Training(step, [net, updates, schedule])

    same_training(make, batches())


# What is done with gradients, and between backward and the step


def variant(before: Callable[..., Any], after: Callable[..., Any] = lambda *_: None) -> Callable[[], Training]:
    """Return a training whose step calls a function between backward and the step, and one after it."""

    def make() -> Training:
        net, loss_of = network(), nn.CrossEntropyLoss()
        updates = nn.optim.Adam(net.parameters(), lr=0.05)

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            result = before(net)
            updates.step()
            after(net, updates)
            return loss.detach(), result

        return Training(step, [net, updates])

    return make


def test_clipping_the_norm_of_gradients() -> None:
    for limit in (0.01, 0.5, 100.0):
        same_training(variant(lambda net, limit=limit: nn.utils.clip_grad_norm_(net.parameters(), limit)), batches())


def test_clipping_the_values_of_gradients() -> None:
    same_training(variant(lambda net: nn.utils.clip_grad_value_(net.parameters(), 0.05)), batches())


def test_gradients_are_scaled_and_read() -> None:
    def scale(net: Any) -> Any:
        for p in net.parameters():
            p.grad = p.grad * 0.5
        net[0].weight.grad.data[...] *= 2
        return (net[2].bias.grad * 3).detach()

    same_training(variant(scale), batches())


def test_gradients_are_cleared_at_the_end() -> None:
    same_training(variant(lambda net: None, lambda net, updates: updates.zero_grad()), batches(), programs=None)


def test_gradients_become_zeros() -> None:
    same_training(
        variant(lambda net: None, lambda net, updates: updates.zero_grad(set_to_none=False)), batches(), programs=None
    )


def several(count: int, clear: bool) -> Callable[[], Training]:
    def make() -> Training:
        net, loss_of = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 3)), nn.MSELoss()
        updates = nn.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

        def step(x: Array, y: Array) -> Any:
            if clear:
                updates.zero_grad()
            total = 0
            for i in range(count):
                loss = loss_of(net(x * (1 + i)), np.ones((6, 3), np.float32)) / count
                loss.backward()
                total = total + loss.detach()
            updates.step()
            return total

        return Training(step, [net, updates])

    return make


@pytest.mark.parametrize("count", [2, 3])
def test_gradients_of_several_backwards_in_a_step(count: int) -> None:
    same_training(several(count, clear=True), batches())


@pytest.mark.parametrize("count", [1, 2])
def test_gradients_that_are_never_cleared(count: int) -> None:
    same_training(several(count, clear=False), batches(), programs=None, diverged=None)


def accumulating() -> Training:
    """Return a training that takes a step of its optimizer in every third call."""
    net, loss_of = network(), nn.CrossEntropyLoss()
    updates = nn.optim.Adam(net.parameters(), lr=0.05)

    def step(x: Array, y: Array, last: bool) -> Any:
        loss = loss_of(net(x), y) / 3
        loss.backward()
        if last:
            updates.step()
            updates.zero_grad()
        return loss.detach()

    return Training(step, [net, updates])


def test_gradients_of_several_calls() -> None:
    calls = [(x, y, i % 3 == 2) for i, (x, y) in enumerate(batches())]
    same_training(accumulating, calls, programs=3)


# Updates by hand


def by_hand(update: Callable[[Any], None]) -> Callable[[], Training]:
    def make() -> Training:
        net, loss_of = network(), nn.CrossEntropyLoss()

        def step(x: Array, y: Array) -> Any:
            net.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            update(net)
            return loss.detach()

        return Training(step, [net])

    return make


def subtract(net: Any) -> None:
    with no_grad():
        for p in net.parameters():
            p -= 0.1 * p.grad


def subtract_from_data(net: Any) -> None:
    for p in net.parameters():
        p.data -= 0.1 * p.grad.data


def write_data(net: Any) -> None:
    for p in net.parameters():
        p.data[...] = p.data - 0.1 * p.grad.data


def replace_data(net: Any) -> None:
    for p in net.parameters():
        p.data = p.data - 0.1 * p.grad.data


@pytest.mark.parametrize("update", [subtract, subtract_from_data, write_data, replace_data])
def test_updates_by_hand(update: Any) -> None:
    same_training(by_hand(update), batches(), programs=None)  # replaced arrays may have other strides than the first


# Several modules and optimizers, frozen and shared parameters


def test_several_optimizers() -> None:
    def make() -> Training:
        first, second, loss_of = nn.Linear(4, 5), nn.Linear(5, 3), nn.CrossEntropyLoss()
        one, other = nn.optim.SGD(first.parameters(), lr=0.1), nn.optim.AdamW(second.parameters(), lr=0.02)

        def step(x: Array, y: Array) -> Any:
            one.zero_grad()
            other.zero_grad()
            loss = loss_of(second(np.tanh(first(x))), y)
            loss.backward()
            one.step()
            other.step()
            return loss.detach()

        return Training(step, [first, second, one, other])

    same_training(make, batches())


def test_two_optimizers_of_the_same_parameters() -> None:
    def make() -> Training:
        net, loss_of = network(), nn.CrossEntropyLoss()
        one = nn.optim.SGD(net.parameters(), lr=0.1)
        other = nn.optim.Adam(net.parameters(), lr=0.02)

        def step(x: Array, y: Array) -> Any:
            one.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            one.step()
            other.step()
            return loss.detach()

        return Training(step, [net, one, other])

    same_training(make, batches(), programs=None, diverged=None)


def test_frozen_parameters() -> None:
    def make() -> Training:
        net: Any = network()
        net[0].weight.requires_grad_(False)
        updates = nn.optim.Adam(net.parameters(), lr=0.05)
        return Training(step_of(net, updates), [net, updates])

    same_training(make, batches())


def test_parameters_of_two_layers() -> None:
    def shared() -> nn.Module:
        first, second = nn.Linear(4, 4), nn.Linear(4, 4)
        second.weight = first.weight
        return nn.Sequential(first, nn.Tanh(), second, nn.Linear(4, 3))

    same_training(ordinary(lambda net: nn.optim.Adam(net.parameters(), lr=0.05), shared), batches())


def test_an_averaged_model() -> None:
    def make() -> Training:
        net, loss_of = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)), nn.CrossEntropyLoss()
        updates = nn.optim.Adam(net.parameters(), lr=0.05)
        averaged = nn.optim.swa_utils.AveragedModel(
            net, multi_avg_fn=nn.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True
        )

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            updates.step()
            averaged.update_parameters(net)
            return loss.detach()

        return Training(step, [net, updates, averaged])

    same_training(make, batches())


def test_memory_that_the_optimizer_moves() -> None:
    """An optimizer made after some steps moves the parameters into its own array."""

    def make() -> Training:
        net, loss_of = network(), nn.CrossEntropyLoss()
        held: dict[str, Any] = {}

        def step(x: Array, y: Array) -> Any:
            net.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            return loss.detach()

        training = Training(step, [net])
        training.held = held  # type: ignore[attr-defined]
        return training

    def optimize(training: Training) -> None:
        training.held["updates"] = nn.optim.SGD(training.parts[0].parameters(), lr=0.1)  # type: ignore[attr-defined]

    def update(training: Training) -> None:
        training.held["updates"].step()  # type: ignore[attr-defined]

    calls: list[Any] = []
    for i, batch in enumerate(batches()):
        calls += [batch, *([optimize] if i in (4, 11) else []), *([update] if i > 4 else [])]
    same_training(make, calls, programs=None, diverged=None)


# Batches of other sizes, and modes


def changing_layers() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, momentum=None), nn.Dropout(0.4), nn.Linear(6, 3))


def test_batches_of_other_sizes_and_evaluation_in_between() -> None:
    calls: list[Any] = []
    for i, (x, y) in enumerate(batches()):
        calls.append((x[: 6 if i % 5 else 4], y[: 6 if i % 5 else 4]))
        if i % 4 == 3:
            calls.append(lambda training: training.parts[0].eval())
            calls.append((x, y))
            calls.append(lambda training: training.parts[0].train())
    make = ordinary(lambda net: nn.optim.Adam(net.parameters(), lr=0.05), changing_layers)
    same_training(make, calls, programs=None)


def test_steps_are_as_many_as_are_compared() -> None:
    assert len(batches()) == STEPS == 19


def test_a_tensor_as_the_model() -> None:
    def make() -> Training:
        w, b = tensor(np.zeros(4), requires_grad=True), tensor(0.0, requires_grad=True)

        def step(x: Array, y: Array) -> Any:
            w.grad = b.grad = None
            loss = ((x @ w + b - y) ** 2).mean()
            loss.backward()
            with no_grad():
                for p in (w, b):
                    p -= 0.1 * p.grad
            return loss

        return Training(step, [w, b])

    same_training(make, batches())
    assert borrow(make().parts[0]).shape == (4,)


# Steps as people write them


def normalised() -> Any:
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def distilled() -> Training:
    """A teacher is the moving average of the student."""
    student, teacher = normalised(), normalised()
    updates = nn.optim.SGD(student.parameters(), lr=0.1)

    def step(x: Array, y: Array) -> Any:
        with no_grad():
            target = teacher(x)
        updates.zero_grad()
        loss = ((student(x) - target) ** 2).mean()
        loss.backward()
        updates.step()
        with no_grad():
            for p, q in zip(student.parameters(), teacher.parameters(), strict=True):
                q.data[...] = 0.9 * q.data + 0.1 * p.data
        return loss

    return Training(step, [student, teacher, updates])


def noisy() -> Training:
    """Inputs have noise, and gradients a decay of their own."""
    net = normalised()
    updates = nn.optim.SGD(net.parameters(), lr=0.1)

    def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return generator.standard_normal(shape, dtype=np.float32)

    def step(x: Array, y: Array) -> Any:
        updates.zero_grad()
        loss = (net(x + nn.random.draw(normal, x.shape)) ** 2).mean()
        loss.backward()
        for p in net.parameters():
            p.grad = p.grad + 0.01 * p.detach()
        updates.step()
        return loss

    return Training(step, [net, updates])


def centred() -> Training:
    """A running mean of the inputs is an array of the program's own."""
    net, mean = normalised(), np.zeros(4, np.float32)
    updates = nn.optim.SGD(net.parameters(), lr=0.1)

    def step(x: Array, y: Array) -> Any:
        mean[...] = 0.9 * mean + 0.1 * x.mean(0)
        updates.zero_grad()
        loss = (net(x - mean) ** 2).mean()
        loss.backward()
        updates.step()
        return loss

    return Training(step, [net, updates, mean])


def scaled() -> Training:
    """A loss is scaled, and the gradients of two groups are scaled back."""
    net = normalised()
    updates = nn.optim.AdamW([{"params": net[0].parameters(), "lr": 0.1}, {"params": net[3].parameters()}])

    def step(x: Array, y: Array) -> Any:
        updates.zero_grad()
        loss = (net(x) ** 2).mean()
        (loss * 1024).backward()
        for group in updates.param_groups:
            for p in group["params"]:
                p.grad = p.grad / 1024
        updates.step()
        return loss

    return Training(step, [net, updates])


@pytest.mark.parametrize("make", [distilled, noisy, centred, scaled])
@pytest.mark.filterwarnings("ignore:.*nan.*:RuntimeWarning")
def test_steps_as_people_write_them(make: Callable[[], Training]) -> None:
    same_training(make, batches(), programs=None, diverged=None)
    data = batches(10)
    data[9][0][1, 2] = np.nan
    same_training(make, data, programs=None, diverged=None)


# Two networks, each with an optimizer of its own


class Adversaries:
    """A generator and a discriminator, and a step of both."""

    def __init__(self) -> None:
        nn.manual_seed(0)
        self.g: Any = nn.Sequential(nn.Linear(2, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 4))
        self.d: Any = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
        self.of_g, self.of_d = (nn.optim.Adam(net.parameters(), lr=0.01) for net in (self.g, self.d))
        self.loss: Any = nn.BCEWithLogitsLoss()

    def of_discriminator(self, x: Array, fake: Any) -> Any:
        ones = np.ones((len(x), 1), np.float32)
        self.of_d.zero_grad()
        loss = self.loss(self.d(x), ones) + self.loss(self.d(fake), ones * 0)
        loss.backward()
        self.of_d.step()
        return loss.detach()

    def of_generator(self, z: Array) -> Any:
        self.of_g.zero_grad()
        loss = self.loss(self.d(self.g(z)), np.ones((len(z), 1), np.float32))
        loss.backward()
        self.of_g.step()
        return loss.detach()

    def both(self, x: Array, z: Array) -> Any:
        fake = self.g(z)
        first = self.of_discriminator(x, fake.detach())
        self.of_g.zero_grad()
        loss = self.loss(self.d(fake), np.ones((len(x), 1), np.float32))
        loss.backward()
        self.of_g.step()
        return first, loss.detach()


def state_of(nets: Adversaries) -> Any:
    return state(nets.g), state(nets.d), state(nets.of_g), state(nets.of_d), nets.of_d.stepped


def test_two_steps_in_one_function() -> None:
    """The step of the first is put back where the second finds what needs the function itself, at first or later."""

    def run(compiled: bool, bad: int) -> Any:
        nets = Adversaries()
        step: Any = compile(nets.both) if compiled else nets.both
        losses = []
        for i, (x, _) in enumerate(batches(10)):
            z = x[:, :2].copy()
            if i == bad:
                nets.g[1].weight.data[...] *= 1e21  # what the generator gives stays, its gradient is too large
                nets.g[3].weight.data[...] *= 1e-21
            losses.append(step(x, z))
            if i == bad:
                nets.g[1].weight.data[...] *= 1e-21
                nets.g[3].weight.data[...] *= 1e21
        if compiled:
            assert 0 < len(step.programs) <= 3
            reasons = [each.reason for each in step.fallbacks]
            assert all("not finite" in reason for reason in reasons)
            assert len(reasons) == (bad >= 0)
        return [[each.data for each in both] for both in losses], state_of(nets)

    for bad in (-1, 0, 6):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert not differs(run(False, bad), run(True, bad))


def test_two_steps_in_two_functions() -> None:
    def run(compiled: bool) -> Any:
        nets = Adversaries()
        steps = nets.of_discriminator, nets.of_generator
        first, second = [compile(step) for step in steps] if compiled else steps
        losses = []
        for x, _ in batches(8):
            losses += [first(x, nets.g(x[:, :2]).detach()).data, second(x[:, :2].copy()).data]
        return losses, state_of(nets)

    assert not differs(run(False), run(True))


def after(how: str, x: Any, y: Any, net: Any, updates: Any) -> Any:
    """Take a step of an optimizer, and leave its gradients for another loss to add to, as a GAN's do."""
    updates.zero_grad()
    if how == "two losses":
        (net(x) ** 2).mean().backward()
    if how == "in part":
        net[2](np.tanh(x[:, :3])).sum().backward()
    loss = (net(y) ** 2).mean()
    if how == "one loss of two":
        loss = loss + (net(x) ** 3).mean()
    loss.backward()
    updates.step()
    if how == "new gradients":
        for p in net.parameters():
            p.grad = p.grad * 2
    (net(x + y) ** 2).mean().backward()
    return loss.detach()


@pytest.mark.parametrize("backend", ["numpy", "auto"])
@pytest.mark.parametrize("optimizer", [nn.optim.SGD, nn.optim.Adam, nn.optim.Adafactor])
@pytest.mark.parametrize("how", ["one loss", "one loss of two", "two losses", "in part", "new gradients"])
def test_gradients_are_added_to_after_a_step(how: str, optimizer: Any, backend: Any) -> None:
    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net: Any = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
        updates = optimizer(net.parameters(), lr=0.05)
        step: Any = compile(after, backend=backend) if compiled else after
        seen = []
        for x, _ in batches(8):
            loss = step(how, x, x[::-1].copy(), net, updates)
            seen.append((loss.data, [None if p.grad is None else p.grad.data.copy() for p in net.parameters()]))
        assert not compiled or step.programs
        return seen, state(net), state(updates)

    assert not differs(run(False), run(True))


OPTIMIZERS = [
    lambda p: nn.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    lambda p: nn.optim.AdamW(p, lr=0.1, amsgrad=True),
    lambda p: nn.optim.Rprop(p, lr=0.1),
    lambda p: nn.optim.Adafactor(p),
    lambda p: nn.optim.NAdam(p, lr=0.1),
    lambda p: nn.optim.Adadelta(p),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_a_value_that_is_another_after_a_step(make: Any) -> None:
    """Which rows are chosen depends on the weights after the step: where it changes, the step is put back."""

    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net: Any = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1))
        updates = make(net.parameters())

        def both(x: Any) -> Any:
            updates.zero_grad()
            (net(x) ** 2).mean().backward()
            updates.step()
            found = net(x).data
            return found[found > 0].sum()

        step: Any = compile(both) if compiled else both
        found = [step(x) for x, _ in batches(12)]
        if compiled:
            assert sum(each.count for each in step.fallbacks) > 1
        return found, state(net), state(updates)

    assert not differs(run(False), run(True))


def test_gradients_that_exist_are_written_over_unless_somebody_holds_them() -> None:
    """A step recorded after others, as of another size of batches, writes where the optimizer reads."""

    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net = network()
        updates = nn.optim.Adam(net.parameters(), lr=0.1)

        def step(x: Any) -> Any:
            updates.zero_grad()
            loss = (net(x) ** 2).mean()
            loss.backward()
            updates.step()
            return loss.item()

        step(batches(1)[0][0])
        called: Any = compile(step) if compiled else step
        found, kept = [], []
        for i, (x, _) in enumerate(batches(12)):
            found.append(called(x[: 3 + i % 2]))
            if i > 6:
                kept.append(next(iter(net.parameters())).grad)
        if compiled:
            assert len(called.programs) == 2
            for program in called.programs:
                assert program.source.count("set_gradient_in_buffer(") == len(list(net.parameters()))
                assert "set_gradient(" not in program.source
        return found, [g.numpy() for g in kept], state(net), state(updates)

    assert not differs(run(False), run(True))
