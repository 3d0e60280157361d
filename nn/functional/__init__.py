"""Functions that layers and losses are made of, for arrays and tensors alike, under PyTorch's names."""

from ._activation import dropout, log_softmax, relu, sigmoid, softmax, tanh
from ._linear import linear
from ._loss import cross_entropy, mse_loss, nll_loss

__all__ = [
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
