"""Predict how diabetes goes on from a table of measurements: regression with pandas, beside least squares.

The table is of 442 patients: ten columns (age, sex, body mass index, blood pressure, six blood values), and a measure
of how far the disease had come a year later (Efron et al., "Least Angle Regression", Annals of Statistics 32, 2004).
It comes with scikit-learn. So few rows say little when a tenth of them is held out once; here each tenth is held out
in turn, and every row is predicted by a network that was trained without it. The folder that it writes holds::

    predictions.png  what was predicted against what was measured, by the network and by least squares
    metrics.json     the errors of both, with which options and versions
    model.npz        a network trained on all rows

Nearly all that these columns tell is linear: the network and least squares are about as good. That shows only where
both are measured on the same rows.

Run it with ``python -m examples.diabetes``; ``--help`` lists the options. Ctrl-C ends the training, and the parts that
are complete are saved.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas
from numpy.typing import NDArray

import nn
from autograd import Tensor, __version__
from examples.files import UsageError, check_writable, save_figure, save_json
from examples.program import EXIT_CODE
from examples.report import BLUE, INK, MUTED, RED, new_figure, pictures_possible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]

# The blood values have numbers in scikit-learn's table.
NAMES = {
    "bp": "blood_pressure",
    "s1": "cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides",
    "s6": "glucose",
}
HIDDEN = 64
PATIENCE = 15  # epochs


class Standardized(nn.Module):
    """A network between standardized numbers, which is given and returns them as they were measured.

    The means and deviations are buffers, of the rows that it is made with alone: those that are held out stay unseen.

    Examples
    --------
    It is trained and used with tables. Columns are taken by name, in any order, and what does not fit is named.

    >>> X = pandas.DataFrame({"bmi": [21.0, 32.0, 27.0], "glucose": [80.0, 90.0, 99.0]})
    >>> y = pandas.Series([75.0, 151.0, 141.0])
    >>> model = Standardized(X, y)
    >>> optimizer = nn.optim.AdamW(model.parameters())
    >>> history = nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=1, verbose=False)
    >>> same = nn.predict(model, X[["glucose", "bmi"]]) == nn.predict(model, X)
    >>> same.tolist()
    [True, True, True]
    >>> nn.predict(model, X.rename(columns={"glucose": "sugar"}))
    Traceback (most recent call last):
    ...
    ValueError: the columns ['glucose'] are missing: the model was trained with ['bmi', 'glucose']
    """

    def __init__(self, X: pandas.DataFrame, y: pandas.Series[float]) -> None:
        super().__init__()
        self.network = nn.Sequential(
            nn.Linear(X.shape[1], HIDDEN), nn.ReLU(), nn.Dropout(0.3), nn.Linear(HIDDEN, 1), nn.Flatten(0)
        )
        statistics = {"mean": X.mean(), "deviation": X.std(), "y_mean": y.mean(), "y_deviation": y.std()}
        for name, value in statistics.items():
            self.register_buffer(name, np.asarray(value, np.float32))

    def forward(self, x: Tensor | Floats) -> Tensor:
        """Predict from rows of measurements, shape (n, columns): numbers, shape (n,)."""
        out: Tensor = self.network((x - self.mean) / self.deviation) * self.y_deviation + self.y_mean
        return out


@dataclass
class Parts:
    """What was predicted of rows that were held out, and the epochs that this took."""

    rows: list[Integers] = field(default_factory=list)
    predictions: dict[str, list[Floats]] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)

    def add(self, rows: Integers, epoch: int, **predictions: Floats) -> None:
        """Add a part."""
        self.rows.append(rows)
        self.epochs.append(epoch)
        for name, values in predictions.items():
            self.predictions.setdefault(name, []).append(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write the folder, and return the exit code."""
    options = parse(arguments)
    try:
        check_writable(options.out)
        X, y = load()
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    pictures = pictures_possible()
    nn.manual_seed(options.seed)
    start = time.perf_counter()
    parts, interrupted = cross_validate(X, y, options)
    if not parts.rows:
        print("Ctrl-C came before one part was complete: nothing is written", file=sys.stderr)
        return EXIT_CODE
    options.out.mkdir(parents=True, exist_ok=True)
    if not interrupted:
        model, history = train(X, y, epochs=round(float(np.mean(parts.epochs))))
        interrupted = stopped_by_hand(history)
        if not interrupted:
            nn.save(model, options.out / "model.npz")
    metrics = measure(y, parts, options, time.perf_counter() - start)
    save_json(metrics, options.out / "metrics.json")
    if pictures:
        save_figure(draw(y, parts, metrics), options.out / "predictions.png")
    show(metrics, options.out)
    return EXIT_CODE if interrupted else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, with those that `--quick` implies."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m examples.diabetes", description=summary)
    parser.add_argument("--seed", type=int, default=0, help="of the parts and the first weights (default: 0)")
    parser.add_argument("--out", type=Path, default=Path("runs/diabetes"), help="default: runs/diabetes")
    parser.add_argument("--quick", action="store_true", help="3 parts and at most 10 epochs, to see that it works")
    options = parser.parse_args(arguments)
    options.parts, options.epochs = (3, 10) if options.quick else (10, 300)
    return options


def load() -> tuple[pandas.DataFrame, pandas.Series[float]]:
    """Return the table of measurements, and what is to be predicted."""
    if find_spec("sklearn") is None:
        raise UsageError("the table comes with scikit-learn, which is not installed: pip install scikit-learn")
    from sklearn.datasets import load_diabetes

    table = load_diabetes(as_frame=True, scaled=False).frame.rename(columns=NAMES)
    return table.drop(columns="target"), table["target"]


def cross_validate(X: pandas.DataFrame, y: pandas.Series[float], options: argparse.Namespace) -> tuple[Parts, bool]:
    """Predict every part of the rows by what the others tell; also return whether Ctrl-C ended it.

    A sixth of the other rows says when a network has been trained enough. Least squares, which needs no such thing,
    has them too.
    """
    parts = Parts()
    order = np.random.default_rng(options.seed).permutation(len(X))
    for number, held_out in enumerate(np.array_split(order, options.parts), 1):
        others = order[~np.isin(order, held_out)]
        judges, rows = np.split(others, [len(others) // 6])
        stopping = nn.training.EarlyStopping(patience=PATIENCE)
        model, history = train(
            X.iloc[rows],
            y.iloc[rows],
            epochs=options.epochs,
            validation=(X.iloc[judges], y.iloc[judges]),
            callbacks=[stopping],
        )
        if stopped_by_hand(history):
            return parts, True
        linear = least_squares(X.iloc[others], y.iloc[others])
        unseen = X.iloc[held_out]
        mean = np.full(len(held_out), y.iloc[others].mean())
        network = nn.predict(model, unseen)
        parts.add(held_out, stopping.best_epoch, network=network, least_squares=linear(unseen), mean=mean)
        error = rmse(network - y.iloc[held_out].to_numpy())
        print(f"part {number}/{options.parts}: {stopping.best_epoch} epochs, error {error:.1f}")
    return parts, False


def train(
    X: pandas.DataFrame, y: pandas.Series[float], epochs: int, **options: Any
) -> tuple[Standardized, pandas.DataFrame]:
    """Return a trained network, and the history of its training."""
    model = Standardized(X, y)
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    return model, nn.fit(model, (X, y), nn.MSELoss(), optimizer, epochs=epochs, verbose=False, **options)


def stopped_by_hand(history: pandas.DataFrame) -> bool:
    """Tell whether Ctrl-C ended a training."""
    return bool(history.attrs["stopped"] == "Ctrl-C")


def least_squares(X: pandas.DataFrame, y: pandas.Series[float]) -> Callable[[pandas.DataFrame], Floats]:
    """Return the linear function that fits best, as a baseline."""

    def design(table: pandas.DataFrame) -> Floats:
        return np.column_stack([np.ones(len(table)), table.to_numpy()])

    weights = np.linalg.lstsq(design(X), y.to_numpy(), rcond=None)[0]
    return lambda table: design(table) @ weights


def rmse(errors: Floats) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(errors))))


def measure(y: pandas.Series[float], parts: Parts, options: argparse.Namespace, seconds: float) -> dict[str, Any]:
    """Return the errors over all rows that were held out, and how sure the difference between them is."""
    truth = y.to_numpy()[np.concatenate(parts.rows)]
    errors = {name: np.concatenate(several) - truth for name, several in parts.predictions.items()}
    gains = np.square(errors["least_squares"]) - np.square(errors["network"])
    return {
        "rows": len(truth),
        "parts": len(parts.rows),
        "rmse": {name: rmse(several) for name, several in errors.items()},
        "mae": {name: float(np.abs(several).mean()) for name, several in errors.items()},
        "r2": {name: float(1 - np.square(several).sum() / np.square(truth - truth.mean()).sum())
               for name, several in errors.items()},
        "gain_of_the_network_in_standard_errors": float(gains.mean() / (gains.std() / np.sqrt(len(gains)))),
        "epochs": parts.epochs,
        "seconds": round(seconds, 3),
        "seed": options.seed,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pandas": pandas.__version__,
            "plaingrad": __version__,
        },
    }  # fmt: skip


def show(metrics: dict[str, Any], folder: Path) -> None:
    """Print what was reached."""
    table = pandas.DataFrame({name: metrics[name] for name in ("rmse", "mae", "r2")})
    print(f"\nerrors on {metrics['rows']} rows, each held out once:")
    print(table.to_string(float_format="{:.3f}".format))
    gain = metrics["gain_of_the_network_in_standard_errors"]
    print(f"the network gains {gain:+.1f} standard errors on least squares; less than 2 may well be chance")
    print(f"{metrics['seconds']:.1f} s; the picture and the numbers are in {folder}")


def draw(y: pandas.Series[float], parts: Parts, metrics: dict[str, Any]) -> Figure:
    """Draw what was predicted of each row against what was measured."""
    truth = y.to_numpy()[np.concatenate(parts.rows)]
    figure = new_figure(9.6, 5.0)
    both = {"network": ("Network", BLUE), "least_squares": ("Least squares", RED)}
    all_axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, (name, (title, colour)) in zip(all_axes, both.items(), strict=True):
        axes.axline((100, 100), slope=1, color=MUTED, linewidth=1, linestyle="--")
        axes.scatter(np.concatenate(parts.predictions[name]), truth, s=16, color=colour, alpha=0.6, linewidths=0)
        axes.set_title(f"{title}: error {metrics['rmse'][name]:.1f}, R² {metrics['r2'][name]:.2f}", color=INK)
        axes.set(xlabel="predicted", aspect="equal", xlim=(0, 360), ylim=(0, 360))
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[0].set_ylabel("measured a year later")
    figure.suptitle(f"How diabetes goes on: {metrics['rows']} patients, each held out once", color=INK)
    return figure


if __name__ == "__main__":
    sys.exit(main())
