"""Jacobians and Hessians as whole arrays.

A function is evaluated and recorded once. The rows of its Jacobian are then computed by walking back, or its columns by
walking forward, whichever are fewer: many of them in one walk, as a batch. Complex numbers take two rows or columns,
along 1 and i. Pytrees nest as in JAX: each array that the function returns is replaced by a tree like the arguments, in
which each array is replaced by a Jacobian of shape ``output.shape + input.shape``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from ..arrays.door import everywhere
from ..errors import DerivativeError, check_argnums, check_callable
from ..graph.grad_mode import enable_grad
from ..graph.node import Node, ancestors, leading_to
from ..later import load
from ..tensors.tensor import Tensor, conjugated, seen_at, unwrap
from .conventions import follows_hips
from .grad import aux_of, choose, without_aux
from .recording import Recording, track
from .units import along_units

if TYPE_CHECKING:
    from ..tensors.types import ArrayOrTensor
    from .sparse.derivatives import SparseDerivative
    from .types import NumberFunction, SparseFormat

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]
Shape = tuple[int, ...]
Dtype = np.dtype[Any]


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
    blocks = {"forward": _columns, "reverse": _rows, None: _cheaper}[mode]
    return _all_derivatives(function, argnums, blocks, has_aux)


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
    return _all_derivatives(jacobian(function, argnums, has_aux=has_aux), argnums, _columns_or_rows, has_aux)


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


def _all_derivatives(
    function: Function, argnums: Argnums, blocks: Callable[[Recording], list[list[Any]]], has_aux: bool
) -> Function:
    @wraps(function)
    def all_derivatives(*args: Any, **kwargs: Any) -> Any:
        aux: list[Any] = []
        of_chosen, primals = choose(without_aux(function, aux) if has_aux else function, argnums, args, kwargs)
        with enable_grad():  # what depends on somebody else's tensor stays recorded, as in `grad`
            record = Recording(of_chosen, *track(primals))
            found = blocks(record)
        within = [record.rebuild_inputs(row) for row in found]
        matrices = record.rebuild_outputs([x[0] if isinstance(argnums, int) else x for x in within])
        return (matrices, aux_of(aux, record)) if has_aux else matrices

    return all_derivatives


def _cheaper(record: Recording) -> list[list[Any]]:
    return _columns_or_rows(record) if _takes_fewer_forward(record) else _rows(record)


def _columns_or_rows(record: Recording) -> list[list[Any]]:
    """Return columns, or rows if there is an operation of a user's without a forward rule, which rows do without."""
    try:
        return _columns(record)
    except DerivativeError:
        return _rows(record)


def _takes_fewer_forward(record: Recording) -> bool:
    """Tell whether the inputs have fewer elements than the outputs."""
    inputs: int = sum([math.prod(node.shape) for node in record.input_nodes])
    return inputs < sum([math.prod(shape) for shape, _ in record.output_types])


def _rows(record: Recording) -> list[list[Any]]:
    """Return the Jacobian of each output with respect to each input, walking back from each element."""
    outputs = zip(record.output_nodes, record.output_types, strict=True)
    return [_rows_of(record, node, shape, dtype) for node, (shape, dtype) in outputs]


def _rows_of(record: Recording, node: Node | None, shape: Shape, dtype: Dtype) -> list[Any]:
    is_complex = dtype.kind == "c"
    along_1 = _pulled(record, node, shape, dtype, 1)
    along_i = _pulled(record, node, shape, dtype, -1j) if is_complex else None  # the conjugate, as walks take it
    row = []
    for i, x in enumerate(record.input_nodes):
        block = _block(along_1[i], shape, x)
        if along_i is not None:
            other = _block(along_i[i], shape, x)
            block = np.conjugate(holomorphic(block, other)) if x.dtype.kind == "c" else block + 1j * other
        row.append(conformed(block, is_complex, x.dtype))
    return row


def _pulled(record: Recording, node: Node | None, shape: Shape, dtype: Dtype, value: complex) -> list[Any]:
    """Return what each element of one output gives each input, with `value` for its cotangent; None for zeros."""
    inputs = record.input_nodes
    if node is None:
        return [None] * len(inputs)
    order = leading_to(inputs, ancestors([node])) if len(record.outputs) > 1 else None

    def walk(seed: Any) -> list[Any]:
        found = record.pull_back({node: seed}, order)
        return [seen_at(x, found[x]) if x in found else np.zeros(x.shape, x.dtype) for x in inputs]

    return along_units(record, walk, shape, dtype, value) or [None] * len(inputs)


def _columns(record: Recording) -> list[list[Any]]:
    """Return what `_rows` does, walking forward from each element of each input."""
    columns = [_columns_of(record, x) for x in record.input_nodes]
    return [[column[i] for column in columns] for i in range(len(record.outputs))]


def _columns_of(record: Recording, x: Node) -> list[Any]:
    def walk(seed: Any) -> list[Any]:
        return record.push_forward({x: seed})

    nothing = [None] * len(record.outputs)
    along_1 = along_units(record, walk, x.shape, x.dtype, 1) or nothing
    along_i = along_units(record, walk, x.shape, x.dtype, 1j) or nothing if x.dtype.kind == "c" else nothing
    column = []
    for i, (shape, dtype) in enumerate(record.output_types):
        is_complex = dtype.kind == "c"
        block = _block(along_1[i], shape, x, -1)
        if x.dtype.kind == "c":
            other = _block(along_i[i], shape, x, -1)
            block = holomorphic(block, other) if is_complex else block + 1j * other
        column.append(conformed(block, is_complex, x.dtype))
    return column


def _block(parts: Any, shape: Shape, x: Node, axis: int = 0) -> Any:
    """Return rows, or columns, which lie along the first axis of `parts`, as one Jacobian of an output and an input."""
    if parts is None:
        return np.zeros(shape + x.shape, x.dtype)
    return (np.moveaxis(parts, 0, axis) if axis else parts).reshape(shape + x.shape)


def holomorphic(along_1: ArrayOrTensor, along_i: ArrayOrTensor) -> Any:
    """Return the derivative in the direction 1, or raise unless that in the direction i is i times as much."""
    here, there = unwrap(along_1) * 1j, unwrap(along_i)
    if not everywhere(np.isclose(here, there, 1e-3, 1e-4 * np.max(np.abs(here), initial=0), True)):
        raise DerivativeError(
            f"a complex function of complex numbers that is not holomorphic has no Jacobian (shape {here.shape}): "
            f"differentiate its real and its imaginary part, or with respect to them"
        )
    return along_1


def conformed(block: Any, is_complex: bool, dtype: Dtype) -> Any:
    """Give a Jacobian the dtype of its input, complex where the output is."""
    dtype = np.result_type(dtype, np.complex64) if is_complex else dtype
    if follows_hips() and not is_complex:
        block = conjugated(block)
    block = block if block.dtype == dtype else block.astype(dtype)
    return block if isinstance(block, Tensor) else block[()]
