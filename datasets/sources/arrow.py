"""Columns of Arrow tables, of any library, through the PyCapsule interface: no package is needed to read them.

Source: "The Arrow C data interface", "The Arrow C stream interface", "The Arrow PyCapsule interface", arrow.apache.org.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datasets.errors import CellError, ColumnError, FormatError

_NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8",
            "e": "f2", "f": "f4", "g": "f8"}  # fmt: skip


class ArrowTable(Protocol):
    """A table of pyarrow, Polars, DuckDB or another library that speaks the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))),
    ("private_data", ctypes.c_void_p),
]


def arrow_columns(table: ArrowTable, names: list[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return columns of an Arrow table as arrays of numbers or bools; by default all of them.

    Raises
    ------
    ColumnError
        There is no such column, or it does not hold numbers.
    CellError
        A value is missing.
    """
    capsule = table.__arrow_c_stream__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    stream = _Stream.from_address(pointer(capsule, b"arrow_array_stream"))
    schema = _Schema()
    _check(stream, stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
    try:
        if schema.format != b"+s":
            raise ColumnError(f"a table of Arrow has columns; this is an array of type {schema.format.decode()!r}")
        fields = [schema.children[i].contents for i in range(schema.n_children)]
        types = {field.name.decode(): "dictionary" if field.dictionary else field.format.decode() for field in fields}
        wanted = list(types) if names is None else names
        _check_columns(types, wanted)
        places = {name: place for place, name in enumerate(types)}
        parts: dict[str, list[NDArray[Any]]] = {name: [] for name in wanted}
        rows = 0
        for chunk in _chunks(stream):
            for name in wanted:
                parts[name].append(_values(chunk, chunk.children[places[name]].contents, types[name], name, rows))
            rows += chunk.length
    finally:
        schema.release(ctypes.byref(schema))
    empty = {name: np.zeros(0, np.bool_ if kind == "b" else _NUMBERS.get(kind, "f8")) for name, kind in types.items()}
    return {name: np.concatenate(each) if each else empty[name] for name, each in parts.items()}


def _chunks(stream: _Stream) -> Iterator[_Array]:
    while True:
        chunk = _Array()
        _check(stream, stream.get_next(ctypes.byref(stream), ctypes.byref(chunk)))
        if not chunk.release:
            return
        try:
            yield chunk
        finally:
            chunk.release(ctypes.byref(chunk))


def _check(stream: _Stream, code: int) -> None:
    if code:
        message = stream.get_last_error(ctypes.byref(stream))
        raise FormatError(f"the table cannot be read: {message.decode() if message else f'error {code}'}")


def _check_columns(types: dict[str, str], wanted: list[str]) -> None:
    for name in wanted:
        if name not in types:
            raise ColumnError(f"no column {name!r}: there are {', '.join(map(repr, types))}. Pass one of them.")
        if types[name] != "b" and types[name] not in _NUMBERS:
            raise ColumnError(
                f"column {name!r} does not hold numbers (its Arrow type is {types[name]!r}). Leave it out by columns=, "
                "or encode it as numbers first."
            )


def _values(chunk: _Array, column: _Array, kind: str, name: str, before: int) -> NDArray[Any]:
    """Return a copy of the values of a column in a chunk."""
    start, length = chunk.offset + column.offset, chunk.length
    if column.null_count != 0 and column.buffers[0]:
        missing = np.flatnonzero(~_bits(column.buffers[0], start, length))
        if len(missing):
            raise CellError(
                f"column {name!r}: the value of row {before + missing[0]} is missing ({len(missing)} of {length} are). "
                "Fill them in, or drop these rows."
            )
    address = column.buffers[1]
    if kind == "b":
        return _bits(address, start, length)
    dtype = np.dtype(_NUMBERS[kind])
    if not length:
        return np.zeros(0, dtype)
    return _memory(address + start * dtype.itemsize, length * dtype.itemsize).view(dtype).copy()


def _bits(address: int, start: int, length: int) -> NDArray[np.bool_]:
    if not length:
        return np.zeros(0, np.bool_)
    bits = np.unpackbits(_memory(address, (start + length + 7) // 8), bitorder="little")
    return bits[start : start + length].astype(np.bool_)


def _memory(address: int, size: int) -> NDArray[np.uint8]:
    """Return the bytes at an address, which belong to who made them."""
    content: Any = (ctypes.c_uint8 * size).from_address(address)
    return np.frombuffer(content, np.uint8)
