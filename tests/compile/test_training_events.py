"""Trainings in which things happen between steps, at random: all that is left is as without `compile`."""

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F  # noqa: N812 - the usual name
from autograd import compile, tensor

from .training_steps import Training, batches, compared

Array = np.ndarray[Any, Any]


class Eventful(Training):
    """A training with what events hold, and a second function of its model."""

    model: Any
    updates: Any
    held: list[Any]
    other: Callable[..., Any]


def penalty(model: Any) -> Any:
    return sum((1e-3 * np.sum(p * p) for p in model.parameters()), np.float32(0))


def eventful(seed: int) -> Callable[[], Eventful]:
    """Return a training whose loss may reach parameters on a second path, and whose step may do more than update."""
    choose = random.Random(seed)
    penalized, clips, clears_late = (choose.random() < chance for chance in (0.7, 0.3, 0.3))
    kind, options = choose.choice([("SGD", {"momentum": 0.9}), ("SGD", {}), ("AdamW", {}), ("RMSprop", {})])
    layers: list[Any] = [nn.BatchNorm1d, lambda n: nn.Dropout(0.2), lambda n: nn.Tanh()]
    between = [choose.choice(layers) for _ in range(2)]

    def make() -> Eventful:
        model: Any = nn.Sequential(nn.Linear(4, 5), between[0](5), nn.BatchNorm1d(5), between[1](5), nn.Linear(5, 3))
        updates = getattr(nn.optim, kind)(model.parameters(), lr=0.02, **options)

        def gradients(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = F.cross_entropy(model(x), y)
            if penalized:
                loss = loss + penalty(model)
            loss.backward()
            return loss

        def step(x: Array, y: Array) -> Any:
            loss = gradients(x, y)
            if clips:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            updates.step()
            if clears_late:
                updates.zero_grad()
            return loss.detach()

        made = Eventful(step, [model, updates])
        made.model, made.updates, made.held = model, updates, []
        made.other = lambda x, y: gradients(x, y).detach()
        return made

    return make


def hold_gradient(t: Any) -> None:
    t.held.append(t.model[0].weight.grad)


def hold_array(t: Any) -> None:
    grad = t.model[4].bias.grad
    t.held.append(None if grad is None else grad.data)


def let_go(t: Any) -> None:
    t.held.clear()


def pickle_optimizer(t: Any) -> None:
    t.held.append(pickle.loads(pickle.dumps(t.updates)))


def load_optimizer(t: Any) -> None:
    t.updates.load_state_dict(copy.deepcopy(t.updates.state_dict()))


def load_model(t: Any) -> None:
    t.model.load_state_dict(t.model.state_dict())


def run_the_other(t: Any) -> None:
    if t.compiled is not None and not hasattr(t.other, "programs"):
        t.other = compile(t.other)
    for batch in batches(2, seed=9):
        t.held.append(t.other(*batch))


def a_nan(t: Any) -> None:
    x, y = batches(1, seed=4)[0]
    x[1, 2] = np.nan
    with np.errstate(all="ignore"):
        t.held.append(t.step(x, y).item())


def a_wrong_label(t: Any) -> None:
    x, y = batches(1, seed=5)[0]
    y[2] = 7
    with pytest.raises(IndexError):
        t.step(x, y)


EVENTS = [
    hold_gradient, hold_array, let_go, pickle_optimizer, load_optimizer, load_model, run_the_other, a_wrong_label,
]  # fmt: skip


def held(training: Any) -> list[Any]:
    """Return copies of the gradients that are held, which must not have changed."""
    arrays = (getattr(x, "data", x) for x in training.held)
    return [np.array(x) for x in arrays if isinstance(x, np.ndarray)]


@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(12))
def test_events_between_steps(seed: int) -> None:
    choose = random.Random(seed)
    calls: list[Any] = []
    for batch in batches(9, seed=seed):
        calls.append(batch)
        calls += [choose.choice(EVENTS)] * (choose.random() < 0.7)
    compared(eventful(seed), calls, held=held)


def test_a_held_gradient_makes_the_step_itself_run_once() -> None:
    """The statistics move once, and the gradient that somebody holds stays; also that of the tensor itself."""

    def make() -> Eventful:
        made = eventful(0)()
        updates, model = made.updates, made.model

        def step(x: Array, y: Array) -> Any:
            updates.zero_grad()
            loss = F.cross_entropy(model(x), y) + penalty(model)
            loss.backward()
            updates.step()
            return loss.detach()

        made.step = step
        return made

    calls = [call for batch in batches(6) for call in (batch, hold_gradient)]
    compiled: Any = compared(make, calls, held=held)
    assert sum(program.diverged for program in compiled.compiled.programs) >= 1
    assert int(compiled.parts[0][2].num_batches_tracked) == 6


def test_a_held_gradient_is_met_after_a_draw() -> None:
    """Of a gradient that is constant, and so not asked whether it is finite."""
    losses = []
    for wrap in (lambda step: step, compile):
        nn.manual_seed(0)
        weight, kept = nn.Parameter(np.ones(3)), list[Any]()
        updates = nn.optim.SGD([weight], lr=0.1)

        def step(x: Any, weight: Any = weight, updates: Any = updates) -> Any:
            updates.zero_grad()
            loss = F.dropout(tensor(x), 0.5).sum() + weight.sum()
            loss.backward()
            updates.step()
            return loss.detach()

        made: Any = wrap(step)
        for k in range(8):
            losses.append(made(np.arange(5.0) + 1).item())
            kept += [weight.grad] * (k == 3)
    assert losses[:8] == losses[8:]
    assert [program.diverged for program in made.programs] == [1]


@pytest.mark.one_in(4)
@pytest.mark.filterwarnings("ignore:.*nan.*:RuntimeWarning", "ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize("seed", range(4))
def test_a_nan_among_events(seed: int) -> None:
    calls = [*batches(3), hold_gradient, a_nan, hold_array, *batches(2)]
    compared(eventful(seed), calls, held=held)


ASKED: dict[str, Callable[[Any], Any]] = {
    "whether there is one": lambda p: 1.0 if p.grad is None else 2.0,
    "hasattr": lambda p: 1.0 if getattr(p, "grad", None) is None else 3.0,
    "its size": lambda p: 1.0 if p.grad is None else np.max(abs(p.grad)).detach() + 1,
}


@pytest.mark.parametrize("name", ASKED)
def test_the_gradient_of_the_step_before_is_asked_for(name: str) -> None:
    def make() -> Eventful:
        made = eventful(1)()
        updates, model = made.updates, made.model

        def step(x: Array, y: Array) -> Any:
            scale = ASKED[name](model[0].weight)
            for p in model.parameters():
                if p.grad is not None:
                    p.grad = None
            loss = F.cross_entropy(model(x), y) * scale
            loss.backward()
            updates.step()
            return loss.detach()

        made.step = step
        return made

    calls = [*batches(3), hold_gradient, *batches(2), let_go, a_wrong_label, *batches(2)]
    compiled: Any = compared(make, calls, held=held)
    assert len(compiled.compiled.programs) <= 4


def test_an_optimizer_of_some_parameters_leaves_each_gradient_to_its_own() -> None:
    """What is computed before the statistics go back is used after it, under the same name."""

    def make() -> Eventful:
        made = eventful(0)()
        model = made.model
        updates = made.updates = nn.optim.SGD([model[4].weight], lr=0.02)

        def step(x: Array, y: Array) -> Any:
            loss = F.cross_entropy(model(x), y) + penalty(model)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            updates.step()
            updates.zero_grad()
            return loss.detach()

        made.step, made.parts = step, [model, updates]
        return made

    compiled: Any = compared(make, batches(5))
    assert compiled.compiled.programs
