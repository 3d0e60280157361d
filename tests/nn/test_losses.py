"""Losses: against plain NumPy in float64, their derivatives of both orders, and their errors."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, ShapeError, Tensor, gradcheck, gradgradcheck, tensor
from nn import functional

IGNORED = -100
rng = np.random.default_rng(0)
SHAPES = [(5, 4), (4,), (3, 4, 2), (2, 4, 3, 2)]


def reference(
    logits: Any, target: Any, weight: Any, reduction: Any, label_smoothing: Any, ignore_index: Any = IGNORED
) -> Any:
    """Compute the cross-entropy one row at a time, as its definition says."""
    classes = logits.shape[0 if logits.ndim == 1 else 1]
    rows = logits.reshape(1, -1) if logits.ndim == 1 else np.moveaxis(logits, 1, -1).reshape(-1, classes)
    weight = np.ones(classes) if weight is None else weight
    soft = target.dtype.kind == "f"
    if soft:
        targets = target.reshape(1, -1) if target.ndim == 1 else np.moveaxis(target, 1, -1).reshape(-1, classes)
    else:
        targets = target.reshape(-1)
    each, total = [], 0.0
    for z, t in zip(rows, targets, strict=True):
        log_p = z - z.max() - np.log(np.exp(z - z.max()).sum())
        if not soft and t == IGNORED:
            each.append(0.0)
            continue
        wanted = t if soft else np.eye(classes)[t]
        spread = wanted * (1 - label_smoothing) + label_smoothing / classes
        each.append(-(spread * weight * log_p).sum())
        total += 1 if soft else weight[t]
    losses = np.array(each)
    if reduction == "none":
        return losses.reshape(logits.shape[:1] + logits.shape[2:] if logits.ndim > 1 else ())
    return losses.sum() / (total or 1) if reduction == "mean" else losses.sum()


def labels_for(shape: Any, classes: Any = 4) -> Any:
    return rng.integers(0, classes, shape[:1] + shape[2:] if len(shape) > 1 else ())


@pytest.mark.one_in(6)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_equals_its_definition(shape: Any, reduction: Any, weighted: Any, label_smoothing: Any) -> None:
    logits = 3 * rng.standard_normal(shape)
    weight = rng.uniform(0.1, 2, 4) if weighted else None
    labels = labels_for(shape)
    some_ignored = labels.copy()
    if labels.size > 1:
        some_ignored.reshape(-1)[1] = IGNORED
    probabilities = functional.softmax(rng.standard_normal(shape), 0 if len(shape) == 1 else 1)
    loss = nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=label_smoothing)
    for target in (labels, some_ignored, probabilities):
        expected = reference(logits, target, weight, reduction, label_smoothing)
        np.testing.assert_allclose(loss(logits, target), expected, rtol=1e-12)
        assert gradcheck(lambda z, target=target: loss(z, target), [logits], fast_mode=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_second_derivatives_of_cross_entropy(reduction: Any, weighted: Any, label_smoothing: Any) -> None:
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 2, IGNORED, 1])
    loss = nn.CrossEntropyLoss(
        np.array([0.5, 1, 2]) if weighted else None, reduction=reduction, label_smoothing=label_smoothing
    )
    assert gradgradcheck(lambda z: loss(z, labels), [logits], fast_mode=True)


def test_the_hessian_of_cross_entropy_is_that_of_softmax() -> None:
    z = tensor(rng.standard_normal((1, 4)), requires_grad=True)
    functional.cross_entropy(z, np.array([2])).backward(create_graph=True)
    p = functional.softmax(z.data)[0]
    for i in range(4):
        gradient = z.grad
        z.zero_grad()
        gradient[0, i].backward(retain_graph=True)
        np.testing.assert_allclose(z.grad.data[0], p * (np.eye(4)[i] - p[i]), atol=1e-15)
        z.grad = gradient


def test_a_graph_that_is_kept_gives_the_same_gradient_twice() -> None:
    z = tensor(rng.standard_normal((3, 4)), requires_grad=True)
    loss = functional.cross_entropy(z, np.array([0, 1, 2]))
    loss.backward(retain_graph=True)
    first = z.grad.data.copy()
    z.zero_grad()
    loss.backward()
    np.testing.assert_array_equal(z.grad.data, first)


def test_logits_laid_out_by_columns() -> None:
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 1, 2, 0])
    gradients = []
    for laid_out in (logits, np.asfortranarray(logits)):
        z = Tensor(laid_out, requires_grad=True)
        functional.cross_entropy(z, labels).backward()
        gradients.append(z.grad.data)
    np.testing.assert_array_equal(*gradients)


@given(
    rows=st.integers(1, 5),
    classes=st.integers(1, 5),
    size=st.sampled_from([1e-3, 1.0, 30.0, 1000.0, 1e6]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_cross_entropy_is_stable_for_logits_of_any_size(
    rows: Any, classes: Any, size: Any, dtype: Any, seed: Any
) -> None:
    draw = np.random.default_rng(seed)
    logits = (size * draw.uniform(-1, 1, (rows, classes))).astype(dtype)
    labels = draw.integers(0, classes, rows)
    z = tensor(logits, requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        loss = functional.cross_entropy(z, labels)
        loss.backward()
    assert loss.dtype == dtype
    precision = 1e-5 if dtype == np.float32 else 1e-12
    expected = reference(logits.astype(np.float64), labels, None, "mean", 0)
    np.testing.assert_allclose(loss.data, expected, rtol=precision, atol=precision * max(size, 1))
    p = functional.softmax(logits.astype(np.float64))
    p[np.arange(rows), labels] -= 1
    np.testing.assert_allclose(z.grad.data, p / rows, atol=precision * max(size, 1))


@pytest.mark.parametrize("sign", [1, -1])
def test_logits_of_a_thousand(sign: Any) -> None:
    logits = sign * np.array([[1000.0, -1000.0], [-1000.0, -1000.0]])
    with np.errstate(all="raise", under="ignore"):
        losses = functional.cross_entropy(logits, np.array([1, 0]), reduction="none")
    np.testing.assert_allclose(losses, [2000 if sign > 0 else 0, np.log(2)])


def test_masked_logits() -> None:
    logits = np.array([[0.0, 0.0, -np.inf], [1.0, -np.inf, -np.inf]])
    labels = np.array([0, 0])
    for target in (labels, np.eye(3)[labels]):
        z = tensor(logits, requires_grad=True)
        loss = functional.cross_entropy(z, target)
        np.testing.assert_allclose(loss.data, np.log(2) / 2)
        loss.backward()
        np.testing.assert_allclose(z.grad.data, np.array([[-0.25, 0.25, 0], [0, 0, 0]]), atol=1e-15)


@pytest.mark.parametrize("loss", [functional.cross_entropy, functional.nll_loss])
def test_all_rows_ignored_is_zero_with_zero_gradient(loss: Any) -> None:
    z = tensor(rng.standard_normal((3, 4)), requires_grad=True)
    out = loss(z, np.full(3, IGNORED))
    assert out.item() == 0
    out.backward()
    assert (z.grad.data == 0).all()
    assert loss(z, np.full(3, 2), ignore_index=2, weight=np.ones(4)).item() == 0
    assert functional.cross_entropy(z, np.full(3, IGNORED), label_smoothing=0.1).item() == 0


def test_ignored_rows_may_hold_anything() -> None:
    logits = rng.standard_normal((3, 4))
    logits[1] = np.nan
    z = tensor(logits, requires_grad=True)
    loss = functional.cross_entropy(z, np.array([0, IGNORED, 3]))
    np.testing.assert_allclose(loss.data, functional.cross_entropy(logits[[0, 2]], np.array([0, 3])))
    loss.backward()
    assert (z.grad.data[1] == 0).all()
    assert np.isfinite(z.grad.data).all()


def test_a_valid_class_can_be_ignored() -> None:
    logits, labels = rng.standard_normal((4, 3)), np.array([0, 1, 0, 2])
    expected = functional.cross_entropy(logits[[1, 3]], labels[[1, 3]])
    np.testing.assert_allclose(functional.cross_entropy(logits, labels, ignore_index=0), expected)
    np.testing.assert_allclose(nn.CrossEntropyLoss(ignore_index=0)(logits, labels), expected)


def test_gradients_flow_to_targets_that_are_probabilities() -> None:
    logits = rng.standard_normal((3, 4))
    probabilities = functional.softmax(rng.standard_normal((3, 4)))
    for smoothing in (0.0, 0.3):
        loss = nn.CrossEntropyLoss(weight=np.arange(1.0, 5), label_smoothing=smoothing)
        assert gradcheck(loss, [logits, probabilities], fast_mode=True)
        assert gradgradcheck(loss, [logits, probabilities], fast_mode=True)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64, np.int64])
def test_labels_of_any_integer_type(dtype: Any) -> None:
    logits, labels = rng.standard_normal((3, 4)), np.array([3, 0, 1])
    expected = functional.cross_entropy(logits, labels)
    assert functional.cross_entropy(logits, labels.astype(dtype)) == expected
    assert functional.cross_entropy(logits, tensor(labels)) == expected
    assert functional.cross_entropy(logits, labels.tolist()) == expected


@pytest.mark.parametrize("loss", [functional.cross_entropy, functional.nll_loss])
@pytest.mark.parametrize("label", [4, -1, 2**62])
def test_labels_out_of_range_name_row_label_and_classes(loss: Any, label: Any) -> None:
    target = np.array([0, 3, label, 1])
    with pytest.raises(IndexError, match=rf"the label {label} in row 2, but there are 4 classes.*0 to 3.*\(1 of 4"):
        loss(rng.standard_normal((4, 4)), target)
    with pytest.raises(IndexError, match=rf"the label {label} in row \(1, 0\)"):
        loss(rng.standard_normal((2, 4, 2)), target.reshape(2, 2))


def test_wrong_shapes_and_dtypes_name_both_and_the_remedy() -> None:
    logits = rng.standard_normal((5, 3))
    with pytest.raises(
        ShapeError, match=r"\(5, 3\) and target has shape \(4,\): class indices for it have shape \(5,\)"
    ):
        functional.cross_entropy(logits, np.zeros(4, int))
    with pytest.raises(ShapeError, match=r"target has shape \(5, 1\).*use target.squeeze\(-1\)"):
        functional.cross_entropy(logits, np.zeros((5, 1), int))
    with pytest.raises(ShapeError, match=r"for one-hot rows use target.argmax\(axis=1\)"):
        functional.cross_entropy(logits, np.eye(3, dtype=int)[[0, 1, 2, 0, 1]])
    with pytest.raises(DtypeError, match=r"integers, but target has dtype float64 and shape \(5,\).*astype\(int\)"):
        functional.cross_entropy(logits, np.zeros(5))
    with pytest.raises(DtypeError, match="dtype bool"):
        functional.cross_entropy(logits, np.zeros(5, bool))
    with pytest.raises(ShapeError, match=r"weight has shape \(2,\), but there are 3 classes"):
        functional.cross_entropy(logits, np.zeros(5, int), weight=np.ones(2))
    with pytest.raises(ShapeError, match=r"input has shape \(\)"):
        functional.nll_loss(np.float64(1.0).reshape(()), np.zeros((), int))
    with pytest.raises(ValueError, match='reduction should be "mean", "sum" or "none", not \'avg\''):
        nn.CrossEntropyLoss(reduction=cast(Any, "avg"))
    with pytest.raises(ValueError, match=r"label_smoothing should be a number from 0 to 1, not 2"):
        nn.CrossEntropyLoss(label_smoothing=2)
    with pytest.raises(ValueError, match=r"label_smoothing should be from 0 to 1, not -1"):
        functional.cross_entropy(logits, np.zeros(5, int), label_smoothing=-1)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_of_log_softmax_is_cross_entropy(shape: Any, reduction: Any, weighted: Any) -> None:
    logits, labels = rng.standard_normal(shape), labels_for(shape)
    weight = rng.uniform(0.1, 2, 4) if weighted else None
    axis = 0 if len(shape) == 1 else 1
    loss = nn.NLLLoss(weight, reduction=reduction)

    def run(z: Any) -> Any:
        return loss(functional.log_softmax(z, axis), labels)

    np.testing.assert_allclose(run(logits), functional.cross_entropy(logits, labels, weight, reduction=reduction))
    assert gradcheck(run, [logits], fast_mode=True)
    assert gradgradcheck(run, [logits], fast_mode=True)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_mse(reduction: Any) -> None:
    x, y = rng.standard_normal((2, 3, 2))
    loss = nn.MSELoss(reduction)
    squares = (x - y) ** 2
    expected = {"mean": squares.mean(), "sum": squares.sum(), "none": squares}[reduction]
    np.testing.assert_allclose(loss(tensor(x), y).data, expected)
    assert gradcheck(loss, [x, y], fast_mode=True)
    assert gradgradcheck(loss, [x, y], fast_mode=True)


@pytest.mark.parametrize(("one", "other"), [((5, 1), (5,)), ((5,), (5, 1)), ((2, 3), (3, 2))])
def test_mse_does_not_broadcast(one: Any, other: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        nn.MSELoss()(tensor(np.zeros(one)), np.zeros(other))
    message = str(caught.value)
    assert f"input of shape {one} and target of shape {other}" in message
    assert f"input.reshape({other})" in message
    with pytest.raises(ShapeError, match="give both the same shape"):
        functional.mse_loss(np.zeros((5, 1)), 0.0)


def test_losses_hold_their_options() -> None:
    loss = nn.CrossEntropyLoss(np.ones(3), 1, "sum", 0.1)
    assert repr(loss) == "CrossEntropyLoss(ignore_index=1, reduction='sum', label_smoothing=0.1)"
    assert set(loss.state_dict()) == {"weight"}
    assert list(loss.parameters()) == []
    assert repr(nn.NLLLoss()) == "NLLLoss(ignore_index=-100, reduction='mean')"
    assert repr(nn.MSELoss("sum")) == "MSELoss(reduction='sum')"
