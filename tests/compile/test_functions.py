"""Every public function of `nn.functional`, compiled: bit by bit, with the same draws; and sequences of arrays."""

from collections import UserList, deque
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, grad
from autograd.transforms.pytree import flatten

from ..good_calls import fresh
from ..nn.dtype_calls import Call, functions
from ..operations.test_batches import _gradients
from .agreement import compiled, disagreement

OF_INTEGERS = {"one_hot"}  # whose results are integers, without a derivative


@pytest.mark.one_in(9)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("call", [pytest.param(call, id=call.name) for call in functions()])
def test_a_function_is_replayed_bit_by_bit(call: Call, dtype: Any) -> None:
    rng, function = np.random.default_rng(0), call.make()

    def results(*data: Any) -> Any:
        args = list(map(fresh, call.args))
        for i, x in zip(call.data, data, strict=True):
            args[i] = x
        return function(*args, **call.options)

    for computed in (results,) if call.name in OF_INTEGERS else (results, _gradients(results)):
        recorded = compiled(computed)
        for _ in range(3):
            signs = [bool(np.isin(call.args[i], (1, -1)).all()) for i in call.data]  # labels, which stay what they are
            near = [call.args[i] * (1 if s else rng.uniform(0.99, 1)) for i, s in zip(call.data, signs, strict=True)]
            data = [x.astype(dtype) for x in near]

            def seeded(*data: Any, f: Any = computed) -> list[Any]:
                nn.manual_seed(1)
                with np.errstate(all="ignore"):
                    return [part.detach() if isinstance(part, Tensor) else part for part in flatten(f(*data))[0]]

            assert not disagreement(seeded, data, seeded(*data), seeded(*data, f=recorded))
        assert len(recorded.programs) == 1


class Pair(NamedTuple):
    first: Any
    second: Any


class Row(list[Any]):
    """A list of a class of its own."""


class Place(tuple[Any, ...]):
    """A tuple of a class of its own."""

    __slots__ = ()


KINDS: list[Callable[[Any], Any]] = [tuple, list, Row, Place, deque, UserList, lambda parts: Pair(*parts)]
OF_SEVERAL: list[Callable[[Any], Any]] = [
    np.stack, np.concatenate, np.vstack, lambda parts: np.hstack([*parts, np.stack(parts)[0]]),
]  # fmt: skip


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("of_several", OF_SEVERAL)
def test_sequences_of_any_class_have_arrays_that_change(of_several: Callable[[Any], Any], kind: int) -> None:
    def function(x: Any) -> Any:
        return of_several(KINDS[kind]([np.sin(x), np.sin(x) * 2]))

    recorded = [compiled(each) for each in (function, grad(lambda x: np.sum(function(x) ** 2)))]
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal(3)
        assert not disagreement(function, [x], function(x), recorded[0](x))
        assert np.allclose(recorded[1](x), grad(lambda x: np.sum(function(x) ** 2))(x))
    assert all(len(each.programs) == 1 for each in recorded)


def test_what_numpy_returns_as_a_named_tuple_is_an_argument_and_an_index() -> None:
    def function(x: Any) -> Any:
        return np.concatenate(np.linalg.qr(x)), x[Pair(slice(1, None), np.arange(2))]

    recorded = compiled(function)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((3, 3))
        assert not disagreement(function, [x], function(x), recorded(x))


def test_numbers_keep_the_digits_that_the_dtype_of_a_call_has() -> None:
    """A number beside an array is no array of its dtype where the call computes in another one."""

    def shifted(x: Any) -> Any:
        return np.subtract(np.add(x, 2**60 + 1, dtype=np.longdouble), np.longdouble(2**60))

    compiled_one, x = autograd.compile(shifted), np.zeros(2)
    for _ in range(3):
        np.testing.assert_array_equal(compiled_one(x), shifted(x))
    assert len(compiled_one.programs) == 1


@pytest.mark.parametrize("index", [lambda i: i, lambda i: (i, [0, 0]), lambda i: (slice(None), i)])
def test_an_array_is_indexed_by_a_tensor(index: Callable[[Any], Any]) -> None:
    recorded = compiled(lambda i: np.eye(5)[index(i)])
    for places in np.array([1, 2]), np.array([4, 0]), np.array([3, 3]):
        np.testing.assert_array_equal(recorded(Tensor(places)), np.eye(5)[index(places)])
    assert len(recorded.programs) == 1
