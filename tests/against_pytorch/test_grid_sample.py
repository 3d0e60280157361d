"""Samples at the places of a grid are PyTorch's: values, and gradients by the images and by the places."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import tensor
from nn import functional

from ..thorough import draws

torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[torch]'")

some = st.sampled_from


def compare(ours: Any, theirs: Any, arrays: list[Any]) -> None:
    live = [tensor(x, requires_grad=True) for x in arrays]
    others = [torch.tensor(x, requires_grad=True) for x in arrays]
    close: Any = {"rtol": 1e-9, "atol": 1e-9} if arrays[0].dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-4}
    out, expected = ours(*live), theirs(*others)
    assert out.dtype == arrays[0].dtype
    np.testing.assert_allclose(out.data, expected.detach().numpy(), **close)
    g = np.random.default_rng(0).standard_normal(out.shape).astype(out.dtype)
    out.backward(g)
    expected.backward(torch.tensor(g))
    for one, other in zip(live, others, strict=True):
        np.testing.assert_allclose(one.grad.data, other.grad.numpy(), **close)


@draws(80)
@given(data=st.data(), axes=some([2, 3]), padding=some(["zeros", "border", "reflection"]), seed=st.integers(0, 2**32))
def test_grid_sample(data: Any, axes: int, padding: str, seed: int) -> None:
    rng, draw = np.random.default_rng(seed), data.draw
    mode = draw(some(["bilinear", "nearest", *["bicubic"] * (axes == 2)]))
    n, align = draw(st.integers(0 if axes == 2 else 1, 2)), draw(some([None, True, False]))
    size = tuple(draw(st.integers(1, 5)) for _ in range(axes))
    places = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    dtype = draw(some([np.float64, np.float32])) if mode == "bilinear" and padding == "border" else np.float64
    x = rng.standard_normal((n, draw(st.integers(1, 2)), *size)).astype(dtype)
    grid = rng.uniform(-1, 1, (n, *places, axes)).astype(dtype) * draw(some([1, 2.7, 12]))
    compare(
        lambda x, grid: functional.grid_sample(x, grid, mode, padding, align),
        lambda x, grid: torch.nn.functional.grid_sample(x, grid, mode, padding, bool(align)),
        [x, grid.astype(dtype)],
    )


@draws(30)
@given(data=st.data(), axes=some([2, 3]), align=some([True, False]), dtype=some([np.float64, np.float32]))
def test_affine_grid(data: Any, axes: int, align: bool, dtype: Any) -> None:
    n = data.draw(st.integers(1, 3))
    lengths = st.integers(2, 5) if align else st.integers(1, 5)  # of one element PyTorch warns
    size = (n, 4, *(data.draw(lengths) for _ in range(axes)))
    compare(
        lambda theta: functional.affine_grid(theta, size, align),
        lambda theta: torch.nn.functional.affine_grid(theta, size, align),
        [np.random.default_rng(0).standard_normal((n, axes, axes + 1)).astype(dtype)],
    )
