import gzip
import hashlib
import re
import struct
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

import datasets
from datasets import DataError, FormatError, MissingFileError, TruncatedError, load_idx, load_mnist, read_idx
from datasets.sources.idx import Samples

from ..thorough import draws

MNIST = Path(datasets.__file__).parent / "mnist"
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
NAMES = {"train": ("train-images", "train-labels"), "t10k": ("t10k-images", "t10k-labels")}


def idx_bytes(array: NDArray[Any]) -> bytes:
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_folder(folder: Path, joint: str = "-", ending: str = "") -> None:
    pixels = np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3) * 20
    for images, labels in NAMES.values():
        for name, array in (
            (f"{images}{joint}idx3", pixels),
            (f"{labels}{joint}idx1", np.array([7, 2], np.uint8)),
        ):
            content = idx_bytes(array)
            path = folder / f"{name}-ubyte{ending}"
            path.write_bytes(gzip.compress(content) if ending else content)


@pytest.fixture(scope="module")
def mnist() -> tuple[Samples, Samples]:
    return load_mnist()


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("train-images-idx3-ubyte", "ba891046"),
        ("train-labels-idx1-ubyte", "65a50cbb"),
        ("t10k-images-idx3-ubyte", "0fa7898d"),
        ("t10k-labels-idx1-ubyte", "ff7bcfd4"),
    ],
)
def test_the_shipped_files_are_the_originals(name: str, beginning: str) -> None:
    content = gzip.decompress((MNIST / f"{name}.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest().startswith(beginning)


def test_mnist_has_its_shapes_types_and_range(
    mnist: tuple[Samples, Samples],
) -> None:
    for (images, labels), rows in zip(mnist, (60_000, 10_000), strict=True):
        assert images.shape == (rows, 784)
        assert labels.shape == (rows,)
        assert images.dtype == np.float32
        assert labels.dtype == np.int64
        assert images.min() == 0.0
        assert images.max() == 1.0


def test_mnist_has_its_known_class_counts(
    mnist: tuple[Samples, Samples],
) -> None:
    (_, train), (_, test) = mnist
    assert np.bincount(train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.thorough
def test_mnist_has_its_known_mean_and_deviation(
    mnist: tuple[Samples, Samples],
) -> None:
    (images, _), _ = mnist
    assert images.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert images.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


def test_unflattened_images_hold_the_same_pixels(
    mnist: tuple[Samples, Samples],
) -> None:
    _, (square, _) = load_mnist(flatten=False)
    assert square.shape == (10_000, 28, 28)
    np.testing.assert_array_equal(square.reshape(-1, 784), mnist[1][0])


def test_each_call_returns_arrays_of_its_own(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (first, labels), _ = load_idx(tmp_path)
    first[:] = -1.0
    labels[:] = -1
    (again, labels), _ = load_idx(tmp_path)
    assert again.min() == 0.0
    assert labels.tolist() == [7, 2]


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("joint", ["-", "."])
def test_folders_load_in_every_spelling(tmp_path: Path, joint: str, ending: str) -> None:
    write_folder(tmp_path, joint, ending)
    for images, labels in load_idx(str(tmp_path)):
        expected = np.arange(12, dtype=np.float32).reshape(2, 6) * 20 / np.float32(255)
        np.testing.assert_array_equal(images, expected)
        assert labels.tolist() == [7, 2]


def test_a_folder_named_as_the_file_is_passed_over(tmp_path: Path) -> None:
    write_folder(tmp_path, ".")
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    assert load_idx(tmp_path)[0][0].shape == (2, 6)


def test_a_folder_without_samples_keeps_its_width(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros((0, 2, 3), np.uint8)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(0, np.uint8)))
    _, (images, labels) = load_idx(tmp_path)
    assert images.shape == (0, 6)
    assert labels.shape == (0,)


@draws(60)
@given(data=st.data(), code=st.sampled_from(sorted(CODES)), zipped=st.booleans())
def test_idx_files_of_every_type_round_trip(data: st.DataObject, code: str, zipped: bool) -> None:
    array: NDArray[Any] = data.draw(npst.arrays(np.dtype(code), npst.array_shapes(min_dims=0, min_side=0, max_side=4)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("values.gz" if zipped else "values")
        path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
        read = read_idx(path)
    assert read.dtype == np.dtype(code)
    assert read.dtype.isnative
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array)


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "named-as-if-raw"
    path.write_bytes(gzip.compress(idx_bytes(np.arange(3, dtype=np.uint8))))
    assert read_idx(path).tolist() == [0, 1, 2]


GOOD = idx_bytes(np.arange(6, dtype=np.int16).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"", FormatError, "the file is empty"),
        (b"\0\0", TruncatedError, "ends inside the header"),
        (GOOD[:9], TruncatedError, "ends inside the header"),
        (
            GOOD[:-1],
            TruncatedError,
            r"promises int16 values of shape \(2, 3\), which are 12 bytes, and 11 bytes follow",
        ),
        (GOOD + b"x", FormatError, "is too long.*12 bytes, and 13 bytes follow"),
        (b"\x89PNG\r\n", FormatError, "not an IDX file: it begins with the bytes 89 50 4e 47"),
        (b"\0\0\x07\1\0\0\0\0", FormatError, "not an IDX file"),
        (b"\0\0\x08\x60" + b"\0\0\0\1" * 0x60 + b"x", FormatError, "does not fit an array"),
        (b"\0\0\x08\x04" + b"\0\0\0\0" + b"\xff" * 12, FormatError, "does not fit an array"),
    ],
)
def test_wrong_idx_files_are_named_and_explained(
    tmp_path: Path, content: bytes, kind: type[DataError], message: str
) -> None:
    path = tmp_path / "wrong-idx"
    path.write_bytes(content)
    with pytest.raises(kind, match=f"^{re.escape(str(path))}: .*{message}"):
        read_idx(path)


@draws(60)
@given(content=st.one_of(st.binary(max_size=64), st.binary(max_size=40).map(lambda tail: b"\0\0\x08" + tail)))
def test_arbitrary_bytes_are_read_or_refused_by_name(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes"
        path.write_bytes(content)
        try:
            array = read_idx(path)
        except DataError as error:
            assert str(error).startswith(str(path))  # noqa: PT017 - whether it raises depends on the bytes
        else:
            assert idx_bytes(array) == content


def test_gzip_that_ends_too_early(tmp_path: Path) -> None:
    path = tmp_path / "train.gz"
    path.write_bytes((MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes()[:-100])
    with pytest.raises(TruncatedError, match=r"train\.gz: the gzip data ends too early\. Download"):
        read_idx(path)


@pytest.mark.parametrize("position", [50, -6])
def test_damaged_gzip(tmp_path: Path, position: int) -> None:
    content = bytearray((MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes())
    content[position] ^= 0xFF
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"labels\.gz: the gzip data .*Download"):
        read_idx(path)


def test_a_raw_file_named_gz(tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(GOOD)
    with pytest.raises(FormatError, match=r"labels\.gz: is named \.gz but is not gzip.*remove \.gz"):
        read_idx(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nothing: no such file\. Relative paths start at"):
        read_idx(tmp_path / "nothing")
    with pytest.raises(MissingFileError, match="is a folder"):
        read_idx(tmp_path)
    with pytest.raises(FileNotFoundError, match="nothing: no such folder"):
        load_idx(tmp_path / "nothing")
    write_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(MissingFileError, match=r"none of t10k-labels-idx1-ubyte, t10k-labels-idx1-ubyte\.gz"):
        load_idx(tmp_path)


def test_swapped_files_are_noticed(tmp_path: Path) -> None:
    write_folder(tmp_path)
    images, labels = tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
    kept = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    with pytest.raises(FormatError, match=r"train-images.*uint8 values of shape \(2,\).*swap them back"):
        load_idx(tmp_path)
    images.write_bytes(kept)
    labels.write_bytes(kept)
    with pytest.raises(FormatError, match=r"train-labels.*shape \(2, 2, 3\).*swap them back"):
        load_idx(tmp_path)


def test_labels_that_do_not_match_the_images(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(DataError, match="3 labels for the 2 images of train-images-idx3-ubyte"):
        load_idx(tmp_path)


def test_the_header_is_looked_at_before_all_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    zeros = gzip.compress(bytes(1 << 24))
    with gzip.open(path, "wb") as stream:
        stream.write(GOOD)
    path.write_bytes(path.read_bytes() + zeros * 8)  # 128 MB
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=r"is too long.*12 bytes, and more than \d+ bytes follow"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_header_that_promises_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    for compress in (bytes, gzip.compress):
        path = tmp_path / "short"
        path.write_bytes(compress(b"\0\0\x0e\3" + b"\xff" * 12 + bytes(100)))
        with pytest.raises(TruncatedError, match="and 100 bytes follow"):
            read_idx(path)
