"""Quantities of pint hold tensors: units are kept, wrong ones raise, and gradients are those without units."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pint
import pytest

from autograd import Tensor, grad, tensor, vmap

unit: Any = pint.UnitRegistry()
X = np.array([1.0, 2.0, 4.0])

METHODS: dict[str, tuple[Any, ...]] = {
    "reshape": (3, 1), "transpose": (), "flatten": (), "ravel": (), "astype": (np.float32,), "round": (1,), "std": (),
    "take": ([0, 2],), "compress": ([True, False, True],), "cumsum": (), "sum": (), "max": (), "repeat": (2,),
    "conj": (),
}  # fmt: skip


def method(name: str) -> Callable[[Any], Any]:
    return lambda q: getattr(q, name)(*METHODS[name])


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "where": lambda q: np.where(q > 1 * unit.m, q, 0 * unit.m),
    "concatenate, mixed": lambda q: np.concatenate([q, unit.Quantity(np.ones(2), "cm")]),
    "maximum": lambda q: np.maximum(q, 150.0 * unit.cm),
    **{
        f.__name__: f for f in (np.sqrt, np.cumsum, np.mean, np.std, np.var, np.prod, np.max, np.sort, np.diff, np.flip)
    },
    "norm": np.linalg.norm,
    "dot": lambda q: np.dot(q, q),
    "outer": lambda q: np.outer(q, q),
    "clip": lambda q: np.clip(q, 0 * unit.m, 3 * unit.m),
    "stack": lambda q: np.stack([q, q]),
    "einsum": lambda q: np.einsum("i,i", q, q),
    "to": lambda q: q.to("km"),
    **{f"method {name}": method(name) for name in METHODS},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_quantities_keep_units_and_gradients(name: str) -> None:
    x = tensor(X, requires_grad=True)
    found, expected = FUNCTIONS[name](unit.Quantity(x, "m")), FUNCTIONS[name](unit.Quantity(X, "m"))
    assert found.units == expected.units
    assert isinstance(found.magnitude, Tensor)
    np.testing.assert_allclose(found.magnitude.data, expected.magnitude)
    slope = grad(lambda a: np.sum(FUNCTIONS[name](unit.Quantity(a, "m")).m))(X)
    np.sum(found.m).backward()
    np.testing.assert_array_equal(x.grad, slope)
    assert np.any(slope) == ("round" not in name)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 0)])
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("name", ["mul", "truediv"])
def test_a_unit_beside_a_tensor_makes_a_quantity(name: str, live: bool, shape: tuple[int, ...]) -> None:
    numbers, operate = np.full(shape, 2.0), getattr(operator, name)
    ways: list[Callable[[Any], Any]] = [lambda x: operate(x, unit.m), lambda x: operate(unit.m, x)]
    ways.append(lambda x: operate(x, 3.0 * unit.m))
    for way in ways:
        found, expected = way(tensor(numbers, requires_grad=live)), way(numbers)
        assert found.units == expected.units
        assert isinstance(found.m, Tensor)
        assert found.m.requires_grad == live
        np.testing.assert_array_equal(found.m.data, expected.m)


def test_wrong_units_raise() -> None:
    x = tensor(X, requires_grad=True) * unit.m
    for wrong in (lambda: x + 1 * unit.s, lambda: np.sin(x), lambda: tensor(X) + x, lambda: np.stack([x, X * unit.s])):
        with pytest.raises(pint.DimensionalityError):
            wrong()


def test_derivatives_of_functions_that_use_units_within() -> None:
    def seconds(meters: Any) -> Any:
        return np.sqrt(2 * meters * unit.m / (9.81 * unit.m / unit.s**2)).m_as("ms")

    slopes = 1000 * np.sqrt(2 / 9.81) / (2 * np.sqrt(X))
    np.testing.assert_allclose([grad(seconds)(x) for x in X], slopes)
    np.testing.assert_allclose(vmap(grad(seconds))(X), slopes)
    np.testing.assert_allclose(grad(grad(seconds))(4.0), -1000 * np.sqrt(2 / 9.81) / 4 / 8)
