"""Loops of `scan` in compiled functions: the step is recorded once, and so is each derivative of it."""

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from time import process_time
from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, compile, grad, hessian, jvp, no_grad, scan, tensor, value_and_grad, vmap, while_loop
from autograd.transforms import scan as scan_module
from autograd.transforms.compile import recorder
from autograd.transforms.compile.loops import roll, rolled, running
from autograd.transforms.compile.loops.running import SHORT, CompiledLoop, Lanes
from autograd.transforms.pytree import flatten

from .random_loops import loops_of

Array = np.ndarray[Any, Any]
X = np.linspace(0.2, 1.1, 7)
W = np.array([[0.5, 0.1], [0.2, 0.6]])
MATRIX = np.linspace(-0.5, 0.7, 9).reshape(3, 3)
scale = 1.0


def checked(
    function: Callable[..., Any], *several: tuple[Any, ...], backend: Any = "numpy", rtol: float = 1e-10
) -> Any:
    """Compile a function, compare it with itself, and see that its programs ran and have loops."""
    compiled = compile(function, backend=backend)
    for _ in range(2):
        for args in several:
            expected, found = flatten(function(*args)), flatten(compiled(*args))
            for x, y in zip(expected[0], found[0], strict=True):
                np.testing.assert_allclose(np.asarray(y), np.asarray(x), rtol=rtol, atol=1e-12)
                assert np.asarray(x).dtype == np.asarray(y).dtype
                assert np.shape(x) == np.shape(y)
                assert type(x) is type(y)
    assert not compiled.fallbacks
    assert not any(program.diverged for program in compiled.programs)
    assert loops_of(compiled)
    return compiled


def plain(x: Any, reverse: bool = False) -> Any:
    """A state of several arrays, rows, a closure over what is computed, and something to collect."""
    w = np.sin(x[0])

    def step(state: Any, row: Any) -> Any:
        a, i, flag = state
        return (np.tanh(W @ a) * row + w * a, i + 1, ~flag), (np.sum(a) * row, None, i)

    (a, i, flag), ys = scan(step, (np.ones(2), 0, True), x, reverse=reverse)
    return np.sum(a * a) + np.sum(ys[0] ** 3), i, flag, ys[2]


def number(x: Any, reverse: bool = False) -> Any:
    return plain(x, reverse)[0]


def third(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: grad(lambda x: np.sum(np.cos(x) * grad(lambda x: np.sum(x * x * grad(f)(x)))(x)))(x)


ORDERS: dict[str, Callable[[Any], Any]] = {
    "grad": grad,
    "value and grad": value_and_grad,
    "jvp": lambda f: lambda x: jvp(f, x, np.cos(x)),
    "hessian": hessian,
    "forward over reverse": lambda f: lambda x: jvp(grad(f), x, np.cos(x)),
    "reverse over forward": lambda f: grad(lambda x: jvp(f, x, np.cos(x))[1]),
    "third": third,
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [1, 2, 7, 30])
def test_values_and_gradients(length: int, reverse: bool) -> None:
    x = np.linspace(0.2, 1.1, length)
    checked(partial(plain, reverse=reverse), (x,), (x * 0.9,), rtol=0)
    checked(grad(partial(number, reverse=reverse)), (x,), (x * 0.9,))


@pytest.mark.parametrize("order", [*list(ORDERS)[:-1], pytest.param("third", marks=pytest.mark.thorough)])
def test_derivatives_of_any_order(order: str) -> None:
    checked(ORDERS[order](number), (X,), (X * 0.9,))


@pytest.mark.parametrize("order", ["value and grad", "jvp", pytest.param("hessian", marks=pytest.mark.thorough)])
def test_derivatives_as_machine_code(order: str) -> None:
    """Of a short step: numba takes a second for some hundred operations, when they are not on disk yet."""
    compiled = checked(ORDERS[order](partial(of_both, 0.5)), (X,), (X * 0.9,), backend="numba")
    assert not any(loop.why for loop in loops_of(compiled) if isinstance(loop, CompiledLoop))


def of_start(a: Any) -> Any:
    (s, _), ys = scan(lambda s, x: ((np.sin(s[0]) * x + s[1], s[1]), s[0]), (a, 0.3 * a), X)
    return np.sum(s**2) + np.sum(ys**2)


def of_both(a: Any, x: Any) -> Any:
    s, ys = scan(lambda s, x: (np.sin(s) * x, s * x), a, x)
    return np.sum(s) + np.sum(ys**2)


def of_closure(a: Any) -> Any:
    return np.sum(scan(lambda s, x: (np.sin(s) * x + a, None), np.ones(2), X)[0] ** 2)


BATCH = np.linspace(-1, 1, 6).reshape(3, 2)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("order", ["value", "grad", "hessian"])
@pytest.mark.parametrize(
    ("function", "args", "axes"),
    [
        (of_start, (BATCH,), 0),
        (of_closure, (BATCH,), 0),
        (number, (np.stack([X, X + 0.1, X - 0.1]),), 0),
        (of_both, (BATCH[:, 0], X), (0, None)),
        (of_both, (0.5, np.stack([X, X + 0.1])), (None, 0)),
        (of_both, (BATCH[:2, 0], np.stack([X, X + 0.1])), (0, 0)),
    ],
)  # fmt: skip
def test_batches(function: Any, args: Any, axes: Any, order: str) -> None:
    transform: Any = {"value": lambda f: f, "grad": grad, "hessian": hessian}[order]
    checked(vmap(transform(function), axes), args)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
def test_batches_side_by_side_in_machine_code(axes: tuple[int | None, int | None]) -> None:
    args = 0.5 if axes[0] is None else BATCH[:2, 0], X if axes[1] is None else np.stack([X, X + 0.1])
    compiled = checked(vmap(grad(of_both), axes), args, backend="numba")
    assert all(isinstance(loop, Lanes) for loop in loops_of(compiled))


def test_batches_of_what_a_step_closes_over_in_machine_code() -> None:
    checked(vmap(of_closure), (BATCH,), backend="numba")


def test_batches_where_llvm_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (recorder, roll, running):
        monkeypatch.setattr(module, "find_spec", lambda name: None)

    def potential(q: Any) -> Any:
        return (q[1] - q[0] ** 2) ** 2 + np.sum((1 - q) ** 2) / 10

    def leapfrog(q: Any, p: Any) -> Any:
        def step(state: Any, _: Any) -> Any:
            q, p = state
            q = q + 0.05 * (p - 0.025 * grad(potential)(q))
            return (q, p - 0.025 * grad(potential)(q)), None

        return scan(step, (q, p), length=20)[0]

    checked(vmap(leapfrog), tuple(np.linspace(-1, 1, 12).reshape(2, 3, 2)), backend="auto")


@pytest.mark.parametrize("made", [lambda x: np.asarray(x, np.float32), lambda x: np.asarray(x > 0, dtype=float)])
@pytest.mark.parametrize("llvm", [True, False])
def test_an_array_of_another_dtype_in_a_batch(
    made: Callable[..., Any], llvm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if llvm:
        pytest.importorskip("llvmlite")
    else:
        for module in (recorder, roll, running):
            monkeypatch.setattr(module, "find_spec", lambda name: None)
    x = np.linspace(-1, 1, 24).reshape(2, 4, 3)

    def rows(x: Any) -> Any:
        return scan(lambda h, row: (h * 0.5 + row, made(h) * 2), x[0], x)[1]

    compiled, expected = compile(vmap(rows)), np.stack([rows(each) for each in x])
    for _ in range(3):
        np.testing.assert_allclose(compiled(x), expected, rtol=1e-6)
        assert compiled(x).dtype == expected.dtype
    assert not compiled.fallbacks


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_what_a_batch_shares_is_one_array_for_all(backend: str) -> None:
    rows = np.linspace(0.5, 1.5, 8).reshape(4, 2)
    run = vmap(lambda s, w, rows: scan(lambda s, r: (np.tanh(w @ s) * r, s), s, rows), (0, None, None))
    (loop,) = loops_of(checked(run, (BATCH, W, rows), backend=backend))
    shapes = [x.value.shape for x in loop.loop.arguments]
    assert shapes == [(2,) if backend == "numba" else (3, 2), (4, 2), (2, 2)]


def test_a_batch_of_tangents_shares_the_states() -> None:
    """Of which there is one array: the loop of tangents alone is that of a batch."""
    rows = np.linspace(0.5, 1.5, 6).reshape(3, 2)
    path = lambda s: scan(lambda s, r: (np.tanh(W @ s) * r, s), s, rows)[1]  # noqa: E731
    for backend in ("numpy", "numba"):
        checked(vmap(lambda v: jvp(path, np.ones(2), v)[1]), (np.linspace(0, 1, 10).reshape(5, 2),), backend=backend)


def kept_by(compiled: Any) -> list[int]:
    """Return how many arrays each loop of a compiled function stacks."""
    return [len(function.loop.stacked) for function in loops_of(compiled)]


def test_loops_side_by_side_keep_what_takes_long_to_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reverse pass of a batch reads what the loop forwards has kept of sines and tanh."""

    def step(s: Any, x: Any) -> Any:
        return np.tanh(MATRIX @ s) * x, np.cos(s)

    def path(s: Any) -> Any:
        last, ys = scan(step, s, X)
        return np.sum(last**2) + np.sum(ys)

    starts = np.linspace(-2, 2, 33).reshape(11, 3)
    alone, batch = checked(grad(path), (starts[0],), backend="auto"), vmap(grad(path))
    several = checked(batch, (starts,), backend="auto")
    assert kept_by(alone)[0] == 2  # the states and the cosines
    assert kept_by(several)[0] > 2
    (back,) = (function for function in loops_of(several)[1:])
    assert not {np.sin, np.cos, np.tanh}.intersection(call.function for call in back.loop.calls)
    for function in (hessian(path), lambda s: jvp(path, s, s), grad(lambda s: np.sum(grad(path)(s) ** 2))):
        checked(vmap(function), (starts,), backend="auto")
    monkeypatch.setattr(rolled, "MOST", 100)  # bytes, fewer than an element of the batch would keep in all steps
    assert kept_by(checked(batch, (starts,), backend="auto"))[0] == 2


def test_results_that_have_no_gradient_after_all_are_no_obstacle() -> None:
    """What is kept is for a reverse pass from all results; from the last state alone it is computed again."""

    def last(s: Any) -> Any:
        return np.sum(scan(lambda s, x: (np.tanh(s) * x, np.exp(s)), s, X)[0])

    checked(vmap(grad(last)), (np.linspace(-2, 2, 33).reshape(11, 3),), backend="auto")


def test_a_step_that_writes_keeps_what_it_computed_before() -> None:
    def path(s: Any) -> Any:
        def step(s: Any, x: Any) -> Any:
            y = np.sin(s)
            z = y * x
            y[0] = np.exp(-np.sum(s * s))
            return z + y, None

        return np.sum(scan(step, s, X)[0])

    checked(vmap(grad(path)), (np.linspace(-2, 2, 33).reshape(11, 3),), backend="auto")


def test_results_that_somebody_holds_are_not_written_to_again() -> None:
    """Memory of large results is used again, once nobody has them any more."""
    for compiled in (
        compile(vmap(lambda s: scan(lambda s, _: (np.sin(s), s), s, length=300)[1]), backend="auto"),
        compile(lambda s: scan(lambda s, _: (np.sin(s), s), s[0], length=30_000)[1], backend="auto"),
    ):
        held = [compiled(np.full((100, 3), value)) for value in (0.1, 0.2, 0.3, 0.4)]
        starts = [np.moveaxis(x, -2, 0)[0].max() for x in held]
        np.testing.assert_array_equal(starts, [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.thorough)])
def test_batches_of_batches(backend: str) -> None:
    outer = vmap(vmap(grad(of_both), (0, None)), (None, 0))
    rows = np.stack([X, X + 0.1])
    checked(outer, (BATCH[:, 0], rows), backend=backend)
    checked(lambda x: vmap(lambda a: grad(of_both, 1)(a, x))(BATCH[:, 0]), (X,), backend=backend)


def nested(x: Any) -> Any:
    def inner(s: Any, r: Any) -> Any:
        return np.sin(s) * r, s

    def outer(s: Any, r: Any) -> Any:
        s, ys = scan(inner, s + r, x[:3])
        return s, np.sum(ys)

    s, ys = scan(outer, 0.3, x)
    return s + np.sum(ys**2)


@pytest.mark.parametrize("order", ["grad", "jvp", "hessian"])
def test_loops_within_loops(order: str) -> None:
    checked(ORDERS[order](nested), (X[:4],), (X[:4] * 0.9,))
    if order == "grad":
        checked(grad(nested), (X,), backend="numba")
        checked(vmap(grad(nested)), (np.stack([X, X + 0.1]),), backend="numpy")


def test_inner_derivatives_in_a_step() -> None:
    def loss(w: Any, rate: Any) -> Any:
        def step(w: Any, _: Any) -> Any:
            return w - rate * grad(lambda w: np.sum((MATRIX @ w - 1) ** 2))(w), None

        return np.sum((MATRIX @ scan(step, w, length=5)[0] - 1) ** 2)

    checked(value_and_grad(loss, (0, 1)), (np.ones(3), 0.1), (np.zeros(3), 0.2))


@pytest.mark.parametrize(
    ("dtype", "backend"),
    [
        ("float32", "numpy"),
        ("float64", "numpy"),
        ("complex128", "numpy"),
        pytest.param("float32", "numba", marks=pytest.mark.thorough),
    ],
)
def test_dtypes(dtype: str, backend: str) -> None:
    def loss(x: Any) -> Any:
        s, ys = scan(lambda s, x: (s * x + 0.5 * s, (s, s.real > 0)), np.ones(2, dtype), x)
        return np.sum(abs(s) ** 2) + np.sum(abs(ys[0]) ** 2), ys[1]

    rows = (np.linspace(0.2, 1.1, 8).reshape(4, 2) * (1 + (0.5j if dtype[0] == "c" else 0))).astype(dtype)
    checked(value_and_grad(loss, has_aux=True), (rows,), backend=backend, rtol=1e-5 if "32" in dtype else 1e-10)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.thorough)])
def test_the_hessian_through_kept_states_is_that_of_the_loop(backend: str) -> None:
    """States that are kept for the derivative depend on the first one: taken for constants, this would be 7 % off."""

    def by_hand(x: Any) -> Any:
        for _ in range(5):
            x = x + 0.1 * np.stack([x[1], -np.sin(x[0])])
        return np.sum(x * x * x)

    def by_scan(x: Any) -> Any:
        x, _ = scan(lambda x, _: (x + 0.1 * np.stack([x[1], -np.sin(x[0])]), None), x, length=5)
        return np.sum(x * x * x)

    at = np.array([0.7, 0.4])
    found = checked(hessian(by_scan), (at,), backend=backend)(at)
    np.testing.assert_allclose(found, hessian(by_hand)(at), rtol=1e-12)


def test_tensors_that_a_step_closes_over() -> None:
    w: Any = tensor(W, requires_grad=True)

    def loss(x: Any) -> Any:
        s, _ = scan(lambda s, x: (np.tanh(w @ s) * x, None), np.ones(2), x)
        return (s * s).sum()

    compiled = compile(loss)
    for factor in (1.0, 1.1, 1.2):
        with no_grad():
            w[...] = W * factor
        found = []
        for function in (compiled, loss):
            w.grad = None
            y = function(X)
            y.backward()
            found.append((y.item(), w.grad.data.copy()))
        assert found[0][0] == found[1][0]
        assert np.allclose(found[0][1], found[1][1], rtol=1e-13)
    assert not compiled.fallbacks
    assert len(compiled.programs) == 1
    assert loops_of(compiled)


def of_each_other(p: Any, **options: Any) -> Any:
    """What the steps close over, start from, and go along, each computed from the others."""
    q = np.sin(p)
    r = q * p
    s, ys = scan(lambda s, x: (np.sin(s) * q + 0.1 * r * x, s * p), p, np.stack([p, q, r, p]), **options)
    return np.sum(s) + np.sum(ys**2)


def of_each_other_until(p: Any) -> Any:
    q = np.sin(p)
    return np.sum(while_loop(lambda s: np.sum(s) < 3, lambda s: s * (1 + q * p) + p, p) ** 2)


@pytest.mark.parametrize("order", list(ORDERS)[:-1])
def test_tensors_that_depend_on_each_other_have_their_own_gradients(order: str) -> None:
    """That of one does not go on to another, to which the graph before the loop carries it."""
    p = np.array([0.3, 0.9])
    for function in (of_each_other, partial(of_each_other, checkpoint=2), of_each_other_until):
        checked(ORDERS[order](function), (p,), (p * 0.9,))
    expected = flatten(ORDERS[order](of_each_other)(p))[0]
    for x, y in zip(flatten(ORDERS[order](partial(of_each_other, checkpoint=2))(p))[0], expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


def test_a_training_step_with_a_loop_in_it() -> None:
    def trained(make: Callable[[Any], Any]) -> list[Array]:
        cell = nn.Linear(5, 3)
        optimizer = nn.optim.SGD(cell.parameters(), lr=0.1)

        def step(rows: Any) -> Any:
            optimizer.zero_grad()
            h, _ = scan(lambda h, x: (np.tanh(cell(np.concatenate([x, h]))), None), np.zeros(3), rows)
            loss = (h * h).sum()
            loss.backward()
            optimizer.step()
            return loss

        step = make(step)
        for k in range(4):
            step(np.linspace(0, 1 + k, 8).reshape(4, 2))
        return [p.data.copy() for p in cell.parameters()]

    nn.manual_seed(0)
    expected = trained(lambda f: f)
    nn.manual_seed(0)
    for x, y in zip(expected, trained(compile), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12)


# What a step reads


def test_what_a_step_reads_may_change() -> None:
    global scale
    offset = [0.5]

    def loss(x: Any) -> Any:
        return np.sum(scan(lambda s, x: (np.sin(s) * x * scale + offset[0], None), 0.5, x)[0])

    compiled = compile(value_and_grad(loss))
    try:
        for factor, offset[0] in ((1.0, 0.5), (2.0, 0.5), (2.0, 0.7), (1.0, 0.5)):
            scale = factor
            for found, expected in zip(compiled(X), value_and_grad(loss)(X), strict=True):
                np.testing.assert_allclose(found, expected, rtol=1e-13)
    finally:
        scale = 1.0
    assert not compiled.fallbacks


def test_floats_of_arguments_are_no_constants_and_lambdas_made_anew_no_other_functions() -> None:
    compiled = compile(grad(lambda x, rate: scan(lambda s, r: (s + rate * np.sin(r * s), None), 1.0, x)[0]))
    for rate in (0.5, 0.7, 0.9):
        expected = grad(lambda x, rate=rate: scan(lambda s, r: (s + rate * np.sin(r * s), None), 1.0, x)[0])(X)
        np.testing.assert_allclose(compiled(X, rate), expected, rtol=1e-13)
    assert len(compiled.programs) == 1


def test_other_lengths_and_none() -> None:
    compiled = compile(lambda x: (number(x), plain(x)[1]))
    for n in (3, 5, 0, 8, 3):
        x = np.concatenate([[0.5], np.linspace(0, 1, n)])
        np.testing.assert_allclose(compiled(x)[0], number(x), rtol=1e-13)
    state, ys = compile(lambda x: scan(lambda s, r: (s + r, (s, r)), 0.5, x))(np.zeros((0, 2))[:, 0])
    assert state == 0.5
    assert ys[0].shape == ys[1].shape == (0,)


def test_the_time_to_compile_does_not_depend_on_the_length() -> None:
    def first_call(n: int) -> float:
        compiled = compile(value_and_grad(lambda a: np.sum(scan(lambda s, _: (np.sin(s) + a, None), a, length=n)[0])))
        begin = process_time()
        compiled(np.ones(2))
        (program,) = compiled.programs
        assert len(program.program.calls) < 20
        return process_time() - begin

    short = min(first_call(2) for _ in range(3))
    assert first_call(500) < short + 1  # of which the steps themselves take less than 0.1 s


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("start", [0.5, np.True_, 2, np.float32(0.5), np.array(0.5), np.array([0.5]), tensor(0.5)])
def test_a_single_number_is_one_of_numpy_as_in_the_loop_itself(start: Any, backend: str) -> None:
    other: Any = np.logical_not if isinstance(start, np.bool_) else np.negative

    def both(x: Any) -> Any:
        state = scan(lambda s, _: (other(s), s), x, length=5)
        return state, while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, other(s[1])), (0, x))

    checked(both, (start,), backend=backend)


@pytest.mark.parametrize("length", [SHORT, SHORT + 1])
def test_machine_code_of_a_short_loop_is_made_once(length: int) -> None:
    """That of the chain which it is in: in the first call, which records, it runs by Python."""
    compiled = compile(grad(lambda x: np.sum(scan(lambda s, _: (np.sin(s) + x, None), x, length=length)[0])))
    for _ in range(2):
        compiled(np.ones(2))
        loops = loops_of(compiled)
        assert len(loops) == 2
        assert not any(loop.why for loop in loops)
        assert [loop._machine is None for loop in loops] == [length == SHORT] * 2
    assert [type(call.function).__name__ for call in compiled.programs[0].program.calls] == ["Chain"]


def test_a_value_that_leaves_a_step_is_refused() -> None:
    def leaks(x: Any) -> Any:
        seen = []

        def step(s: Any, r: Any) -> Any:
            seen.append(s * r)
            return s + r, None

        return scan(step, 0.0, x)[0] + seen[0]

    with pytest.raises(CompileError, match=r"a value of a step of a loop that is used outside .*: return it from the"):
        compile(leaks)(X)
    assert compile(leaks, fallback="eager")(X) == leaks(X)


def test_a_step_that_asks_for_values_is_refused_with_its_line() -> None:
    def branching(x: Any) -> Any:
        return scan(lambda s, r: (s * r if s > 1 else s + r, None), 0.5, x)[0]

    with pytest.raises(CompileError, match=r"bool\(\) of an array .*test_rolled.py:\d+, .* numpy.where"):
        compile(branching)(X)
    compiled = compile(branching, fallback="eager")
    assert [compiled(X), compiled(X)] == [branching(X)] * 2
    assert compiled.fallbacks[0].count >= 1
    assert "bool()" in compiled.fallbacks[0].reason


def writes(x: Any) -> Any:
    total = np.zeros(2)

    def step(s: Any, r: Any) -> Any:
        total[0] += r * s
        return s + total[0], None

    return scan(step, 0.5, x)[0]


layer = nn.Dropout(0.5)


def draws(x: Any) -> Any:
    return scan(lambda s, r: (layer(s) * r, None), tensor(np.ones(2)), x)[0]


@pytest.mark.parametrize(
    ("function", "why"), [(writes, "writes to an array that it has not made"), (draws, "draws random numbers")]
)
def test_steps_that_are_recorded_one_by_one_say_so(function: Any, why: str) -> None:
    compiled = compile(function)
    nn.manual_seed(0)
    expected = [function(X) for _ in range(3)]
    nn.manual_seed(0)
    with pytest.warns(
        RuntimeWarning, match=rf"at .*test_rolled.py:\d+ is recorded 7 times, step by step, because it {why}"
    ):
        found = [compiled(X)]
    found += [compiled(X), compiled(X)]
    assert all(map(np.array_equal, found, expected))
    assert not compiled.fallbacks


def test_what_a_step_makes_it_may_write_to() -> None:
    def own(x: Any) -> Any:
        def step(s: Any, r: Any) -> Any:
            b = np.zeros(3)
            b[1] = r * s
            b[2] += b[1]
            return s + np.sum(b), b

        s, ys = scan(step, 1.0, x)
        return s + np.sum(ys**2)

    for backend in ("numpy", "numba"):
        checked(own, (X,), (X * 0.9,), backend=backend)


def test_a_value_that_decides_differs_in_a_later_step() -> None:
    """The walk back asks whether a gradient is finite, in a derivative within the step: in the second it is not."""

    def loss(x: Any) -> Any:
        def step(s: Any, r: Any) -> Any:
            slope = grad(lambda s: np.sum(np.where(s > 0, np.sqrt(np.where(s > 0, s, 0.0)), 0.0)))(s)
            return s * r + 0 * slope, slope

        s, ys = scan(step, np.ones(2), x)
        return np.sum(s) + np.sum(ys)

    for x in (np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, 2.0])):
        with np.errstate(all="ignore"):
            compiled = compile(loss)
            assert np.array_equal([compiled(x), compiled(x)], [loss(x)] * 2)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("also", [False, True])
def test_what_does_not_hold_in_a_loop_is_said(also: bool, backend: Any) -> None:
    """That a gradient is not finite, or that something else is not as it was."""

    def run(w: Any) -> Any:
        def step(w: Any, _: Any) -> Any:
            inner = np.sum(w[np.abs(w) > 0.1]) if also else 0.0  # as many as when that was recorded
            return w - 0.001 * grad(lambda w: np.sum(np.sqrt(w)))(w) + 0 * inner, None

        return scan(step, w, length=3)[0]

    compiled = compile(run, backend=backend)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the gradient of a tensor")
        warnings.filterwarnings("ignore", r"scan\(\) in a compiled function")
        for w in (np.ones(2), np.array([1.0, 0.09 if also else 0.0]), np.ones(2)):
            np.testing.assert_array_equal(compiled(w), run(w))
    (fallback,) = compiled.fallbacks
    assert ("not finite" in fallback.reason, "a value decides" in fallback.reason) == (not also, also)
    assert "test_rolled" in fallback.line


@pytest.mark.parametrize("transform", [grad, lambda f: lambda x: jvp(f, x, x)])
@pytest.mark.parametrize("fallback", ["raise", "warn"])
def test_a_value_that_decides_a_derivative_in_a_later_step_is_said(transform: Any, fallback: Any) -> None:
    """The derivative of a product asks whether a factor is zero, which no step forwards does."""

    def path(x: Any) -> Any:
        return scan(lambda s, r: (0.5 * s + np.prod(np.stack([s, r, np.sin(s)])), None), x[0], x)[0]

    compiled = compile(transform(path), fallback=fallback)
    with pytest.raises(CompileError, match=r"derivative of scan\(\).*test_rolled.*numpy.prod|numpy.prod.*test_rolled"):
        compiled(np.array([0.4, 0.3, 0.0, 0.2]))


def test_errors_that_numpy_is_asked_to_raise() -> None:
    for backend in ("numpy", "numba"):
        compiled = compile(lambda x: scan(lambda s, r: (s / r, None), 1.0, x)[0], backend=backend)
        with np.errstate(all="raise"):
            assert compiled(X) == compiled(X)
            with pytest.raises(FloatingPointError):
                compiled(X * 0)


# Few states


@pytest.mark.one_in(2)
@pytest.mark.parametrize("reverse", [False, True])
def test_few_states(reverse: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr(scan_module, "KEPT", 0)

    def loss(x: Any, **options: Any) -> Any:
        (a, _), ys = scan(
            lambda s, r: ((np.tanh(W @ s[0]) * r, s[1] + 1), (np.sum(s[0]), None, s[1])),
            (np.ones(2), 0), x, reverse=reverse, **options,
        )  # fmt: skip
        return np.sum(a) + np.sum(ys[0] ** 2), ys[2]

    x = np.linspace(0.2, 1.1, 23)
    expected = value_and_grad(loss, has_aux=True)(x)
    for options in ({"checkpoint": 4}, {"memory": "1 kB"}, {"checkpoint": 50}):
        compiled = checked(value_and_grad(partial(loss, **options), has_aux=True), (x,))
        for y, z in zip(flatten(compiled(x))[0], flatten(expected)[0], strict=True):
            np.testing.assert_allclose(y, z, rtol=1e-11)
    few = partial(loss, checkpoint=2)
    checked(hessian(lambda x: few(x)[0]), (x[:5],))
    checked(vmap(grad(lambda x: few(x)[0])), (np.stack([x, x])[:, :5],))


def counts_in(loops: Iterable[Any]) -> list[int]:
    """Return how often loops run, and those within them."""
    found = []
    for loop in loops:
        inner = [call.function for call in loop.loop.calls if isinstance(call.function, CompiledLoop)]
        found += [loop.loop.count, *counts_in(inner)]
    return found


@pytest.mark.parametrize(("states", "length"), [(1, 9), (2, 9), (2, 40), (3, 40), (5, 23), (5, 24)])
def test_no_loop_keeps_more_states_than_were_asked_for_or_fit_into_a_megabyte(
    states: int, length: int, monkeypatch: Any
) -> None:
    def loss(x: Any) -> Any:
        return np.sum(scan(lambda s, _: (np.sin(s) + 0.1 * x, None), x, length=length, checkpoint=states)[0])

    assert set(counts_in(loops_of(checked(grad(loss), (X,))))) == {length}
    monkeypatch.setattr(scan_module, "KEPT", 0)
    assert max(counts_in(loops_of(checked(grad(loss), (X,))))) <= max(states, 2)
    monkeypatch.setattr(scan_module, "KEPT", 6 * X.nbytes)
    assert max(counts_in(loops_of(checked(grad(loss), (X,))))) <= 6


def test_the_source_shows_the_loop() -> None:
    compiled = checked(number, (X,))
    assert "for j in range(7):" in compiled.programs[0].source
    assert "tanh" in compiled.programs[0].source


def test_a_float_is_asked_in_a_step_and_after_the_loop() -> None:
    def f(x: Any, rate: float) -> Any:
        def step(c: Any, _: Any) -> Any:
            return np.sin(c) * (2.0 if np.multiply(rate, 1.0) > 0.5 else 3.0), None

        y = scan(step, x, length=5)[0]
        return y * 2 if np.multiply(rate, 2.0) > 1.5 else y

    compiled = compile(f)
    for rate in (0.6, 0.9, 0.2, 0.6):
        assert np.allclose(compiled(np.ones(3), rate), f(np.ones(3), rate), rtol=1e-14)
    assert not compiled.fallbacks


@pytest.mark.parametrize("size", [2, 70])
def test_a_matrix_that_numpy_refuses_is_its_error(size: int) -> None:
    """The function itself runs then, spelled out or not, and no word is said of gradients."""

    def function(a: Any) -> Any:
        return scan(lambda s, x: (np.tanh(s) + np.sum(np.linalg.inv(a) * x), None), np.ones(size), np.arange(60.0))[0]

    compiled, a = compile(function, backend="numba"), np.eye(2) + 0.1
    for _ in range(3):
        np.testing.assert_allclose(compiled(a), function(a), rtol=1e-10)
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.ones((2, 2)))
    np.testing.assert_allclose(compiled(a), function(a), rtol=1e-10)
    assert not any("gradient" in each.reason for each in compiled.fallbacks)
    assert not loops_of(compiled)[0].why
