"""Indexing: all of NumPy's indices, repeated places, assignment."""

import functools
import operator
import re
import subprocess
import sys
import types
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from autograd import GraphError, Tensor, compile, grad, gradients, no_grad, tensor
from autograd.graph import backward
from autograd.ops import index as places

X = np.arange(24.0).reshape(2, 3, 4)
ROWS = np.array([0, 1, 1, 0, -1])

INDICES: list[Any] = [
    0, -1, (1, 2, 3), (0, ..., 2), ..., None, (), (None, 0, ..., None), slice(None, None, -1),
    (slice(None), slice(2, 0, -1), slice(None, None, 2)), slice(5, 9), np.int64(1), np.array(1), ROWS, [0, 1, 1],
    [True, False], True, False, [], (ROWS, ROWS), (slice(None), ROWS), (ROWS, slice(None), ROWS), (ROWS, ..., ROWS),
    (0, ROWS), (ROWS[:, None], ROWS[None]), np.zeros((2, 2), int), X > 5, (slice(None), X[0] > 5), (X[:, :, 0] > 5, 1),
    (X[:, 0, 0] > -1, [0, 2]), np.ix_([0, 1, 1], [2, 0], [3]), (None, ROWS, None), np.zeros((0,), int),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_index_is_numpys_and_repeated_places_add_up(index: Any) -> None:
    t = tensor(X, requires_grad=True)
    chosen = t[index]
    assert isinstance(chosen, Tensor)
    np.testing.assert_array_equal(chosen.data, X[index], strict=True)
    expected = np.zeros_like(X)
    weights = np.arange(1.0, X[index].size + 1).reshape(X[index].shape)
    np.add.at(expected, index, weights)
    (chosen * weights).sum().backward()
    np.testing.assert_array_equal(t.grad.data, expected)


@given(data=st.data())
def test_any_index(data: st.DataObject) -> None:
    shape = data.draw(st_numpy.array_shapes(max_dims=3, max_side=4))
    basic, integers = st_numpy.basic_indices(shape, allow_newaxis=True), st_numpy.integer_array_indices(shape)
    index: Any = data.draw(basic | integers)
    x = np.arange(float(np.prod(shape))).reshape(shape)
    np.testing.assert_array_equal(tensor(x)[index].data, x[index])
    expected = np.zeros(shape)
    np.add.at(expected, index, 2 * x[index])
    np.testing.assert_array_equal(grad(lambda x: (x[index] ** 2).sum())(x), expected)
    second = np.zeros(shape)
    np.add.at(second, index, 6 * x[index])
    np.testing.assert_array_equal(grad(lambda x: grad(lambda x: (x[index] ** 3).sum())(x).sum())(x), _linear(index, x))


def _linear(index: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the gradient of the sum of the gradient of a sum of cubes."""
    counts = np.zeros_like(x)
    np.add.at(counts, index, 1.0)
    return 6 * x * counts


@pytest.mark.parametrize("shape", [(50, 3), (7,), (4, 5, 6), (9, 400), (300, 0)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_many_repeated_rows_add_up(shape: tuple[int, ...], dtype: Any) -> None:
    """Large gradients take another path than small ones."""
    random = np.random.default_rng(0)
    rows = random.integers(-shape[0], shape[0], 700)
    weights = random.integers(0, 9, (700, *shape[1:])).astype(dtype)
    expected = np.zeros(shape, dtype)
    np.add.at(expected, rows, weights)
    np.testing.assert_array_equal(scattered(shape, rows, weights), expected, strict=True)
    if len(shape) > 1 and shape[1]:
        columns = random.integers(-shape[1], shape[1], 700)
        expected = np.zeros(shape, dtype)
        np.add.at(expected, (rows, columns), weights[:, 0])
        np.testing.assert_array_equal(scattered(shape, (rows, columns), weights[:, 0]), expected, strict=True)


def scattered(shape: tuple[int, ...], index: Any, weights: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the gradient of a choice from an array of ones."""
    x = tensor(np.ones(shape, weights.dtype), requires_grad=True)
    x[index].backward(weights)
    found: np.ndarray[Any, Any] = x.grad.data
    return found


@pytest.fixture(params=["by SciPy", "by NumPy"])
def _sums(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have large sums of rows computed by SciPy, or as where it is not installed."""
    if request.param == "by SciPy":
        monkeypatch.setattr(places, "_added", places._IMPORT)
    else:
        monkeypatch.setattr(places, "sys", types.SimpleNamespace(modules={}))
        monkeypatch.setattr(places, "_is_installed", lambda name: False)


def bits(x: np.ndarray[Any, Any]) -> bytes:
    """Return the bytes of an array, with one nan for all."""
    return np.where(np.isnan(x), np.nan, x).tobytes()


@pytest.mark.usefixtures("_sums")
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128, np.float16, np.int64])
@pytest.mark.parametrize(("shape", "index"), [((700, 8), (9_000,)), ((40_000, 5), (200, 70)), ((300, 3, 150), (160,))])
def test_very_many_rows_add_up_to_the_bit_as_one_after_another(shape: Any, index: Any, dtype: Any) -> None:
    random = np.random.default_rng(0)
    rows = random.integers(-shape[0], shape[0], index).astype(np.int32)
    values = random.standard_normal((*index, *shape[1:])) * 10.0 ** random.integers(-3, 4, (*index, *shape[1:]))
    weights = (values - 1j * values[::-1] if np.issubdtype(dtype, np.complexfloating) else values).astype(dtype)
    if dtype != np.int64:
        odd = weights.reshape(-1)[::997]
        odd[...] = random.choice([np.inf, -np.inf, np.nan, 0.0], odd.shape)
        weights[rows % 7 == 1] = -0.0
    for parts in (weights, np.asfortranarray(weights)):
        expected = np.zeros(shape, dtype)
        with np.errstate(invalid="ignore", over="ignore"):
            np.add.at(expected, rows, parts)
            found = places._scatter(parts, rows, shape)
        assert bits(found) == bits(expected)


@pytest.mark.usefixtures("_sums")
@pytest.mark.parametrize("traced", ["x", "rows", "weights"])
def test_very_many_rows_add_up_in_programs_and_in_walks_that_are_recorded(traced: str) -> None:
    random = np.random.default_rng(1)
    arrays: dict[str, Any] = {
        "x": random.standard_normal((600, 16)),
        "rows": random.integers(-600, 600, 5000),
        "weights": random.standard_normal((5000, 16)),
    }

    def loss(x: Any, rows: Any, weights: Any) -> Any:
        return (x[rows] * weights).sum() + (x[rows[::-1]] ** 2).sum()

    def gradient(argument: Any) -> Any:
        return grad(loss)(*{**arrays, traced: argument}.values())

    expected = gradient(arrays[traced])
    x = tensor(arrays["x"], requires_grad=True)
    loss(x, arrays["rows"], arrays["weights"]).backward(create_graph=True)
    assert x.grad is not None
    assert bits(x.grad.data) == bits(expected)
    counts = np.bincount(arrays["rows"] % 600, minlength=600)
    (second,) = gradients([x.grad.sum()], [x])
    np.testing.assert_array_equal(second, np.repeat(2.0 * counts, 16).reshape(600, 16))
    compiled = compile(gradient)
    for _ in range(3):
        assert bits(compiled(arrays[traced].copy())) == bits(expected)
    assert len(compiled.programs) == 1


def test_scipy_is_imported_when_very_many_rows_were_added_without_it() -> None:
    program = """
import sys, numpy as np
from autograd.ops import index
x, rows = np.random.default_rng(0).standard_normal((5000, 16)), np.arange(5000) % 70
before = index._scatter(x, rows, (70, 16))
print("scipy" in sys.modules)
index._added = index._IMPORT
print(index._scatter(x, rows, (70, 16)).tobytes() == before.tobytes(), "scipy.sparse" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout == (
        "False\nTrue True\n"
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64])
def test_many_repeated_rows_by_short_and_unsigned_integers(dtype: Any) -> None:
    """The number of rows need not be one of the dtype of the index."""
    rows, weights = (np.arange(400) % 100).astype(dtype), np.ones((400, 2))
    expected = np.zeros((1000, 2))
    expected[:100] = 4
    np.testing.assert_array_equal(scattered((1000, 2), rows, weights), expected)


def test_tensors_are_indices() -> None:
    x = tensor(X, requires_grad=True)
    for index in (ROWS, X > 5, np.array(1)):
        np.testing.assert_array_equal(x[tensor(index)].data, X[index])
    np.testing.assert_array_equal(x[:, tensor(ROWS)].data, X[:, ROWS])
    np.testing.assert_array_equal(x[[tensor(0), tensor(1)]].data, X[[0, 1]])
    np.testing.assert_array_equal(X[tensor(1)], X[1])


def test_basic_index_is_a_view_of_the_data() -> None:
    t = tensor(X)
    assert np.shares_memory(t[0, 1:].data, t.data)
    assert not np.shares_memory(t[[0]].data, t.data)


def test_index_outside_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="index 5 is out of bounds"):
        tensor(X)[5]
    with pytest.raises(IndexError, match="too many indices"):
        tensor(X)[0, 0, 0, 0]


def test_iteration_and_unpacking_are_recorded() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    a, b = x
    (a * 3 + b * b).backward()
    np.testing.assert_array_equal(x.grad.data, [3, 4])


# Assignment


def test_assignment_to_a_constant_writes_in_place() -> None:
    t = tensor(X)
    data = t.data
    t[0] = 5.0
    t[1, tensor([0, 2])] = tensor([1.0, 2.0, 3.0, 4.0])
    t[t > 20] = -1
    expected = X.copy()
    expected[0], expected[1, [0, 2]] = 5, [1, 2, 3, 4]
    expected[expected > 20] = -1
    np.testing.assert_array_equal(data, expected)


def test_assignment_to_a_leaf_needs_no_grad() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"leaf that requires a gradient.*within no_grad\(\)"):
        w[0] = 3.0
    with no_grad():
        w[0] = 3.0
    assert w.requires_grad
    np.testing.assert_array_equal(w.data, [3, 2])


def test_assignment_of_a_live_value_is_recorded() -> None:
    c, x = tensor([1.0, 2.0]), tensor([3.0], requires_grad=True)
    with no_grad():
        c[:1] = x
    np.testing.assert_array_equal(c.data, [3, 2])
    assert not c.requires_grad
    c[1:] = x * 2
    c.sum().backward()
    np.testing.assert_array_equal(c.data, [3, 6])
    np.testing.assert_array_equal(x.grad.data, [2])


def test_assignment_to_a_result_is_recorded_but_within_no_grad() -> None:
    y: Any = tensor([1.0, 2.0], requires_grad=True).exp()
    y[0] = 0.0
    y.sum().backward(retain_graph=True)
    with no_grad():
        y[1] = 0.0
    np.testing.assert_array_equal(y.data, [0, 0])
    z: Any = tensor([1.0, 2.0], requires_grad=True).exp()
    with no_grad():
        z[0] = 0.0
    with pytest.raises(GraphError, match=r"'exp' needs an array .* written to in place afterwards"):
        z.sum().backward()


# Elements by their places


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
@pytest.mark.parametrize("indices", [1, [0, 1, 1], np.array([[1, -1], [0, 0]]), []], ids=str)
def test_take_is_numpys(indices: Any, mode: Any, axis: int | None) -> None:
    indices = np.array(indices, int) * (1 if mode == "raise" else 30)
    expected = np.take(X, indices, axis, mode=mode)
    np.testing.assert_array_equal(np.take(tensor(X), indices, axis, mode=mode).data, expected, strict=True)
    np.testing.assert_array_equal(tensor(X).take(tensor(indices), axis, mode=mode).data, expected, strict=True)


def test_take_along_axis_is_numpys() -> None:
    t: Any = tensor(X)
    for axis in (0, 1, -1):
        order = np.argsort(-X, axis)
        found = np.take_along_axis(t, order, axis).data
        np.testing.assert_array_equal(found, np.take_along_axis(X, order, axis))
    places = np.array([[[0], [0], [3]]])
    np.testing.assert_array_equal(np.take_along_axis(t, places, 2).data, np.take_along_axis(X, places, 2))
    slope = grad(lambda x: np.take_along_axis(x, np.zeros((2, 3, 5), int), 2).sum())(X)
    np.testing.assert_array_equal(slope, np.broadcast_to([5, 0, 0, 0], X.shape))
    with pytest.raises(ValueError, match="as many axes"):
        np.take_along_axis(t, np.array([0]), 0)


def test_take_along_axis_needs_integers_within_the_axes() -> None:
    t: Any = tensor(X[0])
    for indices, axis, error in (
        ([[0.0]], 0, IndexError),
        ([[0]], 2, np.exceptions.AxisError),
        ([[True]], 0, IndexError),
    ):
        with pytest.raises(error):
            np.take_along_axis(t, np.array(indices), axis)
    with pytest.raises(ValueError, match="as many axes"):
        np.take_along_axis(t, np.array([[0]]), None)
    np.testing.assert_array_equal(np.take_along_axis(t, np.array([5, 0]), None).data, [5, 0])


def test_takes_of_odd_places() -> None:
    x: Any = tensor(X[0, 0])
    assert np.take(x, []).shape == (0,)
    np.testing.assert_array_equal(np.take(x, [True, False]).data, np.take(X[0, 0], [True, False]))
    np.testing.assert_array_equal(np.take(tensor(5.0), [0, 0], 0).data, [5, 5])
    np.testing.assert_array_equal(np.take([1.0, 2.0], tensor([1])), [2])
    with pytest.raises(TypeError, match="Cannot cast"):
        np.take(x, np.array([0.5]))
    with pytest.raises(IndexError):
        np.take(tensor([]), [0], mode="wrap")


def test_compress_and_extract() -> None:
    compress: Any = np.compress
    x = tensor(X, requires_grad=True)
    for a, axis in (([1, 0], 0), ([False, True], 2), ([1, 0, 1], None)):
        found, expected = compress(a, x, axis), compress(a, X, axis)
        np.testing.assert_array_equal(found.data, expected, strict=True)
    np.testing.assert_array_equal(np.extract(x > 5, x).data, X[X > 5])
    with pytest.raises(ValueError, match=r"shape \(1, 2\).*extract"):
        compress([[1, 0]], x)
    with pytest.raises(IndexError):
        compress([0, 0, 1], x, 0)


def test_results_written_elsewhere_are_refused() -> None:
    x: Any = tensor(X, requires_grad=True)
    out = np.empty(2)
    functions: list[Any] = [
        lambda: np.take(x, [0, 1], None, out), lambda: np.compress([True], x, 0, out), lambda: np.trace(x, out=out)
    ]  # fmt: skip
    for function in functions:
        with pytest.raises(GraphError, match="out="):
            function()


@pytest.mark.parametrize("offset", [-4, -1, 0, 2, 7])
def test_diagonals_are_numpys(offset: int) -> None:
    for x in (X, X[0]):
        np.testing.assert_array_equal(np.diagonal(tensor(x), offset).data, np.diagonal(x, offset), strict=True)
        np.testing.assert_array_equal(np.trace(tensor(x), offset).data, np.trace(x, offset))
        found = np.linalg.trace(tensor(x), offset=offset).data
        np.testing.assert_array_equal(found, np.linalg.trace(x, offset=offset))
        for function in (np.tril, np.triu):
            np.testing.assert_array_equal(function(tensor(x), offset).data, function(x, offset), strict=True)
    np.testing.assert_array_equal(tensor(X).diagonal(offset, 2, 0).data, X.diagonal(offset, 2, 0))
    np.testing.assert_array_equal(np.diag(tensor(X[0, 0]), offset).data, np.diag(X[0, 0], offset), strict=True)
    np.testing.assert_array_equal(np.diagflat(tensor(X[0]), offset).data, np.diagflat(X[0], offset), strict=True)


def test_traces_take_a_dtype() -> None:
    x = X.astype(np.float32)
    functions: list[Any] = [
        lambda x: np.trace(x, 1, 1, 2, np.float64), lambda x: np.linalg.trace(x, dtype=np.float64)
    ]  # fmt: skip
    for function in functions:
        np.testing.assert_array_equal(function(tensor(x)).data, function(x), strict=True)


def test_triangles_of_a_vector_and_diagonals_of_what_has_none() -> None:
    for function in (np.tril, np.triu):
        np.testing.assert_array_equal(function(tensor(X[0, 0])).data, function(X[0, 0]), strict=True)
    for x in (X, np.array(1.0)):
        with pytest.raises(ValueError, match="a vector or a matrix"):
            np.diag(tensor(x))


# Parts of a large array: their gradients are added in place where nobody can see it


def test_parts_of_a_large_array_add_up() -> None:
    x = np.arange(6000.0).reshape(60, 100)
    t: Any = tensor(x, requires_grad=True)
    places = np.array([3, 3, 59])
    whole = (t * 2).sum()
    (whole + sum((row * row).sum() for row in t) + t[places].sum() + t[x > 5990].sum() + t.T[7].sum()).backward()
    expected = 2 + 2 * x + (x > 5990)
    np.add.at(expected, places, 1)
    expected[:, 7] += 1
    np.testing.assert_array_equal(t.grad.data, expected)


def test_many_places_add_up_in_any_layout() -> None:
    x = np.ones((100, 60))
    rows, columns = np.arange(3000) % 100, np.arange(3000) % 7
    expected = np.full(x.shape, 3.0)
    np.add.at(expected, (rows, columns), 1)
    for layout in (lambda t: t, lambda t: t.T.copy().T):
        found = grad(lambda x, layout=layout: (layout(x) * 3).sum() + x[rows, columns].sum())(x)
        np.testing.assert_array_equal(found, expected)


def test_the_gradient_of_a_part_is_not_added_to_what_others_see() -> None:
    """Parts that were taken first are walked last, when the gradient of the copy is there already."""
    x = tensor(np.ones((60, 100)), requires_grad=True)
    given = np.full((60, 100), 2.0)
    parts: list[Any] = [x[0], x[[1, 1]], np.copy(x)]
    (found,) = gradients(parts, [x], [np.ones(100), np.ones((2, 100)), given])
    assert (given == 2).all()
    assert found is not None
    np.testing.assert_array_equal(found.data[:3, 0], [3, 4, 2])
    part = x[0]
    y: Any = np.copy(x)
    y.retain_grad()
    (y.sum() + part.sum()).backward()
    np.testing.assert_array_equal(y.grad.data, np.ones(x.shape))
    np.testing.assert_array_equal(x.grad.data[:2, 0], [2, 1])


def _slices(n: int) -> Any:
    ends = st.none() | st.integers(-n - 5, n + 5)
    return st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, 7, -1, -3]))


WHOLE = "whole"  # no index: the array is added to another, so that both have one gradient
READS = st.one_of(
    st.just(WHOLE), st.integers(-60, 59), _slices(60), st.tuples(_slices(60), _slices(50)),
    st.tuples(st.just(...), st.integers(-50, 49)), st.tuples(st.none(), st.integers(-60, 59), st.none(), _slices(50)),
)  # fmt: skip


def added(parts: list[Any]) -> Any:
    """Return the sum of arrays, from the last on, as a walk adds them."""
    return functools.reduce(operator.add, parts[-2::-1], parts[-1]) if parts else 0


@given(
    st.lists(READS, min_size=1, max_size=7),
    st.sampled_from(["plain", "kept", "recorded", "hooked"]),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_reads_add_up_to_the_bit_as_whole_arrays_do(reads: list[Any], way: str, dtype: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, other = (tensor(rng.standard_normal((60, 50)).astype(dtype), requires_grad=True) for _ in range(2))
    source, seen = x * 1 if way == "hooked" else x, []
    if way == "hooked":
        source.register_hook(lambda g: seen.append((g, g.data.copy())))
        source.retain_grad()
    terms, parts = [], []
    for key in reads:
        read = source + other if key is WHOLE else source[key]
        weights = rng.standard_normal(read.shape).astype(dtype)
        terms.append((read * weights).sum())
        parts.append(np.zeros(x.shape, dtype))
        parts[-1][... if key is WHOLE else key] = weights
    expected, wholes = added(parts), added([part for key, part in zip(reads, parts, strict=True) if key is WHOLE])
    loss = sum(terms[1:], terms[0])
    loss.backward(retain_graph=way == "kept", create_graph=way == "recorded")
    first = x.grad
    np.testing.assert_array_equal(first.data, expected, strict=True)
    np.testing.assert_array_equal(0 if other.grad is None else other.grad.data, wholes)
    if way == "kept":
        loss.backward()
        np.testing.assert_array_equal(x.grad.data, expected + expected, strict=True)
        np.testing.assert_array_equal(first.data, expected)
    for g, before in seen:
        np.testing.assert_array_equal(g.data, before)
        np.testing.assert_array_equal(source.grad.data, before)


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize(("way", "walks"), [("fast", 1), ("hooked", 1), ("nan", 2)])
def test_reads_of_rows_make_one_array_of_the_whole(way: str, walks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a walk is careful, so that a loop over rows takes time that is linear in them."""
    made: list[Any] = []
    scatter = places._scatter

    def counted(*args: Any) -> Any:
        made.append(args)
        return scatter(*args)

    monkeypatch.setattr(places, "_scatter", counted)
    monkeypatch.setattr(backward, "_repeated", {})
    data = np.where(np.arange(6000).reshape(100, 60) % 7 == 0, 0.0 if way == "nan" else 1.0, 4.0)
    x: Any = tensor(data, requires_grad=True)
    y = x * 1
    if way == "hooked":
        y.register_hook(lambda g: None)
    sum(np.sum(np.where(y[t] > 0, np.sqrt(y[t]), 0)) for t in range(len(y))).backward()
    assert len(made) == walks
    np.testing.assert_array_equal(x.grad.data, np.where(data > 0, 0.5 / np.sqrt(np.maximum(data, 1)), 0))


TABLES = [
    np.arange(12.0).reshape(6, 2),
    np.arange(24, dtype=np.float32).reshape(4, 3, 2),
    np.zeros((3, 0)),
    np.zeros((0, 2)),
]
TABLES += [x.copy("F") for x in TABLES] + [TABLES[0][::2], TABLES[0][:, ::-1], np.arange(5.0)]
TABLES += [np.array(["a", None, 2.0])[:, None]]
KEYS: list[Any] = [[0, 2, 2], [-1, 1], [], [[0, 1], [2, 0]], 1, [7], [-9]]


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint8, np.uint64, np.bool_])
@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("x", TABLES, ids=lambda x: f"{x.shape}{x.strides}")
def test_rows_at_an_array_of_indices_are_numpy_s_in_its_order_of_memory(x: Any, key: Any, kind: Any) -> None:
    index = np.asarray(key).astype(kind) if kind is not np.bool_ else np.resize([True, False], len(x))
    for place in (index, index.copy("F"), index[..., ::-1] if index.ndim else index):
        try:
            expected = x[place]
        except IndexError as error:
            with pytest.raises(IndexError, match=re.escape(str(error))):
                places.selected(x, place)
        else:
            found = places.selected(x, place)
            assert found.dtype == expected.dtype
            assert found.strides == expected.strides
            assert not np.shares_memory(found, x)
            assert found.tolist() == expected.tolist()


def test_compiled_rows_are_taken_anew_at_each_index() -> None:
    x, at = np.arange(12.0).reshape(6, 2), np.array([0, 5, 5])
    slope = grad(lambda x, at: np.sum(x[at] ** 2))
    rows = compile(slope)
    for shift in range(5):
        np.testing.assert_array_equal(rows(x, at - shift), slope(x, at - shift))
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        rows(x, at + 2)
    assert ".take(" in rows.programs[0].source


@pytest.mark.parametrize("dtype", [np.float32, np.float64, complex])
@pytest.mark.parametrize("order", [1, 2])
def test_gradients_of_items_are_added_in_their_places(monkeypatch: pytest.MonkeyPatch, dtype: Any, order: int) -> None:
    counted = Mock(wraps=places._scatter)
    monkeypatch.setattr(places, "_scatter", counted)
    x = tensor(np.linspace(1, 2, 3000).astype(dtype), requires_grad=True)
    rows = [0, 5, 5, -1, 2999, 17]
    y = sum([x[i] ** 3 for i in rows], start=tensor(dtype(0)))
    for _ in range(order):
        (g,) = gradients(y, x, np.ones_like(y.data), create_graph=order == 2)
        y = np.sum(g)
    powers = (3 * x.data**2, 6 * x.data)[order - 1]
    expected = np.zeros_like(x.data)
    np.add.at(expected, rows, np.conj(powers[rows]))
    np.testing.assert_allclose(g.data, expected, 1e-5)
    assert g.dtype == dtype
    assert order == 2 or counted.call_count == 1  # zeros of the whole are made once
