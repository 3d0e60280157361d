"""The contract of the functions that networks are made of."""

from __future__ import annotations

from math import exp, inf, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        ("nn.functional.relu",),
        "all numbers",
        (Edge("F.relu(x)", ([-1.0, 0.0, 1.0],), ([0.0, 0.0, 1.0],), "the subgradient of least norm", ([0.0] * 3,)),),
    ),
    Contract(
        ("nn.functional.sigmoid", "nn.functional.tanh"),
        "all numbers, without kinks or overflow",
        (
            Edge("F.sigmoid(x)", ([-40.0, 40.0],), ([exp(-40)] * 2,), "exact far out, where the value is 1",
                 ([exp(-40), -exp(-40)],)),
            Edge("F.sigmoid(x)", ([-1000.0, 0.0, 1000.0],), ([0.0, 0.25, 0.0],), "flat, not nan, far out",
                 ([0.0] * 3,)),
        ),
    ),
    Contract(
        ("nn.functional.softmax", "nn.functional.log_softmax"),
        "all numbers, -inf for a logarithm of 0 among them",
        (
            Edge("F.softmax(x)[0]", ([0.0, 0.0],), ([0.25, -0.25],), "no kink", ([0.0, 0.0],)),
            Edge("F.softmax(x)[0]", ([1000.0, -1000.0],), ([0.0, 0.0],), "no exponential overflows", ([0.0, 0.0],)),
            Edge("F.softmax(x)[0]", ([0.0, -inf],), ([0.0, 0.0],), "a class of probability 0 gets nothing"),
            Edge("F.log_softmax(x)[1]", ([1000.0, -1000.0],), ([-1.0, 1.0],), "no logarithm of 0", ([0.0, 0.0],)),
            Edge("F.log_softmax(x)[0]", ([0.0, -inf],), ([0.0, 0.0],), "a class of probability 0 gets nothing"),
        ),
    ),
    Contract(
        ("nn.functional.cross_entropy",),
        "all numbers, -inf for a logarithm of 0 among them",
        (
            Edge("F.cross_entropy(x, np.array([0]))", ([[1000.0, -1000.0]],), ([[0.0, 0.0]],), "certain, and right",
                 ([[0.0, 0.0]],)),
            Edge("F.cross_entropy(x, np.array([1]))", ([[1000.0, -1000.0]],), ([[1.0, -1.0]],), "certain, and wrong",
                 ([[0.0, 0.0]],)),
            Edge("F.cross_entropy(x, np.array([[0.0, 1.0]]))", ([[1000.0, -1000.0]],), ([[1.0, -1.0]],),
                 "the same of probabilities", ([[0.0, 0.0]],)),
            Edge("F.cross_entropy(x, np.array([0]))", ([[0.0, -inf]],), ([[0.0, 0.0]],),
                 "a class of probability 0 gets nothing"),
        ),
    ),
    Contract(
        ("nn.functional.linear", "nn.functional.mse_loss", "nn.functional.nll_loss", "nn.functional.dropout"),
        "all numbers, without kinks; what was dropped out gets nothing",
        (
            Edge("F.mse_loss(x, y)", ([1.0], [1.0]), ([0.0], [0.0]), "its minimum", ([0.0], [0.0])),
            Edge("F.nll_loss(x, np.array([0]))", ([[0.0, -inf]],), ([[-1.0, 0.0]],), "of one class alone"),
            Edge("F.dropout(x, p=1.0)", ([1.0, nan],), ([0.0, 0.0],), "all were dropped"),
        ),
    ),
)  # fmt: skip
