"""Exceptions that pass through the engine: what is raised in a user's code arrives as it was raised."""

import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    Context,
    DerivativeError,
    Function,
    Value,
    checkpoint,
    elementwise,
    fixed_point,
    general,
    grad,
    gradients,
    hvp,
    jacobian,
    jvp,
    saved_tensors_hooks,
    tensor,
)


class StopError(Exception):
    pass


class LateError(ValueError):
    """An error of a user's own, though it is a ValueError."""


class NotFoundError(KeyError):
    pass


RAISED: list[type[Exception]] = [
    StopError, LateError, NotFoundError, TimeoutError, MemoryError, RuntimeError, OSError, StopIteration,
    AssertionError, NotImplementedError, NameError,
]  # fmt: skip
OF_VALUES: list[type[Exception]] = [
    ValueError, TypeError, IndexError, KeyError, AttributeError, ZeroDivisionError, FloatingPointError, OverflowError,
    np.linalg.LinAlgError,
]  # fmt: skip
leaves: list[Any] = []


def raising(error: Exception) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        raise error

    return function


def in_a_rule(error: Exception) -> Any:
    stop = raising(error)
    operation = elementwise(lambda x: x * 1, lambda g: stop(), name="stopping")
    return operation(tensor([1.0, 2.0], requires_grad=True)).sum()


def in_a_rule_of_several(error: Exception) -> Any:
    stop = raising(error)
    operation = general(lambda x, y, z: x * y * z, *[lambda g: stop()] * 3, name="stopping")
    return operation(tensor([1.0, 2.0], requires_grad=True), 2.0, 3.0).sum()


def in_a_class(error: Exception) -> Any:
    class Stopping(Function):
        @staticmethod
        def forward(ctx: Context, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            raise error

    return Stopping.apply(tensor([1.0, 2.0], requires_grad=True)).sum()


def in_a_hook(error: Exception) -> Any:
    y = tensor([1.0, 2.0], requires_grad=True) * 2
    y.register_hook(raising(error))
    return y.sum()


def in_a_hook_of_a_leaf(error: Exception) -> Any:
    x = tensor([1.0, 2.0], requires_grad=True)
    x.register_hook(raising(error))
    leaves[:] = [x]
    return (x * 2).sum()


def in_unpacking(error: Exception) -> Any:
    with saved_tensors_hooks(lambda array: array, raising(error)):
        return np.exp(tensor([1.0, 2.0], requires_grad=True)).sum()


def in_a_checkpoint(error: Exception) -> Any:
    calls: list[int] = []

    def function(x: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise error
        return np.exp(x)

    return checkpoint(function, tensor([1.0, 2.0], requires_grad=True)).sum()


RULES = [in_a_rule, in_a_rule_of_several, in_a_class]
HOOKS = [in_a_hook, in_a_hook_of_a_leaf, in_unpacking, in_a_checkpoint]
same = pytest.mark.parametrize("create_graph", [False, True])


@pytest.mark.one_in(3)
@same
@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("program", [*RULES, *HOOKS])
def test_errors_of_others_arrive_as_they_are(program: Any, kind: type[Exception], create_graph: bool) -> None:
    error = kind("words")
    with pytest.raises(kind) as caught:
        program(error).backward(create_graph=create_graph)
    assert caught.value is error


@same
@pytest.mark.parametrize("kind", OF_VALUES)
@pytest.mark.parametrize("program", HOOKS)
def test_what_is_raised_in_hooks_arrives_as_it_is(program: Any, kind: type[Exception], create_graph: bool) -> None:
    error = kind("words")
    with pytest.raises(kind) as caught:
        program(error).backward(create_graph=create_graph)
    assert caught.value is error


@same
@pytest.mark.parametrize("kind", OF_VALUES)
@pytest.mark.parametrize("program", RULES)
def test_errors_of_values_in_a_rule_name_it(program: Any, kind: type[Exception], create_graph: bool) -> None:
    error = kind("words")
    with pytest.raises(DerivativeError, match=f"'[Ss]topping'.* failed: {kind.__name__}") as caught:
        program(error).backward(create_graph=create_graph)
    assert caught.value.__cause__ is error


TRANSFORMS: list[Callable[[Any], Any]] = [
    lambda f: grad(f)(1.0), lambda f: jvp(f, 1.0, 1.0), lambda f: jacobian(f)(1.0), lambda f: hvp(f, 1.0, 1.0),
    lambda f: fixed_point(f, 1.0), lambda f: checkpoint(f, 1.0), lambda f: grad(grad(f))(1.0),
    lambda f: elementwise(lambda x: f(x), lambda g: g, name="own")(tensor(1.0)),
    lambda f: general(lambda x: f(x), lambda g: g, name="own")(tensor(1.0)),
    lambda f: elementwise(lambda x: f(x), lambda g: g, name="own")(Value(1)),
    lambda f: elementwise(lambda x, y: f(x), lambda g: g, lambda g: g, name="own")(Value(1), 2),
    lambda f: general(lambda x, y: f(x), lambda g: g, name="own")(tensor(1.0), 2),
    lambda f: elementwise(lambda x, y: f(x), lambda g: g, lambda g: g, name="own")(tensor(1.0), 2),
    lambda f: general(lambda x, y, z: f(x), *[lambda g: g] * 3, name="own")(tensor(1.0), 2, 3),
    lambda f: general(lambda x, y, z, w: f(x), *[lambda g: g] * 3, name="own")(tensor(1.0), 2, 3, 4),
    lambda f: general(lambda x: f(x), lambda g: g, name="own", outputs=True)(tensor(1.0)),
    lambda f: general(lambda x: f(x), lambda g: g, name="own", variadic=True)([tensor(1.0)]),
]  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("kind", RAISED)
def test_what_is_raised_in_a_function_arrives_as_it_is(transform: Any, kind: type[Exception]) -> None:
    error = kind("words")
    with pytest.raises(kind) as caught:
        transform(raising(error))
    assert caught.value is error
    assert tensor(1.0, requires_grad=True).exp().requires_grad  # the mode is as it was


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="only POSIX has timers that send signals")
def test_a_timeout_of_a_signal_handler_ends_a_walk() -> None:
    def late(signum: int, frame: Any) -> None:
        raise StopError("time is over")

    def slow(g: Any) -> Any:
        signal.setitimer(signal.ITIMER_REAL, 1e-3)
        time.sleep(5)
        return g

    x = tensor([1.0, 2.0], requires_grad=True)
    y = elementwise(lambda x: x * 1, slow, name="slow")(x).sum()
    before = signal.signal(signal.SIGALRM, late)
    try:
        with pytest.raises(StopError, match="time is over"):
            gradients(y, x)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
