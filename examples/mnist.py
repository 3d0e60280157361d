"""Train a network on the MNIST digits, and write a folder about what it learned.

The network has 784-128-64-10 units with rectifiers between them. Softmax-cross-entropy is its loss, and Adam with a
learning rate of 0.001 takes the steps. The folder that it writes holds::

    model.npz        the trained parameters, for python -m examples.predict
    metrics.json     what was reached, in which time, with which options and versions
    curves.png       loss and accuracy over the epochs
    confusion.png    which digits it takes for which
    mistakes.png     the test images on which it is most certain and wrong
    weights.png      what the units of the first layer look for
    graph.svg        the graph of one step

Run it with ``python -m examples.mnist``; ``--help`` lists the options. Ctrl-C ends the training and saves what there
is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from examples.program import natural, positive, start, use_one_thread

BATCH_SIZE = 32
EPOCHS, QUICK_EPOCHS = 12, 4
SMALL_BATCH = 256
FULL_BATCH_EPOCHS, QUICK_FULL_BATCH_EPOCHS = 420, 40

EPILOG = """\
examples:
  python -m examples.mnist                      the digits, in about twelve seconds
  python -m examples.mnist --full-batch         all images in every step, as in the simplest of all training loops
  python -m examples.mnist --data fashion-mnist a folder with the four files of Fashion-MNIST, gzipped or not
  python -m examples.mnist --csv digits.csv     a table with a column 'label' and one for each pixel, 0 to 255
  python -m examples.predict runs/mnist/model.npz test:17

Minibatches make the weights jitter around their goal. In the second half of the epochs their mean over all steps is
taken, and that is what is evaluated and saved; with --full-batch it is the weights of the last step.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0, 1 for an error, 2 for a wrong option, 130 after Ctrl-C."""
    options = parse(arguments)
    if not options.full_batch and options.batch_size <= SMALL_BATCH:
        use_one_thread()
    return start("mnist", load_job, options)


def load_job() -> Callable[[argparse.Namespace], bool]:
    """Import what does the work."""
    from examples.job import run

    return run


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options, with the number of epochs that they imply."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.mnist",
        description=(__doc__ or "").partition("\n")[0],
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    portions, source = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    add, default = parser.add_argument, f"{EPOCHS}, or {FULL_BATCH_EPOCHS} with --full-batch"
    add("--epochs", type=positive, metavar="N", help=f"how often to go through the training set ({default})")
    portions.add_argument(
        "--batch-size", type=positive, metavar="N", default=BATCH_SIZE, help=f"images in a step ({BATCH_SIZE})"
    )
    portions.add_argument("--full-batch", action="store_true", help="take the whole training set in every step")
    source.add_argument("--csv", type=Path, metavar="PATH", help="train on a CSV file; a seventh becomes the test set")
    add("--label", metavar="COLUMN", help="of --csv, what holds the classes: its name, or its position from 0 (label)")
    source.add_argument("--data", type=Path, metavar="FOLDER", help="train on a folder of IDX files, as MNIST's are")
    add("--seed", type=natural, metavar="N", default=0, help="of the first weights and the order of images (0)")
    add("--out", type=Path, metavar="FOLDER", default=Path("runs/mnist"), help="folder to write (runs/mnist)")
    add("--quick", action="store_true", help="a tenth of the digits and few epochs, to see that it works")
    options = parser.parse_args(arguments)
    if options.label is not None and not options.csv:
        parser.error("--label names a column of the file that --csv gives")
    whole, quick = (FULL_BATCH_EPOCHS, QUICK_FULL_BATCH_EPOCHS) if options.full_batch else (EPOCHS, QUICK_EPOCHS)
    options.epochs = options.epochs or (quick if options.quick else whole)
    return options


if __name__ == "__main__":
    sys.exit(main())
