"""Predict how diabetes goes on from a table of measurements: regression with pandas, beside least squares.

    python -m examples.diabetes           an error of 54.7, as least squares (54.8), in a second
    python -m examples.diabetes --quick   3 parts and at most 10 epochs, to see that it works

The table is of 442 patients: ten columns (age, sex, body mass index, blood pressure, six blood values), and a measure
of how far the disease had come a year later (Efron et al., "Least Angle Regression", Annals of Statistics 32, 2004).
It comes with scikit-learn. So few rows say little when a tenth of them is held out once; here each tenth is held out
in turn, and every row is predicted by a network that was trained without it. Nearly all that these columns tell is
linear: the network and least squares are about as good. That shows only where both are measured on the same rows.

Writes runs/diabetes: model.npz (a network trained on all rows), metrics.json (the errors) and predictions.png (what was
predicted against what was measured). After Ctrl-C the parts that are complete are written.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas

import nn
from examples import command

# The blood values have numbers in scikit-learn's table.
NAMES = {
    "bp": "blood_pressure", "s1": "cholesterol", "s2": "ldl", "s3": "hdl", "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides", "s6": "glucose",
}  # fmt: skip
HIDDEN, PATIENCE = 64, 15  # units; epochs


class Standardized(nn.Module):
    """A network between standardized numbers, which is given and returns them as they were measured.

    The means and deviations are buffers, of the rows that it is made with alone: those that are held out stay unseen.
    """

    def __init__(self, X: pandas.DataFrame, y: Any) -> None:
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


def load() -> tuple[pandas.DataFrame, Any]:
    """Return the table of measurements, and what is to be predicted."""
    try:
        from sklearn.datasets import load_diabetes
    except ImportError as error:
        raise command.UsageError("the table comes with scikit-learn: pip install scikit-learn") from error
    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
    return table.drop(columns="target"), table["target"]


def train(X: pandas.DataFrame, y: Any, epochs: int, **options: Any) -> Standardized:
    """Return a trained network."""
    model = Standardized(X, y)
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=epochs, verbose=False, **options)
    return model


def least_squares(X: pandas.DataFrame, y: Any, unseen: pandas.DataFrame) -> Any:
    """Return what the linear function that fits `X` and `y` best says of rows: a baseline."""
    weights = np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), y, rcond=None)[0]
    return np.column_stack([np.ones(len(unseen)), unseen]) @ weights


def cross_validate(
    X: pandas.DataFrame, y: Any, parts: int, epochs: int, seed: int
) -> Iterator[tuple[pandas.DataFrame, int]]:
    """Yield what the other rows tell of each part of the rows, and after how many epochs the network knew it best.

    A sixth of the other rows says when a network has been trained enough. Least squares, which needs no such thing,
    has them too.
    """
    order = np.random.default_rng(seed).permutation(len(X))
    for held_out in np.array_split(order, parts):
        others = order[~np.isin(order, held_out)]
        judges, rows = np.split(others, [len(others) // 6])
        stopping = nn.training.EarlyStopping(patience=PATIENCE)
        validation = (X.iloc[judges], y.iloc[judges])
        model = train(X.iloc[rows], y.iloc[rows], epochs, validation=validation, callbacks=[stopping])
        unseen = X.iloc[held_out]
        predictions = {
            "network": nn.predict(model, unseen),
            "least_squares": least_squares(X.iloc[others], y.iloc[others], unseen),
            "mean": y.iloc[others].mean(),
        }
        yield pandas.DataFrame(predictions, index=unseen.index), stopping.best_epoch


def main(options: argparse.Namespace) -> None:
    """Predict each part without it, train a network with all rows, and write what was learned."""
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
        predictions = pandas.concat(found)
        table, gain = compare(predictions, y[predictions.index])
        print(f"\nerrors on {len(predictions)} rows, each held out once:")
        print(table.to_string(float_format="{:.3f}".format))
        print(f"the network gains {gain:+.1f} standard errors on least squares; less than 2 may well be chance")
        metrics = {"rows": len(predictions), "parts": len(found), "epochs": best_epochs}
        errors = {str(name): dict(table[name]) for name in table} | {"gain_of_the_network_in_standard_errors": gain}
        files = {"predictions.png": lambda path: draw(predictions, y[predictions.index], table, path)}
        run.write(None if run.requested else model, metrics | errors, files)


def compare(predictions: pandas.DataFrame, truth: Any) -> tuple[pandas.DataFrame, float]:
    """Return the errors over all rows that were held out, and how sure the difference between them is."""
    errors = predictions.sub(truth, axis=0)
    squares = errors**2
    r2 = 1 - squares.sum() / ((truth - truth.mean()) ** 2).sum()
    gains = squares["least_squares"] - squares["network"]
    table = pandas.DataFrame({"rmse": np.sqrt(squares.mean()), "mae": errors.abs().mean(), "r2": r2})
    return table, float(gains.mean() / (gains.std(ddof=0) / np.sqrt(len(gains))))


def draw(predictions: pandas.DataFrame, truth: Any, table: pandas.DataFrame, path: Path) -> None:
    """Draw what was predicted of each row against what was measured."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 5.0), layout="constrained")
    figure.suptitle(f"How diabetes goes on: {len(truth)} patients, each held out once")
    both = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, name, colour in zip(both, ("network", "least_squares"), ("#0072b2", "#d55e00"), strict=True):
        axes.axline((100, 100), slope=1, color="#8c8c8c", linewidth=1, linestyle="--")
        axes.scatter(predictions[name], truth, s=16, color=colour, alpha=0.6, linewidths=0)
        axes.set_title("{}: error {rmse:.1f}, R² {r2:.2f}".format(name.replace("_", " "), **table.loc[name]))
        axes.set(xlabel="predicted", aspect="equal", xlim=(0, 360), ylim=(0, 360))
    both[0].set_ylabel("measured a year later")
    command.save_figure(figure, path)


if __name__ == "__main__":
    sys.exit(command.run(command.parser("diabetes", __doc__, quick="3 parts and at most 10 epochs"), main))
