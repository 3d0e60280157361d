"""Neural networks on `autograd`, with PyTorch's names: modules, layers, losses, initial values and optimizers.

Everything here uses the public names of `autograd` alone: what `nn` does, a program of one's own can do.
"""

from . import _engine as _engine  # first: it says so where `autograd` is another package
from . import functional, init, optim
from .activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .containers import MLP, Flatten, Sequential
from .dropout import Dropout
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss, NLLLoss
from .module import Module
from .parameter import Parameter
from .random import manual_seed
from .serialization import load, save

__all__ = [
    "MLP",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
    "load",
    "manual_seed",
    "optim",
    "save",
]
