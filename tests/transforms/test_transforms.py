"""Derivatives of functions: right, nested, over containers, in both directions."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    DtypeError,
    GraphError,
    ShapeError,
    elementwise_grad,
    grad,
    gradients,
    hessian,
    jacobian,
    jvp,
    linearize,
    no_grad,
    tensor,
    value_and_grad,
    vjp,
    vmap,
)
from autograd.transforms import forward_mode


def test_perturbations_are_not_confused() -> None:
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0
    assert grad(lambda x: x * jvp(lambda y: x + y, 1.0, 1.0)[1])(3.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, 2.0, 1.0)[1], 3.0, 1.0)[1] == 6.0


def test_every_order_of_the_sine() -> None:
    function: Callable[..., Any] = np.sin
    orders = []
    for _ in range(6):
        orders.append(float(function(0.7)))
        function = grad(function)
    s, c = np.sin(0.7), np.cos(0.7)
    assert np.allclose(orders, [s, c, -s, -c, s, c])


def test_containers_and_argnums() -> None:
    def loss(model: dict[str, Any], x: Any, *, scale: float) -> Any:
        return (model["w"] * x).sum() * scale + model["rest"][0] * model["rest"][1]

    model = {"w": np.array([1.0, 2.0]), "rest": (3.0, 4.0)}
    x = np.array([5.0, 6.0])
    by_model, by_x = grad(loss, argnums=(0, 1))(model, x, scale=2.0)
    assert np.array_equal(by_model["w"], 2 * x)
    assert by_model["rest"] == (4.0, 3.0)
    assert np.array_equal(by_x, [2.0, 4.0])
    value, by_last = value_and_grad(loss, argnums=-1)(model, x, scale=1.0)
    assert (value, by_last.tolist()) == (29.0, [1.0, 2.0])


def test_a_constant_function_has_gradient_zero() -> None:
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert np.array_equal(grad(lambda x: np.floor(x).sum())(np.ones(2)), np.zeros(2))
    assert jvp(lambda x: 3.0, 2.0, 1.0)[1] == 0.0


def test_recording_inside_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x**2)(3.0) == 6.0


def test_a_parameter_outside_makes_the_gradient_a_tensor() -> None:
    w = tensor(2.0, requires_grad=True)
    inner = grad(lambda x: w * x**3)(2.0)
    inner.backward()
    assert w.grad.item() == 12.0


def test_the_pull_may_be_called_again_and_hands_out_its_own_memory() -> None:
    x = np.array([1.0, 2.0])
    value, pull = vjp(lambda x: x, x)
    cotangent = np.ones(2)
    (first,), (second,) = pull(cotangent), pull(cotangent)
    assert np.array_equal(first, second)
    assert not np.shares_memory(first, cotangent)
    assert not np.shares_memory(first, second)
    assert np.array_equal(value, x)


def test_several_outputs() -> None:
    value, pull = vjp(lambda x, y: {"sum": x + y, "product": x * y}, 2.0, 3.0)
    assert value == {"sum": 5.0, "product": 6.0}
    assert pull({"sum": 1.0, "product": 10.0}) == (31.0, 21.0)
    with pytest.raises(ShapeError, match="1 arrays for a function that returned 2"):
        pull(1.0)


def test_errors_say_what_to_do() -> None:
    with pytest.raises(DtypeError, match=r"write 1\.0 for 1"):
        grad(lambda x: x)(2)
    with pytest.raises(GraphError, match=r"not shape \(2,\): sum it"):
        grad(lambda x: x)(np.ones(2))
    with pytest.raises(IndexError, match="argnums=1"):
        grad(lambda x: x, argnums=1)(1.0)
    with pytest.raises(ShapeError, match="2 tangents for 1 primals"):
        jvp(lambda x: x, (1.0,), (1.0, 2.0))
    with pytest.raises(ShapeError, match=r"tangent of shape \(3,\)"):
        jvp(lambda x: x, np.ones(2), np.ones(3))
    x, y = tensor(1.0, requires_grad=True), tensor(1.0, requires_grad=True)
    with pytest.raises(GraphError, match="allow_unused=True"):
        gradients(x * 2, y)
    assert gradients(x * 2, y, allow_unused=True) == (None,)
    with pytest.raises(GraphError, match="does not require a gradient"):
        gradients(tensor(1.0), x)


def test_gradients_of_several_outputs_and_of_inner_results() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    z = np.exp(y)
    by_y, by_x = gradients([z.sum(), y], [y, x], grad_outputs=[1.0, np.ones(2)], retain_graph=True)
    assert np.allclose(by_y.data, np.exp(y.data) + 1)
    assert np.allclose(by_x.data, (np.exp(y.data) + 1) * 2 * x.data)
    assert x.grad is None


FUNCTIONS: list[Callable[..., Any]] = [
    lambda x: np.sin(x) * x,
    lambda x: np.sum(x * x, axis=0) / (1 + x[0] ** 2),
    lambda x: np.tanh(x @ x.T),
    lambda x: np.concatenate([x[:1] * 2, np.exp(x)]),
    lambda x: x.reshape(-1)[::2] * np.max(x),
    lambda x: np.where(x > 0, x**3, x) - np.prod(x),
    lambda x: np.einsum("ij,kj->ik", x, np.cos(x)),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@given(st.integers(0, 10_000))
def test_forward_and_reverse_agree_at_orders_one_and_two(function: Callable[..., Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, v = rng.normal(size=(2, 2, 3))
    value, pull = vjp(function, x)
    w = rng.normal(size=value.shape)
    out, pushed = jvp(function, x, v)
    assert np.allclose(out, value)
    assert np.isclose(np.sum(pushed * w), np.sum(v * pull(w)[0]))

    def slope(y: Any) -> Any:
        return np.sum(jvp(function, y, v)[1] * w)

    def total(y: Any) -> Any:
        return np.sum(function(y) * w)

    forward_over_reverse = jvp(grad(total), x, v)[1]
    reverse_over_forward = grad(slope)(x)
    step = 1e-5
    numeric = (grad(total)(x + step * v) - grad(total)(x - step * v)) / (2 * step)
    assert np.allclose(forward_over_reverse, reverse_over_forward)
    assert np.allclose(forward_over_reverse, numeric, rtol=1e-4, atol=1e-5)


@dataclasses.dataclass(frozen=True)
class Line:
    slope: Any
    offset: Any = 0.0


def test_dataclasses_are_containers() -> None:
    def loss(line: Line, points: dict[str, Any]) -> Any:
        return np.sum((line.slope * points["x"] + line.offset - points["y"]) ** 2)

    x, y = np.array([1.0, 2.0]), np.array([3.0, 1.0])
    found = grad(loss)(Line(2.0, 0.5), {"x": x, "y": y})
    assert isinstance(found, Line)
    rest = 2 * x + 0.5 - y
    assert np.isclose(found.slope, 2 * np.sum(rest * x))
    assert np.isclose(found.offset, 2 * np.sum(rest))


def test_what_stands_beside_the_value_is_handed_through() -> None:
    def function(x: Any) -> Any:
        y = x * x
        return np.sum(y), {"squares": y, "name": "y"}

    x = np.array([1.0, 2.0])
    gradient, aux = grad(function, has_aux=True)(x)
    assert np.array_equal(gradient, 2 * x)
    assert type(aux["squares"]) is np.ndarray
    assert np.array_equal(aux["squares"], x * x)
    assert aux["name"] == "y"
    (value, aux), gradient = value_and_grad(function, has_aux=True)(x)
    assert value == 5
    assert type(aux["squares"]) is np.ndarray
    with pytest.raises(TypeError, match="has_aux"):
        grad(np.sum, has_aux=True)(x)


def test_a_linearization_is_used_as_often_as_one_likes() -> None:
    calls = []

    def function(x: Any, y: Any) -> Any:
        calls.append(1)
        return {"product": x * y, "sine": np.sin(x)}

    x, y = np.array([0.5, 1.0]), np.array([2.0, -1.0])
    value, push = linearize(function, x, y)
    for tangents in [(np.ones(2), np.zeros(2)), (np.array([0.0, 2.0]), np.ones(2))]:
        expected = jvp(lambda x, y: x * y, (x, y), tangents)[1]
        assert np.allclose(push(*tangents)["product"], expected)
        assert np.allclose(push(*tangents)["sine"], np.cos(x) * tangents[0])
    assert np.array_equal(value["product"], x * y)
    assert len(calls) == 1
    assert np.allclose(grad(lambda x: np.sum(linearize(np.sin, x)[1](np.ones(2))))(x), -np.sin(x))


def test_derivatives_of_elements() -> None:
    x = np.array([[0.5, 1.0], [2.0, -1.0]])
    assert np.allclose(elementwise_grad(np.sin)(x), np.cos(x))
    assert np.allclose(elementwise_grad(elementwise_grad(np.sin))(x), -np.sin(x))
    assert np.allclose(elementwise_grad(np.multiply, 1)(x, 3 * x), x)


def test_a_finished_derivative_leaves_no_tensor_behind() -> None:
    assert type(grad(lambda x: grad(lambda y: x * y * y)(2.0))(3.0)) is np.float64
    assert type(grad(grad(lambda x: grad(lambda y: x * x * y * y)(2.0)))(3.0)) is np.float64
    assert type(jvp(lambda x: jvp(lambda y: x * y * y, 2.0, 1.0)[1], 3.0, 1.0)[1]) is np.float64


def test_an_argument_is_named_once() -> None:
    with pytest.raises(ValueError, match=r"argnums=\(0, -2\) names one of the 2 arguments twice"):
        grad(np.dot, (0, -2))(np.ones(2), np.ones(2))


def test_a_result_that_is_written_to_later_keeps_its_place() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x * 2)
        return kept[-1]

    x = np.array([1.0, 2.0])
    for derivative in (vjp(function, x)[1], linearize(function, x)[1]):
        kept[-1] += 1
        assert np.array_equal(np.ravel(derivative(np.ones(2))), [2.0, 2.0])


@pytest.mark.parametrize(
    "derivative",
    [
        grad,
        jacobian,
        lambda f: jacobian(f, mode="forward"),
        lambda f: lambda x: vjp(f, x)[1](1.0)[0],
        lambda f: lambda x: np.stack([jvp(f, (x,), (unit,))[1] for unit in np.eye(2)]),
    ],
)
def test_an_input_that_the_function_writes_to(derivative: Callable[..., Any]) -> None:
    def function(x: Any) -> Any:
        x[0] = 1.0
        return np.sum(x * x)

    outer = tensor([3.0, 4.0], requires_grad=True)
    assert derivative(function)(outer * 1.0).tolist() == [0.0, 8.0]
    with pytest.raises(GraphError, match="writes to a leaf"):
        derivative(function)(np.array([3.0, 4.0]))


def test_what_is_returned_beside_keeps_the_graph_of_somebody_else() -> None:
    outer = tensor(3.0, requires_grad=True)
    _, beside = grad(lambda x: (x * x, {"outer": outer * x, "own": x * 2}), has_aux=True)(2.0)
    beside["outer"].backward()
    assert outer.grad.item() == 2.0
    assert beside["own"] == 4.0
    assert isinstance(beside["own"], float)
    assert grad(lambda z: grad(lambda x: (x * x, z * x), has_aux=True)(5.0)[1])(2.0) == 5.0


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.float_power(x, 2.0),
        lambda x: np.sin(x) * np.ones(2),
        lambda x: x.astype(np.float64) + x,
        lambda x: np.exp(1j * x) * np.ones(2, np.complex128),
        lambda x: np.linalg.norm(np.stack([x, x * 2]), axis=0).astype(np.float16),
        np.ones_like,
    ],
)
def test_tangents_have_the_dtype_of_results(function: Callable[[Any], Any]) -> None:
    x = np.array([0.5, 2.0], np.float32)
    value, tangent = jvp(function, (x,), (np.ones(2, np.float32),))
    _, push = linearize(function, x)
    assert value.dtype == tangent.dtype == push(np.ones(2)).dtype == function(x).dtype


def test_one_result_in_two_places_gets_both_gradients() -> None:
    def twice(x: Any) -> Any:
        y = x * x
        return y, y

    x = np.array([1.0, 3.0])
    _, pull = vjp(twice, x)
    assert np.array_equal(pull((np.ones(2), np.array([0.0, 2.0])))[0], [2.0, 18.0])
    leaf = tensor(x, requires_grad=True)
    y = leaf * leaf
    assert gradients([y, y], leaf, [np.ones(2), np.array([0.0, 2.0])])[0].tolist() == [2.0, 18.0]


def test_of_a_complex_direction_a_real_value_takes_the_real_part() -> None:
    x = np.array([1.0, 3.0])
    _, pull = vjp(lambda x: x * x, x)
    assert np.array_equal(pull(np.array([1 + 5j, 2j]))[0], [2.0, 0.0])
    assert np.array_equal(jvp(lambda x: x * x, (x,), (np.array([1 + 5j, 2j]),))[1], [2.0, 0.0])
    assert np.array_equal(linearize(lambda x: x * x, x)[1](np.array([1 + 5j, 2j])), [2.0, 0.0])


def test_tangents_spread_with_results() -> None:
    value, tangent = jvp(lambda x: x + np.zeros((2, 3)), (np.ones(3),), (np.arange(3.0),))
    assert tangent.shape == value.shape
    assert np.array_equal(tangent, [[0.0, 1.0, 2.0]] * 2)


def test_gradients_are_recorded_within_no_grad_if_that_is_asked_for() -> None:
    x = tensor(2.0, requires_grad=True)
    y = x**3
    with no_grad():
        (first,) = gradients(y, x, create_graph=True)
        (second,) = gradients(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_complex_gradients_too_are_recorded_within_no_grad() -> None:
    weight = tensor([1.0 + 2.0j, 3.0], requires_grad=True)
    with no_grad():
        value, pull = vjp(lambda x: x * x * weight, np.array([1.0, 2.0j]))
        assert all(one.requires_grad for one in (value, *pull(np.ones(2))))
        found: Any = grad(lambda x: np.sum(np.abs(x * weight)))(np.array([1.0, 2.0j]))
        assert found.requires_grad


def test_a_function_that_returns_no_arrays_has_gradients_of_zero() -> None:
    value, pull = vjp(lambda x: [], np.ones(2))
    assert value == []
    assert pull([])[0].tolist() == [0, 0]


@dataclasses.dataclass
class Loss:
    number: Any


def test_a_container_is_not_a_number_of_which_there_is_a_gradient() -> None:
    weight = tensor([1.0, 2.0], requires_grad=True)
    container: Any = Loss
    containers: list[Any] = [
        lambda x: (x, np.ones(3)),
        lambda x: [x * weight, x],
        lambda x: {"loss": x.sum()},
        lambda x: Loss([x, x]),
    ]
    for function in containers:
        with pytest.raises(
            GraphError, match=r"one number, not (tuple: with has_aux=True|list: sum it|dict: sum it|Loss: sum it)"
        ):
            grad(function)(np.ones(2))
    with pytest.raises(GraphError, match=r"one number, not shape \(2,\)"):
        grad(container)(np.ones(2))
    with pytest.raises(DtypeError, match="returned a complex one"):
        grad(container)(1j)


JOINED: dict[str, Any] = {
    "stack": lambda x, y: np.stack([x, y, x * 2], -1),
    "concatenate": lambda x, y: np.concatenate([x, np.concatenate([y, y])[1:]]),
    "what is no tensor": lambda x, y: np.stack([np.zeros(3), x, y], 1),
    "lists": lambda x, y: np.concatenate([[1.0, 2.0], y, [3]]),
    "flat": lambda x, y: np.concatenate([np.outer(x, y), x[None], y.reshape(3, 1)], axis=None),
    "another dtype": lambda x, y: np.concatenate([x.astype(np.float32), y], dtype=np.float32, casting="same_kind"),
    "one alone": lambda x, y: np.stack([x, np.sin(y)])[0],
    "single numbers": lambda x, y: np.stack([x[0], 2.0, y[1] * x[2]]),
}


@pytest.mark.parametrize("name", JOINED)
def test_tangents_of_what_is_joined_are_joined(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, as by the transpose of the rule, each would take an array as large as the result."""

    def refused(operation: Any, *args: Any) -> Any:
        assert operation.name not in ("stack", "concatenate")
        return transpose(operation, *args)

    function, transpose = JOINED[name], forward_mode._transpose
    x, y, u, v = np.random.default_rng(0).normal(size=(4, 3))
    expected = sum(jacobian(lambda z: function(*z))((x, y))[i] @ t for i, t in enumerate((u, v)))
    expected_alone = jacobian(lambda y: function(x, y))(y) @ v
    monkeypatch.setattr(forward_mode, "_transpose", refused)
    for found, wanted in (
        (jvp(function, (x, y), (u, v)), expected),
        (jvp(lambda y: function(x, y), (y,), (v,)), expected_alone),
        ([z[0] for z in vmap(lambda x, v: jvp(function, (x, y), (u, v)))(x[None], v[None])], expected),
    ):
        assert found[1].dtype == found[0].dtype
        np.testing.assert_allclose(found[1], wanted, 1e-6)
    if found[1].dtype == np.float64:
        second = jvp(lambda y: jvp(lambda y: np.sum(function(x * y, np.sin(y)) ** 2), (y,), (v,))[1], (y,), (v,))[1]
        matrix = hessian(lambda y: np.sum(function(x * y, np.sin(y)) ** 2))(y)
        np.testing.assert_allclose(second, v @ matrix @ v)
