"""Operations that programs declare with `primitive`, `defvjp` and `defjvp`."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from autograd import (
    DeclarationError,
    DerivativeError,
    compatibility,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    tensor,
    vmap,
)
from autograd.core import def_linear, primitive_vjps
from autograd.extend import (
    defjvp,
    defjvp_argnum,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
)
from autograd.scipy import special
from autograd.test_util import check_grads
from autograd.tracer import getval

X, Y = np.array([0.3, -1.2, 0.7]), np.array([2.0, 0.5, 1.5])


def product() -> Any:
    @primitive
    def scaled(x: Any, y: Any, factor: float = 1.0) -> Any:
        """Return a product."""
        return x * y * factor

    defvjp(scaled, lambda out, x, y, factor=1.0: lambda g: g * y * factor)
    defvjp(scaled, lambda out, x, y, factor=1.0: lambda g: g * x * factor, argnums=(1,))
    return scaled


def test_an_operation_is_its_function() -> None:
    scaled = product()
    assert (scaled.__name__, scaled.__doc__) == ("scaled", "Return a product.")
    np.testing.assert_array_equal(scaled(X, Y, factor=2.0), 2 * X * Y)
    np.testing.assert_array_equal(scaled.fun(X, Y), X * Y)
    assert scaled in primitive_vjps


@pytest.mark.parametrize("library", [None, "hips"])
def test_derivatives_of_both_orders(library: str | None) -> None:
    scaled = product()
    with compatibility(library):
        check_grads(scaled, argnum=(0, 1))(X, Y)
        check_grads(lambda x, y: scaled(x, y, factor=3.0), argnum=(0, 1))(X, Y)
        check_grads(scaled, argnum=1)(2.0, 0.5)
        check_grads(scaled)(1 + 2j, 0.5)
        np.testing.assert_array_equal(vmap(grad(lambda x, y: np.sum(scaled(x, y))), in_axes=(0, None))(X, 2.0), [2] * 3)


def test_numbers_are_numbers() -> None:
    seen = []

    @primitive
    def square(x: Any) -> Any:
        seen.append(type(x))
        return x * x

    defvjp(square, lambda out, x: lambda g: (seen.append(type(g)), 2 * g * x)[1])  # type: ignore[func-returns-value]
    assert grad(square)(3.0) == 6
    assert seen == [np.float64, np.float64]


def test_arguments_that_are_no_numbers() -> None:
    @primitive
    def applied(name: str, x: Any, table: dict[str, Any]) -> Any:
        return table[name](x)

    defvjp(applied, None, lambda out, name, x, table: lambda g: g * table["slope"](x))
    table = {"sin": np.sin, "slope": np.cos}
    check_grads(applied, argnum=1)("sin", 0.3, table)


def test_containers() -> None:
    @primitive
    def total(parts: list[Any]) -> Any:
        return sum(np.sum(part) for part in parts)

    defvjp(total, lambda out, parts: lambda g: [g * np.ones(np.shape(part)) for part in parts])
    np.testing.assert_array_equal(grad(lambda x: total([x, 2.0, x[:2]]))(X), [2, 2, 1])

    @primitive
    def halves(x: Any) -> Any:
        return {"low": x[:2], "high": x[2:]}

    defvjp(halves, lambda out, x: lambda g: np.concatenate([g["low"], g["high"]]))
    np.testing.assert_array_equal(grad(lambda x: np.sum(halves(x)["high"] * 3))(X), [0, 0, 3])
    check_grads(lambda x: halves(x)["low"] * halves(x)["high"], modes=["rev"])(X)


def test_all_derivatives_by_one_function() -> None:
    @primitive
    def joined(*parts: Any) -> Any:
        return np.concatenate(parts)

    def pull(argnum: int, out: Any, args: Any, kwargs: Any) -> Any:
        start = sum(len(part) for part in args[:argnum])
        return lambda g: g[start : start + len(args[argnum])]

    defvjp_argnum(joined, pull)
    check_grads(lambda x, y: joined(x, Y, y) ** 2, argnum=(0, 1))(X, Y)
    defvjp_argnums(joined, lambda argnums, *given: lambda g: [pull(i, *given)(g) for i in argnums])
    check_grads(lambda x, y: joined(x, Y, y) ** 2, argnum=(0, 1))(X, Y)


def test_forward_derivatives_where_reverse_ones_are_not_numpy_code() -> None:
    @primitive
    def sine(x: Any) -> Any:
        return np.array([np.sin(each) for each in x])

    defvjp(sine, lambda out, x: lambda g: np.array([float(each) for each in g]) * np.cos(x))
    with pytest.raises(RuntimeError, match=r"not NumPy code.*defjvp"):
        jvp(sine, X, Y)
    defjvp(sine, lambda t, out, x: t * np.cos(x))
    np.testing.assert_allclose(jvp(sine, X, Y)[1], Y * np.cos(X))
    check_grads(sine, modes=["fwd"])(X)
    np.testing.assert_allclose(jacobian(sine, mode="forward")(X), np.diag(np.cos(X)))


@pytest.mark.parametrize("define", ["defjvp", "same", "argnum", "linear"])
def test_forward_derivatives(define: str) -> None:
    product_of = primitive(lambda x, y: x * y)
    defvjp(product_of, lambda out, x, y: lambda g: g * y, lambda out, x, y: lambda g: g * x)
    if define == "defjvp":
        defjvp(product_of, lambda t, out, x, y: t * y, lambda t, out, x, y: x * t)
    elif define == "same":
        defjvp(product_of, "same", "same")
    elif define == "argnum":
        defjvp_argnum(product_of, lambda i, t, out, args, kwargs: t * args[1 - i])
    else:
        def_linear(product_of)
    check_grads(lambda x, y: product_of(x, y) * product_of(y, x), argnum=(0, 1))(X, Y)
    check_grads(product_of, argnum=1)(X, Y)


def test_old_declarations() -> None:
    old: Any = primitive(lambda x, y: x * y)
    old.defgrad(lambda out, x, y: lambda g: g * y)
    old.defvjp(lambda g, out, vs, gvs, x, y: g * x, argnum=1)
    check_grads(old, argnum=(0, 1))(X, Y)
    old.defvjp_is_zero([1])
    assert grad(old, 1)(2.0, 3.0) == 0


def test_what_is_not_said_is_an_error() -> None:
    unknown = primitive(lambda x, y: x * y)
    with pytest.raises(NotImplementedError, match="no derivative with respect to argument 0: say it with defvjp"):
        grad(unknown)(1.0, 2.0)
    defvjp(unknown, lambda out, x, y: lambda g: g * y)
    assert grad(unknown)(1.0, 2.0) == 2
    with pytest.raises(NotImplementedError, match="argument 1"):
        grad(unknown, 1)(1.0, 2.0)
    wrong = primitive(lambda x: x * 2)
    defvjp(wrong, lambda out, x: lambda g: np.zeros(7))
    with pytest.raises(Exception, match=r"returned shape \(7,\) for an input of shape \(3,\)"):
        grad(lambda x: np.sum(wrong(x)))(X)


def test_arrays_may_be_written_to_where_that_is_the_convention() -> None:
    @primitive
    def asks(x: Any) -> Any:
        flags.append(x.flags.writeable)
        return x * 1

    flags: list[bool] = []
    defvjp(asks, lambda out, x: lambda g: g)
    grad(lambda x: np.sum(asks(x)))(X)
    with compatibility("hips"):
        grad(lambda x: np.sum(asks(x)))(X)
        grad(lambda x: np.sum(asks(np.broadcast_to(x, (2, 3)))))(X)
    assert flags == [False, True, True]


def test_a_result_that_is_the_argument() -> None:
    same = primitive(lambda x: x)
    defvjp(same, lambda out, x: lambda g: g)
    for library in (None, "hips"):
        with compatibility(library):
            np.testing.assert_array_equal(grad(lambda x: np.sum(same(x) * x))(X), 2 * X)


def test_functions_without_a_derivative() -> None:
    seen = notrace_primitive(lambda x: float(np.max(x)))
    np.testing.assert_array_equal(grad(lambda x: np.sum(x) * seen(x))(X), [0.7] * 3)


@pytest.mark.parametrize("function", [special.expit, special.logsumexp, np.tanh, np.linalg.solve])
def test_operations_of_this_package_keep_their_own_derivatives(function: Any) -> None:
    defjvp(function, lambda g, out, *args: g)  # what programs for HIPS autograd do where it has no forward rule
    with pytest.warns(UserWarning, match=rf"{function.__name__} has its derivatives here.* @primitive"):
        defvjp(function, lambda out, *args: lambda g: g)
    np.testing.assert_allclose(jvp(special.expit, (0.5,), (1.0,))[1], 0.2350037, rtol=1e-6)


def square_or_more(x: Any) -> Any:
    return x**2


def test_a_rule_for_what_is_no_primitive_has_no_effect_on_programs_that_exist() -> None:
    """One of ceviche's files has such a line."""
    with compatibility("hips"), pytest.warns(UserWarning, match=r"no effect on .*square_or_more.*no primitive"):
        defvjp(square_or_more, lambda out, x: lambda g: g)
    assert grad(square_or_more)(3.0) == 6


def test_what_has_no_derivative_gets_none_by_a_rule_alone() -> None:
    with pytest.raises(DeclarationError, match=r"decorate it with @primitive"):
        defvjp(np.argmax, lambda out, x: lambda g: g)
    with pytest.raises(DeclarationError, match=r"decorate it with @primitive"):
        defjvp(len, None)


def test_second_derivatives_without_a_forward_rule() -> None:
    """Rules cut what is of third order, as `getval` does, so that they have no transpose; reverse mode needs none."""
    cube, slope = primitive(lambda x, y: x**3 * y), primitive(lambda x, y: 3 * x**2 * y)
    defvjp(cube, lambda out, x, y: lambda g: g * slope(x, y), lambda out, x, y: lambda g: g * x**3)
    defvjp(slope, lambda o, x, y: lambda g: getval(g * 6 * x * y), lambda o, x, y: lambda g: getval(g * 3 * x**2))

    def f(x: Any) -> Any:
        return np.sum(cube(x, x[::-1]))

    expected = hessian(lambda x: np.sum(x**3 * x[::-1]))(X)
    np.testing.assert_allclose(hessian(f)(X), expected)
    np.testing.assert_allclose(jacobian(lambda x: grad(f)(x)[[0, 1, 2, 0]])(X), expected[[0, 1, 2, 0]])
    np.testing.assert_allclose(hvp(f, X, Y), expected @ Y)
    np.testing.assert_allclose(hvp(lambda x, y: f(x) + 0 * np.sum(y), (X, Y), (Y, X))[0], expected @ Y)
    with pytest.raises(
        DerivativeError, match=r"recorded (at|after) .*test_definitions.py:\d+, but that is not NumPy code"
    ):
        jacobian(grad(f), mode="forward")(X)


def counted(calls: list[Any]) -> Any:
    """Return an operation whose maker counts its calls; its pull has a branch, so that it knows no batches."""

    @primitive
    def scaled(x: Any, factors: Any) -> Any:
        return factors[0] * x**2

    def maker(out: Any, x: Any, factors: Any) -> Any:
        calls.append(x)
        slope = 2 * factors[0] * x
        return lambda g: g * slope if np.max(getval(g)) < 1e9 else 0 * g

    defvjp(scaled, maker, None)
    return scaled


@pytest.mark.parametrize("factors", [np.array([3.0, 0.0]), [3.0]])
@pytest.mark.parametrize("at", [np.array([1.0, 2.0, 3.0, 4.0]), 2.0])
def test_what_a_maker_makes_is_made_once_for_each_call(at: Any, factors: Any) -> None:
    calls: list[Any] = []
    scaled = counted(calls)
    found = jacobian(lambda x: scaled(x, factors))(at)
    np.testing.assert_allclose(found, np.diag(6 * at) if np.ndim(at) else 6 * at)
    assert len(calls) <= 2  # once for the rows at once, which fails, and once for one after the other
    calls.clear()
    x = tensor(at, requires_grad=True)
    out = scaled(x, factors)
    for _ in range(3):
        out.backward(np.ones_like(at), retain_graph=True)
    np.testing.assert_allclose(x.grad.data, 18 * at)
    assert len(calls) == 1


def test_what_a_maker_makes_is_of_its_own_arguments() -> None:
    scaled = counted([])
    points = np.array([[1.0, 2.0], [5.0, 7.0]])
    found = vmap(jacobian(lambda x: scaled(x, [3.0])), loops="allow")(points)
    np.testing.assert_allclose(found, [np.diag(6 * x) for x in points])
    np.testing.assert_allclose(jacobian(jacobian(lambda x: np.sum(scaled(x, [3.0]))))(points[0]), 6 * np.eye(2))


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("factors", [np.array([3.0]), [3.0]])
def test_what_a_maker_made_goes_with_its_call(factors: Any, create_graph: bool) -> None:
    gc.collect()
    gc.disable()
    try:
        x = tensor([1.0, 2.0], requires_grad=True)
        out = counted([])(x, factors)
        node = weakref.ref(out.data)
        (found,) = gradients(out, x, np.ones(2), create_graph=create_graph, retain_graph=True)
        np.testing.assert_allclose(found.data, [6, 12])
        del out, found
        assert node() is None
    finally:
        gc.enable()
