"""What a program takes for known is overridden: in a subclass, on an object or on a class, also after it was recorded.

A step of an optimizer, `zero_grad`, a schedule, a layer's `forward`, a hook, an operation: the override counts its
calls, or reads what changes between them. The training is then that without `compile`, or is refused.
"""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import CompileError, compile

from .agreement import differs
from .test_training import SCHEDULES
from .training_steps import batches, state

Array = np.ndarray[Any, Any]
Decide = Callable[[Any], bool]
Change = Callable[[int], None]
STEPS = 6

setting = {"on": True}
switched = True


# What an override reads: whether to do as usual, and what changes before each step.


def counter() -> tuple[Decide, Change]:
    calls = [0]

    def decide(self: Any) -> bool:
        calls[0] += 1
        return calls[0] % 3 != 2

    return decide, lambda k: None


def counter_of_the_object() -> tuple[Decide, Change]:
    def decide(self: Any) -> bool:
        self.calls = getattr(self, "calls", 0) + 1
        return bool(self.calls % 3 != 2)

    return decide, lambda k: None


def closure() -> tuple[Decide, Change]:
    options = {"on": True}
    return lambda self: options["on"], lambda k: options.update(on=k % 3 != 1)


def module_dict() -> tuple[Decide, Change]:
    return lambda self: setting["on"], lambda k: setting.update(on=k % 3 != 1)


def module_variable() -> tuple[Decide, Change]:
    def change(k: int) -> None:
        global switched
        switched = k % 3 != 1

    return lambda self: switched, change


def attribute() -> tuple[Decide, Change]:
    """An attribute that the object gets only later, and its class never."""
    seen: list[Any] = []

    def decide(self: Any) -> bool:
        return bool(getattr(self, "on", True))

    def change(k: int) -> None:
        for each in seen:
            each.on = k % 3 != 1

    decide.seen = seen  # type: ignore[attr-defined]
    return decide, change


def default() -> tuple[Decide, Change]:
    def decide(self: Any, on: bool = True) -> bool:
        return on

    def change(k: int) -> None:
        decide.__defaults__ = (k % 3 != 1,)

    return decide, change


READS = [counter, counter_of_the_object, closure, module_dict, module_variable, attribute, default]


# What is overridden: an object of the training, the name of its method, and what is done where `decide` says so.


def skipping(original: Callable[..., Any], decide: Decide) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, *args, **kwargs) if decide(self) else None

    return method


def halving(original: Callable[..., Any], decide: Decide) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = original(self, *args, **kwargs)
        return found if decide(self) else found * 0.5

    return method


Override = Callable[[Callable[..., Any], Decide], Callable[..., Any]]


# How: given the object, the name and the new method made from the old one; the class is put right after the test.


def in_subclass(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    kind = type(x)
    x.__class__ = type(f"Own{kind.__name__}", (kind,), {name: made(lambda *a, **k: getattr(kind, name)(*a, **k))})


def in_subclass_with_super(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    kind = type(x)
    x.__class__ = own = type(f"Own{kind.__name__}", (kind,), {})
    setattr(own, name, made(lambda self, *a, **k: getattr(super(own, self), name)(*a, **k)))


def as_function(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    setattr(x, name, functools.partial(made(getattr(type(x), name)), x))


def as_method(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    setattr(x, name, types.MethodType(made(getattr(type(x), name)), x))


def on_class(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    patch.setattr(type(x), name, made(getattr(type(x), name)))


def on_base(patch: pytest.MonkeyPatch, x: Any, name: str, made: Any) -> None:
    """On the class that defines it, which may be the base of all."""
    kind = next(each for each in type(x).__mro__ if name in vars(each))
    patch.setattr(kind, name, made(vars(kind)[name]))


WAYS = [in_subclass, in_subclass_with_super, as_function, as_method, on_class, on_base]


Way = Callable[[pytest.MonkeyPatch, Any, str, Callable[..., Any]], None]


class Net(nn.Module):
    """A net with a layer of each kind that a recording meets."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        return self.last(np.tanh(self.norm(self.first(x))))


class Parts:
    """The parts of a training."""

    def __init__(self, optimizer: str = "SGD", schedule: str | None = None) -> None:
        nn.manual_seed(0)
        self.net: Any = Net()
        parameters = [p for p in self.net.parameters() if p.ndim == 2 or optimizer != "Muon"]
        self.updates: Any = getattr(nn.optim, optimizer)(parameters, lr=0.05)
        self.schedule: Any = None if schedule is None else SCHEDULES[schedule](self.updates)
        self.average: Any = None
        self.loss: Any = nn.CrossEntropyLoss()
        self.clips = False

    def all(self) -> list[Any]:
        return [state(x) for x in (self.net, self.updates, self.schedule, self.average) if x is not None]

    def step(self) -> Callable[..., Any]:
        net, updates, criterion, schedule, average = self.net, self.updates, self.loss, self.schedule, self.average
        clips = self.clips

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            if clips:
                nn.utils.clip_grad_norm_(net.parameters(), 0.1)
            updates.step()
            if schedule is not None:
                schedule.step(*[loss.detach().data] * isinstance(schedule, nn.optim.lr_scheduler.ReduceLROnPlateau))
            if average is not None:
                average.update_parameters(net)
            return loss.detach()

        return step


def same(
    make: Callable[[], Parts], read: Callable[[], tuple[Decide, Change]], apply: Callable[..., Any], when: int
) -> None:
    """Compare a training with the same one compiled; `apply` overrides something before the step `when`."""

    def run(fallback: Any) -> Any:
        setting["on"] = True
        with pytest.MonkeyPatch.context() as patch:
            parts, (decide, change), losses = make(), read(), list[Any]()
            step: Any = None
            for k, batch in enumerate(batches(STEPS)):
                if k == when:
                    apply(patch, parts, decide)
                if step is None:
                    step = parts.step() if fallback is None else compile(parts.step(), fallback=fallback)
                change(k)
                losses.append(np.array(step(*batch).data))
            return losses, parts.all()

    expected = run(None)
    refused = None
    try:
        found = run("raise")
    except CompileError as error:
        refused, found = str(error), run("eager")
    assert refused is None or "test_overridden.py:" in refused, refused
    said = differs(expected, found)
    assert not said, said


def overrides(part: str, name: str, override: Override, way: Way) -> Callable[..., Any]:
    """Return a function that overrides a method of a part, and lets the reads know the object."""

    def apply(patch: pytest.MonkeyPatch, parts: Parts, decide: Decide) -> None:
        x = getattr(parts, part)
        way(patch, x, name, lambda original: override(original, decide))
        getattr(decide, "seen", []).append(x)

    return apply


def turns(*several: Any) -> Callable[..., Any]:
    """Parametrize a test over names, and over ways, reads and moments in turn: all meet each other somewhere."""
    return pytest.mark.parametrize(
        ("name", "way", "read", "when"),
        [(name, WAYS[i % 6], READS[i % 7], (0, 3)[(i // 2 + i // 14) % 2]) for i, name in enumerate(several)],
    )


OPTIMIZERS = [name for name in nn.optim.__all__ if name not in ("Optimizer", "LBFGS", "lr_scheduler", "swa_utils")]


@pytest.mark.one_in(3)
@turns(*OPTIMIZERS)
def test_the_step_of_each_optimizer(name: str, way: Way, read: Any, when: int) -> None:
    same(lambda: Parts(name), read, overrides("updates", "step", skipping, way), when)


@pytest.mark.one_in(3)
@turns(*reversed(OPTIMIZERS))
def test_zero_grad_of_each_optimizer(name: str, way: Way, read: Any, when: int) -> None:
    same(lambda: Parts(name), read, overrides("updates", "zero_grad", skipping, way), when)


@pytest.mark.one_in(3)
@turns(*SCHEDULES)
def test_the_step_of_each_schedule(name: str, way: Way, read: Any, when: int) -> None:
    same(lambda: Parts("SGD", name), read, overrides("schedule", "step", skipping, way), when)


@pytest.mark.one_in(3)
@turns(*["step", "zero_grad"] * 7)
def test_each_way_and_read(name: str, way: Way, read: Any, when: int) -> None:
    same(Parts, read, overrides("updates", name, skipping, way), when)


@pytest.mark.one_in(3)
@turns(*["net", "loss"] * 4)
def test_forward(name: str, way: Way, read: Any, when: int) -> None:
    same(Parts, read, overrides(name, "forward", halving, way), 0 if "subclass" in way.__name__ else when)


# Pieces of the user's own, which the library calls


def forward_hook(parts: Parts, decide: Decide) -> None:
    parts.net.first.register_forward_hook(lambda module, args, out: out if decide(module) else out * 0.5)


def forward_pre_hook(parts: Parts, decide: Decide) -> None:
    parts.net.last.register_forward_pre_hook(lambda module, args: args if decide(module) else (args[0] * 0.5,))


def backward_hook(parts: Parts, decide: Decide) -> None:
    def halved(module: Any, of_inputs: Any, of_outputs: Any) -> Any:
        return of_inputs if decide(module) else tuple(g * 0.5 for g in of_inputs)

    parts.net.last.register_full_backward_hook(halved)


def operation(parts: Parts, decide: Decide) -> None:
    """Of a class whose methods decide; its own methods are called by the engine."""

    class Halved(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1.0 if decide(Halved) else x * 0.5

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    loss = parts.loss
    parts.loss = lambda x, y: loss(Halved.apply(x), y)


def derivative(parts: Parts, decide: Decide) -> None:
    class Halved(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1.0

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g if decide(Halved) else g * 0.5

    loss = parts.loss
    parts.loss = lambda x, y: loss(Halved.apply(x), y)


def update(parts: Parts, decide: Decide) -> None:
    class Own(nn.optim.Adam):
        def update(self, group: Any, flat: Any, run: Any) -> None:
            if decide(self):
                super().update(group, flat, run)

    parts.updates = None  # an update is of all parameters only where no other optimizer holds them
    parts.updates = Own(parts.net.parameters(), lr=0.05)


def rates(parts: Parts, decide: Decide) -> None:
    class Own(nn.optim.lr_scheduler.LRScheduler):
        def get_lr(self) -> list[float]:
            return [0.05 if decide(self) else 0.01]

    parts.schedule = Own(parts.updates)


def rate_function(parts: Parts, decide: Decide) -> None:
    parts.schedule = nn.optim.lr_scheduler.LambdaLR(parts.updates, lambda n: 1.0 if decide(parts) else 0.1)


def average_function(parts: Parts, decide: Decide) -> None:
    def move(average: Array, value: Array, count: int) -> Array:
        return average if decide(parts) else value

    parts.average = nn.optim.swa_utils.AveragedModel(parts.net, avg_fn=move)


def averaged(parts: Parts, decide: Decide) -> None:
    class Own(nn.optim.swa_utils.AveragedModel):
        def update_parameters(self, model: Any) -> None:
            if decide(self):
                super().update_parameters(model)

    parts.average = Own(parts.net)


def parametrization(parts: Parts, decide: Decide) -> None:
    class Own(nn.Module):
        def forward(self, x: Any) -> Any:
            return x if decide(self) else x * 0.5

    nn.utils.parametrize.register_parametrization(parts.net.first, "weight", Own())
    parts.updates = nn.optim.SGD(parts.net.parameters(), lr=0.05)


def clipping(parts: Parts, decide: Decide) -> None:
    """Before the step, in an own optimizer."""

    class Own(nn.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            if decide(self):
                nn.utils.clip_grad_norm_(self.param_groups[0]["params"], 0.1)
            return super().step()

    parts.updates, parts.clips = Own(parts.net.parameters(), lr=0.05), True


def scratch(parts: Parts, decide: Decide) -> None:
    """An optimizer that shares nothing with those of `nn`."""

    class Own:
        def __init__(self, parameters: Any) -> None:
            self.parameters = list(parameters)

        def zero_grad(self) -> None:
            for p in self.parameters:
                p.grad = None

        def step(self) -> None:
            for p in self.parameters if decide(self) else ():
                p.data[...] -= 0.05 * p.grad.data

        def state_dict(self) -> dict[str, Any]:
            return {}

    parts.updates = Own(parts.net.parameters())


def test_an_operation_that_counts_its_calls_is_refused() -> None:
    """Without layers, whose code names `forward` too."""
    calls = [0]

    class Counting(ag.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            calls[0] += 1
            return np.asarray(x) * calls[0]

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    with pytest.raises(CompileError, match="a change of calls"):
        compile(lambda x: Counting.apply(x))(np.ones(1))
    calls[0] = 0
    function = compile(lambda x: Counting.apply(x), fallback="eager")
    assert [function(np.ones(1)).item() for _ in range(4)] == [1, 2, 3, 4]


def test_the_error_names_the_class_and_the_line() -> None:
    class Counting(nn.optim.SGD):
        steps = 0

        def step(self, closure: Any = None) -> Any:
            self.steps += 1
            return super().step(closure)

    parts = Parts()
    parts.updates = Counting(parts.net.parameters(), lr=0.1)
    said = r"a change of updates.steps by a method of Counting, at .*test_overridden.py:\d+, .*outside the compiled"
    with pytest.raises(CompileError, match=said):
        compile(parts.step())(*batches(1)[0])


PIECES = [
    forward_hook, forward_pre_hook, backward_hook, operation, derivative, update, rates, rate_function,
    average_function, averaged, parametrization, clipping, scratch,
]  # fmt: skip


@pytest.mark.one_in(6)
@pytest.mark.parametrize("read", [counter, closure])
@pytest.mark.parametrize("piece", PIECES)
def test_each_piece(piece: Any, read: Any) -> None:
    same(Parts, read, lambda patch, parts, decide: piece(parts, decide), 0)


@pytest.mark.parametrize("piece", [forward_hook, forward_pre_hook, backward_hook])
def test_a_hook_that_comes_later(piece: Any) -> None:
    same(Parts, counter, lambda patch, parts, decide: piece(parts, decide), 3)
