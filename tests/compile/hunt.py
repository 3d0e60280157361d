"""Random trainings, compiled and as they are: ``python -m tests.compile.hunt --count 1000``.

A seed draws a training, perhaps a subclass of its optimizer that overrides a method, a schedule, a step, and what
happens between steps: weights are loaded, gradients held, rates and modes changed. With ``--threads`` other threads
compute with the model meanwhile. All that is left after each step is compared bit by bit.
"""

import argparse
import contextlib
import copy
import pickle
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import nn
from autograd import compile, no_grad
from nn.optim import lr_scheduler

from .agreement import differs
from .random_trainings import RandomTraining
from .training_steps import state

STEPS = 9
SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "none": lambda optimizer: None,
    "StepLR": lambda optimizer: lr_scheduler.StepLR(optimizer, 2, 0.5),
    "ExponentialLR": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.9),
    "CosineAnnealingLR": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 5),
    "LambdaLR": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)),
    "OneCycleLR": lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=50, cycle_momentum=False),
    "LinearLR": lambda optimizer: lr_scheduler.LinearLR(optimizer),
}


class Session:
    """A training that a seed draws, with what happens between its steps."""

    def __init__(self, seed: int) -> None:
        self.random = random = np.random.default_rng(seed)
        self.training = RandomTraining(seed, STEPS)
        self.model, self.optimizer = self.training.model, self.training.optimizer
        self.held: list[Any] = []
        self.options: dict[str, Any] = {"scale": 1.0, "skips": False, "count": 0}
        kind = type(self.optimizer)
        self.optimizer.__class__, overridden = self._subclass(kind)
        if random.random() < 0.2 and len(self.optimizer.param_groups[0]["params"]) > 1:
            first = self.optimizer.param_groups[0]["params"].pop()
            self.optimizer.add_param_group({"params": [first], "lr": 0.003})
        schedule = self.pick(list(SCHEDULES))
        self.schedule = SCHEDULES[schedule](self.optimizer)
        self.step, step = self._step()
        self.words = f"{self.training.name.split(', ')[:3]} {kind.__name__} {overridden} {schedule} {step}"

    def pick(self, choices: list[Any]) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def _subclass(self, base: Any) -> tuple[Any, str]:
        options = self.options

        class Skipping(base):  # type: ignore[misc]
            def step(self, *args: Any) -> Any:
                return None if options["skips"] else super().step(*args)

        class Counting(base):  # type: ignore[misc]
            def step(self, *args: Any) -> Any:
                options["count"] += 1
                return super().step(*args) if options["count"] % 3 else None

        class Scaling(base):  # type: ignore[misc]
            def step(self, *args: Any) -> Any:
                for group in self.param_groups:
                    group["lr"] = 0.01 * options["scale"]
                return super().step(*args)

        class Keeping(base):  # type: ignore[misc]
            def zero_grad(self, *args: Any) -> None:
                if not options["skips"]:
                    super().zero_grad(*args)

        if self.random.random() < 0.5:
            return base, "itself"
        kind = self.pick([Skipping, Counting, Scaling, Keeping])
        return kind, kind.__name__

    def _step(self) -> tuple[Callable[..., Any], str]:
        model, optimizer, schedule, loss_of = self.model, self.optimizer, self.schedule, self.training.loss_of
        penalty = 1e-3 if self.random.random() < 0.3 else 0.0
        clips, of_schedule = self.random.random() < 0.2, self.random.random() < 0.5
        order = self.pick(["first", "last", "between"])

        def step(x: Any, y: Any) -> Any:
            if order == "first":
                optimizer.zero_grad()
            loss = loss_of(model(x), y)
            if penalty:
                for p in model.parameters():
                    loss = loss + penalty * np.sum(p * p)
            if order == "between":
                optimizer.zero_grad()
            if loss.requires_grad:
                loss.backward()
            if clips:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            if order == "last":
                optimizer.zero_grad()
            if schedule is not None and of_schedule:
                schedule.step()
            return loss.detach()

        return step, f"{order}{' penalty' * bool(penalty)}{' clip' * clips}{' schedule' * of_schedule}"

    def event(self) -> None:
        """Change something between two steps, or nothing."""
        first = next(p for p in self.model.parameters() if p.requires_grad)
        events: list[Callable[[], Any]] = [
            lambda: self.options.update(skips=not self.options["skips"]),
            lambda: self.options.update(scale=self.options["scale"] * 0.5),
            lambda: self.held.append(first.grad),
            lambda: self.held.clear(),
            lambda: self.model.load_state_dict({k: np.array(v) * 0.9 if np.array(v).dtype.kind == "f" else np.array(v)
                                                for k, v in self.model.state_dict().items()}),
            lambda: self.optimizer.load_state_dict(pickle.loads(pickle.dumps(self.optimizer.state_dict()))),
            lambda: self.optimizer.param_groups[0].update(lr=0.02),
            lambda: first.data.__imul__(0.5),
            lambda: self.model.eval(),
            lambda: self.model.train(),
            lambda: self.optimizer.zero_grad(),
            lambda: self.schedule.step() if self.schedule is not None else None,
            lambda: copy.deepcopy(self.model),
            lambda: self.held.append(self.model.state_dict()),
        ]  # fmt: skip
        if self.random.random() < 0.4:
            self.pick(events)()


def ran(seed: int, compiles: bool, beside: bool = False) -> tuple[list[Any], Session, Any]:
    """Return what each step gave, raised and left, the training, and the compiled step."""
    session = Session(seed)
    step: Any = compile(session.step, fallback="eager") if compiles else session.step
    found: list[Any] = []
    with contextlib.ExitStack() as stack:
        if beside:
            stack.enter_context(others(session.model, session.training.batches[0][0]))
        for batch in session.training.batches:
            try:
                result: Any = np.array(step(*batch).data)
            except Exception as error:  # noqa: BLE001 - of any kind: it is compared
                result = type(error).__name__, str(error)
            generator = repr(nn.random.default_generator().bit_generator.state)
            found.append([result, state(session.model), state(session.optimizer), session.options.copy(), generator])
            session.event()
    return found, session, step


@contextlib.contextmanager
def others(model: Any, x: Any) -> Iterator[None]:
    """Compute with the model in other threads, which change nothing that is compared."""
    ended = threading.Event()
    complaints: list[type] = []

    def look() -> None:
        while not ended.is_set():
            for p in model.parameters():
                if type(p.numpy()) is not np.ndarray:
                    complaints.append(type(p.numpy()))
            with no_grad():
                twin = pickle.loads(pickle.dumps(model)).eval()
                y = twin(x).data
            if type(y) is not np.ndarray:
                complaints.append(type(y))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not complaints, complaints[:3]


def compared(seed: int, beside: bool = False) -> tuple[str, int, str]:
    """Return in what a compiled training differs, if it does, how many programs ran, and what was drawn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, session, _ = ran(seed, False)
        found, _, step = ran(seed, True, beside)
    words = session.words
    for k, (x, y) in enumerate(zip(expected, found, strict=True)):
        if said := differs(x, y):
            return f"step {k}: {said}", len(step.programs), words
    return "", len(step.programs), words


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.compile.hunt", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="how many trainings")
    parser.add_argument("--seed", type=int, default=0, help="that of the first")
    parser.add_argument("--threads", action="store_true", help="compute with the models in other threads meanwhile")
    options = parser.parse_args()
    if options.threads:
        sys.setswitchinterval(1e-5)
    different = compiled = 0
    for seed in range(options.seed, options.seed + options.count):
        said, programs, words = compared(seed, options.threads)
        compiled += programs > 0
        if said:
            different += 1
            print(f"{seed}: {words}: {' '.join(said.split())[:200]}", flush=True)
    print(f"{options.count} trainings of {STEPS} steps, {compiled} with programs: {different} differ")


if __name__ == "__main__":
    main()
