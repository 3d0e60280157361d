"""Mapped files: arrays larger than memory, of which only the rows that are asked for are in memory."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import RowIndexError, TruncatedError

_COMPARED = 4096  # bytes at both ends of a file and its mapping


class MappedFile:
    """The file that an array is mapped to, from which rows are read.

    What is read through a mapping stays in memory, together with up to two megabytes around each row, until the system
    needs the memory for others: the process seems to need as much memory as the file is long. Reading the file itself
    keeps nothing.

    Parameters
    ----------
    array
        As `numpy.memmap` or ``numpy.load(path, mmap_mode="r")`` return it.
    """

    def __init__(self, array: np.memmap[Any, Any]) -> None:
        self.values: NDArray[Any] = array.view(np.ndarray)
        self._array = array
        # with mode "c" what was written is in memory alone
        shared = array.filename is not None and array.mode != "c" and array.flags.c_contiguous
        self._file = _same_file(array) if shared and hasattr(os, "preadv") and _is_whole(array) else None

    def take(self, rows: NDArray[np.intp], axis: int = 0) -> NDArray[Any]:
        """Return these rows, as `numpy.ndarray.take` does; the axis is the first."""
        if self._file is None:
            # ndarray.take would copy all of an array that is not contiguous
            return self.values.take(rows, axis=0) if self.values.flags.c_contiguous else self.values[rows]
        count, size = len(self.values), self._array.nbytes // max(len(self.values), 1)
        wrong = rows[(rows < -count) | (rows >= count)]
        if len(wrong):
            raise RowIndexError(f"row {wrong[0]} is out of range: there are {count} rows.")
        found = np.empty((len(rows), *self.values.shape[1:]), self.values.dtype)
        memory = found.reshape(len(rows), -1).view(np.uint8) if found.size else found
        number, start = self._file.fileno(), self._array.offset
        if len(rows) > 1 and (np.diff(rows) == 1).all() and rows[0] >= 0:
            self._read(number, memory.reshape(-1), start + int(rows[0]) * size)
        elif found.size:
            for part, row in zip(memory, (rows % count).tolist(), strict=True):
                if os.preadv(number, [part], start + row * size) != size:
                    self._read(number, part, start + row * size)
        return found

    def _read(self, number: int, part: NDArray[np.uint8], start: int) -> None:
        done = 0
        while done < len(part):
            read = os.preadv(number, [part[done:]], start + done)  # type: ignore[list-item]  # a buffer
            if read == 0:
                raise TruncatedError(f"{self._array.filename}: the file has become shorter. Make it again.")
            done += read

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._file.close()  # type: ignore[union-attr]

    def __reduce__(self) -> tuple[Any, ...]:
        array = self._array
        if self._file is not None:
            return _opened, (array.filename, array.dtype, array.offset, array.shape)
        return _in_memory, (self.values,)


def _is_whole(array: np.memmap[Any, Any]) -> bool:
    """Tell whether an array begins where its file was mapped: a part of a mapped array has the whole's offset."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is None or array.size == 0:
        return False
    start: int = np.frombuffer(base, np.uint8).__array_interface__["data"][0]
    begins: int = array.__array_interface__["data"][0]
    return begins == start + array.offset % mmap.ALLOCATIONGRANULARITY


def _same_file(array: np.memmap[Any, Any]) -> io.FileIO | None:
    """Return the file of an array, opened, or None where it is another by now: the old one stays mapped."""
    try:
        file = io.FileIO(os.fspath(array.filename or ""))
    except OSError:
        return None
    content = array.view(np.ndarray).reshape(-1).view(np.uint8)
    for part in (slice(0, _COMPARED), slice(max(len(content) - _COMPARED, 0), None)):
        expected = content[part].tobytes()
        if os.pread(file.fileno(), len(expected), array.offset + (part.start or 0)) != expected:
            file.close()
            return None
    return file


def _opened(filename: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> MappedFile:
    return MappedFile(np.memmap(filename, dtype, "r", offset, shape))


def _in_memory(array: NDArray[Any]) -> MappedFile:
    copied: Any = array.view(np.memmap)
    copied.mode, copied.filename = "c", None
    return MappedFile(copied)
