"""Linear algebra of small matrices of value numbers, written out: products, equations, determinants, roots."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from ..loops.loop import Unsuitable
from ..types import Array
from .values import BOOL, Values

LARGEST = 8  # rows of matrices in equations


class Equations:
    """Linear algebra in one dtype.

    Attributes
    ----------
    checks
        What has to hold where NumPy would raise an error otherwise: no pivot is 0.
    """

    def __init__(self, values: Values, dtype: np.dtype[Any]) -> None:
        self.values, self.dtype = values, dtype
        self.checks: list[int] = []

    def _each(self, name: str, *operands: Any) -> Array:
        return self.values.each(name, self.dtype, *operands)

    def product(self, a: Array, b: Array) -> Array:
        """Return the products of matrices in stacks, each sum in order."""
        terms = (self._each("multiply", a[..., :, k, None], b[..., None, k, :]) for k in range(a.shape[-1]))
        return reduce(partial(self._each, "add"), terms)

    def solve(self, a: Array, b: Array) -> Array:
        """Return x such that a @ x is b, for matrices in stacks, or one vector."""
        if b.ndim == 1:
            return self.solve(a, b[:, None])[..., 0]
        return self._of_stacks(self._solve, a, b)

    def inv(self, a: Array) -> Array:
        """Return inverse matrices."""
        return self.solve(a, self.values.numbers(np.eye(a.shape[-1]), self.dtype))

    def det(self, a: Array) -> Array:
        """Return determinants."""
        return self._of_stacks(self._determinant, a)

    def slogdet(self, a: Array) -> tuple[Array, Array]:
        """Return the sign of determinants, and the logarithm of their size."""
        both = self._of_stacks(self._sign_and_logarithm, a)
        return both[..., 0], both[..., 1]

    def cholesky(self, a: Array, upper: bool = False) -> Array:
        """Return lower triangular roots of symmetric matrices, or upper ones."""
        root = self._of_stacks(self._cholesky, a.swapaxes(-1, -2) if upper else a)
        return root.swapaxes(-1, -2) if upper else root

    def _of_stacks(self, function: Callable[..., Array], *operands: Array) -> Array:
        n = operands[0].shape[-1]
        if n > LARGEST:
            raise Unsuitable(f"it has equations of {n} unknowns, more than {LARGEST}")
        stacks = np.broadcast_shapes(*(x.shape[:-2] for x in operands))
        operands = tuple(np.broadcast_to(x, (*stacks, *x.shape[-2:])) for x in operands)
        made = [function(*(x[i] for x in operands)) for i in np.ndindex(*stacks)]
        if not made:
            raise Unsuitable("it has equations of an empty stack")
        return np.stack(made).reshape((*stacks, *made[0].shape))

    def _eliminated(self, a: Array, b: Array) -> tuple[list[Array], Array]:
        """Return the rows of a and b beside each other, with zeros below the diagonal, and the sign of their order.

        The pivot is the largest element of its column, the first of equal ones. Rows change places without a jump.
        """
        n, each = len(a), self.values.each
        rows = list(np.concatenate([a, b], axis=-1))
        sign = self.values.numbers(1, self.dtype)
        for k in range(n):
            best, taken = self._each("absolute", rows[k][k]), rows[k]
            here: list[Array] = []  # whether the row is the largest so far
            for i in range(k + 1, n):
                size = self._each("absolute", rows[i][k])
                here.append(self._each(">", size, best))
                best = self._where(here[-1], size, best)
            moved: Any = None  # whether a row further below has been taken
            for i in reversed(range(k + 1, n)):
                larger = here[i - k - 1]
                last = larger if moved is None else each("and", BOOL, larger, each("not", BOOL, moved))
                moved = larger if moved is None else each("or", BOOL, moved, larger)
                taken, rows[i] = self._where(last, rows[i], taken), self._where(last, rows[k], rows[i])
            if moved is not None:
                sign = self._where(moved, self._each("negative", sign), sign)
            rows[k] = taken
            pivot = self._where(self._each("==", taken[k], self._number(0)), self._number(1), taken[k])
            for i in range(k + 1, n):
                factor = self._each("divide", rows[i][k], pivot)
                rest = self._each("subtract", rows[i][k + 1 :], self._each("multiply", factor, taken[k + 1 :]))
                rows[i] = np.concatenate([rows[i][: k + 1], rest])
        return rows, sign

    def _number(self, x: float) -> Array:
        return self.values.numbers(x, self.dtype)

    def _where(self, condition: Any, a: Any, b: Any) -> Array:
        return self.values.where(condition, np.asarray(a), np.asarray(b), self.dtype)

    def _solve(self, a: Array, b: Array) -> Array:
        n = len(a)
        rows, _ = self._eliminated(a, b)
        x = np.empty((n, b.shape[-1]), np.int64)
        for k in reversed(range(n)):
            self.checks.append(int(self._each("!=", rows[k][k], self._number(0))))
            total = rows[k][n:]
            for i in range(k + 1, n):
                total = self._each("subtract", total, self._each("multiply", rows[k][i], x[i]))
            x[k] = self._each("divide", total, rows[k][k])
        return x

    def _determinant(self, a: Array) -> Array:
        rows, found = self._eliminated(a, a[:, :0])
        for k, row in enumerate(rows):
            found = self._each("multiply", found, row[k])
        return found

    def _sign_and_logarithm(self, a: Array) -> Array:
        rows, sign = self._eliminated(a, a[:, :0])
        total = self._number(0)
        for k, row in enumerate(rows):
            sign = self._each("multiply", sign, self._each("sign", row[k]))
            total = self._each("add", total, self._each("log", self._each("absolute", row[k])))
        return np.stack([sign, total])

    def _cholesky(self, a: Array) -> Array:
        n = len(a)
        root = self.values.numbers(np.zeros((n, n)), self.dtype)
        for k in range(n):
            for i in range(k, n):
                total = a[i, k]
                for j in range(k):
                    total = self._each("subtract", total, self._each("multiply", root[i, j], root[k, j]))
                if i == k:
                    self.checks.append(int(self._each(">", total, self._number(0))))
                    root[k, k] = self._each("sqrt", total)
                else:
                    root[i, k] = self._each("divide", total, root[k, k])
        return root
