"""Scalar neural network: train neurons of `Value` on two moons, and draw what they learned.

    python -m examples.moons           every point on its side, in about six seconds
    python -m examples.moons --quick   40 points and 20 steps, to see that it works

A network of 2-16-16-1 neurons, each weight a `Value`, is trained with the hinge loss and a little weight decay on 100
points, all of them in every step.

Writes runs/moons: metrics.json, boundary.png (the points, and how the network divides the plane), loss.png (loss and
accuracy over the steps) and neuron.svg (the graph of one neuron, with data and gradients).
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Value, draw_graph, no_grad
from datasets import make_moons
from examples import command
from nn.scalar import MLP

STEPS, QUICK_STEPS = 100, 20
WEIGHT_DECAY = 1e-4


def score(model: MLP, x: Any) -> Value:
    """Return the one output of the network for one point: positive for class 1."""
    output = model(x.tolist())
    assert isinstance(output, Value)  # one neuron in the last layer
    return output


def loss(model: MLP, scores: Sequence[Value], classes: Any) -> Value:
    """Return the mean of max(0, 1 - y score), with y = 1 for class 1 and -1 for class 0, plus the weight decay."""
    margins = ((1.0 - (2 * label - 1) * output).relu() for output, label in zip(scores, classes.tolist(), strict=True))
    squares = (parameter * parameter for parameter in model.parameters())
    return sum(margins, Value(0.0)) / len(scores) + WEIGHT_DECAY * sum(squares, Value(0.0))


def accuracy(scores: Sequence[Value], classes: Any) -> float:
    """Return the share of points whose score has the sign of their class."""
    return float(np.mean([(output > 0) == (label == 1) for output, label in zip(scores, classes, strict=True)]))


def descend(model: MLP, X: Any, classes: Any, rate: float) -> dict[str, float]:
    """Take one step; return the loss and the accuracy before it. The graph is freed when this returns."""
    scores = [score(model, x) for x in X]
    total = loss(model, scores, classes)
    model.zero_grad()
    total.backward()
    for parameter in model.parameters():
        parameter.data -= rate * parameter.grad
    return {"loss": total.data, "accuracy": accuracy(scores, classes)}


def predict(model: MLP, X: Any) -> list[Value]:
    """Return the scores of points, without graphs."""
    with no_grad():
        return [score(model, x) for x in X]


def main(options: argparse.Namespace) -> None:
    """Train, evaluate on as many new points, and write the results."""
    random.seed(options.seed)
    points = 40 if options.quick else 100
    steps = min(options.steps, QUICK_STEPS) if options.quick else options.steps
    X, classes = make_moons(points, noise=0.1, seed=options.seed)
    X_test, classes_test = make_moons(points, noise=0.1, seed=options.seed + 1)
    model = MLP(2, [16, 16, 1])

    with command.Run(options) as run:
        history = []
        for step in range(steps):
            history.append(descend(model, X, classes, rate=1.0 - 0.9 * step / steps))
            if step % 10 == 9:
                print("step {}: loss {loss:.4f}, accuracy {accuracy:.3f}".format(step + 1, **history[-1]), flush=True)
            if run.requested:
                break
        scores = predict(model, X)
        metrics = {
            "steps": len(history),
            "parameters": len(model.parameters()),
            "train_loss": loss(model, scores, classes).data,
            "train_accuracy": accuracy(scores, classes),
            "test_accuracy": accuracy(predict(model, X_test), classes_test),
        }
        print("accuracy {train_accuracy:.3f} on the training points, {test_accuracy:.3f} on new ones".format(**metrics))
        files = {
            "boundary.png": lambda path: draw_boundary(model, X, classes, path),
            "loss.png": lambda path: draw_history(history, path),
            "neuron.svg": lambda path: draw_neuron(model, X[0], path),
        }
        run.write(None, metrics, files)


def draw_boundary(model: MLP, X: Any, classes: Any, path: Path) -> None:
    """Draw the points, and how the network divides the plane around them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.0), layout="constrained")
    axes = nn.plots.decision_boundary(
        lambda grid: np.array([output.data for output in predict(model, grid)]),
        X, classes, resolution=60, ax=figure.subplots(),
    )  # fmt: skip
    axes.set(title="Two moons, and the line between them", xlabel="x", ylabel="y", aspect="equal")
    figure.savefig(path, dpi=150)


def draw_history(history: list[dict[str, float]], path: Path) -> None:
    """Draw loss and accuracy over the steps."""
    import pandas
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    table = pandas.DataFrame(history, index=range(1, len(history) + 1))
    for axes in (nn.plots.loss(table, left), nn.plots.accuracy(table, right)):
        axes.set_xlabel("step")
    figure.savefig(path, dpi=150)


def draw_neuron(model: MLP, x: Any, path: Path) -> None:
    """Draw the graph of the first neuron at one point."""
    neuron = model.layers[0].neurons[0]
    names = {"weight of x": neuron.w[0], "weight of y": neuron.w[1], "bias": neuron.b}
    model.zero_grad()
    output = neuron([Value(coordinate) for coordinate in x.tolist()])
    output.backward()
    draw_graph(output, names, rankdir="LR").write(path)


if __name__ == "__main__":
    arguments = command.parser("moons", __doc__, quick=f"40 points and at most {QUICK_STEPS} steps")
    arguments.add_argument("--steps", type=command.positive, metavar="N", default=STEPS, help=f"of descent ({STEPS})")
    sys.exit(command.run(arguments, main))
