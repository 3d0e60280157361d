"""The contract of losses."""

from __future__ import annotations

from math import inf

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        ("nn.functional.l1_loss", "nn.functional.smooth_l1_loss", "nn.functional.huber_loss"),
        "all numbers; 0 where prediction and target are equal",
        (
            Edge("F.l1_loss(x, y)", ([1.0], [1.0]), ([0.0], [0.0]), "the subgradient of least norm", ([0.0], [0.0])),
            Edge("F.huber_loss(x, y)", ([1.0], [0.0]), ([1.0], [-1.0]), "where the parabola becomes a line"),
            Edge("F.smooth_l1_loss(x, y, beta=0)", ([1.0], [1.0]), ([0.0], [0.0]), "no parabola, so a kink"),
            Edge("F.huber_loss(x, y, delta=float('inf'))", ([3.0], [0.0]), ([3.0], [-3.0]), "a parabola throughout",
                 ([0.0], [0.0])),
        ),
    ),
    Contract(
        ("nn.functional.binary_cross_entropy",),
        "probabilities, from 0 to 1; logarithms are at least -100, and their slopes those at a distance of 1e-12",
        (
            Edge("F.binary_cross_entropy(x, np.array([1.0]))", ([1.0],), ([-1.0],), "certain, and right"),
            Edge("F.binary_cross_entropy(x, np.array([0.0]))", ([0.0],), ([1.0],), "certain, and right"),
            Edge("F.binary_cross_entropy(x, np.array([1.0]))", ([0.0],), ([-1e12],), "certain, and wrong: a long way"),
            Edge("F.binary_cross_entropy(np.array([0.0]), x)", ([0.5],), ([100.0],), "by the target: both logarithms"),
        ),
    ),
    Contract(
        (
            "nn.functional.binary_cross_entropy_with_logits", "nn.functional.soft_margin_loss",
            "nn.functional.multilabel_soft_margin_loss",
        ),
        "all numbers, without kinks or overflow",
        (
            Edge("F.binary_cross_entropy_with_logits(x, np.array([1.0]))", ([-1000.0],), ([-1.0],),
                 "certain, and wrong", ([0.0],)),
            Edge("F.binary_cross_entropy_with_logits(x, np.array([1.0]))", ([1000.0],), ([0.0],),
                 "certain, and right", ([0.0],)),
            Edge("F.binary_cross_entropy_with_logits(x, np.array([0.5]))", ([0.0],), ([0.0],), "no kink", ([0.25],)),
            Edge("F.soft_margin_loss(x, np.array([-1.0]))", ([1000.0],), ([1.0],), "no exponential overflows",
                 ([0.0],)),
        ),
    ),
    Contract(
        ("nn.functional.kl_div",),
        "all numbers, -inf for a logarithm of 0 among them; where the target is 0, the term and its gradients are 0",
        (
            Edge("F.kl_div(x, y, reduction='sum')", ([0.0, -inf], [1.0, 0.0]), ([-1.0, 0.0], [1.0, 0.0]),
                 "0 log 0 is 0"),
            Edge("F.kl_div(x, y, reduction='sum', log_target=True)", ([0.0, -inf], [0.0, -inf]),
                 ([-1.0, 0.0], [1.0, 0.0]), "the same of logarithms"),
        ),
    ),
    Contract(
        ("nn.functional.poisson_nll_loss", "nn.functional.gaussian_nll_loss"),
        "rates and counts of at least 0; variances below `eps` have the gradient that `eps` has",
        (
            Edge("F.poisson_nll_loss(x, y)", ([0.0], [0.0]), ([1.0], [0.0]), "no event", ([0.0], [-1.0])),
            Edge("F.poisson_nll_loss(x, np.array([0.0]), log_input=False)", ([0.0],), ([1.0],), "no event", ([0.0],)),
            Edge("F.gaussian_nll_loss(np.array([0.0]), np.array([0.0]), x)", ([0.0],), ([5e5],),
                 "a variance that is too small can grow"),
        ),
    ),
    Contract(
        (
            "nn.functional.hinge_embedding_loss", "nn.functional.margin_ranking_loss",
            "nn.functional.multi_margin_loss", "nn.functional.multilabel_margin_loss",
            "nn.functional.triplet_margin_loss", "nn.functional.triplet_margin_with_distance_loss",
        ),
        "all numbers; 0 where the margin is just kept",
        (
            Edge("F.hinge_embedding_loss(x, np.array([-1.0]))", ([1.0],), ([0.0],), "as relu", ([0.0],)),
            Edge("F.margin_ranking_loss(x, y, np.array([1.0]))", ([1.0], [1.0]), ([0.0], [0.0]), "as relu"),
            Edge("F.multi_margin_loss(x, np.array([0]))", ([[1.0, 0.0]],), ([[0.0, 0.0]],), "as relu", ([[0.0, 0.0]],)),
            Edge("F.multilabel_margin_loss(x, np.array([[0, -1]]))", ([[1.0, 0.0]],), ([[0.0, 0.0]],), "as relu"),
        ),
    ),
    Contract(
        (
            "nn.functional.cosine_similarity", "nn.functional.cosine_embedding_loss", "nn.functional.pairwise_distance",
        ),
        "all vectors; those of length 0 are divided by `eps`",
        (
            Edge("F.cosine_similarity(x, y, eps=0.5)", ([[0.0, 0.0]], [[0.0, 2.0]]), ([[0.0, 2.0]], [[0.0, 0.0]]),
                 "a vector of length 0 points nowhere, and can turn to the other"),
            Edge("F.pairwise_distance(x, y, eps=0.0)", ([[0.0, 0.0]], [[0.0, 0.0]]), ([[0.0, 0.0]], [[0.0, 0.0]]),
                 "the norm of zeros"),
        ),
    ),
    Contract(
        ("nn.functional.ctc_loss",),
        "all numbers, -inf for a logarithm of 0 among them; what cannot be emitted has the loss inf and gradient 0",
        (
            Edge("F.ctc_loss(x, np.array([1]), 1, 1)", ([[0.0, -1000.0]],), ([[0.0, -1.0]],), "nothing underflows"),
            Edge("F.ctc_loss(x, np.array([1, 1]), 2, 2)", ([[0.0, 0.0], [0.0, 0.0]],), ([[0.0, 0.0], [0.0, 0.0]],),
                 "two equal labels need three steps"),
            Edge("F.ctc_loss(x, np.array([1]), 2, 1)", ([[-inf, 0.0], [-inf, 0.0]],), ([[0.0, -1.0], [0.0, -1.0]],),
                 "a blank that is never emitted gets nothing"),
        ),
    ),
)  # fmt: skip
