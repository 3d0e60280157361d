"""Connectionist temporal classification gives what PyTorch's gives, through `log_softmax`."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor
from nn import functional

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


@given(data=st.data())
def test_values_and_gradients(data: Any) -> None:
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    steps, n, classes = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 4)), data.draw(st.integers(2, 6))
    blank = data.draw(st.integers(0, classes - 1))
    longest = data.draw(st.integers(1, 5))
    logits = data.draw(st.sampled_from([1.0, 20.0])) * random.standard_normal((steps, n, classes))
    targets = (blank + random.integers(1, classes, (n, longest))) % classes
    inputs, lengths = random.integers(1, steps + 1, n), random.integers(0, longest + 1, n)
    reduction: Any = data.draw(st.sampled_from(["mean", "sum", "none"]))
    if data.draw(st.booleans()):
        targets = np.concatenate([row[:length] for row, length in zip(targets, lengths, strict=True)])
    dtype, tolerance = data.draw(st.sampled_from([(np.float64, 1e-9), (np.float32, 2e-3)]))
    mine = tensor(logits.astype(dtype), requires_grad=True)
    other = torch.tensor(mine.data, requires_grad=True)
    # with zero_infinity, for the gradient of an infinite loss is nan in PyTorch, and 0 here
    found = nn.CTCLoss(blank, reduction, zero_infinity=True)(functional.log_softmax(mine), targets, inputs, lengths)
    wanted = torch.nn.CTCLoss(blank, reduction, zero_infinity=True)(
        other.log_softmax(-1), torch.tensor(targets), torch.tensor(inputs), torch.tensor(lengths)
    )
    assert found.shape == tuple(wanted.shape)
    np.testing.assert_allclose(found.data, wanted.detach().numpy(), rtol=tolerance, atol=tolerance)
    found.sum().backward()
    wanted.sum().backward()
    np.testing.assert_allclose(mine.grad.data, other.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_one_sequence(reduction: Any) -> None:
    log_probs = functional.log_softmax(np.random.default_rng(0).standard_normal((6, 4)))
    found = functional.ctc_loss(log_probs, np.array([1, 3, 3]), 6, 3, reduction=reduction)
    wanted = torch.nn.functional.ctc_loss(
        torch.tensor(log_probs), torch.tensor([1, 3, 3]), torch.tensor(6), torch.tensor(3), reduction=reduction
    )
    assert np.shape(found) == tuple(wanted.shape)
    np.testing.assert_allclose(found, wanted.numpy())


def test_the_gradient_of_an_impossible_target() -> None:
    x, targets = np.log(np.full((2, 1, 2), 0.5)), np.array([[1, 1]])
    mine, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    found = functional.ctc_loss(mine, targets, [2], [2])
    wanted = torch.nn.functional.ctc_loss(other, torch.tensor(targets), (2,), (2,))
    assert found.item() == wanted.item() == math.inf
    found.backward()
    wanted.backward()
    assert (mine.grad.data == 0).all()
    assert other.grad.isnan().any()  # and so no step could be taken for the rest of a batch


def test_the_gradient_by_log_probabilities_themselves() -> None:
    """That of PyTorch holds only behind `log_softmax`; differences agree with the one here."""
    x, targets = np.log(np.array([[[0.2, 0.8]], [[0.6, 0.4]]])), np.array([[1]])
    mine, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    functional.ctc_loss(mine, targets, [2], [1]).backward()
    torch.nn.functional.ctc_loss(other, torch.tensor(targets), (2,), (1,)).backward()
    step = np.zeros_like(x)
    step[0, 0, 0] = 1e-6
    slope = (functional.ctc_loss(x + step, targets, [2], [1]) - functional.ctc_loss(x - step, targets, [2], [1])) / 2e-6
    np.testing.assert_allclose(mine.grad.data[0, 0, 0], slope, rtol=1e-6)
    assert abs(other.grad.numpy()[0, 0, 0] - slope) > 0.01
