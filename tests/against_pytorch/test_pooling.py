"""Pooling does what PyTorch's does: values, gradients, indices and errors."""

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import tensor

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")


def compare(ours: Any, theirs: Any, x: Any, precision: float = 1e-11) -> None:
    """Compare outputs and gradients with respect to the input; or what cannot be computed."""
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        out = ours(live)
    except ValueError as error:
        if "all of their places in the padding" not in str(error):  # there PyTorch writes beyond its memory
            with pytest.raises(RuntimeError):
                theirs(other)
        return
    expected = theirs(other)
    if isinstance(out, tuple):
        np.testing.assert_array_equal(out[1], expected[1].numpy())
        out, expected = out[0], expected[0]
    assert out.dtype == x.dtype
    np.testing.assert_allclose(out.data, expected.detach().numpy(), precision, precision)
    g = np.random.default_rng(0).standard_normal(out.shape).astype(x.dtype)
    out.backward(g)
    expected.backward(torch.tensor(g))
    np.testing.assert_allclose(live.grad.data, other.grad.numpy(), precision, precision)


def numbers(draw: st.DrawFn, axes: int, least: int, most: int) -> Any:
    return draw(st.integers(least, most) | st.tuples(*[st.integers(least, most)] * axes))


def inputs(draw: st.DrawFn, axes: int) -> Any:
    """Draw an array of different numbers, so that no maximum is a tie; PyTorch has no 3-d windows longer than it."""
    leading = draw(st.sampled_from([(2,), (1, 2), (3, 1)]))
    shape = (*leading, *(draw(st.integers(*{1: (1, 14), 2: (1, 9), 3: (4, 5)}[axes])) for _ in range(axes)))
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).standard_normal(shape)


@st.composite
def pools(draw: st.DrawFn, kind: str) -> tuple[str, dict[str, Any], Any]:
    axes = draw(st.integers(1, 3))
    options: dict[str, Any] = {"kernel_size": numbers(draw, axes, 1, 4)}
    if draw(st.booleans()):
        options["stride"] = numbers(draw, axes, 1, 4)
    options["padding"] = numbers(draw, axes, 0, 2)
    options["ceil_mode"] = draw(st.booleans())
    if kind == "MaxPool":
        options["dilation"] = numbers(draw, axes, 1, 3)
        options["return_indices"] = draw(st.booleans())
    else:
        options["count_include_pad"] = draw(st.booleans())
        if axes >= 2 and draw(st.booleans()):
            options["divisor_override"] = draw(st.integers(1, 5))
    return f"{kind}{axes}d", options, inputs(draw, axes)


@draws(25)
@given(case=pools("MaxPool"))
def test_max_pool(case: Any) -> None:
    kind, options, x = case
    compare(getattr(nn, kind)(**options), getattr(torch.nn, kind)(**options), x)


@draws(25)
@given(case=pools("AvgPool"))
def test_avg_pool(case: Any) -> None:
    kind, options, x = case
    compare(getattr(nn, kind)(**options), getattr(torch.nn, kind)(**options), x)


@draws(40)
@given(data=st.data(), dtype=st.sampled_from([np.float64, np.float32]))
def test_max_unpool(data: Any, dtype: Any) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(st.composite(inputs)(axes)).astype(dtype)
    options: dict[str, Any] = {"kernel_size": numbers(data.draw, axes, 2, 3)}
    if data.draw(st.booleans()):
        options["stride"] = numbers(data.draw, axes, 1, 3)
    options["padding"] = numbers(data.draw, axes, 0, 1)
    try:
        pooled, indices = getattr(nn, f"MaxPool{axes}d")(**options, return_indices=True)(x)
    except ValueError:
        return
    size = data.draw(st.sampled_from([None, x.shape[-axes:], *[x.shape] * (x.ndim == axes + 2)]))
    ours, theirs = (getattr(where, f"MaxUnpool{axes}d")(**options) for where in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    try:
        back = theirs(torch.tensor(pooled), torch.tensor(indices), None if size is None else list(size))
    except (RuntimeError, ValueError):
        with pytest.raises((ValueError, IndexError)):
            ours(pooled, indices, size)
        return
    if 0 in back.shape:  # PyTorch puts elements into nothing
        with pytest.raises(ValueError, match="would become a spatial shape"):
            ours(pooled, indices, size)
        return
    np.testing.assert_array_equal(ours(pooled, indices, size), back.numpy())
    flat = np.sort(indices.reshape(*indices.shape[:-axes], -1))
    if (np.diff(flat) > 0).all():  # else PyTorch gives the gradient of a place to all that were put there
        compare(lambda x: ours(x, indices, size), lambda x: theirs(x, torch.tensor(indices), size), pooled, 1e-6)


@draws(40)
@given(data=st.data(), power=st.sampled_from([1, 2.0, 3, 0.5]), zeros=st.booleans())
def test_lp_pool(data: Any, power: float, zeros: bool) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(st.composite(inputs)(axes))
    x = x if power == 2 else abs(x)
    kernel, stride = (data.draw(st.composite(numbers)(axes, 1, 3)) for _ in range(2))
    kernel = 2 if axes == 1 else kernel  # PyTorch multiplies by a tuple of one number
    if zeros:
        x[0] = 0
    options = {"norm_type": power, "kernel_size": kernel, "stride": data.draw(st.sampled_from([None, stride]))}
    options["ceil_mode"] = data.draw(st.booleans())
    pair = [getattr(where, f"LPPool{axes}d")(**options) for where in (nn, torch.nn)]
    if power < 1 and zeros:
        return  # PyTorch's gradient of x**0.5 is infinite there, and that of the sum 0
    assert repr(pair[0]) == repr(pair[1])
    compare(pair[0], pair[1], x, 1e-9)


@given(case=pools("AvgPool") | pools("MaxPool"))
def test_single_precision(case: Any) -> None:
    kind, options, x = case
    compare(getattr(nn, kind)(**options), getattr(torch.nn, kind)(**options), x.astype(np.float32), 1e-5)


@given(data=st.data())
def test_adaptive_avg_pool(data: Any) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(st.composite(inputs)(axes))
    length = st.integers(1, 6) | st.none() if axes >= 2 else st.integers(1, 6)
    size = data.draw(st.integers(1, 6) | st.tuples(*[length] * axes))
    compare(getattr(nn, f"AdaptiveAvgPool{axes}d")(size), getattr(torch.nn, f"AdaptiveAvgPool{axes}d")(size), x)


@given(data=st.data(), indices=st.booleans(), dtype=st.sampled_from([np.float64, np.float32]))
def test_adaptive_max_pool(data: Any, indices: bool, dtype: Any) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(st.composite(inputs)(axes)).astype(dtype)
    x = x[0] if data.draw(st.booleans()) and x.ndim == axes + 2 else x
    length = st.integers(1, 6) | st.none() if axes >= 2 else st.integers(1, 6)
    size = data.draw(st.integers(1, 6) | st.tuples(*[length] * axes))
    name = f"AdaptiveMaxPool{axes}d"
    precision = 1e-11 if dtype is np.float64 else 1e-5
    compare(getattr(nn, name)(size, indices), getattr(torch.nn, name)(size, indices), x, precision)


def test_indices_of_nan_and_of_ties() -> None:
    x = np.array([[[1.0, 1.0, np.nan, 2.0, -np.inf, -np.inf]]])
    for size, padding in [(2, 0), (3, 0), (2, 1), (6, 0)]:
        _, ours = nn.functional.max_pool1d(x, size, padding=padding, return_indices=True)
        _, theirs = torch.nn.functional.max_pool1d(torch.tensor(x), size, padding=padding, return_indices=True)
        np.testing.assert_array_equal(ours, theirs.numpy())
    for parts in (1, 2, 3, 4):
        _, ours = nn.functional.adaptive_max_pool1d(x, parts, return_indices=True)
        _, theirs = torch.nn.functional.adaptive_max_pool1d(torch.tensor(x), parts, return_indices=True)
        np.testing.assert_array_equal(ours, theirs.numpy())


def test_ties_share_the_gradient_where_pytorch_gives_it_to_the_first() -> None:
    x, other = tensor([[3.0, 3.0]], requires_grad=True), torch.tensor([[3.0, 3.0]], requires_grad=True)
    nn.MaxPool1d(2)(x).sum().backward()
    torch.nn.MaxPool1d(2)(other).sum().backward()
    assert other.grad.tolist() == [[1, 0]]
    assert x.grad.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    "kind", ["MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d"]
)
def test_parameters_and_representation(kind: str) -> None:
    ours, theirs = getattr(nn, kind), getattr(torch.nn, kind)
    expected = [(name, p.default) for name, p in inspect.signature(theirs).parameters.items()]
    assert [(name, p.default) for name, p in inspect.signature(ours).parameters.items()] == expected
    if kind != "AvgPool1d":  # there PyTorch shows a tuple
        assert repr(ours(3)) == repr(theirs(3))
