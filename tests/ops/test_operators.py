"""Python's operators: every one is NumPy's, with anything on the other side."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, no_grad, tensor

ARITHMETIC = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv,
]  # fmt: skip
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
BITWISE = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
UNARY = [operator.neg, operator.pos, abs]

Operator = Callable[[Any, Any], Any]


def values(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def same(ours: Any, numpys: Any) -> None:
    """Hold a result to NumPy's: the same values, the same shape, the same dtype."""
    ours, numpys = np.asarray(values(ours)), np.asarray(numpys)
    np.testing.assert_array_equal(ours, numpys, strict=True)


OTHERS = [
    2, 2.5, True, np.float64(1.5), np.float32(1.5), np.int64(3), np.int8(3), np.array([3.0, 0.5]),
    np.array([[2], [3]]), np.array([2.0, 4.0], np.float32), np.array(2.0), [1.0, 2.0],
]  # fmt: skip


@pytest.mark.one_in(4)
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: f"{type(other).__name__} {other}")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", [*ARITHMETIC, *COMPARISONS])
def test_operator_is_numpys_from_both_sides(op: Operator, dtype: type, other: Any) -> None:
    x: Any = np.array([2.0, 4.5], dtype)
    for live in (False, True):
        t = tensor(x, requires_grad=live)
        same(op(t, other), op(x, other))
        same(op(other, t), op(other, x))
        same(op(t, tensor(other)), op(x, np.array(other)))


@pytest.mark.parametrize("op", [*ARITHMETIC, operator.matmul])
def test_result_of_arithmetic_is_a_tensor_whatever_stands_left(op: Operator) -> None:
    t = tensor([1.0, 2.0], requires_grad=True)
    for left in (np.array([3.0, 4.0]), [3.0, 4.0]):
        result = op(left, t)
        assert isinstance(result, Tensor) or op is operator.floordiv


@pytest.mark.parametrize("op", BITWISE)
def test_bitwise_operators(op: Operator) -> None:
    x, y = np.array([5, 6, 7]), np.array([1, 2, 3])
    same(op(tensor(x), tensor(y)), op(x, y))
    same(op(tensor(x), 2), op(x, 2))
    same(op(9, tensor(y)), op(9, y))
    same(op(x, tensor(y)), op(x, y))
    same(~tensor(x), ~x)


@pytest.mark.parametrize("op", UNARY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_unary_operators(op: Callable[[Any], Any], dtype: type) -> None:
    x: Any = np.array([-2, 0, 3], dtype)
    same(op(tensor(x)), op(x))


@pytest.mark.parametrize("scalar", [2, 2.5, True, 1e30])
def test_python_scalar_leaves_float32_as_it_is(scalar: Any) -> None:
    """MyGrad and others turn float32 into float64 here."""
    x = tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    for y in (x * scalar, scalar * x, scalar / x, x - scalar, scalar - x, x**2.0, x // 1 + scalar):
        assert y.dtype == np.float32
    (x * scalar).sum().backward()
    assert x.grad.dtype == np.float32


def test_numpy_scalar_promotes_float32_but_not_its_gradient() -> None:
    x = tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    y = np.float64(2.0) * x
    assert isinstance(y, Tensor)
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32


def test_divmod_is_numpys_from_both_sides() -> None:
    x = np.array([7.5, -7.5, 2.0])
    for ours, numpys in (
        (divmod(tensor(x), 2), divmod(x, 2)),
        (divmod(9.0, tensor(x)), divmod(9.0, x)),
        (divmod(x, tensor([2.0])), divmod(x, np.array([2.0]))),
        (np.divmod(tensor(x), 2), np.divmod(x, 2)),
    ):
        for a, b in zip(ours, numpys, strict=True):
            same(a, b)


def test_remainder_of_divmod_is_differentiated() -> None:
    x, y = tensor([7.5, -7.5], requires_grad=True), tensor(2.0, requires_grad=True)
    divmod(x, y)[1].sum().backward()
    np.testing.assert_array_equal(x.grad.data, [1, 1])
    assert y.grad.item() == -(3 - 4)


def test_operator_names_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"'multiply' cannot combine \(2,\) float64 and \(3,\) float64"):
        tensor([1.0, 2.0]) * tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"'matmul' cannot combine \(2, 3\) float64 and \(2, 3\) float64"):
        tensor(np.ones((2, 3))) @ np.ones((2, 3))


# In place

IN_PLACE = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv, operator.imod, operator.ipow,
]  # fmt: skip


@pytest.mark.parametrize("op", IN_PLACE)
def test_in_place_on_a_leaf_raises_outside_no_grad(op: Operator) -> None:
    w = tensor([4.0, 5.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"within no_grad\(\)"):
        op(w, 2.0)
    np.testing.assert_array_equal(w.data, [4, 5])


@pytest.mark.parametrize("op", IN_PLACE)
@pytest.mark.parametrize("operand", [2.0, np.array([2.0, 3.0]), tensor([2.0, 3.0])], ids=["float", "array", "tensor"])
def test_in_place_within_no_grad_writes_to_the_leaf(op: Operator, operand: Any) -> None:
    w = tensor([4.0, 5.0], requires_grad=True)
    data, expected = w.data, op(np.array([4.0, 5.0]), values(operand))
    with no_grad():
        result = op(w, operand)
    assert result is w
    assert w.data is data
    assert w.requires_grad
    assert w.is_leaf
    np.testing.assert_array_equal(w.data, expected)


def test_in_place_bitwise_and_matmul_write_to_constants() -> None:
    operators: list[Operator] = [operator.iand, operator.ior, operator.ixor, operator.ilshift, operator.irshift]
    for op in operators:
        t = tensor([5, 6])
        data, expected = t.data, op(np.array([5, 6]), 1)
        t = op(t, 1)
        assert t.data is data
        np.testing.assert_array_equal(data, expected)
    square = tensor([[1.0, 2.0], [3.0, 4.0]])
    data = square.data
    square @= tensor([[0.0, 1.0], [1.0, 0.0]])
    assert square.data is data
    np.testing.assert_array_equal(data, [[2, 1], [4, 3]])


def test_in_place_on_a_result_changes_it() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    first = y = x * 3
    y += 1.0
    assert y is first
    np.testing.assert_array_equal(first.data, [4, 7])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [3, 3])


def test_in_place_on_a_result_within_no_grad_is_no_silent_error() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    with no_grad():
        y += 1.0
    np.testing.assert_array_equal(y.data, np.exp([1.0, 2.0]) + 1)
    with pytest.raises(GraphError, match="written to in place afterwards"):
        y.sum().backward()


def test_constant_plus_live_operand_is_recorded() -> None:
    c, x = tensor([1.0, 2.0]), tensor([3.0, 4.0], requires_grad=True)
    total = c
    total += x
    assert total is c
    total.sum().backward()
    np.testing.assert_array_equal(c.data, [4, 6])
    np.testing.assert_array_equal(x.grad.data, [1, 1])


def test_in_place_casts_as_numpy_does() -> None:
    counts = tensor([1, 2])
    with pytest.raises(TypeError, match="same_kind"):
        counts += 0.5
    half = tensor([1.0, 2.0], dtype="float32")
    half *= 2.0
    assert half.dtype == np.float32


def test_array_plus_live_tensor_in_place_raises() -> None:
    a = np.array([1.0, 2.0])
    with pytest.raises(GraphError, match="outside the graph"):
        a += tensor([1.0, 1.0], requires_grad=True)
    a += tensor([1.0, 1.0])
    np.testing.assert_array_equal(a, [2, 3])
