"""Gradients of lengths whose squares overflow or underflow: they are those of the direction, or 0."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import grad, hessian, vmap

Norm = Callable[[Any], Any]
DIRECTIONS = [[3.0, 4.0], [3.0, -4.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1e-3]]
ORDERS: list[Any] = [None, 2, 1, 3, 0.5, 1.5, 4, -1, -2, -3, np.inf, -np.inf, 0]


def of_rows(ord: Any, x: Any) -> Any:
    return np.linalg.norm(np.stack([x, x]), ord, 1)[0]


NORMS: dict[str, Norm] = {
    **{f"norm {ord}": partial(np.linalg.norm, ord=ord) for ord in ORDERS},
    **{f"rows {ord}": partial(of_rows, ord) for ord in (None, 2, 3, -2)},
    **{f"vector_norm {ord}": partial(np.linalg.vector_norm, ord=ord) for ord in (1, 2, 3, np.inf)},
    "Frobenius": lambda x: np.linalg.norm(x.reshape(1, -1), "fro"),
    "matrix_norm": lambda x: np.linalg.matrix_norm(x.reshape(1, -1)),
    "complex norm": lambda x: np.linalg.norm(x.astype(np.result_type(x.dtype, np.complex64))),
    "complex abs": lambda x: np.abs(x[0] + x[1] * x.dtype.type(1) * 1j),
    "std": np.std,
    "nanstd": np.nanstd,
    "std of columns": lambda x: np.std(np.stack([x, x], 1), axis=0, ddof=1)[0],
    "std where": lambda x: np.std(np.concatenate([x, x * 0 + 9]), where=np.array([True, True, False, False])),
}


@pytest.mark.one_in(6)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", NORMS)
def test_gradients_are_those_of_the_direction_or_0(name: str, dtype: Any) -> None:
    norm, limits = NORMS[name], np.finfo(dtype)
    exponents = np.linspace(limits.minexp - limits.nmant, limits.maxexp - 3, 12).astype(int)
    for direction in DIRECTIONS:
        for exponent in exponents:
            x = np.ldexp(np.array(direction), exponent).astype(dtype)
            # the same direction, with the rounding of subnormal numbers
            plain = np.ldexp(x.astype(np.float64), -exponent)
            with np.errstate(all="ignore"):
                found, expected = grad(norm)(x), grad(norm)(plain)
            right = np.allclose(found, expected, rtol=0, atol=2000 * limits.eps * np.max(np.abs(expected), initial=1))
            nothing = name == "complex abs" and exponent < limits.minexp + 3 and not found.any()
            assert found.dtype == dtype
            assert right or nothing, (x, found, expected)


def test_a_batch_of_lengths_of_all_sizes() -> None:
    x = np.array([[3e-30, 4e-30], [3, 4], [0, 0], [3e30, 4e30]], np.float32)
    expected = [[0.6, 0.8], [0.6, 0.8], [0.0, 0.0], [0.6, 0.8]]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(vmap(grad(np.linalg.norm))(x), expected, rtol=1e-6)
        np.testing.assert_allclose(grad(lambda x: np.linalg.norm(x, axis=1).sum())(x), expected, rtol=1e-6)
        np.testing.assert_allclose(
            vmap(grad(np.std))(x), [[-0.5, 0.5], [-0.5, 0.5], [0.0, 0.0], [-0.5, 0.5]], rtol=1e-6
        )


def test_the_second_derivative_is_the_curvature() -> None:
    """By hand: (1 - u u') / |x|, here with 1 / |x| = 1 / 5e-170, where the squares of x are 0."""
    x = np.array([3e-170, 4e-170])
    np.testing.assert_allclose(hessian(np.linalg.norm)(x) * 5e-170, [[0.64, -0.48], [-0.48, 0.36]], rtol=1e-13)
