"""Functions of nn at the largest, the least and all other sizes of numbers, in each precision, against a wider one."""

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad, tensor
from nn import functional as F  # noqa: N812 - as it is called

from ..lists import assert_complete, plain_losses
from ..thorough import THOROUGH

Array = np.ndarray[Any, Any]
Function = Callable[[Any], Any]
WIDER: dict[Any, Any] = {np.float16: np.float64, np.float32: np.float64}
if np.finfo(np.longdouble).maxexp > np.finfo(np.float64).maxexp:
    WIDER[np.float64] = np.longdouble
FACTORS = [1.0, 2.0, 3.0, 4.0]
TARGETS = [0.1, 0.2, 0.3, 0.4]


def each(function: Callable[[Any, Any], Any], *options: Any) -> list[Function]:
    return [functools.partial(function, option) for option in options]


# Each function of elements, by name, with its options.
ELEMENTWISE: dict[str, list[Function]] = {
    "celu": [F.celu, lambda x: F.celu(x, 3.0)],
    "elu": [F.elu, lambda x: F.elu(x, 1.5)],
    "gelu": [F.gelu, lambda x: F.gelu(x, approximate="tanh")],
    "glu": [lambda x: F.glu(np.stack([x, x * 0 + 3])[:, :1], 0), lambda x: F.glu(np.stack([x * 0 + 3, x]), 0)],
    "hardshrink": [F.hardshrink],
    "hardsigmoid": [F.hardsigmoid],
    "hardswish": [F.hardswish],
    "hardtanh": [F.hardtanh],
    "leaky_relu": [F.leaky_relu, lambda x: F.leaky_relu(x, 0.3)],
    "logsigmoid": [F.logsigmoid],
    "mish": [F.mish],
    "prelu": [lambda x: F.prelu(x.reshape(-1, 1), np.array([0.25], x.dtype)).reshape(-1)],
    "relu": [F.relu],
    "relu6": [F.relu6],
    "rrelu": [F.rrelu],
    "selu": [F.selu],
    "sigmoid": [F.sigmoid],
    "silu": [F.silu],
    "softplus": [F.softplus, *each(lambda b, x: F.softplus(x, b, math.inf), 1e-3, 0.5, 1e3)],
    "softshrink": [F.softshrink],
    "softsign": [F.softsign],
    "tanh": [F.tanh],
    "tanhshrink": [F.tanhshrink],
    "threshold": [lambda x: F.threshold(x, 0.5, 7)],
}


def like(values: list[float], x: Any) -> Array:
    return np.array(values).astype(x.dtype)


def weighted(function: Function) -> Function:
    return lambda x: function(x).reshape(-1) * like(FACTORS, x)


def of_targets(loss: Callable[..., Any], **options: Any) -> list[Function]:
    def of_target(case: tuple[float, str], x: Any) -> Any:
        return loss(x, like([case[0]] * 4, x), reduction=case[1], **options)

    return each(of_target, (0.0, "none"), (0.5, "mean"), (1.0, "none"))


# Each function of vectors. The largest scale is the power of the largest number of the dtype at which sums within it
# begin to overflow: a half where it adds up squares.
WHOLE, ROOT = 0.98, 0.49
VECTORS: dict[str, tuple[float, list[Function]]] = {
    "binary_cross_entropy_with_logits": (WHOLE, of_targets(F.binary_cross_entropy_with_logits)),
    "batch_norm": (ROOT, [weighted(lambda x: F.batch_norm(x.reshape(4, 1), training=True))]),
    "cosine_embedding_loss": (
        WHOLE,
        each(lambda y, x: F.cosine_embedding_loss(x.reshape(1, -1), like(TARGETS, x)[None], like([y], x)), 1, -1),
    ),
    "cosine_similarity": (WHOLE, [lambda x: F.cosine_similarity(x, like(FACTORS, x), dim=0)]),
    "cross_entropy": (
        WHOLE,
        [
            lambda x: F.cross_entropy(x.reshape(1, -1), np.array([0])),
            lambda x: F.cross_entropy(x.reshape(1, -1), np.array([1])),
            lambda x: F.cross_entropy(x.reshape(1, -1), np.array([1]), label_smoothing=0.1),
            lambda x: F.cross_entropy(x.reshape(1, -1), like(TARGETS, x)[None]),
        ],
    ),
    "gaussian_nll_loss": (ROOT, [lambda x: F.gaussian_nll_loss(x, like(FACTORS, x), like(FACTORS, x))]),
    "group_norm": (ROOT, [weighted(lambda x: F.group_norm(x.reshape(1, 4, 1), 1))]),
    "hinge_embedding_loss": (WHOLE, [lambda x: F.hinge_embedding_loss(x, like([1, -1, 1, 1], x))]),
    "huber_loss": (WHOLE, of_targets(F.huber_loss) + of_targets(F.huber_loss, delta=2.5)),
    "instance_norm": (ROOT, [weighted(lambda x: F.instance_norm(x.reshape(1, 1, 4)))]),
    "kl_div": (
        WHOLE,
        [
            lambda x: F.kl_div(x, like(TARGETS, x), reduction="sum"),
            lambda x: F.kl_div(-like(TARGETS, x), abs(x), reduction="none"),
            lambda x: F.kl_div(-like(TARGETS, x), -abs(x), reduction="none", log_target=True),
        ],
    ),
    "layer_norm": (ROOT, [weighted(lambda x: F.layer_norm(x, 4))]),
    "log_softmax": (WHOLE, [weighted(F.log_softmax)]),
    "lp_pool1d": (
        WHOLE, each(lambda p, x: F.lp_pool1d(abs(x).reshape(1, 4), p, 2), 1.0, 2.0, 3.0)
    ),
    "margin_ranking_loss": (
        WHOLE, [lambda x: F.margin_ranking_loss(x, like([1] * 4, x), like([1, -1, 1, 1], x), 0.5)]
    ),
    "mse_loss": (ROOT, of_targets(F.mse_loss)),
    "multi_margin_loss": (
        ROOT, each(lambda p, x: F.multi_margin_loss(x.reshape(1, -1), np.array([1]), p=p), 1, 2)
    ),
    "multilabel_margin_loss": (WHOLE, [lambda x: F.multilabel_margin_loss(x, np.array([1, 0, -1, 0]))]),
    "multilabel_soft_margin_loss": (
        WHOLE, [lambda x: F.multilabel_soft_margin_loss(x.reshape(1, -1), like([1, 0, 1, 0], x)[None])]
    ),
    "normalize": (
        WHOLE, each(lambda p, x: weighted(lambda x: F.normalize(x, p, axis=0))(x), 1.0, 2.0, 3.0, math.inf)
    ),
    "pairwise_distance": (
        WHOLE, each(lambda p, x: F.pairwise_distance(x, x * 0, p, eps=0.0), 1.0, 2.0, 3.0, math.inf)
    ),
    "poisson_nll_loss": (0.3, [lambda x: F.poisson_nll_loss(x, like([0, 1, 2, 3], x), reduction="none")]),
    "rms_norm": (ROOT, [weighted(lambda x: F.rms_norm(x, 4, eps=1e-3))]),
    "smooth_l1_loss": (WHOLE, of_targets(F.smooth_l1_loss) + of_targets(F.smooth_l1_loss, beta=0.1)),
    "soft_margin_loss": (WHOLE, [lambda x: F.soft_margin_loss(x, like([1, -1, 1, 1], x))]),
    "softmax": (WHOLE, [weighted(F.softmax)]),
    "softmin": (WHOLE, [weighted(F.softmin)]),
}  # fmt: skip
# The others are linear, choose among elements, are random, or are made of those above.
OTHERS = {
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "affine_grid", "alpha_dropout", "avg_pool1d", "avg_pool2d", "avg_pool3d", "bilinear",
    "binary_cross_entropy", "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "ctc_loss", "dropout", "dropout1d", "dropout2d", "dropout3d", "embedding", "embedding_bag",
    "feature_alpha_dropout", "fold", "grid_sample", "gumbel_softmax", "interpolate", "linear", "local_response_norm",
    "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool2d", "max_pool3d", "max_unpool1d", "max_unpool2d",
    "max_unpool3d", "nll_loss", "one_hot", "pad", "pixel_shuffle", "pixel_unshuffle", "scaled_dot_product_attention",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss", "unfold",
}  # fmt: skip
VECTORS |= {name: (WHOLE, of_targets(getattr(F, name))) for name in plain_losses({*VECTORS, *OTHERS})}


def test_every_function_is_here() -> None:
    assert_complete(F.__all__, {*ELEMENTWISE, *VECTORS, *OTHERS}, "a table of tests/nn/test_extremes.py")


def sizes(dtype: Any, step: int) -> Array:
    """Return positive numbers of all sizes, among them those at which exponentials, squares and cubes overflow."""
    limits = np.finfo(dtype)
    ordinary = [0.01, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 3.5, 5, 6, 7, 10, 11, 15, 20, 25, 30, 37, 39, 41, 50, 80, 88, 88.8]
    ordinary += [89, 90, 100, 104, 110, 200, 256, 300, 400, 700, 709, 710, 745, 746, 800, 1e3, 2e3, 5e3, 9999, 1.1e4]
    exponents = range(
        math.floor(math.log10(limits.tiny)), math.floor(math.log10(limits.max)) + 1, 1 + limits.maxexp // 200
    )
    powers = [10.0**k for k in exponents]
    special = map(float, [limits.smallest_subnormal, limits.tiny, limits.eps, limits.max / 2, limits.max])
    found = np.array([0.0, *special, *powers[::step], *ordinary[::step]])
    return found[found <= float(limits.max)].astype(dtype)


def derivatives(function: Function, x: Array, order: int) -> list[Array]:
    """Return a list: of two generators that go on by turns, one would leave the other's `errstate` behind."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = function(tensor(x))
        found = [np.asarray(result.data if isinstance(result, Tensor) else result)]
        for _ in range(order):
            function = grad(functools.partial(lambda f, x: f(x).sum(), function))
            found.append(function(x))
        return found


def differs(found: Array, expected: Array, least: Any) -> Any:
    """Tell which results are not what is expected, to some digits of it or of `least`, or infinite like it."""
    limits = np.finfo(found.dtype)
    with np.errstate(all="ignore"):
        allowed = 1000 * limits.eps * np.maximum(np.abs(expected), least) + 8 * limits.tiny
        same = (found == expected.astype(found.dtype)) | (np.isnan(found) & np.isnan(expected))
        return ~(same | (np.abs(found.astype(expected.dtype) - expected) <= allowed))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_and_their_derivatives_at_every_size(name: str, dtype: Any) -> None:
    x = np.concatenate([sizes(dtype, 1), -sizes(dtype, 1), np.array([np.inf, -np.inf], dtype)])
    # digits are lost near the zeros of derivatives, which are around 1, and where exp(-x**2) is nearly nothing
    least = np.where((np.abs(x) > 0.5) & (np.abs(x) < 2), 1, np.where(np.abs(x) > 5, 1e-200, 0))
    for function in ELEMENTWISE[name]:
        expected = derivatives(function, x.astype(WIDER[dtype]), 2)
        for order, (found, wide) in enumerate(zip(derivatives(function, x, 2), expected, strict=True)):
            found, wide = found.reshape(-1), wide.reshape(-1)
            wrong = differs(found, wide, least)
            assert found.dtype == dtype
            assert not wrong.any(), (order, x[wrong], found[wrong], wide[wrong])


DIRECTIONS = np.array([[1, -1, 0, 0.5], [1, 0.999, -0.3, 0.2]])


@pytest.mark.one_in(8)
@pytest.mark.parametrize("dtype", WIDER)
@pytest.mark.parametrize("name", VECTORS)
def test_losses_and_normalizations_at_every_size(name: str, dtype: Any) -> None:
    limit, functions = VECTORS[name]
    limits = np.finfo(dtype)
    scales = sizes(dtype, 6 if THOROUGH else 12)
    for scale in scales[scales < float(limits.max) ** limit / 8]:
        for direction in DIRECTIONS:
            x = (direction * scale.astype(WIDER[dtype])).astype(dtype)
            for function in functions:
                expected = derivatives(function, x.astype(WIDER[dtype]), 1)
                for order, (found, wide) in enumerate(zip(derivatives(function, x, 1), expected, strict=True)):
                    wrong = differs(found, wide, max(1, np.max(np.abs(wide), initial=0, where=np.isfinite(wide))))
                    if name == "pairwise_distance" and order == 0:
                        continue  # the value is that of NumPy's norm, which may overflow or underflow
                    if name in ("cosine_embedding_loss", "kl_div") and scale < limits.tiny:
                        continue  # a cosine, and the target times its reciprocal, underflow
                    if name == "lp_pool1d" and scale < limits.tiny ** (1 / 3):
                        wrong &= found != 0  # the subgradient of least norm, where powers underflow
                    assert found.dtype == dtype
                    assert not wrong.any(), (order, x, found, wide)


def test_attention_in_half_precision_has_scores_in_single() -> None:
    query = np.array([[20000, 20000], [1, 0]], np.float16)
    key = np.array([[1, 2], [3, 4]], np.float16)
    np.testing.assert_array_equal(F.scaled_dot_product_attention(query, key, key)[0], [3, 4])
    found = grad(lambda x: F.scaled_dot_product_attention(x, key, key)[0].sum())(query)
    np.testing.assert_array_equal(found, np.zeros((2, 2)))
