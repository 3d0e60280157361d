"""Tables, arrays in files, folders of images and downloads: what they hold, and what is wrong with them, by name."""

import functools
import hashlib
import http.server
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from datasets import (
    ArgumentError,
    CellError,
    ColumnError,
    DataLoader,
    FormatError,
    ImageFolder,
    MissingFileError,
    RowError,
    TensorDataset,
    download,
    open_array,
    read_table,
)
from datasets.sources import images

COLUMNS: dict[str, Any] = {
    "f8": np.linspace(0, 1, 9),
    "f4": np.linspace(1, 2, 9, dtype=np.float32),
    "i8": np.arange(9),
    "u1": np.arange(9, dtype=np.uint8),
    "yes": np.arange(9) % 2 == 0,
}
FEATURES = np.stack([np.asarray(COLUMNS[name], np.float32) for name in ("f8", "f4", "u1", "yes")], axis=1)


def polars_table() -> Any:
    polars = pytest.importorskip("polars", reason="reads its tables: pip install polars")
    parts = [
        polars.DataFrame({name: values[part] for name, values in COLUMNS.items()}) for part in (slice(4), slice(4, 9))
    ]
    return polars.concat(parts, rechunk=False)


def arrow_table() -> Any:
    arrow = pytest.importorskip("pyarrow", reason="reads its tables: pip install pyarrow")
    twice = arrow.table({name: np.concatenate([values, values]) for name, values in COLUMNS.items()})
    return arrow.concat_tables([twice.slice(9, 5), twice.slice(5, 4)])  # which begin within bytes of bools


def parquet(tmp_path: Path) -> Path:
    pytest.importorskip("pyarrow", reason="reads Parquet: pip install pyarrow")
    pandas.DataFrame(COLUMNS).to_parquet(tmp_path / "table.parquet")
    return tmp_path / "table.parquet"


def csv(tmp_path: Path) -> Path:
    pandas.DataFrame(COLUMNS).to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


MAKERS: dict[str, Any] = {
    "pandas": lambda tmp_path: pandas.DataFrame(COLUMNS),
    "polars": lambda tmp_path: polars_table(),
    "arrow": lambda tmp_path: arrow_table(),
    "parquet": parquet,
    "csv": csv,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_tables(kind: str, tmp_path: Path) -> None:
    table = MAKERS[kind](tmp_path)
    features, labels = read_table(table, "i8")
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, FEATURES)
    assert (labels.dtype, labels.tolist()) == (np.dtype(np.int64), list(range(9)))
    some, other = read_table(table, "f8", ["yes", "f4"])
    np.testing.assert_array_equal(some, FEATURES[:, [3, 1]])
    assert other.dtype == np.float32
    assert read_table(table, "yes", ["f8"])[1].tolist() == COLUMNS["yes"].tolist()


def broken(kind: str, values: Any, tmp_path: Path) -> Any:
    columns = {"a": values, "label": [1, 2, 3]}
    if kind == "pandas":
        return pandas.DataFrame(columns)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    if kind == "arrow":
        return pytest.importorskip("pyarrow").table(columns)
    path = tmp_path / "table.csv"
    pandas.DataFrame(columns).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "csv"])
@pytest.mark.parametrize(("values", "error", "message"), [
    ([1.5, None, 2.5], CellError, "column 'a': the value of row 1 is missing"),
    (["x", "y", "z"], ColumnError, "column 'a' .*does not hold numbers"),
    ([0.0, 1.0, float("inf")], CellError, "column 'a': the value of row 2 is no finite float32"),
    ([0.0, 1e300, 0.0], CellError, "column 'a': the value of row 1 is no finite float32"),
])  # fmt: skip
def test_cells_and_columns_that_cannot_be_used(
    kind: str, values: Any, error: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message) as caught:
        read_table(broken(kind, values, tmp_path), "label")
    assert kind != "csv" or "table.csv" in str(caught.value)


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "csv"])
def test_columns_that_are_not_there(kind: str, tmp_path: Path) -> None:
    table = broken(kind, [1, 2, 3], tmp_path)
    for label, columns in (("b", None), ("label", ["a", "b"])):
        with pytest.raises(ColumnError, match=r"'b'.*'a'"):
            read_table(table, label, columns)
    with pytest.raises(ColumnError, match="no features"):
        read_table(table, "a", [])


def test_files_and_tables_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"nothing")
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises((FormatError, ImportError), match=r"a\.parquet|pip install pyarrow"):
        read_table(tmp_path / "a.parquet", "label")
    with pytest.raises(FormatError, match=r"a\.csv: No columns"):
        read_table(tmp_path / "a.csv", "label")
    with pytest.raises(MissingFileError, match="no such file"):
        read_table(tmp_path / "b.csv", "label")
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(ArgumentError, match="format is not known"):
        read_table(tmp_path / "a.txt", "label")
    with pytest.raises(ArgumentError, match="is no table"):
        read_table([[1, 2]], "label")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="Give a list of names"):
        read_table(pandas.DataFrame(COLUMNS), "f8", "i8")
    twice = pandas.DataFrame(np.zeros((2, 3)), columns=["a", "a", "b"])
    with pytest.raises(ColumnError, match="2 columns are named 'a'"):
        read_table(twice, "b")


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_in_files_are_mapped(tmp_path: Path, order: Any) -> None:
    values = np.asarray(np.random.default_rng(0).random((50, 7)), order=order)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", first=np.arange(3), values=values)
    np.savez_compressed(tmp_path / "c.npz", values=values)
    for path, name in (("a.npy", None), ("b.npz", "values"), ("c.npz", "values")):
        array = open_array(tmp_path / path, name)
        assert isinstance(array, np.memmap) == (path != "c.npz")
        dataset = TensorDataset(array, np.arange(50))
        for each in (dataset, pickle.loads(pickle.dumps(dataset))):
            for x, rows in DataLoader(each, 8, shuffle=True):
                np.testing.assert_array_equal(x, values[rows])
            assert each[-1][0].tolist() == values[-1].tolist()
    for shape in [(), (0, 3)]:
        np.save(tmp_path / "d.npy", np.zeros(shape))
        assert open_array(tmp_path / "d.npy").shape == shape


def test_arrays_that_are_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    np.save(tmp_path / "a.npy", np.zeros(3))
    (tmp_path / "text.npy").write_text("nothing of that kind")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    for path, name, kind, message in [
        ("b.npy", None, MissingFileError, "no such file"), ("a.npz", None, ColumnError, "no array None: there are 'x'"),
        ("a.npz", "y", ColumnError, "no array 'y'"), ("a.npy", "x", ArgumentError, "is one array"),
        ("text.npy", None, FormatError, "magic string"), ("objects.npy", None, FormatError, "Python objects"),
    ]:  # fmt: skip
        with pytest.raises(kind, match=message):
            open_array(tmp_path / path, name)
    array = open_array(tmp_path / "a.npy")
    dataset = TensorDataset(array)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-8])
    with pytest.raises(RowError, match=r"row 2 of TensorDataset.*has become shorter"):
        list(DataLoader(dataset, 3))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image", reason="reads images: pip install pillow")
    for place, (name, colour) in enumerate(
        {"cats/1.png": "red", "cats/old/2.bmp": "lime", "dogs/3.PNG": "white"}.items()
    ):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.new("RGB", (4 + place, 3), colour).save(path)
    (tmp_path / "photos" / "cats" / "notes.txt").write_text("no image")
    return tmp_path / "photos"


def test_folders_of_images(photos: Path) -> None:
    folder = ImageFolder(photos, size=(5, 6))
    assert (folder.classes, folder.class_to_idx, len(folder)) == (["cats", "dogs"], {"cats": 0, "dogs": 1}, 3)
    (images, labels) = next(iter(DataLoader(folder, 3, num_workers=2)))
    assert (images.shape, images.dtype, labels.tolist()) == ((3, 3, 5, 6), np.float32, [0, 0, 1])
    assert images[:, :, 2, 2].tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 1]]
    assert ImageFolder(photos, mode="L")[2][0].shape == (1, 3, 6)
    with pytest.raises(RowError, match=r"rows 0, 1, 2 of ImageFolder \(.*photos\): row 1 of the batch has shape"):
        list(DataLoader(ImageFolder(photos), 3))


def test_folders_that_hold_no_images(photos: Path, tmp_path: Path) -> None:
    folder = ImageFolder(photos)
    (photos / "cats" / "1.png").write_bytes(b"nothing")
    with pytest.raises(RowError, match=r"row 0 of ImageFolder .*1\.png: is not an image that Pillow can read"):
        list(DataLoader(folder, 3, num_workers=1))
    with pytest.raises(MissingFileError, match="no such folder"):
        ImageFolder(tmp_path / "nowhere")
    (photos / "birds").mkdir()
    with pytest.raises(MissingFileError, match="birds: no images there"):
        ImageFolder(photos)
    for options in ({"mode": "CMYK"}, {"size": (3,)}, {"size": (0, 1)}):
        with pytest.raises(ArgumentError, match="ImageFolder"):
            ImageFolder(photos, **options)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "data.bin").write_bytes(b"0123456789")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "site"))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_downloads_are_checked(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pooch", reason="downloads: pip install pooch")
    monkeypatch.setenv("NO_PROXY", "*")
    right, wrong = (hashlib.sha256(content).hexdigest() for content in (b"0123456789", b""))
    for known in (right, f"sha256:{right}", f"md5:{hashlib.md5(b'0123456789').hexdigest()}"):
        path = download(f"{site}/data.bin", known, tmp_path / known[:3])
        assert path.read_bytes() == b"0123456789"
    with pytest.raises(FormatError, match="the checksum is not"):
        download(f"{site}/data.bin", wrong, tmp_path / "wrong")
    assert not any((tmp_path / "wrong").iterdir())
    with pytest.raises(MissingFileError, match="could not be downloaded"):
        download(f"{site}/other.bin", right, tmp_path)
    with pytest.raises(ArgumentError, match="Give an address"):
        download("nowhere", right, tmp_path)


@pytest.mark.parametrize("known_hash", ["", "abc", "sha256:" + 64 * "z", "md5:" + 64 * "0", None])
def test_a_checksum_is_needed(known_hash: Any) -> None:
    with pytest.raises(ArgumentError, match="hexadecimal digits"):
        download("http://example.org/a", known_hash)


# What Pillow calls the modes of images, and where white, or the largest number, is found in them.
SIXTEEN = ["I;16", "I;16L", "I;16B", "I"]
EIGHT = ["1", "L", "P", "RGB", "RGBA", "RGBX", "RGBa", "LA", "PA", "CMYK", "YCbCr", "HSV"]


def steps(largest: float, dtype: str) -> np.ndarray[Any, Any]:
    return np.linspace(0, largest, 16).astype(dtype).reshape(4, 4)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
@pytest.mark.parametrize(("largest", "dtype"), [(255, "u1"), (65535, "u2"), (65535, "i4"), (1, "f4")])
def test_images_go_from_0_to_1_whatever_they_hold(
    tmp_path: Path, ending: str, mode: Any, largest: float, dtype: str
) -> None:
    image = pytest.importorskip("PIL.Image", reason="reads images: pip install pillow")
    (tmp_path / "a").mkdir()
    if dtype in ("i4", "f4"):
        ending = "tiff"  # the others hold no floats, nor integers of 32 bits
    image.fromarray(steps(largest, dtype)).save(tmp_path / "a" / f"1.{ending}")
    pixels, _ = ImageFolder(tmp_path, mode=mode)[0]
    assert pixels.dtype == np.float32
    for channel in pixels:
        np.testing.assert_allclose(channel, steps(1, "f4"), atol=0.003)
    assert ImageFolder(tmp_path, (8, 8), mode)[0][0].shape == (len(pixels), 8, 8)
    assert 0.9 < ImageFolder(tmp_path, (8, 8), mode)[0][0].max() <= 1


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("own", [*SIXTEEN, *EIGHT, "F"])
def test_white_is_1_and_black_is_0_in_every_mode_of_pillow(own: str, mode: Any) -> None:
    image = pytest.importorskip("PIL.Image", reason="reads images: pip install pillow")
    for expected in (0, 1):
        if own == "F" or own in SIXTEEN:
            drawn = image.new(own, (3, 2), expected * (1 if own == "F" else 65535))
        elif own in ("RGBa", "PA"):
            drawn = image.new("RGBA" if own == "RGBa" else "LA", (3, 2), "white" if expected else "black").convert(own)
        else:
            drawn = image.new("RGB", (3, 2), "white" if expected else "black").convert(own)
        pixels = images._pixels(drawn, mode, None)
        assert pixels.shape == ((2, 3) if mode == "L" else (2, 3, 3))
        np.testing.assert_array_equal(pixels, np.full(pixels.shape, expected))


@pytest.mark.parametrize(("mode", "value"), [("F", 255.0), ("F", -0.5), ("F", np.nan), ("I", 70000), ("I", -1)])
def test_pixels_of_an_unknown_scale_are_refused(tmp_path: Path, mode: str, value: float) -> None:
    image = pytest.importorskip("PIL.Image", reason="reads images: pip install pillow")
    (tmp_path / "a").mkdir()
    image.new(mode, (2, 2), value).save(tmp_path / "a" / "1.tif")
    with pytest.raises(FormatError, match=rf"1\.tif: its pixels, of Pillow's mode '{mode}', .*Scale them"):
        ImageFolder(tmp_path)[0]


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_labels_are_those_of_the_table_or_refused(dtype: str) -> None:
    kind = np.dtype(dtype)
    largest = 1 if dtype == "?" else np.iinfo(kind).max
    values = np.array([0, 1, largest], dtype)
    for column in (values, pandas.array(values)):
        table = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "label": column})
        if dtype == "u8":
            with pytest.raises(CellError, match=r"column 'label': 18446744073709551615 is no int64.*pandas\.factorize"):
                read_table(table, "label")
        else:
            assert read_table(table, "label")[1].tolist() == values.tolist()
        features, _ = read_table(table, "a")
        np.testing.assert_array_equal(features[:, 0], values.astype(np.float32))
