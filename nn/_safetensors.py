"""safetensors: the length of a header, the header in JSON, then the bytes of all arrays.

Source: https://github.com/huggingface/safetensors, "Format". The format has no checksum. Files written here have one
in their metadata, of everything but itself, which other programs ignore.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# The names in the format of NumPy's dtypes.
_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8",
}  # fmt: skip
_NAMES = {np.dtype(code).newbyteorder("="): name for name, code in _DTYPES.items()}
_LONGEST_HEADER = 100_000_000  # the longest that the format allows
_METADATA, _OWN = "__metadata__", "plaingrad."
_CHECKSUM, _DESCRIPTION = f"{_OWN}checksum", f"{_OWN}structure"
_BLANK = "00000000"  # the placeholder of the checksum while it is computed


def write_safetensors(arrays: dict[str, Array], description: str | None, path: Path, shared: dict[str, str]) -> None:
    """Write arrays by name, their description, and `shared`, which maps further names to those of the arrays."""
    for name, array in arrays.items():
        if array.dtype not in _NAMES:
            raise TypeError(f"{name!r} has dtype {array.dtype}, which safetensors lacks: convert it, or save to .npz")
    order = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # each starts at a multiple of its size
    header = _header(arrays, order, {_DESCRIPTION: description} if description is not None else {}, shared)
    checksum = zlib.crc32(header)
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        for name in order:
            memory = np.asarray(arrays[name], arrays[name].dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data
            checksum = zlib.crc32(memory, checksum)
            stream.write(memory)
        stream.seek(8 + header.index(_BLANK.encode()))
        stream.write(f"{checksum:08x}".encode())


def _header(arrays: dict[str, Array], order: list[str], description: dict[str, str], shared: dict[str, str]) -> bytes:
    places, place = {}, 0
    for name in order:
        places[name] = [place, place := place + arrays[name].nbytes]
    entries: dict[str, Any] = {_METADATA: {_CHECKSUM: _BLANK, "format": "np", **description, **shared}}
    for name, array in arrays.items():
        entries[name] = {"dtype": _NAMES[array.dtype], "shape": array.shape, "data_offsets": places[name]}
    header = json.dumps(entries, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % 8)


def read_safetensors(path: Path) -> tuple[dict[str, Array], str | None]:
    """Return the arrays of a file by name, and their description, if there is one.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError, RecursionError
        If the file is damaged.
    """
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size - 8
        length = int.from_bytes(stream.read(8), "little")
        if not 0 < length <= min(size, _LONGEST_HEADER):
            raise ValueError(f"its header cannot have {length} bytes")
        header = stream.read(length)
        entries = parse_json(header.decode())
        metadata = entries.pop(_METADATA, {})
        found = {name: _read_array(stream, name, entries[name]) for name in _laid_out(entries, size - length)}
    _check(metadata, header, found)
    arrays = {name: _typed(found[name], entries[name]["dtype"], entries[name]["shape"]) for name in entries}
    for name, kept in metadata.items():
        if name not in arrays and kept in arrays and not is_reserved(name):  # shared arrays are written once
            arrays[name] = arrays[kept]
    return arrays, metadata.get(_DESCRIPTION)


def is_reserved(name: str) -> bool:
    """Tell whether a name in the metadata is reserved, and not a further name of an array."""
    return name == "format" or name.startswith(_OWN)


def parse_json(text: str) -> dict[str, Any]:
    """Parse a JSON object, and raise if a name comes twice, where Python would drop the first."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(result := dict(pairs)) < len(pairs):
            raise ValueError("a name comes twice")
        return result

    result = json.loads(text, object_pairs_hook=once)
    if type(result) is not dict:
        raise ValueError("it is no object of JSON")
    return result


def _laid_out(entries: dict[str, Any], size: int) -> list[str]:
    """Return the names of the arrays in the order of their bytes, or raise unless these fill the file without gaps."""
    order, place = sorted(entries, key=lambda name: tuple(entries[name]["data_offsets"])), 0
    for name in order:
        dtype, shape, (start, stop) = (entries[name][key] for key in ("dtype", "shape", "data_offsets"))
        if dtype not in _DTYPES and dtype != "BF16":
            raise ValueError(
                f"{name!r} has the dtype {dtype}, which NumPy lacks: convert it where it was made, such as with "
                f"tensor.to(torch.float32)"
            )
        if not all(type(number) is int and number >= 0 for number in (start, stop, *shape)):
            raise ValueError(f"{name!r} cannot have the shape {shape} and the place {start} to {stop}")
        itemsize = 2 if dtype == "BF16" else np.dtype(_DTYPES[dtype]).itemsize
        if start != place or stop - start != math.prod(shape) * itemsize:
            raise ValueError(f"{name!r}, {dtype} of shape {shape}, cannot be from byte {start} to {stop}")
        place = stop
    if place != size:
        raise ValueError(f"its arrays should have {place} bytes, there are {size}")
    return order


def _read_array(stream: BufferedReader, name: str, entry: dict[str, Any]) -> Array:
    start, stop = entry["data_offsets"]
    content = np.empty(stop - start, np.uint8)
    if stream.readinto(content.data) != content.size:
        raise ValueError(f"the file ended while {name!r} was read")
    return content


def _check(metadata: dict[str, str], header: bytes, contents: dict[str, Array]) -> None:
    """Raise if the checksum of a file that was written here no longer matches."""
    if _CHECKSUM not in metadata:
        if any(name.startswith(_OWN) for name in metadata):
            raise ValueError(f"it lacks its {_CHECKSUM}")
        return
    checksum = zlib.crc32(header.replace(metadata[_CHECKSUM].encode(), _BLANK.encode(), 1))
    for content in contents.values():
        checksum = zlib.crc32(content.data, checksum)
    if metadata[_CHECKSUM] != f"{checksum:08x}":
        raise ValueError(
            f"its checksum is {checksum:08x}, not {metadata[_CHECKSUM]}. If another program changed it and copied the "
            f"metadata, it should leave out {_CHECKSUM}"
        )


def _typed(content: Array, dtype: str, shape: list[int]) -> Array:
    if dtype == "BF16":  # the first half of the bits of a float32
        return (content.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return content.view(_DTYPES[dtype]).reshape(shape)
