"""Elementwise results that are computed where they are stored: only where nobody notices, and then they are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile
from autograd.transforms.compile.program import Call

Array = np.ndarray[Any, Any]
A, B = np.linspace(-1.0, 2.0, 12).reshape(3, 4), np.linspace(3.0, 4.0, 12).reshape(3, 4)


def stored(a: Array, b: Array) -> Any:
    """What is stored and read by nobody else: computed there."""
    x = np.zeros((2, 3, 4))
    x[1] = a * b
    return x


def read_again(a: Array, b: Array) -> Any:
    x, y = np.zeros((2, 3, 4)), a * b
    x[1] = y
    x[0, 0, 0] = 7.0
    return x, y + 1


def of_the_same_array(a: Array, b: Array) -> Any:
    """The target is read: an element would be written before it is read."""
    x = a * 1.5
    x[1:] = x[:-1] * 2.0
    return x


def read_before_a_write(a: Array, b: Array) -> Any:
    """An operand is written to between the call and the store."""
    x, c = np.zeros((3, 4)), a * 1.5
    y = c * 2.0
    c[...] = b
    x[...] = y
    return x, c


def written_to(a: Array, b: Array) -> Any:
    """What is stored is changed before."""
    x, y = np.zeros((3, 4)), a * b
    y[0] = 9.0
    x[...] = y
    return x


def written_through_a_view(a: Array, b: Array) -> Any:
    x, y = np.zeros((3, 4)), a * b
    y.T[0] = 9.0
    x[...] = y
    return x


def target_read_between(a: Array, b: Array) -> Any:
    """The target is read after the call, and before the store."""
    x = b * 1.0
    y = a * b
    z = np.sin(x)
    x[...] = y
    return x, z


def target_written_between(a: Array, b: Array) -> Any:
    x = b * 1.0
    y = a * b
    x[0] = 3.0
    x[1:] = y[1:] * 2.0
    x[...] = x + y
    return x


def of_another_dtype(a: Array, b: Array) -> Any:
    x = np.zeros((3, 4), np.float32)
    x[...] = a * b
    return x


def of_another_shape(a: Array, b: Array) -> Any:
    x = np.zeros((2, 3, 4))
    x[...] = a * b
    return x


def of_fewer_axes(a: Array, b: Array) -> Any:
    x = np.zeros((3, 4))
    x[...] = a[None] * b
    return x


def into_integers(a: Array, b: Array) -> Any:
    x = np.zeros((3, 4), int)
    x[...] = a * b
    return x


def to_a_number(a: Array, b: Array) -> Any:
    x = np.zeros(())
    x[()] = np.sum(a) * 2.0
    return x


def of_a_view(a: Array, b: Array) -> Any:
    x, square = np.zeros((3, 3)), a[:, :3] * b[:, :3]
    x[...] = square.T
    return x


def at_an_array(a: Array, b: Array) -> Any:
    x = np.zeros((3, 4))
    x[np.array([2, 0, 1])] = a * b
    return x


def returned(a: Array, b: Array) -> Any:
    x, y = np.zeros((3, 4)), a * b
    x[...] = y
    return x, y


def _is_stored(program: Any) -> bool:
    calls: list[Call] = program.program.calls
    return any(call.kwargs.get("out") is not None for call in calls)


CASES = [
    read_again, of_the_same_array, read_before_a_write, written_to, written_through_a_view, target_read_between,
    target_written_between, of_another_dtype, of_another_shape, of_fewer_axes,
    into_integers, to_a_number, of_a_view, at_an_array, returned,
]  # fmt: skip


@pytest.mark.parametrize("function", [stored, *CASES])
def test_results(function: Callable[..., Any]) -> None:
    compiled = compile(function, backend="numpy")
    for a, b in ((A, B), (B, A), (A - B, A + B)):
        expected, found = function(a, b), compiled(a, b)
        for x, y in zip(*(z if isinstance(z, tuple) else (z,) for z in (expected, found)), strict=True):
            np.testing.assert_array_equal(y, x)
            assert x.dtype == y.dtype
    assert not compiled.fallbacks


def test_what_an_optimizer_changes_between() -> None:
    def made() -> tuple[Callable[[], Any], nn.Parameter]:
        p = nn.Parameter(np.ones(3))
        optimizer = nn.optim.SGD([p], lr=0.25)

        def function() -> Any:
            optimizer.zero_grad()
            (p**2).sum().backward()
            y = p.data * 2.0
            optimizer.step()
            x = np.zeros((2, 3), p.dtype)  # to which y could be computed, but of other weights
            x[0] = y
            return x

        return function, p

    (function, p), (same, q) = made(), made()
    compiled = compile(same, backend="numpy")
    for _ in range(3):
        np.testing.assert_array_equal(compiled(), function())
        np.testing.assert_array_equal(q.data, p.data)
    assert not compiled.fallbacks


def test_what_is_stored_is_computed_there() -> None:
    compiled = compile(stored, backend="numpy")
    for _ in range(2):
        compiled(A, B)
    assert _is_stored(compiled.programs[0])
