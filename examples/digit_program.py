"""The command line that `examples.convnet` and `examples.augmented` have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.program import natural, positive, start, use_one_thread

__all__ = ["train"]


def train(name: str, document: str, epilog: str, arguments: Sequence[str] | None) -> int:
    """Run the job of a program: train by the recipe of this name. Return the exit code."""
    options = parse(name, document, epilog, arguments)
    use_one_thread()
    return start(name, load_job, name, options)


def load_job() -> Callable[[str, argparse.Namespace], bool]:
    """Import what does the work."""
    from examples.digit_job import run

    return run


def parse(name: str, document: str, epilog: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog=f"python -m examples.{name}",
        description=document.partition("\n")[0],
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, folder = parser.add_argument, Path("runs", name)
    add("--epochs", type=positive, metavar="N", help="how often to go through the training set (as the recipe says)")
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights, the order and the distortions (0)")
    add("--out", type=Path, metavar="FOLDER", default=folder, help=f"folder to write ({folder})")
    add("--held-out", action="store_true", help="evaluate on the last sixth of the training set, and do not learn it")
    add("--quick", action="store_true", help="a twentieth of the digits and two epochs, to see that it works")
    return parser.parse_args(arguments)
