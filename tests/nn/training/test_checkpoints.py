"""A training that is killed anywhere, and resumed, is the training that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from datasets import batches
from nn.random import chosen_generator
from nn.training import Callback, Checkpoint, CSVLogger, EarlyStopping, SaveBest, WeightAveraging

from .callbacks import Fail

ROOT = Path(nn.__file__).parent.parent

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4)).astype(np.float32)
Y = rng.integers(0, 3, 40)


class Halving:
    """A schedule with a state."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.steps = optimizer, 0

    def step(self) -> None:
        self.steps += 1
        self.optimizer.param_groups[0]["lr"] = 0.05 / (1 + self.steps)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]


class Count(Callback):
    """A callback with a state, which others may look at."""

    def __init__(self) -> None:
        self.rows = np.zeros(2)

    def on_step(self, training: Any) -> None:
        self.rows += training.step

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows = state["rows"]


class Kill(Callback):
    """End the process, as a power cut would, after a step."""

    def __init__(self, step: int, saved: bool) -> None:
        self.step, self.last = step, saved

    def on_step(self, training: Any) -> None:
        if training.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, iterable: bool = False, every: int | None = 1, more: Any = (), **options: Any) -> Any:
    """Train a model with dropout and running means from the checkpoint in a folder, if there is one."""
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    scheduler = Halving(optimizer)
    data: Any = batches(X, Y, batch_size=6, seed=5) if iterable else (X, Y)
    keep = [EarlyStopping(patience=9), SaveBest(folder / "best.npz"), Count(), CSVLogger(folder / "log.csv")]
    callbacks = [Checkpoint(folder / "last.npz", every=every, resume=True), *keep, *more]
    given: dict[str, Any] = {
        "epochs": 3,
        "validation": (X, Y),
        "metrics": "accuracy",
        "scheduler": scheduler,
        "verbose": False,
    }
    given |= {} if iterable else {"batch_size": 6}
    history = nn.fit(model, data, nn.CrossEntropyLoss(), optimizer, callbacks=callbacks, **given | options)
    return model, history, optimizer, keep


def check_equal(got: Any, whole: Any, folder: Path, whole_folder: Path) -> None:
    for (name, a), b in zip(got[0].state_dict().items(), whole[0].state_dict().values(), strict=True):
        assert a.tobytes() == b.tobytes(), name
    a, b = (result[1].drop(columns="seconds") for result in (got, whole))
    assert a.equals(b), (a, b)
    assert a.attrs == b.attrs
    states = [result[2].state_dict()["state"] for result in (got, whole)]
    assert all(np.array_equal(states[0][i]["exp_avg"], states[1][i]["exp_avg"]) for i in states[1])
    assert np.array_equal(got[3][2].rows, whole[3][2].rows)
    best = [np.load(place / "best.npz") for place in (folder, whole_folder)]
    assert all(np.array_equal(best[0][name], best[1][name]) for name in best[1])
    lines = [(place / "log.csv").read_text().splitlines() for place in (folder, whole_folder)]
    assert [line.rpartition(",")[0] for line in lines[0]] == [line.rpartition(",")[0] for line in lines[1]]


@pytest.mark.one_in(8)
@pytest.mark.parametrize("iterable", [False, True])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_it_goes_on_from_every_step(tmp_path: Path, iterable: bool, accumulate: int) -> None:
    whole = train(tmp_path / "whole", iterable, accumulate=accumulate)
    steps = whole[1]["steps"].iloc[-1]
    assert steps == (21 if accumulate == 1 else 9)
    for step in range(1, steps + 1):
        folder = tmp_path / str(step)
        with pytest.raises(InterruptedError):
            train(folder, iterable, accumulate=accumulate, more=[Fail(step)])
        nn.manual_seed(99)  # what came between does not matter
        check_equal(train(folder, iterable, accumulate=accumulate), whole, folder, tmp_path / "whole")


def test_it_goes_on_from_an_earlier_step_than_the_last(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", every=None)
    for every, step in ((None, 11), (4, 11), (4, 3), (None, 7), (5, 14)):
        folder = tmp_path / f"{every}-{step}"
        with pytest.raises(InterruptedError):
            train(folder, every=every, more=[Fail(step)])
        check_equal(train(folder, every=every), whole, folder, tmp_path / "whole")


PROGRAM = """
import sys
from pathlib import Path
from tests.nn.training import test_checkpoints
step, saved = int(sys.argv[2]), sys.argv[3] == "saved"
test_checkpoints.train(Path(sys.argv[1]), more=[test_checkpoints.Kill(step, saved)])
"""


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "when"), [(3, "saved"), (9, "unsaved"), (14, "saved")])
def test_it_goes_on_where_the_process_was_killed(tmp_path: Path, step: int, when: str) -> None:
    whole = train(tmp_path / "whole")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "cut"), str(step), when]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parents[3])])}
    result = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert result.returncode == -signal.SIGKILL, result.stderr.decode()
    check_equal(train(tmp_path / "cut"), whole, tmp_path / "cut", tmp_path / "whole")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("scheduler_every", "every"), [("step", 1), ("epoch", 1), ("epoch", None)])
def test_it_goes_on_where_momentum_is_scheduled(
    tmp_path: Path, dtype: Any, scheduler_every: Any, every: int | None
) -> None:
    def train(folder: str, *more: Callback, saving: bool = True) -> bytes:
        nn.manual_seed(0)
        model = nn.Linear(4, 30, dtype=dtype)
        optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
        total = 5 * 7 if scheduler_every == "step" else 5
        schedule = nn.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total)
        callbacks = [Checkpoint(tmp_path / folder / "last.npz", every=every, resume=True)] if saving else []
        given: Any = {"scheduler": schedule, "scheduler_every": scheduler_every, "verbose": False}
        loss = nn.CrossEntropyLoss()
        nn.fit(model, (X, Y), loss, optimizer, epochs=5, batch_size=6, callbacks=[*callbacks, *more], **given)
        return b"".join(value.tobytes() for value in model.state_dict().values())

    whole = train("", saving=False)
    for step in (3, 7, 20):
        with pytest.raises(InterruptedError):
            train(str(step), Fail(step))
        assert train(str(step)) == whole, step


class Noise(nn.Module):
    """Augmentation, by the generator of `nn`."""

    def forward(self, x: Any) -> Any:
        return x + 0.1 * chosen_generator(None).standard_normal(x.shape, np.float32) if self.training else x


@pytest.mark.one_in(2)
@pytest.mark.parametrize("cuts", [(1,), (4, 5), (7, 11), (3, 6, 14)])
def test_it_goes_on_again_and_again_with_all_that_has_a_state(tmp_path: Path, cuts: tuple[int, ...]) -> None:
    """A group of batches that is cut, a last batch of fewer rows, a plateau, averages, augmentation and two groups."""

    def train(folder: str, *more: Callback) -> tuple[bytes, Any, Any]:
        nn.manual_seed(0)
        model = nn.Sequential(Noise(), nn.Linear(4, 8), nn.BatchNorm1d(8), nn.RReLU(), nn.Linear(8, 3))
        groups: list[Any] = [{"params": [*model[1].parameters()]}, {"params": [*model[4].parameters()], "lr": 0.01}]
        optimizer = nn.optim.NAdam([*groups, {"params": [*model[2].parameters()]}], lr=0.05)
        schedule = nn.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, cooldown=1, threshold=0.05)
        saving = Checkpoint(tmp_path / folder / "last.npz", every=2, resume=True)
        callbacks = [saving, WeightAveraging(0.8), EarlyStopping(patience=9, restore_best=False), *more]
        given: Any = {"validation": (X, Y), "scheduler": schedule, "clip_norm": 1.0, "verbose": False}
        data = X[:39], Y[:39]
        loss = nn.CrossEntropyLoss()
        history = nn.fit(
            model, data, loss, optimizer, epochs=5, batch_size=6, accumulate=3, callbacks=callbacks, **given
        )
        weights = b"".join(value.tobytes() for value in model.state_dict().values())
        return weights, history.drop(columns="seconds"), schedule.state_dict()

    whole = train("whole")
    assert whole[1]["lr"].nunique() > 1  # there was a plateau
    assert whole[1]["steps"].iloc[-1] == 15
    for cut in cuts:
        with pytest.raises(InterruptedError):
            train("cut", Fail(cut))
        nn.manual_seed(99)
    weights, history, schedule = train("cut")
    assert weights == whole[0]
    assert history.equals(whole[1])
    assert schedule == whole[2]


def test_ctrl_c_saves_the_place_within_the_epoch(tmp_path: Path) -> None:
    class Press(Callback):
        def on_step(self, training: Any) -> None:
            if training.step == 9:
                signal.raise_signal(signal.SIGINT)

    whole = train(tmp_path / "whole", every=None)
    (tmp_path / "cut").mkdir()
    _, history, *_ = train(tmp_path / "cut", every=None, more=[Press()])
    assert history["steps"].tolist() == [7, 10]
    got = train(tmp_path / "cut", every=None, more=[Press()])
    check_equal(got, whole, tmp_path / "cut", tmp_path / "whole")


def test_a_complete_training_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = train(tmp_path)
    got = train(tmp_path, verbose=True)
    check_equal(got, whole, tmp_path, tmp_path)
    assert "nothing is left to do" in capsys.readouterr().out
    longer = train(tmp_path, epochs=5, verbose=True)
    assert "going on with epoch 4, batch 1" in capsys.readouterr().out
    assert len(longer[1]) == 5


def test_without_resume_it_starts_anew(tmp_path: Path) -> None:
    def run() -> Any:
        nn.manual_seed(0)
        model = nn.Linear(4, 3)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        saving = [Checkpoint(tmp_path / "last.npz")]
        return nn.fit(model, (X, Y), nn.CrossEntropyLoss(), optimizer, epochs=2, callbacks=saving, verbose=False)

    assert run().drop(columns="seconds").equals(run().drop(columns="seconds"))


def test_a_stopped_training_stays_stopped(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_epoch(self, training: Any) -> None:
            if training.epoch == 2:
                training.stop("enough")

    _, history, *_ = train(tmp_path, more=[Stop()])
    _, again, *_ = train(tmp_path, more=[Stop()])
    assert history.attrs["stopped"] == again.attrs["stopped"] == "enough"
    assert len(again) == 2


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 5}, "batch_size=6, not 5"),
        ({"accumulate": 2}, "accumulate=1, not 2"),
        ({"metrics": ()}, "metrics"),
        ({"more": [Count()]}, r"callbacks \['EarlyStopping', 'SaveBest', 'Count'\] and a scheduler"),
        ({"scheduler": None}, "and no scheduler"),
        ({"epochs": 9, "changed": "rows"}, "batch 7 of epoch 3 is not the one"),
    ],
)
def test_another_training_is_refused(
    tmp_path: Path, options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path)
    if options.pop("changed", None):
        monkeypatch.setattr(f"{__name__}.X", X + 1)
    with pytest.raises(ValueError, match=message):
        train(tmp_path, **options)


def resumed(folder: Path, optimizer: Any, schedule: Any = None, epochs: int = 2, more: Any = ()) -> Any:
    """Train a layer with an optimizer and a schedule that are made by functions, and return the optimizer."""
    nn.manual_seed(0)
    model = nn.Linear(4, 3, bias=False)
    made = optimizer(model.parameters())
    scheduler = None if schedule is None else schedule(made)
    callbacks = [Checkpoint(folder / "last.npz", resume=True), *more]
    given: dict[str, Any] = {"epochs": epochs, "callbacks": callbacks, "scheduler": scheduler, "verbose": False}
    nn.fit(model, (X, Y), nn.CrossEntropyLoss(), made, **given)
    return made


KINDS: dict[str, Any] = {
    name: (lambda parameters, name=name: getattr(nn.optim, name)(parameters, lr=0.01))
    for name in nn.optim.__all__
    if isinstance(getattr(nn.optim, name), type) and name not in ("Optimizer", "LBFGS")  # which fit does not take
}


def test_another_optimizer_is_refused(tmp_path: Path) -> None:
    for name, make in KINDS.items():
        resumed(tmp_path / name, make)
        for other, make_other in KINDS.items():
            if other != name:
                with pytest.raises(ValueError, match=f"was made with the optimizer {name}, not {other}: use the same"):
                    resumed(tmp_path / name, make_other)
        resumed(tmp_path / name, make, epochs=3)


def test_another_schedule_is_refused(tmp_path: Path) -> None:
    schedules = nn.optim.lr_scheduler
    resumed(tmp_path, KINDS["SGD"], lambda optimizer: schedules.MultiplicativeLR(optimizer, lambda epoch: 0.5))
    with pytest.raises(ValueError, match="was made with the scheduler MultiplicativeLR, not LambdaLR"):
        resumed(tmp_path, KINDS["SGD"], lambda optimizer: schedules.LambdaLR(optimizer, lambda epoch: 0.5))


class Rate(Callback):
    """Set a rate where a warning says that it can be set."""

    def on_epoch_start(self, training: Any) -> None:
        training.optimizer.param_groups[0]["lr"] = 0.25


def test_options_of_the_program_that_are_not_those_of_the_file_are_named(tmp_path: Path) -> None:
    def made(**options: Any) -> Any:
        return lambda parameters: nn.optim.Adam(parameters, **options)

    resumed(tmp_path, made(lr=0.01))
    message = r"begun with lr=0.01, not 0.5; with betas=\(0.9, 0.999\), not \(0.5, 0.9\) as in the program now"
    for epochs in (3, 4):  # each time: the file keeps what it was begun with
        with pytest.warns(nn.TrainingWarning, match=message) as caught:
            optimizer = resumed(tmp_path, made(lr=0.5, betas=(0.5, 0.9)), epochs=epochs)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert optimizer.param_groups[0]["lr"] == 0.01
    resumed(tmp_path, made(lr=0.01), epochs=5)
    with pytest.warns(nn.TrainingWarning, match="set them in on_epoch_start of a callback"):
        assert resumed(tmp_path, made(lr=0.5), epochs=6, more=[Rate()]).param_groups[0]["lr"] == 0.25
    state = nn.load(tmp_path / "last.npz")
    del state["settings"], state["kinds"]  # as files were before
    nn.save(state, tmp_path / "last.npz")
    with pytest.warns(nn.TrainingWarning, match=r"begun with lr=0.25, not 0.01 as"):
        resumed(tmp_path, made(lr=0.01), epochs=7)


@pytest.mark.parametrize(
    ("make", "change", "named"),
    [
        ("StepLR", ({"step_size": 1}, {"step_size": 2}), r"scheduler.step_size=1, not 2 as"),
        ("CosineAnnealingLR", ({"T_max": 2}, {"T_max": 5}), r"scheduler.T_max=2, not 5 as"),
        ("ReduceLROnPlateau", ({"factor": 0.5}, {"factor": 0.1}), r"scheduler.factor=0.5, not 0.1 as"),
        (
            "OneCycleLR",
            ({"max_lr": 0.5, "total_steps": 9}, {"max_lr": 0.1, "total_steps": 9}),
            r"scheduler.max_lrs=\[0.5\], not \[0.1\] as",
        ),
    ],
)
def test_options_of_schedules_are_named(tmp_path: Path, make: str, change: Any, named: str) -> None:
    def schedule(options: Any) -> Any:
        return lambda optimizer: getattr(nn.optim.lr_scheduler, make)(optimizer, **options)

    sgd = lambda parameters: nn.optim.SGD(parameters, lr=0.1, momentum=0.5)  # noqa: E731 - one line, used thrice
    resumed(tmp_path, sgd, schedule(change[0]))
    resumed(tmp_path, sgd, schedule(change[0]), epochs=3)
    with pytest.warns(nn.TrainingWarning, match=named):
        resumed(tmp_path, sgd, schedule(change[1]), epochs=4)


def test_the_weights_of_another_loss_are_named_or_refused(tmp_path: Path) -> None:
    def train(epochs: int, loss: Any) -> None:
        nn.manual_seed(0)
        model = nn.Linear(4, 3)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        saving = [Checkpoint(tmp_path / "last.npz", resume=True)]
        nn.fit(model, (X, Y), loss, optimizer, epochs=epochs, callbacks=saving, verbose=False)

    train(1, nn.CrossEntropyLoss(weight=np.array([1, 2, 1], np.float32)))
    train(2, nn.CrossEntropyLoss(weight=np.array([1, 2, 1], np.float32)))
    with pytest.warns(nn.TrainingWarning, match=r"begun with loss.weight=\[1. 2. 1.\], not \[1. 5. 1.\] as"):
        train(3, nn.CrossEntropyLoss(weight=np.array([1, 5, 1], np.float32)))
    with pytest.raises(RuntimeError, match="unexpected: weight"):
        train(4, nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match=r"was made with a loss that has \['weight'\]: use the same"):
        train(4, nn.functional.cross_entropy)


def test_options_that_changed_in_the_course_of_the_training_are_no_surprise(tmp_path: Path) -> None:
    def parts(optimizer: Any) -> Any:
        schedules = [nn.optim.lr_scheduler.ExponentialLR(optimizer, 0.5), nn.optim.lr_scheduler.StepLR(optimizer, 2)]
        return nn.optim.lr_scheduler.ChainedScheduler(schedules)

    for name, schedule in (
        ("plateau", lambda optimizer: nn.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=1.0)),
        ("cycle", lambda optimizer: nn.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, 20)),
        ("chain", parts),
    ):
        nn.manual_seed(0)
        model = nn.Linear(4, 3)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
        given: dict[str, Any] = {"scheduler": schedule(optimizer), "verbose": False}
        given["callbacks"] = [Checkpoint(tmp_path / f"{name}.npz", resume=True)]
        for epochs in (2, 4):  # in one process, with the same objects
            nn.fit(model, (X, Y), nn.CrossEntropyLoss(), optimizer, epochs=epochs, **given)
        assert optimizer.param_groups[0]["lr"] != 0.1


@pytest.mark.parametrize("kind", [EarlyStopping, lambda **options: SaveBest("best.npz", **options)])
def test_the_best_of_another_figure_is_refused(tmp_path: Path, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    resumed(tmp_path, KINDS["SGD"], more=[kind(monitor="loss")])
    with pytest.raises(ValueError, match="that with monitor='loss', not 'gradient_norm'"):
        resumed(tmp_path, KINDS["SGD"], epochs=3, more=[kind(monitor="gradient_norm", mode="min")])
    with pytest.raises(ValueError, match="that with mode='min', not 'max'"):
        resumed(tmp_path, KINDS["SGD"], epochs=3, more=[kind(monitor="loss", mode="max")])


def test_another_order_of_an_iterable_is_noticed(tmp_path: Path) -> None:
    class Anew:
        def __iter__(self) -> Any:
            return iter(batches(X, Y, batch_size=6))

    def run(data: Any, stop: int) -> None:
        model = nn.Linear(4, 3)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
        callbacks = [Checkpoint(tmp_path / "last.npz", every=1, resume=True), Fail(stop)]
        nn.fit(model, data, nn.CrossEntropyLoss(), optimizer, epochs=2, callbacks=callbacks, verbose=False)

    with pytest.raises(InterruptedError):
        run(Anew(), 3)
    with pytest.raises(ValueError, match="batch 3 of epoch 1 is not the one that it was"):
        run(Anew(), 4)


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    for content in (b"", b"something", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"last.npz is damaged, or is no .npz file"):
            train(tmp_path)
    for state in ({"weight": np.ones(3)}, {"format": np.ones(3)}, {"epoch": 3, "model": {}}):
        nn.save(state, path)
        with pytest.raises(ValueError, match=r"last.npz: is not a checkpoint of a training"):
            train(tmp_path)
    nn.save({"format": 99}, path)
    with pytest.raises(ValueError, match="format 99"):
        train(tmp_path)
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        Checkpoint("model.pt")
    with pytest.raises(ValueError, match="every"):
        Checkpoint("last.npz", every=0)


def test_what_a_state_holds_beside_numbers_is_named(tmp_path: Path) -> None:
    count = Count()
    count.state_dict = lambda: {"rows": np.array([None])}  # type: ignore[method-assign]
    with pytest.raises(TypeError, match=r"'callbacks/3/1/rows' is ndarray \(dtype object\), which cannot be saved"):
        train(tmp_path, more=[count])
    assert not (tmp_path / "last.npz").exists()
