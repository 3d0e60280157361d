"""The contract of attention."""

from __future__ import annotations

from math import nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

_ATTENTION = "F.scaled_dot_product_attention(x, y, z"
_NOTHING = ([[0.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]])
_COLUMNS = ([[1.0], [1.0]], [[1.0], [2.0]], [[3.0], [4.0]])

CONTRACTS = (
    Contract(
        ("nn.functional.scaled_dot_product_attention",),
        "all numbers; a query that may attend to no key gets zeros and passes nothing on",
        (
            Edge(f"{_ATTENTION}, np.zeros((2, 2), bool))", _COLUMNS, _NOTHING, "nothing to attend to", _NOTHING),
            Edge(f"{_ATTENTION}, np.full((2, 2), -np.inf))", _COLUMNS, _NOTHING, "nothing to attend to", _NOTHING),
            Edge(f"{_ATTENTION}, np.array([True, False]))", ([[1.0]], [[1.0], [1000.0]], [[3.0], [4.0]]),
                 ([[0.0]], [[0.0], [0.0]], [[1.0], [0.0]]), "a masked key gets nothing"),
            Edge(f"{_ATTENTION})", ([[1000.0]], [[1000.0], [-1000.0]], [[3.0], [4.0]]),
                 ([[0.0]], [[0.0], [0.0]], [[1.0], [0.0]]), "no exponential overflows"),
            Edge(f"{_ATTENTION}, is_causal=True)[0]", ([[2.0], [nan]], [[1.0], [1.0]], [[3.0], [4.0]]),
                 ([[0.0], [0.0]], [[0.0], [0.0]], [[1.0], [0.0]]), "the other query is not selected"),
        ),
    ),
)  # fmt: skip
