"""What the standard asks of arrays themselves: operators, indices, conversions. Every result is a tensor."""

import operator
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, array_api, tensor

X = np.array([[5, 6, 7], [1, 2, 3]])
ARITHMETIC = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
]  # fmt: skip
INTEGER = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
IN_PLACE: dict[Any, Any] = {
    operator.add: operator.iadd, operator.sub: operator.isub, operator.mul: operator.imul, operator.mod: operator.imod,
    operator.floordiv: operator.ifloordiv, operator.pow: operator.ipow, operator.and_: operator.iand,
    operator.or_: operator.ior, operator.xor: operator.ixor, operator.lshift: operator.ilshift,
    operator.rshift: operator.irshift,
}  # fmt: skip


def same(found: Any, expected: Any) -> None:
    assert isinstance(found, Tensor)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found.data, expected)


@pytest.mark.parametrize("operate", [*ARITHMETIC, *INTEGER, *COMPARISONS])
@pytest.mark.parametrize("other", [3, np.array([1, 2, 3]), np.array(2)], ids=str)
def test_operator_gives_a_tensor_from_both_sides(operate: Any, other: Any) -> None:
    theirs = tensor(other) if isinstance(other, np.ndarray) else other
    same(operate(tensor(X), theirs), operate(X, other))
    same(operate(theirs, tensor(X)), operate(other, X))


@pytest.mark.parametrize("operate", COMPARISONS)
def test_operator_without_a_derivative_gives_a_constant_of_what_requires_a_gradient(operate: Any) -> None:
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    for found in (operate(x, 2.0), operate(2.0, x), operate(x, x)):
        assert isinstance(found, Tensor)
        assert not found.requires_grad


@pytest.mark.parametrize("operate", [operator.and_, operator.or_, operator.xor, operator.eq, operator.ne])
def test_operators_of_bools(operate: Any) -> None:
    x, y = np.array([True, True, False]), np.array([True, False, False])
    same(operate(tensor(x), tensor(y)), operate(x, y))
    same(operate(tensor(x), True), operate(x, True))
    same(~tensor(x), ~x)


@pytest.mark.parametrize("operate", [operator.neg, operator.pos, operator.invert, abs])
def test_operators_of_one_array(operate: Any) -> None:
    same(operate(tensor(X)), operate(X))


def test_matrix_product() -> None:
    same(tensor(X) @ tensor(X.T), X @ X.T)


@pytest.mark.parametrize("operate", IN_PLACE)
def test_operator_in_place_changes_the_tensor(operate: Any) -> None:
    x = tensor(X)
    before = x.data
    result = IN_PLACE[operate](x, 2)
    assert result is x
    assert x.data is before
    same(x, operate(X, 2))


def test_operator_in_place_on_a_recorded_result_gives_a_tensor() -> None:
    y = tensor([7.0, 9.0], requires_grad=True) * 1
    y //= 2
    same(y, np.array([3.0, 4.0]))


KEYS: list[Any] = [
    0, -1, slice(None), slice(None, None, -1), (0, 1), (slice(None), 1), (..., 0), None, (None, ..., None), (), ...,
    (slice(0, 1), slice(1, 3)), (1, None, slice(None, None, 2)),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_index(key: Any) -> None:
    same(tensor(X)[key], np.asarray(X[key]))
    x = tensor(X.astype(float), requires_grad=True)
    assert x[key].requires_grad


@pytest.mark.parametrize("live", [False, True])
def test_index_by_tensors(live: bool) -> None:
    data = X.astype(float)
    x = tensor(data, requires_grad=live)
    same(x[x > 2], data[data > 2])
    same(x[tensor([True, False])], data[[True, False]])
    same(x[tensor(1), tensor([0, 2])], data[1, [0, 2]])
    same(x[tensor([1, 0]), ...], data[[1, 0]])
    same(x[0, tensor(1)], np.asarray(data[0, 1]))
    same(x[tensor(True)], data[True])


@pytest.mark.parametrize("key", [0, (0, 1), (slice(None), 1), ..., (..., slice(0, 2))], ids=str)
def test_assignment(key: Any) -> None:
    for value in (9, tensor(9)):
        x, expected = tensor(X), X.copy()
        x[key] = value
        expected[key] = 9
        same(x, expected)


def test_assignment_where_a_condition_holds() -> None:
    x = tensor(X)
    x[x > 2] = 0
    same(x, np.where(X > 2, 0, X))
    x[tensor([True, False])] = tensor([4, 5, 6])
    same(x, np.array([[4, 5, 6], [1, 2, 0]]))
    scalar = tensor(3.0) * 2
    scalar[()] = tensor(1.0)
    same(scalar, np.array(1.0))


@pytest.mark.parametrize("convert", [bool, int, float, complex])
@pytest.mark.parametrize("value", [True, 3, 2.5])
def test_conversion_to_a_python_number(convert: Any, value: Any) -> None:
    for x in (tensor(value), tensor(float(value), requires_grad=True)):
        assert type(convert(x)) is convert
        assert convert(x) == convert(value)


def test_complex_numbers_become_no_real_ones() -> None:
    x = tensor(1 + 2j)
    assert complex(x) == 1 + 2j
    assert bool(x) is True
    for convert in (int, float):
        with pytest.raises(TypeError):
            convert(x)


def test_index_of_python() -> None:
    assert ["a", "b", "c"][tensor(1)] == "b"
    for wrong in (tensor(1.0), tensor([1, 2])):
        with pytest.raises(TypeError):
            operator.index(wrong)


def test_only_one_number_is_true_or_false() -> None:
    for convert in (bool, int, float, complex):
        with pytest.raises((TypeError, ValueError)):
            convert(tensor([1.0, 2.0]))


def test_attributes() -> None:
    x = tensor(X)
    assert (x.shape, x.ndim, x.size, x.device, x.dtype) == ((2, 3), 2, 6, "cpu", array_api.int64)
    same(x.T, X.T)
    same(tensor(np.ones((2, 3, 4))).mT, np.ones((2, 4, 3)))
    with pytest.raises(ValueError, match="two axes"):
        _ = tensor([1.0]).mT


def test_iteration_is_over_the_first_axis() -> None:
    assert [type(row) for row in tensor(X)] == [Tensor, Tensor]
    with pytest.raises(TypeError):
        iter(tensor(1.0)).__next__()


def test_numpy_arrays_are_welcome_in_the_namespace() -> None:
    same(array_api.add(X, tensor(1)), X + 1)
    same(array_api.sum(X), np.asarray(X.sum()))
    same(array_api.where(X > 2, tensor(1.0), 0.0), np.where(X > 2, 1.0, 0.0))


def test_assignment_to_a_recorded_result_is_no_silent_cut() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y[0] = 0.0
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 2.0]
