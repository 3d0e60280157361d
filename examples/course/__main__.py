"""A course in ten exercises: write a small engine, piece by piece.

    python -m examples.course            the exercises, how far you are, and what to do next
    python -m examples.course start      writes the files that you edit to the folder my_course
    python -m examples.course check 3    grades exercise 3, as does  python -m examples.course 3
    python -m examples.course hint 3     a hint; each time one more
    python -m examples.course notebook   writes your files as a notebook, course.ipynb, for Jupyter

Each file in the folder begins with a text and has a hole, where it raises NotImplementedError. Fill it and check it:
you are told what is wrong, at the smallest example that shows it, or that it is right. A page beside your file plays
the graph that your code makes. To begin an exercise anew, delete its file and run start again; it touches no other.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from .checks import NAMES, exercise
from .grading import grade_apart
from .notebook import text as notebook_text
from .progress import Folder

PROGRAM = "python -m examples.course"
DEFAULT = Path("my_course")
COMMANDS = ("list", "start", "check", "hint", "notebook")
MARKS = {
    "not begun": "",
    "begun": "begun",
    "right": "right",
    "changed": "changed since it was right",
    "missing": "no file",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    description, _, rest = (__doc__ or "").partition("\n")
    found = argparse.ArgumentParser(
        prog=PROGRAM, description=description, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument(
        "command", nargs="?", default="list", metavar="COMMAND", help=f"{', '.join(COMMANDS)}, or a number"
    )
    found.add_argument("number", nargs="?", metavar="NUMBER", help="of the exercise (the first that is not right)")
    found.add_argument(
        "--folder", type=Path, metavar="FOLDER", default=DEFAULT, help=f"where your files are ({DEFAULT})"
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code: 1 where something is wrong, 2 for a wrong command."""
    reader = parser()
    options = reader.parse_args(arguments)
    command, number = options.command, options.number
    if command.isdecimal() and number is None:
        command, number = "check", command
    if command not in COMMANDS:
        reader.error(
            f"there is no command {command!r}: it is one of {', '.join(COMMANDS)}, or a number from 1 to {len(NAMES)}"
        )
    if number is not None and not (number.isdecimal() and 1 <= int(number) <= len(NAMES)):
        reader.error(f"the exercises are numbered from 1 to {len(NAMES)}, and there is no {number!r}")
    try:
        folder = Folder(options.folder)
        if command in ALONE:
            return ALONE[command](folder)
        chosen = int(number) if number else folder.next() or len(NAMES)
        return check(folder, chosen) if command == "check" else hint(folder, chosen)
    except KeyboardInterrupt:
        print("stopped; your files are as they were", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1


def show(folder: Folder) -> int:
    """List the exercises."""
    states = folder.states()
    print(f"{folder.path}: {states.count('right')} of {len(NAMES)} exercises are right\n")
    begun = folder.path.exists()
    for number, state in enumerate(states, 1):
        mark = MARKS[state] if begun else ""
        print(f"{number:4}  {exercise(number).title:50}  {mark}".rstrip())
    print(f"\n{next_step(folder)}")
    return 0


def start(folder: Folder) -> int:
    """Write the files that are missing."""
    written = folder.write_missing()
    if len(written) == len(NAMES):
        print(f"{folder.path} has a file for each of the {len(NAMES)} exercises.")
    elif written:
        print(
            f"{folder.path}: written anew {', '.join(f'{name}.py' for name in written)}; the others stay as they are."
        )
    else:
        print(f"{folder.path} has all the files already, and they stay as they are.")
    print(f"\n{next_step(folder)}")
    return 0


def notebook(folder: Folder) -> int:
    """Write the notebook, and the files that are missing."""
    folder.write_missing()
    path = folder.path / "course.ipynb"
    if path.exists():
        print(f"{path} is there already, and stays as it is.")
    else:
        path.write_text(notebook_text(folder), encoding="utf-8")
        print(f"{path} has a cell for each of your files, and one that grades it.")
    print(f"\nNext: open {path} in Jupyter, of the environment that has plaingrad")
    return 0


ALONE = {"list": show, "start": start, "notebook": notebook}


def check(folder: Folder, number: int) -> int:
    """Grade an exercise."""
    path = folder.file(number)
    if not path.exists():
        print(f"{path} is not there.\n\nNext: {command(folder, 'start')}")
        return 1
    content = path.read_bytes()
    verdict = grade_apart(number, path)
    folder.note(number, content, right=verdict.right)
    print(verdict.text)
    if verdict.right:
        print(f"\n{next_step(folder)}")
        return 0
    print(f"\nNext: change {path}, then  {command(folder, str(number))}")
    print(f"A hint:  {command(folder, f'hint {number}')}")
    return 1


def hint(folder: Folder, number: int) -> int:
    """Print the hints that were read, and one more."""
    read, more = folder.read_hints(number)
    print(f"{number}. {exercise(number).title}\n\n{read}")
    print(f"\nNext: change {folder.file(number)}, then  {command(folder, str(number))}")
    if more:
        print(f"One more hint:  {command(folder, f'hint {number}')}")
    return 0


def next_step(folder: Folder) -> str:
    """Say what to do next."""
    number = folder.next()
    if number is None:
        return "All exercises are right. What you have written stands, for arrays of all kinds, in autograd/ and nn/."
    if not folder.file(number).exists():
        return f"Next: {command(folder, 'start')}"
    return f"Next: open {folder.file(number)}, fill its hole, then  {command(folder, str(number))}"


def command(folder: Folder, rest: str) -> str:
    """Return a command line for the learner to type."""
    given = "" if folder.path == DEFAULT else f" --folder {shlex.quote(str(folder.path))}"
    return f"{PROGRAM} {rest}{given}"


if __name__ == "__main__":
    sys.exit(main())
