"""The command ``python -m nn.port``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograd.extend import replacing

from ._writer import Ported, port

DESCRIPTION = """\
Write a PyTorch program in NumPy's spelling, which plaingrad understands: imports, dim to axis, x.max(1) to values and
indices, transpose to swapaxes, torch.zeros to np.zeros, and so on. Comments and layout stay.

What the program cannot know it marks with a comment, "# port: ...", that says what to decide. What would be silently
wrong, or has no spelling, is left as it is and marked "# port: error: ..."; the exit code is 1 then.
"""
EXAMPLES = """\
examples:
  python -m nn.port model.py                  print the program
  python -m nn.port model.py -o ported.py     write it to a file
  python -m nn.port model.py --check          list what would be written, line by line
  python -m nn.port model.py --compare        run both, with the same weights and random numbers (needs torch)
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the result is its exit code."""
    parser = argparse.ArgumentParser(
        "python -m nn.port",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="a program of PyTorch")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it; by default it is printed")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="list what would be written, as file:line: what -> what")
    what.add_argument(
        "--compare",
        action="store_true",
        help="run both programs up to their tenth backward pass, and print the largest difference of what they compute",
    )
    options = parser.parse_args(arguments)
    try:
        source = options.file.read_text(encoding="utf-8")
        ported = port(source)
    except OSError as error:
        parser.error(f"cannot read {options.file}: {error.strerror}")
    except SyntaxError as error:
        parser.error(f"{options.file}:{error.lineno}: this is not Python: {error.msg}")
    if not ported.notes:
        print(f"{options.file}: it imports nothing of PyTorch, and stays as it is", file=sys.stderr)
    if options.compare:
        from ._compare import compare  # which needs torch

        return _refusals(options.file, ported) or compare(source, ported.text, str(options.file))
    if options.check:
        for note in ported.notes:
            print(f"{options.file}:{note.line}: {note.was} -> {note.now or '# port: ' + note.decide}")
    elif options.output:
        if options.output.exists() and options.output.samefile(options.file):
            parser.error(f"{options.output} is the program itself: write to another file")
        with replacing(options.output) as partial:
            partial.write_text(ported.text, encoding="utf-8")
    else:
        print(ported.text, end="")
    return _refusals(options.file, ported)


def _refusals(file: Path, ported: Ported) -> int:
    """Say what is left to write by hand; the result is 1 if anything is."""
    for note in ported.refused:
        print(f"{file}:{note.line}: error: {note.was}: {note.decide}", file=sys.stderr)
    if ported.refused:
        print(f"{len(ported.refused)} to write by hand, marked '# port: error'", file=sys.stderr)
    return int(bool(ported.refused))


if __name__ == "__main__":
    sys.exit(main())
