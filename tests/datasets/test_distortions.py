"""Distorted images: shifts, turns and warps by definition, and the minibatches of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.distortions import DistortedBatches, Distortion

Floats = NDArray[np.float32]

LINE = np.arange(28) - 13.5
Y, X = np.meshgrid(LINE, LINE, indexing="ij")


class Fixed(np.random.Generator):
    """Draws what it is told."""

    def __init__(self, shifts: list[float], weights: list[float]) -> None:
        super().__init__(np.random.PCG64(0))
        self._shifts, self._weights = shifts, weights

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> NDArray[np.float64]:  # type: ignore[override]
        return np.broadcast_to(np.array(self._shifts, float), size)

    def standard_normal(self, size: tuple[int, ...], dtype: type) -> Floats:  # type: ignore[override]
        values = np.zeros(size, np.float32)
        values.reshape(-1)[: len(self._weights)] = self._weights
        return values


def blob(y: float, x: float) -> Floats:
    """An image, smooth enough to be interpolated, around a place."""
    image: Floats = np.exp(-0.5 * ((Y - y) ** 2 + (X - x) ** 2) / 4).astype(np.float32).reshape(1, 784)
    return image


def test_nothing_to_do_leaves_images_as_they_are() -> None:
    images = np.random.default_rng(0).random((5, 784), np.float32)
    result = Distortion(0, 0, 0)(images, np.random.default_rng(1))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, images, atol=1e-5)


def test_a_shift_by_whole_pixels_leaves_zeros_behind() -> None:
    image = np.random.default_rng(0).random((1, 784), np.float32)
    shifted = Distortion(0, 9, 0)(image, Fixed([2.0, -3.0], [])).reshape(28, 28)
    expected = np.zeros((28, 28), np.float32)
    expected[:-2, 3:] = image.reshape(28, 28)[2:, :-3]
    np.testing.assert_allclose(shifted, expected, atol=1e-5)


def test_a_shift_by_half_a_pixel_is_the_mean_of_neighbours() -> None:
    image = np.random.default_rng(0).random((1, 784), np.float32)
    square = image.reshape(28, 28)
    shifted = Distortion(0, 9, 0)(image, Fixed([0.5, 0.25], [])).reshape(28, 28)
    rows = (square[:-1] + square[1:]) / 2
    np.testing.assert_allclose(shifted[:-1, :-1], 0.75 * rows[:, :-1] + 0.25 * rows[:, 1:], atol=1e-5)


def test_an_affine_map_moves_what_is_seen() -> None:
    # of the row coordinate: 1, y, x and 49 bumps, then the same of the column
    weights = np.zeros((2, 52))
    weights[0, 1:3], weights[1, 1:3] = [1.0, 2.0], [-2.0, 0.5]
    result = Distortion(0.1, 0, 0)(blob(3, -4), Fixed([0, 0], weights.ravel().tolist()))
    y, x = Y + 0.1 * Y + 0.2 * X, X - 0.2 * Y + 0.05 * X
    expected = np.exp(-0.5 * ((y - 3) ** 2 + (x + 4) ** 2) / 4).reshape(1, 784)
    np.testing.assert_allclose(result, expected, atol=0.05)


def test_a_bump_moves_pixels_by_its_height_times_the_warp() -> None:
    ramp = (0.02 * (Y + 13.5)).astype(np.float32).reshape(1, 784)
    distortion, weights = Distortion(0, 0, 2), np.zeros(52)
    weights[3 + 24] = 1  # in the middle of the grid
    moved = (distortion(ramp, Fixed([0, 0], weights.tolist())) - ramp).reshape(28, 28)
    height = distortion._basis[3 + 24].reshape(28, 28)
    assert height.max() > 0.3
    np.testing.assert_allclose(moved[4:-4, 4:-4], 0.02 * 2 * height[4:-4, 4:-4], atol=1e-5)


def test_warps_are_as_large_as_they_say_and_smooth() -> None:
    bumps = Distortion(0, 0, 1)._basis[3:]
    fields = (np.random.default_rng(0).standard_normal((2000, len(bumps)), np.float32) @ bumps).reshape(-1, 28, 28)
    assert np.square(fields).mean() == pytest.approx(1, rel=0.05)
    assert np.square(np.diff(fields, axis=1)).mean() < 0.1


def test_each_image_is_distorted_in_its_own_way_and_stays_within_its_brightness() -> None:
    images = np.repeat(blob(0, 0), 3, axis=0)
    kept = images.copy()
    results = Distortion(0.3, 9, 3)(images, np.random.default_rng(0))
    assert results.min() >= 0
    assert results.max() <= 1
    assert not np.allclose(results[0], results[1], atol=0.01)
    np.testing.assert_array_equal(images, kept)


def test_batches_hold_each_image_once_beside_its_label_in_new_orders() -> None:
    labels = np.arange(10)
    images = np.repeat(labels[:, None], 784, axis=1).astype(np.float32)
    batches = DistortedBatches(images, labels, 5, Distortion(0, 0, 0), (1, 28, 28), np.random.default_rng(0))
    epochs = [list(batches) for _ in range(2)]
    for epoch in epochs:
        assert len(epoch) == len(batches) == 2
        assert sorted(np.concatenate([batch[1] for batch in epoch])) == labels.tolist()
        for bent, its in epoch:
            assert bent.shape == (5, 1, 28, 28)
            np.testing.assert_allclose(bent[:, 0, 9, 9], its, rtol=1e-5)
    assert not np.array_equal(epochs[0][0][1], epochs[1][0][1])


def test_rows_left_over_wait_for_another_epoch() -> None:
    batches = DistortedBatches(
        np.zeros((7, 784), np.float32), np.zeros(7, int), 3, Distortion(0, 0, 0), (784,), np.random.default_rng(0)
    )
    assert [len(labels) for _, labels in batches] == [3, 3]
