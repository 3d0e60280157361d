"""ONNX graph under construction, and the operations of the two traces that it is built from.

A model is traced with two inputs that differ in their values, and in the lengths of dynamic axes. A value that is the
same in both traces is a constant of the model; one that differs depends on the inputs, and is exported only if the
traces show how it is computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from autograd import UnsupportedError
from autograd.extend import TracedOperation

from .._arguments import TensorLike
from ._program import Names

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Pair = tuple[Any, Any]  # the same thing in the two traces
Attribute = int | float | str | Sequence[int] | Sequence[float] | Sequence[str]


def library(doing: str = "exporting to ONNX") -> Any:
    """Import the package onnx."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError(f"{doing} needs a package: pip install onnx") from error
    return onnx


def alike(a: object, b: object) -> bool:
    """Tell whether two constants are equal, with nan equal to nan; arrays also by dtype and shape."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, tuple | list) and type(a) is type(b):
        return len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and bool(a is b or a == b or (a != a and b != b))


def arrays_of(operation: TracedOperation) -> list[Any]:
    """Return all arguments of an operation, with sequences among them expanded."""
    found: list[Any] = []
    for value in operation.arguments.values():
        found += value if isinstance(value, tuple | list) else [value]
    return found


class Axis(NamedTuple):
    """A dynamic axis of an input: its name in the graph, its input, its index, and its lengths in the two traces."""

    name: str
    input: str
    axis: int
    lengths: Pair


class Graph:
    """Nodes and constants of an ONNX graph, and the names in it of arrays of the two traces."""

    def __init__(self, axes: Sequence[Axis], paths: dict[int, str]) -> None:
        self.axes, self._paths = axes, paths
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._known: tuple[dict[int, str], dict[int, str]] = ({}, {})
        self._constants: dict[Any, str] = {}
        self._held: list[Any] = []  # so that no new array reuses the id of a named one
        self.unique = Names().fresh  # returns an unused name, starting with the one given

    def know(self, arrays: Pair, name: str) -> None:
        """Record that `name` stands for this pair of arrays."""
        for known, array in zip(self._known, arrays, strict=True):
            known[id(array)] = name
        self._held.append(arrays)

    def name_of(self, arrays: Pair) -> str | None:
        """Return the name of a value that depends on inputs, otherwise None; an empty string if the traces disagree."""
        one, other = (known.get(id(array)) for known, array in zip(self._known, arrays, strict=True))
        return one if one == other else ""

    def add_several(self, kind: str, outputs: int, *inputs: str, **attributes: Attribute) -> list[str]:
        """Add a node with several outputs, and return their names."""
        names = [self.unique(kind.lower()) for _ in range(outputs)]
        self.nodes.append(library().helper.make_node(kind, list(inputs), names, self.unique(kind), **attributes))
        return names

    def constant(self, value: TensorLike, dtype: DTypeLike | None = None) -> str:
        """Add a constant unless it exists already, and return its name, which for parameters is their path."""
        array = np.asarray(value, dtype, order="C")
        path = self._paths.get(id(value)) if getattr(value, "dtype", None) == array.dtype else None
        key = path or (array.shape, array.dtype.str, hashlib.sha256(array.tobytes()).digest())
        if key not in self._constants:
            self._constants[key] = self.unique(path or "constant")
            self.initializers.append(library().numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def integers(self, values: Sequence[int]) -> str:
        """Return the name of a vector of integers."""
        return self.constant(np.array(list(values), np.int64))


class Step(NamedTuple):
    """One operation, as recorded in both traces, to translate into the graph."""

    graph: Graph
    traced: tuple[TracedOperation, TracedOperation]

    @property
    def outputs(self) -> Pair:
        """All results."""
        return tuple(operation.outputs for operation in self.traced)  # type: ignore[return-value]  # two

    @property
    def out(self) -> Pair:
        """The first result."""
        return tuple(operation.outputs[0] for operation in self.traced)  # type: ignore[return-value]  # two

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the result."""
        found: np.dtype[Any] = self.out[0].dtype
        return found

    def given(self, name: str) -> Pair:
        """Return an argument in both traces."""
        return tuple(operation.arguments.get(name) for operation in self.traced)  # type: ignore[return-value]  # two

    def static(self, name: str) -> Any:
        """Return an argument, or raise if it differs between the traces."""
        one, other = self.given(name)
        if not alike(one, other):
            raise self.dependence(f"its argument {name} ({one!r} and {other!r})")
        return one

    def refuse(self, why: str) -> UnsupportedError:
        """Return an error that says why this operation cannot be exported."""
        return UnsupportedError(f"'{self.traced[0].name}' at {self.traced[0].where} cannot be exported to ONNX: {why}")

    def dependence(self, what: str) -> UnsupportedError:
        """Return an error that says that `what` depends on the inputs in a way that was not recorded."""
        return self.refuse(
            f"{what} differs between two inputs, so it is computed from them in a way that was not seen, such as by "
            f"Python's if or a function that is none of NumPy's, or from random numbers. Compute it before the model, "
            f"and pass it as an input"
        )

    def value(self, name: str, dtype: DTypeLike | None = None) -> str:
        """Return the name in the graph of an argument, an array or a number, cast to `dtype`."""
        return self.value_of(self.given(name), dtype, name)

    def value_of(self, arrays: Pair, dtype: DTypeLike | None = None, what: str = "a constant") -> str:
        """Return the name in the graph of an array or a number, cast to `dtype`."""
        name = self.graph.name_of(arrays)
        if name == "":
            raise self.dependence(f"which value {what} is")
        if name is not None:
            return name if dtype is None or arrays[0].dtype == dtype else self.cast(name, dtype)
        return self._constant(arrays, dtype, what)

    def _constant(self, arrays: Pair, dtype: Any, what: str) -> str:
        if alike(*arrays):
            return self.graph.constant(arrays[0], dtype)
        one, other = map(np.asarray, arrays)
        if one.size and other.size and one.ndim == other.ndim and one.shape != other.shape:
            fill = one.reshape(-1)[0]
            if (one == fill).all() and (other == fill).all():  # such as zeros for each sample
                shape = self.lengths(one.shape, other.shape)
                return self.add("Expand", self.graph.constant(fill, dtype or one.dtype), shape)
        if not one.ndim and not other.ndim and any(_multiple((one, other), axis.lengths) for axis in self.graph.axes):
            length = self.add("Squeeze", self._length((one, other)), self.graph.integers([0]))  # such as a count
            return self.cast(length, dtype or one.dtype)
        if one.shape != other.shape:
            raise self.refuse(
                f"{what} has the shape {one.shape} or {other.shape}, depending on the lengths of dynamic axes: compute "
                f"it before the model and pass it as an input, or leave out dynamic_axes"
            )
        raise self.dependence(what)

    def depends(self) -> bool:
        """Tell whether an argument depends on the inputs, in its values or in its shape."""
        pairs = list(zip(*(arrays_of(operation) for operation in self.traced), strict=False))
        return any(self.graph.name_of(pair) is not None for pair in pairs) or not all(alike(*pair) for pair in pairs)

    def follows(self) -> bool:
        """Tell whether an argument is a value of the graph, or has a length of its own, as `arange` may."""
        return self.traced[0].name in ("arange", "tri", "tril", "triu") or any(
            self.graph.name_of(pair) is not None
            for pair in zip(*(arrays_of(operation) for operation in self.traced), strict=False)
        )

    def has(self, name: str) -> bool:
        """Tell whether an argument was given and is not None."""
        return self.given(name)[0] is not None

    def add(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """Add a node with one output, and return the name of the output."""
        return self.graph.add_several(kind, 1, *inputs, **attributes)[0]

    def cast(self, name: str, dtype: DTypeLike) -> str:
        """Return the value cast to a dtype."""
        return self.add("Cast", name, to=library().helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def number(self, value: float) -> str:
        """Return the name of a number in the dtype of the result."""
        return self.graph.constant(np.array(value, self.dtype))

    def lengths(self, one: Shape, other: Shape) -> str:
        """Return the name of a vector of integers: the lengths in `one`, computed where `other` differs."""
        if one == other:
            return self.graph.integers(one)
        parts = [self.graph.integers([n]) if n == m else self._length((n, m)) for n, m in zip(one, other, strict=True)]
        return self.add("Concat", *parts, axis=0)

    def _length(self, pair: Pair) -> str:
        """Return the name of a vector of one length, which is a multiple of the length of a dynamic axis."""
        found = {axis.name: axis for axis in self.graph.axes if _multiple(pair, axis.lengths)}
        if len(found) != 1:
            raise self.refuse(
                f"a length is {pair[0]} or {pair[1]} where the dynamic axes "
                f"{', '.join(f'{axis.name} is {axis.lengths[0]} or {axis.lengths[1]}' for axis in self.graph.axes)}; "
                f"how it is computed from them is not known. Leave out dynamic_axes, or write -1 in its place"
            )
        ((_, axis),) = found.items()
        length = self.add("Shape", axis.input, start=axis.axis, end=axis.axis + 1)
        times = int(pair[0] // axis.lengths[0])
        return length if times == 1 else self.add("Mul", length, self.graph.integers([times]))

    def reshaped(self, name: str, given: Pair, wanted: Pair) -> str:
        """Reshape a value, given its shapes in the two traces before and after."""
        target = list(wanted[0])
        unknown = [i for i, (n, m) in enumerate(zip(*wanted, strict=True)) if n != m]
        if 0 in target:  # without allowzero, 0 would copy a length of the input
            return self.add("Reshape", name, self.lengths(*wanted), allowzero=1)
        for i in list(unknown):
            if i < len(given[0]) and (given[0][i], given[1][i]) == (wanted[0][i], wanted[1][i]):
                target[i] = 0  # 0 copies the length of that axis of the input
                unknown.remove(i)
        if len(unknown) > 1:
            return self.add("Reshape", name, self.lengths(*wanted))
        if unknown:
            target[unknown[0]] = -1
        return self.add("Reshape", name, self.graph.integers(target))


def _multiple(pair: Pair, lengths: Pair) -> bool:
    times = pair[0] // lengths[0] if lengths[0] else 0
    return times > 0 and (times * lengths[0], times * lengths[1]) == tuple(pair)


Emit = Callable[[Step], str | tuple[str, ...]]
