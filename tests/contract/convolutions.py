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
            *(f"nn.functional.{kind}_pool{n}d" for kind in ("max", "adaptive_max") for n in (1, 2, 3)),
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
            *(f"nn.functional.{kind}_pool{n}d" for kind in ("avg", "adaptive_avg") for n in (1, 2, 3)),
            "nn.functional.interpolate", "nn.functional.pixel_shuffle", "nn.functional.pixel_unshuffle",
            "nn.functional.pad", "nn.functional.channel_shuffle", "nn.functional.affine_grid",
            *(f"nn.functional.max_unpool{n}d" for n in (1, 2, 3)),
        ),
        "all numbers, without kinks; linear",
        (
            Edge("F.avg_pool1d(x, 2)", ([[nan, 1.0]],), ([[0.5, 0.5]],), "whatever the elements are"),
            Edge("F.adaptive_avg_pool1d(x, 2)", ([[1.0, 2.0, inf]],), ([[0.5, 1.0, 0.5]],), "the middle is in both"),
            Edge("F.interpolate(x, 1)", ([[[1.0, nan]]],), ([[[1.0, 0.0]]],), "what is left out gets nothing"),
            Edge("F.max_unpool1d(x, [[1, 1]], 2)", ([[1.0, nan]],), ([[0.0, 1.0]],), "the last at a place counts"),
            Edge("F.pad(x, (-1, 1))", ([[nan, 1.0]],), ([[0.0, 1.0]],), "what is cut off gets nothing"),
            Edge("F.pad(x, (2, 0), 'reflect')", ([[1.0, 2.0, inf]],), ([[1.0, 2.0, 2.0]],), "wherever it is"),
        ),
    ),
    Contract(
        ("nn.functional.grid_sample",),
        "all numbers and places; on a pixel the slope is that to the next one; the nearest pixel has none",
        (
            Edge("F.grid_sample(x, y)", ([[[[1.0, 3.0]]]], [[[[0.25, 0.0]]]]), ([[[[0.25, 0.75]]]], [[[[2.0, -1.25]]]]),
                 "the slope between two pixels, and that to the zeros below"),
            Edge("F.grid_sample(x, y, 'nearest')", ([[[[1.0, nan]]]], [[[[-0.5, 0.0]]]]),
                 ([[[[1.0, 0.0]]]], [[[[0.0, 0.0]]]]), "nan in another pixel"),
            Edge("F.grid_sample(x, y)", ([[[[nan, 3.0]]]], [[[[9.0, inf]]]]), ([[[[0.0, 0.0]]]], [[[[0.0, 0.0]]]]),
                 "what is outside gets nothing"),
            Edge("F.grid_sample(x, y, padding_mode='border')", ([[[[1.0, 3.0]]]], [[[[9.0, 0.0]]]]),
                 ([[[[0.0, 1.0]]]], [[[[0.0, 0.0]]]]), "as `clip`, beyond the border"),
        ),
    ),
    Contract(
        tuple(f"nn.functional.lp_pool{n}d" for n in (1, 2, 3)),
        "windows whose sum of powers is at least 0; below, the root is nan",
        (
            Edge("F.lp_pool1d(x, 2, 2)", ([[0.0, 0.0]],), ([[0.0, 0.0]],), "as the norm of zeros"),
            Edge("F.lp_pool1d(x, 2, 2)", ([[3.0, -4.0]],), ([[0.6, -0.8]],), "as the norm"),
        ),
    ),
)  # fmt: skip
