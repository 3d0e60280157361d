"""Functional forms of layers and losses, for arrays and tensors alike, under PyTorch's names."""

import typing

from autograd.extend import missing as _missing
from autograd.extend import name_calls as _name_calls
from autograd.extend import set_module as _set_module

from ._activation import log_softmax, relu, sigmoid, softmax, tanh
from ._adaptive_pooling import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d, adaptive_max_pool2d,
    adaptive_max_pool3d,
)  # fmt: skip
from ._attention import scaled_dot_product_attention
from ._avg_pooling import avg_pool1d, avg_pool2d, avg_pool3d, lp_pool1d, lp_pool2d, lp_pool3d
from ._conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ._cross_entropy import cross_entropy, nll_loss
from ._ctc_loss import ctc_loss
from ._distance import cosine_similarity, pairwise_distance
from ._dropout import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from ._embedding import embedding, one_hot
from ._embedding_bag import embedding_bag
from ._fold import fold, unfold
from ._gelu import gelu
from ._grid_sample import affine_grid, grid_sample
from ._gumbel import gumbel_softmax
from ._likelihood_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    gaussian_nll_loss,
    kl_div,
    poisson_nll_loss,
)
from ._linear import bilinear, linear
from ._local_response_norm import local_response_norm
from ._margin_loss import (
    cosine_embedding_loss, hinge_embedding_loss, margin_ranking_loss, soft_margin_loss, triplet_margin_loss,
    triplet_margin_with_distance_loss,
)  # fmt: skip
from ._max_pooling import max_pool1d, max_pool2d, max_pool3d
from ._max_unpooling import max_unpool1d, max_unpool2d, max_unpool3d
from ._multi_margin_loss import multi_margin_loss, multilabel_margin_loss, multilabel_soft_margin_loss
from ._norm import batch_norm, group_norm, instance_norm, layer_norm, normalize, rms_norm
from ._padding import pad
from ._piecewise_activation import (
    hardshrink, hardsigmoid, hardswish, hardtanh, leaky_relu, prelu, relu6, rrelu, softshrink, threshold,
)  # fmt: skip
from ._regression_loss import huber_loss, l1_loss, mse_loss, smooth_l1_loss
from ._smooth_activation import celu, elu, glu, logsigmoid, mish, selu, silu, softmin, softplus, softsign, tanhshrink
from ._upsampling import channel_shuffle, interpolate, pixel_shuffle, pixel_unshuffle

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "affine_grid", "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm",
    "bilinear", "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "channel_shuffle", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_embedding_loss",
    "cosine_similarity", "cross_entropy", "ctc_loss", "dropout", "dropout1d", "dropout2d", "dropout3d", "elu",
    "embedding", "embedding_bag", "feature_alpha_dropout", "fold", "gaussian_nll_loss", "gelu", "glu", "grid_sample",
    "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "hinge_embedding_loss",
    "huber_loss", "instance_norm", "interpolate", "kl_div", "l1_loss", "layer_norm", "leaky_relu", "linear",
    "local_response_norm", "log_softmax", "logsigmoid", "lp_pool1d", "lp_pool2d", "lp_pool3d", "margin_ranking_loss",
    "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d", "max_unpool3d", "mish", "mse_loss",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "normalize", "one_hot",
    "pad", "pairwise_distance", "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6",
    "rms_norm", "rrelu", "scaled_dot_product_attention", "selu", "sigmoid", "silu", "smooth_l1_loss",
    "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
    "triplet_margin_loss", "triplet_margin_with_distance_loss", "unfold",
]  # fmt: skip

_set_module(__name__, *(globals().get(name) for name in __all__))
_name_calls(*(globals()[name] for name in __all__))

if not typing.TYPE_CHECKING:  # with `__getattr__`, type checkers would accept any name
    __getattr__ = _missing.lookup(__name__)
