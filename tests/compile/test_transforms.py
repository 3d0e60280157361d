"""Transforms within `compile` and around it: recorded at a first call, replayed at others, bit by bit the same."""

import dataclasses
import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    ConvergenceError,
    checkpoint,
    compile,
    elementwise_grad,
    fixed_point,
    ggnvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    tensor,
    value_and_grad,
    vjp,
    vmap,
)  # fmt: skip

from .agreement import assert_same, compiled, differs

Function = Callable[..., Any]
Array = np.ndarray[Any, Any]


def number(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(-x * x))


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def vector(x: Any) -> Any:
    return np.sin(x) * np.cumsum(x) + np.tanh(x)


def drawn(*shapes: tuple[int, ...], count: int = 3) -> list[tuple[Array, ...]]:
    """Return arguments for some calls."""
    rng = np.random.default_rng(len(shapes))
    return [tuple(rng.standard_normal(shape) for shape in shapes) for _ in range(count)]


def with_linearize(x: Any, tangent: Any) -> Any:
    value, push = linearize(vector, x)
    return value, push(tangent), push(tangent * 2)


def with_vjp(x: Any, cotangent: Any) -> Any:
    value, pull = vjp(vector, x)
    return value, pull(cotangent)


# What is compiled, and the shapes of its arguments.
TRANSFORMS: dict[str, tuple[Function, tuple[tuple[int, ...], ...]]] = {
    "grad": (grad(number), ((5,),)),
    "value_and_grad": (value_and_grad(number), ((5,),)),
    "elementwise_grad": (elementwise_grad(np.tanh), ((5,),)),
    "jacobian": (jacobian(vector), ((4,),)),
    "jacobian, forward": (jacobian(vector, mode="forward"), ((4,),)),
    "hessian": (hessian(rosenbrock), ((6,),)),
    "grad of grad": (grad(lambda x: np.sum(grad(number)(x) ** 2)), ((5,),)),
    "third order": (jacobian(hessian(rosenbrock)), ((4,),)),
    "vjp": (with_vjp, ((5,), (5,))),
    "jvp": (lambda x, v: jvp(vector, x, v), ((5,), (5,))),
    "hvp": (lambda x, v: hvp(rosenbrock, x, v), ((5,), (5,))),
    "ggnvp": (lambda x, v: ggnvp(vector, x, v, number), ((5,), (5,))),
    "linearize": (with_linearize, ((5,), (5,))),
    "vmap": (vmap(number), ((3, 5),)),
    "vmap of grad": (vmap(grad(number)), ((3, 5),)),
    "vmap of vmap": (vmap(vmap(number)), ((2, 3, 5),)),
    "vmap of hessian": (vmap(hessian(rosenbrock)), ((2, 5),)),
    "vmap of jvp": (vmap(lambda x, v: jvp(vector, x, v)), ((3, 5), (3, 5))),
    "vmap of vjp": (vmap(with_vjp), ((3, 5), (3, 5))),
    "vmap of linearize": (vmap(with_linearize), ((3, 5), (3, 5))),
    "vmap along other axes": (
        vmap(lambda x, w: np.tanh(w @ x), in_axes=(1, None), out_axes=1),
        ((4, 3), (5, 4)),
    ),
    "grad of vmap": (grad(lambda x: np.sum(vmap(number)(x) ** 2)), ((3, 5),)),
    "jacobian of vmap": (jacobian(vmap(rosenbrock)), ((3, 5),)),
    "checkpoint": (grad(lambda x: number(checkpoint(vector, x))), ((5,),)),
    "checkpoint within vmap": (vmap(grad(lambda x: number(checkpoint(vector, x)))), ((3, 5),)),
    "compile within grad": (grad(compiled(number)), ((5,),)),
    "compile within vmap": (vmap(compiled(vector)), ((3, 5),)),
    "compile of compile": (compiled(compiled(vector)), ((5,),)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_compiled_transforms(name: str) -> None:
    function, shapes = TRANSFORMS[name]
    assert_same(function, *drawn(*shapes))


# Around compiled functions, whose arguments are batches and tensors of a graph: these run as they are.
AROUND: dict[str, Callable[[Function], Function]] = {
    "grad": lambda f: grad(lambda x: np.sum(f(x))),
    "grad of grad": lambda f: grad(lambda x: np.sum(grad(lambda y: np.sum(f(y) * y))(x) ** 2)),
    "jacobian": jacobian,
    "jacobian, forward": lambda f: jacobian(f, mode="forward"),
    "hessian": lambda f: hessian(lambda x: np.sum(f(x))),
    "vmap": vmap,
    "vmap of jacobian": lambda f: vmap(jacobian(f)),
    "jacobian of vmap": lambda f: jacobian(vmap(f)),
    "jvp": lambda f: lambda x: jvp(f, x, x),
    "linearize": lambda f: lambda x: linearize(f, x)[1](x),
    "checkpoint": lambda f: grad(lambda x: np.sum(checkpoint(f, x))),
    "closed over": lambda f: grad(lambda x: np.sum(compiled(lambda: f(x) * x)())),
    "closed over within vmap": lambda f: vmap(lambda x: compiled(lambda: f(x) * x)()),
}


@pytest.mark.parametrize("name", AROUND)
def test_transforms_of_compiled_functions(name: str) -> None:
    recorded = compiled(vector)
    for (x,) in drawn((3,)):
        recorded(x)
    for (x,) in drawn((2, 3) if "vmap" in name else (3,)):
        expected = AROUND[name](vector)(x)
        found = AROUND[name](recorded)(x)
        assert not differs(expected, found)


def test_compiled_transforms_of_compiled_transforms() -> None:
    inner = compiled(vmap(grad(number)))
    assert_same(compiled(jacobian(inner)), *drawn((2, 3)))
    assert_same(jacobian(vmap(grad(number))), *drawn((2, 3)))


def root(a: Any) -> Any:
    return fixed_point(lambda x, a: 0.5 * (x + a / x), np.ones_like(a), a)


def of_dict(a: Any) -> Any:
    start = {"x": np.zeros(3), "y": np.zeros(3)}
    return fixed_point(lambda s, a: {"x": 0.5 * s["y"] + a, "y": np.sin(0.3 * s["x"])}, start, a)["x"]


def of_other_dtypes(a: Any) -> Any:
    return fixed_point(lambda x, a: np.float32(0.5) * (x + a).astype(np.float32), np.zeros(3), a)


def that_draws(a: Any) -> Any:
    return fixed_point(lambda x, a: 0.5 * np.tanh(x) + a + 0 * nn.functional.dropout(np.ones(3), 0.5), np.zeros(3), a)


POINTS = [(np.array([2.0, 3.0, 4.0]) * scale,) for scale in (1, 1.01, 100.0)]
ORDERS: list[Callable[[Function], Function]] = [
    lambda f: f,
    lambda f: grad(lambda a: np.sum(f(a))),
    lambda f: lambda a: jvp(f, a, np.cos(a)),
    lambda f: hessian(lambda a: np.sum(f(a) ** 2)),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("point", [root, of_dict])
def test_a_fixed_point_takes_as_many_steps_as_it_needs(point: Function, order: Any) -> None:
    recorded = compiled(order(point))
    for (a,) in POINTS:
        for _ in range(2):
            np.testing.assert_allclose(recorded(a), order(point)(a), rtol=1e-9, atol=1e-12)
    assert [program.diverged for program in recorded.programs] == [0]
    assert not recorded.fallbacks


def test_fixed_points_and_tangents_of_floats_are_one_program_for_all() -> None:
    for function in (root, grad(root), lambda a: jvp(root, a, 1.0), lambda a: jvp(np.sin, a, 1.0)):
        recorded = compiled(function)
        for a in (2.0, 3.0, 1e4):
            np.testing.assert_allclose(recorded(a), function(a), rtol=1e-9)
        assert len(recorded.programs) == 1
        assert not recorded.fallbacks


@pytest.mark.parametrize(
    "point", [of_other_dtypes, that_draws, vmap(lambda a: fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a))]
)
def test_a_fixed_point_runs_itself_where_it_takes_another_number_of_recorded_steps(point: Function) -> None:
    recorded = assert_same(point, *POINTS, POINTS[0], replays=False)  # the third records anew
    (program,) = recorded.programs
    assert program.diverged


def test_a_fixed_point_that_a_call_does_not_find_raises_in_its_own_words() -> None:
    def point(a: Any) -> Any:
        return fixed_point(lambda x, a: a * x + 1, np.zeros(2), a, max_iterations=50)

    recorded = compiled(point)
    assert_same(point, (np.array([0.5, 0.2]),), (np.array([0.1, 0.3]),))
    recorded(np.array([0.5, 0.2]))
    for function in (recorded, compiled(point)):
        with pytest.raises(ConvergenceError, match="not converged after 50 iterations"):
            function(np.array([0.5, 3.0]))


# Arguments


@dataclasses.dataclass
class Weights:
    w: Any
    b: Any


def of_containers(x: Any, y: Any) -> list[Any]:
    return [{"w": x, "b": [y, (x, 2.0)]}, [x, y], (x, [y]), Weights(x, y)]


@pytest.mark.parametrize("which", range(4))
def test_containers(which: int) -> None:
    def leaves(tree: Any) -> list[Any]:
        if isinstance(tree, dict):
            return leaves(list(tree.values()))
        if isinstance(tree, Weights):
            return leaves(list(vars(tree).values()))
        return [x for part in tree for x in leaves(part)] if isinstance(tree, list | tuple) else [tree]

    def total(tree: Any) -> Any:
        return sum(number(x) for x in leaves(tree))

    values = [(of_containers(x, y)[which],) for x, y in drawn((3,), (2,))]
    assert_same(total, *values)
    assert_same(grad(total), *values)
    assert_same(lambda tree: {"same": tree, "total": total(tree)}, *values)


class Scaled:
    """A function with a state, in every form in which it can be compiled."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    @compiled
    def method(self, x: Any) -> Any:
        return vector(x) * self.scale

    @staticmethod
    @compiled
    def static(x: Any) -> Any:
        return vector(x) * 2

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return vector(x) * 3

    def __call__(self, x: Any, power: int = 2) -> Any:
        return vector(x) ** power * self.scale

    def plain(self, x: Any) -> Any:
        return vector(x) * self.scale


@compiled
def decorated(x: Any, *, scale: float = 2.0) -> Any:
    return vector(x) * scale


def test_methods() -> None:
    one, other = Scaled(2.0), Scaled(3.0)
    for _ in range(2):
        for (x,) in drawn((3,)):
            assert not differs(vector(x) * 2.0, one.method(x))
            assert not differs(vector(x) * 3.0, other.method(x))
            assert not differs(vector(x) * 2, Scaled.static(x))
            assert not differs(vector(x) * 2.0, decorated(x))
            assert not differs(vector(x) * 4.0, decorated(x, scale=4.0))
        one.scale = 2.0
    one.scale = 5.0
    assert not differs(vector(x) * 5.0, one.method(x))
    for function in (one, one.plain, Scaled.of_class, functools.partial(one, power=3), functools.partial(one.plain)):
        assert_same(function, *drawn((3,)))
    assert_same(functools.partial(lambda k, x: k * vector(x), 3.0), *drawn((3,)))


def test_defaults_and_keywords() -> None:
    def function(x: Any, scale: Any = 2.0, *more: Any, shift: Any = None, **options: Any) -> Any:
        result = x * scale
        for each in (*more, *options.values()):
            result = result + each
        return result if shift is None else result + shift

    recorded = compiled(function)
    for x, y in drawn((3,), (3,)):
        for args, options in (((x,), {}), ((x, 3.0), {}), ((x, 3.0, y), {}), ((x,), {"shift": y}), ((x,), {"z": y})):
            assert not differs(function(*args, **options), recorded(*args, **options))
    assert len(recorded.programs) == 5


def test_tensors_and_numbers_as_arguments() -> None:
    assert_same(vector, *[(tensor(x),) for (x,) in drawn((3,))])
    assert_same(grad(number), *[(tensor(x),) for (x,) in drawn((3,))])
    assert_same(lambda a, b: np.sin(a) * b, *[(np.float64(a), np.float32(2 * a)) for a in (0.5, 1.5, 2.5)])
    assert_same(lambda a, b: np.sin(a) * b, (1.0, 2), (1.5, 2), (1.0, 3), (0.5, -4))


@pytest.mark.parametrize("function", [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    operator.lt, operator.ge, operator.eq, operator.iadd, operator.imul,
])  # fmt: skip
def test_a_number_beside_an_element_of_a_batch(function: Any) -> None:
    def of_numbers(s: Any, x: Any) -> Any:
        number = s.sum()  # a number of NumPy's, where an array would answer differently
        return vmap(lambda row: function(number, row[0]) + function(row[1], number))(x)

    s, x = np.array([1.5, 0.25]), np.array([[0.5, 1.25], [1.75, 2.0], [1.75, 1.75]])
    program = compile(of_numbers)
    for factor in (1.0, 0.5, 2.0):
        np.testing.assert_array_equal(program(s, factor * x), of_numbers(s, factor * x))


@pytest.mark.parametrize(
    "function", [lambda x: 2.0 * np.sin(x[0]), lambda x: np.exp(x[0]), lambda x: np.sin(x[0]) * x[1] / 3.0]
)
def test_derivatives_of_each_element_from_one_of_its_numbers(function: Any) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))
    for transform in (grad, hessian):
        derivative = vmap(transform(function))
        program = compile(derivative)
        for factor in (1.0, 0.5, 2.0):
            np.testing.assert_allclose(program(factor * x), derivative(factor * x), rtol=1e-15)
