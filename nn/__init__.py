"""Neural networks on `autograd`, with PyTorch's names: modules, layers, losses, initialization and optimizers.

Everything here uses only the public names of `autograd` and `autograd.extend`: another package can do whatever `nn`
does.
"""

import typing

from . import _engine_check as _engine_check  # first: it raises if `autograd` is another package

_extend = _engine_check.autograd.extend
__version__ = _engine_check.autograd.__version__

with _extend.importing():
    from . import distributed, functional, init, optim, utils
    from ._functional_call import functional_call, stack_parameters
    from .module import Module
    from .modules.activation import (
        CELU, ELU, GELU, GLU, SELU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax,
        Mish, PReLU, ReLU, ReLU6, RReLU, Sigmoid, SiLU, Softmax, Softmax2d, Softmin, Softplus, Softshrink, Softsign,
        Tanh, Tanhshrink, Threshold,
    )  # fmt: skip
    from .modules.attention import MultiheadAttention
    from .modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
    from .modules.containers import MLP, ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
    from .modules.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
    from .modules.distance import CosineSimilarity, PairwiseDistance
    from .modules.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
    from .modules.embedding import Embedding, EmbeddingBag
    from .modules.flatten import Flatten, Unflatten
    from .modules.linear import Bilinear, Identity, Linear
    from .modules.loss import (
        BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, CTCLoss, GaussianNLLLoss, HuberLoss, KLDivLoss, L1Loss, MSELoss,
        NLLLoss, PoissonNLLLoss, SmoothL1Loss,
    )  # fmt: skip
    from .modules.norm import GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm
    from .modules.padding import (
        CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, ReflectionPad1d,
        ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, ZeroPad1d, ZeroPad2d,
        ZeroPad3d,
    )  # fmt: skip
    from .modules.pooling import (
        AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
        AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, LPPool1d, LPPool2d, LPPool3d, MaxPool1d, MaxPool2d,
        MaxPool3d,
    )  # fmt: skip
    from .modules.rnn import GRU, LSTM, RNN
    from .parameter import Parameter
    from .random import manual_seed

if typing.TYPE_CHECKING:
    from . import distributions, onnx, plots, training
    from ._summary import summary
    from .modules.adaptive import AdaptiveLogSoftmaxWithLoss
    from .modules.lazy import (
        LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d, LazyConv1d, LazyConv2d, LazyConv3d, LazyConvTranspose1d,
        LazyConvTranspose2d, LazyConvTranspose3d, LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d,
        LazyLinear,
    )  # fmt: skip
    from .modules.margin_loss import (
        CosineEmbeddingLoss, HingeEmbeddingLoss, MarginRankingLoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss,
        MultiMarginLoss, SoftMarginLoss, TripletMarginLoss, TripletMarginWithDistanceLoss,
    )  # fmt: skip
    from .modules.rnn_cells import GRUCell, LSTMCell, RNNCell
    from .modules.transformer import (
        Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer,
    )  # fmt: skip
    from .modules.unpooling import MaxUnpool1d, MaxUnpool2d, MaxUnpool3d
    from .modules.upsampling import (
        ChannelShuffle, Fold, PixelShuffle, PixelUnshuffle, Unfold, Upsample, UpsamplingBilinear2d, UpsamplingNearest2d,
    )  # fmt: skip
    from .serialization import load, save
    from .training import NonFiniteLossError, TrainingWarning, evaluate, fit, predict, watch

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "GRU", "LSTM", "MLP", "RNN", "SELU", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d", "AdaptiveLogSoftmaxWithLoss", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d",
    "AlphaDropout", "AvgPool1d", "AvgPool2d", "AvgPool3d", "BCELoss", "BCEWithLogitsLoss", "BatchNorm1d", "BatchNorm2d",
    "BatchNorm3d", "Bilinear", "CTCLoss", "ChannelShuffle", "CircularPad1d", "CircularPad2d", "CircularPad3d",
    "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d",
    "ConvTranspose2d", "ConvTranspose3d", "CosineEmbeddingLoss", "CosineSimilarity", "CrossEntropyLoss", "Dropout",
    "Dropout1d", "Dropout2d", "Dropout3d", "Embedding", "EmbeddingBag", "FeatureAlphaDropout", "Flatten", "Fold",
    "GRUCell", "GaussianNLLLoss", "GroupNorm", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "HingeEmbeddingLoss", "HuberLoss", "Identity", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "KLDivLoss",
    "L1Loss", "LPPool1d", "LPPool2d", "LPPool3d", "LSTMCell", "LayerNorm", "LazyBatchNorm1d", "LazyBatchNorm2d",
    "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d",
    "LazyConvTranspose3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear", "LeakyReLU",
    "Linear", "LocalResponseNorm", "LogSigmoid", "LogSoftmax", "MSELoss", "MarginRankingLoss", "MaxPool1d", "MaxPool2d",
    "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d", "Mish", "Module", "ModuleDict", "ModuleList",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MultiheadAttention", "NLLLoss",
    "NonFiniteLossError", "PReLU", "PairwiseDistance", "Parameter", "ParameterDict", "ParameterList", "PixelShuffle",
    "PixelUnshuffle", "PoissonNLLLoss", "RMSNorm", "RNNCell", "RReLU", "ReLU", "ReLU6", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "Sequential",
    "SiLU", "Sigmoid", "SmoothL1Loss", "SoftMarginLoss", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink",
    "Softsign", "Tanh", "Tanhshrink", "Threshold", "TrainingWarning", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss", "Unflatten", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "distributed", "distributions", "evaluate", "fit", "functional",
    "functional_call", "init", "load", "manual_seed", "onnx", "optim", "plots", "predict", "save", "stack_parameters",
    "summary", "training", "utils", "watch",
]  # fmt: skip

_extend.set_module(__name__, *(globals().get(name) for name in __all__))

# A program that trains by itself, or only uses a model, never loads these: a third of the time of the import.
_OWN = {
    "_summary": ("summary",),
    "modules.adaptive": ("AdaptiveLogSoftmaxWithLoss",),
    "modules.lazy": (
        "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyConv1d", "LazyConv2d", "LazyConv3d",
        "LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d", "LazyInstanceNorm1d",
        "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear",
    ),
    "modules.margin_loss": (
        "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "MultiLabelMarginLoss",
        "MultiLabelSoftMarginLoss", "MultiMarginLoss", "SoftMarginLoss", "TripletMarginLoss",
        "TripletMarginWithDistanceLoss",
    ),
    "modules.rnn_cells": ("GRUCell", "LSTMCell", "RNNCell"),
    "modules.transformer": (
        "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
        "TransformerEncoderLayer",
    ),
    "modules.unpooling": ("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"),
    "modules.upsampling": (
        "ChannelShuffle", "Fold", "PixelShuffle", "PixelUnshuffle", "Unfold", "Upsample", "UpsamplingBilinear2d",
        "UpsamplingNearest2d",
    ),
    "serialization": ("load", "save"),
    "training": ("NonFiniteLossError", "TrainingWarning", "evaluate", "fit", "predict", "watch"),
}  # fmt: skip
_MODULES = ("distributions", "onnx", "plots", "serialization", "training")
_NEAR = ("functional", "optim", "optim.lr_scheduler", "init", "training", "plots", "utils")

_extend.lazy_names(
    globals(),
    own=_OWN,
    modules=_MODULES,
    otherwise=_extend.missing.lookup(__name__, *(f"{__name__}.{module}" for module in _NEAR)),
)
