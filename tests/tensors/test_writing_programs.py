"""Programs that write through views of every kind: each gives NumPy's values, and the gradients that differences find.

They are text, so that one text runs on arrays and on tensors, checkpointed, and within other derivatives. Each may
write to `z`, a copy of its input `x`, and leave something in `y`.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

import numpy as np
import pytest

from autograd import checkpoint, detect_anomaly, grad, gradients, hvp, jacobian, jvp, linearize, no_grad, tensor, vjp

X = np.random.default_rng(1).uniform(0.3, 1.7, (3, 4))
ALTERNATE = np.arange(12).reshape(3, 4) % 2 == 0

PROGRAMS = """
z[1:] = z[:-1]
z[:-1] = z[1:]
z[:, :3] = z[:, :3].T
z[:, :3] += z[:, :3].T
z[::-1] *= z
z[1] = z[0]; z[0] = z[2]
z[[0, 1]] = z[[1, 0]]
z[0], z[1] = z[1] * 1.0, z[0] * 1.0
y = z.reshape(-1); t = y[0]; y[0] = y[1]; y[1] = t
np.multiply(z[1:], z[:-1], out=z[:-1])
np.add(z[:, :3], 2.0, out=z[:, :3].T)
np.sin(z, z)
np.sin(z, out=(z,))
np.multiply(z, z, z)
np.exp(z, out=z, where=ALTERNATE)
np.log(z, out=z[:, :], where=np.arange(4) > 1)
np.add(z[0], z, out=z, where=np.array([[True], [False], [True]]))
np.add.reduce(z, 0, out=z[2])
np.add.reduce(z, 0, out=z[2], where=np.array([[True], [False], [True]]))
np.add.reduce(z, 0, out=z[2], where=np.array([True, False, True, True]))
np.multiply.accumulate(z, 0, out=z)
np.multiply.outer(z[0, :3], z[0, :3], out=z[:, 1:])
np.matmul(z[:, :3], z[:, :3], out=z[:, 1:])
np.round(z[0], out=z[0])
z[1].round(out=z[1])
np.floor(z[:, 1], out=z[:, 1])
np.greater(z[0], 1.0, out=z[0])
np.add.at(z, ([0, 0, 1], [1, 1, 2]), z[0, :3])
np.add.at(z, [0, 0], z[1:])
np.subtract.at(z, np.arange(3) > 0, z[0])
np.add.at(z.T, [0, 0, 3], z.T[[1, 1, 1]])
np.add.at(z, (slice(None), [0, 0, 1]), z[:, :3])
np.copyto(z[1:], z[:-1])
np.copyto(z, z[::-1], where=np.arange(4) % 2 == 0)
np.put(z, [0, -1, 5, 5], x[0])
np.put(z, [0, 99, -99], x[0], mode="clip")
z.put([0, 99, -5], x[0], mode="wrap")
np.put(z.T, [0, 1, 2], x[0, :3])
np.place(z, ALTERNATE, x[0, :2])
np.putmask(z, ALTERNATE, x[0, :3])
np.putmask(z, ALTERNATE, z[::-1])
np.put_along_axis(z, np.array([[0], [2], [2]]), x[:, 3:], 1)
np.put_along_axis(z, np.array([3, 3, 0]), x[0, :3], None)
np.fill_diagonal(z, x[0, :3])
np.fill_diagonal(z.T, x[1, 1])
z[:, 1].fill(x[0, 0])
z[1].sort(); z.T[2].sort()
z[:, ::-1].sort(axis=0)
z[ALTERNATE] = x[0, 0] * 2
z[np.arange(3) > 0] *= x[0]
z[[0, 0, 2]] += x
z[[0, 0]] = x[1:] * 2
z[1:, [0, 2]] = x[:2, :2]
z[None, :, [1, 1]] = x[:, :2][None]
z[np.ix_([0, 2], [1, 3])] *= x[:2, :2]
z.reshape(-1)[5] = x[0, 0]
z.T.reshape(-1)[5] = x[0, 0]
y = z.T.ravel(); y[0] = 9.0
y = z.ravel(order="F"); y += x[0, 0]
y = z.T.ravel(order="K"); y *= 2
z[None].squeeze()[0, 0] = x[1, 1]
y = z[1:][:, ::2].T[::-1]; y *= x[0, 0]; z[2] += y[0, 0]
y = z[0]; z *= 2; y += 1; z[0, 0] = y[1] * y[1]
y = z.sum() * 1.0; y += 1; y *= x[0, 0]
y = z[0, 0, ...]; y *= 3; y += z[0, 1]
y = z[1, 1, ...]; y[...] = x[0, 0]; y[()] = y * 2
z[:0] = 5.0; z[[]] = 1.0; z[np.zeros(3, bool)] = 2.0; np.add.at(z, [], 1.0); z[:0] *= 3
y, t = np.split(z, 2, 1); y *= t; t += y
t = list(z); t[0] *= t[1]; t[2][:] = t[0]
y = np.diagonal(z); z *= 2
y = np.diag(z[:, :3]); z[1, 1] = x[0, 0]
y = np.einsum("ii->i", z[:, :3]); y[...] = x[0, :3]
y = np.tile(z, 1); z *= 2
y = np.repeat(z, 1, 0); y[0] = x[1]
y = np.resize(z, (2, 2)); y *= z[0, 0]; z[0, 0] = 5.0
y = np.choose(np.zeros((3, 4), int), [z]); z *= 3; y += 1
y = z.conj(); y *= 2
z **= 2; z **= x
z /= x[0]; z -= z[0]
z %= 0.7
z //= 0.7
z[:, :3] @= z[:, :3]
t = [z[i] for i in range(3)]; t[0] /= t[0].sum(); t[1] /= t[1].sum(); z *= 2; y = t[0] * t[1]
y = z * z; z[0] = 0.0; z *= y; y[1] = z[0] + 3
z[:] = x[0]; z[:, 0] = x[0, 1]
t = z > 1.0; z[t] = z[t] ** 2; z[~t] *= -1
np.moveaxis(z, 0, 1)[1:] += 1; np.flip(z)[0] *= x[0]; np.rot90(z)[0] = x[:, 0]
np.expand_dims(z, 0)[0, 1] = x[0]; np.atleast_3d(z)[0, 0, 0] = x[2, 2]
y = np.lib.stride_tricks.sliding_window_view(z[0], 2); z[0, 1] = x[1, 1]
y = np.broadcast_to(z[0], (3, 4)); z[0, 1] = x[1, 1] * 2
""".strip().splitlines()
COMPILED = [compile(program, program, "exec") for program in PROGRAMS]
programs = pytest.mark.parametrize("program", COMPILED, ids=[f"{i}" for i in range(len(PROGRAMS))])


def loss(program: CodeType) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        names = {"np": np, "ALTERNATE": ALTERNATE, "x": x, "z": x * 1.0, "y": x * 2.0}
        exec(program, names)
        total = 0.0
        for v in (names["z"], names["y"]):
            total = total + (np.linspace(0.5, 1.5, np.size(v)).reshape(np.shape(v)) * v * v).sum()
        return total

    return run


def differences(function: Callable[[Any], Any], x: Any, eps: float) -> Any:
    """Return the gradient by central differences of the fourth order."""
    found = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = eps
        found[place] = 8 * (function(x + step) - function(x - step)) - function(x + 2 * step) + function(x - 2 * step)
    return found / (12 * eps)


@pytest.mark.one_in(4)
@programs
def test_values_and_gradients(program: CodeType) -> None:
    function = loss(program)
    expected = differences(function, X, 1e-4)
    t = tensor(X, requires_grad=True)
    value = function(t)
    assert np.isclose(float(value), function(X), rtol=1e-12)
    value.backward()
    found = {"backward": t.grad.data, "grad": grad(function)(X), "vjp": vjp(function, X)[1](1.0)[0]}
    found["forward"] = jacobian(function, mode="forward")(X)
    _, push = linearize(function, X)
    found["linearize"] = np.reshape([push(unit) for unit in np.eye(X.size).reshape(-1, *X.shape)], X.shape)
    t = tensor(X, requires_grad=True)
    with detect_anomaly():
        checkpoint(function, t).backward()
    found["checkpoint"] = t.grad.data
    with no_grad():
        found["within no_grad"] = grad(function)(X)
    for how, gradient in found.items():
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7, err_msg=how)


@pytest.mark.one_in(4)
@programs
def test_gradients_that_are_watched(program: CodeType) -> None:
    function, seen = loss(program), []
    expected = grad(function)(X)
    t = tensor(X, requires_grad=True)
    h = t * 1.0
    h.register_hook(lambda g: seen.append(g.data.copy()))
    h.retain_grad()
    y = function(h)
    y.backward(retain_graph=True)
    np.testing.assert_allclose(seen, [expected], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(h.grad.data, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(gradients(y, h)[0].data, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.one_in(4)
@programs
def test_second_derivatives_in_every_order(program: CodeType) -> None:
    function = loss(program)
    u, v = np.random.default_rng(2).standard_normal((2, *X.shape))
    product = hvp(function, X, u)
    by_differences = (grad(function)(X + 1e-5 * u) - grad(function)(X - 1e-5 * u)) / 2e-5
    np.testing.assert_allclose(product, by_differences, rtol=1e-5, atol=1e-5)
    ahead = jvp(lambda x: jvp(function, (x,), (u,))[1], (X,), (v,))[1]
    np.testing.assert_allclose(ahead, np.sum(product * v), rtol=1e-9, atol=1e-9)
    for found in (
        grad(lambda x: np.sum(grad(function)(x) * u))(X),
        vjp(lambda x: jvp(function, (x,), (u,))[1], X)[1](1.0)[0],
        linearize(grad(function), X)[1](u),
    ):
        np.testing.assert_allclose(found, product, rtol=1e-9, atol=1e-9)


@pytest.mark.one_in(4)
@programs
def test_complex_numbers(program: CodeType) -> None:
    """The derivative in a direction is that of differences, where NumPy takes complex numbers."""

    def function(x: Any) -> Any:
        total = loss(program)(x)
        return total.real + 0.5 * total.imag

    z = X + 0.7j * X[::-1]
    u, v = np.random.default_rng(3).standard_normal((2, *X.shape))
    direction = u + 1j * v
    try:
        expected = (function(z + 1e-6 * direction) - function(z - 1e-6 * direction)) / 2e-6
    except TypeError:
        return  # there are no remainders of complex numbers, nor steps
    found = grad(function)(z)
    np.testing.assert_allclose(np.sum((found.conj() * direction).real), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(jvp(function, (z,), (direction,))[1], expected, rtol=1e-6, atol=1e-6)
