"""Functions that make sparse matrices: SciPy's, or if there is a tensor among the elements, those of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from autograd import ShapeError, Tensor, UnsupportedError
from autograd.inside import TensorLike

from ..common import float_operand, is_plain
from .arrays import SparseArray

Shape = tuple[int, int]
# What SciPy takes in the place of a matrix: one, or its elements and where they stand.
Elements: TypeAlias = (
    "TensorLike | tuple[TensorLike, tuple[ArrayLike, ArrayLike]] | tuple[TensorLike, ArrayLike, ArrayLike]"
)


def _made(kind: Literal["csr_array", "csc_array", "coo_array"], arg1: Any, shape: Shape | None, **rest: Any) -> Any:
    """Return SciPy's array, or if its elements are a tensor, one of this package."""
    if isinstance(arg1, SparseArray):
        return arg1
    if not isinstance(arg1, tuple) and not is_plain(arg1):
        raise UnsupportedError(
            f"{kind} of a dense tensor would drop the derivatives of zeros: choose the elements, as in "
            f"{kind}((t[row, col], (row, col)), shape=t.shape)"
        )
    if not isinstance(arg1, tuple) or is_plain(arg1[0]):
        return getattr(sparse, kind)(arg1, shape=shape, **rest)
    data, *places = arg1
    if len(places) == 1:
        row, col = (np.asarray(part) for part in places[0])
    elif kind == "coo_array":
        raise TypeError("coo_array takes (data, (row, col))")
    else:
        inner, starts = (np.asarray(part) for part in places)
        outer = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        row, col = (outer, inner) if kind == "csr_array" else (inner, outer)
        if shape is None:
            sizes = (len(starts) - 1, int(inner.max(initial=-1)) + 1)
            shape = sizes if kind == "csr_array" else sizes[::-1]
    if shape is None:
        shape = (int(row.max(initial=-1)) + 1, int(col.max(initial=-1)) + 1)
    if rest.get("dtype") is not None:
        data = data.astype(rest["dtype"])
    return SparseArray(data, row, col, shape)


def csr_array(
    arg1: Elements, shape: Shape | None = None, dtype: np.dtype[Any] | None = None, copy: bool = False
) -> Any:
    """Return a sparse matrix by rows: SciPy's, or a `SparseArray` if its elements are a tensor.

    Parameters
    ----------
    arg1
        ``(data, (row, col))`` or ``(data, indices, indptr)``, of which `data` may be a tensor; anything else that
        `scipy.sparse.csr_array` takes.
    shape, dtype, copy
        As in SciPy.

    Raises
    ------
    UnsupportedError
        If `arg1` is a dense tensor.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> sparse.csr_array((tensor([1.0, 2.0]), [1, 0], [0, 1, 2])).toarray()
    Tensor([[0., 1.],
            [2., 0.]])
    """
    return _made("csr_array", arg1, shape, dtype=dtype, copy=copy)


def csc_array(
    arg1: Elements, shape: Shape | None = None, dtype: np.dtype[Any] | None = None, copy: bool = False
) -> Any:
    """Return a sparse matrix by columns, as `csr_array` does by rows.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> sparse.csc_array((tensor([1.0, 2.0]), [1, 1], [0, 1, 2])).toarray()
    Tensor([[0., 0.],
            [1., 2.]])
    """
    return _made("csc_array", arg1, shape, dtype=dtype, copy=copy)


def coo_array(
    arg1: Elements, shape: Shape | None = None, dtype: np.dtype[Any] | None = None, copy: bool = False
) -> Any:
    """Return a sparse matrix of elements with their rows and columns, as `csr_array` does.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> sparse.coo_array((tensor([1.0, 2.0]), ([0, 0], [1, 1]))).toarray()
    Tensor([[0., 3.]])
    """
    return _made("coo_array", arg1, shape, dtype=dtype, copy=copy)


def diags_array(
    diagonals: TensorLike | Sequence[TensorLike],
    *,
    offsets: int | Sequence[int] = 0,
    shape: Shape | None = None,
    format: str | None = None,
    dtype: np.dtype[Any] | None = None,
) -> Any:
    """Return a sparse matrix with these diagonals: SciPy's, or a `SparseArray` if there is a tensor among them.

    Parameters
    ----------
    diagonals
        One vector, or a sequence of them; one of a single element is repeated if there is a `shape`.
    offsets
        How far each is above the main diagonal.
    shape, format, dtype
        As in SciPy.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> sparse.diags_array([tensor([1.0, 2.0]), [9.0]], offsets=[0, 1]).toarray()
    Tensor([[1., 9.],
            [0., 2.]])
    """
    if is_plain(diagonals):
        return sparse.diags_array(diagonals, offsets=offsets, shape=shape, format=format, dtype=dtype)
    places = [int(offsets)] if isinstance(offsets, int | np.integer) else [int(k) for k in offsets]
    given: Any = diagonals
    vectors = [given] if isinstance(given, Tensor) and given.ndim == 1 and len(places) == 1 else list(given)
    parts = [np.atleast_1d(float_operand(vector)) for vector in vectors]
    if len(parts) != len(places):
        raise ShapeError(f"diags_array takes an offset for each diagonal, not {len(places)} for {len(parts)}")
    if shape is None:
        shape = (len(parts[0]) + abs(places[0]),) * 2
    data, row, col = [], [], []
    for part, k in zip(parts, places, strict=True):
        length = min(shape[0] + min(k, 0), shape[1] - max(k, 0))
        if len(part) not in (1, length) or length <= 0:
            raise ShapeError(
                f"diagonal {k} of a matrix of shape {shape} has {max(length, 0)} elements, not {len(part)}"
            )
        data.append(np.broadcast_to(part, (length,)))
        row.append(np.arange(length) + max(-k, 0))
        col.append(np.arange(length) + max(k, 0))
    found = SparseArray(np.concatenate(data), np.concatenate(row), np.concatenate(col), shape)
    return found if dtype is None else SparseArray._with(found.data.astype(dtype), found._pattern)
