"""Jacobians and Hessians for SciPy's solvers: sparse ones where these pay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import DerivativeError, hessian, no_grad, sparsity
from autograd.extend import levels

LEAST = 100  # unknowns; a dense matrix of fewer is computed and factored as quickly
MOST = 0.1  # of a matrix are entries; one with more is treated as a dense one


def sparse_slopes(transform: Any, function: Any, sparse: bool | None, *point: Any) -> tuple[Any, str]:
    """Return a function that computes a sparse Jacobian or Hessian, or None where a dense one is better.

    Parameters
    ----------
    transform
        `jacobian` or `hessian`.
    function
        Of the arguments of `point`, with respect to the first of which it is differentiated.
    sparse
        True for a sparse one, False for a dense one, None for what pays.
    *point
        Where the pattern is looked for. At another point it may have more entries: then it is looked for anew.

    Returns
    -------
    function, str
        Words that say which way was taken, for the result of a solver.
    """
    size = math.prod(np.shape(point[0]))
    if sparse is False or levels() or (sparse is None and size < LEAST):
        return None, "dense"
    try:
        with no_grad():
            if sparse is None:  # before it is colored, which of a dense one takes long, and is warned of
                pattern = sparsity(function, order=2 if transform is hessian else 1)(*point)
                full = pattern.nnz / max(math.prod(pattern.shape), 1)
                if full > MOST:
                    return None, f"dense: {full:.0%} of its elements are entries"
            prepare = transform(function, sparse=True).prepare
            found = prepare(*point)
    except Exception as error:  # a fault of the function itself shows up in the dense way too
        if sparse:
            raise
        return None, f"dense, since the pattern could not be found: {error}"
    return _Renewed(prepare, found), repr(found).strip("<>")


class _Renewed:
    """A sparse Jacobian that is prepared anew where its pattern turns out to be too small."""

    def __init__(self, prepare: Any, prepared: Any) -> None:
        self._prepare, self.prepared = prepare, prepared

    def __call__(self, *point: Any) -> Any:
        with no_grad():
            try:
                return self.prepared(*point)
            except DerivativeError:
                self.prepared = self._prepare(*point)
                return self.prepared(*point)
