"""Derivatives of solutions."""

from typing import Any

import numpy as np
import pytest

from autograd import ConvergenceError, ShapeError, Tensor, fixed_point, grad, jvp, tensor
from autograd.testing import check_operation

A = np.array([[0.2, -0.1], [0.15, 0.3]])
B = np.array([1.0, -0.5])


def affine(x: Any, a: Any, b: Any) -> Any:
    return a @ x + b


def cosine(x: Any, a: Any) -> Any:
    return np.cos(a * x)


def test_derivatives_of_all_orders_and_directions() -> None:
    check_operation(lambda a, b: fixed_point(affine, np.zeros(2), a, b, tolerance=0), A, B)
    check_operation(lambda a: fixed_point(cosine, np.ones(2), a, tolerance=0), np.array([0.5, 0.8]))


def test_a_linear_equation_has_its_solution_and_gradient() -> None:
    solution = np.linalg.solve(np.eye(2) - A, B)
    assert np.allclose(fixed_point(affine, np.zeros(2), A, B), solution)
    gradient = grad(lambda b: np.sum(fixed_point(affine, np.zeros(2), A, b)))(B)
    assert np.allclose(gradient, np.linalg.solve((np.eye(2) - A).T, np.ones(2)))


def test_third_derivative_of_a_root() -> None:
    def root(a: Any) -> Any:
        return fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)

    assert np.isclose(grad(grad(grad(root)))(2.0), 3 / 8 * 2**-2.5)
    assert np.isclose(jvp(root, 2.0, 1.0)[1], 0.5 / np.sqrt(2))


def test_complex_solutions() -> None:
    check_operation(
        lambda a: fixed_point(lambda x, a: np.exp(-a * x) * 0.5, np.zeros(2, complex), a, tolerance=1e-15),
        B * (0.5 + 0.25j),
    )


def test_types_are_kept() -> None:
    assert type(fixed_point(cosine, 1.0, 0.5)) is np.float64
    assert isinstance(fixed_point(cosine, 1.0, tensor(0.5)), Tensor)
    a = tensor(np.float32(0.5), requires_grad=True)
    x = fixed_point(cosine, np.float32(1), a)
    x.backward()
    assert x.dtype == a.grad.dtype == np.float32


def test_what_does_not_converge_raises() -> None:
    with pytest.raises(ConvergenceError, match="not converged after 50 iterations"):
        fixed_point(lambda x: 2 * x + 1, 1.0, max_iterations=50)
    with pytest.raises(ShapeError, match=r"x of shape \(2,\), of which the function makes shape \(1,\)"):
        fixed_point(lambda x: x[:1], np.ones(2))
