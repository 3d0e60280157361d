"""The course as a notebook: its cells write the learner's files and grade them, in a browser too."""

from __future__ import annotations

import ast
import html
import json
from pathlib import Path
from typing import Any

from .checks import NAMES, exercise
from .grading import grade_apart
from .learner import TASKS
from .progress import Folder

__all__ = ["Page", "check", "hint", "text"]

HEIGHT = 600  # of a page in the notebook, in pixels
BEGIN = """\
# A course in ten exercises

Each exercise is a text and a cell with a hole in it, where it raises NotImplementedError. Fill the hole, run the cell,
which writes the file that its first line names, and then the cell below it, which grades that file. `hint(1)` gives a
hint for exercise 1, and one more each time.
"""


class Page:
    """A page that a notebook shows in a frame."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _repr_html_(self) -> str:
        page = html.escape(self.path.read_text(encoding="utf-8"))
        return f'<iframe srcdoc="{page}" width="100%" height="{HEIGHT}" style="border: 0"></iframe>'


def check(number: int) -> Page | None:
    """Grade an exercise whose file is in the current folder, print the verdict, and return the page of its graph."""
    folder = Folder(Path())
    path = folder.file(number)
    content = path.read_bytes()
    verdict = grade_apart(number, path)
    folder.note(number, content, right=verdict.right)
    print(verdict.text)
    page = path.with_suffix(".html")
    return Page(page) if page.exists() else None


def hint(number: int) -> None:
    """Print the hints that were read before, and one more."""
    print(Folder(Path()).read_hints(number)[0])


def text(folder: Folder) -> str:
    """Return a notebook with the texts of the exercises and the code of the files in a folder."""
    cells = [markdown(BEGIN), code("from examples.course.notebook import check, hint")]
    for number, name in enumerate(NAMES, 1):
        said = ast.get_docstring(ast.parse((TASKS / f"{name}.py").read_text(encoding="utf-8"))) or ""
        cells += [
            markdown(f"## {number}. {exercise(number).title}\n\n{as_markdown(said)}"),
            code(f"%%writefile {name}.py\n{without_text(folder.file(number).read_text(encoding='utf-8'))}"),
            code(f"check({number})"),
        ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


def without_text(source: str) -> str:
    """Return the source of a file without the text at its top, which a cell of its own has."""
    begins = source.startswith('"""') and source.partition('"""')[2].partition('"""')[2]
    return (begins or source).strip("\n")


def as_markdown(said: str) -> str:
    """Return the text of an exercise with what is given and asked for as a list; its title is the heading already."""
    paragraphs = said.partition("\n\n")[2].split("\n\n")
    items: list[str] = []
    for line in paragraphs.pop().splitlines():
        if line.startswith(" "):
            items[-1] += f" {line.strip()}"
        else:
            items.append("- " + " ".join(line.split()))
    prose = [part if part.startswith("    ") else part.replace("*", r"\*") for part in paragraphs]
    return "\n\n".join([*prose, "\n".join(items).replace("*", r"\*")])


def markdown(source: str) -> dict[str, Any]:
    """Return a cell of text."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str) -> dict[str, Any]:
    """Return a cell of code that was not run."""
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
