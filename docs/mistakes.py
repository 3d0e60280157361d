"""The page of common mistakes: each program that the tests know, what is said of it, and the lines that mend it."""

import difflib
import os
import tempfile
from pathlib import Path

from tests.diagnosis.test_beginners import BEGINNING, MISTAKES, Case, answers

SAID = "{code-block} text\n:class: said\n"  # whose long lines are wrapped
PAGE = Path(__file__).parent / "mistakes.md"  # written when the site is built
HEAD = """# Common mistakes

Short programs that go wrong, what is said of each, and what mends it: search this page for the words of a message that
you got. The tests run all of them. Before each stand these lines:

```{index} ! common mistakes, ! error messages, ! frequently asked questions, ! does not learn
```
"""


def page() -> str:
    """Return the text of the page; this runs the programs."""
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:  # which some write to
        os.chdir(folder)
        try:
            parts = [_part(name, case) for name, case in MISTAKES.items()]
        finally:
            os.chdir(home)
    return "\n".join([HEAD, *block("python", BEGINNING), "", *parts])


def _part(name: str, case: Case) -> str:
    said = next(text for _, text in answers(case.program) if all(part in text for part in case.parts))
    said = said.replace(f"{os.getcwd()}{os.sep}", "")
    lines = [f"## {name[0].upper()}{name[1:]}", "", *block("python", case.program), "", *block(SAID, said)]
    changed = difflib.ndiff(case.program.splitlines(), case.edited().splitlines())
    mended = [line for line in changed if line.startswith(("+ ", "- "))]
    return "\n".join([*lines, *(["", *block("diff", "\n".join(mended))] if mended else []), ""])


def block(kind: str, text: str) -> list[str]:
    """Return the lines of a block of code."""
    return [f"```{kind}", text.replace("  # here", ""), "```"]
