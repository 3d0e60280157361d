"""Faults in CSV files: find the cell at fault, slowly and exactly, once something is known to be wrong."""

import reprlib

import numpy as np

from datasets.errors import CellError, DataError, FormatError
from datasets.sources.csv_layout import Layout, is_number, numbered_rows

# pandas reads the labels as float64, in which 2**53 and 2**53 + 1 are the same number
LARGEST_LABEL = 2**53 - 1

_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


def find_fault(layout: Layout, reason: str) -> DataError:
    """Return an error that names the first wrong row of the file, or gives `reason` if every row is good."""
    has_rows = False
    for line, cells in numbered_rows(layout.path):
        if line <= layout.header_line:
            continue
        has_rows = True
        problem = _row_problem(layout, cells)
        if problem:
            return CellError(f"{layout.path}: line {line}{problem}")
    if not has_rows:
        return FormatError(f"{layout.path}: holds a header and no rows below it. Download or write it again.")
    return FormatError(f"{layout.path}: {reason.strip()}. Check that it is a CSV file of numbers.")


def _row_problem(layout: Layout, cells: list[str]) -> str | None:
    if len(cells) != layout.width:
        return (
            f" has {len(cells)} columns, where line {layout.first_line} has {layout.width}. "
            "Correct or remove this line."
        )
    if _all_usable(layout, cells):
        return None
    problems = ((position, _cell_problem(layout, position, text)) for position, text in enumerate(cells))
    return next((f", {layout.column(position)}: {problem}" for position, problem in problems if problem), None)


def _all_usable(layout: Layout, cells: list[str]) -> bool:
    """Tell whether a row is good, fast: a file may have many good rows before the first bad one."""
    try:
        numbers = list(map(float, cells))
    except ValueError:
        return False
    text = "".join(cells)
    return (
        all(_fits_float32(number) for number in (min(numbers), max(numbers), sum(numbers)))
        and _is_label(numbers[layout.label])
        and text.isascii()
        and "_" not in text
    )


def _cell_problem(layout: Layout, position: int, text: str) -> str | None:
    shown = reprlib.repr(text)  # shortened: a quote that is never closed makes one cell of the whole file
    if not text.strip():
        return "the cell is empty. Fill it in, or remove this line."
    if not is_number(text):
        return f"{shown} is not a number. {_remedy(layout, position)}"
    if position == layout.label and not _is_label(float(text)):
        return f"the label {shown} is not an integer below 2**53. {_remedy(layout, position)}"
    if position != layout.label and not _fits_float32(float(text)):
        return f"{shown} is not a finite float32. {_remedy(layout, position)}"
    return None


def _remedy(layout: Layout, position: int) -> str:
    if position == layout.label:
        return "Labels are class numbers: number the classes first, or pass label= if another column is meant."
    return "Correct it, or remove this line."


def _is_label(number: float) -> bool:
    return number.is_integer() and abs(number) <= LARGEST_LABEL


def _fits_float32(number: float) -> bool:
    return abs(number) <= _LARGEST_FLOAT32
