"""Recordings: copies that outlive changes and processes, and what a graph cannot tell."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    GraphError,
    diff_graphs,
    no_grad,
    record_run,
    saved_tensors_hooks,
    tensor,
    vmap,
)


def test_a_recording_holds_what_was_before_a_change() -> None:
    nn.manual_seed(0)  # by chance, relu could let nothing through
    model = nn.MLP([3, 4, 2])
    x, y = np.ones((5, 3), np.float32), np.zeros(5, int)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)

    def loss() -> Any:
        return nn.functional.cross_entropy(model(x), y)

    before = record_run(loss, model)
    assert diff_graphs(before, loss, model).same
    loss().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    grads = [parameter.grad.data.copy() for parameter in model.parameters() if parameter.grad is not None]
    difference = diff_graphs(before, before)
    assert difference.same
    for parameter, grad in zip(model.parameters(), grads, strict=True):  # recording has not touched them
        assert parameter.grad is not None
        np.testing.assert_array_equal(parameter.grad.data, grad)
    optimizer.step()
    changed = diff_graphs(before, loss, model)
    assert changed.first_difference is not None
    assert changed.first_difference.title == "0.weight"


def test_a_recording_can_be_compared_in_another_process(tmp_path: Path) -> None:
    w = tensor([[0.5, -1.0]], requires_grad=True)
    run = record_run(lambda: np.tanh(w * np.array([2.0, 3.0])[None, :])[:, 1].sum(), {"w": w})
    file = tmp_path / "run.pickle"
    file.write_bytes(pickle.dumps(run))
    program = (
        "import pickle, sys, numpy as np; from autograd import diff_graphs, tensor\n"
        "run = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "w = tensor([[0.5, -1.0]], requires_grad=True)\n"
        "print(diff_graphs(run, lambda: np.tanh(w * np.array([2.0, 3.5])[None, :])[:, 1].sum(), {'w': w}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True)
    assert "first multiply: argument, value" in done.stdout
    assert "argument y: a 3, b 3.5 at [0, 1]; largest deviation 0.5000, in 1 of 2 elements" in done.stdout
    assert "test_recording.py:" in done.stdout  # the line of run a


def test_a_recording_keeps_no_tensor_alive_and_shares_no_memory() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    run = record_run(lambda: (w[:1] * 1.0).sum())
    w.data[:] = 7.0
    assert [np.asarray(entry.value).max() for entry in run.entries] == [2.0, 1.0, 1.0, 1.0]
    assert repr(run) == "<RecordedRun of 4 leaves and operations>"


def test_a_freed_graph_says_what_is_gone_and_how_to_get_it() -> None:
    x = tensor([[1.0, 2.0]], requires_grad=True)
    constant = np.ones((2, 2))

    def loss() -> Any:
        return np.concatenate([np.tanh(x @ constant), x]).sum()

    freed = loss()
    freed.backward()
    difference = diff_graphs(freed, loss())
    assert difference.same, str(difference)
    said = str(difference)
    assert "a: gradients, bytes and backward times of operations, which an earlier backward() freed" in said
    assert "retain_graph=True" in said
    assert "record_run(function)" in said
    assert not diff_graphs(loss, loss).remarks


@pytest.mark.parametrize(("a_is_freed", "b_is_freed"), [(True, False), (False, True), (True, True)])
def test_a_page_shows_what_is_around_a_difference_of_freed_graphs(
    a_is_freed: bool, b_is_freed: bool, tmp_path: Path
) -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    a, b = (f(2.0 * w + w).sum() for f in (np.sin, np.cos))
    for result, is_freed in ((a, a_is_freed), (b, b_is_freed)):
        if is_freed:
            result.backward()
    drawn = [
        diff_graphs(x, y, {"w": w}).to_html(tmp_path / "page.html").read_text("utf-8")
        for x, y in ((a, b), (record_run(a), record_run(b)), (a, [b]))
    ]
    for page in drawn:
        assert "sin → cos" in page
        assert page.count('<path class="edge both"') == 5  # from w to both products, to their sum, and on to the end


def test_an_overwritten_graph_is_refused_with_the_remedy() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    loss = (x * x).sum()
    with no_grad():
        x *= 2.0
    with pytest.raises(GraphError, match=r"use record_run\(\) before it changes"):
        diff_graphs(loss, (x * x).sum())


def test_shared_leaves_of_results_are_told() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert "the earlier values of 1 leaves that both graphs use" in str(diff_graphs(x.sum(), x.sum()))


def test_results_of_several_elements_need_a_gradient() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert "pass gradient= of that shape" in str(diff_graphs(x * 2.0, x * 2.0))
    difference = diff_graphs(x * 2.0, x * 2.0, gradient=[1.0, 3.0])
    assert not any("gradient" in text for text in difference.remarks)
    np.testing.assert_array_equal(difference.nodes[0].only.gradient, [2.0, 6.0])


def test_what_is_no_run_is_refused() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="record_run takes a Tensor or a Value, not int"):
        diff_graphs(3, x.sum())  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="record_run takes a Tensor or a Value, not ndarray"):
        record_run(lambda: np.ones(2))  # type: ignore[arg-type, return-value]
    with pytest.raises(GraphError, match="nothing to record"):
        record_run(tensor([1.0]))
    with pytest.raises(TypeError, match=r"params\['w'\]"):
        record_run(x.sum(), {"w": 3})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="all 2 runs, or one for each; not 3"):
        diff_graphs(x.sum(), x.sum(), ({}, {}, {}))


def test_packed_batched_and_repeated_arrays_are_read() -> None:
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)

    def packed() -> Any:
        with saved_tensors_hooks(lambda array: array.copy(), lambda array: array):
            return np.exp(x).sum()

    def batched() -> Any:
        return vmap(lambda row: np.exp(row).sum())(x).sum()

    for run in (packed, batched):
        assert diff_graphs(run, run).same
        assert diff_graphs(run(), run()).same
