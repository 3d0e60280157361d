"""Norms of every order of vectors, and Frobenius' of matrices."""

from typing import Any

import numpy as np
import pytest

from autograd import UnsupportedError, grad, tensor

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


@pytest.mark.parametrize("order", [1, 2, -2, np.inf, "nuc"])
def test_other_norms_of_matrices_are_refused(order: Any) -> None:
    x = tensor(np.eye(3), requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"norm\(\.\.\., ord=.*shape \(3, 3\).*Frobenius"):
        np.linalg.norm(x, order)
    with pytest.raises(UnsupportedError, match="Frobenius"):
        np.linalg.norm(x, order, (0, 1))
