"""Gradients clipped by norm and by value, and parameters as one vector."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DtypeError, ShapeError, Tensor, gradcheck
from nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm, parameters_to_vector, vector_to_parameters

SHAPES = [(2, 3), (), (0,), (4, 1)]


def parameters_with(draw: np.random.Generator, scale: float, dtype: Any = float) -> list[nn.Parameter]:
    made = [nn.Parameter(np.zeros(shape), dtype=dtype) for shape in SHAPES]
    for parameter in made:
        parameter.grad = scale * draw.standard_normal(parameter.shape)
    return [*made, nn.Parameter([1.0])]


@given(
    order=st.sampled_from([1, 2, 3.5, float("inf")]),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    largest=st.sampled_from([0.0, 0.1, 10.0]),
    seed=st.integers(0, 100),
)
def test_norms(order: float, scale: float, largest: float, seed: int) -> None:
    parameters = parameters_with(np.random.default_rng(seed), scale)
    before = [parameter.grad.data.copy() for parameter in parameters[:-1]]
    held = parameters[0].grad.data
    expected = np.linalg.norm(np.concatenate([gradient.ravel() for gradient in before]), order)
    norm = clip_grad_norm_(iter(parameters), largest, order)
    np.testing.assert_allclose(float(norm), expected, 1e-12)
    np.testing.assert_array_equal(held, before[0])
    for parameter, gradient in zip(parameters[:-1], before, strict=True):
        np.testing.assert_allclose(parameter.grad.data, gradient * min(1, largest / (expected + 1e-6)), 1e-12)
    assert parameters[-1].grad is None


def test_the_norm_neither_overflows_nor_vanishes() -> None:
    for dtype, large, small in ((np.float32, 1e30, 1e-30), (np.float64, 1e200, 1e-200), (np.float16, 1e3, 1e-5)):
        for value in (large, small):
            norm = get_total_norm([np.full(4, value, dtype), Tensor(np.zeros(3, dtype))])
            assert norm.dtype == dtype
            np.testing.assert_allclose(float(norm), 2 * value, rtol=1e-2)
            np.testing.assert_allclose(float(get_total_norm(np.full(8, value, dtype), 3)), 2 * value, rtol=1e-2)
    assert float(get_total_norm(np.full(4, 3e38, np.float32))) == np.inf
    assert get_total_norm([]).data == 0
    assert get_total_norm(np.zeros((3, 0))).data == 0
    assert get_total_norm([np.ones(1, np.float32), np.ones(1)]).dtype == np.float64


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("order", [1, 2, np.inf])
def test_norms_that_are_not_finite(value: float, order: float) -> None:
    w: Any = nn.Parameter([1.0])
    v: Any = nn.Parameter([1.0])
    w.grad, v.grad = [value], [1.0]
    with pytest.raises(RuntimeError, match=f"the norm of order {order:g} of all gradients is {value}"):
        clip_grad_norm_([w, v], 1.0, order, error_if_nonfinite=True)
    assert v.grad.data == 1
    with np.errstate(invalid="ignore"):
        norm = clip_grad_norm_([w, v], 1.0, order)
    np.testing.assert_equal(float(norm), value)
    assert np.isnan(w.grad.data)
    np.testing.assert_equal(v.grad.data, [0.0 if np.isinf(value) else np.nan])


def test_float32_stays_and_an_optimizer_takes_clipped_gradients() -> None:
    w: Any = nn.Parameter([3.0, 4.0])
    optimizer = nn.optim.SGD([w], lr=1.0)
    (w * w).sum().backward()
    held = w.grad
    clip_grad_norm_(w, 5.0)
    assert w.grad.dtype == np.float32
    optimizer.step()
    np.testing.assert_allclose(w.data, [0, 0], atol=1e-5)
    np.testing.assert_array_equal(held.data, [6, 8])
    w.grad = [3.0, -4.0]
    clip_grad_value_(w, 3.5)
    np.testing.assert_array_equal(w.grad.data, np.array([3, -3.5], np.float32))


def test_refusals_of_clipping() -> None:
    w = nn.Parameter([1.0])
    w.grad = [1.0]
    for value in (-1.0, np.nan):
        with pytest.raises(ValueError, match=f"max_norm should be 0 or more, not {value}"):
            clip_grad_norm_([w], value)
        with pytest.raises(ValueError, match=f"clip_value should be 0 or more, not {value}"):
            clip_grad_value_([w], value)
        with pytest.raises(ValueError, match=f"norm_type should be above 0, not {value}"):
            clip_grad_norm_([w], 1.0, value)


def test_vectors() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    optimizer = nn.optim.SGD(model.parameters(), lr=1.0)
    start = parameters_to_vector(model.parameters())
    assert start.shape == (11,)
    np.testing.assert_array_equal(start.data[:6].reshape(2, 3), model[0].weight.data)
    data = model[0].weight.data
    vector_to_parameters(start * 2, model.parameters())
    assert model[0].weight.data is data
    np.testing.assert_array_equal(parameters_to_vector(model.parameters()).data, start.data * 2)
    (start * np.arange(11)).sum().backward()
    np.testing.assert_array_equal(model[0].bias.grad.data, [6, 7])
    optimizer.step()
    np.testing.assert_array_equal(model[1].bias.data, start.data[-1:] * 2 - 10)
    assert gradcheck(lambda x, y: parameters_to_vector([x, y]) ** 2, (np.ones((2, 2)), np.arange(3.0)), fast_mode=True)


def test_refusals_of_vectors() -> None:
    w = nn.Parameter([1.0, 2.0])
    for vector in (np.ones(3), np.ones((2, 1))):
        with pytest.raises(ShapeError, match=r"a vector for these parameters has shape \(2,\), not "):
            vector_to_parameters(vector, [w])
    for numbers in (np.ones(2, int), np.ones(2, complex)):
        with pytest.raises(DtypeError, match="holds floating-point numbers, not "):
            vector_to_parameters(numbers, [w])
    with pytest.raises(ValueError, match="there are no parameters"):
        parameters_to_vector([])
    np.testing.assert_array_equal(w.data, [1, 2])
