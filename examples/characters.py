"""Train a transformer to write, character by character, like Python's language reference.

The text comes with Python: what `help()` shows of its topics. The model has three layers of causal attention of four
heads and reads up to 64 characters. It is trained with AdamW, a warm-up and a cosine of the learning rate, and the
norm of gradients is cut to 1. How well it predicts topics that it never read is told in bits per character, beside
tables that count what followed the last one, two or four characters. The folder that it writes holds::

    model.npz        the trained parameters
    sample.txt       what it writes
    metrics.json     what was reached, in which time, with which options and versions
    curves.png       bits per character over the steps

Run it with ``python -m examples.characters``; ``--help`` lists the options. Ctrl-C ends the training and saves what
there is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.program import natural, positive, start

STEPS, QUICK_STEPS = 2000, 120

EPILOG = """\
examples:
  python -m examples.characters                              two to three minutes on two cores
  python -m examples.characters --quick                      a tiny model, to see that it works
  python -m examples.characters --temperature 0.3            more cautious, and more repetitive
  python -m examples.characters --prompt "The with statement"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    options = parse(arguments)
    return start("characters", load_job, options)


def load_job() -> Callable[[argparse.Namespace], bool]:
    """Import what does the work."""
    from examples.character_job import run

    return run


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, with the number of steps that they imply."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.characters",
        description=(__doc__ or "").partition("\n")[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--steps", type=positive, metavar="N", help=f"steps of training ({STEPS}, or {QUICK_STEPS} with --quick)")
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights, the batches and the sample (0)")
    add("--out", type=Path, metavar="FOLDER", default=Path("runs/characters"), help="folder to write (runs/characters)")
    add("--prompt", metavar="TEXT", default="The ", help='what the sample begins with ("The ")')
    add(
        "--temperature",
        type=temperature,
        metavar="T",
        default=0.7,
        help="0 takes the most probable, 1 draws freely (0.7)",
    )
    add("--quick", action="store_true", help="a tiny model and few steps, to see that it works")
    options = parser.parse_args(arguments)
    options.steps = options.steps or (QUICK_STEPS if options.quick else STEPS)
    return options


def temperature(text: str) -> float:
    """Read a number from 0 to 10."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 10")
    return number


if __name__ == "__main__":
    sys.exit(main())
