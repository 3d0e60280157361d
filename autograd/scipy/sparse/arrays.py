"""Sparse matrices whose elements may be differentiated: where they stand is fixed, their values are a tensor."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from scipy import sparse

from ...errors import ShapeError, UnsupportedError
from ...ops.index import scatter
from ...ops.shape import unbroadcast
from ...primitives.declare import general
from ...tensors.tensor import Tensor, unwrap
from ..common import float_operand, is_plain, stacked

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ...tensors.tensor import TensorLike

Shape = tuple[int, int]
# What SciPy takes in the place of a matrix: one, or its elements and where they stand.
Elements: TypeAlias = (
    "TensorLike | tuple[TensorLike, tuple[ArrayLike, ArrayLike]] | tuple[TensorLike, ArrayLike, ArrayLike]"
)


class Pattern:
    """Where the elements of a sparse matrix stand: the row and column of each; elements of one place are summed."""

    def __init__(self, row: Any, col: Any, shape: Shape) -> None:
        self.row, self.col, self.shape = row, col, shape

    @functools.cached_property
    def transposed(self) -> Pattern:
        """The pattern of the transposed matrix, whose elements stand in the same order."""
        return Pattern(self.col, self.row, self.shape[::-1])

    @functools.cached_property
    def _by_rows(self) -> tuple[Any, Any, Any]:
        order = np.lexsort((self.col, self.row))
        starts = np.concatenate([[0], np.cumsum(np.bincount(self.row, minlength=self.shape[0]))])
        return order, self.col[order], starts

    def filled(self, data: Any) -> Any:
        """Return SciPy's array with these elements."""
        order, columns, starts = self._by_rows
        return sparse.csr_array((data[order], columns, starts), shape=self.shape)


def _times(data: Any, x: Any, pattern: Pattern) -> Any:
    """Multiply a matrix by another one, or by a stack, whose columns all stand side by side."""
    a = pattern.filled(data)
    if x.ndim == 2:
        return a @ x
    columns = np.moveaxis(x, -2, 0)
    return np.moveaxis((a @ columns.reshape(len(columns), -1)).reshape(a.shape[:1] + columns.shape[1:]), 0, -2)


_matmul: Any = general(
    lambda data, x, pattern: stacked(_times, (data, x), (1, 2), pattern, native=1),
    lambda g, x, pattern, data_shape: unbroadcast(
        (g[..., pattern.row, :] * x[..., pattern.col, :]).sum(-1), data_shape
    ),
    lambda g, data, pattern, x_shape: unbroadcast(_matmul(data, g, pattern.transposed), x_shape),
    name="sparse_matmul",
)


class SparseArray:
    """A sparse matrix whose elements are a tensor: what `csr_array`, `csc_array` and `coo_array` make of one.

    It is multiplied by matrices and vectors (``@``), numbers (``*``, ``/``) and, element by element, dense matrices
    (`multiply`), and added to other sparse matrices.

    Parameters
    ----------
    data
        The elements, a vector.
    row, col
        Where they stand; the elements of one place are summed.
    shape
        The shape of the matrix.

    Attributes
    ----------
    data, row, col, shape
        The same.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> data = tensor([2.0, 3.0], requires_grad=True)
    >>> a = sparse.coo_array((data, ([0, 1], [1, 0])), shape=(2, 2))
    >>> (a @ np.array([1.0, 10.0])).sum().backward()
    >>> data.grad
    Tensor([10.,  1.])
    """

    __array_ufunc__ = None  # operators of arrays leave it to this class
    ndim = 2

    def __init__(self, data: TensorLike, row: ArrayLike, col: ArrayLike, shape: Shape) -> None:
        self.data: Any = float_operand(data)
        self.row, self.col, self.shape = np.asarray(row), np.asarray(col), (int(shape[0]), int(shape[1]))
        if self.data.ndim != 1 or self.row.shape != self.col.shape or self.data.shape != self.row.shape:
            raise ShapeError(
                f"a sparse matrix takes vectors of elements, rows and columns of one length, not shapes "
                f"{self.data.shape}, {self.row.shape} and {self.col.shape}"
            )
        for name, places, size in zip(("row", "column"), (self.row, self.col), self.shape, strict=True):
            if places.size and not 0 <= places.min() <= places.max() < size:
                raise ShapeError(f"a sparse matrix of shape {self.shape} has no {name} {int(places.max())}")
        self._pattern = Pattern(self.row, self.col, self.shape)

    @classmethod
    def _with(cls, data: Any, pattern: Pattern) -> SparseArray:
        made = object.__new__(cls)
        made.data, made._pattern = data, pattern
        made.row, made.col, made.shape = pattern.row, pattern.col, pattern.shape
        return made

    @property
    def nnz(self) -> int:
        """How many elements it has."""
        return len(self.row)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The data type of the elements."""
        dtype: np.dtype[Any] = self.data.dtype
        return dtype

    @property
    def T(self) -> SparseArray:  # noqa: N802 - NumPy's name
        """The transposed matrix."""
        return SparseArray._with(self.data, self._pattern.transposed)

    def transpose(self) -> SparseArray:
        """Return the transposed matrix."""
        return self.T

    def detach(self) -> Any:
        """Return the values, without derivatives, as SciPy's `csr_array`."""
        return self._pattern.filled(unwrap(self.data))

    def toarray(self) -> Tensor:
        """Return the matrix as a dense tensor."""
        return scatter(self.data, (self.row, self.col), self.shape)

    def diagonal(self) -> Tensor:
        """Return the main diagonal."""
        on = np.flatnonzero(self.row == self.col)
        return scatter(self.data[on], self.row[on], (min(self.shape),))

    def multiply(self, other: TensorLike) -> SparseArray:
        """Return the product of each element with that of a dense matrix, or of what broadcasts to its shape."""
        dense: Any = np.broadcast_to(float_operand(other), self.shape)
        return SparseArray._with(self.data * dense[self.row, self.col], self._pattern)

    def dot(self, other: TensorLike) -> Tensor:
        """Return the product with a dense vector or matrix, or a stack of matrices."""
        return self @ other

    def __matmul__(self, other: TensorLike) -> Tensor:
        if isinstance(other, SparseArray) or sparse.issparse(other):
            raise UnsupportedError(
                "the product of two sparse matrices has no derivative here: multiply one after the other, a @ (b @ x)"
            )
        x = float_operand(other)
        vector = x.ndim == 1
        if not x.ndim or x.shape[-1 if vector else -2] != self.shape[1]:
            raise ShapeError(
                f"a sparse matrix of shape {self.shape} cannot be multiplied by an array of shape {x.shape}"
            )
        product = _matmul(self.data, x[:, None] if vector else x, self._pattern)
        return product[..., 0] if vector else product

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        x = float_operand(other)
        return (self.T @ x) if x.ndim == 1 else (self.T @ x.mT).mT

    def __mul__(self, number: TensorLike) -> SparseArray:
        factor = float_operand(number)
        if factor.ndim:
            raise ShapeError("a sparse matrix is multiplied by numbers with *, by arrays with @ or multiply()")
        return SparseArray._with(self.data * factor, self._pattern)

    __rmul__ = __mul__

    def __truediv__(self, number: TensorLike) -> SparseArray:
        return self * (1 / float_operand(number))

    def __neg__(self) -> SparseArray:
        return SparseArray._with(-self.data, self._pattern)

    def __add__(self, other: Any) -> SparseArray:
        if not sparse.issparse(other) and not isinstance(other, SparseArray):
            return NotImplemented
        other = as_sparse(other)
        if other.shape != self.shape:
            raise ShapeError(f"sparse matrices of shapes {self.shape} and {other.shape} cannot be added")
        row, col = np.concatenate([self.row, other.row]), np.concatenate([self.col, other.col])
        return SparseArray._with(np.concatenate([self.data, other.data]), Pattern(row, col, self.shape))

    __radd__ = __add__

    def __sub__(self, other: Any) -> SparseArray:
        return self + -other

    def __rsub__(self, other: Any) -> SparseArray:
        return -self + other

    def __repr__(self) -> str:
        return f"<SparseArray of shape {self.shape} with {self.nnz} elements, {self.data!r}>"


def as_sparse(a: Any) -> SparseArray:
    """Return SciPy's sparse matrix as one of this class."""
    if isinstance(a, SparseArray):
        return a
    if not sparse.issparse(a):
        raise TypeError(f"one of the operands has to be a sparse matrix, not {type(a).__name__}")
    if len(a.shape) != 2:
        raise ShapeError(f"a sparse matrix has two axes here, not the shape {a.shape}")
    listed = a.tocoo()
    return SparseArray(listed.data, listed.row, listed.col, listed.shape)


def matmul(a: Any, b: Any) -> Tensor:
    """Multiply a sparse matrix by a dense one, in either order; ``a @ b`` does the same.

    Parameters
    ----------
    a, b
        One is a sparse matrix, of SciPy or a `SparseArray`, of shape (m, n); the other a vector, a matrix or a stack of
        matrices. Both have gradients: that of a `SparseArray` is the gradient of its elements.

    Raises
    ------
    TypeError
        If neither is sparse.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import sparse
    >>> a = sparse.csr_array(np.array([[0.0, 2.0], [3.0, 0.0]]))
    >>> grad(lambda x: sparse.matmul(a, x)[0])(np.array([1.0, 1.0]))
    array([0., 2.])
    """
    if isinstance(a, SparseArray) or isinstance(b, SparseArray) or not is_plain(a, b):
        if isinstance(a, SparseArray) or sparse.issparse(a):
            return as_sparse(a) @ b
        return as_sparse(b).__rmatmul__(a)
    if not sparse.issparse(a) and not sparse.issparse(b):
        raise TypeError(f"one of the operands has to be a sparse matrix, not {type(a).__name__} and {type(b).__name__}")
    return a @ b


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
