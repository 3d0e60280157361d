"""NumPy's .npz archives: zip files with an array in each member.

They are written and read member by member, because `numpy.savez` cannot write an array named "file", `numpy.load`
confuses "x.npy" with "x", and neither notices an array that is missing from a damaged directory.
"""

from __future__ import annotations

import io
import math
import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np

Array = np.ndarray[Any, Any]

DAMAGE = (
    ValueError, SyntaxError, tokenize.TokenError, TypeError, KeyError, EOFError, NotImplementedError, RuntimeError,
    OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""The exceptions of reading a damaged archive, besides `OSError`."""

_DESCRIPTION = "structure.json"  # a member that is not an array: names of arrays end in .npy
_END, _LONGEST_END = b"PK\5\6", 22 + 65_535  # the record that ends an archive, with a comment
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TEXT = 0x800  # the flag of a name in UTF-8
_LONGEST_HEADER = 12 + 10_000  # of an array; the limit of NumPy for untrusted files
_PART = 1 << 18


def write_npz(arrays: dict[str, Array], description: str | None, path: Path) -> None:
    """Write arrays by name, and a description of them that `read_npz` returns."""
    for name in arrays:
        if len(name.encode()) > 65_000:
            raise ValueError(f"a name of {len(name)} characters is too long for an archive: {name[:50]!r}...")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if description is not None:
            archive.writestr(_DESCRIPTION, description)


def read_npz(path: Path) -> tuple[dict[str, Array], str | None]:
    """Return the arrays of an archive by name, and their description, if there is one.

    Raises
    ------
    ValueError, and others of DAMAGE
        If the file is damaged: lengths, checksums and the number of members are checked.
    """
    arrays: dict[str, Array] = {}
    description = None
    with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        _check_complete(members, stream)
        for member in members:
            _check(member, stream)
            content = _content(archive, member)
            if member.filename == _DESCRIPTION:
                description = content.tobytes().decode()
                continue
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise ValueError(f"two members are named {name!r}")
            arrays[name] = _parse(name, content)
    return arrays, description


def _check_complete(members: list[zipfile.ZipInfo], stream: IO[bytes]) -> None:
    """Raise if members are missing: zipfile ignores everything before the first member that it finds."""
    start = stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LONGEST_END))
    end = stream.read()
    place = end.rfind(_END)
    count = int.from_bytes(end[place + 10 : place + 12], "little")
    if count not in (len(members), 0xFFFF):  # 0xFFFF: the number is stored elsewhere
        raise zipfile.BadZipFile(f"it says to have {count} members, and names {len(members)}")
    if first := min((member.header_offset for member in members), default=start + place):
        raise zipfile.BadZipFile(f"what is in its first {first} bytes has no name")


def _check(member: zipfile.ZipInfo, stream: IO[bytes]) -> None:
    """Raise if the directory's entry of a member is impossible, or its name was written in another encoding."""
    stored = member.compress_type == zipfile.ZIP_STORED
    most = member.compress_size if stored else 1040 * member.compress_size  # zlib compresses 1032 times at most
    if member.compress_type not in _KINDS or member.flag_bits & 1:
        raise ValueError(f"{member.filename!r} is packed or encrypted as no array is")
    if member.file_size > most or (stored and member.file_size < most):
        raise ValueError(f"{member.filename!r} cannot have {member.file_size} bytes")
    stream.seek(member.header_offset + 6)
    if (int.from_bytes(stream.read(2), "little") ^ member.flag_bits) & _TEXT:
        raise ValueError(f"the name {member.filename!r} is in one alphabet here, in another there")


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """Return the bytes of a member; at the end zipfile verifies their checksum."""
    content = np.empty(member.file_size, np.uint8)
    memory, place = content.data, 0
    with archive.open(member) as stream:
        while part := stream.read(_PART):
            memory[place : place + len(part)] = part
            place += len(part)
    if place != member.file_size:
        raise EOFError(f"{member.filename!r} ends after {place} of {member.file_size} bytes")
    return content


def _parse(name: str, content: Array) -> Array:
    """Parse an array in NumPy's .npy format, without copying its memory."""
    header = io.BytesIO(content[:_LONGEST_HEADER].tobytes())
    version = np.lib.format.read_magic(header)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name!r} is an array in version {version} of NumPy's format, which is for records")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(header)
    if dtype.hasobject:
        raise ValueError(
            f"{name!r} is an array of Python objects. Reading those can run any program, and so they are refused: save "
            f"arrays of numbers"
        )
    data = content[header.tell() :]
    if data.size != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{name!r} has {data.size} bytes, which do not fit {dtype} of shape {shape}")
    return np.ndarray(shape, dtype, data.data, order="F" if fortran else "C")
