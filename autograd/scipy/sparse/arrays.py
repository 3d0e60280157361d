"""Sparse matrices whose elements may be differentiated: where they stand is fixed, their values are a tensor."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from autograd import ShapeError, Tensor, UnsupportedError, general, linear
from autograd.inside import TensorLike, scatter, unbroadcast, unwrap

from ..common import float_operand, is_plain, stacked

Shape = tuple[int, int]


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


def _columns_times(a: Any, x: Any) -> Any:
    """Multiply a sparse matrix by another one, or by a stack, whose columns all stand side by side."""
    if x.ndim == 2:
        return a @ x
    columns = np.moveaxis(x, -2, 0)
    return np.moveaxis((a @ columns.reshape(len(columns), -1)).reshape(a.shape[:1] + columns.shape[1:]), 0, -2)


# With elements that have derivatives.
_elements_times: Any = general(
    lambda data, x, pattern: stacked(
        lambda data, x: _columns_times(pattern.filled(data), x), (data, x), (1, 2), native=1
    ),
    lambda g, x, pattern, data_shape: unbroadcast(
        (g[..., pattern.row, :] * x[..., pattern.col, :]).sum(-1), data_shape
    ),
    lambda g, data, pattern, x_shape: unbroadcast(_elements_times(data, g, pattern.transposed), x_shape),
    name="sparse_matmul",
)


# With a matrix of SciPy, whose elements have no derivative.
_constant_times: Any = linear(
    lambda x, a: stacked(lambda x: _columns_times(a, x), (x,), (2,), native=0),
    lambda g, a: _constant_times(g, a.T),
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
        return self.data.dtype

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
        x, vector = _columns(self.shape, other)
        product = _elements_times(self.data, x, self._pattern)
        return product[..., 0] if vector else product

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return _from_left(self, other)

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


def _columns(shape: Shape, other: TensorLike) -> tuple[Any, bool]:
    """Return the other factor as a matrix or a stack of them, and whether it is a vector."""
    x = float_operand(other)
    vector = x.ndim == 1
    if not x.ndim or x.shape[-1 if vector else -2] != shape[1]:
        raise ShapeError(f"a sparse matrix of shape {shape} cannot be multiplied by an array of shape {x.shape}")
    return x[:, None] if vector else x, vector


def _from_left(a: Any, other: TensorLike) -> Any:
    x = float_operand(other)
    return matmul(a.T, x) if x.ndim == 1 else matmul(a.T, x.mT).mT


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
    if isinstance(a, SparseArray):
        return a @ b
    if isinstance(b, SparseArray):
        return _from_left(b, a)
    if not sparse.issparse(a) and not sparse.issparse(b):
        raise TypeError(f"one of the operands has to be a sparse matrix, not {type(a).__name__} and {type(b).__name__}")
    if is_plain(a, b):
        return a @ b
    if not sparse.issparse(a):
        return _from_left(b, a)
    x, vector = _columns(a.shape, b)
    product: Any = _constant_times(x, a.copy())  # what is written to it later does not matter
    return product[..., 0] if vector else product
