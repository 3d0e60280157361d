"""Adaptive softmax: probabilities, programs of compile, derivatives of both orders, and what is refused."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import DtypeError, ShapeError, compile, gradgradcheck

rng = np.random.default_rng(0)
X, LABELS = rng.standard_normal((7, 8)), np.array([0, 5, 2, 3, 1, 4, 5])
nn.manual_seed(0)
LAYER: Any = nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4], div_value=2.0, dtype=np.float64)


def test_probabilities_add_up_to_one_and_outputs_are_theirs() -> None:
    logs = LAYER.log_prob(X).data
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1)
    found = LAYER(X, LABELS)
    np.testing.assert_allclose(found.output.data, logs[np.arange(7), LABELS])
    np.testing.assert_allclose(found.loss.data, -logs[np.arange(7), LABELS].mean())
    assert LAYER.predict(X).tolist() == logs.argmax(axis=1).tolist()
    np.testing.assert_allclose(LAYER(X[1], 5).output.data, logs[1, 5])


def test_programs_take_other_labels() -> None:
    program = compile(lambda x, labels: LAYER(x, labels).loss)
    for labels in (LABELS, LABELS[::-1].copy(), 0 * LABELS):
        np.testing.assert_allclose(program(X, labels).data, LAYER(X, labels).loss.data)


def test_derivatives_of_second_order() -> None:
    assert gradgradcheck(lambda x: LAYER(x, LABELS).loss, X, fast_mode=True)


def test_parameters_are_drawn_anew() -> None:
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2], dtype=np.float32)
    before = {name: value.copy() for name, value in layer.state_dict().items()}
    layer.reset_parameters()
    assert all(
        (value != before[name]).all() and value.dtype == np.float32 for name, value in layer.state_dict().items()
    )


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, []), ValueError, r"cutoffs should be ascending.*not \[\]"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, [3, 3]), ValueError, r"below n_classes=6, not \[3, 3\]"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, [0, 3]), ValueError, "above 0"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, [6]), ValueError, "below n_classes=6"),
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, 3), TypeError, "cutoffs should be a sequence of integers"),  # type: ignore[arg-type]  # is tested
    (lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 6, [2, 4]), ValueError, r"leaves clusters \[2, 0\] of in_features=8"),
    (lambda: LAYER(X[:, :7], LABELS), ShapeError, r"\(n, 8\) or \(8,\), not \(7, 7\)"),
    (lambda: LAYER(X, LABELS[:6]), ShapeError, r"the target should have the shape \(7,\), not \(6,\)"),
    (lambda: LAYER(X, LABELS + 1), IndexError, "was given the target 6, but there are 6 classes"),
    (lambda: LAYER(X, LABELS + 0.5), DtypeError, "needs integers for targets, not dtype float64"),
    (lambda: LAYER.log_prob(X[0]), ShapeError, r"log_prob: the input should have the shape \(n, 8\), not \(8,\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_is_wrong(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
