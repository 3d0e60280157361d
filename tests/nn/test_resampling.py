"""Interpolation, shuffling and folding: definitions, derivatives of both orders, dtypes, errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import ShapeError, gradcheck, gradgradcheck, tensor
from nn import functional

rng = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return rng.standard_normal(shape)


@given(size=st.integers(1, 6), new=st.integers(1, 12), align=st.booleans())
def test_linear_interpolation_is_that_of_numpy(size: int, new: int, align: bool) -> None:
    x = normal(size)
    places = np.linspace(0, size - 1, new) if align else (np.arange(new) + 0.5) * size / new - 0.5
    out = functional.interpolate(x.reshape(1, 1, -1), new, mode="linear", align_corners=align)
    np.testing.assert_allclose(out.ravel(), np.interp(places, np.arange(size), x), atol=1e-12)


def test_axes_are_interpolated_one_by_one() -> None:
    x = normal(2, 3, 4, 5)
    out = functional.interpolate(x, (7, 3), mode="bilinear")
    one = np.stack([functional.interpolate(row, 3, mode="linear") for row in x.transpose(2, 0, 1, 3)], 2)
    both = np.stack([functional.interpolate(c, 7, mode="linear") for c in one.transpose(3, 0, 1, 2)], 3)
    np.testing.assert_allclose(out, both, atol=1e-12)


FUNCTIONS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "nearest": (nn.Upsample((3, 5)), (1, 2, 2, 3)),
    "nearest, fewer": (nn.Upsample(2), (1, 1, 5)),
    "linear": (nn.Upsample(scale_factor=1.7, mode="linear"), (2, 1, 3)),
    "bilinear": (nn.Upsample((4, 2), mode="bilinear", align_corners=True), (1, 1, 3, 5)),
    "trilinear": (nn.Upsample(3, mode="trilinear"), (1, 1, 2, 2, 3)),
    "shuffle": (nn.PixelShuffle(2), (1, 4, 2, 1)),
    "unshuffle": (nn.PixelUnshuffle(2), (2, 4, 2)),
    "unfold": (nn.Unfold((2, 3), (1, 2), (0, 1), 2), (1, 2, 3, 4)),
    "fold": (nn.Fold((3, 4), 2, padding=1), (1, 8, 20)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_both_orders(name: str) -> None:
    layer, shape = FUNCTIONS[name]
    x = normal(*shape)
    assert gradcheck(layer, x, fast_mode=True)
    assert gradgradcheck(lambda x: layer(x) ** 2, x, fast_mode=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes_stay(name: str) -> None:
    layer, shape = FUNCTIONS[name]
    x = tensor(normal(*shape).astype(np.float32), requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == np.float32
    assert type(layer(x.data)) is np.ndarray


def test_values_beside_do_not_spread() -> None:
    x = np.array([[[1.0, 2.0, np.inf, 4.0, 5.0]]])
    np.testing.assert_array_equal(functional.interpolate(x, 10)[0, 0], np.repeat(x, 2))
    out = functional.interpolate(x, 10, mode="linear")[0, 0]
    assert np.isfinite(out[[0, 1, 2, 7, 8, 9]]).all()


def test_shuffling_back_and_forth() -> None:
    x = normal(2, 12, 3, 4)
    np.testing.assert_array_equal(functional.pixel_unshuffle(functional.pixel_shuffle(x, 2), 2), x)
    assert functional.pixel_shuffle(x, 2)[1, 2, 5, 6] == x[1, 2 * 4 + 1 * 2 + 0, 2, 3]


def test_channels_are_dealt_out_in_turn() -> None:
    x = normal(2, 6, 3)
    np.testing.assert_array_equal(functional.channel_shuffle(x, 2), x[:, [0, 3, 1, 4, 2, 5]])
    np.testing.assert_array_equal(functional.channel_shuffle(functional.channel_shuffle(x, 2), 3), x)


def test_no_images() -> None:
    assert functional.interpolate(np.zeros((0, 1, 3)), 5, mode="linear").shape == (0, 1, 5)
    assert functional.unfold(np.zeros((0, 1, 3, 3)), 2).shape == (0, 4, 4)
    assert functional.fold(np.zeros((0, 4, 4)), 3, 2).shape == (0, 1, 3, 3)
    assert functional.pixel_shuffle(np.zeros((0, 4, 1, 1)), 2).shape == (0, 1, 2, 2)


IMAGE = np.zeros((2, 3, 5, 5))
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: functional.interpolate(IMAGE), ValueError, r"give either size or scale_factor"),
    (lambda: functional.interpolate(IMAGE, 2, 2), ValueError, r"give either size or scale_factor"),
    (lambda: functional.interpolate(IMAGE, 2, mode="cubic"), ValueError, r"nearest, linear, bilinear, trilinear, not"),
    (lambda: functional.interpolate(IMAGE, 2, mode="linear"), ShapeError, r"with 1 spatial axes.*\(2, 3, 5, 5\)"),
    (lambda: functional.interpolate(IMAGE[0, 0], 2), ShapeError, r"with 1 or 2 or 3 spatial axes"),
    (lambda: functional.interpolate(IMAGE[..., :0], 2), ShapeError, r"where n alone may be 0"),
    (lambda: functional.interpolate(IMAGE, 0), ValueError, r"size should be at least 1, not 0"),
    (lambda: functional.interpolate(IMAGE, (1, 2, 3)), ValueError, r"an integer or 2 of them"),
    (lambda: functional.interpolate(IMAGE, scale_factor=0.0), ValueError, r"a positive number or 2 of them"),
    (lambda: functional.interpolate(IMAGE, scale_factor=(1, 2, 3)), ValueError, r"a positive number or 2 of them"),
    (lambda: functional.interpolate(IMAGE, scale_factor=0.1), ShapeError, r"leaves nothing of the spatial shape"),
    (lambda: functional.interpolate(IMAGE, 2, align_corners=True), ValueError, r"align_corners is for linear modes"),
    (lambda: functional.interpolate(IMAGE, 2, recompute_scale_factor=True), ValueError, r"not for a size"),
    (lambda: functional.pixel_shuffle(IMAGE, 2), ShapeError, r"has 3 channels, which 2 \* 2 does not divide"),
    (lambda: functional.pixel_shuffle(IMAGE, 0), ValueError, r"the factor should be at least 1"),
    (lambda: functional.pixel_unshuffle(IMAGE, 2), ShapeError, r"2 does not divide the height and width"),
    (lambda: functional.pixel_unshuffle(np.ones((1, 4, 3)), 2), ShapeError, r"2 does not divide the height and width"),
    (lambda: functional.pixel_unshuffle(IMAGE[0, 0], 2), ShapeError, r"\(\.\.\., channels, height, width\)"),
    (lambda: functional.channel_shuffle(IMAGE, 2), ShapeError, r"has 3 channels, which 2 groups do not divide"),
    (lambda: functional.channel_shuffle(IMAGE[0, 0], 1), ShapeError, r"\(n, channels, \*spatial\), not \(5, 5\)"),
    (lambda: functional.channel_shuffle(IMAGE, 0), ValueError, "groups should be at least 1"),
    (lambda: nn.ChannelShuffle(0), ValueError, "groups should be an integer of 1 or more, not 0"),
    (lambda: nn.UpsamplingBilinear2d(2)(IMAGE[0]), ShapeError, "with 2 spatial axes"),
    (lambda: nn.UpsamplingNearest2d()(IMAGE), ValueError, "give either size or scale_factor"),
    (lambda: functional.unfold(IMAGE, 6), ShapeError, r"unfold: a window of \(6, 6\) does not fit"),
    (lambda: functional.fold(np.zeros((1, 4, 3)), 3, 2), ShapeError, r"\(n, channels \* 4, 4\) for images of \(3, 3\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_is_wrong(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [1, 2, 5, (3, 7)])
def test_constants_stay_and_rows_add_up(mode: str, size: Any) -> None:
    np.testing.assert_allclose(functional.interpolate(np.full((1, 2, 3, 4), 7.0), size, mode=mode), 7.0, 1e-12)


def test_a_cubic_goes_through_straight_lines() -> None:
    x = np.arange(9.0).reshape(1, 1, 1, 9) * np.ones((1, 1, 9, 1))
    out = functional.interpolate(x, (9, 17), mode="bicubic", align_corners=True)
    np.testing.assert_allclose(out[0, 0, 0, 2:15], np.arange(1, 7.5, 0.5), 1e-12)


def test_areas_of_infinities_are_infinite_and_no_more() -> None:
    x = np.array([[[np.inf, 1.0, 2.0, 3.0, 4.0]]])
    assert functional.interpolate(x, 3, mode="area").tolist() == [[[np.inf, 2.0, 3.5]]]
