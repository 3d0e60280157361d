"""Downloads that are checked: the content is what it was when the checksum was written down."""

from __future__ import annotations

import os
from pathlib import Path

from datasets.errors import ArgumentError, FormatError, MissingFileError

_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}


def download(url: str, known_hash: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """Download a file with pooch, unless it is there already, and check its checksum.

    Parameters
    ----------
    url
        Where the file is: an address of HTTP, FTP, or a DOI.
    known_hash
        The checksum: the SHA-256 in hexadecimal, or ``"sha1:..."``, ``"sha512:..."`` and so on.
    folder
        Where to put it; by default a folder for caches of the user.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FormatError
        The checksum is another: the file was changed, or damaged on the way. It is not kept.
    MissingFileError
        There is no such file, or no connection.
    ImportError
        pooch, which the extra ``download`` installs, is not there.

    Examples
    --------
    >>> from datasets import load_idx
    >>> path = download("https://example.org/digits.gz", known_hash="9f86d0...")  # doctest: +SKIP
    """
    _check_hash(known_hash)
    try:
        import pooch
    except ImportError as error:
        raise ImportError("download() needs pooch, the extra download: pip install pooch") from error
    try:
        return Path(pooch.retrieve(url, known_hash, path=folder or pooch.os_cache("plaingrad")))
    except ValueError as error:
        if "hash" in str(error):
            raise FormatError(
                f"{url}: the checksum is not {known_hash}: the file is another than it was, or was damaged on the way. "
                "Download it again; if it is the same again, ask who offers it."
            ) from error
        raise ArgumentError(f"download: {error}. Give an address such as https://example.org/data.npz.") from error
    except OSError as error:  # which those of requests are
        raise MissingFileError(f"{url}: could not be downloaded: {error}") from error


def _check_hash(known_hash: str) -> None:
    kind, _, digits = known_hash.rpartition(":") if isinstance(known_hash, str) else ("", "", "")
    length = _LENGTHS.get(kind or "sha256", len(digits))
    if not digits or len(digits) != length or set(digits.lower()) - set("0123456789abcdef"):
        raise ArgumentError(
            f"download: known_hash={known_hash!r}. Give the {length or 64} hexadecimal digits of the checksum, as "
            "sha256sum prints them: without it nobody can tell whether the file is the right one."
        )
