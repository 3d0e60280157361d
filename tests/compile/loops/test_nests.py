"""Loops as loop nests over arrays: the same bits as a Python loop over NumPy.

Sums and arithmetic are the same to the last bit; products of matrices and functions such as exp differ by rounding.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import vjp
from autograd.transforms.compile.fused.body import Body
from autograd.transforms.compile.fused.elements import Elements
from autograd.transforms.compile.fused.loop_machine import MachineCode
from autograd.transforms.compile.fused.nest_steps import Nest
from autograd.transforms.compile.fused.nests import Nests
from autograd.transforms.compile.loops.loop import Carried, Loop, Part, Unsuitable

from ...thorough import few
from .bodies import constants_of, loop_of_body

Array = np.ndarray[Any, Any]
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -7.25, 1e300, -1e300, 5e-324, np.inf, -np.inf, np.nan])


def by_python(body: Any, carried: Any, rows: Any, params: Any, count: int, backwards: bool) -> tuple[Any, Any]:
    """Run a body by Python; return the final values and the rows, which without an iteration are none."""
    stacked: list[Any] = []
    for j in range(count):
        number = count - 1 - j if backwards else j
        carried, made = body(tuple(map(np.asarray, carried)), tuple(x[number] for x in rows), params)
        stacked.append([np.array(x) for x in made])
    if backwards:
        stacked.reverse()
    return carried, [np.stack(x) for x in zip(*stacked, strict=True)]


def by_nests(loop: Loop, carried: Any, rows: Any, params: Any, count: int) -> tuple[bool, Any, Any]:
    """Run a loop by machine code."""
    run = MachineCode(Nests(Body(loop)))
    finals = [np.empty(np.shape(x.value), x.dtype) for x in loop.finals]  # type: ignore[attr-defined]
    stacked = [np.empty((count, *np.shape(x.value)), x.dtype) for x, _ in loop.stacked]  # type: ignore[attr-defined]
    arguments = [np.ascontiguousarray(x) for x in (*carried, *rows, *params)] + constants_of(loop)
    before = [x.copy() for x in arguments]
    held = run(*arguments, *finals, *stacked, count)
    for x, y in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(x, y)
    return held, finals, stacked


def assert_same(found: Any, expected: Any) -> None:
    """Assert that arrays are the same to the last bit, except for what is within a nan."""
    for one, other in zip(found, expected, strict=True):
        other = np.asarray(other)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
        if other.dtype.kind == "f":
            number = ~np.isnan(other)
            np.testing.assert_array_equal(np.signbit(one)[number], np.signbit(other)[number])


def check(
    body: Any,
    carried: Any,
    rows: Any = (),
    params: Any = (),
    *,
    counts: Sequence[int] = (1, 2, 5),
    tolerance: float = 0,
    directions: Sequence[bool] = (False,),
) -> Nests:
    """Compare a body's loop with Python, for several counts and directions: False is forwards."""
    for backwards in directions:
        loop = loop_of_body(body, carried, rows, params, backwards)
        for count in counts:
            with np.errstate(all="ignore"):
                expected = by_python(body, carried, rows, params, count, backwards)
                held, *found = by_nests(loop, carried, rows, params, count)
            assert held
            for one, other in zip(found, expected, strict=True):
                if not tolerance:
                    assert_same(one, other)
                for x, y in zip(one, other, strict=True):
                    np.testing.assert_allclose(x, y, tolerance, tolerance)
    return Nests(Body(loop))


# Random bodies


def _alike(x: Array, y: Array) -> Array:
    """Return `y` as something that can be broadcast with `x`."""
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return np.asarray(np.sum(y.copy()))
    return y


def _written(x: Array, y: Array) -> Array:
    z = x.copy()
    z[..., 1:] = z[..., :-1] * 0.5
    z[...] += 1
    if z.ndim:
        z[:1] = np.sum(y.copy())
        z[::-1][:2] *= 2
    return z


def _in_place(x: Array, y: Array) -> Array:
    z = x + 1.0
    np.multiply(z, 2.0, out=z)
    if z.ndim and len(z) > 1:
        np.add(z[1:], z[:-1], out=z[1:])  # which overlap
    return z


def _zeros(x: Array, y: Array) -> Array:
    z = np.zeros_like(x)
    z[1:] = x[:-1]
    z[:1] += 3
    return z + x


OPERATIONS: list[Callable[[Array, Array], Any]] = [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y, np.maximum, np.minimum,
    lambda x, y: np.where(x > y, x, y * 0.5), lambda x, y: np.where(np.logical_or(x < y, np.isnan(x)), 1.0, x),
    lambda x, y: -abs(x), lambda x, y: np.sqrt(abs(x)), lambda x, y: np.sign(x) * y, lambda x, y: np.floor(x) + y,
    lambda x, y: np.clip(x, -1.0, 2.0), lambda x, y: x**2, lambda x, y: 1 / x, lambda x, y: x >= y,
    lambda x, y: (x > 0) & ~(y > 0), lambda x, y: np.copysign(x, y), lambda x, y: np.sum(x.copy()),
    lambda x, y: (x > 0).any() | (y > 0).all(), lambda x, y: x.reshape(-1), lambda x, y: x.T, lambda x, y: x[None],
    lambda x, y: np.broadcast_to(x, (2, *x.shape)), lambda x, y: np.stack([x, x * 2], -1),
    lambda x, y: np.concatenate([x.ravel(), y.ravel(), np.ones(2)]), lambda x, y: np.pad(x, 1), np.outer,
    lambda x, y: np.flip(x), lambda x, y: x.astype(np.float32) * 3, lambda x, y: x.astype(np.float64) - y,
    lambda x, y: x.ravel()[:1],
]  # fmt: skip
# of arrays with an axis, and with elements
OF_ARRAYS: list[Callable[[Array, Array], Any]] = [
    lambda x, y: np.sum(x.copy(), 0), lambda x, y: x.copy().sum(-1, keepdims=True) + x,
    lambda x, y: np.max(abs(x), axis=0),
    lambda x, y: np.mean(x.copy(), -1), lambda x, y: np.min(abs(x)), lambda x, y: x[1:], lambda x, y: x[::-1],
    lambda x, y: x[..., ::2], lambda x, y: np.roll(x, 1), lambda x, y: np.roll(x, -2, 0),
    lambda x, y: np.pad(x, 1, "edge"), lambda x, y: x[[0, -1, 0]], lambda x, y: np.outer(x, y)[:3, :4],
    lambda x, y: np.swapaxes(x, 0, -1) * x.T, lambda x, y: x[0], lambda x, y: np.repeat(x, 2, 0), _written, _zeros,
    _in_place,
]  # fmt: skip
ALL = OPERATIONS + OF_ARRAYS
LARGEST = 4_000


def _same_kind(x: Array, y: Array) -> bool:
    return bool(x.shape == y.shape and x.dtype == y.dtype)


def random_body(program: list[tuple[int, int, int]], writes: list[int]) -> Any:
    """Return a body that makes an array for each triple, an operation and what it is applied to."""

    def body(carried: Any, rows: Any, params: Any) -> Any:
        made = [*carried, *rows, *params]
        for operation, i, j in program:
            x, y = made[-1 - i % len(made)], made[-1 - j % len(made)]
            if x.dtype == bool:
                x = np.where(x, 2.0, -1.0)
            known = ALL if x.ndim and x.size else OPERATIONS
            with np.errstate(all="ignore"):
                found = known[operation % len(known)](x, _alike(x, y * 1.0))
            if found.size <= LARGEST and found.ndim < 5:
                made.append(found)
        places = [
            next((k for k in reversed(range(len(made))) if k != i and _same_kind(made[k], c)), i)
            for i, c in enumerate(carried)
        ]
        following = tuple(made[k] * 0.5 if k == i else made[k] for i, k in enumerate(places))
        return following, tuple(made[w % len(made)] for w in writes)

    return body


SHAPES = st.sampled_from(
    [(), (1,), (3,), (0,), (17,), (100,), (4, 5), (1, 6), (3, 1), (2, 3, 4), (0, 3), (9, 8), (2, 40)]
)


@few(4)
@given(
    st.lists(st.tuples(SHAPES, st.sampled_from([np.float64, np.float32])), min_size=1, max_size=3),
    SHAPES,
    st.lists(st.tuples(*[st.integers(0, 200)] * 3), min_size=1, max_size=12),
    st.lists(st.integers(0, 20), max_size=3),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_random_bodies(shapes: Any, row: Any, program: Any, writes: Any, backwards: bool, random: Any) -> None:
    def numbers(shape: tuple[int, ...], dtype: Any) -> Array:
        size = int(np.prod(shape))
        with np.errstate(all="ignore"):
            return (
                np.array(
                    [random.choice(SPECIAL) if random.random() < 0.2 else random.uniform(-3, 3) for _ in range(size)]
                )
                .reshape(shape)
                .astype(dtype)
            )

    carried = [numbers(shape, dtype) for shape, dtype in shapes]
    rows, params = [numbers((3, *row), np.float64)], [numbers(row, np.float64)]
    check(random_body(program, writes), carried, rows, params, counts=(1, 3), directions=(backwards,))


# What random bodies seldom do


@pytest.mark.one_in(4)
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("shape", [(), (19,), (4, 5)])
def test_each_operation(shape: tuple[int, ...], part: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.choice(SPECIAL, shape) if shape else np.array(0.3)
    y = rng.normal(size=shape)

    def body(carried: Any, rows: Any, params: Any) -> Any:
        (x,), (y,) = carried, rows
        with np.errstate(all="ignore"):
            return carried, tuple(f(x, y) for f in (ALL if x.ndim else OPERATIONS)[part::4])

    check(body, [x], [np.stack([y, x])], counts=(2,))


def test_values_that_are_carried_to_each_other() -> None:
    x = [np.arange(70.0) + k for k in range(5)]

    def body(carried: Any, rows: Any, params: Any) -> Any:
        a, b, c, d, e = carried
        # swapped, and three iterations late
        return (b, a, a * 0.5 + d, c, d), (a + b, e, c)

    check(body, x, counts=(1, 2, 3, 7))


def test_carried_values_that_are_parts_of_others() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        a, b, c = carried
        new = a * 1.5 + 1
        return (new, new[1:], new[::-1]), (new, new[::2], new.reshape(10, -1), b, c)

    check(body, [np.arange(70.0), np.arange(69.0), np.arange(70.0)])


def test_one_value_as_several() -> None:
    """What is carried to two inputs, is a final value, and stacked twice."""

    def body(carried: Any, rows: Any, params: Any) -> Any:
        new = carried[0] + carried[1] * 0.5
        return (new, new, rows[0], params[0]), (new, new, carried[0], rows[0], params[0])

    x = np.arange(66.0)
    check(body, [x, x + 1, x, x], [np.stack([x * k for k in range(5)])], [x * 3], directions=(True,))


def test_writes_to_a_carried_copy() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        copy = carried[0].copy()
        part = copy[1:-1]
        part *= 2
        part[...] = part[::-1]
        copy[0] = copy[-1]
        copy.reshape(7, -1)[2] += 1
        return (copy,), (carried[0], part)

    check(body, [np.arange(70.0)])


def test_writes_to_what_is_carried() -> None:
    """What the body writes to is its own: neither the argument nor what was stacked before changes."""
    x = np.arange(70.0)

    def body(carried: Any, rows: Any, params: Any) -> Any:
        copy = carried[0] * 1.0
        new = copy + 1
        return (new,), (copy, new)

    loop = loop_of_body(body, [x])
    (given,) = loop.inputs
    assert isinstance(given, Carried)
    copy = loop.calls[0].result
    for call in loop.calls:  # as if the body had written to the carried array itself
        call.args = tuple(given.variable if y is copy else y for y in call.args)
    loop.calls[0].writes, loop.calls[0].kwargs = given.variable.memory, {"out": given.variable}
    loop.calls[0].args = (given.variable, 2.0)
    loop.stacked[0] = (given.variable, False)
    _, (final,), (doubled, new) = by_nests(loop, [x], [], [], 3)
    for k in range(3):
        np.testing.assert_array_equal(doubled[k], x * 2)
        x = x * 2 + 1
        np.testing.assert_array_equal(new[k], x)
    np.testing.assert_array_equal(final, x)


def test_what_stays_the_same_is_computed_once() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        weights = np.sqrt(params[0]) * 2
        kept = np.zeros((12, 9))
        kept[1:] = weights[1:]
        return (carried[0] @ weights.T @ weights * 0.01 + np.sum(weights, 0),), (weights, kept)

    rng = np.random.default_rng(1)
    found = check(body, [rng.normal(size=(8, 9))], (), [rng.uniform(0, 1, (12, 9))], tolerance=1e-12)
    assert found.before
    assert len(found.steps) < len(found.before) + 8


def test_zeros_around_a_part_are_not_added() -> None:
    """The gradient of slices is a sum of arrays that are zero elsewhere: it is computed part by part, in one nest."""

    def step(x: Array) -> Array:
        return x[1:-1] * x[1:-1] + x[2:] - x[:-2]

    def body(carried: Any, rows: Any, params: Any) -> Any:
        (x,) = rows
        inner = carried[0][1:-1]
        total = np.zeros_like(x)
        for key, part in ((slice(1, -1), 2 * x[1:-1] * inner), (slice(2, None), inner), (slice(None, -2), -inner)):
            padded = np.zeros_like(x)
            padded[key] = part
            total = total + padded
        return (total,), ()

    found = check(body, [np.linspace(-1, 1, 1000)], [np.random.default_rng(2).normal(size=(5, 1000))])
    assert sum(isinstance(step, Nest) and step.shape == (996,) for step in found.steps) == 1
    assert max(step.shape for step in found.steps if isinstance(step, Nest)) <= (998,)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(7,), (1000,), (3, 140), (140, 3), (2, 9, 16)])
def test_sums_have_the_order_of_numpy(shape: tuple[int, ...], dtype: Any) -> None:
    rng = np.random.default_rng(3)
    x = (rng.normal(size=shape) * 10.0 ** rng.integers(-5, 5, shape)).astype(dtype)

    def sums(carried: Any, rows: Any, params: Any) -> Any:
        (x,) = carried
        return (x,), tuple(f(x, axis) for axis in (None, *range(x.ndim)) for f in (np.sum, np.mean, np.prod))

    def of_views(carried: Any, rows: Any, params: Any) -> Any:
        (x,) = carried
        views = [x[::-1], x.T, x[..., ::2], np.swapaxes(x, 0, -1)[..., ::-1]]
        found = [np.sum(abs(view), axis) for view in views for axis in (None, 0, (0, x.ndim - 1)[: x.ndim])]
        return (x,), (*found, np.max(x), np.min(x, 0), np.max(x, -1), np.sum(x, (0, -1)[: x.ndim]))

    check(sums, [x], counts=(1,))
    if dtype is np.float64:
        check(of_views, [x], counts=(1,), tolerance=1e-14)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("sizes", [(1, 5, 40), (3, 7, 1), (6, 33, 13), (5, 1, 6), (1, 90, 1), (2, 0, 3)])
def test_products(sizes: tuple[int, int, int]) -> None:
    """Products of all layouts: vectors, matrices, stacks, transposed or not, the same in each iteration or not."""
    rng = np.random.default_rng(4)
    m, k, n = sizes
    a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))

    def body(carried: Any, rows: Any, params: Any) -> Any:
        a, b, at, bt = carried
        found = [a @ b, at.T @ b, a @ bt.T, at.T @ bt.T, np.dot(a, b), (bt @ at).T]
        found += [a[0] @ b, a @ b[:, 0], np.dot(a[0], b[:, 0]), at.T @ bt[0]]
        pa, pb = params
        found += [pa @ b, a @ pb, pa.T.T @ pb, pb.T @ at, pa @ b[:, -1], np.vecdot(a, bt[:1])]
        found += [np.stack([a, a + 1]) @ np.stack([b, b]), np.outer(a[:, :2], b)]
        return (a, b, at, bt), tuple(found)

    check(body, [a, b, a.T.copy(), b.T.copy()], (), [a, b], counts=(2,), tolerance=1e-13)


def test_products_of_single_precision() -> None:
    x = np.random.default_rng(4).normal(size=(5, 20)).astype(np.float32)
    check(lambda c, r, p: ((c[0],), (c[0] @ c[0].T, c[0].T @ c[0])), [x], counts=(1,), tolerance=1e-5)


def test_functions() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        (x,) = carried
        found = [np.exp(x), np.tanh(x), np.log(abs(x)), np.sin(x), np.cos(x), abs(x) ** 1.7, np.expm1(x), x**3, x**-1.0]
        return (x,), tuple(found)

    for dtype, tolerance, n in ((np.float64, 1e-15, 101), (np.float32, 5e-7, 5)):
        check(body, [np.linspace(-4, 5.3, n).astype(dtype)], counts=(1,), tolerance=4 * tolerance)


def test_a_cell_and_its_derivative() -> None:
    def cell(h: Any, x: Any, w: Any, u: Any) -> Any:
        gate = 1 / (1 + np.exp(-(x @ w + h @ u)[:, :8]))
        return (1 - gate) * h + gate * np.tanh(h @ u[:, :8])

    def backwards(carried: Any, rows: Any, params: Any) -> Any:
        (g, gw, gu), (h, x) = carried, rows
        gh, gx, dw, du = vjp(cell, h, x, *params)[1](g)
        return (gh, gw + dw, gu + du), (gx,)

    rng = np.random.default_rng(5)
    h, w, u = rng.normal(size=(4, 8)), rng.normal(size=(6, 16)), rng.normal(size=(8, 16)) * 0.3
    rows = [rng.normal(size=(5, 4, 8)), rng.normal(size=(5, 4, 6))]
    check(backwards, [h, 0 * w, 0 * u], rows, [w, u], tolerance=1e-12)


def test_elements_at_known_places() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        (x,), (y,) = carried, rows
        z = x * 2
        z[[0, 3, 0], 1:4] = y[:3, :3]
        np.add.at(z.T, [4, 1, 4, 2], y[:, :4].T)
        np.add.at(z, [5, 5, 0], 1.5)
        z.ravel()[[7, 29]] = 0.5
        return (z * 0.5,), (x[:, [2, 2, 0]], x[[1, 4]].T, z)

    rng = np.random.default_rng(7)
    check(body, [rng.normal(size=(6, 5))], [rng.normal(size=(5, 6, 5))])


def test_dtypes() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        x, mask, number = carried
        new = np.where(mask, x, x * 2)
        counted = np.sum(mask) + number
        return (new + counted * np.float64(0.5), new > 1, number * 2 - 1), (
            mask,
            mask.astype(np.float32),
            counted,
            ~mask,
        )

    x = np.linspace(-1, 2, 77)
    check(body, [x, x > 0, np.arange(77) - 5])


def test_reductions_of_bools() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        (x,), (y,) = carried, rows
        return (x,), tuple(f(y > 0, axis) for f in (np.max, np.min, np.sum, np.prod, np.any) for axis in (None, 0, 1))

    check(body, [0.0], [np.random.default_rng(8).normal(size=(3, 40, 3)) + 0.7], counts=(3,))


def test_parts_of_arguments() -> None:
    """Elements of an argument that advance: matrices turned over, rows that overlap, one element for all."""
    x = np.arange(400.0)
    positions = [np.arange(12).reshape(3, 4).T[::-1], np.arange(60)[::2], np.broadcast_to(3, 5), np.array(7)]
    for place, backwards in zip(positions, (True, False, False, True), strict=True):
        loop = loop_of_body(lambda c, r, p: ((c[0] + 1,), (r[0] * 2,)), [np.zeros(3)], [np.stack([place * 1.0] * 2)])
        part = next(given for given in loop.inputs if isinstance(given, Part))
        part.start, part.strides = int(place.flat[0]), tuple(s // 8 for s in place.strides)
        part.step, part.backwards = 5, backwards
        run, made = MachineCode(Nests(Body(loop))), np.empty((4, *place.shape))
        loop.arguments[1].value = x
        assert run(np.zeros(3), x, np.empty(3), made, 4)
        for j in range(4):
            np.testing.assert_array_equal(made[j], 2 * x[place + 5 * (3 - j if backwards else j)])


def test_no_iteration_gives_the_first_values() -> None:
    x, y = np.arange(70.0), np.arange(70.0) + 5

    def body(carried: Any, rows: Any, params: Any) -> Any:
        return (carried[1], carried[0] * 2), (carried[0],)

    held, finals, _ = by_nests(loop_of_body(body, [x, y]), [x, y], [], [], 0)
    assert held
    np.testing.assert_array_equal(finals, [x, y])


def _sorted_in_place(x: Array) -> Array:
    x = x.copy()
    x.sort()
    return x


def _changed(change: Callable[[Array], Any]) -> Callable[[Array], Array]:
    def operation(x: Array) -> Array:
        x = x * 0.5
        change(x)
        return x

    return operation


_WAYS: dict[str, Callable[[Array], Any]] = {
    "tril": np.tril,
    "triu": lambda x: np.triu(x, 1),
    "diag": np.diag,
    "diag of a vector": lambda x: np.diag(x[0], 1)[1:, :-1],
    "diagflat": lambda x: np.diagflat(x[:, 0]),
    "pad": lambda x: np.pad(x, 1)[2:, :-2],
    "pad with a number": lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=2.5)[:-1, 2:],
    "pad by the edge": lambda x: np.pad(x, 1, mode="edge")[2:, :-2],
    "pad by reflection": lambda x: np.pad(x, 1, "reflect")[2:, :-2],
    "append": lambda x: np.append(x, [x[0]], axis=0)[1:],
    "append flat": lambda x: np.append(x, 3.0)[-len(x) :],
    "many numbers": lambda x: np.stack([*x[0], *x[1], 0.5])[: len(x)],
    "several in no order": lambda x: np.stack([*x[0], *x[:, 1]] * 3)[[7, 0, 9, 1, 3]][:, None],
    "copyto": _changed(lambda x: np.copyto(x, -x, where=x > 0.2)),
    "putmask": _changed(lambda x: np.putmask(x, x > 0.2, 7.0)),
    "place": _changed(lambda x: np.place(x, x > 0.2, 7.0)),
    "fill": _changed(lambda x: x[1].fill(7.0)),
    "fill_diagonal": _changed(lambda x: np.fill_diagonal(x, 7.0)),
    "add.at": _changed(lambda x: np.add.at(x, [0, 0, 1], x[2])),
    "a mask": _changed(lambda x: x.__setitem__(x > 0.2, 7.0)),
    "flat": _changed(lambda x: x.flat.__setitem__(3, 7.0)),
    "var": lambda x: np.var(x, axis=1, ddof=1),
    "std": lambda x: x.std(axis=0, keepdims=True),
    "nan_to_num": lambda x: np.nan_to_num(np.where(x > 0.2, x, np.where(x > -0.5, np.nan, -np.inf)), True, 1.5, 2.5),
    "vdot": lambda x: np.vdot(x.T, x),
    "inner": lambda x: np.inner(x, x[:2]).T[1],
    "einsum": lambda x: np.sum(x, -1, float),
    "norm": lambda x: np.linalg.norm(x) + np.linalg.norm(x[0], ord=2),
    "norms": lambda x: np.linalg.norm(x, axis=-1, keepdims=True) * np.linalg.norm(x, 2, 0),
    "norms of matrices": lambda x: np.linalg.norm(np.stack([x, x.T * 2]), axis=(1, 2))[1],
    "largest with a first one": lambda x: np.max(x, 0, initial=0.7) + np.minimum.reduce(x, None, initial=-9.0),
    "solve": lambda x: np.linalg.solve(x[:3, :3], x[:3, 3]).sum(),
    "inv of several": lambda x: np.linalg.inv(np.stack([x[:3, :3], x[1:4, 1:4].T]))[:, 0].sum(),
    "slogdet": lambda x: np.multiply(*np.linalg.slogdet(x[:3, :3])),
    "cumsum": lambda x: np.cumsum(x[0]),
    "trace": lambda x: np.trace(x[1:5]),
}


@pytest.mark.parametrize("name", _WAYS)
def test_moves_writes_and_reductions_of_arrays_and_of_numbers(name: str) -> None:
    """What is spelled out is the same as loop nests: both are made of the same steps."""
    way = _WAYS[name]
    for n in (5, 40) if name != "several in no order" else (5,):
        x = np.random.default_rng(8).normal(size=(n, n))
        check(lambda c, r, p: ((c[0] * 0.5 + way(c[0]) * 0.25,), (way(c[0]),)), [x], tolerance=1e-13)
        if n == 5:
            loop = loop_of_body(lambda c, r, p: ((c[0] * 0.5 + way(c[0]) * 0.25,), (way(c[0]),)), [x])
            final, rows = by_python(
                lambda c, r, p: ((c[0] * 0.5 + way(c[0]) * 0.25,), (way(c[0]),)), [x], [], [], 3, False
            )
            found = [np.empty(np.shape(y)) for y in (*final, *rows)]
            assert MachineCode(Elements(Body(loop)))(x, *constants_of(loop), *found, 3)
            for one, other in zip(found, (*final, *rows), strict=True):
                np.testing.assert_allclose(one, other, 1e-13, 1e-13)


def test_checks_have_to_hold_in_each_iteration() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        _, back = vjp(lambda x: x * rows[0], carried[0])
        return (back(carried[0]),), ()  # which asks whether the gradient is finite

    loop = loop_of_body(body, [np.ones(70)], [np.ones((4, 70))])
    rows = np.ones((4, 70))
    assert by_nests(loop, [np.ones(70)], [rows], [], 4)[0]
    rows[2, 69] = np.inf
    assert by_nests(loop, [np.ones(70)], [rows], [], 2)[0]
    assert not by_nests(loop, [np.ones(70)], [rows], [], 4)[0]


def test_a_singular_matrix_fails_the_check() -> None:
    """What NumPy raises an error for is left to it, also where the matrices are those of a stack."""

    def body(carried: Any, rows: Any, params: Any) -> Any:
        return (carried[0] + np.linalg.inv(rows[0])[1, 0, 0],), ()

    rows = np.random.default_rng(9).normal(size=(4, 3, 2, 2))
    loop = loop_of_body(body, [np.ones(70)], [rows])
    assert by_nests(loop, [np.ones(70)], [rows], [], 4)[0]
    rows[2, 1] = [[1, 2], [2, 4]]
    assert by_nests(loop, [np.ones(70)], [rows], [], 2)[0]
    assert not by_nests(loop, [np.ones(70)], [rows], [], 4)[0]


def test_a_batch() -> None:
    def body(carried: Any, rows: Any, params: Any) -> Any:
        new = carried[0] @ params[0] + rows[0]
        return (new, carried[1] + np.sum(new)), (new,)

    rng = np.random.default_rng(6)
    x, t, rows, w = rng.normal(size=(3, 70)), np.zeros(3), rng.normal(size=(3, 5, 70)), rng.normal(size=(70, 70)) * 0.1
    loop = loop_of_body(body, [x[0], t[0]], [rows[0]], [w])
    by_rows = np.swapaxes(rows, 0, 1).copy()
    for batched, given_rows in (((True, True, True, False), by_rows), ((True, True, False, False), rows[0])):
        finals, stacked = [np.empty((3, 70)), np.empty(3)], np.empty((5, 3, 70))
        assert MachineCode(Nests(Body(loop)), batched)(x, t, given_rows, w, *finals, stacked, 5, 3)
        for i in range(3):
            each = rows[i] if batched[2] else given_rows
            (final, total), (made,) = by_python(body, [x[i], t[i]], [each], [w], 5, False)
            for one, other in ((finals[0][i], final), (finals[1][i], total), (stacked[:, i], made)):
                np.testing.assert_allclose(one, other, 1e-12, 1e-12)


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (lambda x: np.sort(x), "sort"),
        (_sorted_in_place, "sort"),
        (lambda x: np.pad(x, 1, mode="mean"), "calls pad in a way that is not known"),
        (_changed(lambda x: np.multiply.at(x, 0, 2.0)), "multiply.at"),
        (lambda x: np.cumsum(x), "cumsum"),
        (lambda x: x @ x @ x, "large matrices"),
        (lambda x: np.tile(x, (1, 10)), "as fast"),
        (lambda x: np.linalg.inv(x), "inv"),
        (lambda x: np.linalg.inv(x[:9, :9]), "equations of 9 unknowns"),
        (lambda x: np.linalg.norm(x, 1), "norm in a way"),
        (lambda x: np.fmax.reduce(x), "fmax.reduce"),
        (lambda x: (x * 1j).real, "complex"),
        (lambda x: np.sum(x > 0, dtype=bool), "with a dtype"),
    ],
)
def test_what_is_not_known_is_said(operation: Any, reason: str) -> None:
    loop = loop_of_body(lambda c, r, p: ((c[0] + np.sum(operation(c[0])),), ()), [np.eye(200)])
    with pytest.raises(Unsuitable, match=rf"{reason}.*test_nests.py:\d+"):
        Nests(Body(loop))


def test_a_slice_whose_ends_are_computed_is_not_known() -> None:
    loop = loop_of_body(lambda c, r, p: ((c[0] + p[0][r[0] : r[0] + 1],), ()), [np.ones((1, 9))], [[1, 2]], [np.eye(9)])
    with pytest.raises(Unsuitable, match="it has an index that is computed"):
        Nests(Body(loop))
