"""Derivatives go through the namespace as they go through NumPy's functions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import array_api as xp
from autograd import gradcheck, gradgradcheck, tensor

A = np.array([[3.0, 0.5, -0.25], [0.75, 2.0, 1.0], [-0.5, 0.25, 4.0]])
V = np.array([0.5, -1.25, 2.0])
S = A @ A.T + 3 * np.eye(3)


def parts(z: Any) -> Any:
    return xp.stack([xp.real(z), xp.imag(z)])


FUNCTIONS: list[tuple[Callable[..., Any], list[Any]]] = [
    (lambda x: xp.astype(x, xp.float64), [A]),
    (lambda x, y: xp.asarray([[x[0], y[1]], (y[2], 2.0)], dtype=xp.float64), [V, V + 1]),
    (lambda x: xp.full((2, 3), x[0] * x[1]), [V]),
    (lambda x: xp.full_like(x, xp.sum(x)), [V]),
    (lambda x: xp.clip(x, -0.3, 2.5), [A]),
    (lambda x, low: xp.clip(x, low), [A, V]),
    (lambda x, y: xp.where(x > y, x * y, x), [A, V]),
    (lambda x, y: xp.where(x > 1.5, 2.0, x * y), [A, V]),
    (lambda x: xp.sort(x, axis=0), [A]),
    (lambda x: xp.sort(x, descending=True), [A]),
    (lambda x: xp.unique_values(x), [A]),
    (lambda x: xp.unique_all(x).values, [A]),
    (lambda x, y: xp.concat([x, y], axis=None), [A, V]),
    (lambda x, y: xp.concat((x, y), axis=1), [A, S]),
    (lambda x, y: xp.stack([x, y]), [A, S]),
    (lambda x: xp.unstack(x, axis=1)[2], [A]),
    (lambda x, y: xp.meshgrid(x, y)[0] * xp.meshgrid(x, y, indexing="ij")[1], [V, V + 1]),
    (lambda x: xp.repeat(x, tensor([1, 0, 2]), axis=0), [A]),
    (lambda x: xp.tile(x, (2, 1)), [A]),
    (lambda x: xp.roll(x, (1, 2), axis=(0, 1)), [A]),
    (lambda x: xp.take(x, tensor([2, 0, 0]), axis=1), [A]),
    (lambda x: xp.take_along_axis(x, tensor([[2, 0, 0]]), axis=0), [A]),
    (lambda x: xp.reshape(x, (9,), copy=True), [A]),
    (lambda x: xp.diff(x, axis=0, n=2), [A]),
    (lambda x, y: xp.diff(x, prepend=y, append=2 * y), [V, V[:1]]),
    (lambda x: xp.cumulative_sum(x, axis=0, include_initial=True), [A]),
    (lambda x: xp.cumulative_prod(x, axis=1), [A]),
    (lambda x: xp.var(x, axis=0, correction=1), [A]),
    (lambda x: xp.std(x, correction=0.5), [A]),
    (lambda x: xp.max(x, axis=1) - xp.min(x, axis=0), [A]),
    (lambda x, y: xp.vecdot(x, y, axis=-2), [A, V[:, None]]),
    (lambda x, y: xp.tensordot(x, y, axes=([0, 1], [1, 0])), [A, S]),
    (lambda x: xp.linalg.det(x), [A]),
    (lambda x: xp.linalg.slogdet(x).logabsdet, [A]),
    (lambda x: xp.linalg.inv(x), [A]),
    (lambda x, y: xp.linalg.solve(x, y), [A, V]),
    (lambda x: xp.linalg.cholesky(x @ x.T, upper=True), [A]),
    (lambda x: xp.linalg.eigvalsh(x + x.T), [A]),
    (lambda x: xp.linalg.eigh(x + x.T).eigenvalues, [A]),
    (lambda x: xp.abs(xp.linalg.eigh(x + x.T).eigenvectors), [A]),
    (lambda x: parts(xp.linalg.eigvals(x)), [A]),
    (lambda x: xp.abs(xp.linalg.eig(x).eigenvectors), [A]),
    (lambda x: xp.linalg.svdvals(x), [A]),
    (lambda x: xp.linalg.svd(x).S, [A]),
    (lambda x: xp.linalg.pinv(x), [A[:, :2]]),
    (lambda x: xp.abs(xp.linalg.qr(x).R), [A]),
    (lambda x: xp.linalg.matrix_norm(x, ord="nuc"), [A]),
    (lambda x: xp.linalg.vector_norm(x, axis=(0, 1), ord=3), [A]),
    (lambda x: xp.linalg.trace(x, offset=1), [A]),
    (lambda x, y: xp.linalg.cross(x, y), [A, V]),
    (lambda x, y: xp.linalg.outer(x, y), [V, V + 1]),
    (lambda x: xp.linalg.matrix_power(x, 3), [A]),
    (lambda x: parts(xp.fft.rfft(x)), [A]),
    (lambda x: parts(xp.fft.fftn(xp.astype(x, xp.complex128))), [A]),
    (lambda x: xp.fft.irfft(xp.fft.rfft(x) * 2, n=3), [A]),
    (lambda x: xp.fft.fftshift(x), [A]),
]


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("function", "inputs"), FUNCTIONS)
def test_derivatives_of_both_orders(function: Callable[..., Any], inputs: list[Any]) -> None:
    leaves = [tensor(x, requires_grad=True) for x in inputs]
    assert function(*leaves).requires_grad
    gradcheck(function, leaves, fast_mode=True)
    gradgradcheck(function, leaves, fast_mode=True)


@pytest.mark.parametrize("function", [
    xp.isnan, xp.isfinite, xp.argmax, xp.argmin, xp.argsort, xp.all,
    xp.any, xp.count_nonzero, xp.zeros_like, xp.ones_like, xp.empty_like, xp.signbit, lambda x: xp.unique_counts(x)[1],
    lambda x: xp.nonzero(x)[0], lambda x: xp.searchsorted(x, x), lambda x: xp.less(x, 1.0), lambda x: xp.equal(x, x),
    lambda x: xp.astype(x, xp.int64), lambda x: xp.astype(x, xp.bool),
    lambda x: xp.full_like(x, 2.0), lambda x: xp.linalg.matrix_rank(xp.reshape(x, (1, 3))),
])  # fmt: skip
def test_what_has_no_derivative_is_a_constant_tensor(function: Callable[..., Any]) -> None:
    assert not function(tensor(V, requires_grad=True)).requires_grad


@pytest.mark.parametrize("function", [
    xp.floor, xp.ceil, xp.round, xp.trunc, xp.sign, lambda x: xp.floor_divide(x, 2.0),
])  # fmt: skip
def test_what_is_constant_between_its_steps_has_the_derivative_0(function: Callable[..., Any]) -> None:
    x = tensor(V, requires_grad=True)
    y = function(x)
    xp.sum(y * x).backward()
    np.testing.assert_array_equal(x.grad.data, y.data)


def test_equal_elements_are_sorted_stably_and_so_are_their_gradients() -> None:
    x = tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    weights = tensor([1.0, 10.0, 100.0, 1000.0])
    xp.sum(xp.sort(x, descending=True) * weights).backward()
    np.testing.assert_array_equal(xp.argsort(x, descending=True).data, [0, 2, 1, 3])
    np.testing.assert_array_equal(x.grad.data, [1, 100, 10, 1000])


def test_gradient_of_a_set_goes_to_the_first_of_equals() -> None:
    x = tensor([2.0, 1.0, 2.0], requires_grad=True)
    xp.sum(xp.unique_counts(x).values * tensor([1.0, 10.0])).backward()
    np.testing.assert_array_equal(x.grad.data, [10, 1, 0])
