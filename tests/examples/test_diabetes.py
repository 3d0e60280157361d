"""The example of regression from a table, run as a person runs it, and the parts that it is made of."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import nn
from examples import command, diabetes
from examples.diabetes import Standardized, compare, cross_validate, least_squares, load

from .programs import check_usage, run

PROGRAM = "examples.diabetes"


@pytest.mark.thorough
def test_it_trains_and_writes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "diabetes"
    result = run(PROGRAM, "--quick", "--seed", 1, "--out", folder)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "model.npz", "predictions.png"}
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["rows"], metrics["parts"], metrics["seed"]) == (442, 3, 1)
    errors = metrics["rmse"]
    assert errors["network"] < 60 < 75 < errors["mean"]
    assert 53 < errors["least_squares"] < 57
    assert metrics["r2"]["least_squares"] == pytest.approx(1 - (errors["least_squares"] / load()[1].std(ddof=0)) ** 2)
    assert f"{errors['network']:.3f}" in result.stdout
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

    def predict(y: Any) -> list[pandas.DataFrame]:
        nn.manual_seed(0)
        return [part for part, _ in cross_validate(X, y, parts=3, epochs=10, seed=0)]

    parts = predict(y)
    assert sorted(row for part in parts for row in part.index) == list(range(442))
    changed = y.copy()
    changed[parts[0].index] = 1e6
    again = predict(changed)
    for name in ("network", "least_squares", "mean"):
        assert np.array_equal(parts[0][name], again[0][name]), name
        assert not np.array_equal(parts[1][name], again[1][name]), name


def test_the_errors_are_those_of_the_definition() -> None:
    generator = np.random.default_rng(0)
    truth = pandas.Series(generator.normal(size=20))
    predictions = pandas.DataFrame(generator.normal(size=(20, 2)), columns=["network", "least_squares"])
    table, gain = compare(predictions, truth)
    errors = (predictions["network"] - truth).to_numpy()
    expected = [np.sqrt(np.mean(errors**2)), np.mean(np.abs(errors)), 1 - np.mean(errors**2) / np.var(truth)]
    np.testing.assert_allclose(table.loc["network"], expected)
    gains = (predictions["least_squares"] - truth) ** 2 - errors**2
    assert gain == pytest.approx(np.mean(gains) / np.std(gains) * np.sqrt(20))


def test_least_squares_finds_a_linear_function() -> None:
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=["a", "b", "c"])
    np.testing.assert_allclose(least_squares(X, 3 + X["a"] - 2 * X["c"], X[:2]), (3 + X["a"] - 2 * X["c"])[:2])


def test_a_table_that_does_not_fit_is_named() -> None:
    X, y = load()
    model = diabetes.train(X, y, epochs=1)
    with pytest.raises(ValueError, match=r"the columns \['ldl'\] are missing: the model was trained with \['age', "):
        nn.predict(model, X.drop(columns="ldl"))
    with pytest.raises(ValueError, match=r"the columns \['blood_pressure'\] are missing"):
        nn.predict(model, X.rename(columns={"blood_pressure": "bp"}))


@pytest.mark.thorough
def test_ctrl_c_saves_the_complete_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupt_after(complete: int) -> None:
        begun = iter(range(complete))

        class Press(nn.training.EarlyStopping):
            def on_step(self, training: Any) -> None:
                if training.step == 1 and next(begun, None) is None:
                    signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(nn.training, "EarlyStopping", Press)

    def main(name: str) -> int:
        parser = command.parser("diabetes", diabetes.__doc__, quick="3 parts")
        return command.run(parser, diabetes.main, ["--quick", "--out", str(tmp_path / name)])

    interrupt_after(2)
    assert main("two") == 130
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert (metrics["parts"], len(metrics["epochs"]), metrics["interrupted"]) == (2, 2, True)
    assert not (tmp_path / "two" / "model.npz").exists()
    monkeypatch.undo()
    interrupt_after(0)
    assert main("none") == 130
    assert "before one part was complete" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(command.UsageError, match="pip install scikit-learn"):
        load()


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, wrong=("--seed", "one", "'one' is not a whole number"))
