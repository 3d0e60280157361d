"""The contract of activations, normalization and embeddings."""

from __future__ import annotations

from math import inf

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        tuple(f"nn.functional.{name}" for name in (
            "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "prelu", "relu6", "rrelu", "softshrink",
            "threshold",
        )),
        "all numbers",
        (
            Edge("F.hardtanh(x)", ([-inf, -1.0, 0.0, 1.0, inf],), ([0.0, 0.0, 1.0, 0.0, 0.0],),
                 "the subgradient of least norm at both ends", ([0.0] * 5,)),
            Edge("F.relu6(x)", ([0.0, 3.0, 6.0],), ([0.0, 1.0, 0.0],), "as above", ([0.0] * 3,)),
            Edge("F.leaky_relu(x, 0.25)", ([-inf, 0.0, inf],), ([0.25, 0.25, 1.0],), "the slope of least norm",
                 ([0.0] * 3,)),
            Edge("F.leaky_relu(x, 0.0)", ([-inf, 0.0, inf],), ([0.0, 0.0, 1.0],), "as `relu`", ([0.0] * 3,)),
            Edge("F.prelu(x, y)", ([-2.0, 0.0, 3.0], [0.25]), ([0.25, 0.25, 1.0], [-2.0]), "the slope at 0"),
            Edge("F.rrelu(x, 0.25, 0.75)", ([-2.0, 0.0, 3.0],), ([0.5, 0.5, 1.0],), "the slope at 0", ([0.0] * 3,)),
            Edge("F.hardsigmoid(x)", ([-3.0, 0.0, 3.0],), ([0.0, 1 / 6, 0.0],), "as `hardtanh`", ([0.0] * 3,)),
            Edge("F.hardswish(x)", ([-inf, -3.0, 0.0, 3.0],), ([0.0, 0.0, 0.5, 1.0],), "flat, not nan, far out"),
            Edge("F.hardshrink(x, 1.0)", ([-2.0, -1.0, 0.0, 1.0, inf],), ([1.0, 0.0, 0.0, 0.0, 1.0],),
                 "what becomes 0 gets nothing", ([0.0] * 5,)),
            Edge("F.softshrink(x, 1.0)", ([-2.0, -1.0, 0.0, 1.0, inf],), ([1.0, 0.0, 0.0, 0.0, 1.0],),
                 "the subgradient of least norm", ([0.0] * 5,)),
            Edge("F.threshold(x, 1.0, 9.0)", ([0.0, 1.0, 2.0],), ([0.0, 0.0, 1.0],), "what is replaced gets nothing",
                 ([0.0] * 3,)),
        ),
    ),
    Contract(
        tuple(f"nn.functional.{name}" for name in (
            "celu", "elu", "gelu", "glu", "gumbel_softmax", "logsigmoid", "mish", "selu", "silu", "softmin", "softplus",
            "softsign", "tanhshrink",
        )),
        "all numbers, infinities too; no exponential overflows",
        (
            Edge("F.gelu(x)", ([-inf, -1000.0, 0.0, 1000.0, inf],), ([0.0, 0.0, 0.5, 1.0, 1.0],),
                 "infinity times a probability of 0 is 0"),
            Edge("F.gelu(x)", ([-5.0],), ([-7.146946001792295e-06],), "digits of small probabilities are kept"),
            Edge("F.gelu(x, 'tanh')", ([-inf, -1000.0, 0.0, 1000.0, inf],), ([0.0, 0.0, 0.5, 1.0, 1.0],), "as above"),
            Edge("F.silu(x)", ([-inf, -1000.0, 0.0, 1000.0, inf],), ([0.0, 0.0, 0.5, 1.0, 1.0],), "as above",
                 ([0.0, 0.0, 0.5, 0.0, 0.0],)),
            Edge("F.mish(x)", ([-inf, -1000.0, 0.0, 1000.0, inf],), ([0.0, 0.0, 0.6, 1.0, 1.0],), "as above"),
            Edge("F.glu(x)", ([[2.0, -1000.0]],), ([[0.0, 0.0]],), "a closed gate"),
            Edge("F.elu(x, 2.0)", ([-1000.0, 0.0, 1000.0],), ([0.0, 2.0, 1.0],), "the slope from below at 0",
                 ([0.0, 2.0, 0.0],)),
            Edge("F.celu(x, 2.0)", ([-1000.0, 0.0, 1000.0],), ([0.0, 1.0, 1.0],), "no kink at 0", ([0.0, 0.5, 0.0],)),
            Edge("F.selu(x)", ([-1000.0, 1000.0],), ([0.0, 1.0507009873554805],), "flat, not nan, far out",
                 ([0.0] * 2,)),
            Edge("F.softplus(x)", ([-1000.0, 0.0, 1000.0],), ([0.0, 0.5, 1.0],), "no exponential overflows",
                 ([0.0, 0.25, 0.0],)),
            Edge("F.logsigmoid(x)", ([-1000.0, 0.0, 1000.0],), ([1.0, 0.5, 0.0],), "no logarithm of 0",
                 ([0.0, -0.25, 0.0],)),
            Edge("F.softsign(x)", ([-inf, 0.0, inf],), ([0.0, 1.0, 0.0],), "its derivative has a kink at 0",
                 ([0.0] * 3,)),
            Edge("F.tanhshrink(x)", ([-1000.0, 0.0, 1000.0],), ([1.0, 0.0, 1.0],), "flat at 0", ([0.0] * 3,)),
            Edge("F.tanhshrink(x)", ([1e-9],), ([1e-18],), "the square of tanh, not a difference"),
            Edge("F.gumbel_softmax(x, 1.0, generator=np.random.default_rng(0))[0]", ([-1000.0, 1000.0],), ([0.0, 0.0],),
                 "as `softmax`"),
            Edge("F.softmin(x)[0]", ([-1000.0, 1000.0],), ([0.0, 0.0],), "as `softmax`", ([0.0, 0.0],)),
        ),
    ),
    Contract(
        tuple(f"nn.functional.{name}" for name in (
            "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm",
        )),
        "all finite numbers; where a variance is 0, eps is all that is divided by",
        (
            Edge("F.layer_norm(x, 2, eps=1.0)[0]", ([3.0, 3.0],), ([0.5, -0.5],), "of constants"),
            Edge("F.layer_norm(x, 2).sum()", ([1e4, 1e4],), ([0.0, 0.0],), "the sum is always 0"),
            Edge("F.layer_norm(x, 1)", ([3.0],), ([0.0],), "a single element is its own mean", ([0.0],)),
            Edge("F.rms_norm(x, 2, eps=1.0)[0]", ([0.0, 0.0],), ([1.0, 0.0],), "of zeros"),
            Edge("F.group_norm(x, 1, eps=1.0)[0, 0]", ([[3.0, 3.0]],), ([[0.5, -0.5]],), "of constants"),
            Edge("F.batch_norm(x, training=True, eps=1.0)[0]", ([[3.0], [3.0]],), ([[0.5], [-0.5]],), "of constants"),
            Edge("F.instance_norm(x, eps=1.0)[0, 0, 0]", ([[[3.0, 3.0]]],), ([[[0.5, -0.5]]],), "of constants"),
            Edge("F.local_response_norm(x, 1)[0]", ([[[0.0]]],), ([[[1.0]]],), "of zeros, divided by k"),
            Edge("F.normalize(x)", ([[0.0, 0.0]],), ([[1e12, 1e12]],), "of zeros, divided by eps"),
        ),
    ),
    Contract(
        tuple(f"nn.functional.{name}" for name in (
            "alpha_dropout", "bilinear", "dropout1d", "dropout2d", "dropout3d", "embedding", "embedding_bag",
            "feature_alpha_dropout",
        )),
        "all numbers, without kinks; what was dropped out, and padding, gets nothing",
        (
            Edge("F.embedding(np.array([1, 0, 1]), x, padding_idx=0)", ([[1.0], [2.0]],), ([[0.0], [2.0]],),
                 "the row of the padding is not trained"),
            Edge("F.embedding(np.array([1, 0, 1]), x, scale_grad_by_freq=True)", ([[1.0], [2.0]],), ([[1.0], [1.0]],),
                 "divided by the number of lookups"),
            Edge("F.embedding_bag(np.array([[0, 1]]), x, mode='max')", ([[1.0], [1.0]],), ([[0.5], [0.5]],), "as max"),
            Edge("F.embedding_bag(np.array([0, 1]), x, np.array([0, 2]), padding_idx=0)[:1]", ([[1.0], [2.0]],),
                 ([[0.0], [1.0]],), "what is skipped gets nothing"),
            Edge("F.alpha_dropout(x, p=1.0, training=True)", ([1.0, 2.0],), ([0.0, 0.0],), "all were dropped"),
        ),
    ),
    Contract(("nn.functional.one_hot",), "of integers, and without a derivative"),
)  # fmt: skip
