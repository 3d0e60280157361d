"""`diff_graphs` finds changes at the right node: planted ones in random models, and some of each kind in words."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, diff_graphs, elementwise, record_run, tensor, watch_calls
from tests.thorough import THOROUGH

from .planting import KINDS
from .search import found

COUNT = 200 if THOROUGH else 28  # four of each kind


@pytest.mark.one_in(2)
@pytest.mark.parametrize("of_functions", [True, False], ids=["functions", "results"])
def test_planted_changes_are_found_at_their_node(of_functions: bool) -> None:
    wrong = [text for number in range(COUNT) if (text := found(number, of_functions))]
    assert len(wrong) <= COUNT // 100, "\n".join(wrong)
    assert len(KINDS) == 7


def leaves() -> dict[str, Tensor]:
    rng = np.random.default_rng(0)
    return {name: tensor(rng.normal(size=(3, 3)), requires_grad=True) for name in "xwv"}


GIVEN = leaves()
X, W, V = GIVEN.values()
Program = Callable[[], Any]

CHANGES: list[tuple[str, Program, Program, str, str]] = [
    ("an operation", lambda: np.tanh(X @ W).sum(), lambda: np.sin(X @ W).sum(), "tanh → sin", "operation"),
    ("operands", lambda: (X @ W - V).sum(), lambda: (V - X @ W).sum(), "subtract", "inputs"),
    ("operands that commute", lambda: (X @ W * V).sum(), lambda: (V * (X @ W)).sum(), "multiply", "inputs"),
    ("an inserted one", lambda: (X @ W).sum(), lambda: np.exp(X @ W).sum(), "exp", "inserted"),
    ("a removed one", lambda: np.exp(X @ W).sum(), lambda: (X @ W).sum(), "exp", "removed"),
    ("one with a new leaf", lambda: np.exp(X).sum(), lambda: np.exp(X * W).sum(), "multiply", "inserted"),
    ("one at the end", lambda: (X @ W).sum(), lambda: (X @ W).sum() * 2.0, "multiply", "inserted"),
    ("one at the beginning", lambda: (X @ W).sum(), lambda: (-X @ W).sum(), "negative", "inserted"),
    ("a constant", lambda: (X * 2.0).sum(), lambda: (X * 3.0).sum(), "multiply", "argument"),
    ("an axis", lambda: X.sum(axis=0)[0], lambda: X.sum(axis=1)[0], "sum", "argument"),
    ("an index", lambda: X[0] @ X[1], lambda: X[0] @ X[2], "getitem", "argument"),
    ("one index of many", lambda: X[0] + X[1] + X[2], lambda: X[0] + X[1, :] + X[2], "getitem", "argument"),
    ("a dtype", lambda: (X @ W).sum(), lambda: (X @ W).astype(np.float32).sum(), "astype", "inserted"),
    ("another input", lambda: (X @ W + V).sum(), lambda: (X @ W + X).sum(), "add", "inputs"),
]


@pytest.mark.parametrize("names", [GIVEN, None], ids=["named", "unnamed"])
@pytest.mark.parametrize(("a", "b", "title", "kind"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES])
def test_each_kind_of_change_is_found(a: Program, b: Program, title: str, kind: str, names: Any) -> None:
    gradient = None if a().size == 1 else np.ones(a().shape)
    first = diff_graphs(a, b, names, gradient=gradient).first_difference
    assert first is not None
    assert first.title == title
    assert kind in first.kinds
    assert not first.follows


def test_equal_runs_have_no_difference_whatever_the_order_in_which_they_compute() -> None:
    def forward() -> Any:
        one, other = np.tanh(X @ W), np.sin(X @ V)
        return (one * other).sum()

    def backwards() -> Any:
        other = np.sin(X @ V)
        return (np.tanh(X @ W) * other).sum()

    difference = diff_graphs(forward, backwards)
    assert difference.same
    assert difference.first_difference is None
    assert str(difference).startswith("no difference in 9 nodes")


def test_a_repeated_layer_that_is_left_out_does_not_disturb_the_others() -> None:
    weights = [tensor(np.eye(3) * scale, requires_grad=True) for scale in (0.5, 0.6, 0.7, 0.8)]

    def run(kept: list[Tensor]) -> Any:
        h: Any = np.ones((2, 3))
        for w in kept:
            h = np.tanh(h @ w)
        return h.sum()

    difference = diff_graphs(lambda: run(weights), lambda: run([weights[0], *weights[2:]]))
    first = difference.first_difference
    assert first is not None
    assert (first.title, first.kinds) == ("matmul", ["removed"])
    assert sum(node.kinds == ["removed"] for node in difference.nodes) == 3  # the weight, the product and its tanh
    assert all(node.follows for node in difference.differences if node is not first)


def test_what_follows_is_told_from_differences_of_their_own() -> None:
    def run(scale: float, shift: float) -> Any:
        return (np.tanh(X * scale) + np.sin(W * shift)).sum()

    difference = diff_graphs(lambda: run(1.0, 1.0), lambda: run(1.5, 2.5))
    own = [node for node in difference.differences if not node.follows]
    assert [(node.title, node.kinds[0]) for node in own] == [("multiply", "argument")] * 2
    assert "more differ after these" in str(difference)


def test_a_wrong_rule_is_found_by_its_gradient_alone() -> None:
    right = elementwise(lambda x: np.tanh(x), lambda g, out: g * (1 - out * out), name="bounded")
    wrong = elementwise(lambda x: np.tanh(x), lambda g, out: g * (1 - out), name="bounded")
    difference = diff_graphs(lambda: (right(X * W) ** 2).sum(), lambda: (wrong(X * W) ** 2).sum())
    first = difference.first_difference
    assert first is not None
    assert (first.title, first.kinds) == ("multiply", ["gradient"])  # whose gradient the rule gives
    assert first.gradient is not None
    assert first.gradient.count <= 9
    assert all(node.follows for node in difference.differences if node is not first)


def test_tolerances_are_those_of_allclose() -> None:
    def run(shift: float) -> Program:
        return lambda: (W + shift).sum()

    assert diff_graphs(run(0.0), run(1e-3), atol=1e-2).same
    assert not diff_graphs(run(0.0), run(1e-3), atol=1e-4, rtol=0.0).same
    a, b = tensor([np.nan, np.inf, -np.inf, 1.0], requires_grad=True), tensor([np.nan, np.inf, -np.inf, 1.0])
    b.requires_grad_()
    assert diff_graphs(lambda: a.sum(), lambda: b.sum()).same
    c = tensor([np.nan, np.inf, np.inf, np.nan], requires_grad=True)
    first = diff_graphs(lambda: a.sum(), lambda: c.sum()).first_difference
    assert first is not None
    assert first.value is not None
    assert (first.value.count, first.value.size) == (2, 4)
    assert np.isnan(first.value.largest)
    for name in ("rtol", "atol"):
        with pytest.raises(ValueError, match=f"{name} is 0 or more, not -1"):
            diff_graphs(a.sum(), a.sum(), **{name: -1.0})  # type: ignore[call-overload]  # one of two numbers


def test_the_deviation_agrees_with_numpy() -> None:
    rng = np.random.default_rng(1)
    for dtype in (np.float16, np.float32, np.float64, np.complex128):
        one = rng.normal(size=(4, 5)).astype(dtype)
        other = one + rng.choice([0, 1e-6, 1e-3], size=(4, 5)).astype(dtype)
        a, b = tensor(one, requires_grad=True), tensor(other, requires_grad=True)
        first = diff_graphs(a * 1, b * 1).nodes[0]
        assert first.value is not None
        assert first.value.count == np.count_nonzero(~np.isclose(one, other))
        assert first.value.a == one[first.value.index].item()
        assert first.value.largest == pytest.approx(np.abs(one - other).max(), rel=1e-3)


def test_models_are_aligned_by_their_names_and_their_modules_are_told() -> None:
    nn.manual_seed(0)
    old, new = nn.MLP([3, 4, 2]), nn.MLP([3, 4, 2])
    new.load_state_dict(old.state_dict())
    new[2].weight.data[1, 2] += 1e-4  # the last layer
    rows = np.ones((5, 3), np.float32)
    for given in (None, (old, new)):
        difference = diff_graphs(lambda: old(rows).sum(), lambda: new(rows).sum(), given)
        first = difference.first_difference
        assert first is not None
        assert (first.title, first.kinds) == ("2.weight", ["value"])
        assert first.value is not None
        assert (first.value.index, first.value.count) == ((1, 2), 1)
    assert any("Linear" in node.only.module for node in difference.nodes)


def test_values_of_python_floats_are_compared() -> None:
    a, b = Value(2.0), Value(3.0)
    first = diff_graphs((a * b + 1.0).tanh(), (a * b + 1.5).tanh(), {"a": a, "b": b}).first_difference
    assert first is not None
    assert (first.title, first.kinds[:2]) == ("add", ["argument", "value"])
    assert diff_graphs(lambda: (a * b).exp(), lambda: (a * b).exp()).same
    assert not diff_graphs(a * b, b * a).same


def test_operations_with_several_results_are_compared() -> None:
    def run(scale: float) -> Any:
        values, vectors = np.linalg.eigh(X @ X.T * scale)
        return (values.sum() + (vectors**2).sum()) * 1.0

    assert diff_graphs(lambda: run(1.0), lambda: run(1.0)).same
    difference = diff_graphs(lambda: run(1.0), lambda: run(2.0))
    eigen = next(node for node in difference.nodes if node.title == "eigh")
    assert eigen.value is not None
    assert eigen.value.index[0] == 0  # the eigenvalues, which come first
    assert eigen.follows


def test_gradients_are_those_of_backward() -> None:
    z = tensor([1.0 + 2.0j, 0.5j], requires_grad=True)
    loss = (np.abs(z * z) ** 2).sum()
    entry = record_run(loss, {"z": z}).entries[0]
    loss.backward()
    assert z.grad is not None
    assert entry.name == "z"
    np.testing.assert_allclose(entry.gradient, z.grad.data)  # type: ignore[arg-type]  # an array


def test_times_and_modules_of_watched_results_are_read() -> None:
    with watch_calls():
        loss = np.tanh(X @ W).sum()
    run = record_run(loss)
    assert all(entry.forward is not None and entry.where for entry in run.entries if not entry.is_leaf)
    assert not any("forward times" in text for text in run.remarks)
