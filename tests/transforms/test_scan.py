"""`scan`: a loop with a state, eager; `tests/compile/loops` has those of compiled functions."""

import inspect
from collections.abc import Callable
from math import comb
from typing import Any, cast

import numpy as np
import pytest

from autograd import (
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    grad,
    hessian,
    jvp,
    no_grad,
    saved_tensors_hooks,
    scan,
    tensor,
    vmap,
)
from autograd.transforms.revolve import advance
from autograd.transforms.scan import bytes_in

X = np.linspace(0.2, 1.1, 7)
W = np.array([[0.5, 0.1], [0.2, 0.6]])


def cell(state: Any, x: Any) -> Any:
    a, i = state
    return (np.tanh(W @ a) * x + 0.1 * a, i + 1), {"sum": np.sum(a) * x, "none": None, "step": i}


def by_hand(x: Any, reverse: bool = False) -> Any:
    """The loop, written out."""
    a, ys = np.ones(2), []
    for r in (x[i] for i in (range(len(x))[::-1] if reverse else range(len(x)))):
        ys.append(np.sum(a) * r)
        a = np.tanh(W @ a) * r + 0.1 * a
    return np.sum(a * a) + sum(y * y * y for y in ys)


def by_scan(x: Any, reverse: bool = False, **options: Any) -> Any:
    (a, _), ys = scan(cell, (np.ones(2), 0), x, reverse=reverse, **options)
    return np.sum(a * a) + np.sum(ys["sum"] ** 3)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_it_is_the_loop_with_its_derivatives(length: int, reverse: bool) -> None:
    x = np.linspace(0.2, 1.1, length)
    for transform in (lambda f: f, grad, lambda f: lambda x: jvp(f, x, np.cos(x))[1]):
        found = transform(lambda x: by_scan(x, reverse))(x)
        np.testing.assert_allclose(found, transform(lambda x: by_hand(x, reverse))(x), rtol=1e-12)
    if length == 7:
        np.testing.assert_allclose(hessian(by_scan)(x), hessian(by_hand)(x), rtol=1e-10)
        batch = np.stack([x, x + 0.1])
        np.testing.assert_allclose(vmap(grad(by_scan))(batch), vmap(grad(by_hand))(batch), rtol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_collected_stands_where_its_row_does(reverse: bool) -> None:
    (_a, i), ys = scan(cell, (np.ones(2), 0), X, reverse=reverse)
    assert type(i) is np.int64
    assert i == 7
    assert ys["none"] is None
    assert ys["step"].tolist() == (list(range(7))[::-1] if reverse else list(range(7)))
    rows: dict[str, Any] = {"a": X[:, None] * np.ones(3), "b": (None, X)}
    _, back = scan(lambda s, x: (s, x), 0.0, rows, reverse=reverse)
    assert np.array_equal(back["a"], rows["a"])
    assert back["b"][0] is None
    assert np.array_equal(back["b"][1], X)


def test_without_rows_it_counts_and_without_steps_it_knows_the_shapes() -> None:
    assert scan(lambda s, x: (s + 1, x), 0, length=4) == (4, None)
    (a, i), ys = scan(cell, (np.ones(2), 0), np.zeros(0))
    assert a.tolist() == [1, 1]
    assert i == 0
    assert ys["sum"].shape == (0,)
    assert ys["step"].dtype == np.int64
    assert grad(lambda a: scan(lambda s, x: (s * x, s), a, np.zeros(0))[0])(2.0) == 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128", "int64", "bool"])
def test_dtypes_stay(dtype: str) -> None:
    start, rows = np.ones(2, dtype), np.ones((3, 2), dtype)
    state, ys = scan(lambda s, x: (np.maximum(s, x), s) if dtype != "bool" else (s & x, s), start, rows)
    assert state.dtype == ys.dtype == np.dtype(dtype)
    assert ys.shape == (3, 2)
    if np.dtype(dtype).kind == "f":
        assert scan(lambda s, x: (s * x, s), tensor(start), rows)[0].dtype == np.dtype(dtype)


def test_tensors_and_arrays_mix() -> None:
    w = tensor(0.5, requires_grad=True)
    state, ys = scan(lambda s, x: (s * w + x, s), np.float64(1.0), X)
    assert type(state) is Tensor
    assert type(ys) is Tensor
    (state + ys.sum()).backward()
    expected = grad(lambda w: (lambda r: r[0] + np.sum(r[1]))(scan(lambda s, x: (s * w + x, s), 1.0, X)))(0.5)
    np.testing.assert_allclose(w.grad.data, expected, rtol=1e-13)
    rows = tensor(np.ones((4, 2)), requires_grad=True)
    scan(lambda s, x: (s + x[0] * x[1], None), 0.0, rows)[0].backward()
    assert np.array_equal(rows.grad.data, np.ones((4, 2)))


def test_rows_of_a_tensor_are_taken_apart_once() -> None:
    """The gradient of ``x[t]`` takes all of x: 10,000 of them would take seconds."""
    x = tensor(np.ones(10_000), requires_grad=True)
    rows = scan(lambda s, x: (s, x), 0.0, x)[1]
    rows.sum().backward()
    assert np.array_equal(x.grad.data, np.ones(10_000))


def pair_of_one(s: Any, x: Any) -> Any:
    return s


def grows(s: Any, x: Any) -> Any:
    return np.ones(2), None


def forgets(s: Any, x: Any) -> Any:
    s + x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: scan(forgets, 0.0, X), DtypeError, r"forgets\(\) at .*test_scan.py:\d+ returned None to scan\(\), "
         r"not a pair \(state, y\): is a return missing\?"),
        (lambda: scan(pair_of_one, 0.0, X), DtypeError, r"returned .* to scan\(\), not a pair \(state, y\)"),
        (lambda: scan(lambda s, x: (s, x, x), 0.0, X), DtypeError, "returned 3 values to scan"),
        (lambda: scan(grows, 0.0, X), ShapeError, r"was given state of shape \(\), and returned shape \(2,\) .* start"),
        (lambda: scan(lambda s, x: ((s[0],), x), (0.0, 1.0), X), ShapeError, "a tuple with 2 .* a tuple with 1 arrays"),
        (lambda: scan(lambda s, x: ([*s], x), (0.0, 1.0), X), ShapeError, "a tuple with 2 .* a list with 2"),
        (lambda: scan(lambda s, x: (s + x, x), 0, X), DtypeError, "of dtype int64, and returned float64 .* start with"),
        (lambda: scan(lambda s, x: (s, x), "text", X), DtypeError, "the state is"),
        (lambda: scan(lambda s, x: (s, x), 0.0, X, 3), ShapeError, r"xs of shape \(7,\) and length=3"),
        (lambda: scan(lambda s, x: (s, x), 0.0, (X, X[:2])), ShapeError, r"xs\[0\] .*\(7,\) and xs\[1\] .*\(2,\)"),
        (lambda: scan(lambda s, x: (s, x), 0.0, [1.0, 2.0]), ShapeError, r"xs\[0\] is float 1.0: pass numpy.array"),
        (lambda: scan(lambda s, x: (s, x), 0.0), ValueError, "pass xs, or length="),
        (lambda: scan(lambda s, x: (s, x), 0.0, length=-1), ValueError, "at least 0, not -1"),
        (lambda: scan(lambda s, x: (s, x), 0.0, length=cast(Any, 2.0)), ValueError, "an integer"),
        (lambda: scan(cast(Any, 3), 0.0, X), TypeError, "step"),
        (lambda: scan(cell, 0.0, X, **cast(Any, {"unroll": 2})), TypeError, "'unroll': here it is not needed"),
        (lambda: scan(cell, 0.0, X, **cast(Any, {"unrolled": 2})), TypeError, "'unrolled'"),
        (lambda: cast(Any, scan)(f=cell, init=0.0, xs=X), TypeError, "'f': here it is step"),
        (lambda: scan(cell, 0.0, X, checkpoint=0), ValueError, "checkpoint should be the number of states"),
        (lambda: scan(cell, 0.0, X, checkpoint=2, memory="1 MB"), ValueError, "not both"),
        (lambda: scan(cell, 0.0, X, memory="much"), ValueError, "memory should be .*'50 MB'.* not 'much'"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_what_is_collected_has_one_shape() -> None:
    shapes = iter([(2,), (3,)])
    with pytest.raises(ShapeError, match=r"collects arrays of shapes .* in different steps"):
        scan(lambda s, x: (s, np.ones(next(shapes))), 0.0, X[:2])


# A few states


def least(length: int, states: int, known: dict[tuple[int, int], int]) -> int:
    """Return the least number of steps to take to go back through `length`, by trying all."""
    if length == 1 or states == 1:
        return length * (length - 1) // 2
    if (length, states) not in known:
        known[length, states] = min(
            m + least(length - m, states - 1, known) + least(m, states, known) for m in range(1, length)
        )
    return known[length, states]


def test_the_schedule_takes_the_fewest_steps() -> None:
    known: dict[tuple[int, int], int] = {}

    def taken(length: int, states: int) -> int:
        if length == 1:
            return 0
        m = advance(length, states)
        if states == 1:
            assert m == length - 1
            return length * m // 2
        return m + taken(length - m, states - 1) + taken(m, states)

    for states in range(1, 7):
        for length in range(1, 41):
            assert taken(length, states) == least(length, states, known), (length, states)
    r = 3
    assert taken(comb(5 + r, 5), 5) == r * comb(5 + r, 5) - comb(6 + r - 1, 6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("states", [1, 2, 3, 5, 40])
def test_few_states_give_the_same_derivatives_in_the_fewest_steps(states: int, reverse: bool) -> None:
    count = 0
    scale: Any = tensor(1.5, requires_grad=True)

    def loss(x: Any, of: Any = 1.5, **options: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            nonlocal count
            count += 1
            (a, i), ys = cell(state, x)
            return (a * of, i), ys

        (a, _), ys = scan(step, (np.ones(2), 0), x, reverse=reverse, **options)
        return np.sum(a * a) + np.sum(ys["sum"] ** 3)

    for n in (1, 2, 3, 12, 31):
        x = np.linspace(0.2, 1.1, n)
        expected = grad(loss)(x)
        count = 0
        np.testing.assert_allclose(grad(lambda x: loss(x, checkpoint=states))(x), expected, rtol=1e-12)
        if 1 < states < n:
            assert count == 1 + n + least(n, states, {})
        found = []
        for options in ({}, {"checkpoint": states}):
            scale.grad = None
            loss(tensor(x), scale, **options).backward()
            found.append(scale.grad.data)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_few_states_within_other_transforms() -> None:
    def few(x: Any) -> Any:
        return by_scan(x, checkpoint=2)

    np.testing.assert_allclose(hessian(few)(X), hessian(by_scan)(X), rtol=1e-10)
    for f, g in ((few, by_scan), (grad(few), grad(by_scan))):
        np.testing.assert_allclose(jvp(f, X, X)[1], jvp(g, X, X)[1], rtol=1e-11)
    of_jvp = [grad(lambda x, f=f: np.sum(jvp(f, x, x)[1]))(X) for f in (few, by_scan)]
    np.testing.assert_allclose(of_jvp[0], of_jvp[1], rtol=1e-11)
    batch = np.stack([X, X + 0.1])
    np.testing.assert_allclose(vmap(grad(few))(batch), vmap(grad(by_scan))(batch), rtol=1e-12)
    np.testing.assert_allclose(grad(few)(X), grad(lambda x: by_scan(x, memory="70 B"))(X), rtol=1e-12)


def test_blocks_of_steps() -> None:
    x = np.linspace(0.2, 1.1, 300)
    for states in (3, 60):
        np.testing.assert_allclose(grad(lambda x, k=states: by_scan(x, checkpoint=k))(x), grad(by_scan)(x), rtol=1e-11)


def test_saved_states_are_packed_and_nothing_else() -> None:
    packed: list[tuple[int, ...]] = []

    def pack(array: Any) -> Any:
        packed.append(array.shape)
        return array.copy()

    x = tensor(X, requires_grad=True)
    with saved_tensors_hooks(pack, lambda array: array):
        state, _ = scan(lambda s, x: (np.sin(s) * x, None), np.ones(5), x, checkpoint=2)
    assert packed.count((5,)) <= 4
    assert len(packed) <= 6
    np.sum(state).backward()
    expected = grad(lambda x: np.sum(scan(lambda s, x: (np.sin(s) * x, None), np.ones(5), x)[0]))(X)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-12)


def test_random_numbers_are_drawn_again() -> None:
    w: Any = tensor(1.3, requires_grad=True)

    def loss(**options: Any) -> Any:
        np.random.seed(3)
        return scan(lambda s, _: (np.sin(s * w) + np.random.normal(), None), 0.5, length=9, **options)[0]

    found = []
    for options in ({}, {"checkpoint": 2}):
        w.grad = None
        y = loss(**options)
        np.random.seed(5)
        y.backward()
        found.append((y.item(), w.grad.data, np.random.normal()))
    assert np.allclose(found[0], found[1], rtol=1e-13)


def test_what_changed_before_the_derivative_is_noticed() -> None:
    w = tensor(1.3, requires_grad=True)
    y, _ = scan(lambda s, _: (np.sin(s * w), None), 0.5, length=9, checkpoint=2)
    with no_grad():
        w[...] = 2.0
    with pytest.raises(GraphError, match=r"the function at .* written to between scan\(\) and its derivative"):
        y.backward()
    w = tensor(1.3, requires_grad=True)
    y, _ = scan(lambda s, _: (np.sin(s * w), None), 0.5, length=9, checkpoint=2)
    w = tensor(1.0, requires_grad=True)
    with pytest.raises(GraphError, match="computes with something else than before"):
        y.backward()


def test_sizes_in_words() -> None:
    assert [bytes_in(text) for text in ("50 MB", "1.5kB", "2 GiB", 70, "8")] == [50_000_000, 1500, 2**31, 70, 8]
    for text in ("", "MB", "5 apples", "1.2.3 MB", -4, True, None):
        with pytest.raises(ValueError, match="memory should be"):
            bytes_in(text)


def test_the_arguments_are_in_the_order_of_jax() -> None:
    assert list(inspect.signature(scan).parameters)[:5] == ["step", "state", "xs", "length", "reverse"]
