"""Networks as estimators of scikit-learn: its own checks, and what they do not look at."""

import copy
import functools
import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

import nn
from autograd import Tensor
from nn.sklearn import Classifier, Regressor

ROOT = Path(__file__).parent.parent.parent
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 10, "learning_rate": 0.05, "random_state": 0}
# Of the array API, which needs an environment variable before SciPy is loaded: another process has it.
ELSEWHERE = "check_array_api_input"


@pytest.fixture(autouse=True)
def seeded() -> None:
    nn.manual_seed(0)


def checks() -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    for estimator in (Classifier(**SMALL), Regressor(**SMALL)):
        for number, (_, check) in enumerate(estimator_checks_generator(estimator)):
            name = getattr(check, "func", check).__name__
            if name != ELSEWHERE and not name.endswith("decision_function"):  # which networks do not have
                found[f"{type(estimator).__name__} {name} {number}"] = functools.partial(check, clone(estimator))
    return found


CHECKS = checks()


def test_all_checks_are_there() -> None:
    assert len(CHECKS) > 110


@pytest.mark.one_in(4)
@pytest.mark.parametrize("check", CHECKS)
def test_a_check_of_scikit_learn(check: str) -> None:
    CHECKS[check]()


@pytest.mark.thorough
def test_nn_does_not_load_it_and_the_checks_of_the_array_api() -> None:
    generated = [check for kind in (Classifier, Regressor) for _, check in estimator_checks_generator(kind(**SMALL))]
    count = [getattr(check, "func", check).__name__ for check in generated].count(ELSEWHERE)
    before = tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8)  # it was for estimators that ask for it alone
    assert count == 2 or before
    program = f"""if True:
        import sys, nn
        assert "sklearn" not in sys.modules
        from sklearn.utils.estimator_checks import estimator_checks_generator
        from nn.sklearn import Classifier, Regressor
        found = 0
        for kind in (Classifier, Regressor):
            for estimator, check in estimator_checks_generator(kind(**{SMALL})):
                if getattr(check, "func", check).__name__ == {ELSEWHERE!r}:
                    check(estimator)
                    found += 1
        assert found == {count}
    """
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)


def test_the_tags_say_what_is_so() -> None:
    for estimator, several in ((Classifier(), False), (Regressor(), True)):
        tags = get_tags(estimator)
        assert tags.input_tags.sparse
        assert tags.target_tags.multi_output is several
        assert several or tags.classifier_tags.multi_label
        assert not tags.non_deterministic
        assert not tags._skip_test
        assert not tags.no_validation


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nn.sklearn")
    monkeypatch.setitem(sys.modules, "sklearn.utils.validation", None)
    with pytest.raises(ImportError, match=r"nn\.sklearn needs scikit-learn 1\.7 or later: pip install"):
        importlib.import_module("nn.sklearn")


# Data

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 3))
SEVERAL = np.stack([X[:, 0] > 0, X[:, 1] + X[:, 0] > 0.5, X[:, 1] < -2], axis=1)
SCORE = X[:, 0] - X[:, 1] * X[:, 2]
NAMED = np.array(["low", "middle", "high"])[np.digitize(SCORE, [-0.5, 0.5])]
TABLE = pd.DataFrame(X, columns=["width", "height", "depth"]).assign(kind=np.where(X[:, 0] > 0, "new", "old"))


def same(one: Any, other: Any, rows: Any = X) -> bool:
    return bool((one._outputs(rows) == other._outputs(rows)).all())


@pytest.mark.parametrize(
    "labels", [NAMED, SCORE > 0, (SCORE > 0) * 7 - 3, pd.Series(NAMED, dtype="category"), NAMED.astype(object)]
)
def test_labels_of_any_type(labels: Any) -> None:
    model = Classifier(**{**SMALL, "epochs": 40}).fit(X, labels)
    assert model.score(X, labels) > 0.9
    assert model.classes_.tolist() == sorted(set(labels))
    assert set(model.predict(X)) <= set(labels)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (120, len(model.classes_))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (model.classes_[probabilities.argmax(axis=1)] == model.predict(X)).all()


def test_several_targets_and_their_shapes() -> None:
    targets = np.stack([SCORE, X[:, 0], -X[:, 1]], axis=1)
    model = Regressor(**{**SMALL, "hidden": (16, 16), "epochs": 60}).fit(X, targets)
    assert model.predict(X).shape == (120, 3)
    assert model.score(X, targets) > 0.9
    assert Regressor(**SMALL).fit(X, SCORE).predict(X).shape == (120,)
    assert Regressor(**SMALL).fit(X, SCORE[:, None]).predict(X).shape == (120, 1)
    with pytest.raises(ValueError, match=r"y has shape \(120,\), but the network was trained with 3 outputs"):
        model.partial_fit(X, SCORE)


def test_columns_are_known_by_name() -> None:
    numbers = TABLE.drop(columns="kind")
    for table in (numbers, pl.DataFrame(dict(numbers.items()))):
        model = Regressor(**SMALL).fit(table, SCORE)
        assert model.feature_names_in_.tolist() == ["width", "height", "depth"]
        assert (model.predict(table) == Regressor(**SMALL).fit(X, SCORE).predict(X)).all()
    with pytest.raises(ValueError, match=r"(?s)seen at fit time, yet now missing:\n- height"):
        model.predict(numbers.drop(columns="height"))
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(numbers[["height", "width", "depth"]])
    with pytest.raises(ValueError, match="X has 2 features, but Regressor is expecting 3"):
        Regressor(**SMALL).fit(X, SCORE).predict(X[:, :2])


@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.coo_matrix])
def test_sparse_inputs_are_made_dense(kind: Any) -> None:
    model = Classifier(**SMALL).fit(kind(X), NAMED)
    assert same(model, Classifier(**SMALL).fit(X, NAMED), kind(X))


# Random numbers


def test_a_random_state_decides_all_and_touches_no_generator() -> None:
    before, state = nn.random.default_generator().bit_generator.state, np.random.get_state()[1].copy()  # type: ignore[index]
    models = [Classifier(make_dropout, **{**SMALL, "hidden": None, "early_stopping": True}) for _ in range(2)]
    for model in models:
        model.fit(X, NAMED)
    assert same(*models)
    assert not same(models[0], clone(models[0]).set_params(random_state=1).fit(X, NAMED))
    assert nn.random.default_generator().bit_generator.state == before
    assert (np.random.get_state()[1] == state).all()  # type: ignore[index]
    assert same(*(clone(models[0]).set_params(random_state=np.random.RandomState(5)).fit(X, NAMED) for _ in range(2)))


def test_without_a_random_state_the_seed_of_nn_decides() -> None:
    model = Regressor(hidden=(4,), epochs=1)
    first = copy.deepcopy(model.fit(X, SCORE))
    assert not same(first, model.fit(X, SCORE))
    nn.manual_seed(0)
    assert same(first, model.fit(X, SCORE))


def test_neither_order_nor_repetition_of_rows_matters() -> None:
    weights = rng.integers(0, 4, size=120)
    order = rng.permutation(120)
    model = Classifier(**{**SMALL, "class_weight": "balanced"}).fit(X, NAMED, sample_weight=weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0), np.repeat(NAMED, weights))
    moved = clone(model).fit(X[order], NAMED[order], sample_weight=weights[order] * 2.0)
    assert same(model, repeated)
    assert same(model, moved)
    assert not same(model, clone(model).fit(X, NAMED))


def test_a_prediction_depends_on_no_other_row() -> None:
    model = Regressor(**SMALL).fit(X, SCORE)
    assert {parameter.dtype for parameter in model.module_.parameters()} == {np.dtype(np.float32)}
    alone = np.concatenate([model.predict(row[None]) for row in X])
    np.testing.assert_allclose(model.predict(X), alone, rtol=1e-12, atol=1e-14)


# Modules


def make_dropout(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, outputs))


def test_a_module_a_class_and_a_function() -> None:
    started = nn.Linear(3, 3)
    weight = started.weight.data.copy()
    for module in (started, nn.Linear, make_dropout, functools.partial(nn.Linear, bias=False)):
        model = Classifier(module, epochs=20, learning_rate=0.05, random_state=0).fit(X, NAMED)
        assert model.score(X, NAMED) > 0.5
        assert same(clone(model).fit(X, NAMED), model)
    assert (started.weight.data == weight).all()
    assert clone(Classifier(nn.Linear)).module is nn.Linear


def test_copies() -> None:
    model = Classifier(make_dropout, epochs=3, random_state=0, callbacks=[nn.training.EarlyStopping("loss")])
    model.fit(X, NAMED)
    loaded = pickle.loads(pickle.dumps(model))
    assert same(model, loaded)
    assert same(model.partial_fit(X, NAMED), loaded.partial_fit(X, NAMED))
    assert not hasattr(clone(model), "module_")


@pytest.mark.thorough
def test_a_grid_in_processes() -> None:
    parts = make_column_transformer(
        (StandardScaler(), ["width", "height", "depth"]), (OneHotEncoder(sparse_output=False), ["kind"])
    )
    pipeline = make_pipeline(parts, Classifier(random_state=0, learning_rate=0.02, epochs=30))
    pipeline.set_output(transform="pandas")
    grid = GridSearchCV(pipeline, {"classifier__hidden": [(1,), (16,)]}, cv=3, n_jobs=2, error_score="raise")
    grid.fit(TABLE, NAMED)
    assert grid.best_params_ == {"classifier__hidden": (16,)}
    assert grid.score(TABLE, NAMED) > 0.9
    names = grid.best_estimator_[-1].feature_names_in_.tolist()
    assert names[-1] == "onehotencoder__kind_old"
    again = clone(pipeline).set_params(**grid.best_params_).fit(TABLE, NAMED)
    assert (again.predict_proba(TABLE) == grid.predict_proba(TABLE)).all()


def test_targets_are_scaled_around_it() -> None:
    inner = Regressor(hidden=(32,), epochs=40, learning_rate=0.02, random_state=0)
    model = TransformedTargetRegressor(inner, transformer=StandardScaler())
    assert cross_val_score(model, X, 1e4 * SCORE + 1e5, cv=3).mean() > 0.8


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the number of epochs is that of both
def test_a_search_over_a_real_table_is_as_good_as_with_scikit_learns_network() -> None:
    X, y = load_diabetes(as_frame=True, return_X_y=True, scaled=False)
    columns = make_column_transformer((OneHotEncoder(), ["sex"]), remainder=StandardScaler())
    wrong = {}
    for network, widths in (
        (Regressor(epochs=20, random_state=0), "regressor__hidden"),
        (MLPRegressor(max_iter=20, alpha=0, batch_size=32, random_state=0), "mlpregressor__hidden_layer_sizes"),
    ):
        model = TransformedTargetRegressor(make_pipeline(columns, network), transformer=StandardScaler())
        search = GridSearchCV(model, {f"regressor__{widths}": [(8,), (32,)]}, cv=2)
        search.fit(X[:300], y[:300])
        wrong[type(network)] = float(np.sqrt(((search.predict(X[300:]) - y[300:]) ** 2).mean()))
    assert wrong[Regressor] < 1.1 * wrong[MLPRegressor]
    assert wrong[Regressor] < 0.8 * y[300:].std()


# Training


def test_early_stopping_holds_rows_back_and_restores_the_best() -> None:
    model = Classifier(**{**SMALL, "epochs": 200, "early_stopping": True, "patience": 3, "validation_fraction": 0.25})
    model.fit(X, NAMED)
    history = model.history_
    best = int(history["val_loss"].to_numpy().argmin()) + 1
    assert len(history) == best + 3 < 200
    assert history["steps"].iloc[0] == 3  # 90 rows
    assert vars(model.callbacks_[-1])["best_epoch"] == best
    with pytest.raises(ValueError, match=r"partial_fit has no rows to hold back for early_stopping=True"):
        model.partial_fit(X, NAMED)


def test_a_warm_start_goes_on() -> None:
    whole = Regressor(**{**SMALL, "epochs": 2}).fit(X, SCORE)
    parts = Regressor(**{**SMALL, "epochs": 2, "warm_start": True}).fit(X, SCORE)
    module = parts.module_
    assert same(whole, parts)
    parts.set_params(learning_rate=0.01).fit(X, SCORE)
    assert parts.module_ is module
    assert parts.optimizer_.param_groups[0]["lr"] == pytest.approx(0.01)
    assert parts.score(X, SCORE) > whole.score(X, SCORE)
    model = Classifier(**SMALL, warm_start=True).fit(X, NAMED)
    with pytest.raises(ValueError, match=r"goes on with the classes \['high', .* but y has \['high', 'low'\].*partial"):
        model.fit(X[NAMED != "middle"], NAMED[NAMED != "middle"])


def test_a_part_after_the_other() -> None:
    model = Classifier(**SMALL)
    for _ in range(30):
        for part in (slice(0, 60), slice(60, 120)):
            model.partial_fit(X[part], NAMED[part], classes=["low", "middle", "high"])
    assert model.score(X, NAMED) > 0.85
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        Classifier().partial_fit(X, NAMED)
    with pytest.raises(ValueError, match=r"classes=\['a'\], but the first call had \['high'"):
        model.partial_fit(X, NAMED, classes=["a"])
    with pytest.raises(ValueError, match=r"labels \['huge'\], which are not among"):
        model.partial_fit(X[:1], ["huge"])


def test_classes_have_weights() -> None:
    rare = np.where(SCORE > 1.3, "rare", "usual")
    found = {}
    for weight in (None, "balanced", {"rare": 20.0}):
        model = Classifier(nn.Linear, epochs=20, learning_rate=0.02, random_state=0, class_weight=weight).fit(X, rare)
        found[str(weight)] = (model.predict(X) == "rare").mean()
    assert found["None"] < found["balanced"] < found["{'rare': 20.0}"]
    with pytest.raises(ValueError, match="'balanced' needs all rows, which partial_fit does not have: pass a dict"):
        Classifier(class_weight="balanced").partial_fit(X, rare, classes=["rare", "usual"])


class Count(nn.training.Callback):
    def __init__(self) -> None:
        self.epochs = 0

    def on_epoch(self, training: nn.training.Training) -> None:
        self.epochs += 1


def test_callbacks_losses_and_optimizers() -> None:
    count, seen = Count(), list[int]()
    watching = nn.training.LambdaCallback(on_epoch=lambda training: seen.append(training.epoch))
    optimizer = functools.partial(nn.optim.SGD, momentum=0.9)
    model = Regressor(**SMALL, loss=nn.HuberLoss(), optimizer=optimizer, callbacks=[count, watching]).fit(X, SCORE)
    assert (count.epochs, vars(model.callbacks_[0])["epochs"], len(seen)) == (0, 10, 10)
    assert isinstance(model.optimizer_, nn.optim.SGD)
    assert not same(model, Regressor(**SMALL, optimizer=optimizer).fit(X, SCORE))


def test_threads_do_not_share_their_seeds() -> None:
    grid = GridSearchCV(Regressor(**SMALL), {"batch_size": [16, 32, 64]}, cv=2, error_score="raise")
    found = [clone(grid).fit(X, SCORE)]
    with joblib.parallel_backend("threading"):
        found.append(clone(grid).set_params(n_jobs=3).fit(X, SCORE))
    one, other = (each.cv_results_["mean_test_score"] for each in found)
    assert (one == other).all()


# Errors


def flat(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, 1)


def no_module(inputs: int, outputs: int) -> Any:
    return Tensor([1.0])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "epochs": ({"epochs": 0}, "Classifier: epochs should be a whole number of at least 1, not 0"),
    "batch size": ({"batch_size": 2.5}, "batch_size should be a whole number of at least 1, not 2.5"),
    "patience": ({"patience": True}, "patience should be a whole number"),
    "learning rate": ({"learning_rate": "fast"}, "learning_rate should be a number above 0, not 'fast'"),
    "fraction": ({"validation_fraction": 1.0}, "validation_fraction should be above 0 and below 1, not 1.0"),
    "optimizer": ({"optimizer": nn.optim.Adam(nn.Linear(1, 1).parameters())}, "should be a class such as nn.optim"),
    "widths": ({"hidden": 64}, r"hidden should be the widths of the hidden layers, such as \(64,\)"),
    "a width": ({"hidden": (8, 0)}, r"not \(8, 0\)"),
    "module": ({"module": (8, 8)}, r"module should be an nn.Module, or a class.*the widths of layers are hidden="),
    "both": ({"module": nn.Linear, "hidden": (3,)}, "module and hidden are given: pass one"),
    "outputs": (
        {"module": flat},
        r"shape \(1, 1\) for one row of 3 numbers, where \(1, 3\).* output for each class",
    ),
    "made": ({"module": no_module}, "module should make an nn.Module, not a Tensor"),
    "callbacks": ({"callbacks": nn.training.EarlyStopping()}, "should be a list of nn.training.Callback"),
    "class weight": ({"class_weight": "even"}, "class_weight"),
    "random state": ({"random_state": "x"}, "'x' cannot be used to seed"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options(case: str) -> None:
    options, message = WRONG[case]
    model = Classifier(**options)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(X, NAMED)
    assert not hasattr(model, "module_")


WRONG_DATA: dict[str, tuple[Callable[[], object], str]] = {
    "not fitted": (lambda: Classifier().predict(X), "This Classifier instance is not fitted yet. Call 'fit'"),
    "labels with nan": (lambda: Classifier().fit(X, np.where(SCORE > 0, 1, np.nan)), "Input y contains NaN"),
    "targets with nan": (lambda: Regressor().fit(X, np.where(SCORE > 0, 1, np.nan)), "Input y contains NaN"),
    "continuous labels": (lambda: Classifier().fit(X, SCORE), "Unknown label type: continuous.*regression target"),
    "several classes in columns": (
        lambda: Classifier().fit(X, np.arange(240).reshape(120, 2) % 3),
        "y has 2 columns of several classes: give columns of 0 and 1, .*, or use .*MultiOutputClassifier",
    ),
    "weights of several labels": (
        lambda: Classifier(class_weight="balanced").fit(X, SEVERAL),
        r"class_weight='balanced' is for one label a row: .* loss=nn.BCEWithLogitsLoss\(pos_weight=\.\.\.\)",
    ),
    "texts": (
        lambda: Regressor().fit(TABLE, SCORE),
        r"Regressor: column 'kind' of X holds text, such as '(new|old)', .*OneHotEncoder\(\), \['kind'\]",
    ),
    "texts in an array": (lambda: Classifier().fit(TABLE.to_numpy(), NAMED), r"Classifier: column \d of X holds text"),
    "texts in a row to predict": (
        lambda: Regressor(**SMALL).fit(X, SCORE).predict(np.where(X > 2, X.astype(object), "high")),
        "Regressor: column 0 of X holds text, such as 'high'",
    ),
    "texts in a table of Polars": (
        lambda: Regressor().fit(pl.DataFrame(dict(TABLE.items())), SCORE),
        "Regressor: column 'kind' of X holds text",
    ),
    "dates": (
        lambda: Regressor().fit(X.astype("timedelta64[s]").astype(object), SCORE),
        "Regressor: column 0 of X holds dates or times",
    ),
    "text as targets": (
        lambda: Regressor().fit(X, NAMED),
        "Regressor: y holds text, such as '\\w+', where numbers are needed: for classes there is Classifier",
    ),
    "text as one of the targets": (
        lambda: Regressor().fit(X, np.array([[1.0, "many"]] * 120, object)),
        "Regressor: y holds text, such as 'many'",
    ),
    "dates as targets": (
        lambda: Regressor().fit(X, np.datetime64("2020") + np.arange(120)),
        "Regressor: y holds dates or times, such as ",
    ),
    "missing targets": (lambda: Regressor().fit(X, cast(Any, [None] * 120)), "y has values that are missing"),
    "missing": (lambda: Regressor().fit(np.where(X > 2, np.nan, X), SCORE), "Input X contains NaN"),
    "large": (lambda: Regressor().fit(X, SCORE * 1e39), "too large for single precision: scale them"),
    "weights": (lambda: Regressor().fit(X, SCORE, np.full(120, -1)), "sample_weight is -1.0 in row 0: give finite"),
    "few weights": (lambda: Regressor().fit(X, SCORE, np.ones(3)), "has 3 numbers for 120 rows"),
    "no weight": (lambda: Regressor().fit(X, SCORE, np.zeros(120)), "sample_weight of all rows is zero"),
    "no y": (lambda: Regressor().fit(X, cast(Any, None)), "requires y to be passed"),
}


@pytest.mark.parametrize("case", WRONG_DATA)
def test_wrong_data(case: str) -> None:
    call, message = WRONG_DATA[case]
    kind = NotFittedError if case == "not fitted" else ValueError
    with pytest.raises(kind, match=f"(?s){message}"):
        call()


@pytest.mark.parametrize(
    "labels", [SEVERAL, SEVERAL.astype(int), pd.DataFrame(SEVERAL), scipy.sparse.csr_array(SEVERAL)]
)
def test_several_labels_for_a_row(labels: Any) -> None:
    model = Classifier(**SMALL | {"epochs": 40}).fit(X, labels)
    assert model.classes_.tolist() == [0, 1, 2]
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (120, 3)
    np.testing.assert_array_equal(model.predict(X), probabilities > 0.5)
    assert model.score(X, SEVERAL) > 0.9


def test_several_labels_go_on_and_are_held_back() -> None:
    first = Classifier(**SMALL, warm_start=True).fit(X, SEVERAL)
    score = first.history_["loss"].iloc[-1]
    assert first.fit(X, SEVERAL).history_["loss"].iloc[-1] < score
    part = Classifier(**SMALL).partial_fit(X, SEVERAL, classes=range(3)).partial_fit(X, SEVERAL)
    assert part.predict(X).shape == (120, 3)
    assert "val_loss" in Classifier(**SMALL, early_stopping=True).fit(X, SEVERAL).history_
    for model, y in ((first, np.arange(120) % 3), (part, np.arange(120) % 3), (part, SEVERAL[:, :2])):
        method = model.fit if model is first else model.partial_fit
        with pytest.raises(ValueError, match=r"y has shape .*, but the network is for 3 classes, several for each row"):
            method(X, y)


def test_a_column_of_labels_is_taken_with_a_warning() -> None:
    with pytest.warns(DataConversionWarning):
        model = Classifier(**SMALL).fit(X, NAMED[:, None])
    assert model.predict(X).shape == (120,)


def test_one_class_is_learned_without_a_warning() -> None:
    model = Classifier(**SMALL).fit(X, np.full(120, "only"))
    assert set(model.predict(X)) == {"only"}
