"""The walk from a result back to its leaves: what it adds where, what it frees, and what it refuses."""

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import GraphError, ShapeError, tensor
from autograd.primitives.primitive import AT_CALL, Primitive
from autograd.tensors.dispatch import operations


def test_gradients_accumulate_until_forgotten() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert np.array_equal(x.grad.data, [5.0, 7.0])
    x.zero_grad()
    assert x.grad is None


def test_second_backward_raises_and_says_what_to_do() -> None:
    x = tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        y.backward()
    assert x.grad.item() == 4.0


def test_sharing_a_freed_part_of_a_graph_raises() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    hidden = np.tanh(x)
    hidden.sum().backward()
    with pytest.raises(GraphError, match="'tanh'"):
        (hidden * hidden).sum().backward()


def test_what_keeps_nothing_can_be_walked_again() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    y = -(w + 1 - np.ones(2))
    y.sum().backward()
    (3 * y).sum().backward()
    assert np.array_equal(w.grad.data, [-4.0, -4.0])
    y = (w * 2) + 1
    y.sum().backward()
    with pytest.raises(GraphError, match="'multiply'"):
        y.sum().backward()


@pytest.mark.parametrize("inner", [lambda w: w * 0.9, lambda w: np.exp(w), lambda w: (w * w)[:2].sum(axis=0) * w])
def test_gradients_of_results_leave_what_lies_before_them(inner: Callable[[Any], Any]) -> None:
    """As in meta-learning: adapt by the gradient at the first step's result, then differentiate through the step."""
    w = tensor([1.0, 2.0], requires_grad=True)
    fast = inner(w)
    (g,) = ag.gradients((fast**2).sum(), [fast])
    ((fast - 0.1 * g) ** 2).sum().backward()
    constant = g.data
    expected = ag.grad(lambda w: np.sum((inner(w) - 0.1 * constant) ** 2))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(w.grad.data, expected, rtol=1e-15)
    unused, first = ag.gradients((inner(w) ** 3).sum(), [fast := inner(w), w], allow_unused=True)
    assert unused is None
    assert first is not None
    y = (fast**3).sum()
    ag.gradients(y, [fast, w])  # which walks through fast
    with pytest.raises(GraphError, match="freed the graph"):
        (fast * 2).sum().backward()


def test_retained_graph_can_be_walked_again() -> None:
    x = tensor(3.0, requires_grad=True)
    y = x**3
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 54.0


def test_a_freed_graph_lets_go_of_what_it_kept() -> None:
    x = tensor(np.ones(1000), requires_grad=True)
    y = np.exp(x)
    kept = weakref.ref(y.data)
    z = y.sum()
    del y
    assert kept() is not None
    z.backward()
    assert kept() is None


def test_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tensor(np.ones(3), requires_grad=True)
        y = (np.exp(x) * x).sum()
        node = weakref.ref(y)
        leaf = weakref.ref(x)
        y.backward(create_graph=True)
        del y
        assert node() is None
        x.zero_grad()
        del x
        assert leaf() is None
    finally:
        gc.enable()


def test_backward_needs_one_element_or_a_gradient() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"shape \(2,\).*loss.mean\(\)"):
        (x * x).backward()
    with pytest.raises(ShapeError, match=r"shape \(3,\).*shape \(2,\)"):
        (x * x).backward(np.ones(3))
    with pytest.raises(GraphError, match="nothing to go back through"):
        tensor(1.0).backward()


def test_create_graph_differentiates_again() -> None:
    x = tensor(2.0, requires_grad=True)
    y = x**4
    y.backward(create_graph=True)
    first = x.grad
    x.zero_grad()
    first.backward(create_graph=True)
    second = x.grad
    x.zero_grad()
    second.backward()
    assert (first.item(), second.item(), x.grad.item()) == (32.0, 48.0, 48.0)


def test_only_the_inputs_asked_for() -> None:
    x, y = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
    inner = x * y
    (inner * inner).backward(inputs=[x])
    assert x.grad.item() == 36.0
    assert y.grad is None


def test_gradient_of_an_inner_result() -> None:
    x = tensor(3.0, requires_grad=True)
    y = x * x
    with pytest.warns(UserWarning, match=r"retain_grad\(\)"):
        unkept = y.grad
    assert unkept is None
    y.retain_grad()
    z = y * 5
    z.backward(retain_graph=True)
    z.backward()
    assert y.grad.item() == 5.0  # of the last backward; only leaves accumulate
    assert x.grad.item() == 60.0


def test_gradients_never_share_memory() -> None:
    seed = np.ones(3)
    x, y = tensor(np.zeros(3), requires_grad=True), tensor(np.zeros(3), requires_grad=True)
    (x + y).backward(seed)
    assert not np.shares_memory(x.grad.data, y.grad.data)
    assert not np.shares_memory(x.grad.data, seed)
    z = tensor(np.zeros(3), requires_grad=True)
    z.backward(seed)
    assert not np.shares_memory(z.grad.data, seed)
    x.zero_grad()
    x.reshape(3, 1).backward(seed.reshape(3, 1))
    assert not np.shares_memory(x.grad.data, seed)


@pytest.mark.parametrize("size", [3, 5000])
def test_summing_gradients_in_place_touches_nobody_elses_memory(size: int) -> None:
    """A leaf used many times: contributions are added in place, but never into a seed or an array that was kept."""
    seed, factor = np.full(size, 2.0), np.full(size, 3.0)
    x, y = tensor(np.ones(size), requires_grad=True), tensor(np.ones(size), requires_grad=True)
    hands_on = ag.elementwise(lambda x: x * 1.0, lambda g: g, name="hands_on")
    keeps = ag.elementwise(lambda x, y: x * y, lambda g, y: y, lambda g, x: x, name="keeps")
    total = keeps(x, factor) + hands_on(x) + x + y + x * 1.0
    total.backward(seed)
    assert np.array_equal(x.grad.data, np.full(size, 3.0 + 2.0 + 2.0 + 2.0))
    assert np.array_equal(y.grad.data, seed)
    assert np.array_equal(seed, np.full(size, 2.0))
    assert np.array_equal(factor, np.full(size, 3.0))


def test_dtype_and_shape_of_a_leaf_are_those_of_its_gradient() -> None:
    x = tensor(np.ones((3, 1)), dtype="float32", requires_grad=True)
    y = tensor(np.ones((1, 4)), requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, x.grad.shape) == (np.float32, (3, 1))
    assert (y.grad.dtype, y.grad.shape) == (np.float64, (1, 4))


def test_a_long_chain() -> None:
    x = tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1e-6
    y.backward()
    assert x.grad.item() == 1.0
    del y


def test_a_wide_graph_is_walked_in_linear_time() -> None:
    x = tensor(1.0, requires_grad=True)
    y = x
    for _ in range(200):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**200


def test_adding_keeps_one_array_alive() -> None:
    x = tensor(np.zeros(500_000), requires_grad=True)
    tracemalloc.start()
    y = x + 1
    for _ in range(100):
        y = y + 1
    _, peak = tracemalloc.get_traced_memory()
    y.sum().backward()
    _, peak_backward = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * x.nbytes
    assert peak_backward < 3.5 * x.nbytes


def test_a_gradient_that_is_not_finite_is_reported_once_with_the_remedy() -> None:
    x = tensor([0.0, 4.0], requires_grad=True)
    with pytest.warns(RuntimeWarning, match=r"shape \(2,\) has inf in 1 of 2 elements.*detect_anomaly") as caught:
        np.sqrt(x).sum().backward()
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert x.grad.data.tolist() == [np.inf, 0.25]


def test_a_failing_rule_names_the_operation_and_the_line() -> None:
    broken = ag.general(lambda x: x * 1.0, lambda g: g.no_such_thing, name="broken")
    x = tensor([1.0], requires_grad=True)
    y = broken(x)  # the line in question
    with pytest.raises(ag.DerivativeError, match=r"'broken', recorded at .*backward.py:\d+, failed: AttributeError"):
        y.backward()
    narrow = ag.general(lambda x: x * 1.0, lambda g: g[:1], name="narrow")
    with pytest.raises(
        ag.DerivativeError, match=r"'narrow', recorded at .*, returned shape \(1,\) for an input of shape \(3,\)"
    ):
        narrow(tensor(np.ones(3), requires_grad=True)).sum().backward()


def test_rules_that_name_what_is_not_there_are_refused_when_declared() -> None:
    with pytest.raises(ag.DeclarationError, match="takes \\(g, weight\\); it should take g"):
        ag.elementwise(np.cbrt, lambda g, weight: g * weight)
    with pytest.raises(ag.DeclarationError, match=r"name='\.\.\.'"):
        ag.elementwise(lambda x: x, lambda g: g)
    with pytest.raises(ag.DeclarationError, match=r"takes a name as functions have, .*, not 'two words'"):
        ag.elementwise(lambda x: x, lambda g: g, name="two words")
    with pytest.raises(ag.DeclarationError, match="index and into after"):
        ag.linear(lambda parts: sum(parts), lambda g, index, parts_shape: g, name="early", variadic=True)
    with pytest.raises(ag.DeclarationError, match="2 derivative rules for the 1 parameters"):
        ag.general(lambda x: x, lambda g: g, lambda g: g, name="too_many")


@pytest.mark.parametrize("declare", [ag.general, ag.elementwise])
@pytest.mark.parametrize("name", [*AT_CALL, "x_shape"])
def test_a_parameter_may_have_the_name_of_what_rules_are_told_besides(name: str, declare: Callable[..., Any]) -> None:
    forward, *rules = map(
        eval, (f"lambda x, {name}: x * {name}", f"lambda g, {name}: g * {name}", "lambda g, x: g * x")
    )
    scaled, both = ag.general(forward, rules[0], name="scaled"), declare(forward, *rules, name="product")
    for x in (np.array(2.0), np.arange(6.0).reshape(2, 3)):
        ag.gradcheck(lambda x: scaled(x, 3.0), x)
        ag.gradcheck(both, (x, np.full_like(x, 3)))
        ag.gradgradcheck(both, (x, np.full_like(x, 3)))


def test_a_parameter_named_out_is_refused_where_a_rule_takes_the_output() -> None:
    with pytest.raises(ag.DeclarationError, match="give its parameter another name"):
        ag.general(lambda x, out: x * out, lambda g, out: g * out, name="scaled")


def test_methods_may_be_declared() -> None:
    class Scale:
        by = 3.0

        def forward(self, x: Any, power: int) -> Any:
            return self.by * x**power

        def rule(self, g: Any, x: Any, power: int) -> Any:
            return g * self.by * power * x ** (power - 1)

    scale = Scale()
    operation = ag.general(scale.forward, scale.rule)
    ag.gradcheck(lambda x: operation(x, 3), np.linspace(1, 2, 4))


def test_threads_that_share_leaves_get_their_own_gradients() -> None:
    x = tensor(np.linspace(0.1, 1, 50), requires_grad=True)
    expected = 3 * x.data**2
    wrong = []

    def work() -> None:
        for _ in range(50):
            (g,) = ag.gradients((x * x * x).sum(), x)
            if not np.allclose(g.data, expected):
                wrong.append(g)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@given(
    st.lists(st.tuples(st.sampled_from("+*-t"), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=25),
    st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3),
)
def test_random_programs_agree_with_the_complex_step(steps: list[tuple[str, int, int]], start: list[float]) -> None:
    operators: dict[str, Callable[[Any, Any], Any]] = {
        "+": lambda a, b: a + b,
        "*": lambda a, b: a * b * 0.5,
        "-": lambda a, b: a - b,
        "t": lambda a, b: np.sin(a) + b,
    }

    def run(values: list[Any]) -> Any:
        for operator, i, j in steps:
            values.append(operators[operator](values[i % len(values)], values[j % len(values)]))
        return values[-1]

    leaves = [tensor(v, requires_grad=True) for v in start]
    grads = ag.gradients(run([*leaves]), leaves, allow_unused=True)
    for k, g in enumerate(grads):
        shifted = [complex(v, 1e-30 if i == k else 0) for i, v in enumerate(start)]
        expected = complex(run(shifted)).imag / 1e-30
        assert np.isclose(0.0 if g is None else g.item(), expected, rtol=1e-9, atol=1e-12)


def test_a_gradient_that_is_held_is_not_added_to() -> None:
    x: Any = tensor(np.ones(5000), requires_grad=True)
    (x * 2).sum().backward()
    held = x.grad.data
    (x * 3).sum().backward()
    assert held[0] == 2.0
    assert x.grad.data[0] == 5.0


@pytest.mark.parametrize("join", [lambda x, w: x + w, lambda x, w: x.reshape(50, 100) + w.reshape(50, 100)])
def test_a_gradient_that_two_inputs_share_is_not_added_to_in_place(join: Callable[[Any, Any], Any]) -> None:
    x, w = (tensor(np.ones(5000), requires_grad=True) for _ in range(2))
    earlier = x * 5.0  # whose turn comes when both have the gradient of what joins them
    (join(x, w) * 3.0).sum().backward(retain_graph=True)
    assert (x.grad.data[0], w.grad.data[0]) == (3.0, 3.0)
    ((join(x, w) * 3.0).sum() + earlier.sum()).backward()
    assert (x.grad.data[0], w.grad.data[0]) == (3.0 + 8.0, 3.0 + 3.0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
def test_every_one_of_many_inputs_is_reached(count: int) -> None:
    leaves = [tensor([float(i)], requires_grad=True) for i in range(count)]
    inner = [leaf * 2.0 for leaf in leaves]
    joined = np.concatenate(inner)
    (joined * np.arange(1.0, count + 1)).sum().backward()
    assert [leaf.grad.item() for leaf in leaves] == [2.0 * (i + 1) for i in range(count)]


def test_attributes_of_operations_are_slots() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    computed: list[Any] = [np.tanh(x), x * x]
    recorded = [y._node.op for y in computed]
    declared = {apply.operation for apply in operations.values() if hasattr(apply, "operation")}
    assert declared.isdisjoint(recorded)  # these are copies, for inputs of the same shape
    for op in (*recorded, *declared):
        assert type(op) is not Primitive or not hasattr(op, "__dict__"), op
