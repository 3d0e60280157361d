"""Traps of batches that would be silent: views and numbers, shared memory, state, threads, exceptions, mutation."""

import operator
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import BatchError, Tensor, general, grad, hessian, hvp, jacobian, jvp, tensor, vmap
from autograd.arrays.door import levels

from ..tensors.test_writing_programs import PROGRAMS

rng = np.random.default_rng(5)
X = rng.uniform(0.3, 1.7, (3, 3, 4))
ALTERNATE = np.arange(12).reshape(3, 4) % 2 == 0
looping = pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")


def close(found: Any, expected: Any) -> None:
    found = found.data if isinstance(found, Tensor) else found
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


# Writes through views, as in `test_writing_programs`

BY_VALUES = {program for program in PROGRAMS if "t = z > 1.0" in program}  # what a mask selects differs in shape
programs = pytest.mark.parametrize("program", [p for p in PROGRAMS if p not in BY_VALUES], ids=lambda p: p[:40])


def run(program: str, x: Any) -> dict[str, Any]:
    names = {"np": np, "ALTERNATE": ALTERNATE, "x": x, "z": x * 1.0, "y": x * 2.0}
    exec(program, names)
    return names


@pytest.mark.one_in(2)
@looping
@programs
def test_programs_that_write(program: str) -> None:
    for name in "zy":
        found = vmap(lambda x: run(program, x)[name])(X)  # noqa: B023 - called at once
        close(found, np.stack([run(program, x)[name] for x in X]))


@pytest.mark.one_in(4)
@looping
@programs
def test_derivatives_of_programs_that_write(program: str) -> None:
    def loss(x: Any) -> Any:
        names = run(program, x)
        return sum(
            np.sum(np.linspace(0.5, 1.5, np.size(v)).reshape(np.shape(v)) * v * v) for v in (names["z"], names["y"])
        )

    for derivative in (grad(loss), lambda x: jvp(loss, (x,), (x,))[1], lambda x: hvp(loss, x, x)):
        close(vmap(derivative)(X), np.stack([derivative(x) for x in X]))
    close(grad(lambda xs: np.sum(vmap(loss)(xs)))(X), np.stack([grad(loss)(x) for x in X]))


# Numbers, which are no views, and 0-dimensional arrays, which may be


def swapped(x: Any) -> Any:
    y = x * 1.0
    first = y[0]
    y[0] = y[1]
    y[1] = first
    y[1], y[2] = y[2], y[1]
    return y


def summed(x: Any) -> Any:
    total = x[0]
    before = total
    for value in x:
        total += value
    return total * before


def best(x: Any) -> Any:
    largest = np.max(x)
    kept = largest
    largest -= 1
    largest *= 2
    return kept + largest


def viewed(x: Any) -> Any:
    y = x * 1.0
    corner = y[0, ...]
    corner += 10
    corner[...] = corner * 2
    return y


def fallen_back(x: Any) -> Any:
    y = x * 1.0
    kept = y[-1]
    y[-1] -= 3
    y[0] = kept
    return y


@pytest.mark.parametrize("f", [swapped, summed, best, viewed, fallen_back], ids=lambda f: f.__name__)
def test_numbers_are_no_views(f: Callable[[Any], Any]) -> None:
    x = X[0]
    expected = np.stack([f(row) for row in x])
    close(vmap(f)(x), expected)
    close(vmap(f)(x.T.copy().T), expected)
    close(vmap(vmap(f))(X), np.stack([[f(row) for row in x] for x in X]))


# Memory


def test_results_share_no_memory() -> None:
    x = X[0]
    functions: list[Callable[[Any], Any]] = [
        lambda x: x, lambda x: x[::-1], lambda x: (x, x), lambda x: (lambda y: (y, y[1:]))(x * 1), lambda x: x.T[None],
        lambda x: np.broadcast_to(x[0], (3,)), lambda x: (x * 1)[:2].reshape(2, 1), lambda x: W, lambda x: (W, W),
    ]  # fmt: skip
    for f in functions:
        for axes in (0, 1):
            for given in (x, tensor(x), tensor(x, requires_grad=True)):
                found = vmap(f, axes)(given)
                found = found if isinstance(found, tuple) else (found,)
                arrays = [part.data if isinstance(part, Tensor) else part for part in found]
                everything = [*arrays, x, W]
                assert not any(
                    np.shares_memory(a, b) for i, a in enumerate(arrays) for j, b in enumerate(everything) if i != j
                )
                assert all(array.flags.writeable for array in arrays)
    assert not np.shares_memory(vmap(vmap(lambda x: x))(X), X)


W = rng.normal(size=4)


@pytest.mark.parametrize("options", [{}, {"branches": "split"}, {"loops": "allow"}], ids=str)
@pytest.mark.parametrize("kind", ["array", "constant", "live"])
def test_arguments_are_not_written_to(options: dict[str, Any], kind: str) -> None:
    def f(x: Any) -> Any:
        x[0] += 1
        return x if x[0] > 2 else -x

    x = X[0].copy()
    given = x if kind == "array" else tensor(x, requires_grad=kind == "live")
    with pytest.raises(ValueError, match=r"read-only.*: write to a copy"):
        vmap(f, **options)(given)
    assert np.array_equal(x, X[0])
    assert np.array_equal(given.data if isinstance(given, Tensor) else given, X[0])
    found = vmap(lambda x: f(x.copy()), branches="split")(given)
    close(found, np.stack([f(row.copy()) for row in X[0]]))


# State


def test_a_loop_does_not_keep_what_the_last_element_wrote() -> None:
    """A function that vmap does not know is called once for each element: it cannot write to what they share."""
    buffer = np.zeros(4)

    def into_buffer(x: Any, out: Any) -> Any:
        out[...] = x
        return out

    keeps = general(into_buffer, lambda g: g, name="into_buffer")
    for given in (X[0], tensor(X[0]), tensor(X[0], requires_grad=True)):
        with pytest.raises((ValueError, TypeError)):
            vmap(lambda x: keeps(x, buffer), loops="allow")(given)
        assert not buffer.any()


def test_an_object_that_keeps_state_is_another_one_for_each_element() -> None:
    class Scratch:
        last: Any = None

    def forward(x: Any, scratch: Any) -> Any:
        scratch.last = float(x) ** 2 if np.ndim(x) == 0 else np.asarray(x) ** 2
        return np.asarray(x) ** 3

    def rule(g: Any, x: Any, scratch: Any) -> Any:
        return g * 3 * (scratch.last if not isinstance(g, Tensor) else x * x)

    cube = general(forward, rule, name="cube")
    found = vmap(grad(lambda x: np.sum(cube(x, Scratch()))), loops="allow")(X[0])
    close(found, 3 * X[0] ** 2)


def conditions(x: Any) -> Any:
    return np.piecewise(x, [x > 1, x <= 1], [lambda u: u * u, lambda u: -u])


def scaled(row: Any) -> Any:
    return row * row[0]


@looping
def test_functions_that_are_given_functions() -> None:
    for f in (
        conditions, lambda x: np.apply_along_axis(scaled, 0, x),
        lambda x: np.apply_over_axes(np.sum, x, 0), lambda x: np.fromfunction(lambda i, j: i + j, (2, 2)) * x[0],
    ):  # fmt: skip
        close(vmap(f)(X[0]), np.stack([f(row) for row in X[0]]))
        found = vmap(grad(lambda x, f=f: np.sum(f(x) ** 2)))(X[0])
        close(found, np.stack([grad(lambda x, f=f: np.sum(f(x) ** 2))(row) for row in X[0]]))


# A batch that outlives its level


@looping
def test_second_derivatives_through_a_batch_that_has_ended() -> None:
    weights = rng.normal(size=4)

    def total(w: Any) -> Any:
        return np.sum(vmap(lambda x: np.sum(np.tanh(x * w)) * np.linalg.norm(x + w))(X[0]))

    def by_loop(w: Any) -> Any:
        return sum(np.sum(np.tanh(x * w)) * np.linalg.norm(x + w) for x in X[0])

    close(hessian(total)(weights), hessian(by_loop)(weights))
    close(jacobian(hessian(total))(weights), jacobian(hessian(by_loop))(weights))
    close(jacobian(grad(total), mode="forward")(weights), hessian(by_loop)(weights))
    t = tensor(weights, requires_grad=True)
    total(t).backward(create_graph=True)
    second = np.sum(t.grad * weights)
    t.zero_grad()
    second.backward()
    close(t.grad, hvp(by_loop, weights, weights))


# Exceptions and threads


def test_an_exception_leaves_no_level_running() -> None:
    class Stop(BaseException):
        pass

    def raising(error: BaseException) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            assert levels()
            raise error

        return f

    for error in (ValueError("mine"), KeyboardInterrupt(), Stop(), ZeroDivisionError()):
        for f in (
            raising(error),
            vmap(raising(error)),
            grad(raising(error)),
            lambda x, e=error: hessian(raising(e))(x),
        ):
            with pytest.raises(type(error)):
                vmap(f, branches="split")(X)
            assert not levels()
    close(vmap(lambda x: x * 2)(X), X * 2)


def test_a_generator_that_is_left_within_a_batch() -> None:
    def steps(x: Any) -> Any:
        yield vmap(lambda one: one * 2)(x)
        yield x

    close(vmap(lambda x: next(steps(x)))(X), X * 2)
    assert not levels()


def test_two_threads_at_once() -> None:
    ready = threading.Barrier(2)
    found: dict[int, list[Any]] = {}

    def work(k: int) -> None:
        ready.wait()
        found[k] = [vmap(grad(lambda x: np.sum(np.sin(x) * vmap(lambda y: y * k)(x))))(X[0] * k) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in (1, 2):
        expected = np.stack([grad(lambda x, k=k: np.sum(np.sin(x) * x * k))(x) for x in X[0] * k])
        assert len(found[k]) == 20
        for each in found[k]:
            close(each, expected)


def in_a_thread(f: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    assert results
    return results[0]


def test_a_thread_started_within_a_batch() -> None:
    """It knows of no level, but what it is given does."""
    close(vmap(lambda x: in_a_thread(lambda: np.sum(x**2)))(X[0]), np.sum(X[0] ** 2, 1))
    found = vmap(lambda x: in_a_thread(lambda: grad(lambda y: np.sum(y**2 * x))(x)))(X[0])
    close(found, 2 * X[0] ** 2)
    w = tensor(np.ones(4), requires_grad=True)

    def walk(x: Any) -> Any:
        try:
            np.sum(w * x).backward()
        except TypeError as error:
            return str(error)
        return "no error"

    said = []

    def started(x: Any) -> Any:
        said.append(in_a_thread(lambda: walk(x)))
        return x

    vmap(started)(X[0])
    assert "made outside vmap" in said[0]
    assert w.grad is None


WRITES: dict[str, Callable[[Any], Any]] = {
    "-=": lambda x: x.__isub__(0.1 * x),
    "+= a number": lambda x: x.__iadd__(1.0),
    "setitem": lambda x: operator.setitem(x, 0, 1.0),
    "ufunc.at": lambda x: np.add.at(x, 0, 1.0),
    "out=": lambda x: np.exp(x, out=x),
    "copyto": lambda x: np.copyto(x, 0.0),
    "fill": lambda x: x.fill(0.0),
    "sort": lambda x: x.sort(),
    "a view": lambda x: operator.setitem(x[1:], 0, 1.0),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_way_of_writing_to_an_argument_says_what_to_write(write: Callable[[Any], Any]) -> None:
    before = X.copy()
    with pytest.raises(ValueError, match=r"test_vmap_traps.*read-only.*: write to a copy, x = x.copy\(\)"):
        vmap(write)(X)
    assert np.array_equal(X, before)


def test_ufunc_at_of_a_plain_array_raises_for_what_is_batched() -> None:
    plain = np.zeros(3)
    for key in (0, (0,), slice(None)):
        with pytest.raises(BatchError, match=r"plain array, with numpy\.add\.at.*numpy\.zeros_like"):
            vmap(lambda x, key=key: np.add.at(plain, key, x))(np.ones(2))
    with pytest.raises(BatchError, match=r"test_vmap_traps.*numpy\.zeros_like"):
        vmap(lambda i: np.add.at(plain, (i,), 1.0))(np.array([0, 1]))
    assert not plain.any()
