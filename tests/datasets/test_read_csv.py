import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from datasets import (
    CellError,
    ColumnError,
    DataError,
    FormatError,
    MissingFileError,
    TruncatedError,
    load_mnist,
    read_csv,
)

from ..thorough import draws


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def csv_lines(labels: NDArray[np.int64], features: NDArray[np.generic], header: bool) -> str:
    rows = [",".join(map(str, [label, *row])) for label, row in zip(labels.tolist(), features.tolist(), strict=True)]
    first = [",".join(["label", *(f"pixel{i}" for i in range(features.shape[1]))])] if header else []
    return "\n".join(first + rows) + "\n"


@pytest.mark.thorough
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_a_csv_of_mnist_equals_mnist(tmp_path: Path, header: bool, zipped: bool) -> None:
    _, (images, labels) = load_mnist()
    images, labels = images[:50], labels[:50]
    content = csv_lines(labels, np.rint(images * 255).astype(np.uint8), header).encode()
    path = tmp_path / ("mnist.csv.gz" if zipped else "mnist.csv")
    path.write_bytes(gzip.compress(content) if zipped else content)
    features, numbers = read_csv(path, scale=1 / 255)
    np.testing.assert_array_equal(features, images)
    np.testing.assert_array_equal(numbers, labels)
    assert features.dtype == np.float32
    assert numbers.dtype == np.int64


def test_every_scaled_byte_equals_the_one_of_load_mnist(path: Path) -> None:
    path.write_text("".join(f"0,{byte}\n" for byte in range(256)))
    features, _ = read_csv(path, scale=1 / 255)
    np.testing.assert_array_equal(features[:, 0], np.arange(256, dtype=np.float32) / np.float32(255))


def test_values_are_left_as_they_are(path: Path) -> None:
    path.write_text("label,a,b\n-3,255,0.25\n4,-1e3,1\n")
    features, labels = read_csv(str(path))
    assert features.tolist() == [[255.0, 0.25], [-1000.0, 1.0]]
    assert labels.tolist() == [-3, 4]


def test_the_arrays_are_contiguous_and_can_be_written_to(path: Path) -> None:
    path.write_text("label,a,b\n1,2,3\n4,5,6\n")
    features, labels = read_csv(path)
    assert features.flags.c_contiguous
    features += 1.0
    labels += 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("a,label,b\n1,7,2\n", "label"),
        ("a,digit,b\n1,7,2\n", "digit"),
        ("a, label ,b\n1,7,2\n", "label"),
        ("a,digit,b\n1,7,2\n", 1),
        ("a,digit,b\n1,7,2\n", -2),
        ("1,7,2\n", 1),
        ("7,1,2\n", "label"),
        ("7,1,2\n", 0),
        ("1,2,7\n", -1),
        ("label,0,1\n7,1,2\n", "label"),
        ("\ufefflabel,a,b\n7,1,2\n", "label"),
        ("\ufeff7,1,2\n", "label"),
        ('"label","a","b"\r\n"7","1","2"\r\n', "label"),
        ('"la\nbel",a,b\n7,1,2\n', 0),
        ("\n  \nlabel,a,b\n\n7,1,2\n\n", "label"),
        ("label,a,b\n7,1,2", "label"),
        ("label,a,b\n7.0,1, 2\n", "label"),
    ],
)
def test_the_label_is_found(path: Path, text: str, label: str | int) -> None:
    path.write_bytes(text.encode())
    features, labels = read_csv(path, label)
    assert features.tolist() == [[1.0, 2.0]]
    assert labels.tolist() == [7]


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@draws(40)
@given(
    features=npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=FLOATS),
    header=st.booleans(),
    data=st.data(),
)
def test_what_is_written_is_read(features: NDArray[np.float32], header: bool, data: st.DataObject) -> None:
    labels = data.draw(npst.arrays(np.int64, len(features), elements=st.integers(1 - 2**53, 2**53 - 1)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_text(csv_lines(labels, features, header))
        read, numbers = read_csv(path)
    # pandas's decimal conversion may be off by the last bit of a float64, which is far below a float32's
    np.testing.assert_allclose(read, features, rtol=1.2e-7, atol=1.5e-45)
    np.testing.assert_array_equal(numbers, labels)


CELLS = [
    ("label,a,b\n1,2,3\n1,x,3\n", "line 3, column 2 ('a'): 'x' is not a number. Correct it"),
    ("1,2,3\n1,2,x\n", "line 2, column 3: 'x' is not a number. Correct it"),
    ("label,a\n\n\n1,2\n\n1,x\n", "line 6, column 2 ('a'): 'x' is not a number"),
    ('label,"a\nb"\n1,2\n1,x\n', "line 4, column 2 ('a\\nb'): 'x' is not a number"),
    ("label,a\n1,1_000\n", "line 2, column 2 ('a'): '1_000' is not a number"),
    ("label,a\n1,٣\n", "line 2, column 2 ('a'): '٣' is not a number"),
    ("label,a\n1,2\n1,True\n", "line 3, column 2 ('a'): 'True' is not a number"),
    ("label,a\n1,\n", "line 2, column 2 ('a'): the cell is empty. Fill it in"),
    ("label,a\n ,1\n", "line 2, column 1 ('label'): the cell is empty. Fill it in"),
    ("label,a\n1,nan\n", "line 2, column 2 ('a'): 'nan' is not a finite float32"),
    ("label,a\n1,-inf\n", "line 2, column 2 ('a'): '-inf' is not a finite float32"),
    ("label,a\n1,1e39\n", "line 2, column 2 ('a'): '1e39' is not a finite float32"),
    ("label,a\n1,2\n1.5,2\n", "line 3, column 1 ('label'): the label '1.5' is not an integer below 2**53"),
    (
        "label,a\n9007199254740993,2\n",
        "line 2, column 1 ('label'): the label '9007199254740993' is not an integer",
    ),
    (
        "label,a\ncat,2\n",
        "line 2, column 1 ('label'): 'cat' is not a number. Labels are class numbers: number",
    ),
    ("label,a,b\n1,2,3\n1,2\n", "line 3 has 2 columns, where line 1 has 3. Correct or remove"),
    ("label,a,b\n1,2,3\n1,2,3,4\n", "line 3 has 4 columns, where line 1 has 3"),
    ("label,a\n1,2,3\n4,5,6\n", "line 2 has 3 columns, where line 1 has 2"),
    ("label,a,b\n1,2\n4,5\n", "line 2 has 2 columns, where line 1 has 3"),
    ("a,b,label\n1,2\n4,5\n", "line 2 has 2 columns, where line 1 has 3"),
    ('label,a\n1,"2\n' + "3,4\n" * 99, "line 2, column 2 ('a'): '2\\n3,4\\n3,4"),
]


@pytest.mark.parametrize(("text", "message"), CELLS)
def test_a_wrong_cell_is_named_by_line_and_column(path: Path, text: str, message: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CellError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}: {message[:20]}")
    assert message in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 250


def test_a_bad_first_row_is_not_taken_for_a_header(path: Path) -> None:
    path.write_text("1,2,x\n1,2,3\n")
    with pytest.raises(CellError, match="line 1, column 3: 'x' is not a number"):
        read_csv(path, label=0)
    with pytest.raises(ColumnError, match="if line 1 is data, correct the cell"):
        read_csv(path)


def test_the_line_is_found_far_down(path: Path) -> None:
    path.write_text("label,a,b\n" + "1,2,3\n" * 5000 + "1,oops,3\n" + "1,2,3\n" * 5000)
    with pytest.raises(CellError, match=r"line 5002, column 2 \('a'\): 'oops'"):
        read_csv(path)


@draws(40)
@given(
    rows=st.integers(1, 8),
    columns=st.integers(2, 5),
    bad=st.sampled_from(["", "x", "1-2", "nan", "inf", "1e999", "1_0", "NA", "0x1", "1.2.3", "--1", "2 3"]),
    data=st.data(),
)
def test_no_bad_cell_passes(rows: int, columns: int, bad: str, data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    cells = [["1"] * columns for _ in range(rows)]
    cells[row][column] = bad
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        names = ["label", *(f"p{i}" for i in range(1, columns))]
        path.write_text("\n".join(",".join(line) for line in [names, *cells]))
        with pytest.raises(CellError, match=rf"line {row + 2}, column {column + 1} \('{names[column]}'\)"):
            read_csv(path)


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        (
            "digit,a\n1,2\n",
            "label",
            "no column 'label': the header in line 1 has 2 columns, 'digit', 'a'. Pass",
        ),
        (
            "\na,b,c,d,e,f\n1,2,3,4,5,6\n",
            "y",
            "the header in line 2 has 6 columns, 'a', 'b', 'c', 'd', 'e', ...",
        ),
        ("label,label\n1,2\n", "label", "2 columns are named 'label'"),
        ("1,2\n", "digit", "no column 'digit': line 1 holds only numbers, so the file has no header. Pass"),
        ("a,b\n1,2\n", 2, "no column at position 2: there are 2, at positions 0 to 1"),
        ("a,b\n1,2\n", -3, "no column at position -3"),
        (",label,a\n0,1,2\n", "label", "line 1: column 1 has no name. If pandas wrote its row numbers"),
    ],
)
def test_a_label_column_that_is_not_there(path: Path, text: str, label: str | int, message: str) -> None:
    path.write_text(text)
    with pytest.raises(ColumnError) as caught:
        read_csv(path, label)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "holds no rows"),
        (gzip.compress(b"", mtime=0), "holds no rows"),
        (b"label,a\n", "holds a header and no rows below it"),
        (b"label;a\n1;2\n", "line 1 has one column.*Separate the columns with commas"),
        (b"label,a\n1,2\n3,\xff\n", "line 3 is not UTF-8 text.*Save the file as UTF-8"),
        ("label,a\n1,2\n".encode("utf-16"), "line 1 is not UTF-8 text"),
        (b"label,a\n1," + b"2" * 200_000 + b"\n", "line 2: field larger than field limit"),
    ],
)
def test_a_file_that_is_no_csv(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"data\.csv: {message}"):
        read_csv(path)


def test_gzip_that_ends_in_the_middle(path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (5000, 20))
    content = gzip.compress(csv_lines(rows[:, 0], rows, header=True).encode())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(TruncatedError, match="the gzip data ends too early"):
        read_csv(path)


def test_a_csv_named_gz_that_is_not(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_text("label,a\n1,2\n")
    with pytest.raises(FormatError, match=r"data\.csv\.gz: is named \.gz but is not gzip"):
        read_csv(path)


def test_a_csv_that_is_not_there(path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"data\.csv: no such file"):
        read_csv(path)


@draws(80)
@given(text=st.text(alphabet='01,.-\n\r" xe', max_size=30), label=st.sampled_from(["label", 0, 1, -1]))
def test_arbitrary_text_is_read_or_refused_by_name(text: str, label: str | int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(text.encode())
        try:
            features, labels = read_csv(path, label)
        except DataError as error:
            assert str(error).startswith(str(path))  # noqa: PT017 - whether it raises depends on the text
        else:
            assert len(features) == len(labels) > 0
            assert np.isfinite(features).all()
