"""Every layer and loss of `nn`, and the model of each example, take 19 steps compiled: with the same bits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import examples
import nn
from autograd import Tensor
from autograd.transforms.pytree import flatten
from examples import autoencoder, characters, convnet, custom_model, diabetes, physics, sequential_digits

from ..good_calls import fresh
from ..nn.dtype_calls import Call, layers
from .training_steps import STEPS, Training, same_training

Array = np.ndarray[Any, Any]

LAYERS = {call.name: call for call in layers()}


def varied(x: Any, i: int) -> Any:
    """Return data that are as valid, other ones for each i."""
    x = fresh(x)
    if not isinstance(x, np.ndarray):
        return x
    if x.dtype.kind != "f" or np.isin(x, (1, -1)).all():
        return np.roll(x, i, 0) if x.ndim else x
    return (x * (1 + 0.02 * np.cos(np.arange(x.size) + i)).reshape(x.shape)).astype(np.float32)


def weighted(result: Any) -> Any:
    """Return the sum of all results, each of their elements with another weight."""
    parts = [y for y in flatten(result)[0] if y is not None and y.dtype.kind == "f"]
    return sum((y * np.cos(np.arange(y.size)).reshape(y.shape)).sum() for y in parts)


def steps_of(call: Call) -> Callable[[], Training]:
    def make() -> Training:
        layer, first = call.make(), call.data[0] if call.data else None
        scale = nn.Parameter(np.ones(1, np.float32))
        updates = nn.optim.Adam([*layer.parameters(), scale], lr=1e-2)

        def step(*args: Any) -> Any:
            updates.zero_grad()
            total = weighted(layer(*[x * scale if i == first else x for i, x in enumerate(args)], **call.options))
            if isinstance(total, Tensor) and total.requires_grad:
                total.backward()
            updates.step()
            return total.detach().astype(np.float32) if isinstance(total, Tensor) else total

        return Training(step, [layer, scale, updates])

    return make


@pytest.mark.one_in(12)
@pytest.mark.parametrize("name", LAYERS)
def test_each_layer(name: str) -> None:
    call = LAYERS[name]
    same_training(steps_of(call), [tuple(varied(x, i) for x in call.args) for i in range(STEPS)])


# Models of the examples, each with data of the shapes that it takes.


class Noise:
    """Draws as a generator does, through `nn.random`, whose draws a program repeats."""

    def standard_normal(self, shape: tuple[int, ...], dtype: Any) -> Any:
        return nn.random.draw(lambda generator, shape: generator.standard_normal(shape, dtype=dtype), shape)


def digits(generator: np.random.Generator, *shape: int) -> tuple[Any, Any]:
    return generator.random(shape, np.float32), generator.integers(0, 10, shape[0])


def codes(generator: np.random.Generator) -> tuple[Any, Any]:
    found = generator.integers(0, characters.CLASSES, (3, 9))
    return found[:, :-1], found[:, 1:]


def curve(generator: np.random.Generator) -> tuple[Any, Any]:
    x = generator.uniform(-3, 3, 20)
    return x, np.sin(x)


def table(generator: np.random.Generator) -> tuple[Any, Any]:
    return generator.random((12, 5), np.float32), generator.random(12, np.float32)


def standardized() -> nn.Module:
    frame = pd.DataFrame(np.random.default_rng(1).random((30, 5)))
    return diabetes.Standardized(frame, frame[0])


Loss = Callable[[Any, Any], Any]
EXAMPLES: dict[str, tuple[Callable[[], nn.Module], Loss, Callable[[np.random.Generator], tuple[Any, Any]]]] = {
    "autoencoder": (
        lambda: autoencoder.Autoencoder((16, 8), Noise()),  # type: ignore[arg-type]  # it has the method
        autoencoder.negative_bound,
        lambda generator: (digits(generator, 4, 784)[0],) * 2,
    ),
    "characters": (lambda: characters.CharacterModel(8, 16, 2, 2), characters.loss, codes),
    "convnet": (convnet.ConvolutionalNetwork, nn.CrossEntropyLoss(), lambda g: digits(g, 4, 1, 28, 28)),
    "custom_model": (lambda: custom_model.Bumps(7), nn.MSELoss(), curve),
    "diabetes": (standardized, nn.MSELoss(), table),
    "mnist": (lambda: nn.MLP([784, 16, 10]), nn.CrossEntropyLoss(), lambda g: digits(g, 4, 784)),
    "physics": (
        lambda: physics.Flow(6, 2),
        lambda output, target: ((output - target) ** 2).mean(),
        lambda generator: (generator.random((16, 1)), generator.random((16, 1))),
    ),
    "sequential_digits": (sequential_digits.Reader, nn.CrossEntropyLoss(), lambda g: digits(g, 2, 784)),
}
# Other ones than models with a loss: moons is of values, which have tests of their own.
WITHOUT = {"moons", "augmented", "activations_on_disk", "predict", "command"}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_model_of_each_example(name: str) -> None:
    model, loss_of, draw = EXAMPLES[name]

    def make() -> Training:
        net = model()
        updates = nn.optim.AdamW(net.parameters(), lr=1e-3)

        def step(x: Any, y: Any) -> Any:
            updates.zero_grad()
            output = net(x, y) if name == "physics" else net(x)
            loss = loss_of(output, y)
            loss.backward()
            updates.step()
            return loss

        return Training(step, [net, updates])

    generator = np.random.default_rng(0)
    same_training(make, [draw(generator) for _ in range(STEPS)])


def test_the_residual_of_an_equation_is_trained() -> None:
    def make() -> Training:
        flow = physics.Flow(6, 2)
        updates = nn.optim.Adam(flow.parameters(), lr=1e-3)

        def step(x: Any, t: Any) -> Any:
            flow.zero_grad()
            loss = physics.mean_square(flow, x, t)
            loss.backward()
            updates.step()
            return loss

        return Training(step, [flow, updates])

    generator = np.random.default_rng(0)
    same_training(make, [(generator.random((8, 1)), generator.random((8, 1))) for _ in range(STEPS)])


def test_every_example_is_trained() -> None:
    folder = Path(examples.__file__).parent
    assert {path.stem for path in folder.glob("[a-z]*.py")} == {*EXAMPLES, *WITHOUT}
