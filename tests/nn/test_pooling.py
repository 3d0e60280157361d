"""Pooling: definitions, ties, derivatives of both orders, memory, dtypes, errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

import nn
from autograd import DtypeError, ShapeError, Tensor, compile, gradcheck, gradgradcheck, tensor
from nn import functional
from nn.functional._kernels.sliding_windows import Windows, taps

rng = np.random.default_rng(0)


def distinct(*shape: int) -> Any:
    """Return different numbers, far enough apart for differences."""
    return rng.permutation(int(np.prod(shape))).reshape(shape) / 10


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@given(kernel=pairs, stride=pairs, shape=st.tuples(st.integers(3, 7), st.integers(3, 7)))
def test_windows_without_padding(kernel: Any, stride: Any, shape: Any) -> None:
    x = distinct(2, 3, *shape)
    windows = sliding_window_view(x, kernel, (2, 3))[:, :, :: stride[0], :: stride[1]]
    np.testing.assert_array_equal(functional.max_pool2d(x, kernel, stride), windows.max((-2, -1)))
    np.testing.assert_allclose(functional.avg_pool2d(x, kernel, stride), windows.mean((-2, -1)), rtol=1e-12)


@given(data=st.data(), kernel=pairs, stride=pairs)
def test_ties_share_as_those_of_max_do(data: Any, kernel: Any, stride: Any) -> None:
    x = np.array(data.draw(st.lists(st.integers(0, 2), min_size=36, max_size=36)), float).reshape(1, 1, 6, 6)
    live, other = tensor(x, requires_grad=True), tensor(x, requires_grad=True)
    out = functional.max_pool2d(live, kernel, stride)
    g = np.cos(np.arange(out.size)).reshape(out.shape)
    out.backward(g)
    rows, columns = kernel
    for i, j in np.ndindex(out.shape[2:]):
        window = other[0, 0, i * stride[0] : i * stride[0] + rows, j * stride[1] : j * stride[1] + columns]
        window.max().backward(g[0, 0, i, j])
    np.testing.assert_allclose(live.grad.data, other.grad.data, atol=1e-12)


LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "max": (nn.MaxPool2d(2), (2, 1, 4, 4)),
    "max of windows that overlap": (nn.MaxPool2d(3, 1, 1), (1, 2, 3, 4)),
    "max with dilation": (nn.MaxPool2d((2, 1), (1, 2), (1, 0), 2, ceil_mode=True), (1, 1, 5, 4)),
    "max of sequences": (nn.MaxPool1d(3, 2, 1), (2, 2, 5)),
    "max of one image": (nn.MaxPool2d(2), (2, 4, 4)),
    "mean": (nn.AvgPool2d(2), (2, 1, 4, 4)),
    "mean of windows that overlap": (nn.AvgPool2d(3, 2, 1, True, False), (1, 2, 4, 6)),
    "mean of sequences": (nn.AvgPool1d(2, 3), (1, 1, 6)),
    "mean with a divisor": (nn.AvgPool2d(2, divisor_override=3), (1, 1, 4, 5)),
    "parts": (nn.AdaptiveAvgPool2d((2, 3)), (1, 2, 4, 6)),
    "parts that overlap": (nn.AdaptiveAvgPool2d((3, None)), (1, 1, 5, 2)),
    "more parts than elements": (nn.AdaptiveAvgPool1d(5), (1, 1, 3)),
    "one part": (nn.AdaptiveAvgPool2d(1), (2, 2, 3, 2)),
    "max of parts": (nn.AdaptiveMaxPool2d((2, 3)), (1, 2, 4, 6)),
    "max of parts that overlap": (nn.AdaptiveMaxPool2d((3, None)), (1, 1, 5, 2)),
    "max of more parts than elements": (nn.AdaptiveMaxPool1d(5), (1, 1, 3)),
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", LAYERS)
def test_derivatives_of_both_orders(name: str) -> None:
    layer, shape = LAYERS[name]
    x = distinct(*shape)
    assert gradcheck(layer, x, fast_mode=True)
    assert gradgradcheck(lambda x: layer(x) ** 2, x, fast_mode=True)


def test_nan_is_the_largest_and_gets_the_gradient() -> None:
    x = tensor([[1.0, np.nan, 3.0, 2.0, np.nan, np.nan]], requires_grad=True)
    out = functional.max_pool1d(x, 2)
    out.sum().backward()
    np.testing.assert_array_equal(out.data, [[np.nan, 3, np.nan]])
    assert x.grad.data.tolist() == [[0, 1, 1, 0, 0.5, 0.5]]


def test_padding_is_never_the_largest() -> None:
    x = tensor([[-np.inf, -5.0, -np.inf]], requires_grad=True)
    out = functional.max_pool1d(x, 2, 1, 1)
    out.sum().backward()
    assert out.data.tolist() == [[-np.inf, -5, -5, -np.inf]]
    assert x.grad.data.tolist() == [[1, 2, 1]]
    assert functional.max_pool1d(np.array([[-7, -5]], np.int8), 2, padding=1).tolist() == [[-7, -5]]


def test_maxima_are_put_back_where_they_were() -> None:
    x = distinct(2, 3, 5, 4)
    pooled, indices = functional.max_pool2d(x, 2, return_indices=True)
    back = functional.max_unpool2d(pooled, indices, 2, output_size=x.shape)
    assert ((back == x) | (back == 0)).all()
    assert (back != 0).sum() == pooled.size
    for check in (gradcheck, gradgradcheck):
        assert check(lambda y: functional.max_unpool2d(y, indices, 2) ** 2, pooled, fast_mode=True)
    program = compile(lambda y, places: functional.max_unpool2d(y, places, 2))
    for shift in range(3):
        moved = (indices + shift) % 16
        np.testing.assert_array_equal(program(pooled, moved), functional.max_unpool2d(pooled, moved, 2))
    small: Any = functional.max_unpool1d(np.array([[7, -5]], np.int8), [[3, 0]], 2)
    assert (small.tolist(), small.dtype) == ([[-5, 0, 0, 7]], np.int8)


def test_of_maxima_at_one_place_the_last_counts() -> None:
    x = tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    out = functional.max_unpool1d(x, [[1, 1, 4]], 2)
    out.sum().backward()
    assert out.data.tolist() == [[0, 2, 0, 0, 3, 0]]
    assert x.grad is not None
    assert x.grad.data.tolist() == [[0, 1, 1]]


def test_ties_of_parts_share_evenly() -> None:
    x = tensor(np.zeros((1, 3, 3)), requires_grad=True)
    out = functional.adaptive_max_pool2d(x, 2)
    out.sum().backward()
    expected = np.convolve([1, 1], [1, 1]) / 2  # each part has 2 of 3 places on each axis
    np.testing.assert_allclose(x.grad.data[0], np.outer(expected, expected))


def test_large_windows_count_their_ties() -> None:
    x = tensor(np.zeros((1, 20, 20)), requires_grad=True)
    functional.max_pool2d(x, 20).sum().backward()
    np.testing.assert_allclose(x.grad.data, 1 / 400, rtol=1e-14)


def test_memory_keeps_the_order_of_the_input() -> None:
    x: Any = tensor(np.zeros((3, 2, 4, 6), np.float32).swapaxes(0, 1), requires_grad=True)
    for pool in (nn.MaxPool2d(2), nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(2), nn.AvgPool2d(3, 1, 1)):
        x.grad = None
        out = pool(x)
        out.backward(np.ones_like(out.data))
        assert out.data.swapaxes(0, 1).flags.c_contiguous
        assert x.grad.data.swapaxes(0, 1).flags.c_contiguous


@pytest.mark.parametrize(
    "pool", [nn.MaxPool2d(2), nn.AvgPool2d(2, padding=1), nn.AdaptiveAvgPool2d(3), nn.AdaptiveMaxPool2d(3)]
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_stay(pool: Any, dtype: Any) -> None:
    x = tensor(distinct(1, 2, 4, 5).astype(dtype), requires_grad=True)
    out = pool(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == dtype
    assert type(pool(x.data)) is np.ndarray


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.AvgPool2d(3, 1, 1), nn.AdaptiveAvgPool2d((3, 2))])
def test_no_images(pool: Any) -> None:
    x = tensor(np.zeros((0, 2, 4, 5)), requires_grad=True)
    pool(x).sum().backward()
    assert x.grad.shape == (0, 2, 4, 5)


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.AvgPool2d(3, 1, 1), nn.AdaptiveAvgPool2d((3, 2))])
def test_inputs_that_lie_otherwise_in_memory(pool: Any) -> None:
    x = distinct(2, 2, 4, 6)
    others = [np.asfortranarray(x), np.repeat(x, 2, -1)[..., ::2], np.broadcast_to(x[:1], x.shape), x[:, ::-1]]
    for other in others:
        found = []
        for array in (other, other.copy()):
            live = Tensor(array, requires_grad=True)
            out = pool(live)
            (out * out).sum().backward()
            found.append((out.data, live.grad.data))
        for one, two in zip(*found, strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-12)


IMAGE = np.zeros((2, 3, 5, 5))
PLACES = np.zeros((2, 3, 5, 5), int)
PLACES[1, 2, 3, 4] = 100
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: functional.max_pool2d(IMAGE[0, 0], 2), ShapeError, r"max_pool2d: the input should have.*not \(5, 5\)"),
    (lambda: functional.max_pool1d(IMAGE, 2), ShapeError, r"\(n, channels, length\) or \(channels, length\)"),
    (
        lambda: functional.max_unpool2d(IMAGE, np.zeros((2, 3, 5, 4), int), 2),
        ShapeError,
        r"the shape of the input, .* not",
    ),
    (lambda: functional.max_unpool2d(IMAGE, IMAGE, 2), DtypeError, "needs integers for indices, but was given dtype"),
    (
        lambda: functional.max_unpool2d(IMAGE, PLACES, 2),
        IndexError,
        r"the index 100 at \(1, 2, 3, 4\), .* has 100 places",
    ),
    (lambda: functional.max_unpool2d(IMAGE, -PLACES, 2), IndexError, r"the index -100 at"),
    (lambda: functional.max_unpool2d(IMAGE, 0 * PLACES, 2, output_size=(8, 10)), ValueError, r"differ from \(10, 10\)"),
    (
        lambda: functional.max_unpool2d(IMAGE, 0 * PLACES, 2, output_size=(1,) * 3),
        ValueError,
        "an integer or 2 of them",
    ),
    (
        lambda: functional.max_unpool2d(IMAGE, 0 * PLACES, 1, 1, 3),
        ShapeError,
        r"would become a spatial shape of \(-1, ",
    ),
    (lambda: functional.max_unpool1d(IMAGE, PLACES, 2), ShapeError, r"max_unpool1d: the input should have the shape"),
    (lambda: nn.MaxUnpool2d((2, 2, 2)), ValueError, r"MaxUnpool2d: kernel_size should be an integer or 2 of them"),
    (lambda: functional.max_pool2d(IMAGE, 6), ShapeError, r"a window of \(6, 6\) does not fit"),
    (lambda: functional.max_pool2d(IMAGE, 2, padding=2), ValueError, r"at most half of kernel_size \(2, 2\)"),
    (lambda: functional.max_pool2d(IMAGE, 0), ValueError, r"kernel_size should be at least 1"),
    (lambda: functional.max_pool2d(IMAGE, 2, 0), ValueError, r"stride should be at least 1"),
    (lambda: functional.max_pool2d(IMAGE, 2, True), TypeError, r"stride should be an integer"),
    (
        lambda: functional.max_pool1d(np.zeros((1, 1)), 2, padding=1, dilation=2),
        ShapeError,
        r"some windows have all of their places in the padding",
    ),
    (lambda: functional.avg_pool2d(IMAGE, 2, divisor_override=0), ValueError, r"divisor_override should not be 0"),
    (lambda: functional.adaptive_avg_pool2d(IMAGE, 0), ValueError, r"output_size should be at least 1"),
    (lambda: functional.adaptive_avg_pool2d(IMAGE, (1, 2, 3)), ValueError, r"an integer or 2 of them"),
    (lambda: functional.adaptive_avg_pool1d(IMAGE, 2), ShapeError, r"\(n, channels, length\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_is_wrong(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_windows_that_reach_far_beyond_the_axis_take_no_time() -> None:
    windows = Windows((5,), (10**12,), (2,), (1,), (3,), (2,))
    assert [tap.place for tap in taps(windows)] == [(1,), (2,), (3,), (4,), (5,), (6,), (7,)]
