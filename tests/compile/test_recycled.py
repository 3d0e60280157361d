"""The memory of large results is used again once nobody holds them, and never before."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, compile, grad
from autograd.graph.buffer_reuse import COUNTED
from autograd.transforms.compile.recycled import RECYCLED, Recycled

pytestmark = pytest.mark.skipif(not COUNTED, reason="references cannot be counted, so that no memory is used again")
N = RECYCLED // 8

HOLDERS: dict[str, Callable[[Any], Any]] = {
    "the result": lambda x: x,
    "a view": lambda x: x[1:],
    "a view of a view": lambda x: x.reshape(2, -1)[1, ::2],
    "a tensor": Tensor,
    "a memoryview": memoryview,
    "a scalar's array": lambda x: x[0, ...],
}


def address(x: Any) -> int:
    found: int = x.__array_interface__["data"][0]
    return found


@pytest.mark.parametrize("holder", HOLDERS)
def test_memory_that_somebody_holds_is_not_written_to(holder: str) -> None:
    function = compile(lambda x: np.exp(x) * 2)
    ones = np.ones(N)
    function(ones), function(ones)
    held = [HOLDERS[holder](function(ones * i)) for i in range(4)]
    for i, each in enumerate(held):
        kept = np.asarray(each.data if isinstance(each, Tensor) else each)
        assert (kept == np.exp(np.float64(i)) * 2).all()


def test_memory_that_nobody_holds_is_used_again() -> None:
    function = compile(lambda x: np.exp(x) * 2)
    ones = np.ones(N)
    function(ones)
    gc.disable()  # the memory is free at once
    try:
        assert len({address(function(ones)) for _ in range(5)}) == 1
        x = ones
        addresses = set()
        for _ in range(6):  # the last result is held while the next one is computed
            x = function(x * 0)
            addresses.add(address(x))
        assert len(addresses) == 2
    finally:
        gc.enable()


def test_gradients_of_tensors_are_their_own() -> None:
    w = Tensor(np.ones(N), requires_grad=True)

    @compile
    def step(x: Any) -> None:
        w.grad = None
        (w * w * x).sum().backward()

    found = []
    for i in range(5):
        step(np.full(N, float(i)))
        assert w.grad is not None
        found.append(w.grad)
    for i, each in enumerate(found):
        assert (each.data == 2.0 * i).all()


def test_small_results_are_new() -> None:
    function = compile(grad(lambda x: np.sum(x * x)))
    held = [function(np.full(3, float(i))) for i in range(5)]
    assert [each[0] for each in held] == [0, 2, 4, 6, 8]


def test_results_in_column_major_order() -> None:
    function = compile(lambda x: np.exp(x))
    x = np.asfortranarray(np.ones((N // 8, 8)))
    for _ in range(3):
        assert function(x).strides == np.exp(x).strides


def test_a_large_result_that_is_filled_first() -> None:
    def function(x: Any) -> Any:
        a = np.zeros(N)
        a[1:] = x[1:]
        b = np.ones_like(x)
        b[:2] = x[:2]
        return a, b

    compiled = compile(function)
    for i in range(4):
        x = np.full(N, float(i))
        for found, expected in zip(compiled(x), function(x), strict=True):
            assert (found == expected).all()


def test_arrays_start_at_cache_lines() -> None:
    recycled = Recycled(np.empty((3, 5)))
    held = [recycled() for _ in range(4)]
    assert all(address(x) % 64 == 0 for x in held)
    assert len({address(x) for x in held}) == 4
