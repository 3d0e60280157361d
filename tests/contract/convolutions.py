"""The contract of convolutions, pooling and resampling."""

from __future__ import annotations

from math import inf, nan

from .edge import Contract, Edge

__all__ = ["CONTRACTS"]

CONTRACTS = (
    Contract(
        (
            "nn.functional.conv1d", "nn.functional.conv2d", "nn.functional.conv3d",
            "nn.functional.conv_transpose1d", "nn.functional.conv_transpose2d", "nn.functional.conv_transpose3d",
            "nn.functional.unfold", "nn.functional.fold",
        ),
        "all numbers, without kinks; what no window sees gets nothing",
        (
            Edge("F.conv1d(x, y)[..., :1]", ([[1.0, 2.0, nan]], [[[3.0, 4.0]]]), ([[3.0, 4.0, 0.0]], [[[1.0, 2.0]]]),
                 "nan in another window"),
            Edge("F.conv1d(x, y, stride=2)", ([[1.0, 2.0, inf]], [[[3.0, 4.0]]]), ([[3.0, 4.0, 0.0]], [[[1.0, 2.0]]]),
                 "inf in no window"),
        ),
    ),
    Contract(
        (
            "nn.functional.max_pool1d", "nn.functional.max_pool2d",
            "nn.functional.adaptive_max_pool1d", "nn.functional.adaptive_max_pool2d",
        ),
        "all numbers; ties in a window share evenly; nan is the largest",
        (
            Edge("F.max_pool1d(x, 2)", ([[1.0, 1.0]],), ([[0.5, 0.5]],), "as max"),
            Edge("F.max_pool2d(x, 2)", ([[[2.0, 1.0], [2.0, 2.0]]],), ([[[1 / 3, 0.0], [1 / 3, 1 / 3]]],), "as max"),
            Edge("F.max_pool1d(x, 3, 1)", ([[1.0, 3.0, 3.0, 0.0]],), ([[0.0, 1.0, 1.0, 0.0]],), "in each window"),
            Edge("F.max_pool1d(x, 2, padding=1)", ([[-inf, -inf]],), ([[1.0, 1.0]],), "what is outside is no element"),
            Edge("F.max_pool1d(x, 2)", ([[nan, 1.0]],), ([[1.0, 0.0]],), "nan is the largest"),
            Edge("F.adaptive_max_pool1d(x, 1)", ([[1.0, 1.0, 0.0]],), ([[0.5, 0.5, 0.0]],), "as max"),
        ),
    ),
    Contract(
        (
            "nn.functional.avg_pool1d", "nn.functional.avg_pool2d",
            "nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d",
            "nn.functional.interpolate", "nn.functional.pixel_shuffle", "nn.functional.pixel_unshuffle",
        ),
        "all numbers, without kinks; linear",
        (
            Edge("F.avg_pool1d(x, 2)", ([[nan, 1.0]],), ([[0.5, 0.5]],), "whatever the elements are"),
            Edge("F.adaptive_avg_pool1d(x, 2)", ([[1.0, 2.0, inf]],), ([[0.5, 1.0, 0.5]],), "the middle is in both"),
            Edge("F.interpolate(x, 1)", ([[[1.0, nan]]],), ([[[1.0, 0.0]]],), "what is left out gets nothing"),
        ),
    ),
)  # fmt: skip
