"""Derivatives of solutions."""

import math
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    ConvergenceError,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    fixed_point,
    grad,
    gradients,
    jvp,
    no_grad,
    tensor,
)
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


@pytest.mark.parametrize("scale", [1e-200, 1e-13, 1e13])
def test_a_gradient_is_as_accurate_for_a_loss_of_any_scale(scale: float) -> None:
    def loss(b: Any, scale: float) -> Any:
        return scale * np.sum(fixed_point(affine, np.zeros(2), A, b))

    assert np.allclose(grad(loss)(B, scale) / scale, grad(loss)(B, 1.0), rtol=1e-9, atol=0)


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
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(ConvergenceError, match="not converged"):
        fixed_point(lambda x: np.exp(x**3), 1.0, max_iterations=50)  # its third step leads to infinity
    with pytest.raises(ShapeError, match=r"x of shape \(2,\), of which the function makes shape \(1,\)"):
        fixed_point(lambda x: x[:1], np.ones(2))


# What the function knows beside its arguments


def root_of(a: Any) -> Any:
    return fixed_point(lambda x: 0.5 * (x + a / x), 1.0)


def test_derivatives_by_what_the_function_closes_over() -> None:
    check_operation(lambda a, b: fixed_point(lambda x: a @ x + b, np.zeros(2), tolerance=0), A, B)
    assert np.isclose(grad(root_of)(2.0), 0.5 / np.sqrt(2))
    assert np.isclose(grad(grad(grad(root_of)))(2.0), 3 / 8 * 2**-2.5)
    assert np.isclose(jvp(grad(root_of), 2.0, 1.0)[1], -0.25 * 2**-1.5)


def test_an_intermediate_result_and_what_it_was_computed_from_are_two_things() -> None:
    a = tensor(2.0, requires_grad=True)
    b = a * 1.5
    solution = fixed_point(lambda x: 0.5 * (x + a * b / x), 1.0)
    by_a, by_b = gradients(solution, [a, b], retain_graph=True)
    assert np.allclose((by_a.data, by_b.data), (np.sqrt(1.5), 0.5 * np.sqrt(a.data / b.data)))
    solution.backward()
    assert np.isclose(a.grad.data, np.sqrt(1.5))


def test_a_layer_gets_gradients_without_a_graph() -> None:
    layer: Any = nn.Linear(3, 3)
    layer.weight.data[...] *= 0.25
    z = fixed_point(lambda z: np.tanh(layer(z)), np.zeros((1, 3), np.float32))
    z.sum().backward()
    w, b = layer.weight.data.astype(float), layer.bias.data.astype(float)
    expected = grad(lambda w: np.sum(fixed_point(lambda z, w: np.tanh(z @ w.T + b), np.zeros((1, 3)), w)))(w)
    assert np.allclose(layer.weight.grad.data, expected, rtol=1e-4, atol=1e-6)
    assert all(p.grad.dtype == np.float32 and not p.grad.requires_grad for p in layer.parameters())


def test_containers_of_arguments() -> None:
    at: dict[str, Any] = {"a": np.array([0.5, 0.8]), "b": (0.1,)}
    found = grad(lambda p: np.sum(fixed_point(lambda x, p: p["a"] * np.cos(x) + p["b"][0], np.ones(2), p)))(at)
    assert np.allclose(
        found["a"], grad(lambda a: np.sum(fixed_point(lambda x: a * np.cos(x) + 0.1, np.ones(2))))(at["a"])
    )
    x = fixed_point(lambda x: at["a"] * np.cos(x) + 0.1, np.ones(2))
    assert np.allclose(found["b"][0], np.sum(1 / (1 + at["a"] * np.sin(x))))


def test_what_it_knows_is_not_written_to_before_second_derivatives() -> None:
    a = tensor(2.0, requires_grad=True)
    b = a * 1.0
    solution = fixed_point(lambda x: 0.5 * (x + b / x), 1.0)
    b *= 2
    with pytest.raises(GraphError, match=r"the function at .*test_fixed_point.py:\d+ computes with something else"):
        gradients(solution, a, create_graph=True)
    solution = fixed_point(lambda x: np.cos(a * x / 4), 1.0)
    with no_grad():
        a *= 2
    with pytest.raises(GraphError, match="written to"):
        solution.backward()


def test_a_function_that_depends_on_nothing_live_gives_a_constant() -> None:
    a = tensor(0.5, requires_grad=True)
    assert not fixed_point(cosine, 1.0, a.detach()).requires_grad
    with no_grad():
        assert not fixed_point(cosine, 1.0, a).requires_grad
    assert type(fixed_point(lambda x: cosine(x, a), 1.0)) is Tensor
    with pytest.raises(DtypeError, match=r"the function at .* returned int64 values, but only"):
        fixed_point(lambda x: np.zeros(2, int), np.zeros(2))


def test_what_leaves_the_graph_within_the_function_raises() -> None:
    a = tensor(0.5, requires_grad=True)
    with pytest.raises(GraphError, match=r"math\.cos"):
        fixed_point(lambda x: a * math.cos(x), 1.0)
    with pytest.raises(GraphError, match=r"float"):
        fixed_point(lambda x, a: np.cos(float(a) * x), 1.0, a)
