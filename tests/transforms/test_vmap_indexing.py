"""Indices within `vmap`, and broadcasting and products there: of every kind, against a loop over the batch."""

import itertools
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd import grad, hvp, jvp, tensor, vmap

from ..thorough import THOROUGH

BATCH = 3
EXAMPLES = int(os.environ.get("PLAINGRAD_PROGRAMS", 100 if THOROUGH else 20))
fuzzed = settings(max_examples=EXAMPLES, deadline=None)  # some of each by default, more by hand


def numbers(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def looped(function: Any, *batches: Any) -> Any:
    return np.stack([function(*element) for element in zip(*batches, strict=True)])


@st.composite
def indices(draw: Any) -> tuple[tuple[int, ...], list[Any], list[bool]]:
    """Draw the shape of an element, the parts of an index into it, and which of them have a value for each element."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=4))
    parts: list[Any] = []
    batched: list[bool] = []
    axis, wide = 0, draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3) | st.just(()))
    seen_ellipsis = False
    while axis < len(shape) and draw(st.integers(0, 6)):
        n = shape[axis]
        kind = draw(st.sampled_from(["int", "slice", "new", "ellipsis", "array", "array", "list", "mask"]))
        if kind == "ellipsis":
            if seen_ellipsis:
                continue
            seen_ellipsis = True
            parts.append(Ellipsis)
            batched.append(False)
            skipped = draw(st.integers(0, len(shape) - axis))
            axis += skipped
            rest = len(shape) - axis
            tail = [draw(st.integers(-shape[i], shape[i] - 1) | st.just(slice(None))) for i in range(axis, len(shape))]
            parts += tail
            batched += [False] * rest
            break
        if kind == "new":
            parts.append(None)
            batched.append(False)
            continue
        axis += 1
        if kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
            batched.append(False)
        elif kind == "slice":
            parts.append(draw(st.slices(n)))
            batched.append(False)
        elif kind == "mask":
            parts.append(draw(hnp.arrays(bool, n)))
            batched.append(False)
        elif kind == "list":
            parts.append([draw(st.integers(-n, n - 1))])
            batched.append(False)
        else:
            each = draw(st.booleans())
            own = draw(st.sampled_from([wide, wide[1:], ()]))
            values = hnp.arrays(int, (BATCH, *own) if each else own, elements=st.integers(-n, n - 1))
            parts.append(draw(values))
            batched.append(each)
    return shape, parts, batched


def key_of(parts: list[Any], batched: list[bool], each: list[Any], alone: bool) -> Any:
    """Return the index, with what `vmap` passes, or one element, in place of what is batched."""
    mine = iter(each)
    key = tuple([next(mine) if own else part for part, own in zip(parts, batched, strict=True)])
    return key[0] if alone and len(key) == 1 else key


@fuzzed
@given(indices(), st.booleans(), st.booleans())
def test_reading_and_writing(drawn: Any, batched_x: bool, alone: bool) -> None:
    shape, parts, batched = drawn
    each = [part for part, own in zip(parts, batched, strict=True) if own]
    assume(batched_x or each)
    xs = numbers(BATCH, *shape) if batched_x else np.broadcast_to(numbers(*shape), (BATCH, *shape))
    try:
        expected = looped(lambda x, *i: x[key_of(parts, batched, list(i), alone)], xs, *each)
    except IndexError:
        assume(False)
    shared = tensor(xs[0])

    def read(x: Any, *i: Any) -> Any:
        return (x if batched_x else shared)[key_of(parts, batched, list(i), alone)]

    np.testing.assert_array_equal(np.asarray(vmap(read)(xs, *each)), expected)

    def weighed(x: Any, *i: Any) -> Any:
        found = x[key_of(parts, batched, list(i), alone)]
        return np.sum(np.sin(found) * np.arange(1.0, found.size + 1).reshape(found.shape))

    axes = (0 if batched_x else None, *[0] * len(each))
    x = xs if batched_x else xs[0]
    for derivative in (grad(weighed), lambda x, *i: jvp(lambda x: weighed(x, *i), x, x)[1]):
        np.testing.assert_allclose(
            vmap(derivative, axes)(x, *each), looped(derivative, xs, *each), rtol=1e-12, atol=1e-14
        )

    def curvature(x: Any, *i: Any) -> Any:
        return hvp(lambda x: weighed(x, *i), x, x)

    np.testing.assert_allclose(vmap(curvature, axes)(x, *each), looped(curvature, xs, *each), rtol=1e-12, atol=1e-14)


@fuzzed
@given(indices(), st.booleans(), st.booleans(), st.integers(0, 4))
def test_writing(drawn: Any, batched_value: bool, adds: bool, dropped: int) -> None:
    shape, parts, batched = drawn
    each = [part for part, own in zip(parts, batched, strict=True) if own]
    xs = numbers(BATCH, *shape)
    try:
        selected = [x[key_of(parts, batched, list(i), False)].shape for x, *i in zip(xs, *each, strict=True)]
    except IndexError:
        assume(False)
    assume(len(set(selected)) == 1)
    of_value = selected[0][min(dropped, len(selected[0])) :]
    values = np.linspace(1.0, 2.0, BATCH * int(np.prod(of_value))).reshape(BATCH, *of_value)
    values = values if batched_value else np.broadcast_to(values[0], values.shape)

    def write(x: Any, value: Any, *i: Any) -> Any:
        y = x * 1.0
        key = key_of(parts, batched, list(i), False)
        if adds:
            y[key] += value
        else:
            y[key] = value
        return y

    axes = (0, 0 if batched_value else None, *[0] * len(each))
    given_value = values if batched_value else values[0]
    many = vmap(write, axes)(xs, given_value, *each)
    np.testing.assert_array_equal(many, looped(write, xs, values, *each))

    def weighed(x: Any, value: Any, *i: Any) -> Any:
        y = write(x, value, *i)
        return np.sum(np.sin(y) * np.arange(1.0, y.size + 1).reshape(y.shape))

    derivative = grad(weighed, (0, 1))
    found = vmap(derivative, axes)(xs, given_value, *each)
    expected = [derivative(x, v, *i) for x, v, *i in zip(xs, values, *each, strict=True)]
    for got, parts_of in zip(found, zip(*expected, strict=True), strict=True):
        np.testing.assert_allclose(got, np.stack(parts_of), rtol=1e-12, atol=1e-14)


@fuzzed
@given(indices(), st.booleans())
def test_adding_at_indices(drawn: Any, batched_value: bool) -> None:
    shape, parts, batched = drawn
    each = [part for part, own in zip(parts, batched, strict=True) if own]
    xs = numbers(BATCH, *shape)
    try:
        selected = xs[0][key_of(parts, batched, [i[0] for i in each], False)].shape
    except IndexError:
        assume(False)
    values = numbers(BATCH, *selected) if batched_value else np.broadcast_to(numbers(*selected), (BATCH, *selected))

    def add(x: Any, value: Any, *i: Any) -> Any:
        y = x * 1.0
        np.add.at(y, key_of(parts, batched, list(i), False), value)
        return y

    axes = (0, 0 if batched_value else None, *[0] * len(each))
    given_value = values if batched_value else values[0]
    np.testing.assert_allclose(vmap(add, axes)(xs, given_value, *each), looped(add, xs, values, *each), rtol=1e-14)

    def derivative(x: Any, value: Any, *i: Any) -> Any:
        of_x, of_value = grad(lambda x, value: np.sum(np.sin(add(x, value, *i))), (0, 1))(x, value)
        return np.sum(of_x) + of_value

    found = vmap(derivative, axes)(xs, given_value, *each)
    np.testing.assert_allclose(found, looped(derivative, xs, values, *each), rtol=1e-12, atol=1e-14)


# Every order of three parts of an index, of which Hypothesis finds but some

KINDS: dict[str, tuple[Any, bool]] = {
    "int": (-1, False), "slice": (slice(None, None, -1), False), "new": (None, False), "ellipsis": (Ellipsis, False),
    "array": (np.array([1, 0]), False), "mask": (np.array([True, True]), False), "own": (np.array([0, 1, 1]), True),
    "own of two": (np.array([[0, 1], [1, 1], [0, 0]]), True), "own row": (np.array([[[0, 1]]] * 3), True),
}  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("first", KINDS)
def test_every_order_of_parts(first: str) -> None:
    xs = numbers(BATCH, 2, 2, 2)
    for kinds in itertools.product([first], KINDS, [*KINDS, ""]):
        parts, batched = zip(*[KINDS[kind] for kind in kinds if kind], strict=True)
        each = [part for part, own in zip(parts, batched, strict=True) if own]

        def read(x: Any, *i: Any, parts: Any = parts, batched: Any = batched) -> Any:
            return x[key_of(parts, batched, list(i), False)]

        def write(x: Any, *i: Any, parts: Any = parts, batched: Any = batched) -> Any:
            y = x * 1.0
            y[key_of(parts, batched, list(i), False)] *= x[0, 0, 0]
            return y

        try:
            expected = looped(read, xs, *each)
        except IndexError:
            continue  # two ellipses
        assert np.array_equal(vmap(read)(xs, *each), expected), kinds
        assert np.array_equal(vmap(write)(xs, *each), looped(write, xs, *each)), kinds
        if each:
            shared = vmap(read, (None, *[0] * len(each)))(tensor(xs[0]), *each)
            assert np.array_equal(shared.data, looped(read, [xs[0]] * BATCH, *each)), kinds
        for f in (read, write) if kinds[-1] in ("", "own") else ():
            slope = grad(lambda x, *i, f=f: np.sum(f(x, *i) ** 2))
            np.testing.assert_allclose(vmap(slope)(xs, *each), looped(slope, xs, *each), rtol=1e-13, err_msg=f"{kinds}")


# Broadcasting and products

SHAPES: list[tuple[int, ...]] = [(), (1,), (3,), (2, 3), (2, 1), (4, 1, 3), (4, 2, 1), (1, 1, 1), (5, 4, 2, 3)]


@pytest.mark.one_in(9)
@pytest.mark.parametrize("of", [(True, True), (True, False), (False, True)], ids=["both", "left", "right"])
@pytest.mark.parametrize("b", SHAPES, ids=str)
@pytest.mark.parametrize("a", SHAPES, ids=str)
def test_broadcasting(a: tuple[int, ...], b: tuple[int, ...], of: tuple[bool, bool]) -> None:
    check(lambda x, y: x * y + np.maximum(x, y) - np.hypot(x, y) + np.where(x > y, x, 2 * y), a, b, of)


MATRICES: list[tuple[int, ...]] = [(3,), (3, 3), (1, 3, 3), (2, 3, 3), (2, 1, 3, 3), (4, 2, 3, 3)]


@pytest.mark.one_in(9)
@pytest.mark.parametrize("of", [(True, True), (True, False), (False, True)], ids=["both", "left", "right"])
@pytest.mark.parametrize("b", MATRICES, ids=str)
@pytest.mark.parametrize("a", MATRICES, ids=str)
def test_products(a: tuple[int, ...], b: tuple[int, ...], of: tuple[bool, bool]) -> None:
    for product in (np.matmul, np.dot, np.inner, np.tensordot, np.outer, np.vecdot):
        if product is np.tensordot and (len(a) < 2 or len(b) < 2):
            continue
        check(product, a, b, of)


OBLONG = [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 1)), ((1, 3), (5, 3, 4)), ((0, 3), (3, 2))]


@pytest.mark.parametrize("of", [(True, True), (True, False), (False, True)], ids=["both", "left", "right"])
@pytest.mark.parametrize(("a", "b"), OBLONG, ids=str)
def test_products_of_oblong_matrices(a: tuple[int, ...], b: tuple[int, ...], of: tuple[bool, bool]) -> None:
    check(np.matmul, a, b, of)


def check(function: Any, a: tuple[int, ...], b: tuple[int, ...], of: tuple[bool, bool]) -> None:
    """Compare values, gradients and products with Hessians of a function of two arrays with those of a loop."""
    try:
        function(np.ones(a), np.ones(b))
    except ValueError:
        with pytest.raises(ValueError, match=r"shape|mismatch|broadcast|dimension|aligned"):
            vmap(function, [0 if own else None for own in of])(
                *[np.ones((BATCH, *s) if o else s) for s, o in zip((a, b), of, strict=True)]
            )
        return
    given_ones = [numbers(*((BATCH, *shape) if own else shape)) for shape, own in zip((a, b), of, strict=True)]
    batches = [x if own else np.broadcast_to(x, (BATCH, *x.shape)) for x, own in zip(given_ones, of, strict=True)]
    axes = tuple(0 if own else None for own in of)
    np.testing.assert_allclose(vmap(function, axes)(*given_ones), looped(function, *batches), rtol=1e-12, atol=1e-13)

    def loss(x: Any, y: Any) -> Any:
        z = function(x, y)
        return np.sum(np.sin(z) * np.linspace(0.5, 1.5, z.size).reshape(z.shape))

    derivatives: list[Any] = [grad(loss, (0, 1)), grad(lambda x, y: np.sum(grad(loss)(x, y) ** 2), (0, 1))]
    for derivative in derivatives:
        found = vmap(derivative, axes)(*given_ones)
        expected = [derivative(*element) for element in zip(*batches, strict=True)]
        for got, parts in zip(found, zip(*expected, strict=True), strict=True):
            np.testing.assert_allclose(got, np.stack(parts), rtol=1e-11, atol=1e-12)
