"""vmap within and around every other transform, and hooks, modes and tensors of others: all against a loop."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import (
    AnomalyError,
    Tensor,
    checkpoint,
    detect_anomaly,
    fixed_point,
    ggnvp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    no_grad,
    saved_tensors_hooks,
    tensor,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.transforms.pytree import flatten

rng = np.random.default_rng(0)
X, W, V = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=3)
C = rng.normal(size=(5, 3))
looping = pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """Compare arrays, or containers of them, to rounding: `tolerance` is relative to the largest number."""
    pairs = zip(flatten(found)[0], flatten(expected)[0], strict=True)
    for a, b in pairs:
        a, b = (np.asarray(x.data if isinstance(x, Tensor) else x) for x in (a, b))
        assert a.shape == b.shape
        assert np.max(np.abs(a - b), initial=0) <= tolerance * max(1, np.max(np.abs(b), initial=0))


def looped(f: Callable[..., Any], *columns: Any) -> Any:
    """Return what a loop gives, stacked in the containers that the function returns."""
    parts = [flatten(f(*element)) for element in zip(*columns, strict=True)]
    stacked = [np.stack(arrays) for arrays in zip(*(flat for flat, _ in parts), strict=True)]
    return parts[0][1](stacked)


def f(w: Any, x: Any) -> Any:
    return np.sum(np.tanh(w @ x) ** 2 * np.sum(w, 1)) + np.sin(x[0] * w[0, 1])


def g(x: Any) -> Any:
    return np.tanh(W @ x) * x[0]


# vmap of each transform

OF_ONE: dict[str, Callable[[Any], Any]] = {
    "grad": grad(lambda x: f(W, x)),
    "grad of several": lambda x: grad(f, (0, 1))(W, x),
    "value_and_grad": value_and_grad(lambda x: f(W, x)),
    "value_and_grad with aux": value_and_grad(lambda x: (f(W, x), {"hidden": W @ x}), has_aux=True),
    "grad of a dict": lambda x: grad(lambda p: f(p["w"], x) + f(p["w"] * 2, x * x))({"w": W}),
    "jvp": lambda x: jvp(g, (x,), (x * x,)),
    "jvp in a shared direction": lambda x: jvp(g, (x,), (V,)),
    "jvp at a shared point": lambda x: jvp(g, (V,), (x,)),
    "vjp": lambda x: vjp(g, x)[1](W @ x)[0],
    "vjp of a shared cotangent": lambda x: vjp(g, x)[1](np.ones(4))[0],
    "vjp at a shared point": lambda x: vjp(g, V)[1](W @ x)[0],
    "hvp": lambda x: hvp(lambda x: f(W, x), x, V),
    "hvp at a shared point": lambda x: hvp(lambda v: f(W, v * x), V, x),
    "jacobian": jacobian(g),
    "forward jacobian": jacobian(g, mode="forward"),
    "reverse jacobian": jacobian(g, mode="reverse"),
    "hessian": hessian(lambda x: f(W, x)),
    "hessian of what is shared": lambda x: hessian(lambda v: f(W, v + x))(V),
    "ggnvp": lambda x: ggnvp(g, x, V),
    "linearize": lambda x: linearize(g, x)[1](V),
    "linearize at a shared point": lambda x: linearize(lambda v: g(v * x), V)[1](x),
    "checkpoint": lambda x: grad(lambda x: checkpoint(lambda x: f(W, x), x))(x),
    "checkpoint around": lambda x: grad(lambda x: checkpoint(lambda x: np.sum(grad(lambda y: f(W, y))(x) ** 2), x))(x),
    "fixed_point": lambda x: fixed_point(lambda y, x: 0.5 * np.tanh(W[:3] @ y / 9) + x, np.zeros(3), x),
    "grad of fixed_point": lambda x: grad(
        lambda x: np.sum(fixed_point(lambda y, x: 0.5 * np.tanh(W[:3] @ y / 9) + x, np.zeros(3), x) ** 2)
    )(x),
    "elementwise_grad": ag.elementwise_grad(lambda x: np.sin(x) * x),
    "gradients": lambda x: (lambda t: gradients(f(W, t), t)[0])(tensor(x, requires_grad=True)),
    "backward": lambda x: backward_of(lambda t: f(W, t), x),
    "backward of backward": lambda x: backward_of(lambda t: np.sum(grad(lambda y: f(W, y))(t) ** 2), x),
    "grad of grad": grad(lambda x: np.sum(grad(lambda y: f(W, y))(x) * V)),
    "grad of jvp": grad(lambda x: np.sum(jvp(g, (x,), (x,))[1])),
    "jvp of grad": lambda x: jvp(grad(lambda x: f(W, x)), (x,), (V,))[1],
    "jacobian of grad": jacobian(grad(lambda x: f(W, x))),
    "third derivatives": jacobian(hessian(lambda x: np.sum(np.tanh(x) ** 2) * x[0])),
}


def backward_of(loss: Callable[[Any], Any], x: Any) -> Any:
    t = tensor(x, requires_grad=True)
    loss(t).backward()
    return t.grad.data


@pytest.mark.one_in(4)
@looping
@pytest.mark.parametrize("name", OF_ONE)
def test_within_vmap(name: str) -> None:
    one = OF_ONE[name]
    tolerance = 1e-9 if "fixed_point" in name else 1e-12  # all elements iterate until the last has converged
    close(vmap(one)(X), looped(one, X), tolerance)
    pairs = np.stack([X, X[::-1]])
    close(vmap(vmap(one))(pairs), looped(lambda xs: looped(one, xs), pairs), tolerance)


@pytest.mark.one_in(4)
@looping
@pytest.mark.parametrize("name", OF_ONE)
def test_within_vmap_and_around_it(name: str) -> None:
    """Derivatives of derivatives for each element, with respect to all of them at once."""
    one = OF_ONE[name]
    if name in ("backward", "backward of backward", "gradients"):
        return  # they make leaves of arrays

    def total(xs: Any) -> Any:
        return sum(np.sum(np.sin(part)) for part in flatten(vmap(one)(xs))[0])

    def total_by_loop(xs: Any) -> Any:
        return sum(np.sum(np.sin(part)) for x in xs for part in flatten(one(x))[0])

    tolerance = 1e-8 if "fixed_point" in name else 1e-11
    close(grad(total)(X), grad(total_by_loop)(X), tolerance)
    close(jvp(total, (X,), (C,))[1], jvp(total_by_loop, (X,), (C,))[1], tolerance)


# Each transform around vmap


def batch(w: Any) -> Any:
    return vmap(f, (None, 0))(w, X)


def batch_by_loop(w: Any) -> Any:
    return np.stack([f(w, x) for x in X])


def slopes(w: Any) -> Any:
    return vmap(grad(f, 1), (None, 0))(w, X)


def slopes_by_loop(w: Any) -> Any:
    return np.stack([grad(f, 1)(w, x) for x in X])


def samples(w: Any) -> Any:
    return vmap(grad(f), (None, 0))(w, X)


def samples_by_loop(w: Any) -> Any:
    return np.stack([grad(f)(w, x) for x in X])


def pairwise(w: Any) -> Any:
    return vmap(lambda x: vmap(lambda z: f(w, x * z) + w[0, 0])(X[:2]))(X)


def pairwise_by_loop(w: Any) -> Any:
    return np.stack([np.stack([f(w, x * z) + w[0, 0] for z in X[:2]]) for x in X])


def deep(w: Any) -> Any:
    return vmap(lambda x: np.sum(vmap(grad(lambda z: np.sum(np.tanh(w @ (x * z)))))(X[:2]) ** 2))(X)


def deep_by_loop(w: Any) -> Any:
    return np.stack([sum(np.sum(grad(lambda z: np.sum(np.tanh(w @ (x * z))))(z) ** 2) for z in X[:2]) for x in X])  # noqa: B023 - called at once


def mixed(w: Any) -> Any:
    """A live tensor within, of an element, meets a live tensor from outside."""
    return vmap(lambda x: grad(lambda y: np.sum(np.sin(w @ y) * y[0] * np.sum(w)))(x))(X)


def mixed_by_loop(w: Any) -> Any:
    return np.stack([grad(lambda y: np.sum(np.sin(w @ y) * y[0] * np.sum(w)))(x) for x in X])


def unbatched(w: Any) -> Any:
    """What is differentiated within is the same for all elements."""
    return vmap(lambda x: grad(lambda y: np.sum((w @ y) * x[0] * np.sin(y[0])))(V))(X)


def unbatched_by_loop(w: Any) -> Any:
    return np.stack([grad(lambda y: np.sum((w @ y) * x[0] * np.sin(y[0])))(V) for x in X])  # noqa: B023 - as above


def curved(w: Any) -> Any:
    return vmap(lambda x: hessian(lambda y: np.sum(np.sin(w @ y) * y[0]))(x))(X)


def curved_by_loop(w: Any) -> Any:
    return np.stack([hessian(lambda y: np.sum(np.sin(w @ y) * y[0]))(x) for x in X])


def pushed(w: Any) -> Any:
    return vmap(lambda x: jvp(lambda w: np.sin(w) @ x * x[0], (w,), (np.outer(W @ x, x),))[1])(X)


def pushed_by_loop(w: Any) -> Any:
    return np.stack([jvp(lambda w: np.sin(w) @ x * x[0], (w,), (np.outer(W @ x, x),))[1] for x in X])  # noqa: B023 - as above


def constant(w: Any) -> Any:
    return vmap(lambda x: np.sum(w * w) * x + w[0])(X)


def constant_by_loop(w: Any) -> Any:
    return np.stack([np.sum(w * w) * x + w[0] for x in X])


def checkpointed(w: Any) -> Any:
    return vmap(lambda x: checkpoint(f, w, x))(X)


def around_a_checkpoint(w: Any) -> Any:
    return checkpoint(batch, w)


def valued(w: Any) -> Any:
    values, derivatives = vmap(value_and_grad(lambda x: np.sum(np.sin(w @ x)) * w[0, 0]))(X)
    return np.concatenate([values[:, None] * derivatives, derivatives])


def valued_by_loop(w: Any) -> Any:
    parts = [value_and_grad(lambda x: np.sum(np.sin(w @ x)) * w[0, 0])(x) for x in X]
    return np.concatenate([np.stack([a * b for a, b in parts]), np.stack([b for _, b in parts])])


BATCHES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "vmap": (batch, batch_by_loop),
    "vmap of grad": (slopes, slopes_by_loop),
    "gradients per sample": (samples, samples_by_loop),
    "vmap of vmap": (pairwise, pairwise_by_loop),
    "vmap of vmap of grad": (deep, deep_by_loop),
    "live within and outside": (mixed, mixed_by_loop),
    "a shared point within": (unbatched, unbatched_by_loop),
    "vmap of hessian": (curved, curved_by_loop),
    "vmap of jvp": (pushed, pushed_by_loop),
    "what is shared alone": (constant, constant_by_loop),
    "values and gradients": (valued, valued_by_loop),
    "vmap of checkpoint": (checkpointed, batch_by_loop),
    "checkpoint of vmap": (around_a_checkpoint, batch_by_loop),
}


def weighed(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def loss(w: Any) -> Any:
        y = function(w)
        return np.sum(np.sin(y) * np.linspace(0.5, 1.5, y.size).reshape(y.shape))

    return loss


U = rng.normal(size=W.shape)
AROUND: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "value": lambda of: of(W),
    "grad": lambda of: grad(weighed(of))(W),
    "value_and_grad": lambda of: value_and_grad(weighed(of))(W),
    "vjp": lambda of: vjp(of, W)[1](np.cos(of(W)))[0],
    "jvp": lambda of: jvp(of, (W,), (U,)),
    "hvp": lambda of: hvp(weighed(of), W, U),
    "linearize": lambda of: linearize(of, W)[1](U),
    "grad of jvp": lambda of: grad(lambda w: np.sum(np.sin(jvp(of, (w,), (U,))[1])))(W),
    "grad of jvp in its direction": lambda of: grad(lambda u: np.sum(np.sin(jvp(of, (W,), (u,))[1])))(U),
    "jvp of grad": lambda of: jvp(grad(weighed(of)), (W,), (U,))[1],
    "jvp of jvp": lambda of: jvp(lambda w: jvp(of, (w,), (U,))[1], (W,), (W,))[1],
    "grad of grad": lambda of: grad(lambda w: np.sum(grad(weighed(of))(w) * U))(W),
    "checkpoint": lambda of: grad(lambda w: checkpoint(weighed(of), w))(W),
    "jacobian": lambda of: jacobian(of)(W),
    "forward jacobian": lambda of: jacobian(of, mode="forward")(W),
    "reverse jacobian": lambda of: jacobian(of, mode="reverse")(W),
    "hessian": lambda of: hessian(weighed(of))(W),
    "third derivatives": lambda of: jvp(lambda w: hvp(weighed(of), w, U), (W,), (W,))[1],
    "ggnvp": lambda of: ggnvp(of, W, U),
    "backward": lambda of: backward_of(weighed(of), W),
    "backward with a graph": lambda of: twice_backward(weighed(of)),
    "anomaly mode": lambda of: anomalous(weighed(of)),
    "no_grad": lambda of: without_grad(of),
    "fixed_point": lambda of: fixed_point(lambda y, w: 0.1 * np.tanh(y) + of(w), np.zeros(of(W).shape), W),
}


def twice_backward(loss: Callable[[Any], Any]) -> Any:
    t = tensor(W, requires_grad=True)
    loss(t).backward(create_graph=True)
    second = np.sum(t.grad * U)
    t.zero_grad()
    second.backward()
    return t.grad.data


def anomalous(loss: Callable[[Any], Any]) -> Any:
    with detect_anomaly():
        return grad(loss)(W)


def without_grad(of: Callable[[Any], Any]) -> Any:
    with no_grad():
        y = of(tensor(W, requires_grad=True))
        assert not y.requires_grad
        return y


@pytest.mark.one_in(8)
@looping
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", BATCHES)
def test_around_vmap(name: str, around: str) -> None:
    found, expected = (AROUND[around](function) for function in BATCHES[name])
    close(found, expected, 1e-11 if around in ("third derivatives", "fixed_point", "jvp of jvp") else 2e-12)


# What functions close over


@looping
@pytest.mark.parametrize("name", BATCHES)
def test_a_loss_walked_back_to_what_it_closes_over(name: str) -> None:
    many, each = BATCHES[name]
    w = tensor(W, requires_grad=True)
    for function in (many, each):
        weighed(function)(w * 1.0 + 0 * w).backward()
    close(w.grad.data, 2 * grad(weighed(each))(W))


def test_gradients_of_each_element_by_what_is_closed_over() -> None:
    w, scale = tensor(W, requires_grad=True), tensor(2.0, requires_grad=True)

    def of_element(x: Any) -> Any:
        return gradients(f(w, x) * scale, [w, scale])

    close(vmap(of_element)(X), (2 * samples_by_loop(W), batch_by_loop(W)))
    for of in (0, 1):
        hidden = w * 1.0  # between the leaf and the batch
        found = vmap(lambda x: gradients(f(hidden, x) + np.sum(hidden), (w, hidden)[of])[0])(X)  # noqa: B023 - called at once
        close(found, samples_by_loop(W) + 1)
    assert w.grad is None


# Modes and hooks


def test_no_grad_within_a_batch() -> None:
    w = tensor(W, requires_grad=True)

    def half(x: Any) -> Any:
        with no_grad():
            fixed = f(w, x)
        return fixed * np.sum(w) + f(w, x)

    np.sum(vmap(half)(X)).backward()
    close(w.grad.data, np.sum(batch_by_loop(W)) * np.ones_like(W) + np.sum(samples_by_loop(W), 0))


def test_hooks_see_one_element() -> None:
    seen: list[Any] = []

    def loss(x: Any) -> Any:
        h = w * x
        h.register_hook(lambda g: seen.append(g.shape))
        h.register_hook(lambda g: 2 * g)
        return np.sum(np.sin(h))

    w = tensor(V, requires_grad=True)
    np.sum(vmap(loss)(X)).backward()
    assert seen == [(3,)]
    close(w.grad.data, 2 * np.sum(np.cos(V * X) * X, 0))
    seen.clear()
    close(vmap(lambda x: gradients(loss(x), w)[0])(X), 2 * np.cos(V * X) * X)
    assert seen == [(3,)]

    def inner(x: Any) -> Any:
        def of(y: Any) -> Any:
            h = y * x
            h.register_hook(lambda g: g * x)
            return np.sum(np.sin(h))

        return grad(of)(x)

    close(vmap(inner)(X), looped(inner, X))


def test_retained_gradients() -> None:
    def both(x: Any) -> Any:
        u = tensor(x, requires_grad=True)
        h = u * x
        h.retain_grad()
        np.sum(np.sin(h) * V).backward()
        return u.grad, h.grad

    close(vmap(both)(X), (np.cos(X * X) * V * X, np.cos(X * X) * V))
    w = tensor(W, requires_grad=True)
    y = vmap(lambda x: w @ x)(X)
    y.retain_grad()
    np.sum(y * y).backward()
    close(y.grad.data, 2 * X @ W.T)


def test_anomaly_mode_names_the_line_within_the_batch() -> None:
    def root(x: Any) -> Any:
        return np.sum(np.sqrt(x * 0))

    with detect_anomaly(), pytest.raises(AnomalyError, match=rf"'sqrt', recorded at {__file__}.*shape \(3,\)"):
        vmap(grad(root))(X)
    with (
        detect_anomaly(),
        pytest.raises(AnomalyError, match=r"'log' gave nan in 5 of 15 elements \(shape \(3,\)"),
        np.errstate(all="ignore"),
    ):
        vmap(grad(lambda x: np.sum(np.log(x * np.array([1.0, 0.0, -1.0]) + np.array([9.0, -1.0, 9.0])))))(X)
    with detect_anomaly():
        close(vmap(grad(lambda x: f(W, x)))(X), slopes_by_loop(W))
    with pytest.warns(RuntimeWarning, match="has nan in 15 of 15 elements"):
        vmap(grad(root))(X)


def test_saved_tensors_are_packed_whole() -> None:
    packed: list[Any] = []

    def pack(array: Any) -> int:
        packed.append(array)
        return len(packed) - 1

    w = tensor(W, requires_grad=True)
    with saved_tensors_hooks(pack, lambda number: packed[number]):
        loss = np.sum(vmap(lambda x: f(w, x))(X))
    assert packed
    assert all(type(array) is np.ndarray for array in packed)
    loss.backward()
    close(w.grad.data, np.sum(samples_by_loop(W), 0))
    packed.clear()

    def one(x: Any) -> Any:
        with saved_tensors_hooks(pack, lambda number: packed[number]):
            return f(W, x)

    close(vmap(grad(one))(X), slopes_by_loop(W))
    assert any(array.shape[:1] == (5,) for array in packed)


def test_checkpoint_of_what_is_shared() -> None:
    def loss(w: Any, x: Any) -> Any:
        for _ in range(5):
            w = np.tanh(w) * x
        return np.sum(w)

    close(grad(lambda w: np.sum(vmap(lambda x: checkpoint(loss, w, x))(X)))(V), sum(grad(loss)(V, x) for x in X))


# In-place writes to tensors within


def test_writes_to_tensors_in_every_nesting() -> None:
    def written(w: Any, x: Any) -> Any:
        out = w[0] * x
        view = out[1:]
        view *= x[0]
        out[0] = view[0] * w[1, 0]
        out += w[2]
        return np.sum(out * out)

    def many(w: Any) -> Any:
        return vmap(written, (None, 0))(w, X)

    def each(w: Any) -> Any:
        return np.stack([written(w, x) for x in X])

    for around in ("grad", "jvp", "hvp", "hessian", "grad of jvp", "backward"):
        close(AROUND[around](many), AROUND[around](each))
    for one in (grad(written), grad(written, 1), lambda w, x: hessian(lambda x: written(w, x))(x)):
        close(vmap(one, (None, 0))(W, X), np.stack([one(W, x) for x in X]))


@pytest.mark.parametrize("make", [np.asarray, tensor], ids=["array", "tensor"])
def test_batches_of_directions_may_be_tensors(make: Callable[[Any], Any]) -> None:
    x, directions = np.array([0.3, 1.2, -0.7]), make(np.eye(3))
    f = lambda x: np.sin(x) * x[0]  # noqa: E731
    wanted = jacobian(f)(x)
    close(vmap(lambda v: vjp(f, x)[1](v)[0])(directions), wanted)
    close(vmap(lambda v: jvp(f, (x,), (v,))[1])(directions), wanted.T)
    close(vmap(lambda v: linearize(f, x)[1](v))(directions), wanted.T)
    close(vmap(lambda v: vjp(f, tensor(x))[1](v)[0])(directions), wanted)
