"""Train the scalar engine's network on two moons, and draw what it learned.

A network of 2-16-16-1 neurons, each weight a `Value`, is trained with the hinge loss and a little weight decay on 100
points, all of them in every step. The folder that it writes holds::

    boundary.png   the points, and how the network divides the plane
    loss.png       loss and accuracy over the steps
    neuron.svg     the graph of one neuron, with data and gradients
    metrics.json   what was reached, and with which versions

Run it with ``python -m examples.moons``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from autograd import Value, __version__, draw_graph, no_grad
from datasets import make_moons
from examples.files import save_figure, save_json
from examples.program import EXIT_CODE
from examples.report import BLUE, INK, RED, new_figure
from nn.scalar import MLP, Neuron
from nn.training import Interruption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Points = np.ndarray[Any, np.dtype[np.float64]]
Classes = np.ndarray[Any, np.dtype[np.int64]]

WEIGHT_DECAY = 1e-4


@dataclass
class History:
    """The loss and the accuracy on the training points at the start of each step."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, write the folder, and return the exit code."""
    options = parse(arguments)
    require_matplotlib()
    random.seed(options.seed)
    X, classes = make_moons(options.points, noise=0.1, seed=options.seed)
    model = MLP(2, [16, 16, 1])
    history = History()
    start = time.perf_counter()
    with Interruption() as interruption:
        train(model, X, classes, options.steps, history, interruption)
    seconds = time.perf_counter() - start
    options.out.mkdir(parents=True, exist_ok=True)
    metrics = measure(model, X, classes, options, history, seconds)
    save_json(metrics, options.out / "metrics.json")
    save_figure(draw_boundary(model, X, classes), options.out / "boundary.png")
    save_figure(draw_history(history), options.out / "loss.png")
    drawing = draw_neuron(model, X[0], options.out)
    print(
        f"accuracy {metrics['train_accuracy']:.3f} on the training points, {metrics['test_accuracy']:.3f} on new ones"
    )
    print(f"{len(history.loss)} steps in {seconds:.1f} s; {drawing.name} and the other pictures are in {options.out}")
    return EXIT_CODE if interruption.requested else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, with those that `--quick` implies."""
    parser = argparse.ArgumentParser(prog="python -m examples.moons", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=positive, default=100, help="steps of gradient descent (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the points and the first weights (default: 0)")
    parser.add_argument("--out", type=Path, default=Path("runs/moons"), help="folder to write (default: runs/moons)")
    parser.add_argument("--quick", action="store_true", help="40 points and at most 20 steps, to see that it works")
    options = parser.parse_args(arguments)
    options.points = 40 if options.quick else 100
    options.steps = min(options.steps, 20) if options.quick else options.steps
    return options


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def require_matplotlib() -> None:
    """End the program before it trains if it could not draw what it learned."""
    # Looked for, not loaded: while values are made the garbage collector walks the heap, so it had better be small.
    if importlib.util.find_spec("matplotlib") is None:
        sys.exit("examples.moons draws with matplotlib, which is not installed: pip install matplotlib")


def train(model: MLP, X: Points, classes: Classes, steps: int, history: History, interruption: Interruption) -> None:
    """Descend the gradient, with steps that shrink from 1.0 to a tenth, until the last or until Ctrl-C."""
    progress = tqdm(range(steps), desc="moons", unit="step", disable=None)  # None: only where a person watches
    for step in progress:
        loss, correct = descend(model, X, classes, 1.0 - 0.9 * step / steps)
        history.loss.append(loss)
        history.accuracy.append(correct)
        progress.set_postfix(loss=f"{loss:.4f}", accuracy=f"{correct:.3f}")
        if interruption.requested:
            break


def descend(model: MLP, X: Points, classes: Classes, rate: float) -> tuple[float, float]:
    """Take one step; return the loss and the accuracy before it. The graph ends with this function."""
    scores = [score_of(model, x) for x in X]
    loss = hinge(scores, classes) + WEIGHT_DECAY * squares(model.parameters())
    model.zero_grad()
    loss.backward()
    for parameter in model.parameters():
        parameter.data -= rate * parameter.grad
    return loss.data, accuracy(scores, classes)


def score_of(model: MLP, x: Points) -> Value:
    """Return the one output of the network for one point: positive for class 1."""
    score = model(x.tolist())
    assert isinstance(score, Value)  # one neuron in the last layer
    return score


def hinge(scores: Sequence[Value], classes: Classes) -> Value:
    """Return the mean of max(0, 1 - y score), with y = 1 for class 1 and -1 for class 0."""
    total = Value(0.0)
    for score, label in zip(scores, classes.tolist(), strict=True):
        total = total + (1.0 - (2 * label - 1) * score).relu()
    return total / len(scores)


def squares(parameters: Sequence[Value]) -> Value:
    """Return the sum of the squares."""
    total = Value(0.0)
    for parameter in parameters:
        total = total + parameter * parameter
    return total


def accuracy(scores: Sequence[Value], classes: Classes) -> float:
    """Return the share of points whose score has the sign of their class."""
    return float(np.mean([(score > 0) == (label == 1) for score, label in zip(scores, classes, strict=True)]))


def predict(model: MLP, X: Points) -> list[Value]:
    """Return the scores of points, without graphs."""
    with no_grad():
        return [score_of(model, x) for x in X]


def measure(
    model: MLP, X: Points, classes: Classes, options: argparse.Namespace, history: History, seconds: float
) -> dict[str, Any]:
    """Return what was reached, on the training points and on as many new ones."""
    X_test, classes_test = make_moons(len(X), noise=0.1, seed=options.seed + 1)
    scores = predict(model, X)
    return {
        "steps": len(history.loss),
        "seconds": round(seconds, 3),
        "train_loss": (hinge(scores, classes) + WEIGHT_DECAY * squares(model.parameters())).data,
        "train_accuracy": accuracy(scores, classes),
        "test_accuracy": accuracy(predict(model, X_test), classes_test),
        "parameters": len(model.parameters()),
        "seed": options.seed,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "plaingrad": __version__},
    }


def new_axes(title: str, width: float, height: float) -> tuple[Figure, Any]:
    """Return a figure and its axes."""
    figure = new_figure(width, height)
    axes = figure.subplots()
    axes.set_title(title, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def draw_boundary(model: MLP, X: Points, classes: Classes) -> Figure:
    """Draw the points over the scores that the network gives to the plane around them."""
    figure, axes = new_axes("Two moons, and the line between them", 6.5, 5.0)
    (left, bottom), (right, top) = X.min(axis=0) - 0.5, X.max(axis=0) + 0.5
    xs, ys = np.linspace(left, right, 60), np.linspace(bottom, top, 50)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    scores = np.reshape([score.data for score in predict(model, grid.reshape(-1, 2))], grid.shape[:2])
    axes.contourf(xs, ys, np.clip(scores, -3, 3), levels=np.linspace(-3, 3, 25), cmap="RdBu_r", vmin=-6, vmax=6)
    axes.contour(
        xs, ys, scores, levels=[-1, 0, 1], colors=INK, linewidths=[0.7, 1.6, 0.7], linestyles=["--", "-", "--"]
    )
    for label, colour in ((0, BLUE), (1, RED)):
        chosen = X[classes == label]
        axes.scatter(
            *chosen.T, s=28, color=colour, edgecolors="white", linewidths=0.7, label=f"class {label}", zorder=3
        )
    axes.legend(loc="upper right")
    axes.set(xlabel="x", ylabel="y", aspect="equal")
    return figure


def draw_history(history: History) -> Figure:
    """Draw loss and accuracy over the steps."""
    figure, axes = new_axes("Training", 6.5, 3.6)
    steps = range(1, len(history.loss) + 1)
    axes.plot(steps, history.loss, color=RED, label="loss")
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    right = axes.twinx()
    right.spines[["top"]].set_visible(False)
    right.plot(steps, history.accuracy, color=BLUE, label="accuracy")
    right.set(ylabel="accuracy", ylim=(0, 1.02))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_neuron(model: MLP, x: Points, folder: Path) -> Path:
    """Draw the graph of the first neuron at one point."""
    neuron: Neuron = model.layers[0].neurons[0]
    inputs = [Value(coordinate) for coordinate in x.tolist()]
    names = {"weight of x": neuron.w[0], "weight of y": neuron.w[1], "bias": neuron.b}
    model.zero_grad()
    output = neuron(inputs)
    output.backward()
    drawing = folder / "neuron.svg"
    draw_graph(output, names, rankdir="LR").write(drawing)
    return drawing


if __name__ == "__main__":
    sys.exit(main())
