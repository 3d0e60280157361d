from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import ArgumentError, make_blobs, make_circles, make_moons, make_spirals

from ..thorough import draws

TOYS = [(make_moons, 2), (make_circles, 2), (make_spirals, 2), (make_blobs, 3)]


@pytest.mark.parametrize(("make", "classes"), TOYS)
@draws(25)
@given(n=st.integers(1, 120), seed=st.integers(0, 2**32))
def test_shapes_types_and_even_classes(make: Callable[..., Any], classes: int, n: int, seed: int) -> None:
    X, y = make(n, seed=seed)
    assert X.shape == (n, 2)
    assert X.dtype == np.float64
    assert y.shape == (n,)
    assert y.dtype == np.int64
    counts = np.bincount(y, minlength=classes)
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(("make", "classes"), TOYS)
def test_seeds(make: Callable[..., Any], classes: int) -> None:
    X, y = make(60)
    again, labels = make(60, seed=np.random.default_rng(0))
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(y, labels)
    assert not np.array_equal(X, make(60, seed=1)[0])
    assert not np.array_equal(make(60, seed=None)[0], make(60, seed=None)[0])
    assert y.tolist() != sorted(y.tolist())


@pytest.mark.parametrize(("make", "classes"), TOYS)
def test_what_cannot_be_made(make: Callable[..., Any], classes: int) -> None:
    with pytest.raises(ArgumentError, match="0 points in"):
        make(0)
    with pytest.raises(ArgumentError, match=r"noise=-0\.1. A standard deviation is 0 or more"):
        make(10, noise=-0.1)


@pytest.mark.parametrize(("make", "classes"), TOYS)
def test_noise_is_the_standard_deviation_around_the_figure(make: Callable[..., Any], classes: int) -> None:
    X, _ = make(4000, noise=0.3, seed=5)
    figure, _ = make(4000, noise=0.0, seed=5)
    assert (X - figure).std() == pytest.approx(0.3, rel=0.03)


def test_moons_are_half_circles_that_reach_into_each_other() -> None:
    X, y = make_moons(500, noise=0.0)
    upper, lower = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0)
    assert upper[:, 1].min() >= 0.0
    assert lower[:, 1].max() <= 0.5
    assert lower[:, 0].min() < upper[:, 0].max()
    assert lower[:, 1].max() > upper[:, 1].min()


@pytest.mark.parametrize("factor", [0.2, 0.9])
def test_circles_have_their_radii_and_go_all_around(factor: float) -> None:
    X, y = make_circles(500, factor=factor, noise=0.0)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, factor))
    angle = np.arctan2(X[:, 1], X[:, 0])
    for label in (0, 1):
        assert np.bincount(((angle[y == label] + np.pi) // (np.pi / 4)).astype(int), minlength=8).min() > 0


@pytest.mark.parametrize("factor", [0.0, 1.0, -1.0, float("nan")])
def test_the_inner_circle_is_inside(factor: float) -> None:
    with pytest.raises(ArgumentError, match="The inner radius lies between 0 and 1"):
        make_circles(10, factor=factor)


@pytest.mark.parametrize(("arms", "turns"), [(2, 1.0), (3, 0.75), (5, 2.0)])
def test_spirals_lie_on_their_arms(arms: int, turns: float) -> None:
    X, y = make_spirals(500, arms=arms, turns=turns, noise=0.0)
    assert sorted(set(y.tolist())) == list(range(arms))
    radius = np.hypot(*X.T)
    assert radius.min() >= 0.1 - 1e-12
    assert radius.max() <= 1.0 + 1e-12
    angle = 2 * np.pi * (turns * radius + y / arms)
    np.testing.assert_allclose(X, radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), atol=1e-12)


@pytest.mark.parametrize("centers", [1, 2, 4])
def test_blobs_lie_around_their_centers(centers: int) -> None:
    X, y = make_blobs(8000, centers=centers, noise=0.5)
    for label in range(centers):
        angle = 2 * np.pi * label / centers
        cloud = X[y == label]
        np.testing.assert_allclose(cloud.mean(0), [5 * np.cos(angle), 5 * np.sin(angle)], atol=0.06)
        np.testing.assert_allclose(cloud.std(0), 0.5, rtol=0.08)
