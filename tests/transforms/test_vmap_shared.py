"""What all elements of a batch share: while vmap runs its gradient is each element's, and afterwards the sum of all."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    Context,
    Tensor,
    checkpoint,
    general,
    grad,
    gradients,
    hessian,
    jacobian,
    jvp,
    tensor,
    value_and_grad,
    vjp,
    vmap,
)

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]

rng = np.random.default_rng(0)
W = rng.normal(size=(3, 5))
PRODUCTS: dict[str, Function] = {
    "rows @ w": lambda x, w: x @ w,
    "w @ columns": lambda x, w: w.T @ (x if x.ndim == 1 else x.swapaxes(-1, -2)),
    "matmul": lambda x, w: np.matmul(x, np.sin(w)),
    "einsum": lambda x, w: np.einsum("...i,ij->...j", x, w),
    "dot": lambda x, w: np.dot(x, w),
    "w @ w.T": lambda x, w: x @ (w @ w.T),
}
products = pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
shapes = pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3), (4, 6, 2, 3), (1, 3), (0, 3)], ids=str)


def close(found: Any, expected: Any) -> bool:
    found, expected = (x.data if isinstance(x, Tensor) else np.asarray(x) for x in (found, expected))
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-11, atol=1e-11)


@products
@shapes
def test_derivatives_by_what_a_batch_shares(product: Function, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape)

    def f(x: Any, w: Any) -> Any:
        return np.sum(np.sin(product(x, w)) ** 2)

    def total(w: Any) -> Any:
        return np.sum(vmap(f, (0, None))(x, w)) + 0 * w[0, 0]

    def looped(w: Any) -> Any:
        return sum((f(one, w) for one in x), 0 * w[0, 0])

    assert close(grad(total)(W), grad(looped)(W))
    assert close(hessian(total)(W), hessian(looped)(W))
    if len(x):
        each = np.stack([grad(f, 1)(one, W) for one in x])
        assert close(vmap(grad(f, 1), (0, None))(x, W), each)
        assert close(jacobian(lambda w: vmap(f, (0, None))(x, w))(W), each)
        shared = tensor(W, requires_grad=True)
        assert close(vmap(lambda x: gradients(f(x, shared), shared)[0])(x), each)
        assert close(vmap(lambda x: gradients(f(x, shared * 2), shared)[0])(x), 2 * scaled(f, x))


def scaled(f: Function, x: Array) -> Array:
    return np.stack([grad(f, 1)(one, 2 * W) for one in x])


@products
def test_gradients_of_gradients_per_sample(product: Function) -> None:
    x, tangents = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 3, 5))

    def f(x: Any, w: Any) -> Any:
        return np.sum(np.sin(product(x, w)) ** 2)

    def penalty(w: Any) -> Any:
        return np.sum(vmap(lambda x: np.sum(grad(f, 1)(x, w) ** 2))(x))

    def looped_penalty(w: Any) -> Any:
        return sum(np.sum(grad(f, 1)(one, w) ** 2) for one in x)

    assert close(grad(penalty)(W), grad(looped_penalty)(W))
    assert close(hessian(penalty)(W), hessian(looped_penalty)(W))

    def along(w: Any, tangents: Any) -> Any:  # each element has a tangent of its own of what they share
        return np.sum(vmap(lambda x, t: jvp(lambda w: f(x, w), w, t)[1] ** 2)(x, tangents))

    def looped_along(w: Any, tangents: Any) -> Any:
        return sum(jvp(partial(f, one), w, t)[1] ** 2 for one, t in zip(x, tangents, strict=True))

    for argnum in (0, 1):
        assert close(grad(along, argnum)(W, tangents), grad(looped_along, argnum)(W, tangents))


def test_shared_at_one_level_of_two() -> None:
    x, several = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3, 5))

    def f(x: Any, w: Any) -> Any:
        return np.sum(np.sin(x @ w) ** 2)

    def looped(w: Any) -> Any:
        return sum(f(one, w) for part in x for one in part)

    def looped_several(w: Any) -> Any:
        return sum(f(one, w[i]) for i, part in enumerate(x) for one in part)

    def total(w: Any) -> Any:
        return np.sum(vmap(vmap(f, (0, None)), (0, None))(x, w))

    def total_several(w: Any) -> Any:
        return np.sum(vmap(vmap(f, (0, None)), (0, 0))(x, w))

    def of_each(w: Any) -> Any:  # a sum over the inner batch, whose gradient each element of the outer one has
        return np.sum(vmap(lambda part: grad(lambda w: np.sum(vmap(f, (0, None))(part, w)))(w) ** 2)(x))

    def looped_of_each(w: Any) -> Any:
        return sum(np.sum(grad(lambda w, part=part: sum(f(one, w) for one in part))(w) ** 2) for part in x)

    for found, expected, at in (
        (total, looped, W),
        (total_several, looped_several, several),
        (of_each, looped_of_each, W),
    ):
        assert close(grad(found)(at), grad(expected)(at))
        assert close(hessian(found)(at), hessian(expected)(at))
    checked = vmap(lambda x, w: checkpoint(f, x, w), (0, None))
    assert close(grad(lambda w: np.sum(checked(x[0], w)))(W), grad(lambda w: f(x[0], w))(W))


def test_memory_of_shared_weights_is_less_than_a_gradient_per_sample() -> None:
    x, w, bias = rng.normal(size=(128, 64)), rng.normal(size=(64, 64)), np.zeros(64)

    def loss(w: Any, bias: Any) -> Any:
        def of_row(x: Any) -> Any:
            return np.sum(np.tanh(w @ np.tanh(x @ w.T + bias)) ** 2)

        return np.mean(vmap(of_row)(x))

    derivatives = value_and_grad(loss, (0, 1))
    derivatives(w, bias)
    tracemalloc.start()
    try:
        derivatives(w, bias)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(x) * w.nbytes / 4


def test_gradients_that_nobody_else_holds_are_given_back_without_a_copy() -> None:
    x, w = rng.normal(size=(64, 8)), rng.normal(size=(4, 128))
    per_sample = vmap(grad(lambda w, x: np.sum(np.tanh(x @ w.reshape(8, -1)))), (None, 0))
    found = per_sample(w, x)
    assert found.flags.writeable
    assert not np.shares_memory(found, w)
    tracemalloc.start()
    try:
        per_sample(w, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * found.nbytes


def test_gradients_that_others_hold_are_copied() -> None:
    kept = []
    w, x = np.ones((3, 4)), rng.normal(size=(5, 3))

    def loss(w: Any, x: Any) -> Any:
        y = w * 1
        y.register_hook(lambda g: kept.append(g))
        return np.sum(x @ y)

    first = vmap(grad(loss), (None, 0))(w, x)
    expected = first.copy()
    second, both = vmap(grad(lambda w, v, x: np.sum(x @ (w + v)), (0, 1)), (None, None, 0))(w, w, x)
    assert not np.shares_memory(second, both)
    first += 1
    second += 1
    assert np.array_equal(both, expected)
    product, pull = vjp(lambda w: w.reshape(2, 6) + 0, w)
    one, other = pull(product), pull(product)
    one[0][...] = 0
    assert other[0].any()


def _curve(x: Any, w: Any) -> Any:
    return np.tanh(x * np.sin(w * w) + w)


class _ByVjp(autograd.Function):
    @staticmethod
    def forward(ctx: Context, x: Any, w: Any) -> Any:
        ctx.save_for_backward(x, w)
        return _curve(x, w)

    @staticmethod
    def backward(ctx: Context, g: Any) -> Any:
        return vjp(_curve, *ctx.saved_tensors)[1](g)


@pytest.mark.parametrize(
    "curve",
    [
        _ByVjp.apply,
        general(
            lambda x, w: _curve(x, w),
            lambda g, x, w: vjp(_curve, x, w)[1](g)[0],
            lambda g, x, w: vjp(_curve, x, w)[1](g)[1],
            name="curve",
        ),
    ],
    ids=["Function", "general"],
)
def test_a_rule_that_differentiates_gives_each_gradient_also_when_the_batch_has_ended(curve: Any) -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(5, 3)), rng.normal(size=3)

    def batch(w: Any) -> Any:
        return np.sum(vmap(lambda x: np.sum(curve(x, w)))(x))

    def loop(w: Any) -> Any:
        return np.sum(_curve(x, w))

    np.testing.assert_allclose(grad(batch)(w), grad(loop)(w), rtol=1e-12)
    np.testing.assert_allclose(hessian(batch)(w), hessian(loop)(w), rtol=1e-11, atol=1e-12)
    per_element = vmap(grad(lambda w, x: np.sum(curve(x, w))), (None, 0))(w, x)
    np.testing.assert_allclose(
        per_element, [grad(lambda w, x: np.sum(_curve(x, w)))(w, each) for each in x], rtol=1e-12
    )
