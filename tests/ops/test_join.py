"""What is special to joining, splitting, repeating and padding."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, ShapeError, Tensor, grad, tensor

Array = np.ndarray[Any, Any]

X = np.arange(24.0).reshape(2, 3, 4)


def test_each_array_gets_its_own_part_of_the_gradient() -> None:
    parts = [tensor(np.ones(n), requires_grad=True) for n in (2, 3, 0, 1)]
    joined = np.concatenate([parts[0], parts[1], [7.0], parts[2], parts[3]])
    (joined * np.arange(7.0)).sum().backward()
    for part, expected in zip(parts, ([0, 1], [2, 3, 4], [], [6]), strict=True):
        np.testing.assert_array_equal(part.grad.data, expected)


def test_an_array_joined_to_itself_gets_all_parts() -> None:
    np.testing.assert_array_equal(
        grad(lambda x: (np.concatenate([x, x, x]) * np.arange(6.0)).sum())(np.ones(2)), [6, 9]
    )
    np.testing.assert_array_equal(grad(lambda x: np.stack([x, x]).sum())(np.ones(2)), [2, 2])


def test_without_an_axis_everything_is_flattened() -> None:
    x, y = tensor(X[0], requires_grad=True), tensor(X[1, 0], requires_grad=True)
    joined = np.concatenate([x, y], axis=None)
    np.testing.assert_array_equal(joined.data, np.concatenate([X[0], X[1, 0]], axis=None))
    (joined * np.arange(16.0)).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(y.grad.data, np.arange(12.0, 16.0))


def test_gradients_of_mixed_dtypes_are_cast_back() -> None:
    x, y = tensor([1.0], dtype="float32", requires_grad=True), tensor([1.0], requires_grad=True)
    joined = np.concatenate([x, y])
    assert joined.dtype == np.float64
    joined.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_shapes_that_do_not_join_are_named() -> None:
    with pytest.raises(ShapeError, match=r"'concatenate' cannot combine \(2,\) float64 and \(2, 2\) float64"):
        np.concatenate([tensor([1.0, 2.0]), np.ones((2, 2))])


@pytest.mark.parametrize("function", [np.vstack, np.hstack, np.dstack, np.column_stack, np.stack, np.concatenate])
def test_joins_are_numpys(function: Callable[..., Any]) -> None:
    for arrays in ([X, X], [X[0], X[1]], [X[0, 0], X[1, 0]]):
        expected = function(arrays)
        result = function([tensor(arrays[0], requires_grad=True), arrays[1]])
        assert isinstance(result, Tensor)
        np.testing.assert_array_equal(result.data, expected, strict=True)


# Splitting


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (np.split, (3, 1)), (np.split, ([1, 3], 2)), (np.split, ([2, 1, 9], 2)), (np.array_split, (3, 2)),
        (np.array_split, (7, 2)), (np.hsplit, (3,)), (np.vsplit, (2,)), (np.dsplit, ([1],)),
    ],
)  # fmt: skip
def test_splits_are_numpys(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    expected, found = function(X, *arguments), function(tensor(X, requires_grad=True), *arguments)
    assert len(found) == len(expected)
    for ours, numpys in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours.data, numpys, strict=True)


def test_a_part_that_is_not_used_has_gradient_zero() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.split(x, [1, 3])[1].sum())(np.ones(4)), [0, 1, 1, 0])


def test_unequal_split_says_what_to_use() -> None:
    with pytest.raises(ValueError, match=r"axis 2 of shape \(2, 3, 4\) cannot be cut into 3 equal parts.*array_split"):
        np.split(tensor(X), 3, 2)
    with pytest.raises(ValueError, match="at least one part"):
        np.array_split(tensor(X), 0)
    with pytest.raises(ValueError, match="dsplit needs 3 axes"):
        np.dsplit(tensor(X[0]), 2)
    for function in (np.split, np.array_split, np.repeat):
        with pytest.raises(ValueError, match="axis 5 is out of bounds"):
            function(tensor(X), [1], 5)


def test_unstack_undoes_stack() -> None:
    rows: Any = np.unstack(tensor(X, requires_grad=True), axis=1)
    np.testing.assert_array_equal(np.stack(rows, 1).data, X)
    elements: Any = np.unstack(tensor([1.0, 2.0]))
    assert all(type(element.data) is np.ndarray for element in elements)


# Repeating


@pytest.mark.parametrize("reps", [2, (2,), (1, 2), (2, 1, 3), (2, 1, 1, 2), 0, (0, 2), np.array([2, 2])], ids=str)
def test_tile_is_numpys(reps: Any) -> None:
    np.testing.assert_array_equal(np.tile(tensor(X), reps).data, np.tile(X, reps), strict=True)
    expected = np.full(X.shape, np.tile(X, reps).size / X.size)
    np.testing.assert_array_equal(grad(lambda x: np.tile(x, reps).sum())(X), expected)


@pytest.mark.parametrize(
    ("repeats", "axis"), [(2, None), (3, -1), ([1, 0, 2], 1), ([2], 0), (0, 0), (np.arange(24), None)]
)
def test_repeat_is_numpys(repeats: Any, axis: int | None) -> None:
    np.testing.assert_array_equal(np.repeat(tensor(X), repeats, axis).data, np.repeat(X, repeats, axis), strict=True)
    np.testing.assert_array_equal(tensor(X).repeat(repeats, axis).data, np.repeat(X, repeats, axis), strict=True)


def test_repeat_of_a_number() -> None:
    for axis in (None, 0, -1):
        np.testing.assert_array_equal(np.repeat(tensor(2.0), 3, axis).data, np.repeat(2.0, 3, axis), strict=True)
    with pytest.raises(np.exceptions.AxisError):
        np.repeat(tensor(2.0), 3, 1)


def test_counts_are_whole() -> None:
    functions: tuple[Any, ...] = (np.tile, np.repeat)
    for function in functions:
        with pytest.raises(TypeError):
            function(tensor(X), 1.5)


def test_appended_numbers_are_arrays() -> None:
    x = np.ones(2, np.float32)
    np.testing.assert_array_equal(np.append(tensor(x), 3).data, np.append(x, 3), strict=True)


def test_axes_that_there_are_not() -> None:
    x = tensor(X, requires_grad=True)
    functions: tuple[Any, ...] = (np.concatenate, np.stack, np.append)
    for function in functions:
        with pytest.raises(np.exceptions.AxisError, match=r"'(concatenate|stack)' cannot combine"):
            function(*([x, x] if function is np.append else [[x, x]]), axis=7)


def test_repeat_counts_its_gradients() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.repeat(x, [0, 1, 3]).sum())(np.ones(3)), [0, 1, 3])


def test_joins_take_a_dtype() -> None:
    x = tensor([1.5, 2.5], requires_grad=True)
    joins: tuple[Any, ...] = (np.concatenate, np.stack, np.vstack, np.hstack)
    for join in joins:
        joined = join([x, [3.5, 4.5]], dtype=np.float32)
        np.testing.assert_array_equal(joined.data, join([x.data, [3.5, 4.5]], dtype=np.float32), strict=True)
        assert joined.requires_grad
        assert not join([x, [3.5, 4.5]], dtype=int, casting="unsafe").requires_grad
        with pytest.raises(TypeError, match="same_kind"):
            join([x, [3.5, 4.5]], dtype=int)


def test_out_is_refused() -> None:
    x = tensor([1.0], requires_grad=True)
    for join in (np.concatenate, np.stack):
        with pytest.raises(GraphError, match="out="):
            join([x, x], out=np.empty(2).reshape((2,) if join is np.concatenate else (2, 1)))


def test_thousands_of_arrays_are_joined() -> None:
    parts = [tensor(np.full(n % 3, float(n)), requires_grad=True) for n in range(3000)]
    joined = np.concatenate(parts)
    (joined * joined).sum().backward()
    for n, part in enumerate(parts):
        np.testing.assert_array_equal(part.grad.data, np.full(n % 3, 2.0 * n), strict=True)


def test_joins_along_other_axes_do_not_mistake_each_other() -> None:
    """Where the parts begin is remembered from one to the next."""
    x, y = tensor(np.ones((2, 3)), requires_grad=True), tensor(np.ones((2, 3)), requires_grad=True)
    weights = np.arange(12.0)
    rows, columns = weights.reshape(4, 3), weights.reshape(2, 6)
    total = (np.concatenate([x, y]) * rows).sum() + (np.concatenate([x, y], 1) * columns).sum()
    total = total + (np.concatenate([x, y], None) * weights).sum()
    total.backward()
    np.testing.assert_array_equal(x.grad.data, rows[:2] + columns[:, :3] + weights[:6].reshape(2, 3))
    np.testing.assert_array_equal(y.grad.data, rows[2:] + columns[:, 3:] + weights[6:].reshape(2, 3))


def test_places_to_cut_at_are_integers() -> None:
    with pytest.raises(TypeError):
        np.split(tensor(np.ones(4)), np.array([1.5]))


@pytest.mark.parametrize("given", [(2, 1, 1), (1, 2, 3, 4), (2, 2), (2, -3)])
def test_repeat_in_pytorchs_words_names_tile(given: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"np\.tile\(t, {re.escape(str(given))}\) is PyTorch's"):
        tensor([[1.0, 2.0], [3.0, 4.0]]).repeat(*given)
