"""Atomic file writes: a file is written completely or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a temporary file that replaces `path` at the end of the ``with`` block.

    Until then, and if an error or Ctrl-C ends the block, `path` stays as it was: nobody reads half a file. `nn.save`,
    checkpoints, exports and pictures are written in this way; use this for other files that a program writes.

    A symbolic link stays, and the file that it points to is replaced. The new file takes over the mode of the old one
    and, where that is allowed, its owner. Temporary files of a program that was killed are removed when the same file
    is written the next time, unless the system has no ``flock``.

    Parameters
    ----------
    path
        The file to create or replace.

    Yields
    ------
    pathlib.Path
        The temporary file to write to, in the same folder. It ends in ``.part``: state the format where a function
        would guess it from the name.

    Raises
    ------
    FileNotFoundError
        If there is no folder for it, or the block wrote nothing.
    OSError
        If it cannot be written; the error names `path`. `IsADirectoryError` if a folder has that name,
        `PermissionError` if the file is read-only.

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
    target = Path(os.path.realpath(path))
    present = _present(path, target)
    partial = None
    try:
        with _claimed(target, 0o666 if present is None else 0o600) as partial:
            _remove_abandoned(target)
            untouched = os.stat(partial)
            yield partial
            _check_written(path, partial, untouched)
            if present is not None:
                _take_over(partial, present)
            partial.replace(target)
    except OSError as error:
        # The error for a full disk names no file, and the user does not know the partial one.
        if error.errno is not None and (error.filename is None or _is_partial(os.fsdecode(error.filename), target)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _present(path: Path, target: Path) -> os.stat_result | None:
    """Return the status of the file to replace, or None if there is none."""
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}: make it first")
    try:
        present = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(present.st_mode):
        raise IsADirectoryError(f"{path} is a folder: give the name of a file in it")
    if not stat.S_ISREG(present.st_mode):
        raise OSError(f"{path} is a device or a pipe, which a file cannot replace: give another name")
    if not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is read-only: allow writing to it, or give another name")
    return present


def _check_written(path: Path, partial: Path, untouched: os.stat_result) -> None:
    """Raise if the block wrote nothing; otherwise make sure that everything is on the disk."""
    found = os.stat(partial)
    if (found.st_ino, found.st_size, found.st_mtime_ns) == (untouched.st_ino, 0, untouched.st_mtime_ns):
        raise FileNotFoundError(f"{path}: nothing was written to {partial.name}, which should take its place")
    with partial.open("rb+") as stream:
        os.fsync(stream.fileno())  # otherwise a power failure may leave an empty file under the new name


def _take_over(partial: Path, present: os.stat_result) -> None:
    """Give a file the owner and the mode of the file that it replaces."""
    if sys.platform != "win32":
        for owner in ((present.st_uid, -1), (-1, present.st_gid)):
            with suppress(PermissionError):  # only few users may give files away
                os.chown(partial, *owner)
    partial.chmod(stat.S_IMODE(present.st_mode))


# A file that is being written is locked. So an unlocked file was left by a program that was killed.


@contextmanager
def _claimed(target: Path, mode: int) -> Iterator[Path]:
    """Make an empty file next to `target`, with a modification time in 1970, and lock it within the block."""
    while True:
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")  # as `_is_partial` expects
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        locked = _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # another process thought it abandoned before it was locked
    if not locked:
        os.close(descriptor)  # Windows cannot move an open file
    try:
        os.utime(partial, (0, 0))
        yield partial
    finally:
        if locked:
            os.close(descriptor)


def _is_partial(path: str, target: Path) -> bool:
    """Tell whether `_claimed` made a file."""
    return re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.part", os.path.basename(path)) is not None


def _remove_abandoned(target: Path) -> None:
    names: list[str] = []
    with suppress(PermissionError):  # a folder may be writable but not readable
        names = [name for name in os.listdir(target.parent) if name.endswith(".part") and _is_partial(name, target)]
    for path in map(target.with_name, names):
        # It is gone by now, or another user's, or not one of our files.
        with suppress(FileNotFoundError, PermissionError, IsADirectoryError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if _lock(descriptor, wait=False):
                    path.unlink()
            finally:
                os.close(descriptor)


if sys.platform == "win32":

    def _lock(descriptor: int, wait: bool) -> bool:
        return False

else:
    import fcntl

    def _lock(descriptor: int, wait: bool) -> bool:
        """Lock a file until it is closed, and tell whether that worked: some file systems have no locks."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            return False
        return True
