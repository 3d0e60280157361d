"""Counts are plain; sums of weights have gradients."""

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad, tensor

A = np.array([0.0, 0.25, 0.5, 0.5, 1.0, 0.9, 2.0, np.nan])
W = np.arange(1.0, 9.0)
BINS: list[Any] = [[0, 0.5, 1], np.array([0.0, 0.25, 1.0]), [0.5, 2.0]]


def test_counts_are_plain() -> None:
    x = tensor([0.5, 1.5, 1.0], requires_grad=True)
    for function in (
        np.histogram,
        np.histogram_bin_edges,
        lambda x: np.histogram2d(x, x),
        lambda x: np.histogramdd([x]),
    ):
        found, expected = function(x), function(x.data)
        for ours, numpys in zip(found, expected, strict=True):
            assert not isinstance(ours, Tensor)
            np.testing.assert_array_equal(ours, numpys)
    counts = np.bincount(tensor([0, 2, 2]))
    assert type(counts) is np.ndarray
    np.testing.assert_array_equal(counts, [1, 0, 2])


@pytest.mark.parametrize("bins", BINS, ids=str)
@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_added_up_by_bin(bins: Any, density: bool, dtype: Any) -> None:
    histogram: Any = np.histogram
    weights = W.astype(dtype)
    expected, edges = histogram(A, bins, density=density, weights=weights)
    found: Any
    found, ours = histogram(A, bins, density=density, weights=tensor(weights, requires_grad=True))
    np.testing.assert_array_equal(ours, edges)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.data, expected)


def test_what_is_in_no_bin_has_no_gradient() -> None:
    found = grad(lambda w: (np.histogram(A, [0.25, 0.5, 1.0], weights=w)[0] * [1.0, 10.0]).sum())(W)
    np.testing.assert_array_equal(found, [0, 1, 10, 10, 10, 10, 0, 0])


def test_histograms_of_points() -> None:
    x, y = A[:6], A[5::-1]
    w = tensor(W[:6], requires_grad=True)
    histogram2d: Any = np.histogram2d
    histogramdd: Any = np.histogramdd
    for bins in (3, (2, 3), [[0, 0.5, 1.0], [0.0, 1.0]]):
        for density in (False, True):
            arguments: Any = (bins, None, density)
            expected = histogram2d(x, y, *arguments, W[:6])
            for ours, numpys in zip(histogram2d(x, y, *arguments, w), expected, strict=True):
                np.testing.assert_allclose(getattr(ours, "data", ours), numpys)
            for sample in ([x, y], np.stack([x, y], 1)):
                counts, edges = histogramdd(sample, *arguments, w)
                np.testing.assert_allclose(counts.data, expected[0])
                assert len(edges) == 2
    counts, _ = histogramdd(x, 3, weights=w)
    np.testing.assert_allclose(counts.data, histogramdd(x, 3, weights=W[:6])[0])


def test_bincount_adds_weights() -> None:
    numbers = np.array([3, 0, 3])
    w = tensor([1.0, 2.0, 3.0], dtype="float32", requires_grad=True)
    found: Any = np.bincount(numbers, w, 6)
    np.testing.assert_array_equal(found.data, np.bincount(numbers, w.data, 6), strict=True)
    found.backward(np.arange(6.0))
    np.testing.assert_array_equal(w.grad.data, np.array([3, 0, 3], np.float32), strict=True)
    assert np.bincount(np.array([], int), tensor([], requires_grad=True)).dtype == np.intp
    with pytest.raises(ValueError, match="same length"):
        np.bincount(numbers, w[:2])
    with pytest.raises(ValueError, match="negative"):
        np.bincount(np.array([-1]), w[:1])
    with pytest.raises(ValueError, match="same shape"):
        np.histogram(A, weights=w)
