"""Metrics over whole epochs: the figures of scikit-learn, whatever the batches, and in trainings and checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError
from nn.training import AUC, F1, R2, ConfusionMatrix, Metric, Precision, Recall, TopK

theirs = pytest.importorskip("sklearn.metrics")

rng = np.random.default_rng(0)
ROWS = 211
LABELS = rng.choice(4, ROWS, p=[0.5, 0.3, 0.15, 0.05])
SCORES = np.round(rng.standard_normal((ROWS, 4)) + 1.5 * np.eye(4)[LABELS], 1)  # rounded: some are equal
PREDICTED = SCORES.argmax(axis=1)
BINARY, LOGITS = (LABELS > 0).astype(int), SCORES[:, 1]


def over(metric: Metric, outputs: Any, targets: Any, size: int) -> Any:
    for start in range(0, len(outputs), size):
        metric.update(outputs[start : start + size], targets[start : start + size])
    return metric.compute()


@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_figures_are_those_of_scikit_learn_whatever_the_batches(size: int) -> None:
    for average in ("micro", "macro", "weighted", None):
        for kind, function in ((Precision, "precision"), (Recall, "recall"), (F1, "f1")):
            expected = getattr(theirs, f"{function}_score")(LABELS, PREDICTED, average=average, zero_division=0)
            assert over(kind(average), SCORES, LABELS, size) == pytest.approx(expected)
    for kind, function in ((Precision, "precision"), (Recall, "recall"), (F1, "f1")):
        expected = getattr(theirs, f"{function}_score")(BINARY, LOGITS > 0.5)
        assert over(kind(threshold=0.5), LOGITS, BINARY, size) == pytest.approx(expected)
        assert over(kind(threshold=0.5), LOGITS[:, None], BINARY[:, None].astype(float), size) == pytest.approx(
            expected
        )
    assert over(ConfusionMatrix(), SCORES, LABELS, size).tolist() == theirs.confusion_matrix(LABELS, PREDICTED).tolist()
    assert over(AUC(), LOGITS, BINARY, size) == pytest.approx(theirs.roc_auc_score(BINARY, LOGITS))
    two = np.stack([-LOGITS, np.zeros(ROWS)], axis=1)
    assert over(AUC(), two, BINARY, size) == pytest.approx(theirs.roc_auc_score(BINARY, LOGITS))
    shares = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    expected = theirs.roc_auc_score(LABELS, shares, multi_class="ovr")
    assert over(AUC(), SCORES, LABELS, size) == pytest.approx(expected)
    assert over(AUC(from_logits=False), shares, LABELS, size) == pytest.approx(expected)
    smooth = SCORES + np.linspace(0, 1e-3, 4 * ROWS).reshape(ROWS, 4)  # no two are equal, which they would refuse
    for k in (1, 2, 3):
        assert over(TopK(k), smooth, LABELS, size) == pytest.approx(theirs.top_k_accuracy_score(LABELS, smooth, k=k))
    target = SCORES * 2 + 100 + rng.standard_normal(SCORES.shape)
    for one, other in ((SCORES, target), (SCORES[:, 0], target[:, 0])):
        assert over(R2(), one, other, size) == pytest.approx(theirs.r2_score(other, one))


def test_classes_that_do_not_occur_and_nothing_at_all() -> None:
    few = np.array([[2.0, 1, 0], [0, 2, 1]])
    for average in ("macro", "weighted"):
        metric = Precision(average)
        expected = theirs.precision_score([0, 0], [0, 1], average=average, zero_division=0)
        assert over(metric, few, np.array([0, 0]), 2) == pytest.approx(expected)
    assert over(Recall(threshold=0.0, zero_division=1.0), np.array([1.0]), np.array([0]), 1) == 1.0
    assert all(np.isnan(kind().compute()) for kind in (AUC, R2))
    assert np.isnan(over(AUC(), np.array([0.1, 0.2]), np.array([1, 1]), 2))
    assert np.isnan(over(AUC(), np.array([np.nan, 0.2]), np.array([0, 1]), 2))
    assert Precision().compute() == TopK().compute() == 0.0
    assert over(R2(), np.ones(3), np.ones(3), 2) == 1.0
    assert over(R2(), np.zeros(3), np.ones(3), 2) == 0.0
    assert over(TopK(1), np.array([[np.nan, 1.0]]), np.array([0]), 1) == 0.0


def test_images_and_probabilities_of_classes() -> None:
    scores, labels = rng.standard_normal((5, 3, 4, 2)), rng.integers(3, size=(5, 4, 2))
    matrix = over(ConfusionMatrix(), scores, labels, 2)
    assert matrix.tolist() == theirs.confusion_matrix(labels.ravel(), scores.argmax(axis=1).ravel()).tolist()
    assert over(TopK(1), scores, labels, 2) == np.trace(matrix) / matrix.sum()
    assert (
        over(ConfusionMatrix(), SCORES, np.eye(4)[LABELS], 9).tolist()
        == over(ConfusionMatrix(), SCORES, LABELS, 9).tolist()
    )


@pytest.mark.parametrize(("metric", "output", "target", "message"), [
    (F1(), np.zeros(3), np.zeros(3), r"needs F1\(threshold=0\) for logits"),
    (F1(), SCORES, LABELS[:3], "labels of shape"), (F1(), SCORES, LABELS, "4 classes have no positive one: pass F1"),
    (F1(), SCORES, LABELS + 4, "classes from 0 to 3"), (TopK(), SCORES[0], LABELS, "TopK of an output"),
    (F1(threshold=0), np.zeros(3), np.full(3, 0.5), "classes from 0 to 1"),
    (F1(threshold=0), np.zeros(3), np.zeros(2), "labels of shape"), (AUC(), SCORES, LABELS[:2], "AUC of an output"),
    (R2(), SCORES, LABELS, "broadcast"),
])  # fmt: skip
def test_what_does_not_fit(metric: Metric, output: Any, target: Any, message: str) -> None:
    with pytest.raises((ValueError, ShapeError), match=message):
        over(metric, output, target, 1000)


def test_arguments() -> None:
    with pytest.raises(ValueError, match="average"):
        F1("best")  # type: ignore[arg-type]
    for k in (0, 1.5):
        with pytest.raises((TypeError, ValueError), match="k should be an integer of 1 or more"):
            TopK(k)  # type: ignore[arg-type]
    for method in ("reset", "compute"):
        with pytest.raises(NotImplementedError, match=method):
            getattr(object.__new__(Metric), method)()
    with pytest.raises(NotImplementedError, match="update"):
        object.__new__(Metric).update(SCORES, LABELS)


X = rng.standard_normal((60, 3)).astype(np.float32)
Y = (X[:, 0] > 0.3).astype(np.int64)
METRICS = [F1(), ConfusionMatrix(), AUC(), "accuracy"]


def train(epochs: int, callbacks: Any = (), **options: Any) -> Any:
    nn.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    arguments: dict[str, Any] = {"batch_size": 7, "epochs": epochs, "metrics": METRICS, "verbose": False, **options}
    return model, nn.fit(model, (X, Y), nn.CrossEntropyLoss(), optimizer, callbacks=callbacks, **arguments)


def test_trainings_measure_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = nn.training.CSVLogger(tmp_path / "log.csv")
    model, history = train(2, [log], validation=(X, Y), verbose=True)
    predicted = nn.predict(model, X)
    last = history.iloc[-1]
    assert last["val_f1"] == pytest.approx(theirs.f1_score(Y, predicted.argmax(axis=1)))
    assert last["val_auc"] == pytest.approx(theirs.roc_auc_score(Y, predicted[:, 1] - predicted[:, 0]))
    assert last["val_confusion_matrix"].tolist() == theirs.confusion_matrix(Y, predicted.argmax(axis=1)).tolist()
    assert last["confusion_matrix"].sum() == 60
    assert list(history)[:5] == ["loss", "f1", "confusion_matrix", "auc", "accuracy"]
    assert "confusion" not in capsys.readouterr().out
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3
    assert nn.evaluate(model, (X, Y), nn.CrossEntropyLoss(), F1(), batch_size=4)["f1"] == last["val_f1"]
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="'confusion_matrix' holds no numbers but ndarray"):
        nn.plots.metric(history, "confusion_matrix")
    with pytest.raises(TypeError, match=r"pass an instance, F1\(\)"):
        nn.evaluate(model, (X, Y), nn.CrossEntropyLoss(), F1)


def test_a_resumed_training_measures_the_whole_epoch(tmp_path: Path) -> None:
    _, whole = train(2)

    class Stop(nn.training.Callback):
        def on_step(self, training: nn.training.Training) -> None:
            if training.step == 13:
                raise KeyboardInterrupt

    saving = nn.training.Checkpoint(tmp_path / "checkpoint.npz", every=3, resume=True)
    with pytest.raises(KeyboardInterrupt):
        train(2, [saving, Stop()])
    _, resumed = train(2, [saving])
    for name in ("f1", "auc", "accuracy", "loss"):
        assert resumed[name].tolist() == whole[name].tolist()
    assert resumed["confusion_matrix"].iloc[-1].tolist() == whole["confusion_matrix"].iloc[-1].tolist()


def test_functions_as_callbacks() -> None:
    seen: list[str] = []
    hooks: dict[str, Any] = {
        name: lambda training, name=name: seen.append(f"{name} {training.step}")
        for name in ("on_start", "on_epoch_start", "on_epoch", "on_end")
    }
    train(1, [nn.training.LambdaCallback(**hooks)], batch_size=30)
    assert seen == ["on_start 0", "on_epoch_start 0", "on_epoch 2", "on_end 2"]
    with pytest.raises(TypeError, match="on_step should be a function"):
        nn.training.LambdaCallback(on_step=3)  # type: ignore[arg-type]
