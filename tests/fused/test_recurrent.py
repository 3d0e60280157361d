"""An LSTM in a program with fused loops: its steps are loops of their own, which agree with the NumPy calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, grad, vmap


def numbers(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("options", "dtype", "given"),
    [
        ({}, np.float32, False),
        ({"bidirectional": True, "num_layers": 2}, np.float64, True),
        ({"bias": False}, np.float32, True),
    ],
    ids=str,
)
def test_steps(options: dict[str, Any], dtype: Any, given: bool) -> None:
    """Train on the sequence, on the last states, and on both."""
    model = nn.LSTM(3, 8, **options)
    for parameter in model.parameters():
        parameter.data = numbers(*parameter.shape).astype(dtype)
    layers = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    x, h, c = (numbers(*shape).astype(dtype) for shape in ((5, 2, 3), (layers, 2, 8), (layers, 2, 8)))

    inputs = [nn.Parameter(array) for array in (x, h, c)]

    def gradients(factor: Any) -> None:
        model.zero_grad()
        for tensor in inputs:
            tensor.grad = None
        x, h, c = (tensor * factor for tensor in inputs)
        out, (last_h, last_c) = model(x, (h, c) if given else None)
        ((out**2).sum() + (last_h * last_c).sum()).backward()

    recorded, results = compile(gradients, backend="numba"), []
    for function in (gradients, recorded, recorded, recorded):
        for factor in (1, 0.5):
            function(np.asarray(factor, dtype))
            tensors = [*inputs, *model.parameters()] if given else [inputs[0], *model.parameters()]
            results.append([tensor.grad.data.copy() for tensor in tensors])
    for i, found in enumerate(results[2:]):
        for one, expected in zip(found, results[i % 2], strict=True):
            error = 200 * np.finfo(dtype).eps * max(1, np.abs(expected).max())
            np.testing.assert_allclose(one, expected, rtol=0, atol=error)


def test_second_derivatives_and_batches() -> None:
    model = nn.LSTM(3, 8).requires_grad_(False)
    x = numbers(4, 2, 3).astype(np.float32)

    def slope(x: Any) -> Any:
        return (grad(lambda y: (model(y)[0] ** 2).sum())(x) ** 2).sum()

    for function in (grad(slope), vmap(grad(lambda y: model(y[:, None])[0].sum()), in_axes=1)):
        recorded = compile(function, backend="numba")
        for factor in (1, 0.5, 0.25):
            expected = function(x * np.float32(factor))
            np.testing.assert_allclose(recorded(x * np.float32(factor)), expected, rtol=1e-4, atol=1e-5)


def test_a_loop_goes_on_after_a_view_of_what_it_reads() -> None:
    def function(x: Any, y: Any) -> Any:
        product = x @ y
        a = np.tanh(product[0]) + 1
        b = np.exp(product[1]) * a
        return b - product[2]

    x, y, recorded = numbers(3, 4, 5), numbers(5, 6), compile(function, backend="numba")
    for _ in range(3):
        np.testing.assert_allclose(recorded(x, y), function(x, y), rtol=1e-13)
    assert len(recorded.programs[0].program.loops) == 1
    assert "exp(" not in recorded.source().partition("def function")[2]
