"""Operations of one's own as a class."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd import (
    Context,
    DeclarationError,
    DerivativeError,
    Function,
    GraphError,
    Tensor,
    checkpoint,
    draw_graph,
    general,
    gradcheck,
    gradgradcheck,
    gradients,
    hessian,
    jacobian,
    jvp,
    no_grad,
    tensor,
    vmap,
)
from autograd.testing import check_operation

X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -0.5])


class Power(Function):
    """x**n, with a number n that is no tensor."""

    @staticmethod
    def forward(ctx: Context, x: Any, n: int) -> Any:
        ctx.n = n  # type: ignore[attr-defined]  # any attribute may be set
        ctx.save_for_backward(x)
        return x**n

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * ctx.n * x ** (ctx.n - 1), None


class Exponentials(Function):
    """exp(x) y, exp(-x), and where x is positive."""

    @staticmethod
    def forward(ctx: Context, x: Any, y: Any) -> Any:
        up, down = np.exp(x), np.exp(-x)
        ctx.save_for_backward(up, down, y)
        return up * y, down, up, x > 0

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        up, down, y = ctx.saved_tensors
        of_product, of_down, of_up, of_sign = g
        assert of_sign is None
        return of_product * up * y - of_down * down + of_up * up, of_product * up


def test_all_that_an_operation_promises() -> None:
    check_operation(lambda x: Power.apply(x, 3), X)
    check_operation(lambda x: Power.apply(x + 1j * x, 2).real, X)
    check_operation(lambda x, y: Exponentials.apply(x, y)[:3], X, Y)
    check_operation(lambda x: Exponentials.apply(x, x)[0] * Exponentials.apply(X, x)[1], X)
    check_operation(lambda x: checkpoint(lambda x: Power.apply(np.sin(x), 2), x), X)


def test_results_are_tensors() -> None:
    x = tensor(X, requires_grad=True)
    product, down, _, positive = Exponentials.apply(x, Y)
    assert product.requires_grad
    assert down.requires_grad
    assert positive.dtype == bool
    assert not positive.requires_grad
    assert not Power.apply(tensor(X), 2).requires_grad
    assert isinstance(Power.apply(X, 2), Tensor)
    with no_grad():
        assert not Power.apply(x, 2).requires_grad


def test_needs_input_grad() -> None:
    seen: list[tuple[bool, ...]] = []

    class Noting(Function):
        @staticmethod
        def forward(ctx: Context, *args: Any) -> Any:
            seen.append(ctx.needs_input_grad)
            return args[0]

        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            seen.append(ctx.needs_input_grad)
            return g[0], None, None

    x = tensor(X, requires_grad=True)
    Noting.apply(x, Y, x).sum().backward()
    assert seen == [(True, False, True)] * 2
    assert np.array_equal(x.grad.data, np.ones(3))


def test_results_without_a_gradient() -> None:
    class Both(Function):
        @staticmethod
        def forward(ctx: Context, x: Any) -> Any:
            rounded = np.round(x)
            ctx.mark_non_differentiable(rounded)
            return 2 * x, rounded

        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            assert g[1] is None
            return 2 * g[0]

    x = tensor(X, requires_grad=True)
    doubled, rounded = Both.apply(x)
    assert not rounded.requires_grad
    doubled.sum().backward()
    assert np.array_equal(x.grad.data, [2, 2, 2])


def test_what_was_saved_is_freed() -> None:
    x = tensor(X, requires_grad=True)
    y = Power.apply(x, 2)
    y.backward(np.ones(3), retain_graph=True)
    y.backward(np.ones(3))
    with pytest.raises(GraphError, match=r"'Power', recorded at .*test_function"):
        y.backward(np.ones(3))


def test_an_array_of_unknown_origin_is_not_differentiated_again() -> None:
    class Hiding(Function):
        @staticmethod
        def forward(ctx: Context, x: Any) -> Any:
            ctx.save_for_backward(2 * x)
            return x * x

        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            return g[0] * ctx.saved_tensors[0]

    x = tensor(X, requires_grad=True)
    Hiding.apply(x).sum().backward()
    assert np.array_equal(x.grad.data, 2 * X)
    with pytest.raises(DerivativeError, match="neither an argument nor a result"):
        gradients(Hiding.apply(x).sum(), x, create_graph=True)


def test_errors() -> None:
    class Short(Function):
        @staticmethod
        def forward(ctx: Context, *args: Any) -> Any:
            return args[0] * args[1]

        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            return g[0]

    class Wide(Short):
        @staticmethod
        def backward(ctx: Context, *g: Any) -> Any:
            return np.ones((2, 3)), None

    x = tensor(X, requires_grad=True)
    with pytest.raises(DerivativeError, match=r"Short.backward returned 1 gradients for 2 arguments"):
        Short.apply(x, Y).sum().backward()
    with pytest.raises(DerivativeError, match=r"'Wide', recorded at .* returned shape \(2, 3\)"):
        Wide.apply(x, Y).sum().backward()
    with pytest.raises(DeclarationError, match="to be subclassed"):
        Function.apply(x)


def test_it_is_drawn_by_its_name() -> None:
    x = tensor(X, requires_grad=True)
    assert "Power" in draw_graph(Power.apply(x, 2).sum()).source
    assert draw_graph(Exponentials.apply(x, Y)[0].sum()).source.count("Exponentials") == 1


class Sine(Function):
    """A sine whose reverse rule is no NumPy code."""

    @staticmethod
    def forward(ctx: Any, x: Any, scale: float) -> Any:
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * np.sin(x), np.floor(x)

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return ctx.scale * np.array([float(each) for each in g[0]]) * np.cos(x), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        (x,) = ctx.saved_tensors
        assert tangents[1] is None
        return ctx.scale * tangents[0] * np.cos(x), None if ctx.scale == 3 else 0 * x


def test_forward_mode_is_what_jvp_says() -> None:
    x, t = np.array([0.5, 2.0]), np.array([1.0, -1.0])
    value, tangent = jvp(lambda x: Sine.apply(x, 2.0)[0], x, t)
    np.testing.assert_allclose(value, 2 * np.sin(x))
    np.testing.assert_allclose(tangent, 2 * t * np.cos(x))
    np.testing.assert_allclose(jvp(lambda x: jvp(lambda x: Sine.apply(x, 2.0)[0], x, t)[1], x, t)[1], -2 * np.sin(x))
    with pytest.raises(DerivativeError, match=r"returned None for a result of shape \(2,\): is a return missing"):
        jvp(lambda x: Sine.apply(x, 3.0)[0], x, t)


class SquareAt(Function):
    """The square of one element; its rule writes to an array that it makes."""

    @staticmethod
    def forward(ctx: Any, x: Any, i: int) -> Any:
        ctx.save_for_backward(x)
        ctx.i = i
        return x[i] ** 2

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return _square_rule(g, ctx.saved_tensors[0], ctx.i), None


def _square_rule(g: Any, x: Any, i: int) -> Any:
    out = np.zeros_like(x)
    out[i] = 2 * x[i] * g
    return out


@pytest.mark.parametrize("square", [SquareAt.apply, general(lambda x, i: x[i] ** 2, _square_rule, name="square_at")])
def test_a_rule_may_write_to_an_array_that_it_makes_in_each_mode(square: Any) -> None:
    gradcheck(lambda x: square(x, 1), X)
    gradgradcheck(lambda x: square(x, 1), X)
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(jacobian(lambda x: square(x, 1), mode=mode)(X), [0, 2 * X[1], 0])
    rows = np.stack([X, Y])
    found = vmap(lambda x: jvp(lambda x: square(x, 1), x, np.ones(3))[1])(rows)
    np.testing.assert_array_equal(found, 2 * rows[:, 1])


def test_jvp_returns_a_tangent_of_each_result() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return returned

    returned: Any = np.ones(3)
    with pytest.raises(DerivativeError, match=r"Wrong.jvp returned shape \(3,\) for a result of shape \(2,\)"):
        jvp(Wrong.apply, np.ones(2), np.ones(2))
    returned = np.ones(2), np.ones(2)
    with pytest.raises(DerivativeError, match=r"Wrong\.jvp returned 2 tangents for 1 results"):
        jvp(Wrong.apply, np.ones(2), np.ones(2))


def test_arrays_may_be_written_to_on_a_promise() -> None:
    class Asks(Function):
        promises_not_to_write = True

        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            assert x.flags.writeable
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g

    x = tensor([1.0, 2.0], requires_grad=True)
    Asks.apply(np.broadcast_to(x[:1], (3,))).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [6, 0])


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_backward_is_called_once_for_all_arguments(create_graph: bool, several: bool) -> None:
    calls = []

    class Product(Function):
        @staticmethod
        def forward(ctx: Context, x: Any, y: Any, z: Any) -> Any:
            ctx.save_for_backward(x, y, z)
            return (x * y * z, x * 1) if several else x * y * z

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            calls.append(g)
            x, y, z = ctx.saved_tensors
            return g[0] * y * z, g[0] * x * z, g[0] * x * y

    leaves = [tensor(given, requires_grad=True) for given in ([2.0, 0.0], [3.0, 5.0], [4.0, 7.0])]
    out = Product.apply(*leaves)
    found = gradients(out[0] if several else out, leaves, np.ones(2), create_graph=create_graph)
    np.testing.assert_array_equal([each.data for each in found], [[12, 35], [8, 0], [6, 0]])
    assert len(calls) == 1


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_leaf_for_which_backward_returns_none_has_no_gradient(create_graph: bool) -> None:
    class First(Function):
        @staticmethod
        def forward(ctx: Context, x: Any, _: Any) -> Any:
            return 2 * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g, None

    x, y = (tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    First.apply(x, y).sum().backward(create_graph=create_graph)
    assert x.grad.tolist() == [2, 2]
    assert y.grad is None


@pytest.mark.parametrize("way", ["one", "tuple", "list", "with constants"])
@pytest.mark.parametrize("kept", ["argument", "result"])
def test_arguments_and_results_that_are_attributes_have_second_derivatives(way: str, kept: str) -> None:
    class Growth(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, n: int) -> Any:
            y = np.exp(n * x)
            value = x if kept == "argument" else y
            beside = np.full(len(x), float(n)) if way == "with constants" else n
            ctx.of_another_library = SimpleNamespace(dtype="as of PyTorch's tensors")
            ctx.value = value if way == "one" else (beside, value) if way == "tuple" else [beside, value]
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            n, value = (2, ctx.value) if way == "one" else ctx.value
            return n * g * (value if kept == "result" else np.exp(n * value)), None

    check_operation(lambda x: Growth.apply(x, 2), X)
    of_rows = vmap(hessian(lambda x: Growth.apply(x, 2).sum()))(np.stack([X, Y]))
    np.testing.assert_allclose(of_rows, [np.diag(4 * np.exp(2 * x)) for x in (X, Y)])
