"""Write the test of a function or module: ``python -m autograd.testing module:function``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograd.extend import replacing

from ._test_writer import written


def main(arguments: list[str] | None = None) -> int:
    """Write a test to the terminal, or to a new file."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.testing",
        description="Write a test of a function and its derivatives, or of a class of modules. What it takes is found "
        "out by calling it, and written out: the shapes, the domain, keyword arguments. The test runs as it is; add "
        "what you know.",
        epilog="example: python -m autograd.testing mymodule:softplus --write tests/test_softplus.py",
    )
    parser.add_argument(
        "target", metavar="module:function", help="the function, such as numpy:tanh, or the class, such as nn:Linear"
    )
    parser.add_argument("--write", metavar="FILE", type=Path, help="write to a new file instead of the terminal")
    options = parser.parse_args(arguments)
    try:
        text = written(options.target)
        if options.write is None:
            print(text, end="")
        elif options.write.exists():
            print(f"{options.write} exists, and is left as it is: name a new file", file=sys.stderr)
            return 1
        else:
            with replacing(options.write) as partial:
                partial.write_text(text)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
