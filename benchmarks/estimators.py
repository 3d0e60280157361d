"""`nn.sklearn` beside scikit-learn's own networks: errors of a grid search on rows that it did not see, and its time.

Run it with ``python -m benchmarks.estimators``. The tables come with scikit-learn: diabetes (442 rows; its `sex` is
one-hot encoded) and wine (178 rows, three kinds). Both networks have the same widths, steps and learning rate, no
penalty, and inputs and targets that are scaled. CPU time of one process.
"""

from benchmarks.timing import progress  # isort: skip - first

import argparse
import statistics
import time
import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nn.sklearn import Classifier, Regressor

GRID = [(16,), (64,), (32, 32)]
EPOCHS, BATCH = 60, 32


def searches(seed: int) -> dict[str, dict[str, Any]]:
    """Return the grid searches that are compared, by table and by kind of network."""
    columns = make_column_transformer((OneHotEncoder(), ["sex"]), remainder=StandardScaler())
    ours: dict[str, Any] = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": 0.001, "random_state": seed}
    theirs: dict[str, Any] = {
        "max_iter": EPOCHS,
        "batch_size": BATCH,
        "alpha": 0,
        "n_iter_no_change": EPOCHS,
        "random_state": seed,
    }

    def regression(network: Any, widths: str) -> Any:
        model = TransformedTargetRegressor(make_pipeline(columns, network), transformer=StandardScaler())
        return GridSearchCV(model, {f"regressor__{widths}": GRID}, cv=3)

    def classification(network: Any, widths: str) -> Any:
        return GridSearchCV(make_pipeline(StandardScaler(), network), {widths: GRID}, cv=3)

    return {
        "diabetes, root of the mean squared error": {
            "nn.sklearn": regression(Regressor(**ours), "regressor__hidden"),
            "scikit-learn": regression(MLPRegressor(**theirs), "mlpregressor__hidden_layer_sizes"),
        },
        "wine, share of errors": {
            "nn.sklearn": classification(Classifier(**ours), "classifier__hidden"),
            "scikit-learn": classification(MLPClassifier(**theirs), "mlpclassifier__hidden_layer_sizes"),
        },
    }


def errors(search: Any, X: Any, y: Any, seed: int) -> tuple[float, float]:
    """Return the error on rows of five folds that a search did not see, and the seconds of a search."""
    numbers = y.dtype.kind == "f"
    folds: Any = KFold if numbers else StratifiedKFold
    wrong, seconds = [], []
    for train, test in folds(5, shuffle=True, random_state=seed).split(X, y):
        model = clone(search)
        started = time.process_time()
        model.fit(X.iloc[train], y.iloc[train])
        seconds.append(time.process_time() - started)
        found = model.predict(X.iloc[test])
        wrong.append(((found - y.iloc[test]) ** 2).mean() if numbers else (found != y.iloc[test]).mean())
    return (float(np.sqrt(np.mean(wrong))) if numbers else float(np.mean(wrong))), statistics.median(seconds)


def main() -> None:
    """Print errors and times, as means over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is what is compared
    tables = [load_diabetes(as_frame=True, return_X_y=True, scaled=False), load_wine(as_frame=True, return_X_y=True)]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed in range(options.seeds):
        for (title, kinds), (X, y) in zip(searches(seed).items(), tables, strict=True):
            for kind, search in kinds.items():
                progress(f"seed {seed}: {title}, {kind}")
                found.setdefault((title, kind), []).append(errors(search, X, y, seed))
    progress("")
    print("| table | network | error | of seeds | seconds of a search |\n|---|---|---:|---:|---:|")
    for (title, kind), pairs in found.items():
        wrong, seconds = zip(*pairs, strict=True)
        span = f"{min(wrong):.4g} to {max(wrong):.4g}"
        print(f"| {title} | {kind} | {statistics.mean(wrong):.4g} | {span} | {statistics.median(seconds):.2f} |")


if __name__ == "__main__":
    main()
