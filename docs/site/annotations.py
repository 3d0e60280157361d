"""Parameter types in docstrings, as the source writes them.

Sphinx would expand the annotations: NumPy's ``ArrayLike`` becomes a line of private classes.
"""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"-{3,}$")
NAMES = re.compile(r"\*{0,2}\w+(, \*{0,2}\w+)*$")


def typed(lines: list[str], annotations: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of a docstring, with the type after each name in the sections that describe `annotations`."""
    section = ""
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if SECTION.match(below):
            section = line
        if section in annotations and NAMES.match(line) and not SECTION.match(below):
            found = {annotations[section].get(name.strip("* ")) for name in line.split(",")}
            if len(found) == 1 and isinstance(annotation := found.pop(), str):
                line = f"{line} : ``{annotation}``"
        yield line


def put_types(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Add types to a docstring that Sphinx has read, before it parses the sections."""
    parameters = value.__init__ if isinstance(value, type) else value
    found = {"Parameters": parameters, "Attributes": value}
    lines[:] = typed(lines, {section: getattr(owner, "__annotations__", {}) for section, owner in found.items()})


def setup(app: Sphinx) -> dict[str, bool]:
    """Register this as the first step that processes docstrings."""
    app.connect("autodoc-process-docstring", put_types, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
