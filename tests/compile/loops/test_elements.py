"""Loops of single numbers as machine code: bit by bit what a loop of Python over NumPy gives, also in batches.

A body has many calls where it can: compiling a loop takes longer than trying it.
"""

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import grad
from autograd.transforms.compile.floats import TracedFloat
from autograd.transforms.compile.fused import loop_machine
from autograd.transforms.compile.fused.body import Body as Steps
from autograd.transforms.compile.fused.elements import Elements
from autograd.transforms.compile.fused.loop_code import ABREAST
from autograd.transforms.compile.fused.loop_machine import machine_code
from autograd.transforms.compile.fused.values import _NAMES
from autograd.transforms.compile.loops.loop import Carried, Loop, Part, Same, Unsuitable
from autograd.transforms.compile.program import ARGUMENT, Call, Memory, Traced

from ...thorough import few
from .bodies import Array, Body, constants_of, loop_of_body, looped, of_element, space_for

rng = np.random.default_rng(0)
EDGES = [0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 3.0, 90.0, -110.0, 1e6, 1e30, 1e-30, -1e-42, np.inf, -np.inf, np.nan]
# How many units in the last place NumPy's and ours differ by, where they are not the same.
UNITS = dict.fromkeys((
    "exp", "expm1", "log", "log1p", "tanh", "cosh", "sin", "cos", "tan", "sinh", "arcsin", "arccos", "arctan",
    "arcsinh", "arccosh", "arctanh", "arctan2", "hypot", "exp2", "log2", "log10", "cbrt", "power", "float_power",
    "logaddexp",
), 4)  # fmt: skip

# Which of 0.0 and -0.0 is the larger depends in NumPy on the processor, the dtype and the place in an array.
EITHER_ZERO = (np.maximum, np.minimum, np.fmax, np.fmin)


def assert_same(found: Array, expected: Array, units: int = 0) -> None:
    """Assert that arrays are the same to the last bit, but for what is within a nan, or to some units."""
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
        return
    special = ~np.isfinite(expected) if units else np.ones(expected.shape, bool)
    np.testing.assert_array_equal(found[special], expected[special])
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found)[numbers], np.signbit(expected)[numbers])
    unit = np.spacing(np.abs(expected[~special]))
    assert (np.abs(found[~special] - expected[~special]) <= units * unit).all()


def run(
    body: Body, carried: Any, given: Any = (), params: Any = (), count: int = 4, backwards: bool = False
) -> tuple[Loop, list[Array]]:
    """Return the loop of a body, and what its machine code gives, all of whose checks hold."""
    loop = loop_of_body(body, carried, given, params, backwards)
    space = space_for(loop, count)
    assert machine_code(loop)(*map(np.asarray, (*carried, *given, *params)), *constants_of(loop), *space, count)
    return loop, space


def check(
    body: Body,
    carried: Any,
    given: Any = (),
    params: Any = (),
    count: int = 4,
    backwards: bool = False,
    close: float = 0,
) -> None:
    """Compare machine code with Python: bit by bit, or where that is asked for closely."""
    with np.errstate(all="ignore"):
        expected = looped(body, carried, given, params, count, backwards)
        _, found = run(body, carried, given, params, count, backwards)
    for one, other in zip(found, expected, strict=True):
        if close and one.dtype.kind == "f":
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, close, close)
        else:
            assert_same(one, other)


def of(function: Callable[..., Any]) -> Body:
    """Return a body whose rows are what a function gives for the carried arrays, which shrink."""

    def body(carry: Any, _: Any, params: Any) -> Any:
        made = function(*carry, *params)
        return tuple(x * x.dtype.type(0.75) if x.dtype.kind == "f" else x for x in carry), made

    return body


# Functions


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.thorough)])
def test_each_function_at_edges(dtype: Any) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(EDGES, dtype), np.array(EDGES, dtype)))
    unary = [f for f in _NAMES if f.nin == 1 and f not in (np.invert,)]
    binary = [f for f in _NAMES if f.nin == 2 and not f.__name__.startswith("bitwise")]

    def unary_ones(carry: Any, _: Any, params: Any) -> Any:
        return carry, tuple(f(carry[0]) for f in unary)

    def binary_ones(carry: Any, rows: Any, params: Any) -> Any:
        return carry, tuple(f(*rows) for f in binary)

    for functions, body, carried, rows in (
        (unary, unary_ones, [np.array(EDGES, dtype)], []),
        (binary, binary_ones, [dtype(0)], [x, y]),
    ):
        count = len(x) if rows else 1
        with np.errstate(all="ignore"):
            _, *expected = looped(body, carried, rows, (), count)
            _, (_, *found) = run(body, carried, rows, (), count)
        for f, one, other in zip(functions, found, expected, strict=True):
            if f in EITHER_ZERO:
                one, other = one + dtype(0), other + dtype(0)
            assert_same(one, other, UNITS.get(f.__name__, 0))


def test_functions_of_bools_and_integers() -> None:
    numbers = np.array([0, 1, -1, 2, 3, -3, 7, -8, 2**62, -(2**63)])
    x, y = (grid.ravel() for grid in np.meshgrid(numbers, numbers))

    def integers(carry: Any, rows: Any, _: Any) -> Any:
        a, b = rows
        made = [f(a, b) for f in (np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.bitwise_and)]
        made += [
            f(a, b)
            for f in (np.bitwise_or, np.bitwise_xor, np.floor_divide, np.remainder, np.true_divide, np.less, np.equal)
        ]
        made += [-a, abs(a), np.sign(a), ~a, np.square(a), a > 2, a * 0.5, np.logical_and(a, b), a.astype(bool)]
        return (carry[0] + 1,), tuple(made)

    def bools(carry: Any, rows: Any, _: Any) -> Any:
        a, b = rows
        made = [f(a, b) for f in (np.add, np.multiply, np.maximum, np.minimum, np.logical_or, np.less)]
        made += [a >= b, a & b, a | b, a ^ b, ~a, a == b, a + 1, a * 0.5, a.astype(np.float32), np.where(a, 1.5, b)]
        return (carry[0] ^ a,), tuple(made)

    check(integers, [0], [x, y], count=len(x))
    check(bools, [False], [x > 0, y > 1], count=len(x))


def test_numbers_and_empty_arrays() -> None:
    def body(x: Any, e: Any) -> Any:
        total = np.sum(e) + x
        several = np.concatenate([e.ravel(), x[None]])
        return np.sin(e), total, several, e.reshape(0, 4).sum(0), np.prod(e), e.T @ np.ones((0, 2)), np.all(e)

    check(of(body), [0.5, np.empty((0, 3))])


def test_arguments_of_sin_and_cos_that_are_large_or_none() -> None:
    x = np.array([[1e22, np.inf], [5e5, -5.1e5], [0.78, 0.79], [-0.0, 0.0], [np.nan, 1.0], [3e5, 1e-310]])

    def body(carry: Any, rows: Any, _: Any) -> Any:
        return carry, (np.sin(rows[0]), np.cos(rows[0]), np.sin(rows[0][0]))

    with np.errstate(all="ignore"):
        expected = looped(body, [0.0], [x], (), len(x))
        _, found = run(body, [0.0], [x], (), len(x))
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other, 1)


@pytest.mark.parametrize("exponent", [2, 3, 2.0, 0.5, -1, -1.5, 1.7])
def test_powers(exponent: float) -> None:
    check(of(lambda x: (abs(x) ** exponent, abs(x[0]) ** exponent)), [rng.normal(size=3)], close=1e-15)


def test_a_minus_zero_stays_what_it_is_for_numpy() -> None:
    def body(x: Any) -> Any:
        zero = np.zeros(2)
        sums = np.sum(x), np.sum(-abs(x)), np.stack([x, zero]).sum(0)
        return x + 0.0, x + zero, 0.0 + x, x - 0.0, x * 1.0, zero - x, -x, *sums

    check(of(body), [np.array([-0.0, 0.0])])


# Moves, views and writes


def test_moves() -> None:
    def body(x: Any) -> Any:
        return (
            x.T.copy(), x.reshape(2, 6).T, np.stack([x[0], x[1] * 2]), np.concatenate([x, x[:, ::-1]], 1), np.pad(x, 1),
            np.pad(x, ((0, 1), (1, 0)), constant_values=2.5), np.roll(x, 1, 0), np.diag(x[:, 0]), np.tril(x),
            np.triu(x, 1), np.repeat(x, 2, 1), np.tile(x, 2), np.flip(x, 0), np.expand_dims(x, 1), np.swapaxes(x, 0, 1),
            np.take(x, [0, 2], axis=1), x[[2, 0, 1]], np.append(x[0], 1.0), np.stack([x[0, 0], 0.0]),
            np.vstack([x, x[0]]), np.broadcast_to(x[0], (2, 4)).copy(), np.moveaxis(x, 0, 1), x.ravel(),
            x.astype(np.float32), x.imag,
        )  # fmt: skip

    check(of(body), [rng.normal(size=(3, 4))])


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
def test_elements_are_read_in_the_order_that_is_asked_for(order: Any) -> None:
    def body(x: Any) -> Any:
        y = x * 2
        parts = y, y.T, y.T[:, :2], y[::-1], y[::-1].T, y.T[1:, ::-2], np.swapaxes(np.stack([y, x]), 0, 1)
        read = [np.ravel(z, order=order) for z in parts] + [z.flatten(order) for z in parts]
        if order != "K":
            read += [z.reshape(-1, 2, order=order) for z in parts if z.size % 2 == 0]
        return (*read, y.copy(order), y.T.copy(order=order))

    check(of(body), [rng.normal(size=(3, 4))])


def test_writes_show_in_all_views_and_in_nothing_else() -> None:
    def parts(x: Any) -> Any:
        y = np.zeros((3, 4))
        y[1] = x[0]
        y[:, 2] += x[:, 1]
        y.reshape(4, 3)[0, 0] = 7.0
        y.T[1] *= 2
        y[..., -1] = x[0, 0]
        np.copyto(y[0], x[1])
        np.copyto(y, x, where=x > 0.5)
        y.flat[5] = 3.0
        np.add(y[1:], y[:-1], out=y[1:])
        return (y,)

    def orders(x: Any) -> Any:  # of memory: what is a view of one is a copy of the other
        f = np.asfortranarray(x) * 1.0
        f.reshape(-1)[0] = 100.0
        f.T.reshape(-1)[1] = 50.0
        y = x.T.copy("K") * 2
        np.ravel(y)[3] = 9.0
        np.ravel(y.T)[5] = 8.0
        z = np.transpose(np.stack([x, x]), (2, 0, 1)) + 1.0
        z.reshape(8, 3)[1, 1] = 6.0
        return f, y, z

    def kinds(x: Any) -> Any:
        y = x.copy()
        views = [y.diagonal(), y[::2, ::-1], np.swapaxes(y, 0, 1)[1:], np.squeeze(y[None]), np.split(y, 3)[1]]
        y[::2, ::-1] += 1
        np.swapaxes(y, 0, 1)[1:] -= 5
        np.atleast_2d(y[0])[0, 1] = 11
        np.expand_dims(y, 0)[0, 2, 2] = 77.0
        b = np.split(y, 3)[1]
        b *= 3
        copied = y[[0, 1]]
        copied[0] = 0
        return y, *views, copied

    def functions(x: Any) -> Any:
        k, m, q = np.empty_like(x), np.zeros(4), x.copy()
        k.fill(x[0, 0])
        np.fill_diagonal(k, 2.0)
        np.add.at(m, [0, 0, 2], x[0, :3])
        np.multiply.at(m, [2, 2], 2.0)
        q[q > 0] = 0.5
        np.putmask(q, q < -1, 9.0)
        return k, m, q

    check(of(lambda x: (*parts(x), *orders(x), *kinds(x), *functions(x))), [rng.normal(size=(3, 4))])


def test_a_carried_array_that_is_written_to_begins_with_what_was_given() -> None:
    def body(carry: Any, _: Any, __: Any) -> Any:
        x = carry[0].copy()
        x[0] += x[1]
        x[1:] *= 0.5
        return (x,), (x[0],)

    start = np.array([1.0, 2.0, 3.0])
    check(body, [start])
    assert start.tolist() == [1.0, 2.0, 3.0]


# Reductions


@pytest.mark.one_in(2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_in_the_order_of_numpy(dtype: Any) -> None:
    """Shapes, axes and orders of memory: rows that are added in pairs, and such that are not."""

    def variants(x: Any) -> Any:
        yield from (x, x.T, x[:, ::-1], x[::-1], x[:, ::2], x.T[::2], x.reshape(3, -1, 2))
        yield np.broadcast_to(x[0], x.shape)

    def body(x: Any, y: Any) -> Any:
        made = []
        for z in (*variants(x), *variants(y)):
            for k in range(1, z.ndim + 1):
                made += [np.sum(z, axes) for axes in itertools.combinations(range(z.ndim), k)]
        return made[::2] if dtype is np.float64 else made[1::2]

    sizes = [10.0 ** rng.integers(-4, 4, shape) for shape in ((9, 18), (3, 20))]
    check(of(body), [(rng.normal(size=s.shape) * s).astype(dtype) for s in sizes], count=1)


def test_sums_of_many_numbers() -> None:
    x = rng.normal(size=300) * 10.0 ** rng.integers(-4, 4, 300)
    check(of(lambda x: [np.sum(x[:n]) for n in (7, 8, 9, 127, 128, 129, 136, 300)]), [x], count=1)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_reductions(dtype: Any) -> None:
    def body(x: Any) -> Any:
        return (
            x.mean(), x.mean(0), np.mean(x, 1, keepdims=True), x.max(), x.min(0), np.max(x, 1), np.prod(x), x.prod(0),
            np.argmax(x), x.argmax(0), np.argmin(x, 1), np.var(x), x.var(0), np.std(x, 1), np.var(x, axis=0, ddof=1),
            np.cumsum(x), x.cumsum(0), np.cumprod(x, 1), (x > 0).any(), np.all(x > -1, 0), np.any(x, 1), (x > 0).sum(),
            (x > 0).mean(), (x > 0).sum(0), np.sum((x * 9).astype(int)), np.add.reduce(x), np.maximum.reduce(x, 1),
            np.add.accumulate(x, 1), np.multiply.outer(x[0], x[1]), np.max(x, 0, initial=0.5), np.min(x, initial=0.0),
            np.fmax.reduce(x, None, initial=0), np.fmin.reduce(x, 1),
        )  # fmt: skip

    check(of(body), [rng.normal(size=(3, 9)).astype(dtype)])


def test_extremes_of_bools() -> None:
    x = rng.normal(size=(4, 3))
    check(of(lambda x: ((x > 0).max(), (x > 0).min(0), np.max(x > 0, 1), np.maximum.reduce(x > 0))), [x])


def test_extremes_of_nan_and_of_equal_numbers() -> None:
    x = np.array([[1.0, np.nan, 2.0], [3.0, 3.0, 1.0], [np.nan, 0.0, np.nan], [-np.inf, np.inf, np.inf]])
    check(of(lambda x: (x.max(1), x.min(1), x.argmax(1), x.argmin(1), x.argmax(), np.fmax(x[0], x[2]))), [x], count=2)


# Products and equations


def test_products() -> None:
    def body(x: Any, y: Any) -> Any:
        a, b = x[0], y[0]
        return (
            x @ y, x.T @ x, a @ y.T.T, x @ a, a @ a, np.dot(x, a), x.dot(y), np.dot(2.0, a), np.outer(a, b),
            np.inner(x, x), np.vdot(x, x), np.vecdot(x, x), np.trace(x @ y), np.stack([x, x]) @ y,
            np.matmul(np.stack([x, x]), a), np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(a, 2),
        )  # fmt: skip

    check(of(body), [rng.normal(size=(3, 3)), rng.normal(size=(3, 3))], close=1e-13)
    check(of(body), [np.float32(rng.normal(size=(3, 3))), np.float32(rng.normal(size=(3, 3)))], close=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(8, marks=pytest.mark.thorough)])
def test_equations(n: int) -> None:
    def body(a: Any, b: Any) -> Any:
        root = np.linalg.cholesky(a @ a.T + np.eye(n))
        if n > 4:  # which takes long to compile
            return np.linalg.solve(a, b), root
        several = np.stack([a, a.T])
        made = [np.linalg.solve(a, b), np.linalg.solve(a, b[:, 0]), np.linalg.det(a), root, *np.linalg.slogdet(a)]
        return [*made, np.linalg.det(several), np.linalg.inv(several)]

    for _ in range(3):  # pivots at other places
        check(of(body), [rng.normal(size=(n, n)), rng.normal(size=(n, 2))], count=2, close=1e-8)


def test_equations_with_zeros_as_first_pivots_and_a_nan() -> None:
    matrices = ["021 100 310", "001 010 100", "123 124 201"]
    a = np.array([[[float(x) for x in row] for row in rows.split()] for rows in matrices])

    def body(carry: Any, rows: Any, _: Any) -> Any:
        return carry, (np.linalg.inv(rows[0]), np.linalg.det(rows[0]))

    check(body, [0.0], [a], count=3, close=1e-14)
    loop = loop_of_body(body, [0.0], [a])
    _, inverse, determinant = found = space_for(loop, 1)
    assert machine_code(loop)(np.array(0.0), a[:1] * np.nan, *found, 1)
    assert np.isnan(inverse).all()
    assert np.isnan(determinant).all()


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (np.linalg.inv, np.array([[1.0, 2.0], [2.0, 4.0]])),
        (np.linalg.inv, np.zeros((2, 2))),
        (lambda a: np.linalg.solve(a, a[0]), np.array([[0.0, 1.0], [0.0, 2.0]])),
        (np.linalg.cholesky, np.array([[1.0, 2.0], [2.0, 1.0]])),
        (np.linalg.cholesky, np.zeros((2, 2))),
    ],
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_matrix_that_numpy_refuses_fails_the_check(function: Any, wrong: Array, at: int) -> None:
    with pytest.raises(np.linalg.LinAlgError):
        function(wrong)

    def body(carry: Any, rows: Any, _: Any) -> Any:
        return (carry[0] + np.sum(function(rows[0])),), ()

    loop = loop_of_body(body, [0.0], [np.stack([np.eye(2)] * 3)])
    good, bad = np.stack([np.eye(2)] * 3), np.stack([np.eye(2)] * 3)
    bad[at] = wrong
    for rows, holds in ((good, True), (bad, False)):
        assert machine_code(loop)(np.array(0.0), rows, *constants_of(loop), *space_for(loop, 3), 3) is holds
    several = np.stack([good] * 9 + [bad] + [good], 1)  # within a vector, and among what is left
    for size, holds in ((9, True), (10, False), (11, False)):
        given = [np.array(0.0), several[:, :size].copy(), *constants_of(loop)]
        assert machine_code(loop, [False, True], size)(*given, *space_for(loop, 3, size), 3, size) is holds


def test_the_determinant_of_a_singular_matrix_is_zero() -> None:
    a = np.array([[[1.0, 2], [2, 4]], [[0, 0], [0, 0]], [[0, 1], [0, 2]]])

    def body(carry: Any, rows: Any, _: Any) -> Any:
        return carry, (np.linalg.det(rows[0]), *np.linalg.slogdet(rows[0]))

    with np.errstate(all="ignore"):
        _, (_, determinant, sign, logarithm) = run(body, [0.0], [a], (), 3)
    assert determinant.tolist() == [0.0] * 3 == sign.tolist()
    assert logarithm.tolist() == [-np.inf] * 3


# Indices that are computed


def test_computed_indices() -> None:
    def body(x: Any, table: Any) -> Any:
        i, j = np.floor(np.abs(x[0, 0]) * 2).astype(int) % 3, np.argmax(x, axis=1)
        y = x.copy()
        y[i] = 1.5
        y[1, i] += 2.0
        y[i, 2] = x[i, 1]
        return x[i], x[:, i], x[1, i], x[i, 1:3], x[0][j], y, x[i - 3], table[i * 7], table[j - 30]

    check(of(body), [rng.normal(size=(3, 4))], (), [rng.normal(size=40)])


def test_computed_indices_in_a_batch() -> None:
    def body(carry: Any, _: Any, params: Any) -> Any:
        i, (table, own) = carry[0], params
        return (i + 3,), (table[i % 40], own[i % 6], own[-1 - i % 2])

    size = ABREAST + 2
    firsts, table, own = np.arange(size), rng.normal(size=40), rng.normal(size=(size, 6))
    loop = loop_of_body(body, [0], (), [table, own[0]])
    found = space_for(loop, 5, size)
    assert machine_code(loop, [True, False, True], size)(firsts, table, own, *constants_of(loop), *found, 5, size)
    for k in range(size):
        expected = looped(body, [firsts[k]], (), [table, own[k]], 5)
        for one, other in zip(of_element(loop, found, k), expected, strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("size", [3, 40])  # in registers, and in memory
def test_an_index_out_of_bounds_fails_the_check(size: int) -> None:
    def body(carry: Any, _: Any, params: Any) -> Any:
        return (carry[0] + 1,), (params[0][carry[0]],)

    loop, table = loop_of_body(body, [0], (), [np.arange(float(size))]), np.arange(float(size))
    for first, count, holds in ((0, size, True), (0, size + 1, False), (-size, 2 * size, True), (-size - 1, 1, False)):
        assert machine_code(loop)(np.array(first), table, *space_for(loop, count), count) is holds


# Loops


def step_of_everything(carry: Any, rows: Any, params: Any) -> Any:
    x, m, i = carry
    u, b = rows
    a, h = params
    x = np.where(m, x * 0.5 + h * (a @ x), np.maximum(x, u))
    y = np.stack([x[1], np.sum(x), -x[0]])
    return (y, b ^ (x > 0), i + 1), (y[:2], np.float32(0.5) * y.astype(np.float32), m, i * 2)


def arguments_of_everything(batch: tuple[int, ...] = ()) -> tuple[list[Any], list[Any], list[Any]]:
    carried = [rng.normal(size=(*batch, 3)), rng.random((*batch, 3)) > 0.5, rng.integers(0, 9, batch)]
    rows = [rng.normal(size=(*batch, 7)), rng.random((*batch, 7)) > 0.5]
    return carried, rows, [rng.normal(size=(*batch, 3, 3)), rng.normal(size=batch)]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_loops_of_any_count_forwards_and_backwards(count: int, backwards: bool) -> None:
    carried, rows, params = arguments_of_everything()
    check(step_of_everything, carried, [x[:count] for x in rows], params, count, backwards, close=1e-14)


def test_without_an_iteration_the_final_values_are_the_first() -> None:
    carried, rows, params = arguments_of_everything()
    loop = loop_of_body(step_of_everything, carried, rows, params)
    space = space_for(loop, 0)
    assert machine_code(loop)(*map(np.asarray, (*carried, *[x[:0] for x in rows], *params)), *space, 0) is True
    for first, last in zip(carried, space, strict=False):
        np.testing.assert_array_equal(last, first)


@pytest.mark.one_in(5)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("batched", ["1111111", "1000101", "0000100", "0100000", "0001010", "0000000"])
def test_batches_are_what_their_elements_are(batched: str, backwards: bool) -> None:
    sizes = (1, 2, ABREAST - 1, ABREAST, 2 * ABREAST + 3)
    carried, rows, params = arguments_of_everything((max(sizes),))
    given = [*carried, *rows, *params]
    alone = [[x[k] for x in given] for k in range(max(sizes))]
    loop = loop_of_body(step_of_everything, alone[0][:3], alone[0][3:5], alone[0][5:], backwards)
    one = machine_code(loop)
    for size in sizes:
        several = machine_code(loop, [of == "1" for of in batched], size)
        found = space_for(loop, 7, size)
        arrays = [x[:size].copy() if of == "1" else np.array(x[0]) for x, of in zip(given, batched, strict=True)]
        of_batch = [*arrays]
        for i in (3, 4):  # of which the rows come first
            of_batch[i] = np.swapaxes(arrays[i], 0, 1).copy() if batched[i] == "1" else arrays[i]
        assert several(*of_batch, *found, 7, size) is True
        for k in range(size):
            expected = space_for(loop, 7)
            one(*[np.array(x[k]) if of == "1" else x for x, of in zip(arrays, batched, strict=True)], *expected, 7)
            for a, b in zip(of_element(loop, found, k), expected, strict=True):
                assert_same(a, b)


def test_values_that_change_places_and_such_that_never_change() -> None:
    def body(carry: Any, _: Any, __: Any) -> Any:
        a, b, c, fixed = carry
        return (b, a, a + fixed, fixed), (c, fixed * 2, a)

    check(body, [1.0, 2.0, 3.0, 4.0], count=5)


def test_parts_that_overlap_and_a_recurrence_of_two_steps() -> None:
    """As the rolling of a Python loop makes them, which `scan` does not."""

    def variable(x: Any) -> Any:
        made = loop_of_body(lambda c, _, __: (c, ()), [x]).arguments[0]
        made.memory = Memory(ARGUMENT, x)
        return made

    table, before, now, here, further = map(variable, (np.zeros(9), 0.0, 0.0, 0.0, np.zeros(2)))
    total, new = variable(0.0), variable(0.0)
    calls = [
        Call(np.add, (before, here), {}, total, None, False, "file:1", None),
        Call(np.add, (total, further), {}, (sums := variable(np.zeros(2))), None, False, "file:2", None),
        Call(np.add.reduce, (sums,), {}, new, None, False, "file:3", None),
    ]
    inputs: list[Same | Part | Carried] = [
        Carried(before, 1, now),
        Carried(now, 2, new),
        Part(here, 0, 0, (), 1),
        Part(further, 0, 3, (-2,), 1, backwards=True),
    ]
    loop = Loop(calls, inputs, [table, variable(0.0), variable(0.0)], [new, before], [(sums, True)])
    x, found = rng.normal(size=9), [np.empty(()), np.empty(()), np.empty((4, 2))]
    machine_code(loop)(x, np.array(0.5), np.array(0.25), *found, 4)
    a, b, rows = np.float64(0.5), np.float64(0.25), []
    for j in range(4):
        first = a
        rows.append(a + x[j] + x[[3 + 3 - j, 1 + 3 - j]])
        a, b = b, np.add.reduce(rows[-1])
    for one, other in zip(found, (b, first, np.stack(rows[::-1])), strict=True):
        assert_same(one, np.asarray(other))


def test_a_float_of_python_takes_the_dtype_of_what_it_meets() -> None:
    loop = loop_of_body(of(lambda x, y: (x * y,)), [np.ones(2, np.float32)], (), [0.1])
    number = TracedFloat(0.1, None, lambda leaves: 0.1)
    given = next(x for x in loop.inputs if isinstance(x, Same) and x.argument == 1)
    for call in loop.calls:
        call.args = tuple(number if x is given.variable else x for x in call.args)
        if isinstance(call.result, Traced) and call.result.dtype == np.float64:
            call.result.value = call.result.value.astype(np.float32)
    given.variable = loop.arguments[1] = number
    found = space_for(loop, 2)
    machine_code(loop)(np.ones(2, np.float32), np.array(0.1), *found, 2)
    assert_same(found[1][0], np.ones(2, np.float32) * 0.1)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("batched", ["10", "01", "11"])
def test_functions_of_what_a_batch_shares_and_of_what_it_does_not(batched: str) -> None:
    def body(carry: Any, _: Any, params: Any) -> Any:
        (x, y, z), (w,) = carry, params
        return (np.sin(x * w), np.tanh(y) + 0.5, np.cos(y)), (np.exp(-y) * np.cos(x) + z, np.sin(w) * np.exp(y))

    x, w, z = (rng.normal(size=(ABREAST + 1, 3)) for _ in range(3))
    y, on = rng.normal(size=3), [batched[0] == "1", False, True, batched[1] == "1"]
    loop = loop_of_body(body, [x[0], y, z[0]], (), [w[0]])
    for size in range(1, ABREAST + 2):
        found, all_of_them = space_for(loop, 4, size), (x, None, z, w)
        given = [y if each is None else each[:size] if b else each[0] for each, b in zip(all_of_them, on, strict=True)]
        assert machine_code(loop, on, size)(*given, *found, 4, size)
        for k in range(size):
            *carried, last = [each[k] if b else each for each, b in zip(given, on, strict=True)]
            for one, other in zip(of_element(loop, found, k), looped(body, carried, (), [last], 4), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-15)


def test_loops_of_many_arrays_which_are_taken_by_a_table() -> None:
    def body(carry: Any, rows: Any, params: Any) -> Any:
        made = tuple(x + 0.1 * (params[0] * carry[i - 1] - x * x) for i, x in enumerate(carry))
        return made, tuple(x > 0 for x in carry)

    carried, params = list(rng.normal(size=7)), [0.3]
    check(body, carried, (), params)
    loop, size = loop_of_body(body, carried, (), params), ABREAST + 1
    several = machine_code(loop, [True] * 7 + [False], size)
    given = [np.repeat(x, size) * np.arange(size) for x in carried]
    found = space_for(loop, 3, size)
    assert several(*given, np.array(0.3), *found, 3, size)
    for k in range(size):
        expected = space_for(loop, 3)
        machine_code(loop)(*[np.array(x[k]) for x in given], np.array(0.3), *expected, 3)
        for one, other in zip(of_element(loop, found, k), expected, strict=True):
            assert_same(one, other)
    for wrong in (np.float32(1).reshape(()), np.ones((3, 3)).T[:2]):
        with pytest.raises(TypeError, match="compiled for a contiguous array of float64"):
            machine_code(loop)(wrong, *map(np.array, carried[1:]), np.array(0.3), *space_for(loop, 3), 3)


def test_checks_of_values() -> None:
    """The inner derivative asks whether it is finite."""

    def body(carry: Any, _: Any, __: Any) -> Any:
        return (carry[0] - 0.1 * grad(lambda x: np.sum(x**3))(carry[0]),), ()

    x = np.array([1.0, 2.0])
    check(body, [x], close=1e-15)
    loop = loop_of_body(body, [x])
    for first, count, holds in ((x, 3, True), (np.array([1.0, np.nan]), 3, False), (np.array([1e200, 1.0]), 2, False)):
        found = machine_code(loop)(first, *constants_of(loop), *space_for(loop, count), count)
        assert found is holds


def test_equal_loops_are_one_function_and_others_are_not() -> None:
    x = np.ones(2)
    one, same, other = (loop_of_body(of(lambda x, k=k: (x + k,)), [x]) for k in (1.5, 1.5, 2.5))
    first, last = (loop_of_body(of(lambda x: (x + 1.5,)), [x], backwards=backwards) for backwards in (False, True))
    codes: list[Any] = [machine_code(loop) for loop in (one, same, first, other, last)]
    codes.append(machine_code(one, [True]))
    runs = [id(code.run) for code in codes]
    assert runs[0] == runs[1] == runs[2]
    assert len(set(runs)) == 4


# What is refused


def draws(x: Any) -> Any:
    return np.sort(x), x


def writes(carry: Any, rows: Any, _: Any) -> Any:
    rows[0][0] = 1.0
    return carry, ()


@pytest.mark.parametrize(
    ("body", "carried", "given", "why"),
    [
        (of(draws), [np.ones(3)], (), r"it calls sort \(line .*test_elements.py:\d+\)"),
        (of(lambda x: (x.astype(np.int32),)), [np.ones(3)], (), "dtype int32"),
        (of(lambda x: (x * 1j,)), [np.ones(3)], (), "computes with a complex"),
        (of(lambda x: (np.sum(x > 0, dtype=bool),)), [np.ones(3)], (), "it calls sum with a dtype"),
        (of(lambda x: (np.linalg.inv(np.diag(x)),)), [np.ones(9)], (), "9 unknowns"),
        (of(lambda x: (np.tensordot(x, x),)), [np.ones((2, 2))], (), "it calls tensordot"),
        (of(lambda x: (np.pad(x, 1, mode="mean"),)), [np.ones(3)], (), "it calls pad in a way that is not known"),
        (writes, [1.0], [np.ones((4, 2))], "it writes to an argument"),
    ],
)
def test_what_is_no_such_arithmetic_is_refused_with_the_reason(body: Any, carried: Any, given: Any, why: str) -> None:
    loop = loop_of_body(body, carried, given)
    with pytest.raises(Unsuitable, match=why):
        machine_code(loop)


@pytest.mark.parametrize("wrong", [np.ones(6)[::2], np.ones(3, np.float32)])
def test_arrays_with_gaps_or_of_another_dtype_are_refused(wrong: Array) -> None:
    loop = loop_of_body(of(lambda x: (x * 2,)), [np.ones(3)])
    with pytest.raises(Exception, match="compiled for a contiguous array of float64"):
        machine_code(loop)(wrong, *space_for(loop, 2), 2)
    loop.arguments[0].value = np.ones(4)
    with pytest.raises(Unsuitable, match="another number of elements"):
        machine_code(loop)


def test_many_calls_on_single_numbers_are_not_made_nests() -> None:
    def body(carry: Any, _: Any, __: Any) -> Any:
        return tuple(x + 0.1 * (carry[i - 1] - x * x * x) for i, x in enumerate(carry)), ()

    loop = loop_of_body(body, list(rng.normal(size=120)))
    assert len(Elements(Steps(loop)).order) > loop_machine.FEW
    assert isinstance(loop_machine.form_of(loop), Elements)


def test_bodies_that_are_too_large_are_refused_at_once() -> None:
    x = np.ones(60)
    with pytest.raises(Unsuitable, match=r"3,\d\d\d operations"):
        Elements(Steps(loop_of_body(of(lambda x: (x[:, None] * x,)), [x])))
    with pytest.raises(Unsuitable, match="array of 4,000 numbers"):
        Elements(Steps(loop_of_body(of(lambda x: (x * 2,)), [np.ones(4000)])))
    with pytest.raises(Unsuitable, match=r"more than 20,000 operations"):
        Elements(Steps(loop_of_body(of(lambda x: (np.sum(x[:, None] @ x[None] @ x[:, None]),)), [np.ones(200)])))


def test_what_nothing_needs_is_not_computed() -> None:
    def body(x: Any) -> Any:
        np.exp(x) * 2
        return (x + 1.0,)

    elements = Elements(Steps(loop_of_body(of(body), [np.ones(3)])))
    names = {elements.values.operations[v][0] for v in elements.order}
    assert names == {"state", "number", "multiply", "add"}


# Random bodies


def drawn_body(choices: list[tuple[int, int, int, int]]) -> Body:
    """Return a body that makes one array after the other from those before it, and carries some of them on."""

    def body(carry: Any, rows: Any, params: Any) -> Any:
        pool = [*carry, *rows, *params]
        for kind, i, j, k in choices:
            x, y = pool[-1 - i % len(pool)], pool[-1 - j % len(pool)]
            try:
                np.broadcast_shapes(x.shape, y.shape)
            except ValueError:
                y = y.ravel()[k % y.size]
            pool.append(_OPERATIONS[kind % len(_OPERATIONS)](x, y, k))
        made = [next((y for y in reversed(pool) if y.shape == x.shape and y is not x), x) for x in carry]
        return tuple(made), tuple(pool[-3:])

    return body


def _written(x: Any, y: Any, k: int) -> Any:
    made = (x + np.zeros(2)[:, None, None])[0] if k % 2 else np.array(x, ndmin=1)
    view = [made.T, made[::-1], made.reshape(-1), made[..., ::2]][k % 4]
    view[k % len(view)] = y.ravel()[0]
    view *= 0.5
    return made


_OPERATIONS: list[Callable[[Any, Any, int], Any]] = [
    lambda x, y, k: x + y,
    lambda x, y, k: x - y * (k - 3.5),
    lambda x, y, k: x * y,
    lambda x, y, k: x / (1 + np.abs(y)),
    lambda x, y, k: np.where(x > y, x, y * 0.5),
    lambda x, y, k: np.where((x > 0) & ~(y < k), x, -y),
    lambda x, y, k: np.maximum(x, y) if k % 2 else np.minimum(x, k),
    lambda x, y, k: x.sum(k % x.ndim) if x.ndim else x,
    lambda x, y, k: x.mean() + y,
    lambda x, y, k: np.max(x, keepdims=True) - y,
    lambda x, y, k: x.T,
    lambda x, y, k: np.concatenate([x.ravel(), y.ravel()])[:6],
    lambda x, y, k: np.stack([x.ravel()[0], y.ravel()[-1], np.float64(k)]),
    lambda x, y, k: x.ravel()[:: -1 if k % 2 else 1],
    lambda x, y, k: np.clip(x, -1.0, k),
    lambda x, y, k: np.sqrt(np.abs(x)) * (x >= y),
    lambda x, y, k: np.cumsum(x.ravel()[:5]),
    lambda x, y, k: np.pad(x, 1)[1:] if x.ndim == 1 else np.roll(x, k),
    lambda x, y, k: x[None] * y,
    lambda x, y, k: np.floor(x * 3) % (k + 2),
    _written,
    _written,
]


@few(2)
@given(
    st.lists(st.tuples(*[st.integers(0, 99)] * 4), min_size=5, max_size=14),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_random_bodies(choices: Any, backwards: bool, seed: int) -> None:
    body, numbers = drawn_body(choices), np.random.default_rng(seed)
    carried = [numbers.normal(size=shape) for shape in ((3,), (2, 3), ())]
    given = [numbers.normal(size=(3, *shape)) for shape in ((3,), ())]
    params = [numbers.normal(size=(2, 3))]
    with np.errstate(all="ignore"):
        check(body, carried, given, params, 3, backwards)
        loop = loop_of_body(body, carried, given, params, backwards)
    several = [np.stack([x, x * 0.5] * (ABREAST // 2) + [x]) for x in carried]
    size = ABREAST + 1
    found, rest = space_for(loop, 3, size), [*given, *params, *constants_of(loop)]
    assert machine_code(loop, [True] * 3 + [False] * len(rest), size)(*several, *rest, *found, 3, size) is True
    for k in (0, 1, ABREAST):
        expected = space_for(loop, 3)
        machine_code(loop)(*[np.array(x[k]) for x in several], *rest, *expected, 3)
        for a, b in zip(of_element(loop, found, k), expected, strict=True):
            assert_same(a, b)


def test_every_operator_of_numbers_is_the_ufunc() -> None:
    """Of scalars, which a program notes as operators."""

    def body(carry: Any, _: Any, __: Any) -> Any:
        x, y = carry[0][0], carry[0][1]
        names = ("add", "sub", "mul", "truediv", "floordiv", "mod", "lt", "le", "gt", "ge", "eq", "ne")
        made, a, b = [getattr(operator, name)(x, y) for name in names], x > 0, y > 0
        return (carry[0] * 0.5,), (*made, -x, +x, abs(x), a & b, a | b, a ^ b, ~a)

    check(body, [np.array([-1.7, 0.6])])
