"""Blocks that switch recording: as decorators of every kind of function, and left in any order."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from autograd import detect_anomaly, enable_grad, is_grad_enabled, no_grad
from autograd.graph.grad_mode import recording, watching


def test_a_decorated_generator_is_in_the_block_while_it_runs() -> None:
    @no_grad()
    def modes() -> Generator[Any, Any, str]:
        got = yield is_grad_enabled()
        try:
            yield got
        except ValueError:
            yield is_grad_enabled()
        return "end"

    running = modes()
    assert next(running) is False
    assert is_grad_enabled()
    assert running.send("sent") == "sent"
    assert running.throw(ValueError()) is False
    assert is_grad_enabled()
    with pytest.raises(StopIteration, match="end"):
        next(running)
    assert is_grad_enabled()


def test_a_decorated_generator_is_closed_in_the_block() -> None:
    seen = []

    @no_grad()
    def modes() -> Iterator[None]:
        try:
            yield
        finally:
            seen.append(is_grad_enabled())

    running: Any = modes()
    next(running)
    running.close()
    assert seen == [False]
    assert is_grad_enabled()


def test_a_decorated_coroutine_is_in_the_block_throughout() -> None:
    seen: list[bool] = []

    @no_grad()
    async def inside() -> None:
        seen.append(is_grad_enabled())
        await asyncio.sleep(0)
        seen.append(is_grad_enabled())

    async def outside() -> None:
        task = asyncio.create_task(inside())
        await asyncio.sleep(0)
        assert is_grad_enabled()
        await task
        assert is_grad_enabled()

    asyncio.run(outside())
    assert seen == [False, False]


def test_an_asynchronous_generator_is_refused() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match="asynchronous generator"):
        no_grad()(numbers)


def suspended(block: Callable[[], Any]) -> Iterator[None]:
    with block():
        yield


def test_blocks_may_be_left_in_another_order_than_they_were_entered_in() -> None:
    running = suspended(no_grad)
    next(running)
    with no_grad():
        list(running)
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_of_many_suspended_blocks_the_last_one_counts() -> None:
    first, second, third = (suspended(no_grad) for _ in range(3))
    for running in (first, second, third):
        next(running)
    for running in (first, third):
        list(running)
        assert not is_grad_enabled()
    list(second)
    assert is_grad_enabled()


def test_watching_survives_blocks_within_blocks() -> None:
    with detect_anomaly():
        before = recording(), watching()
        with no_grad(), enable_grad():
            assert (recording(), watching()) == before
        assert (recording(), watching()) == before
    assert (recording(), watching()) == (1, 0)


def test_a_block_of_one_thread_is_none_of_another() -> None:
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
