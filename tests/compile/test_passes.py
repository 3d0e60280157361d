"""What the printer and the passes make of a program: fewer calls, and the same bits as without."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, compile, grad, tensor
from tests.compile.agreement import differs


def copied_constant(x: Any) -> Any:
    a = np.arange(3.0) * 2
    b = a.copy()
    b += x
    return b


def chain_of_copies(x: Any) -> Any:
    a = np.exp(x)
    b = a.copy()
    b *= 2
    c = b.copy()
    c += 1
    return c


def copy_of_what_is_read_later(x: Any) -> Any:
    a = np.exp(x)
    b = a.copy()
    b *= 2
    return b + a


def copy_of_what_is_returned(x: Any) -> Any:
    a = np.exp(x)
    b = a.copy()
    b *= 2
    return a, b.sum()


def copy_of_what_is_seen_by_a_view(x: Any) -> Any:
    a = np.exp(x)
    part = a[1:]
    b = a.copy()
    b *= 2
    return part, b.sum()


def copy_of_a_copy(x: Any) -> Any:
    a = np.exp(x)
    b = a.copy()
    c = b.copy()
    c[:1] = 0.25
    return np.concatenate([a, c])


def copy_of_a_part(x: Any) -> Any:
    a = np.exp(x)
    b = a[1:].copy()
    b *= 2
    return b, a[:1].copy()


def view_of_a_copy(x: Any) -> Any:
    a = np.exp(x)
    b = a.copy()
    part = b[1:]
    part += 1
    b *= part.sum()
    return b


def padded(x: Any) -> Any:
    a = np.zeros(5)
    a[1:4] = x
    b = np.ones(5)
    b[2:] = x
    return a + b, a * 2


def filled_and_read_between(x: Any) -> Any:
    a = np.zeros(4)
    a[:3] = x
    first = a.sum()
    a[1:] = x
    return a * first


def filled_and_changed(x: Any) -> Any:
    a = np.zeros(4)
    a[1:] = x
    a += 1
    a[0] = a[1] * 2
    return a


def filled_through_a_view(x: Any) -> Any:
    a = np.zeros(4)
    part = a[1:]
    part += x
    part *= x
    return a


def filled_by_what_it_holds(x: Any) -> Any:
    a = np.zeros(4)
    a[:3] = x
    a[1:] = a[:3] * 2
    return a


def stored(x: Any) -> Any:
    a, b = np.zeros(4), np.ones((2, 4))
    a[1:] = x * 2
    b[1, ::-1] = a + 1
    b[0, 2] = 3.0
    return a, b.T


def stored_twice(x: Any) -> Any:
    a, c = np.zeros(4), x * 3
    a[1:] = c
    b = np.zeros(4)
    b[:3] = c
    return a - b


def stored_after_a_write(x: Any) -> Any:
    a, b = np.zeros(3), np.exp(x)
    c, d = b + x, -b
    b *= 2
    d *= 2
    a[...] = c
    b[:] = d
    return a, b


def stored_where_it_is_read(x: Any) -> Any:
    a = np.zeros(4)
    a[:3] = x
    b = a[:3] * a[1:]
    a[1:] = b
    a[:2] = a[2:] * 2
    return a


def stored_after_what_reads_it(x: Any) -> Any:
    a = np.ones(4)
    b = x - 1
    c = a.sum()
    a[1:] = b
    return a * c


def stored_in_another_layout(x: Any) -> Any:
    a, b = np.zeros((3, 2)), np.zeros(3, np.float32)
    a[:, 0] = np.exp(x)
    a[:, 1] = x + 1
    b[:] = x * 2
    a[:] = (x * 3)[:, None]
    return a, b


def squares(x: Any) -> Any:
    return (
        x**2,
        np.power(x, 2.0),
        np.power(x, 2),
        np.power(x.astype(np.float32), 2),
        np.float64(3) ** 2 * x,
        x.dot(x),
        np.power(x, 1),
    )


def numbers(x: Any) -> Any:
    a = x * 1
    a += 2
    a **= 2
    return np.power(a, 3), np.arctan2(a, 1), np.hypot(2, a), a % 3, a // 2, np.fmax(a, 1.5)


def larger_than_its_type(x: Any) -> Any:
    small = x.astype(np.uint8)
    return np.greater(small, 300), np.less(small, -1), small + 1


def written_to_given_memory(x: Any) -> Any:
    a = np.concatenate([x, np.clip(x, 0.5, 2), np.cumsum(x)])
    b = np.stack([a, np.clip(a, -1.0, None)], axis=1)
    c = b.astype(np.float64)
    c *= 2
    return c.cumsum(axis=0) + b.astype(np.float32)


def sums_between_writes(x: Any) -> Any:
    a = np.exp(x)
    first = a.sum()
    a += 1
    second = a.sum()
    a += 1
    return first * x, second * x, a.sum() * x


def equal_constants(x: Any) -> Any:
    a, b, c = np.zeros(3) * 1, np.zeros(3) * 1, np.zeros(3) * 1
    c += x
    return np.copysign(x, a), np.copysign(x, -a), np.copysign(x, b), np.copysign(x, c), np.stack([b, a.T, c])


def copied_by_plus(x: Any) -> Any:
    a, b = +x, +x
    a += 1
    c = np.positive(b, where=np.array([True, True, True]), out=np.zeros(3))
    return a, b, c, np.exp(+b), np.exp(x) - np.positive(a)


FUNCTIONS: list[Callable[[Any], Any]] = [
    equal_constants, copied_by_plus,
    copied_constant, chain_of_copies, copy_of_what_is_read_later, copy_of_a_part, view_of_a_copy, padded,
    copy_of_a_copy, copy_of_what_is_returned, copy_of_what_is_seen_by_a_view, filled_and_read_between,
    filled_and_changed, filled_through_a_view, filled_by_what_it_holds, numbers, larger_than_its_type,
    written_to_given_memory, stored, stored_twice, stored_after_a_write, stored_where_it_is_read,
    stored_after_what_reads_it, stored_in_another_layout, squares, sums_between_writes,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_results_are_the_same_bits_at_each_replay(function: Callable[[Any], Any]) -> None:
    compiled = compile(function)
    for values in ([1.0, 2.0, 3.0], [0.5, -0.0, 0.25], [4.0, 3.0, 2.0], [1.0, 2.0, 3.0]):
        x = np.array(values)
        assert not differs(function(x), compiled(x))
    assert len(compiled.programs) == 1


def test_a_copy_of_what_nothing_else_needs_is_not_made() -> None:
    compiled = compile(chain_of_copies)
    compiled(np.ones(3)), compiled(np.ones(3))
    assert "copy" not in compiled.source()


def test_equal_calls_are_one_also_with_numbers_that_are_other_objects() -> None:
    @compile
    def function(x: Any) -> Any:
        return (x * int("1000")).sum() + (x * int("1000")).max() + (x * float("0.0")).sum() + (x * float("-0.0")).sum()

    function(np.ones(3)), function(np.ones(3))
    assert function.source().count("multiply(") == 3


def called(name: str, compiled: Any) -> int:
    """Return how often a program calls a function."""
    return len(re.findall(rf"^ +(?:\w+ = )?{name}\(", compiled.source(), re.MULTILINE))


def test_what_is_made_of_equal_constants_and_of_copies_is_made_once() -> None:
    @compile
    def function(x: Any) -> Any:
        shares, same, others = np.ones(3) * 2, np.ones(3) * 2, np.ones(3) * 3
        return np.exp(x * shares).sum() + np.exp(+x * same).max() + np.exp(x.copy() * others).sum()

    function(np.ones(3)), function(np.ones(3))
    assert called("exp", function) == 2
    assert "positive" not in function.source()


def test_gradients_of_two_variables_in_turn_share_what_is_the_same() -> None:
    def u(x: Any, y: Any) -> Any:
        return np.sin(np.stack([x, y], 1))[:, 0]

    @compile
    def slopes(x: Any, y: Any) -> Any:
        return grad(lambda x: u(x, y).sum())(x), grad(lambda y: u(x, y).sum())(y)

    x, y = np.linspace(-1, 1, 8).reshape(2, 4)
    for _ in range(3):
        assert not differs(slopes(x, y), slopes.__wrapped__(x, y))
    assert called("cos", slopes) == 1


def test_a_copy_of_what_the_function_reads_is_made_only_where_a_step_may_write_to_it() -> None:
    weight = tensor([1.0, 2.0], requires_grad=True)
    optimizer = nn.optim.SGD([weight], lr=0.5)

    def moved(x: Any) -> Any:
        before, doubled = weight.data.copy(), x.copy() * 2
        optimizer.zero_grad()
        np.sum(weight * x).backward()
        optimizer.step()
        return weight.data - before + doubled

    compiled, x = compile(moved), np.array([1.0, 3.0])
    for _ in range(3):
        assert compiled(x).tolist() == (1.5 * x).tolist()
    assert "copyto(b, held, 'unsafe')" in compiled.source()
    assert "multiply(x0, c, b_2)" in compiled.source()
    array = np.ones(2)
    compiled = compile(lambda x: array.copy() * x)
    compiled(x), compiled(x)
    assert "multiply(held, x0)" in compiled.source()


def test_what_the_function_reads_is_returned_itself() -> None:
    array = np.ones(2)
    compiled = compile(lambda x: (array, x * 2))
    compiled(array * 2), compiled(array * 2)
    assert compiled(array * 2)[0] is array
    assert "return (held, " in compiled.source()


def _given_another_array(*others: Any, write: bool = False) -> str:
    weight = tensor([1.0, 2.0])
    views = [Tensor(weight.data) for _ in others]

    @compile
    def function(x: Any) -> Any:
        y = sum([view.data for view in views], weight.data * x)
        if write:
            weight.data *= 3
        weight.data = weight.data + x
        return y

    expected = weight.data.copy()
    for _ in range(3):
        found = function(np.ones(2)) - sum((view.data for view in views), np.zeros(2))
        assert found.tolist() == expected.tolist()
        expected = expected * (3 if write else 1) + 1
    return str(function.source())


def test_a_tensor_that_is_given_another_array_is_asked_for_it_at_each_call() -> None:
    assert "tensor._array" in _given_another_array()
    assert "tensor._array" not in _given_another_array(write=True)


def test_a_tensor_that_is_only_read_is_not_asked_for_its_array() -> None:
    weight = tensor([1.0, 2.0])
    compiled = compile(lambda x: weight.data * x)
    compiled(np.ones(2)), compiled(np.ones(2))
    assert "multiply(x0, held)" in compiled.source() or "multiply(held, x0)" in compiled.source()
    assert "._array" not in compiled.source()


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda x: np.sqrt(x * 2).sum(), "sqrt(b, b)"),
        (lambda x: np.exp(x * 2).sum(), "exp(b, b_2)"),  # whose bits depend on where its operand lies
        (lambda x: np.sqrt(x * 2j).sum(), "sqrt(b, b_2)"),
        (lambda x: np.sqrt((x * 2).T).sum(), "sqrt(b_2, b_2)"),
        (lambda x: ((y := x * 2) + y.T).sum(), "add(b, b_3, b_2)"),  # which reads elements that it would have written
    ],
    ids=["rounded", "not rounded", "complex", "a view", "two layouts"],
)
def test_what_writes_over_its_operand(function: Callable[[Any], Any], line: str) -> None:
    compiled, x = compile(function), np.ones((3, 3))
    compiled(x), compiled(x)
    assert f" {line}\n" in compiled.source()


def test_padding_is_filled_once() -> None:
    compiled = compile(padded)
    compiled(np.ones(3)), compiled(np.ones(3))
    assert "fill" not in compiled.source()


@pytest.mark.parametrize("function", [stored, stored_after_what_reads_it])
def test_what_is_only_stored_is_computed_in_its_place(function: Callable[[Any], Any]) -> None:
    compiled = compile(function)
    compiled(np.ones(3)), compiled(np.ones(3))
    stores = [line.strip() for line in compiled.source().splitlines() if "] = " in line and "#" not in line]
    assert all(line.endswith("3.0") for line in stores), stores


def test_numpy_warns_in_a_program_where_it_would() -> None:
    def function(x: Any) -> Any:
        with np.errstate(over="ignore", divide="ignore"):
            a = np.exp(x)
        b = np.exp(x)
        with np.errstate(divide="ignore"):
            return a + b + 1 / (x - x)

    compiled = compile(function)
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        for _ in range(3):
            function(np.array([1e3]))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for _ in range(3):
            compiled(np.array([1e3]))
    assert [str(w.message) for w in found] == [str(w.message) for w in expected]


def test_what_numpy_does_on_overflow_is_put_back_after_an_error() -> None:
    @compile
    def function(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.linalg.solve(x, y)

    x, before = np.eye(2), np.geterr()
    function(x, x), function(x, x)
    with contextlib.suppress(np.linalg.LinAlgError):
        function(x * 0, x)
    assert np.geterr() == before


def test_a_gradient_that_is_not_finite_is_still_seen() -> None:
    function = grad(lambda x: np.sum(np.sqrt(x)))
    compiled = compile(function)
    compiled(np.ones(2)), compiled(np.ones(2))
    with pytest.warns(RuntimeWarning, match="inf"):
        compiled(np.zeros(2))
