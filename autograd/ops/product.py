"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..declare import composed, multilinear

Axes = int | tuple[Any, Any]


def _array(x: Any) -> Any:
    return x if hasattr(x, "ndim") else np.asarray(x)


# Matrices. What was broadcast over leading axes is summed by the engine.


def _by_right(g: Any, y: Any) -> Any:
    """Return the gradient of the left factor."""
    y = _array(y)
    if y.ndim == 1:
        return g[..., None] * y
    if g.ndim < y.ndim:  # the left factor is a vector
        return (y @ g[..., None])[..., 0]
    return g @ y.mT


def _by_left(g: Any, x: Any) -> Any:
    """Return the gradient of the right factor."""
    x = _array(x)
    if x.ndim == 1:
        return x[:, None] * g[..., None, :] if g.ndim else x * g
    if g.ndim < x.ndim:  # the right factor is a vector
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g


def _rows(x: Any) -> Any:
    """Lay all rows of a stack of matrices below one another."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


_matmul = multilinear(np.matmul, _by_right, _by_left)
# A stack of matrices times one matrix, as in a layer that is applied to sequences: the gradient of the one is a single
# product of all rows, not a stack of products that is summed afterwards.
_matmul_one = multilinear(
    lambda x, y: np.matmul(x, y),
    lambda g, y: g @ _array(y).mT,
    lambda g, x: _rows(_array(x)).mT @ _rows(g),
    forward=np.matmul,
    name="matmul",
)


@composed(np.linalg.matmul, method=False)
@composed(np.matmul)
def matmul(x: Any, y: Any, /) -> Any:
    """Multiply matrices, vectors, and stacks of matrices that broadcast."""
    if getattr(y, "ndim", 0) == 2 and getattr(x, "ndim", 0) > 2:
        return _matmul_one(x, y)
    return _matmul(x, y)


matmul.operation = _matmul.operation  # type: ignore[attr-defined]  # it is declared, like its parts
vecdot = multilinear(np.vecdot, lambda g, y: g[..., None] * y, lambda g, x: g[..., None] * x)

if hasattr(np, "matvec"):  # since NumPy 2.2
    multilinear(
        np.matvec,
        lambda g, y: g[..., None] * _array(y)[..., None, :],
        lambda g, x: (_array(x).mT @ g[..., None])[..., 0],
    )
    multilinear(
        np.vecmat,
        lambda g, y: (_array(y) @ g[..., None])[..., 0],
        lambda g, x: _array(x)[..., None] * g[..., None, :],
    )


# Other products are matrix products of what has been reshaped.


@composed(np.tensordot, method=False)
def tensordot(x: Any, y: Any, axes: Axes = 2) -> Any:
    """Sum products over axes of both: the last and first `axes` ones, or pairs of axes."""
    x, y = _array(x), _array(y)
    if isinstance(axes, tuple | list):
        over_x, over_y = ([n] if isinstance(n, int | np.integer) else list(n) for n in axes)
    else:
        over_x, over_y = list(range(x.ndim - axes, x.ndim)), list(range(axes))
    over_x, over_y = [a % x.ndim for a in over_x], [a % y.ndim for a in over_y]
    lengths = [x.shape[a] for a in over_x]
    if lengths != [y.shape[a] for a in over_y]:
        raise ValueError(f"axes {over_x} of shape {x.shape} and axes {over_y} of shape {y.shape} differ in length")
    free_x, free_y = [a for a in range(x.ndim) if a not in over_x], [a for a in range(y.ndim) if a not in over_y]
    shape_x, shape_y = [x.shape[a] for a in free_x], [y.shape[a] for a in free_y]
    summed = math.prod(lengths)
    rows = x.transpose(free_x + over_x).reshape((math.prod(shape_x), summed))
    columns = y.transpose(over_y + free_y).reshape((summed, math.prod(shape_y)))
    return (rows @ columns).reshape(shape_x + shape_y)


@composed(np.dot)
def dot(x: Any, y: Any) -> Any:
    """Multiply numbers, vectors and matrices; of more axes, sum over the last of `x` and the last but one of `y`."""
    x, y = _array(x), _array(y)
    if not x.ndim or not y.ndim:
        return x * y
    if y.ndim <= 2 or x.ndim == 1:
        return x @ y
    return tensordot(x, y, (-1, -2))


@composed(np.inner, method=False)
def inner(x: Any, y: Any) -> Any:
    """Sum products over the last axis of both."""
    x, y = _array(x), _array(y)
    if not x.ndim or not y.ndim:
        return x * y
    return x @ y if y.ndim == 1 else tensordot(x, y, (-1, -1))


@composed(np.vdot, method=False)
def vdot(x: Any, y: Any) -> Any:
    """Multiply two arrays as vectors of all their elements."""
    return np.conjugate(_array(x).reshape(-1)) @ _array(y).reshape(-1)


@composed(np.outer, method=False)
def outer(x: Any, y: Any) -> Any:
    """Multiply every element of `x` with every one of `y`."""
    return _array(x).reshape(-1, 1) * _array(y).reshape(-1)


@composed(np.kron, method=False)
def kron(x: Any, y: Any) -> Any:
    """Put a copy of `y`, multiplied with it, in the place of every element of `x`."""
    x, y = _array(x), _array(y)
    ndim = max(x.ndim, y.ndim)
    x, y = x.reshape((1,) * (ndim - x.ndim) + x.shape), y.reshape((1,) * (ndim - y.ndim) + y.shape)
    apart = x.reshape([n for length in x.shape for n in (length, 1)])
    blocks = apart * y.reshape([n for length in y.shape for n in (1, length)])
    return blocks.reshape([n * m for n, m in zip(x.shape, y.shape, strict=True)])


# The array API's names
composed(np.linalg.tensordot, method=False)(tensordot)
