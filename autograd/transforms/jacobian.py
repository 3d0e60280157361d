"""Jacobians and Hessians as whole arrays.

A function is evaluated and recorded once. The rows of its Jacobian are then computed by walking back, or its columns by
walking forward, whichever are fewer: many of them in one walk, as a batch. Complex numbers take two rows or columns,
along 1 and i. Pytrees nest as in JAX: each array that the function returns is replaced by a tree like the arguments, in
which each array is replaced by a Jacobian of shape ``output.shape + input.shape``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from ..errors import check_argnums, check_callable
from ..later import load
from .blocks import Argnums, all_derivatives, cheaper, columns, columns_or_rows, rows
from .recording import Function

if TYPE_CHECKING:
    from .sparse.derivatives import SparseDerivative
    from .types import NumberFunction, SparseFormat


@overload
def jacobian(
    function: Function,
    argnums: Argnums = 0,
    mode: str | None = None,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: Literal[False] = False,
) -> Function: ...
@overload
def jacobian(
    function: Function,
    argnums: Argnums = 0,
    mode: str | None = None,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: Literal[True] | SparseFormat,
) -> SparseDerivative: ...
def jacobian(
    function: Function,
    argnums: Argnums = 0,
    mode: str | None = None,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: bool | SparseFormat = False,
) -> Function:
    """Return a function that computes the Jacobian of `function`: all its first derivatives.

    Parameters
    ----------
    function
        Takes and returns arrays, or containers of them.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of Jacobians.
    mode
        ``"reverse"`` computes a row for each element of the output, ``"forward"`` a column for each element of the
        input, as many at once as memory allows. By default forward if the inputs have fewer elements than the outputs,
        else reverse.
    has_aux
        Whether `function` returns a pair: its result, and anything else, which is returned beside the Jacobian.
    argnum
        The same as `argnums`, under the name that it has in HIPS autograd.
    sparse
        Return a `SparseDerivative`, which computes a sparse matrix: a `scipy.sparse.csr_array` of shape
        ``(output.size, input.size)`` in the place of each array. It finds which entries can differ from 0, and computes
        columns, or rows, that share no entry at once. Its `prepare` keeps that for many points. The name of another
        format of SciPy's, such as ``"csc"``, converts the matrices to that.

    Returns
    -------
    callable
        Takes the arguments of `function`. For one input array and one output array it returns an array of shape
        ``output.shape + input.shape`` and of the input's dtype, whose element ``[i, j]`` is the derivative of
        ``output[i]`` with respect to ``input[j]``; ``i`` and ``j`` may be several indices or none. Containers of
        inputs stand within containers of outputs: see the example.

    Raises
    ------
    ValueError
        If `mode` or `sparse` is none of these, or, when called, if `argnums` names an argument twice.
    IndexError
        When called, if there is no argument that `argnums` names.
    DerivativeError
        When called, if a complex output is not a holomorphic function of a complex input.

    Notes
    -----
    Of a real output with respect to a complex input ``x + iy`` it gives what `grad` gives, the derivative with respect
    to ``x`` and ``i`` times that with respect to ``y``. Of a complex output with respect to a complex input it gives
    the complex derivative. Complex numbers take two rows or columns each.

    Where hooks see gradients of `function`, and where a derivative rule of yours takes no batch, rows are computed one
    after another.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import jacobian
    >>> jacobian(lambda x: x**2 + x[0])(np.array([1.0, 2.0]))
    array([[3., 0.],
           [1., 4.]])
    >>> jacobian(lambda x, y: {"sum": x + y, "product": x * y}, argnums=(0, 1))(3.0, 4.0)
    {'sum': (np.float64(1.0), np.float64(1.0)), 'product': (np.float64(4.0), np.float64(3.0))}
    >>> jacobian(lambda x: x[1:] * x[:-1], sparse=True)(np.arange(1.0, 5.0)).toarray()
    array([[2., 1., 0., 0.],
           [0., 3., 2., 0.],
           [0., 0., 4., 3.]])
    """
    check_callable("function", function)
    argnums = check_argnums(argnums, argnum)
    if mode is not None and not (isinstance(mode, str) and mode in ("forward", "reverse")):
        raise ValueError(f"mode={mode!r}: it is 'forward', 'reverse', or None for the cheaper of the two")

    if sparse is not False:
        return _sparse(function, argnums, mode, 1, has_aux, sparse)
    blocks = {"forward": columns, "reverse": rows, None: cheaper}[mode]
    return all_derivatives(function, argnums, blocks, has_aux)


@overload
def hessian(
    function: NumberFunction,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: Literal[False] = False,
) -> Function: ...
@overload
def hessian(
    function: NumberFunction,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: Literal[True] | SparseFormat,
) -> SparseDerivative: ...
def hessian(
    function: NumberFunction,
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    argnum: int | Sequence[int] | None = None,
    sparse: bool | SparseFormat = False,
) -> Function:
    """Return a function that computes the Hessian of `function`: all its second derivatives.

    The gradient is computed in reverse mode and then differentiated in forward mode, along many elements at once.
    For the product of a Hessian and a vector use `hvp`, which costs no more than a few gradients.

    Parameters
    ----------
    function
        Takes arrays, or containers of them, and returns a number, or else arrays or containers of them.
    argnums
        Which positional argument to differentiate with respect to; a tuple gives a tuple of tuples.
    has_aux, sparse
        As of `jacobian`. Sparse matrices have the shape ``(input.size, input.size)``, and the function returns one
        number.

    Returns
    -------
    callable
        Takes the arguments of `function` and returns an array of shape ``output.shape + input.shape + input.shape``;
        containers nest as in `jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    >>> hessian(lambda p: p["a"] * p["b"] ** 2)({"a": 2.0, "b": 3.0})
    {'a': {'a': np.float64(0.0), 'b': np.float64(6.0)}, 'b': {'a': np.float64(6.0), 'b': np.float64(4.0)}}
    """
    argnums = check_argnums(argnums, argnum)
    if sparse is not False:
        return _sparse(function, argnums, None, 2, has_aux, sparse)
    return all_derivatives(jacobian(function, argnums, has_aux=has_aux), argnums, columns_or_rows, has_aux)


def _sparse(
    function: Function, argnums: Argnums, mode: str | None, order: int, has_aux: bool, sparse: object
) -> SparseDerivative:
    names = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    if sparse is not True and not (isinstance(sparse, str) and sparse in names):
        raise ValueError(f"sparse={sparse!r}: it is True, False, or one of {', '.join(map(repr, names))}")
    kept = "csr" if sparse is True else sparse
    derivative: SparseDerivative = load("sparse derivatives").SparseDerivative(
        function, argnums, mode, order, has_aux, kept
    )
    return derivative
