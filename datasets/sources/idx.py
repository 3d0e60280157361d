"""IDX files: the format of MNIST and its drop-in replacements.

The format: two zero bytes, a byte for the type of the values, a byte for the number of dimensions, each
dimension as a big-endian 32-bit number, then the values, big-endian, the last dimension varying fastest.
Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError, FormatError, MissingFileError, TruncatedError
from datasets.sources.files import opened

Samples: TypeAlias = tuple[NDArray[np.float32], NDArray[np.int64]]

_PART = 1 << 18  # bytes that are read at once
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def load_mnist(*, flatten: bool = True) -> tuple[Samples, Samples]:
    """Return the MNIST digits that come with the package: 60,000 to train on and 10,000 to test with.

    Parameters
    ----------
    flatten
        True gives each image as a row of 784 pixels, False as 28 rows of 28.

    Returns
    -------
    (train_images, train_labels), (test_images, test_labels)
        Images are float32 from 0 (background) to 1 (ink), shape (n, 784) or (n, 28, 28); labels are
        int64 from 0 to 9, shape (n,). The arrays are fresh copies.

    Notes
    -----
    Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits", under
    CC BY-SA 3.0 (``datasets/mnist/LICENSE``).

    Examples
    --------
    >>> (train_images, train_labels), (test_images, test_labels) = load_mnist()
    >>> train_images.shape, test_images.shape
    ((60000, 784), (10000, 784))
    >>> train_labels[:5]
    array([5, 0, 4, 1, 9])
    """
    return load_idx(Path(__file__).parent.parent / "mnist", flatten=flatten)


def load_idx(folder: str | os.PathLike[str], *, flatten: bool = True) -> tuple[Samples, Samples]:
    """Return the training and the test images of a folder laid out as MNIST's, such as Fashion-MNIST's.

    The folder holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``
    and ``t10k-labels-idx1-ubyte``. Each may be gzipped, ending in ``.gz``, and may be spelled
    ``train-images.idx3-ubyte``, as in some downloads. Other files are ignored; `read_idx` reads them.

    Parameters
    ----------
    folder
        The folder with the four files.
    flatten
        True gives each image as one row of pixels, False in its own shape.

    Returns
    -------
    (train_images, train_labels), (test_images, test_labels)
        Images are float32, their bytes 0 to 255 divided by 255, shape (n, pixels) or (n, height, width);
        labels are int64, shape (n,).

    Raises
    ------
    MissingFileError
        The folder or one of the four files is not there.
    FormatError
        A file is not IDX, is damaged, or holds something other than images or labels.
    DataError
        The numbers of labels and images differ.

    Examples
    --------
    >>> (images, labels), _ = load_idx(Path(__file__).parent.parent / "mnist", flatten=False)
    >>> images.shape, labels.shape
    ((60000, 28, 28), (60000,))
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFileError(f"{folder}: no such folder. Relative paths start at {Path.cwd()}.")
    return _load_part(folder, "train", flatten), _load_part(folder, "t10k", flatten)


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Return the array in one IDX file, gzipped or not, with the values as they are.

    Parameters
    ----------
    path
        The file. Its first bytes tell whether it is gzipped.

    Returns
    -------
    array
        An array of the shape and dtype in the file's header: uint8, int8, int16, int32, float32 or float64,
        in the machine's byte order.

    Raises
    ------
    MissingFileError
        There is no such file.
    FormatError
        The file is not IDX or is damaged; `TruncatedError` where it ends too early.

    Examples
    --------
    >>> labels = read_idx(Path(__file__).parent.parent / "mnist" / "t10k-labels-idx1-ubyte.gz")
    >>> labels[:8], labels.shape
    (array([7, 2, 1, 0, 4, 1, 4, 9], dtype=uint8), (10000,))
    """
    values = _decode(Path(path))
    return values.astype(values.dtype.newbyteorder("="))


def _load_part(folder: Path, part: str, flatten: bool) -> Samples:
    images_path, labels_path = _find(folder, part, "images", 3), _find(folder, part, "labels", 1)
    images, labels = _images(images_path, flatten), _labels(labels_path)
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: holds {len(labels)} labels for the {len(images)} images of {images_path.name}. "
            "Take both files from the same download."
        )
    return images, labels


def _find(folder: Path, part: str, kind: str, dimensions: int) -> Path:
    stems = [f"{part}-{kind}{joint}idx{dimensions}-ubyte" for joint in "-."]
    candidates = [folder / f"{stem}{ending}" for stem in stems for ending in ("", ".gz")]
    # some downloads hold a folder of the same name next to the file
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        names = ", ".join(path.name for path in candidates)
        raise MissingFileError(f"{folder}: none of {names} is in this folder. Put one of them there.")
    return found


def _images(path: Path, flatten: bool) -> NDArray[np.float32]:
    pixels = _decode(path)
    if pixels.dtype != np.uint8 or pixels.ndim < 2:
        raise FormatError(
            f"{path}: holds {pixels.dtype.name} values of shape {pixels.shape}, where images are bytes of "
            "shape (n, height, width). If the names of two files were swapped, swap them back; "
            "read_idx reads any other IDX file."
        )
    if flatten:
        pixels = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
    images: NDArray[np.float32] = np.divide(pixels, np.float32(255), dtype=np.float32)
    return images


def _labels(path: Path) -> NDArray[np.int64]:
    labels = _decode(path)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise FormatError(
            f"{path}: holds {labels.dtype.name} values of shape {labels.shape}, where labels are integers of "
            "shape (n,). If the names of two files were swapped, swap them back; "
            "read_idx reads any other IDX file."
        )
    return labels.astype(np.int64)


def _decode(path: Path) -> NDArray[Any]:
    """Return the values as stored in the file, big-endian."""
    with opened(path) as stream:
        dtype, shape = _header(path, stream)
        expected = math.prod(shape) * dtype.itemsize
        content = _read(stream, expected)
        further = len(stream.read(_PART))  # 0 in a valid file; reading to the end also compares the gzip checksum
    if len(content) < expected or further:
        found = f"{'more than ' if further == _PART else ''}{len(content) + further}"
        kind, verdict = (FormatError, "is too long") if further else (TruncatedError, "is truncated")
        raise kind(
            f"{path}: {verdict}: the header promises {dtype.name} values of shape {shape}, which are {expected} "
            f"bytes, and {found} bytes follow. Download or write it again."
        )
    try:
        return np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:  # more dimensions, or an emptier and larger shape, than NumPy has
        raise FormatError(f"{path}: the header's shape {shape} does not fit an array: {error}.") from error


def _read(stream: IO[bytes], size: int) -> bytearray:
    """Return up to `size` bytes; memory is allocated only for bytes that exist, whatever a header promises."""
    content = bytearray()
    while part := stream.read(min(_PART, size - len(content))):
        content += part
    return content


def _header(path: Path, stream: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4:
        raise TruncatedError(f"{path}: ends inside the header. Download or write it again.")
    if magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        raise FormatError(
            f"{path}: is not an IDX file: it begins with the bytes {magic.hex(' ')}, where IDX has 00 00, "
            f"a type ({', '.join(f'{code:02x}' for code in _DTYPES)}) and the number of dimensions. "
            "Check that this is the right file, or download it again."
        )
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise TruncatedError(f"{path}: ends inside the header. Download or write it again.")
    return np.dtype(_DTYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
