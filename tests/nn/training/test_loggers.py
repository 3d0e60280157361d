"""What is logged is the history, also of a training that was resumed."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn
from nn.training import Callback, Checkpoint, CSVLogger, TensorBoard

X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


class Fail(Callback):
    last = True

    def on_epoch(self, training: Any) -> None:
        if training.epoch == 3:
            raise InterruptedError


def train(*callbacks: Callback, epochs: int = 4, lr: float = 0.1) -> pd.DataFrame:
    nn.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = nn.optim.SGD(model.parameters(), lr=lr)
    data = (X, X[:, :1])
    return nn.fit(
        model, data, nn.MSELoss(), optimizer, epochs=epochs, validation=data, callbacks=callbacks, verbose=False
    )


def test_a_table_has_the_history(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.csv"
    logger = CSVLogger(path)
    for _ in range(2):  # the second training replaces the first
        history = train(logger)
        pd.testing.assert_frame_equal(pd.read_csv(path, index_col="epoch"), history, rtol=1e-15)


def test_a_resumed_training_has_all_epochs(tmp_path: Path) -> None:
    path, saving = tmp_path / "log.csv", tmp_path / "last.npz"
    with pytest.raises(InterruptedError):
        train(CSVLogger(path), Checkpoint(saving), Fail())
    assert pd.read_csv(path)["epoch"].tolist() == [1, 2, 3]
    history = train(CSVLogger(path), Checkpoint(saving, resume=True))
    assert pd.read_csv(path)["epoch"].tolist() == [1, 2, 3, 4]
    pd.testing.assert_frame_equal(pd.read_csv(path, index_col="epoch"), history, rtol=1e-15)


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    accumulation = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="reads events: pip install -e '.[tensorboard]'"
    )
    accumulator = accumulation.EventAccumulator(str(folder))
    accumulator.Reload()
    names = accumulator.Tags()["scalars"]
    return {name: [(event.step, event.value) for event in accumulator.Scalars(name)] for name in names}


def test_events_have_the_history(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="writes events: pip install -e '.[tensorboard]'")
    history = train(TensorBoard(tmp_path))
    read = scalars(tmp_path)
    assert set(read) == set(history)
    for name, column in history.items():
        assert [step for step, _ in read[str(name)]] == [1, 2, 3, 4]
        assert [value for _, value in read[str(name)]] == pytest.approx(column.tolist(), rel=1e-6)


def test_events_of_a_resumed_training_take_the_place_of_later_ones(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="writes events: pip install -e '.[tensorboard]'")
    events, saving = tmp_path / "events", tmp_path / "last.npz"
    with pytest.raises(InterruptedError):
        train(Checkpoint(saving), Fail())  # saved after epoch 3
    train(TensorBoard(events), epochs=4, lr=0.5)
    history = train(TensorBoard(events), Checkpoint(saving, resume=True))
    read = scalars(events)["loss"]
    assert [step for step, _ in read] == [1, 2, 3, 4]
    assert read[3][1] == pytest.approx(history["loss"][4], rel=1e-6)


def test_a_missing_tensorboard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto", None)
    with pytest.raises(ImportError, match=r"pip install tensorboard"):
        TensorBoard("runs")
