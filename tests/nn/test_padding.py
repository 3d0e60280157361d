"""Padding: what is refused, under vmap, of integers, and in higher derivatives."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, gradgradcheck, tensor, vmap
from nn.functional import pad

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (
            lambda: nn.ReflectionPad1d(4)(X),
            ShapeError,
            r'ReflectionPad1d: mode "reflect" has at most length - 1 .*4 and 4',
        ),
        (lambda: nn.CircularPad1d((5, 0))(X), ShapeError, r'CircularPad1d: mode "circular" has at most length places'),
        (lambda: nn.ReplicationPad1d(1)(np.ones((2, 0))), ShapeError, r'"replicate" has at most no places'),
        (lambda: nn.ZeroPad1d((-3, -2))(X), ShapeError, r"ZeroPad1d: widths -3 and -2 cut off more than the input of"),
        (
            lambda: nn.ReflectionPad2d(1)(np.ones(3)),
            ShapeError,
            r"4 widths in mode 'reflect' need an input of 3 or 4 axes",
        ),
        (
            lambda: nn.ConstantPad2d(1, 0.0)(np.ones(3)),
            ShapeError,
            r"need an input of at least 2 axes, not of shape \(3,\)",
        ),
        (lambda: nn.ZeroPad2d((1, 2, 3)), ValueError, r"padding should be an integer or 4 of them, not \(1, 2, 3\)"),
        (
            lambda: pad(X, (1, 1), "edge"),
            ValueError,
            "mode should be one of constant, reflect, replicate, circular, not",
        ),
        (lambda: pad(X, (1, 1), "reflect", 2.0), ValueError, 'mode="reflect" takes no value, but value is 2.0'),
        (lambda: pad(X, (1, 1, 1)), ValueError, "two integers for each axis, the last axis first"),
        (lambda: pad(X, (1, 1.5)), TypeError, "pad: pad should be an integer"),  # type: ignore[arg-type]  # is tested
    ],
)
def test_what_is_refused(call: Any, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        call()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_batches_integers_and_second_derivatives(mode: str) -> None:
    def padded(x: Any) -> Any:
        return pad(x, (2, -1), mode)

    np.testing.assert_array_equal(vmap(padded)(X[:, None]), padded(X)[:, None])
    np.testing.assert_array_equal(padded(X.astype(int)), padded(X))
    assert padded(X.astype(int)).dtype == int
    assert gradgradcheck(lambda x: padded(x) ** 2, tensor(X[:1], requires_grad=True))
