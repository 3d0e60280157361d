"""What a program takes for known is overridden: in a subclass, on an object, on a class, before or after it was recorded.

A step of an optimizer, `zero_grad`, a schedule, a layer's `forward`, a hook, an operation: the override counts its calls, or
reads what changes between them. The training is then that without `compile`, or is refused.
"""

import functools
import itertools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F  # noqa: N812 - the usual name
from autograd import CompileError, compile

from .agreement import differs
from .test_training import SCHEDULES
from .training_steps import batches, state

Array = np.ndarray[Any, Any]
Decide = Callable[[Any], bool]
Change = Callable[[int], None]
STEPS = 7

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


class Net(nn.Module):
    """A net with most of what a recording meets."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.drop = nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.2)
        self.last = nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        return self.last(self.drop(np.tanh(self.norm(self.first(x)))))


def parts_of(optimizer: str = "SGD", schedule: str | None = None) -> dict[str, Any]:
    nn.manual_seed(0)
    net = Net()
    parameters = [p for p in net.parameters() if p.ndim == 2] if optimizer == "Muon" else net.parameters()
    updates = getattr(nn.optim, optimizer)(parameters, lr=0.05)
    made = {"net": net, "updates": updates, "criterion": nn.CrossEntropyLoss(), "schedule": None, "average": None}
    if schedule is not None:
        made["schedule"] = SCHEDULES[schedule](updates)
    return made


def step_of(parts: dict[str, Any]) -> Callable[..., Any]:
    net, updates, criterion = parts["net"], parts["updates"], parts["criterion"]
    schedule, average = parts["schedule"], parts["average"]

    def step(x: Array, y: Array) -> Any:
        updates.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        updates.step()
        if schedule is not None:
            schedule.step(*[loss.detach().data] * isinstance(schedule, nn.optim.lr_scheduler.ReduceLROnPlateau))
        if average is not None:
            average.update_parameters(net)
        return loss.detach()

    return step


def same(make: Callable[[], dict[str, Any]], change: Callable[[dict[str, Any], int], None]) -> None:
    """Compare a training with the same one compiled, both ways; `change` is called before each step."""

    def run(fallback: str | None) -> Any:
        parts = make()
        losses: list[Any] = []
        for k, batch in enumerate(batches(STEPS)):
            change(parts, k)
            if k == 0:
                step = step_of(parts)
                step = compile(step, fallback=fallback) if fallback else step
            losses.append(np.array(step(*batch).data))
        return losses, [state(part) for part in parts.values() if hasattr(part, "state_dict")]

    expected = run(None)
    said = differs(expected, run("eager"))
    assert not said, said
    try:
        found = run("raise")
    except CompileError as error:
        assert "test_overridden.py:" in str(error) or "Own" in str(error), error
    else:
        assert not differs(expected, found)


def overridden(
    make: Callable[[], dict[str, Any]], part: str, name: str, override: Override, read: Any, way: Any, when: int
) -> None:
    """Compare a training one of whose parts has a method overridden before a step."""
    current: list[Any] = [None, None]

    def change(parts: dict[str, Any], k: int) -> None:
        x = parts[part] if not isinstance(parts[part], Net) or part == "net" else parts[part]
        if k == 0:
            current[0], current[1] = pytest.MonkeyPatch(), read()
            patches.append(current[0])
        decide, changes = current[1]
        if k == when:
            way(current[0], x, name, lambda original: override(original, decide))
            getattr(decide, "seen", []).append(x)
        changes(k)

    patches: list[pytest.MonkeyPatch] = []

    def fresh() -> dict[str, Any]:
        undo()
        return make()

    def undo() -> None:
        while patches:
            patches.pop().undo()
        setting["on"] = True

    try:
        same(fresh, change)
    finally:
        undo()


OPTIMIZERS = [name for name in nn.optim.__all__ if name not in ("Optimizer", "LBFGS", "lr_scheduler", "swa_utils")]
_reads = itertools.cycle(READS)


def spread(names: list[str], methods: tuple[str, ...]) -> list[Any]:
    """Return all names with all ways, and with the reads in turn."""
    return [
        pytest.param(name, method, way, when, next(_reads), id=f"{name}.{method} {way.__name__} {when}")
        for name, method, way, when in itertools.product(names, methods, WAYS, (0, 3))
    ]


@pytest.mark.parametrize(("name", "method", "way", "when", "read"), spread(OPTIMIZERS, ("step", "zero_grad")))
def test_each_optimizer(name: str, method: str, way: Any, when: int, read: Any) -> None:
    overridden(lambda: parts_of(name), "updates", method, skipping, read, way, when)


@pytest.mark.parametrize(("name", "method", "way", "when", "read"), spread([*SCHEDULES], ("step",)))
def test_each_schedule(name: str, method: str, way: Any, when: int, read: Any) -> None:
    overridden(lambda: parts_of("SGD", name), "schedule", method, skipping, read, way, when)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", [0, 3])
@pytest.mark.parametrize("method", ["step", "zero_grad", "forward", "loss"])
def test_each_read(method: str, when: int, way: Any, read: Any) -> None:
    part, name, override = {
        "step": ("updates", "step", skipping),
        "zero_grad": ("updates", "zero_grad", skipping),
        "forward": ("net", "forward", halving),
        "loss": ("criterion", "forward", halving),
    }[method]
    overridden(parts_of, part, name, override, read, way, when)
