"""Solve Burgers' equation with a network that is never shown the solution, only the equation.

The speed u(x, t) of a viscous flow on -1 <= x <= 1 follows ``u_t + u u_x = 0.02 u_xx``. It begins as ``-sin(pi x)`` and
is 0 at both ends; it steepens into a front at x = 0. A small network with hyperbolic tangents stands for u: its
derivatives by x and t, the second one too, come from `autograd.gradients`, and its parameters are fitted, by Adam and
then by L-BFGS, until the equation holds at 1024 points. The exact solution is only compared with. The folder that it
writes holds::

    model.npz        the trained parameters
    metrics.json     what was reached, in which time, with which options and versions
    solution.png     the network's solution, the exact solution, the difference, and profiles at four times

Run it with ``python -m examples.physics``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.program import natural, positive, start, use_one_thread

ROUNDS, QUICK_ROUNDS = 100, 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    options = parse(arguments)
    use_one_thread()  # the products are small
    return start("physics", load_job, options)


def load_job() -> Callable[[argparse.Namespace], bool]:
    """Import what does the work."""
    from examples.physics_job import run

    return run


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, with those that `--quick` implies."""
    parser = argparse.ArgumentParser(prog="python -m examples.physics", description=(__doc__ or "").partition("\n")[0])
    add, rounds = parser.add_argument, f"rounds of 20 iterations of L-BFGS ({ROUNDS}, or {QUICK_ROUNDS} with --quick)"
    add("--rounds", type=positive, metavar="N", help=rounds)
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights and the points (0)")
    add("--out", type=Path, metavar="FOLDER", default=Path("runs/physics"), help="folder to write (runs/physics)")
    add("--quick", action="store_true", help="a smaller network and fewer points, to see that it works")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    return options


if __name__ == "__main__":
    sys.exit(main())
