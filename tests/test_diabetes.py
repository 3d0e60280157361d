"""The example of regression from a table, run as a person runs it, and the parts that it is made of."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import nn
from examples import diabetes
from examples.diabetes import Standardized, least_squares, load

ROOT = Path(__file__).parents[1]


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_it_trains_and_writes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "diabetes"
    run = python("-m", "examples.diabetes", "--quick", "--seed", 1, "--out", folder)
    assert run.returncode == 0, run.stderr
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "model.npz", "predictions.png"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["rows"], metrics["parts"], metrics["seed"]) == (442, 3, 1)
    errors = metrics["rmse"]
    assert errors["network"] < 60 < 75 < errors["mean"]
    assert 53 < errors["least_squares"] < 57
    assert metrics["r2"]["least_squares"] == pytest.approx(1 - (errors["least_squares"] / load()[1].std(ddof=0)) ** 2)
    assert f"{errors['network']:.3f}" in run.stdout
    assert (folder / "predictions.png").read_bytes().startswith(b"\x89PNG")
    X, y = load()
    model = Standardized(X, y + 1)  # other numbers, all of which the file holds
    model.load_state_dict(nn.load(folder / "model.npz"))
    assert np.sqrt(np.mean((nn.predict(model, X.to_numpy()) - y) ** 2)) < 60


def test_the_statistics_are_those_of_the_rows_that_are_trained_with() -> None:
    X, y = load()
    some = np.arange(0, 442, 3)
    model = Standardized(X.iloc[some], y.iloc[some])
    np.testing.assert_allclose(model.mean, X.iloc[some].mean(), rtol=1e-6)
    np.testing.assert_allclose(model.y_deviation, y.iloc[some].std(), rtol=1e-6)
    assert not np.allclose(model.mean, X.mean(), rtol=1e-3)


def test_each_row_is_predicted_without_it() -> None:
    """The measure of a row that is held out does not reach what is predicted of it."""
    X, y = load()
    options = diabetes.parse(["--quick"])
    nn.manual_seed(0)
    parts, _ = diabetes.cross_validate(X, y, options)
    assert np.array_equal(np.sort(np.concatenate(parts.rows)), np.arange(442))
    changed = y.copy()
    changed.iloc[parts.rows[0]] = 1e6
    nn.manual_seed(0)
    again, _ = diabetes.cross_validate(X, changed, options)
    for name, predictions in parts.predictions.items():
        assert np.array_equal(predictions[0], again.predictions[name][0]), name
        assert not np.array_equal(predictions[1], again.predictions[name][1]), name


def test_least_squares_finds_a_linear_function() -> None:
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=["a", "b", "c"])
    np.testing.assert_allclose(least_squares(X, 3 + X["a"] - 2 * X["c"])(X[:2]), (3 + X["a"] - 2 * X["c"])[:2])


def test_a_table_that_does_not_fit_is_named() -> None:
    X, y = load()
    model, _ = diabetes.train(X, y, epochs=1)
    with pytest.raises(ValueError, match=r"the columns \['ldl'\] are missing: the model was trained with \['age', "):
        nn.predict(model, X.drop(columns="ldl"))
    with pytest.raises(ValueError, match=r"the columns \['blood_pressure'\] are missing"):
        nn.predict(model, X.rename(columns={"blood_pressure": "bp"}))


def test_ctrl_c_saves_the_complete_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupt_after(complete: int) -> None:
        begun = iter(range(complete))

        class Press(nn.training.EarlyStopping):
            def on_step(self, training: Any) -> None:
                if training.step == 1 and next(begun, None) is None:
                    signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(nn.training, "EarlyStopping", Press)

    interrupt_after(2)
    assert diabetes.main(["--quick", "--out", str(tmp_path / "two")]) == 130
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert (metrics["parts"], len(metrics["epochs"])) == (2, 2)
    assert not (tmp_path / "two" / "model.npz").exists()
    monkeypatch.undo()
    interrupt_after(0)
    assert diabetes.main(["--quick", "--out", str(tmp_path / "none")]) == 130
    assert "before one part was complete" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(diabetes, "find_spec", lambda name: None)
    assert diabetes.main(["--out", str(tmp_path)]) == 1
    assert "pip install scikit-learn" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert diabetes.main(["--out", str(tmp_path / "file")]) == 1
    assert "choose another --out" in capsys.readouterr().err
