"""Gradients that are sums over many rows are right to nearly the last digit, in single precision too."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import tensor
from autograd.calculus import RULES
from autograd.extend import accurate_sum, borrow
from nn import functional

ROWS = int(os.environ.get("PLAINGRAD_ROWS", 2**17))
TOLERANCE = 4 * np.log2(ROWS) * np.finfo(np.float32).eps
SINGLE = np.float32

Function = Callable[..., Any]


def rows(*shape: int, value: float = 0.7) -> Any:
    return np.full((ROWS, *shape), value, SINGLE)


# What is repeated along the rows, and what of it and of rows.
CALLS: dict[str, tuple[Any, Function]] = {
    "linear bias": ([0.1, 0.2], lambda b: functional.linear(rows(1), np.ones((2, 1), SINGLE), b)),
    "bilinear bias": ([0.1], lambda b: functional.bilinear(rows(1), rows(1), np.ones((1, 1, 1), SINGLE), b)),
    "conv1d bias": ([0.1], lambda b: functional.conv1d(rows(1, 1), np.ones((1, 1, 1), SINGLE), b)),
    "conv2d bias": ([0.1, 0.2], lambda b: functional.conv2d(rows(1, 1, 1), np.ones((2, 1, 1, 1), SINGLE), b)),
    "conv_transpose1d bias": ([0.1], lambda b: functional.conv_transpose1d(rows(1, 1), np.ones((1, 1, 1), SINGLE), b)),
    "layer_norm weight": ([0.1, 0.2], lambda w: functional.layer_norm(rows(2) * np.array([1, 3], SINGLE), 2, w)),
    "layer_norm bias": ([0.1, 0.2], lambda b: functional.layer_norm(rows(2), 2, np.ones(2, SINGLE), b)),
    "rms_norm weight": ([0.1, 0.2], lambda w: functional.rms_norm(rows(2), 2, w)),
    "batch_norm bias": (
        [0.1, 0.2],
        lambda b: functional.batch_norm(rows(2), training=True, weight=np.ones(2, SINGLE), bias=b),
    ),
    "group_norm bias": ([0.1, 0.2], lambda b: functional.group_norm(rows(2), 1, np.ones(2, SINGLE), b)),
    "prelu weight": ([0.1, 0.2], lambda w: functional.prelu(-rows(2), w)),
    "embedding": ([[0.1], [0.2]], lambda w: functional.embedding(np.zeros(ROWS, int), w)),
    "wide embedding": ([[0.1] * 330], lambda w: functional.embedding(np.zeros(ROWS // 4, int), w)),
    "an index": ([0.1, 0.2, 0.3], lambda x: x[np.zeros(ROWS, int)]),
    "two indices": ([[0.1, 0.2]], lambda x: x[np.zeros(ROWS, int), np.ones(ROWS, int)]),
    "take": ([0.1, 0.2], lambda x: np.take(x, np.ones(ROWS, int))),
    "broadcast_to": ([0.1, 0.2], lambda x: np.broadcast_to(x, (ROWS, 2))),
    "where": ([0.1, 0.2], lambda x: np.where(rows(2) > 0, x, 0)),
    "clip": ([0.8], lambda x: np.clip(rows(2), x, SINGLE(1.0))),
    "matmul of many matrices": ([[[0.1, 0.2]]], lambda x: rows(1, 1) @ x),
    "var about a mean": ([0.1, 0.2], lambda m: rows() * np.var(rows(2), 1, mean=m.sum())),
    "softmax of ties": ([0.1], lambda x: functional.log_softmax(rows() * x, 0)[:1] * ROWS),
}


def gradient(function: Function, at: Any, g: float) -> Any:
    x = tensor(at, requires_grad=True)
    out = function(x)
    out.backward(np.full(out.shape, g, out.dtype))
    return borrow(x.grad)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_repeated_along_many_rows_gets_the_sum_of_their_gradients(name: str) -> None:
    values, function = CALLS[name]
    at = np.asarray(values, SINGLE)
    found, wanted = (gradient(function, at.astype(dtype), 0.1) for dtype in (SINGLE, float))
    assert found.dtype == SINGLE
    assert np.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * ROWS * 0.01)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("function", [f for f in RULES if len(RULES[f]) == 2], ids=lambda f: f.__name__)
def test_broadcasting_of_elementwise_functions(function: Function, swapped: bool) -> None:
    many, few = np.linspace(0.5, 1.5, 4 * ROWS, dtype=SINGLE).reshape(ROWS, 4), np.array([0.3, 0.7, 0.9, 1.1], SINGLE)

    def of_few(x: Any) -> Any:
        rows = many.astype(x.dtype)
        return function(x, rows) if swapped else function(rows, x)

    found, wanted = (gradient(of_few, few.astype(dtype), 0.1) for dtype in (SINGLE, float))
    assert np.allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * ROWS * 0.01)


def test_the_way_to_the_parameters_of_an_optimizer_is_accurate_too() -> None:
    layer = nn.Linear(1, 2)
    nn.optim.SGD(layer.parameters(), lr=0.1)  # gives gradients their places in one array
    layer(rows(1)).backward(np.full((ROWS, 2), 0.1, SINGLE))
    assert layer.bias is not None
    assert layer.bias.grad is not None
    assert np.allclose(borrow(layer.bias.grad), ROWS * float(SINGLE(0.1)), rtol=TOLERANCE)


@pytest.mark.parametrize("shape", [(3,), (3, 5), (1000, 2), (1001, 40), (40, 1001), (2, 700, 3), (700, 3, 40)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_accurate_sums_are_sums(shape: tuple[int, ...], dtype: Any) -> None:
    array: Any = np.random.default_rng(0).uniform(0.5, 1, shape).astype(dtype)
    tolerance = 4 * np.finfo(dtype).eps
    wider: Any = array.astype(np.result_type(dtype, float))
    axes: list[int | tuple[int, ...]] = [(0,), 0, tuple(range(len(shape))), -1, (-1,)]
    for axis in axes:
        for keepdims in (False, True):
            found = accurate_sum(array, axis, keepdims)
            wanted = wider.sum(axis=axis, keepdims=keepdims)
            assert found.dtype == dtype
            assert found.shape == wanted.shape
            assert np.allclose(found, wanted, rtol=max(tolerance, 1e-13), atol=0)
            of_view = accurate_sum(array[::-1], axis, keepdims)
            assert np.allclose(of_view, array[::-1].astype(wider.dtype).sum(axis=axis, keepdims=keepdims), rtol=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("length", [1, 15, 16, 700, 20_000])
def test_sums_over_images_whose_channels_come_first_are_accurate(length: int, dtype: Any) -> None:
    array = np.random.default_rng(0).normal(100, 1, (2, 50, length)).astype(dtype).swapaxes(0, 1)
    for view in (array, array[..., ::-1], array[..., ::2]):
        found = accurate_sum(view, (0, 2), keepdims=True)
        wanted = view.astype(np.complex128).sum((0, 2), keepdims=True)
        assert (found.shape, found.dtype) == ((1, 2, 1), dtype)
        assert np.allclose(found, wanted, rtol=2 * np.finfo(dtype).eps, atol=0)


SHAPES = [
    (3000, 3),
    (700, 5),
    (300, 10),
    (260, 130),
    (30, 9, 12),
    (2, 3, 4),
    (0, 3),
    (4096, 1),
    (129, 128),
    (1000, 513),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
@pytest.mark.parametrize("shape", SHAPES)
def test_sums_are_those_of_python(shape: tuple[int, ...], dtype: Any) -> None:
    array = np.random.default_rng(0).normal(1, 1, shape).astype(dtype)
    for axis in (0, -1, len(shape) - 1, tuple(range(len(shape) - 1)), tuple(range(len(shape)))):
        for keepdims in (False, True):
            found, plain = accurate_sum(array, axis, keepdims), np.sum(array, axis, keepdims=keepdims)
            assert (found.shape, found.dtype) == (plain.shape, plain.dtype)
            wide = array.astype(np.clongdouble if array.dtype.kind == "c" else np.longdouble)
            wanted = wide.sum(axis, keepdims=keepdims)
            count = array.size // max(plain.size, 1)
            assert np.allclose(found, wanted, rtol=4 * np.log2(count + 2) * np.finfo(dtype).eps * 4, atol=0)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("shape", [(3000, 3), (8, 3)])
def test_what_is_not_finite_stays_in_its_own_sum(shape: tuple[int, ...], value: float) -> None:
    array = np.ones(shape)
    array[2, 1] = value
    for axis in (0, 1):
        np.testing.assert_array_equal(accurate_sum(array, axis), np.sum(array, axis))
