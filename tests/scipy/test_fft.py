"""SciPy's cosine, sine and Fourier transforms: every type, norm and length has SciPy's values, and its transpose."""

import itertools
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.fft

from autograd import ShapeError, grad, gradcheck, jvp, tensor
from autograd.scipy import fft
from autograd.testing import check_operation

from .helpers import Draw, check_batches

drawn = Draw()
KINDS = ["dct", "idct", "dst", "idst"]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("type", [1, 2, 3, 4])
def test_values_and_transposes(kind: str, type: Any) -> None:
    ours, scipys = getattr(fft, kind), getattr(scipy.fft, kind)
    x, v = drawn((2, 5)), drawn((2, 5))
    for norm, ortho, n, axis in itertools.product(
        ("backward", "ortho", "forward", None), (None, True, False), (None, 3, 7), (1, -2)
    ):
        keywords: dict[str, Any] = {"type": type, "norm": norm, "orthogonalize": ortho, "n": n, "axis": axis}
        expected = scipys(x, **keywords)
        np.testing.assert_array_equal(ours(x, **keywords), expected)
        np.testing.assert_allclose(ours(tensor(x), **keywords).data, expected, atol=1e-13)
        weights = np.cos(np.arange(expected.size)).reshape(expected.shape)
        _, slope = jvp(partial(ours, **keywords), (x,), (v,))
        np.testing.assert_allclose(slope, scipys(v, **keywords), atol=1e-13)
        gradient = grad(lambda x, w=weights, k=keywords: np.sum(w * ours(x, **k)))(x)
        np.testing.assert_allclose(np.sum(gradient * v), np.sum(weights * slope), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_and_batches(kind: str) -> None:
    transform = getattr(fft, kind)
    check_operation(lambda x: transform(x, 3, norm="ortho"), drawn((4,)))
    check_batches(lambda x: transform(x, 2, axis=0), drawn((3, 2)))
    assert gradcheck(transform, drawn((4,), complex), fast_mode=True)
    assert transform(tensor(drawn((3,), np.float32))).dtype == np.float32


@pytest.mark.parametrize("kind", ["dctn", "idctn", "dstn", "idstn"])
def test_several_axes(kind: str) -> None:
    ours, scipys, x = getattr(fft, kind), getattr(scipy.fft, kind), drawn((3, 4, 2))
    for keywords in ({}, {"type": 3, "axes": (0, 1)}, {"s": (2, 3), "norm": "ortho"}, {"s": (5, 2), "axes": (1, -3)}):
        np.testing.assert_allclose(ours(tensor(x), **keywords).data, scipys(x, **keywords), atol=1e-12)
    check_operation(lambda x: ours(x, axes=(0, 1)), x)


def test_the_smallest_and_what_is_refused() -> None:
    for kind in KINDS:
        np.testing.assert_allclose(getattr(fft, kind)(tensor([2.0])).data, getattr(scipy.fft, kind)([2.0]))
    x, other = tensor([1.0, 2.0], requires_grad=True), "none"
    with pytest.raises(ShapeError, match="at least 2 elements, not 1"):
        fft.dct(x[:1], 1)
    with pytest.raises(ShapeError, match="an axis to transform along"):
        fft.dct(x[0])
    with pytest.raises(ShapeError, match="a size for each axis"):
        fft.dctn(x, s=(1, 2), axes=(0,))
    for wrong in ({"type": 5}, {"norm": other}):
        with pytest.raises(ValueError, match=r"5|none"):
            fft.dst(x, **wrong)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_numpys_along_an_axis(name: str) -> None:
    ours, scipys, x = getattr(fft, name), getattr(scipy.fft, name), drawn((4, 5))
    np.testing.assert_allclose(ours([tensor(v, requires_grad=True) for v in x[0]]).data, scipys(x[0]), atol=1e-13)
    for keywords in ({}, {"n": 6, "axis": 0, "norm": "ortho"}, {"n": 3, "norm": "forward", "workers": 1}):
        expected = scipys(x, **keywords)
        np.testing.assert_array_equal(ours(x, **keywords), expected)
        np.testing.assert_allclose(ours(tensor(x), **keywords).data, expected, atol=1e-13)
    assert gradcheck(lambda x: ours(x, 6), x, fast_mode=True)


@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"])
def test_numpys_along_axes(name: str) -> None:
    ours, scipys, x = getattr(fft, name), getattr(scipy.fft, name), drawn((2, 4, 6))
    for keywords in ({}, {"s": (3, 8)}, {"s": (3, 4), "axes": (0, 1)}, {"axes": (0, 2), "norm": "ortho"}):
        expected = scipys(x, **keywords)
        np.testing.assert_allclose(ours(tensor(x), **keywords).data, expected, atol=1e-12)
    assert gradcheck(lambda x: ours(x, axes=(0, 1)), x, fast_mode=True)
