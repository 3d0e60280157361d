"""`custom_vjp` and `custom_jvp`: rules declared as in JAX give what the engine derives from the same function."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    checkpoint,
    compatibility,
    compile,
    custom_jvp,
    custom_vjp,
    grad,
    hessian,
    jacobian,
    jvp,
    no_grad,
    scan,
    tensor,
    tree_leaves,
    value_and_grad,
    vmap,
)
from autograd.errors import DeclarationError, DerivativeError, GraphError

X = np.array([0.3, 1.2])


def plain(x: Any, y: Any) -> Any:
    return {"product": np.sin(x) * y, "number": 3}


@custom_vjp
def reverse(x: Any, y: Any) -> Any:
    return plain(x, y)


reverse.defvjp(
    lambda x, y: (reverse(x, y), (np.cos(x), np.sin(x), y)),
    lambda kept, g: (kept[0] * g["product"] * kept[2], np.sum(kept[1] * g["product"])),
)


@custom_jvp
def forward(x: Any, y: Any) -> Any:
    return plain(x, y)


@forward.defjvp
def _rule(primals: Any, tangents: Any) -> Any:
    (x, y), (dx, dy) = primals, tangents
    return forward(x, y), {"product": np.cos(x) * y * dx + np.sin(x) * dy, "number": None}


@custom_jvp
def by_argument(x: Any, y: Any) -> Any:
    return np.sin(x) * y


by_argument.defjvps(lambda t, result, x, y: np.cos(x) * y * t, lambda t, result, x, y: result / y * t)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "reverse": lambda x, y: reverse(x, y)["product"],
    "forward": lambda x, y: forward(x, y)["product"],
    "by argument": by_argument,
}


def agree(found: Any, expected: Any) -> None:
    assert len(tree_leaves(found)) == len(tree_leaves(expected))
    for one, other in zip(tree_leaves(found), tree_leaves(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


@pytest.fixture(params=FUNCTIONS)
def pair(request: pytest.FixtureRequest) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return FUNCTIONS[request.param], lambda x, y: np.sin(x) * y


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: grad(lambda x, y: np.sum(f(x, y)), (0, 1))(X, 2.0),
    "hessian": lambda f: hessian(lambda x, y: np.sum(f(x, y)), (0, 1))(X, 2.0),
    "reverse": lambda f: jacobian(f, mode="reverse")(X, 2.0),
    "forward": lambda f: jacobian(f, mode="forward")(X, 2.0),
    "by y": lambda f: jacobian(f, 1, mode="forward")(X, 2.0),
    "third": lambda f: grad(grad(grad(f)))(0.3, 2.0),
    "of a jvp": lambda f: grad(lambda x: np.sum(jvp(lambda x: f(x, 2.0), (x,), (X,))[1] ** 2))(X),
    "vmap": lambda f: vmap(f, in_axes=(0, None))(np.stack([X, 2 * X]), 2.0),
    "vmap of grad": lambda f: vmap(grad(lambda x, y: np.sum(f(x, y)), (0, 1)))(
        np.stack([X, 2 * X]), np.array([2.0, 3])
    ),
    "grad of vmap": lambda f: grad(lambda x: np.sum(vmap(lambda x: f(x, 2.0))(x) ** 2))(np.stack([X, 2 * X])),
    "vmap of hessian": lambda f: vmap(hessian(lambda x: np.sum(f(x, 2.0))))(np.stack([X, 2 * X])),
    "checkpoint": lambda f: grad(lambda x: np.sum(checkpoint(f, x, 2.0)))(X),
    "scan": lambda f: grad(lambda x: np.sum(scan(lambda s, _: (f(s, 1.1), s), x, None, 4)[0]))(X),
    "complex": lambda f: grad(lambda z: np.sum(np.abs(f(z, 2.0))))(X + 0.4j),
    "empty": lambda f: grad(lambda x: np.sum(f(x, 2.0)))(np.zeros((0, 3))),
    "float32": lambda f: grad(lambda x: np.sum(f(x, np.float32(2))))(np.float32(X)).astype(float) // 1e-4,
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_are_those_of_the_function(pair: Any, name: str) -> None:
    agree(*(TRANSFORMS[name](f) for f in pair))


def test_complex_gradients_follow_the_conventions_of_hips(pair: Any) -> None:
    with compatibility("hips"):
        agree(*(TRANSFORMS["complex"](f) for f in pair))


def test_compiled(pair: Any) -> None:
    f, expected = pair
    step = compile(value_and_grad(lambda x, y: np.sum(f(x, y)), (0, 1)))
    for k in range(4):
        agree(step(X + k, 2.0 + k), value_and_grad(lambda x, y: np.sum(expected(x, y)), (0, 1))(X + k, 2.0 + k))
    assert step.programs
    assert not step.fallbacks


@given(st.lists(st.integers(0, 3), max_size=3).map(tuple), st.booleans())
def test_shapes(shape: tuple[int, ...], column: bool) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    y = np.random.default_rng(1).standard_normal(shape[:1] + (1,) * (len(shape) - 1) if column else shape)
    for f in (FUNCTIONS["forward"], by_argument):
        for order in (grad, lambda f, n: grad(lambda *a: sum(np.sum(g**2) for g in grad(f, n)(*a)), n)):
            agree(
                order(lambda x, y, f=f: np.sum(f(x, y)), (0, 1))(x, y),
                order(lambda x, y: np.sum(np.sin(x) * y), (0, 1))(x, y),
            )


def test_a_rule_that_is_not_the_derivative_is_what_counts() -> None:
    @functools.partial(custom_vjp, nondiff_argnums=(0,))
    def clipped(bound: float, x: Any) -> Any:
        return x

    clipped.defvjp(lambda bound, x: (x, None), lambda bound, kept, g: (np.clip(g, -bound, bound),))
    assert grad(lambda x: clipped(0.5, x) ** 2)(3.0) == 0.5
    assert np.array_equal(jacobian(lambda x: clipped(0.5, x))(X), np.eye(2) * 0.5)

    @custom_jvp
    def log1pexp(x: Any) -> Any:
        return np.log(1 + np.exp(x))

    log1pexp.defjvps(lambda t, result, x: (1 - 1 / (1 + np.exp(x))) * t)
    with np.errstate(over="ignore"):
        assert grad(log1pexp)(1000.0) == 1.0
        assert grad(grad(log1pexp))(3.0) == pytest.approx(np.exp(3) / (1 + np.exp(3)) ** 2)


class Point(NamedTuple):
    x: Any
    name: str | None
    shift: Any


def test_pytrees_keywords_and_defaults() -> None:
    @functools.partial(custom_vjp, nondiff_argnums=0)
    def apply(function: Any, point: Point, n: int = 2) -> Any:
        return {"a": [function(point.x) * n], "none": None}

    def fwd(function: Any, point: Point, n: int) -> Any:
        return apply(function, point, n), (point, n)

    def bwd(function: Any, kept: Any, g: Any) -> Any:
        point, n = kept
        return Point(g["a"][0] * n * np.cos(point.x), None, None), None

    apply.defvjp(fwd, bwd)
    found = grad(lambda x: np.sum(apply(np.sin, n=3, point=Point(x, "p", 1.0))["a"][0]))(X)
    agree(found, 3 * np.cos(X))
    assert apply(np.sin, Point(X, "p", 1.0))["none"] is None
    assert type(apply(np.sin, Point(X, "p", 1.0))["a"][0]) is np.ndarray


def test_batches_in_a_loop() -> None:
    reverse, forward = custom_vjp(lambda x: [math.sin(x)]), custom_jvp(lambda x: [math.sin(x)])
    reverse.defvjp(lambda x: ([math.sin(x)], math.cos(x)), lambda slope, g: (g[0] * slope,))
    forward.defjvp(lambda p, t: ([math.sin(*p)], [math.cos(*p) * t[0]]))
    for f in (reverse, forward):
        batch = vmap(lambda x, f=f: f(x)[0], loops="allow")
        agree(batch(X), np.sin(X))
        agree(jacobian(batch)(X), np.diag(np.cos(X)))
        agree(vmap(grad(lambda x, f=f: f(x)[0]), loops="allow")(X), np.cos(X))


def test_fixed_point_of_jax_s_page() -> None:
    @functools.partial(custom_vjp, nondiff_argnums=(0,))
    def fixed_point(f: Any, a: Any, guess: Any) -> Any:
        before, x = guess, f(a, guess)
        while abs(x - before) > 1e-12:
            before, x = x, f(a, x)
        return x

    def fwd(f: Any, a: Any, guess: Any) -> Any:
        x = fixed_point(f, a, guess)
        return x, (a, x)

    def bwd(f: Any, kept: Any, g: Any) -> Any:
        a, x = kept
        slope = grad(f, 1)(a, x)
        return grad(f)(a, x) * g / (1 - slope), np.zeros_like(x)

    fixed_point.defvjp(fwd, bwd)

    def root(a: Any) -> Any:
        return fixed_point(lambda a, x: 0.5 * (x + a / x), a, a)

    assert grad(root)(2.0) == pytest.approx(0.5 / np.sqrt(2))
    assert grad(grad(root))(2.0) == pytest.approx(-0.25 * 2**-1.5)


def test_what_is_written_to_after_the_call_is_noticed() -> None:
    data = np.ones(2)
    f = custom_vjp(lambda x, data: x * data)
    f.defvjp(lambda x, data: (x * data, data), lambda data, g: (g * data, None))
    x = tensor(X, requires_grad=True)
    y = f(x, data)
    data[:] = 7
    y.sum().backward()
    assert np.array_equal(x.grad, np.ones(2))
    weights = x * 1
    y = f(tensor(X, requires_grad=True), weights)
    with no_grad():
        weights += 1
    with pytest.raises(GraphError):
        y.sum().backward()


@custom_vjp
def scaled(x: Any, y: Any) -> Any:
    return x * y


def declared(fwd: Any, bwd: Any) -> Any:
    f = custom_vjp(lambda x: x * 2.0)
    f.defvjp(fwd, bwd)
    return f


def pushed(rule: Any) -> Any:
    f = custom_jvp(lambda x: x * 2.0)
    f.defjvp(rule)
    return f


LIVE = tensor([1.0, 2.0], requires_grad=True)
REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "no rule": (lambda x: scaled(x, 2.0), DeclarationError, r"scaled has no rule yet.*scaled.defvjp\(fwd, bwd\)"),
    "no rule, forward": (custom_jvp(lambda x: x), DeclarationError, r"defjvp\(rule\)"),
    "closure": (declared(lambda x: (x * LIVE, None), lambda kept, g: (g,)), DerivativeError, "no argument"),
    "residual": (declared(lambda x: (x, LIVE), lambda kept, g: (g,)), DerivativeError, "a residual .*no argument"),
    "no pair": (declared(lambda x: x, lambda kept, g: (g,)), DeclarationError, "a pair, the result and residuals"),
    "no tuple": (declared(lambda x: (x, None), lambda kept, g: g), DerivativeError, "a tuple of 1 gradients"),
    "two": (declared(lambda x: (x, None), lambda kept, g: (g, g)), DerivativeError, "a tuple of 1 gradients"),
    "shape": (declared(lambda x: (x, None), lambda kept, g: (g[0],)), DerivativeError, r"returned shape \(\)"),
    "tree": (declared(lambda x: ([x], None), lambda kept, g: g[0]), DerivativeError, "a tuple of 1 gradients"),
    "no return": (declared(lambda x: (None, None), lambda kept, g: (g,)), DeclarationError, "is a return missing"),
    "shape of a tangent": (
        pushed(lambda p, t: (p[0], t[0][0])),
        DerivativeError,
        r"a tangent of shape \(\) for .*\(2,\)",
    ),
    "no tangent": (pushed(lambda p, t: p[0]), DeclarationError, "a pair, the result and its tangent"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    function, error, text = REFUSED[name]

    def total(x: Any) -> Any:
        found = function(x)
        return np.sum(found[0] if isinstance(found, list) else found)

    with pytest.raises(error, match=text):
        grad(total)(X)


def test_arguments_without_a_derivative_are_not_live() -> None:
    f = custom_vjp(lambda x, y: x * y, nondiff_argnums=(-1,))
    f.defvjp(lambda x, y: (x * y, None), lambda y, kept, g: (g * y,))
    assert np.array_equal(grad(lambda x: np.sum(f(x, 3.0)))(X), [3.0, 3.0])
    with pytest.raises(DerivativeError, match="argument 1 of <lambda> is among nondiff_argnums"):
        f(X, LIVE)
    with pytest.raises(TypeError, match="b is given by name only"):
        custom_vjp(lambda a, *, b: a)(LIVE, b=1)
