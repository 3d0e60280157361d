"""Norms of vectors and matrices in every order."""

from typing import Any

import numpy as np
import pytest

from autograd import grad, gradgradcheck, tensor

norm: Any = np.linalg.norm  # whatever its arguments
ORDERS = [None, 0, 1, 2, 3, 0.5, 2.5, -1, -2, np.inf, -np.inf]


@pytest.mark.parametrize("order", ORDERS)
def test_gradient_of_the_norm_of_zeros_is_zero(order: Any) -> None:
    if order is not None and order < 0:
        return  # NumPy itself divides by zero here; see below
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x, order))(np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize("order", [-1, -2])
def test_negative_order_with_a_zero_has_gradient_zero(order: Any) -> None:
    with np.errstate(divide="ignore"):
        found = grad(lambda x: np.linalg.norm(x, order))(np.array([0.0, 1.0, 2.0]))
    np.testing.assert_array_equal(found, np.zeros(3))


@pytest.mark.parametrize("order", ORDERS)
def test_values_are_numpys(order: Any) -> None:
    x = np.array([[1.0, -2.0, 0.5], [3.0, 4.0, -1.0]])
    for axis in (0, -1):
        for keepdims in (False, True):
            expected = np.linalg.norm(x, order, axis, keepdims)
            np.testing.assert_array_equal(np.linalg.norm(tensor(x), order, axis, keepdims).data, expected, strict=True)
    assert np.linalg.norm(tensor(x[0]), order).item() == np.linalg.norm(x[0], order)
    if order is not None:
        for axes in (None, 0, (0, 1)):
            expected = np.linalg.vector_norm(x, axis=axes, ord=order)
            np.testing.assert_array_equal(np.linalg.vector_norm(tensor(x), axis=axes, ord=order).data, expected)


def test_ties_of_the_greatest_element_share_evenly() -> None:
    x = np.array([3.0, -3.0, 1.0])
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x, np.inf))(x), [0.5, -0.5, 0])
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x, -np.inf))(x), [0, 0, 1])


def test_norm_of_huge_and_tiny_vectors_keeps_its_direction() -> None:
    """The gradient of a norm is a unit vector at every length."""
    for scale in (1e150, 1e-150):
        np.testing.assert_allclose(grad(np.linalg.norm)(np.array([3.0, 4.0]) * scale), [0.6, 0.8])


def test_frobenius_norm_over_two_axes() -> None:
    x = np.arange(12.0).reshape(2, 3, 2)
    for order in (None, "fro"):
        found = np.linalg.norm(tensor(x), order, (0, 2)).data
        np.testing.assert_array_equal(found, np.linalg.norm(x, order, (0, 2)))
    np.testing.assert_array_equal(np.linalg.matrix_norm(tensor(x)).data, np.linalg.matrix_norm(x))
    np.testing.assert_array_equal(grad(lambda x: np.linalg.norm(x, "fro"))(np.zeros((2, 2))), np.zeros((2, 2)))


MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("order", MATRIX_ORDERS)
@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 4), (2, 0, 3), (0, 2, 3), (1, 1)], ids=str)
def test_norms_of_matrices_are_numpys_along_all_pairs_of_axes(order: Any, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    for values in (x, x + 1j * x[::-1], x.astype(np.float32)):
        for axis in [(i, j) for i in range(-x.ndim, x.ndim) for j in range(x.ndim) if i % x.ndim != j]:
            for keepdims in (False, True):
                try:
                    expected = norm(values, order, axis, keepdims)
                except ValueError:  # the least of no values
                    with pytest.raises(ValueError, match="identity"):
                        np.linalg.norm(tensor(values), order, axis, keepdims)
                    continue
                found = norm(tensor(values), order, axis, keepdims).data
                np.testing.assert_allclose(found, expected, rtol=1e-6 if values.dtype == np.float32 else 1e-14)
                assert found.dtype == expected.dtype
                assert found.shape == np.shape(expected)


def test_complex_vectors() -> None:
    x = np.array([3 + 4j, 0, -5j])
    for order in ORDERS:
        if order is None or order > 0:
            assert np.linalg.norm(tensor(x), order).item() == pytest.approx(np.linalg.norm(x, order))
    np.testing.assert_allclose(grad(np.linalg.norm)(x), x / np.linalg.norm(x))
    np.testing.assert_allclose(grad(lambda x: np.linalg.norm(x, 1))(x), [0.6 + 0.8j, 0, -1j])
    np.testing.assert_allclose(grad(lambda x: np.linalg.norm(x, np.inf))(x), [0.3 + 0.4j, 0, -0.5j])


def test_ties_of_matrix_norms_share_evenly() -> None:
    """The identity has equal singular values, and equal sums of rows and columns."""
    order: Any
    for order, expected in (("nuc", 1), (2, 1 / 3), (-2, 1 / 3)):
        np.testing.assert_allclose(grad(lambda x, p=order: np.linalg.norm(x, p))(np.eye(3)), expected * np.eye(3))
    for order in (1, -1, np.inf, -np.inf):
        np.testing.assert_allclose(grad(lambda x, p=order: np.linalg.norm(x, p))(np.eye(3)), np.eye(3) / 3)


def test_the_nuclear_norm_has_its_second_derivative_where_singular_values_are_equal() -> None:
    assert gradgradcheck(lambda x: np.linalg.norm(x, "nuc"), np.eye(3), fast_mode=True)
    assert gradgradcheck(lambda x: np.linalg.norm(x, "nuc"), 2 * np.eye(3, 2), fast_mode=True)


def test_norms_of_zero_matrices_have_gradient_zero() -> None:
    for order in ("fro", 1, np.inf):
        np.testing.assert_array_equal(grad(lambda x, p=order: np.linalg.norm(x, p))(np.zeros((2, 3))), np.zeros((2, 3)))
    for order in ("nuc", 2, -2):
        assert np.isfinite(grad(lambda x, p=order: np.linalg.norm(x, p))(np.zeros((2, 3)))).all()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: np.linalg.norm(x, 3), ValueError),
        (lambda x: norm(x, "max"), ValueError),
        (lambda x: np.linalg.norm(x, 1, (0, 0)), ValueError),
        (lambda x: np.linalg.norm(x, 1, (0, 2)), np.exceptions.AxisError),
        (lambda x: np.linalg.norm(x, "fro", 0), ValueError),
        (lambda x: norm(x, 1, (0, 1, 0)), ValueError),
        (lambda x: norm(x, None, (0, 1, 0)), ValueError),
        (lambda x: np.linalg.vector_norm(x, axis=2), np.exceptions.AxisError),
    ],
)
def test_what_numpy_refuses_is_refused(call: Any, error: type[Exception]) -> None:
    x = np.ones((2, 3))
    for values in (x, tensor(x, requires_grad=True)):
        with pytest.raises(error):
            call(values)
