"""Training steps, run as they are and compiled: what is left of both is compared bit by bit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nn
from autograd import Tensor
from autograd.extend import borrow

from .agreement import SHIFTS, compiled, differs, is_fused, shifted

Array = np.ndarray[Any, Any]
STEPS = 19


@dataclass
class Training:
    """A function that takes a step, and all whose state it changes.

    Attributes
    ----------
    parts
        Modules, optimizers, schedulers and tensors.
    """

    step: Callable[..., Any]
    parts: Sequence[Any]
    compiled: Any = field(default=None)


def state(part: Any) -> Any:
    """Return a copy of all that a part has: parameters, gradients, buffers, or moments and options."""
    if isinstance(part, Tensor):
        return np.array(borrow(part)), None if part.grad is None else np.array(borrow(part.grad)), part.requires_grad
    if isinstance(part, nn.Module):
        named = {name: state(parameter) for name, parameter in part.named_parameters()}
        return named, {name: np.array(borrow(buffer)) for name, buffer in part.named_buffers()}
    if isinstance(part, np.ndarray):
        return np.array(part)
    return _plain(part.state_dict())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        # what moments lose when they are rounded is itself only rounding
        return {key: _plain(each) for key, each in value.items() if not (is_fused() and "_rounding" in str(key))}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic | Tensor):
        return np.array(borrow(value))
    return value if isinstance(value, int | float | str | bool | type(None)) else str(type(value))


def everything(training: Training) -> Any:
    """Return a copy of the state of all parts, and of the random generator."""
    random = repr(nn.random.default_generator().bit_generator.state)
    return [state(part) for part in training.parts], [random]


def ran(
    make: Callable[[], Training], calls: Iterable[Any], compiles: bool, fallback: Any = "raise"
) -> tuple[Any, Any, Training]:
    """Return what each call gave, or raised, the state after the last one, and the training.

    A call is a tuple of arguments, or a function that changes something in the training.
    """
    nn.manual_seed(0)
    training = make()
    if compiles:
        training.compiled = training.step = compiled(training.step, fallback=fallback)
    found: list[Any] = []
    for call in calls:
        if callable(call):
            call(training)
            continue
        try:
            result = training.step(*call)
        except Exception as error:  # noqa: BLE001 - of any kind: it is compared
            found.append((type(error).__name__, str(error)))
        else:
            found.append(_copy(result))
    return found, everything(training), training


def _copy(result: Any) -> Any:
    if isinstance(result, list | tuple):
        return [_copy(each) for each in result]
    return np.array(borrow(result)) if isinstance(result, Tensor | np.ndarray | np.generic) else result


def step_of(net: Any, updates: Any) -> Callable[..., Any]:
    """Return an ordinary step of a classifier."""
    loss_of = nn.CrossEntropyLoss()

    def step(x: Array, y: Array) -> Any:
        updates.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        updates.step()
        return loss.detach()

    return step


def _ran_nearby(make: Callable[[], Training], calls: Sequence[Any], which: int) -> tuple[Any, Any, Training]:
    """Run a training whose parameters and data are changed by some units in the last place."""

    def changed() -> Training:
        training = make()
        for part in training.parts:
            for p in part.parameters() if isinstance(part, nn.Module) else [part] if isinstance(part, Tensor) else []:
                p.data[...] = shifted(p.data, which)
        return training

    nearby = [call if callable(call) else tuple(shifted(x, which) for x in call) for call in calls]
    return ran(changed, nearby, False)


def compared(
    make: Callable[[], Training],
    calls: Sequence[Any],
    fallback: Any = "raise",
    held: Callable[[Any], Any] = lambda training: None,
) -> Training:
    """Compare a training as it is with the same one compiled, and what is held of both; return the latter.

    If it is fused, numbers may differ by what trainings do that begin a few units in the last place beside it.
    """

    def left(results: Any, state: Any, training: Training) -> list[Any]:
        return [results, state, held(training)]

    expected, found = ran(make, calls, False), ran(make, calls, True, fallback)
    said = differs(left(*expected), left(*found))
    if said and is_fused():
        said = differs(left(*expected), left(*found), [left(*_ran_nearby(make, calls, k)) for k in range(SHIFTS)])
    assert not said, said
    return found[2]


def same_training(
    make: Callable[[], Training], calls: Sequence[Any], programs: int | None = 1, diverged: int | None = 0
) -> Training:
    """Compare a training as it is with the same one compiled; return the latter."""
    training = compared(make, calls)
    recorded = training.compiled.programs
    assert programs is None or len(recorded) == programs
    assert diverged is None or sum(program.diverged for program in recorded) == diverged, recorded
    return training


def batches(count: int = STEPS, rows: int = 6, features: int = 4, classes: int = 3, seed: int = 0) -> list[Any]:
    """Return batches of inputs and labels."""
    random = np.random.default_rng(seed)
    return [
        (random.standard_normal((rows, features)).astype(np.float32), random.integers(0, classes, rows))
        for _ in range(count)
    ]
