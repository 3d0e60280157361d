"""Neurons, layers and networks of `Value`: the smallest neural network library, with micrograd's interface.

Nothing here is fast, and everything can be inspected: each weight is a number with a gradient. For real training,
use the layers of `nn`, which work on tensors.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from autograd import Value

__all__ = ["MLP", "Layer", "Module", "Neuron"]


class Module:
    """Base class of neurons, layers and networks: parameters, and gradients to clear."""

    def parameters(self) -> list[Value]:
        """Return the trained values."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """A neuron: the ReLU of a weighted sum of its inputs and a bias.

    Parameters
    ----------
    nin
        The number of inputs. Their weights are drawn uniformly from -1 to 1 by Python's `random`; the bias is 0.
    nonlin
        Whether to apply the ReLU; without it the neuron is linear.

    Examples
    --------
    >>> from autograd import Value
    >>> from nn.scalar import Neuron
    >>> neuron = Neuron(2)
    >>> neuron.w, neuron.b = [Value(3.0), Value(-1.0)], Value(0.5)
    >>> neuron([2.0, 1.0]).data
    5.5
    """

    def __init__(self, nin: int, nonlin: bool = True) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Value | float]) -> Value:
        """Return the output for `x`, with one number or value for each weight."""
        if len(x) != len(self.w):
            raise ValueError(f"a neuron of {len(self.w)} inputs was given {len(x)}")
        activation = self.b
        for weight, value in zip(self.w, x, strict=True):
            activation = activation + weight * value
        return activation.relu() if self.nonlin else activation

    def parameters(self) -> list[Value]:
        """Return the weights and the bias."""
        return [*self.w, self.b]

    def __repr__(self) -> str:
        kind = "ReLU" if self.nonlin else "Linear"
        return f"{kind}Neuron({len(self.w)})"


class Layer(Module):
    """A layer: neurons that read the same inputs.

    Parameters
    ----------
    nin, nout
        The numbers of inputs and of neurons.
    nonlin
        Whether the neurons apply the ReLU.
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True) -> None:
        self.neurons = [Neuron(nin, nonlin=nonlin) for _ in range(nout)]

    def __call__(self, x: Sequence[Value | float]) -> Value | list[Value]:
        """Return the outputs of the neurons as a list, or the output itself of a single neuron."""
        outputs = [neuron(x) for neuron in self.neurons]
        return outputs[0] if len(outputs) == 1 else outputs

    def parameters(self) -> list[Value]:
        """Return the parameters of the neurons, one after the other."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: each layer reads the outputs of the one before; all but the last apply the ReLU.

    Parameters
    ----------
    nin
        The number of inputs.
    nouts
        The number of neurons of each layer.

    Examples
    --------
    >>> import random
    >>> from nn.scalar import MLP
    >>> random.seed(0)
    >>> model = MLP(2, [3, 1])
    >>> model
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(3)]]
    >>> len(model.parameters())
    13
    >>> score = model([0.5, -1.0])
    >>> score.backward()
    >>> model.parameters()[-1].grad
    1.0
    """

    def __init__(self, nin: int, nouts: Sequence[int]) -> None:
        sizes = [nin, *nouts]
        last = len(nouts) - 1
        self.layers = [Layer(sizes[i], size, nonlin=i != last) for i, size in enumerate(nouts)]

    def __call__(self, x: Sequence[Value | float]) -> Value | list[Value]:
        """Return the outputs of the last layer as a list, or a single output itself."""
        outputs: Value | list[Value] | Sequence[Value | float] = x
        for layer in self.layers:
            outputs = layer([outputs] if isinstance(outputs, Value) else outputs)
        return outputs  # type: ignore[return-value]  # at least one layer has been applied

    def parameters(self) -> list[Value]:
        """Return the parameters of the layers, the first layer first."""
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
