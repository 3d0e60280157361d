"""Distances under SciPy's names, and their derivatives."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance as theirs

from autograd import DtypeError, ShapeError, UnsupportedError, grad, hessian, jacobian, tensor, vmap
from autograd.scipy import spatial
from autograd.scipy.spatial import distance

from ..thorough import draws
from .derivatives import check

METRICS = ["euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine", "correlation", "canberra",
           "braycurtis", "seuclidean", "mahalanobis", "jensenshannon"]  # fmt: skip
RNG = np.random.default_rng(0)
A, B = RNG.uniform(0.2, 2, (5, 3)), RNG.uniform(0.2, 2, (4, 3))
W = np.array([0.5, 2.0, 1.0])


@pytest.mark.parametrize("metric", METRICS)
def test_distances_have_scipys_values_and_derivatives_of_both_orders(metric: str) -> None:
    assert np.array_equal(distance.cdist(A, B, metric), theirs.cdist(A, B, metric))
    assert np.allclose(distance.cdist(tensor(A), B, metric).data, theirs.cdist(A, B, metric), rtol=1e-12)
    assert np.allclose(distance.pdist(tensor(A), metric).data, theirs.pdist(A, metric), rtol=1e-12)
    check(lambda a, b: distance.cdist(a, b, metric), A, B)
    check(lambda a: distance.pdist(a, metric), A, order=1)
    several = np.stack([A, A[::-1] + 0.1])
    mapped = vmap(jacobian(lambda a: distance.cdist(a, B, metric)))(several)
    assert np.allclose(mapped, [jacobian(lambda a: distance.cdist(a, B, metric))(a) for a in several])


def test_parameters_are_differentiated() -> None:
    check(lambda a, w: distance.cdist(a, B, w=w), A, W)
    check(lambda a, w, p: distance.cdist(a, B, "minkowski", p=p, w=w), A, W, np.float64(2.5))
    check(lambda a, v: distance.cdist(a, B, "seuclidean", V=v), A, W)
    check(lambda a, v: distance.pdist(a, "mahalanobis", VI=v @ v.T), A, np.eye(3) + 0.1)
    weighted = distance.cdist(tensor(A), B, "minkowski", p=np.inf, w=W)
    assert np.allclose(weighted.data, theirs.cdist(A, B, "minkowski", p=np.inf, w=W))


@given(st.integers(2, 5), st.integers(1, 3), st.sampled_from(METRICS[:9]), st.randoms(use_true_random=False))
@draws(25)
def test_values_at_random_points(count: int, dimensions: int, metric: str, random: Any) -> None:
    points = np.array([[float(random.randrange(-3, 4)) for _ in range(dimensions)] for _ in range(count)])
    with np.errstate(all="ignore"):
        ours, scipys = distance.pdist(tensor(points), metric).data, theirs.pdist(points, metric)
    assert np.allclose(ours, scipys, rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("metric", [*METRICS[:5], "canberra", "seuclidean"])
def test_the_gradient_is_0_where_the_distance_is(metric: str) -> None:
    x = np.zeros((1, 3)) + A[:1]
    options: dict[str, Any] = {"V": W} if metric == "seuclidean" else {}
    gradient = grad(lambda a: np.sum(distance.cdist(a, x, metric, **options)))
    assert np.array_equal(gradient(x), np.zeros((1, 3)))


def test_the_second_derivative_where_one_coordinate_is_equal() -> None:
    x, y = np.array([[0.2, 0.3, 0.5]]), np.array([[0.0, 0.3, 0.7]])
    distant = hessian(lambda x: np.sum(distance.cdist(x, y)))(x)
    for p in (2, 2.0, np.array([2.0])[0]):
        np.testing.assert_allclose(hessian(lambda x, p=p: np.sum(distance.cdist(x, y, "minkowski", p=p)))(x), distant)
    live = hessian(lambda x, p: np.sum(distance.cdist(x, y, "minkowski", p=p)), (0, 1))(x, 2.0)
    np.testing.assert_allclose(live[0][0], distant)


def test_histograms_with_empty_bins() -> None:
    of = grad(lambda a, b: np.sum(distance.cdist(a, b, "jensenshannon")), (0, 1))
    a, b = np.array([[0.0, 0.3, 0.7, 0.0]]), np.array([[0.2, 0.3, 0.5, 0.0]])
    with warnings.catch_warnings(action="ignore"):  # one is infinite, as it has to be
        found = of(a, b)
    for i in range(2):
        for j in range(4):
            step, pair = 1e-7 * (np.arange(4) == j), [a, b]
            near = [theirs.jensenshannon(*[x[0] + k * step * (i == n) for n, x in enumerate(pair)]) for k in (0, 1, 2)]
            slope = (4 * near[1] - 3 * near[0] - near[2]) / 2e-7  # to the right
            if (i, j) == (0, 0):
                assert found[0][0, 0] == -np.inf
            else:
                np.testing.assert_allclose(found[i][0, j], slope, rtol=1e-5, atol=1e-6)


def test_lists_of_tensors_and_single_precision() -> None:
    t = tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.testing.assert_allclose(distance.pdist([[t[0], t[1]], [t[2], t[0] - 1]]).data, [np.sqrt(8)])
    for dtype in (np.float32, np.float64, complex):
        assert distance.squareform(tensor(np.ones(3, dtype))).dtype == dtype
    with pytest.raises(DtypeError, match="not complex ones"):
        distance.pdist(tensor(np.array([[1j], [2.0]])))


def test_squareform() -> None:
    v = RNG.normal(size=6)
    square = theirs.squareform(v)
    assert np.array_equal(distance.squareform(v), square)
    assert np.array_equal(distance.squareform(tensor(v)).data, square)
    assert np.array_equal(distance.squareform(tensor(square)).data, v)
    check(distance.squareform, v)
    check(lambda a: distance.squareform(distance.pdist(a)), A)
    assert np.array_equal(vmap(distance.squareform)(np.stack([v, 2 * v])), np.stack([square, 2 * square]))
    for size in (0, 1, 3):
        assert distance.squareform(tensor(np.ones(size))).shape == theirs.squareform(np.ones(size)).shape


def test_wrong_input_says_what_to_do() -> None:
    t = tensor(A, requires_grad=True)
    with pytest.raises(ShapeError, match="XA has points of 3 dimensions, XB of 2"):
        distance.cdist(t, np.ones((2, 2)))
    with pytest.raises(ShapeError, match=r"a row for each point, .*not \(3,\)"):
        distance.pdist(t[0])
    with pytest.raises(UnsupportedError, match=r"'hamming', at .*: these have one: euclidean, "):
        distance.cdist(t, B, "hamming")
    with pytest.raises(TypeError, match=r"'mahalanobis' has no parameter w: it takes \['VI'\]"):
        distance.cdist(t, B, "mahalanobis", w=W)
    with pytest.raises(ValueError, match="too few for their covariance"):
        distance.pdist(t[:2], "mahalanobis")
    with pytest.raises(ValueError, match="Incompatible vector size"):
        distance.squareform(t[0, :2])
    with pytest.raises(AttributeError, match=r"scipy.spatial.KDTree, of arrays"):
        spatial.KDTree  # noqa: B018
