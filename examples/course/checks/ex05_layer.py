"""Exercise 5: mistakes in a layer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor, player, tensor
from autograd.testing import check_module

from ..exercise import Exercise, by_the_kit
from ..learner import Learner
from ..verdict import Failure, Wrong, same, shown

NAME = "Linear"
SHAPES = {"weight": (2, 3), "bias": (2,)}
X = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0], [1.0, 1.0, 1.0], [2.0, 0.5, 0.0]])


def made(learner: Learner, use: Callable[[Any], Any]) -> Any:
    """Return ``use(class)``, with the numbers of the first seed; raise `Wrong` for an exception."""
    nn.manual_seed(0)
    result = learner.outcome(NAME, use)
    if not isinstance(result, Failure):
        return result
    if "super().__init__()" in str(result.error):
        raise Wrong(
            "__init__ assigns parameters before the Module that is to note them is there",
            where=learner.explained(result).where,
            example=[("Python says", str(result.error))],
            think="What has to be called first in the __init__ of a class that is derived from another?",
        )
    if isinstance(result.error, ValueError) and "matmul" in str(result.error):
        raise Wrong(
            "The product of x and the weights does not fit: the inner lengths differ",
            where=learner.explained(result).where,
            example=[("x", "of shape (4, 3)"), ("weight", "of shape (2, 3)"), ("Python says", str(result.error))],
            think="Write the two shapes beside each other: which lengths stand in the middle? The text has a letter "
            "there.",
        )
    raise learner.explained(result)


def check(learner: Learner) -> None:
    """Look at the parameters, at how they are drawn, at the results, and at the gradients."""
    layer = made(learner, lambda linear: linear(3, 2))
    check_parameters(learner, layer)
    check_draws(learner)
    check_results(learner, layer)
    by_the_kit(learner, NAME, lambda linear: check_module(layer, X.astype(np.float32)))


def check_parameters(learner: Learner, layer: Any) -> None:
    """Raise `Wrong` about parameters that are missing, hidden or of another shape."""
    where, example = learner.where(NAME), [("layer", "Linear(3, 2)")]
    listed = dict(layer.named_parameters())
    for name, shape in SHAPES.items():
        if not hasattr(layer, name):
            think = "The text asks for a weight and a bias, by these names. What is out for x = 0, without a bias?"
            raise Wrong(f"The layer has no {name}", where=where, example=example, think=think)
        value = getattr(layer, name)
        if name not in listed:
            raise Wrong(
                f"{name} is no parameter: an optimizer would not find it, and it would never learn",
                where=where,
                example=[*example, (f"layer.{name}", f"a {type(value).__name__}"), ("parameters()", str(list(listed)))],
                think="Computing with it works all the same, which is why this is hard to notice. What does a Module "
                "note?",
            )
        if value.shape != shape:
            other = value.shape == shape[::-1]
            raise Wrong(
                f"{name} has shape {value.shape}, where {shape} is asked for" + (": it is transposed" if other else ""),
                where=where,
                example=example,
                think="The first axis counts the outputs, as in W x. Weights that others saved have this shape too."
                if other
                else "The text says the shape of each parameter. How many outputs are there, and how many inputs?",
            )


def check_draws(learner: Learner) -> None:
    """Raise `Wrong` about weights that are all alike, too large, too small, or drawn from another generator."""
    where = learner.where(NAME)
    layer = made(learner, lambda linear: linear(400, 50))
    weight = layer.weight.data
    bound, largest = 1 / 20, float(np.abs(weight).max())
    if np.ptp(weight) == 0:
        raise Wrong(
            f"All weights are equal: {weight.flat[0]:g}",
            where=where,
            example=[("layer", "Linear(400, 50)")],
            think="Equal weights get equal gradients. What would still be equal after a thousand steps?",
        )
    example = [("layer", "Linear(400, 50)"), ("weights", f"from {weight.min():.4f} to {weight.max():.4f}")]
    if weight.min() >= 0:
        think = "They are to be drawn evenly between two bounds. What is the lower one, in the text and in your file?"
        raise Wrong(
            "All weights are positive: every output would grow with every input",
            where=where,
            example=example,
            think=think,
        )
    if not 0.9 * bound < largest <= bound * 1.0001:
        small = largest < bound
        raise Wrong(
            f"The weights are too {'small' if small else 'large'} for 400 inputs: they go up to {largest:.3g}",
            where=where,
            example=example,
            think="An output adds up 400 products. By the text, how large may each weight be, and is it by the "
            "inputs or by "
            "the outputs?",
        )
    again = made(learner, lambda linear: linear(400, 50))
    if not np.array_equal(again.weight.data, weight) or not np.array_equal(again.bias.data, layer.bias.data):
        raise Wrong(
            "nn.manual_seed does not control the weights: the same seed gives others",
            where=where,
            example=[("layer", "Linear(400, 50), twice after nn.manual_seed(0)")],
            think="Where do your random numbers come from, and which generator does nn.manual_seed seed?",
        )


def check_results(learner: Learner, layer: Any) -> None:
    """Raise `Wrong` about what the layer returns for a batch."""
    weight, bias = layer.weight.data.astype(float), layer.bias.data.astype(float)
    x = X.astype(np.float32)
    out = made(learner, lambda linear: layer(x))
    where = learner.where("forward")
    if out is None:
        raise learner.nothing("forward")
    product = X @ weight.T
    example = [("x", shown(X)), ("weight", shown(weight)), ("bias", shown(bias)), ("yours", shown(out))]

    def is_(expected: Any) -> bool:
        return np.shape(out) == np.shape(expected) and np.allclose(getattr(out, "data", out), expected, 1e-4, 1e-5)

    if not is_(product + bias):
        example.append(("right", shown(product + bias)))
        if is_(product):
            think = "What should out be for x = 0?"
            raise Wrong("The bias is not added", where=where, example=example, think=think)
        if is_(product - bias):
            raise Wrong("The bias is subtracted", where=where, example=example, think="Compare the sign with the text.")
        if not same(out, made(learner, lambda linear: layer(x))):
            think = "When are the weights drawn: once for a layer, or once for a batch? Which method is called when?"
            raise Wrong("The same input gives another output each time", where=where, example=example, think=think)
        if is_(np.maximum(product + bias, 0)) or is_(np.tanh(product + bias)):
            think = "A linear layer ends with the bias. Activations are layers of their own."
            raise Wrong(
                "The result is right, but then bent by an activation", where=where, example=example, think=think
            )
        if np.shape(out) != (4, 2):
            what = f"forward returns shape {np.shape(out)}, where (4, 2) is asked for: a row for each of the batch"
            raise Wrong(what, where=where, example=example, think="Which axis of x counts the rows of the batch?")
        think = "Work the first row out by hand: three products, and the bias."
        raise Wrong("forward returns wrong numbers of the right shape", where=where, example=example, think=think)
    if not isinstance(out, Tensor) or not out.requires_grad:
        raise Wrong(
            "The numbers are right, but no gradient can flow: forward returns what is not part of a graph",
            where=where,
            example=[("yours", f"{type(out).__name__}, requires_grad={getattr(out, 'requires_grad', False)}")],
            think="Something in forward turns tensors into plain arrays: .data, .numpy(), np.asarray or detach(). "
            "NumPy's functions accept tensors as they are.",
        )
    check_gradient(learner, layer)


def check_gradient(learner: Learner, layer: Any) -> None:
    """Raise `Wrong` if the gradient of an input or a parameter is cut off."""
    x = tensor(X.astype(np.float32), requires_grad=True)
    layer.zero_grad()
    made(learner, lambda linear: layer(x).sum().backward())
    cut = [name for name, t in (("x", x), ("weight", layer.weight), ("bias", layer.bias)) if t.grad is None]
    if cut:
        raise Wrong(
            f"No gradient arrives at {' and '.join(cut)}",
            where=learner.where("forward"),
            example=[("called", "layer(x).sum().backward()"), *((f"{name}.grad", "None") for name in cut)],
            think="Is it turned into a plain array on the way, by .data, .numpy(), np.asarray or detach()?",
        )


def draw(learner: Learner, path: Path) -> None:
    """Play a small loss of the learner's layer."""
    layer = made(learner, lambda linear: linear(3, 2))

    def loss(x: Any) -> Any:
        return (layer(x) ** 2).sum()

    loss.__name__ = "a loss of your layer"
    player(loss, path, tensor(X[:2], dtype=np.float32, requires_grad=True), params=layer)


EXERCISE = Exercise(
    "ex05_layer",
    "A layer: parameters that an optimizer finds",
    check,
    draw,
    (
        "__init__ makes two attributes, self.weight and self.bias, each an nn.Parameter of an array of zeros.",
        "Then nn.init.uniform_ fills each of the two, up to the bound of the text, which is the same for both.",
        "forward is one line: x times the transpose of the weight, .T, plus the bias. NumPy stretches the bias by "
        "itself.",
    ),
)
