"""Whoever draws takes ``rng=`` as NumPy, SciPy and scikit-image spell it, beside ``seed=``."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import datasets
from datasets.errors import ArgumentError


def _draws(value: Any) -> bool:
    made = value.__init__ if inspect.isclass(value) else value
    return inspect.isfunction(made) and "rng" in inspect.signature(made).parameters


DRAWING = [name for name in dir(datasets) if _draws(getattr(datasets, name))]


def _drawn(name: str, **given: Any) -> Any:
    function = getattr(datasets, name)
    if name.startswith("make_"):
        return function(40, **given)
    rows = np.arange(40.0)
    return next(iter(function(rows, batch_size=40, **given))) if name == "batches" else function(rows, **given)


def test_functions_that_draw_with_a_seed_take_an_rng() -> None:
    seeded = {name for name in dir(datasets) if name.startswith("make_")} | {"batches", "train_test_split"}
    assert set(DRAWING) == seeded


@pytest.mark.parametrize("name", DRAWING)
def test_rng_stands_for_the_seed(name: str) -> None:
    expected = _drawn(name, seed=7)
    for rng in (7, np.random.default_rng(7), np.random.PCG64(7), np.random.SeedSequence(7)):
        for one, other in zip(expected, _drawn(name, rng=rng), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", DRAWING)
def test_two_names_of_one_thing_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="leave one out"):
        _drawn(name, seed=3, rng=7)


def test_rng_beside_random_state_is_refused() -> None:
    with pytest.raises(ArgumentError, match="Leave one out"):
        datasets.train_test_split(np.arange(9), rng=1, random_state=1)
