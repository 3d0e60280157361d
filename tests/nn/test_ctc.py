"""Connectionist temporal classification: against the sum over all emissions, in logarithms of any size, and errors."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, ShapeError, gradcheck, gradgradcheck, tensor, vjp
from nn import functional
from nn.functional._ctc_loss import _composed, _Paths

rng = np.random.default_rng(2)


def log_probabilities(steps: int, n: int, classes: int, seed: int = 0, size: float = 1.0) -> Any:
    logits = size * np.random.default_rng(seed).standard_normal((steps, n, classes))
    return functional.log_softmax(logits)


def collapsed(emission: Any, blank: int) -> list[int]:
    return [label for label, _ in itertools.groupby(emission) if label != blank]


def by_definition(log_probs: Any, target: list[int], blank: int) -> float:
    """Sum the probabilities of all emissions that collapse to the target."""
    steps, classes = log_probs.shape
    total = 0.0
    for emission in itertools.product(range(classes), repeat=steps):
        if collapsed(emission, blank) == target:
            total += math.exp(sum(log_probs[t, c] for t, c in enumerate(emission)))
    return -math.log(total) if total else math.inf


@given(data=st.data())
def test_the_loss_is_the_sum_over_all_emissions(data: Any) -> None:
    steps, n, classes = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3)), data.draw(st.integers(2, 3))
    blank = data.draw(st.integers(0, classes - 1))
    labels = st.sampled_from([c for c in range(classes) if c != blank])
    targets = [data.draw(st.lists(labels, max_size=3)) for _ in range(n)]
    input_lengths = [data.draw(st.integers(1, steps)) for _ in range(n)]
    log_probs = log_probabilities(steps, n, classes, data.draw(st.integers(0, 99)))
    lengths = [len(target) for target in targets]
    expected = [by_definition(log_probs[:t, i], targets[i], blank) for i, t in enumerate(input_lengths)]
    padded = np.full((n, 3), blank)
    for row, target in zip(padded, targets, strict=True):
        row[: len(target)] = target
    for given_targets in (padded, np.array([label for target in targets for label in target], int)):
        found = functional.ctc_loss(log_probs, given_targets, input_lengths, lengths, blank, "none")
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    per_label = [loss / max(length, 1) for loss, length in zip(expected, lengths, strict=True)]
    found = nn.CTCLoss(blank)(log_probs, padded, input_lengths, lengths)
    np.testing.assert_allclose(found, np.mean(per_label), rtol=1e-12, atol=1e-12)
    finite = [0 if loss == math.inf else loss for loss in expected]
    found = nn.CTCLoss(blank, "sum", zero_infinity=True)(log_probs, padded, input_lengths, lengths)
    np.testing.assert_allclose(found, sum(finite), rtol=1e-12, atol=1e-12)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_derivatives_of_both_orders(reduction: Any) -> None:
    log_probs = log_probabilities(5, 3, 3)
    targets, inputs, lengths = np.array([[1, 1], [2, 1], [1, 0]]), [5, 4, 2], [2, 2, 1]

    def run(x: Any) -> Any:
        return functional.ctc_loss(x, targets, inputs, lengths, reduction=reduction)

    assert gradcheck(run, [log_probs], fast_mode=True)
    assert gradgradcheck(run, [log_probs], fast_mode=True)
    assert gradgradcheck(lambda x: run(functional.log_softmax(x)), [log_probs], fast_mode=True)


@given(st.integers(0, 1000), st.sampled_from([1.0, 30.0, 1000.0]))
def test_the_gradient_is_that_of_the_composition(seed: int, size: float) -> None:
    draw = np.random.default_rng(seed)
    steps, n, longest = (int(draw.integers(*limits)) for limits in ((1, 9), (1, 4), (0, 5)))
    log_probs = log_probabilities(steps, n, 3, seed, size)
    labels, lengths = draw.integers(1, 3, (n, longest)), draw.integers(0, longest + 1, n)
    inputs = draw.integers(1, steps + 1, n)
    found, pull = vjp(lambda x: functional.ctc_loss(x, labels, inputs, lengths, reduction="none"), log_probs)
    wanted, other = vjp(lambda x: _composed(x, _Paths.of(labels, lengths, inputs, 0)), log_probs)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    g = draw.standard_normal(n)
    np.testing.assert_allclose(pull(g)[0], other(g)[0], atol=1e-9)


def test_the_gradient_of_each_step_is_a_distribution() -> None:
    x = tensor(log_probabilities(6, 2, 4, size=100), requires_grad=True)
    functional.ctc_loss(x, np.array([[1, 2], [3, 3]]), [6, 4], [2, 2], reduction="sum").backward()
    np.testing.assert_allclose(-x.grad.data.sum(axis=2), [[1, 1]] * 4 + [[1, 0]] * 2)
    assert (x.grad.data <= 0).all()


def test_long_sequences_of_tiny_probabilities() -> None:
    steps, labels = 2000, np.tile([1, 2], 300)
    log_probs = np.full((steps, 1, 3), -500.0)
    log_probs[:, :, 0] = -1e-9
    x = tensor(log_probs, requires_grad=True)
    with np.errstate(all="raise", under="ignore"):
        loss = functional.ctc_loss(x, labels[None], [steps], [600], reduction="sum")
        loss.backward()
    # each way has 600 labels or more; those with just 600 are all the others' e ** 500 times
    ways = math.lgamma(steps + 1) - math.lgamma(601) - math.lgamma(steps - 600 + 1)
    np.testing.assert_allclose(loss.item(), 600 * 500 + 1400e-9 - ways, rtol=1e-12)
    np.testing.assert_allclose(x.grad.data.sum(axis=(0, 1)), [600 - steps, -300, -300], rtol=1e-8)


def test_single_precision_is_computed_in_double() -> None:
    log_probs = log_probabilities(50, 2, 5, size=5).astype(np.float32)
    targets = rng.integers(1, 5, (2, 10))
    x = tensor(log_probs, requires_grad=True)
    loss = functional.ctc_loss(x, targets, [50, 40], [10, 7])
    loss.backward()
    assert loss.dtype == x.grad.dtype == np.float32
    expected = functional.ctc_loss(log_probs.astype(float), targets, [50, 40], [10, 7])
    np.testing.assert_allclose(loss.data, expected, rtol=1e-7)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_impossible_targets_cost_infinity_and_leave_the_others_their_gradient(reduction: Any) -> None:
    log_probs = log_probabilities(3, 2, 3)
    targets, lengths = np.array([[1, 1], [1, 2]]), [2, 2]
    alone = tensor(log_probs[:, 1:], requires_grad=True)
    functional.ctc_loss(alone, targets[1:], [2], [2], reduction="sum").backward()
    for zero_infinity in (False, True):
        x = tensor(log_probs, requires_grad=True)
        losses = functional.ctc_loss(x, targets, [2, 2], lengths, 0, reduction, zero_infinity)
        assert np.isinf(losses.data).any() != zero_infinity
        losses.sum().backward()
        assert (x.grad.data[:, 0] == 0).all()
        share = 0.25 if reduction == "mean" else 1
        np.testing.assert_allclose(x.grad.data[:, 1], share * alone.grad.data[:, 0])
    assert nn.CTCLoss(zero_infinity=True)(log_probs, targets, [2, 2], lengths) > 0


def test_classes_that_are_never_emitted() -> None:
    x = tensor(np.array([[-0.7, -0.7, -np.inf]] * 2), requires_grad=True)
    loss = functional.ctc_loss(x, [1], 2, 1)
    loss.backward()
    np.testing.assert_allclose(loss.data, 1.4 - np.log(3))
    np.testing.assert_allclose(x.grad.data, [[-1 / 3, -2 / 3, 0]] * 2)
    assert functional.ctc_loss(x, [2], 2, 1).item() == np.inf


def test_one_sequence_without_a_batch() -> None:
    log_probs = log_probabilities(4, 1, 3)
    expected = functional.ctc_loss(log_probs, [[1, 2]], [4], [2], reduction="none")
    shares: dict[Any, float] = {"none": 1, "sum": 1, "mean": 0.5}
    for reduction, share in shares.items():
        found = functional.ctc_loss(log_probs[:, 0], np.array([1, 2]), 4, 2, reduction=reduction)
        assert np.shape(found) == ()
        np.testing.assert_allclose(found, share * expected[0])
    longer = functional.ctc_loss(log_probs[:, 0], np.array([1, 2, 1]), 4, 2)  # what is beyond does not count
    np.testing.assert_allclose(longer, expected[0] / 2)
    empty = functional.ctc_loss(log_probs[:, 0], [], 4, 0)
    np.testing.assert_allclose(empty, -log_probs[:, 0, 0].sum())


def test_no_sequences() -> None:
    assert functional.ctc_loss(np.zeros((3, 0, 2)), np.zeros((0, 1), int), [], []) == 0


def test_targets_may_be_whole_numbers_of_a_float_dtype() -> None:
    x, targets = log_probabilities(4, 2, 3), np.array([[1, 2], [2, 1]])
    expected = functional.ctc_loss(x, targets, [4, 4], [2, 2])
    assert functional.ctc_loss(x, targets.astype(np.float32), [4, 4], [2, 2]) == expected


def test_lengths_targets_and_blanks_that_are_wrong() -> None:
    x, targets = log_probabilities(4, 2, 3), np.array([[1, 2], [2, 1]])
    call = functional.ctc_loss
    with pytest.raises(ShapeError, match=r"log_probs of shape \(3,\)"):
        call(x[0, 0], targets, [4, 4], [2, 2])
    with pytest.raises(ValueError, match="blank=3, but there are 3 classes"):
        call(x, targets, [4, 4], [2, 2], blank=3)
    with pytest.raises(ValueError, match=r"input_lengths \[5, 4\], which should be from 1 to 4"):
        call(x, targets, [5, 4], [2, 2])
    with pytest.raises(ValueError, match=r"input_lengths \[0, 4\]"):
        call(x, targets, [0, 4], [2, 2])
    with pytest.raises(ValueError, match=r"target_lengths \[3, 2\], which should be from 0 to 2"):
        call(x, targets, [4, 4], [3, 2])
    with pytest.raises(ShapeError, match=r"input_lengths of shape \(\), but the shape of the sequences is \(2,\)"):
        call(x, targets, 4, [2, 2])
    with pytest.raises(ShapeError, match=r"4 targets one after another, but target_lengths sum to 3"):
        call(x, targets.ravel(), [4, 4], [2, 1])
    with pytest.raises(ShapeError, match=r"targets of shape \(1, 2\) for 2 sequences"):
        call(x, targets[:1], [4, 4], [2, 2])
    with pytest.raises(IndexError, match="the label 3, but there are 3 classes"):
        call(x, targets + 1, [4, 4], [2, 2])
    with pytest.raises(ValueError, match="targets that hold the blank, 1"):
        call(x, targets, [4, 4], [2, 2], blank=1)
    with pytest.raises(DtypeError, match="needs targets that are integers, but they have dtype float64"):
        call(x, targets + 0.5, [4, 4], [2, 2])
    with pytest.raises(DtypeError, match="needs input_lengths that are integers"):
        call(x, targets, [4.0, 4.0], [2, 2])
    with pytest.raises(ValueError, match="reduction"):
        call(x, targets, [4, 4], [2, 2], reduction="batchmean")  # type: ignore[arg-type]
    # labels beyond a target's length may be anything
    assert call(x, np.array([[1, 99], [2, 1]]), [4, 4], [1, 2]) > 0
    assert repr(nn.CTCLoss()) == "CTCLoss(blank=0, reduction='mean', zero_infinity=False)"
