"""Two loops of a program as one, where the second reads what the first stacks row for row."""

from typing import Any

import numpy as np
import pytest

from autograd import compile, grad, jvp, scan, value_and_grad, vmap
from autograd.transforms.pytree import flatten

from .random_loops import loops_of

pytest.importorskip("llvmlite")

W = np.random.default_rng(0).normal(size=(3, 3))
XS = np.random.default_rng(1).normal(size=(20, 3))


def first(s: Any) -> Any:
    """Return the state after a loop, and what it stacks."""
    return scan(lambda s, x: (np.tanh(W @ s + x), s * 2), s, XS)


def then(s: Any, ys: Any, reverse: bool = False) -> Any:
    """Go along what a loop has stacked."""
    return scan(lambda s, x: (np.sin(W @ s) + x, s + x), s, ys, reverse=reverse)


def read(s: Any) -> Any:
    """Return what the second loop reads, too."""
    found = first(s)
    return then(s, found[1]), found


def made(s: Any) -> Any:
    """Begin the second loop with what is made of the last state of the first."""
    last, ys = first(s)
    return then(np.sin(last), ys)


def weights(w: Any) -> Any:
    """Close over an argument, of which there is a tangent."""
    return scan(lambda s, x: (np.tanh(w @ s + x), np.sum(s * s)), np.ones(3), XS)


def number(s: Any) -> Any:
    """Stack single numbers."""
    return then(s, scan(lambda s, x: (np.tanh(W @ s + x), s[0] * 2), s, XS)[1])


def written(s: Any) -> Any:
    """Write to what the second loop reads before it, and after the first."""
    start = s.copy()
    last, ys = first(s)
    start[:2] = last[1:]
    return then(start, ys)


def by_hand(key: Any, count: int = 20) -> Any:
    """Return a function that goes along what a loop has stacked without `scan`."""

    def function(s: Any, v: Any) -> Any:
        ys = first(s)[1]
        for k in range(count):
            v = np.sin(W @ v) + ys[key(k)]
        return v

    return function


def rows_of(s: Any, v: Any) -> Any:
    """Return a batch of 21 vectors."""
    return np.outer(np.linspace(-1, 1, 21), s) + v


def shared(m: Any) -> Any:
    """Multiply by a matrix in the first loop, of which each element of the batch has a row in the second."""
    return vmap(lambda row: then(row, scan(lambda s, x: (np.tanh(m @ s + x), s * 2), row * 2, XS)[1]))(m)


CASES: dict[str, tuple[Any, int]] = {
    "tangents": (lambda s, v: jvp(first, s, v), 1),
    "tangents of weights": (lambda s, v: jvp(weights, np.outer(s, s), np.outer(s, v)), 1),
    "one after the other": (lambda s, v: then(s, first(s)[1]), 1),
    "three of them": (lambda s, v: then(v, then(s, first(s)[1])[1]), 1),
    "read by others": (lambda s, v: read(s), 1),
    "numbers": (lambda s, v: number(s), 1),
    "backwards": (lambda s, v: then(s, first(s)[1], reverse=True), 2),
    "other rows": (lambda s, v: then(s, first(s)[1][::-1]), 2),
    "the last state": (lambda s, v: then(*first(s)), 2),
    "made between": (lambda s, v: made(s), 2),
    "written between": (lambda s, v: written(s), 2),
    "fewer": (lambda s, v: then(s, first(s)[1][:10]), 2),
    "by hand": (by_hand(lambda k: k), 1),
    "by hand, turned": (by_hand(lambda k: (k, slice(None, None, -1))), 2),
    "by hand, backwards": (by_hand(lambda k: 19 - k), 2),
    "by hand, part": (by_hand(lambda k: (k, 1)), 2),
    "by hand, fewer": (by_hand(lambda k: k, 17), 2),
    "a batch": (lambda s, v: vmap(lambda s: then(s, first(s)[1]))(rows_of(s, v)), 1),
    "tangents of a batch": (lambda s, v: jvp(vmap(first), rows_of(s, v), rows_of(v, s)), 1),
    "a batch, shared": (lambda s, v: shared(np.outer(s, v)), 2),
    "gradients": (lambda s, v: grad(lambda s: np.sum(first(s)[1] ** 2))(s), 2),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    """Joined or not, loops compute what they would one after the other."""
    function, count = CASES[name]
    rng, compiled = np.random.default_rng(2), compile(function, backend="numba")
    for _ in range(3):
        s, v = rng.normal(size=(2, 3))
        for found, expected in zip(flatten(compiled(s, v))[0], flatten(function(s, v))[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert not compiled.fallbacks
    assert len(loops_of(compiled)) == count


def test_tangents_keep_no_states() -> None:
    """What nothing reads is not stacked: neither the states nor their tangents."""
    compiled = compile(lambda s, v: jvp(lambda s: first(s)[0], s, v), backend="numba")
    compiled(np.ones(3), np.ones(3))
    (loop,) = loops_of(compiled)
    assert not loop.loop.stacked
    compiled = compile(lambda s, v: jvp(vmap(lambda s: first(s)[0]), s, v), backend="numba")
    compiled(np.ones((9, 3)), np.ones((9, 3)))
    (loop,) = loops_of(compiled)
    assert not loop.loop.stacked


def test_texts() -> None:
    """The text of a program has each loop that it calls, once."""
    compiled = compile(by_hand(lambda k: k), backend="numba")
    compiled(np.ones(3), np.ones(3))
    compiled(np.ones(3), np.ones(3))
    assert compiled.source().count("for j in range(20)") == 1


def energies(s: Any, w: Any, collected: bool = False) -> Any:
    """Swing pendulums in a state of several numbers, of which the reverse pass needs some of each step."""

    def step(state: Any, x: Any) -> Any:
        q, p = state
        q = q + 0.1 * np.sin(p) * w
        return (q, p - 0.1 * np.tanh(q[::-1]) * x), np.sum(q * p)

    (q, p), ys = scan(step, (s, s * 2), XS[:, 0])
    return np.sum(q * p) + (np.sum(ys**2) if collected else 0)


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize("size", [1, 3, 8, 9, 16, 17, 40])
def test_what_is_stacked_for_others_lies_as_they_go_through_it(size: int, collected: bool) -> None:
    """All rows of some elements come first, in whole vectors: the last ones have elements that nobody reads."""

    def function(s: Any, w: Any) -> Any:
        return value_and_grad(lambda s: np.sum(vmap(lambda s: energies(s, w, collected))(s) ** 2))(s)

    rng, compiled = np.random.default_rng(3), compile(function, backend="numba")
    for _ in range(3):
        s, w = rng.normal(size=(size, 3)), rng.normal(size=3)
        for found, expected in zip(compiled(s, w), function(s, w), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert not compiled.fallbacks
    first, last = loops_of(compiled)
    assert bool(first.tables) is bool(last.tables) is (size > 1)


def test_what_others_read_too_lies_in_order() -> None:
    """A loop gives what is returned, or read by anything else than a loop of the same batch, as NumPy has it."""

    def function(s: Any) -> Any:
        def last(s: Any) -> Any:
            end, ys = scan(lambda s, x: (np.sin(s) * x, s * x), s, XS)
            return np.sum(end) + np.sum(np.sin(ys) ** 2), ys

        return value_and_grad(lambda s: np.sum(vmap(last)(s)[0]))(s), vmap(last)(s)[1]

    compiled = compile(function, backend="numba")
    for k in range(3):
        s = np.random.default_rng(k).normal(size=(9, 3))
        for found, expected in zip(flatten(compiled(s))[0], flatten(function(s))[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert not compiled.fallbacks
