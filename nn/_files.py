"""Writing files whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a file to write that takes the place of `path` at the end; on an error `path` stays as it was.

    Raises
    ------
    FileNotFoundError
        If there is no folder for it.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}: make it first")
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        yield partial
        with partial.open("rb+") as stream:
            os.fsync(stream.fileno())  # else a loss of power may leave the new name with nothing in it
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
