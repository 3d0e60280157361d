"""Exercise 5: a layer.

A linear layer maps each row x of a batch to W x + b. Rows are what a batch is made of, so for all
of them at once it is

    out = x W^T + b        x: (batch, inputs)    W: (outputs, inputs)    b: (outputs,)    out: (batch, outputs)

An optimizer can only move what it finds. A Module notes each nn.Parameter that is assigned to an
attribute of it, and ``parameters()`` lists these. A plain array in an attribute is a constant: the
layer computes the same, and never learns.

How are the weights drawn? If they are all equal, all outputs are equal, get equal gradients, and
stay equal for ever. If they are large, numbers grow from layer to layer. An output adds up as many
products as there are inputs, and variances add up: so the weights have to be the smaller, the more
inputs there are. Draw them evenly from -1 / sqrt(inputs) to 1 / sqrt(inputs), and the biases as
well. nn.init.uniform_(parameter, low, high) fills a parameter with such numbers, from the generator
that nn.manual_seed seeds.

Given:     nn.Module, nn.Parameter, and NumPy, whose functions accept tensors.
Asked for: both methods. The names of the parameters are weight and bias, their shapes those above.
The real:  nn/modules/linear.py, the class Linear.
"""

import numpy as np

import nn
from autograd import Tensor


class Linear(nn.Module):
    """A linear layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        raise NotImplementedError("your turn")

    def forward(self, x: Tensor) -> Tensor:
        """Return x W^T + b for a batch x of shape (batch, inputs)."""
        raise NotImplementedError("your turn")
