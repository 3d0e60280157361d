"""What a graph says about itself."""

from typing import Any

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, explain, gradients, lint, no_grad, saved, saved_tensors_hooks, tensor

RNG = np.random.default_rng(0)


def leaf(*shape: int) -> Any:
    return tensor(RNG.standard_normal(shape), requires_grad=True)


# saved


def test_saved_lists_what_rules_asked_for() -> None:
    x, y = leaf(4, 3), leaf(3)
    kept = saved(np.sum(x * y + np.exp(x)))
    assert [(a.operation, a.shape) for a in kept.arrays] == [
        ("multiply", (3,)),
        ("multiply", (4, 3)),
        ("exp", (4, 3)),
    ]
    assert kept.nbytes == 8 * (3 + 12 + 12)
    assert "test_diagnosis.py" in saved(nn.functional.linear(x, leaf(2, 3)).sum()).arrays[0].where


def test_saved_counts_memory_once_and_views_by_what_they_hold_on_to() -> None:
    x = leaf(1000)
    part = x[:1]
    kept = saved((part * part + np.sin(x)[0]).sum())
    assert [a.nbytes for a in kept.arrays] == [8000, 0]
    assert "as above" in str(kept)


def test_saved_says_what_is_packed() -> None:
    with saved_tensors_hooks(lambda array: None, lambda none: np.zeros(2)):
        y = np.exp(leaf(2)).sum()
    kept = saved(y)
    assert (kept.nbytes, kept.packed) == (0, 2)
    assert "2 operations are packed" in str(kept)


# lint

x0 = np.array([[0.5, 2.0, 1.5], [1.0, 0.25, 3.0]])
UNSTABLE = [
    (lambda x: np.log(nn.functional.softmax(x)), "log_softmax"),
    (lambda x: np.log(np.exp(x) / np.exp(x).sum()), None),
    (lambda x: (lambda e: np.log(e / e.sum(1, keepdims=True)))(np.exp(x)), "log_softmax"),
    (lambda x: np.log(nn.functional.sigmoid(x)), "-np.logaddexp(0, -x)"),
    (lambda x: np.log(1 + np.exp(x)), "np.logaddexp(0, x)"),
    (lambda x: np.log(np.exp(x) + 1), "np.logaddexp(0, x)"),
    (lambda x: np.log1p(np.exp(x)), "np.logaddexp(0, x)"),
    (lambda x: np.log(np.exp(x).sum(axis=1)), "logsumexp"),
    (lambda x: (lambda e: e / e.sum())(np.exp(x)), "softmax"),
    (lambda x: np.sqrt(x * 0 + 1e-9), "np.hypot"),
    (lambda x: (x * x).mean() - x.mean() ** 2, "x.var()"),
    (lambda x: np.mean(np.square(x), 0) - np.square(x.mean(0)), "x.var()"),
    (lambda x: np.log(x), None),
    (lambda x: np.sqrt(x), None),
    (lambda x: x.var() + nn.functional.log_softmax(x).sum(), None),
    (lambda x: np.log(2 + np.exp(x).mean()), None),
]


@pytest.mark.parametrize(("function", "remedy"), UNSTABLE)
def test_lint_names_the_stable_form(function: Any, remedy: str | None) -> None:
    found = lint(function(tensor(x0, requires_grad=True)).sum())
    if remedy is None:
        assert not [f for f in found if "log" in f.form and "log(1" in f.form]
    else:
        assert any(remedy in f.remedy for f in found)


@pytest.mark.parametrize("function", [function for function, remedy in UNSTABLE[-4:] if remedy is None])
def test_lint_finds_nothing_in_stable_forms(function: Any) -> None:
    assert lint(function(tensor(x0, requires_grad=True)).sum()) == []


def test_lint_refuses_a_graph_that_was_freed() -> None:
    loss = np.sqrt(leaf(3) * 0 + 1e-9).sum()
    assert lint(loss)
    loss.backward()
    with pytest.raises(GraphError, match=r"an earlier backward\(\) at .*test_diagnosis.py:\d+ freed the graph"):
        lint(loss)


# explain


def test_explain_follows_the_gradient() -> None:
    x = leaf(5)
    y = np.sin(x)
    told = explain((y * 3 + y * y).sum(), x)
    assert told.reaches
    assert [step.operation for step in told.steps] == ["sum", "add", "multiply", "multiply", "sin", "leaf"]
    sine = told.steps[-2]
    assert np.isclose(sine.norm, np.linalg.norm(3 + 2 * y.data))
    assert np.isclose(sum(share for _, share in sine.shares), 1)
    assert [name for name, _ in sine.shares] == ["multiply", "multiply"]
    (expected,) = gradients((np.sin(x) * 3 + np.sin(x) ** 2).sum(), x)
    assert np.isclose(told.steps[-1].norm, np.linalg.norm(expected.data))


def test_explain_finds_dead_and_saturated_units() -> None:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Tanh())
    model[0].bias.data[:] = [-1000, -1000, 2, 2]
    model[2].bias.data[:] = [0, 50]
    model[2].weight.data[:] = 0.1
    loss = model(np.ones((6, 3), np.float32)).sum()
    told = explain(loss, model[0].weight)
    assert "relu: 2 of 4 units dead" in told.remarks
    assert "tanh: 6 of 12 elements saturated" in told.remarks
    loss.backward()  # the graph is as it was


def test_explain_finds_what_cancels_and_what_is_zero() -> None:
    x = leaf(3)
    assert explain((x * 2 - 2 * x).sum(), x).remarks == ["leaf: 3 of 3 elements cancel"]
    assert explain((np.sin(x) * 0).sum(), x).remarks[0] == "sin: the gradient is zero altogether"


def test_explain_finds_nan() -> None:
    x = tensor([0.0, 1.0], requires_grad=True)
    assert "leaf: nan or inf in 1 of 2 elements" in explain(np.sqrt(x).sum(), x).remarks


def test_explain_says_that_an_input_is_not_used() -> None:
    x, y = leaf(2), leaf(2)
    told = explain(np.exp(x).sum(), y)
    assert not told.reaches
    assert "does not depend on this input" in str(told)
    assert not explain((y.detach() * x).sum(), y).reaches


def test_explain_passes_operations_of_several_outputs_and_packed_ones() -> None:
    x = leaf(3, 3)
    values, vectors = np.linalg.eigh(x + x.mT)
    told = explain((values * vectors**2).sum(), x)
    assert np.isfinite(told.steps[-1].norm)
    with saved_tensors_hooks(lambda array: array.copy(), lambda array: array):
        y = np.exp(x).sum()
    assert np.isclose(explain(y, x).steps[-1].norm, np.linalg.norm(np.exp(x.data)))


def test_explain_agrees_with_backward_and_changes_nothing() -> None:
    x = leaf(4, 3)
    loss = nn.functional.cross_entropy(np.tanh(x) @ np.ones((3, 3)), np.array([0, 1, 2, 0]))
    told = explain(loss, x)
    loss.backward()
    assert np.isclose(told.steps[-1].norm, np.linalg.norm(x.grad.data))


def test_diagnoses_need_a_graph() -> None:
    with no_grad():
        y = leaf(2).sum()
    for diagnose in (saved, lint, lambda y: explain(y, y)):
        with pytest.raises(GraphError, match="there is no graph"):
            diagnose(y)
        with pytest.raises(TypeError, match="takes a tensor, not ndarray"):
            diagnose(np.ones(2))  # type: ignore[arg-type]  # that is the point
    assert isinstance(y, Tensor)
