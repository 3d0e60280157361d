"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, Used, batches, innermost, numpy
from ..errors import DtypeError, ShapeError
from ..later import load
from ..primitives.declare import composed, multilinear
from ..tensors.tensor import Tensor, TensorLike
from ..tensors.types import Out
from .linalg_common import conj
from .reduce import refuse_out
from .shape import operand

Axes = int | tuple[Any, Any]


# Matrices. The engine sums over the leading axes that were broadcast.


def _product(x: Any, y: Any) -> Any:
    """Return x @ y: of matrices by `dot`, with less overhead, and in a fifth of the time for outer products."""
    if type(x) in ARRAY_TYPES and type(y) in ARRAY_TYPES and x.ndim == 2 == y.ndim:
        return x.dot(y)
    return x @ y


def _by_right(g: Any, y: Any) -> Any:
    """Return the gradient of the left factor."""
    y = operand(y)
    if y.ndim == 1:
        return g[..., None] * y
    if g.ndim < y.ndim:  # the left factor is a vector
        return y @ g if y.ndim == 2 else (y @ g[..., None])[..., 0]
    return _product(g, y.mT)


def _by_left(g: Any, x: Any) -> Any:
    """Return the gradient of the right factor."""
    x = operand(x)
    if x.ndim == 1:
        return np.multiply.outer(x, g) if g.ndim == 1 else x[:, None] * g[..., None, :] if g.ndim else x * g
    if g.ndim < x.ndim:  # the right factor is a vector
        return x.mT @ g if x.ndim == 2 else (x.mT @ g[..., None])[..., 0]
    return _product(x.mT, g)


def _rows(x: Any) -> Any:
    """Return all rows of a stack of matrices as one matrix."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


_matmul = multilinear(np.matmul, _by_right, _by_left)
# A stack of matrices times one matrix, as in a layer that is applied to sequences: the gradient of the single matrix is
# one product of all rows, not a stack of products that is summed afterwards.
_matmul_one = multilinear(
    lambda x, y: np.matmul(x, y),
    lambda g, y: g @ operand(y).mT,
    lambda g, x: _product(_rows(operand(x)).mT, _rows(g)),
    forward=np.matmul,
    name="matmul",
)


# A factor that all elements of a batch of `vmap` share, such as the weights of a layer. While vmap runs, each element
# has a gradient of its own; once it has ended they are summed, and that is one product of all rows of the batch.


def _by_shared_right(g: Any, x: Any) -> Any:
    """Return the gradient of the right factor, a matrix that all elements share."""
    level = innermost(x)
    if level is None or level.active:
        return _rows(operand(x)).mT @ _rows(g) if np.ndim(x) > 2 else _by_left(g, x)
    return _rows(level.leave(x)).mT @ _rows(level.leave(g))


def _by_shared_left(g: Any, y: Any) -> Any:
    """Return the gradient of the left factor, a matrix that all elements share."""
    level = innermost(y)
    if level is None or level.active:
        return _by_right(g, y)
    y, g = level.leave(y), level.leave(g)
    return _rows(g).mT @ _rows(y) if y.ndim == 2 else _rows(g.mT).mT @ _rows(y.mT)


_matmul_shared_right: Any = multilinear(
    lambda x, y: np.matmul(x, y), lambda g, y: _by_right(g, y), _by_shared_right, forward=np.matmul, name="matmul"
)
_matmul_shared_left: Any = multilinear(
    lambda x, y: np.matmul(x, y), _by_shared_left, lambda g, x: _by_left(g, x), forward=np.matmul, name="matmul"
)


def _is_shared(x: Any, other: Any) -> bool:
    """Tell whether a matrix is a tensor that all elements of the batch of the other factor share."""
    if not isinstance(x, Tensor) or x._node is None or x.ndim != 2:
        return False
    level = innermost(other)
    return level is not None and level not in batches(x._array)


@composed(np.linalg.matmul, method=False)
@composed(np.matmul)
def matmul(x: TensorLike, y: TensorLike, /) -> Any:
    """Multiply matrices, vectors, and stacks of matrices that broadcast."""
    if Used.vmap:
        if _is_shared(y, x):
            return _matmul_shared_right(x, y)
        if _is_shared(x, y):
            return _matmul_shared_left(x, y)
    try:
        if getattr(y, "ndim", 0) == 2 and getattr(x, "ndim", 0) > 2:
            return _matmul_one(x, y)
        return _matmul(x, y)
    except (DtypeError, ShapeError):
        if not hasattr(y, "tocsr"):
            raise
    load("sparse products")  # which sees to the operator from now on
    return x @ y  # type: ignore[operator]  # of a tensor and a sparse matrix


for _shared in (_matmul_shared_right, _matmul_shared_left):
    _shared.operation.apply = matmul  # the tangent of a factor may be another for each element
matmul.operation = _matmul.operation  # type: ignore[attr-defined]  # it is declared, like its parts

# With complex numbers, these conjugate the first factor: the gradient of a conjugate is the conjugate of the gradient.

vecdot = multilinear(
    np.vecdot,
    lambda g, y: conj(g[..., None] * y),
    lambda g, x: g[..., None] * conj(operand(x)),
)

if hasattr(np, "matvec"):  # since NumPy 2.2
    multilinear(
        np.matvec,
        lambda g, y: g[..., None] * operand(y)[..., None, :],
        lambda g, x: (operand(x).mT @ g[..., None])[..., 0],
    )
    multilinear(
        np.vecmat,
        lambda g, y: conj((operand(y) @ g[..., None])[..., 0]),
        lambda g, x: conj(operand(x))[..., None] * g[..., None, :],
    )


@composed(np.linalg.vecdot, method=False)
def _vecdot_along(x: Any, y: Any, /, *, axis: int = -1) -> Any:
    """Multiply the vectors that lie along `axis`, conjugating those of `x`."""
    if isinstance(axis, bool):
        raise TypeError("an axis is an integer, not a bool")
    return vecdot(numpy.moveaxis(operand(x), axis, -1), numpy.moveaxis(operand(y), axis, -1))


@composed(np.vdot, method=False)
def vdot(a: TensorLike, b: TensorLike, /) -> Any:
    """Multiply two arrays as flattened vectors, conjugating the first one."""
    return conj(operand(a).reshape(-1)) @ operand(b).reshape(-1)


# Other products are matrix products of reshaped arrays.


@composed(np.tensordot, method=False)
def tensordot(a: TensorLike, b: TensorLike, axes: Axes = 2) -> Any:
    """Sum products over the last `axes` axes of `a` and the first ones of `b`, or over pairs of axes."""
    x, y = operand(a), operand(b)
    if isinstance(axes, tuple | list | np.ndarray):
        over_x, over_y = ([int(n)] if np.ndim(n) == 0 else list(n) for n in axes)
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


composed(np.linalg.tensordot, method=False)(lambda x, y, /, *, axes=2: tensordot(x, y, axes))


@composed(np.dot)
def dot(a: TensorLike, b: TensorLike, out: Out = None) -> Any:
    """Multiply numbers, vectors and matrices; with more axes, sum over the last of `a` and second-to-last of `b`."""
    refuse_out(out)
    x, y = operand(a), operand(b)
    if not x.ndim or not y.ndim:
        return x * y
    if y.ndim <= 2 or x.ndim == 1:
        return x @ y
    return tensordot(x, y, (-1, -2))


@composed(np.inner, method=False)
def inner(a: TensorLike, b: TensorLike, /) -> Any:
    """Sum products over the last axis of both."""
    x, y = operand(a), operand(b)
    if not x.ndim or not y.ndim:
        return x * y
    return x @ y if y.ndim == 1 else tensordot(x, y, (-1, -1))


@composed(np.outer, method=False)
def outer(a: TensorLike, b: TensorLike) -> Any:
    """Multiply every element of `a` with every one of `b`."""
    return operand(a).reshape(-1, 1) * operand(b).reshape(-1)


@composed(np.linalg.outer, method=False)
def _outer_of_vectors(x: Any, y: Any, /) -> Any:
    """Multiply every element of a vector with every one of another."""
    x, y = operand(x), operand(y)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"linalg.outer multiplies vectors, not arrays of {x.ndim} and {y.ndim} axes: see numpy.outer")
    return outer(x, y)


@composed(np.kron, method=False)
def kron(a: TensorLike, b: TensorLike) -> Any:
    """Return the Kronecker product: each element of `a` is replaced by its product with `b`."""
    x, y = operand(a), operand(b)
    ndim = max(x.ndim, y.ndim)
    x, y = x.reshape((1,) * (ndim - x.ndim) + x.shape), y.reshape((1,) * (ndim - y.ndim) + y.shape)
    apart = x.reshape([n for length in x.shape for n in (length, 1)])
    blocks = apart * y.reshape([n for length in y.shape for n in (1, length)])
    return blocks.reshape([n * m for n, m in zip(x.shape, y.shape, strict=True)])


# The cross product. NumPy before 2.5 also takes vectors in the plane, whose third component is 0.


def _in_space(v: Any) -> Any:
    """Give vectors in the plane a third component."""
    v = operand(v)
    return v if v.shape[-1] == 3 else np.concatenate([v, 0 * v[..., :1]], -1)


def _along_space(g: Any, x_shape: tuple[int, ...], y_shape: tuple[int, ...]) -> Any:
    """Return the gradient of a product as a vector; for two vectors in the plane it is the third component."""
    if x_shape[-1] == 3 or y_shape[-1] == 3:
        return g
    third = g[..., None]
    return np.concatenate([0 * third, 0 * third, third], -1)


_cross = multilinear(
    lambda x, y: np.cross(x, y),
    lambda g, y, x_shape, y_shape: np.cross(_in_space(y), _along_space(g, x_shape, y_shape))[..., : x_shape[-1]],
    lambda g, x, x_shape, y_shape: np.cross(_along_space(g, x_shape, y_shape), _in_space(x))[..., : y_shape[-1]],
    name="cross",
)


@composed(np.cross, method=False)
def cross(
    a: TensorLike, b: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Return the cross products of the vectors along one axis of `a` and one of `b`."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = numpy.moveaxis(operand(a), axisa, -1), numpy.moveaxis(operand(b), axisb, -1)
    product = _cross(x, y)
    return numpy.moveaxis(product, -1, axisc) if 3 in (x.shape[-1], y.shape[-1]) else product


@composed(np.linalg.cross, method=False)
def _cross_in_space(x: Any, y: Any, /, *, axis: int = -1) -> Any:
    """Return the cross products of the vectors along `axis` of both."""
    x, y = operand(x), operand(y)
    if not x.shape[axis] == y.shape[axis] == 3:
        raise ValueError(f"linalg.cross multiplies vectors of 3 components, not of {x.shape[axis]} and {y.shape[axis]}")
    return cross(x, y, axis=axis)
