"""Containers of every kind, taken apart and put together again by transforms."""

import collections
import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from autograd import DtypeError, checkpoint, grad, hvp, jacobian, jvp, tensor, value_and_grad, vjp

W, B = np.array([1.0, 2.0]), 3.0


class Pair(NamedTuple):
    w: Any
    b: Any


class CheckedPair(collections.namedtuple("CheckedPair", "w b")):
    def __new__(cls, both: Any) -> "CheckedPair":
        return super().__new__(cls, *both)


class Labelled(dict[str, Any]):
    def __init__(self, label: str, **items: Any) -> None:
        super().__init__(**items)
        self.label = label


class Several(list[Any]):
    def __init__(self, label: str, items: Any) -> None:
        super().__init__(items)
        self.label = label


class Vector(tuple[Any, ...]):
    label: str

    def __new__(cls, *items: Any) -> "Vector":
        made = super().__new__(cls, items)
        made.label = "vector"
        return made


@dataclasses.dataclass
class Layer:
    w: Any
    b: Any
    scale: Any = dataclasses.field(init=False, default=2.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    w: Any
    b: Any


def defaults(**items: Any) -> Any:
    made: Any = collections.defaultdict(list)
    made.update(items)
    return made


CONTAINERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "dict": ({"w": W, "b": B}, lambda c: (c["w"], c["b"])),
    "defaultdict": (defaults(w=W, b=B), lambda c: (c["w"], c["b"])),
    "OrderedDict": (collections.OrderedDict(b=B, w=W), lambda c: (c["w"], c["b"])),
    "Counter": (collections.Counter({"w": W, "b": B}), lambda c: (c["w"], c["b"])),
    "dict subclass": (Labelled("mine", w=W, b=B), lambda c: (c["w"], c["b"])),
    "list": ([W, B], lambda c: (c[0], c[1])),
    "list subclass": (Several("mine", [W, B]), lambda c: (c[0], c[1])),
    "tuple": ((W, B), lambda c: (c[0], c[1])),
    "tuple subclass": (Vector(W, B), lambda c: (c[0], c[1])),
    "NamedTuple": (Pair(W, B), lambda c: (c.w, c.b)),
    "namedtuple with a constructor": (CheckedPair((W, B)), lambda c: (c.w, c.b)),
    "dataclass": (Layer(W, B), lambda c: (c.w, c.b)),
    "frozen dataclass": (Fixed(W, B), lambda c: (c.w, c.b)),
    "nested": (Pair({"w": [W]}, defaults(b=(B,))), lambda c: (c.w["w"][0], c.b["b"][0])),
}
every_container = pytest.mark.parametrize(("container", "parts"), CONTAINERS.values(), ids=CONTAINERS)


@every_container
def test_derivatives_come_in_the_container_that_was_given(container: Any, parts: Any) -> None:
    def loss(c: Any) -> Any:
        assert type(c) is type(container)
        w, b = parts(c)
        return np.sum(w**2) * b

    value, gradient = value_and_grad(loss)(container)
    w, b = parts(gradient)
    assert type(gradient) is type(container)
    assert (float(value), w.tolist(), float(b)) == (15.0, [6.0, 12.0], 5.0)
    assert parts(container)[0] is W  # what was given is as it was
    by_w, by_b = parts(jacobian(loss)(container))
    assert (by_w.tolist(), float(by_b)) == ([6.0, 12.0], 5.0)
    assert np.isclose(jvp(loss, (container,), (container,))[1], 45.0)
    twice_w, twice_b = parts(hvp(loss, (container,), (container,))[0])
    assert np.allclose(twice_w, [12.0, 24.0])
    assert np.isclose(twice_b, 10.0)
    assert vars(gradient) == vars(container) if hasattr(container, "label") else True


@every_container
def test_functions_return_containers(container: Any, parts: Any) -> None:
    def scaled(x: Any) -> Any:
        return vjp(lambda c: c, container)[0] if x is None else jvp(lambda c: c, (container,), (container,))[1]

    for returned in (scaled(None), scaled(1.0)):
        w, b = parts(returned)
        assert type(returned) is type(container)
        assert (w.tolist(), float(b)) == ([1.0, 2.0], 3.0)


@every_container
def test_checkpoints_take_them_as_they_are_now(container: Any, parts: Any) -> None:
    def loss(c: Any) -> Any:
        w, b = parts(c)
        return np.exp(np.sum(w**2) * b / 20)

    _, pull = vjp(lambda c: checkpoint(loss, c), container)
    for found, expected in zip(parts(pull(1.0)[0]), parts(grad(loss)(container)), strict=True):
        assert np.allclose(found, expected)


def test_a_write_after_a_checkpoint_does_not_reach_a_container() -> None:
    leaf = tensor([1.0, 2.0], requires_grad=True)
    x = leaf * 1.0
    y = checkpoint(lambda pair: np.exp(pair.w * pair.b), Pair(x, 0.5))
    x[0] = 5.0
    y.sum().backward()
    assert np.allclose(leaf.grad.data, 0.5 * np.exp([0.5, 1.0]))


def test_other_objects_are_refused_by_name() -> None:
    odd: list[Any] = [
        collections.UserDict(w=W),
        {1.0, 2.0},
        None,
        "text",
        object(),
        {"w": W, "name": "text"},
    ]
    for given in odd:
        with pytest.raises(DtypeError, match="cannot differentiate with respect to") as caught:
            grad(lambda c: 1.0)(given)
        assert ("meta_fields of register_dataclass()" in str(caught.value)) == ("text" in str(caught.value))
