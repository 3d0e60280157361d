"""Module that computes the graph of an ONNX file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import DtypeError, ShapeError, Tensor, as_tensor
from autograd.extend import as_array

from .._arguments import TensorLike
from ..module import Module
from ..parameter import Parameter
from ._operators import execute
from ._program import Program, Run, native

Array = np.ndarray[Any, Any]
Path = tuple[str, ...]
_RESERVED = ("training", "_buffers", "_constants", "_inputs", "_program")
_KINDS = {"f": "floating-point numbers", "i": "integers", "u": "integers", "b": "bools", "c": "complex numbers"}


class Input(NamedTuple):
    """What a file says about an input: its dtype, and its lengths, which may be names; None if it says nothing."""

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int | str, ...] | None

    def __str__(self) -> str:
        shape = "" if self.shape is None else f"({', '.join(map(str, self.shape))})"
        return f"{self.name}: {'any' if self.dtype is None else self.dtype}{shape}"


class Part(Module):
    """Parameters and buffers whose names in the file begin alike."""

    def extra_repr(self) -> str:
        """Return the names and shapes of the arrays."""
        arrays = [*self._members(Parameter), *((name, getattr(self, name)) for name in self._buffers)]
        return ", ".join(f"{name}: {array.shape}" for name, array in arrays)


class OnnxModel(Module):
    """The graph of an ONNX file: called with its inputs, it returns its outputs."""

    def __init__(
        self,
        program: Program,
        inputs: Sequence[Input],
        parameters: Mapping[str, Array],
        buffers: Mapping[str, Array],
        constants: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self._program, self._inputs, self._constants, paths = program, tuple(inputs), constants, program.paths
        for name, array in parameters.items():
            owner, attribute = self._place(paths[name])
            setattr(owner, attribute, Parameter(array, dtype=array.dtype))
        for name, array in buffers.items():
            owner, attribute = self._place(paths[name])
            kept = array.dtype.kind == "f" and array.ndim > 0 and paths[name][0] != "constants"
            owner.register_buffer(attribute, np.array(array), persistent=kept)

    def _place(self, path: tuple[str, ...]) -> tuple[Module, str]:
        """Return the module that the last name of a path is an attribute of; make it if there is none."""
        owner: Module = self
        for name in path[:-1]:
            if not hasattr(owner, name):
                setattr(owner, name, Part())
            owner = getattr(owner, name)
        return owner, path[-1]

    def forward(self, *args: TensorLike, **kwargs: TensorLike) -> Any:
        """Compute the outputs of the graph: a tensor, or a tuple of them if there are several."""
        program = self._program
        values: dict[str, Any] = {**self._constants, **dict(self._arrays()), **self._given(args, kwargs)}
        execute(program, Run(self.training, program.paths, values, execute))
        outputs = [values[name] for name in program.outputs]
        found = tuple(
            as_tensor(x) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "fiubc" else x for x in outputs
        )
        return found[0] if len(found) == 1 else found

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        for name, path in self._program.paths.items():
            value: Any = self
            for part in path:
                value = getattr(value, part)
            yield name, value

    def _given(self, args: tuple[TensorLike, ...], kwargs: dict[str, TensorLike]) -> dict[str, Any]:
        """Return the inputs by name, after their checks."""
        names = [given.name for given in self._inputs]
        found: dict[str, Any] = dict(zip(names, args, strict=False))
        wrong = len(args) > len(names) or any(name in found or name not in names for name in kwargs)
        found.update(kwargs)
        if wrong or len(found) != len(names):
            got = f"{len(args)} positional" + (f" and {', '.join(map(repr, kwargs))}" if kwargs else "")
            count = f"{len(names)} input{'s' * (len(names) != 1)}"
            raise TypeError(f"the ONNX file takes {count} ({self._described()}), not {got}")
        return {given.name: _checked(given, found[given.name]) for given in self._inputs}

    def _described(self) -> str:
        return ", ".join(map(str, self._inputs))

    def extra_repr(self) -> str:
        """Return the inputs, the outputs and the number of nodes."""
        outputs = ", ".join(self._program.outputs)
        none = "" if any(True for _ in self.parameters()) else ", no parameters"
        return f"({self._described()}) -> ({outputs}), nodes={len(self._program.nodes)}{none}"


def _checked(given: Input, value: Any) -> Any:
    """Return an input as an array or a tensor, or raise if it is not what the file says."""
    if given.dtype is None:
        return value
    if value is None:
        raise TypeError(f"the input {given} of the ONNX file needs an array, not None: is a return missing?")
    x: Any = value if isinstance(value, Tensor) else as_array(value)
    x = x if isinstance(x, Tensor) else x.astype(native(x.dtype), copy=False)
    if given.shape is not None and x.ndim != len(given.shape):
        raise ShapeError(f"the input {given} of the ONNX file has {len(given.shape)} axes, not the shape {x.shape}")
    for axis, (length, own) in enumerate(zip(given.shape or (), x.shape, strict=False)):
        if axis and isinstance(length, int) and length != own:
            raise ShapeError(
                f"the input {given} of the ONNX file has the length {length} along axis {axis}, not the shape {x.shape}"
            )
    kinds = [_KINDS.get(dtype.kind, str(dtype)) for dtype in (given.dtype, x.dtype)]
    if kinds[0] != kinds[1]:
        raise DtypeError(
            f"the input {given} of the ONNX file holds {kinds[0]}, not {kinds[1]} ({x.dtype}): convert it with "
            f"x.astype({given.dtype.name!r})"
        )
    return x if given.dtype.kind == "f" else x.astype(given.dtype)


def paths_of(names: Mapping[str, str]) -> dict[str, Path]:
    """Return for each array the path of an attribute of a module, from the name that it should have.

    Dots, slashes and colons separate the names of modules, as in ``encoder.0.weight`` or ``model/dense/kernel:0``. What
    cannot be part of a Python name becomes an underscore. A name that a module uses itself, or that would be both a
    module and an array, has another underscore at its end.
    """
    wanted = {key: _parts(name) for key, name in names.items()}
    inner = {path[:i] for path in wanted.values() for i in range(1, len(path))}
    used: set[Path] = set()
    found: dict[str, Path] = {}
    for name, path in wanted.items():
        while path in used or path in inner:
            path = (*path[:-1], path[-1] + "_")
        used.add(path)
        found[name] = path
    return found


def _parts(name: str) -> Path:
    return tuple(identifier(part) for part in re.split(r"[./:]+", name) if part) or ("value",)


def identifier(name: str) -> str:
    """Return a name that an attribute of a module may have."""
    found = re.sub(r"\W", "_", name)
    return f"{found}_" if hasattr(Module, found) or found in _RESERVED else found
