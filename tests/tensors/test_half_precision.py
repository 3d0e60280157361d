"""In half precision nothing above 65504 is a number; means over more elements have their gradients all the same."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import logsumexp, tensor
from autograd.extend import borrow
from nn import functional

from ..lists import assert_complete, plain_losses

COUNT = 70_000
HALF = np.float16
rng = np.random.default_rng(0)
T = rng.normal(size=COUNT).astype(HALF)
SIGNS = np.where(T > 0, 1, -1).astype(HALF)
SHARES = rng.uniform(0.1, 0.9, COUNT).astype(HALF)
LABELS = rng.integers(0, 2, COUNT // 2)
WEIGHTS = np.array([1.0, 2.0], HALF)
ONES = np.ones(COUNT, HALF)
AMONG = np.arange(COUNT) > 5

Function = Callable[[Any], Any]


def pairs(x: Any) -> Any:
    return x.reshape(-1, 2)


def wide(x: Any) -> Any:
    return x.reshape(1, 1, -1)


NUMPY: dict[str, Function] = {
    **{name: getattr(np, name) for name in ("mean", "var", "std", "average", "sum", "max", "min", "median", "ptp")},
    **{name: getattr(np, name) for name in ("nanmean", "nanvar", "nanstd", "nanmedian", "nanmax", "nanmin", "nansum")},
    "mean where": lambda x: np.mean(x, where=AMONG),
    "var where": lambda x: np.var(x, where=AMONG),
    "std with ddof": lambda x: np.std(x, ddof=1),
    "mean of an axis": lambda x: np.mean(pairs(x), axis=0),
    "var of an axis": lambda x: np.var(pairs(x), axis=0),
    "weighted average": lambda x: np.average(x, weights=ONES),
    "max of ties": lambda x: np.max(x * 0) + x[0],
    "quantile": lambda x: np.quantile(x, 0.3),
    "percentile": lambda x: np.percentile(x, 30.0),
    "nanquantile": lambda x: np.nanquantile(x, 0.3),
    "logsumexp": logsumexp,
    "trapezoid": np.trapezoid,
    "cov": np.cov,
    "corrcoef": lambda x: np.corrcoef(x.reshape(2, -1))[0, 1],
}

NETWORKS: dict[str, Function] = {
    "adaptive_avg_pool1d": lambda x: functional.adaptive_avg_pool1d(wide(x), 1),
    "adaptive_avg_pool2d": lambda x: functional.adaptive_avg_pool2d(x.reshape(1, 1, 2, -1), 1),
    "avg_pool1d": lambda x: functional.avg_pool1d(wide(x + T * T), 1000),
    "avg_pool2d": lambda x: functional.avg_pool2d(x[: 265 * 264].reshape(1, 1, 265, 264), (265, 264)),
    "adaptive_avg_pool3d": lambda x: functional.adaptive_avg_pool3d(x.reshape(1, 1, 2, 2, -1), 1),
    "avg_pool3d": lambda x: functional.avg_pool3d(x[: 41**3].reshape(1, 1, 41, 41, 41), 41),
    "embedding_bag": lambda x: functional.embedding_bag(np.arange(COUNT)[None], x.reshape(-1, 1)),
    "local_response_norm": lambda x: functional.local_response_norm(x.reshape(1, -1, 1), 701),
    "gumbel_softmax": lambda x: functional.gumbel_softmax(x, generator=np.random.default_rng(0))[:9] * 60_000,
    "lp_pool1d": lambda x: functional.lp_pool1d(wide(x), 2, 300),
    "lp_pool2d": lambda x: functional.lp_pool2d(x[: 265 * 264].reshape(1, 1, 265, 264), 2, 20),
    "lp_pool3d": lambda x: functional.lp_pool3d(x[: 41**3].reshape(1, 1, 41, 41, 41), 2, 5),
    "batch_norm": lambda x: functional.batch_norm(x.reshape(-1, 1), training=True) * T[:, None],
    "group_norm": lambda x: functional.group_norm(x.reshape(1, 2, -1), 1) * T.reshape(1, 2, -1),
    "instance_norm": lambda x: functional.instance_norm(wide(x)) * wide(T),
    "layer_norm": lambda x: functional.layer_norm(x, COUNT) * T,
    "rms_norm": lambda x: functional.rms_norm(x, COUNT, eps=1e-3) * T,
    "normalize": lambda x: functional.normalize(x.reshape(1, -1)) * T,
    "softmax": lambda x: functional.softmax(x)[:9] * 60_000,
    "softmin": lambda x: functional.softmin(x)[:9] * 60_000,
    "log_softmax": lambda x: functional.log_softmax(x)[:9],
    "cosine_similarity": lambda x: functional.cosine_similarity(x.reshape(1, -1), T.reshape(1, -1)) * 1000,
    "pairwise_distance": lambda x: functional.pairwise_distance(x.reshape(1, -1), T.reshape(1, -1)),
    "binary_cross_entropy": lambda x: functional.binary_cross_entropy(np.clip(x, 0.1, 0.9), SHARES),
    "binary_cross_entropy_with_logits": lambda x: functional.binary_cross_entropy_with_logits(x, SHARES),
    "cosine_embedding_loss": lambda x: functional.cosine_embedding_loss(pairs(x), pairs(T), SIGNS[::2]) * 16,
    "cross_entropy": lambda x: functional.cross_entropy(pairs(x), LABELS),
    "cross_entropy, weighted": lambda x: functional.cross_entropy(pairs(x), LABELS, WEIGHTS, label_smoothing=0.1),
    "cross_entropy of many classes": lambda x: functional.cross_entropy(x.reshape(1, -1), np.array([3])) * 60_000,
    "gaussian_nll_loss": lambda x: functional.gaussian_nll_loss(x, T, SHARES),
    "hinge_embedding_loss": lambda x: functional.hinge_embedding_loss(x, SIGNS),
    "kl_div": lambda x: functional.kl_div(x, SHARES),
    "kl_div of a batch": lambda x: functional.kl_div(pairs(x), pairs(SHARES), reduction="batchmean"),
    "margin_ranking_loss": lambda x: functional.margin_ranking_loss(x, T, SIGNS, 0.5),
    "multi_margin_loss": lambda x: functional.multi_margin_loss(pairs(x), LABELS),
    "multilabel_margin_loss": lambda x: functional.multilabel_margin_loss(
        pairs(x), np.stack([LABELS, 0 * LABELS - 1], 1)
    ),
    "multilabel_soft_margin_loss": lambda x: functional.multilabel_soft_margin_loss(pairs(x), pairs(SIGNS > 0)),
    "nll_loss": lambda x: functional.nll_loss(pairs(x), LABELS),
    "poisson_nll_loss": lambda x: functional.poisson_nll_loss(x / 32, SHARES),
    "soft_margin_loss": lambda x: functional.soft_margin_loss(x, SIGNS),
    "triplet_margin_loss": lambda x: functional.triplet_margin_loss(pairs(x), pairs(T), pairs(SHARES)),
}
NETWORKS |= {name: partial(getattr(functional, name), target=T) for name in plain_losses(NETWORKS)}

# What adds up no more than a layer has inputs, or nothing.
OTHERS = {
    "affine_grid", "channel_shuffle", "feature_alpha_dropout", "grid_sample", "max_unpool1d", "max_unpool2d",
    "max_unpool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "alpha_dropout", "bilinear", "celu",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "ctc_loss", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "elu", "embedding", "fold", "gelu", "glu", "hardshrink", "hardsigmoid",
    "hardswish", "hardtanh", "interpolate", "leaky_relu", "linear", "logsigmoid", "max_pool1d", "max_pool2d",
    "max_pool3d", "mish", "one_hot", "pad", "pixel_shuffle", "pixel_unshuffle", "prelu", "relu", "relu6", "rrelu",
    "scaled_dot_product_attention", "selu", "sigmoid", "silu", "softplus", "softshrink", "softsign", "tanh",
    "tanhshrink", "threshold", "triplet_margin_with_distance_loss", "unfold",
}  # fmt: skip


def test_every_function_of_networks_is_considered() -> None:
    named = {name.partition(",")[0].partition(" of ")[0] for name in NETWORKS}
    assert_complete(functional.__all__, named | OTHERS, "NETWORKS or OTHERS in tests/tensors/test_half_precision.py")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("scale", [1e-3, 100.0])
@pytest.mark.parametrize("name", [*NUMPY, *NETWORKS])
def test_gradients_are_those_of_double_precision(name: str, scale: float) -> None:
    function = NUMPY.get(name) or NETWORKS[name]
    x = (np.random.default_rng(1).normal(size=COUNT) * scale).astype(HALF)
    found, wanted = (tensor(x.astype(dtype), requires_grad=True) for dtype in (HALF, float))
    exact = function(wanted)
    exact.sum().backward()
    with np.errstate(all="ignore"):  # values are NumPy's, and may be infinite where gradients are not
        value = function(found)
        value.sum().backward()
    step = np.finfo(HALF).smallest_subnormal
    largest = np.abs(borrow(wanted.grad)).max()
    if largest < np.finfo(HALF).max:
        assert np.allclose(borrow(found.grad), borrow(wanted.grad), rtol=0.02, atol=2 * step + 0.002 * largest)
    if name in NETWORKS and np.abs(exact.data).max() < np.finfo(HALF).max:
        assert value.dtype == np.result_type(HALF)
        assert np.allclose(value.data, exact.data, rtol=0.02, atol=2 * step + 0.002 * np.abs(exact.data).max())
