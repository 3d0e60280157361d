"""The operators of HIPS autograd: each beside the function of this package that it stands for."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import compatibility, grad, hessian, jacobian

A = np.random.default_rng(0).normal(size=(4, 3))
X = np.array([0.3, -1.2, 0.7])
V = np.array([1.0, 0.5, -2.0])
names: Any = autograd  # the names that are loaded when they are asked for


def layer(x: Any) -> Any:
    return np.tanh(A @ x)


def number(x: Any) -> Any:
    return np.sum(np.sin(x) * x)


def test_argnum_is_argnums() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(x * y**2)

    operators: list[Callable[..., Any]] = [grad, autograd.value_and_grad, jacobian, hessian]
    for operator in operators:
        for argnum in (1, (0, 1), [1, 0]):
            positions = argnum if isinstance(argnum, int) else tuple(argnum)
            found, expected = operator(f, argnum=argnum)(X, V), operator(f, positions)(X, V)
            assert str(found) == str(expected)
    np.testing.assert_array_equal(autograd.elementwise_grad(f, argnum=1)(X, V), 2 * X * V)
    with pytest.raises(TypeError, match="argnums=1 and argnum=0 are one argument under two names"):
        grad(f, 1, argnum=0)  # type: ignore[call-overload]  # which type checkers refuse too


def test_products() -> None:
    pull, value = names.make_vjp(layer)(X)
    np.testing.assert_array_equal(value, layer(X))
    np.testing.assert_allclose(pull(np.arange(4.0)), np.arange(4.0) @ jacobian(layer)(X))
    np.testing.assert_allclose(names.make_jvp(layer)(X)(V)[1], jacobian(layer)(X) @ V)
    from autograd.differential_operators import make_jvp_reversemode

    np.testing.assert_allclose(make_jvp_reversemode(layer)(X)(V), jacobian(layer)(X) @ V)
    np.testing.assert_allclose(names.vector_jacobian_product(layer)(X, np.arange(4.0)), pull(np.arange(4.0)))


def test_second_derivatives() -> None:
    product, gradient = names.make_hvp(number)(X)
    np.testing.assert_allclose(product(V), hessian(number)(X) @ V)
    np.testing.assert_allclose(gradient, grad(number)(X))
    np.testing.assert_allclose(names.hessian_vector_product(number)(X, V), hessian(number)(X) @ V)
    J = jacobian(layer)(X)  # a matrix
    np.testing.assert_allclose(names.make_ggnvp(layer)(X)(V), J.T @ J @ V)
    H = hessian(lambda y: np.sum(y**4))(layer(X))  # as above
    np.testing.assert_allclose(names.make_ggnvp(layer, lambda y: np.sum(y**4))(X)(V), J.T @ H @ J @ V)


def test_by_name_and_beside_a_number() -> None:
    def f(x: Any, y: Any = 2.0) -> Any:
        return x**2 * y

    assert names.grad_named(f, "y")(3.0, 5.0) == 9
    assert names.multigrad_dict(f)(3.0) == {"x": 12, "y": 9}
    gradient, aux = names.grad_and_aux(lambda x: (x**2, "beside"))(3.0)
    assert (gradient, aux) == (6, "beside")
    np.testing.assert_allclose(names.deriv(lambda x: np.stack([1.0, x]) * x)(2.0), [1, 4])


@pytest.mark.parametrize("library", [None, "hips"])
def test_holomorphic(library: str | None) -> None:
    with compatibility(library):
        assert names.holomorphic_grad(lambda z: z**3)(2j) == -12
        with pytest.raises(TypeError, match="for real ones there is grad"):
            names.holomorphic_grad(lambda z: z**3)(2.0)


def test_checkpoint() -> None:
    from autograd.differential_operators import checkpoint

    np.testing.assert_allclose(grad(lambda x: np.sum(checkpoint(layer)(x)))(X), grad(lambda x: np.sum(layer(x)))(X))
    with compatibility("hips"):
        np.testing.assert_allclose(names.checkpoint(layer)(X), layer(X))


def test_complex_gradients_are_conjugates() -> None:
    def f(z: Any) -> Any:
        return np.real(z * z * (1 + 2j))

    z = np.array([1 + 2j, 3j])
    ours, rows = grad(lambda z: np.sum(f(z)))(z), jacobian(f)(z)
    with compatibility("hips"):
        np.testing.assert_array_equal(grad(lambda z: np.sum(f(z)))(z), ours.conj())
        np.testing.assert_array_equal(jacobian(f)(z), rows.conj())
        pull, _ = names.make_vjp(lambda z: z * (1 + 2j))(z)
        np.testing.assert_array_equal(pull(np.array([1j, 1])), np.array([1j, 1]) * (1 + 2j))
        np.testing.assert_allclose(jacobian(lambda z: z**2)(z), np.diag(2 * z))
    np.testing.assert_array_equal(grad(lambda z: np.sum(f(z)))(z), ours)


def test_integers_are_variables_and_constants_have_derivatives() -> None:
    counts = np.array([1, 2, 3])
    with compatibility("hips"):
        np.testing.assert_array_equal(grad(lambda x: np.sum(x**2))(counts), 2.0 * counts)
        assert names.make_vjp(lambda x: x > 2)(3.0)[0](1.0) == 0
        with pytest.raises(TypeError, match="a real number, but this one returned bool"):
            grad(lambda x: x > 2)(3.0)
    with pytest.raises(TypeError, match="int64"):
        grad(lambda x: np.sum(x**2))(counts)


def test_other_conventions_do_not_exist() -> None:
    with pytest.raises(ValueError, match="conventions of 'hips' only"):
        compatibility("jax")


def test_the_environment_sets_conventions() -> None:
    program = (
        "import numpy as np; from autograd import grad; print(grad(np.real)(1j), grad(lambda z: np.real(z * 1j))(1j))"
    )
    for value, expected in (("hips", "(1+0j) 1j"), ("", "(1-0j) -1j")):
        environment = os.environ | {"PLAINGRAD_COMPATIBILITY": value}
        found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert found.stdout.strip() == expected, found.stderr
