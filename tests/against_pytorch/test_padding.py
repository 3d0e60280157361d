"""Padding does what PyTorch's does: values and gradients, of layers and of the function, with negative widths too."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import ShapeError, tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

LAYERS = ("ConstantPad", "ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad")


def same(ours: Any, theirs: Any, x: Any) -> None:
    """Compare values and gradients, or what is refused."""
    live, other = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        out = ours(live)
    except ShapeError:
        with pytest.raises((RuntimeError, ValueError)):
            theirs(other)
        return
    expected = theirs(other)
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(out.data, expected.detach().numpy())
    g = np.random.default_rng(0).standard_normal(out.shape).astype(x.dtype)
    out.backward(g)
    expected.backward(torch.tensor(g))
    off = 1e-4 if x.dtype == np.float32 else 1e-12  # sums of up to a thousand numbers
    np.testing.assert_allclose(live.grad.data, other.grad.numpy(), off, off)


@st.composite
def inputs(draw: st.DrawFn, axes: int) -> Any:
    leading = draw(st.sampled_from([(2,), (1, 2), (3, 1)]))
    shape = (*leading, *(draw(st.integers(4, 5)) for _ in range(axes)))
    return np.random.default_rng(0).standard_normal(shape).astype(draw(st.sampled_from(["f4", "f8"])))


@draws(60)
@given(data=st.data(), kind=st.sampled_from(LAYERS), axes=st.integers(1, 3))
def test_layers(data: Any, kind: str, axes: int) -> None:
    x = data.draw(inputs(axes))
    width = st.integers(-1, 5)
    padding = data.draw(st.integers(0, 3) | st.tuples(*[width] * (2 * axes)))
    if kind == "CircularPad" and isinstance(padding, tuple) and min(padding) < 0:
        padding = tuple(min(p, 3) for p in padding)  # beyond what is left, PyTorch takes what is not there
    options = (padding, 0.5) if kind == "ConstantPad" else (padding,)
    ours, theirs = (getattr(where, f"{kind}{axes}d")(*options) for where in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    same(ours, theirs, x)


@given(data=st.data(), mode=st.sampled_from(["constant", "reflect", "replicate", "circular"]))
def test_pad(data: Any, mode: str) -> None:
    axes = data.draw(st.integers(1, 3))
    x = data.draw(inputs(axes))
    count = data.draw(st.integers(0, x.ndim)) if mode == "constant" else axes
    widths = data.draw(st.lists(st.integers(-1, 3), min_size=2 * count, max_size=2 * count))
    if mode == "constant" and x.ndim > axes:
        widths = [max(width, 0) for width in widths]  # the first axes may be of one element
    value = data.draw(st.sampled_from([None, 0.5])) if mode == "constant" else None
    options = widths, mode, value
    same(lambda x: functional.pad(x, *options), lambda x: torch.nn.functional.pad(x, *options), x)
    pairs = [*zip(widths[::2], widths[1::2], strict=True)][::-1]
    if mode == "constant" and min(widths, default=0) >= 0:
        around = [(0, 0)] * (x.ndim - count) + pairs
        np.testing.assert_array_equal(
            functional.pad(x, widths, value=value), np.pad(x, around, constant_values=value or 0)
        )
