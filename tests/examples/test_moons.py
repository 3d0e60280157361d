"""The network of values against arithmetic on arrays, and the example that trains it, run as a user runs it."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value
from datasets import make_moons
from nn.scalar import MLP, Layer, Module, Neuron

from .programs import check_interrupted, check_usage, run, without_matplotlib

PROGRAM = "examples.moons"
FILES = {"metrics.json", "boundary.png", "loss.png", "neuron.svg"}


# The network


def seeded(nin: int, nouts: list[int]) -> MLP:
    random.seed(1337)
    return MLP(nin, nouts)


def test_weights_are_drawn_in_order_and_biases_are_zero() -> None:
    model = seeded(2, [3, 1])
    random.seed(1337)
    expected: list[float] = []
    for nin, nout in ((2, 3), (3, 1)):
        for _ in range(nout):
            expected += [random.uniform(-1, 1) for _ in range(nin)]
            expected.append(0.0)
    assert [p.data for p in model.parameters()] == expected


def test_reprs_tell_the_shape() -> None:
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(MLP(1, [1])) == "MLP of [Layer of [LinearNeuron(1)]]"


def test_one_output_comes_by_itself_and_several_in_a_list() -> None:
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    outputs = MLP(2, [3, 2])([1.0, Value(2.0)])
    assert isinstance(outputs, list)
    assert len(outputs) == 2


def test_a_hidden_layer_may_have_one_neuron() -> None:
    score = MLP(2, [1, 1, 1])([1.0, 2.0])
    assert isinstance(score, Value)


def test_inputs_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="a neuron of 2 inputs was given 3"):
        MLP(2, [1])([1.0, 2.0, 3.0])


def test_what_has_no_parameters_has_nothing_to_clear() -> None:
    module = Module()
    module.zero_grad()
    assert module.parameters() == []


def test_a_copy_of_a_model_learns_by_itself() -> None:
    model = seeded(2, [3, 1])
    copied = copy.deepcopy(model)
    copied([1.0, 2.0]).backward()  # type: ignore[union-attr]  # one output
    assert any(p.grad for p in copied.parameters())
    assert not any(p.grad for p in model.parameters())
    assert [p.data for p in copied.parameters()] == [p.data for p in model.parameters()]


def arrays_of(model: MLP) -> list[tuple[Any, Any]]:
    return [
        (np.array([[w.data for w in n.w] for n in layer.neurons]), np.array([n.b.data for n in layer.neurons]))
        for layer in model.layers
    ]


def step_on_arrays(layers: list[tuple[Any, Any]], X: Any, y: Any) -> tuple[float, list[tuple[Any, Any]]]:
    """Return the loss of the demonstration and its gradients, derived by hand."""
    activations = [X]
    for i, (W, b) in enumerate(layers):
        z = activations[-1] @ W.T + b
        activations.append(np.maximum(z, 0) if i < len(layers) - 1 else z)
    margin = 1 - y * activations[-1][:, 0]
    loss = np.maximum(margin, 0).mean() + 1e-4 * sum((W * W).sum() + (b * b).sum() for W, b in layers)
    g = np.where(margin > 0, -y / len(y), 0.0)[:, None]
    gradients: list[tuple[Any, Any]] = []
    for i in reversed(range(len(layers))):
        W, b = layers[i]
        gradients.insert(0, (g.T @ activations[i] + 2e-4 * W, g.sum(0) + 2e-4 * b))
        g = (g @ W) * (activations[i] > 0)
    return float(loss), gradients


def test_the_demonstration_agrees_with_arithmetic_on_arrays() -> None:
    """A 2-16-16-1 network on 100 moons with the hinge loss and L2, written as micrograd's demonstration writes it."""
    X, classes = make_moons(100, seed=1)
    y = classes * 2 - 1
    model: Any = seeded(2, [16, 16, 1])
    layers = arrays_of(model)
    for step in range(4):
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        loss, gradients = step_on_arrays(layers, X, y)
        assert total.data == pytest.approx(loss, rel=1e-10)
        for layer, (gW, gb) in zip(model.layers, gradients, strict=True):
            assert [[w.grad for w in n.w] for n in layer.neurons] == pytest.approx(gW, rel=1e-8, abs=1e-11)
            assert [n.b.grad for n in layer.neurons] == pytest.approx(gb, rel=1e-8, abs=1e-11)
        rate = 1.0 - 0.9 * step / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        layers = [(W - rate * gW, b - rate * gb) for (W, b), (gW, gb) in zip(layers, gradients, strict=True)]


# The example


@pytest.mark.thorough
def test_the_example_trains_and_writes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "moons"
    result = run(PROGRAM, "--quick", "--out", folder)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in folder.iterdir()} == FILES
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["steps"], metrics["seed"], metrics["parameters"]) == (20, 0, 337)
    assert metrics["train_accuracy"] >= 0.8
    assert metrics["train_loss"] < 0.6
    assert set(metrics["versions"]) == {"python", "numpy", "plaingrad"}
    for name in ("boundary.png", "loss.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG"), name
        assert (folder / name).stat().st_size > 10_000, name
    neuron = (folder / "neuron.svg").read_text()
    assert "weight of x" in neuron
    assert "relu" in neuron
    assert f"accuracy {metrics['train_accuracy']:.3f} on the training points" in result.stdout


@pytest.mark.thorough
def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    found = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        given = ("--quick", "--steps", 2, "--seed", seed, "--out", tmp_path / name)
        assert without_matplotlib(PROGRAM, *given).returncode == 0
        found.append(json.loads((tmp_path / name / "metrics.json").read_text())["train_loss"])
    assert found[0] == found[1] != found[2]


@pytest.mark.thorough
def test_ctrl_c_saves_what_there_is(tmp_path: Path) -> None:
    metrics = check_interrupted(PROGRAM, "--steps", 100000, out=tmp_path, after="step 10:", files=FILES)
    assert 10 <= metrics["steps"] < 1000


@pytest.mark.thorough
def test_without_matplotlib_it_says_what_to_install_and_without_graphviz_it_draws(tmp_path: Path) -> None:
    result = without_matplotlib(PROGRAM, "--quick", "--steps", 1, "--out", tmp_path, PATH="")
    assert result.returncode == 0
    assert "pip install matplotlib" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"metrics.json", "neuron.svg"}
    assert "weight of x" in (tmp_path / "neuron.svg").read_text()


def test_help_and_wrong_options() -> None:
    check_usage(PROGRAM, "steps", wrong=("--steps", "0", "0 is too few"))
