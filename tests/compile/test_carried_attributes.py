"""Arguments that carry attributes of a program's own, beside their numbers, are asked for them at each call."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, compile

X = np.ones(3)


class OfTensor(Tensor):
    k = 2.0


class Slotted(Tensor):
    __slots__ = ("k",)


@dataclasses.dataclass
class Derived:
    size: float
    k: float = dataclasses.field(init=False, default=2.0)


@dataclasses.dataclass
class Plain:
    size: float


def of_class(base: Any, *given: Any) -> Callable[[], Any]:
    return lambda: type(base.__name__, (base,), {})(*given)


# Each with an attribute `k`, which is set afterwards: classes of what passes for a number, an array or a container.
MAKERS: dict[str, Callable[[], Any]] = {
    "tensor": lambda: OfTensor(np.ones(2), requires_grad=True),
    "constant tensor": lambda: OfTensor(np.ones(2)),
    "slots": lambda: Slotted(np.ones(2)),
    **{
        base.__name__: of_class(base, *given)
        for base, given in (
            (float, (1.5,)), (int, (3,)), (complex, (1j,)), (str, ("a",)), (bytes, (b"a",)), (tuple, ((1.0,),)),
            (list, ([1.0],)), (dict, ({"a": 1.0},)),
        )
    },
    "array": lambda: X.view(type("Array", (np.ndarray,), {})),
    "class": lambda: type("Options", (), {"k": 2.0}),
    "derived field": lambda: Derived(1.0),
    "dataclass": lambda: Plain(1.0),
    "nested": lambda: [{"a": OfTensor(np.ones(2))}, 1.0],
}  # fmt: skip


def carrier(x: Any) -> Any:
    return x[0]["a"] if type(x) is list else x


def scaled(x: Any, carried: Any) -> Any:
    return x * carrier(carried).k


@pytest.mark.parametrize("name", MAKERS)
def test_an_attribute_is_that_of_the_call(name: str) -> None:
    compiled = compile(scaled)
    given = MAKERS[name]()
    others = [MAKERS[name]() for _ in range(2)]
    for k, x in enumerate([given, given, *others, given, others[0]]):
        carrier(x).k = 2.0 + k
        for _ in range(2):
            assert np.asarray(compiled(X, x)).tolist() == [2.0 + k] * 3
    recorded = {"float", "int", "complex", "str", "bytes", "class"}
    assert bool(compiled.programs) is (name in recorded)
    assert bool(compiled.fallbacks) is (name not in recorded)
