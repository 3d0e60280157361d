"""What is special to rearranging: edges of insertions and blocks, zeros to trim, overlapping windows, errors."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, no_grad, tensor

Array = np.ndarray[Any, Any]

X = np.arange(24.0).reshape(2, 3, 4)
M = np.arange(12.0).reshape(3, 4)


def assert_same(result: Any, expected: Any) -> None:
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.data, expected, strict=True)


# Axes and grids


@pytest.mark.parametrize("k", range(-2, 5))
@pytest.mark.parametrize("axes", [(0, 1), (1, 0), (2, -2)])
def test_rotations_are_numpys(k: int, axes: tuple[int, int]) -> None:
    assert_same(np.rot90(tensor(X), k, axes), np.rot90(X, k, axes))


def test_what_is_no_rotation_is_an_error() -> None:
    wrong: list[Any] = [(0, 0), (0, -3), (0, 1, 2), (1,)]
    for axes in wrong:
        with pytest.raises(ValueError, match="two different axes"):
            np.rot90(tensor(X), 1, axes)
    with pytest.raises(ValueError, match="out of bounds"):
        np.rot90(tensor(X), 1, (0, 3))


def test_rollaxis_is_numpys() -> None:
    rollaxis: Any = np.rollaxis
    for axis in range(-3, 3):
        for start in range(-3, 4):
            assert_same(rollaxis(tensor(X), axis, start), np.rollaxis(X, axis, start))
    for axis, start in ((3, 0), (0, 4), (0, -4)):
        with pytest.raises(np.exceptions.AxisError):
            rollaxis(tensor(X), axis, start)


def test_grids_of_tensors_and_numbers() -> None:
    x, y = tensor([1.0, 2.0, 3.0], requires_grad=True), [4.0, 5.0]
    xs, ys = np.meshgrid(x, y)
    assert_same(xs, np.meshgrid(x.data, y)[0])
    np.testing.assert_array_equal(np.asarray(ys), np.meshgrid(x.data, y)[1])
    (xs * ys).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [9, 9, 9])
    assert not np.shares_memory(np.meshgrid(x, sparse=True)[0].data, x.data)
    assert np.shares_memory(np.meshgrid(x, sparse=True, copy=False)[0].data, x.data)
    wrong: Any = "yx"
    with pytest.raises(ValueError, match="'xy' or 'ij', not 'yx'"):
        np.meshgrid(x, indexing=wrong)


def test_open_grids_are_indices() -> None:
    ix_: Any = np.ix_
    rows, columns = tensor([0, 2]), tensor([False, True, True, False])
    assert_same(tensor(M)[ix_(rows, columns)], M[ix_([0, 2], [False, True, True, False])])
    nothing: list[Any] = [[], np.array([]), tensor([])]
    for empty in nothing:
        places, _ = ix_(empty, rows)
        assert places.dtype == (np.intp if isinstance(empty, list) else np.float64)
    with pytest.raises(ValueError, match=r"part 1 has shape \(3, 4\)"):
        ix_(rows, tensor(M))


# Blocks


def test_blocks_may_be_plain() -> None:
    x: Any = tensor([[1.0, 2.0]], requires_grad=True)
    blocks: list[Any] = [[x, 3.0], [np.zeros((1, 1)), [[4.0]], x[:, :1]]]
    with pytest.raises(ValueError, match="deep"):
        np.block(blocks)
    blocks[1][1] = np.full((1, 1), 4.0)
    made: Any = np.block(blocks)
    assert_same(made, [[1.0, 2.0, 3.0], [0.0, 4.0, 1.0]])
    made.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[2, 1]])


def test_block_of_one_is_a_copy() -> None:
    x = tensor(M)
    assert_same(np.block(x), M)
    assert not np.shares_memory(np.block(x).data, x.data)


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        ([[tensor(M)], tensor(M)], ValueError, "different depths"), ([tensor(M), []], ValueError, "empty list"),
        ([tensor(M), (1.0, 2.0)], TypeError, "tuple"), ([[tensor(M)], [tensor(M[0])]], None, ""),
        ([tensor(M), tensor(M[:1])], ValueError, "cannot combine"),
    ],
)  # fmt: skip
def test_what_is_no_block_is_an_error(blocks: Any, error: Any, message: str) -> None:
    if error is None:
        assert np.block(blocks).shape == (4, 4)
    else:
        with pytest.raises(error, match=message):
            np.block(blocks)


# Insertion and deletion


def test_values_that_are_repeated_gather_their_gradients() -> None:
    x, v = tensor(M, requires_grad=True), tensor([7.0, 8.0, 9.0], requires_grad=True)
    made: Any = np.insert(x, 1, v, axis=1)
    assert_same(made, np.insert(M, 1, v.data, axis=1))
    made = np.insert(x, [0, 4, 0], v[:1], axis=1)
    assert_same(made, np.insert(M, [0, 4, 0], [7.0], axis=1))
    made.sum().backward()
    np.testing.assert_array_equal(v.grad.data, [9, 0, 0])
    np.testing.assert_array_equal(x.grad.data, np.ones(M.shape))


def test_insertions_into_other_dtypes() -> None:
    v = tensor([1.5], requires_grad=True)
    assert_same(np.insert(tensor([1, 2]), 1, v), [1, 1, 2])
    assert np.insert(tensor([1.0, 2.0], dtype="float32"), 1, v).dtype == np.float32
    assert_same(np.insert([1.0, 2.0], 1, v), [1, 1.5, 2])


@pytest.mark.parametrize("obj", [5, -5, [0, 9]])
def test_places_outside_are_an_error(obj: Any) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        np.insert(tensor(M), obj, 1.0, 1)
    with pytest.raises(IndexError, match="out of bounds"):
        np.delete(tensor(M), obj, 1)
    with pytest.raises(np.exceptions.AxisError):
        np.delete(tensor(M), 0, 2)


@pytest.mark.parametrize(
    "obj", [1, -1, [0, 0, 2], [], slice(None), slice(3, 0, -2), [True, False, False, True], np.array([1, -1])], ids=str
)
def test_deletions_are_numpys(obj: Any) -> None:
    assert_same(np.delete(tensor(M), obj, 1), np.delete(M, obj, 1))
    assert_same(np.delete(tensor(M[0]), obj), np.delete(M[0], obj))
    left = np.delete(np.arange(4), obj)
    found = grad(lambda x: np.delete(x, obj, 1).sum())(M)
    np.testing.assert_array_equal(found, np.broadcast_to(np.isin(np.arange(4), left), M.shape))


@pytest.mark.parametrize("trim", ["fb", "f", "B", "bf"])
@pytest.mark.parametrize("x", [[0, 0, 1, 0, 2, 0], [0, 0], [], [1, 2], [np.nan, 0], [0, -0.0, 1e-300]], ids=str)
def test_zeros_are_trimmed_as_by_numpy(x: list[float], trim: Any) -> None:
    array = np.array(x, float)
    assert_same(np.trim_zeros(tensor(array), trim), np.trim_zeros(array, trim))
    found = grad(lambda x: np.trim_zeros(x, trim).sum())(array)
    assert found.sum() == np.trim_zeros(array, trim).size
    assert not array[found == 0].any()


def test_zeros_are_trimmed_along_axes() -> None:
    x = np.pad(M + 1, ((1, 2), (0, 1)))
    t: Any = tensor(x, requires_grad=True)
    for axis, expected in ((None, M + 1), (0, x[1:-2]), (-1, x[:, :-1]), ((0, 1), M + 1)):
        assert_same(np.trim_zeros(t, axis=axis), expected)
    np.trim_zeros(t).sum().backward()
    np.testing.assert_array_equal(t.grad.data, np.pad(np.ones(M.shape), ((1, 2), (0, 1))))
    wrong: Any = "x"
    for outside, error in (((0, 0), ValueError), (2, np.exceptions.AxisError)):
        with pytest.raises(error):
            np.trim_zeros(t, axis=outside)
    assert_same(np.trim_zeros(tensor(0.0)), 0.0)
    with pytest.raises(ValueError, match="not 'x'"):
        np.trim_zeros(t, wrong)


@pytest.mark.parametrize("shape", [5, (2, 5), (0, 3), (), [30], np.int64(2)], ids=str)
def test_resize_is_numpys(shape: Any) -> None:
    for x in (M, np.array(2.0), np.zeros((0, 2)), M.astype(np.float32)):
        made: Any = np.resize(tensor(x, requires_grad=True), shape)
        assert_same(made, np.resize(x, shape))
        assert made.requires_grad
    counts = np.bincount(np.arange(np.prod(shape, dtype=int)) % 12, minlength=12).reshape(3, 4)
    np.testing.assert_array_equal(grad(lambda x: np.resize(x, shape).sum())(M), counts)
    with pytest.raises(ValueError, match="negative"):
        np.resize(tensor(M), (-1, 2))


# Windows

view: Any = np.lib.stride_tricks.sliding_window_view


def test_windows_are_views_and_their_gradients_add_up() -> None:
    t = tensor(np.arange(6.0), requires_grad=True)
    windows: Any = view(t, 3)
    assert_same(windows, view(t.data, 3))
    assert np.shares_memory(windows.data, t.data)
    assert not windows.data.flags.writeable
    windows.sum().backward()
    np.testing.assert_array_equal(t.grad.data, [1, 2, 3, 3, 2, 1])
    twice = grad(lambda x: view(x, (2, 2), (0, 0)).sum())(np.arange(4.0))
    np.testing.assert_array_equal(twice, [1, 3, 3, 1])
    assert view(t, 2, writeable=True).data.flags.writeable


def test_windows_that_do_not_fit_are_an_error() -> None:
    for window, axis in ((5, 0), ((1, 1, 1), None), ((1,), (0, 1)), (-1, 0)):
        with pytest.raises(ValueError, match="window"):
            view(tensor(M), window, axis)


def test_other_views_of_memory_are_refused() -> None:
    with pytest.raises(GraphError, match=r"as_strided\(\) on this tensor.*t\.detach\(\)"):
        np.lib.stride_tricks.as_strided(tensor(M, requires_grad=True), (2,), (8,))


# Functions that write to their argument

WRITERS: list[Any] = [
    lambda x: np.fill_diagonal(x, 9.0), lambda x: np.put(x, [0, 5], 9.0),
    lambda x: np.place(x, np.greater(x, 5), [9.0]),
    lambda x: np.putmask(x, np.greater(x, 5), 9.0), lambda x: np.copyto(x, 9.0),
    lambda x: np.put_along_axis(x, np.array([[0]]), 9.0, 1),
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS)
def test_what_writes_to_its_argument_writes_to_tensors(write: Any) -> None:
    expected, constant, live = M.copy(), tensor(M), tensor(M, requires_grad=True)
    result = live * 1.0
    for written in (expected, constant, result):
        write(written)
    np.testing.assert_array_equal(constant.data, expected)
    np.testing.assert_array_equal(result.data, expected)
    with pytest.raises(GraphError, match="leaf that requires a gradient"):
        write(live)
    np.testing.assert_array_equal(live.data, M)
    with no_grad():
        write(live)
    np.testing.assert_array_equal(live.data, expected)


def test_a_live_source_is_not_copied_from() -> None:
    out = np.zeros(2)
    with pytest.raises(GraphError, match=r"pass t\.data"):
        np.copyto(out, tensor([1.0, 2.0], requires_grad=True))
