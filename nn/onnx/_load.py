"""ONNX import: read a file, and make a module of its graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import UnsupportedError

from .._warnings import TrainingWarning, message, warn
from ..module import Module
from ._functions import check_size, inlined
from ._graph import library
from ._model import Input, OnnxModel, paths_of
from ._operators import TREES, is_known, is_refused
from ._program import DOMAIN, Program, native, read_nodes, read_program
from ._weights import Taken

if TYPE_CHECKING:
    import onnx

Array = np.ndarray[Any, Any]

# The inputs of operators that are settings of them: arrays there are not trained
_SETTINGS = {
    "BatchNormalization": (3, 4), "Clip": (1, 2), "ConstantOfShape": (0,), "DequantizeLinear": (1,), "Dropout": (1,),
    "OneHot": (2,), "Pad": (2,), "QuantizeLinear": (1,), "Range": (0, 1, 2), "Resize": (1, 2), "STFT": (2,),
    "Upsample": (1,),
}  # fmt: skip
# The inputs of operators that are read as integers
_INTEGERS = {
    "ConstantOfShape": (0,), "Expand": (1,), "Pad": (1, 3), "Reshape": (1,), "Slice": (1, 2, 3, 4), "Squeeze": (1,),
    "Unsqueeze": (1,),
    **{f"Reduce{kind}": (1,) for kind in ("Max", "Mean", "Min", "Prod", "Sum")},
}  # fmt: skip
# What other files begin with
_OTHERS = (
    (b"PK", "a zip archive, as torch.save and numpy.savez write"),
    (b"\x80", "a pickle, as torch.save and joblib write"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"\x89HDF", "an HDF5 file, as Keras writes"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"{", "text in JSON"),
    (b"<", "text in HTML or XML"),
    (b"version https://git-lfs", "a pointer of Git LFS, in place of the file: git lfs pull"),
)
_TOO_DEEP = (
    "has graphs inside the nodes of others, deeper than the 32 or so that the format's library takes: take loops and "
    "branches out of each other"
)


def load(model: str | os.PathLike[str] | onnx.ModelProto) -> Module:
    """Load a model in the ONNX format as a module whose parameters train.

    Each operator is computed by NumPy's functions on tensors, so that gradients, `vmap` and all of `nn` work on the
    result. It needs ``pip install onnx``.

    The floating-point arrays of the file become parameters, wherever they stand: as initializers, in ``Constant``
    nodes, in the graphs inside ``If`` and ``Loop``, or as coefficients of the classical models of ``ai.onnx.ml``. Not
    if they are a single number without an axis, or hold infinities or nan, or are settings of an operator, such as
    running means of batch normalization. These become buffers, as integers among the initializers do. `state_dict` has
    the parameters, and initializers that are floating-point arrays, as modules of PyTorch do. An array that several
    operators use is one parameter. A file whose weights are all integers, or of trees, has no parameters, which is a
    `TrainingWarning`.

    Paths are names in the file: dots, slashes and colons separate modules, and other characters that no name in Python
    has become underscores. ``Constant`` nodes that are not trained are in ``constants``.

    The module is called with the inputs in the order of the file, or by their names. It returns a tensor, or a tuple if
    the file has several outputs. Lengths of inputs that the file fixes are checked, except the first, which most files
    have for one sample. It comes in evaluation mode, where it computes what other runtimes compute, unless the file was
    written for training. After ``train()``, dropout is drawn, and batch normalization uses the statistics of the batch
    and moves the running ones; after ``eval()`` neither, whatever the file says.

    Parameters
    ----------
    model
        The path of a file, or the ``onnx.ModelProto`` that ``onnx.load`` returned. Arrays in other files are read from
        the folder of the file.

    Returns
    -------
    Module
        The parameters, at the paths of their names, and the graph.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or a file with its arrays is missing.
    ValueError
        If the file is not in the ONNX format, or its graph is not valid, or calls of its functions stand for more than
        5,000 nodes.
    UnsupportedError
        If an operator is not known here, or only ``onnx.reference`` has it and computes otherwise than onnxruntime; the
        message names its nodes.

    References
    ----------
    The operators are those of https://onnx.ai/onnx/operators, of all versions since 7; a few without a derivative are
    computed by ``onnx.reference``, as far as it agrees with onnxruntime.

    Examples
    --------
    >>> import tempfile, nn
    >>> import numpy as np
    >>> x = np.ones((5, 4), np.float32)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/model.onnx"
    ...     nn.onnx.export(nn.MLP([4, 3, 2]), x, path, dynamic_axes={"x": {0: "batch"}})
    ...     model = nn.onnx.load(path)
    >>> model(x).shape
    (5, 2)
    >>> {name: parameter.shape for name, parameter in model.named_parameters()}
    {'0.bias': (3,), '0.weight': (3, 4), '2.bias': (2,), '2.weight': (2, 3)}
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.01)
    """
    onnx = library("loading ONNX models")
    if isinstance(model, onnx.ModelProto):
        return _module(model, "the model")
    if not isinstance(model, str | os.PathLike):
        raise TypeError(f"load() takes the path of a file or an onnx.ModelProto, not {type(model).__name__}")
    path = Path(model)
    return _module(_read(path), str(path))


def _read(path: Path) -> Any:
    """Return what is in a file, with the arrays that are in others."""
    onnx = library()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not an ONNX file")
    with path.open("rb") as file:
        start = file.read(64)
    for beginning, what in _OTHERS:
        if start.startswith(beginning):
            raise ValueError(f"{path} is not an ONNX file, but {what}")
    try:
        found = onnx.load(path, load_external_data=False)
    except Exception as error:
        if type(error).__name__ != "DecodeError":  # of protobuf, which is not imported here
            raise
        if _is_too_deep(error):
            raise ValueError(f"{path} {_TOO_DEEP}") from error
        raise ValueError(f"{path} is not an ONNX file, or not all of one: it begins with {start[:8]!r}") from error
    if not found.graph.node and not found.graph.output:
        what = f"it has no graph, and begins with {start[:8]!r}" if start else "it is empty"
        raise ValueError(f"{path} is not an ONNX file: {what}")
    try:
        onnx.load_external_data_for_model(found, str(path.parent))
    except (OSError, onnx.checker.ValidationError) as error:
        raise FileNotFoundError(
            f"{path} has arrays in other files, and one of them cannot be read: {error}. Put it beside the model"
        ) from error
    return found


def _module(proto: Any, where: str) -> Module:
    """Return the module of a model; `where` says where that is from, for messages."""
    try:
        return _of_proto(proto, where)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can make anything raise
        if str(error).startswith(where):
            raise
        if isinstance(error, RecursionError) or _is_too_deep(error):
            raise ValueError(f"{where} {_TOO_DEEP}") from error
        message = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise ValueError(f"{where} is not a valid ONNX model, but seems damaged: {message}") from error


def _is_too_deep(error: Exception) -> bool:
    """Tell whether protobuf, which is not imported here, refused what is nested deeper than its limit."""
    return type(error).__name__ in ("DecodeError", "EncodeError") and "depth" in str(error).lower()


def _of_proto(proto: Any, where: str) -> Module:
    onnx = library()
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in proto.graph.initializer):
        raise ValueError(f"{where} has arrays in other files that were not read: give load() the path of the file")
    opsets = {"" if entry.domain == DOMAIN else entry.domain: entry.version for entry in proto.opset_import}
    check_size(proto, where)
    nodes = inlined(proto)
    _check_operators(nodes, opsets, where)
    inputs = [_input(value) for value in proto.graph.input]
    checked = type(proto)()
    checked.CopyFrom(proto)
    _check_graph(checked, where)
    graph = checked.graph
    del graph.node[:]
    graph.node.extend(nodes)
    own = {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    arrays = Taken(graph).arrays
    training = _prepare(graph, arrays, opsets.get("", 0))
    program = read_program(graph, opsets)
    settings = _settings(program)
    floats = {name: x for name, x in arrays.items() if x.dtype.kind == "f" and x.ndim and name not in settings}
    trained = {name: array for name, array in floats.items() if np.isfinite(array).all()}
    constants: dict[str, Any] = {n: x for n, x in arrays.items() if n not in own and x.dtype.kind != "f"}
    constants |= {name: tuple(arrays[name].reshape(-1).tolist()) for name in _read_as_integers(program) & {*constants}}
    others = {name: array for name, array in arrays.items() if name not in trained and name not in constants}
    narrow = any(x.ndim > 1 and x.dtype in (np.int8, np.uint8) for x in arrays.values())
    if not trained and (narrow or any(node.kind in TREES for node in program.all_nodes())):
        warn(message("no parameters", where=where), TrainingWarning)
    given = [value for value in inputs if value.name not in arrays]
    paths = paths_of({name: f"constants/{name}" if name in others.keys() - own else name for name in trained | others})
    return OnnxModel(replace(program, paths=paths), given, trained, others, constants).train(training)


def _check_graph(proto: Any, where: str) -> None:
    """Raise if a model is not valid; inputs without a shape, and arrays of old files that are no inputs, are taken."""
    onnx = library()
    proto.ir_version = max(proto.ir_version, 4)  # the first in which an array need not be an input, too
    for value in (*proto.graph.input, *proto.graph.output):
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.shape.SetInParent()
    try:
        if proto.ByteSize() < onnx.checker.MAXIMUM_PROTOBUF:
            onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"{where} is not a valid ONNX model: {' '.join(str(error).split())}") from error


def _prepare(graph: Any, arrays: Mapping[str, Array], opset: int) -> bool:
    """Change a graph so that its mode is that of the module; return whether the file is meant for training.

    Nodes that copy an array of the file are passed over: what they copy is that array.
    """
    training, same = False, dict[str, str]()
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = same.get(name, name)
        if node.op_type == "Identity" and node.input[0] in arrays:
            same[node.output[0]] = node.input[0]
        elif node.op_type == "BatchNormalization":
            training |= any(a.name == "training_mode" and a.i for a in node.attribute)
            training |= opset < 14 and len(node.output) > 1  # which had no such attribute
        elif node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] in arrays:
            training |= bool(arrays[node.input[2]].item())
            del node.input[2]
    return training


def _check_operators(nodes: list[Any], opsets: Mapping[str, int], where: str) -> None:
    """Raise if an operator is not known here."""
    every = [node for outer in read_nodes(nodes, opsets) for node in outer.with_inner()]
    others = [node for node in every if not is_known(node)]
    refused = [str(node) for node in others if is_refused(node)]
    if refused:
        raise UnsupportedError(
            f"{where} has operators, or attributes of them, that only onnx's own package computes, and otherwise than "
            f"onnxruntime does: {_some(refused)}: compute them with onnxruntime, and give load() what comes before or "
            f"after them"
        )
    if others:
        raise UnsupportedError(
            f"{where} has operators that are not known here: {_some([*map(str, others)])}: export it with those of "
            f"the standard alone, which are in the domain ''; runtimes make others when they optimize or quantize a "
            f"file, so load the one from before that"
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _settings(program: Program) -> set[str]:
    """Return the names of values that are settings of an operator, also through operators that change nothing."""
    found: set[str] = set()
    for node in reversed(program.all_nodes()):
        if node.kind == "Identity" and node.outputs[0] in found:
            found.add(node.inputs[0])
        found |= {node.inputs[i] for i in _SETTINGS.get(node.kind, ()) if i < len(node.inputs)}
    return found


def _read_as_integers(program: Program) -> set[str]:
    """Return the names of values that operators take as integers alone, and never compute with."""
    integers, others = set[str](), {*program.outputs}
    for node in program.all_nodes():
        places = _INTEGERS.get(node.kind, ())
        for i, name in enumerate(node.inputs):
            (integers if i in places else others).add(name)
        others |= {name for inner in node.attributes.values() if isinstance(inner, Program) for name in inner.outputs}
    return integers - others


def _input(value: Any) -> Input:
    """Return what a file says about an input."""
    onnx = library()
    kind = value.type
    if not kind.HasField("tensor_type") or kind.tensor_type.elem_type == onnx.TensorProto.STRING:
        return Input(value.name, None, None)
    dtype = native(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)))
    if not kind.tensor_type.HasField("shape"):
        return Input(value.name, dtype, None)
    lengths = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in kind.tensor_type.shape.dim]
    return Input(value.name, dtype, tuple(lengths))
