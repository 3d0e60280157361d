"""CSV layouts: the header if there is one, the columns, and the position of the label."""

import csv
import io
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import ColumnError, FormatError
from datasets.sources.files import opened


@dataclass(frozen=True)
class Layout:
    """The layout of the CSV file `path`: its header, columns and label.

    `names` is None without a header; `label` is the label's position from 0; the first row that is not
    blank, header or not, begins in line `first_line`, counted from 1.
    """

    path: Path
    names: list[str] | None
    width: int
    label: int
    first_line: int

    @property
    def header_line(self) -> int:
        """The line in which the header begins, or 0 without one."""
        return self.first_line if self.names else 0

    def column(self, position: int) -> str:
        """Return a readable name of the column at `position`, counted from 0."""
        name = f" ({self.names[position]!r})" if self.names else ""
        return f"column {position + 1}{name}"


def read_layout(path: Path, label: str | int) -> Layout:
    """Read the first row of `path` and find the position of the label."""
    rows = numbered_rows(path)
    line, cells = next(rows, (0, []))
    rows.close()
    if not cells:
        raise FormatError(f"{path}: holds no rows. Download or write it again.")
    if len(cells) < 2:
        raise FormatError(
            f"{path}: line {line} has one column, where a label and at least one feature are needed. "
            "Separate the columns with commas."
        )
    names = [cell.strip() for cell in cells] if _is_header(path, cells, label) else None
    if names:
        _check_named(path, line, names)
    position = _label_position(path, line, cells, names, label)
    return Layout(path, names, len(cells), position, line)


def numbered_rows(path: Path) -> Generator[tuple[int, list[str]], None, None]:
    """Yield each row that is not blank: the line in which it begins, from 1, and its cells."""
    with opened(path) as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        reader = csv.reader(text)
        try:
            line = 1
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield line, cells
                line = reader.line_num + 1
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{path}: line {_undecodable_line(path)} is not UTF-8 text ({error.reason}). "
                "Save the file as UTF-8, or check that it is a CSV file."
            ) from error
        except csv.Error as error:
            raise FormatError(f"{path}: line {reader.line_num}: {error}. Check that it is a CSV file.") from error


def is_number(text: str) -> bool:
    """Tell whether a CSV cell holds a number; Python-only spellings such as 1_000 do not count."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text and text.isascii()


def _undecodable_line(path: Path) -> int:
    """Return the line to blame once decoding has failed: the decoder counts bytes of a buffer instead."""
    with opened(path) as stream:
        return next(line for line, content in enumerate(stream, 1) if not _is_utf8(content))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_header(path: Path, cells: list[str], label: str | int) -> bool:
    # pandas reads True and False as 1 and 0, so they are data as well
    textual = [not is_number(cell) and cell.strip().lower() not in ("true", "false") for cell in cells]
    if isinstance(label, str):
        return any(textual)
    # one bad cell in a file without a header must not turn its first row into one
    return textual[_position(path, label, len(cells))]


def _check_named(path: Path, line: int, names: list[str]) -> None:
    if "" in names:
        raise ColumnError(
            f"{path}: line {line}: column {names.index('') + 1} has no name. If pandas wrote its row numbers "
            "there, write the file with to_csv(..., index=False); otherwise name or remove the column."
        )


def _label_position(path: Path, line: int, cells: list[str], names: list[str] | None, label: str | int) -> int:
    if not isinstance(label, str):
        return _position(path, label, len(cells))
    if names is None:
        return _unnamed_position(path, line, label)
    if names.count(label) == 1:
        return names.index(label)
    shown = ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    problem = f"{names.count(label)} columns are named {label!r}" if label in names else f"no column {label!r}"
    raise ColumnError(
        f"{path}: {problem}: the header in line {line} has {len(names)} columns, {shown}. "
        "Pass label= with the name of one of them, or its position from 0; "
        f"if line {line} is data, correct the cell in it that is not a number."
    )


def _unnamed_position(path: Path, line: int, label: str) -> int:
    if label == "label":  # the default: the label comes first in the files that have no header
        return 0
    raise ColumnError(
        f"{path}: no column {label!r}: line {line} holds only numbers, so the file has no header. "
        "Pass the label's position from 0, such as label=0."
    )


def _position(path: Path, label: int, width: int) -> int:
    if -width <= label < width:
        return label % width
    raise ColumnError(f"{path}: no column at position {label}: there are {width}, at positions 0 to {width - 1}.")
