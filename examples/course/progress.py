"""A learner's folder: the files of the exercises, and how far the learner has come."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import textwrap
from pathlib import Path
from typing import Any, Literal

from .checks import NAMES, exercise
from .grading import WIDTH
from .learner import TASKS, holes_of, untouched

__all__ = ["Folder", "State"]

State = Literal["not begun", "begun", "right", "changed", "missing"]


class Folder:
    """The files that a learner edits, and ``progress.json``: what was right, and which hints were read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: dict[str, dict[str, Any]] = {}
        if self.record.exists():
            try:
                self.notes = json.loads(self.record.read_text(encoding="utf-8"))
            except ValueError:  # half-written, or edited: only a memory, which grading restores
                self.notes = {}

    @property
    def record(self) -> Path:
        """The file with the progress."""
        return self.path / "progress.json"

    def file(self, number: int) -> Path:
        """Return the file of an exercise."""
        return self.path / f"{NAMES[number - 1]}.py"

    def write_missing(self) -> list[str]:
        """Write the files that are not there; what a learner has edited stays."""
        self.path.mkdir(parents=True, exist_ok=True)
        missing = [name for number, name in enumerate(NAMES, 1) if not self.file(number).exists()]
        for name in missing:
            shutil.copyfile(TASKS / f"{name}.py", self.path / f"{name}.py")
        return missing

    def state(self, number: int) -> State:
        """Return how far an exercise is."""
        path, name = self.file(number), NAMES[number - 1]
        if not path.exists():
            return "missing"
        content = path.read_bytes()
        was_right = self.notes.get(name, {}).get("right")
        if was_right:
            return "right" if was_right == _digest(content) else "changed"
        return "not begun" if untouched(name, path) == holes_of(name) else "begun"

    def states(self) -> list[State]:
        """Return how far each exercise is."""
        return [self.state(number) for number in range(1, len(NAMES) + 1)]

    def next(self) -> int | None:
        """Return the first exercise that is not right; None if all are."""
        return next((number for number, state in enumerate(self.states(), 1) if state != "right"), None)

    def note(self, number: int, content: bytes, *, right: bool) -> None:
        """Remember whether a file with this content was right."""
        self._notes_of(number)["right"] = _digest(content) if right else None
        self._save()

    def read_hints(self, number: int) -> tuple[str, bool]:
        """Return the hints that were read before, and one more; and whether there are others."""
        notes, hints = self._notes_of(number), exercise(number).hints
        count = notes["hints"] = min(len(hints), notes.get("hints", 0) + 1)
        self._save()
        lines = [f"Hint {place} of {len(hints)}: {text}" for place, text in enumerate(hints[:count], 1)]
        return "\n".join(textwrap.fill(line, WIDTH, break_on_hyphens=False) for line in lines), count < len(hints)

    def _notes_of(self, number: int) -> dict[str, Any]:
        return self.notes.setdefault(NAMES[number - 1], {})

    def _save(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        partial = self.record.with_suffix(".partial")
        partial.write_text(json.dumps(self.notes, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, self.record)  # so that Ctrl-C leaves the old one or the new one


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
