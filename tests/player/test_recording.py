"""What is played is what the engine computes."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Function, Tensor, Value, general, gradients, saved_tensors_hooks, tensor
from autograd.graph.node import ancestors
from autograd.visualize.player.playback import Playback, playback
from autograd.visualize.rule_source import sources_of
from autograd.visualize.steps import run

from ..thorough import draws
from .programs import computed, programs
from .reading import gradient_of, played


def check_sums(recorded: Playback) -> None:
    for place, step in enumerate(recorded.steps[:-1]):
        parts = [edge.contribution for edge in recorded.edges if edge.source == place]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        np.testing.assert_array_equal(total, step.gradient)


@draws(50)
@given(programs())
def test_gradients_of_values_are_those_of_backward(program: list[tuple[int, int, int]]) -> None:
    leaves = [Value(0.5), Value(-1.25)]
    recorded = played(result := computed(program, [*leaves]))
    assert [leaf.grad for leaf in leaves] == [0.0, 0.0]
    result.backward()
    for step in recorded.steps:
        assert step.gradient == step.node.grad
        assert step.value == step.node.data
    check_sums(recorded)


@draws(50)
@given(programs(), st.sampled_from([((3,), (2, 3)), ((), (2,)), ((2, 1), (1, 3)), ((2, 2), (2, 2))]))
def test_gradients_of_tensors_are_those_of_a_walk(
    program: list[tuple[int, int, int]], shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    random = np.random.default_rng(0)
    x, y = (Tensor(random.normal(size=shape), requires_grad=True) for shape in shapes)
    results: list[Any] = [x, y]
    ran = run(lambda: computed(program, results).sum(), ())
    recorded = playback(ran, {})
    assert x.grad is None
    assert y.grad is None
    inner = [t for t in results if any(step.node is t._node for step in recorded.steps)]
    for t, g in zip(inner, gradients(ran.result, inner, retain_graph=True), strict=True):
        np.testing.assert_array_equal(gradient_of(recorded, t._node), g.numpy())
    for t in inner:
        (step,) = [step for step in recorded.steps if step.node is t._node]
        np.testing.assert_array_equal(step.value, t.numpy())
    check_sums(recorded)
    ran.result.backward()  # the graph was not freed
    assert any(leaf.grad is not None for leaf in (x, y))


def test_each_edge_has_its_own_contribution() -> None:
    a = Value(3.0)
    assert [edge.contribution for edge in played(a * a).edges] == [3.0, 3.0]
    x = tensor([3.0, 4.0], requires_grad=True)
    recorded = played((x * x).sum())
    assert [(edge.source, edge.target, edge.index) for edge in recorded.edges] == [(1, 2, 0), (0, 1, 0), (0, 1, 1)]
    np.testing.assert_array_equal(recorded.edges[1].contribution, [3.0, 4.0])


def test_every_kind_of_operation_has_contributions() -> None:
    class Scaled(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, factor: float) -> Any:
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            return g[0] * ctx.factor, None

    scale = general(lambda x, k: x * k, lambda g, k: g * k, name="scale")
    x = Tensor(np.diag([1.0, 2.0, 4.0]), requires_grad=True)

    def function(x: Any) -> Any:
        values, vectors = np.linalg.eigh(x @ x.T)
        joined = np.concatenate([Scaled.apply(x, 3.0), vectors, scale(x, 2.0), autograd.checkpoint(np.tanh, x)])
        return (joined * np.where(joined > 0.5, joined, 1.0)).sum() + values.max()

    ran = run(function, (x,))
    recorded = playback(ran, {"x": x})
    (expected,) = gradients(ran.result, x, retain_graph=True)
    np.testing.assert_array_equal(gradient_of(recorded, x._node), expected.numpy())
    assert all(step.known for step in recorded.steps)
    with saved_tensors_hooks(lambda array: array.tolist(), np.asarray):
        packed = (np.exp(x) * x).sum()
    assert packed._node is not None
    nodes = ancestors([packed._node])
    before = [(node.op, node.kept) for node in nodes]
    shown = gradient_of(played(packed), x._node)
    np.testing.assert_array_equal(shown, gradients(packed, x, retain_graph=True)[0].numpy())
    assert all(node.op is op and node.kept is kept for node, (op, kept) in zip(nodes, before, strict=True))


def test_a_complex_gradient_is_shown_as_grad_has_it() -> None:
    z = tensor([1.0 + 2.0j], requires_grad=True)
    loss = (z * (3.0 - 1.0j)).real.sum()
    recorded = played(loss)
    loss.backward()
    assert z.grad is not None
    np.testing.assert_array_equal(gradient_of(recorded, z._node), z.grad.numpy())


def test_hooks_are_called_and_nothing_is_retained() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 3.0
    y.retain_grad()
    y.register_hook(lambda g: g * 10.0)
    recorded = played(y.sum())
    assert y.grad is None
    np.testing.assert_array_equal(gradient_of(recorded, x._node), [30.0, 30.0])
    assert [step.hooked for step in recorded.steps] == [False, True, False]


def test_a_zero_stays_zero_against_nan() -> None:
    x = tensor([-1.0, 4.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        loss = np.where(np.array([False, True]), np.sqrt(x), 0.0).sum()
    np.testing.assert_array_equal(gradient_of(played(loss), x._node), [0.0, 0.25])


def test_a_zero_ends_the_way_in_a_graph_of_values() -> None:
    x = Value(0.0)
    recorded = played(x.sqrt() * 0.0)
    assert [step.gradient for step in recorded.steps] == [0.0, 0.0, 1.0]


def test_a_graph_shows_what_it_kept_and_a_function_everything() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)

    def function(x: Any) -> Any:
        return np.exp(x + 1.0).sum(axis=0)

    names = [step.known for step in played(function(x)).steps]
    assert names == ["now", "", "kept", "kept"]
    recorded = playback(run(function, (x,)), {})
    assert [step.known for step in recorded.steps] == ["now", "recorded", "recorded", "recorded"]
    assert recorded.steps[1].constants == {1: 1.0}
    assert recorded.steps[3].arguments["axis"] == 0


def test_kept_values_are_the_values() -> None:
    x, y = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 5.0], requires_grad=True)
    a, b = x + 1.0, y - 1.0
    product = a * b
    recorded = played(np.exp(product).sum())
    for t in (a, b):
        (step,) = [step for step in recorded.steps if step.node is t._node]
        np.testing.assert_array_equal(step.value, t.numpy())
        assert step.known == "kept"


def test_the_source_of_rules() -> None:
    def rule(g: Any, y: Any) -> Any:
        return g * y

    op = general(lambda x, y: x * y, rule, (lambda g, x: g * x), name="product").operation  # type: ignore[attr-defined]
    assert sources_of(op, 2) == ["def rule(g: Any, y: Any) -> Any:\n    return g * y", "lambda g, x: g * x"]
    made = eval("lambda g, x: g * x")
    assert sources_of(general(lambda x: x * x / 2, made, name="half").operation, 1) == ["lambda g, x: ..."]  # type: ignore[attr-defined]
