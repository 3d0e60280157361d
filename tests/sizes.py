"""How many lines each room has, beside its ceiling in docs/design.md: ``python -m tests.sizes``.

Counted are all lines of Python, scripts, styles and templates; the stub that `docs/generate.py` writes and tables of
names in text files are not.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "docs" / "design.md"
KINDS = {".py", ".js", ".css", ".html"}


class Room(NamedTuple):
    """A row of the table: a name, its folders, files and patterns, and how many lines they may have."""

    name: str
    paths: tuple[str, ...]
    ceiling: int


def rooms(text: str) -> list[Room]:
    """Return the rows of the table below "## Sizes" on a page."""
    _, found, rest = text.partition("\n## Sizes\n")
    assert found, "the page has no section of sizes"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in rest.partition("\n## ")[0].splitlines()]
    return [
        Room(name, tuple(re.findall(r"`([^`]+)`", paths)), int(ceiling.replace(",", "")))
        for name, paths, ceiling in (row for row in rows if len(row) == 3)
        if ceiling.replace(",", "").isdecimal()
    ]


def room_of(path: Path, among: list[Room]) -> str | None:
    """Return the name of the room of a file: the one with the longest path that the file is in, or is."""
    held = [(len(each), room.name) for room in among for each in room.paths if path.as_posix().startswith(each)]
    return max(held)[1] if held else None


def counted(among: list[Room]) -> dict[str, int]:
    """Return how many lines each room has."""
    lines = {room.name: 0 for room in among}
    for path in files():
        room = room_of(path.relative_to(ROOT), among)
        if room is not None:
            lines[room] += len(path.read_text(encoding="utf-8").splitlines())
    return lines


def files() -> Iterator[Path]:
    """Yield all files that count."""
    for folder in ("autograd", "nn", "datasets", "examples"):
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS)


def report(among: list[Room]) -> str:
    """Return the table of all rooms."""
    lines = counted(among)
    rows = [(room.name, lines[room.name], room.ceiling) for room in among]
    width = max(len(name) for name, _, _ in rows)
    marks = [f"{name:{width}} {count:8,} of {ceiling:7,}  {ceiling - count:+,}" for name, count, ceiling in rows]
    return "\n".join([*marks, f"{'all':{width}} {sum(count for _, count, _ in rows):8,}"])


if __name__ == "__main__":
    print(report(rooms(DESIGN.read_text(encoding="utf-8"))))
