"""What is validated, saved and left at the end is the average of the steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn.training import Callback, Checkpoint, EarlyStopping, SaveBest, WeightAveraging

from .callbacks import Fail

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4)).astype(np.float32)
Y = rng.integers(0, 3, 40)


class Record(Callback):
    """Keep the weights after each step, and what is evaluated after each epoch."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.evaluated: list[dict[str, Any]] = []

    def on_step(self, training: Any) -> None:
        self.steps.append(training.model.state_dict())

    def on_epoch(self, training: Any) -> None:
        self.evaluated.append(training.evaluated.state_dict())


def train(*callbacks: Callback, dtype: Any = np.float32, **options: Any) -> Any:
    nn.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 8, dtype=dtype), nn.BatchNorm1d(8, dtype=dtype), nn.ReLU(), nn.Linear(8, 3, dtype=dtype)
    )
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    given: dict[str, Any] = {"epochs": 4, "batch_size": 8, "validation": (X, Y), "verbose": False} | options
    return model, nn.fit(model, (X, Y), nn.CrossEntropyLoss(), optimizer, callbacks=callbacks, **given)


def val_loss(state: dict[str, Any]) -> float:
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    model.load_state_dict(state)
    return float(nn.evaluate(model, (X, Y), nn.CrossEntropyLoss())["loss"])


def bits(model: nn.Module) -> bytes:
    return b"".join(np.asarray(value).tobytes() for value in model.state_dict().values())


@pytest.mark.parametrize(("decay", "warmup"), [(0.75, False), (0.4, True), (None, False)])
@pytest.mark.parametrize("start", [1, 3])
def test_the_average_is_the_one_defined(decay: float | None, warmup: bool, start: int) -> None:
    record = Record()
    model, history = train(WeightAveraging(decay, start, warmup), record, dtype=np.float64)
    steps = record.steps[5 * (start - 1) :]
    assert len(steps) == 5 * (5 - start)
    for name, value in model.state_dict().items():
        if name == "1.num_batches_tracked":
            assert value == 20
            continue
        average = steps[0][name]
        for count, step in enumerate(steps[1:], 1):
            keep = count / (count + 1) if decay is None else decay
            keep = min(keep, count / (count + 10)) if warmup else keep
            average = keep * average + (1 - keep) * step[name]
        np.testing.assert_allclose(value, average, rtol=1e-12, atol=1e-15, err_msg=name)
        assert not np.array_equal(value, steps[-1][name])
    losses = [val_loss(state) for state in record.evaluated]
    np.testing.assert_allclose(history["val_loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(losses[-1], val_loss(model.state_dict()))
    raw = [val_loss(record.steps[5 * epoch + 4]) for epoch in range(4)]
    assert [bool(np.isclose(a, b, rtol=1e-9)) for a, b in zip(losses, raw, strict=True)] == [
        epoch < start for epoch in range(1, 5)
    ]


def test_a_warm_average_soon_forgets_what_it_began_with() -> None:
    model = nn.Linear(2, 2)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.0)

    class Count(Callback):
        def on_step(self, training: Any) -> None:
            nn.init.constant_(training.model.bias, training.step)

    averaging = WeightAveraging(0.999, warmup=True)
    nn.fit(model, (X[:, :2], Y // 2), nn.CrossEntropyLoss(), optimizer, epochs=100, batch_size=40,
           callbacks=[Count(), averaging], verbose=False)  # fmt: skip
    expected = 1.0
    for count in range(1, 100):
        decay = count / (count + 10)
        expected = decay * expected + (1 - decay) * (count + 1)
    np.testing.assert_allclose(model.state_dict()["bias"], expected, rtol=1e-5)
    assert 80 < expected < 100


def test_the_steps_are_those_without_an_average() -> None:
    records = Record(), Record()
    train(WeightAveraging(0.5), records[0])
    train(records[1])
    for one, other in zip(records[0].steps, records[1].steps, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in other)


def test_an_average_of_no_step_changes_nothing() -> None:
    assert bits(train(WeightAveraging(start=5))[0]) == bits(train()[0])


@pytest.mark.parametrize("stopping_first", [False, True])
def test_the_best_epoch_is_that_of_the_average(tmp_path: Path, stopping_first: bool) -> None:
    record, averaging, stopping = Record(), WeightAveraging(0.8), EarlyStopping(patience=3)
    order = [stopping, averaging] if stopping_first else [averaging, stopping]
    model, history = train(*order, record, SaveBest(tmp_path / "best.npz"), epochs=60)
    best = stopping.best_epoch
    assert history["val_loss"].idxmin() == best < len(history) < 60
    saved = nn.load(tmp_path / "best.npz")
    for name, value in model.state_dict().items():
        assert np.array_equal(value, record.evaluated[best - 1][name]), name
        assert np.array_equal(value, saved[name]), name


@pytest.mark.one_in(2)
@pytest.mark.parametrize("start", [1, 2])
def test_it_goes_on_bit_for_bit(tmp_path: Path, start: int) -> None:
    def run(folder: str, *more: Callback) -> Any:
        saving = Checkpoint(tmp_path / folder / "last.npz", every=1, resume=True)
        averaging = WeightAveraging(0.8, start, warmup=start == 2)
        return train(saving, EarlyStopping(patience=9, restore_best=False), averaging, *more)

    whole, history = run("whole")
    for step in (1, 4, 5, 6, 12, 20):
        with pytest.raises(InterruptedError):
            run(str(step), Fail(step))
        model, resumed = run(str(step))
        assert bits(model) == bits(whole), step
        assert resumed["val_loss"].equals(history["val_loss"])
    assert bits(run("whole")[0]) == bits(whole)  # nothing is left to do, and the average is there all the same


def test_an_error_leaves_the_weights_of_the_last_step() -> None:
    record = Record()
    model: Any = None

    class Take(Callback):
        def on_start(self, training: Any) -> None:
            nonlocal model
            model = training.model

    with pytest.raises(InterruptedError):
        train(WeightAveraging(), record, Take(), Fail(7))
    assert all(np.array_equal(value, record.steps[-1][name]) for name, value in model.state_dict().items())


def test_wrong_options_are_named() -> None:
    with pytest.raises(ValueError, match=r"decay should be from 0 to 1, not 1.5"):
        WeightAveraging(1.5)
    with pytest.raises(ValueError, match="start should be an integer of 1 or more, not 0"):
        WeightAveraging(start=0)
    with pytest.raises(ValueError, match="warmup=True lowers the decay at first"):
        WeightAveraging(None, warmup=True)
    with pytest.raises(ValueError, match=r"decay should be from 0 to 1, not 1.5"):
        WeightAveraging(1.5, warmup=True)
