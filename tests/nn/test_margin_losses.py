"""Losses with a margin and distances: against their definitions, their derivatives of both orders, and their errors."""

import math
from typing import Any

import numpy as np
import pytest

import nn
from autograd import DtypeError, ShapeError, gradcheck, gradgradcheck, tensor
from autograd.testing import LAYOUTS
from nn import functional

rng = np.random.default_rng(1)
SCORES = rng.standard_normal((5, 4))
LABELS = np.array([0, 3, 1, 1, 2])
A, B, C = rng.standard_normal((3, 5, 4))
C[:2] += 4  # far from the others
SIGNS = np.array([1.0, -1, 1, -1, -1])


def reductions(each: Any) -> dict[Any, Any]:
    return {"none": each, "mean": each.mean(), "sum": each.sum()}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("weight", [None, np.array([0.5, 1, 2, 3])])
def test_multi_margin(p: Any, weight: Any) -> None:
    each = []
    for x, y in zip(SCORES, LABELS, strict=True):
        terms = [max(0, 0.7 - x[y] + x[i]) ** p for i in range(4) if i != y]
        each.append(sum(terms) / 4 * (1 if weight is None else weight[y]))
    for reduction, expected in reductions(np.array(each)).items():
        loss = nn.MultiMarginLoss(p, 0.7, weight, reduction)
        np.testing.assert_allclose(loss(SCORES, LABELS), expected)
        assert gradcheck(lambda x, loss=loss: loss(x, LABELS), [SCORES], fast_mode=True)
        assert gradgradcheck(lambda x, loss=loss: loss(x, LABELS), [SCORES], fast_mode=True)
    np.testing.assert_allclose(functional.multi_margin_loss(SCORES[0], 0, p, 0.7, weight), each[0])
    narrow = tensor(SCORES.astype(np.float32), requires_grad=True)
    assert loss(narrow, LABELS).dtype == np.float32


def test_wrong_use_of_multi_margin() -> None:
    with pytest.raises(ValueError, match="p=1 or p=2, not 3"):
        functional.multi_margin_loss(SCORES, LABELS, p=3)
    for wrong in (4, -1):
        with pytest.raises(IndexError, match=f"the label {wrong} in row 1, but there are 4 classes"):
            functional.multi_margin_loss(SCORES, np.array([0, wrong, 0, 0, 0]))
    with pytest.raises(ShapeError, match=r"input of shape \(5, 4, 1\)"):
        functional.multi_margin_loss(SCORES[:, :, None], LABELS)
    with pytest.raises(ShapeError, match=r"weight has shape \(3,\)"):
        functional.multi_margin_loss(SCORES, LABELS, weight=np.ones(3))
    with pytest.raises(DtypeError, match="class indices should be integers"):
        functional.multi_margin_loss(SCORES, LABELS.astype(float))
    assert functional.multi_margin_loss(np.zeros((0, 4)), np.zeros(0, int)) == 0


def test_multilabel_margin() -> None:
    target = np.array([[3, 0, -1, 1], [-1, 0, 0, 0], [2, -1, -1, -1], [0, 1, 2, 3], [1, 1, -1, 7]])
    each = []
    for x, row in zip(SCORES, target, strict=True):
        labels = [int(y) for y in row[: [*row, -1].index(-1)]]
        each.append(sum(max(0, 1 - x[y] + x[i]) for y in labels for i in range(4) if i not in labels) / 4)
    for reduction, expected in reductions(np.array(each)).items():
        loss = nn.MultiLabelMarginLoss(reduction)
        np.testing.assert_allclose(loss(SCORES, target), expected)
        assert gradcheck(lambda x, loss=loss: loss(x, target), [SCORES], fast_mode=True)
    np.testing.assert_allclose(functional.multilabel_margin_loss(SCORES[0], target[0]), each[0])
    with pytest.raises(IndexError, match="the label 7, but there are 4 classes"):
        functional.multilabel_margin_loss(SCORES, np.where(target == 3, 7, target))
    with pytest.raises(DtypeError, match="target has dtype float64"):
        functional.multilabel_margin_loss(SCORES, SCORES)
    with pytest.raises(ShapeError, match=r"\(5, 4\) and target of shape \(5, 3\)"):
        functional.multilabel_margin_loss(SCORES, target[:, :3])


def test_multilabel_soft_margin() -> None:
    target, weight = rng.integers(0, 2, (5, 4)), np.array([0.5, 1, 2, 3])
    p = 1 / (1 + np.exp(-SCORES))
    each = -(np.where(target, np.log(p), np.log(1 - p)) * weight).mean(axis=1)
    for reduction, expected in reductions(each).items():
        loss = nn.MultiLabelSoftMarginLoss(weight, reduction)
        np.testing.assert_allclose(loss(SCORES, target), expected)
        assert gradgradcheck(lambda x, loss=loss: loss(x, target), [SCORES], fast_mode=True)
    with pytest.raises(ShapeError, match="weight has shape"):
        functional.multilabel_soft_margin_loss(SCORES, target, np.ones(5))
    with pytest.raises(ShapeError, match="axis of classes"):
        functional.multilabel_soft_margin_loss(1.0, 1.0)
    with pytest.raises(ValueError, match="needs probabilities from 0 to 1"):
        functional.multilabel_soft_margin_loss(SCORES, 2 * target - 1)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("swap", [False, True])
def test_triplets(p: float, swap: bool) -> None:
    def distance(x: Any, y: Any) -> Any:
        d = np.abs(x - y + 1e-6)
        return d.max(axis=1) if p == math.inf else (d**p).sum(axis=1) ** (1 / p)

    far = np.minimum(distance(A, C), distance(B, C)) if swap else distance(A, C)
    each = np.maximum(0, distance(A, B) - far + 0.5)
    assert 0 < (each > 0).sum() < 5  # rows on both sides
    for reduction, expected in reductions(each).items():
        loss = nn.TripletMarginLoss(0.5, p, swap=swap, reduction=reduction)
        np.testing.assert_allclose(loss(A, B, C), expected)
        assert gradcheck(loss, [A, B, C], fast_mode=True)
        if p != 1:
            assert gradgradcheck(loss, [A, B, C], fast_mode=True)
    own = nn.TripletMarginWithDistanceLoss(
        distance_function=lambda x, y: abs(x - y).sum(axis=-1), margin=0.5, swap=swap
    )
    if p == 1:
        np.testing.assert_allclose(own(A, B, C), each.mean(), rtol=1e-4)
        assert gradcheck(own, [A, B, C], fast_mode=True)


def test_wrong_triplets() -> None:
    for function in (functional.triplet_margin_loss, functional.triplet_margin_with_distance_loss):
        with pytest.raises(ShapeError, match=r"anchor of shape \(5, 4\) and negative of shape \(4,\)"):
            function(A, B, C[0])
        with pytest.raises(ShapeError, match=r"anchor of shape \(5, 4\) and positive of shape \(1, 4\)"):
            function(A, B[:1], C)
        with pytest.raises(ValueError, match="needs margin above 0, not -1"):
            function(A, B, C, margin=-1)
    with pytest.raises(TypeError, match="distance_function should take two arrays"):
        functional.triplet_margin_with_distance_loss(A, B, C, distance_function=2)  # type: ignore[arg-type]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("margin", [0.0, 0.3, -0.2])
def test_cosine_embedding(margin: float) -> None:
    cosine = (A * B).sum(axis=1) / np.sqrt((A**2).sum(axis=1) * (B**2).sum(axis=1))
    each = np.where(SIGNS == 1, 1 - cosine, np.maximum(0, cosine - margin))
    for reduction, expected in reductions(each).items():
        loss = nn.CosineEmbeddingLoss(margin, reduction)
        np.testing.assert_allclose(loss(A, B, SIGNS), expected, rtol=1e-10)
        assert gradcheck(lambda a, b, loss=loss: loss(a, b, SIGNS), [A, B], fast_mode=True)
        assert gradgradcheck(lambda a, b, loss=loss: loss(a, b, SIGNS), [A, B], fast_mode=True)
    np.testing.assert_allclose(functional.cosine_embedding_loss(A[1], B[1], -1, margin), each[1], rtol=1e-10)
    zeros = tensor(np.zeros((1, 4)), requires_grad=True)
    of_zeros = functional.cosine_embedding_loss(zeros, np.ones((1, 4)), np.ones(1))
    of_zeros.backward()
    assert of_zeros.item() == 1
    assert np.isfinite(zeros.grad.data).all()


def test_wrong_cosine_embeddings() -> None:
    with pytest.raises(ShapeError, match=r"target of shape \(5, 1\): inputs have shape \(n, d\)"):
        functional.cosine_embedding_loss(A, B, SIGNS[:, None])
    with pytest.raises(ShapeError, match=r"input1 of shape \(5, 4\) and input2 of shape \(4,\)"):
        functional.cosine_embedding_loss(A, B[0], SIGNS)
    with pytest.raises(ValueError, match="1 or -1"):
        functional.cosine_embedding_loss(A, B, np.zeros(5))


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_cosine_similarity(dim: int) -> None:
    lengths = np.sqrt((A**2).sum(axis=dim) * (B**2).sum(axis=dim))
    similarity = nn.CosineSimilarity(dim)
    np.testing.assert_allclose(similarity(A, B), (A * B).sum(axis=dim) / lengths)
    assert gradcheck(similarity, [A, B], fast_mode=True)
    assert gradgradcheck(similarity, [A, B], fast_mode=True)
    for layout in LAYOUTS.values():
        np.testing.assert_allclose(similarity(layout(A), layout(B)), similarity(A, B), rtol=1e-13)


def test_cosine_similarity_broadcasts_other_axes_alone() -> None:
    every = functional.cosine_similarity(A[:, None], B, dim=-1)
    for i in range(5):
        np.testing.assert_allclose(every[i], functional.cosine_similarity(np.tile(A[i], (5, 1)), B))
    np.testing.assert_allclose(
        functional.cosine_similarity(A, B[0]), functional.cosine_similarity(A, np.tile(B[0], (5, 1)))
    )
    for x1, x2 in ((A, A[:, 0]), (A, A[:, :1]), (A[:, :1], A)):
        with pytest.raises(ShapeError, match=r"vectors lie along the axis -1|which do not fit"):
            functional.cosine_similarity(x1, x2)
    with pytest.raises(ShapeError, match="has dim=2"):
        functional.cosine_similarity(A, B, dim=2)
    with pytest.raises(ValueError, match="needs eps of at least 0"):
        functional.cosine_similarity(A, B, eps=-1)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, math.inf])
def test_pairwise_distance(p: float) -> None:
    d = np.abs(A - B + 1e-3)
    expected = d.max(axis=1) if p == math.inf else (d**p).sum(axis=1) ** (1 / p)
    distance = nn.PairwiseDistance(p, 1e-3)
    np.testing.assert_allclose(distance(A, B), expected)
    np.testing.assert_allclose(distance(A[0], B[0]), expected[0])
    np.testing.assert_allclose(nn.PairwiseDistance(p, 1e-3, keepdim=True)(A, B), expected[:, None])
    assert gradcheck(distance, [A, B], fast_mode=True)
    assert distance(A.astype(np.float32), B.astype(np.float32)).dtype == np.float32
    with pytest.raises(ShapeError, match="vectors lie along the axis -1"):
        distance(A, B[:, :1])
    with pytest.raises(ShapeError, match="needs vectors"):
        distance(1.0, 2.0)
    with pytest.raises(ShapeError, match="which do not fit"):
        distance(A, B[:2])


def test_modules_hold_their_options() -> None:
    assert repr(nn.MultiMarginLoss()) == "MultiMarginLoss(p=1, margin=1.0, reduction='mean')"
    assert repr(nn.CosineSimilarity()) == "CosineSimilarity(dim=1, eps=1e-08)"
    assert repr(nn.PairwiseDistance()) == "PairwiseDistance(p=2.0, eps=1e-06, keepdim=False)"
    assert (
        repr(nn.TripletMarginLoss()) == "TripletMarginLoss(margin=1.0, p=2.0, eps=1e-06, swap=False, reduction='mean')"
    )
    assert set(nn.MultiMarginLoss(weight=np.ones(3)).state_dict()) == {"weight"}


@pytest.mark.parametrize("axis", [0, -1])
def test_numbers_are_vectors_of_one_element(axis: int) -> None:
    x, y = np.array(-2.0), np.array(3.0)
    assert functional.cosine_similarity(x, y, dim=axis) == -1
    assert functional.normalize(x, axis=axis) == -1
    assert gradcheck(lambda x, y: functional.cosine_similarity(x, y, axis, eps=10.0), [x, y], fast_mode=True)
    assert gradgradcheck(lambda x, y: functional.cosine_similarity(x, y, axis, eps=10.0), [x, y], fast_mode=True)
    assert gradcheck(lambda x: functional.normalize(x, axis=axis, eps=10.0), [x], fast_mode=True)
    assert gradgradcheck(lambda x: functional.normalize(x**2, axis=axis, eps=10.0), [x], fast_mode=True)
    with pytest.raises(ShapeError, match="dim=1"):
        functional.cosine_similarity(x, y)


@pytest.mark.parametrize("function", [functional.multi_margin_loss, functional.multilabel_margin_loss])
def test_large_scores_that_tie_fall_short_by_the_margin(function: Any) -> None:
    scores = np.full((1, 3), 1e8, np.float32)
    labels = np.array([[0, -1, -1]]) if function is functional.multilabel_margin_loss else np.array([0])
    np.testing.assert_allclose(function(scores, labels), 2 / 3, rtol=1e-6)
