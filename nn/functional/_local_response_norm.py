"""Local response normalization: channels divided by what their neighbours have at the same place."""

from __future__ import annotations

import math
from typing import Any

from autograd import ShapeError, Tensor

from .._arguments import TensorLike, example
from ._avg_pooling import sum_windows
from ._kernels.operands import as_real, in_single
from ._kernels.sliding_windows import per_axis, slide


@example(
    "F.local_response_norm(np.array([[[1.0], [2.0], [0.0]]]), 3, alpha=3.0, beta=1.0).ravel().round(4)",
    "array([0.1667, 0.3333, 0.    ])",
)
@in_single
def local_response_norm(
    input: TensorLike, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each element by a power of the sum of squares over neighbouring channels.

    ``x / (k + alpha / size * sum(x**2)) ** beta``, where the sum is over the channels from ``c - size // 2`` to
    ``c + (size - 1) // 2`` at the same place. (In the paper alpha is not divided by the size.)

    Parameters
    ----------
    input
        Shape ``(n, channels, *spatial)``, with at least one spatial axis.
    size
        The number of channels that are added up.
    alpha, beta, k
        The factor, the power and the summand.

    Raises
    ------
    ShapeError
        If the input has another shape.
    ValueError, TypeError
        If `size` is not an integer above 0.

    References
    ----------
    Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012.
    """
    (size,) = per_axis(size, 1, "size", "local_response_norm", 1)
    x: Any = as_real("local_response_norm", "input", input)
    if x.ndim < 3 or 0 in x.shape[1:]:
        raise ShapeError(
            f"local_response_norm: the input should have the shape (n, channels, *spatial), where n alone may be 0, "
            f"not {x.shape}"
        )
    n, channels, places = x.shape[0], x.shape[1], math.prod(x.shape[2:])
    beside = slide(
        "local_response_norm", (channels, places), (size, 1), (1, 1), (size // 2, 0), ((size - 1) // 2, 0), (1, 1)
    )
    squares = sum_windows((x * x).reshape((n, 1, channels, places)), beside).reshape(x.shape)
    return x / (squares * (alpha / size) + k) ** beta
