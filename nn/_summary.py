"""Model summary: a table of the layers, with output shapes, parameters, memory and multiply-adds."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from inspect import signature
from threading import get_ident
from typing import Any

import numpy as np

from autograd import Tensor, enable_grad, saved_tensors_hooks, tree_leaves
from autograd.extend import TracedOperation, borrow, mark_written, trace_operations

from ._arguments import Array, TensorLike
from ._blocks import recordable
from .module import Module
from .random import redrawing


@dataclass
class SummaryRow:
    """One module of a model, not counting its submodules, so that columns add up.

    Attributes
    ----------
    path
        The path of the module, such as ``"encoder.0"``; empty for the model itself.
    kind
        The name of the class.
    output_shapes
        The shape of each array that the last call returned.
    calls
        The number of calls.
    parameters, trainable
        The number of elements of its parameters, and the number of these that require a gradient. A shared parameter
        counts for the first module.
    parameter_bytes
        The memory of its parameters, in bytes.
    kept_bytes
        The memory, in bytes, of the tensors that this module saves for `backward`, without parameters. An input that is
        a constant counts where a copy of it is saved.
    multiply_adds
        See `summary`.
    """

    path: str
    kind: str
    output_shapes: tuple[tuple[int, ...], ...] = ()
    calls: int = 0
    parameters: int = 0
    trainable: int = 0
    parameter_bytes: int = 0
    kept_bytes: int = 0
    multiply_adds: int = 0

    def add_parameter(self, parameter: Tensor) -> None:
        """Count a parameter."""
        self.parameters += parameter.size
        self.trainable += parameter.size if parameter.requires_grad else 0
        self.parameter_bytes += borrow(parameter).nbytes


@dataclass(frozen=True)
class Summary:
    """The rows of `summary`, and their sums; shown as a table by `str` and in notebooks."""

    rows: tuple[SummaryRow, ...]
    total_parameters: int = field(init=False)
    trainable_parameters: int = field(init=False)
    parameter_bytes: int = field(init=False)
    kept_bytes: int = field(init=False)
    multiply_adds: int = field(init=False)

    def __post_init__(self) -> None:
        for name, of_row in _TOTALS.items():
            object.__setattr__(self, name, sum(getattr(row, of_row) for row in self.rows))

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) if i > 1 else cell.ljust(width) for i, (cell, width) in enumerate(numbered))
            for numbered in (list(zip(row, widths, strict=True)) for row in cells)
        ]
        rule = "-" * len(lines[0])
        text = [lines[0], rule, *lines[1:-1], rule, lines[-1], self._frozen()]
        return "\n".join(line.rstrip() for line in text if line)

    def _repr_html_(self) -> str:
        import html  # here, because its import is slow

        head, *body = self._cells()
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell).replace(' ', '&nbsp;')}</td>" for cell in row) + "</tr>"
            for row in body
        )
        return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>{rows}</table>{self._frozen()}"

    def _frozen(self) -> str:
        frozen = self.total_parameters - self.trainable_parameters
        return f"{frozen:,} of the parameters are frozen" if frozen else ""

    def _cells(self) -> list[tuple[str, ...]]:
        head = ("layer", "output", "parameters", "bytes", "kept bytes", "multiply-adds")
        body = [
            (
                "  " * (row.path.count(".") + 1 if row.path else 0)
                + f"{row.path.rpartition('.')[2]} {row.kind}".strip()
                + (f" ×{row.calls}" if row.calls > 1 else ""),
                ", ".join(map(str, row.output_shapes)) or ("-" if row.calls else "not called"),
                *map(_number, (row.parameters, row.parameter_bytes, row.kept_bytes, row.multiply_adds)),
            )
            for row in self.rows
        ]
        totals = (self.total_parameters, self.parameter_bytes, self.kept_bytes, self.multiply_adds)
        return [head, *body, ("in all", "", *map(_number, totals))]


_TOTALS = {
    "total_parameters": "parameters", "trainable_parameters": "trainable", "parameter_bytes": "parameter_bytes",
    "kept_bytes": "kept_bytes", "multiply_adds": "multiply_adds",
}  # fmt: skip


def _number(n: int) -> str:
    return f"{n:,}" if n else ""


def summary(model: Module, *inputs: TensorLike | tuple[int, ...]) -> Summary:
    """Summarize a model: call it, and list its modules with output shapes, parameters, memory and multiply-adds.

    The model is called twice in its current mode: once as in a training step, to measure the saved tensors, and once
    with everything recorded, to count. Then its buffers, such as running means, and the random generator of `nn` are
    restored.

    Multiply-adds are counted for matrix products (also in `numpy.einsum`, attention and recurrent layers) and for
    convolutions, in functions that `forward` calls as well as in layers. Sums, elementwise functions, normalization,
    pooling and softmax are not counted: they cost little compared with products, and their cost is memory traffic.

    Parameters
    ----------
    model
        A module.
    *inputs
        The arguments of the call: arrays or tensors; or shapes, tuples of integers, for arrays drawn from a normal
        distribution in the dtype of the parameters.

    Returns
    -------
    Summary
        Its `rows`, and the sums ``total_parameters``, ``trainable_parameters``, ``parameter_bytes``, ``kept_bytes``
        and ``multiply_adds``.

    Examples
    --------
    >>> import nn
    >>> table = nn.summary(nn.MLP([784, 100, 10]), (32, 784))
    >>> print(table)
    layer       output     parameters    bytes  kept bytes  multiply-adds
    ---------------------------------------------------------------------
    MLP         (32, 10)
      0 Linear  (32, 100)      78,500  314,000     100,352      2,508,800
      1 ReLU    (32, 100)                           12,800
      2 Linear  (32, 10)        1,010    4,040                     32,000
    ---------------------------------------------------------------------
    in all                     79,510  318,040     113,152      2,540,800
    >>> table.rows[1].path, table.rows[1].multiply_adds
    ('0', 2508800)
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary() takes a module, not {type(model).__name__}")
    _check_inputs(model, inputs)
    rows = {id(module): SummaryRow(path, type(module).__name__) for path, module in model.named_modules()}
    counted: set[int] = set()
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in counted:
                counted.add(id(parameter))
                rows[id(module)].add_parameter(parameter)
    given = tuple(_drawn(model, x) if isinstance(x, tuple) and {*map(type, x)} <= {int} else x for x in inputs)
    try:
        with _unchanged(model), _Calls(model, rows) as calls, _keeping(model, given, calls):
            model(*given)
        with (
            _unchanged(model),
            recordable(model),
            enable_grad(),
            trace_operations() as traced,
            _Calls(model, rows, traced),
        ):
            model(*map(_live, given))
    except RecursionError as error:
        raise ValueError(
            f"summary() calls the model, and its modules inside each other, {model._depth()} deep, take more than the "
            f"{sys.getrecursionlimit()} calls in calls that Python allows: put them beside each other in one "
            f"Sequential, or raise sys.setrecursionlimit()"
        ) from error
    return Summary(tuple(rows.values()))


def _check_inputs(model: Module, inputs: tuple[Any, ...]) -> None:
    """Raise if the model cannot be called with this number of inputs."""
    try:
        signature(model.forward).bind(*inputs)
    except TypeError as error:
        raise TypeError(
            f"summary() calls the model with the inputs that it is given, or draws them in shapes, as in "
            f"nn.summary(model, (32, 784)), but {type(model).__name__}.forward() {error}"
        ) from None


def _drawn(model: Module, shape: tuple[int, ...]) -> Array:
    dtype = next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), np.dtype(np.float32))
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@contextlib.contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Restore buffers after the block, and let it draw from a copy of the random generator."""
    buffers = [
        (module, name, value, borrow(value), np.array(borrow(value)))
        for module in model.modules()
        for name in module._buffers
        if (value := getattr(module, name)) is not None
    ]
    try:
        with redrawing()():
            yield
    finally:
        for module, name, value, memory, numbers in buffers:
            setattr(module, name, value)
            if isinstance(value, Tensor) and borrow(value) is not memory:
                value.data = memory
            if isinstance(memory, np.ndarray) and memory.tobytes() != numbers.tobytes():
                np.copyto(memory, numbers)
                mark_written(memory)


class _Calls:
    """Record the calls of each module, or, given the list of traced operations, their multiply-adds.

    Only those of the thread that asks: others may call the model meanwhile.
    """

    def __init__(self, model: Module, rows: dict[int, SummaryRow], operations: list[TracedOperation] | None = None):
        self._model, self._rows, self._operations, self._counted = model, rows, operations, 0
        self._within = [model]  # the modules that are being called, innermost last
        self._hooks, self._thread = contextlib.ExitStack(), get_ident()

    @property
    def row(self) -> SummaryRow:
        """The row of the module that is being called."""
        return self._rows[id(self._within[-1])]

    def __enter__(self) -> _Calls:
        for module in self._model.modules():
            self._hooks.enter_context(module.register_forward_pre_hook(self._begin))
            self._hooks.enter_context(module.register_forward_hook(self._end))
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.close()

    def _begin(self, module: Module, args: Any) -> None:
        if get_ident() == self._thread:
            self._count()
            self._within.append(module)

    def _end(self, module: Module, args: Any, output: Any) -> None:
        if get_ident() != self._thread:
            return
        self._count()
        if self._operations is None:
            self.row.calls += 1
            self.row.output_shapes = tuple(part.shape for part in tree_leaves(output) if hasattr(part, "shape"))
        self._within.pop()

    def _count(self) -> None:
        """Count the operations traced since the last time for the module that is being called."""
        for operation in (self._operations or [])[self._counted :]:
            self._counted += 1
            self.row.multiply_adds += multiply_adds(operation)


def _keeping(model: Module, given: tuple[Any, ...], calls: _Calls) -> saved_tensors_hooks:
    """Count the memory of each saved tensor for the running module, the first time it is saved."""
    known = [*model.parameters(), *model.buffers(), *given]
    arrays = [borrow(x) for x in known]
    held = [_memory(array) for array in arrays if isinstance(array, np.ndarray)]
    seen = {id(array): array for array in held}  # holding the arrays, so that no new one reuses an id

    def keep(array: Array) -> Array:
        memory = _memory(array)
        if id(memory) not in seen:
            seen[id(memory)] = memory
            calls.row.kept_bytes += memory.nbytes
        return array

    return saved_tensors_hooks(keep, lambda array: array)


def _memory(array: Array) -> Array:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _live(x: Any) -> Any:
    array = borrow(x)
    return Tensor(array, requires_grad=True) if isinstance(array, np.ndarray) and array.dtype.kind == "f" else x


def _summed(parameter: str, axes: slice) -> Callable[[dict[str, Any], int], int]:
    """Return a count for operations whose result elements are sums over some axes of an argument."""
    return lambda arguments, size: size * int(math.prod(np.shape(arguments[parameter])[axes]))


def _einsum(arguments: dict[str, Any], size: int) -> int:
    lengths = dict(zip(arguments["in_x"], np.shape(arguments["x"]), strict=True))
    lengths |= dict(zip(arguments["in_y"], np.shape(arguments["y"]), strict=True))
    return math.prod(lengths.values())


def _of_each_input(arguments: dict[str, Any], size: int) -> int:
    """Count a transposed convolution: each element of the input is multiplied with all its weights."""
    weights: tuple[int, ...] = np.shape(arguments["weight"])
    return int(np.size(arguments["y"])) * math.prod(weights[1:])


def _attention(arguments: dict[str, Any], size: int) -> int:
    """Count the products of queries with keys, and of weights with values."""
    keys: int = np.shape(arguments["key"])[-2]
    return keys * (int(np.size(arguments["query"])) + size)


def _recurrent(arguments: dict[str, Any], size: int) -> int:
    """Count all weights for each step of each sequence: the last two matrices among the arguments. x has three axes."""
    _, x, *others = arguments.values()
    steps, batch, _ = np.shape(x)
    weights = [array for array in others if np.ndim(array) == 2][-2:]
    return int(steps * batch * sum(array.size for array in weights))


_COUNTS: dict[str, Callable[[dict[str, Any], int], int]] = {
    **dict.fromkeys(("matmul", "matvec", "vecmat", "vecdot"), _summed("x", slice(-1, None))),
    **dict.fromkeys(("linear", "convolution"), _summed("weight", slice(1, None))),
    "einsum": _einsum,
    "transposed_convolution": _of_each_input,
    "attention": _attention,
    **dict.fromkeys(("_GRU", "_LSTM", "_ReLURNN", "_TanhRNN"), _recurrent),
}


def multiply_adds(operation: TracedOperation) -> int:
    """Return the number of multiply-adds of an operation; 0 for operations that are not counted."""
    count = _COUNTS.get(operation.name)
    return 0 if count is None else count(operation.arguments, sum(out.size for out in operation.outputs))
