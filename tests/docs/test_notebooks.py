"""The notebooks run from top to bottom, and what they were kept with is what they show.

Compared are the texts: what was printed, and results that are no picture. Words have to be equal and so have whole
numbers; other numbers may differ by one in the last digit that is shown, or by a millionth. After a training rounding
has grown, so in cells with the tag ``trained`` numbers may differ by three tenths: what has to hold is asserted in the
notebook. What cells with the tag ``wording`` show are the words of another library, and of pictures and pages, whose
bytes other versions write in another way, only the kind is compared.
"""

import json
import re
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from docs.run_notebooks import FOLDER, ROOT, named, read, run, write

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NUMBER = re.compile(r"([-+]?\d[\d,]*(?:\.\d*)?(?:e[-+]?\d+)?)")
MOST_BYTES = 600_000
of_each = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def files() -> dict[Path, int]:
    """Return when each file of the docs was written last, but for pages: the site writes some when it is built."""
    found = (file for file in (ROOT / "docs").rglob("*") if "__pycache__" not in file.parts and file.suffix != ".md")
    return {file: file.stat().st_mtime_ns for file in found}


@pytest.mark.thorough
@of_each
def test_a_notebook_shows_what_it_was_kept_with(path: Path) -> None:
    before = files()
    kept = read(path)
    found = run(kept)  # an exception in a cell is raised here
    assert files() == before
    for old, new in zip(code_cells(kept), code_cells(found), strict=True):
        tags = old.metadata.get("tags", [])
        assert list(map(kind, old.outputs)) == list(map(kind, new.outputs)), old.source
        if "wording" not in tags:
            wrong = difference(text_of(old), text_of(new), 0.3 if "trained" in tags else None)
            assert not wrong, f"{wrong}: if that is meant, run python docs/run_notebooks.py {path.stem}\n{old.source}"


@of_each
def test_a_notebook_is_kept_whole_and_with_nothing_else(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = read(path)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell.outputs) for cell in cells) > len(cells) / 2
    assert len(text.encode()) < MOST_BYTES
    titles = [line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    assert [line[:2] for line in titles].count("# ") == 1
    assert titles[0].startswith("# ")
    write(notebook, tmp_path / "again.ipynb")
    assert (tmp_path / "again.ipynb").read_text(encoding="utf-8") == text
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)


@of_each
def test_a_notebook_tells_nothing_of_the_machine_that_ran_it(path: Path) -> None:
    notebook = read(path)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.get("name") == "stderr" or output.output_type == "error"]
    shown = json.dumps(outputs)
    places = {str(ROOT), str(Path.home()), tempfile.gettempdir()}
    for sign in (*places, "ipykernel", "site-packages", "/home/", "/Users/", "/tmp/", "Warning", "object at 0x"):
        assert sign not in shown, sign


def test_the_gradients_by_hand_are_held_to_those_of_the_machine() -> None:
    cells = "\n".join(cell.source for cell in code_cells(read(named("mnist_by_hand"))))
    assert "assert largest_difference(ours.values(), [by_machine[name] for name in ours]) < 1e-13" in cells


@pytest.mark.parametrize(
    ("old", "new", "loose", "equal"),
    [
        ("loss 0.406553", "loss 0.406554", None, True),
        ("loss 0.406553", "loss 0.406560", None, False),
        ("1.9092974268256817", "1.9092974268256800", None, True),
        ("1,575,040 bytes", "1,575,041 bytes", None, False),
        ("|g| 2.42e-08", "|g| 2.43e-08", None, True),
        ("|g| 2.42e-08", "|g| 2.42e-07", None, False),
        ("a  1.0", "a 1.0", None, True),
        ("the gradients agree", "the gradients differ", None, False),
        ("[1. 2.]", "[1. 2. 3.]", None, False),
        ("loss 0.0442", "loss 0.0461", 0.3, True),
        ("loss 0.0442", "loss 0.0942", 0.3, False),
        ("loss 0.0442", "loss nan", 0.3, False),
    ],
)
def test_numbers_are_compared_as_they_are_shown(old: str, new: str, loose: float | None, equal: bool) -> None:
    assert (difference(old, new, loose) == "") is equal


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kind(output: Any) -> Any:
    return output.get("name") or sorted(output.data)


def text_of(cell: Any) -> str:
    """Return what a cell printed, and what it resulted in if that is no picture."""
    printed = [output.text for output in cell.outputs if output.output_type == "stream"]
    results = [output.data for output in cell.outputs if output.output_type != "stream"]
    return "\n".join(printed + [data["text/plain"] for data in results if list(data) == ["text/plain"]])


def difference(old: str, new: str, loose: float | None) -> str:
    """Say what differs first between two texts, or nothing."""
    for one, other in zip_longest(pieces(old), pieces(new), fillvalue=""):
        numbers = NUMBER.fullmatch(one) and NUMBER.fullmatch(other)
        if not (same_number(one, other, loose) if numbers else one == other):
            return f"{other!r} is shown where {one!r} is kept"
    return ""


def pieces(text: str) -> list[str]:
    """Divide a text into numbers and what lies between them, whose spaces are not counted."""
    return [" ".join(piece.split()) for piece in NUMBER.split(text)]


def same_number(old: str, new: str, loose: float | None) -> bool:
    one, other = (float(number.replace(",", "")) for number in (old, new))
    mantissa, _, exponent = old.partition("e")
    if loose is None and "." not in mantissa and not exponent:
        return one == other
    last_digit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    allowed = max(1.01 * last_digit, (1e-6 if loose is None else loose) * abs(one))
    return abs(one - other) <= allowed
