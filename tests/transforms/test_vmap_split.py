"""Batches split into groups by their branches: derivatives from outside, axes, containers, what cannot be joined."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import BatchError, Tensor, grad, hessian, hvp, jacobian, jvp, tensor, value_and_grad, vmap
from autograd.arrays.door import levels

X = np.random.default_rng(1).normal(size=(9, 3))


class Pair(NamedTuple):
    total: Any
    largest: Any


def leaky(x: Any) -> Any:
    return np.sum(x * x) if x[0] > 0 else np.sum(np.exp(x))


def three_ways(x: Any) -> Any:
    if x[0] > 0.5:
        return np.sum(x**3)
    elif x[1] > 0:  # noqa: RET505 - an elif is what is tested
        return np.sum(np.sin(x))
    return x[2] * 2


def nested(x: Any) -> Any:
    if x[0] > 0:
        if x[1] > 0:
            return x[0] * x[1]
        return x[0] / (1 + x[1] ** 2)
    return np.cos(x[2]) if x[2] > 0 or x[1] > 1 else np.dot(x, x)


def newton(x: Any) -> Any:
    a, y, steps = np.abs(x[0]) + 1, x[0] * 0 + 1, 0
    while abs(y * y - a) > 1e-9 and steps < 20:
        y, steps = (y + a / y) / 2, steps + 1
    return y * x[1] + x[2]


def halved(x: Any) -> Any:
    total = np.sum(np.abs(x))
    while total > 0.5:
        total = total / 2
    return total * x[0]


def not_and(x: Any) -> Any:
    return x[0] * x[1] if not x[0] < 0 and x[1] < 0.5 else -(x[2] ** 2)


def in_a_loop(x: Any) -> Any:
    total = 0.0 * x[0]
    for value in x:
        total = total + (value * value if value > 0 else -3 * value)
    return total


def of_builtins(x: Any) -> Any:
    return max(x[0], x[1]) * 2 + min(x[1], x[2]) + sum(sorted(x)[:2])


PROGRAMS = [leaky, three_ways, nested, newton, halved, not_and, in_a_loop, of_builtins]
programs = pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
warned = pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")


def split(f: Callable[..., Any], *args: Any, in_axes: Any = 0, out_axes: Any = 0, **kwargs: Any) -> Any:
    return vmap(f, in_axes, out_axes, branches="split")(*args, **kwargs)


def looped(f: Callable[..., Any], *columns: Any) -> Any:
    return np.stack([f(*element) for element in zip(*columns, strict=True)])


def close(found: Any, expected: Any) -> None:
    found = found.data if isinstance(found, Tensor) else found
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@programs
def test_a_branch_raises_by_default(f: Callable[[Any], Any]) -> None:
    lines = range(inspect.getsourcelines(f)[1], inspect.getsourcelines(f)[1] + 12)
    for function in (f, grad(f)):
        with pytest.raises(BatchError, match=r"shape \(\), 9 of them.*numpy\.where.*branches='split'") as caught:
            vmap(function)(X)
        assert any(f"{__file__}:{line}:" in str(caught.value) for line in lines)


@warned
@programs
def test_values_and_derivatives(f: Callable[[Any], Any]) -> None:
    close(split(f, X), looped(f, X))
    for derivative in (
        grad(f), hessian(f), jacobian(f), lambda x: hvp(f, x, x), lambda x: jvp(f, (x,), (x * x,))[1],
        jacobian(f, mode="forward"), lambda x: np.concatenate([np.ravel(part) for part in value_and_grad(f)(x)]),
    ):  # fmt: skip
        close(split(derivative, X), looped(derivative, X))


@warned
@programs
def test_derivatives_from_outside(f: Callable[[Any], Any]) -> None:
    weights = np.linspace(1, 2, len(X))

    def total(xs: Any) -> Any:
        return np.sum(split(f, xs) * weights)

    def total_by_loop(xs: Any) -> Any:
        return sum(f(x) * weight for x, weight in zip(xs, weights, strict=True))

    close(grad(total)(X), grad(total_by_loop)(X))
    close(hvp(total, X, X[::-1]), hvp(total_by_loop, X, X[::-1]))
    close(jvp(total, (X,), (X[::-1],))[1], jvp(total_by_loop, (X,), (X[::-1],))[1])
    close(jacobian(lambda xs: split(f, xs))(X[:3]), jacobian(lambda xs: np.stack([f(x) for x in xs]))(X[:3]))
    t = tensor(X, requires_grad=True)
    total(t).backward()
    close(t.grad, grad(total_by_loop)(X))


def test_what_the_groups_share_gets_the_sum_of_their_gradients() -> None:
    w = np.array([0.5, -1.0, 2.0])

    def f(w: Any, x: Any) -> Any:
        return np.sum(np.sin(w * x)) if np.dot(w, x) > 0 else np.sum(w * w * x)

    close(grad(lambda w: np.sum(split(lambda x: f(w, x), X)))(w), sum(grad(f)(w, x) for x in X))
    close(split(grad(f), w, X, in_axes=(None, 0)), np.stack([grad(f)(w, x) for x in X]))
    t = tensor(w, requires_grad=True)
    np.sum(split(lambda x: f(t, x), X)).backward()
    close(t.grad, sum(grad(f)(w, x) for x in X))


@pytest.mark.parametrize("out_axes", [0, 1, -1, -2])
def test_axes_and_containers(out_axes: int) -> None:
    def f(x: Any, scale: Any, *, shift: Any) -> Any:
        if x[0] > scale["a"]:
            return Pair(np.outer(x, x) * scale["b"], {"last": (x + shift)[:, None]})
        return Pair(np.outer(x, x * x), {"last": (x - shift)[:, None]})

    a, b = X[:, 1], X[0]
    in_axes = (1, {"a": 0, "b": None})
    found = split(f, X.T, {"a": a, "b": b}, shift=X[:, 2], in_axes=in_axes, out_axes=out_axes)
    expected = [f(x, {"a": one, "b": b}, shift=s) for x, one, s in zip(X, a, X[:, 2], strict=True)]
    assert type(found) is Pair
    close(found.total, np.stack([e.total for e in expected], out_axes))
    close(found.largest["last"], np.stack([e.largest["last"] for e in expected], out_axes))


def test_batches_within_batches() -> None:
    def pairwise(x: Any, y: Any) -> Any:
        return np.sum(x * y) if x[0] > y[0] else np.sum(x - y * y)

    every = vmap(vmap(pairwise, (None, 0), branches="split"), (0, None), branches="split")
    close(every(X, X[::-1]), [[pairwise(x, y) for y in X[::-1]] for x in X])
    close(
        grad(lambda xs: np.sum(every(xs, X[::-1]) ** 2))(X),
        grad(lambda xs: sum(pairwise(x, y) ** 2 for x in xs for y in X[::-1]))(X),
    )
    with pytest.raises(BatchError, match="branches on the truth"):
        vmap(vmap(pairwise, (None, 0)), (0, None), branches="split")(X, X)
    only_outer = vmap(lambda x: vmap(lambda y: x * y if x[0] > 0 else y)(X), branches="split")
    close(only_outer(X), [[x * y if x[0] > 0 else y for y in X] for x in X])
    only_inner = vmap(lambda x: vmap(lambda y: x * y if y[0] > 0 else x, branches="split")(X))
    close(only_inner(X), [[x * y if y[0] > 0 else x for y in X] for x in X])


@pytest.mark.parametrize("shape", [(0, 3), (1, 3)])
def test_batches_of_none_and_one(shape: tuple[int, ...]) -> None:
    for f in (leaky, three_ways, nested, in_a_loop):
        close(split(f, X[: shape[0]]), np.array([f(x) for x in X[: shape[0]]]))
        found = split(grad(f), X[: shape[0]])
        assert found.shape == shape


def test_branches_that_return_other_things() -> None:
    with pytest.raises(BatchError, match=rf"branches at {__file__}:\d+ return shapes \(3,\) and \(2,\)"):
        split(lambda x: x[1:] if x[0] > 0 else x, X)
    for other in ((X[0], X[0]), {"b": X[0]}, [X[0]], {"b": X[0], "a": X[0]}, {"a": (X[0],), "b": X[0]}):
        with pytest.raises(BatchError, match=rf"branches at {__file__}:\d+ return containers of other kinds"):
            split(lambda x, other=other: {"a": x, "b": x} if x[0] > 0 else other, X)
    assert split(lambda x: 1 if x[0] > 0 else 0.5, X).dtype == float
    with pytest.raises(BatchError, match=rf"branches at {__file__}:\d+ return other values for the out_axes None"):
        split(lambda x: 1.0 if x[0] > 0 else 2.0, X, out_axes=None)
    found = split(lambda x: (x, 1.0) if x[0] > 0 else (-x, 1.0), X, out_axes=(0, None))
    assert found[1] == 1.0


def test_a_program_cannot_catch_a_split() -> None:
    def f(x: Any) -> Any:
        try:
            return x * 2 if x[0] > 0 else x
        except Exception:  # noqa: BLE001 - what a program may do
            return x * 0

    close(split(f, X), looped(f, X))


def test_an_error_in_one_group_is_the_programs_own() -> None:
    def f(x: Any) -> Any:
        if x[0] > 0:
            raise KeyError("mine")
        return x

    with pytest.raises(KeyError, match="mine"):
        split(f, X)
    assert not levels()
