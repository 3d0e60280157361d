"""Open files that may be gzipped, with errors that name the file."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from datasets.errors import FormatError, MissingFileError, TruncatedError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for reading bytes, decompressed if it is gzipped.

    The content decides, not the name: no IDX or CSV file begins with gzip's two magic bytes.

    Raises
    ------
    MissingFileError
        There is no such file.
    FormatError
        The file is empty, is named ``.gz`` without being gzip, or is damaged.
    TruncatedError
        The gzip data ends too early, found while the caller reads.
    """
    _check_is_file(path)
    with path.open("rb") as raw:
        if not _is_gzip(path, raw.peek(2)[:2]):
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                # typeshed does not count GzipFile among IO[bytes], which it implements
                yield cast(IO[bytes], unpacked)
        except EOFError as error:
            raise TruncatedError(f"{path}: the gzip data ends too early. Download the file again.") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise FormatError(f"{path}: the gzip data is damaged ({error}). Download the file again.") from error


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise MissingFileError(f"{path}: is a folder. Name a file inside it.")
    if not path.exists():
        raise MissingFileError(f"{path}: no such file. Relative paths start at {Path.cwd()}.")


def _is_gzip(path: Path, beginning: bytes) -> bool:
    if not beginning:
        raise FormatError(f"{path}: the file is empty. Download or write it again.")
    if beginning == _GZIP_MAGIC:
        return True
    if path.suffix == ".gz":
        raise FormatError(
            f"{path}: is named .gz but is not gzip: it begins with {beginning!r}. "
            "If a browser unpacked it already, remove .gz from its name; otherwise download it again."
        )
    return False
