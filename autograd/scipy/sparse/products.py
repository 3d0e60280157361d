"""Products with sparse matrices: of elements that have derivatives, and of SciPy's matrices, which are constants."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy import sparse

from autograd import general, linear
from autograd.inside import unbroadcast

from ..common import stacked

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


def _times(data: Any, x: Any, pattern: Pattern) -> Any:
    return _columns_times(pattern.filled(data), x)


# With elements that have derivatives.
elements_times: Any = general(
    lambda data, x, pattern: stacked(_times, (data, x), (1, 2), pattern, native=1),
    lambda g, x, pattern, data_shape: unbroadcast(
        (g[..., pattern.row, :] * x[..., pattern.col, :]).sum(-1), data_shape
    ),
    lambda g, data, pattern, x_shape: unbroadcast(elements_times(data, g, pattern.transposed), x_shape),
    name="sparse_matmul",
)


def _constant_times(x: Any, a: Any) -> Any:
    return stacked(lambda x: _columns_times(a, x), (x,), (2,), native=0)


# With a matrix of SciPy, whose elements have no derivative.
constant_times: Any = linear(_constant_times, lambda g, a: constant_times(g, a.T), name="sparse_matmul")
