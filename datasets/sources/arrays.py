"""Arrays in files, mapped to memory: rows are read when they are asked for."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from datasets.errors import ArgumentError, ColumnError, FormatError, MissingFileError

if TYPE_CHECKING:
    import zipfile

_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a member of a zip file: the lengths of its name and of what is extra


def open_array(path: str | os.PathLike[str], name: str | None = None) -> NDArray[Any]:
    """Open an array in a ``.npy`` or ``.npz`` file without reading it: it may be larger than memory.

    A `TensorDataset` of such arrays reads the rows of each batch from the file, and keeps nothing else.

    Parameters
    ----------
    path
        The file.
    name
        Which array of a ``.npz`` file. One that is compressed, as by ``np.savez_compressed``, is read whole.

    Returns
    -------
    numpy.memmap
        Read-only.

    Raises
    ------
    MissingFileError
        There is no such file.
    FormatError
        It is not in NumPy's format, or holds Python objects.
    ColumnError
        There is no such array in it.

    Examples
    --------
    >>> import tempfile
    >>> from datasets import DataLoader, TensorDataset
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "digits.npz"
    >>> np.savez(path, images=np.arange(12.0).reshape(4, 3), labels=np.array([7, 2, 1, 0]))
    >>> dataset = TensorDataset(open_array(path, "images"), open_array(path, "labels"))
    >>> next(iter(DataLoader(dataset, batch_size=2)))
    (array([[0., 1., 2.],
           [3., 4., 5.]]), array([7, 2]))
    >>> folder.cleanup()
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Relative paths start at {Path.cwd()}.")
    try:
        return _opened(path, name)
    except Exception as error:  # NumPy and zipfile raise a dozen kinds for damaged bytes
        if isinstance(error, ArgumentError | ColumnError | FormatError):
            raise
        raise FormatError(
            f"{path}: {error}. Check that numpy.save or numpy.savez wrote it, or write it again."
        ) from error


def _opened(path: Path, name: str | None) -> NDArray[Any]:
    import zipfile  # imported here because it takes longer to load than most of the package

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _member(path, archive, name)
    if name is not None:
        raise ArgumentError(f"{path}: is one array, not an archive, so name={name!r} means nothing.")
    with path.open("rb") as file:
        return _mapped(path, file, 0)


def _member(path: Path, archive: zipfile.ZipFile, name: str | None) -> NDArray[Any]:
    names = [each.removesuffix(".npy") for each in archive.namelist()]
    if name not in names:
        raise ColumnError(f"{path}: no array {name!r}: there are {', '.join(map(repr, names))}. Pass one as name=.")
    member = archive.getinfo(archive.namelist()[names.index(name)])
    if member.compress_type:  # 0 for stored as it is
        with archive.open(member) as content:
            return npy.read_array(content, allow_pickle=False)
    with path.open("rb") as file:
        file.seek(member.header_offset)
        _, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        return _mapped(path, file, member.header_offset + _LOCAL_HEADER.size + name_length + extra_length)


def _mapped(path: Path, file: IO[bytes], start: int) -> NDArray[Any]:
    """Return the array that begins at a place of a file."""
    file.seek(start)
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, in_columns, dtype = read(file)
    if dtype.hasobject:
        raise FormatError(f"{path}: holds Python objects, which are not read: they may run any program. Save numbers.")
    if not shape or 0 in shape:
        return np.zeros(shape, dtype) if shape else npy.read_array(_at(file, start), allow_pickle=False)
    return np.memmap(path, dtype, "r", file.tell(), shape, "F" if in_columns else "C")


def _at(file: IO[bytes], start: int) -> IO[bytes]:
    file.seek(start)
    return file
