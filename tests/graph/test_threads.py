"""Threads and tasks: each has its own modes and walks, and what they share loses nothing."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest

import nn
from autograd import detect_anomaly, grad, is_grad_enabled, no_grad, tensor

THREADS, TIMES = 8, 400


@pytest.fixture(autouse=True)
def smallest_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """Return what `work` returns in each of several threads that start together."""
    barrier = Barrier(THREADS)

    def start(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(start, range(THREADS)))


def loss(x: Any, weight: Any) -> Any:
    hidden = np.tanh(x @ weight)
    return (hidden * hidden + np.where(hidden > 0, hidden, 0)).sum()


def test_gradients_are_those_of_one_thread() -> None:
    weight = np.linspace(-1, 1, 12).reshape(3, 4)
    inputs = [np.random.default_rng(i).standard_normal((TIMES, 2, 3)) for i in range(THREADS)]

    def work(number: int) -> list[Any]:
        return [grad(loss, 1)(x, weight) for x in inputs[number]]

    expected = [work(number) for number in range(THREADS)]
    assert np.array_equal(in_threads(work), expected)


def test_nothing_is_lost_where_threads_share_a_leaf() -> None:
    shared = tensor(np.zeros(3), requires_grad=True)

    def work(number: int) -> None:
        for _ in range(TIMES):
            (shared * (number + 1)).sum().backward()

    in_threads(work)
    assert np.array_equal(shared.grad.data, np.full(3, TIMES * sum(range(1, THREADS + 1))))


def test_nothing_is_lost_in_the_memory_of_an_optimizer() -> None:
    layer = nn.Linear(3, 2)
    optimizer = nn.optim.SGD(layer.parameters(), lr=0.0)
    x = np.ones((1, 3), np.float32)

    def work(number: int) -> None:
        for _ in range(TIMES):
            (layer(x) * (number + 1)).sum().backward()

    for _ in range(3):
        optimizer.zero_grad()
        in_threads(work)
        total = TIMES * sum(range(1, THREADS + 1))
        assert np.array_equal(layer.weight.grad.data, np.full((2, 3), total))
        assert np.array_equal(layer.bias.grad.data, np.full(2, total))  # type: ignore[union-attr]  # it has one


def test_without_the_lock_no_memory_is_used_again() -> None:
    """Counts of references are not to be trusted there: the interpreter says so when the engine is imported."""
    program = """
import sys
sys._is_gil_enabled = lambda: False
import numpy as np
import nn
from autograd import tensor
from autograd.graph.buffer_reuse import held_once, may_add_to, sum_gradients
a = np.ones(5000)
print(sum_gradients(np.ones(5000), a).sum(), may_add_to(np.ones(5000), a), held_once({None: np.ones(5000)}, None))
layer = nn.Linear(2, 1)
optimizer = nn.optim.SGD(layer.parameters(), lr=0.5)
held = []
for _ in range(3):
    optimizer.zero_grad()
    layer(np.ones((1, 2), np.float32)).sum().backward()
    held.append(layer.weight.grad)
    before = layer.weight.data.copy()
    optimizer.step()
    print(np.allclose(layer.weight.data, before - 0.5), len({id(grad.data) for grad in held}) == len(held))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["10000.0 False False", *["True True"] * 3]


def test_threads_may_walk_one_graph() -> None:
    weight = tensor(np.linspace(-1, 1, 12).reshape(3, 4), requires_grad=True)
    result = loss(np.ones((2, 3)), weight)
    result.backward(retain_graph=True)
    once = weight.grad.data.copy()
    weight.zero_grad()
    in_threads(lambda number: [result.backward(retain_graph=True) for _ in range(20)])
    assert np.allclose(weight.grad.data, once * THREADS * 20, rtol=1e-12)


def test_modes_are_of_one_thread() -> None:
    def work(number: int) -> bool:
        for _ in range(TIMES):
            if number % 2:
                with no_grad():
                    if is_grad_enabled():
                        return False
            elif not (tensor(1.0, requires_grad=True) * 2).requires_grad:
                return False
        return is_grad_enabled()

    with detect_anomaly():
        assert all(in_threads(work))


def test_modes_are_of_one_task() -> None:
    async def without() -> bool:
        with no_grad():
            await asyncio.sleep(0)
            return is_grad_enabled()

    async def recording() -> bool:
        await asyncio.sleep(0)
        return is_grad_enabled()

    async def both() -> list[bool]:
        return list(await asyncio.gather(without(), recording(), without(), recording()))

    assert asyncio.run(both()) == [False, True, False, True]
