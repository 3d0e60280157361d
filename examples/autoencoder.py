"""Learn a map of the MNIST digits: a variational autoencoder that gives every image a place in the plane.

An encoder of 784-256-128 units says for each image where in the plane it lies, as a Gaussian; a decoder of 128-256-784
units draws the image that lies at a place. Both are trained, without labels, to make the evidence lower bound of the
images large: how well the decoder draws what the encoder placed, less how far the Gaussians are from a standard one.
What it says of images that it never saw is told in nats per image, beside pixels that know nothing of each other.
The folder that it writes holds::

    model.npz        the trained parameters
    metrics.json     what was reached, in which time, with which options and versions
    map.png          what the decoder draws all over the plane, and where the test images lie

Run it with ``python -m examples.autoencoder``; ``--help`` lists the options. Ctrl-C ends the training and saves what
there is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.program import natural, positive, start, use_one_thread

EPOCHS, QUICK_EPOCHS = 15, 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    options = parse(arguments)
    use_one_thread()  # the products are small
    return start("autoencoder", load_job, options)


def load_job() -> Callable[[argparse.Namespace], bool]:
    """Import what does the work."""
    from examples.autoencoder_job import run

    return run


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options, with those that `--quick` implies."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.autoencoder", description=(__doc__ or "").partition("\n")[0]
    )
    add, epochs = parser.add_argument, f"how often to go through the images ({EPOCHS}, or {QUICK_EPOCHS} with --quick)"
    add("--epochs", type=positive, metavar="N", help=epochs)
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights, the order and the places (0)")
    add("--out", type=Path, metavar="FOLDER", default=Path("runs/autoencoder"), help="to write (runs/autoencoder)")
    add("--quick", action="store_true", help="a tenth of the digits and fewer units, to see that it works")
    options = parser.parse_args(arguments)
    options.epochs = options.epochs or (QUICK_EPOCHS if options.quick else EPOCHS)
    return options


if __name__ == "__main__":
    sys.exit(main())
