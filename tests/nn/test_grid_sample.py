"""Samples at the places of a grid: definitions, derivatives of both orders, dtypes, far places, errors."""

from typing import Any

import numpy as np
import pytest

from autograd import DtypeError, ShapeError, compile, grad, gradcheck, gradgradcheck
from nn import functional

rng = np.random.default_rng(0)
IMAGE = rng.standard_normal((2, 3, 4, 5))
GRID = rng.uniform(-1.2, 1.2, (2, 3, 2, 2))
MODES = ("bilinear", "nearest", "bicubic")
PADDING = ("zeros", "border", "reflection")
SAME = np.eye(3)[None, :2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("align", [True, False])
def test_the_identity_returns_its_input(mode: str, align: bool) -> None:
    grid = functional.affine_grid(np.repeat(SAME, 2, 0), IMAGE.shape, align)
    np.testing.assert_allclose(functional.grid_sample(IMAGE, grid, mode, align_corners=align), IMAGE, atol=1e-12)


def test_volumes_of_equal_slices_are_images() -> None:
    volume = np.repeat(IMAGE[:, :, None], 3, 2)
    places = np.concatenate([GRID, rng.uniform(-0.6, 0.6, (2, 3, 2, 1))], -1)[:, None]
    for padding in PADDING:
        out = functional.grid_sample(volume, places, padding_mode=padding)
        np.testing.assert_allclose(out[:, :, 0], functional.grid_sample(IMAGE, GRID, padding_mode=padding), atol=1e-12)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("padding", PADDING)
@pytest.mark.parametrize("mode", MODES)
def test_derivatives_of_both_orders(mode: str, padding: str) -> None:
    def sampled(x: Any, grid: Any) -> Any:
        return functional.grid_sample(x, grid, mode, padding)

    assert gradcheck(sampled, [IMAGE[:1, :1], GRID[:1]], fast_mode=True)
    assert gradgradcheck(lambda x, grid: sampled(x, grid) ** 2, [IMAGE[:1, :1], GRID[:1]], fast_mode=True)


def test_programs_take_other_places() -> None:
    def loss(x: Any, grid: Any) -> Any:
        return (functional.grid_sample(x, grid, padding_mode="reflection") ** 2).sum()

    gradients = grad(loss, argnums=(0, 1))
    program = compile(gradients)
    for scale in (1.0, 0.5, 3.0):
        for found, expected in zip(program(IMAGE, GRID * scale), gradients(IMAGE, GRID * scale), strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_places_far_away_and_nowhere() -> None:
    grid = np.array([[[[np.inf, 0.0], [-1e300, 0.0], [1e300, -np.inf], [np.nan, 0.0]]]])
    for mode in MODES:
        out = functional.grid_sample(IMAGE[:1, :1], grid, mode)[0, 0, 0]
        np.testing.assert_array_equal(out, [0, 0, 0, np.nan])
    out = functional.grid_sample(IMAGE[:1, :1], grid[:, :, :3], "nearest", "border")[0, 0, 0]
    np.testing.assert_array_equal(out, IMAGE[0, 0, [2, 2, 0], [4, 0, 4]])


def test_what_is_outside_does_not_spread() -> None:
    """A pixel of nan is seen only where it has a weight, and zeros outside are zeros whatever is at the edge."""
    x = np.array([[[[np.nan, 1.0, 2.0]]]])
    grid = np.array([[[[0.5, 0.0], [-3.0, 0.0], [-0.5, 0.0]]]])
    np.testing.assert_array_equal(functional.grid_sample(x, grid)[0, 0, 0], [1.75, 0, np.nan])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_stay(dtype: Any) -> None:
    x, grid = IMAGE.astype(dtype), GRID.astype(dtype)
    assert functional.grid_sample(x, grid).dtype == dtype
    assert functional.affine_grid(SAME.astype(dtype), (1, 1, 2, 2)).dtype == dtype
    assert functional.grid_sample(x.astype(int), GRID).dtype == np.float64
    assert functional.grid_sample(x[:0], grid[:0]).shape == (0, 3, 3, 2)


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: functional.grid_sample(IMAGE, GRID, "linear"), ValueError, "mode should be one of bilinear, nearest, bic"),
    (lambda: functional.grid_sample(IMAGE, GRID, padding_mode="wrap"), ValueError, "padding_mode should be one of zer"),
    (lambda: functional.grid_sample(IMAGE[0], GRID), ShapeError, r"\(n, channels, height, width\).*not \(3, 4, 5\)"),
    (lambda: functional.grid_sample(IMAGE[:, :, :0], GRID), ShapeError, "where n and channels alone may be 0"),
    (lambda: functional.grid_sample(IMAGE, GRID[0]), ShapeError, r"\(2, rows, columns, 2\) for an .*not \(3, 2, 2\)"),
    (lambda: functional.grid_sample(IMAGE, GRID[:1]), ShapeError, r"\(2, rows, columns, 2\).*not \(1, 3, 2, 2\)"),
    (lambda: functional.grid_sample(IMAGE, GRID[..., :1]), ShapeError, r"not \(2, 3, 2, 1\)"),
    (
        lambda: functional.grid_sample(IMAGE[..., None], GRID),
        ShapeError,
        r"\(2, depths, rows, columns, 3\) for an input of shape \(2, 3, 4, 5, 1\)",
    ),
    (
        lambda: functional.grid_sample(IMAGE[..., None], np.zeros((2, 1, 1, 1, 3)), "bicubic"),
        ValueError,
        'mode="bicubic" is for images',
    ),
    (lambda: functional.grid_sample(IMAGE + 1j, GRID), DtypeError, "real numbers, but input has dtype complex128"),
    (lambda: functional.affine_grid(SAME, (1, 1, 2)), ValueError, r"size should be \(n, channels, height, width\)"),
    (lambda: functional.affine_grid(SAME, (1, 1, 0, 2)), ValueError, "size should be at least 1"),
    (lambda: functional.affine_grid(SAME, (2, 1, 2, 2)), ShapeError, r"theta should have the shape \(2, 2, 3\) for"),
    (lambda: functional.affine_grid(SAME, (1, 1, 2, 2, 2)), ShapeError, r"shape \(1, 3, 4\).*not \(1, 2, 3\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors_name_what_is_wrong(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
