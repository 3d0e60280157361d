"""Writing files whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a file to write that takes the place of `path` at the end of the ``with`` block.

    Until then, and where an error or Ctrl-C ends the block, `path` stays as it was: nobody reads half a file.
    `nn.save`, the exports and checkpoints write so; this is for what a program writes beside them.

    Parameters
    ----------
    path
        The file to be there at the end.

    Yields
    ------
    pathlib.Path
        The file to write in the meantime, in the same folder. It ends in ``.part``: name its format where a function
        would guess it.

    Raises
    ------
    FileNotFoundError
        If there is no folder for it, or the block wrote nothing.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notes.txt")
    ...     with nn.utils.replacing(path) as partial:
    ...         _ = partial.write_text("whole")
    ...     path.read_text(), len(list(Path(folder).iterdir()))
    ('whole', 1)
    """
    path = Path(path)
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
