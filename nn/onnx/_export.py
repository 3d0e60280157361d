"""ONNX export: trace a model with two inputs, and translate the recorded operations."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd import UnsupportedError
from autograd.extend import TracedCall, TracedOperation, borrow, replacing, trace_calls

from .._arguments import TensorLike
from .._blocks import modes_kept, recordable
from ..module import Module
from ._arrays import ARRAYS
from ._calls import CALLS, as_operation
from ._graph import Axis, Graph, Step, arrays_of, library
from ._layers import LAYERS

Array = np.ndarray[Any, Any]
OPSET, IR = 20, 9  # of 2023, which onnxruntime has read since 1.17
VARIATIONS = 4  # of the inputs: a data-dependent choice between two branches goes unnoticed in 1 of 16 cases
_TABLE = {**ARRAYS, **LAYERS}


def export(
    model: Module,
    args: TensorLike | tuple[TensorLike, ...],
    path: str | os.PathLike[str],
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    dynamic_axes: Mapping[str, Mapping[int, str]] | None = None,
) -> None:
    """Export a model in evaluation mode to a file in the ONNX format, for onnxruntime and other runtimes.

    Prefer single precision, which runtimes are made for: onnxruntime has no convolution in double precision.

    The model is traced with `args`, and a few times with other values of the same kind, and the recorded operations and
    calls of NumPy, such as comparisons, are written to the file. Values that are the same each time become constants of
    the file. Python's questions about values, such as ``if x.sum() > 0``, and a value that differs without such a call
    are errors: nothing that depends on the inputs becomes a constant. It needs ``pip install onnx``.

    Parameters
    ----------
    model
        A module. Its buffers and its mode are unchanged afterwards.
    args
        The arguments of the call: an array or tensor, or a tuple of them. Arrays that the model takes elements of, at
        indices that depend on them, have to be attributes of its modules.
    path
        The file, in a folder that exists.
    input_names, output_names
        The names of inputs and outputs in the file; by default the parameters of ``model.forward``, and ``output``, or
        ``output_0``, ... for several, or the keys of a dict.
    dynamic_axes
        The axes of each input, by its name, that may have any length, with a name for that length:
        ``{"x": {0: "batch"}}``. Lengths computed from them are computed in the file too. Other axes keep their length
        in `args`.

    Raises
    ------
    UnsupportedError
        If the model uses a function without a translation to ONNX, or a value depends on the inputs other than through
        functions of NumPy and operations. The message names the function and the line.
    ValueError
        If names do not fit the inputs and outputs.

    References
    ----------
    The operators are those of https://onnx.ai/onnx/operators, version 20.

    Examples
    --------
    >>> import tempfile, nn
    >>> import numpy as np
    >>> model = nn.MLP([4, 3, 2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/model.onnx"
    ...     nn.onnx.export(model, np.zeros((1, 4), np.float32), path, dynamic_axes={"x": {0: "batch"}})
    ...     import onnx
    ...     [node.op_type for node in onnx.load(path).graph.node]
    ['Gemm', 'Relu', 'Gemm', 'Identity']
    """
    if not isinstance(model, Module):
        raise TypeError(f"export() takes a module, not {type(model).__name__}")
    library()
    given = tuple(_array(x) for x in (args if isinstance(args, tuple) else (args,)))
    names = list(input_names) if input_names is not None else _parameters_of(model, len(given))
    if len(names) != len(given) or len(set(names)) != len(names):
        raise ValueError(f"{len(given)} inputs need as many different names, not {names}")
    dynamic = _checked_axes(names, given, dynamic_axes or {})
    first = _trace(model, given)
    files = [
        _file(model, names, output_names, (first, _trace(model, others)), dynamic)
        for others in (_varied(names, given, dynamic, seed) for seed in range(VARIATIONS))
    ]
    if any(file != files[0] for file in files):
        raise UnsupportedError(
            f"{type(model).__name__} computes something else for other inputs, and how was not seen: it may decide by "
            f"their values, such as with Python's if or argmax, or draw random numbers"
        )
    with replacing(path) as partial:
        partial.write_bytes(files[0])


def _array(x: Any) -> Array:
    array = np.array(borrow(x), order="C")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"the inputs of a model are arrays of numbers, not {type(x).__name__} (dtype {array.dtype})")
    return array


def _parameters_of(model: Module, count: int) -> list[str]:
    """Return the names of the first `count` positional parameters of `forward`."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(model.forward).parameters.values()
    names = [p.name for p in parameters if p.kind in kinds][:count]
    return names + [f"input_{i}" for i in range(len(names), count)]


def _checked_axes(names: list[str], given: tuple[Array, ...], dynamic: Any) -> list[tuple[str, str, int, int]]:
    """Return, for each dynamic axis, its name, its input, its index and its length in `args`."""
    found: list[tuple[str, str, int, int]] = []
    lengths: dict[str, int] = {}
    for name, axes in dynamic.items():
        if name not in names:
            raise ValueError(f"dynamic_axes names {name!r}, but the inputs are {', '.join(names)}")
        shape = given[names.index(name)].shape
        for axis, symbol in axes.items():
            if not 0 <= axis < len(shape) or not shape[axis]:
                raise ValueError(f"dynamic_axes[{name!r}] has axis {axis}, but that of args has the shape {shape}")
            if lengths.setdefault(symbol, shape[axis]) != shape[axis]:
                raise ValueError(f"the axes {symbol!r} have the lengths {lengths[symbol]} and {shape[axis]} in args")
            found.append((symbol, name, axis, shape[axis]))
    return found


def _varied(
    names: list[str], given: tuple[Array, ...], dynamic: list[tuple[str, str, int, int]], seed: int
) -> tuple[Array, ...]:
    """Return other inputs of the same kind, longer along dynamic axes by a different number for each name."""
    symbols = list(dict.fromkeys(symbol for symbol, *_ in dynamic))
    others = []
    for name, x in zip(names, given, strict=True):
        for symbol, owner, axis, length in dynamic:
            if owner == name:
                more = 3 + 2 * (symbols.index(symbol) + seed * len(symbols))
                x = np.take(x, np.arange(length + more) % length, axis)
        others.append(_other_values(x, name, seed))
    return tuple(others)


def _other_values(x: Array, name: str, seed: int) -> Array:
    """Return the same values in another order; floats are also scaled, and in some variations negated."""
    rng = np.random.default_rng(seed)
    if x.size and (x == x.flat[0]).all():  # no other order exists
        if x.dtype.kind == "f":
            return np.asarray(rng.standard_normal(x.shape), x.dtype)
        if not x.any():
            raise ValueError(
                f"the input {name!r} holds zeros alone: give values that differ, so that what depends on them is seen"
            )
        return np.zeros_like(x)
    values = rng.permutation(x.reshape(-1))
    if x.dtype.kind == "f":
        values = values * rng.uniform(0.5, 1.5, values.shape).astype(x.dtype)
        if (values < 0).any() and (values > 0).any() and seed % 2 == 0:
            values = -values
    return values.reshape(x.shape)


class _Run(NamedTuple):
    """One call of a model."""

    operations: list[TracedOperation]
    inputs: tuple[Array, ...]
    outputs: dict[str, Array]


def _trace(model: Module, inputs: tuple[Array, ...]) -> _Run:
    """Call the model in evaluation mode, and record everything."""
    with modes_kept(model), recordable(model), np.errstate(all="ignore"), trace_calls() as calls:
        model.eval()
        tensors = [calls.input(x) for x in inputs]
        given = tuple(calls.array(borrow(x)) for x in tensors)
        with _shown(model, calls.constant), calls.shown(model.parameters()):
            output = model(*tensors)
        outputs = {name: calls.array(x) for name, x in _flat(output)}
    return _Run(_needed(calls.operations, outputs), given, outputs)


@contextmanager
def _shown(model: Module, show: Callable[[Array], Any]) -> Iterator[None]:
    """Let the modules have other arrays as buffers and attributes: an ndarray itself would not note its indices."""
    arrays = [(vars(m), name, x) for m in model.modules() for name, x in vars(m).items() if type(x) is np.ndarray]
    for attributes, name, x in arrays:
        attributes[name] = show(x)
    try:
        yield
    finally:
        for attributes, name, x in arrays:
            attributes[name] = x


def _needed(operations: list[TracedOperation], outputs: dict[str, Array]) -> list[TracedOperation]:
    """Return the operations that the outputs depend on: of the operation and the calls that give a value, the last."""
    arrays, needed = {id(array) for array in outputs.values()}, []
    for operation in reversed(operations):
        made = {id(result) for result in operation.outputs}
        if arrays & made:
            operation = as_operation(operation) if isinstance(operation, TracedCall) else operation
            arrays = (arrays - made) | {id(value) for value in arrays_of(operation) if isinstance(value, np.ndarray)}
            needed.append(operation)
    return needed[::-1]


def _flat(output: Any, name: str = "output") -> Iterator[tuple[str, Array]]:
    """Yield the name and value of each array that a model returned."""
    if isinstance(output, dict):
        for key, part in output.items():
            yield from _flat(part, str(key))
    elif isinstance(output, tuple | list):
        for i, part in enumerate(output):
            yield from _flat(part, f"{name}_{i}")
    elif output is not None:
        yield name, borrow(output)  # an array whose uses are noted, or one of the user's


def _file(
    model: Module,
    names: list[str],
    output_names: Sequence[str] | None,
    runs: tuple[_Run, _Run],
    dynamic: list[tuple[str, str, int, int]],
) -> bytes:
    """Return the content of the file, built from two traces."""
    inputs = list(zip(names, runs[0].inputs, runs[1].inputs, strict=True))
    lengths = {(name, axis): other.shape[axis] for name, _, other in inputs for axis in range(other.ndim)}
    axes = [Axis(symbol, name, axis, (length, lengths[name, axis])) for symbol, name, axis, length in dynamic]
    graph = _written(model, names, runs, axes)
    results = _results(graph, runs, output_names)
    described = [_described(graph, name, pair) for name, *pair in inputs]
    content: bytes = _checked(model, graph, described, results).SerializeToString()
    return content


def _written(model: Module, names: list[str], runs: tuple[_Run, _Run], axes: list[Axis]) -> Graph:
    """Return the graph of all operations that depend on the inputs."""
    paths = {id(borrow(p)): path for path, p in model.named_parameters()}
    graph = Graph(axes, paths)
    for name, array, varied in zip(names, *(run.inputs for run in runs), strict=True):
        graph.know((array, varied), graph.unique(name))
    one, other = (run.operations for run in runs)
    for pair in zip(one, other, strict=False):
        step = Step(graph, pair)
        if pair[0].name != pair[1].name:
            raise step.dependence(f"whether it or '{pair[1].name}' is computed")
        is_call = isinstance(pair[0], TracedCall)
        if not step.depends() or (is_call and not step.follows()):
            continue
        emit = (CALLS if is_call else _TABLE).get(pair[0].name)
        if emit is None:
            if pair[0].name.startswith("a write"):
                raise step.refuse(
                    "choose with numpy.where(mask, value, x), or concatenate, instead of writing in place"
                )
            raise step.refuse(f"there is a form in ONNX here for {', '.join(sorted({*_TABLE, *CALLS}))}")
        found = emit(step)
        for result, *arrays in zip([found] if isinstance(found, str) else found, *step.outputs, strict=True):
            graph.know((arrays[0], arrays[1]), result)
    if len(one) != len(other):
        longer = max(one, other, key=len)
        raise Step(graph, (longer[min(len(one), len(other))],) * 2).dependence("whether it is computed")
    return graph


def _results(graph: Graph, runs: tuple[_Run, _Run], output_names: Sequence[str] | None) -> list[Any]:
    """Name the outputs, and return their descriptions."""
    one, other = (run.outputs for run in runs)
    if list(one) != list(other):
        raise UnsupportedError(f"the model returns {list(one)} for one input and {list(other)} for another")
    names = list(one) if output_names is None else list(output_names)
    if len(names) != len(one) or len(set(names)) != len(names):
        raise ValueError(f"{len(one)} outputs need as many different names, not {names}")
    results = []
    for name, key in zip(names, one, strict=True):
        pair = (one[key], other[key])
        found = graph.name_of(pair)
        if not found:
            raise UnsupportedError(
                f"the output {name!r} is not computed from the inputs by NumPy's functions, and so cannot be exported: "
                f"return what it is computed from instead"
            )
        unique = graph.unique(name)
        if unique != name:
            raise ValueError(f"{name!r} names an input and an output, or another value: choose output_names")
        graph.nodes.append(library().helper.make_node("Identity", [found], [name]))
        results.append(_described(graph, name, pair))
    return results


def _described(graph: Graph, name: str, pair: Sequence[Array]) -> Any:
    """Return the description of an input or output for the file: name, dtype and shape."""
    shape: list[Any] = []
    for i, (n, m) in enumerate(zip(pair[0].shape, pair[1].shape, strict=True)):
        symbols = {axis.name for axis in graph.axes if axis.lengths == (n, m)}
        shape.append(n if n == m else symbols.pop() if len(symbols) == 1 else f"{name}_{i}")
    helper = library().helper
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(pair[0].dtype), shape)


def _checked(model: Module, graph: Graph, inputs: list[Any], results: list[Any]) -> Any:
    """Return the model for the file, after it passed ONNX's own checks."""
    onnx = library()
    body = onnx.helper.make_graph(graph.nodes, type(model).__name__, inputs, results, graph.initializers)
    found = onnx.helper.make_model(
        body, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="plaingrad"
    )
    onnx.checker.check_model(found, full_check=True)
    return found
