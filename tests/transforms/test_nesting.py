"""Transforms within transforms: every one within every other, over closures, against the derivative in closed form.

Each transform turns a function of one number into one of its derivatives, or leaves it as it is; with powers of a
number every composition has a value in closed form.
"""

import itertools
import os
from collections.abc import Callable
from inspect import getfile, isfunction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor

from ..lists import assert_listed

Function = Callable[[Any], Any]


def taped(f: Function) -> Function:
    """Return the derivative by `gradients`."""

    def derivative(x: Any) -> Any:
        with ag.enable_grad():  # where a solution is sought, nothing is recorded
            at = +x if isinstance(x, Tensor) and x.requires_grad else ag.tensor(x, requires_grad=True)
            return ag.gradients(f(at), at, create_graph=True)[0]

    return derivative


def solved(f: Function) -> Function:
    """Return the function, as the solution of an equation that closes over its argument."""
    return lambda x: ag.fixed_point(lambda y: 0.25 * y + 0.75 * f(x), 0.0)


def given(f: Function) -> Function:
    """Return the function, as the solution of an equation that is given its argument."""
    return lambda x: ag.fixed_point(lambda y, x: 0.25 * y + 0.75 * f(x), 0.0, x)


def directional(f: Function) -> Function:
    """Return the second derivative by `hvp`."""
    return lambda x: ag.hvp(f, x, 1.0)


def scanned(f: Function) -> Function:
    """Return the function, as the last of three steps of a loop."""
    return lambda x: ag.scan(lambda y, k: (np.where(k == 2, f(x), y), None), 0.0 * x, np.arange(3))[0]


def repeated(f: Function) -> Function:
    """Return the function, as the step of a loop that is taken once."""
    return lambda x: ag.while_loop(lambda s: s[1] < 1, lambda s: (f(x), s[1] + 1), (0.0 * x, 0))[0]


# Each transform, and how often it differentiates.
TRANSFORMS: dict[str, tuple[Callable[[Function], Function], int]] = {
    "grad": (ag.grad, 1),
    "grad of kwargs": (lambda f: lambda x: ag.grad(lambda x, *, f: f(x))(x, f=f), 1),
    "grad with aux": (lambda f: lambda x: ag.grad(lambda x: (f(x), {"x": x}), has_aux=True)(x)[0], 1),
    "grad of several": (lambda f: lambda x: ag.grad(lambda a, b: f(a) * b, argnums=(1, 0))(x, 1.0)[1], 1),
    "grad of a dict": (lambda f: lambda x: ag.grad(lambda c: f(c["x"]))({"x": x})["x"], 1),
    "value_and_grad": (lambda f: lambda x: ag.value_and_grad(f)(x)[1], 1),
    "value of value_and_grad": (lambda f: lambda x: ag.value_and_grad(f)(x)[0], 0),
    "elementwise_grad": (ag.elementwise_grad, 1),
    "vjp": (lambda f: lambda x: ag.vjp(f, x)[1](1.0)[0], 1),
    "jvp": (lambda f: lambda x: ag.jvp(f, x, 1.0)[1], 1),
    "jacobian": (ag.jacobian, 1),
    "forward jacobian": (lambda f: ag.jacobian(f, mode="forward"), 1),
    "linearize": (lambda f: lambda x: ag.linearize(f, x)[1](1.0), 1),
    "gradients": (taped, 1),
    "hessian": (ag.hessian, 2),
    "hvp": (directional, 2),
    "ggnvp": (lambda f: lambda x: ag.ggnvp(lambda x: x, x, 1.0, loss=f), 2),
    "checkpoint": (lambda f: lambda x: ag.checkpoint(f, x), 0),
    "checkpoint of a closure": (lambda f: lambda x: ag.checkpoint(lambda one: f(x) * one, 1.0), 0),
    "vmap": (lambda f: lambda x: ag.vmap(f, loops="allow")(np.stack([x, x * 2]))[0], 0),
    "vmap over what is closed over": (lambda f: lambda x: ag.vmap(lambda one: f(x) * one)(np.array([3.0, 1.0]))[1], 0),
    "fixed_point": (solved, 0),
    "fixed_point of arguments": (given, 0),
    "scan": (scanned, 0),
    "while_loop": (repeated, 0),
}
POWER, AT = 7, 1.5


def derivative(order: int, power: int = POWER) -> float:
    """Return the derivative of x**power at `AT`."""
    factor = np.prod([float(power - i) for i in range(order)])
    return float(factor * AT ** (power - order))


def composed(names: tuple[str, ...], f: Function) -> tuple[Function, int]:
    order = 0
    for name in reversed(names):
        transform, times = TRANSFORMS[name]
        f, order = transform(f), order + times
    return f, order


def test_every_public_transform_is_in_the_table() -> None:
    functions = {name: getattr(ag, name) for name in ag.__all__ if isfunction(getattr(ag, name))}
    files = {name: Path(getfile(function)) for name, function in functions.items()}
    declared = {name for name, file in files.items() if file.parent.name == "transforms" and file.name != "trees.py"}
    assert len(declared) > 10
    words = {word for name in TRANSFORMS for word in name.split()}
    assert_listed(declared, words, "TRANSFORMS in tests/transforms/test_nesting.py")


of_each = pytest.mark.parametrize("outer", TRANSFORMS)


@of_each
def test_two_transforms(outer: str) -> None:
    for inner in TRANSFORMS:
        f, order = composed((outer, inner), lambda x: x**POWER)
        assert np.isclose(float(ag.as_tensor(f(AT)).item()), derivative(order)), inner


@pytest.mark.one_in(3)
@of_each
def test_two_transforms_over_a_live_tensor(outer: str) -> None:
    for inner in TRANSFORMS:
        check_over_a_live_tensor((outer, inner))


def check_over_a_live_tensor(names: tuple[str, str]) -> None:
    """Differentiate with respect to what the function closes over, without a graph in the gradient."""
    a = ag.tensor(2.0, requires_grad=True)
    f, order = composed(names, lambda x: a * x**POWER)
    y = f(AT)
    assert np.isclose(y.item(), 2 * derivative(order)), names
    y.backward()
    assert np.isclose(a.grad.item(), derivative(order)), names
    assert not a.grad.requires_grad, names


TRIPLES = list(itertools.product(TRANSFORMS, repeat=3))
COUNT = int(os.environ.get("PLAINGRAD_PROGRAMS", "60"))


@pytest.mark.parametrize("start", range(0, len(TRIPLES), max(1, len(TRIPLES) // COUNT)))
def test_three_transforms(start: int) -> None:
    f, order = composed(TRIPLES[start], lambda x: x**POWER)
    assert np.isclose(float(ag.as_tensor(f(AT)).item()), derivative(order)), TRIPLES[start]
