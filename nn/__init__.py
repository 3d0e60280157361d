"""Neural networks on `autograd`, with PyTorch's names: modules, layers, losses, initial values and optimizers.

Everything here uses the public names of `autograd` alone: what `nn` does, a program of one's own can do.
"""

from . import _engine as _engine  # first: it says so where `autograd` is another package
from . import functional, init, optim
from .activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .containers import MLP, Flatten, Sequential
from .distance import CosineSimilarity, PairwiseDistance
from .dropout import Dropout
from .likelihood_loss import BCELoss, BCEWithLogitsLoss, GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from .linear import Linear
from .loss import CrossEntropyLoss, CTCLoss, NLLLoss
from .margin_loss import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    SoftMarginLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from .module import Module
from .normalization import GroupNorm, LayerNorm, RMSNorm
from .parameter import Parameter
from .random import manual_seed
from .regression_loss import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from .running_normalization import BatchNorm1d, BatchNorm2d, InstanceNorm1d, InstanceNorm2d
from .serialization import load, save

__all__ = [
    "MLP",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CosineSimilarity",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "GaussianNLLLoss",
    "GroupNorm",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MarginRankingLoss",
    "Module",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PairwiseDistance",
    "Parameter",
    "PoissonNLLLoss",
    "RMSNorm",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Tanh",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "functional",
    "init",
    "load",
    "manual_seed",
    "optim",
    "save",
]
