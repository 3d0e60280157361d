"""Regression with pandas: predict the progression of diabetes, and compare with least squares.

    python -m examples.diabetes           an error of 54.7, as least squares (54.8), in a second
    python -m examples.diabetes --quick   3 parts and at most 10 epochs, to see that it works

The table has 442 patients: ten columns (age, sex, body mass index, blood pressure, six blood values), and a measure of
the progression of the disease a year later (Efron et al., "Least Angle Regression", Annals of Statistics 32, 2004). It
comes with scikit-learn. With so few rows, a single held-out tenth says little. So each tenth is held out in turn, and
every row is predicted by a network that was trained without it. The dependence is nearly linear: the network is about
as good as least squares on the same rows.

Writes runs/diabetes: model.npz (a network trained on all rows), metrics.json (the errors) and predictions.png
(predictions against measurements).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame, concat

import nn
from examples import command

# The blood values have numbers in scikit-learn's table.
NAMES = {
    "bp": "blood_pressure", "s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides", "s6": "glucose",
}  # fmt: skip
HIDDEN, PATIENCE = 64, 15  # units; epochs


class Standardized(nn.Module):
    """A network that standardizes its inputs and output internally: from outside they are as measured.

    The means and deviations are buffers. They come from the training rows only: held-out rows stay unseen.
    """

    def __init__(self, X: DataFrame, y: Any) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(X.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, 1), nn.Flatten(0)
        )
        statistics = {"mean": X.mean(), "deviation": X.std(), "y_mean": y.mean(), "y_deviation": y.std()}
        for name, value in statistics.items():
            self.register_buffer(name, np.asarray(value, np.float32))

    def forward(self, x: Any) -> Any:
        """Predict from rows of measurements, shape (n, columns): numbers, shape (n,)."""
        return self.network((x - self.mean) / self.deviation) * self.y_deviation + self.y_mean


def load() -> tuple[DataFrame, Any]:
    """Return the table of measurements, and the column to predict."""
    try:
        from sklearn.datasets import load_diabetes
    except ImportError as error:
        raise command.UsageError("the table comes with scikit-learn: pip install scikit-learn") from error
    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
    return table.drop(columns="target"), table["target"]


def train(X: DataFrame, y: Any, epochs: int, **options: Any) -> Standardized:
    """Return a trained network."""
    model = Standardized(X, y)
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=epochs, verbose=False, **options)
    return model


def least_squares(X: DataFrame, y: Any, unseen: DataFrame) -> Any:
    """Return the predictions of ordinary least squares for unseen rows, as a baseline."""
    weights = np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]
    return np.column_stack([np.ones(len(unseen)), unseen]) @ weights


def cross_validate(X: DataFrame, y: Any, parts: int, epochs: int, seed: int) -> Iterator[tuple[DataFrame, int]]:
    """Predict each part of the rows from the others; yield the predictions, and the best epoch of the network.

    A sixth of the other rows is the validation set that ends the training of the network. Least squares, which needs
    no validation, is fitted to all of them.
    """
    order = np.random.default_rng(seed).permutation(len(X))
    for held_out in np.array_split(order, parts):
        others = order[~np.isin(order, held_out)]
        validating, rows = np.split(others, [len(others) // 6])
        stopping = nn.training.EarlyStopping(patience=PATIENCE)
        validation = (X.iloc[validating], y.iloc[validating])
        model = train(X.iloc[rows], y.iloc[rows], epochs, validation=validation, callbacks=[stopping])
        unseen = X.iloc[held_out]
        predictions = {
            "network": nn.predict(model, unseen),
            "least_squares": least_squares(X.iloc[others], y.iloc[others], unseen),
            "mean": y.iloc[others].mean(),
        }
        yield DataFrame(predictions, index=unseen.index), stopping.best_epoch


def main(options: argparse.Namespace) -> None:
    """Predict each part from the others, train a network with all rows, and write the results."""
    X, y = load()
    parts, epochs = (3, 10) if options.quick else (10, 300)
    nn.manual_seed(options.seed)

    with command.Run(options) as run:
        found, best_epochs = [], []
        for number, (part, epoch) in enumerate(cross_validate(X, y, parts, epochs, options.seed), 1):
            if run.requested:
                break
            found.append(part)
            best_epochs.append(epoch)
            error = float(np.sqrt(((part["network"] - y[part.index]) ** 2).mean()))
            print(f"part {number}/{parts}: {epoch} epochs, error {error:.1f}")
        if not found:
            print("Ctrl-C came before one part was complete: nothing is written", file=sys.stderr)
            return
        model = train(X, y, epochs=round(float(np.mean(best_epochs))))
        predictions = concat(found)
        table, gain = compare(predictions, y[predictions.index])
        print(f"\nerrors on {len(predictions)} rows, each held out once:")
        print(table.to_string(float_format="{:.3f}".format))
        print(f"the network gains {gain:+.1f} standard errors on least squares; less than 2 may well be chance")
        metrics = {"rows": len(predictions), "parts": len(found), "epochs": best_epochs}
        errors = {str(name): dict(table[name]) for name in table} | {"gain_of_the_network_in_standard_errors": gain}
        files = {"predictions.png": lambda path: draw(predictions, y[predictions.index], table, path)}
        run.write(None if run.requested else model, metrics | errors, files)


def compare(predictions: DataFrame, truth: Any) -> tuple[DataFrame, float]:
    """Return the errors over all held-out rows, and the gain of the network over least squares in standard errors."""
    errors = predictions.sub(truth, axis=0)
    squares = errors**2
    r2 = 1 - squares.sum() / ((truth - truth.mean()) ** 2).sum()
    gains = squares["least_squares"] - squares["network"]
    table = DataFrame({"rmse": np.sqrt(squares.mean()), "mae": errors.abs().mean(), "r2": r2})
    return table, float(gains.mean() / (gains.std(ddof=0) / np.sqrt(len(gains))))


def draw(predictions: DataFrame, truth: Any, table: DataFrame, path: Path) -> None:
    """Draw the predictions against the measurements."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.0), layout="constrained")
    figure.suptitle(f"Progression of diabetes: {len(truth)} patients, each held out once")
    both = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, name, colour in zip(both, ("network", "least_squares"), ("#0072b2", "#d55e00"), strict=True):
        axes.axline((100, 100), slope=1, color="#8c8c8c", linewidth=1, linestyle="--")
        axes.scatter(predictions[name], truth, s=16, color=colour, alpha=0.6, linewidths=0)
        axes.set_title("{}: error {rmse:.1f}, R² {r2:.2f}".format(name.replace("_", " "), **table.loc[name]))
        axes.set(xlabel="predicted", aspect="equal", xlim=(0, 360), ylim=(0, 360))
    both[0].set_ylabel("measured a year later")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    sys.exit(command.run(command.parser("diabetes", __doc__, quick="3 parts and at most 10 epochs"), main))
