"""Draws from categories that have a gradient: the Gumbel softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import borrow

from .._arguments import TensorLike, example, is_number
from ..random import draw
from ._activation import softmax
from ._kernels.operands import as_real, in_single


def _gumbel(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return generator.gumbel(size=shape)


@example(
    "F.gumbel_softmax(np.zeros((2, 3)), hard=True, generator=np.random.default_rng(0))",
    "array([[0., 0., 1.],\n       [1., 0., 0.]])",
)
@in_single
def gumbel_softmax(
    logits: TensorLike,
    tau: float = 1.0,
    hard: bool = False,
    dim: int = -1,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Draw from categories with probabilities ``softmax(logits)``, smoothly, so that the draw has a gradient.

    The softmax of ``(logits + noise) / tau``, where the noise has Gumbel's distribution. Its largest element is each
    category as often as its probability says.

    Parameters
    ----------
    logits
        Any shape, with the categories along an axis.
    tau
        The temperature, above 0: the lower, the closer the result is to 1 for one category and 0 for the others.
    hard
        Whether to return exactly 1 and 0, with the gradient of the smooth result.
    dim
        The axis of the categories.
    generator
        The random generator; by default the one that `nn.manual_seed` seeds.

    Raises
    ------
    ShapeError
        If there is no such axis, or it is empty.
    ValueError
        If `tau` is not above 0.

    References
    ----------
    Jang et al., "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017. Maddison et al., "The Concrete
    Distribution", ICLR 2017.
    """
    if not is_number(tau) or not tau > 0:
        raise ValueError(f"gumbel_softmax: tau should be a number above 0, not {tau!r}")
    logits = as_real("gumbel_softmax", "logits", logits)
    if not -logits.ndim <= dim < logits.ndim or not logits.shape[dim]:
        raise ShapeError(f"gumbel_softmax: logits of shape {logits.shape} have no categories along dim={dim}")
    noise = draw(_gumbel, logits.shape, generator).astype(logits.dtype)
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    values = borrow(soft)
    chosen = values.argmax(axis=dim, keepdims=True)
    categories = np.arange(logits.shape[dim]).reshape((-1,) + (1,) * (logits.ndim - 1 - dim % logits.ndim))
    return (chosen == categories).astype(values.dtype) + (soft - values)  # which is 0, with a gradient
