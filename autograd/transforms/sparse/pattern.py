"""Patterns: which entries of a Jacobian or a Hessian can differ from 0.

The function runs once, at the point given, on arrays that know which inputs each element depends on; see
`arrays.dependent`. For a Hessian, the function that runs is its gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from ...arrays.dependent import NUMBER, Dependent
from ...arrays.door import Array
from ...arrays.standin import StandIn
from ...errors import AutogradError, PatternError, check_argnums, check_callable
from ...graph.grad_mode import enable_grad
from ...primitives.patterns.functions import Sparsity
from ...primitives.patterns.level import PatternLevel
from ...source.source_info import defined
from ...tensors.tensor import Tensor, plain_array
from ..grad import choose, grad
from ..recording import Recording, track

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def sparsity(
    function: Function, argnums: Argnums = 0, *, order: int = 1, everywhere: bool = False, dense: bool = False
) -> Function:
    """Return a function that finds which entries of the Jacobian of `function` can differ from 0.

    The function runs once, on arrays that know which inputs each element depends on, through NumPy's functions as they
    are. In what NumPy does not compute, such as a function of SciPy's, everything depends on everything.

    Parameters
    ----------
    function
        Takes and returns arrays, or containers of them.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of patterns.
    order
        1 for the Jacobian; 2 for the Hessian of a function that returns a number.
    everywhere
        By default the pattern is that at the point given and near it, with all conditions as they are there. With
        True it is one for all points: what `numpy.where`, `maximum`, `clip`, `select` and sorts choose may then be any
        of the choices. A program that branches in Python by the inputs is refused, since the other branch is not seen.
    dense
        Whether to accept patterns so full that they are of no use: functions in which everything depends on everything
        are refused where they would fill more than 10,000,000 entries, and so are results that do.

    Returns
    -------
    callable
        Takes the arguments of `function`. For one input array and one output array it returns a
        ``scipy.sparse.csr_array`` of bools of shape ``(output.size, input.size)``; containers nest as in `jacobian`.

    Raises
    ------
    PatternError
        When called, if the function computes with what loses track of the inputs, or is dense.

    Notes
    -----
    Entries are never missing. There may be more than differ from 0: what cancels, as in ``x - x``, is not known.
    Zeros of constant arrays and sparse matrices drop out, zeros of what depends on inputs do not.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import sparsity
    >>> sparsity(lambda x: x[1:] * x[:-1])(np.ones(4)).astype(int).toarray()
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    >>> sparsity(lambda x: np.sum(x[1:] * x[:-1]), order=2)(np.ones(3)).astype(int).toarray()
    array([[0, 1, 0],
           [1, 0, 1],
           [0, 1, 0]])
    >>> sparsity(lambda x: np.maximum(x, 0.0), everywhere=True)(np.array([1.0, -1.0])).nnz
    2
    """
    check_callable("function", function)
    argnums = check_argnums(argnums, None)
    if order not in (1, 2):
        raise ValueError(f"order={order!r}: it is 1 for the Jacobian, or 2 for the Hessian")

    @wraps(function)
    def pattern(*args: Any, **kwargs: Any) -> Any:
        found = function if order == 1 else grad(function, argnums)
        of_chosen, primals = choose(found, argnums, args, kwargs)
        matrix, record = pattern_of(of_chosen, primals, everywhere, dense)
        if order == 2:
            matrix = symmetric(matrix)
        rows = [0, *accumulate([math.prod(shape) for shape, _ in record.output_types])]
        columns = [0, *accumulate([math.prod(node.shape) for node in record.input_nodes])]
        within = [record.rebuild_inputs(row) for row in blocks(matrix, rows, columns)]
        return record.rebuild_outputs([x[0] if isinstance(argnums, int) else x for x in within])

    return pattern


def pattern_of(function: Function, primals: tuple[Any, ...], everywhere: bool, dense: bool) -> tuple[Any, Recording]:
    """Return the pattern of all outputs with respect to all inputs, and the record of the run.

    Its rows are the elements of all outputs, one after another, its columns those of all inputs.
    """
    tensors, rebuild = track(primals)
    values = [_copied(x._array) for x in tensors]
    sizes = [x.size for x in values]
    level = Sparsity(sum(sizes), everywhere, dense)
    starts = [0, *accumulate(sizes)]
    numbers = [
        np.arange(first + 1, last + 1, dtype=NUMBER).reshape(x.shape)
        for (first, last), x in zip(pairwise(starts), values, strict=True)
    ]
    given = [Dependent(x, level, [term]) for x, term in zip(values, numbers, strict=True)]
    try:
        with enable_grad():
            record = Recording(function, *track(rebuild(given)))
    except Exception as error:
        ours = error.__cause__ if isinstance(error.__cause__, AutogradError) else level.refused
        if ours is None or type(error) is PatternError:
            raise
        raise PatternError(str(ours)) from error  # NumPy or SciPy raised theirs in place of ours
    rows = [_written_out(level, y, function) for y in record.outputs]
    if len(rows) == 1:
        return rows[0], record
    return csr_array(vstack([csr_array((0, sum(sizes)), dtype=bool), *rows], format="csr")), record


def _copied(array: Array) -> Array:
    """Return a copy of an argument."""
    if isinstance(array, StandIn):
        raise PatternError(
            "sparsity() looks at the values of its arguments, so it cannot be called within vmap, compile or another "
            "sparsity(): find the pattern before, at a point of the same kind"
        )
    return array.copy()


def _written_out(level: PatternLevel, y: Any, function: Function) -> Any:
    """Return the pattern of one output, or raise if it is dense."""
    y = plain_array(y._array if isinstance(y, Tensor) else y)
    if type(y) is not Dependent or y.dtype.kind not in "fc":
        return csr_array((y.size, level.sets.inputs), dtype=bool)
    size, inputs = y.size, level.sets.inputs
    most = np.inf if level.full else max(level.most, size * inputs // _DENSE)
    rows = level.sets.written_out(y.terms, size, most)
    if rows is None or rows.nnz > most:
        by = "".join([f"; {name} is dense, at {line}" for name, line in level.met.items()])
        raise PatternError(
            f"{defined(function)} is dense: more than {most:,} entries of its derivative ({size:,} x {inputs:,}) can "
            f"differ from 0, so that a sparse one is of no use{by}. dense=True accepts that"
        )
    return rows


def symmetric(matrix: csr_array) -> Any:
    """Return the entries of a Hessian: both of a pair can differ from 0, or none."""
    both = csr_array(matrix.multiply(matrix.T), dtype=bool)
    both.sort_indices()
    return both


def blocks(matrix: csr_array, rows: Sequence[int], columns: Sequence[int]) -> list[list[Any]]:
    """Return a matrix as blocks, which begin at these rows and columns; the last numbers are where it ends."""
    if len(rows) == len(columns) == 2:
        return [[matrix]]
    return [[matrix[top:bottom, left:right] for left, right in pairwise(columns)] for top, bottom in pairwise(rows)]


_DENSE = 20  # a matrix is dense if it has more than a twentieth of all entries
