"""Splits into training and test rows: in proportion by class, and the same rows as scikit-learn's."""

from typing import Any

import numpy as np
import pytest

from datasets import ArgumentError, train_test_split

X, LABELS = np.arange(101), np.random.default_rng(0).choice(4, 101, p=[0.5, 0.3, 0.15, 0.05])


@pytest.mark.parametrize("stratify", [None, LABELS, LABELS.astype(str), np.stack([LABELS, LABELS % 2], axis=1)])
@pytest.mark.parametrize("sizes", [
    {"test_size": 0.25}, {"test_size": 0.37}, {"test_size": 20}, {"train_size": 0.6},
    {"train_size": 0.5, "test_size": 0.3},
])  # fmt: skip
@pytest.mark.parametrize("random_state", [0, 17])
def test_the_rows_are_those_of_scikit_learn(stratify: Any, sizes: Any, random_state: int) -> None:
    theirs = pytest.importorskip("sklearn.model_selection").train_test_split
    options = {"stratify": stratify, "random_state": random_state, **sizes}
    for found, expected in zip(train_test_split(X, LABELS, **options), theirs(X, LABELS, **options), strict=True):
        np.testing.assert_array_equal(found, expected)
    state = np.random.RandomState(random_state)
    assert train_test_split(X, **{**options, "random_state": state})[1].tolist() == theirs(X, **options)[1].tolist()


def test_without_shuffling_the_last_rows_are_test_rows() -> None:
    train, test = train_test_split(X, test_size=0.3, shuffle=False)
    assert (train[-1], test[0], test[-1]) == (70, 71, 100)


def test_classes_are_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    train, test = train_test_split(labels, test_size=0.2, stratify=labels, seed=3)
    assert np.bincount(train).tolist() == [48, 24, 8]
    assert np.bincount(test).tolist() == [12, 6, 2]
    assert (
        train_test_split(X[:100], stratify=labels)[1].tolist() == train_test_split(X[:100], stratify=labels)[1].tolist()
    )


@pytest.mark.parametrize(("options", "message"), [
    ({"stratify": [0] * 100 + [1]}, "class 1 of stratify has 1 row"), ({"stratify": LABELS[:9]}, "there are 101 rows"),
    ({"stratify": 3}, "there are 101 rows"), ({"stratify": LABELS, "test_size": 3}, "a part has no row of some class"),
    ({"stratify": LABELS, "shuffle": False}, "Leave shuffle=False out"),
    ({"test_size": 0.7, "train_size": 0.7}, "part empty"),
    ({"train_size": 1.0}, "part empty"), ({"test_size": 101}, "part empty"), ({"test_size": True}, "part empty"),
])  # fmt: skip
def test_splits_that_cannot_be(options: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        train_test_split(X, **options)
