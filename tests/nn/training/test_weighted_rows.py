"""Weights of rows and classes in the loss of `fit`, and rows that are kept for validation."""

from typing import Any

import numpy as np
import pytest

import nn
from datasets import batches

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 3))
Y = (rng.random(40) > 0.8).astype(np.int64)
WEIGHTS = rng.uniform(0.1, 2.0, 40)


def fit(loss: Any = None, data: Any = None, **options: Any) -> tuple[nn.Linear, Any]:
    nn.manual_seed(0)
    model = nn.Linear(3, options.pop("outputs", 2), dtype=np.float64)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    arguments: dict[str, Any] = {"epochs": 2, "batch_size": 8, "seed": 1, "verbose": False, **options}
    return model, nn.fit(model, data or (X, Y), loss or nn.CrossEntropyLoss(), optimizer, **arguments)


def by_hand(weights: Any, loss: Any = nn.functional.cross_entropy) -> tuple[nn.Linear, list[float]]:
    nn.manual_seed(0)
    model = nn.Linear(3, 2, dtype=np.float64)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for epoch in range(2):
        order, total = np.random.default_rng((1, epoch)).permutation(40), 0.0
        for start in range(0, 40, 8):
            rows = order[start : start + 8]
            optimizer.zero_grad()
            value = (loss(model(X[rows]), Y[rows], reduction="none") * weights[rows]).sum() / 8
            value.backward()
            optimizer.step()
            total += value.item()
        losses.append(total / 5)
    return model, losses


BALANCED = 40 / (2 * np.bincount(Y))


@pytest.mark.parametrize("compile", [False, True])
@pytest.mark.parametrize(("options", "weights"), [
    ({"sample_weight": WEIGHTS}, WEIGHTS), ({"class_weight": {1: 3.0}}, np.where(Y, 3.0, 1.0)),
    ({"class_weight": [0.5, 2.0]}, np.where(Y, 2.0, 0.5)), ({"class_weight": "balanced"}, BALANCED[Y]),
    ({"class_weight": {0: 0.5}, "sample_weight": WEIGHTS}, np.where(Y, 1.0, 0.5) * WEIGHTS),
])  # fmt: skip
def test_rows_have_their_weights(options: dict[str, Any], weights: Any, compile: bool) -> None:
    model, history = fit(compile=compile, **options)
    expected, losses = by_hand(weights)
    np.testing.assert_allclose(model.weight.data, expected.weight.data, rtol=1e-10)
    assert history["loss"].tolist() == pytest.approx(losses, rel=1e-10)


def test_losses_of_every_kind() -> None:
    expected = fit(sample_weight=WEIGHTS)[0].weight.data
    by_function = fit(nn.functional.cross_entropy, sample_weight=WEIGHTS)[0].weight.data
    np.testing.assert_allclose(by_function, expected, rtol=1e-10)
    one = fit(nn.CrossEntropyLoss(reduction="sum"), sample_weight=WEIGHTS / 8)[0].weight.data
    np.testing.assert_allclose(one, expected, rtol=1e-10)
    targets = np.stack([Y, -Y], axis=1).astype(float)
    twice = fit(nn.MSELoss(), (X, targets), sample_weight=2 * np.ones(40))[1]["loss"].iloc[0]
    assert twice > 1.2 * fit(nn.MSELoss(), (X, targets))[1]["loss"].iloc[0]
    same, plain = fit(nn.MSELoss(), (X, targets), sample_weight=np.ones(40))[0], fit(nn.MSELoss(), (X, targets))[0]
    np.testing.assert_allclose(same.weight.data, plain.weight.data, rtol=1e-10)
    logits = fit(nn.BCEWithLogitsLoss(), (X, Y[:, None].astype(float)), outputs=1, class_weight={1: 3.0})[0]
    assert logits.weight.data.shape == (1, 3)


def test_batches_have_weights_by_class() -> None:
    data = batches(X, Y, batch_size=8, shuffle=False)
    one = fit(data=data, class_weight={1: 3.0}, batch_size=None, seed=None)[0].weight.data
    other = fit(data=list(data), class_weight=[1.0, 3.0], batch_size=None, seed=None)[0].weight.data
    np.testing.assert_allclose(one, other, rtol=1e-10)
    assert not np.allclose(one, fit(data=data, batch_size=None, seed=None)[0].weight.data)


def test_the_last_rows_validate() -> None:
    model, history = fit(validation_split=0.25, sample_weight=WEIGHTS)
    other, expected = fit(data=(X[:30], Y[:30]), validation=(X[30:], Y[30:]), sample_weight=WEIGHTS[:30])
    np.testing.assert_allclose(model.weight.data, other.weight.data, rtol=1e-10)
    assert history["val_loss"].tolist() == pytest.approx(expected["val_loss"].tolist(), rel=1e-10)


BATCHES = {"data": [(X, Y)], "batch_size": None, "seed": None}


@pytest.mark.parametrize(("options", "kind", "message"), [
    ({"sample_weight": WEIGHTS[:3]}, ValueError, r"shape \(3,\), for 40 rows"),
    ({"sample_weight": -WEIGHTS}, ValueError, "below 0"), ({"sample_weight": ["a"] * 40}, ValueError, "finite numbers"),
    ({"class_weight": {}}, ValueError, "the classes"), ({"class_weight": {"a": 1}}, ValueError, "the classes"),
    ({"class_weight": {7: 1.0}}, ValueError, r"classes \[7\]"), ({"class_weight": "even"}, ValueError, "'even'"),
    ({"class_weight": [[1.0]]}, ValueError, "one number for each class"),
    ({"class_weight": [0.0, 0.0]}, ValueError, "not all 0"), ({"class_weight": [1.0, np.nan]}, ValueError, "finite"),
    ({"class_weight": [1.0], "data": (X, X[:, :2]), "loss": nn.MSELoss()}, ValueError, "needs the class of each row"),
    ({"class_weight": [1.0, 2.0], "loss": lambda output, target: output.sum()}, TypeError, "has no reduction"),
    ({"validation_split": 1.0}, ValueError, "validation_split=1.0 of 40 rows"),
    ({"validation_split": 0.0}, ValueError, "leaves nothing to train with"),
    ({"validation_split": 0.5, "validation": (X, Y)}, ValueError, "pass one of them"),
    ({"validation_split": 0.5, **BATCHES}, TypeError, "divides arrays"),
    ({"sample_weight": WEIGHTS, **BATCHES}, TypeError, "is for arrays"),
])  # fmt: skip
def test_what_cannot_be(options: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        fit(**options)
