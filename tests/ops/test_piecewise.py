"""What is special to pieces: overlapping conditions, dtypes, constants, shapes of what a function returns."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, tensor

X = np.array([[-1.5, 0.5, 2.0], [3.0, -0.5, 1.0]])


def assert_same(result: Any, expected: Any) -> None:
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.data, expected, strict=True)


# Choices


def test_the_first_condition_that_holds_chooses() -> None:
    x, y = tensor(X, requires_grad=True), tensor(2.0, requires_grad=True)
    made: Any = np.select([x > 0, x > 1], [x * x, y], default=-1.0)
    assert_same(made, np.select([X > 0, X > 1], [X * X, 2.0], default=-1.0))
    made.sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.where(X > 0, 2 * X, 0))
    assert y.grad.item() == 0


def test_the_default_may_be_live() -> None:
    default = tensor(5.0, requires_grad=True)
    made: Any = np.select([X > 0], [tensor(X)], default)
    made.sum().backward()
    assert default.grad.item() == np.sum(X <= 0)


@pytest.mark.parametrize(
    "choices",
    [[np.float32(1), 2.0], [np.ones(3, np.float16), 1], [np.ones(3, np.int8), np.ones(3, np.float32)]],
    ids=str,
)
def test_dtypes_of_choices_combine_as_in_numpy(choices: Any) -> None:
    x = X[0].astype(np.float16)
    conditions = [x > 0, x > 1, x > 2]
    assert_same(np.select(conditions, [tensor(x), *choices]), np.select(conditions, [x, *choices]))
    number = np.array([0, 1, 2])
    assert_same(np.choose(number, [tensor(x), *choices]), np.choose(number, [x, *choices]))


def test_what_is_no_choice_is_an_error() -> None:
    x: Any = tensor(X)
    with pytest.raises(ValueError, match="a condition for each choice: 1 for 2"):
        np.select([X > 0], [x, x])
    with pytest.raises(TypeError, match="condition 1 of select is of dtype int64"):
        np.select([X > 0, np.ones(X.shape, np.int64)], [x, x])
    with pytest.raises(ValueError, match="invalid entry"):
        np.choose(np.array([2]), [x, x])
    with pytest.raises(GraphError, match="out="):
        np.choose(np.array([0]), [x * tensor(1.0, requires_grad=True), x], out=np.empty(1))
    with pytest.raises(TypeError):
        np.choose(np.array([0.5]), [x, x])


@pytest.mark.parametrize("mode", ["wrap", "clip"])
def test_choices_are_by_number(mode: Any) -> None:
    numbers = np.array([[-3, 0, 1], [2, 1, 7]])
    assert_same(np.choose(numbers, [tensor(X), -X], mode=mode), np.choose(numbers, [X, -X], mode=mode))
    assert_same(np.choose(tensor(numbers), [X, tensor(X[0])], mode=mode), np.choose(numbers, [X, X[0]], mode=mode))
    rows: Any = tensor(X)  # a tensor is the sequence of its rows
    assert_same(np.choose(np.array([0, 1, 1]), rows), np.choose(np.array([0, 1, 1]), X))


# Functions by condition


def test_of_functions_whose_conditions_overlap_the_last_is_taken() -> None:
    functions: list[Any] = [np.negative, lambda x: x - x.mean(), 7.0]
    conditions = [X < 1, X > 0]
    x = tensor(X, requires_grad=True)
    assert_same(np.piecewise(x, conditions, functions), np.piecewise(X, conditions, functions))
    found = grad(lambda x: np.piecewise(x, [x < 1, x > 0], [np.negative, np.square]).sum())(X)
    np.testing.assert_array_equal(found, np.where(X > 0, 2 * X, -1))


def test_pieces_by_one_condition_and_arguments() -> None:
    functions: list[Any] = [lambda x, a, b=0: a * x + b, lambda x, a, b=0: x]
    for x in (X[0], X[0].astype(np.float32)):
        expected = np.piecewise(x, x > 0, functions, 3, b=1)
        assert_same(np.piecewise(tensor(x), x > 0, functions, 3, b=1), expected)
    assert_same(np.piecewise(tensor(2.0), True, [np.exp]), np.piecewise(np.array(2.0), True, [np.exp]))
    assert_same(np.piecewise(tensor([1, 2]), [np.array([True, False])], [lambda x: x + 0.5]), [1, 0])


def test_conditions_of_fewer_axes() -> None:
    """They choose rows, as an index does, and the functions are given those."""
    cumulative: list[Any] = [lambda rows: rows.cumsum(0), 1.0]
    x = np.arange(6.0).reshape(3, 2)
    rows = np.array([True, False, True])
    assert_same(np.piecewise(tensor(x), [rows], cumulative[:1]), np.piecewise(x, [rows], cumulative[:1]))
    assert_same(np.piecewise(tensor(x), True, cumulative), np.piecewise(x, True, cumulative))


def test_where_no_condition_holds_is_zero() -> None:
    x = tensor(X, requires_grad=True)
    made: Any = np.piecewise(x, [X > 9], [np.exp])
    made.sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.zeros(X.shape))


def test_constants_of_pieces_have_gradients() -> None:
    level = tensor(4.0, requires_grad=True)
    functions: list[Any] = [level, 0.0]
    made: Any = np.piecewise(tensor(X), [X > 1], functions)
    made.sum().backward()
    assert level.grad.item() == np.sum(X > 1)


def test_pieces_need_a_function_for_each_condition() -> None:
    with pytest.raises(ValueError, match="2 condition"):
        np.piecewise(tensor(X), [X > 0, X < 0], [np.exp])


def test_a_piece_that_overflows_elsewhere_leaves_no_nan() -> None:
    x = np.array([-1.0, 4.0])
    np.testing.assert_array_equal(grad(lambda x: np.piecewise(x, [x > 0], [np.sqrt, 0.0]).sum())(x), [0, 0.25])


# Functions along axes


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_functions_of_vectors(axis: int) -> None:
    functions: list[Any] = [np.sum, np.sort, np.diag, lambda v, *rest: v[:1], lambda v: [v[0], 2 * v[1]][0]]
    for function in functions:
        expected = np.apply_along_axis(function, axis, X)
        assert_same(np.apply_along_axis(function, axis, tensor(X)), expected)


def test_the_first_result_decides_the_dtype() -> None:
    def halves(v: Any) -> Any:
        return v[0] / 2 if np.asarray(v[0]) > 5 else np.int64(3)

    x = np.array([[1.0, 2.0], [7.0, 2.0]])
    expected = np.apply_along_axis(halves, 1, x)
    np.testing.assert_array_equal(np.apply_along_axis(halves, 1, tensor(x)), expected)


def test_there_must_be_vectors() -> None:
    with pytest.raises(ValueError, match=r"no vector along axis 1 of shape \(0, 3\)"):
        np.apply_along_axis(np.sum, 1, tensor(np.zeros((0, 3))))
    with pytest.raises(np.exceptions.AxisError):
        np.apply_along_axis(np.sum, 2, tensor(X))


def test_many_vectors() -> None:
    x = np.arange(900.0).reshape(300, 3)
    found = grad(lambda x: (np.apply_along_axis(lambda v: v.sum(), 1, x) ** 2).sum())(x)
    np.testing.assert_array_equal(found, np.repeat(2 * x.sum(1, keepdims=True), 3, 1))


def test_functions_over_axes() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    axes: Any
    for axes in (0, (0, 2), [-1, -2], np.array([1])):
        assert_same(np.apply_over_axes(np.sum, tensor(x), axes), np.apply_over_axes(np.sum, x, axes))
    assert_same(np.apply_over_axes(np.cumsum, tensor(x), (0, 1)), np.apply_over_axes(np.cumsum, x, (0, 1)))
    with pytest.raises(ValueError, match="returned 1 axes"):
        np.apply_over_axes(lambda a, axis: a[0, 0], tensor(x), 1)


def test_vectorize_is_refused() -> None:
    """It calls its function with Python's numbers."""
    with pytest.raises(GraphError, match="cut it from its graph"):
        np.vectorize(lambda x: x * 2)(tensor(X, requires_grad=True))
